//! From words to topic, PURE.
//!
//! Owns: what a sentence is about, how sure, and why; commands valid everywhere. Must not know: audio, the state of forms, what
//! is said in answer.
//!
//! Judges of different nature look at each sentence: the officer's phrases and key words spotted in it ([`spotting`],
//! [`keywords`]), a classifier learned from them over pieces of words and sounds ([`similarity`]), and one over what sentences
//! mean ([`meaning`], where the model is there: [`encoder`]). [`judges`] asks them for
//! the service first, then for the topic within it; [`decide`] weighs their agreement, [`topic`] chooses among the topics of the
//! service. Emergencies ([`emergency`]) come before
//! everything, asking for somebody ([`reach`]) before topics; [`wishes`] takes several wishes apart, [`mood`] hears insults,
//! distress and children.
//!
//! Behind an answer a sentence is read without its sign of having understood ([`acknowledgement`]), and may go on from the open topic
//! ([`context`]).
//!
//! ```text
//! Understanding::train_all(plan: &Dialplan, encoder, join: &impl Join) -> Vec<Understanding>     // one a language
//! understanding.interpret(text: &str, open: Option<TopicId>) -> Interpretation
//! ```

pub mod acknowledgement;
pub mod asking;
mod aspect;
pub mod commands;
pub mod context;
mod decide;
mod ear;
mod elsewhere;
mod emergency;
pub mod encoder;
mod examples;
mod fitting;
mod join;
mod judges;
mod keywords;
mod lexicon;
mod meaning;
mod mood;
pub mod pattern;
mod people;
mod phonetic;
mod reach;
mod regression;
mod second_ear;
mod similarity;
pub mod slots;
pub mod spotting;
#[cfg(test)]
mod tests;
pub mod text;
mod themes;
pub mod topic;
mod vocabulary;
mod weights;
mod wishes;

use std::sync::Arc;

use crate::dialplan::{Dialplan, DirectoryEntry, DirectoryId, LanguagePlan, TopicId};
use context::Way;
use decide::Decided;
use encoder::{Encode, Points};
use judges::{Judged, Judges};
use meaning::Meant;
use people::Directory;
use second_ear::{Beside, Foreign, Kinds, Meanings, OURS, SecondEar};
use text::{Token, tokens};

pub use emergency::Danger;
pub use fitting::Findings;
pub use join::{InTurn, Join};
pub use mood::Mood;

/// What a sentence seems to be about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interpretation {
    pub decision: Decision,
    /// How sure of the decision, 0–1.
    pub confidence: f32,
    /// Candidates of different services, best first, at most [`MOST_CANDIDATES`].
    pub ranking: Vec<Candidate>,
    /// Further wishes of the same sentence, in order; only beside [`Decision::Answer`].
    pub also: Vec<TopicId>,
    /// Whom the caller asks for; only beside [`Decision::Reach`].
    pub whom: Whom,
    /// Only beside [`Decision::Emergency`].
    pub danger: Option<Danger>,
    /// How it was said, when that matters.
    pub mood: Option<Mood>,
    /// Why there is nothing to answer; only beside [`Decision::Unknown`].
    pub lack: Lack,
    /// Why this decision, in French, for `--explain`; no caller words in logs.
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub topic: TopicId,
    /// 0–1.
    pub score: f32,
    /// What matched, for `--explain`; no caller words in logs.
    pub evidence: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Decision {
    /// Sure: answer.
    Answer(TopicId),
    /// Fairly sure: "C'est pour … ?"
    Confirm(TopicId),
    /// Two or three that may be meant.
    Offer(Vec<TopicId>),
    /// The caller asks for somebody, of a service or by name: see [`Interpretation::whom`].
    Reach { service: Option<TopicId> },
    /// Fire, violence, gas …: before everything else.
    Emergency,
    /// Nothing matched.
    #[default]
    Unknown,
}

/// What is missing from a sentence that nothing can be done about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lack {
    /// Nothing known was said.
    #[default]
    Words,
    /// "C'est combien ?" without saying what.
    Subject,
    /// It is about matters of another house.
    Competence,
    /// A sign of having understood the answer just given: nothing is asked.
    Question,
}

/// Somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whom {
    /// Entries of the directory that are meant; several: to be asked back.
    pub entries: Vec<DirectoryId>,
    /// The caller named a person: one of these entries, or nobody the directory knows.
    pub is_person: bool,
    /// No words ask for somebody: a name alone, or a turn that is only like asking. In a form it may be the answer.
    pub is_unasked: bool,
}

/// A sentence as it was said, first, and otherwise.
struct Readings {
    readings: Vec<Vec<Token>>,
    /// With mistakes of the ear mended.
    mended: Vec<Token>,
}

/// Most candidates reported.
pub const MOST_CANDIDATES: usize = 5;
/// Below this a candidate isn't worth reporting.
const LEAST_SCORE: f32 = 0.02;
/// Meaningful words that the second ear needs.
const FEWEST_WORDS: usize = 2;
/// A matter of the town so sure makes an alarm that only the second ear hears doubtful.
const LIKELY_OURS: f32 = 0.75;
/// So few meaningful words may lean on the topic that is open.
const ELLIPTIC: usize = 3;

/// Everything learned from one language of a dialplan.
#[derive(Debug, Clone)]
pub struct Understanding {
    judges: Judges,
    /// Titles of the topics, by number: what an elliptic sentence leaves out.
    titles: Vec<Vec<Token>>,
    directory: Directory,
    second_ear: SecondEar,
    /// Where it is there: finds what sentences mean.
    encoder: Option<Arc<dyn Encode>>,
}

impl Understanding {
    /// Learns from phrases, key words and titles; in memory, well under a second. Knows nobody of the directory.
    pub fn train(plan: &LanguagePlan) -> Self {
        Self::with_directory(plan, &[], None, &InTurn)
    }

    /// One for each language of a town, in the order of its plans. `encoder`: knows what sentences mean; without it words alone
    /// decide. `join`: how the parts of it are done.
    pub fn train_all(plan: &Dialplan, encoder: Option<&Arc<dyn Encode>>, join: &impl Join) -> Vec<Self> {
        let train = |language| Self::with_directory(language, &plan.directory, encoder.map(Arc::clone), join);
        plan.plans.iter().map(train).collect()
    }

    fn with_directory(
        plan: &LanguagePlan,
        directory: &[DirectoryEntry],
        encoder: Option<Arc<dyn Encode>>,
        join: &impl Join,
    ) -> Self {
        let taught = encoder.as_deref().map(|encoder| (judges::taught(plan, encoder), encoder));
        let taught = taught.as_ref().map(|(taught, encoder)| (taught, *encoder));
        let (judges, second_ear) = join
            .both(|| Judges::train(plan, taught.map(|(taught, _)| taught), join), || SecondEar::train(plan, taught));
        Self {
            judges,
            titles: plan.topics.iter().map(|topic| tokens(&topic.title)).collect(),
            directory: Directory::new(directory),
            second_ear,
            encoder,
        }
    }

