//! Walking topics and actions: what is said, what is asked then, where it goes on.

use std::sync::Arc;

use crate::dialplan::{Action, Language, Topic, TopicId};

use super::form::Said;
use super::phrases::PhraseId;
use super::speak::{Moment, spoken_title};
use super::state::Stage;
use super::{Dialogue, Note, name_of};
use crate::speech::Pace;
use crate::understanding::slots::telephone;

/// Topics entered one after the other without the caller saying anything.
const MOST_HOPS: u8 = 8;
/// Topics kept for the way back.
const MOST_TRAIL: usize = 8;

impl Dialogue {
    pub(super) fn started(&mut self, caller_number: Option<String>) {
        if self.stage != Stage::Waiting {
            return;
        }
        let normalise = |number: &str| {
            let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            telephone::normalise(&digits, false)
        };
        // A switchboard that shows a number of the town's says nothing about who calls.
        let of_town =
            self.plan.number.iter().chain(self.plan.directory.iter().filter_map(|entry| entry.number.as_ref()));
        let of_town: Vec<String> = of_town.filter_map(|number| normalise(number)).collect();
        self.caller_number = caller_number.and_then(|n| normalise(&n)).filter(|number| !of_town.contains(number));
        match self.words().map(|words| words.welcome) {
            Some(welcome) => self.enter(welcome, None),
            None => self.ask_anything_else(),
        }
    }

    /// Says a topic and asks what it asks. `text`: what the caller said to get here; a form may use it.
    pub(super) fn enter(&mut self, id: TopicId, text: Option<&str>) {
        self.enter_with(id, text.map_or(Said::Nothing, Said::Wish));
    }

    /// The same; `said`: what a form may use.
    pub(super) fn enter_with(&mut self, id: TopicId, said: Said) {
        let plan = Arc::clone(&self.plan);
        let Some(words) = plan.plans.get(self.language) else {
            return;
        };
        let Some(topic) = words.topics.get(id.0) else {
            return self.ask_anything_else();
        };
        self.hops += 1;
        if self.hops > MOST_HOPS {
            return self.ask_anything_else();
        }
        if Some(id) == words.anything_else && self.go_on_with_unfinished() {
            return;
        }
        let is_form = !topic.slots.is_empty() || topic.record.is_some();
        if is_form && self.asks_for_another(id, &said) {
            return;
        }
        let built_in = id == words.welcome || Some(id) == words.keypad_menu || Some(id) == words.anything_else;
        if !built_in {
            self.note(Note::Topic(name_of(topic)));
            self.open_up(id);
        }
        self.trouble.here = 0;
        // What was to come next is here already.
        self.later = self.later.filter(|later| *later != id);
        let sentences = self.topic_sentences(topic);
        self.say_sentences(sentences);
        if is_form {
            return self.start_form(id, said);
        }
        if built_in || !topic.rules.is_empty() {
            self.stage = Stage::Asking(Some(id));
        } else if let Some(next) = &topic.next {
            self.perform(next);
        } else {
            self.ask_anything_else();
        }
    }

    /// Enters the topic that the caller has said they meant, with what they had said before.
    pub(super) fn enter_wished(&mut self, topic: TopicId) {
        self.progress();
        let wish = self.wish.take();
        let follow_up =
            wish.as_deref().and_then(|wish| self.understanding.get(self.language)?.follow_up_meant(topic, wish));
        self.enter(follow_up.unwrap_or(topic), wish.as_deref());
    }

    /// Follow-ups of this topic can be asked; the one before is kept for the way back.
    fn open_up(&mut self, id: TopicId) {
        self.retold = 0;
        if let Some(before) = self.open.filter(|before| *before != id) {
            if self.trail.len() == MOST_TRAIL {
                self.trail.remove(0);
            }
            self.trail.push(before);
        }
        self.open = Some(id);
    }

    /// "Revenez en arrière": the question before in a form, the form that was left, or the topic before.
    pub(super) fn go_back(&mut self) {
        self.progress();
        if matches!(self.stage, Stage::Filling(_)) {
            return self.ask_previous_slot();
        }
        if let Some(form) = self.suspended.pop() {
            return self.resume(form);
        }
        self.open = None;
        match self.trail.pop() {
            Some(topic) => self.enter(topic, None),
            None => {
                self.say(PhraseId::Listening);
                self.stage = Stage::Asking(self.words().map(|words| words.welcome));
            }
        }
    }

    /// What a topic says now.
    pub(super) fn topic_sentences(&self, topic: &Topic) -> Vec<String> {
        topic.say.iter().flat_map(|speech| self.sentences_now(speech)).collect()
    }

    fn sentences_now(&self, speech: &crate::dialplan::Speech) -> Vec<String> {
        let language = self.language();
        let slot = |name: &str| self.slot_value(name);
        Moment { plan: &self.plan, language: &language, at: self.at, entry: None, slot: &slot }.sentences(speech)
    }

    /// Says one speech outside a topic's own flow.
    pub(super) fn say_speech(&mut self, speech: &crate::dialplan::Speech) {
        let sentences = self.sentences_now(speech);
        self.say_sentences(sentences);
    }

