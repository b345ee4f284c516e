//! From the words of a sentence to the phonemes a Piper voice is given: clauses, alphabets, chunks.
//!
//! Pure. espeak-ng drops punctuation and joins what it separated, so the text is cut at punctuation, phonemised clause
//! by clause, and put together again with the marks, which the voice turns into pauses and intonation.
//! Must not know: espeak-ng itself, the voice's network.

use std::collections::BTreeSet;

use super::spoken::Piece;

/// Words between two marks of punctuation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clause {
    pub pieces: Vec<Piece>,
    /// The mark that ends it.
    pub mark: Option<char>,
}

/// Cuts at punctuation that stands before a space or at the end ("3.5" and "9:30" stay whole).
pub(super) fn clauses(pieces: &[Piece]) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut open = Clause::default();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else {
            open.pieces.push(piece.clone());
            continue;
        };
        let mut words = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let at_end = match chars.peek() {
                Some(next) => next.is_whitespace() || is_mark(*next),
                None => index + 1 == pieces.len() || !words.ends_with(char::is_alphanumeric),
            };
            if !is_mark(c) || !at_end {
                words.push(c);
                continue;
            }
            push_words(&mut open, &mut words);
            if open.pieces.is_empty() {
                // A mark after a mark: the stronger one counts ("?!", "…,").
                if let Some(Clause { mark: Some(before), .. }) = clauses.last_mut()
                    && strength(c) > strength(*before)
                {
                    *before = c;
                }
            } else {
                open.mark = Some(c);
                clauses.push(std::mem::take(&mut open));
            }
        }
        push_words(&mut open, &mut words);
    }
    if !open.pieces.is_empty() {
        clauses.push(open);
    }
    clauses
}

fn push_words(clause: &mut Clause, words: &mut String) {
    if words.chars().any(char::is_alphanumeric) {
        clause.pieces.push(Piece::Text(words.trim().to_owned()));
    }
    words.clear();
}

fn is_mark(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '.' | '!' | '?' | '…')
}

fn strength(mark: char) -> u8 {
    match mark {
        '?' => 3,
        '!' => 2,
        '.' | '…' => 1,
        _ => 0,
    }
}

/// The letters a voice was trained on.
#[derive(Debug, Clone)]
pub(super) struct Alphabet {
    known: BTreeSet<char>,
    /// Kokoro's spelling of affricates and, for English, of diphthongs: one letter each.
    compact: bool,
    english: bool,
}

/// Pairs that Kokoro writes as one letter, in every language.
const AFFRICATES: [(&str, &str); 4] = [("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ts", "ʦ"), ("dz", "ʣ")];
/// And in English (misaki's notation).
const ENGLISH: [(&str, &str); 10] = [
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("əʊ", "Q"),
    ("oʊ", "O"),
    ("eə", "ɛː"),
    ("ɚ", "əɹ"),
    ("r", "ɹ"),
    ("ɐ", "ə"),
];

impl Alphabet {
    /// `known`: the characters of the voice's map; `espeak_voice`: its language.
    pub fn new(known: impl IntoIterator<Item = char>, espeak_voice: &str) -> Self {
        // `^`, `_` and `$` begin, pad and end a sentence: never part of one.
        let known: BTreeSet<char> = known.into_iter().filter(|c| !matches!(c, '^' | '_' | '$')).collect();
        let compact = known.contains(&'ʧ') && known.contains(&'ʤ');
        Self { known, compact, english: espeak_voice.starts_with("en") }
    }

    /// IPA in the voice's own letters; what it has no letter for is left out.
    pub fn write(&self, ipa: &str) -> String {
        let mut ipa = ipa.to_owned();
        if self.compact {
            // French "ts" and "dz" are two sounds ("tsé" is rare, "mets-en" is not).
            let pairs = if self.english { &AFFRICATES[..] } else { &AFFRICATES[..2] };
            for (pair, one) in pairs.iter().chain(ENGLISH.iter().filter(|_| self.english)) {
                ipa = ipa.replace(pair, one);
            }
        }
        let mut written = String::with_capacity(ipa.len());
        for c in ipa.chars() {
            let c = if c.is_whitespace() { ' ' } else { c };
            let doubled = c == ' ' && (written.is_empty() || written.ends_with(' '));
            if self.known.contains(&c) && !doubled {
                written.push(c);
            }
        }
        written.truncate(written.trim_end().len());
        written
    }

