//! Another wish in the middle of a form: it is followed, then the form goes on with what it holds.

use std::sync::Arc;

use crate::dialplan::TopicId;
use crate::understanding::{Decision, Interpretation};

use super::phrases::PhraseId;
use super::state::{Form, Stage};
use super::{Dialogue, Note};

/// A digression from a form must be this sure.
const SURE: f32 = 0.6;
/// Forms that wait for the caller's return; one more, and the oldest is given up.
const MOST_SUSPENDED: usize = 2;

impl Dialogue {
    /// A human at once; an answer is given, then the form goes on; what asks something itself is talked through first.
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
                let is_form = !topic.slots.is_empty() || topic.record.is_some();
                if !sure || (topic.say.is_empty() && !is_form) {
                    return false;
                }
                if is_form || !topic.rules.is_empty() {
                    self.progress();
                    self.suspend();
                    self.enter(other, None);
                    return true;
                }
                self.note(Note::Topic(super::name_of(topic)));
                let sentences = self.topic_sentences(topic);
                self.say_sentences(sentences);
                self.announce_return(form_topic);
                self.ask_slot_again();
                true
            }
            _ => false,
        }
    }

    /// The form under way waits.
    pub(super) fn suspend(&mut self) {
        let Stage::Filling(form) = &self.stage else {
            return;
        };
        let form = form.clone();
        self.stage = Stage::Asking(None);
        if self.suspended.len() == MOST_SUSPENDED {
            self.suspended.remove(0);
        }
        self.suspended.push(form);
    }

    /// The form of this topic that was left, if there is one.
    pub(super) fn take_suspended(&mut self, topic: TopicId) -> Option<Form> {
        let at = self.suspended.iter().rposition(|form| form.topic == topic)?;
        Some(self.suspended.remove(at))
    }

    /// "Revenons à votre demande : …", then the first thing still missing.
    pub(super) fn resume(&mut self, form: Form) {
        let plan = Arc::clone(&self.plan);
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return self.ask_anything_else();
        };
        self.announce_return(form.topic);
        self.open = Some(form.topic);
        self.progress();
        self.next_slot(topic, form);
    }

    fn announce_return(&mut self, topic: TopicId) {
        let title = self.title(topic);
        self.say_with(PhraseId::ReturnToForm, |_| Some(title.clone()).filter(|t| !t.is_empty()));
    }
}
