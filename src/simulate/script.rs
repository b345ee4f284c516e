//! What a test telephone says and types, in order. PURE.

use std::sync::Arc;

use crate::rtp::Key;

/// One contribution of the person at the telephone.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What the report and the display show: the words, the file's name or the keys.
    pub label: String,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Speech, mono at 8 kHz.
    Speak(Arc<[i16]>),
    /// Keys of the telephone, one after the other.
    Type(Vec<Key>),
}

impl Line {
    pub fn speak(label: impl Into<String>, samples: impl Into<Arc<[i16]>>) -> Self {
        Self { label: label.into(), action: Action::Speak(samples.into()) }
    }

    /// `None` when a character is no key of a telephone.
    pub fn keys(keys: &str) -> Option<Self> {
        let typed = keys.chars().map(key).collect::<Option<Vec<_>>>()?;
        (!typed.is_empty()).then(|| Self { label: format!("touches {keys}"), action: Action::Type(typed) })
    }
}

fn key(character: char) -> Option<Key> {
    let upper = character.to_ascii_uppercase();
    matches!(upper, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Key(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_a_telephone() {
        let line = Line::keys("12#d").unwrap();
        assert_eq!(line.action, Action::Type(vec![Key('1'), Key('2'), Key('#'), Key('D')]));
        assert_eq!(Line::keys("1 2"), None);
        assert_eq!(Line::keys(""), None);
    }
}