    /// "Puis-je faire autre chose pour vous ?"
    ///
    /// Or rather what is left: another wish that was named, a form that was left for this one.
    pub(super) fn ask_anything_else(&mut self) {
        if self.go_on_with_unfinished() {
            return;
        }
        match self.words().and_then(|words| words.anything_else) {
            Some(topic) if self.hops <= MOST_HOPS => self.enter(topic, None),
            topic => {
                self.say(PhraseId::AnythingElse);
                self.stage = Stage::Asking(topic);
            }
        }
    }

    fn go_on_with_unfinished(&mut self) -> bool {
        if let Some(wish) = self.later.take() {
            self.say(PhraseId::NextWish);
            self.enter(wish, None);
            return true;
        }
        match self.suspended.pop() {
            Some(form) => {
                self.resume(form);
                true
            }
            None => false,
        }
    }

    pub(super) fn perform(&mut self, action: &Action) {
        match action {
            Action::GoTo(topic) => self.enter(*topic, None),
            Action::Offer(topic) => {
                let title = self.title(*topic);
                self.say_with(PhraseId::Propose, |_| Some(title.clone()));
                self.stage = Stage::Proposing(Action::GoTo(*topic));
            }
            Action::Transfer(entry) => self.transfer(*entry),
            Action::Repeat => self.repeat(),
            Action::SlowDown => self.slow_down(),
            Action::SwitchLanguage(language) => self.switch_language(language),
            Action::HangUp => self.goodbye(),
            Action::Voicemail(_) => self.call_back_or_number(),
        }
    }

    /// A request that was begun is kept as far as it goes.
    pub(super) fn goodbye(&mut self) {
        self.save_started_forms();
        self.say(PhraseId::Goodbye);
        self.hang_up();
    }

    /// Says the last turn again.
    pub(super) fn repeat(&mut self) {
        let last = self.spoken.last.clone();
        self.say_sentences(last);
    }

    pub(super) fn slow_down(&mut self) {
        self.pace = Pace::Slow;
        let last = self.spoken.last.clone();
        self.say(PhraseId::Slower);
        self.flush(true);
        // Asked again, it repeats what was said, not that it slows down.
        self.said_now.clear();
        self.say_sentences(last);
    }

    /// Where the dialplan has this language, and phrases for it.
    fn index_of(&self, language: &Language) -> Option<usize> {
        let index = self.plan.plans.iter().position(|plan| plan.language == *language);
        index.filter(|_| self.phrases.book(language).is_some())
    }

    /// Heard in the caller's first words: the conversation goes on in that language, with these words. Later it takes a wish:
    /// who has been understood once is not taken for a foreigner because of a name.
    pub(super) fn speaks(&mut self, language: &Language) -> bool {
        let index = self.index_of(language).filter(|index| *index != self.language && !self.someone_is_there);
        let Some(index) = index else { return false };
        self.language = index;
        self.leave_topics();
        self.stage = Stage::Asking(self.words().map(|words| words.welcome));
        true
    }

    /// Topics and forms of another language mean nothing in this one.
    fn leave_topics(&mut self) {
        self.open = None;
        self.later = None;
        self.trail.clear();
        self.suspended.clear();
        self.unread.clear();
    }

    pub(super) fn switch_language(&mut self, language: &Language) {
        let Some(index) = self.index_of(language) else {
            self.say(PhraseId::NoSuchLanguage);
            return self.repeat();
        };
        if index == self.language {
            return self.repeat();
        }
        // Topics pair between languages by service and slug.
        let open = self.open.and_then(|id| self.topic(id)).map(|t| (t.service.clone(), t.slug.clone()));
        self.language = index;
        self.progress();
        self.leave_topics();
        let welcome = self.words().map(|words| words.welcome);
        let pair = open.and_then(|(service, slug)| self.words()?.find(&service, &slug));
        match pair.or(welcome) {
            Some(topic) => self.enter(topic, None),
            None => self.ask_anything_else(),
        }
    }

    /// "J'ai compris : … C'est bien cela ?"
    pub(super) fn ask_to_confirm(&mut self, topic: TopicId) {
        self.note(Note::Confirmed);
        let title = self.title(topic);
        self.say_with(PhraseId::ConfirmTopic, |_| Some(title.clone()));
        self.stage = Stage::Confirming(topic);
    }

    /// "Vous appelez peut-être à ce sujet : … ? Ou bien … ? Ou pour autre chose ?"
    pub(super) fn offer(&mut self, topics: Vec<TopicId>) {
        self.note(Note::Offered);
        let plan = Arc::clone(&self.plan);
        if let Some(words) = plan.plans.get(self.language) {
            for (i, topic) in topics.iter().enumerate() {
                let id = if i == 0 { PhraseId::OfferFirst } else { PhraseId::OfferNext };
                self.say_with(id, |_| Some(spoken_title(words, *topic)));
            }
        }
        self.say(PhraseId::OfferEnd);
        self.stage = Stage::Offering(topics);
    }
}
