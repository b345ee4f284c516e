//! Yes and no, in the many ways they are said.

use std::sync::LazyLock;

use crate::understanding::pattern::Patterns;
use crate::understanding::text::{Token, tokens};

/// An answer to a closed question, and what was said beside it ("non, c'est pour un passeport").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub yes: bool,
    /// Words beyond the answer itself, without leading politeness.
    pub rest: String,
}

// Order matters: denials hold words of assent ("pas d'accord", "ce n'est pas ça").
static NO: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "non",
            "nan",
            "nom $",
            "^ no $",
            "pas du tout",
            "surtout pas",
            "absolument pas",
            "vraiment pas",
            "pas vraiment",
            "pas d accord",
            "pas ca",
            "pas cela",
            "pas la? peine",
            "pas exactement",
            "pas tout a fait",
            "pas besoin",
            "pas maintenant",
            "^ pas encore",
            "^ pas tout de suite",
            "^ pas aujourdhui",
            "^ pas pour l|le instant|moment",
            "pas bon",
            "pas correct",
            "pas necessaire",
            "pas interesse*",
            "n en veux pas",
            "ne veux pas",
            "veux pas",
            "ne souhaite pas",
            "^ aucun*",
            "^ jamais $",
            "ca ira $",
            "^ ca va aller",
            "^ rien $",
            "^ c est faux",
            "^ faux",
            "^ erreur",
            "trompe*",
            "vous n y etes",
            "mauvais numero|nom",
            "au contraire",
            "negatif",
            "sans facon",
            "hors de question",
            "ca va pas",
            "tant pis",
            "^ nope",
            "^ nah",
            "^ um|uh|well|oh|sorry|actually no|nope|nah",
            "absolutely|certainly|definitely|probably not",
            "of course not",
            "not today",
            "not yet",
            "not necessary",
            "don t want",
            "don t think so",
            "don t need",
            "^ don t $",
            "rather not",
            "never mind",
            "^ neither",
            "^ nothing",
            "^ none",
            "wrong number|name|one|day",
            "got it|that|me wrong",
            "i m good|fine|okay",
            "it|that isn t",
            "it s not",
            "it is not",
            "no way",
            "not at all",
            "not really",
            "not now",
            "not that",
            "that s wrong|incorrect",
            "that is wrong|incorrect",
            "that is not it|right|correct",
            "that s not it|right|correct",
            "^ wrong",
            "^ incorrect",
            "^ no",
            // Heard for "non".
            "^ nous $",
            "^ nons",
            "^ noms $",
        ],
        0,
    )
});

static YES: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "oui",
            "ouais",
            "ouai",
            "oui oui",
            "mais oui",
            "ben oui",
            "^ we $",
            "^ oue $",
            "ouep",
            "ouaip",
            "^ si",
            "mais si",
            "c est ca",
            "c est cela",
            "c est bien ca|cela",
            "c est exact|juste|correct|bon|parfait|exactement",
            "tout a fait",
            "exactement",
            "exact",
            "absolument",
            "parfaitement",
            "parfait",
            "bien sur",
            "evidemment",
            "effectivement",
            "en effet",
            "volontiers",
            "avec plaisir",
            "d accord",
            "^ accord",
            "^ ok",
            "^ okay",
            "^ okey",
            "entendu",
            "ca marche",
            "ca me va",
            "ca me convient",
            "ca me conviendrait",
            "je veux bien",
            "j aimerais bien",
            "je le veux",
            "^ correct",
            "^ juste",
            "affirmatif",
            "pourquoi pas",
            // Beside anything else it is courtesy.
            "^ s il vous plait $",
            "^ svp",
            "^ allez y",
            "^ allez",
            "^ vas y",
            "^ yes",
            "^ um|uh|well|oh|ah|so yes|yeah|yep|sure",
            "^ voila",
            "^ carrement",
            "^ certainement",
            "^ impeccable",
            "^ nickel",
            "^ yeah",
            "^ yep",
            "^ yup",
            "^ sure",
            "^ of course",
            "^ right",
            "that s right|it|correct|fine",
            "that is right|correct",
            "^ absolutely",
            "^ exactly",
            "^ definitely",
            "^ certainly",
            "^ perfect",
            "^ alright",
            "^ all right",
            "^ good $",
            "^ great",
            "^ why not",
            "sounds good|fine|great",
            "^ i would $",
            "^ i do $",
            "^ it is $",
            "i d like|love that",
            "^ that would be",
            "^ indeed",
            "^ do $",
            "^ please",
            "^ go ahead",
            "^ fine",
            // Heard for "oui".
            "^ ouis",
            "^ wii",
            "^ ui $",
            "^ houi",
        ],
        0,
    )
});

