//! Spaces, quotes, brackets, dashes, slashes and other signs: first and last of the rules.

use regex::Captures;

use super::pattern;

/// One kind of space and apostrophe, no invisible characters, no quotes.
pub(super) fn normalise(text: &str) -> String {
    let text: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            '’' | 'ʼ' | '‘' | '`' | '´' => Some('\''),
            '‐' | '‑' => Some('-'),
            '«' | '»' | '“' | '”' | '„' | '"' => None,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0f}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect();
    let text = text.replace("...", "…").replace('½', " 1/2").replace('¼', " 1/4").replace('¾', " 3/4");
    // "photo(s)", "né(e)": the ending in brackets is silent or not said.
    let text = pattern!(r"(\p{L})\((s|x)\)").replace_all(&text, "$1$2");
    let text = pattern!(r"(\p{L})\((?:e|es|ne|nes)\)").replace_all(&text, "$1");
    tidy(&text)
}

/// What other languages get: signs a voice stumbles over taken out.
pub(super) fn plain(text: &str) -> String {
    strip(&normalise(text))
}

/// Signs that are words, then everything a voice can't say.
pub(super) fn rewrite(text: &str) -> String {
    let text = pattern!(r"(?i)\b(touche|tapez|taper|puis|par|appuyez sur|dièse ou) ?([#*])").replace_all(
        text,
        |c: &Captures| {
            let key = if &c[2] == "#" { "dièse" } else { "étoile" };
            format!("{} {key}", &c[1])
        },
    );
    let text = pattern!(r"(?i)\bet ?/ ?ou\b").replace_all(&text, "et ou");
    // "oui/non" is a choice; a slash elsewhere is silent.
    let text = pattern!(r"(\p{L}) ?/ ?(\p{L})").replace_all(&text, "$1 ou $2");
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => words.push_str(" et "),
            '@' => words.push_str(" arobase "),
            '%' => words.push_str(" pour cent "),
            '€' => words.push_str(" euros "),
            '+' => words.push_str(" plus "),
            '=' => words.push_str(" égale "),
            '°' => words.push_str(" degrés "),
            '#' => words.push_str(" dièse "),
            '~' | '≈' => words.push_str(" environ "),
            '§' => words.push_str(" paragraphe "),
            '•' | '·' => words.push_str(", "),
            c => words.push(c),
        }
    }
    strip(&words)
}

/// Brackets and spaced dashes become pauses; what is neither word nor pause goes.
fn strip(text: &str) -> String {
    let text = pattern!(r" [-–—−] |[–—]|[()\[\]{}]").replace_all(text, ", ");
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        let said = c.is_alphabetic()
            || c.is_ascii_digit()
            || matches!(c, ' ' | '\'' | '-' | '.' | ',' | ';' | ':' | '!' | '?' | '…')
            || is_combining(c)
            || super::lexicon::is_marker(c);
        kept.push(if said { c } else { ' ' });
    }
    tidy(&kept)
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Single spaces, no space before a comma or full stop, no pause twice or at the start.
fn tidy(text: &str) -> String {
    let text = pattern!(r" +").replace_all(text.trim(), " ");
    let text = pattern!(r" +([,.…])").replace_all(&text, "$1");
    let text = pattern!(r"([,;:])(?: ?,)+").replace_all(&text, "$1");
    let text = pattern!(r", ?([.;:!?…])").replace_all(&text, "$1");
    let text = pattern!(r"^[ ,;:.]+").replace_all(&text, "");
    let text = pattern!(r"[ ,]+$").replace_all(&text, "");
    text.into_owned()
}
