//! "Voulez-vous que je la note ?" — "Il faudrait un banc devant la gare." Whoever begins without a yes has begun:
//! the form takes what it would ask first. So has whoever tells the number asked whether to be called back. And who tells the matter
//! again while something else is asked, or words of the question, wants nothing new.

use crate::dialplan::{Action, Part, Slot, SlotKind, Topic, TopicId, Trigger, fold};
use crate::understanding::asking::is_question;
use crate::understanding::slots::yes_no;
use crate::understanding::text::{Token, tokens};
use crate::understanding::{Decision, commands};

use super::Dialogue;
use super::form::{Said, wants_telephone};
use super::slots;
use super::state::{Form, Stage};

/// Fewer meaningful words tell no matter: "un canapé et un matelas" does.
const FEWEST_WORDS: usize = 2;
/// Fewer are not told again, but an answer that happens to have a word of the matter.
const FEWEST_AGAIN: usize = 3;
/// Likeness of a word to one of the matter that makes them the same, as the recogniser may write it.
const SAME_WORD: f32 = 0.8;
/// So many words of a message are that message again: the recogniser writes the others otherwise each time.
const SAID_AGAIN: usize = 2;

impl Dialogue {
    /// `topic`, which `text` may mean, has just asked whether to begin a form, and the text is what the form is about. So is a thing that
    /// one of its follow-ups knows: "un canapé et un matelas" to "Voulez-vous que je note une demande d'enlèvement ?".
    pub(super) fn tells_matter(&mut self, topic: TopicId, text: &str) -> bool {
        let Stage::Asking(Some(asked)) = self.stage else {
            return false;
        };
        let words = tokens(text);
        let is_part = || self.topic(topic).is_some_and(|t| t.parent == Some(asked)) && names_things(&words);
        if asked != topic && !is_part() {
            return false;
        }
        let is_told = words.iter().filter(|word| word.is_content()).count() >= FEWEST_WORDS;
        let asks = is_question(&words) || text.trim_end().ends_with('?');
        if asks || !is_told || yes_no::read(text).is_some() {
            return false;
        }
        if let Some(form) = self.form_offered_by(asked) {
            self.progress();
            self.enter_with(form, Said::Matter(text));
            return true;
        }
        let Some(fork) = self.fork_offered_by(asked) else {
            return false;
        };
        self.progress();
        self.enter(fork, Some(text));
        true
    }

    /// Asked whether to begin a form that wants a telephone number, the caller tells it.
    pub(super) fn tells_number(&mut self, text: &str) -> bool {
        let Stage::Asking(Some(asked)) = self.stage else {
            return false;
        };
        let Some(form) = self.form_offered_by(asked) else {
            return false;
        };
        if !self.topic(form).is_some_and(wants_telephone) || !slots::tells_telephone(text) {
            return false;
        }
        self.progress();
        self.enter_with(form, Said::Wish(text));
        true
    }

    /// "Notez plutôt ma demande": the form that the open topic leads to, the one of its service, or a call-back. `false`: there is none.
    pub(super) fn take_note(&mut self) -> bool {
        let Some(form) = self.form_at_hand() else {
            return false;
        };
        let wish = self.wish.take();
        self.progress();
        self.enter_with(form, wish.as_deref().map_or(Said::Nothing, Said::Wish));
        true
    }

    /// "Je voudrais laisser un message au service pour retirer mon dossier": the message form of the service that `topic` is of, else the
    /// one for any service. `false`: no message is to be left, or there is no form for it.
    pub(super) fn leaves_message(&mut self, topic: Option<TopicId>, text: &str) -> bool {
        let is_filling = matches!(self.stage, Stage::Filling(_));
        let wish = commands::leaves_message(text).filter(|_| !is_filling);
        let Some(form) = wish.and_then(|wish| self.message_form(topic, &wish)) else {
            return false;
        };
        self.progress();
        self.enter(form, Some(text));
        true
    }

