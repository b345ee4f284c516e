//! Words spelled letter by letter: "D comme Denis, U, P…", "deux L", "I grec", "accent aigu", "tiret"; as a recogniser
//! writes them: "D-U-P", "DUPON", "dé u pé o", "I-GREC", "du, p, o". Also the alphabet of pilots and English letters.

use super::words::{Gap, Word};

/// A stretch that spells something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelled {
    /// Lower case, accents kept; may hold `-`, `'` and spaces.
    pub letters: String,
    /// Words it covers.
    pub from: usize,
    pub to: usize,
}

/// Longest spelling kept, in letters.
const LONGEST: usize = 60;

const PILOTS: &[&str] = &[
    "alpha", "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "juliette",
    "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
    "whiskey", "whisky", "xray", "yankee", "zulu",
];

/// The longest spelling among these words.
pub(super) fn spelled(words: &[Word]) -> Option<Spelled> {
    let mut best: Option<Spelled> = None;
    let mut at = 0;
    while at < words.len() {
        match Run::from(words, at) {
            Some(run) => {
                at = run.at;
                let longer = best.as_ref().is_none_or(|b| run.letters.chars().count() > b.letters.chars().count());
                if longer {
                    best = Some(Spelled { letters: run.letters, from: run.start, to: run.at });
                }
            }
            None => at += 1,
        }
    }
    best
}

/// The letter named at the first of these words, and how many words it took: "L", "elle", "I grec", "double vé".
pub(super) fn letter(words: &[Word]) -> Option<(char, usize)> {
    named(words).map(|(letter, used, _)| (letter, used))
}

/// How sure it is that a word names a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// A word of its own that sounds like a letter: "elle", "de".
    Weak,
    /// Hardly anything else: a single letter, "bé", "I grec".
    Strong,
}

struct Run {
    start: usize,
    at: usize,
    letters: String,
    strong: usize,
    examples: usize,
    pilots: usize,
}

impl Run {
    fn from(words: &[Word], start: usize) -> Option<Self> {
        let mut run = Run { start, at: start, letters: String::new(), strong: 0, examples: 0, pilots: 0 };
        while run.letters.len() < LONGEST && run.step(words) {}
        let count = run.letters.chars().filter(|c| c.is_alphabetic()).count();
        let spells = run.strong >= 3 || (run.examples >= 1 && count >= 2) || run.examples >= 2 || run.pilots >= 3;
        (spells && count >= 2).then_some(run)
    }

    /// Takes what spells on; `false` at the end.
    fn step(&mut self, words: &[Word]) -> bool {
        let word = |k: usize| words.get(self.at + k).map_or("", |w| w.folded.as_str());
        let Some(rest) = words.get(self.at..).filter(|rest| !rest.is_empty()) else {
            return false;
        };
        let begun = !self.letters.is_empty();
        if begun && let Some((change, used)) = mark(rest) {
            self.letters = change(&self.letters);
            self.at += used;
            return true;
        }
        // "deux L", "2 L", "double L"; but "double vé" is one letter.
        if !matches!(named(rest), Some(('w', 2.., _)))
            && let times @ 2.. = repetition(word(0))
            && let Some((letter, used, strength)) = named(&rest[1..])
            && (begun || strength == Strength::Strong)
        {
            self.letters.extend(std::iter::repeat_n(letter, times));
            self.strong += times;
            self.at += 1 + used;
            self.example(words);
            return true;
        }
        // "D comme Denis": also when only the example was heard well.
        let spelled = named(rest);
        if let Some((letter, used, _)) = spelled
            && let Some((initial, more)) = example(&rest[used..])
        {
            let letter = if trusts_example(letter) { initial } else { letter };
            self.letters.push(letter);
            self.examples += 1;
            self.at += used + more;
            return true;
        }
        if let Some((initial, more)) = example(&rest[1..]).filter(|_| begun && word(0).chars().count() <= 4) {
            self.letters.push(initial);
            self.examples += 1;
            self.at += 1 + more;
            return true;
        }
        if let Some((letter, used, strength)) = spelled {
            // A word that only sounds like a letter counts between letters.
            let goes_on = || rest.get(used).is_none() || leads_to_strong(&rest[used..], 2);
            if strength == Strength::Strong || (goes_on() && (begun || starts_strong(&rest[used..]))) {
                self.letters.push(letter);
                self.strong += usize::from(strength == Strength::Strong);
                self.at += used;
                return true;
            }
        }
        if let Some(letters) = fused(words, self.at) {
            self.strong += letters.chars().count();
            self.letters.push_str(&letters);
            self.at += 1;
            return true;
        }
        if PILOTS.contains(&word(0)) && (self.pilots > 0 || rest.get(1).is_some_and(|w| w.is_any(PILOTS))) {
            self.letters.extend(word(0).chars().next());
            self.pilots += 1;
            self.at += 1;
            return true;
        }
        // "X ray".
        if begun && self.pilots > 0 && word(0) == "ray" {
            self.at += 1;
            return true;
        }
        // Small words between letters.
        let small = [
            "et",
            "puis",
            "ensuite",
            "apres",
            "euh",
            "alors",
            "majuscule",
            "minuscule",
            "un",
            "une",
            "virgule",
            "then",
            "and",
        ];
        let skipped = (0..2).take_while(|k| small.contains(&word(*k))).count();
        if begun && skipped > 0 && self.then_goes_on(&rest[skipped.min(rest.len())..]) {
            self.at += skipped;
            return true;
        }
        false
    }