/// Reads an answer; `None` when the words are neither.
pub fn read(text: &str) -> Option<Answer> {
    let words = tokens(text);
    let (no, yes) = (NO.first(&words), YES.first(&words));
    let (no, yes) = match yes.as_ref().and_then(|yes| retraction(&words, yes.end)) {
        Some(retracted) => (Some(retracted), None),
        None => (no, yes),
    };
    let (answer, range) = match (no, yes) {
        (Some(no), Some(yes)) => {
            // "oui, il n'y a pas de souci": what comes first decides, unless the denial holds the assent.
            if yes.start < no.start { (true, yes) } else { (false, no) }
        }
        (Some(no), None) => (false, no),
        (None, Some(yes)) => (true, yes),
        (None, None) => return None,
    };
    // An assent far inside a sentence is no answer: "je voudrais savoir si c'est exact…".
    let before = words[..range.start].iter().filter(|t| t.is_content()).count();
    // "Et l'addition, évidemment, elle est pour moi ?"
    if before > 1 || (answer && before == 1 && text.trim_end().ends_with('?')) {
        return None;
    }
    let rest = if answer { rest(&words[range.end..]) } else { rest(without_denied(&words, &words[range.end..])) };
    Some(Answer { yes: answer, rest })
}

/// Behind a yes, which ends at `from`, it takes it back: "oui. Ah non, attendez, plutôt l'après-midi".
fn retraction(words: &[Token], from: usize) -> Option<std::ops::Range<usize>> {
    static TAKES_BACK: LazyLock<Patterns> = LazyLock::new(|| {
        Patterns::new(
            &[
                "ah|euh|oh|enfin|heu|mais non attendez|attends|pardon?",
                "non attendez|attends|pardon|excusez",
                "non en fait",
                "no wait|sorry",
            ],
            0,
        )
    });
    let found = TAKES_BACK.first(&words[from..])?;
    Some(from + found.start..from + found.end)
}

/// Denials of what stands behind them: "pas la peine de me rappeler", "je ne veux pas parler à un agent" wish nothing.
static DENIES: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "pas la? peine|besoin|necessaire|utile|envie d|de|que|qu",
            "veux|souhaite|tiens|desire|voudrais pas a? que|qu|etre|parler|laisser|me|d|de|vous|un|une|prendre",
            "inutile d|de|que|qu",
            "don t want|need to|a|you",
        ],
        0,
    )
});

/// `rest`, the end of `words`, without what is denied up to the next "mais", "plutôt" or "par contre".
fn without_denied<'a>(words: &[Token], rest: &'a [Token]) -> &'a [Token] {
    const GOES_ON: &[&str] = &["mais", "plutot", "contre", "par", "seulement", "juste", "sinon", "but", "rather"];
    let begins = words.len() - rest.len();
    let Some(denied) = DENIES.first(words) else { return rest };
    // What stands between is no part of it: "non, c'est pour un passeport, je ne veux pas …".
    let is_next = words[begins.min(denied.start)..denied.start].iter().all(|token| !token.is_content());
    let from = denied.end.max(begins) - begins;
    match rest[from..].iter().position(|token| GOES_ON.contains(&token.folded.as_str())) {
        _ if !is_next => rest,
        Some(at) => &rest[from + at..],
        None => &[],
    }
}

