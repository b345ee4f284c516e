//! Ordinals ("1er", "2e", "XVIe") and Roman numerals where they are surely numerals.

use regex::Captures;

use super::numbers::{cardinal, ordinal, roman};
use super::pattern;

pub(super) fn rewrite(text: &str) -> String {
    let text = pattern!(r"\b(\d{1,6})(ers?|ères?|eres?|res?|nde?s?|èmes?|emes?|ièmes?|iemes?|es?|è)\b")
        .replace_all(text, |c: &Captures| {
            c[1].parse().map_or_else(|_| c[0].to_owned(), |number| numbered(number, &c[2]))
        });
    let text = pattern!(r"\b([IVXL]{1,7})(er|ers|re|e|ème|ème|nd|nde|es)\b").replace_all(&text, |c: &Captures| {
        // "Le", "Les" are words; no numeral of one letter L is written with an ending.
        match roman(&c[1]) {
            Some(number) if &c[1] != "L" => numbered(number, &c[2]),
            _ => c[0].to_owned(),
        }
    });
    let text = pattern!(
        r"(?x)\b(Henri|Louis|François|Charles|Philippe|Napoléon|Jean|Paul|Jean-Paul|Pie|Benoît|Jacques|Édouard|Edouard|
          Élisabeth|Elisabeth|Georges|Guillaume|Robert|Hugues|Léon|Alexandre|Nicolas|Grégoire|Innocent|Urbain|Vatican|
          Clovis|Albert|Léopold|Catherine|Marie|Alphonse|Ferdinand|Frédéric|Clément|Sixte|Jules|Victor-Emmanuel|
          Christian|Gustave|Hassan|Mohammed|Juan-Carlos|[Tt]ome|[Aa]rticle|[Tt]itre|[Cc]hapitre|[Aa]nnexe|[Aa]cte|[Ll]ivre|[Pp]artie)
          [\ -]([IVXL]{1,7})\b"
    )
    .replace_all(&text, |c: &Captures| match roman(&c[2]) {
        Some(1) if c[1].starts_with(char::is_uppercase) && &c[1] != "Vatican" => {
            format!("{} premier", &c[1])
        }
        // "article L. 2121" is of the law.
        Some(number) if &c[2] != "L" => format!("{} {}", &c[1], cardinal(number)),
        _ => c[0].to_owned(),
    });
    // Elsewhere two letters or more of I, V and X are a numeral ("tranche II").
    pattern!(r"\b[IVX]{2,7}\b")
        .replace_all(&text, |c: &Captures| roman(&c[0]).map_or_else(|| c[0].to_owned(), cardinal))
        .into_owned()
}

/// `number` with the ending it was written with.
fn numbered(number: u64, ending: &str) -> String {
    let plural = if ending.ends_with('s') { "s" } else { "" };
    let word = match (number, ending.trim_end_matches('s')) {
        (1, "re" | "ère" | "ere") => "première".to_owned(),
        (1, _) => "premier".to_owned(),
        (2, "nd") => "second".to_owned(),
        (2, "nde") => "seconde".to_owned(),
        (0, _) => "zéroième".to_owned(),
        _ => ordinal(number),
    };
    format!("{word}{plural}")
}
