//! From words to topic, PURE.
//!
//! Owns: which topic a sentence is about, how sure, and why; commands valid everywhere. Must not know: audio, the state of
//! forms, what is said in answer.
//!
//! ```text
//! Understanding::train(plan: &LanguagePlan) -> Understanding
//! understanding.interpret(text: &str, open: Option<TopicId>) -> Interpretation
//! ```

use crate::dialplan::TopicId;

/// What a sentence seems to be about.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpretation {
    pub decision: Decision,
    /// Candidates, best first, at most five.
    pub ranking: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub topic: TopicId,
    /// 0–1.
    pub score: f32,
    /// What matched, for `--explain`; no caller words in logs.
    pub evidence: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Sure: answer.
    Answer(TopicId),
    /// Fairly sure: "C'est pour … ?"
    Confirm(TopicId),
    /// Two or three that may be meant.
    Offer(Vec<TopicId>),
    /// The caller asks for somebody of a service or by name.
    Reach { service: Option<TopicId> },
    /// Fire, violence, gas …: before everything else.
    Emergency,
    /// Nothing matched.
    Unknown,
}
