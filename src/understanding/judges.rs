//! The judges over one language of a dialplan, at two levels: which service, and which of its topics.
//!
//! The services of a town share few words, the topics of one service most of theirs: a service can be certain while its
//! topics split the belief. So each judge says what it thinks of services ([`GroupVerdict`]) first, then of the topics of each.
//! Topics of the file that holds the welcome belong to no service: each stands for itself. Must not know: what is decided.

use std::collections::{HashMap, HashSet};

use crate::dialplan::{LanguagePlan, Part, Rule, Topic, TopicId, Trigger};

use super::encoder::Encode;
use super::join::Join;
use super::keywords::{Keywords, Rarity, Source, found_share};
use super::meaning::{Meaning, Meant, Taught};
use super::second_ear::Foreign;
use super::similarity::{Pieces, Similarity, pieces_of};
use super::spotting::{Numbered, Spot, Spotter};
use super::text::{Token, tokens};
use super::vocabulary::{Heard, Vocabulary};
use super::weights::{self, Weights, weigh};

/// A phrase of which this much was said is found whole.
pub const WHOLE_PHRASE: f32 = 0.97;
/// What a phrase said whole adds to its topic, beside the other topics of the service.
const SAID_WHOLE: f32 = 0.4;
/// Topics of one service talk of like things: there the very word counts.
const WITHIN_SERVICE: f32 = 3.0;
/// What nearness in meaning adds to a topic, beside the other topics of the service.
const NEAR_WITHIN: f32 = 0.3;
/// Below this a phrase is no evidence.
const NO_EVIDENCE: f32 = 0.4;
/// Readings of one phrase that are learned from.
const READINGS_LEARNED: usize = 4;
/// The same for the third judge, to whom they are nearly one, of so many.
const VARIANTS_LEARNED: usize = 2;
const MOST_VARIANTS: usize = 24;

/// A topic that words can reach.
#[derive(Debug, Clone)]
pub struct Class {
    pub topic: TopicId,
    pub parent: Option<TopicId>,
    pub group: usize,
    spotters: Vec<Numbered>,
}

/// A service, or a topic that belongs to none.
#[derive(Debug, Clone)]
pub struct Group {
    pub service: String,
    /// Names that callers may use: the service's id and title.
    pub names: Vec<Vec<Token>>,
    /// Its classes; the first is the one that speaks for it.
    pub classes: Vec<usize>,
}

/// Everything learned from one language of a dialplan.
#[derive(Debug, Clone)]
pub struct Judges {
    pub classes: Vec<Class>,
    pub groups: Vec<Group>,
    vocabulary: Vocabulary,
    group_words: Keywords,
    class_words: Keywords,
    group_likeness: Similarity,
    /// For each group, which of its classes.
    class_likeness: Vec<Similarity>,
    /// Where the sentence encoder is there.
    meaning: Option<Meaning>,
    rarity: Rarity,
}

/// What the judges think of one group.
#[derive(Debug, Clone, Default)]
pub struct GroupVerdict {
    /// Phrases and key words, 0–1.
    pub lexical: f32,
    /// Learned, sums to one over the groups.
    pub probability: f32,
    /// Learned: how like the nearest example.
    pub nearest: f32,
    /// By meaning, sums to one over the groups; nothing without the sentence encoder.
    pub meant: f32,
    /// By meaning: how like the nearest example.
    pub nearest_meant: f32,
    /// All of them, 0–1.
    pub fused: f32,
    /// Share of the sentence's meaningful words that are words of the group.
    pub known: f32,
    pub words: Vec<String>,
    /// Which words of the sentence those are.
    pub found: Vec<bool>,
    /// The best phrase of a class that can be reached.
    pub spot: Spot,
    /// The best class, and its lead over the next within the group; `None` when none can be reached.
    pub best: Option<(usize, f32)>,
}

/// What the judges think of one class, within its group.
#[derive(Debug, Clone, Default)]
pub struct ClassVerdict {
    pub fused: f32,
    pub probability: f32,
    /// By meaning: how like the nearest example.
    pub near: f32,
    pub spot: Spot,
    pub phrase: Option<String>,
}

/// How near a sentence is to each class in meaning, 0–1; empty without the third judge.
#[derive(Debug, Clone, Default)]
pub struct Near {
    pub examples: Vec<f32>,
    pub told: Vec<f32>,
}

