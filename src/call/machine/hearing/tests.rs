use super::*;
use crate::audio::LINE_RATE;
use crate::audio::signals::{speech, white_noise};

/// A line, frame by frame, with what hearing told and when, ms.
struct Line {
    hearing: Hearing,
    start: Instant,
    ms: u64,
    told: Vec<(u64, Heard)>,
}

impl Line {
    fn expecting(answer: Answer) -> Self {
        let mut hearing = Hearing::new(Settings::default());
        hearing.expect("fr", answer);
        let mut line = Self { hearing, start: crate::testing::epoch(), ms: 0, told: Vec::new() };
        line.quiet(1_000);
        line
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.ms)
    }

    fn hear(&mut self, samples: &[i16]) -> &mut Self {
        for frame in samples.as_chunks::<FRAME_SAMPLES>().0 {
            self.ms += 20;
            let (now, ms) = (self.now(), self.ms);
            self.hearing.handle_frame(now, frame, None, false, true, |heard| self.told.push((ms, heard)));
        }
        self
    }

    fn speak(&mut self, ms: u64) -> &mut Self {
        self.hear(&speech(LINE_RATE, -22.0, ms, 5))
    }

    fn quiet(&mut self, ms: u64) -> &mut Self {
        self.hear(&white_noise(LINE_RATE, -62.0, ms, 3))
    }

    /// The recogniser answers the last recognition.
    fn recognised(&mut self, text: &str) -> &mut Self {
        let job = self.told.iter().rev().find_map(|(_, heard)| match heard {
            Heard::Recognise { job, .. } => Some(*job),
            _ => None,
        });
        let transcript = Transcript { text: text.to_owned(), confidence: 0.9, ..Transcript::default() };
        let heard = self.hearing.handle_result(self.now(), job.expect("a recognition"), Ok(transcript));
        self.told.extend(heard.map(|heard| (self.ms, heard)));
        self
    }

    /// But for the signs before a turn.
    fn names(&self) -> Vec<&'static str> {
        self.told
            .iter()
            .filter_map(|(_, heard)| match heard {
                Heard::Sign(_) => None,
                Heard::Started => Some("started"),
                Heard::Recognise { .. } => Some("recognise"),
                Heard::Abandon { .. } => Some("abandon"),
                Heard::Awaiting { .. } => Some("awaiting"),
                Heard::HeldOpen => Some("held open"),
                Heard::Concluded { .. } => Some("concluded"),
            })
            .collect()
    }

    /// When the last thing was told.
    fn last(&self) -> u64 {
        self.told.last().map_or(0, |(ms, _)| *ms)
    }
}

#[test]
fn yes_is_over_within_350_ms() {
    let mut line = Line::expecting(Answer::YesNo);
    line.speak(440).quiet(120).recognised("Oui.").quiet(1_000);
    assert_eq!(line.names(), ["started", "recognise", "concluded"]);
    let silence = line.last() - 1_440;
    assert!(silence <= 340, "{silence} ms");
}

#[test]
fn a_finished_answer_ends_the_turn_the_moment_it_is_known() {
    let mut line = Line::expecting(Answer::Open);
    line.speak(940).quiet(480);
    assert_eq!(line.names(), ["started", "recognise"]);
    line.recognised("Je voudrais refaire ma carte d'identité.");
    assert_eq!(line.names(), ["started", "recognise", "concluded"]);
}

#[test]
fn an_unfinished_one_waits_in_time() {
    let mut line = Line::expecting(Answer::Open);
    line.speak(940).quiet(300).recognised("Je voudrais").quiet(2_000);
    assert_eq!(line.names(), ["started", "recognise", "concluded"]);
    let silence = line.last() - 1_940;
    assert!((1_480..=1_560).contains(&silence), "{silence} ms");
}

#[test]
fn words_that_come_late_and_are_unfinished_hold_the_turn_open() {
    let mut line = Line::expecting(Answer::Open);
    line.speak(940).quiet(1_000);
    assert_eq!(line.names(), ["started", "recognise", "awaiting"]);
    line.recognised("Je voudrais").quiet(300);
    assert_eq!(line.names(), ["started", "recognise", "awaiting", "held open"]);
    assert!(line.hearing.is_busy());
    line.quiet(2_000);
    assert_eq!(line.names().last(), Some(&"concluded"));
    let silence = line.last() - 1_940;
    assert!((1_480..=1_560).contains(&silence), "{silence} ms");
    assert!(!line.hearing.is_busy());
}

#[test]
fn what_follows_while_the_turn_is_held_open_is_heard_with_it() {
    let mut line = Line::expecting(Answer::Open);
    line.speak(940).quiet(1_000).recognised("Je voudrais").speak(940).quiet(500);
    assert_eq!(line.names(), ["started", "recognise", "awaiting", "held open", "started", "recognise"]);
    let Some((_, Heard::Recognise { sound, .. })) = line.told.last() else { panic!("{:?}", line.names()) };
    assert!(sound.duration() >= Duration::from_millis(2 * 940), "both parts: {:?}", sound.duration());
    line.recognised("Je voudrais un passeport, s'il vous plaît.").quiet(1_000);
    assert_eq!(line.names().iter().filter(|name| **name == "concluded").count(), 1);
}

#[test]
fn late_words_that_are_finished_conclude_at_once() {
    for words in ["Oui", "Passeport", ""] {
        let mut line = Line::expecting(Answer::Open);
        line.speak(940).quiet(1_000).recognised(words);
        assert_eq!(line.names(), ["started", "recognise", "awaiting", "concluded"], "{words}");
    }
}
