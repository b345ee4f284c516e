//! From words to topic, PURE.
//!
//! Owns: which topic a sentence is about, how sure, and why; commands valid everywhere. Must not know: audio, the state of
//! forms, what is said in answer.
//!
//! Two judges of different nature look at each sentence: the officer's phrases and key words spotted in it ([`spotting`],
//! [`keywords`]), and a classifier learned from them over pieces of words and sounds ([`similarity`]). Their agreement is the
//! confidence; only words the officer knows make an answer, likeness alone at most a question. Emergencies ([`emergency`]) and
//! asking for somebody ([`reach`]) come before.
//!
//! ```text
//! Understanding::train(plan: &LanguagePlan) -> Understanding
//! understanding.interpret(text: &str, open: Option<TopicId>) -> Interpretation
//! ```

pub mod commands;
mod ear;
mod emergency;
mod keywords;
pub mod pattern;
mod phonetic;
mod reach;
mod similarity;
pub mod slots;
pub mod spotting;
#[cfg(test)]
mod tests;
pub mod text;

use crate::dialplan::{LanguagePlan, TopicId};
use keywords::{Keywords, Rarity, Source};
use similarity::Similarity;
use spotting::{Spot, Spotter};
use text::{Token, tokens};

/// What a sentence seems to be about.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpretation {
    pub decision: Decision,
    /// Candidates, best first, at most five.
    pub ranking: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub topic: TopicId,
    /// 0–1.
    pub score: f32,
    /// What matched, for `--explain`; no caller words in logs.
    pub evidence: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Sure: answer.
    Answer(TopicId),
    /// Fairly sure: "C'est pour … ?"
    Confirm(TopicId),
    /// Two or three that may be meant.
    Offer(Vec<TopicId>),
    /// The caller asks for somebody of a service or by name.
    Reach { service: Option<TopicId> },
    /// Fire, violence, gas …: before everything else.
    Emergency,
    /// Nothing matched.
    Unknown,
}

/// A phrase of which this much was said, and which explains so much of the sentence, is an answer by itself.
const WHOLE_PHRASE: f32 = 0.97;
/// Lexical evidence that allows an answer when both judges agree.
const ENOUGH_TO_ANSWER: f32 = 0.45;
/// Lexical evidence that allows a question.
const ENOUGH_TO_ASK: f32 = 0.3;
/// Likeness of the nearest example that allows a question with little lexical evidence.
const NEAR_ENOUGH_TO_ASK: f32 = 0.55;
/// Share of the sentence's meaningful words that must be the topic's for an answer, at least two of them; a single word has
/// to be more than half of what is said. The rest may be about something else.
const KNOWN_ENOUGH: f32 = 0.45;
/// Advantage of the best candidate over the next that makes it the only one.
const CLEAR_LEAD: f32 = 0.08;
/// What a follow-up of the open topic gains: it wins ties.
const FOLLOW_UP_BONUS: f32 = 0.08;
/// Most candidates reported.
const MOST_CANDIDATES: usize = 5;

/// Everything learned from one language of a dialplan.
#[derive(Debug, Clone)]
pub struct Understanding {
    /// Topics that can be reached by words; index = class.
    classes: Vec<Class>,
    keywords: Keywords,
    similarity: Similarity,
    rarity: Rarity,
}

#[derive(Debug, Clone)]
struct Class {
    topic: TopicId,
    service: String,
    title: Vec<Token>,
    parent: Option<TopicId>,
    spotters: Vec<Spotter>,
}

/// What both judges say of one class.
#[derive(Debug, Clone, Default)]
struct Judged {
    /// Lexical judge, 0–1.
    lexical: f32,
    /// Both, 0–1.
    fused: f32,
    probability: f32,
    nearest: f32,
    spot: Spot,
    phrase: Option<String>,
    words: Vec<String>,
    /// Share of the sentence's meaningful words that are words of the topic.
    known: f32,
    in_context: bool,
}

