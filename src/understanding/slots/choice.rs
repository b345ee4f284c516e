//! One of several options: by its words, by its place ("la deuxième"), by its number, by its sound.

use std::sync::LazyLock;

use crate::dialplan::{Phrase, PhraseToken};
use crate::understanding::pattern::Patterns;
use crate::understanding::spotting::Spotter;
use crate::understanding::text::{Token, tokens};

/// An option of which this much was said was said whole.
const WHOLE: f32 = 0.97;
/// Share of an option's words that must be said.
const ENOUGH: f32 = 0.6;
/// Advantage over the next option.
const LEAD: f32 = 0.1;

/// Ways to name a place: its rank, its number, and both in English.
const NAMES: [(&[&str], &str); 9] = [
    (&["premier", "premiere", "premiers", "first", "former", "1er", "1ere", "1re", "1st"], "un|une|one|1"),
    (&["deuxieme", "deuxiemes", "second", "seconde", "2e", "2eme", "2nd", "2nde"], "deux|two|2"),
    (&["troisieme", "third", "3e", "3eme", "3rd"], "trois|three|3"),
    (&["quatrieme", "fourth", "4e", "4eme", "4th"], "quatre|four|4"),
    (&["cinquieme", "fifth", "5e", "5eme", "5th"], "cinq|five|5"),
    (&["sixieme", "sixth", "6e", "6eme", "6th"], "six|6"),
    (&["septieme", "seventh", "7e", "7eme", "7th"], "sept|seven|7|cette"),
    (&["huitieme", "eighth", "8e", "8eme", "8th"], "huit|eight|8"),
    (&["neuvieme", "ninth", "9e", "9eme", "9th"], "neuf|nine|9"),
];

static PLACES: LazyLock<Vec<Patterns>> = LazyLock::new(|| {
    NAMES
        .iter()
        .map(|(ranks, numbers)| {
            let mut patterns: Vec<String> = ranks.iter().map(|rank| (*rank).to_owned()).collect();
            for around in [
                "^ # $",
                "numero #",
                "number #",
                "choix|choice|option|reponse|answer|solution|proposition|touche|key #",
                "^ le|la|the #",
            ] {
                patterns.push(around.replace('#', numbers));
            }
            // "le deux", but "les deux" is no choice.
            Patterns::new(&patterns.iter().map(String::as_str).collect::<Vec<_>>(), 0)
        })
        .collect()
});

static LAST: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(&["dernier", "derniere", "last", "latter"], 0));
static LAST_BUT_ONE: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&["avant dernier|derniere", "last but one", "second last"], 0));

/// "Ni l'un ni l'autre", "les deux": no single option.
static NONE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&["ni l un", "ni l une", "aucun|aucune des", "les deux|trois", "neither", "none of", "both"], 0)
});

/// Words that turn an option away: "pas le matin", "sauf le lundi", "plutôt que l'après-midi".
static NOT: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&["pas", "sauf", "plutot que", "ni", "not", "rather than", "except"], 0));

/// Behind an option, with a "pas", they turn it away: "le matin je ne suis pas là", "le matin c'est pas possible".
const SAID_OF_IT: &[&str] = &[
    "suis", "serai", "peux", "peut", "pourrai", "pourrais", "est", "sera", "serait", "va", "ira", "marche", "convient",
    "arrange", "veux", "can", "am", "is",
];

