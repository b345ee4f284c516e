//! First judge, half one: the officer's phrases, spotted inside what was said.
//!
//! A phrase is never matched whole: its words are aligned with the sentence, other words may stand between, word order may
//! differ, words may be misheard. Words count by rarity. Must not know: topics.

use crate::dialplan::{Phrase, PhraseToken};

use super::text::{Token, Weight, tokens};
use super::vocabulary::{Heard, Vocabulary, WordId};

/// A phrase with many alternatives is cut to so many readings.
const MOST_READINGS: usize = 48;
/// What a function word counts beside a rare word's 1.
const FUNCTION_WEIGHT: f32 = 0.12;
/// Lost for each meaningful word that stands between the phrase's words.
const GAP_PENALTY: f32 = 0.03;
/// Factor when the phrase's words stand in another order.
const DISORDER: f32 = 0.85;
/// Below this share of a phrase nothing is worth aligning.
const WORTH_ALIGNING: f32 = 0.4;

/// How well a phrase is found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spot {
    /// 0–1: share of the phrase's required weight that was said.
    pub score: f32,
    /// Weight of the words matched: longer and rarer phrases prove more.
    pub matched: f32,
    /// 0–1: share of the sentence's meaningful words that the phrase explains.
    pub coverage: f32,
    /// How many meaningful words were matched.
    pub words: usize,
}

/// A phrase made ready for spotting.
#[derive(Debug, Clone)]
pub struct Spotter {
    pub written: String,
    /// Its distinct words.
    words: Vec<Token>,
    readings: Vec<Reading>,
}

/// The same with its words numbered by a vocabulary, which holds them for all phrases.
#[derive(Debug, Clone)]
pub struct Numbered {
    pub written: Box<str>,
    readings: Box<[Reading]>,
    /// Numbers of its meaningful words.
    content: Box<[WordId]>,
    /// A reading has no meaningful word: "c'est où".
    has_bare: bool,
}

type Reading = Box<[Wanted]>;

#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// Its number: in the spotter's own words, or in a vocabulary.
    word: WordId,
    weight: f32,
    required: bool,
    is_content: bool,
}

impl Spotter {
    /// `rarity` weighs a meaningful word, 0–1.
    pub fn new(phrase: &Phrase, rarity: impl Fn(&Token) -> f32) -> Self {
        let mut words = Vec::new();
        let mut readings = vec![Vec::new()];
        expand(&phrase.tokens, true, &mut words, &mut readings);
        readings.retain(|r: &Vec<Wanted>| r.iter().any(|w| w.required));
        let readings = readings.into_iter().map(Vec::into_boxed_slice).collect();
        Self { written: phrase.written.clone(), words, readings }.weighed(rarity)
    }

    /// Spotting without knowledge of other phrases: every meaningful word counts the same.
    pub fn plain(phrase: &Phrase) -> Self {
        Self::new(phrase, |_| 1.0)
    }

    /// The same with other weights.
    pub fn weighed(mut self, rarity: impl Fn(&Token) -> f32) -> Self {
        let weight = |word: &Token| match word.weight {
            Weight::Content => rarity(word).clamp(0.05, 1.0),
            Weight::Function | Weight::Filler => FUNCTION_WEIGHT,
        };
        let weights: Vec<f32> = self.words.iter().map(weight).collect();
        for wanted in self.readings.iter_mut().flatten() {
            wanted.weight = weights[wanted.word as usize];
        }
        self
    }

    /// Readings as sentences, for learning.
    pub fn sentences(&self) -> impl Iterator<Item = Vec<Token>> + '_ {
        self.readings.iter().map(|reading| reading.iter().map(|w| self.words[w.word as usize].clone()).collect())
    }

    /// Numbers the words, for [`Numbered::spot`].
    pub fn numbered(self, vocabulary: &mut Vocabulary) -> Numbered {
        let ids: Vec<WordId> = self.words.iter().map(|word| vocabulary.add(word)).collect();
        let mut readings = self.readings.into_boxed_slice();
        for wanted in readings.iter_mut().flatten() {
            wanted.word = ids[wanted.word as usize];
        }
        let mut content: Vec<WordId> =
            readings.iter().flatten().filter(|wanted| wanted.is_content).map(|wanted| wanted.word).collect();
        content.sort_unstable();
        content.dedup();
        let has_bare = readings.iter().any(|reading| !reading.iter().any(|wanted| wanted.is_content));
        Numbered { written: self.written.into(), readings, content: content.into(), has_bare }
    }

    pub fn spot(&self, said: &[Token]) -> Spot {
        let like = |wanted: &Wanted, j: usize| self.words[wanted.word as usize].likeness(&said[j]);
        best(self.readings.iter().map(|reading| align(reading, said, &like)))
    }
}

