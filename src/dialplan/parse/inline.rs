//! A stretch of text that remembers where each of its characters stands in the file, so that every
//! problem can point at the very word. Knows the typography (quotes, colons), not the language of dialplans.

use std::ops::Range;

use crate::dialplan::Location;

/// Text of one line or paragraph, with the source range of every byte.
#[derive(Debug, Clone)]
pub(super) struct Inline {
    file: usize,
    text: String,
    /// For each byte of `text`: source range of the character it belongs to.
    origin: Vec<(usize, usize)>,
    /// Where an empty text stands.
    anchor: usize,
}

impl Inline {
    pub fn new(file: usize, anchor: usize) -> Self {
        Self { file, text: String::new(), origin: Vec::new(), anchor }
    }

    /// Appends text that stands at `source`; when it is not there character by character (an entity, an
    /// escape) all of it points at the whole range. Typographic spaces and apostrophes become plain ones.
    pub fn push(&mut self, text: &str, source: Range<usize>) {
        let verbatim = text.len() == source.len();
        for (offset, c) in text.char_indices() {
            let plain = match c {
                '\u{a0}' | '\u{202f}' | '\u{2009}' | '\t' => ' ',
                '’' | '‘' | 'ʼ' => '\'',
                c => c,
            };
            let range = if verbatim {
                (source.start + offset, source.start + offset + c.len_utf8())
            } else {
                (source.start, source.end)
            };
            self.text.push(plain);
            self.origin.extend(std::iter::repeat_n(range, plain.len_utf8()));
        }
    }

    /// Appends `other` after a space.
    pub fn join(&mut self, other: &Inline) {
        if !self.text.is_empty() {
            let at = self.location().end;
            self.push(" ", at..at);
        }
        self.text.push_str(&other.text);
        self.origin.extend_from_slice(&other.origin);
    }

    /// Appends another paragraph or item of a list: without punctuation between them, the voice pauses as at a comma.
    pub fn join_sentence(&mut self, other: &Inline) {
        if self.text.ends_with(char::is_alphanumeric) {
            let at = self.location().end;
            self.push(",", at..at);
        }
        self.join(other);
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn location(&self) -> Location {
        Location {
            file: self.file,
            start: self.origin.first().map_or(self.anchor, |o| o.0),
            end: self.origin.last().map_or(self.anchor, |o| o.1),
        }
    }

    /// The part at this byte range of `text`, which must lie on character boundaries.
    pub fn slice(&self, range: Range<usize>) -> Inline {
        Inline {
            file: self.file,
            anchor: self.origin.get(range.start).map_or(self.location().end, |o| o.0),
            text: self.text[range.clone()].to_owned(),
            origin: self.origin[range].to_vec(),
        }
    }

    pub fn trim(&self) -> Inline {
        self.trim_matches(char::is_whitespace)
    }

    pub fn trim_matches(&self, unwanted: impl Fn(char) -> bool) -> Inline {
        let start = self.text.len() - self.text.trim_start_matches(&unwanted).len();
        let end = start + self.text[start..].trim_end_matches(&unwanted).len();
        self.slice(start..end)
    }

    /// Before and after the first `separator` that stands outside quotes and brackets, both trimmed.
    pub fn split_once(&self, separator: char) -> Option<(Inline, Inline)> {
        let at = self.outside_quotes().find(|(_, c)| *c == separator)?.0;
        let after = at + separator.len_utf8();
        Some((self.slice(0..at).trim(), self.slice(after..self.text.len()).trim()))
    }

    /// Parts between the `separator`s that stand outside quotes and brackets; trimmed, empty ones left out.
    pub fn split(&self, separator: char) -> Vec<Inline> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (at, c) in self.outside_quotes() {
            if c == separator {
                parts.push(self.slice(start..at));
                start = at + c.len_utf8();
            }
        }
        parts.push(self.slice(start..self.text.len()));
        parts.iter().map(Inline::trim).filter(|part| !part.is_empty()).collect()
    }

    /// What stands between quotes, if the whole text is quoted: « a », “a” or "a".
    pub fn unquoted(&self) -> Option<Inline> {
        let first = self.text.chars().next()?;
        let close = closing_quote(first)?;
        let inner = first.len_utf8()..self.text.len().checked_sub(close.len_utf8())?;
        if inner.start > inner.end || !self.text.ends_with(close) {
            return None;
        }
        if self.text[inner.clone()].contains(close) {
            return None;
        }
        Some(self.slice(inner).trim())
    }

    /// First word and the rest.
    pub fn split_word(&self) -> (Inline, Inline) {
        let at = self.text.find(char::is_whitespace).unwrap_or(self.text.len());
        (self.slice(0..at), self.slice(at..self.text.len()).trim())
    }

    /// Characters that stand outside quotes, `(…)` and `[…]`. A quote or bracket never closed counts as plain.
    fn outside_quotes(&self) -> impl Iterator<Item = (usize, char)> {
        let mut skip_until = 0;
        self.text.char_indices().filter(move |(at, c)| {
            if *at < skip_until {
                return false;
            }
            let close = match c {
                '(' => Some(')'),
                '[' => Some(']'),
                c => closing_quote(*c),
            };
            if let Some(close) = close {
                let inside = at + c.len_utf8();
                if let Some(length) = self.text[inside..].find(close) {
                    skip_until = inside + length + close.len_utf8();
                    return false;
                }
            }
            true
        })
    }
}

fn closing_quote(open: char) -> Option<char> {
    match open {
        '«' => Some('»'),
        '“' => Some('”'),
        '"' => Some('"'),
        '‹' => Some('›'),
        '„' => Some('“'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(text: &str) -> Inline {
        let mut inline = Inline::new(0, 0);
        inline.push(text, 0..text.len());
        inline
    }

    fn texts(parts: &[Inline]) -> Vec<&str> {
        parts.iter().map(Inline::text).collect()
    }

    #[test]
    fn commas_and_colons_inside_quotes_do_not_count() {
        let line = inline("« oui : bien sûr, merci », “a, b”, touche 0 : aller à X : Y");
        let (left, right) = line.split_once(':').unwrap();
        assert_eq!(right.text(), "aller à X : Y");
        assert_eq!(texts(&left.split(',')), ["« oui : bien sûr, merci »", "“a, b”", "touche 0"]);
        assert_eq!(left.split(',')[0].unquoted().unwrap().text(), "oui : bien sûr, merci");
    }

    #[test]
    fn an_unclosed_quote_is_a_character_like_any_other() {
        assert_eq!(texts(&inline("« a, b").split(',')), ["« a", "b"]);
        assert!(inline("«").unquoted().is_none());
        assert!(inline("\"").unquoted().is_none());
        assert_eq!(inline("\"\"").unquoted().unwrap().text(), "");
    }

    #[test]
    fn parts_know_their_place_in_the_file_whatever_was_made_plain() {
        let source = "l’été\u{a0}: oui";
        let line = inline(source);
        let (left, right) = line.split_once(':').unwrap();
        assert_eq!(left.text(), "l'été");
        let place = right.location();
        assert_eq!(&source[place.start..place.end], "oui");
    }
}
