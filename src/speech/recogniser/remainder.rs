//! What a transcript leaves out: Whisper ends its text behind a first sentence now and then, and the letters, digits or words that follow
//! are lost ("Madame Belkacem. B, E, L …" as "Madame Belkacem.").
//!
//! Owns: whether so few words can be all of this sound, and from where on the rest is to be heard. Must not know: the engine.

use super::super::{Alternative, Transcript};

/// Samples a second, as the engine hears them.
const RATE: usize = 16_000;
/// 20 ms.
const FRAME: usize = RATE / 50;
/// Frames this much below the loud ones (their 95th percentile) are pauses, dB.
const PAUSE_DB: f32 = 25.0;
/// Shortest pause at which an utterance is cut, frames.
const PAUSE: usize = 5;
/// Less speech is never cut; and so much of it has to be without words before it is, and to follow the cut. Seconds.
const LEAST_SPEECH: f32 = 2.0;
const LEAST_WORDLESS: f32 = 1.0;
/// Seconds of speech without pauses, of those who speak slowly and of those who speak fast: a letter within a word, one that
/// stands alone.
const SLOW: [f32; 2] = [1.0 / 8.0, 0.45];
const FAST: [f32; 2] = [1.0 / 18.0, 0.15];

/// Where what `text` does not tell begins, in samples; nothing when it may be all, or is nothing. What holds digits or spelled letters is being
/// dictated: over noise its pauses count as speech, and decoded twice it would come twice. `audio`: 16 kHz.
pub fn remainder(text: &str, audio: &[f32]) -> Option<usize> {
    if text.is_empty() || is_dictated(text) {
        return None;
    }
    let levels: Vec<f32> = audio.chunks(FRAME).map(|frame| frame.iter().map(|x| x * x).sum::<f32>()).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let loud = *sorted.get(sorted.len() * 95 / 100)?;
    let floor = loud * 10_f32.powf(-PAUSE_DB / 10.0);
    let seconds = |frames: usize| (frames * FRAME) as f32 / RATE as f32;
    let spoken = |levels: &[f32]| seconds(levels.iter().filter(|level| **level > floor).count());
    let all = spoken(&levels);
    if all < LEAST_SPEECH || all < length(text, SLOW) + LEAST_WORDLESS {
        return None;
    }
    let told = length(text, FAST);
    let (mut before, mut quiet) = (0, 0);
    for (at, level) in levels.iter().enumerate() {
        if *level > floor {
            before += 1;
            quiet = 0;
            continue;
        }
        quiet += 1;
        if quiet == PAUSE && seconds(before) >= told {
            return (spoken(&levels[at..]) >= LEAST_WORDLESS).then_some((at + 1 - PAUSE / 2) * FRAME);
        }
    }
    None
}

/// The transcript and that of its remainder, as two sentences; the less sure of them tells how sure both are.
pub fn followed(first: Transcript, rest: &Transcript) -> Transcript {
    if rest.text.is_empty() {
        return first;
    }
    let both = |first: &str, rest: &str| format!("{}. {rest}", first.trim_end_matches(['.', ',', ' ']));
    let before = first.alternatives.iter().map(|a| Alternative { text: both(&a.text, &rest.text), odds: a.odds });
    let behind = rest.alternatives.iter().map(|a| Alternative { text: both(&first.text, &a.text), odds: a.odds });
    let mut alternatives: Vec<Alternative> = before.chain(behind).collect();
    alternatives.sort_by(|a, b| a.odds.total_cmp(&b.odds));
    Transcript {
        text: both(&first.text, &rest.text),
        confidence: first.confidence.min(rest.confidence),
        alternatives,
        ..first
    }
}

fn is_dictated(text: &str) -> bool {
    let alone = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() == 1).count();
    text.bytes().any(|byte| byte.is_ascii_digit()) || alone >= 3
}

/// Seconds that saying this takes, which holds no digits. Letters in a row of capitals stand alone ("DUPONT").
fn length(text: &str, [in_word, alone]: [f32; 2]) -> f32 {
    let of = |word: &str| {
        let letters = word.chars().count();
        let are_alone = letters == 1 || word.chars().all(char::is_uppercase);
        letters as f32 * if are_alone { alone } else { in_word }
    };
    text.split(|c: char| !c.is_alphanumeric()).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches of sound, with pauses of 120 ms between them.
    fn audio(stretches: &[f32]) -> Vec<f32> {
        let mut audio = vec![0.0; RATE / 4];
        for seconds in stretches {
            let samples = (seconds * RATE as f32) as usize;
            audio.extend((0..samples).map(|n| 0.3 * (n as f32 * 0.2).sin()));
            audio.resize(audio.len() + RATE * 12 / 100, 0.0);
        }
        audio
    }

    #[test]
    fn letters_that_are_lost_begin_behind_the_name() {
        let spelled = [&[1.3][..], &[0.35; 8]].concat();
        let from = remainder("Madame Belkassem.", &audio(&spelled)).expect("letters");
        let name = (0.25 + 1.3) * RATE as f32;
        assert!((name..name + 0.12 * RATE as f32).contains(&(from as f32)), "{from}");
    }

    #[test]
    fn both_are_one_transcript() {
        let heard = |text: &str, confidence, other: &str, odds| Transcript {
            text: text.into(),
            confidence,
            alternatives: vec![Alternative { text: other.into(), odds }],
            ..Transcript::default()
        };
        let first = heard("C'est le 06 12.", 0.9, "C'est le 06 02.", 2.0);
        let both = followed(first.clone(), &heard("34 56 78.", 0.7, "34 76 78.", 1.0));
        assert_eq!((both.text.as_str(), both.confidence), ("C'est le 06 12. 34 56 78.", 0.7));
        let others: Vec<&str> = both.alternatives.iter().map(|other| other.text.as_str()).collect();
        assert_eq!(others, ["C'est le 06 12. 34 76 78.", "C'est le 06 02. 34 56 78."], "likeliest first");
        assert_eq!(followed(first.clone(), &Transcript::default()), first, "nothing more was said");
    }

    #[test]
    fn what_may_be_all_is_all() {
        let spelled = [&[1.3][..], &[0.35; 8]].concat();
        assert_eq!(remainder("Madame Belkacem, B-E-L-K-A-C-E-M.", &audio(&spelled)), None);
        assert_eq!(remainder("Madame Belkacem, BELKACEM.", &audio(&spelled)), None);
        for dictated in ["06 12", "0, 1, 30, 80, 7.", "M-O-R", "Il y a 3 ans."] {
            assert_eq!(remainder(dictated, &audio(&[0.9; 6])), None, "{dictated}");
        }
        assert_eq!(remainder("Oui.", &audio(&[0.4, 0.4, 0.4])), None, "too little sound");
        assert_eq!(remainder("Madame Belkacem.", &audio(&[4.0])), None, "no pause");
        assert_eq!(remainder("Madame Belkacem.", &audio(&[3.0, 0.4])), None, "nothing behind it");
        assert_eq!(remainder("", &[]), None);
        assert_eq!(remainder("", &audio(&spelled)), None, "words that a gate dropped are not those left out");
        assert_eq!(remainder("Oui.", &[0.0; RATE * 3]), None);
    }
}
