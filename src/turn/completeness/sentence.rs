//! A sentence: does it hang in the air?

use super::super::endpoint::Completeness;
use super::Said;

/// Words of a sentence that can be a whole request, and how many of them must mean something.
const WHOLE_WORDS: usize = 3;
const MEANINGFUL_WORDS: usize = 2;

/// Something must follow: an article, preposition, conjunction or hesitation stands last, or the recogniser's own mark.
pub(super) fn is_dangling(said: &Said<'_>) -> bool {
    let mark = |mark: char| said.written.ends_with(mark);
    if said.written.ends_with([',', '…', '-', ':']) || said.written.ends_with("...") {
        return true;
    }
    let last = said.word_from_end(0);
    // "Lequel ? — Le A" and "D" as a letter are for whoever expects letters; "où est-ce ?" ends with its question mark.
    if mark('?') || said.words.whole.iter().any(|whole| is_all(said, whole)) {
        return false;
    }
    if said.ends_with("il y en a") || said.ends_with("y en a plus") {
        return false;
    }
    // "Là" and "sûr" are no article and no preposition.
    let accented = said.tokens.last().is_some_and(|token| matches!(token.written.as_str(), "là" | "sûr"));
    !accented && said.words.open_ended.contains(&last)
        || half_denied(said)
        || said.words.hesitations.contains(&last)
        || said.words.beginnings.iter().any(|beginning| said.ends_with(beginning))
}

/// "… n'existe": the other half of the negation follows.
fn half_denied(said: &Said<'_>) -> bool {
    said.french && matches!(said.word_from_end(1), "n" | "ne") && !said.ends_with("n importe")
}

/// An answer that is none of what was asked for, of more than one word: "oui" alone may be a letter or digit misheard.
pub(super) fn declines(said: &Said<'_>) -> bool {
    is_whole(said) && said.tokens.len() > 1
}

pub(super) fn judge(said: &Said<'_>) -> Completeness {
    if is_dangling(said) || said.folded().all(|word| said.words.greetings.contains(&word)) && !is_whole(said) {
        return Completeness::Unfinished;
    }
    if is_whole(said) || said.written.ends_with('?') && said.tokens.len() >= WHOLE_WORDS {
        return Completeness::Finished;
    }
    let meaningful = said.tokens.iter().filter(|token| token.is_content()).count();
    let closes = said.words.closings.iter().any(|closing| said.ends_with(closing));
    if closes && meaningful >= 1 && !opens_with_closing(said) {
        return Completeness::Finished;
    }
    let stopped = said.written.ends_with(['.', '!']);
    // "Pour les options avancées.", "La personne au poste.": the recogniser puts a full stop after anything; callers who ask
    // for something say who does or wants it.
    let has_subject = said.folded().any(|word| said.words.subjects.contains(&word)) || begins_with_infinitive(said);
    if stopped && has_subject && said.tokens.len() >= WHOLE_WORDS && meaningful >= MEANINGFUL_WORDS {
        return Completeness::Finished;
    }
    Completeness::Unknown
}

/// "Refaire ma carte d'identité."
fn begins_with_infinitive(said: &Said<'_>) -> bool {
    const IRREGULAR: &[&str] =
        &["faire", "refaire", "prendre", "reprendre", "inscrire", "connaitre", "mettre", "rendre", "vendre", "suivre"];
    let first = said.folded().find(|word| !said.words.greetings.contains(word)).unwrap_or_default();
    said.french && (first.len() >= 5 && (first.ends_with("er") || first.ends_with("ir")) || IRREGULAR.contains(&first))
}

/// "Merci" and "s'il vous plaît" by themselves: to call somebody's attention.
fn opens_with_closing(said: &Said<'_>) -> bool {
    said.words.closings.iter().any(|closing| is_all(said, closing))
}

/// The whole of what is said is a turn by itself, greetings and politeness apart.
pub(super) fn is_whole(said: &Said<'_>) -> bool {
    said.words.whole.iter().any(|whole| is_all(said, whole))
}

fn is_all(said: &Said<'_>, phrase: &str) -> bool {
    let words: Vec<&str> = said.folded().collect();
    words.join(" ") == phrase
}
