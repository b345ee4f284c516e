//! Not understood, silence, noises, a recogniser that is down: a rephrase first, then a human, never a third try.

use std::sync::Arc;

use crate::dialplan::{Action, Condition, Topic, TopicId, Trigger};

use super::phrases::PhraseId;
use super::speak::examples;
use super::state::{Stage, Trouble};
use super::{Dialogue, Note};

/// Long silences granted to who asks for time: the first is met with a gentle word, then silence counts again.
const GRANTED_SILENCES: u8 = 2;
/// Parts of answers that are read on while nothing is said: with the first one a minute.
const MOST_READ_TO_SILENCE: u8 = 2;
/// Failures in a row after which a human takes over.
const FAILURES_TO_HUMAN: u8 = 2;
/// Silences and misunderstandings without progress after which the officer's ways out have led in a circle.
const MOST_FAILURES: u8 = 5;

impl Dialogue {
    /// Words, but nothing they could mean.
    pub(super) fn not_understood(&mut self) {
        self.note(Note::NotUnderstood);
        self.trouble.misunderstood = self.trouble.misunderstood.saturating_add(1);
        self.trouble.here = self.trouble.here.saturating_add(1);
        if self.trouble.total() >= MOST_FAILURES {
            return self.give_up_or_escalate();
        }
        if self.officers_way_out(true) {
            return;
        }
        if self.trouble.total() >= FAILURES_TO_HUMAN {
            return self.escalate();
        }
        self.ask_again();
    }

    /// The caller seems to have spoken, and no word was heard. What it cut off is said again; else they are told.
    pub(super) fn noise(&mut self) {
        self.trouble.noises = self.trouble.noises.saturating_add(1);
        let cut_off = std::mem::take(&mut self.spoken.unheard);
        if !cut_off.is_empty() && self.trouble.noises <= 2 {
            return self.say_sentences(cut_off);
        }
        if self.grants_time() || self.is_reading() {
            // They look for something, or wait for the rest.
            return;
        }
        if self.trouble.noises < 2 {
            self.say(PhraseId::NotHeard);
        } else {
            if matches!(self.stage, Stage::Filling(_)) {
                self.note(Note::NotUnderstood);
                return self.form_failure(false);
            }
            self.not_understood();
        }
    }

    /// Nothing was said for the idle time.
    pub(super) fn silence(&mut self) {
        let cut_off = std::mem::take(&mut self.spoken.unheard);
        if !cut_off.is_empty() {
            return self.say_sentences(cut_off);
        }
        self.granted = self.granted.saturating_sub(1);
        if self.grants_time() {
            return self.say(PhraseId::StillThere);
        }
        if self.is_reading() && self.trouble.total() == 0 && self.read_to_silence < MOST_READ_TO_SILENCE {
            // Who says nothing listens.
            self.read_to_silence += 1;
            return self.read_on();
        }
        // Whom a way out led to this answer has been silent before, and a minute of reading is enough: nobody asked for the rest.
        self.unread.clear();
        self.note(Note::Silence);
        self.trouble.silences = self.trouble.silences.saturating_add(1);
        self.trouble.here = self.trouble.here.saturating_add(1);
        if matches!(self.stage, Stage::Filling(_)) {
            if self.trouble.silences == 1 {
                // They may be looking for what was asked: gently once, then as a failure.
                self.say(PhraseId::SilenceHere);
                return self.ask_slot_again();
            }
            return self.form_failure(true);
        }
        if self.trouble.total() >= MOST_FAILURES {
            return self.give_up_or_escalate();
        }
        if self.officers_way_out(false) {
            return;
        }
        // Somebody who spoke before and is silent now has trouble with us: a human helps.
        if self.trouble.misunderstood > 0 && self.trouble.total() >= FAILURES_TO_HUMAN {
            return self.escalate();
        }
        match self.trouble.silences {
            1 => self.ask_after_silence(),
            2 => self.menu_or_human(),
            3 => self.say(PhraseId::SilenceLong),
            // A line on which nobody ever spoke: an operator would hear nothing either.
            _ => self.give_up_or_escalate(),
        }
    }

    /// Nothing helped: a human; what is known is kept where none can be reached; goodbye on a line where nobody ever spoke.
    fn give_up_or_escalate(&mut self) {
        if self.someone_is_there {
            return if self.can_reach_operator() { self.escalate() } else { self.give_up() };
        }
        self.say(PhraseId::SilenceEnd);
        self.hang_up();
    }

    /// "Attendez", "je cherche un stylo": that earns patience.
    pub(super) fn grant_time(&mut self) {
        self.say(PhraseId::TakeYourTime);
        self.granted = GRANTED_SILENCES;
    }