    /// What `text` means while `open` is the topic under way. The text may be anything; it is cut at
    /// [`text::LONGEST_TEXT`] characters.
    pub fn interpret(&self, text: &str, open: Option<TopicId>) -> Interpretation {
        let said = tokens(text);
        if let Some(alarm) = emergency::alarm(&said) {
            return Interpretation {
                decision: Decision::Emergency,
                confidence: 1.0,
                danger: Some(alarm.danger),
                reasons: vec![format!("mots d'alerte : « {} »", alarm.words)],
                ..Interpretation::default()
            };
        }
        let mood = mood::mood(&said);
        // "Ça marche. Et mon jardin …" is about no market.
        let behind = open.map(|_| acknowledgement::without_signs(&said)).filter(|behind| !behind.is_empty());
        let behind = behind.map(text::written);
        let Readings { readings, mended: heard } = Self::heard(behind.as_deref().unwrap_or(text));
        let is_sign = open.is_some() && mood.is_none() && acknowledgement::is_sign(&said);
        let said = &readings[0];
        let pieces = similarity::pieces_of(said);
        let point = self.point(&heard);
        let point = point.first();
        let mut kinds = self.second_ear.kinds(&pieces, point);
        let is_short = said.iter().filter(|token| token.is_content()).count() < FEWEST_WORDS;
        if is_short || commands::command(text).is_some() {
            // Patterns know the short cries; one word is like anything.
            let meant = kinds.meant.map(|meant| Meanings { elsewhere: meant.elsewhere, ..Meanings::default() });
            kinds = Kinds { elsewhere: kinds.elsewhere, sign: kinds.sign, meant, ..Kinds::default() };
        }
        let judged = self.judge(&readings, &self.judges.meaning(point), open);
        let decided = self.decided(&judged, &readings[0], kinds.foreign(), open);
        // The officer's own words for somebody ("joindre la police municipale") come first, but for who wants no machine.
        let may_want_somebody = !reach::asks_to_be_called_back(&heard) && !reach::asks_what_speaks(&heard);
        if may_want_somebody
            && let Some(asked) = reach::asked(&heard).or_else(|| self.names_somebody(&heard))
            && (!decided.is_all || asked.is_for_a_person)
        {
            return self.somebody(&heard, asked, open, mood);
        }
        let gone_on = open.and_then(|open| self.gone_on(&decided, &readings, &judged, kinds.foreign(), open));
        let goes_on = gone_on.is_some();
        let may_be_sign = open.is_some() && mood.is_none() && !asking::asks(said);
        let is_answered =
            decided.is_whole || gone_on.as_ref().is_some_and(|on| matches!(on.decision, Decision::Answer(_)));
        if is_sign || (may_be_sign && !is_answered && kinds.is_sign()) {
            return Interpretation {
                lack: Lack::Question,
                reasons: vec!["rien n'est demandé".to_owned()],
                ..Interpretation::default()
            };
        }
        let decided = gone_on.unwrap_or_else(|| self.within_service(decided, &readings, point));
        let beside = match decided.decision {
            _ if decided.is_whole => Beside::Phrase,
            Decision::Answer(_) => Beside::Doubt,
            Decision::Confirm(_) if decided.confidence >= LIKELY_OURS => Beside::Doubt,
            _ if mood.is_some() => Beside::Doubt,
            _ => Beside::Nothing,
        };
        if !decided.is_all && kinds.is_alarm(beside) {
            return Interpretation {
                decision: Decision::Emergency,
                confidence: kinds.danger,
                danger: Some(self.second_ear.danger(&pieces)),
                reasons: vec![format!("la phrase ressemble à des appels au secours ({:.0} %)", kinds.danger * 100.0)],
                ..Interpretation::default()
            };
        }
        if !decided.is_whole && mood.is_none() && may_want_somebody && kinds.is_for_somebody(beside) {
            return self.somebody(&heard, reach::Asked::about(&heard), open, mood);
        }
        let is_all = decided.is_all || goes_on;
        let mut found = self.interpretation(decided, &judged);
        found.mood = mood;
        if !is_all {
            self.take_apart(&mut found, &readings[0], open);
        }
        found
    }

    /// The same service, but the topic of it, follow-ups too, that the sentence asks for.
    fn within_service(&self, mut decided: Decided, readings: &[Vec<Token>], point: Option<&[f32]>) -> Decided {
        let (Decision::Answer(topic) | Decision::Confirm(topic)) = decided.decision else { return decided };
        // By words alone it can't be told so well.
        if decided.is_all || point.is_none() {
            return decided;
        }
        let Some((better, share)) = topic::meant(&self.candidates(topic, readings, point), decided.is_whole) else {
            return decided;
        };
        if better == topic {
            return decided;
        }
        decided.reasons.push(format!("dans le service, un autre sujet répond mieux ({:.0} %)", 100.0 * share));
        decided.decision = match decided.decision {
            Decision::Confirm(_) => Decision::Confirm(better),
            _ => Decision::Answer(better),
        };
        decided
    }

    /// The topics of the service that `topic` is of, with what speaks for each.
    fn candidates(&self, topic: TopicId, readings: &[Vec<Token>], point: Option<&[f32]>) -> Vec<topic::Candidate> {
        let Some(class) = self.judges.class_of(topic) else { return Vec::new() };
        let group = self.judges.classes[class].group;
        let meant = self.judges.meaning(point);
        let judged: Vec<_> = readings.iter().map(|words| self.judges.judge_within(words, &meant, group)).collect();
        topic::candidates(&self.judges, group, &judged, &self.judges.near(point))
    }

