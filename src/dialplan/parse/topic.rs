//! A topic: what the caller says to reach it, what the agent says, asks and does there. Also `Partout`.

use super::action::{action, key, no_sending, triggers};
use super::block::{Block, BlockKind};
use super::inline::Inline;
use super::label::{self, statement};
use super::outline::{Outline, Scope, Section};
use super::speech::speech;
use super::town::{already, set_once};
use super::{Sink, phrase, when};
use crate::dialplan::text::{fold, suggest, title_key};
use crate::dialplan::{ChoiceOption, Condition, PhraseToken, Rule, Slot, SlotKind, Source, Speech, Topic, TopicId};

/// Types of slots, as written in the brackets of `Demander`.
const KINDS: &[(&str, SlotKind)] = &[
    ("nom de personne", SlotKind::PersonName),
    ("nom", SlotKind::PersonName),
    ("téléphone", SlotKind::Telephone),
    ("numéro de téléphone", SlotKind::Telephone),
    ("date", SlotKind::Date),
    ("heure", SlotKind::Time),
    ("oui/non", SlotKind::YesNo),
    ("oui ou non", SlotKind::YesNo),
    ("choix", SlotKind::Choice),
    ("nombre", SlotKind::Number),
    ("adresse", SlotKind::Address),
    ("courriel", SlotKind::Email),
    ("message libre", SlotKind::FreeMessage),
];

/// Phrases and key words of one topic: all of them are learned at each start.
const MOST_PHRASES: usize = 200;
const MOST_KEYWORDS: usize = 400;

/// Reads the topic of this number.
pub(super) fn read(section: &Section, id: TopicId, outline: &Outline, sink: &mut Sink) -> Topic {
    let head = &outline.topics[section.language].heads[id.0];
    let mut reader = Reader {
        topic: Topic {
            title: head.title.clone(),
            slug: head.slug.clone(),
            service: head.service.clone(),
            parent: head.parent,
            phrases: Vec::new(),
            keywords: Vec::new(),
            say: Vec::new(),
            on_silence: None,
            slots: Vec::new(),
            confirm: None,
            record: None,
            rules: Vec::new(),
            after_failures: None,
            next: None,
            source: None,
            location: head.location,
        },
        slot_names: slot_names(&section.blocks),
        open: Open::Nothing,
        label: None,
        text: None,
        has_unknown_label: false,
        scope: Scope { language: section.language, service: &section.service, topic: Some(id) },
        outline,
    };
    for block in &section.blocks {
        reader.block(block, sink);
    }
    reader.close(sink);
    let has_unknown_label = reader.has_unknown_label;
    let topic = reader.topic;
    if topic.say.is_empty() && topic.slots.is_empty() && !has_unknown_label {
        sink.error(
            topic.location,
            format!("le sujet « {} » ne dit rien", topic.title),
            "écrivez « Répondre : », puis la réponse précédée de « > »",
        );
    }
    topic
}

/// Reads the rules of `Partout`.
pub(super) fn read_everywhere(section: &Section, outline: &Outline, sink: &mut Sink) -> Vec<Rule> {
    const EVERYWHERE: &[&str] = &["« un agent », touche 0"];
    let scope = Scope { language: section.language, service: &section.service, topic: None };
    let mut rules = Vec::new();
    for block in &section.blocks {
        match statement(&block.text).filter(|_| block.kind != BlockKind::Quote) {
            Some((left, right)) => match triggers(&left, sink) {
                Some(triggers) => rules.extend(action(&right, scope, outline, sink).map(|action| Rule {
                    triggers,
                    action,
                    location: block.text.location(),
                })),
                None => label::unknown(&block.text, EVERYWHERE, sink),
            },
            None => label::unknown(&block.text, EVERYWHERE, sink),
        }
    }
    rules
}

/// The label whose text or list comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Phrases,
    Keywords,
    Say(Condition),
    Silence,
    Slot,
    Confirm,
    /// Reported already: what stands under it is not.
    Unknown,
}

struct Reader<'a> {
    topic: Topic,
    slot_names: Vec<String>,
    open: Open,
    /// The open label, for problems.
    label: Option<Inline>,
    /// The quotation read so far under the open label.
    text: Option<Inline>,
    has_unknown_label: bool,
    scope: Scope<'a>,
    outline: &'a Outline,
}