    fn then_goes_on(&self, rest: &[Word]) -> bool {
        starts_strong(rest)
            || mark(rest).is_some()
            || rest.first().is_some_and(|w| repetition(&w.folded) > 1) && rest.get(1..).is_some_and(starts_strong)
    }

    /// "deux L comme Louis".
    fn example(&mut self, words: &[Word]) {
        if let Some((_, used)) = words.get(self.at..).and_then(example) {
            self.examples += 1;
            self.at += used;
        }
    }
}

fn starts_strong(words: &[Word]) -> bool {
    matches!(named(words), Some((_, _, Strength::Strong)))
}

/// A strong letter after so many weak ones.
fn leads_to_strong(words: &[Word], weak: usize) -> bool {
    match named(words) {
        Some((_, _, Strength::Strong)) => true,
        Some((_, used, Strength::Weak)) if weak > 0 => leads_to_strong(&words[used..], weak - 1),
        _ => false,
    }
}

/// Consonants that are confused on the telephone: the example tells. Others may be written another way than they sound
/// ("C comme Célestin").
fn trusts_example(letter: char) -> bool {
    "bdptvmnflr".contains(letter)
}

/// "comme Denis", "as in Denis": initial and words taken.
fn example(words: &[Word]) -> Option<(char, usize)> {
    let used = match (words.first()?.folded.as_str(), words.get(1).map_or("", |w| w.folded.as_str())) {
        ("comme", "dans" | "le" | "la") => 2,
        ("as", "in") => 2,
        ("comme" | "like", _) => 1,
        _ => return None,
    };
    let word = words.get(used)?;
    let initial = word.folded.chars().next().filter(char::is_ascii_alphabetic)?;
    // "comme l'eau".
    if word.folded.chars().count() == 1 && words.get(used + 1).is_some_and(|w| w.before == Gap::Apostrophe) {
        let initial = words.get(used + 1)?.folded.chars().next()?;
        return Some((initial, used + 2));
    }
    Some((initial, used + 1))
}

fn repetition(word: &str) -> usize {
    match word {
        "deux" | "2" | "double" | "two" => 2,
        "trois" | "3" | "triple" | "three" => 3,
        _ => 1,
    }
}

/// What a mark makes of the letters so far.
type Change = fn(&str) -> String;

/// Changes to what was spelled so far: accents, hyphen, apostrophe, space.
fn mark(words: &[Word]) -> Option<(Change, usize)> {
    let word = |k: usize| words.get(k).map_or("", |w| w.folded.as_str());
    let of = |k: usize| match word(k) {
        "aigu" | "aigue" | "egu" => Some(acute as Change),
        "grave" => Some(grave as Change),
        "circonflexe" | "circonflex" => Some(circumflex as Change),
        _ => None,
    };
    match word(0) {
        "accent" | "accents" => of(1).map(|change| (change, 2)),
        "aigu" | "circonflexe" => of(0).map(|change| (change, 1)),
        "trema" | "tremas" => Some((diaeresis, 1)),
        "cedille" | "cedilles" => Some((cedilla, 1)),
        "tiret" | "hyphen" | "dash" => Some((|text| format!("{text}-"), 1)),
        "trait" if word(1) == "d" && word(2) == "union" => Some((|text| format!("{text}-"), 3)),
        "apostrophe" => Some((|text| format!("{text}'"), 1)),
        "espace" | "space" => Some((|text| format!("{text} "), 1)),
        "plus" if word(1) == "loin" => Some((|text| format!("{text} "), 2)),
        _ => None,
    }
}

fn last_letter(text: &str, change: impl Fn(char) -> char) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = change(*last);
    }
    letters.into_iter().collect()
}

