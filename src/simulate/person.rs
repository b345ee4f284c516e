//! The mind of a spoken caller: what they say to what they have understood of the agent's words. PURE.
//!
//! Owns: the order of a scenario's answers, the habits every caller has. Must not know: sound, time, the network. It knows of the
//! agent's phrases only what a caller would recognise them by ([`Cues`]).

use super::likeness::{digits_of, holds};
use super::scenario::{Keys, Over, Reply, Saying, Scenario, Silent};
use crate::understanding::slots::telephone::{self, Found};

/// The caller leaves when they have spoken so often.
const MOST_TURNS: usize = 40;
/// How often a caller says the same again who was not understood, or puts a number right.
const PATIENCE: usize = 2;
const YES: &str = "Oui, c'est ça.";
const GO_ON: &str = "Oui.";
const NO: &str = "Non.";
const SOMETHING_ELSE: &str = "Pour autre chose.";
const REPEAT: &str = "Pardon, pouvez-vous répéter plus lentement ?";
const PLEASE: &str = "Oui, s'il vous plaît.";
const GOODBYE: &str = "Non merci, c'est tout. Au revoir.";

/// Fixed pieces of the agent's questions, each by several wordings: alternatives whose pieces (`a … b`) are held in order.
#[derive(Debug, Clone, Default)]
pub struct Cues {
    /// "J'ai compris : … C'est bien cela ?"
    pub confirms_topic: Vec<String>,
    /// "Vous appelez peut-être à ce sujet : … ? Ou bien … ?"
    pub offers: Vec<String>,
    /// "J'ai noté : … C'est bien cela ?", and what forms end with.
    pub reads_back: Vec<String>,
    pub goes_on: Vec<String>,
    pub has_not_understood: Vec<String>,
    pub offers_call_back: Vec<String>,
    /// "Un instant, je vérifie."
    pub asks_to_wait: Vec<String>,
    /// "J'ai noté … Et la suite ?"
    pub has_part_of_number: Vec<String>,
    /// "C'est noté, votre demande est transmise."
    pub has_saved: Vec<String>,
    /// "Si ce n'est pas une urgence, …"
    pub has_raised_alarm: Vec<String>,
}

/// What the caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Say(String),
    Keys(String),
    /// Waits for the agent to speak again.
    Wait,
    HangUp,
}

/// One caller in one call.
pub struct Person {
    scenario: Scenario,
    cues: Cues,
    /// How many of `says` have been said.
    said: usize,
    /// How often each of `answers` was given.
    answered: Vec<usize>,
    last: Option<Last>,
    /// The last of `says` that has several wordings, and how often it was said again because what came of it was something else.
    wish: Option<Last>,
    turns: usize,
    corrections: usize,
    /// How often the caller asked to have it said again.
    repeats: usize,
    has_said_goodbye: bool,
    /// Of what the call is for, what has not come yet: words to be heard; whether a request is still to be left.
    still_to_hear: Vec<String>,
    is_to_leave_request: bool,
    /// Questions back about what is meant.
    pub asked_back: usize,
}

/// What was said last, and how often it was said again.
struct Last {
    wordings: Vec<String>,
    again: usize,
}

impl Person {
    pub fn new(scenario: Scenario, cues: Cues) -> Self {
        Self {
            answered: vec![0; scenario.answers.len()],
            still_to_hear: scenario.expect.heard.clone(),
            is_to_leave_request: scenario.leaves_request(),
            scenario,
            cues,
            said: 0,
            last: None,
            wish: None,
            turns: 0,
            corrections: 0,
            repeats: 0,
            has_said_goodbye: false,
            asked_back: 0,
        }
    }

    /// Every text this person may say: spoken before the call.
    pub fn texts(&self) -> Vec<String> {
        let habits = [YES, GO_ON, NO, SOMETHING_ELSE, PLEASE, REPEAT, GOODBYE].map(str::to_owned);
        let corrections = self.scenario.expected_numbers().map(correction);
        let own = self.scenario.texts().map(str::to_owned);
        own.chain(self.scenario.subject.first().cloned())
            .chain([self.introduction()])
            .chain(habits)
            .chain(corrections)
            .collect()
    }

