//! Word error rate: how far a transcript is from what was said.
//!
//! Owns: the normalisation and the alignment. Must not know: who transcribed.
//!
//! Case, accents and punctuation do not count; hyphens and apostrophes separate words; numbers count as the words
//! they are read as, so "01 30" equals "zéro un trente". A reference that is spelled ("D U P O N T") is compared letter
//! by letter, because an engine may well write the name. Nothing else is forgiven.

use super::words::bare;

/// Errors of a set of utterances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    pub utterances: usize,
    /// Utterances without an error.
    pub exact: usize,
    /// Words (letters where spelled) of the references.
    pub words: usize,
    /// Substitutions, deletions and insertions.
    pub errors: usize,
}

impl Score {
    /// Adds one utterance.
    pub fn add(&mut self, reference: &str, hypothesis: &str) {
        let (reference, hypothesis) = units(reference, hypothesis);
        let errors = distance(&reference, &hypothesis);
        self.utterances += 1;
        self.exact += usize::from(errors == 0);
        self.words += reference.len();
        self.errors += errors;
    }

    /// Errors for each word of the references; `None` without any.
    pub fn word_error_rate(&self) -> Option<f64> {
        (self.words > 0).then(|| self.errors as f64 / self.words as f64)
    }
}

/// What is compared: words, or letters when the reference is spelled.
fn units(reference: &str, hypothesis: &str) -> (Vec<String>, Vec<String>) {
    let said = bare(reference);
    let spelled =
        said.len() > 1 && said.iter().all(|word| word.chars().count() == 1 && word.chars().all(char::is_alphabetic));
    if spelled {
        let letters = |words: Vec<String>| -> Vec<String> {
            words.iter().flat_map(|word| word.chars()).map(String::from).collect()
        };
        return (said, letters(bare(hypothesis)));
    }
    (read_aloud(said), read_aloud(bare(hypothesis)))
}

/// Levenshtein's distance between two sequences: words, letters, phones.
pub fn distance<T: PartialEq>(reference: &[T], hypothesis: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=hypothesis.len()).collect();
    for (i, said) in reference.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, heard) in hypothesis.iter().enumerate() {
            let substitution = diagonal + usize::from(said != heard);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[hypothesis.len()]
}

/// Numbers as the words they are read as; spellings of the same number word made one.
fn read_aloud(words: Vec<String>) -> Vec<String> {
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        for piece in pieces(&word) {
            match piece {
                _ if piece.bytes().all(|byte| byte.is_ascii_digit()) => digits(piece, &mut out),
                "er" | "ere" if out.last().is_some_and(|last| last == "un") && piece.len() < word.len() => {
                    out.pop();
                    out.push(if piece == "er" { "premier" } else { "premiere" }.to_owned());
                }
                "h" if piece.len() < word.len() => out.push("heures".to_owned()),
                "vingts" => out.push("vingt".to_owned()),
                "cents" => out.push("cent".to_owned()),
                "une" => out.push("un".to_owned()),
                _ => out.push(piece.to_owned()),
            }
        }
    }
    out
}

/// `8h30` → `8`, `h`, `30`.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A run of digits: up to four without a leading zero are a number, others are read in pairs like a telephone number.
fn digits(run: &str, out: &mut Vec<String>) {
    let mut say = |text: String| out.extend(text.split(' ').map(str::to_owned));
    if run.len() <= 4 && !run.starts_with('0') {
        say(number(run.parse().unwrap_or(0)));
        return;
    }
    let mut rest = run;
    while !rest.is_empty() {
        let (pair, after) = rest.split_at(rest.len().min(2));
        if let Some(unit) = pair.strip_prefix('0') {
            say("zero".to_owned());
            if !unit.is_empty() {
                say(number(unit.parse().unwrap_or(0)));
            }
        } else {
            say(number(pair.parse().unwrap_or(0)));
        }
        rest = after;
    }
}

