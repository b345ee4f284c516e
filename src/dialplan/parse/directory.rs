//! `## Annuaire`: whom a call can be transferred to.

use std::time::Duration;

use super::action::action;
use super::inline::Inline;
use super::label::{self, statement};
use super::outline::{Outline, Scope, Section, SectionKind};
use super::town::{already, set_once};
use super::{Sink, block::BlockKind, hours};
use crate::dialplan::text::fold;
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
