//! The end of a turn by words, rhythm and foreground.

use super::*;

/// As [`listen`], telling the detector what each snapshot's words are worth so long after it.
fn listen_judging(
    detector: &mut Detector,
    samples: &[i16],
    after: u64,
    mut worth: impl FnMut(u32) -> Completeness,
) -> Log {
    let (mut log, mut due) = (Log::new(), None::<(u64, u32)>);
    for (n, frame) in samples.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        let now = 20 * (n as u64 + 1);
        detector.handle_frame(frame, None);
        if let Some((_, revision)) = due.take_if(|(at, _)| *at <= now) {
            detector.set_completeness(revision, worth(revision));
        }
        while let Some(event) = detector.poll_event() {
            if let Event::Paused { revision, .. } = event {
                due = Some((now + after, revision));
            }
            log.push((now, event));
        }
    }
    log
}

/// Silence before the end, ms.
fn silence_before_end(log: &Log) -> u128 {
    let end = log.iter().find_map(|(_, event)| match event {
        Event::Ended { speech_ended_ago, .. } => Some(speech_ended_ago.as_millis()),
        _ => None,
    });
    end.expect("a turn that ended")
}

fn quiet_line(ms: u64) -> Vec<i16> {
    white_noise(LINE_RATE, -62.0, ms, 3)
}

fn turn() -> Vec<i16> {
    [quiet_line(1_000), words(940), quiet_line(4_000)].concat()
}

#[test]
fn words_decide_how_much_silence_ends_a_turn() {
    use Completeness::{Finished, Unfinished, Unknown};
    for (patience, worth, silence) in [
        (Patience::Short, Finished, 240),
        (Patience::Short, Unknown, 400),
        (Patience::Short, Unfinished, 1_200),
        (Patience::Normal, Finished, 400),
        (Patience::Normal, Unfinished, 1_500),
        (Patience::Dictation, Finished, 700),
        (Patience::Dictation, Unfinished, 2_400),
    ] {
        let mut detector = Detector::new(Settings::default());
        detector.set_patience(patience);
        // The words come 100 ms after the first short silence: at 220 ms of silence.
        let log = listen_judging(&mut detector, &turn(), 100, |_| worth);
        assert_eq!(names(&log), ["started", "paused", "ended"], "{patience:?} {worth:?}");
        assert_eq!(silence_before_end(&log), silence, "{patience:?} {worth:?}");
    }
}

#[test]
fn late_words_end_a_turn_at_once_and_are_not_waited_for() {
    let mut detector = Detector::new(Settings::default());
    let log = listen_judging(&mut detector, &turn(), 400, |_| Completeness::Finished);
    assert_eq!(silence_before_end(&log), 520, "120 and 400");
    let mut detector = Detector::new(Settings::default());
    let log = listen_judging(&mut detector, &turn(), 2_000, |_| Completeness::Unfinished);
    assert_eq!(silence_before_end(&log), 760, "as without words");
}

#[test]
fn words_of_an_earlier_pause_count_no_more() {
    let mut detector = Detector::new(Settings::default());
    let samples = [quiet_line(500), words(900), quiet_line(400), words(900), quiet_line(3_000)].concat();
    // Those of the first pause come after the caller has gone on.
    let mut told = Vec::new();
    let log = listen_judging(&mut detector, &samples, 400, |revision| {
        told.push(revision);
        if revision == 1 { Completeness::Finished } else { Completeness::Unknown }
    });
    assert_eq!(names(&log), ["started", "paused", "resumed", "paused", "ended"]);
    assert_eq!(silence_before_end(&log), 760);
    assert_eq!(told.last(), Some(&2));
}

#[test]
fn who_pauses_much_gets_more_time() {
    let mut detector = Detector::new(Settings::default());
    let pauses = [quiet_line(500), words(900), quiet_line(600), words(900), quiet_line(600), words(900)].concat();
    let log = listen(&mut detector, &[pauses, quiet_line(2_000)].concat());
    assert_eq!(names(&log), ["started", "paused", "resumed", "paused", "resumed", "paused", "ended"]);
    let silence = silence_before_end(&log);
    assert!((860..=1_000).contains(&silence), "{silence}: half as long again as the pauses");
    // The next turn of the same caller too.
    let next = listen(&mut detector, &[words(900), quiet_line(2_000)].concat());
    assert_eq!(silence_before_end(&next), silence);
}