/// The place named, from 0, among `count` options.
pub fn place(said: &[Token], count: usize) -> Option<usize> {
    if count == 0 || NONE.found(said) {
        return None;
    }
    if LAST_BUT_ONE.found(said) {
        return count.checked_sub(2);
    }
    if LAST.found(said) {
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

/// The option of which a name was said whole, each having several: "le certificat de vie" for "certificat de vie, pour qui ne sort plus"
/// rather than "certificat de vie commune". The longest name decides, unless two have one.
pub fn by_name(said: &[Token], names: &[Vec<Phrase>]) -> Option<usize> {
    let longest = |names: &Vec<Phrase>| {
        let whole = names.iter().filter(|name| !name.tokens.is_empty() && score(said, name) >= WHOLE);
        whole.map(|name| name.tokens.len()).max().unwrap_or(0)
    };
    let lengths: Vec<usize> = names.iter().map(longest).collect();
    let best = *lengths.iter().max().filter(|best| **best > 0)?;
    let mut found = lengths.iter().enumerate().filter(|(_, length)| **length == best);
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index)
}

/// The option chosen by words, else by place, else by turning the others away.
pub fn read(text: &str, options: &[Phrase]) -> Option<usize> {
    let said = tokens(text);
    if NONE.found(&said) {
        // "Une carte, un passeport, ou les deux": what is no option elsewhere.
        return options.iter().position(|option| NONE.found(&tokens(&option.written)) && score(&said, option) >= WHOLE);
    }
    if let Some(chosen) = preferred(&said, options) {
        return Some(chosen);
    }
    // "Non pas le matin, l'après-midi", "l'après-midi plutôt que le matin": what is turned away does not count.
    if let Some(not) = NOT.first(&said) {
        let (before, after) = (&said[..not.start], &said[not.end..]);
        if let Some(away) = said_not_to_suit(before, after, options) {
            let chosen = by_words(after, options).filter(|chosen| *chosen != away);
            return chosen.or_else(|| (options.len() == 2).then_some(1 - away.min(1)));
        }
        let turned_away = by_words(after, options).or_else(|| first_by_words(after, options));
        if let Some(away) = turned_away {
            let rest = without_option(after, &options[away]);
            let chosen = by_words(before, options).or_else(|| by_words(&rest, options)).filter(|c| *c != away);
            return chosen.or_else(|| (options.len() == 2).then_some(1 - away.min(1)));
        }
    }
    by_words(&said, options).or_else(|| place(&said, options.len())).or_else(|| by_sound(&said, options))
}

/// "Le matin je ne suis | pas | là. L'après-midi, plutôt": the option before it, of which something is denied. What follows the "pas" at once
/// is turned away itself.
fn said_not_to_suit(before: &[Token], after: &[Token], options: &[Phrase]) -> Option<usize> {
    const AT_ONCE: usize = 3;
    let away = by_words(before, options).or_else(|| first_by_words(before, options))?;
    let says = |token: &Token| SAID_OF_IT.contains(&token.folded.as_str());
    let is_of_it = without_option(before, &options[away]).iter().any(says);
    let follows = by_words(&after[..after.len().min(AT_ONCE)], options).is_some();
    (is_of_it && !follows).then_some(away)
}

/// The option that was misheard, where something else may have been said as well: with the article that options have and
/// names seldom do ("la première dit" for "l'après-midi").
pub fn misheard(text: &str, options: &[Phrase]) -> Option<usize> {
    let said = tokens(text);
    let begins = |token: &Token| matches!(token.folded.as_str(), "le" | "la" | "les" | "l" | "en" | "the" | "in");
    // "Plutôt", "c'est" may stand before.
    let at = said.iter().take(3).position(begins)?;
    by_sound(&said[at..], options)
}

/// Words behind "plutôt" that an option may take.
const LONGEST_PREFERRED: usize = 4;

/// "Le matin, ah non, plutôt l'après-midi": what is wanted rather, whatever stands before and behind.
pub fn preferred(said: &[Token], options: &[Phrase]) -> Option<usize> {
    // "Le matin je suis en cours, donc l'après-midi."
    const BEFORE_IT: &[&str] = &["plutot", "donc"];
    let chosen = |at: usize| {
        // "L'après-midi plutôt que le matin" names behind it what is not wanted.
        let behind = said[at + 1..].iter().take_while(|token| token.folded != "que");
        let behind: Vec<Token> = behind.take(LONGEST_PREFERRED).cloned().collect();
        (1..=behind.len())
            .map(|count| &behind[..count])
            .find_map(|said| by_words(said, options).or_else(|| by_sound(said, options)))
    };
    let places = (0..said.len()).rev().filter(|at| BEFORE_IT.contains(&said[*at].folded.as_str()));
    places.into_iter().find_map(chosen)
}

/// The option of which most words were said or misheard, in any order: "déclare une essence" for "naissance à déclarer".
pub fn by_likeness(said: &[Token], options: &[Phrase]) -> Option<usize> {
    let said: Vec<&Token> = said.iter().filter(|token| token.is_content()).collect();
    let mut all: Vec<(usize, f32)> = options.iter().map(|option| likeness(&said, option)).enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (best, like) = *all.first()?;
    let next = all.get(1).map_or(0.0, |other| other.1);
    (like >= 1.0 - MISHEARD && like - next >= CLEARLY).then_some(best)
}

/// Mean over the option's meaningful words of how like the likest word said is.
fn likeness(said: &[&Token], option: &Phrase) -> f32 {
    let words: Vec<Token> = option.words().into_iter().flat_map(tokens).filter(Token::is_content).collect();
    if words.is_empty() {
        return 0.0;
    }
    let of_sounds = |a: &Token, b: &Token| {
        let (a, b): (Vec<char>, Vec<char>) = (a.sound.chars().collect(), b.sound.chars().collect());
        let length = a.len().max(b.len());
        let share = changes(&a, &b).max(a.len().abs_diff(b.len())) as f32 / length.max(1) as f32;
        if length < SHORTEST || share > MISHEARD { 0.0 } else { 1.0 - share }
    };
    let likest =
        |word: &Token| said.iter().map(|said| word.likeness(said).max(of_sounds(word, said))).fold(0.0, f32::max);
    words.iter().map(likest).sum::<f32>() / words.len() as f32
}

/// Share of an option's sounds that may be other ones.
const MISHEARD: f32 = 0.3;
/// By so much more the other options must differ from what was heard.
const CLEARLY: f32 = 0.3;
/// Shorter sounds are in everything.
const SHORTEST: usize = 4;

/// The option whose sound runs through what was heard, wherever words begin and end there: "la premedi" is "l'après-midi".
pub fn by_sound(said: &[Token], options: &[Phrase]) -> Option<usize> {
    let heard: Vec<char> = said.iter().flat_map(|token| token.sound.chars()).collect();
    let other = |option: &Phrase| {
        let words = option.words().into_iter().flat_map(tokens).filter(|token| token.folded.len() > 2);
        let sound: Vec<char> = words.flat_map(|token| token.sound.chars().collect::<Vec<_>>()).collect();
        if sound.len() < SHORTEST { 1.0 } else { changes(&sound, &heard) as f32 / sound.len() as f32 }
    };
    let mut all: Vec<(usize, f32)> = options.iter().map(other).enumerate().collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (best, differs) = *all.first()?;
    let next = all.get(1).map_or(1.0, |other| other.1);
    (differs <= MISHEARD && next - differs >= CLEARLY).then_some(best)
}

/// Fewest sounds to change, leave out or add so that `wanted` stands somewhere in `heard` (Sellers 1980).
fn changes(wanted: &[char], heard: &[char]) -> usize {
    let mut above = vec![0; heard.len() + 1];
    for (i, sound) in wanted.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in heard.iter().enumerate() {
            let changed = above[j] + usize::from(sound != other);
            row.push(changed.min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above.into_iter().min().unwrap_or(wanted.len())
}

/// Of several options said, the one that comes first.
fn first_by_words(said: &[Token], options: &[Phrase]) -> Option<usize> {
    (1..=said.len()).find_map(|count| by_words(&said[..count], options))
}

/// What is said without the words of an option.
fn without_option(said: &[Token], option: &Phrase) -> Vec<Token> {
    let words: Vec<String> = option.words().iter().flat_map(|w| tokens(w)).map(|t| t.folded).collect();
    let mut left = words.clone();
    said.iter()
        .filter(|t| match left.iter().position(|w| *w == t.folded) {
            Some(at) => {
                left.remove(at);
                false
            }
            None => true,
        })
        .cloned()
        .collect()
}

fn score(said: &[Token], phrase: &Phrase) -> f32 {
    // English articles tell nothing: "mornings" is "the morning".
    let is_article =
        |token: &PhraseToken| matches!(token, PhraseToken::Word(word) if matches!(word.as_str(), "the" | "a" | "an"));
    let tokens = phrase.tokens.iter().filter(|token| !is_article(token)).cloned().collect();
    Spotter::plain(&Phrase { written: phrase.written.clone(), tokens }).spot(said).score
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_longest_name_that_is_said_whole_is_chosen() {
        let names = |texts: &[&[&str]]| texts.iter().map(|names| options(names)).collect::<Vec<_>>();
        let offered = names(&[
            &["certificat vie certificat personne sort", "certificat vie", "certificat personne sort"],
            &["certificat vie commune"],
        ]);
        assert_eq!(by_name(&tokens("le certificat de vie"), &offered), Some(0));
        assert_eq!(by_name(&tokens("le certificat de vie commune"), &offered), Some(1));
        assert_eq!(by_name(&tokens("un passeport"), &offered), None);
        let alike = names(&[&["passeport prix", "passeport", "prix"], &["passeport délai", "passeport", "délai"]]);
        assert_eq!(by_name(&tokens("le passeport"), &alike), None);
        assert_eq!(by_name(&tokens("le délai"), &alike), Some(1));
    }

    #[test]
    fn what_is_wanted_rather_is_chosen() {
        let day = options(&["le matin", "l'après-midi"]);
        for (text, wanted) in [
            ("Le matin. Ah non, plutôt l'après-midi, le matin je travaille.", Some(1)),
            // As Whisper base wrote it.
            ("Le matin annon, plutôt l'aprèmidi, le matin je travaille.", Some(1)),
            ("plutôt le matin que l'après-midi", Some(0)),
            ("l'après-midi plutôt que le matin", Some(1)),
            ("plutôt le matin", Some(0)),
            ("le matin plutôt", Some(0)),
            ("plutôt en semaine", None),
            ("Le matin je ne suis pas là. L'après-midi, plutôt.", Some(1)),
            ("le matin c'est pas possible", Some(1)),
            ("je ne peux pas le matin", Some(1)),
            ("L'après-midi, mais pas avant quatorze heures.", Some(1)),
            ("Le matin, je suis en cours, donc l'aprèmidée.", Some(1)),
            ("Le matin, je suis en cours, donc la prémidée.", Some(1)),
        ] {
            assert_eq!(read(text, &day), wanted, "{text}");
        }
    }

    #[test]
    fn both_may_be_an_option() {
        let papers = options(&["une carte d'identité", "un passeport", "les deux"]);
        assert_eq!(read("Pour les deux, la carte et le passeport.", &papers), Some(2));
        assert_eq!(read("un passeport", &papers), Some(1));
        assert_eq!(read("ni l'un ni l'autre", &papers), None);
        assert_eq!(read("les deux", &options(&["le matin", "l'après-midi"])), None);
    }

    #[test]
    fn words_misheard_in_any_order_choose() {
        let offered = options(&["naissance déclarer", "aide domicile", "hébergement urgence"]);
        let chosen = |text: &str| by_likeness(&tokens(text), &offered);
        assert_eq!(chosen("Déclare une essence."), Some(0));
        assert_eq!(chosen("c'est pour l'aide à domicile"), Some(1));
        // Half of one, or nothing of any.
        for text in ["une essence", "déclarer mes impôts", "la piscine", "", "une urgence à domicile"] {
            assert_eq!(chosen(text), None, "{text}");
        }
        // As like one as the other.
        assert_eq!(by_likeness(&tokens("un acte"), &options(&["acte", "acte"])), None);
    }

    #[test]
    fn what_has_no_article_is_no_misheard_option() {
        let day = options(&["le matin", "l'après-midi"]);
        for (text, wanted) in [
            ("la premedi", Some(1)),
            ("c'est la première midi", Some(1)),
            ("plutôt le matain", Some(0)),
            ("Martin", None),
            ("c'est Martin", None),
            ("Le Goff", None),
            ("Lamartine", None),
            ("La Prairie", None),
            ("", None),
        ] {
            assert_eq!(misheard(text, &day), wanted, "{text}");
        }
    }

    #[test]
    fn a_misheard_option_is_known_by_its_sound() {
        let day = options(&["le matin", "l'après-midi"]);
        for (text, wanted) in [
            // As Whisper wrote them.
            ("Vluto la premedi.", Some(1)),
            ("Plus tôt l'aprèmidier.", Some(1)),
            ("Vlutôt l'aprèmidie.", Some(1)),
            ("plutôt le matain", Some(0)),
            ("je ne sais pas encore", None),
            ("ça m'est égal", None),
            ("demain", None),
            ("midi", None),
            ("", None),
        ] {
            assert_eq!(read(text, &day), wanted, "{text}");
        }
        assert_eq!(read("bonjour madame", &[]), None);
    }

    #[test]
    fn by_content_or_position() {
        let day = options(&["le matin", "l'après-midi"]);
        for (text, wanted) in [
            ("le matin", Some(0)),
            ("Le matin.", Some(0)),
            ("plutôt le matin s'il vous plaît", Some(0)),
            ("le matin ça m'arrange", Some(0)),
            ("matin", Some(0)),
            ("matins", Some(0)),
            ("l'après midi", Some(1)),
            ("après-midi", Some(1)),
            ("en après-midi ça m'arrange", Some(1)),
            ("la deuxième", Some(1)),
            ("la seconde", Some(1)),
            ("le second choix", Some(1)),
            ("le premier", Some(0)),
            ("la première solution", Some(0)),
            ("deux", Some(1)),
            ("2", Some(1)),
            ("le 2", Some(1)),
            ("le deux", Some(1)),
            ("la 1", Some(0)),
            ("choix numéro 2", Some(1)),
            ("option un", Some(0)),
            ("la dernière", Some(1)),
            ("l'avant-dernière", Some(0)),
            ("numéro un", Some(0)),
            ("touche 2", Some(1)),
            ("1er", Some(0)),
            ("la 2e", Some(1)),
            ("pas le matin", Some(1)),
            ("pas l'après-midi", Some(0)),
            ("pas le matin, l'après-midi", Some(1)),
            ("l'après-midi, pas le matin", Some(1)),
            ("plutôt l'après-midi que le matin", Some(1)),
            ("le matin plutôt que l'après-midi", Some(0)),
            ("the first one", Some(0)),
            ("the second", Some(1)),
            ("the last one", Some(1)),
            ("number two", Some(1)),
            ("option one", Some(0)),
            ("peu importe", None),
            ("les deux", None),
            ("ni l'un ni l'autre", None),
            ("neither", None),
            ("both", None),
            ("la troisième", None),
            ("", None),
        ] {
            assert_eq!(read(text, &day), wanted, "{text}");
        }
    }

    #[test]
    fn by_position_among_many() {
        let kinds = options(&["voirie", "éclairage", "propreté", "espaces verts", "bruit"]);
        for (text, wanted) in [
            ("la troisième", Some(2)),
            ("third", Some(2)),
            ("le quatre", Some(3)),
            ("la cinquième", Some(4)),
            ("numéro 5", Some(4)),
            ("l'avant-dernière", Some(3)),
            ("la sixième", None),
            ("l'éclairage", Some(1)),
            ("les espaces verts", Some(3)),
            ("l'espace vert", Some(3)),
            ("la propriété", Some(2)),
        ] {
            assert_eq!(read(text, &kinds), wanted, "{text}");
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
