//! The ear for kinds of calls: danger, somebody wanted, another house, or a matter of the town. Learned from examples of the
//! first three against all that the town writes; and, apart from them, for signs of having understood.
//!
//! It hears the turns that patterns don't know. Must not know: what is said then.

use crate::dialplan::LanguagePlan;

use super::emergency::Danger;
use super::encoder::Encode;
use super::examples;
use super::meaning::{Beliefs, Taught};
use super::similarity::{Pieces, Similarity, pieces_of};
use super::spotting::Spotter;
use super::text::tokens;

/// Likeness of the nearest example without which a belief doesn't count.
const NEAR_ENOUGH: f32 = 0.2;

/// Likeness to calls for help that makes an alarm. Its words tell danger better than what a sentence means.
const ALARMING: f32 = 0.75;
/// The same beside insults and distress, which sound like it, and where the town has an answer.
const SURELY_ALARMING: f32 = 0.9;
/// The same where part of the sentence is a phrase that the officer wrote.
const ALARMING_BESIDE_A_PHRASE: f32 = 0.98;
/// How sure that somebody is asked for it must be.
const SURELY_SOMEBODY: f32 = 0.75;
const SURELY_SOMEBODY_BY_WORDS: f32 = 0.8;
/// The same where the town has an answer: "quelqu'un vous l'a rapporté ?" asks for no person.
const SOMEBODY_BESIDE_ANSWER: f32 = 0.9;

/// Likeness to signs of having understood that makes one.
const SURELY_SIGN: f32 = 0.5;
/// What signs are told from: each so-manieth of the other sentences.
const EACH_OTHER: usize = 6;

/// So many of the town's phrases stand for all: more would only outweigh the examples of the other kinds.
const MOST_OF_TOWN: usize = 6_000;

/// How much a sentence is like calls for another house, by its words and by its meaning.
pub type Foreign = [f32; 2];
/// Not at all.
pub const OURS: Foreign = [0.0; 2];

const DANGER: usize = 0;
const SOMEBODY: usize = 1;
const OTHER_HOUSE: usize = 2;
const TOWN: usize = 3;
const KINDS: usize = 4;

/// Of two: signs of having understood, and all else.
const SIGN: usize = 0;
const NO_SIGN: usize = 1;

/// How much a sentence is like each kind of call, by its words and by its meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kinds {
    pub danger: f32,
    pub somebody: f32,
    pub elsewhere: f32,
    /// Only a sign of having understood.
    pub sign: f32,
    /// By meaning; `None` without the sentence encoder.
    pub meant: Option<Meanings>,
}

/// Shares of belief by meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Meanings {
    pub somebody: f32,
    pub elsewhere: f32,
}

/// What else an alarming sentence was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    Nothing,
    /// An insult or distress, which sound like danger, or a matter of the town.
    Doubt,
    /// In part what the officer wrote.
    Phrase,
}

impl Kinds {
    pub fn is_alarm(&self, beside: Beside) -> bool {
        self.danger
            >= match beside {
                Beside::Nothing => ALARMING,
                Beside::Doubt => SURELY_ALARMING,
                Beside::Phrase => ALARMING_BESIDE_A_PHRASE,
            }
    }

    /// `beside`: never a phrase.
    pub fn is_for_somebody(&self, beside: Beside) -> bool {
        let (sure, needed) = match self.meant {
            Some(meant) => (SOMEBODY_ASKED.of(self.somebody, meant.somebody), SURELY_SOMEBODY),
            None => (self.somebody, SURELY_SOMEBODY_BY_WORDS),
        };
        sure >= if beside == Beside::Nothing { needed } else { SOMEBODY_BESIDE_ANSWER }
    }

    /// Beside no answer: nothing is asked.
    pub fn is_sign(&self) -> bool {
        self.sign >= SURELY_SIGN
    }

    pub fn foreign(&self) -> Foreign {
        [self.elsewhere, self.meant.map_or(0.0, |meant| meant.elsewhere)]
    }
}

/// Two shares of belief as one (logistic regression over their logarithms, fitted on sentences that are not held out).
struct Together {
    base: f32,
    words: f32,
    meaning: f32,
}

const SOMEBODY_ASKED: Together = Together { base: 2.96, words: 1.21, meaning: 1.47 };

impl Together {
    fn of(&self, words: f32, meaning: f32) -> f32 {
        let weighed = self.base + self.words * (words + 1e-3).ln() + self.meaning * (meaning + 1e-3).ln();
        1.0 / (1.0 + (-weighed).exp())
    }
}

/// Classifiers: which kind of call, which danger, and whether anything is asked.
#[derive(Debug, Clone)]
pub struct SecondEar {
    kinds: Similarity,
    signs: Similarity,
    dangers: Similarity,
    meaning: Option<Beliefs>,
}