/// French number words of 0–9999, without accents and plural marks.
fn number(value: u32) -> String {
    const UNITS: [&str; 17] = [
        "zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
        "treize", "quatorze", "quinze", "seize",
    ];
    const TENS: [&str; 7] = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante"];
    let with = |head: &str, rest: u32| match rest {
        0 => head.to_owned(),
        rest => format!("{head} {}", number(rest)),
    };
    match value {
        0..=16 => UNITS[value as usize].to_owned(),
        17..=19 => format!("dix {}", number(value - 10)),
        20..=69 if value % 10 == 1 => format!("{} et un", TENS[(value / 10) as usize]),
        20..=69 => with(TENS[(value / 10) as usize], value % 10),
        71 => "soixante et onze".to_owned(),
        70..=79 => format!("soixante {}", number(value - 60)),
        80..=99 => with("quatre vingt", value - 80),
        100..=199 => with("cent", value - 100),
        200..=999 => with(&format!("{} cent", number(value / 100)), value % 100),
        1000..=1999 => with("mille", value - 1000),
        _ => with(&format!("{} mille", number(value / 1000)), value % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(reference: &str, hypothesis: &str) -> (usize, usize) {
        let mut score = Score::default();
        score.add(reference, hypothesis);
        (score.errors, score.words)
    }

    #[test]
    fn what_does_not_count() {
        assert_eq!(errors("L'état-civil, s'il vous plaît !", "l etat civil s’il vous plait"), (0, 7));
        assert_eq!(errors("vendredi 24 juin", "Vendredi vingt-quatre juin."), (0, 4));
        assert_eq!(errors("01 30 87 20 02", "Zéro un, trente, quatre-vingt-sept, vingt, zéro deux"), (0, 9));
        assert_eq!(errors("01 30 87 20 02", "0130872002"), (0, 9));
        assert_eq!(errors("appuyez sur un", "Appuyez sur 1."), (0, 3));
        assert_eq!(errors("le premier mai", "le 1er mai"), (0, 3));
        assert_eq!(errors("à 8 heures 30", "à 8h30"), (0, 4));
    }

    #[test]
    fn what_counts() {
        assert_eq!(errors("un deux trois", "un trois"), (1, 3));
        assert_eq!(errors("un trois", "un deux trois"), (1, 2));
        assert_eq!(errors("la mairie de Laye", "la mairie de l'aïe"), (2, 4));
        assert_eq!(errors("bonjour", ""), (1, 1));
        assert_eq!(errors("", "bonjour"), (1, 0));
    }

    #[test]
    fn a_spelled_name_is_compared_letter_by_letter() {
        assert_eq!(errors("D U P O N T", "Dupont."), (0, 6));
        assert_eq!(errors("D U P O N T", "D-U-P-O-M-T"), (1, 6));
        assert_eq!(errors("D U P O N T", "des jupons"), (4, 6));
    }

    #[test]
    fn number_words() {
        for (value, words) in [
            (0, "zero"),
            (17, "dix sept"),
            (21, "vingt et un"),
            (70, "soixante dix"),
            (71, "soixante et onze"),
            (80, "quatre vingt"),
            (81, "quatre vingt un"),
            (99, "quatre vingt dix neuf"),
            (100, "cent"),
            (345, "trois cent quarante cinq"),
            (1998, "mille neuf cent quatre vingt dix huit"),
            (2026, "deux mille vingt six"),
        ] {
            assert_eq!(number(value), words);
        }
    }

    #[test]
    fn scores_add_up() {
        let mut score = Score::default();
        score.add("un deux", "un deux");
        score.add("trois quatre", "trois");
        assert_eq!((score.utterances, score.exact, score.words, score.errors), (2, 1, 4, 1));
        assert_eq!(score.word_error_rate(), Some(0.25));
        assert_eq!(Score::default().word_error_rate(), None);
    }
}
