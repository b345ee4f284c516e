//! Another wish in the middle of a form.

use std::sync::Arc;

use crate::dialplan::TopicId;
use crate::understanding::{Decision, Interpretation};

use super::{Dialogue, Note};

/// A digression from a form must be this sure.
const SURE: f32 = 0.6;

impl Dialogue {
    /// Another wish in the middle of a form: a human at once; an answer is given, then the form goes on.
    pub(super) fn digression(&mut self, form_topic: TopicId, interpretation: &Interpretation) -> bool {
        match interpretation.decision {
            Decision::Reach { .. } => {
                self.asked_for_human(None);
                true
            }
            Decision::Answer(other) if other != form_topic => {
                let sure = interpretation.ranking.first().is_some_and(|c| c.score >= SURE);
                let plan = Arc::clone(&self.plan);
                let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(other.0)) else {
                    return false;
                };
                if !sure || !topic.slots.is_empty() || topic.say.is_empty() {
                    return false;
                }
                self.note(Note::Topic(super::name_of(topic)));
                let sentences = self.topic_sentences(topic);
                self.say_sentences(sentences);
                self.ask_slot_again();
                true
            }
            _ => false,
        }
    }
}