    /// The follow-up of `topic` that `text` asks for, where the caller has said that the topic is meant: "c'est combien ?" among what was said.
    pub fn follow_up_meant(&self, topic: TopicId, text: &str) -> Option<TopicId> {
        let Readings { readings, mended } = Self::heard(text);
        let point = self.point(&mended);
        topic::within(topic, &self.candidates(topic, &readings, Some(point.first()?)))
    }

    /// A decision in place of `decided`, where the sentence goes on from the topic just answered.
    fn gone_on(
        &self,
        decided: &Decided,
        readings: &[Vec<Token>],
        judged: &Judged,
        foreign: Foreign,
        open: TopicId,
    ) -> Option<Decided> {
        let own = self.judges.class_of(open)?;
        let is_own = |topic: TopicId| topic == open || Some(topic) == self.judges.classes[own].parent;
        let may = match decided.decision {
            // A phrase of another topic was said whole. One of the open topic's may be what the question is about: "et je prends quoi, pour
            // le faire recenser ?"
            Decision::Answer(topic) if decided.is_whole => is_own(topic),
            _ => true,
        };
        if !may {
            return None;
        }
        let ways = self.ways_on(readings, judged, foreign, open);
        let asks = asking::asks(&readings[0]);
        context::decided(&ways, decided, open, asks, |topic| self.same_service(topic, open))
    }

    fn ways_on(&self, readings: &[Vec<Token>], judged: &Judged, foreign: Foreign, open: TopicId) -> Vec<Way> {
        let subject = self.judges.class_of(open).and_then(|class| self.judges.classes[class].parent).unwrap_or(open);
        let words = &readings[0];
        let Some(title) = self.titles.get(subject.0).filter(|_| !words.is_empty()) else {
            return Vec::new();
        };
        let behind: Vec<Token> = title.iter().chain(words).cloned().collect();
        let behind = self.judges.judge(&behind, &self.meaning(&behind), Some(open));
        let near = self.judges.near(self.point(words).first());
        context::ways(&self.judges, &context::Readings { plain: judged, behind: &behind, near: &near }, foreign, open)
    }

    /// Where a sentence lies: one point, or none without the encoder, or when nothing is said.
    fn point(&self, said: &[Token]) -> Points {
        let text = text::written(said);
        match &self.encoder {
            Some(encoder) if text.chars().any(char::is_alphanumeric) => encoder.points(&[text.to_lowercase()]),
            _ => Points::default(),
        }
    }

    /// What the third judge says, of these words alone.
    fn meaning(&self, said: &[Token]) -> Meant {
        self.judges.meaning(self.point(said).first())
    }

    /// A sentence in its own words, with mistakes of the ear mended, and in other words for the same.
    fn heard(text: &str) -> Readings {
        let said = tokens(text);
        let plain = text::plain(text::cut(text));
        let mended = ear::mended(&plain);
        let mut readings = vec![said];
        readings.extend(mended.as_deref().map(tokens));
        let mended_words = readings.last().cloned().unwrap_or_default();
        readings.extend(lexicon::said_otherwise(mended.as_deref().unwrap_or(&plain)).as_deref().map(tokens));
        Readings { readings, mended: mended_words }
    }

    /// Several wishes are taken in the order they were said.
    fn take_apart(&self, found: &mut Interpretation, said: &[Token], open: Option<TopicId>) {
        let whole = match &found.decision {
            Decision::Answer(topic) | Decision::Confirm(topic) => vec![*topic],
            Decision::Offer(topics) => topics.clone(),
            Decision::Reach { .. } | Decision::Emergency | Decision::Unknown => return,
        };
        let mut wishes = self.wishes(said, open).into_iter();
        let Some(first) = wishes.next() else {
            return;
        };
        let also: Vec<TopicId> = wishes.collect();
        let is_part =
            std::iter::once(&first).chain(&also).any(|wish| whole.iter().any(|t| self.same_service(*wish, *t)));
        if is_part {
            found.reasons.push(format!("{} demandes dans la même phrase", 1 + also.len()));
            found.decision = Decision::Answer(first);
            found.also = also;
        }
    }