/// A whole sentence judged.
#[derive(Debug, Clone)]
pub struct Judged {
    pub groups: Vec<GroupVerdict>,
    pub classes: Vec<ClassVerdict>,
}

impl Judges {
    /// `taught`: by [`taught`]; without it there are two judges.
    pub fn train(plan: &LanguagePlan, taught: Option<&Taught>, join: &impl Join) -> Self {
        let reachable = reachable_topics(plan);
        let (groups, group_of) = group(plan, &reachable);
        let spotters: Vec<Vec<Spotter>> =
            reachable.iter().map(|id| plan.topic(*id).phrases.iter().map(Spotter::plain).collect()).collect();
        let class_sources: Vec<Source> =
            reachable.iter().zip(&spotters).map(|(id, spotters)| source(plan, *id, spotters)).collect();
        let group_sources: Vec<Source> = groups
            .iter()
            .map(|group| {
                let mut joined = Source::default();
                for class in &group.classes {
                    joined.join(&class_sources[*class]);
                }
                if group.classes.len() > 1 {
                    joined.titles.extend(plan.service_title(&group.service).map(str::to_owned));
                    joined.titles.push(group.service.replace('_', " "));
                }
                joined
            })
            .collect();
        let rarity = Rarity::new(&group_sources);
        let examples = examples(plan, &reachable, &spotters, &class_sources);
        let by_group: Vec<(usize, &Pieces)> = examples.iter().map(|(c, pieces)| (group_of[*c], pieces)).collect();
        let mut vocabulary = Vocabulary::default();
        let classes: Vec<Class> = reachable
            .iter()
            .zip(&group_of)
            .zip(spotters)
            .map(|((id, group), spotters)| {
                let ready = spotters.into_iter().map(|s| s.weighed(|token| rarity.of(token)).numbered(&mut vocabulary));
                Class { topic: *id, parent: plan.topic(*id).parent, group: *group, spotters: ready.collect() }
            })
            .collect();
        let class_likeness = || {
            let within = |group: &Group| {
                let own: Vec<(usize, &Pieces)> = examples
                    .iter()
                    .filter_map(|(class, pieces)| Some((group.classes.iter().position(|c| c == class)?, pieces)))
                    .collect();
                Similarity::train_beliefs(&own, group.classes.len())
            };
            groups.iter().map(within).collect()
        };
        let group_likeness = || Similarity::train(&by_group, groups.len());
        let meaning = || taught.map(|taught| Meaning::train(taught, &group_of, groups.len()));
        let ((class_likeness, meaning), group_likeness) = join.both(|| (class_likeness(), meaning()), group_likeness);
        Self {
            meaning,
            group_words: Keywords::new(&group_sources, &rarity, 1.0, &mut vocabulary),
            class_words: Keywords::new(&class_sources, &Rarity::new(&class_sources), WITHIN_SERVICE, &mut vocabulary),
            group_likeness,
            class_likeness,
            classes,
            groups,
            vocabulary,
            rarity,
        }
    }

    /// What the third judge says, if there is one; `point`: where the sentence lies.
    pub fn meaning(&self, point: Option<&[f32]>) -> Meant {
        let meant = self.meaning.as_ref().zip(point).map(|(meaning, point)| meaning.judge(point));
        meant.unwrap_or_default()
    }

    /// How near each class is in meaning, by its examples (follow-ups without the title of what they follow) and by what it answers;
    /// nothing without the third judge.
    pub fn near(&self, point: Option<&[f32]>) -> Near {
        let near = self
            .meaning
            .as_ref()
            .zip(point)
            .map(|(meaning, point)| Near { examples: meaning.near_bare(point), told: meaning.near_told(point) });
        near.unwrap_or_default()
    }

    /// How sure that this group is meant, 0–1.
    pub fn confidence(&self, group: &GroupVerdict, foreign: Foreign) -> f32 {
        let confidence = if self.meaning.is_some() { &weights::CONFIDENCE } else { &weights::CONFIDENCE_BY_WORDS };
        confidence.of(group, foreign)
    }

