//! With the prepared model, when it is there.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::super::words::bare;
use super::*;
use crate::audio::level::trim_silence;
use crate::audio::{LINE_RATE, wav};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One engine for all tests: they are about it, not about loading it again.
fn engine() -> Option<MutexGuard<'static, WhisperRecogniser>> {
    static ENGINE: LazyLock<Option<Mutex<WhisperRecogniser>>> = LazyLock::new(|| {
        let path = root().join("models/whisper-base.ggml");
        path.exists().then(|| Mutex::new(WhisperRecogniser::load(&path, 1).expect("the prepared model loads")))
    });
    if ENGINE.is_none() {
        println!("skipped: models/whisper-base.ggml is not prepared");
    }
    ENGINE.as_ref().map(|engine| engine.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A recorded prompt of the shared data, 8 kHz.
fn clip(name: &str) -> Option<Arc<[i16]>> {
    let path = root().join("../shared/data/speech").join(name);
    let path = if path.exists() { path } else { root().join("../../shared/data/speech").join(name) };
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is absent", path.display());
        return None;
    };
    let clip = wav::read(&bytes).expect("a WAV");
    assert_eq!(clip.rate, LINE_RATE);
    Some(clip.samples.into())
}

fn utterance(samples: impl Into<Arc<[i16]>>) -> Utterance {
    Utterance { samples: samples.into(), rate: LINE_RATE, language: "fr".into(), ..Utterance::default() }
}

static NEVER: AtomicBool = AtomicBool::new(false);

#[test]
fn french_at_telephone_band_is_understood_with_and_without_a_prompt() {
    let (Some(mut engine), Some(samples)) = (engine(), clip("june_queue-youarenext.wav")) else { return };
    let mut said = utterance(samples);
    for prompt in ["", "Mairie de Saint-Germain-en-Laye. État civil, carte d'identité, déchets."] {
        said.prompt = prompt.to_owned();
        let heard = engine.recognise(&said, &NEVER).expect("a transcript");
        let words = bare(&heard.text).join(" ");
        assert!(words.contains("votre appel sera le prochain"), "{words}");
        assert!((0.5..=1.0).contains(&heard.confidence), "{}", heard.confidence);
        assert!(!heard.elapsed.is_zero());
    }
}

#[test]
fn french_is_told_from_english_and_silence_from_both() {
    let (Some(mut engine), Some(samples)) = (engine(), clip("june_queue-youarenext.wav")) else { return };
    for (expected, other) in [("fr", "en"), ("en", "fr")] {
        let mut said =
            Utterance { language: expected.into(), others: vec![other.into()], ..utterance(samples.clone()) };
        let heard = engine.recognise(&said, &NEVER).expect("a transcript");
        assert_eq!(heard.language.as_deref(), Some("fr"));
        assert!(bare(&heard.text).join(" ").contains("votre appel sera"), "{}", heard.text);
        said.samples = vec![0; 24_000].into();
        assert_eq!(engine.recognise(&said, &NEVER), Ok(Transcript::default()));
    }
    // A language of the dialplan that Whisper does not know is no obstacle.
    let said = Utterance { others: vec!["xx".into(), "en".into()], ..utterance(samples) };
    assert_eq!(engine.recognise(&said, &NEVER).expect("a transcript").language.as_deref(), Some("fr"));
}

#[test]
fn silence_and_noise_hold_no_words() {
    let Some(mut engine) = engine() else { return };
    assert_eq!(engine.recognise(&utterance(Vec::new()), &NEVER), Ok(Transcript::default()));
    assert_eq!(engine.recognise(&utterance(vec![0; 24_000]), &NEVER), Ok(Transcript::default()));
    // White noise from a linear congruential generator, soft and loud.
    for amplitude in [100, 3_000] {
        let mut state = 1_u32;
        let noise: Vec<i16> = (0..24_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 16) as i32 % (2 * amplitude) - amplitude) as i16
            })
            .collect();
        let heard = engine.recognise(&utterance(noise), &NEVER).expect("a transcript");
        assert_eq!(heard.text, "", "amplitude {amplitude}");
    }
}