    fn judge(&self, readings: &[Vec<Token>], meant: &Meant, open: Option<TopicId>) -> Judged {
        let mut judged = readings.iter().map(|reading| self.judges.judge(reading, meant, open));
        let first = judged.next().unwrap_or_else(|| self.judges.judge(&[], meant, open));
        judged.fold(first, Judged::or)
    }

    fn decided(&self, judged: &Judged, said: &[Token], foreign: Foreign, open: Option<TopicId>) -> Decided {
        if let Some(decided) = decide::follow_up(&self.judges, judged, said, open) {
            return decided;
        }
        let decided = decide::decide(&self.judges, judged, said, foreign);
        if decided.is_whole || !aspect::is_without_subject(said) {
            return decided;
        }
        // "C'est combien ?": about the open topic, if its service says anything about that.
        open.and_then(|open| self.leaning_on(open, said)).unwrap_or_else(|| Decided {
            decision: Decision::Unknown,
            confidence: 1.0 - decided.confidence,
            reasons: vec!["la phrase ne dit pas de quoi il s'agit".to_owned()],
            lack: Lack::Subject,
            is_whole: false,
            is_all: false,
        })
    }

    /// An elliptic sentence read with the title of the open topic; only its service can answer.
    fn leaning_on(&self, open: TopicId, said: &[Token]) -> Option<Decided> {
        if said.iter().filter(|token| token.is_content()).count() > ELLIPTIC {
            return None;
        }
        let open_class = self.judges.class_of(open)?;
        let subject = self.judges.classes[open_class].parent.unwrap_or(open);
        let mut whole = said.to_vec();
        whole.extend(self.titles.get(subject.0)?.iter().cloned());
        let judged = self.judges.judge(&whole, &self.meaning(&whole), Some(open));
        let mut decided = decide::decide(&self.judges, &judged, &whole, OURS);
        let Decision::Answer(topic) = decided.decision else {
            return None;
        };
        let class = self.judges.class_of(topic)?;
        let same_service = self.judges.classes[class].group == self.judges.classes[open_class].group;
        // The open topic itself has been heard already.
        if !same_service || topic == open || topic == subject {
            return None;
        }
        decided.reasons.push("le sujet est celui de la fiche en cours".to_owned());
        decided.is_whole = true;
        Some(decided)
    }

    fn interpretation(&self, decided: Decided, judged: &Judged) -> Interpretation {
        Interpretation {
            decision: decided.decision,
            confidence: decided.confidence,
            ranking: self.ranking(judged),
            lack: decided.lack,
            reasons: decided.reasons,
            ..Interpretation::default()
        }
    }

    /// Every wish of a sentence that holds several, in order; empty when it holds one.
    fn wishes(&self, said: &[Token], open: Option<TopicId>) -> Vec<TopicId> {
        let answer = |part: &[Token]| {
            let judged = self.judges.judge(part, &self.meaning(part), open);
            match decide::decide(&self.judges, &judged, part, OURS) {
                Decided { decision: Decision::Answer(topic), confidence, .. } => Some((topic, confidence)),
                _ => None,
            }
        };
        wishes::parts(said, answer).filter(|wishes| self.are_apart(wishes)).unwrap_or_default()
    }

    fn same_service(&self, a: TopicId, b: TopicId) -> bool {
        let group = |topic| self.judges.class_of(topic).map(|class| self.judges.classes[class].group);
        group(a) == group(b)
    }

    /// No two wishes are of one service.
    fn are_apart(&self, wishes: &[TopicId]) -> bool {
        wishes.iter().enumerate().all(|(i, wish)| wishes[..i].iter().all(|other| !self.same_service(*wish, *other)))
    }

    /// Little but the name of somebody in the directory: "monsieur Martin, aux espaces verts".
    fn names_somebody(&self, said: &[Token]) -> Option<reach::Asked> {
        self.directory.is_called(said).then(|| reach::Asked::about(said))
    }