impl Numbered {
    /// As [`Spotter::spot`], with likenesses computed before.
    pub fn spot(&self, heard: &Heard<'_>) -> Spot {
        if !self.has_bare && self.content.iter().all(|id| heard.best(*id) <= 0.0) {
            return Spot::default();
        }
        let hopeful = self.readings.iter().filter(|reading| {
            let (mut required, mut got, mut extra) = (0.0, 0.0, 0.0);
            for wanted in reading.iter() {
                let found = wanted.weight * heard.best(wanted.word);
                if wanted.required {
                    required += wanted.weight;
                    got += found;
                } else {
                    extra += found;
                }
            }
            got + extra > WORTH_ALIGNING * (required + extra)
        });
        best(hopeful.map(|reading| align(reading, heard.said, &|wanted, j| heard.likeness(wanted.word, j))))
    }
}

fn best(spots: impl Iterator<Item = Spot>) -> Spot {
    spots.max_by(|a, b| (a.score * a.matched).total_cmp(&(b.score * b.matched))).unwrap_or_default()
}

/// Adds `tokens` to every reading, branching at alternatives; new words to `words`.
fn expand(tokens_of: &[PhraseToken], required: bool, words: &mut Vec<Token>, readings: &mut Vec<Vec<Wanted>>) {
    for token in tokens_of {
        match token {
            PhraseToken::Word(word) => {
                for token in tokens(word) {
                    let is_content = token.is_content();
                    let known = words.iter().position(|known| *known == token);
                    let word = known.unwrap_or_else(|| {
                        words.push(token);
                        words.len() - 1
                    });
                    let wanted = Wanted { word: word as WordId, weight: 0.0, required, is_content };
                    readings.iter_mut().for_each(|reading| reading.push(wanted));
                }
            }
            PhraseToken::Optional(inner) => expand(inner, false, words, readings),
            PhraseToken::OneOf(branches) => {
                let mut all = Vec::new();
                for branch in branches {
                    let mut copy = readings.clone();
                    expand(branch, required, words, &mut copy);
                    all.extend(copy);
                    if all.len() >= MOST_READINGS {
                        break;
                    }
                }
                all.truncate(MOST_READINGS);
                if !all.is_empty() {
                    *readings = all;
                }
            }
        }
    }
}

/// Best ordered alignment, or the unordered one at a discount.
fn align(reading: &[Wanted], said: &[Token], like: &impl Fn(&Wanted, usize) -> f32) -> Spot {
    let required: f32 = reading.iter().filter(|w| w.required).map(|w| w.weight).sum();
    if required <= 0.0 || said.is_empty() {
        return Spot::default();
    }
    let ordered = ordered(reading, said.len(), like);
    let unordered = unordered(reading, said.len(), like);
    // Without a rare word only the words in their order prove anything.
    let vague = !reading.iter().any(|w| w.required && w.is_content);
    let mut best = grade(reading, said, &ordered, required);
    if vague {
        let whole = ordered.iter().zip(reading).all(|(m, w)| m.is_some() || !w.required);
        let (first, last) = span(&ordered);
        let needed = ordered.iter().flatten().count();
        if !whole || last + 1 - first > needed + 1 {
            best.score = best.score.min(0.4);
        }
        return best;
    }
    let mut other = grade(reading, said, &unordered, required);
    other.score *= DISORDER;
    if other.score > best.score { other } else { best }
}

/// For each wanted word, the word said and how alike they are.
type Matches = Vec<Option<(usize, f32)>>;

fn span(matches: &Matches) -> (usize, usize) {
    let positions = matches.iter().flatten().map(|m| m.0);
    (positions.clone().min().unwrap_or(0), positions.max().unwrap_or(0))
}

fn grade(reading: &[Wanted], said: &[Token], matches: &Matches, required: f32) -> Spot {
    let (mut got_required, mut got_optional) = (0.0, 0.0);
    for (wanted, found) in reading.iter().zip(matches) {
        if let Some((_, likeness)) = found {
            if wanted.required {
                got_required += wanted.weight * likeness;
            } else {
                got_optional += wanted.weight * likeness;
            }
        }
    }
    let matched = got_required + got_optional;
    if matched <= 0.0 {
        return Spot::default();
    }
    let (first, last) = span(matches);
    let is_matched = |i: usize| matches.iter().flatten().any(|m| m.0 == i);
    let gaps = (first..=last).filter(|&i| said[i].is_content() && !is_matched(i)).count();
    let content = said.iter().filter(|t| t.is_content()).count();
    let explained = (0..said.len()).filter(|&i| said[i].is_content() && is_matched(i)).count();
    let score = (got_required + got_optional) / (required + got_optional);
    Spot {
        score: (score * (1.0 - GAP_PENALTY * gaps as f32)).clamp(0.0, 1.0),
        matched,
        coverage: if content == 0 { 1.0 } else { explained as f32 / content as f32 },
        words: explained,
    }
}

