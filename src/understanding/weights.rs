//! What the judges' findings weigh: for choosing a service, and for how sure the choice is.
//!
//! Fitted by `scripts/fit_understanding.py` on the sentences of `sip-tests/understanding` that are not held out: a choice among
//! services (conditional logit), then a logistic regression of whether the first is right. Must not know: what is decided.

use super::judges::GroupVerdict;
use super::second_ear::Foreign;

/// How many findings there are.
pub const FINDINGS: usize = 8;
/// Their names, for the fit.
pub const NAMES: [&str; FINDINGS] =
    ["lexical", "belief", "nearest", "known", "spotted", "words", "meant", "nearest_meant"];
/// Words found beyond which more prove nothing.
const MOST_WORDS: usize = 6;
/// Keeps the logarithm of a belief of nothing finite.
const LEAST_BELIEF: f32 = 1e-3;

/// One weight a finding.
pub type Weights = [f32; FINDINGS];

/// Which service, where the sentence encoder is there.
pub const CHOICE: Weights = [1.86, 0.64, 2.49, 0.85, 1.52, 0.20, 0.43, 1.32];
/// Which service, by words alone.
pub const CHOICE_BY_WORDS: Weights = [2.27, 0.77, 3.00, 1.09, 1.96, 0.29, 0.0, 0.0];

/// How sure that the first is right.
pub struct Confidence {
    base: f32,
    weights: Weights,
    /// Its share of the belief.
    share: f32,
    /// Of the logarithms of how much the sentence is like calls for another house.
    foreign: Foreign,
}

pub const CONFIDENCE: Confidence = Confidence {
    base: -6.21,
    weights: [1.34, 0.72, 1.11, 0.86, 1.20, 1.64, 0.19, 0.65],
    share: 2.31,
    foreign: [-0.40, -0.26],
};
pub const CONFIDENCE_BY_WORDS: Confidence = Confidence {
    base: -3.62,
    weights: [1.24, 0.77, 1.19, 1.02, 1.41, 1.27, 0.21, 0.0],
    share: 3.03,
    foreign: [-0.46, 0.21],
};

/// What the judges found for one group.
pub fn findings(verdict: &GroupVerdict) -> [f32; FINDINGS] {
    [
        verdict.lexical,
        (verdict.probability + LEAST_BELIEF).ln(),
        verdict.nearest,
        verdict.known,
        verdict.spot.score * verdict.spot.coverage,
        verdict.words.len().min(MOST_WORDS) as f32 / MOST_WORDS as f32,
        (verdict.meant + LEAST_BELIEF).ln(),
        verdict.nearest_meant,
    ]
}

/// Their weighted sum.
pub fn weigh(verdict: &GroupVerdict, weights: &Weights) -> f32 {
    findings(verdict).iter().zip(weights).map(|(finding, weight)| finding * weight).sum()
}

impl Confidence {
    /// 0–1.
    pub fn of(&self, verdict: &GroupVerdict, foreign: Foreign) -> f32 {
        let log = foreign.map(|share| (share + LEAST_BELIEF).ln());
        let weighed = self.base
            + weigh(verdict, &self.weights)
            + self.share * verdict.fused
            + self.foreign[0] * log[0]
            + self.foreign[1] * log[1];
        1.0 / (1.0 + (-weighed).exp())
    }
}