    /// A service's form for messages has that in its title, as the officer wrote it; the one for any service is what `wish` alone means.
    fn message_form(&self, topic: Option<TopicId>, wish: &str) -> Option<TopicId> {
        let words = self.words()?;
        let service = topic.and_then(|topic| self.topic(topic)).map(|topic| &topic.service);
        let takes_message = |topic: &Topic| {
            let title = fold(&topic.title);
            title.contains("message") && topic.slots.iter().any(|slot| slot.kind == SlotKind::FreeMessage)
        };
        let mut forms = words.iter().filter(|(_, topic)| takes_message(topic));
        let of_service = forms.find(|(_, topic)| Some(&topic.service) == service).map(|(form, _)| form);
        of_service.or_else(|| {
            let Decision::Answer(form) = self.interpret(wish)?.decision else { return None };
            self.topic(form).is_some_and(takes_message).then_some(form)
        })
    }

    /// The form for what is being talked about.
    fn form_at_hand(&self) -> Option<TopicId> {
        let words = self.words()?;
        let by_topic = || {
            let rules = &words.topics.get(self.open?.0)?.rules;
            rules.iter().find_map(|rule| self.form_of(&rule.action))
        };
        let by_service = || {
            let service = &words.topics.get(self.open?.0)?.service;
            let mut forms = words.iter().filter(|(_, topic)| topic.service == *service && !topic.slots.is_empty());
            forms.next().filter(|_| forms.next().is_none()).map(|(form, _)| form)
        };
        by_topic().or_else(by_service).or_else(|| self.call_back_form())
    }

    /// The form that an action leads to.
    fn form_of(&self, action: &Action) -> Option<TopicId> {
        match action {
            Action::GoTo(form) if !self.topic(*form)?.slots.is_empty() => Some(*form),
            _ => None,
        }
    }

    /// The question that a yes leads to, where each answer begins a form: "Voulez-vous que la mairie puisse vous rappeler ?"
    fn fork_offered_by(&self, topic: TopicId) -> Option<TopicId> {
        let goes_to = |action: &Action| match action {
            Action::GoTo(topic) => Some(*topic),
            _ => None,
        };
        let rules = &self.topic(topic)?.rules;
        let yes = rules.iter().find(|rule| rule.triggers.contains(&Trigger::Yes))?;
        let fork = goes_to(&yes.action)?;
        let answers = self
            .topic(fork)?
            .rules
            .iter()
            .filter(|rule| rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::Yes | Trigger::No)));
        let mut forms = answers.map(|rule| self.form_of(&rule.action)).peekable();
        (forms.peek().is_some() && forms.all(|form| form.is_some())).then_some(fork)
    }

    /// The form that a yes leads to.
    fn form_offered_by(&self, topic: TopicId) -> Option<TopicId> {
        let words = self.words()?;
        let rules = &words.topics.get(topic.0)?.rules;
        let yes = rules.iter().find(|rule| rule.triggers.contains(&Trigger::Yes))?;
        self.form_of(&yes.action)
    }
}

/// "Un canapé et un matelas", "mon vieux frigo".
fn names_things(words: &[Token]) -> bool {
    const BEFORE_THINGS: &[&str] =
        &["un", "une", "des", "deux", "trois", "quatre", "plusieurs", "mon", "ma", "mes", "notre", "nos"];
    words.first().is_some_and(|word| BEFORE_THINGS.contains(&word.folded.as_str()))
}

/// Much of what is said stands in a message of the form already, and nothing is asked.
pub(super) fn is_said_again(topic: &Topic, form: &Form, text: &str) -> bool {
    let messages = topic.slots.iter().zip(&form.values).filter(|(slot, _)| slot.kind == SlotKind::FreeMessage);
    let told: Vec<Token> = messages.filter_map(|(_, value)| value.as_ref()).flat_map(|v| tokens(&v.value)).collect();
    let words = tokens(text);
    let said: Vec<&Token> = words.iter().filter(|word| word.is_content()).collect();
    let again = said.iter().filter(|word| told.iter().any(|other| word.likeness(other) >= SAME_WORD)).count();
    said.len() >= FEWEST_AGAIN && again >= SAID_AGAIN && !is_question(&words)
}

/// Nothing but words of the question itself: "naissance" to "Quelle est la date de naissance ?" is no wish for a certificate.
pub(super) fn is_said_back(slot: &Slot, text: &str) -> bool {
    let fixed = slot.question.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text),
        Part::Value(_) => None,
    });
    let question: Vec<Token> = fixed.flat_map(|text| tokens(text)).collect();
    let words = tokens(text);
    let mut said = words.iter().filter(|word| word.is_content()).peekable();
    said.peek().is_some() && said.all(|word| question.iter().any(|other| word.likeness(other) >= SAME_WORD))
}
