//! What the judges' findings weigh: for choosing a service, and for how sure the choice is.
//!
//! Fitted by `scripts/fit_understanding.py` on the sentences of `sip-tests/understanding` that are not held out: a choice among
//! services (conditional logit), then a logistic regression of whether the first is right. Must not know: what is decided.

use super::judges::GroupVerdict;

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
pub const CHOICE: Weights = [0.9, 0.67, 4.0, 1.1, 1.3, 0.72, 0.6, 2.0];
/// Which service, by words alone.
pub const CHOICE_BY_WORDS: Weights = [0.9, 0.67, 4.0, 1.1, 1.3, 0.72, 0.0, 0.0];

/// How sure that the first is right.
pub struct Confidence {
    base: f32,
    weights: Weights,
    /// Its share of the belief.
    share: f32,
    /// Logarithm of how much the sentence is like calls for another house.
    elsewhere: f32,
}

pub const CONFIDENCE: Confidence = Confidence {
    base: -8.7,
    weights: [1.1, 0.0, 0.5, 0.0, 3.8, 1.2, 0.0, 0.0],
    share: 1.6,
    elsewhere: -0.46,
};
pub const CONFIDENCE_BY_WORDS: Confidence = Confidence {
    base: -8.7,
    weights: [1.1, 0.0, 0.5, 0.0, 3.8, 1.2, 0.0, 0.0],
    share: 1.6,
    elsewhere: -0.46,
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
    /// 0–1. `elsewhere`: how much the sentence is like calls for another house.
    pub fn of(&self, verdict: &GroupVerdict, elsewhere: f32) -> f32 {
        let weighed = self.base
            + weigh(verdict, &self.weights)
            + self.share * verdict.fused
            + self.elsewhere * (elsewhere + 1e-4).ln();
        1.0 / (1.0 + (-weighed).exp())
    }
}