impl Reader<'_> {
    fn block(&mut self, block: &Block, sink: &mut Sink) {
        let line = &block.text;
        if block.kind == BlockKind::Quote {
            match self.open {
                Open::Unknown => {}
                Open::Nothing | Open::Phrases | Open::Keywords => sink.error(
                    line.location(),
                    "on ne sait pas quand dire ce texte",
                    "écrivez au-dessus « Dire : » ou « Répondre : »",
                ),
                _ => match &mut self.text {
                    Some(text) => text.join_sentence(line),
                    None => self.text = Some(line.clone()),
                },
            }
            return;
        }
        match statement(line) {
            Some((left, right)) => {
                if !self.opens(&left, &right, sink) {
                    self.line(line, &left, &right, sink);
                }
            }
            None if block.kind == BlockKind::Item => self.item(line, sink),
            None => label::unknown(line, label::TOPIC, sink),
        }
    }

    /// An item without colon belongs to the list that is open.
    fn item(&mut self, line: &Inline, sink: &mut Sink) {
        match self.open {
            Open::Phrases => self.phrase(line, sink),
            Open::Keywords => self.keywords(line, sink),
            Open::Unknown => {}
            Open::Slot if self.topic.slots.last().is_some_and(|s| s.kind == SlotKind::Choice) => {
                let option = option(line, sink);
                if let Some(slot) = self.topic.slots.last_mut() {
                    slot.options.extend(option);
                }
            }
            _ => sink.error(
                line.location(),
                "cette ligne ne dit pas quoi faire",
                "écrivez « : » puis une action : « - oui, touche 1 : aller à … »",
            ),
        }
    }

    fn phrase(&mut self, line: &Inline, sink: &mut Sink) {
        if self.topic.phrases.len() == MOST_PHRASES {
            let remedy = "gardez les plus courantes : les autres se reconnaissent à leur ressemblance";
            return sink.error(line.location(), format!("il y a plus de {MOST_PHRASES} phrases"), remedy);
        }
        self.topic.phrases.extend(phrase::phrase(line, sink));
    }

    fn keywords(&mut self, line: &Inline, sink: &mut Sink) {
        for word in line.split(',') {
            if self.topic.keywords.len() == MOST_KEYWORDS {
                let remedy = "gardez ceux qui ne conviennent qu'à ce sujet";
                return sink.error(line.location(), format!("il y a plus de {MOST_KEYWORDS} mots"), remedy);
            }
            let word = word.text().to_lowercase();
            if !self.topic.keywords.contains(&word) {
                self.topic.keywords.push(word);
            }
        }
    }

    /// A label that opens a text or a list; what stands behind its colon belongs to it.
    fn opens(&mut self, left: &Inline, right: &Inline, sink: &mut Sink) -> bool {
        let name = fold(left.text());
        let open = match name.as_str() {
            "quand on dit" => Open::Phrases,
            "mots" | "mots-cles" | "mots cles" => Open::Keywords,
            "dire" | "repondre" => Open::Say(Condition::Always),
            "dire si ferme" | "repondre si ferme" => Open::Say(Condition::IfClosed),
            "dire si ouvert" | "repondre si ouvert" => Open::Say(Condition::IfOpen),
            "si silence" | "en cas de silence" => Open::Silence,
            "confirmer" => Open::Confirm,
            name if name == "demander" || name.starts_with("demander ") => Open::Slot,
            _ => match of_an_entry(left) {
                Some((place, is_open)) => match (self.outline.resolve_place(&place, sink), is_open) {
                    (Some(Some(entry)), true) => Open::Say(Condition::EntryOpen(entry)),
                    (Some(Some(entry)), false) => Open::Say(Condition::EntryClosed(entry)),
                    (Some(None), true) => Open::Say(Condition::IfOpen),
                    (Some(None), false) => Open::Say(Condition::IfClosed),
                    // Reported: what stands under it is not.
                    (None, _) => Open::Unknown,
                },
                None => return false,
            },
        };
        self.close(sink);
        let taken = match open {
            Open::Silence => self.topic.on_silence.is_some(),
            Open::Confirm => self.topic.confirm.is_some(),
            _ => false,
        };
        if taken {
            already(left, sink);
        }
        self.open = open;
        if open == Open::Unknown {
            self.has_unknown_label = true;
            return true;
        }
        self.label = Some(left.clone());
        if open == Open::Slot {
            self.slot(left, sink);
        }
        if !right.is_empty() {
            match open {
                Open::Phrases => {
                    for part in right.split(',') {
                        self.phrase(&part, sink);
                    }
                }
                Open::Keywords => self.keywords(right, sink),
                _ => self.text = Some(right.clone()),
            }
        }
        true
    }

    /// `Label : value`, or `triggers : action`.
    fn line(&mut self, line: &Inline, left: &Inline, right: &Inline, sink: &mut Sink) {
        let name = fold(left.text());
        match name.as_str() {
            "source" => {
                if self.topic.source.is_some() {
                    already(left, sink);
                }
                self.topic.source = source(right, line, sink);
            }
            "enregistrer" => set_once(&mut self.topic.record, left, right, sink),
            "envoyer" => no_sending(line, sink),
            "ensuite" => {
                if self.topic.next.is_some() {
                    already(left, sink);
                }
                self.topic.next = action(right, self.scope, self.outline, sink);
            }
            name if name.starts_with("apres ") => match failures(name) {
                Some(count) => {
                    if self.topic.after_failures.is_some() {
                        already(left, sink);
                    }
                    self.topic.after_failures =
                        action(right, self.scope, self.outline, sink).map(|action| (count, action));
                }
                None => sink.error(
                    left.location(),
                    format!("le libellé « {} » n'est pas connu", left.text()),
                    "écrivez « Après 2 échecs : », de 1 à 5",
                ),
            },
            _ => match triggers(left, sink) {
                Some(triggers) => {
                    let action = action(right, self.scope, self.outline, sink);
                    self.topic.rules.extend(action.map(|action| Rule { triggers, action, location: line.location() }));
                }
                None => {
                    label::unknown(line, label::TOPIC, sink);
                    if right.is_empty() {
                        self.close(sink);
                        self.open = Open::Unknown;
                        self.has_unknown_label = true;
                    }
                }
            },
        }
    }

    /// `Demander nom (nom de personne)`: opens a slot; its question comes with the quotation.
    fn slot(&mut self, left: &Inline, sink: &mut Sink) {
        let (_, rest) = left.split_word();
        let open = rest.text().find('(');
        let (name, kind) = match open.filter(|_| rest.text().ends_with(')')) {
            Some(open) => (rest.slice(0..open).trim(), rest.slice(open + 1..rest.text().len() - 1).trim()),
            None => (rest.clone(), rest.slice(rest.text().len()..rest.text().len())),
        };
        let known = KINDS.iter().find(|(written, _)| fold(written) == fold(kind.text()));
        if name.is_empty() || known.is_none() {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            let at = if kind.is_empty() { left } else { &kind };
            let remedy = match suggest(kind.text(), names.iter().copied()) {
                Some(meant) => format!("vouliez-vous dire « ({meant}) » ?"),
                None => format!("écrivez « Demander nom (nom de personne) : » ; types : {}", names.join(", ")),
            };
            sink.error(at.location(), "on ne sait pas quoi demander", remedy);
        }
        let name = without_article(name.text());
        let key = title_key(&name);
        if self.topic.slots.iter().any(|slot| title_key(&slot.name) == key) {
            already(left, sink);
        }
        self.topic.slots.push(Slot {
            name,
            kind: known.map_or(SlotKind::FreeMessage, |(_, kind)| *kind),
            question: Speech { condition: Condition::Always, parts: Vec::new(), location: left.location() },
            options: Vec::new(),
            location: left.location(),
        });
    }

    /// Ends the open label: files its text, reports one that has none.
    fn close(&mut self, sink: &mut Sink) {
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        let text = self.text.take();
        let Some(label) = self.label.take() else {
            return;
        };
        if matches!(open, Open::Nothing | Open::Phrases | Open::Keywords | Open::Unknown) {
            return;
        }
        let Some(text) = text else {
            sink.error(
                label.location(),
                format!("« {} : » n'est suivi d'aucun texte", label.text()),
                "écrivez en dessous ce que dit l'assistant, précédé de « > »",
            );
            return;
        };
        let condition = match open {
            Open::Say(condition) => condition,
            _ => Condition::Always,
        };
        let speech = speech(&text, condition, &self.slot_names, self.outline, sink);
        match open {
            Open::Silence => self.topic.on_silence = Some(speech),
            Open::Confirm => self.topic.confirm = Some(speech),
            Open::Slot => {
                if let Some(slot) = self.topic.slots.last_mut() {
                    slot.question = speech;
                }
            }
            _ => self.topic.say.push(speech),
        }
    }
}

