//! From verdicts to a decision: answer, ask back, offer, or own up.
//!
//! A phrase of the officer's said whole is an answer. Else everything both judges found is weighed into one confidence, which
//! decides between an answer, a question and owning up. Must not know: how verdicts come about, what is said.

use crate::dialplan::TopicId;

use super::judges::{ClassVerdict, GroupVerdict, Judged, Judges, WHOLE_PHRASE};
use super::second_ear::{Foreign, OURS};
use super::text::Token;
use super::{Decision, Lack, elsewhere};

/// How sure of the service an answer must be.
const SURE: f32 = 0.8;
/// The same where a phrase was said whole, beside other words.
const SURE_BESIDE_WORDS: f32 = 0.7;
/// Less sure than this, not even a question is asked.
const WORTH_ASKING: f32 = 0.25;
/// The same where one of the officer's key words is half of what is said, and of no other service.
const WORTH_ASKING_BY_WORD: f32 = 0.1;
/// Less sure than this, words of another house decide.
const DOUBTFUL: f32 = 0.4;
/// So sure that words of another house don't matter.
const BEYOND_DOUBT: f32 = 0.9;
/// Share of the sentence's meaningful words that a phrase found whole must explain, when it has two at least; a single word has to
/// be more than half of what is said. The rest may be about something else.
const KNOWN_ENOUGH: f32 = 0.45;
/// A follow-up's phrase that explains this much of a sentence needs no look elsewhere.
const MOSTLY_EXPLAINED: f32 = 0.6;
/// A service this much less likely than the best is no rival.
const FAR_BEHIND: f32 = 0.3;
/// Advantage of a topic over the others of its service that makes it the one meant.
const CLEAR_TOPIC: f32 = 0.05;
/// Share of a sentence that is half of it.
const HALF: f32 = 0.5;
/// Share of a sentence that is all of it.
const ALL: f32 = 0.99;
/// Most services offered at once.
const MOST_OFFERED: usize = 3;

/// A decision and what made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub decision: Decision,
    /// 0–1.
    pub confidence: f32,
    /// In French, for `--explain`; no caller words.
    pub reasons: Vec<String>,
    /// What an unknown sentence lacks.
    pub lack: Lack,
    /// A phrase of the officer's decided: nothing else is to be thought of.
    pub is_whole: bool,
    /// That phrase leaves no meaningful word unexplained.
    pub is_all: bool,
}

/// Groups in order of what both judges think.
pub fn order(judged: &Judged) -> Vec<usize> {
    let mut order: Vec<usize> = (0..judged.groups.len()).filter(|g| judged.groups[*g].best.is_some()).collect();
    order.sort_by(|a, b| judged.groups[*b].fused.total_cmp(&judged.groups[*a].fused));
    order
}

/// The topic that stands for a group: the one meant when that is clear, else the one that asks what exactly.
pub fn representative(judges: &Judges, judged: &Judged, group: usize) -> TopicId {
    let general = judges.groups[group].classes[0];
    let class = match judged.groups[group].best {
        Some((best, lead)) if lead >= CLEAR_TOPIC || judged.classes[best].spot.score >= WHOLE_PHRASE => best,
        Some(_) => general,
        None => general,
    };
    judges.classes[class].topic
}

/// The topic whose phrase was said whole; of several the likeliest.
fn said_whole(judges: &Judges, judged: &Judged, group: usize) -> Option<TopicId> {
    let spot = |class: usize| judged.classes[class].spot;
    let whole = judges.groups[group].classes.iter().copied().filter(|class| {
        let spot = spot(*class);
        spot.score >= WHOLE_PHRASE && explains(spot.words, spot.coverage)
    });
    let likeliest = whole.max_by(|a, b| judged.classes[*a].fused.total_cmp(&judged.classes[*b].fused))?;
    Some(judges.classes[likeliest].topic)
}

/// A follow-up of the open topic whose phrase was said whole, when nothing in the sentence names another service or topic.
pub fn follow_up(judges: &Judges, judged: &Judged, said: &[Token], open: Option<TopicId>) -> Option<Decided> {
    let open_group = judges.classes[judges.class_of(open?)?].group;
    let known = judged.groups[open_group].known;
    let (best, verdict) = judged
        .classes
        .iter()
        .enumerate()
        .filter(|(class, verdict)| {
            let explains = explains(verdict.spot.words, verdict.spot.coverage.max(known));
            verdict.spot.score >= WHOLE_PHRASE && explains && judges.is_follow_up_of(*class, open)
        })
        .max_by(|a, b| (a.1.spot.matched + a.1.fused).total_cmp(&(b.1.spot.matched + b.1.fused)))?;
    let other = order(judged).into_iter().find(|g| *g != open_group).map(|g| &judged.groups[g]);
    let names_other = verdict.spot.coverage < MOSTLY_EXPLAINED
        && other.is_some_and(|other| {
            let content = said.iter().filter(|t| t.is_content()).count() as f32;
            (other.known - known) * content >= 0.99 && other.lexical > judged.groups[open_group].lexical
        });
    // "J'ai perdu ma carte d'identité" says more than the "ma carte d'identité" of "Pièces pour le passeport".
    let is_told_more_by = |other: &ClassVerdict| {
        let (own, other) = (&verdict.spot, &other.spot);
        other.score >= WHOLE_PHRASE && other.words > own.words && other.coverage > own.coverage
    };
    let opened = judges.classes[judges.class_of(open?)?].parent.or(open);
    let is_elsewhere =
        |class: usize| judges.classes[class].parent.is_none() && Some(judges.classes[class].topic) != opened;
    let names_other = names_other
        || judged.classes.iter().enumerate().any(|(class, other)| is_elsewhere(class) && is_told_more_by(other));
    (!names_other).then(|| Decided {
        decision: Decision::Answer(judges.classes[best].topic),
        confidence: verdict.spot.score.min(0.98),
        reasons: vec!["une suite du sujet en cours a été dite en entier".to_owned()],
        lack: Lack::Words,
        is_whole: true,
        is_all: verdict.spot.coverage >= MOSTLY_EXPLAINED,
    })
}

