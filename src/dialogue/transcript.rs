//! What the town hall has said since the caller's last words, compared with what a test expects of it.

use crate::understanding::text::plain;

/// Sentences and events, in order, and how far they have been compared.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    text: String,
    /// Where the next piece is looked for: byte of the folded text.
    compared: usize,
}

impl Transcript {
    pub fn push(&mut self, sentence: &str) {
        self.text.push_str(sentence);
        self.text.push(' ');
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// The pieces in order, after what was compared before; or the first that is missing.
    pub fn expect(&mut self, pieces: &[String]) -> Result<(), String> {
        let said = plain(&self.text);
        for piece in pieces {
            let wanted = plain(piece);
            if wanted.is_empty() {
                continue;
            }
            match find_words(&said, &wanted, self.compared) {
                Some(end) => self.compared = end,
                None => return Err(piece.split_whitespace().collect::<Vec<_>>().join(" ")),
            }
        }
        Ok(())
    }
}

/// End of `wanted` in `text` from `from` on, on word boundaries.
fn find_words(text: &str, wanted: &str, from: usize) -> Option<usize> {
    let padded = format!("{} ", text.get(from..)?.trim_start());
    let skipped = text.get(from..)?.len() - text.get(from..)?.trim_start().len();
    let wanted_padded = format!("{wanted} ");
    let mut start = 0;
    while let Some(found) = padded.get(start..)?.find(&wanted_padded) {
        let at = start + found;
        if at == 0 || padded.as_bytes()[at - 1] == b' ' {
            return Some((from + skipped + at + wanted.len()).min(text.len()));
        }
        start = at + 1;
        while !padded.is_char_boundary(start) {
            start += 1;
        }
    }
    None
}
