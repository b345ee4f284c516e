//! Names of which the spelling was lost: the recogniser made words of the letters. What stands before them is the name.

use std::sync::LazyLock;

use regex::Regex;

use crate::understanding::slots::spelling::Spelled;

/// "Je vous l'épelle", as it is heard.
static SPELLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i),? (?:je|jeu) (?:vous|voulais|vous? les?|te) ?(?:l['’]?)?(?:[ée]s?t?[- ]?)?pell?es?\b")
        .expect("pattern of this source")
});

/// The text without "je vous l'épelle", which is no name however it was heard.
pub(super) fn without_announcement(text: &str) -> std::borrow::Cow<'_, str> {
    SPELLING.replace(text, ",")
}

/// "Monsieur Girard, géninaire, par RD": what stands before a spelling of which the recogniser made words.
pub(super) fn name_before<'t>(text: &'t str, spelled: Option<&Spelled>) -> Option<&'t str> {
    let cut = SPELLING.find(text).map(|found| found.start());
    let end = cut.or_else(|| text.find([',', '.', ':', ';']))?;
    let (name, rest) = text.split_at_checked(end)?;
    let letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count();
    let is_torn = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        (2..=3).contains(&letters(word)) && word.chars().all(char::is_uppercase)
            || (word.contains('-') && word.split('-').filter(|part| part.chars().count() == 1).count() >= 2)
    };
    let is_spelling = cut.is_some() || rest.split_whitespace().any(is_torn);
    let longest = name.split_whitespace().map(letters).max().unwrap_or(0);
    // Half of the letters tell the name better than none.
    let is_lost = spelled.is_none_or(|spelled| 2 * letters(&spelled.letters) <= longest);
    let is_name = (1..=4).contains(&name.split_whitespace().count()) && longest >= 3;
    (is_spelling && is_lost && is_name).then_some(name)
}
