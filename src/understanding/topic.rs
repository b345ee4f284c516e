//! Which topic of a service a sentence asks for, its follow-ups included: "refaire ma carte perdue, ça coûte combien ?" is about the price.
//!
//! Owns: what speaks for each topic, once the service is known, and what that weighs: a conditional logit, fitted by
//! `scripts/fit_topics.py` on `sip-tests/understanding/topics`. Must not know: what is said in answer.

use crate::dialplan::TopicId;

use super::judges::{ClassVerdict, Judges, Near, WHOLE_PHRASE, strength};

/// How many findings there are.
pub const FINDINGS: usize = 16;
/// Their names, for the fit.
pub const NAMES: [&str; FINDINGS] = [
    "follow_up",
    "general",
    "fused",
    "belief",
    "log_belief",
    "near",
    "near_bare",
    "told",
    "spotted",
    "whole",
    "lead",
    "near_lead",
    "told_lead",
    "of_parent",
    "near_parent",
    "near_both",
];

/// What they weigh.
const WEIGHTS: [f32; FINDINGS] =
    [0.42, -1.12, 1.32, -1.41, 0.88, 1.03, 1.19, 1.34, 3.03, 0.08, 0.12, 1.25, 1.34, 4.00, 0.97, 1.15];

/// Share with which a topic, its follow-ups with it, is taken instead of the judges' first; and where a phrase of that one was said whole.
const SURE: f32 = 0.35;
const SURE_BESIDE_PHRASE: f32 = 0.6;
/// Of its topic's share, what a follow-up needs to be answered at once: the topic itself leads on to it; and where a phrase of the topic was
/// said whole.
const AT_ONCE: f32 = 0.65;
const AT_ONCE_BESIDE_PHRASE: f32 = 0.9;
/// Keeps the logarithm of a belief of nothing finite.
const LEAST_BELIEF: f32 = 1e-3;

/// A topic of the service, and what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub topic: TopicId,
    /// What it follows.
    pub parent: Option<TopicId>,
    pub findings: [f32; FINDINGS],
}

/// The topic asked for, and its share, where it is clear. `is_whole`: a phrase of the judges' first was said whole.
pub fn meant(candidates: &[Candidate], is_whole: bool) -> Option<(TopicId, f32)> {
    let (sure, at_once) = if is_whole { (SURE_BESIDE_PHRASE, AT_ONCE_BESIDE_PHRASE) } else { (SURE, AT_ONCE) };
    let shares = shares(candidates);
    let topics = candidates.iter().filter(|candidate| candidate.parent.is_none()).map(|candidate| candidate.topic);
    let with_follow_ups = topics.map(|topic| (topic, share_of(topic, candidates, &shares)));
    let (topic, share) = with_follow_ups.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, share)| *share >= sure)?;
    Some(follow_up(topic, candidates, &shares, at_once).unwrap_or((topic, share)))
}

/// The follow-up of `topic` that is asked for, once the topic is known to be meant.
pub fn within(topic: TopicId, candidates: &[Candidate]) -> Option<TopicId> {
    follow_up(topic, candidates, &shares(candidates), AT_ONCE).map(|found| found.0)
}

/// The share of a topic and its follow-ups.
fn share_of(topic: TopicId, candidates: &[Candidate], shares: &[f32]) -> f32 {
    let is_of = |candidate: &Candidate| candidate.topic == topic || candidate.parent == Some(topic);
    candidates.iter().zip(shares).filter(|(candidate, _)| is_of(candidate)).map(|(_, share)| share).sum()
}

fn follow_up(topic: TopicId, candidates: &[Candidate], shares: &[f32], needed: f32) -> Option<(TopicId, f32)> {
    let follow_ups = candidates.iter().zip(shares).filter(|(candidate, _)| candidate.parent == Some(topic));
    let (best, share) = follow_ups.max_by(|a, b| a.1.total_cmp(b.1))?;
    (*share >= needed * share_of(topic, candidates, shares)).then_some((best.topic, *share))
}