impl Understanding {
    /// Learns from phrases, key words and titles; in memory, well under a second.
    pub fn train(plan: &LanguagePlan) -> Self {
        let built_in = [Some(plan.welcome), plan.keypad_menu, plan.anything_else];
        let reachable: Vec<usize> = (0..plan.topics.len())
            .filter(|i| {
                let topic = &plan.topics[*i];
                !topic.phrases.is_empty() || !topic.keywords.is_empty() || !built_in.contains(&Some(TopicId(*i)))
            })
            .collect();
        let sources: Vec<Source<'_>> = reachable
            .iter()
            .map(|i| {
                let topic = &plan.topics[*i];
                Source {
                    listed: &topic.keywords,
                    title: &topic.title,
                    phrases: topic
                        .phrases
                        .iter()
                        .flat_map(|p| Spotter::plain(p).sentences().flatten().collect::<Vec<_>>())
                        .collect(),
                }
            })
            .collect();
        let words: Vec<Vec<Token>> = sources
            .iter()
            .map(|source| {
                let mut words = source.phrases.clone();
                words.extend(source.listed.iter().flat_map(|w| tokens(w)));
                words.extend(tokens(source.title));
                words
            })
            .collect();
        let rarity = Rarity::new(&words);
        let classes: Vec<Class> = reachable
            .iter()
            .map(|i| {
                let topic = &plan.topics[*i];
                Class {
                    topic: TopicId(*i),
                    service: topic.service.clone(),
                    title: tokens(&topic.title),
                    parent: topic.parent,
                    spotters: topic
                        .phrases
                        .iter()
                        .map(|phrase| Spotter::new(phrase, |token| rarity.of(token)))
                        .collect(),
                }
            })
            .collect();
        let mut examples: Vec<(usize, Vec<Token>)> = Vec::new();
        for (index, (class, source)) in classes.iter().zip(&sources).enumerate() {
            // A follow-up is learned with its parent's title too: "le prix de la carte d'identité".
            let context: Vec<Token> =
                class.parent.and_then(|p| plan.topics.get(p.0)).map(|p| tokens(&p.title)).unwrap_or_default();
            examples.push((index, context.iter().chain(&class.title).cloned().collect()));
            for spotter in &class.spotters {
                examples.extend(spotter.sentences().take(6).map(|s| (index, s)));
            }
            for word in source.listed {
                examples.push((index, tokens(word)));
            }
        }
        examples.retain(|(_, words)| !words.is_empty());
        Self {
            similarity: Similarity::train(&examples, classes.len()),
            keywords: Keywords::new(&sources, rarity.clone()),
            classes,
            rarity,
        }
    }

    /// What `text` means while `open` is the topic under way. The text may be anything; it is cut at
    /// [`text::LONGEST_TEXT`] characters.
    pub fn interpret(&self, text: &str, open: Option<TopicId>) -> Interpretation {
        let plain = text::plain(text::cut(text));
        let said = tokens(text);
        if emergency::is_emergency(&said) {
            return Interpretation { decision: Decision::Emergency, ranking: Vec::new() };
        }
        let mended = ear::mended(&plain).map(|m| tokens(&m));
        if let Some(target) = reach::asked(mended.as_ref().unwrap_or(&said)) {
            let judged = self.judge(&target, open);
            let ranking = self.ranking(&judged);
            return Interpretation {
                decision: Decision::Reach { service: self.service_meant(&target, &judged) },
                ranking,
            };
        }
        let mut judged = self.judge(&said, open);
        if let Some(mended) = mended {
            for (kept, other) in judged.iter_mut().zip(self.judge(&mended, open)) {
                if other.fused > kept.fused {
                    *kept = other;
                }
            }
        }
        Interpretation { decision: self.decide(&judged), ranking: self.ranking(&judged) }
    }

    /// One entry a class; those that can't be reached now stay at zero.
    fn judge(&self, said: &[Token], open: Option<TopicId>) -> Vec<Judged> {
        let hits = self.keywords.score(said);
        let verdicts = self.similarity.judge(said);
        let mut judged: Vec<Judged> = Vec::with_capacity(self.classes.len());
        for ((class, hits), verdict) in self.classes.iter().zip(hits).zip(verdicts) {
            if !self.is_reachable(class, open) {
                judged.push(Judged::default());
                continue;
            }
            let best = class
                .spotters
                .iter()
                .map(|spotter| (spotter.spot(said), spotter))
                .max_by(|a, b| strength(&a.0).total_cmp(&strength(&b.0)));
            let (spot, phrase) = match best {
                Some((spot, spotter)) if spot.score > 0.4 => (spot, Some(spotter.written.clone())),
                _ => (Spot::default(), None),
            };
            let lexical = 1.0 - (1.0 - 0.95 * strength(&spot)) * (1.0 - 0.8 * hits.score);
            let in_context = open.is_some()
                && (class.parent.is_some() && (class.parent == open || class.parent == self.parent_of(open)));
            let mut fused = 0.45 * lexical + 0.45 * verdict.probability + 0.1 * verdict.nearest;
            if in_context && lexical > 0.2 {
                fused += FOLLOW_UP_BONUS;
            }
            judged.push(Judged {
                lexical,
                fused: fused.clamp(0.0, 1.0),
                probability: verdict.probability,
                nearest: verdict.nearest,
                spot,
                phrase,
                words: hits.words,
                known: hits.coverage,
                in_context,
            });
        }
        judged
    }

    fn parent_of(&self, topic: Option<TopicId>) -> Option<TopicId> {
        self.classes.iter().find(|c| Some(c.topic) == topic).and_then(|c| c.parent)
    }

    /// Follow-ups are reachable while their parent, they themselves or a sibling is open.
    fn is_reachable(&self, class: &Class, open: Option<TopicId>) -> bool {
        match class.parent {
            None => true,
            Some(parent) => open == Some(parent) || open == Some(class.topic) || self.parent_of(open) == Some(parent),
        }
    }

