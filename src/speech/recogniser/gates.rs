//! What Whisper says when nobody spoke, and how to tell.
//!
//! Owns: the gates between the engine's output and a transcript. Must not know: the engine.
//!
//! Whisper was trained on subtitles: given silence, breath or noise it writes their credits, or one phrase over and
//! over. Four signs give it away: its own probability that nobody spoke, low token probabilities, text that
//! compresses too well, and phrases that no caller says to a town hall. A phrase that a caller may well say ("merci",
//! "au revoir") is never judged by its words.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::words::bare;

/// Whisper's answer to one utterance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence<'a> {
    pub text: &'a str,
    /// Mean probability of the text's tokens, 0–1.
    pub confidence: f32,
    /// Mean natural logarithm of the same, for measurements. No gate: −1.0 (OpenAI's threshold) also drops spelled names and dates
    /// that were heard.
    pub log_probability: f32,
    /// Whisper's probability that the window holds no speech, 0–1.
    pub no_speech: f32,
}

/// Why a text is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Nothing but signs.
    Wordless,
    /// Nobody spoke, says the model, and it doubts its words.
    NoSpeech,
    /// The words are guesses.
    Unsure,
    /// One phrase over and over.
    Repetition,
    /// Credits of subtitles and the like.
    Invention,
    /// The end of the prompt, without certainty: given noise Whisper says what it was told to expect.
    Echo,
}

/// Above this, Whisper thinks that nobody spoke.
const NO_SPEECH: f32 = 0.6;
/// Below this, its words are doubtful where it thinks so.
const DOUBTFUL: f32 = 0.6;
/// Below this, they are guesses in any case.
const GUESS: f32 = 0.3;
/// Below this, the words the prompt ends with may be its echo. Given the prompt of a yes or no, noises and tones are "oui" or "non" at
/// 0.45 to 0.52, short answers of two voices are at 0.69 to 0.98.
const ECHO: f32 = 0.55;
/// Words of the prompt's end that echo, and of a text that may be an echo.
const ECHO_FROM: usize = 12;
const LONGEST_ECHO: usize = 3;
/// Above this ratio of length to compressed length, a text repeats itself (OpenAI's own threshold).
const COMPRESSION_RATIO: f32 = 2.4;

/// Phrases that are never a caller's, as bare words. A sentence made of one of them falls; so does one at the end of
/// what was really said.
const CREDITS: &[&str] = &[
    "sous titres realises par la communaute d amara org",
    "sous titres realises para la communaute d amara org",
    "sous titres realises par les sous titreurs amara org",
    "sous titres realises par l amara org",
    "sous titres faits par la communaute d amara org",
    "sous titres crees par la communaute d amara org",
    "sous titres par la communaute d amara org",
    "sous titres par amara org",
    "sous titrage societe radio canada",
    "sous titrage st 501",
    "sous titrage fr 2021",
    "sous titrage fr",
    "sous titrage par soustitreur com",
    "par soustitreur com",
    "merci d avoir regarde cette video",
    "merci d avoir regarde la video",
    "merci d avoir visionne cette video",
    "n oubliez pas de vous abonner",
    "n hesitez pas a vous abonner",
    "abonnez vous a la chaine",
    "subtitles by the amara org community",
    "thanks for watching",
    "thank you for watching",
];

/// Beginnings that no caller's sentence has, whatever follows.
const CREDIT_BEGINNINGS: &[&str] = &["sous titrage ", "sous titres realises ", "sous titres par "];

/// The believable part of the evidence, or why there is none. `prompt`: what the engine was told to expect.
pub fn judge<'a>(evidence: Evidence<'a>, prompt: &str) -> Result<&'a str, Rejection> {
    let text = without_credits(evidence.text.trim());
    let words = bare(text);
    if words.is_empty() {
        return Err(if bare(evidence.text).is_empty() { Rejection::Wordless } else { Rejection::Invention });
    }
    if evidence.no_speech > NO_SPEECH && evidence.confidence < DOUBTFUL {
        return Err(Rejection::NoSpeech);
    }
    if evidence.confidence < GUESS {
        return Err(Rejection::Unsure);
    }
    if compression_ratio(text) > COMPRESSION_RATIO {
        return Err(Rejection::Repetition);
    }
    if evidence.confidence < ECHO && is_echo(&words, prompt) {
        return Err(Rejection::Echo);
    }
    Ok(text)
}

/// A few words that the end of the prompt holds as they are.
fn is_echo(words: &[String], prompt: &str) -> bool {
    if words.len() > LONGEST_ECHO {
        return false;
    }
    let told = bare(prompt);
    let end = &told[told.len().saturating_sub(ECHO_FROM)..];
    end.windows(words.len()).any(|stretch| stretch == words)
}

