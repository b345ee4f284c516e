//! `## Essai : …`: a conversation that must come out as written.

use super::inline::Inline;
use super::label::{self, statement};
use super::outline::{Outline, Section};
use super::{Sink, block::BlockKind, when};
use crate::dialplan::text::fold;
use crate::dialplan::{Trial, TrialLine, TrialStep};

pub(super) fn read(section: &Section, outline: &Outline, sink: &mut Sink) -> Option<Trial> {
    let title = statement(&section.title).map(|(_, title)| title);
    let Some(title) = title.filter(|title| !title.is_empty()) else {
        sink.error(
            section.title.location(),
            "cet essai n'a pas de nom",
            "écrivez par exemple « ## Essai : carte perdue un samedi soir »",
        );
        return None;
    };
    let mut trial = Trial {
        title: title.text().to_owned(),
        language: outline.languages[section.language].clone(),
        at: None,
        lines: Vec::new(),
        location: section.title.location(),
    };
    for block in &section.blocks {
        if block.kind == BlockKind::Quote {
            label::unknown(&block.text, label::TRIAL, sink);
        } else {
            line(&block.text, &mut trial, outline, sink);
        }
    }
    if trial.lines.is_empty() {
        sink.error(section.title.location(), "cet essai est vide", "écrivez « - appelant : … » puis « - mairie : … »");
    }
    Some(trial)
}

/// "… il faut un rendez-vous … 25 euros …": what must be said, in this order.
pub(crate) fn pieces(expected: &str) -> Vec<String> {
    let expected = expected.replace("...", "…");
    expected.split('…').map(str::trim).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

fn line(written: &Inline, trial: &mut Trial, outline: &Outline, sink: &mut Sink) {
    let Some((left, right)) = statement(written) else {
        label::unknown(written, label::TRIAL, sink);
        return;
    };
    if right.is_empty() {
        sink.error(
            left.location(),
            format!("il manque le texte après « {} : »", left.text()),
            "écrivez ce qui est dit",
        );
        return;
    }
    let step = match fold(left.text()).as_str() {
        "le" => {
            match when::date_time(right.text()) {
                Ok(at) => trial.at = Some(at),
                Err(wrong) => sink.error(right.location(), wrong.message, wrong.remedy),
            }
            return;
        }
        "appelant" | "appelante" => TrialStep::Caller(right.text().to_owned()),
        "mairie" => {
            let pieces = pieces(right.text());
            if pieces.is_empty() {
                sink.error(
                    right.location(),
                    "cette ligne n'attend aucun mot de la mairie",
                    "écrivez au moins un mot de la réponse : « … rendez-vous … »",
                );
                return;
            }
            TrialStep::TownHall(pieces)
        }
        "touche" | "touches" => {
            let keys: String = right.text().chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
            if !keys.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#') {
                sink.error(
                    right.location(),
                    format!("« {} » n'est pas une suite de touches", right.text()),
                    "les touches sont 0 à 9, * et #",
                );
                return;
            }
            TrialStep::Keys(keys)
        }
        "transfert" => match outline.resolve_entry(&right, sink) {
            Some(entry) => TrialStep::Transferred(entry),
            None => return,
        },
        _ => {
            label::unknown(written, label::TRIAL, sink);
            return;
        }
    };
    trial.lines.push(TrialLine { step, location: written.location() });
}