    /// `Après N échecs` of the topic that asks.
    fn officers_way_out(&mut self, misunderstood: bool) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(words) = plan.plans.get(self.language) else {
            return false;
        };
        let Stage::Asking(Some(id)) = self.stage else {
            return false;
        };
        let Some((after, action)) = words.topics.get(id.0).and_then(|t| t.after_failures.as_ref()) else {
            return false;
        };
        if self.trouble.here < *after {
            return false;
        }
        let to_menu = matches!(action, Action::GoTo(topic) if Some(*topic) == words.keypad_menu);
        // Two failures to understand lead to a human while there is one; the menu is for those who can't be heard.
        if misunderstood && to_menu && self.can_reach_operator() {
            return false;
        }
        match action {
            Action::Transfer(entry) => self.asked_for_human(Some(*entry)),
            _ => {
                let trouble = self.trouble;
                self.perform(action);
                // The way out is no progress of the caller's.
                self.trouble = Trouble { here: 0, ..trouble };
            }
        }
        true
    }

    /// Says what may be said here.
    fn ask_again(&mut self) {
        let plan = Arc::clone(&self.plan);
        let Some(words) = plan.plans.get(self.language) else {
            return;
        };
        match self.stage.clone() {
            Stage::Confirming(_) | Stage::Proposing(_) => {
                self.say(PhraseId::NotUnderstoodYesNo);
            }
            Stage::Filling(_) => self.ask_slot_again(),
            Stage::Offering(topics) => {
                self.say(PhraseId::NotUnderstoodHere);
                let outputs = self.outputs.len();
                self.offer(topics);
                // Offered once, whatever is said again.
                self.outputs.truncate(outputs);
            }
            Stage::Asking(Some(id)) if Some(id) == words.keypad_menu => {
                self.say(PhraseId::NotUnderstoodHere);
                self.say_topic_again(id);
            }
            Stage::Asking(Some(id)) if id != words.welcome && Some(id) != words.anything_else => {
                let closed = words.topics.get(id.0).is_some_and(is_closed);
                self.say(if closed { PhraseId::NotUnderstoodYesNo } else { PhraseId::NotUnderstoodHere });
                if !closed {
                    self.repeat();
                }
            }
            _ => {
                let examples = examples(words);
                self.say_with(PhraseId::NotUnderstood, |_| Some(examples.clone()).filter(|e| !e.is_empty()));
            }
        }
    }

    /// The topic is the one answered last: its answer is all there is to say.
    pub(super) fn has_just_told(&self, topic: TopicId) -> bool {
        let is_answer = |topic: &Topic| {
            topic.slots.is_empty() && topic.record.is_none() && (topic.rules.is_empty() || is_closed(topic))
        };
        self.open == Some(topic) && self.topic(topic).is_some_and(is_answer)
    }

    /// A question whose answer was given just before: once more, as all that is known; then somebody who may know more.
    pub(super) fn tell_again(&mut self, topic: TopicId) {
        if self.retold == 0 {
            self.progress();
            self.say(PhraseId::AllIKnow);
            self.enter(topic, None);
            self.retold = 1;
            return;
        }
        if self.is_second_failure() {
            return self.escalate();
        }
        let title = self.title(topic);
        self.say_with(PhraseId::NotInThisTopic, |_| Some(title.clone()));
        self.propose_operator(None);
    }

    fn say_topic_again(&mut self, id: TopicId) {
        let plan = Arc::clone(&self.plan);
        if let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(id.0)) {
            let sentences = self.topic_sentences(topic);
            self.say_sentences(sentences);
        }
    }

    /// First silence: `Si silence` of the topic, else a gentle word; closed questions are asked again.
    fn ask_after_silence(&mut self) {
        let plan = Arc::clone(&self.plan);
        let topic = match self.stage {
            Stage::Asking(Some(id)) => plan.plans.get(self.language).and_then(|w| w.topics.get(id.0)),
            _ => None,
        };
        if let Some(speech) = topic.and_then(|t| t.on_silence.as_ref()) {
            self.say_speech(speech);
            if speech.condition == Condition::Always || !self.saying.is_empty() {
                return;
            }
        }
        let has_rules = topic.is_some_and(|t| !t.rules.is_empty());
        match self.stage {
            Stage::Asking(_) if !has_rules => self.say(PhraseId::Silence),
            _ => {
                let last = self.spoken.last.last().cloned();
                self.say(PhraseId::SilenceHere);
                self.say_sentences(last);
            }
        }
    }

    fn menu_or_human(&mut self) {
        match self.words().and_then(|words| words.keypad_menu) {
            Some(menu) if self.stage != Stage::Asking(Some(menu)) => {
                let trouble = self.trouble;
                self.enter(menu, None);
                self.trouble = Trouble { here: 0, ..trouble };
            }
            Some(_) => self.say(PhraseId::SilenceLong),
            None => self.escalate(),
        }
    }

    /// The recogniser is down or too slow: keys go on working; twice, a human takes over.
    pub(super) fn recogniser_failed(&mut self) {
        self.deaf = self.deaf.saturating_add(1);
        self.unread.clear();
        self.someone_is_there = true;
        self.say(PhraseId::CannotHear);
        if self.is_typing_slot() && self.deaf == 1 {
            return self.ask_slot_again();
        }
        match self.words().and_then(|words| words.keypad_menu) {
            Some(menu) if self.deaf == 1 && self.stage != Stage::Asking(Some(menu)) => {
                let trouble = self.trouble;
                self.enter(menu, None);
                self.trouble = Trouble { here: 0, ..trouble };
            }
            _ => self.escalate(),
        }
    }
}

/// A topic's rules answer a yes or a no.
pub(super) fn is_closed(topic: &Topic) -> bool {
    topic.rules.iter().any(|rule| rule.triggers.iter().any(|t| matches!(t, Trigger::Yes | Trigger::No)))
}