    /// To who picks up after a transfer.
    pub fn introduction(&self) -> String {
        match self.scenario.subject.first() {
            Some(subject) => format!("Bonjour, c'est pour {subject}."),
            None => "Bonjour, merci de me répondre.".to_owned(),
        }
    }

    /// The agent has said this since the caller spoke last, and is silent now.
    pub fn heard(&mut self, text: &str) -> Act {
        if self.is_asked_to_wait(text) {
            return Act::Wait;
        }
        self.still_to_hear.retain(|piece| !holds(text, piece));
        self.is_to_leave_request &= !any(text, &self.cues.has_saved);
        self.turns += 1;
        if self.turns > MOST_TURNS || self.has_said_goodbye {
            return Act::HangUp;
        }
        // The welcome asks what every call begins with.
        if self.turns == 1 && !self.scenario.says.is_empty() {
            return self.next_line();
        }
        if let Some(act) = self.answer(text, true) {
            return act;
        }
        if let Some(answer) = self.by_habit(text) {
            // Asked to put it otherwise after a "non", the caller says again what they want.
            if answer != NO && answer != SOMETHING_ELSE {
                self.last = Some(Last { wordings: vec![answer.clone()], again: 0 });
            }
            return Act::Say(answer);
        }
        if let Some(act) = self.answer(text, false) {
            return act;
        }
        let is_misunderstood = self.wants_more() && any(text, &self.cues.has_raised_alarm);
        if (is_misunderstood || any(text, &self.cues.has_not_understood))
            && let Some(again) = self.again()
        {
            return Act::Say(again);
        }
        self.next_line()
    }

    /// Hardly anything else was said: the answer is still to come.
    fn is_asked_to_wait(&self, text: &str) -> bool {
        const BESIDE_IT: usize = 2;
        let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
        self.cues.asks_to_wait.iter().any(|cue| holds(text, cue) && words(text) <= words(cue) + BESIDE_IT)
    }

    /// The line after the one just said, if it is to be said over what the agent answers.
    pub fn interrupts(&mut self) -> Option<String> {
        match self.scenario.says.get(self.said) {
            Some(Saying::Over(Over { over })) => {
                self.said += 1;
                self.turns += 1;
                self.last = Some(Last { wordings: vec![over.clone()], again: 0 });
                Some(over.clone())
            }
            _ => None,
        }
    }

    fn by_habit(&mut self, text: &str) -> Option<String> {
        let about_subject = self.scenario.subject.iter().any(|word| holds(text, word));
        if any(text, &self.cues.confirms_topic) {
            self.asked_back += 1;
            return Some(if about_subject { YES } else { NO }.to_owned());
        }
        if any(text, &self.cues.offers) {
            self.asked_back += 1;
            let choice = self.scenario.subject.first().filter(|_| about_subject);
            return Some(choice.map_or_else(|| SOMETHING_ELSE.to_owned(), String::clone));
        }
        if any(text, &self.cues.reads_back) {
            return Some(self.read_back(text));
        }
        // Who has said it whole hears that it has not come over.
        if any(text, &self.cues.has_part_of_number)
            && self.corrections < PATIENCE
            && let Some(number) = self.scenario.expected_numbers().next()
        {
            self.corrections += 1;
            return Some(correction(number));
        }
        if any(text, &self.cues.goes_on) {
            return Some(GO_ON.to_owned());
        }
        if any(text, &self.cues.offers_call_back) && self.scenario.leaves_request() {
            return Some(PLEASE.to_owned());
        }
        None
    }

    /// Yes, unless a number was read back wrong. Who heard no number of ten digits has not heard it well, and asks for it again first.
    fn read_back(&mut self, text: &str) -> String {
        const NUMBER: usize = 8;
        const WHOLE: usize = 10;
        let digits = digits_of(text);
        let wanted = self.scenario.expected_numbers().next().map(str::to_owned);
        match wanted {
            Some(number) if digits.len() >= NUMBER && !digits.contains(&number) && !is_heard_as(text, &number) => {
                if digits.len() != WHOLE && self.repeats < PATIENCE {
                    self.repeats += 1;
                    return REPEAT.to_owned();
                }
                if self.corrections >= PATIENCE {
                    return YES.to_owned();
                }
                self.corrections += 1;
                correction(&number)
            }
            _ => YES.to_owned(),
        }
    }

