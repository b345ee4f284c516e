//! Written French compared and measured: folding, titles' keys, spoken length. Knows nothing of Markdown.

use std::time::Duration;

/// Spoken characters a second of our voice (Siwis): 14.9 over the welcome's three sentences, 15.4 over an answer of seven
/// seconds.
const CHARACTERS_A_SECOND: f32 = 15.0;
/// What a digit becomes when said, on average: "2026" is "deux mille vingt-six".
const CHARACTERS_A_DIGIT: usize = 5;
/// A value put in during the call, such as "lundi à huit heures trente".
pub(super) const CHARACTERS_A_VALUE: usize = 26;

/// Lower case, no accents, straight apostrophes, single spaces. Composed and decomposed accents fold alike.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => folded.push('a'),
            'ç' => folded.push('c'),
            'è' | 'é' | 'ê' | 'ë' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' => folded.push('i'),
            'ñ' => folded.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => folded.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            '’' | 'ʼ' | '‘' | '`' => folded.push('\''),
            '–' | '—' | '−' | '‑' | '‐' => folded.push('-'),
            '\u{300}'..='\u{36f}' => {}
            c if c.is_whitespace() => {
                if !folded.ends_with(' ') && !folded.is_empty() {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Words of a folded text: letters and digits only.
pub fn folded_words(text: &str) -> Vec<String> {
    fold(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// "Carte d'identité" → "carte-d-identite".
pub fn slug(title: &str) -> String {
    folded_words(title).join("-")
}

/// What two ways of writing a title have in common: no case, accents, punctuation, nor a leading article.
pub(super) fn title_key(title: &str) -> String {
    const ARTICLES: &[&str] =
        &["le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "mon", "ma", "mes", "votre", "vos"];
    let words = folded_words(title);
    let skip = words.iter().take_while(|word| ARTICLES.contains(&word.as_str())).count();
    let kept = if skip < words.len() { skip } else { 0 };
    words[kept..].join(" ")
}

/// The candidate that `written` was probably meant to be.
pub(super) fn suggest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const CLOSE_ENOUGH: f64 = 0.6;
    /// Bytes; a slip of the pen is looked for in a name, not in a page.
    const LONGEST: usize = 120;
    if written.len() > LONGEST {
        return None;
    }
    let written = fold(written);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| {
            let likeness = strsim::normalized_damerau_levenshtein(&written, &fold(candidate));
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness >= CLOSE_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Number of characters a voice says for this text, digits said in full.
pub(super) fn spoken_characters(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii_digit() { CHARACTERS_A_DIGIT } else { 1 }).sum()
}

/// How long a voice takes for this many characters.
pub(super) fn spoken_duration(characters: usize) -> Duration {
    Duration::from_secs_f32(characters as f32 / CHARACTERS_A_SECOND)
}

/// How long a voice takes for this text, at its normal pace.
pub fn spoken_time(text: &str) -> Duration {
    spoken_duration(spoken_characters(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_forgives_case_accents_apostrophes_and_spaces() {
        assert_eq!(fold("  L’État\u{a0}civil "), "l'etat civil");
        assert_eq!(fold("Sœur à Noe\u{308}l"), "soeur a noel");
        assert_eq!(fold("8h30 – 12h"), "8h30 - 12h");
    }

    #[test]
    fn titles_meet_without_their_articles() {
        assert_eq!(title_key("L'état civil"), title_key("Etat-civil"));
        assert_eq!(title_key("les encombrants"), "encombrants");
        assert_eq!(title_key("La"), "la");
        assert_eq!(slug("Carte d'identité"), "carte-d-identite");
    }

    #[test]
    fn a_slip_of_the_pen_finds_its_label_and_nonsense_finds_none() {
        let labels = ["Dire", "Répondre", "Quand on dit"];
        assert_eq!(suggest("Repondr", labels), Some("Répondre"));
        assert_eq!(suggest("quand on dis", labels), Some("Quand on dit"));
        assert_eq!(suggest("budget", labels), None);
    }

    #[test]
    fn digits_take_longer_to_say_than_to_write() {
        assert!(spoken_characters("01 30 87 20 00") > 50);
        assert_eq!(spoken_duration(30), Duration::from_secs(2));
    }
}