    /// The caller asks for somebody.
    fn somebody(
        &self,
        said: &[Token],
        asked: reach::Asked,
        open: Option<TopicId>,
        mood: Option<Mood>,
    ) -> Interpretation {
        let judged = self.judges.judge(&asked.target, &self.meaning(&asked.target), open);
        let whom = Whom { is_unasked: asked.words.is_empty(), ..self.directory.find(said) };
        let service = self.service_meant(&asked.target, &judged);
        let mut reasons = Vec::new();
        if !asked.words.is_empty() {
            reasons.push(format!("demande de parler à quelqu'un : « {} »", asked.words));
        }
        reasons.push(match (whom.entries.len(), whom.is_person) {
            (0, false) => "personne de précis n'est demandé".to_owned(),
            (0, true) => "la personne nommée n'est pas dans l'annuaire".to_owned(),
            (1, _) => "une entrée de l'annuaire est nommée".to_owned(),
            (several, _) => format!("{several} entrées de l'annuaire peuvent être voulues"),
        });
        Interpretation {
            decision: Decision::Reach { service },
            confidence: 0.95,
            ranking: self.ranking(&judged),
            whom,
            mood,
            reasons,
            ..Interpretation::default()
        }
    }

    /// The topic whose service is asked for: by the service's own name first, then by what is said.
    fn service_meant(&self, target: &[Token], judged: &Judged) -> Option<TopicId> {
        let is_named = |name: &Vec<Token>| {
            let mut words = name.iter().filter(|w| w.is_content()).peekable();
            words.peek().is_some() && words.all(|w| target.iter().any(|t| w.likeness(t) >= 0.85))
        };
        let named = self.judges.groups.iter().position(|group| group.names.iter().any(is_named));
        let group = named.or_else(|| {
            let best = decide::order(judged).into_iter().next()?;
            decide::is_sure(&self.judges, judged, best).then_some(best)
        })?;
        Some(decide::representative(&self.judges, judged, group))
    }

    fn ranking(&self, judged: &Judged) -> Vec<Candidate> {
        let order = decide::order(judged);
        let sure = order.first().map_or(0.0, |best| self.judges.confidence(&judged.groups[*best], OURS));
        order
            .into_iter()
            .filter(|group| judged.groups[*group].fused > LEAST_SCORE)
            .take(MOST_CANDIDATES)
            .map(|group| Candidate {
                topic: decide::representative(&self.judges, judged, group),
                score: judged.groups[group].fused * sure,
                evidence: self.evidence(judged, group),
            })
            .collect()
    }

    /// What each judge found for a group.
    fn evidence(&self, judged: &Judged, group: usize) -> Vec<String> {
        let verdict = &judged.groups[group];
        let mut evidence = Vec::new();
        let phrase = verdict.best.and_then(|(best, _)| {
            let class = &judged.classes[best];
            Some((class.phrase.as_ref()?, class.spot.score))
        });
        if let Some((phrase, score)) = phrase {
            evidence.push(format!("phrase « {phrase} » ({:.0} %)", score * 100.0));
        }
        if !verdict.words.is_empty() {
            evidence.push(format!("mots « {} »", verdict.words.join(" », « ")));
        }
        let percent = |share: f32| share * 100.0;
        evidence.push(format!("premier juge {:.0} %", percent(verdict.lexical)));
        evidence.push(format!(
            "ressemblance {:.0} %, exemple le plus proche {:.0} %",
            percent(verdict.probability),
            percent(verdict.nearest)
        ));
        if verdict.meant > 0.0 {
            evidence.push(format!(
                "sens {:.0} %, exemple le plus proche {:.0} %",
                percent(verdict.meant),
                percent(verdict.nearest_meant)
            ));
        }
        if let Some((best, lead)) = verdict.best
            && self.judges.groups[group].classes.len() > 1
        {
            let share = percent(judged.classes[best].probability);
            evidence.push(format!("sujet dans le service {share:.0} %, avance {:.0} %", percent(lead)));
        }
        evidence
    }

    /// How rare a word is among the services, 0–1: for choosing words that help the recogniser.
    pub fn rarity(&self, word: &Token) -> f32 {
        self.judges.rarity(word)
    }
}