    /// Verdicts over what can be reached while `open` is under way.
    ///
    /// `meant`: by [`Judges::meaning`], of the same sentence or of another reading of it.
    pub fn judge(&self, said: &[Token], meant: &Meant, open: Option<TopicId>) -> Judged {
        let heard = self.vocabulary.hear(said);
        let pieces = pieces_of(said);
        let classes = self.judge_classes(&heard, &pieces, meant, &|class| self.is_reachable(class, open));
        let hits = self.group_words.score(&heard);
        let likeness = self.group_likeness.judge(&pieces);
        let groups = self.groups.iter().zip(hits).zip(likeness).enumerate();
        let groups = groups
            .map(|(number, ((group, hits), likeness))| {
                let by_meaning = meant.groups.get(number).copied().unwrap_or_default();
                let mut order: Vec<usize> =
                    group.classes.iter().copied().filter(|c| self.is_reachable(*c, open)).collect();
                order.sort_by(|a, b| classes[*b].fused.total_cmp(&classes[*a].fused));
                let Some(best) = order.first() else {
                    return GroupVerdict::default();
                };
                let next = order.get(1).map_or(0.0, |c| classes[*c].fused);
                let spot = order
                    .iter()
                    .map(|c| classes[*c].spot)
                    .max_by(|a, b| proof(a).total_cmp(&proof(b)))
                    .unwrap_or_default();
                let lexical = 1.0 - (1.0 - 0.95 * strength(&spot)) * (1.0 - 0.8 * hits.score);
                GroupVerdict {
                    lexical,
                    probability: likeness.probability,
                    nearest: likeness.nearest,
                    meant: by_meaning.probability,
                    nearest_meant: by_meaning.nearest,
                    fused: 0.0,
                    known: found_share(said, &hits.found),
                    words: hits.words,
                    found: hits.found,
                    spot,
                    best: Some((*best, classes[*best].fused - next)),
                }
            })
            .collect();
        let weights = if self.meaning.is_some() { &weights::CHOICE } else { &weights::CHOICE_BY_WORDS };
        Judged { groups: fuse(groups, weights), classes }
    }

    /// Verdicts over all classes of one group, follow-ups too, whatever is under way; the others' are empty.
    pub fn judge_within(&self, said: &[Token], meant: &Meant, group: usize) -> Vec<ClassVerdict> {
        let heard = self.vocabulary.hear(said);
        self.judge_classes(&heard, &pieces_of(said), meant, &|class| self.classes[class].group == group)
    }

    fn judge_classes(
        &self,
        heard: &Heard<'_>,
        pieces: &Pieces,
        meant: &Meant,
        is_reachable: &dyn Fn(usize) -> bool,
    ) -> Vec<ClassVerdict> {
        let hits = self.class_words.score(heard);
        let mut verdicts: Vec<ClassVerdict> = Vec::with_capacity(self.classes.len());
        for (number, (class, hits)) in self.classes.iter().zip(hits).enumerate() {
            if !is_reachable(number) {
                verdicts.push(ClassVerdict::default());
                continue;
            }
            let best = class
                .spotters
                .iter()
                .map(|spotter| (spotter.spot(heard), spotter))
                .max_by(|a, b| proof(&a.0).total_cmp(&proof(&b.0)));
            let (spot, phrase) = match best {
                Some((spot, spotter)) if spot.score > NO_EVIDENCE => (spot, Some(spotter.written.to_string())),
                _ => (Spot::default(), None),
            };
            let lexical = 1.0 - (1.0 - 0.95 * strength(&spot)) * (1.0 - 0.8 * hits.score);
            let whole = if spot.score >= WHOLE_PHRASE { SAID_WHOLE * spot.coverage } else { 0.0 };
            let near = meant.classes.get(number).copied().unwrap_or_default();
            let fused = 0.5 * lexical + whole + NEAR_WITHIN * near;
            verdicts.push(ClassVerdict { fused, probability: 0.0, near, spot, phrase });
        }
        for (group, likeness) in self.groups.iter().zip(&self.class_likeness) {
            let beliefs = likeness.judge(pieces);
            let reachable = group.classes.iter().zip(&beliefs).filter(|(c, _)| is_reachable(**c));
            let sum: f32 = reachable.map(|(_, belief)| belief.probability).sum();
            for (class, belief) in group.classes.iter().zip(&beliefs) {
                if sum > 0.0 && is_reachable(*class) {
                    verdicts[*class].probability = belief.probability / sum;
                    verdicts[*class].fused += 0.5 * belief.probability / sum;
                }
            }
        }
        verdicts
    }

