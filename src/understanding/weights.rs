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
pub const CHOICE: Weights = [2.04, 0.75, 2.75, 1.02, 1.75, 0.28, -0.03, 2.50];
/// Which service, by words alone.
pub const CHOICE_BY_WORDS: Weights = [2.19, 0.77, 2.96, 1.12, 1.95, 0.33, 0.0, 0.0];

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
    base: -8.43,
    weights: [1.38, 0.43, 1.13, 0.30, 1.24, 1.51, -0.02, 0.82],
    share: 3.24,
    foreign: [-0.43, -0.28],
};
pub const CONFIDENCE_BY_WORDS: Confidence = Confidence {
    base: -6.56,
    weights: [1.22, 0.69, 1.29, 0.75, 1.54, 1.17, 0.0, 0.0],
    share: 3.00,
    foreign: [-0.50, 0.0],
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