/// "Non merci, ça ira": nothing of what was offered is wanted, nor anything instead of it. A mere "non" may lead elsewhere.
pub fn declines(text: &str) -> bool {
    static DECLINES: LazyLock<Patterns> = LazyLock::new(|| {
        Patterns::new(
            &[
                "ca ira",
                "ca va aller",
                "non? c est bon merci?",
                "merci $",
                "non merci",
                "sans facon",
                "tant pis",
                "laissez|laisse tomber",
                "pas la peine",
                "pas besoin",
                "pas necessaire",
                "rien d autre",
                "no thanks",
                "no thank you",
                "i m good|fine|okay",
                "never mind",
            ],
            0,
        )
    });
    let words = tokens(text);
    read(text).is_some_and(|answer| !answer.yes && answer.rest.is_empty()) && DECLINES.found(&words)
}

/// "Pas aujourd'hui, non, je suis sur un chantier", "non, non, laissez tomber": a no with its reason, which is about nothing else.
pub fn puts_off(text: &str) -> bool {
    static PUTS_OFF: LazyLock<Patterns> = LazyLock::new(|| {
        Patterns::new(
            &[
                "pas aujourdhui|maintenant|encore",
                "pas ce soir|matin",
                "pas tout de suite",
                "pas pour l|le instant|moment",
                "^ non merci",
                "c est bon",
                "laissez|laisse|laissons tomber",
                "plus tard",
                "une autre fois",
                "rappellerai|rappelle|reviendrai|repasserai",
                "vais|faut y? reflechir|voir",
                "pas le temps",
                "ca ne? n? fait rien",
                "tant pis",
                "d abord en|avec|y",
                "later",
                "not now|today|yet",
            ],
            0,
        )
    });
    read(text).is_some_and(|answer| !answer.yes) && PUTS_OFF.found(&tokens(text))
}