    /// Follow-ups are reachable while their parent, they themselves or a sibling is open.
    fn is_reachable(&self, class: usize, open: Option<TopicId>) -> bool {
        self.classes[class].parent.is_none() || self.is_follow_up_of(class, open)
    }

    /// A follow-up of the open topic, or of the open topic's parent.
    pub fn is_follow_up_of(&self, class: usize, open: Option<TopicId>) -> bool {
        let Some(open) = open else {
            return false;
        };
        let parent = self.classes[class].parent;
        let sibling = || self.class_of(open).and_then(|c| self.classes[c].parent);
        parent.is_some() && (parent == Some(open) || parent == sibling())
    }

    pub fn class_of(&self, topic: TopicId) -> Option<usize> {
        self.classes.iter().position(|class| class.topic == topic)
    }

    /// How rare a word is among the services, 0–1.
    pub fn rarity(&self, word: &Token) -> f32 {
        self.rarity.of(word)
    }
}

/// Shares of the judges' belief over the groups that can be reached.
fn fuse(mut groups: Vec<GroupVerdict>, weights: &Weights) -> Vec<GroupVerdict> {
    let weighed: Vec<f32> = groups.iter().map(|verdict| weigh(verdict, weights)).collect();
    let reachable = |group: &GroupVerdict| group.best.is_some() && (group.lexical > 0.0 || group.nearest > 0.0);
    let highest = groups.iter().zip(&weighed).filter(|(g, _)| reachable(g)).map(|(_, w)| *w).fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for (group, weight) in groups.iter_mut().zip(weighed) {
        group.fused = if reachable(group) { (weight - highest).exp() } else { 0.0 };
        sum += group.fused;
    }
    for group in &mut groups {
        group.fused /= f32::max(sum, f32::MIN_POSITIVE);
    }
    groups
}

impl Judged {
    /// The better of two readings of one sentence, for each group and class.
    pub fn or(mut self, other: Judged) -> Judged {
        for (kept, other) in self.groups.iter_mut().zip(other.groups) {
            if other.fused > kept.fused {
                *kept = other;
            }
        }
        for (kept, other) in self.classes.iter_mut().zip(other.classes) {
            if other.fused > kept.fused {
                *kept = other;
            }
        }
        self
    }
}

/// Topics that words can reach: all but those the program itself goes to, unless they have words of their own.
fn reachable_topics(plan: &LanguagePlan) -> Vec<TopicId> {
    let built_in = [Some(plan.welcome), plan.keypad_menu, plan.anything_else];
    plan.iter()
        .filter(|(id, topic)| {
            let has_words = !topic.phrases.is_empty() || !topic.keywords.is_empty();
            has_words || (!built_in.contains(&Some(*id)) && !is_menu(topic))
        })
        .map(|(id, _)| id)
        .collect()
}

/// Choices by key: reached from another topic, never by words of its own.
fn is_menu(topic: &Topic) -> bool {
    let has_key = |rule: &Rule| rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::Key(_)));
    topic.parent.is_none() && topic.rules.len() > 2 && topic.rules.iter().all(has_key)
}

/// The groups, and the group of each class. A service's first topic speaks for it: files begin with the general one.
fn group(plan: &LanguagePlan, reachable: &[TopicId]) -> (Vec<Group>, Vec<usize>) {
    let loose = &plan.topic(plan.welcome).service;
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: HashMap<(String, Option<TopicId>), usize> = HashMap::new();
    let mut group_of = Vec::with_capacity(reachable.len());
    for (class, id) in reachable.iter().enumerate() {
        let topic = plan.topic(*id);
        let own = (topic.service == *loose).then(|| topic.parent.unwrap_or(*id));
        let group = *by_key.entry((topic.service.clone(), own)).or_insert_with(|| {
            let mut names = Vec::new();
            if own.is_none() {
                names.push(tokens(&topic.service.replace('_', " ")));
                names.extend(plan.service_title(&topic.service).map(tokens));
            }
            groups.push(Group { service: topic.service.clone(), names, classes: Vec::new() });
            groups.len() - 1
        });
        groups[group].classes.push(class);
        group_of.push(group);
    }
    (groups, group_of)
}

fn source(plan: &LanguagePlan, id: TopicId, spotters: &[Spotter]) -> Source {
    let topic = plan.topic(id);
    Source {
        listed: topic.keywords.clone(),
        titles: vec![topic.title.clone()],
        phrases: distinct(spotters.iter().flat_map(Spotter::sentences).flatten()),
        answers: distinct(answers(topic).flat_map(|text| tokens(&text))),
    }
}