    /// The mark as the voice knows it.
    fn mark(&self, mark: char) -> Option<char> {
        let nearest = match mark {
            '…' => '.',
            ';' | ':' => ',',
            mark => mark,
        };
        [mark, nearest].into_iter().find(|mark| self.known.contains(mark))
    }

    /// Phonemised clauses as the texts to synthesise one after the other, each of at most `limit` phonemes. Commas, semicolons and
    /// colons stay within a text, where the voice makes the pause: what is said behind them alone loses its first sound. Behind
    /// other marks a text ends, and so does one that is full: between clauses, or between words where a clause alone is longer.
    pub fn chunks(&self, clauses: &[(String, Option<char>)], limit: usize) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        // Phonemes that still fit into the last text; none behind a mark that ends it.
        let mut room = 0;
        for (phonemes, mark) in clauses {
            let mut clause = self.write(phonemes);
            if clause.is_empty() {
                continue;
            }
            clause.extend(mark.and_then(|mark| self.mark(mark)));
            for part in pieces_of(&clause, limit) {
                let length = part.chars().count();
                match chunks.last_mut() {
                    Some(Chunk { phonemes, .. }) if length < room => {
                        phonemes.push(' ');
                        phonemes.push_str(part);
                        room -= length + 1;
                    }
                    _ => {
                        chunks.push(Chunk { phonemes: part.to_owned(), mark: None });
                        room = limit - length;
                    }
                }
            }
            if let Some(chunk) = chunks.last_mut() {
                chunk.mark = *mark;
            }
            if !matches!(mark, Some(',' | ';' | ':') | None) {
                room = 0;
            }
        }
        merged(chunks, limit)
    }
}

/// A voice says a few phonemes alone less well than within a sentence: such a text joins the next one, the last one the one
/// before.
fn merged(chunks: Vec<Chunk>, limit: usize) -> Vec<Chunk> {
    let length = |chunk: &Chunk| chunk.phonemes.chars().count();
    let mut merged: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        match merged.last_mut() {
            Some(last)
                if length(last).min(length(&chunk)) < LEAST_ALONE && length(last) + 1 + length(&chunk) <= limit =>
            {
                last.phonemes.push(' ');
                last.phonemes.push_str(&chunk.phonemes);
                last.mark = chunk.mark;
            }
            _ => merged.push(chunk),
        }
    }
    merged
}

/// Fewest phonemes that are said alone within a sentence.
const LEAST_ALONE: usize = 20;

/// A text to synthesise in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub phonemes: String,
    /// The mark it ends with, as it was written.
    pub mark: Option<char>,
}

