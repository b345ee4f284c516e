//! Where sounds come from, with a voice that counts what it was asked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::speech::fake::ToneVoice;

/// A tone voice that notes what it speaks; panics at "panique".
#[derive(Clone, Default)]
struct Noted {
    spoken: Arc<Mutex<Vec<String>>>,
    made: Arc<AtomicUsize>,
}

impl Voice for Noted {
    fn speak(&mut self, text: &str, pace: Pace) -> Result<Sound, SpeechError> {
        self.spoken.lock().expect("list").push(text.to_owned());
        assert_ne!(text, "panique");
        ToneVoice.speak(text, pace)
    }

    fn fingerprint(&self) -> String {
        ToneVoice.fingerprint()
    }

    fn reader(&self) -> Reader {
        Arc::new(|text| text.to_lowercase())
    }
}

struct House {
    folder: tempfile::TempDir,
    voice: Noted,
}

impl House {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("temporary folder"), voice: Noted::default() }
    }

    /// As after a start: nothing in memory, the disk as it was left.
    fn speaker(&self) -> Speaker {
        let cache = Cache::open(self.folder.path(), 1 << 30).expect("cache");
        let voice = self.voice.clone();
        let make: MakeVoice = Box::new(move || {
            voice.made.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(voice.clone()))
        });
        Speaker::start(vec![("fr".to_owned(), make)], cache, 8).expect("speaker")
    }

    fn spoken(&self) -> Vec<String> {
        self.voice.spoken.lock().expect("list").clone()
    }
}