/// All topics of a group. `judged`: of each reading of the sentence, within the group; `near`: by meaning.
pub fn candidates(judges: &Judges, group: usize, judged: &[Vec<ClassVerdict>], near: &Near) -> Vec<Candidate> {
    let classes = &judges.groups[group].classes;
    let best_of =
        |class: usize| judged.iter().map(|classes| &classes[class]).max_by(|a, b| a.fused.total_cmp(&b.fused));
    let of = |class: usize, what: fn(&ClassVerdict) -> f32| best_of(class).map_or(0.0, what);
    let bare = |class: usize| near.examples.get(class).copied().unwrap_or_default();
    let told = |class: usize| near.told.get(class).copied().unwrap_or_default();
    let fused = |class: usize| of(class, |verdict| verdict.fused);
    // Of one topic alone nothing can be told.
    let lead = |class: usize, of: &dyn Fn(usize) -> f32| {
        let others = classes.iter().filter(|other| **other != class).map(|other| of(*other));
        others.max_by(f32::total_cmp).map_or(0.0, |highest| of(class) - highest)
    };
    let is = |yes: bool| f32::from(u8::from(yes));
    let candidate = |class: usize| {
        let parent = judges.classes[class].parent.and_then(|parent| judges.class_of(parent));
        let belief = of(class, |verdict| verdict.probability);
        let titled = of(class, |verdict| verdict.near);
        let whole = of(class, |verdict| if verdict.spot.score >= WHOLE_PHRASE { verdict.spot.coverage } else { 0.0 });
        let findings = [
            is(parent.is_some()),
            is(class == classes[0]),
            fused(class),
            belief,
            (belief + LEAST_BELIEF).ln(),
            titled,
            bare(class),
            told(class),
            of(class, |verdict| strength(&verdict.spot)),
            whole,
            lead(class, &fused),
            lead(class, &bare),
            lead(class, &told),
            parent.map_or(0.0, fused),
            parent.map_or(0.0, bare),
            parent.map_or(0.0, |parent| bare(parent) * bare(class)),
        ];
        Candidate { topic: judges.classes[class].topic, parent: judges.classes[class].parent, findings }
    };
    classes.iter().map(|class| candidate(*class)).collect()
}

/// How likely each is, in their order.
fn shares(candidates: &[Candidate]) -> Vec<f32> {
    let weigh =
        |candidate: &Candidate| candidate.findings.iter().zip(WEIGHTS).map(|(f, weight)| f * weight).sum::<f32>();
    let weights: Vec<f32> = candidates.iter().map(weigh).collect();
    let highest = weights.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = weights.iter().map(|weight| (weight - highest).exp()).sum();
    weights.into_iter().map(|weight| (weight - highest).exp() / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: TopicId = TopicId(0);
    const FOLLOW_UP: TopicId = TopicId(1);

    fn candidate(topic: TopicId, findings: &[(&str, f32)]) -> Candidate {
        let mut all = [0.0; FINDINGS];
        for (name, value) in findings {
            all[NAMES.iter().position(|known| known == name).expect("a finding")] = *value;
        }
        Candidate { topic, parent: (topic == FOLLOW_UP).then_some(TOPIC), findings: all }
    }

    /// How much more the meaning speaks for the follow-up.
    fn asked(more: f32, is_whole: bool) -> Option<TopicId> {
        let topic = candidate(TOPIC, &[("near", 0.6), ("near_bare", 0.6), ("fused", 0.5), ("belief", 0.5)]);
        let near = 0.6 + more;
        let follow_up =
            [("follow_up", 1.0), ("near", near), ("near_bare", near), ("fused", 0.5 + more), ("belief", 0.5)];
        let leads =
            [("lead", more), ("near_lead", more), ("near_both", 0.6 * near), ("of_parent", 0.5), ("near_parent", 0.6)];
        let follow_up = candidate(FOLLOW_UP, &[&follow_up[..], &leads].concat());
        meant(&[topic, follow_up], is_whole).map(|found| found.0)
    }

    #[test]
    fn what_speaks_most_is_taken_where_it_is_clear() {
        assert_eq!(asked(0.4, false), Some(FOLLOW_UP));
        let general =
            candidate(TOPIC, &[("spotted", 1.0), ("near", 0.9), ("near_bare", 0.9), ("lead", 0.5), ("fused", 0.9)]);
        let beside = candidate(FOLLOW_UP, &[("follow_up", 1.0), ("log_belief", -5.0)]);
        assert_eq!(meant(&[general, beside], false).map(|found| found.0), Some(TOPIC));
        assert_eq!(meant(&[], false), None);
        assert_eq!(meant(&[candidate(TOPIC, &[])], true).map(|found| found.0), Some(TOPIC), "the only one");
    }

    #[test]
    fn shares_sum_to_one() {
        let all = [candidate(TOPIC, &[("near", 0.9)]), candidate(FOLLOW_UP, &[("near", 0.2)])];
        assert!((shares(&all).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