/// `Dire si Médiathèque est fermée`: whose hours, and whether it must be open.
fn of_an_entry(label: &Inline) -> Option<(Inline, bool)> {
    let (verb, rest) = label.split_word();
    let (if_, rest) = rest.split_word();
    if !matches!(fold(verb.text()).as_str(), "dire" | "repondre") || fold(if_.text()) != "si" {
        return None;
    }
    let at = rest.text().rfind(char::is_whitespace)?;
    let (place, state) = (rest.slice(0..at).trim(), rest.slice(at..rest.text().len()).trim());
    let is_open = match fold(state.text()).as_str() {
        "ouvert" | "ouverte" | "ouverts" | "ouvertes" => true,
        "ferme" | "fermee" | "fermes" | "fermees" => false,
        _ => return None,
    };
    let place = match place.text().rfind(char::is_whitespace) {
        Some(at) if matches!(fold(place.slice(at..place.text().len()).text()).as_str(), "est" | "sont") => {
            place.slice(0..at).trim()
        }
        _ => place,
    };
    Some((place, is_open))
}

/// Names of the slots of a topic, known before its texts are read.
fn slot_names(blocks: &[Block]) -> Vec<String> {
    blocks
        .iter()
        .filter(|block| block.kind != BlockKind::Quote)
        .filter_map(|block| statement(&block.text))
        .filter_map(|(left, _)| {
            let (verb, rest) = left.split_word();
            let name = rest.text().split('(').next().unwrap_or_default().trim();
            (fold(verb.text()) == "demander" && !name.is_empty()).then(|| without_article(name))
        })
        .collect()
}