/// Longest common subsequence by weight.
fn ordered(reading: &[Wanted], said: usize, like: &impl Fn(&Wanted, usize) -> f32) -> Matches {
    let (n, m) = (reading.len(), said);
    let likeness: Vec<f32> = reading.iter().flat_map(|wanted| (0..m).map(move |j| like(wanted, j))).collect();
    // What is optional, or only like what was said, never takes the place of the very word.
    let gain = |i: usize, j: usize| {
        let share = if reading[i].required { 1.0 } else { 0.3 };
        share * reading[i].weight * likeness[i * m + j].powi(2)
    };
    let mut best = vec![0.0f32; (n + 1) * (m + 1)];
    let at = |i: usize, j: usize| i * (m + 1) + j;
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            let take = gain(i, j);
            let taken = if take > 0.0 { take + best[at(i + 1, j + 1)] } else { 0.0 };
            best[at(i, j)] = taken.max(best[at(i + 1, j)]).max(best[at(i, j + 1)]);
        }
    }
    let mut matches = vec![None; n];
    let (mut i, mut j) = (0, 0);
    while i < n && j < m {
        let take = gain(i, j);
        if take > 0.0 && best[at(i, j)] <= take + best[at(i + 1, j + 1)] + 1e-6 {
            matches[i] = Some((j, likeness[i * m + j]));
            i += 1;
            j += 1;
        } else if best[at(i + 1, j)] >= best[at(i, j + 1)] {
            i += 1;
        } else {
            j += 1;
        }
    }
    matches
}

fn unordered(reading: &[Wanted], said: usize, like: &impl Fn(&Wanted, usize) -> f32) -> Matches {
    let mut used = vec![false; said];
    reading
        .iter()
        .map(|wanted| {
            let (position, likeness) =
                (0..said).filter(|j| !used[*j]).map(|j| (j, like(wanted, j))).max_by(|a, b| a.1.total_cmp(&b.1))?;
            if likeness <= 0.0 {
                return None;
            }
            used[position] = true;
            Some((position, likeness))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(w: &str) -> PhraseToken {
        PhraseToken::Word(w.into())
    }

    /// (refaire|renouveler) [ma|une|la] carte [d'identité]
    fn renew() -> Spotter {
        Spotter::plain(&Phrase {
            written: "(refaire|renouveler) [ma] carte [d'identité]".into(),
            tokens: vec![
                PhraseToken::OneOf(vec![vec![word("refaire")], vec![word("renouveler")]]),
                PhraseToken::Optional(vec![PhraseToken::OneOf(vec![vec![word("ma")], vec![word("une")]])]),
                word("carte"),
                PhraseToken::Optional(vec![word("d'identité")]),
            ],
        })
    }

    #[test]
    fn spotted_inside_a_long_sentence() {
        let spot = renew().spot(&tokens("alors euh je voudrais refaire ma carte d'identité s'il vous plaît"));
        assert!(spot.score > 0.99, "{spot:?}");
        assert!(spot.coverage > 0.99, "{spot:?}");
    }

    #[test]
    fn order_and_mistakes_cost_little() {
        let late = renew().spot(&tokens("ma carte d'identité est à renouveller"));
        assert!((0.7..0.95).contains(&late.score), "{late:?}");
        let half = renew().spot(&tokens("la carte de bibliothèque"));
        assert!(half.score < 0.6, "{half:?}");
        assert_eq!(renew().spot(&tokens("bonjour")).score, 0.0);
        assert_eq!(renew().spot(&[]), Spot::default());
    }

    #[test]
    fn phrases_of_small_words_need_all_of_them_together() {
        let so_much = Spotter::plain(&Phrase {
            written: "c'est pour qui".into(),
            tokens: vec![word("c'est"), word("pour"), word("qui")],
        });
        assert!(so_much.spot(&tokens("et c'est pour qui")).score > 0.95);
        assert!(so_much.spot(&tokens("c'est ma fille qui vient pour le mariage")).score <= 0.4);
    }

    #[test]
    fn many_alternatives_stay_bounded() {
        let either = || PhraseToken::OneOf((0..6).map(|i| vec![word(&format!("mot{i}"))]).collect());
        let spotter = Spotter::plain(&Phrase { written: String::new(), tokens: (0..12).map(|_| either()).collect() });
        assert!(spotter.readings.len() <= MOST_READINGS);
    }
}
