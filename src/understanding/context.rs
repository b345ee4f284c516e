//! What goes on from the topic just answered: "D'accord. Et moi, je peux aller le chercher pour elle ?"
//!
//! Such a sentence seldom names its subject, and alone is like anything. It is read twice, as it stands and behind the title of the
//! open topic, and the topics of that service are weighed against another service that the sentence may name: a conditional logit,
//! fitted by `scripts/fit_context.py` on `sip-tests/understanding/context`. Must not know: what is said in answer.

use crate::dialplan::TopicId;

use super::decide::{self, Decided};
use super::judges::{Judged, Judges, Near, strength};
use super::second_ear::Foreign;
use super::{Decision, Lack};

/// How many findings there are.
pub const FINDINGS: usize = 22;
/// Their names, for the fit.
pub const NAMES: [&str; FINDINGS] = [
    "follow_up",
    "same",
    "parent",
    "sibling",
    "plain",
    "behind",
    "near",
    "near_behind",
    "belief",
    "spotted",
    "lead",
    "plain_belief",
    "near_lead",
    "told",
    "told_lead",
    "told_same",
    "away",
    "away_sure",
    "away_spotted",
    "away_near",
    "away_share",
    "away_told",
];

/// Where the findings about another service begin.
const AWAY: usize = 16;

/// What they weigh. What no candidate explains weighs nothing.
const WEIGHTS: [f32; FINDINGS] = [
    0.19, -1.98, -1.64, -2.35, 0.91, 0.23, 0.85, -0.38, 0.18, 1.71, 0.97, 0.02, 2.25, 1.54, 1.74, 0.93, -2.78, 2.48,
    2.38, 0.31, 1.34, 0.29,
];

/// Share of the belief with which a topic is answered.
const SURE: f32 = 0.36;
/// The same for asking whether it is meant, where nothing else was understood.
const LIKELY: f32 = 0.22;

/// Share of another service with which it is answered.
const SURELY_AWAY: f32 = 0.48;
/// Share of a topic where what is like a call for help, or for somebody, is rather a further question.
const BEYOND_DOUBT: f32 = 0.7;

const NOT_TOLD: &str = "une question sur la fiche en cours, à laquelle rien ne répond";

/// A way in which a sentence may go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// A topic of the open service; `None`: another service.
    pub topic: Option<TopicId>,
    pub findings: [f32; FINDINGS],
}

/// Where the sentence has another decision than it would have alone. `asks`: it asks in so many words.
pub fn decided(
    ways: &[Way],
    alone: &Decided,
    open: TopicId,
    asks: bool,
    same_service: impl Fn(TopicId) -> bool,
) -> Option<Decided> {
    let shares = shares(ways);
    let by_share = |topic: bool| {
        let among = ways.iter().zip(&shares).filter(move |(way, _)| way.topic.is_some() == topic);
        among.max_by(|a, b| a.1.total_cmp(b.1)).map(|(way, share)| (way.topic, *share))
    };
    let (best, share) = by_share(true)?;
    let (best, away) = (best?, by_share(false).map_or(0.0, |(_, share)| share));
    // "C'est combien ?", which the open topic has not told.
    let is_told = best == open && alone.lack == Lack::Subject;
    let decision =
        match alone.decision {
            _ if share >= SURE && share > away && !is_told => Decision::Answer(best),
            // Another service that hardly anything speaks for but itself.
            Decision::Answer(other) if !alone.is_whole && !same_service(other) && away < SURELY_AWAY => {
                if best == open { Decision::Confirm(other) } else { Decision::Offer(vec![best, other]) }
            }
            Decision::Answer(_) => return None,
            // What has just been told needs no asking.
            _ if share >= LIKELY && share > away && best != open => Decision::Confirm(best),
            Decision::Unknown if asks && alone.lack == Lack::Words && share > away => {
                return Some(Decided { lack: Lack::Subject, reasons: vec![NOT_TOLD.to_owned()], ..alone.clone() });
            }
            _ => return None,
        };
    Some(Decided {
        confidence: if matches!(decision, Decision::Offer(_)) { 1.0 - away } else { share },
        decision,
        reasons: vec!["la phrase continue la fiche en cours, ou presque".to_owned()],
        lack: Lack::Words,
        is_whole: share >= BEYOND_DOUBT,
        is_all: false,
    })
}

/// The two readings of a sentence.
pub struct Readings<'a> {
    /// As it stands.
    pub plain: &'a Judged,
    /// Behind the title of the open topic.
    pub behind: &'a Judged,
    /// How near it is to each class in meaning, by [`Judges::near`].
    pub near: &'a Near,
}