fn without_article(name: &str) -> String {
    let name = name.trim();
    ["le ", "la ", "les ", "l'", "un ", "une "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(name)
        .trim()
        .to_owned()
}

/// `le matin, touche 1`; several wordings may be given.
fn option(line: &Inline, sink: &mut Sink) -> Option<ChoiceOption> {
    let mut phrases = Vec::new();
    let mut pressed = None;
    for part in line.split(',') {
        match key(&part, sink) {
            Some(Ok(key)) => pressed = Some(key),
            Some(Err(())) => {}
            None => phrases.extend(phrase::phrase(&part, sink)),
        }
    }
    let mut phrase = phrases.first().cloned()?;
    if phrases.len() > 1 {
        phrase.tokens = vec![PhraseToken::OneOf(phrases.into_iter().map(|phrase| phrase.tokens).collect())];
    }
    Some(ChoiceOption { phrase, key: pressed })
}

/// `apres 2 echecs`.
fn failures(label: &str) -> Option<u8> {
    let words: Vec<&str> = label.split_whitespace().collect();
    let count = match words.as_slice() {
        ["apres", count, "echec" | "echecs"] => match *count {
            "un" => 1,
            "deux" => 2,
            "trois" => 3,
            count => count.parse().ok()?,
        },
        _ => return None,
    };
    (1..=5).contains(&count).then_some(count)
}

/// `service-public.gouv.fr, vérifié le 3 novembre 2026`, or `vérifié en octobre 2026`.
fn source(written: &Inline, line: &Inline, sink: &mut Sink) -> Option<Source> {
    let mut parts = written.split(',');
    let last = parts.last()?.clone();
    let folded = fold(last.text());
    let stated = folded.strip_prefix("verifiee ").or_else(|| folded.strip_prefix("verifie ")).unwrap_or_default();
    let date = match (stated.strip_prefix("le "), stated.strip_prefix("en ")) {
        (Some(day), _) => Some(when::date(day)),
        (_, Some(period)) => Some(when::period(period)),
        _ => None,
    };
    let checked = match date {
        Some(Ok(date)) => Some(date),
        Some(Err(wrong)) => {
            sink.error(last.location(), wrong.message, wrong.remedy);
            None
        }
        None => None,
    };
    if checked.is_some() {
        parts.pop();
    }
    let names: Vec<&str> = parts.iter().map(Inline::text).collect();
    Some(Source { name: names.join(", "), checked, location: line.location() })
}
