//! The words before the colon: which there are, and what to say about one that is none of them.

use super::Sink;
use super::block::{Block, BlockKind};
use super::inline::Inline;
use crate::dialplan::Language;
use crate::dialplan::text::{fold, suggest};

/// Everything that may stand before a colon, by the section it belongs to.
pub(super) const TOPIC: &[&str] = &[
    "Quand on dit",
    "Mots",
    "Dire",
    "Dire si ouvert",
    "Dire si fermé",
    "Répondre",
    "Répondre si ouvert",
    "Répondre si fermé",
    "Si silence",
    "Demander",
    "Confirmer",
    "Enregistrer",
    "Ensuite",
    "Source",
    "Après 2 échecs",
    "oui",
    "non",
    "touche 1",
];
pub(super) const TOWN: &[&str] = &["Numéro", "Langues", "Adresse", "Courriel", "Site", "Alsace-Moselle"];
pub(super) const ENTRY: &[&str] = &[
    "Poste",
    "Numéro",
    "Sonner",
    "Horaires",
    "Adresse",
    "Courriel",
    "Personnes",
    "Mots",
    "Si fermé, occupé ou sans réponse",
];
pub(super) const TRIAL: &[&str] = &["Le", "appelant", "mairie", "touche", "transfert"];

const LANGUAGES: &[(&str, &str)] = &[
    ("français", "fr"),
    ("anglais", "en"),
    ("espagnol", "es"),
    ("allemand", "de"),
    ("portugais", "pt"),
    ("italien", "it"),
    ("arabe", "ar"),
];

/// `Label : value`, `None` when the line has no colon.
pub(super) fn statement(line: &Inline) -> Option<(Inline, Inline)> {
    line.split_once(':')
}

/// Values of the statements of this label (folded) among these blocks.
pub(super) fn values(blocks: &[Block], label: &str) -> Vec<Inline> {
    blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Item | BlockKind::Line))
        .filter_map(|block| statement(&block.text))
        .filter(|(left, _)| fold(left.text()) == label)
        .map(|(_, right)| right)
        .collect()
}

/// Reports a line that begins with no label of this section.
pub(super) fn unknown(line: &Inline, allowed: &[&str], sink: &mut Sink) {
    let Some((left, _)) = statement(line) else {
        sink.error(
            line.location(),
            "cette ligne n'est pas comprise",
            "ce que dit l'assistant commence par « > » ; un libellé finit par « : » ; une suite de ligne commence par deux espaces",
        );
        return;
    };
    let elsewhere =
        [TOPIC, TOWN, ENTRY, TRIAL].iter().any(|labels| labels.iter().any(|label| fold(label) == fold(left.text())));
    let remedy = match suggest(left.text(), allowed.iter().copied()) {
        Some(meant) => format!("vouliez-vous dire « {meant} » ?"),
        None if elsewhere => format!("ce libellé n'a pas sa place ici ; on peut y écrire : {}", allowed.join(", ")),
        None => format!("on peut écrire ici : {}", allowed.join(", ")),
    };
    sink.error(left.location(), format!("le libellé « {} » n'est pas connu", left.text()), remedy);
}

/// The language of this French name, or of its code.
pub(super) fn language(name: &str) -> Option<Language> {
    let name = fold(name);
    LANGUAGES
        .iter()
        .find(|(french, code)| fold(french) == name || *code == name)
        .map(|(_, code)| Language((*code).to_owned()))
}

/// Remedy for a language that is not known.
pub(super) fn known_languages() -> String {
    let names: Vec<&str> = LANGUAGES.iter().map(|(name, _)| *name).collect();
    format!("langues connues : {}", names.join(", "))
}