/// Each word once, in the order met.
fn distinct(words: impl Iterator<Item = Token>) -> Vec<Token> {
    let mut seen: HashSet<String> = HashSet::new();
    words.filter(|word| seen.insert(word.folded.clone())).collect()
}

/// What a topic tells, sentence by sentence: answers hold the words that questions are made of. What it asks ("Voulez-vous parler à un
/// agent ?") is much the same for all.
fn answers(topic: &Topic) -> impl Iterator<Item = String> + '_ {
    topic.say.iter().flat_map(|speech| {
        let text: String = speech
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Value(_) => " ",
            })
            .collect();
        let sentences = text.split_inclusive(['.', '?', '!']).filter(|sentence| !sentence.ends_with('?'));
        sentences.map(str::to_owned).collect::<Vec<_>>()
    })
}

/// What the second judge learns from: titles, phrases in several readings, key words.
fn examples(
    plan: &LanguagePlan,
    reachable: &[TopicId],
    spotters: &[Vec<Spotter>],
    sources: &[Source],
) -> Vec<(usize, Pieces)> {
    let mut examples: Vec<(usize, Pieces)> = Vec::new();
    for (number, ((id, spotters), source)) in reachable.iter().zip(spotters).zip(sources).enumerate() {
        let topic = plan.topic(*id);
        // A follow-up is learned with its parent's title: "le prix de la carte d'identité".
        let context: Vec<Token> = topic.parent.map(|p| tokens(&plan.topic(p).title)).unwrap_or_default();
        let mut learn = |words: Vec<Token>| {
            if !words.is_empty() {
                let whole: Vec<Token> = context.iter().cloned().chain(words).collect();
                examples.push((number, pieces_of(&whole)));
            }
        };
        source.titles.iter().for_each(|title| learn(tokens(title)));
        for spotter in spotters {
            let readings: Vec<Vec<Token>> = spotter.sentences().collect();
            let step = readings.len().div_ceil(READINGS_LEARNED).max(1);
            readings.into_iter().step_by(step).for_each(&mut learn);
        }
        source.listed.iter().for_each(|word| learn(tokens(word)));
        answers(topic).for_each(|sentence| learn(tokens(&sentence)));
    }
    examples
}

/// What the third judge learns from: the same, as it is written.
pub fn taught(plan: &LanguagePlan, encoder: &dyn Encode) -> Taught {
    let (mut sentences, mut bare, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (number, id) in reachable_topics(plan).into_iter().enumerate() {
        let topic = plan.topic(id);
        let phrases = topic.phrases.iter().flat_map(|phrase| {
            let readings = phrase.variants(MOST_VARIANTS);
            let step = readings.len().div_ceil(VARIANTS_LEARNED).max(1);
            readings.into_iter().step_by(step).take(VARIANTS_LEARNED)
        });
        let texts = std::iter::once(topic.title.clone()).chain(phrases).chain(topic.keywords.iter().cloned());
        let texts = texts.map(|text| text.to_lowercase());
        told.extend(answers(topic).map(|sentence| (number, sentence.to_lowercase())));
        match topic.parent.map(|parent| plan.topic(parent).title.to_lowercase()) {
            Some(title) => {
                let texts: Vec<String> = texts.collect();
                sentences.extend(texts.iter().map(|text| (number, format!("{title} {text}"))));
                bare.extend(texts.into_iter().map(|text| (number, text)));
            }
            None => sentences.extend(texts.map(|text| (number, text))),
        }
    }
    Taught::new(encoder, sentences).with_context(encoder, bare, told)
}

/// What a phrase proves beside others: one said whole that explains the sentence comes before all that are only partly said.
fn proof(spot: &Spot) -> f32 {
    let whole = spot.score >= WHOLE_PHRASE && spot.coverage > 0.5;
    strength(spot) + if whole { 1.0 } else { 0.0 }
}

/// A spotted phrase as evidence, 0–1: how much of it was said, and how much of the sentence it explains.
pub fn strength(spot: &Spot) -> f32 {
    let said = if spot.score >= WHOLE_PHRASE { spot.score } else { 0.8 * spot.score };
    said * (0.6 + 0.4 * spot.coverage) * (spot.matched / (spot.matched + 0.15))
}