/// What follows the answer, without the answers said again after it.
fn rest(words: &[Token]) -> String {
    let mut words = words;
    loop {
        let again = [&*YES, &*NO].iter().find_map(|p| p.first(words).filter(|r| r.start == 0));
        match again {
            Some(range) => words = &words[range.end..],
            None => break,
        }
    }
    let tells = |t: &Token| t.is_content() || t.folded.bytes().all(|b| b.is_ascii_digit());
    let start = words.iter().position(tells).map_or(words.len(), |first| {
        // Keep the small words right before: "c'est pour un passeport".
        words[..first].iter().position(|t| t.weight == crate::understanding::text::Weight::Function).unwrap_or(first)
    });
    words[start..].iter().map(|t| t.written.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_no_wish() {
        for (text, rest) in [
            ("Non, pas la peine de me rappeler.", ""),
            ("Non, je ne veux pas parler à un agent.", ""),
            ("pas besoin de parler à quelqu'un", ""),
            ("Non, pas la peine de me rappeler, mais je voudrais un passeport.", "mais je voudrais un passeport"),
            ("Non, c'est pour un passeport.", "c est pour un passeport"),
            (
                "Non, c'est pour un passeport, je ne veux pas de carte.",
                "c est pour un passeport je ne veux pas de carte",
            ),
            ("Non, je préfère que vous notiez ma demande.", "je préfère que vous notiez ma demande"),
        ] {
            let answer = read(text).expect(text);
            assert!(!answer.yes, "{text}");
            assert_eq!(answer.rest, rest, "{text}");
        }
    }

    #[test]
    fn a_yes_may_be_taken_back() {
        for (text, rest) in [
            (
                "Oui. Ah non, attendez, le matin je fais des ménages. Plutôt l'après-midi.",
                "le matin je fais des ménages Plutôt l après midi",
            ),
            ("oui oui, euh non, c'est Martel", "c est Martel"),
        ] {
            let answer = read(text).expect(text);
            assert!(!answer.yes, "{text}");
            assert_eq!(answer.rest, rest, "{text}");
        }
        assert!(read("oui, il n'y a pas de souci").is_some_and(|answer| answer.yes));
        assert_eq!(read("Et l'addition, évidemment, elle est pour moi ?"), None);
    }

    #[test]
    fn declining_is_more_than_a_no() {
        for text in
            ["Non, ça ira, merci.", "non merci", "Non, c'est bon.", "sans façon", "pas la peine", "non non ça va aller"]
        {
            assert!(declines(text), "{text}");
        }
        for text in
            ["Non.", "non non", "Oui, merci.", "Non, notez-le, ça ira.", "non merci, c'est pour un passeport", "merci"]
        {
            assert!(!declines(text), "{text}");
        }
    }

    #[test]
    fn spoken_forms() {
        for yes in [
            "oui",
            "Oui.",
            "ouais",
            "oui oui",
            "ben oui",
            "mais oui",
            "oui s'il vous plaît",
            "oui merci",
            "oui je veux bien",
            "c'est ça",
            "c'est cela",
            "c'est bien ça",
            "c'est exact",
            "tout à fait",
            "exactement",
            "absolument",
            "bien sûr",
            "volontiers",
            "d'accord",
            "ok",
            "OK.",
            "je veux bien",
            "avec plaisir",
            "ça me va",
            "ça marche",
            "effectivement",
            "en effet",
            "parfait",
            "allez-y",
            "pourquoi pas",
            "s'il vous plaît",
            "euh oui",
            "ah oui",
            "alors oui",
            "oui c'est bien ça",
            "oui c'est correct",
            "oui voilà",
            "voilà",
            "c'est bon",
            "entendu",
            "si si",
            "oui, bonjour",
            "affirmatif",
            "oui pas de problème",
        ] {
            assert_eq!(read(yes).map(|a| a.yes), Some(true), "{yes}");
        }
        for no in [
            "non",
            "Non.",
            "non merci",
            "nan",
            "pas du tout",
            "surtout pas",
            "absolument pas",
            "pas vraiment",
            "ce n'est pas ça",
            "c'est pas ça",
            "pas d'accord",
            "non non",
            "ah non",
            "euh non",
            "non c'est bon",
            "non ça ira",
            "ça ira",
            "pas la peine",
            "pas besoin",
            "non ce n'est pas nécessaire",
            "je ne veux pas",
            "je n'en veux pas",
            "pas maintenant",
            "Pas tout de suite, merci.",
            "pas pour l'instant",
            "non pas tout à fait",
            "pas tout à fait",
            "pas exactement",
            "c'est faux",
            "vous vous trompez",
            "non je ne souhaite pas",
            "sans façon",
            "jamais",
            "négatif",
            "non, merci beaucoup",
            "mais non",
            "ben non",
            "aucunement",
            "non c'est tout",
            "non vous avez mal compris",
            "ce n'est pas correct",
            "c'est pas bon",
        ] {
            assert_eq!(read(no).map(|a| a.yes), Some(false), "{no}");
        }
    }

    #[test]
    fn english() {
        for yes in [
            "yes",
            "Yes, please.",
            "yeah",
            "yep",
            "sure",
            "of course",
            "that's right",
            "that's correct",
            "absolutely",
            "go ahead",
            "right",
        ] {
            assert_eq!(read(yes).map(|a| a.yes), Some(true), "{yes}");
        }
        for no in
            ["no", "No, thank you.", "nope", "not really", "not at all", "that's wrong", "that's not right", "wrong"]
        {
            assert_eq!(read(no).map(|a| a.yes), Some(false), "{no}");
        }
    }

    #[test]
    fn mistakes_of_the_ear() {
        for yes in ["houi", "ui", "ouai", "wii", "Ouis."] {
            assert_eq!(read(yes).map(|a| a.yes), Some(true), "{yes}");
        }
        for no in ["Nous.", "Noms.", "nom", "nons"] {
            assert_eq!(read(no).map(|a| a.yes), Some(false), "{no}");
        }
        // Only alone: in a sentence they are themselves.
        for neither in ["à huit heures", "huit", "nous sommes deux", "rue Louis XIV"] {
            assert_eq!(read(neither), None, "{neither}");
        }
    }

    #[test]
    fn neither() {
        for text in ["", "le matin", "la carte d'identité", "je ne sais pas", "peut-être", "06 12 34 56 78", "répétez"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_said_beside() {
        assert_eq!(read("non, c'est pour un passeport").unwrap().rest, "c est pour un passeport");
        assert_eq!(read("non, 06 13 14 15 16").unwrap().rest, "06 13 14 15 16");
        assert_eq!(read("oui oui c'est ça").unwrap().rest, "");
        assert_eq!(read("oui s'il vous plaît").unwrap().rest, "");
    }
}