/// All ways to go on from `open`.
pub fn ways(judges: &Judges, readings: &Readings, foreign: Foreign, open: TopicId) -> Vec<Way> {
    let Some(own) = judges.class_of(open) else {
        return Vec::new();
    };
    let group = judges.classes[own].group;
    let parent = judges.classes[own].parent;
    let is = |yes: bool| f32::from(u8::from(yes));
    let classes = &judges.groups[group].classes;
    let reachable = || {
        let may =
            |class: &&usize| judges.classes[**class].parent.is_none() || judges.is_follow_up_of(**class, Some(open));
        classes.iter().filter(may).copied()
    };
    let near = |class: usize| readings.near.examples.get(class).copied().unwrap_or_default();
    let told = |class: usize| readings.near.told.get(class).copied().unwrap_or_default();
    let fused = |class: usize| readings.behind.classes[class].fused;
    // Of one topic alone nothing can be told.
    let lead = |class: usize, of: &dyn Fn(usize) -> f32| {
        let others = reachable().filter(|other| *other != class).map(of);
        others.max_by(f32::total_cmp).map_or(0.0, |highest| of(class) - highest)
    };
    let mut ways: Vec<Way> = reachable()
        .map(|class| {
            let (plain, behind) = (&readings.plain.classes[class], &readings.behind.classes[class]);
            let is_follow_up = judges.classes[class].parent.is_some();
            let (is_same, is_parent) = (class == own, Some(judges.classes[class].topic) == parent);
            let findings = [
                is(is_follow_up && !is_same),
                is(is_same),
                is(is_parent),
                is(!is_follow_up && !is_same && !is_parent),
                plain.fused,
                behind.fused,
                near(class),
                behind.near,
                behind.probability,
                strength(&plain.spot),
                lead(class, &fused),
                plain.probability,
                lead(class, &near),
                told(class),
                lead(class, &told),
                is(is_same) * told(class),
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
            ];
            Way { topic: Some(judges.classes[class].topic), findings }
        })
        .collect();
    let away = decide::order(readings.plain).into_iter().find(|other| *other != group);
    let mut findings = [0.0; FINDINGS];
    if let Some(other) = away {
        let verdict = &readings.plain.groups[other];
        let sure = judges.confidence(verdict, foreign);
        let told = judges.groups[other].classes.iter().map(|class| told(*class)).fold(0.0, f32::max);
        let spotted = strength(&verdict.spot);
        findings[AWAY..].copy_from_slice(&[1.0, sure, spotted, verdict.nearest_meant, verdict.fused, told]);
    }
    ways.push(Way { topic: None, findings });
    ways
}

/// How likely each way is, in their order; what none explains has a share too.
pub fn shares(ways: &[Way]) -> Vec<f32> {
    let weigh = |way: &Way| way.findings.iter().zip(WEIGHTS).map(|(finding, weight)| finding * weight).sum::<f32>();
    let weights: Vec<f32> = ways.iter().map(weigh).collect();
    let highest = weights.iter().copied().fold(0.0, f32::max);
    let sum: f32 = weights.iter().map(|weight| (weight - highest).exp()).sum::<f32>() + (-highest).exp();
    weights.into_iter().map(|weight| (weight - highest).exp() / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: TopicId = TopicId(0);
    const NEXT: TopicId = TopicId(1);
    const OTHER: TopicId = TopicId(9);

    fn way(topic: Option<TopicId>, findings: &[(usize, f32)]) -> Way {
        let mut all = [0.0; FINDINGS];
        findings.iter().for_each(|(at, value)| all[*at] = *value);
        Way { topic, findings: all }
    }

    fn alone(decision: Decision, is_whole: bool) -> Decided {
        Decided { decision, confidence: 0.9, reasons: Vec::new(), lack: Lack::Words, is_whole, is_all: false }
    }

    /// The open topic, a follow-up that this much speaks for, and another service that this much speaks for.
    fn ways_with(follow_up: f32, away: f32) -> Vec<Way> {
        vec![
            way(Some(OPEN), &[(1, 1.0)]),
            way(Some(NEXT), &[(0, 1.0), (9, follow_up), (12, follow_up - 0.6)]),
            way(None, &[(AWAY, 1.0), (AWAY + 1, away), (AWAY + 2, away), (AWAY + 4, away)]),
        ]
    }

    fn decision(ways: &[Way], alone: &Decided, asks: bool) -> Option<Decision> {
        decided(ways, alone, OPEN, asks, |topic| topic != OTHER).map(|decided| decided.decision)
    }

    #[test]
    fn shares_leave_room_for_nothing() {
        let shares = shares(&ways_with(0.8, 0.2));
        let sum: f32 = shares.iter().sum();
        assert!(sum > 0.5 && sum < 1.0 && shares.iter().all(|share| *share >= 0.0), "{shares:?}");
        assert_eq!(super::shares(&[]), Vec::<f32>::new());
    }

    #[test]
    fn what_goes_on_is_answered_or_asked_about() {
        let nothing = alone(Decision::Unknown, false);
        assert_eq!(decision(&ways_with(0.9, 0.0), &nothing, true), Some(Decision::Answer(NEXT)));
        assert_eq!(
            decision(&ways_with(0.9, 0.0), &alone(Decision::Answer(OTHER), false), false),
            Some(Decision::Answer(NEXT))
        );
        let asked = (0..20).map(|n| decision(&ways_with(n as f32 / 20.0, 0.0), &nothing, false));
        assert!(asked.into_iter().any(|decision| decision == Some(Decision::Confirm(NEXT))));
    }

    #[test]
    fn another_service_needs_something_that_speaks_for_it() {
        let other = alone(Decision::Answer(OTHER), false);
        assert_eq!(decision(&ways_with(0.0, 1.0), &other, false), None);
        assert_eq!(decision(&ways_with(0.1, 0.1), &other, false), Some(Decision::Offer(vec![NEXT, OTHER])));
        // Whose phrase was said whole is answered all the same.
        assert_eq!(decision(&ways_with(0.1, 0.1), &alone(Decision::Answer(OTHER), true), false), None);
    }

    #[test]
    fn what_nothing_tells_is_owned_up_to() {
        let nothing = alone(Decision::Unknown, false);
        let found = decided(&ways_with(0.0, 0.0), &nothing, OPEN, true, |_| true).expect("a decision");
        assert_eq!((found.decision, found.lack), (Decision::Unknown, Lack::Subject));
        assert_eq!(decision(&ways_with(0.0, 0.0), &nothing, false), None);
    }
}
