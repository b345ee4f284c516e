//! The town hall: its title, the lines under it, its hours. Also refuses lines where none belong.

use super::hours;
use super::inline::Inline;
use super::label::{self, statement};
use super::outline::{Outline, Section, SectionKind};
use super::{Sink, block::BlockKind};
use crate::dialplan::text::fold;
use crate::dialplan::{Dialplan, Location};

/// Most streets: an address is compared with each.
const MOST_STREETS: usize = 2_000;

/// A dialplan with everything but directory, topics and trials.
pub(super) fn read(sections: &[Section], outline: &Outline, sink: &mut Sink) -> Dialplan {
    let mut dialplan = Dialplan { languages: outline.languages.clone(), ..Dialplan::default() };
    let mut named: Option<Location> = None;
    for section in sections {
        match section.kind {
            SectionKind::Town => {
                if let Some(first) = named {
                    sink.error(
                        section.title.location(),
                        format!("le nom de la mairie est déjà donné ({})", sink.place(first)),
                        "un seul titre « # » à la racine ; les fiches vont dans « fr/ »",
                    );
                }
                named = named.or(Some(section.title.location()));
                dialplan.name = section.title.text().to_owned();
                for block in &section.blocks {
                    header_line(&block.text, &mut dialplan, sink);
                }
            }
            SectionKind::Hours => {
                for block in &section.blocks {
                    if block.kind == BlockKind::Item {
                        dialplan.hours.lines.extend(hours::line(&block.text, sink));
                    } else {
                        label::unknown(&block.text, &["lundi au vendredi", "jours fériés"], sink);
                    }
                }
            }
            SectionKind::Streets => streets(section, &mut dialplan.streets, sink),
            SectionKind::ServiceTitle | SectionKind::Directory => {
                for block in &section.blocks {
                    sink.error(
                        block.text.location(),
                        "cette ligne n'est sous aucun sujet",
                        "ouvrez d'abord un sujet « ## » ou, dans l'annuaire, un service « ### » ; un commentaire s'écrit <!-- ainsi -->",
                    );
                }
            }
            _ => {}
        }
    }
    if named.is_none() {
        sink.error(Location::default(), "le nom de la mairie manque", "commencez mairie.md par « # Mairie de … »");
    }
    dialplan
}

/// `## Rues`: one street a line, each once.
fn streets(section: &Section, streets: &mut Vec<String>, sink: &mut Sink) {
    let mut known: Vec<String> = streets.iter().map(|street| fold(street)).collect();
    for block in &section.blocks {
        let name = block.text.text().trim();
        let key = fold(name);
        if block.kind != BlockKind::Item || name.contains(':') {
            sink.error(
                block.text.location(),
                "cette ligne n'est pas le nom d'une rue",
                "écrivez une rue par ligne : « - rue de Pontoise »",
            );
        } else if known.contains(&key) {
            sink.error(
                block.text.location(),
                format!("« {name} » est déjà dans les rues"),
                "gardez une seule de ces lignes",
            );
        } else if streets.len() == MOST_STREETS {
            sink.error(
                block.text.location(),
                format!("il y a plus de {MOST_STREETS} rues"),
                "gardez celles de la commune",
            );
            return;
        } else {
            streets.push(name.to_owned());
            known.push(key);
        }
    }
}

fn header_line(line: &Inline, dialplan: &mut Dialplan, sink: &mut Sink) {
    let Some((left, right)) = statement(line) else {
        label::unknown(line, label::TOWN, sink);
        return;
    };
    let field = match fold(left.text()).as_str() {
        "numero" | "telephone" => &mut dialplan.number,
        "adresse" => &mut dialplan.address,
        "courriel" | "e-mail" => &mut dialplan.email,
        "site" | "site internet" => &mut dialplan.website,
        // Read by the outline.
        "langues" | "langue" => return,
        "alsace-moselle" => {
            match fold(right.text()).as_str() {
                "oui" => dialplan.alsace_moselle = true,
                "non" => {}
                _ => sink.error(
                    right.location(),
                    format!("« {} » n'est ni « oui », ni « non »", right.text()),
                    "écrivez « oui » si les deux jours fériés d'Alsace-Moselle s'appliquent",
                ),
            }
            return;
        }
        _ => {
            label::unknown(line, label::TOWN, sink);
            return;
        }
    };
    set_once(field, &left, &right, sink);
}

/// Fills a field that may be given once; reports a second one and an empty one.
pub(super) fn set_once(field: &mut Option<String>, left: &Inline, right: &Inline, sink: &mut Sink) {
    if right.is_empty() {
        sink.error(
            left.location(),
            format!("il manque la valeur de « {} »", left.text()),
            "écrivez-la après les deux points, ou enlevez la ligne",
        );
    } else if field.is_some() {
        already(left, sink);
    } else {
        *field = Some(right.text().to_owned());
    }
}

/// Reports a label given twice.
pub(super) fn already(left: &Inline, sink: &mut Sink) {
    sink.error(
        left.location(),
        format!("« {} » est déjà donné plus haut", left.text()),
        "gardez une seule de ces lignes",
    );
}