#[test]
fn who_was_cut_off_is_given_more_time() {
    let mut detector = Detector::new(Settings::default());
    let log = listen(&mut detector, &[quiet_line(500), words(900), quiet_line(1_000)].concat());
    assert_eq!(silence_before_end(&log), 760);
    let log = listen(&mut detector, &[words(900), quiet_line(2_000)].concat());
    assert!(silence_before_end(&log) >= 1_200, "{}", silence_before_end(&log));
}

#[test]
fn a_pause_just_under_the_limit_is_no_end() {
    // The next word is noticed 60 to 100 ms after it began: the end waits for it.
    for pause in [600, 640, 680] {
        let mut detector = Detector::new(Settings::default());
        let log = listen(
            &mut detector,
            &[quiet_line(500), words(900), quiet_line(pause), words(900), quiet_line(1_500)].concat(),
        );
        assert_eq!(names(&log), ["started", "paused", "resumed", "paused", "ended"], "{pause} ms");
    }
}

#[test]
fn a_cut_word_is_recognised_again_with_its_end() {
    // A hiss, too weak and too long for the voice detector, goes on 200 ms after the last vowel: "-sss".
    let mut detector = Detector::new(Settings::default());
    let hiss = white_noise(LINE_RATE, -52.0, 260, 8);
    let log = listen(&mut detector, &[quiet_line(2_500), words(940), hiss, quiet_line(1_500)].concat());
    let tails: Vec<bool> = log
        .iter()
        .filter_map(|(_, event)| if let Event::Paused { tail, .. } = event { Some(*tail) } else { None })
        .collect();
    assert_eq!(tails, [false, true], "{:?}", names(&log));
    let sounds: Vec<&Sound> = log
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Paused { sound, .. } | Event::Ended { sound, .. } => Some(sound),
            _ => None,
        })
        .collect();
    assert!(sounds[1].samples.len() > sounds[0].samples.len());
    assert_eq!(sounds[1], sounds[2], "the end has the sound that was recognised last");
    // Nothing but silence: nothing again.
    let log = listen(&mut Detector::new(Settings::default()), &turn());
    assert_eq!(names(&log), ["started", "paused", "ended"]);
}

/// The samples with another sound under them.
fn over(samples: &[i16], under: &[i16]) -> Vec<i16> {
    samples.iter().zip(under.iter().cycle()).map(|(a, b)| a.saturating_add(*b)).collect()
}

#[test]
fn a_television_behind_the_caller_does_not_hold_the_line() {
    let television = speech(LINE_RATE, -40.0, 60_000, 77);
    let mut detector = Detector::new(Settings::default());
    let caller = [quiet(200), words(2_000), quiet(6_000), words(2_000), quiet(6_000)].concat();
    let log = listen(&mut detector, &over(&caller, &television));
    let ends: Vec<u64> = log.iter().filter(|(_, e)| matches!(e, Event::Ended { .. })).map(|(at, _)| *at).collect();
    // 760 ms and 800 more after the last word at 2,200 and at 10,200.
    assert_eq!(ends.len(), 2, "{:?}", names(&log));
    assert!((3_600..=4_200).contains(&ends[0]) && (11_600..=12_200).contains(&ends[1]), "{ends:?}");
    for (_, event) in &log {
        if let Event::Ended { sound, .. } = event {
            let length = sound.duration().as_millis();
            assert!((2_100..=3_100).contains(&length), "{length} ms: the caller's words, and little more");
        }
    }
}

#[test]
fn speech_without_a_breath_is_cut_and_does_not_begin_again() {
    let mut detector = Detector::new(Settings::default());
    let crowd = over(&speech(LINE_RATE, -25.0, 40_000, 1), &speech(LINE_RATE, -25.0, 40_000, 2));
    let log = listen(&mut detector, &[quiet(1_000), crowd, quiet(2_000), words(900), quiet(1_500)].concat());
    let starts: Vec<u64> = log.iter().filter(|(_, e)| *e == Event::Started).map(|(at, _)| *at).collect();
    let ends: Vec<u64> = log.iter().filter(|(_, e)| matches!(e, Event::Ended { .. })).map(|(at, _)| *at).collect();
    assert!((15_800..=16_300).contains(&ends[0]), "{ends:?}");
    assert_eq!(starts.len(), 2, "the crowd once, then the caller: {starts:?}");
    assert!(starts[1] > 43_000, "{starts:?}");
}
