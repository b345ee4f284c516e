//! The answer to the question asked last: by the topic's own rules, by yes or no, by choosing; and what is said beside it.

use std::sync::Arc;

use crate::dialplan::{Action, Phrase, PhraseToken, Rule, TopicId, Trigger};
use crate::understanding::acknowledgement::{Behind, question_behind};
use crate::understanding::asking::{asks, is_question};
use crate::understanding::commands::{self, Command};
use crate::understanding::slots::{choice, yes_no};
use crate::understanding::text::{Token, tokens};
use crate::understanding::{Decision, Interpretation, Lack};

use super::Dialogue;
use super::form::wants_telephone;
use super::heard::{is_asking_for_somebody, spotted};
use super::phrases::PhraseId;
use super::state::Stage;

/// From here on a subject named beside a no is asked about.
const LIKELY: f32 = 0.5;
/// Likeness to a word of the question that makes it the same in another form: "rappelez", "rappeler".
const ASKED_WORD: f32 = 0.7;
/// Fewer meaningful words beside a no ask nothing.
const FEWEST_ASKED: usize = 2;
/// Whoever says so beside a no wants something else: "non, je voudrais d'abord savoir mes droits".
const WISHES: &[&str] = &["voudrais", "veux", "aimerais", "souhaite", "prefere", "savoir", "want", "like"];

/// The same of who says what they call for.
const INSTEAD: &[&str] =
    &["pour", "plutot", "mais", "contre", "sinon", "aussi", "cherche", "besoin", "faut", "faudrait", "instead", "but"];

fn asks_something(words: &str) -> bool {
    tokens(words).iter().filter(|word| word.is_content()).count() >= FEWEST_ASKED
}

impl Dialogue {
    /// The question asked last, if this answers it.
    pub(super) fn answers_question(&mut self, text: &str, words: &[Token], confidence: f32) -> bool {
        match self.stage.clone() {
            Stage::Confirming(topic) => {
                let Some(answer) = yes_no::read(text) else {
                    return false;
                };
                if answer.yes {
                    self.later = self.other_wish(&answer, Some(topic)).or(self.later);
                    self.enter_wished(topic);
                } else {
                    self.refuse(vec![topic], &answer.rest, confidence);
                }
                true
            }
            Stage::Offering(topics) => {
                if let Some(topic) = self.offered(&topics, words) {
                    self.enter_wished(topic);
                    return true;
                }
                let other = commands::command(text) == Some(Command::SomethingElse);
                match yes_no::read(text) {
                    Some(answer) if !answer.yes => self.refuse(topics, &answer.rest, confidence),
                    _ if other => self.refuse(topics, "", confidence),
                    // "Oui" to several: the first was asked first.
                    Some(answer) if answer.yes && answer.rest.is_empty() => self.enter_wished(topics[0]),
                    _ => return false,
                }
                true
            }
            Stage::Proposing(action) => {
                if let Some(entry) = self.entry_chosen(&action, words) {
                    self.asked_for_human(entry);
                    return true;
                }
                let Some(answer) = answer_to(text) else {
                    return false;
                };
                let leads_to = answer.yes.then_some(&action);
                self.answered_with(answer, text, leads_to, Self::ask_anything_else, confidence);
                true
            }
            Stage::Asking(topic) => self.answers_topic(topic, text, words, confidence),
            _ => false,
        }
    }

    /// Rules of the topic that asked; then yes and no to "anything else?".
    fn answers_topic(&mut self, topic: Option<TopicId>, text: &str, words: &[Token], confidence: f32) -> bool {
        let plan = Arc::clone(&self.plan);
        let rules: &[Rule] = match (topic, plan.plans.get(self.language)) {
            (Some(id), Some(language)) => language.topics.get(id.0).map_or(&[], |t| &t.rules),
            _ => &[],
        };
        if let Some(action) = spotted(rules, words, 0.0) {
            self.progress();
            self.command_action(&action);
            return true;
        }
        let Some(answer) = answer_to(text) else {
            return false;
        };
        let wanted = if answer.yes { Trigger::Yes } else { Trigger::No };
        if let Some(rule) = rules.iter().find(|rule| rule.triggers.contains(&wanted)) {
            self.answered_with(answer, text, Some(&rule.action), Self::ask_anything_else, confidence);
            return true;
        }
        // Only what nothing else follows: "oui, je voudrais un passeport" is about the passport.
        if !answer.rest.is_empty() {
            return false;
        }
        let asked_yes_no = rules.iter().any(|r| r.triggers.iter().any(|t| matches!(t, Trigger::Yes | Trigger::No)));
        let is_welcome = self.words().is_some_and(|w| topic == Some(w.welcome));
        match answer.yes {
            // No to a topic's question that only has a yes, or to "anything else?".
            false if asked_yes_no => {
                self.progress();
                self.ask_anything_else();
            }
            false if !is_welcome && rules.is_empty() => self.goodbye(),
            true if rules.is_empty() && self.trouble.noises == 0 => {
                self.trouble.noises += 1;
                self.say(PhraseId::Listening);
            }
            _ => return false,
        }
        true
    }

