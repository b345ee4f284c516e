//! The real voices, when their files have been prepared under `models/`; without them these tests say so and pass.

use std::time::Instant;

use super::*;
use crate::audio::level::active_level_dbfs;
use crate::audio::loudness::{SPEECH_LUFS, integrated_lufs, true_peak_dbtp};

fn files(voice: &str) -> Option<VoiceFiles> {
    let files = VoiceFiles::of(&Path::new("models").join(voice), Path::new("models/libonnxruntime.so"));
    let missing = [&files.model, &files.description, &files.runtime].into_iter().find(|path| !path.exists()).cloned();
    if let Some(missing) = missing {
        println!("skipped: {} is absent; prepare the models first", missing.display());
        return None;
    }
    Some(files)
}

fn open(voice: &str, language: &str, lexicon: &str) -> Option<PiperVoice> {
    let lexicon = Arc::new(Lexicon::parse(lexicon).expect("lexicon"));
    Some(PiperVoice::open(files(voice)?, language, 0, lexicon, 2).expect("voice"))
}

fn seconds(sound: &Sound) -> f64 {
    sound.duration().as_secs_f64()
}

#[test]
fn french_is_spoken_at_telephone_level() {
    let Some(mut voice) = open("fr_FR-siwis.onnx", "fr", "") else { return };
    voice.warm_up().expect("loaded");
    for text in [
        "Mairie de Saint-Germain-en-Laye, bonjour.",
        "La mairie est ouverte du lundi au vendredi, 8h30-12h et 13h-17h30.",
        "Appelez le 01 30 87 20 00 ou le 15.",
        "Oui.",
    ] {
        #[expect(clippy::disallowed_methods, reason = "a measurement")]
        let started = Instant::now();
        let sound = voice.speak(text, Pace::Normal).expect("sound");
        let taken = started.elapsed().as_secs_f64();
        println!("{:.2} s of sound in {taken:.2} s, factor {:.2}: {text}", seconds(&sound), taken / seconds(&sound));
        let letters = Lexicon::default().reading("fr", text).len() as f64;
        let rate = letters / seconds(&sound);
        assert!((5.0..25.0).contains(&rate), "{rate:.1} letters a second: {text}");
        let level = active_level_dbfs(&sound.samples, sound.rate);
        assert!((-23.0..=-19.0).contains(&level), "{level} dBFS: {text}");
        let line = sound.at(8_000).expect("a known rate");
        let narrow = active_level_dbfs(&line.samples, line.rate);
        assert!((level - narrow).abs() < 1.0, "{level} and {narrow} dBFS: what lies above 4 kHz is little");
        let samples = &sound.samples;
        let loudness = integrated_lufs(&line.samples, line.rate).expect("a sound");
        assert!((loudness - SPEECH_LUFS).abs() < 1.5, "{loudness} LUFS: {text}");
        let peak = true_peak_dbtp(&line.samples, line.rate);
        assert!(peak < -1.0, "{peak} dBTP: {text}");
        assert!(samples[0].abs() < 50 && samples[samples.len() - 1].abs() < 50, "no click at the ends");
    }
}

#[test]
fn slow_is_slower_and_nothing_is_nothing() {
    let Some(mut voice) = open("fr_FR-siwis.onnx.json", "fr", "") else { return };
    let text = "Je répète, apportez une pièce d'identité.";
    let normal = seconds(&voice.speak(text, Pace::Normal).expect("sound"));
    let slow = seconds(&voice.speak(text, Pace::Slow).expect("sound"));
    assert!((1.12..1.4).contains(&(slow / normal)), "{normal} s, {slow} s");
    for nothing in ["", " … ", "« »"] {
        assert_eq!(voice.speak(nothing, Pace::Normal), Ok(Sound::new([], WIDE_RATE)));
    }
}

#[test]
fn a_sentence_longer_than_the_model_takes_is_spoken_whole() {
    let Some(mut voice) = open("fr_FR-siwis.onnx", "fr", "") else { return };
    let text = "Pour la carte d'identité il faut une photo, ".repeat(9);
    let chunks = voice.phonemes(&text).expect("phonemes");
    assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.phonemes.chars().count() <= CHUNK_PHONEMES));
    let sound = voice.speak(&text, Pace::Normal).expect("sound");
    assert!(seconds(&sound) > 9.0 * 1.5, "{} s", seconds(&sound));
}

#[test]
fn phonemes_follow_lexicon_and_punctuation() {
    let Some(voice) = open("fr_FR-siwis.onnx", "fr", "Laye\tlè\nPecq\t/pˈɛk/\n") else { return };
    let chunks = voice.phonemes("À Laye, au Pecq : il faut la CNI ?").expect("phonemes");
    let phonemes: Vec<(&str, Option<char>)> =
        chunks.iter().map(|chunk| (chunk.phonemes.as_str(), chunk.mark)).collect();
    assert_eq!(phonemes, [("a lˈɛ, o pˈɛk: il fo la sˈe ˈɛn ˈi?", Some('?'))]);
    assert_eq!((voice.reader())("M. Laye, 2 €."), "monsieur lè, deux euros.");
}