/// `clause` whole when it fits; else cut at spaces; a word longer than the limit is cut anywhere.
fn pieces_of(clause: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = clause;
    while let Some((end, _)) = rest.char_indices().nth(limit) {
        let cut = rest[..end].rfind(' ').filter(|cut| *cut > 0).unwrap_or(end);
        parts.push(&rest[..cut]);
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn cut(text_of: &str) -> Vec<(String, Option<char>)> {
        clauses(&[text(text_of)])
            .into_iter()
            .map(|clause| {
                let words = clause.pieces.iter().map(|(Piece::Text(words) | Piece::Phonemes(words))| words.as_str());
                (words.collect::<Vec<_>>().join("|"), clause.mark)
            })
            .collect()
    }

    fn kokoro(voice: &str) -> Alphabet {
        Alphabet::new(" ,.!?…ˈˌːabdefhijklmnopstuvwzæøŋœɑɔəɛɡɪʁɹʃʊʒʧʤʦʣAIWYQO\u{303}^_$".chars(), voice)
    }

    #[test]
    fn sentences_are_cut_at_marks() {
        let expect = |rows: &[(&str, Option<char>)]| -> Vec<(String, Option<char>)> {
            rows.iter().map(|(words, mark)| ((*words).to_owned(), *mark)).collect()
        };
        assert_eq!(
            cut("Oui, bonjour. Et vous ?"),
            expect(&[("Oui", Some(',')), ("bonjour", Some('.')), ("Et vous", Some('?'))])
        );
        assert_eq!(cut("at 9:30, 3.5 miles"), expect(&[("at 9:30", Some(',')), ("3.5 miles", None)]));
        assert_eq!(cut("Quoi ?! Non…"), expect(&[("Quoi", Some('?')), ("Non", Some('…'))]));
        assert_eq!(cut(", . !"), expect(&[]));
        assert_eq!(cut(""), expect(&[]));
    }

    #[test]
    fn phonemes_of_the_lexicon_stay_in_their_clause() {
        let pieces = [
            text("monsieur "),
            Piece::Phonemes("peʁikaʁ".into()),
            text(", à "),
            Piece::Phonemes("lɛ".into()),
            text("."),
        ];
        let clauses = clauses(&pieces);
        assert_eq!(clauses.len(), 2);
        assert_eq!(clauses[0].pieces, [text("monsieur"), Piece::Phonemes("peʁikaʁ".into())]);
        assert_eq!(clauses[0].mark, Some(','));
        assert_eq!(clauses[1].pieces, [text("à"), Piece::Phonemes("lɛ".into())]);
        assert_eq!(clauses[1].mark, Some('.'));
    }

    #[test]
    fn ipa_is_written_in_the_letters_of_the_voice() {
        let french = kokoro("fr");
        assert_eq!(french.write("mˈatʃ  də- ʒˈɑ̃_^$\n"), "mˈaʧ də ʒˈɑ\u{303}");
        assert_eq!(french.write("tsɛ"), "tsɛ");
        assert_eq!(kokoro("en-gb").write("sˈeɪm tsˈaʊ"), "sˈAm ʦˈW");
        let piper = Alphabet::new(" ,.tʃaɪˈ".chars(), "en-us");
        assert_eq!(piper.write("tʃˈaɪ!"), "tʃˈaɪ");
    }

    #[test]
    fn chunks_hold_whole_clauses_within_the_limit() {
        let clause = |phonemes: &str, mark| (phonemes.to_owned(), mark);
        let alphabet = kokoro("fr");
        let said =
            [clause("bab", Some(',')), clause("deda", Some(';')), clause("  ", Some('.')), clause("f", Some('…'))];
        let texts = |said: &[(String, Option<char>)], limit| {
            let chunks = alphabet.chunks(said, limit).into_iter();
            chunks.map(|chunk| (chunk.phonemes, chunk.mark)).collect::<Vec<_>>()
        };
        let expect = |rows: &[(&str, Option<char>)]| -> Vec<(String, Option<char>)> {
            rows.iter().map(|(phonemes, mark)| ((*phonemes).to_owned(), *mark)).collect()
        };
        assert_eq!(texts(&said, 100), expect(&[("bab, deda, f…", Some('…'))]));
        let word = "badefi badefi badefi bade";
        let said_apart =
            [clause(word, Some('.')), clause("f", Some(',')), clause(word, Some(':')), clause("f", Some('!'))];
        let (first, second) = (format!("{word}."), format!("f, {word}, f!"));
        assert_eq!(texts(&said_apart, 100), expect(&[(&first, Some('.')), (&second, Some('!'))]));
        assert_eq!(texts(&said, 6), expect(&[("bab,", Some(',')), ("deda,", Some(';')), ("f…", Some('…'))]));
        let long = [clause("ab ab abababab", Some('?')), clause("f", None)];
        assert_eq!(texts(&long, 5), expect(&[("ab ab", None), ("ababa", None), ("bab?", Some('?')), ("f", None)]));
        assert!(alphabet.chunks(&[], 5).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_chunk_is_over_the_limit(words in "[ab ,.]{0,80}", limit in 1_usize..30) {
            let pieces = [Piece::Text(words)];
            let said: Vec<_> = clauses(&pieces)
                .into_iter()
                .map(|clause| {
                    let ipa = clause.pieces.iter().map(|(Piece::Text(w) | Piece::Phonemes(w))| w.clone()).collect();
                    (ipa, clause.mark)
                })
                .collect();
            for Chunk { phonemes: chunk, .. } in kokoro("fr").chunks(&said, limit) {
                let length = chunk.chars().count();
                proptest::prop_assert!(length > 0 && length <= limit, "{chunk:?}");
            }
        }
    }
}