    fn decide(&self, judged: &[Judged]) -> Decision {
        let mut order: Vec<usize> = (0..judged.len()).collect();
        order.sort_by(|a, b| judged[*b].fused.total_cmp(&judged[*a].fused));
        let Some(&first) = order.first() else {
            return Decision::Unknown;
        };
        let best = &judged[first];
        let topic = |class: usize| self.classes[class].topic;
        let runner_up = order.get(1).map(|i| &judged[*i]);
        let lead = best.fused - runner_up.map_or(0.0, |r| r.fused);

        // A whole phrase of the officer's, better found than any other.
        let explains = |words: usize, share: f32| share > 0.5 || (words >= 2 && share >= KNOWN_ENOUGH);
        let whole = |j: &Judged| j.spot.score >= WHOLE_PHRASE && explains(j.spot.words, j.spot.coverage);
        if whole(best) && !runner_up.is_some_and(|r| whole(r) && lead < 0.02 && r.spot.matched >= best.spot.matched) {
            return Decision::Answer(topic(first));
        }
        let learned_best =
            (0..judged.len()).max_by(|a, b| judged[*a].probability.total_cmp(&judged[*b].probability)).unwrap_or(first);
        let lexical_best =
            (0..judged.len()).max_by(|a, b| judged[*a].lexical.total_cmp(&judged[*b].lexical)).unwrap_or(first);
        let agree = learned_best == first && lexical_best == first;
        let explained = explains(best.words.len(), best.known);
        if agree && best.lexical >= ENOUGH_TO_ANSWER && explained && lead >= CLEAR_LEAD {
            return Decision::Answer(topic(first));
        }
        let askable = |j: &Judged| j.lexical >= ENOUGH_TO_ASK || (j.nearest >= NEAR_ENOUGH_TO_ASK && j.lexical > 0.15);
        if !askable(best) {
            return Decision::Unknown;
        }
        let rivals: Vec<usize> = order
            .iter()
            .copied()
            .take(3)
            .filter(|i| askable(&judged[*i]) && best.fused - judged[*i].fused < 2.0 * CLEAR_LEAD)
            .collect();
        if rivals.len() < 2 || (agree && lead >= CLEAR_LEAD) {
            Decision::Confirm(topic(first))
        } else {
            Decision::Offer(rivals.into_iter().map(topic).collect())
        }
    }

    /// The topic whose service is asked for: by the service's own name first, then by what is said.
    fn service_meant(&self, target: &[Token], judged: &[Judged]) -> Option<TopicId> {
        let named = self.classes.iter().find(|class| {
            let name = tokens(&class.service.replace('_', " "));
            let mut words = name.iter().filter(|w| w.is_content()).peekable();
            words.peek().is_some() && words.all(|w| target.iter().any(|t| w.likeness(t) >= 0.85))
        });
        if let Some(class) = named {
            return Some(class.topic);
        }
        let best = (0..judged.len()).max_by(|a, b| judged[*a].fused.total_cmp(&judged[*b].fused))?;
        (judged[best].lexical >= ENOUGH_TO_ASK).then(|| self.classes[best].topic)
    }

    fn ranking(&self, judged: &[Judged]) -> Vec<Candidate> {
        let mut order: Vec<usize> = (0..judged.len()).filter(|i| judged[*i].fused > 0.02).collect();
        order.sort_by(|a, b| judged[*b].fused.total_cmp(&judged[*a].fused));
        order
            .into_iter()
            .take(MOST_CANDIDATES)
            .map(|class| {
                let judged = &judged[class];
                let mut evidence = Vec::new();
                if let Some(phrase) = &judged.phrase {
                    evidence.push(format!("phrase « {phrase} » ({:.0} %)", judged.spot.score * 100.0));
                }
                if !judged.words.is_empty() {
                    evidence.push(format!("mots « {} »", judged.words.join(" », « ")));
                }
                evidence.push(format!(
                    "ressemblance {:.0} %, exemple le plus proche {:.0} %",
                    judged.probability * 100.0,
                    judged.nearest * 100.0
                ));
                if judged.in_context {
                    evidence.push("suite du sujet en cours".to_owned());
                }
                Candidate { topic: self.classes[class].topic, score: judged.fused, evidence }
            })
            .collect()
    }

    /// How rare a word is among the topics, 0–1: for choosing words that help the recogniser.
    pub fn rarity(&self, word: &Token) -> f32 {
        self.rarity.of(word)
    }
}

/// A spotted phrase as evidence, 0–1: how much of it was said, and how much of the sentence it explains.
fn strength(spot: &Spot) -> f32 {
    let said = if spot.score >= WHOLE_PHRASE { spot.score } else { 0.8 * spot.score };
    said * (0.6 + 0.4 * spot.coverage) * (spot.matched / (spot.matched + 0.15))
}
