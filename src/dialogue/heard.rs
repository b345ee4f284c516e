//! What the caller says, routed: emergencies, the question asked, everywhere, the form, then the topics.

use crate::dialplan::{Action, Rule, TopicId, Trigger};
use crate::understanding::acknowledgement::{is_plain_yes, is_resigned};
use crate::understanding::asking::asks;
use crate::understanding::commands::{self, Command};
use crate::understanding::slots::yes_no;
use crate::understanding::spotting::Spotter;
use crate::understanding::text::{self, Token, tokens};
use crate::understanding::{Danger, Decision, Interpretation, Lack, Mood};

use super::ahead::spoken;
use super::phrases::PhraseId;
use super::speak::examples;
use super::state::Stage;
use super::{Dialogue, Note};

/// Below this the recogniser itself doubts what it heard: an answer becomes a question.
const DOUBTFUL: f32 = 0.35;
/// From here on another subject is one even in the middle of a form.
const CLEAR: f32 = 0.85;
/// From here on what only sounds like an emergency is one even as the answer of a form.
const CERTAIN: f32 = 0.985;
/// Share of a rule's phrase that must be said.
const RULE_SPOTTED: f32 = 0.8;
/// Share of a sentence that a phrase of `Partout` must explain: "un agent m'a dit …" is no wish for an agent.
const EVERYWHERE_COVERAGE: f32 = 0.5;

/// Failures in a row after which a matter of another house leads to a human, too.
const MOST_FAILURES: u8 = 2;

/// Signs of having understood, one after the other, that ask nothing: then something was misheard.
const MOST_SIGNS: u8 = 2;

/// Meaningful words beside a yes or no that make it no more than that.
const MOST_BESIDE: usize = 3;

/// Nobody says this who wants something more.
const FAREWELL: &[&str] = &["revoir", "aurevoir", "goodbye"];

/// What is looked for when somebody is in distress, in the languages spoken.
const SOCIAL_HELP: &str = "aide sociale social help";

/// A yes or no with little beside it.
fn is_short_answer(text: &str) -> bool {
    let beside = |answer: yes_no::Answer| tokens(&answer.rest).iter().filter(|word| word.is_content()).count();
    yes_no::read(text).is_some_and(|answer| beside(answer) <= MOST_BESIDE)
}

impl Dialogue {
    pub(super) fn heard(&mut self, text: &str, confidence: f32) {
        let text = &spoken(text);
        let words = tokens(text);
        if words.is_empty() {
            return self.noise();
        }
        self.someone_is_there = true;
        self.granted = 0;
        self.read_to_silence = 0;
        self.spoken.unheard.clear();
        let interpretation = match self.interpret(text) {
            Some(interpretation) => interpretation,
            None => return self.not_understood(),
        };
        let interpretation = self.as_answer(interpretation, text);
        if interpretation.decision == Decision::Emergency {
            return self.emergency(interpretation.danger);
        }
        // Told that the town hall can't help: "bon, je demanderai à mon médecin, alors".
        if std::mem::take(&mut self.has_declined) && is_resigned(text) && !asks(&words) {
            self.progress();
            return self.ask_anything_else();
        }
        if self.is_reading() && self.heard_while_reading(text, &words) {
            return;
        }
        let interpretation = self.completed(interpretation, text);
        if self.takes_leave(text, &words) {
            return self.goodbye();
        }
        if self.answers_question(text, &words, confidence) {
            return;
        }
        let free_text = self.is_taking_free_text();
        // "Pardon, c'est le 06 …": a number told to a form is no wish to hear the question again.
        if self.is_told_number(text) {
            return self.form_heard(text, &interpretation);
        }
        if self.tells_number(text) {
            return;
        }
        if let Some(action) = self.everywhere(&words, free_text) {
            return self.command_action(&action);
        }
        let command = if free_text { commands::alone(text) } else { commands::command(text) };
        if let Some(command) = command
            && self.command(command)
        {
            return;
        }
        if matches!(self.stage, Stage::Filling(_)) {
            return self.form_heard(text, &interpretation);
        }
        if words.iter().all(|w| w.weight == text::Weight::Filler) && self.trouble.noises == 0 {
            // A mere greeting.
            self.trouble.noises += 1;
            return self.say(PhraseId::Listening);
        }
        self.act_on(interpretation, text, confidence);
    }

