//! Which of several languages an utterance is in. PURE.
//!
//! Owns: when another language is tried, which answer is kept. Must not know: the engine.
//!
//! Whisper names a language after its encoder, in one step of its decoder; on a second of telephone speech it is often wrong.
//! So its word alone decides nothing: where it points elsewhere, or the words in the expected language are doubtful, the
//! utterance is decoded once more in the other one, and the surer words are kept.

use super::super::{SpeechError, Transcript};

/// A language (ISO 639-1) and its probability among those that are possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood {
    pub language: String,
    pub probability: f32,
}

/// From this probability on another language is tried, however sure the words in the expected one are.
const LIKELY: f32 = 0.5;
/// Below this mean probability of its tokens, what was heard in the expected language is doubtful...
const DOUBTFUL: f32 = 0.6;
/// ...and a language of this probability is tried: less has never been the right one.
const POSSIBLE: f32 = 0.05;
/// Words of another language have to be surer by this, unless that language is by far the likelier one: most callers speak
/// the town's first language, and Whisper translates smoothly.
const MARGIN: f32 = 0.1;
/// By far the likelier one.
const CERTAIN: f32 = 0.9;
/// Below this, words of a language that is certain are no better than none.
const GUESS: f32 = 0.4;

/// Whisper's logits of languages → their probabilities, the likeliest first.
pub fn likelihoods(logits: &[(String, f32)]) -> Vec<Likelihood> {
    let most = logits.iter().map(|(_, logit)| *logit).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|(_, logit)| (logit - most).exp()).sum();
    let likelihood = |(language, logit): &(String, f32)| Likelihood {
        language: language.clone(),
        probability: (logit - most).exp() / sum,
    };
    let mut found: Vec<_> = logits.iter().map(likelihood).collect();
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    found
}

/// What was heard, in the language it was heard best in. `heard`: in the expected one. `decode` hears another one, once at most.
pub fn choose(
    expected: &str,
    heard: Transcript,
    spoken: &[Likelihood],
    decode: impl FnOnce(&str) -> Result<Transcript, SpeechError>,
) -> Result<Transcript, SpeechError> {
    let named = |language: &str, transcript: Transcript| {
        let language = (!transcript.text.is_empty()).then(|| language.to_owned());
        Transcript { language, ..transcript }
    };
    let Some(other) = spoken.iter().find(|likelihood| likelihood.language != expected) else {
        return Ok(named(expected, heard));
    };
    let doubtful = !heard.text.is_empty() && heard.confidence < DOUBTFUL;
    if other.probability < if doubtful { POSSIBLE } else { LIKELY } {
        return Ok(named(expected, heard));
    }
    let tried = decode(&other.language)?;
    let is_better = match () {
        () if tried.text.is_empty() => false,
        // Nothing believable in the expected language: noise makes words in some language.
        () if other.probability >= CERTAIN => tried.confidence >= GUESS,
        () => tried.confidence >= heard.confidence + MARGIN && tried.confidence >= DOUBTFUL,
    };
    Ok(if is_better { named(&other.language, tried) } else { named(expected, heard) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(text: &str, confidence: f32) -> Transcript {
        Transcript { text: text.to_owned(), confidence, ..Transcript::default() }
    }

    fn spoken(english: f32) -> Vec<Likelihood> {
        let of = |language: &str, probability| Likelihood { language: language.to_owned(), probability };
        vec![of("fr", 1.0 - english), of("en", english)]
    }

    /// Heard in French with this confidence, in English with that one: the language kept, and whether English was tried.
    fn kept(french: f32, english: f32, probability: f32) -> (Option<String>, bool) {
        let mut tried = false;
        let chosen = choose("fr", transcript("bonjour", french), &spoken(probability), |language| {
            tried = true;
            assert_eq!(language, "en");
            Ok(transcript("hello", english))
        });
        (chosen.unwrap().language, tried)
    }

    #[test]
    fn probabilities_add_up_and_the_likeliest_comes_first() {
        let found = likelihoods(&[("fr".to_owned(), 10.0), ("en".to_owned(), 12.0)]);
        assert_eq!(found[0].language, "en");
        assert!((found[0].probability - 0.881).abs() < 0.001, "{found:?}");
        assert!((found[0].probability + found[1].probability - 1.0).abs() < 1e-6);
        assert!(likelihoods(&[("fr".to_owned(), -1e30), ("en".to_owned(), 0.0)])[1].probability < 1e-6);
    }

    #[test]
    fn sure_words_in_a_likely_language_need_no_second_try() {
        assert_eq!(kept(0.9, 0.99, 0.3), (Some("fr".into()), false));
        assert_eq!(kept(0.5, 0.99, 0.01), (Some("fr".into()), false));
    }

    #[test]
    fn another_language_is_kept_only_with_surer_words() {
        assert_eq!(kept(0.7, 0.9, 0.6), (Some("en".into()), true));
        assert_eq!(kept(0.85, 0.9, 0.6), (Some("fr".into()), true));
        assert_eq!(kept(0.85, 0.8, 0.95), (Some("en".into()), true), "Whisper has no doubt");
        assert_eq!(kept(0.85, 0.3, 0.95), (Some("fr".into()), true));
    }

    #[test]
    fn doubtful_words_have_the_other_language_tried_once() {
        assert_eq!(kept(0.45, 0.8, 0.2), (Some("en".into()), true));
        assert_eq!(kept(0.45, 0.5, 0.2), (Some("fr".into()), true));
    }

    #[test]
    fn silence_has_no_language_and_words_are_found_where_they_are() {
        let silent = choose("fr", transcript("", 0.0), &spoken(0.2), |_| panic!("not tried"));
        assert_eq!(silent, Ok(transcript("", 0.0)));
        let english = choose("fr", transcript("", 0.0), &spoken(0.97), |_| Ok(transcript("hello", 0.8)));
        assert_eq!(english.unwrap().language.as_deref(), Some("en"));
        let noise = choose("fr", transcript("", 0.0), &spoken(0.97), |_| Ok(transcript("", 0.0)));
        assert_eq!(noise.unwrap().language, None);
    }

    #[test]
    fn one_language_is_that_language() {
        let only = [Likelihood { language: "fr".into(), probability: 1.0 }];
        let heard = choose("fr", transcript("bonjour", 0.2), &only, |_| panic!("none other")).unwrap();
        assert_eq!(heard.language.as_deref(), Some("fr"));
    }

    #[test]
    fn an_engine_that_fails_is_told() {
        assert_eq!(
            choose("fr", transcript("", 0.0), &spoken(0.9), |_| Err(SpeechError::Abandoned)),
            Err(SpeechError::Abandoned)
        );
    }
}
