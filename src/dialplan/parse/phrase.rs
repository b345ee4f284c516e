//! Phrases in hassil's syntax: `(a|b)` one of, `[c]` optional.

use super::Sink;
use super::inline::Inline;
use crate::dialplan::{Phrase, PhraseToken};

/// Brackets inside brackets: enough for any phrase a person can read.
const MAX_DEPTH: usize = 6;

/// Reads one phrase; reports what is wrong with it.
pub(super) fn phrase(written: &Inline, sink: &mut Sink) -> Option<Phrase> {
    let whole = written.unquoted().unwrap_or_else(|| written.trim());
    let mut reader = Reader { text: &whole, at: 0, depth: 0 };
    let tokens = match reader.alternatives(None) {
        Ok(mut alternatives) if alternatives.len() == 1 => alternatives.remove(0),
        Ok(alternatives) => vec![PhraseToken::OneOf(alternatives)],
        Err(wrong) => {
            let sign = whole.text()[wrong.at..].chars().next();
            let at = whole.slice(wrong.at..wrong.at + sign.map_or(0, char::len_utf8));
            sink.error(at.location(), wrong.message, wrong.remedy);
            return None;
        }
    };
    if !says_something(&tokens) {
        sink.error(
            whole.location(),
            "cette phrase ne contient aucun mot obligatoire",
            "laissez au moins un mot hors des crochets",
        );
        return None;
    }
    Some(Phrase { written: whole.text().to_owned(), tokens })
}

struct Wrong {
    at: usize,
    message: &'static str,
    remedy: &'static str,
}