#[test]
fn a_word_of_less_than_a_second_is_heard() {
    let (Some(mut engine), Some(samples)) = (engine(), clip("june_goodbye.wav")) else { return };
    let word = trim_silence(&samples, LINE_RATE, 0);
    assert!(word.len() < LINE_RATE as usize, "{} samples", word.len());
    let heard = engine.recognise(&utterance(word), &NEVER).expect("a transcript");
    assert!(bare(&heard.text).join(" ").contains("revoir"), "{}", heard.text);
}

/// "Madame, madame, ma sœur pas bien, elle cherche l'air, vite", synthesised, over street noise: its first decoding never gets past
/// "Madame".
#[test]
fn an_utterance_that_loops_is_heard_in_a_longer_window() {
    let Some(mut engine) = engine() else { return };
    let clip = wav::read(include_bytes!("looped.wav")).expect("a WAV");
    assert_eq!(clip.rate, LINE_RATE);
    let said = utterance(clip.samples);
    if !engine.decode_raw(&said).expect("a decoding").is_loop("") {
        println!("on this machine the first decoding does not loop");
    }
    let heard = engine.recognise(&said, &NEVER).expect("a transcript");
    let words = bare(&heard.text).join(" ");
    assert!(words.contains("madame") && words.contains("elle cherche"), "{words}");
}

#[test]
fn an_abandoned_utterance_gives_nothing_and_leaves_the_engine_usable() {
    let (Some(mut engine), Some(samples)) = (engine(), clip("june_queue-youarenext.wav")) else { return };
    let said = utterance(samples);
    let before = engine.recognise(&said, &AtomicBool::new(true));
    assert_eq!(before, Err(SpeechError::Abandoned));
    // Set while the engine works, or just before: either way nobody wants the result.
    let abandoned = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        let engine: &mut WhisperRecogniser = &mut engine;
        let worker = scope.spawn(|| engine.recognise(&said, &abandoned));
        abandoned.store(true, Ordering::Relaxed);
        worker.join().expect("no panic")
    });
    assert_eq!(during, Err(SpeechError::Abandoned));
    let after = engine.recognise(&said, &NEVER).expect("a transcript");
    assert!(bare(&after.text).join(" ").contains("votre appel"), "{}", after.text);
}

#[test]
fn odd_languages_and_prompts_are_errors_or_harmless() {
    let Some(mut engine) = engine() else { return };
    let tone: Vec<i16> = (0..8_000).map(|n| if n / 10 % 2 == 0 { 2_000 } else { -2_000 }).collect();
    let mut said = utterance(tone);
    for language in ["", "xx", "fr\0", "auto", "français"] {
        said.language = language.to_owned();
        assert!(matches!(engine.recognise(&said, &NEVER), Err(SpeechError::Engine { .. })), "{language:?}");
    }
    said.language = "fr".to_owned();
    for prompt in ["\0\u{1}", "   ", &"é".repeat(100_000), &"1 2 3 ".repeat(5_000)] {
        said.prompt = prompt.to_owned();
        assert!(engine.recognise(&said, &NEVER).is_ok());
        assert!(engine.prompt.tokens.len() <= PROMPT_TOKENS);
    }
}

#[test]
fn what_is_no_model_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("model.ggml");
    let reason = |path: &Path| match WhisperRecogniser::load(path, 1) {
        Err(SpeechError::Engine { detail, .. }) => detail,
        other => panic!("{:?}", other.map(|_| "loaded")),
    };
    assert!(reason(&path).contains("cannot read"));
    assert!(reason(dir.path()).contains("cannot read"));
    for bytes in [&b""[..], b"no model at all", &[0x6c, 0x6d, 0x67, 0x67]] {
        std::fs::write(&path, bytes).expect("written");
        assert!(reason(&path).contains("not a whisper.cpp ggml model"), "{bytes:?}");
    }
}