pub(super) fn acute(text: &str) -> String {
    last_letter(text, |c| match c {
        'e' => 'é',
        c => c,
    })
}

pub(super) fn grave(text: &str) -> String {
    last_letter(text, |c| match c {
        'e' => 'è',
        'a' => 'à',
        'u' => 'ù',
        c => c,
    })
}

pub(super) fn circumflex(text: &str) -> String {
    last_letter(text, |c| match c {
        'a' => 'â',
        'e' => 'ê',
        'i' => 'î',
        'o' => 'ô',
        'u' => 'û',
        c => c,
    })
}

pub(super) fn diaeresis(text: &str) -> String {
    last_letter(text, |c| match c {
        'e' => 'ë',
        'i' => 'ï',
        'u' => 'ü',
        'o' => 'ö',
        'a' => 'ä',
        c => c,
    })
}

pub(super) fn cedilla(text: &str) -> String {
    last_letter(text, |c| if c == 'c' { 'ç' } else { c })
}

/// Letters written as one word: "PONT" after "du", "RQWXZ". A name in capitals after another name is a name.
fn fused(words: &[Word], at: usize) -> Option<String> {
    let word = words.get(at)?;
    // "du, p, o, n, t": D and U heard as a word.
    let next = |k: usize| words.get(at + k);
    if word.is("du") && at == 0 {
        let two = [1, 2].iter().all(|k| next(*k).is_some_and(|w| w.folded.chars().count() == 1));
        let capitals = next(1).is_some_and(|w| is_capitals(w)) && words.len() == 2;
        return (two || capitals).then(|| "du".to_owned());
    }
    if !is_capitals(word) {
        return None;
    }
    let near_letter = [at.checked_sub(1), Some(at + 1)]
        .into_iter()
        .flatten()
        .filter_map(|k| words.get(k))
        .any(|w| w.folded.chars().count() == 1 && w.written.chars().all(char::is_alphabetic));
    let after_du = at == 1 && words[0].is("du");
    // "Kowalski, KWVLSKI".
    let after_name =
        at > 0 && word.before == Gap::Stop && word.written.chars().count() >= 4 && !is_capitals(&words[at - 1]);
    (words.len() == 1 || near_letter || after_du || after_name).then(|| word.folded.clone())
}

fn is_capitals(word: &Word) -> bool {
    word.written.chars().count() >= 2 && word.written.chars().all(char::is_uppercase)
}