    /// One of `answers`; `first`: only those with `unless`.
    fn answer(&mut self, text: &str, first: bool) -> Option<Act> {
        let fits = |reply: &Reply| {
            reply.unless.is_some() == first
                && holds(text, &reply.to)
                && reply.unless.as_deref().is_none_or(|unless| !holds(text, unless))
        };
        let last_of = |reply: &Reply| reply.says.len() + PATIENCE;
        let index = (0..self.scenario.answers.len())
            .find(|i| self.answered[*i] < last_of(&self.scenario.answers[*i]) && fits(&self.scenario.answers[*i]))?;
        let reply = &self.scenario.answers[index];
        let saying = reply.says.get(self.answered[index]).or_else(|| reply.says.last())?.clone();
        self.answered[index] += 1;
        Some(self.perform(saying))
    }

    fn next_line(&mut self) -> Act {
        match self.scenario.says.get(self.said).cloned() {
            Some(saying) => {
                self.said += 1;
                if let Saying::Rephrased(wordings) = &saying {
                    self.wish = Some(Last { wordings: wordings.clone(), again: 0 });
                }
                self.perform(saying)
            }
            // Nobody leaves without what they called for, at once: it is listened to again, then put otherwise.
            None if self.wants_more() && self.repeats == 0 => {
                self.repeats += 1;
                Act::Say(REPEAT.to_owned())
            }
            None if self.wants_more()
                && let Some(otherwise) = self.otherwise() =>
            {
                Act::Say(otherwise)
            }
            None if self.wants_more() && self.repeats < PATIENCE => {
                self.repeats += 1;
                Act::Say(REPEAT.to_owned())
            }
            None => {
                self.has_said_goodbye = true;
                Act::Say(GOODBYE.to_owned())
            }
        }
    }

    /// The wish in its next wording, while it has one that was not said.
    fn otherwise(&mut self) -> Option<String> {
        let wish = self.wish.as_mut()?;
        let otherwise = wish.wordings.get(wish.again + 1)?.clone();
        wish.again += 1;
        self.last = Some(Last { wordings: wish.wordings.clone(), again: wish.again });
        Some(otherwise)
    }

    /// Something of what the call is for has not come yet.
    fn wants_more(&self) -> bool {
        self.is_to_leave_request || !self.still_to_hear.is_empty()
    }

    fn perform(&mut self, saying: Saying) -> Act {
        match saying {
            // With nothing to say it over, it is said.
            Saying::Says(text) | Saying::Over(Over { over: text }) => {
                self.last = Some(Last { wordings: vec![text.clone()], again: 0 });
                Act::Say(text)
            }
            Saying::Rephrased(wordings) => {
                let first = wordings.first().cloned().unwrap_or_default();
                self.last = Some(Last { wordings, again: 0 });
                Act::Say(first)
            }
            Saying::Keys(Keys { keys }) => Act::Keys(keys),
            Saying::Silent(Silent { .. }) => Act::Wait,
        }
    }

    /// What was said last, in its next wording.
    fn again(&mut self) -> Option<String> {
        let last = self.last.as_mut()?;
        if last.again >= PATIENCE {
            return None;
        }
        last.again += 1;
        if let Some(wish) = self.wish.as_mut().filter(|wish| wish.wordings == last.wordings) {
            wish.again = last.again;
        }
        last.wordings.get(last.again).or_else(|| last.wordings.last()).cloned()
    }
}

fn any(text: &str, cues: &[String]) -> bool {
    cues.iter().any(|cue| holds(text, cue))
}

/// The number one knows is among the likeliest behind what was written ("80, 17" is 97): who knows what is coming recognises it.
fn is_heard_as(text: &str, number: &str) -> bool {
    const LIKELIEST: usize = 3;
    match telephone::find(text) {
        Found::Whole { readings, .. } => readings.iter().take(LIKELIEST).any(|reading| reading.value == number),
        Found::Part { .. } | Found::Nothing => false,
    }
}