impl SecondEar {
    /// Phrases and key words of the town are the fourth kind; `taught`: those sentences with their meaning.
    pub fn train(plan: &LanguagePlan, taught: Option<(&Taught, &dyn Encode)>) -> Self {
        let pieces = |text: &str| pieces_of(&tokens(text));
        let dangers: Vec<(usize, Pieces)> = examples::dangers().map(|(kind, text)| (kind, pieces(text))).collect();
        let mut others: Vec<(usize, Pieces)> = Vec::new();
        others.extend(examples::for_somebody().map(|text| (SOMEBODY, pieces(text))));
        others.extend(examples::elsewhere().map(|text| (OTHER_HOUSE, pieces(text))));
        others.extend(examples::town().map(|text| (TOWN, pieces(text))));
        let phrases = plan.topics.iter().flat_map(|topic| &topic.phrases);
        let keywords = plan.topics.iter().flat_map(|topic| &topic.keywords);
        let step = (phrases.clone().count() + keywords.clone().count()).div_ceil(MOST_OF_TOWN).max(1);
        let phrases = phrases.step_by(step).filter_map(|phrase| Spotter::plain(phrase).sentences().next());
        others.extend(phrases.map(|words| (TOWN, pieces_of(&words))));
        others.extend(keywords.step_by(step).map(|words| (TOWN, pieces(words))));
        let all: Vec<(usize, &Pieces)> = dangers
            .iter()
            .map(|(_, pieces)| (DANGER, pieces))
            .chain(others.iter().map(|(kind, pieces)| (*kind, pieces)))
            .collect();
        let of_danger: Vec<(usize, &Pieces)> = dangers.iter().map(|(kind, pieces)| (*kind, pieces)).collect();
        let signs: Vec<Pieces> = examples::signs().map(pieces).collect();
        let others = all.iter().step_by(EACH_OTHER).map(|(_, pieces)| (NO_SIGN, *pieces));
        let of_signs: Vec<(usize, &Pieces)> = signs.iter().map(|pieces| (SIGN, pieces)).chain(others).collect();
        Self {
            signs: Similarity::train(&of_signs, 2),
            kinds: Similarity::train(&all, KINDS),
            dangers: Similarity::train_beliefs(&of_danger, examples::kinds_of_danger().len()),
            meaning: taught.map(|(town, encoder)| {
                let kinds = Taught::new(encoder, sentences());
                let step = town.iter().count().div_ceil(MOST_OF_TOWN).max(1);
                let town = town.iter().step_by(step).map(|(_, point)| (TOWN, point));
                Beliefs::train(kinds.iter().chain(town), KINDS)
            }),
        }
    }

    /// `point`: where the sentence lies.
    pub fn kinds(&self, pieces: &Pieces, point: Option<&[f32]>) -> Kinds {
        let verdicts = self.kinds.judge(pieces);
        let meant = self.meaning.as_ref().zip(point).map(|(meaning, point)| {
            let shares = meaning.of(point);
            Meanings { somebody: shares[SOMEBODY], elsewhere: shares[OTHER_HOUSE] }
        });
        // Far from every example the beliefs tell only how many examples there are.
        let belief =
            |kind: usize| verdicts.get(kind).filter(|v| v.nearest >= NEAR_ENOUGH).map_or(0.0, |v| v.probability);
        Kinds {
            danger: belief(DANGER),
            somebody: belief(SOMEBODY),
            elsewhere: verdicts.get(OTHER_HOUSE).map_or(0.0, |v| v.probability),
            sign: self
                .signs
                .judge(pieces)
                .get(SIGN)
                .filter(|v| v.nearest >= NEAR_ENOUGH)
                .map_or(0.0, |v| v.probability),
            meant,
        }
    }

    /// The danger that a sentence is most like.
    pub fn danger(&self, said: &Pieces) -> Danger {
        let kinds = self.dangers.judge(said);
        let best = (0..kinds.len()).max_by(|a, b| kinds[*a].probability.total_cmp(&kinds[*b].probability));
        best.and_then(|best| examples::kinds_of_danger().nth(best)).unwrap_or(Danger::Unclear)
    }
}

/// The examples as they are written.
fn sentences() -> Vec<(usize, String)> {
    let all = examples::dangers().map(|(_, text)| (DANGER, text));
    let all = all.chain(examples::for_somebody().map(|text| (SOMEBODY, text)));
    let all = all.chain(examples::elsewhere().map(|text| (OTHER_HOUSE, text)));
    let all = all.chain(examples::town().map(|text| (TOWN, text)));
    all.map(|(kind, text)| (kind, text.to_lowercase())).collect()
}