    /// Does what a yes or no leads to, or `otherwise` where that is nothing. Another wish stated clearly beside it is not lost: "non, c'est
    /// pour un passeport" and "d'accord, mais je préfère parler à quelqu'un" are followed at once, "oui, et je voudrais aussi un
    /// passeport" after what the yes was for. "Ah, d'accord. Et c'est combien ?" is a question and no yes.
    fn answered_with(
        &mut self,
        mut answer: yes_no::Answer,
        text: &str,
        leads_to: Option<&Action>,
        otherwise: impl FnOnce(&mut Self),
        confidence: f32,
    ) {
        if answer.yes && self.repeats_question(&answer.rest) {
            answer.rest.clear();
        }
        let leads_to_somebody = matches!(leads_to, Some(Action::Transfer(_)));
        if !leads_to_somebody
            && let Some(interpretation) = self.interpret(&answer.rest)
            && is_asking_for_somebody(&interpretation, &answer.rest)
        {
            return self.act_on(interpretation, &answer.rest, confidence);
        }
        // "Non, attendez, j'ai encore une question."
        if let Some(command @ (Command::MoreToAsk | Command::Repeat | Command::SlowDown | Command::Wait)) =
            commands::command(&answer.rest).filter(|command| !answer.yes || *command == Command::MoreToAsk)
        {
            self.command(command);
            return;
        }
        let rest = tokens(&answer.rest);
        let form = match leads_to {
            Some(Action::GoTo(topic)) => self.topic(*topic).filter(|topic| !topic.slots.is_empty()),
            _ => None,
        };
        let leads_to_form = form.is_some();
        // "Non merci, ça ira" is no wish to be called back instead.
        if form.is_some_and(wants_telephone) && !answer.yes && (is_put_off(text, &answer) || yes_no::declines(text)) {
            self.progress();
            return self.ask_anything_else();
        }
        if !leads_to_form && commands::command(&answer.rest) == Some(Command::TakeNote) && self.take_note() {
            return;
        }
        if !answer.yes
            && commands::leaves_message(&answer.rest).is_some()
            && self.leaves_message(self.open, &answer.rest)
        {
            return;
        }
        if answer.yes
            && !answer.rest.is_empty()
            && let Some(question) = question_behind(text)
            && let Some(interpretation) = self.interpret(&question.words)
            && is_followed(&question, &interpretation, leads_to_somebody)
        {
            return self.act_on(interpretation, &question.words, confidence);
        }
        let wish = self.other_wish(&answer, self.open);
        // "Non, mais attendez, il a déjà dix-sept ans. Ça se rattrape ?" asks more about the same.
        let asks_more = || text.trim_end().ends_with('?') && asks_something(&answer.rest);
        if !answer.yes
            && let Some(interpretation) = self.interpret(&answer.rest)
            && (wish.is_some() || asks_more() || is_likely(&interpretation) || is_wished(&rest, &interpretation))
        {
            return self.act_on(interpretation, &answer.rest, confidence);
        }
        // "Non, ce que je voudrais savoir, c'est combien de temps il reste bon" begins no form, even where it is not understood.
        if !answer.yes && leads_to_form && is_question(&rest) && asks_something(&answer.rest) {
            return self.refuse(Vec::new(), &answer.rest, confidence);
        }
        self.later = wish.or(self.later);
        self.progress();
        match leads_to {
            Some(action) => self.command_action(action),
            None => otherwise(self),
        }
    }

    /// "Oui, mais rappelez-moi, moi" to "Voulez-vous que la mairie puisse vous rappeler ?": half of what is said beside the yes was asked.
    fn repeats_question(&self, words: &str) -> bool {
        let asked: Vec<Token> = self.spoken.last.last().map(|question| tokens(question)).unwrap_or_default();
        let said = tokens(words);
        let said: Vec<&Token> = said.iter().filter(|word| word.is_content()).collect();
        let was_asked =
            |word: &&&Token| asked.iter().any(|asked| asked.is_content() && asked.likeness(word) >= ASKED_WORD);
        !said.is_empty() && 2 * said.iter().filter(was_asked).count() >= said.len()
    }