#[test]
fn names_of_the_neighbourhood_are_said_in_french() {
    let lexicon = include_str!("../../../prompts/fr/prononciation.tsv");
    let Some(voice) = open("fr_FR-siwis.onnx", "fr", lexicon) else { return };
    for (name, phonemes) in [
        ("Saint-Germain-en-Laye", "sɛ̃ʒɛʁmˈɛ̃ɑ̃lˈɛ"),
        ("Fourqueux", "fuʁkˈø"),
        ("Péricard", "peʁikˈaʁ"),
        ("Sainte-Gemme", "sɛ̃tʒˈɛm"),
        ("Hennemont", "ɛnmˈɔ̃"),
        ("Le Pecq", "lə pˈɛk"),
        ("Le Vésinet", "lə vezinˈɛ"),
        ("Chambourcy", "ʃɑ̃buʁsˈi"),
        ("Marly-le-Roi", "maʁlˈiləʁwˈa"),
        ("Poissy", "pwasˈi"),
        ("Noisy", "nwazˈi"),
        ("Élisabeth", "elizabˈɛt"),
        ("un jury", "œ̃ ʒyʁˈi"),
    ] {
        let said: String =
            voice.phonemes(name).expect("phonemes").iter().map(|chunk| chunk.phonemes.as_str()).collect();
        // Where the stress falls within a compound is no matter.
        let bare = |text: &str| text.replace(['ˈ', 'ˌ', '-'], "");
        assert_eq!(bare(&said), bare(phonemes), "{name}");
    }
}

#[test]
fn voices_of_one_model_differ() {
    let (Some(mut agent), Some(mut caller)) =
        (open("fr_FR-siwis.onnx", "fr", ""), open("fr_FR-appelant.onnx", "fr", ""))
    else {
        return;
    };
    assert_ne!(agent.fingerprint(), caller.fingerprint());
    let text = "Bonjour, je voudrais un rendez-vous.";
    let (one, other) = (agent.speak(text, Pace::Normal), caller.speak(text, Pace::Normal));
    assert_ne!(one.expect("sound"), other.expect("sound"));
}

#[test]
fn a_genuine_piper_voice_speaks() {
    let Some(mut voice) = open("test/en_US-joe-medium.onnx", "en", "") else { return };
    assert_eq!(voice.description.speaker, None);
    let sound = voice.speak("The town hall is open from nine to five, Monday to Friday.", Pace::Normal).expect("sound");
    assert!((2.0..6.0).contains(&seconds(&sound)), "{} s", seconds(&sound));
    let level = active_level_dbfs(&sound.samples, sound.rate);
    assert!((-23.0..=-19.0).contains(&level), "{level} dBFS");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = |name: &str| folder.path().join(name);
    let open =
        |files: VoiceFiles| PiperVoice::open(files, "fr", 0, Arc::default(), 1).map(|_| ()).expect_err("not a voice");
    let files = VoiceFiles::of(&path("v.onnx"), &path("lib.so"));
    assert!(matches!(open(files.clone()), VoiceError::Missing { path, .. } if path.ends_with("v.onnx.json")));

    let good = r#"{"audio":{"sample_rate":24000},"espeak":{"voice":"fr"},"inference":{"noise_scale":0,"length_scale":1,
        "noise_w":0},"phoneme_id_map":{"a":[1],"ab":[2]}}"#;
    for (description, problem) in [
        ("{", "EOF"),
        ("{}", "espeak.voice"),
        (r#"{"espeak":{"voice":"fr"}}"#, "phoneme_id_map"),
        (&good.replace(r#""audio""#, r#""phoneme_type":"text","audio""#), "`text`"),
    ] {
        fs::write(path("v.onnx.json"), description).expect("file");
        let error = open(files.clone());
        let told = match &error {
            VoiceError::PhonemeKind { kind, .. } => format!("`{kind}`"),
            error => error.to_string(),
        };
        assert!(told.contains(problem), "{error}");
    }
    fs::write(path("v.onnx.json"), good).expect("file");
    assert!(matches!(open(files.clone()), VoiceError::Missing { path, .. } if path.ends_with("lib.so")));
    fs::write(path("lib.so"), "no library").expect("file");
    assert!(matches!(open(files.clone()), VoiceError::Missing { path, .. } if path.ends_with("v.onnx")));
    fs::write(path("v.onnx"), "no model").expect("file");
    let beyond = PiperVoice::open(files.clone(), "fr", 1, Arc::default(), 1).map(|_| ()).expect_err("one voice only");
    assert!(matches!(beyond, VoiceError::Speaker { wanted: 1, last: 0, .. }), "{beyond}");
    let two = good.replace(r#""audio""#, r#""speaker_id_map":{"pierre":7,"jessica":3},"audio""#);
    fs::write(path("v.onnx.json"), two).expect("file");
    let chosen = |speaker| PiperVoice::open(files.clone(), "fr", speaker, Arc::default(), 1).expect("voice");
    assert_eq!([0, 1].map(|speaker| chosen(speaker).description.speaker), [Some(3), Some(7)]);
    assert_ne!(chosen(0).fingerprint, chosen(1).fingerprint);
    fs::write(path("v.onnx.json"), good).expect("file");
    let mut voice = PiperVoice::open(files, "fr", 0, Arc::default(), 1).expect("looks like a voice");
    let error = voice.speak("a", Pace::Normal).expect_err("neither library nor model");
    // Another test of this process may have loaded the true library before.
    let detail = error.to_string();
    assert!(detail.contains("lib.so") || detail.contains("v.onnx"), "{detail}");
}

#[test]
fn the_voice_of_a_region_speaks_its_language() {
    let Some(mut voice) = open("en_GB-emma.onnx", "en", "") else { return };
    let sound = voice.speak("Good morning, the town hall opens at half past eight.", Pace::Normal).expect("sound");
    assert!((2.0..6.0).contains(&seconds(&sound)), "{} s", seconds(&sound));
}