fn explains(words: usize, share: f32) -> bool {
    share > 0.5 || (words >= 2 && share >= KNOWN_ENOUGH)
}

/// What is to be done about a sentence.
pub fn decide(judges: &Judges, judged: &Judged, said: &[Token], foreign: Foreign) -> Decided {
    let order = order(judged);
    let Some(&first) = order.first() else {
        return unknown(0.0, "aucun sujet ne peut être atteint par des mots", Lack::Words);
    };
    let best = &judged.groups[first];
    let topic = |group: usize| representative(judges, judged, group);
    let confidence = judges.confidence(best, foreign);
    let is_believed = best.spot.coverage >= ALL || confidence >= SURE_BESIDE_WORDS;
    if is_whole(best) && is_believed && !order.get(1).is_some_and(|rival| is_as_whole(&judged.groups[*rival], best)) {
        return Decided {
            decision: Decision::Answer(said_whole(judges, judged, first).unwrap_or_else(|| topic(first))),
            confidence: confidence.max(BEYOND_DOUBT),
            reasons: vec!["une phrase de la fiche a été dite en entier".to_owned()],
            lack: Lack::Words,
            is_whole: true,
            is_all: best.spot.coverage >= ALL,
        };
    }
    let is_foreign = is_foreign(said, &best.found) && confidence < BEYOND_DOUBT;
    let said_of_other = order.iter().skip(1).any(|rival| is_said_of(&judged.groups[*rival], best));
    if confidence >= SURE && !is_foreign && !said_of_other {
        let reasons =
            vec![format!("le service est sûr à {:.0} % (il en faut {:.0})", 100.0 * confidence, 100.0 * SURE)];
        return Decided {
            decision: Decision::Answer(topic(first)),
            confidence,
            reasons,
            lack: Lack::Words,
            is_whole: false,
            is_all: false,
        };
    }
    if is_foreign && confidence < DOUBTFUL {
        let why = "des mots parlent d'autre chose que de la mairie, et rien d'autre n'est sûr";
        return unknown(1.0 - confidence, why, Lack::Competence);
    }
    let by_word = best.known >= HALF && best.fused >= SURE;
    let worth_asking = if by_word { WORTH_ASKING_BY_WORD } else { WORTH_ASKING };
    if confidence < worth_asking {
        let why = format!(
            "rien n'est assez sûr : {:.0} %, il en faut {:.0} pour poser une question",
            100.0 * confidence,
            100.0 * worth_asking
        );
        return unknown(1.0 - confidence, &why, Lack::Words);
    }
    let mut reasons = vec![if is_foreign {
        "pas de réponse directe : des mots parlent aussi d'autre chose que de la mairie".to_owned()
    } else if confidence >= SURE {
        "pas de réponse directe : une phrase d'un autre service a été dite".to_owned()
    } else {
        format!("pas de réponse directe : sûr à {:.0} %, il en faut {:.0}", 100.0 * confidence, 100.0 * SURE)
    }];
    let near = |group: &usize| judged.groups[*group].fused >= FAR_BEHIND * best.fused;
    let rivals: Vec<usize> = order.iter().copied().take(MOST_OFFERED).filter(near).collect();
    let decision = if rivals.len() < 2 {
        reasons.push("un seul service est vraisemblable : à confirmer".to_owned());
        Decision::Confirm(topic(first))
    } else {
        reasons.push(format!("{} services se valent : au choix", rivals.len()));
        Decision::Offer(rivals.into_iter().map(topic).collect())
    };
    Decided { decision, confidence, reasons, lack: Lack::Words, is_whole: false, is_all: false }
}

/// A phrase was said whole, and explains the sentence.
fn is_whole(group: &GroupVerdict) -> bool {
    group.spot.score >= WHOLE_PHRASE && explains(group.spot.words, group.spot.coverage)
}

/// Another group of which as much was said.
fn is_as_whole(rival: &GroupVerdict, best: &GroupVerdict) -> bool {
    is_whole(rival) && rival.spot.matched >= best.spot.matched && rival.fused >= FAR_BEHIND * best.fused
}

/// A phrase of several words of the rival was said whole, of the best none, and the rival is likely too: "on vient au château dimanche
/// avec les enfants, faut-il payer pour se garer ?" is not about going out.
fn is_said_of(rival: &GroupVerdict, best: &GroupVerdict) -> bool {
    let is_said = |group: &GroupVerdict| group.spot.score >= WHOLE_PHRASE;
    is_said(rival) && rival.spot.words >= 2 && !is_said(best) && rival.fused >= FAR_BEHIND * best.fused
}

/// Sure enough to be believed beside something else.
pub fn is_sure(judges: &Judges, judged: &Judged, group: usize) -> bool {
    judges.confidence(&judged.groups[group], OURS) >= DOUBTFUL
}

fn unknown(confidence: f32, why: &str, lack: Lack) -> Decided {
    Decided {
        decision: Decision::Unknown,
        confidence: confidence.clamp(0.0, 1.0),
        reasons: vec![why.to_owned()],
        lack,
        is_whole: false,
        is_all: false,
    }
}

/// A word of another house's matter that the best service has not.
fn is_foreign(said: &[Token], found: &[bool]) -> bool {
    elsewhere::found(said).iter().enumerate().any(|(i, foreign)| *foreign && !found.get(i).copied().unwrap_or(false))
}
