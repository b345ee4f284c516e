//! One of several options: by its words, by its place ("la deuxième"), by its number.

use std::sync::LazyLock;

use crate::dialplan::Phrase;
use crate::understanding::pattern::Patterns;
use crate::understanding::spotting::Spotter;
use crate::understanding::text::{Token, tokens};

/// Share of an option's words that must be said.
const ENOUGH: f32 = 0.6;
/// Advantage over the next option.
const LEAD: f32 = 0.1;

static PLACES: LazyLock<[Patterns; 4]> = LazyLock::new(|| {
    [
        Patterns::new(
            &[
                "premier",
                "premiere",
                "^ un $",
                "^ une $",
                "^ 1 $",
                "numero un|1",
                "choix|option un|1",
                "^ le|la 1",
                "1er",
                "1ere",
                "1re",
            ],
            0,
        ),
        Patterns::new(
            &[
                "deuxieme",
                "second",
                "seconde",
                "^ deux $",
                "^ 2 $",
                "numero deux|2",
                "choix|option deux|2",
                "^ le|la 2",
                "2e",
                "2eme",
            ],
            0,
        ),
        Patterns::new(
            &["troisieme", "^ trois $", "^ 3 $", "numero trois|3", "choix|option trois|3", "^ le|la 3", "3e", "3eme"],
            0,
        ),
        Patterns::new(
            &[
                "quatrieme",
                "^ quatre $",
                "^ 4 $",
                "numero quatre|4",
                "choix|option quatre|4",
                "^ le|la 4",
                "4e",
                "4eme",
            ],
            0,
        ),
    ]
});

static LAST: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(&["dernier", "derniere"], 0));

/// The place named, from 0, among `count` options.
pub fn place(said: &[Token], count: usize) -> Option<usize> {
    if count > 0 && LAST.found(said) {
        return Some(count - 1);
    }
    PLACES.iter().take(count).position(|patterns| patterns.found(said))
}

/// The option chosen by its words, if one stands out.
pub fn by_words(said: &[Token], options: &[Phrase]) -> Option<usize> {
    let mut scores: Vec<(usize, f32)> =
        options.iter().enumerate().map(|(i, phrase)| (i, score(said, phrase))).collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let best = scores.first()?;
    let next = scores.get(1).map_or(0.0, |s| s.1);
    (best.1 >= ENOUGH && best.1 - next >= LEAD).then_some(best.0)
}

/// The option chosen by words, else by place.
pub fn read(text: &str, options: &[Phrase]) -> Option<usize> {
    let said = tokens(text);
    by_words(&said, options).or_else(|| place(&said, options.len()))
}

fn score(said: &[Token], phrase: &Phrase) -> f32 {
    Spotter::plain(phrase).spot(said).score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::PhraseToken;

    fn options(texts: &[&str]) -> Vec<Phrase> {
        texts
            .iter()
            .map(|text| Phrase {
                written: (*text).to_owned(),
                tokens: text.split(' ').map(|w| PhraseToken::Word(w.to_owned())).collect(),
            })
            .collect()
    }

    #[test]
    fn by_content_or_position() {
        let day = options(&["le matin", "l'après-midi"]);
        for (text, wanted) in [
            ("le matin", Some(0)),
            ("plutôt le matin s'il vous plaît", Some(0)),
            ("l'après midi", Some(1)),
            ("en après-midi ça m'arrange", Some(1)),
            ("la deuxième", Some(1)),
            ("le premier", Some(0)),
            ("deux", Some(1)),
            ("la dernière", Some(1)),
            ("numéro un", Some(0)),
            ("peu importe", None),
            ("la troisième", None),
            ("", None),
        ] {
            assert_eq!(read(text, &day), wanted, "{text}");
        }
    }

    #[test]
    fn shared_words_do_not_decide() {
        let kinds = options(&["carte d'identité", "carte de séjour"]);
        assert_eq!(read("une carte", &kinds), None);
        assert_eq!(read("la carte de séjour", &kinds), Some(1));
        assert_eq!(read("rien", &[]), None);
    }
}