    /// "Non merci, c'est tout, au revoir" and "d'accord, merci, au revoir", whatever a yes or no would lead to here. "Oui, au revoir" is
    /// a yes first.
    fn takes_leave(&self, text: &str, words: &[Token]) -> bool {
        !matches!(self.stage, Stage::Filling(_))
            && words.iter().any(|word| FAREWELL.contains(&word.folded.as_str()))
            && commands::command(text) == Some(Command::Goodbye)
            && !is_plain_yes(words)
    }

    /// Does what the understanding decided.
    pub(super) fn act_on(&mut self, interpretation: Interpretation, text: &str, confidence: f32) {
        let asks_back = matches!(interpretation.decision, Decision::Confirm(_) | Decision::Offer(_));
        self.wish = Some(text.to_owned());
        if asks_back && matches!(self.stage, Stage::Confirming(_) | Stage::Offering(_)) {
            // A question answered by what only leads to another one: nothing was gained.
            self.trouble.misunderstood = self.trouble.misunderstood.saturating_add(1);
            if self.trouble.total() >= 2 {
                self.note(Note::NotUnderstood);
                return self.escalate();
            }
        }
        match interpretation.mood {
            Some(Mood::Distress) => return self.comfort(&interpretation, text),
            Some(mood) if interpretation.decision == Decision::Unknown => return self.keep_calm(mood),
            _ => {}
        }
        let may_mean: &[TopicId] = match &interpretation.decision {
            Decision::Answer(topic) | Decision::Confirm(topic) => std::slice::from_ref(topic),
            Decision::Offer(topics) => topics,
            Decision::Reach { .. } | Decision::Emergency | Decision::Unknown => &[],
        };
        if confidence >= DOUBTFUL && may_mean.iter().any(|topic| self.tells_matter(*topic, text)) {
            return;
        }
        if may_leave_message(&interpretation) && self.leaves_message(may_mean.first().copied(), text) {
            return;
        }
        match interpretation.decision {
            Decision::Emergency => self.emergency(interpretation.danger),
            Decision::Answer(topic) if self.refused.contains(&topic) => self.not_understood(),
            Decision::Answer(topic) if confidence < DOUBTFUL => self.ask_to_confirm(topic),
            Decision::Answer(topic) => {
                self.later = interpretation.also.first().copied();
                if self.has_just_told(topic) {
                    return self.tell_again(topic);
                }
                self.progress();
                self.enter(topic, Some(text));
            }
            Decision::Confirm(topic) if self.refused.contains(&topic) => self.not_understood(),
            Decision::Confirm(topic) => self.ask_to_confirm(topic),
            Decision::Offer(mut topics) => {
                topics.retain(|t| !self.refused.contains(t));
                match topics.as_slice() {
                    [] => self.not_understood(),
                    [only] => self.ask_to_confirm(*only),
                    _ => self.offer(topics),
                }
            }
            Decision::Reach { service } => self.reach(&interpretation.whom, service),
            Decision::Unknown => match interpretation.lack {
                Lack::Words => self.not_understood(),
                Lack::Subject => self.ask_what_about(text),
                Lack::Competence => self.out_of_scope(),
                Lack::Question if self.asks_yes_or_no() || self.trouble.noises >= MOST_SIGNS => self.not_understood(),
                Lack::Question => {
                    self.trouble.noises = self.trouble.noises.saturating_add(1);
                    self.ask_anything_else();
                }
            },
        }
    }

    /// An action of `Partout` whose phrase was said.
    fn everywhere(&self, words: &[Token], free_text: bool) -> Option<Action> {
        let rules = &self.words()?.everywhere;
        spotted(rules, words, if free_text { 0.99 } else { EVERYWHERE_COVERAGE })
    }

    /// Performs an action the caller asked for by word or key.
    pub(super) fn command_action(&mut self, action: &Action) {
        match action {
            Action::Transfer(entry) => self.asked_for_human(Some(*entry)),
            Action::GoTo(_) | Action::Offer(_) | Action::Voicemail(_) => {
                self.progress();
                self.perform(action);
            }
            _ => self.perform(action),
        }
    }

