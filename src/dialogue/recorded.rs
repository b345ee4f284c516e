//! Requests that this call has recorded: the same one asked for again is not taken again unawares.
//!
//! Must not know: what was recorded.

use crate::dialplan::{Action, TopicId};
use crate::understanding::text::tokens;

use super::Dialogue;
use super::form::Said;
use super::phrases::PhraseId;
use super::state::Stage;

/// Requests remembered; nobody leaves more.
const MOST: usize = 8;
/// Who says so wants another one.
const ANOTHER: &[&str] = &[
    "autre",
    "autres",
    "aussi",
    "encore",
    "egalement",
    "deuxieme",
    "second",
    "seconde",
    "nouveau",
    "nouvelle",
    "another",
    "other",
    "also",
    "new",
];

/// A form that was saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recorded {
    form: TopicId,
    /// The topic that led to it: another one leads to another request by the same form.
    led_by: Option<TopicId>,
    /// The caller has been told that it is noted.
    is_told: bool,
}

impl Dialogue {
    pub(super) fn note_recorded(&mut self, form: TopicId) {
        let led_by = self.trail.last().copied().filter(|_| self.open == Some(form));
        self.recorded.retain(|recorded| recorded.form != form || recorded.led_by != led_by);
        if self.recorded.len() == MOST {
            self.recorded.remove(0);
        }
        self.recorded.push(Recorded { form, led_by, is_told: false });
    }

    pub(super) fn has_recorded(&self) -> bool {
        !self.recorded.is_empty()
    }

    /// "Votre demande est déjà notée. Voulez-vous en laisser une autre ?", once, instead of the same form begun from where it was begun
    /// before. `true` when asked.
    pub(super) fn asks_for_another(&mut self, form: TopicId, said: &Said) -> bool {
        let open = self.open;
        // Being called back is being called back, whatever about.
        let is_any = self.call_back_form() == Some(form);
        let is_same = |recorded: &Recorded| {
            let is_led_so = is_any || open == Some(form) || (open.is_some() && open == recorded.led_by);
            recorded.form == form && is_led_so && !recorded.is_told
        };
        let wants_another = |text: &str| tokens(text).iter().any(|word| ANOTHER.contains(&word.folded.as_str()));
        let is_another = match said {
            Said::Nothing => false,
            Said::Wish(text) | Said::Matter(text) => wants_another(text),
        };
        if is_another || !self.recorded.iter().any(is_same) {
            return false;
        }
        self.recorded.iter_mut().filter(|recorded| is_same(recorded)).for_each(|recorded| recorded.is_told = true);
        self.say(PhraseId::AlreadyRecorded);
        self.stage = Stage::Proposing(Action::GoTo(form));
        true
    }
}
