//! Words that stand around names and are never part of one, particles, and answers that are no names.

use crate::understanding::slots::words::Word;

const AROUND: &[&str] = &[
    "c", "est", "je", "m", "appelle", "appel", "appele", "mon", "ma", "nom", "prenom", "s", "moi", "suis", "au", "a",
    "oui", "euh", "heu", "hum", "hein", "alors", "bonjour", "bonsoir", "madame", "monsieur", "mademoiselle", "mme",
    "mr", "mlle", "famille", "bah", "ben", "bon", "donc", "voila", "ici", "notez", "noter", "mettez", "pour", "il",
    "vous", "plait", "svp", "ce", "sera", "serait", "merci", "allo", "nommer", "nomme", "numero", "telephone",
    "plutot", "sur", "et", "non", "pardon", "ecoutez", "enfin", "en", "votre", "d", "accord", "ok", "mettre",
    "voudrais", "soit", "suite", "puis", "ecrit", "ecris", "epelle", "epele", "epeler", "ca", "cela", "comme",
    "orthographe", "avec", "lettre", "lettres", "dis", "dites", "quoi", "aussi", "beaucoup", "simplement", "juste", "excusez",
    // English.
    "my", "name", "is", "it", "this", "the", "i", "am", "mrs", "ms", "miss", "under", "please", "hello", "yes", "no",
    "sorry", "speaking", "for", "surname", "hi", "that", "s", "thank", "you", "spelled", "spelt", "last", "first",
];

/// Parts of names that stand before one and are spelled small.
const PARTICLES: &[&str] = &["de", "du", "des", "d", "la", "le", "les", "von", "van", "da", "dos", "el", "ben", "al"];

/// Sentences that answer "what is your name" with something else.
const NO_NAME: &[&str] = &[
    "sais", "pourquoi", "comment", "comprends", "compris", "veux", "peux", "importe", "rien", "aucun", "aucune",
    "repetez", "repeter", "question", "personne", "entends", "attendez", "faire", "savoir", "combien", "quel",
    "quelle", "quels", "quand", "why", "don", "know", "understand", "wait",
];

pub(super) fn is_particle(word: &Word) -> bool {
    word.is_any(PARTICLES)
}

pub(super) fn is_title(word: &Word) -> bool {
    word.is_any(&["madame", "monsieur", "mademoiselle", "mme", "mr", "mlle", "mrs", "ms", "miss"])
}

pub(super) fn is_around(word: &Word) -> bool {
    word.is_any(AROUND)
}

pub(super) fn is_no_name(word: &Word) -> bool {
    // "Don" may be a name where it stands with a capital.
    word.is_any(NO_NAME) && !(word.is("don") && word.written.starts_with('D'))
}
