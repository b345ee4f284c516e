//! `## Annuaire`: whom a call can be transferred to.

use std::time::Duration;

use super::action::action;
use super::inline::Inline;
use super::label::{self, statement};
use super::outline::{Outline, Scope, Section, SectionKind};
use super::town::{already, set_once};
use super::{Sink, block::BlockKind, hours};
use crate::dialplan::text::{fold, folded_words};
use crate::dialplan::{DirectoryEntry, Hours};

/// How long an extension rings when nothing is written: about five rings.
const DEFAULT_RING: Duration = Duration::from_secs(25);
/// Longer than this nobody waits, and the switchboard gives up first.
const MAX_RING_SECONDS: u64 = 120;

/// Entries in the order of their numbers.
pub(super) fn read(sections: &[Section], outline: &Outline, sink: &mut Sink) -> Vec<DirectoryEntry> {
    sections
        .iter()
        .filter(|section| matches!(section.kind, SectionKind::Entry(_)))
        .map(|section| entry(section, outline, sink))
        .collect()
}

fn entry(section: &Section, outline: &Outline, sink: &mut Sink) -> DirectoryEntry {
    let mut entry = DirectoryEntry {
        name: section.title.text().to_owned(),
        extension: None,
        number: None,
        address: None,
        email: None,
        people: Vec::new(),
        keywords: Vec::new(),
        ring: DEFAULT_RING,
        hours: None,
        fallback: None,
        location: section.title.location(),
    };
    let mut in_hours = false;
    for block in &section.blocks {
        let line = &block.text;
        if block.kind == BlockKind::Quote {
            label::unknown(line, label::ENTRY, sink);
            continue;
        }
        let Some((left, right)) = statement(line) else {
            label::unknown(line, label::ENTRY, sink);
            continue;
        };
        let label = fold(left.text());
        match label.as_str() {
            "poste" => set_extension(&mut entry, &left, &right, sink),
            "numero" | "telephone" => set_once(&mut entry.number, &left, &right, sink),
            "adresse" => set_once(&mut entry.address, &left, &right, sink),
            "courriel" | "e-mail" => set_once(&mut entry.email, &left, &right, sink),
            "personnes" | "personne" => add_people(&mut entry, &left, &right, sink),
            "mots" => add_words(&mut entry.keywords, &left, &right, sink),
            "sonner" => entry.ring = ring(&right, sink).unwrap_or(DEFAULT_RING),
            "horaires" => {
                in_hours = true;
                let lines = &mut entry.hours.get_or_insert_with(Hours::default).lines;
                if !right.is_empty() {
                    // `Horaires : lundi au vendredi : 9h-12h` on one line.
                    lines.extend(hours::line(&right, sink));
                }
                continue;
            }
            label if label.starts_with("si ") => {
                let complete = ["ferme", "occupe", "sans reponse"].iter().all(|case| label.contains(case));
                if !complete {
                    sink.error(
                        left.location(),
                        "cette ligne ne dit pas tous les cas où personne ne répond",
                        "écrivez « Si fermé, occupé ou sans réponse : »",
                    );
                } else if entry.fallback.is_some() {
                    already(&left, sink);
                } else {
                    let scope = Scope { language: 0, service: &section.service, topic: None };
                    entry.fallback = action(&right, scope, outline, sink);
                }
            }
            _ if in_hours => {
                if let Some(hours) = &mut entry.hours {
                    hours.lines.extend(hours::line(line, sink));
                }
                continue;
            }
            _ => label::unknown(line, label::ENTRY, sink),
        }
        in_hours = false;
    }
    if entry.hours.as_ref().is_some_and(|hours| hours.lines.is_empty()) {
        sink.error(
            section.title.location(),
            format!("les horaires de « {} » sont vides", entry.name),
            "écrivez au moins une ligne, ou enlevez « Horaires » : ceux de la mairie valent alors",
        );
    }
    entry
}

/// An extension is the user part of a SIP address: digits, letters and a few signs.
fn set_extension(entry: &mut DirectoryEntry, left: &Inline, right: &Inline, sink: &mut Sink) {
    let dialled: String = right.text().chars().filter(|c| !c.is_whitespace()).collect();
    let sound = dialled.chars().all(|c| c.is_ascii_alphanumeric() || "+*#._-".contains(c));
    if !sound || dialled.len() > 64 {
        sink.error(
            right.location(),
            format!("« {} » n'est pas un poste", right.text()),
            "écrivez le numéro à composer sur le standard, par exemple « 100 »",
        );
        return;
    }
    set_once(&mut entry.extension, left, right, sink);
    if let Some(extension) = &mut entry.extension {
        extension.retain(|c| !c.is_whitespace());
    }
}

/// `Personnes : Madame Claire Martin, Monsieur Le Goff`.
fn add_people(entry: &mut DirectoryEntry, left: &Inline, right: &Inline, sink: &mut Sink) {
    let before = entry.people.len();
    add_words(&mut entry.people, left, right, sink);
    for person in &entry.people[before..] {
        let is_title = |word: &String| matches!(word.as_str(), "madame" | "mme" | "monsieur" | "m" | "mr" | "mlle");
        if folded_words(person).iter().all(is_title) {
            sink.error(
                right.location(),
                format!("« {person} » n'est pas un nom"),
                "écrivez par exemple « Madame Claire Martin, Monsieur Le Goff » : la civilité si vous voulez, puis le nom de famille en dernier",
            );
        } else if person.chars().any(|c| c.is_ascii_digit() || c == '@') {
            sink.error(
                right.location(),
                format!("« {person} » n'est pas un nom"),
                "n'écrivez ici que des noms, séparés par des virgules ; le numéro va sous « Poste » ou « Numéro »",
            );
        }
    }
}

/// Words separated by commas, each kept once.
fn add_words(words: &mut Vec<String>, left: &Inline, right: &Inline, sink: &mut Sink) {
    let found: Vec<&str> = right.text().split([',', ';']).map(str::trim).filter(|word| !word.is_empty()).collect();
    if found.is_empty() {
        sink.error(
            left.location(),
            format!("il manque la valeur de « {} »", left.text()),
            "écrivez-la après les deux points, séparée par des virgules, ou enlevez la ligne",
        );
    }
    for word in found {
        if words.iter().any(|known| fold(known) == fold(word)) {
            sink.error(right.location(), format!("« {word} » est écrit deux fois"), "gardez-le une seule fois");
        } else {
            words.push(word.to_owned());
        }
    }
}

fn ring(written: &Inline, sink: &mut Sink) -> Option<Duration> {
    let (number, unit) = written.split_word();
    let seconds: Option<u64> = number.text().parse().ok();
    let unit_known = matches!(fold(unit.text()).as_str(), "secondes" | "seconde" | "s" | "");
    match seconds {
        Some(seconds) if unit_known && (1..=MAX_RING_SECONDS).contains(&seconds) => Some(Duration::from_secs(seconds)),
        _ => {
            sink.error(
                written.location(),
                format!("« {} » n'est pas une durée de sonnerie", written.text()),
                format!("écrivez par exemple « 25 secondes », {MAX_RING_SECONDS} au plus"),
            );
            None
        }
    }
}
