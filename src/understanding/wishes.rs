//! Several wishes in one sentence: "refaire ma carte d'identité et savoir les horaires de la médiathèque".
//!
//! A sentence is cut at a joining word only where both sides are clear by themselves. Must not know: topics' contents.

use crate::dialplan::TopicId;

use super::text::Token;

/// Words that may join two wishes, folded.
const JOINTS: &[&str] = &["et", "puis", "ensuite", "sinon", "egalement", "aussi", "and", "also", "then"];
/// Words that open a wish, folded. What stands before the only one is the story that leads to it.
const OPENERS: &[&str] = &[
    "voudrais",
    "voudrait",
    "veux",
    "aimerais",
    "aimerait",
    "souhaite",
    "souhaiterais",
    "faudrait",
    "want",
    "need",
    "like",
];
/// Further words of who wishes or asks, folded.
const ASKING: &[&str] = &[
    "dois",
    "doit",
    "cherche",
    "appelle",
    "besoin",
    "faut",
    "peux",
    "peut",
    "savoir",
    "connaitre",
    "comment",
    "combien",
    "quand",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "ou",
    "quoi",
    "pourquoi",
    "pour",
    "how",
    "when",
    "where",
    "what",
];
/// Words of who tells what happened, folded: "on a pris des billets et nos passeports sont périmés" is one wish.
const TELLING: &[&str] = &[
    "je", "j", "on", "nous", "il", "elle", "ils", "elles", "est", "sont", "a", "ont", "i", "we", "he", "she", "is",
    "was",
];
/// Words that add a wish to another one, folded.
const ADDING: &[&str] = &["aussi", "egalement", "also"];
/// Joints looked at in one sentence.
const MOST_JOINTS: usize = 4;
/// Wishes taken from one sentence.
const MOST_WISHES: usize = 3;
/// Meaningful words of a sentence that may list its wishes by a word each.
const MOST_OF_A_LIST: usize = 6;
/// How sure each wish must be.
const SURE: f32 = 0.6;

/// The wishes, in order, when there are at least two. `answer`: the topic a part is clearly about, and how clearly.
pub fn parts(said: &[Token], answer: impl Fn(&[Token]) -> Option<(TopicId, f32)>) -> Option<Vec<TopicId>> {
    let joints: Vec<usize> = (1..said.len().saturating_sub(1))
        .filter(|i| JOINTS.contains(&said[*i].folded.as_str()))
        .take(MOST_JOINTS)
        .collect();
    let count = |part: &[Token]| part.iter().filter(|word| word.is_content()).count();
    // In a long sentence a word is part of the story: "ma femme et la fête aussi pour le passeport, ça fait un mois …".
    let fewest = if count(said) > MOST_OF_A_LIST { 2 } else { 1 };
    let clear =
        |part: &[Token]| (count(part) >= fewest).then(|| answer(part)).flatten().filter(|(_, sure)| *sure >= SURE);
    let has = |part: &[Token], words: &[&str]| part.iter().any(|token| words.contains(&token.folded.as_str()));
    let mut wishes: Vec<(TopicId, f32)> = Vec::new();
    let mut from = 0;
    for joint in joints {
        let (before, after) = (&said[from..joint], &said[joint..]);
        if has(after, OPENERS) && !has(before, OPENERS) && !has(after, ADDING) {
            continue;
        }
        let asks = has(before, OPENERS) || has(before, ASKING);
        if !asks && has(before, TELLING) && !has(after, ADDING) {
            continue;
        }
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
    // Heard as one wish the sentence may be clearer than a piece of it: "ma femme et la fête aussi pour le passeport".
    if let Some((one, sure)) = answer(said)
        && wishes.iter().any(|(topic, _)| *topic == one)
        && wishes.iter().any(|(topic, of_part)| *topic != one && *of_part < sure)
    {
        return None;
    }
    Some(wishes.into_iter().map(|(topic, _)| topic).collect())
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
        assert_eq!(wishes("les poubelles ont brûlé et je voudrais refaire ma carte"), None);
        assert_eq!(wishes("les poubelles, et je voudrais aussi refaire ma carte"), Some(vec![3, 1]));
        assert_eq!(wishes("on a sorti les poubelles et ma carte est perdue"), None);
        assert_eq!(wishes("je dois refaire ma carte et connaître les horaires de la médiathèque"), Some(vec![1, 2]));
        assert_eq!(
            wishes("ma carte et puis la médiathèque demain matin avec grand-père, dimanche prochain, tranquillement"),
            None
        );
        assert_eq!(wishes("et"), None);
        assert_eq!(wishes(""), None);
    }
}