    /// A topic other than `known` that these words clearly ask for.
    fn other_wish(&self, answer: &yes_no::Answer, known: Option<TopicId>) -> Option<TopicId> {
        let words = &answer.rest;
        if words.is_empty() {
            return None;
        }
        let found = self.interpret(words)?;
        // Beside a yes what goes on from the open topic has to ask: "oui, s'il vous plaît", misheard, is like anything.
        let is_follow_up = |topic: TopicId| self.topic(topic).is_some_and(|topic| topic.parent.is_some());
        let wishes = || tokens(words).iter().any(|word| WISHES.contains(&word.folded.as_str()));
        let may_be = |topic: TopicId| !is_follow_up(topic) || asks(&tokens(words)) || (!answer.yes && wishes());
        match found.decision {
            Decision::Answer(topic) if Some(topic) != known && !self.refused.contains(&topic) && may_be(topic) => {
                Some(topic)
            }
            _ => None,
        }
    }

    /// "No" to what was understood: what is said beside it counts, else the caller is asked to say it otherwise.
    fn refuse(&mut self, topics: Vec<TopicId>, rest: &str, confidence: f32) {
        self.refused.extend(topics);
        self.refused.truncate(16);
        self.trouble.misunderstood += 1;
        if !rest.is_empty()
            && let Some(interpretation) = self.interpret(rest)
            && interpretation.decision != Decision::Unknown
        {
            self.stage = Stage::Asking(self.words().map(|w| w.welcome));
            return self.act_on(interpretation, rest, confidence);
        }
        if self.trouble.total() >= 2 {
            return self.escalate();
        }
        self.say(PhraseId::SayItOtherwise);
        self.stage = Stage::Asking(self.words().map(|w| w.welcome));
    }

    fn offered(&self, topics: &[TopicId], words: &[Token]) -> Option<TopicId> {
        // "La carte d'identité": the words of the title, or of the part of it that names the topic or its parent; or "la deuxième".
        let titles: Vec<String> = topics.iter().map(|topic| self.title(*topic)).collect();
        let names: Vec<Vec<Phrase>> = titles
            .iter()
            .map(|title| std::iter::once(name(title)).chain(title.split(", ").map(name)).collect())
            .collect();
        let titles: Vec<Phrase> = titles.iter().map(|title| name(title)).collect();
        let index = choice::by_name(words, &names)
            .or_else(|| choice::by_words(words, &titles))
            .or_else(|| choice::place(words, topics.len()))
            .or_else(|| choice::by_sound(words, &titles))
            .or_else(|| choice::by_likeness(words, &titles))?;
        topics.get(index).copied()
    }
}

/// The yes or no, and what is said beside it; the reason of a no that puts off is about nothing else.
fn answer_to(text: &str) -> Option<yes_no::Answer> {
    let mut answer = yes_no::read(text)?;
    if is_put_off(text, &answer) {
        answer.rest.clear();
    }
    Some(answer)
}

fn is_put_off(text: &str, answer: &yes_no::Answer) -> bool {
    let rest = tokens(&answer.rest);
    let has = |words: &[&str]| rest.iter().any(|word| words.contains(&word.folded.as_str()));
    yes_no::puts_off(text) && !has(WISHES) && !has(INSTEAD) && !asks(&rest) && !text.trim_end().ends_with('?')
}

/// The meaningful words of a title, to be found in an answer.
pub(super) fn name(title: &str) -> Phrase {
    let words = tokens(title).into_iter().filter(Token::is_content);
    Phrase { written: title.to_owned(), tokens: words.map(|word| PhraseToken::Word(word.written)).collect() }
}

/// Sure enough to be asked about, beside a no.
fn is_likely(interpretation: &Interpretation) -> bool {
    matches!(interpretation.decision, Decision::Confirm(_)) && interpretation.confidence >= LIKELY
}

/// "Non, je veux d'abord comprendre l'allocation": what is wished in so many words needs less.
fn is_wished(rest: &[Token], interpretation: &Interpretation) -> bool {
    rest.iter().any(|word| WISHES.contains(&word.folded.as_str()))
        && matches!(interpretation.decision, Decision::Answer(_) | Decision::Confirm(_))
}

/// What stands behind a sign of having understood is a question rather than part of a yes. One that is not understood is best left to
/// the agent whom a yes leads to.
fn is_followed(question: &Behind, interpretation: &Interpretation, leads_to_somebody: bool) -> bool {
    match (&interpretation.decision, interpretation.lack) {
        (Decision::Unknown, Lack::Words) => question.asks && !leads_to_somebody,
        (Decision::Unknown, _) => question.asks,
        _ => true,
    }
}