    /// A wish about the conversation itself; `false` when it has no meaning here.
    pub(super) fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Repeat => self.repeat(),
            Command::SlowDown => self.slow_down(),
            Command::Goodbye => self.goodbye(),
            Command::Wait => self.grant_time(),
            Command::Back => self.go_back(),
            Command::TakeNote => return !matches!(self.stage, Stage::Filling(_)) && self.take_note(),
            Command::Cancel if matches!(self.stage, Stage::Filling(_)) => {
                self.say(PhraseId::Cancelled);
                self.stage = Stage::Asking(None);
                self.ask_anything_else();
            }
            Command::Cancel if !self.suspended.is_empty() => {
                self.suspended.clear();
                self.say(PhraseId::Cancelled);
                self.ask_anything_else();
            }
            Command::MoreToAsk if !matches!(self.stage, Stage::Filling(_)) => {
                self.progress();
                self.say(PhraseId::Listening);
                self.stage = Stage::Asking(self.words().map(|w| w.welcome));
            }
            Command::MoreToAsk => return false,
            Command::SomethingElse => {
                if matches!(self.stage, Stage::Filling(_)) || !self.suspended.is_empty() {
                    self.say(PhraseId::Cancelled);
                }
                self.suspended.clear();
                self.progress();
                self.open = None;
                self.say(PhraseId::Listening);
                self.stage = Stage::Asking(self.words().map(|w| w.welcome));
            }
            Command::Cancel => self.ask_anything_else(),
        }
        true
    }

    /// In a form a name, a day, and what only sounds like a call for help or for somebody, is an answer first. So is a short yes or no, where
    /// one is asked for: "oui, faites, avant qu'elle tombe".
    fn as_answer(&self, interpretation: Interpretation, text: &str) -> Interpretation {
        let only_sounds = interpretation.decision == Decision::Emergency && interpretation.confidence < 1.0;
        if only_sounds && self.asks_yes_or_no() && is_short_answer(text) {
            return Interpretation::default();
        }
        let is_sound = match interpretation.decision {
            Decision::Reach { .. } => !interpretation.whom.is_unasked,
            Decision::Emergency => interpretation.confidence >= CERTAIN,
            Decision::Answer(_) => interpretation.confidence >= CLEAR,
            _ => true,
        };
        if is_sound || !matches!(self.stage, Stage::Filling(_)) { interpretation } else { Interpretation::default() }
    }

    /// What was asked without a subject before, and the subject now: "c'est combien ?", "pour un passeport".
    fn completed(&mut self, interpretation: Interpretation, text: &str) -> Interpretation {
        let Some(asked) = self.asked.take() else {
            return interpretation;
        };
        let names_subject =
            matches!(interpretation.decision, Decision::Answer(_) | Decision::Confirm(_) | Decision::Offer(_));
        match self.interpret(&format!("{asked} {text}")) {
            Some(whole) if names_subject && matches!(whole.decision, Decision::Answer(_)) => whole,
            _ => interpretation,
        }
    }

    /// "C'est combien ?": the open topic doesn't say, or there is none.
    fn ask_what_about(&mut self, text: &str) {
        if let (Some(open), true) = (self.open, self.plan.operator().is_some()) {
            self.trouble.misunderstood = self.trouble.misunderstood.saturating_add(1);
            let title = self.title(open);
            self.say_with(PhraseId::NotInThisTopic, |_| Some(title.clone()));
            return self.propose_operator(None);
        }
        if self.is_second_failure() {
            return self.escalate();
        }
        self.asked = Some(text.to_owned());
        self.say_with_examples(PhraseId::WhatAbout);
    }

    /// Nothing a town hall deals with: said kindly, with what can be asked.
    fn out_of_scope(&mut self) {
        let is_first = !std::mem::replace(&mut self.has_ever_declined, true);
        // Nobody has to be fetched to say that the railway pays tickets back.
        if self.is_second_failure() && (!is_first || self.trouble.total() > MOST_FAILURES) {
            return self.escalate();
        }
        self.say_with_examples(PhraseId::OutOfScope);
        self.has_declined = true;
    }

    /// Insults and children: no reproach, and a human after the second time.
    fn keep_calm(&mut self, mood: Mood) {
        if self.is_second_failure() {
            return self.escalate();
        }
        self.say(if mood == Mood::Child { PhraseId::Child } else { PhraseId::Insult });
        self.stage = Stage::Asking(self.words().map(|w| w.welcome));
    }

    /// Distress without danger: a word first, then what was asked for, or somebody who helps.
    fn comfort(&mut self, interpretation: &Interpretation, text: &str) {
        self.say(PhraseId::Distress);
        match interpretation.decision {
            Decision::Answer(topic) if !self.refused.contains(&topic) => {
                self.progress();
                self.enter(topic, Some(text));
            }
            _ if self.is_second_failure() => self.escalate(),
            _ => {
                let help = self.interpret(SOCIAL_HELP).and_then(|found| Some(found.ranking.first()?.topic));
                let entry = help.and_then(|topic| self.entry_for(&Default::default(), Some(topic)));
                self.propose_operator(entry);
            }
        }
    }

    /// Counts a turn that led nowhere.
    pub(super) fn is_second_failure(&mut self) -> bool {
        self.note(Note::NotUnderstood);
        self.trouble.misunderstood = self.trouble.misunderstood.saturating_add(1);
        self.trouble.here = self.trouble.here.saturating_add(1);
        self.trouble.total() >= 2
    }

    fn say_with_examples(&mut self, id: PhraseId) {
        let examples = self.words().map(examples).filter(|examples| !examples.is_empty());
        self.say_with(id, |_| examples.clone());
        self.stage = Stage::Asking(self.words().map(|w| w.welcome));
    }

    pub(super) fn emergency(&mut self, danger: Option<Danger>) {
        self.note(Note::Emergency);
        self.emergencies = self.emergencies.saturating_add(1);
        self.say(match danger.unwrap_or(Danger::Unclear) {
            Danger::Fire => PhraseId::EmergencyFire,
            Danger::Gas => PhraseId::EmergencyGas,
            Danger::Health => PhraseId::EmergencyHealth,
            Danger::Police => PhraseId::EmergencyPolice,
            Danger::Suicide => PhraseId::EmergencySuicide,
            Danger::Unclear => PhraseId::Emergency,
        });
        self.flush(false);
        match self.plan.operator() {
            Some(entry) if self.emergencies == 1 => {
                self.say(PhraseId::EmergencyOperator);
                self.stage = Stage::Proposing(Action::Transfer(entry));
            }
            // Said again: a human has to hear it.
            Some(entry) => self.asked_for_human(Some(entry)),
            None => self.ask_anything_else(),
        }
    }
}