/// A letter by its sign or its name.
fn named(words: &[Word]) -> Option<(char, usize, Strength)> {
    use Strength::{Strong, Weak};
    let first = words.first()?;
    let next = words.get(1).map_or("", |w| w.folded.as_str());
    let lower = first.written.to_lowercase();
    match (first.folded.as_str(), next) {
        (
            "i" | "y" | "ie" | "hi",
            "grec" | "greg" | "grecque" | "grecs" | "gregs" | "grek" | "greck" | "gregue" | "grecq",
        ) => {
            return Some(('y', 2, Strong));
        }
        ("double" | "doubles", "v" | "ve" | "vee" | "u" | "you" | "ves") => return Some(('w', 2, Strong)),
        _ => {}
    }
    let mut letters = lower.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        // "c'est", "d'Artois": no letters.
        let elided = words.get(1).is_some_and(|w| w.before == Gap::Apostrophe);
        if !letter.is_alphabetic() || elided {
            return None;
        }
        let small_word =
            matches!(letter, 'à' | 'y' | 'a' | 'ô') && first.before == Gap::Space && first.written == lower;
        return Some((if letter == 'à' { 'a' } else { letter }, 1, if small_word { Weak } else { Strong }));
    }
    let letter = match lower.as_str() {
        "bé" => 'b',
        "cé" => 'c',
        "dé" => 'd',
        "gé" => 'g',
        "pé" => 'p',
        "té" => 't',
        "vé" => 'v',
        _ => match first.folded.as_str() {
            "effe" => 'f',
            "ache" => 'h',
            "ji" => 'j',
            "ka" => 'k',
            "emme" => 'm',
            "enne" => 'n',
            "ku" => 'q',
            "erre" => 'r',
            "esse" => 's',
            "ixe" => 'x',
            "igrec" | "igreg" => 'y',
            "zed" | "zede" => 'z',
            "doubleve" | "doublev" => 'w',
            // English.
            "aitch" => 'h',
            "zee" => 'z',
            _ => {
                let weak = match first.folded.as_str() {
                    "ah" | "ay" => 'a',
                    "be" | "bee" => 'b',
                    "ce" | "ces" | "see" | "sea" => 'c',
                    "de" | "des" | "dee" => 'd',
                    "eux" | "eh" | "he" | "ee" => 'e',
                    "ef" | "eff" => 'f',
                    "ge" | "gee" | "jet" => 'g',
                    "hache" => 'h',
                    "gi" | "jay" => 'j',
                    "cas" | "kay" => 'k',
                    "elle" | "el" | "ell" | "ailes" | "aile" | "elles" => 'l',
                    "aime" | "em" | "aimes" => 'm',
                    "haine" | "en" | "aine" => 'n',
                    "oh" | "eau" | "au" | "haut" | "os" => 'o',
                    "pe" | "paix" | "pee" => 'p',
                    "queue" | "cul" | "cue" => 'q',
                    "air" | "ere" | "ar" | "are" | "er" => 'r',
                    "es" | "ess" | "est" => 's',
                    "te" | "the" | "tes" | "tee" | "tea" => 't',
                    "hue" | "eu" | "you" => 'u',
                    "ve" | "vee" => 'v',
                    "iks" | "ex" => 'x',
                    "why" => 'y',
                    _ => return None,
                };
                return Some((weak, 1, Weak));
            }
        },
    };
    Some((letter, 1, Strong))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::slots::golden::golden;
    use crate::understanding::slots::words::words;

    #[test]
    fn spelled_forms() {
        golden(
            &[
                ("D U P O N T", "dupont"),
                ("D, U, P, O, N, T.", "dupont"),
                ("D-U-P-O-N-T", "dupont"),
                ("D.U.P.O.N.T.", "dupont"),
                ("dé u pé o enne té", "dupont"),
                ("du PONT", "dupont"),
                ("du, p, o, n, t", "dupont"),
                ("P-E-R-I-C-A-R-D", "pericard"),
                ("F-A-I-GREC-C-A-L", "faycal"),
                ("F A I grec C A L", "faycal"),
                ("F, A, I, Greg, C, A, L", "faycal"),
                ("F A Y grec C A L", "faycal"),
                ("RQWXZ", "rqwxz"),
                ("K-O-W-A-L-S-K-I", "kowalski"),
                ("K O double vé A L S K I", "kowalski"),
                ("K O double V A L S K I", "kowalski"),
                ("M O R E A U", "moreau"),
                ("D comme Denis, U, P, O, N, D comme Denis", "dupond"),
                ("T comme Denis, U, R, A, N, D comme David", "durand"),
                ("C comme Célestin A comme Anatole", "ca"),
                ("L E deux F E", "leffe"),
                ("A B deux L", "abll"),
                ("B E 2 L O T", "bellot"),
                ("P E accent aigu R I", "péri"),
                ("L E F E accent grave V R E", "lefèvre"),
                ("N O E tréma L", "noël"),
                ("F R A N C cédille O I S", "françois"),
                ("J E A N tiret P A U L", "jean-paul"),
                ("J E A N trait d'union P A U L", "jean-paul"),
                ("D apostrophe A R T", "d'art"),
                ("L E espace G O F F", "le goff"),
                ("B I elle elle O T", "billot"),
                ("M A R T I haine", "martin"),
                ("V comme Victor I comme Irma D comme Désiré A comme Anatole L comme Louis", "vidal"),
                ("Bravo Romeo Oscar Whiskey November", "brown"),
                ("Alpha, Bravo, Charlie", "abc"),
                ("B as in Bravo R O W N", "brown"),
                ("S M I T H", "smith"),
                ("B R O W double E", "browee"),
                ("N comme Nicolas, G, U, Y, E, N", "nguyen"),
                ("D U et puis B O I S", "dubois"),
                ("ça s'écrit B E N A L I", "benali"),
            ],
            |text| spelled(&words(text)).map(|s| s.letters),
        );
    }

    #[test]
    fn not_spelled() {
        for text in [
            "",
            "Dupont",
            "c'est madame Le Goff",
            "d'accord",
            "oui",
            "il y a",
            "Jean DUPONT",
            "A B",
            "à la mairie",
            "je l'ai dit",
        ] {
            assert_eq!(spelled(&words(text)), None, "{text}");
        }
    }

    #[test]
    fn a_spelling_ends_where_the_sentence_goes_on() {
        let text = "D U P O N T de préférence au 06 12";
        let found = spelled(&words(text)).unwrap();
        assert_eq!((found.letters.as_str(), found.to), ("dupont", 6));
        assert!(spelled(&words(&"a b ".repeat(500))).is_some_and(|s| s.letters.chars().count() <= LONGEST + 3));
    }
}