/// "Non, 06 12 34 56 78."
fn correction(number: &str) -> String {
    let pairs: Vec<String> =
        number.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    format!("Non, {}.", pairs.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(file: &str) -> Person {
        let cues = Cues {
            confirms_topic: vec!["J'ai compris … C'est bien cela".into()],
            offers: vec!["Vous appelez peut-être à ce sujet … Ou bien".into()],
            reads_back: vec!["J'ai noté … C'est bien cela".into(), "Je note … C'est bien cela".into()],
            goes_on: vec!["Je continue".into()],
            has_not_understood: vec!["pas bien compris".into()],
            offers_call_back: vec!["Voulez-vous qu'on vous rappelle".into()],
            asks_to_wait: vec!["Un instant, je vérifie.".into()],
            has_part_of_number: vec!["J'ai noté … Et la suite".into()],
            has_saved: vec!["C'est noté".into()],
            has_raised_alarm: vec!["Si ce n'est pas une urgence".into()],
        };
        Person::new(Scenario::parse(file).unwrap(), cues)
    }

    fn says(text: &str) -> Act {
        Act::Say(text.to_owned())
    }

    const FILE: &str = r#"
title = "t"
service = "s"
subject = ["la carte d'identité"]
says = ["Bonjour, ma carte.", ["C'est combien ?", "Le prix ?"]]
[[answers]]
to = "quel nom"
says = ["Martin", "M A R T I N"]
[[answers]]
to = "je note"
unless = "martin"
says = ["Non, pas cela, Martin."]
[expect.request]
values = ["0612345678"]
"#;

    #[test]
    fn lines_come_one_after_the_other_and_then_goodbye() {
        let mut person = person(FILE);
        assert_eq!(person.heard("Mairie, bonjour. À quel nom ?"), says("Bonjour, ma carte."));
        assert_eq!(person.heard("Il faut un rendez-vous."), says("C'est combien ?"));
        assert_eq!(person.heard("Je n'ai pas bien compris."), says("Le prix ?"));
        assert_eq!(person.heard("C'est noté. Autre chose ?"), says(GOODBYE));
        assert_eq!(person.heard("Au revoir."), Act::HangUp);
    }

    #[test]
    fn nobody_leaves_without_what_they_called_for() {
        let mut person = person(&FILE.replace("[expect.request]", "[expect]\nheard = [\"gratuit\"]\n[expect.request]"));
        person.heard("Bonjour.");
        person.heard("Il faut un rendez-vous.");
        assert_eq!(person.heard("Faites le 112. Si ce n'est pas une urgence, dites un agent."), says("Le prix ?"));
        assert_eq!(person.heard("C'est cratuit."), says(REPEAT));
        assert_eq!(person.heard("C'est gratuit."), says(REPEAT), "the request is still to be left");
        assert_eq!(person.heard("C'est noté, votre demande est transmise."), says(GOODBYE));
        let mut deaf = self::person(FILE);
        deaf.heard("Bonjour.");
        deaf.heard("Il faut un rendez-vous.");
        let tries: Vec<Act> = (0..4).map(|_| deaf.heard("?")).collect();
        assert_eq!(tries, [says(REPEAT), says("Le prix ?"), says(REPEAT), says(GOODBYE)]);
    }

    #[test]
    fn who_was_told_something_else_puts_the_wish_in_other_words() {
        let mut person = person(
            r#"
            title = "Le prix"
            service = "s"
            wants = "Le prix."
            says = [["C'est cher ?", "Ça coûte combien ?", "Quel est le prix ?"]]
            expect.heard = ["gratuit"]
            "#,
        );
        assert_eq!(person.heard("Bonjour."), says("C'est cher ?"));
        assert_eq!(person.heard("Il faut un rendez-vous."), says(REPEAT));
        assert_eq!(person.heard("Il faut un rendez-vous."), says("Ça coûte combien ?"));
        assert_eq!(person.heard("Je n'ai pas bien compris."), says("Quel est le prix ?"));
        assert_eq!(person.heard("C'est gratuit."), says(GOODBYE));
    }

    #[test]
    fn questions_are_answered_by_subject_and_by_rule() {
        let mut person = person(FILE);
        person.heard("Bonjour.");
        assert_eq!(person.heard("J'ai compris : passeport. C'est bien cela ?"), says(NO));
        assert_eq!(person.heard("J'ai compris : la carte d'identité perdue. C'est bien cela ?"), says(YES));
        assert_eq!(
            person.heard("Vous appelez peut-être à ce sujet : un passeport ? Ou bien : la carte d'identité ?"),
            says("la carte d'identité")
        );
        assert_eq!(
            person.heard("Vous appelez peut-être à ce sujet : un passeport ? Ou bien : un acte ?"),
            says(SOMETHING_ELSE)
        );
        assert_eq!(person.asked_back, 4);
        assert_eq!(person.heard("À quel nom ?"), says("Martin"));
        assert_eq!(person.heard("À quel nom dites-vous ?"), says("M A R T I N"));
        assert_eq!(person.heard("Je continue ?"), says(GO_ON));
        assert_eq!(person.heard("Voulez-vous qu'on vous rappelle ?"), says(PLEASE));
    }

    #[test]
    fn who_said_no_puts_the_wish_in_other_words() {
        let mut person = person(FILE);
        person.heard("Bonjour.");
        person.heard("Il faut un rendez-vous.");
        assert_eq!(person.heard("J'ai compris : passeport. C'est bien cela ?"), says(NO));
        assert_eq!(person.heard("D'accord. Je n'ai pas bien compris."), says("Le prix ?"));
    }

    #[test]
    fn who_is_asked_to_wait_waits_for_the_answer() {
        let mut person = person(FILE);
        person.heard("Bonjour.");
        assert_eq!(person.heard("Ah, un instant je vérifie."), Act::Wait);
        assert_eq!(person.heard("Un instant, je vérifie. Il faut prendre rendez-vous."), says("C'est combien ?"));
    }

    #[test]
    fn what_is_read_back_is_checked() {
        let mut person = person(FILE);
        person.heard("Bonjour.");
        assert_eq!(person.heard("Je note : Moreau. C'est bien cela ?"), says("Non, pas cela, Martin."));
        assert_eq!(
            person.heard("Je note : Martin, au 06 12 34 56 70. C'est bien cela ?"),
            says("Non, 06 12 34 56 78.")
        );
        assert_eq!(person.heard("Je note : Martin, au 06 12 34 56 78. C'est bien cela ?"), says(YES));
    }

    #[test]
    fn who_is_asked_for_the_rest_says_the_number_again() {
        let mut person = person(FILE);
        person.heard("Bonjour.");
        for _ in 0..PATIENCE {
            assert_eq!(person.heard("J'ai noté 06 98 37 58. Et la suite ?"), says("Non, 06 12 34 56 78."));
        }
        assert_ne!(person.heard("J'ai noté 06 98 37 58. Et la suite ?"), says("Non, 06 12 34 56 78."));
    }

    #[test]
    fn a_number_heard_in_pieces_is_known_again_or_asked_for() {
        let mut person = person(&FILE.replace("0612345678", "0612349756"));
        person.heard("Bonjour.");
        assert_eq!(person.heard("Je note : Martin, au 06 12 34 80, 17 56. C'est bien cela ?"), says(YES));
        for _ in 0..PATIENCE {
            assert_eq!(person.heard("Je note : Martin, au 06 12 34 56. C'est bien cela ?"), says(REPEAT));
        }
        assert_eq!(person.heard("Je note : Martin, au 06 12 34 56. C'est bien cela ?"), says("Non, 06 12 34 97 56."));
    }

    #[test]
    fn everything_that_may_be_said_is_known_before() {
        let mut person = person(FILE);
        let texts = person.texts();
        for heard in [
            "",
            "quel nom",
            "Je note Moreau C'est bien cela",
            "Je note Martin 06 12 34 56 99 C'est bien cela",
            "Je continue",
        ] {
            if let Act::Say(text) = person.heard(heard) {
                assert!(texts.contains(&text), "{text}");
            }
        }
        assert!(texts.contains(&person.introduction()));
    }
}