fn fixed(texts: &[&str]) -> Vec<(String, String)> {
    texts.iter().map(|text| ("fr".to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_sentence_is_made_once_and_then_remembered() {
    let house = House::new();
    let speaker = house.speaker();
    assert_eq!(speaker.cached("fr", "Bonjour.", Pace::Normal, LINE_RATE), None);
    let first = speaker.speak("fr", "Bonjour.", Pace::Normal, LINE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!((first.samples.len(), first.rate), (8 * 480, LINE_RATE));
    assert_eq!(speaker.cached("fr", "Bonjour.", Pace::Normal, LINE_RATE), Some(first.clone()));
    let slow = speaker.speak("fr", "Bonjour.", Pace::Slow, LINE_RATE).expect("ticket").wait().expect("sound");
    assert!(slow.duration() > first.duration());
    assert_eq!(house.spoken().len(), 2);

    drop(speaker);
    let speaker = house.speaker();
    let again = speaker.speak("fr", "Bonjour.", Pace::Normal, LINE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!((again, house.spoken().len()), (first.clone(), 2), "the second start finds it on disk");
    let same_reading = speaker.speak("fr", "BONJOUR.", Pace::Normal, LINE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!((same_reading, house.spoken().len()), (first, 2), "what sounds the same is one file");
}

#[test]
fn fixed_sentences_are_ready_before_the_first_call() {
    let house = House::new();
    let sentences = fixed(&["Un.", "Deux.", "Trois.", "Deux."]);
    let mut steps = Vec::new();
    let speaker = house.speaker();
    speaker.prepare(&sentences, &mut |done, of| steps.push((done, of))).expect("prepared");
    assert_eq!(steps, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    assert_eq!(house.spoken(), ["Un.", "Deux.", "Trois."]);
    for (language, text) in &sentences {
        assert!(speaker.cached(language, text, Pace::Normal, LINE_RATE).is_some(), "{text}");
    }
    drop(speaker);
    let speaker = house.speaker();
    speaker.prepare(&sentences, &mut |_, _| {}).expect("prepared");
    assert_eq!(house.spoken().len(), 3, "a warm cache asks nothing of the voice");
    assert!(speaker.cached("fr", "Trois.", Pace::Normal, LINE_RATE).is_some());
}

#[tokio::test]
async fn a_long_sentence_comes_clause_by_clause() {
    let house = House::new();
    let speaker = house.speaker();
    let said = "Je note : Durand, au 01 34 51 23 14, le matin.";
    let clauses = speaker.speak_by_clauses("fr", said, Pace::Normal, LINE_RATE).expect("asked for");
    let (first, left) = clauses.next().await;
    let first = first.expect("sound");
    assert_eq!(first.duration(), Duration::from_millis(17 * 60 + 150));
    assert!(first.samples[17 * 480..].iter().all(|sample| *sample == 0));
    let (second, left) = left.expect("there is more").next().await;
    assert_eq!(second.expect("sound").duration(), Duration::from_millis(28 * 60), "no pause behind the last");
    assert!(left.is_none());
    assert_eq!(house.spoken(), ["Je note : Durand,", "au 01 34 51 23 14, le matin."]);
    assert_eq!(speaker.cached("fr", said, Pace::Normal, LINE_RATE), None, "a caller's words are kept nowhere");

    let clauses = speaker.speak_by_clauses("fr", "panique", Pace::Normal, LINE_RATE).expect("asked for");
    let (sound, left) = clauses.next().await;
    assert!(sound.is_err() && left.is_none());
}

/// Waits for what is made behind callers' backs.
fn settle(speaker: &Speaker) {
    // The disk takes live work after what waits there; the voice of the language likewise. Their threads give way to others: on a busy
    // machine they are not there for seconds.
    for _ in 0..200_000 {
        if speaker.0.wishes.lock().expect("wishes").is_empty() {
            return;
        }
        std::thread::yield_now();
        let _ = speaker.speak_once("fr", "…", Pace::Normal, LINE_RATE).expect("ticket").wait();
    }
    panic!("a wish is never granted");
}

#[test]
fn what_an_older_version_left_serves_a_wide_band_call_until_its_own_form_is_made() {
    let house = House::new();
    let cache = Cache::open(house.folder.path(), 1 << 30).expect("cache");
    let key = Key::new(&ToneVoice.fingerprint(), Pace::Normal, "fr", "accueil.", LINE_RATE);
    cache.store(&key, &[7; 480]).expect("stored");

    let speaker = house.speaker();
    speaker.prepare(&fixed(&["Accueil."]), &mut |_, _| {}).expect("prepared");
    assert!(house.spoken().is_empty(), "nothing is made anew for narrow-band calls");
    let first = speaker.cached("fr", "Accueil.", Pace::Normal, WIDE_RATE).expect("at once");
    assert_eq!(first, Sound::new([7; 480], LINE_RATE), "the form that is there");
    settle(&speaker);
    let spoken = |house: &House| house.spoken().iter().filter(|text| *text == "Accueil.").count();
    assert_eq!(spoken(&house), 1);
    let second = speaker.cached("fr", "Accueil.", Pace::Normal, WIDE_RATE).expect("in memory");
    assert_eq!((second.samples.len(), second.rate), (8 * 960, WIDE_RATE));
    let narrow = speaker.cached("fr", "Accueil.", Pace::Normal, LINE_RATE).expect("in memory");
    assert_eq!(narrow, first, "narrow-band callers hear what they always heard");

    drop(speaker);
    let speaker = house.speaker();
    speaker.prepare(&fixed(&["Accueil."]), &mut |_, _| {}).expect("prepared");
    assert_eq!(speaker.cached("fr", "Accueil.", Pace::Normal, WIDE_RATE), Some(first), "not in memory yet");
    settle(&speaker);
    assert_eq!(speaker.cached("fr", "Accueil.", Pace::Normal, WIDE_RATE), Some(second));
    assert_eq!(spoken(&house), 1, "it came from disk");
}

#[test]
fn one_synthesis_makes_both_forms() {
    let house = House::new();
    let speaker = house.speaker();
    let wide = speaker.speak("fr", "Bonjour.", Pace::Normal, WIDE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!((wide.samples.len(), wide.rate), (8 * 960, WIDE_RATE));
    let once = speaker.speak_once("fr", "Votre nom.", Pace::Normal, WIDE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!(once.rate, WIDE_RATE);
    let narrow = speaker.speak("fr", "Bonjour.", Pace::Normal, LINE_RATE).expect("ticket").wait().expect("sound");
    assert_eq!((narrow.samples.len(), narrow.rate), (8 * 480, LINE_RATE));
    assert_eq!(house.spoken(), ["Bonjour.", "Votre nom."]);
}

#[test]
fn callers_words_are_kept_nowhere() {
    let house = House::new();
    let speaker = house.speaker();
    let note = "Je note : Le Goff.";
    for _ in 0..2 {
        let sound = speaker.speak_once("fr", note, Pace::Normal, LINE_RATE).expect("ticket").wait().expect("sound");
        assert!(!sound.samples.is_empty());
        assert_eq!(speaker.cached("fr", note, Pace::Normal, LINE_RATE), None);
    }
    assert_eq!(house.spoken().len(), 2);
    drop(speaker);
    let files = std::fs::read_dir(house.folder.path()).expect("folder").count();
    assert_eq!(files, 0);
}

#[test]
fn a_voice_that_panics_is_made_anew() {
    let house = House::new();
    let speaker = house.speaker();
    let lost = speaker.speak("fr", "panique", Pace::Normal, LINE_RATE).expect("ticket").wait();
    assert!(matches!(lost, Err(SpeechError::Engine { engine: VOICE, .. })), "{lost:?}");
    assert!(speaker.speak("fr", "Suite.", Pace::Normal, LINE_RATE).expect("ticket").wait().is_ok());
    assert_eq!(house.voice.made.load(Ordering::SeqCst), 2);
}

#[test]
fn a_language_without_a_voice_is_told_at_once() {
    let house = House::new();
    let speaker = house.speaker();
    let error = speaker.speak("pl", "Dzień dobry.", Pace::Normal, LINE_RATE).expect_err("no such voice");
    assert!(error.to_string().contains("`pl`"), "{error}");
    assert!(speaker.prepare(&[("pl".to_owned(), "Tak.".to_owned())], &mut |_, _| {}).is_err());
    assert_eq!(speaker.languages().collect::<Vec<_>>(), ["fr"]);
}

#[test]
fn a_disk_that_cannot_be_written_costs_no_sentence() {
    let house = House::new();
    let speaker = house.speaker();
    // Files in the place of the folders of the cache.
    for head in 0..=255_u8 {
        std::fs::write(house.folder.path().join(format!("{head:02x}")), "").expect("file");
    }
    assert!(speaker.speak("fr", "Bonjour.", Pace::Normal, LINE_RATE).expect("ticket").wait().is_ok());
    assert!(speaker.prepare(&fixed(&["Accueil."]), &mut |_, _| {}).is_ok());
    assert!(speaker.cached("fr", "Accueil.", Pace::Normal, LINE_RATE).is_some());
}

#[tokio::test]
async fn sounds_can_be_awaited() {
    let house = House::new();
    let speaker = house.speaker();
    speaker.warm_up(&["fr"]);
    let sound = speaker.speak("fr", "Bonsoir.", Pace::Normal, LINE_RATE).expect("ticket").await.expect("sound");
    assert_eq!(sound.samples.len(), 8 * 480);
}
