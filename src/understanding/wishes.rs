//! Several wishes in one sentence: "refaire ma carte d'identité et savoir les horaires de la médiathèque".
//!
//! A sentence is cut at a joining word only where both sides are clear by themselves. Must not know: topics' contents.

use crate::dialplan::TopicId;

use super::text::Token;

/// Words that may join two wishes, folded.
const JOINTS: &[&str] = &["et", "puis", "ensuite", "sinon", "egalement", "aussi", "and", "also", "then"];
/// Joints looked at in one sentence.
const MOST_JOINTS: usize = 4;
/// Wishes taken from one sentence.
const MOST_WISHES: usize = 3;
/// How sure each wish must be.
const SURE: f32 = 0.6;

/// The wishes, in order, when there are at least two. `answer`: the topic a part is clearly about, and how clearly.
pub fn parts(said: &[Token], answer: impl Fn(&[Token]) -> Option<(TopicId, f32)>) -> Option<Vec<TopicId>> {
    let joints: Vec<usize> = (1..said.len().saturating_sub(1))
        .filter(|i| JOINTS.contains(&said[*i].folded.as_str()))
        .take(MOST_JOINTS)
        .collect();
    let clear = |part: &[Token]| {
        let has_content = part.iter().any(Token::is_content);
        has_content.then(|| answer(part)).flatten().filter(|(_, sure)| *sure >= SURE).map(|(topic, _)| topic)
    };
    let mut wishes: Vec<TopicId> = Vec::new();
    let mut from = 0;
    for joint in joints {
        if wishes.len() + 1 == MOST_WISHES {
            break;
        }
        // The rest has to be clear too, or the cut would lose words of the last wish.
        if let (Some(wish), Some(_)) = (clear(&said[from..joint]), clear(&said[joint + 1..])) {
            wishes.push(wish);
            from = joint + 1;
        }
    }
    if wishes.is_empty() {
        return None;
    }
    wishes.push(clear(&said[from..])?);
    Some(wishes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    /// Clear about a card (1), a library (2), bins (3).
    fn wishes(text: &str) -> Option<Vec<usize>> {
        let answer = |part: &[Token]| {
            let about = |word: &str| part.iter().any(|token| token.folded == word);
            let all = [("carte", 1), ("mediatheque", 2), ("poubelles", 3)];
            let mut found = all.iter().filter(|(word, _)| about(word));
            let (_, topic) = found.next()?;
            Some((TopicId(*topic), 0.9))
        };
        parts(&tokens(text), answer).map(|topics| topics.into_iter().map(|t| t.0).collect())
    }

    #[test]
    fn cut_where_both_sides_are_clear() {
        assert_eq!(wishes("refaire ma carte et les horaires de la médiathèque"), Some(vec![1, 2]));
        assert_eq!(wishes("ma carte, et puis la médiathèque, et aussi les poubelles"), Some(vec![1, 2, 3]));
        assert_eq!(wishes("ma carte et mon fils"), None);
        assert_eq!(wishes("mon mari et moi pour une carte"), None);
        assert_eq!(wishes("et"), None);
        assert_eq!(wishes(""), None);
    }
}