/// `text` without the credits at its end; sentence by sentence, from the last.
fn without_credits(mut text: &str) -> &str {
    while !text.is_empty() {
        // The last sentence begins after the last full stop that has a space behind it.
        let start = text
            .trim_end()
            .rmatch_indices(['.', '!', '?'])
            .map(|(at, stop)| at + stop.len())
            .find(|end| text[*end..].starts_with(char::is_whitespace) && !text[*end..].trim().is_empty())
            .unwrap_or(0);
        if !is_credit(&text[start..]) {
            break;
        }
        text = text[..start].trim_end();
    }
    text
}

fn is_credit(sentence: &str) -> bool {
    let words = bare(sentence).join(" ");
    CREDITS.contains(&words.as_str()) || CREDIT_BEGINNINGS.iter().any(|beginning| words.starts_with(beginning))
}

/// Length of the text over its length once compressed by zlib, as OpenAI's Whisper measures repetition.
pub fn compression_ratio(text: &str) -> f32 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector does not fail; if it did, the text would count as incompressible.
    let compressed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    match compressed {
        Ok(bytes) if !bytes.is_empty() => text.len() as f32 / bytes.len() as f32,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(text: &str) -> Evidence<'_> {
        Evidence { text, confidence: 0.9, log_probability: -0.15, no_speech: 0.05 }
    }

    #[test]
    fn ordinary_sentences_pass() {
        for text in [
            "Je voudrais refaire ma carte d'identité.",
            "Merci, au revoir.",
            "Non.",
            "Il y a un sous-titre sur le document ?",
            "01 30 87 20 02",
            "Oui, oui, oui, oui.",
        ] {
            assert_eq!(judge(sure(text), ""), Ok(text));
        }
    }

    #[test]
    fn known_inventions_fall_whatever_the_model_thinks_of_them() {
        for text in [
            "Sous-titres réalisés par la communauté d'Amara.org",
            " Sous-titres réalisés par la communauté d’Amara.org ",
            "Sous-titrage ST' 501",
            "Sous-titrage Société Radio-Canada",
            "Merci d'avoir regardé cette vidéo !",
            "Merci d'avoir regardé cette vidéo ! Abonnez-vous à la chaîne.",
            "Sous-titrage : Jean Dupont",
        ] {
            assert_eq!(judge(sure(text), ""), Err(Rejection::Invention), "{text}");
        }
    }

    #[test]
    fn credits_after_real_words_are_cut_off() {
        let text = "Je cherche la mairie. Sous-titres réalisés par la communauté d'Amara.org";
        assert_eq!(judge(sure(text), ""), Ok("Je cherche la mairie."));
        let text = "Merci d'avoir regardé cette vidéo de la mairie avec moi.";
        assert_eq!(judge(sure(text), ""), Ok(text));
    }

    #[test]
    fn signs_alone_are_no_words() {
        for text in ["", "...", " – ", "♪♪"] {
            assert_eq!(judge(sure(text), ""), Err(Rejection::Wordless), "{text}");
        }
    }

    #[test]
    fn doubt_and_silence_together_are_silence() {
        let mut evidence = Evidence { no_speech: 0.8, confidence: 0.5, ..sure("Bonjour.") };
        assert_eq!(judge(evidence, ""), Err(Rejection::NoSpeech));
        evidence.confidence = 0.9;
        assert_eq!(judge(evidence, ""), Ok("Bonjour."));
        evidence.no_speech = 0.1;
        evidence.confidence = 0.2;
        assert_eq!(judge(evidence, ""), Err(Rejection::Unsure));
    }

    #[test]
    fn a_loop_is_discarded() {
        let text = "Que puis-je faire pour vous ? ".repeat(40);
        assert_eq!(judge(sure(&text), ""), Err(Rejection::Repetition));
    }

    #[test]
    fn the_end_of_the_prompt_is_doubted_where_it_is_not_certain() {
        let prompt = "Mairie, passeport. Oui. Non. Oui. D'accord. Non.";
        let of = |text, confidence| judge(Evidence { confidence, ..sure(text) }, prompt);
        assert_eq!(of("Non.", 0.5), Err(Rejection::Echo));
        assert_eq!(of("Non.", 0.7), Ok("Non."));
        assert_eq!(of("D'accord.", 0.5), Err(Rejection::Echo));
        // Not as it stands there, and what the prompt does not say.
        assert_eq!(of("Oui, oui.", 0.5), Ok("Oui, oui."));
        assert_eq!(of("Demain.", 0.5), Ok("Demain."));
        assert_eq!(judge(Evidence { confidence: 0.5, ..sure("Non.") }, ""), Ok("Non."));
    }

    #[test]
    fn text_of_any_script_is_judged_without_panic() {
        for text in ["é. À!", "字幕。 視聴", "a.\u{a0}b", ".", "?! ..", "fin.\u{2003}"] {
            let _: Result<&str, Rejection> = judge(sure(text), "");
        }
        assert_eq!(judge(sure("Été. À demain ?"), ""), Ok("Été. À demain ?"));
    }
}