/// Nobody is in danger, and nobody to be fetched.
fn may_leave_message(interpretation: &Interpretation) -> bool {
    !matches!(interpretation.decision, Decision::Emergency | Decision::Reach { .. })
}

/// Somebody is asked for in so many words. "Je ne veux pas d'un agent" is the contrary.
pub(super) fn is_asking_for_somebody(interpretation: &Interpretation, text: &str) -> bool {
    const DENYING: &[&str] = &["pas", "plus", "jamais", "sans", "not", "don't", "without"];
    matches!(interpretation.decision, Decision::Reach { .. })
        && !interpretation.whom.is_unasked
        && !tokens(text).iter().any(|word| DENYING.contains(&word.folded.as_str()))
}

/// The action of the rule whose phrase is best found in what was said.
pub(super) fn spotted(rules: &[Rule], words: &[Token], coverage: f32) -> Option<Action> {
    let phrases = rules.iter().flat_map(|rule| {
        rule.triggers.iter().filter_map(move |trigger| match trigger {
            Trigger::Phrase(phrase) => Some((rule, phrase)),
            _ => None,
        })
    });
    phrases
        .map(|(rule, phrase)| (rule, Spotter::plain(phrase).spot(words)))
        .filter(|(_, spot)| spot.score >= RULE_SPOTTED && spot.coverage >= coverage)
        .max_by(|a, b| (a.1.score * a.1.matched).total_cmp(&(b.1.score * b.1.matched)))
        .map(|(rule, _)| rule.action.clone())
}