struct Reader<'a> {
    text: &'a Inline,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    /// Sequences between `|`, up to and with `close`.
    fn alternatives(&mut self, close: Option<char>) -> Result<Vec<Vec<PhraseToken>>, Wrong> {
        let opened = self.at.saturating_sub(1);
        let mut alternatives = vec![Vec::new()];
        loop {
            let Some(c) = self.peek() else {
                return match close {
                    None => Ok(alternatives),
                    Some(_) => Err(Wrong {
                        at: opened,
                        message: "cette parenthèse n'est pas refermée",
                        remedy: "écrivez « (l'un|l'autre) » ou « [facultatif] »",
                    }),
                };
            };
            match c {
                _ if Some(c) == close => {
                    self.at += 1;
                    if alternatives.iter().any(Vec::is_empty) {
                        return Err(Wrong {
                            at: opened,
                            message: "il y a ici un choix vide",
                            remedy: "pour un mot facultatif, écrivez « [mot] »",
                        });
                    }
                    self.not_glued_to_a_word()?;
                    return Ok(alternatives);
                }
                '(' | '[' => {
                    let token = self.group(c)?;
                    push(&mut alternatives, token);
                }
                '|' => {
                    self.at += 1;
                    alternatives.push(Vec::new());
                }
                ')' | ']' => {
                    return Err(Wrong {
                        at: self.at,
                        message: "cette parenthèse n'a pas été ouverte",
                        remedy: "écrivez « (l'un|l'autre) » ou « [facultatif] »",
                    });
                }
                '{' | '}' | '<' | '>' => {
                    return Err(Wrong {
                        at: self.at,
                        message: "ce signe n'a pas de sens dans une phrase",
                        remedy: "une phrase est faite de mots, de « (l'un|l'autre) » et de « [facultatif] »",
                    });
                }
                c if is_word(c) => {
                    if let Some(word) = self.word()? {
                        push(&mut alternatives, PhraseToken::Word(word));
                    }
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    fn group(&mut self, open: char) -> Result<PhraseToken, Wrong> {
        if self.depth == MAX_DEPTH {
            return Err(Wrong {
                at: self.at,
                message: "il y a trop de parenthèses les unes dans les autres",
                remedy: "écrivez plusieurs phrases, une par ligne",
            });
        }
        self.depth += 1;
        self.at += 1;
        let close = if open == '(' { ')' } else { ']' };
        let mut alternatives = self.alternatives(Some(close))?;
        self.depth -= 1;
        Ok(match (open, alternatives.len()) {
            ('[', 1) => PhraseToken::Optional(alternatives.remove(0)),
            ('[', _) => PhraseToken::Optional(vec![PhraseToken::OneOf(alternatives)]),
            _ => PhraseToken::OneOf(alternatives),
        })
    }

    /// A word, lower case; `None` for a lone hyphen or apostrophe.
    fn word(&mut self) -> Result<Option<String>, Wrong> {
        let rest = &self.text.text()[self.at..];
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = rest[..length].to_lowercase();
        self.at += length;
        // `d'[un]` is two words all the same; `carte[s]` is half of one.
        if !word.ends_with('\'') && matches!(self.peek(), Some('(' | '[')) {
            return Err(glued(self.at));
        }
        Ok(word.chars().any(char::is_alphanumeric).then_some(word))
    }

    fn not_glued_to_a_word(&self) -> Result<(), Wrong> {
        let before = self.text.text()[..self.at - 1].chars().next_back();
        match self.peek() {
            Some(c) if is_word(c) && before != Some('\'') => Err(glued(self.at)),
            _ => Ok(()),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.text()[self.at..].chars().next()
    }
}

fn glued(at: usize) -> Wrong {
    Wrong {
        at,
        message: "les parenthèses valent pour des mots entiers",
        remedy: "mettez une espace, ou écrivez les deux mots : « (carte|cartes) »",
    }
}

fn push(alternatives: &mut [Vec<PhraseToken>], token: PhraseToken) {
    if let Some(last) = alternatives.last_mut() {
        last.push(token);
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\'' || c == '-' || ('\u{300}'..='\u{36f}').contains(&c)
}

fn says_something(tokens: &[PhraseToken]) -> bool {
    tokens.iter().any(|token| match token {
        PhraseToken::Word(_) => true,
        PhraseToken::OneOf(alternatives) => alternatives.iter().all(|a| says_something(a)),
        PhraseToken::Optional(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Phrase>, Vec<String>) {
        let mut inline = Inline::new(0, 0);
        inline.push(text, 0..text.len());
        let mut sink = Sink::new(&[]);
        let phrase = phrase(&inline, &mut sink);
        let problems = sink.into_problems();
        (phrase, problems.into_iter().map(|p| p.message).collect())
    }

    #[test]
    fn hassil_groups_become_tokens() {
        let (phrase, problems) = read("(refaire|renouveler) [ma|une] Carte [d’identité] ?");
        assert!(problems.is_empty(), "{problems:?}");
        let phrase = phrase.unwrap();
        assert_eq!(phrase.written, "(refaire|renouveler) [ma|une] Carte [d'identité] ?");
        assert_eq!(
            phrase.variants(100),
            [
                "refaire ma carte d'identité",
                "refaire ma carte",
                "refaire une carte d'identité",
                "refaire une carte",
                "refaire carte d'identité",
                "refaire carte",
                "renouveler ma carte d'identité",
                "renouveler ma carte",
                "renouveler une carte d'identité",
                "renouveler une carte",
                "renouveler carte d'identité",
                "renouveler carte",
            ]
        );
        assert_eq!(phrase.variants(3).len(), 3);
    }

    #[test]
    fn wrong_phrases_say_why() {
        for (text, part) in [
            ("(a|b", "pas refermée"),
            ("a) b", "pas été ouverte"),
            ("(a|) b", "choix vide"),
            ("carte[s]", "mots entiers"),
            ("[re]faire", "mots entiers"),
            ("[ma] [carte]", "aucun mot obligatoire"),
            ("…", "aucun mot obligatoire"),
            ("{nom}", "pas de sens"),
            ("((((((((a))))))))", "trop de parenthèses"),
            ("é(", "mots entiers"),
            ("a (é", "pas refermée"),
        ] {
            let (phrase, problems) = read(text);
            assert!(phrase.is_none(), "{text}");
            assert!(problems[0].contains(part), "{text}: {problems:?}");
        }
    }
}
