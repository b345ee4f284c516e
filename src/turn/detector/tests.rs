use proptest::prelude::*;

use super::*;
use crate::audio::signals::{silence, speech, tone, white_noise};
use crate::audio::{Codec, LINE_RATE, g711};
use crate::turn::endpoint::Silences;

mod adaptive;

/// A moment in the test, ms from its start, with what happened.
type Log = Vec<(u64, Event)>;

/// Runs samples through the detector as a line would bring them (A-law over quiet background noise).
fn listen(detector: &mut Detector, samples: &[i16]) -> Log {
    let noise = white_noise(LINE_RATE, -65.0, samples.len() as u64 / 8 + 1, 9);
    let mixed: Vec<i16> = samples.iter().zip(noise).map(|(a, b)| a.saturating_add(b)).collect();
    let heard = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &mixed));
    let mut log = Log::new();
    for (n, frame) in heard.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        detector.handle_frame(frame, None);
        while let Some(event) = detector.poll_event() {
            log.push((20 * (n as u64 + 1), event));
        }
    }
    log
}

fn names(log: &Log) -> Vec<&'static str> {
    log.iter()
        .map(|(_, event)| match event {
            Event::Started => "started",
            Event::Paused { .. } => "paused",
            Event::Resumed => "resumed",
            Event::Ended { .. } => "ended",
        })
        .collect()
}

/// Speech whose last syllable is at full level until it stops: its end is known to the sample.
fn words(ms: u64) -> Vec<i16> {
    speech(LINE_RATE, -22.0, ms, 5)
}

fn quiet(ms: u64) -> Vec<i16> {
    silence(LINE_RATE, ms)
}

/// 1 s of silence, 940 ms of speech, 2 s of silence.
fn one_turn() -> Vec<i16> {
    [quiet(1_000), words(940), quiet(2_000)].concat()
}

#[test]
fn a_turn_from_start_to_end() {
    let mut detector = Detector::new(Settings::default());
    let log = listen(&mut detector, &one_turn());
    assert_eq!(names(&log), ["started", "paused", "ended"]);
    let [started, paused, ended] = [log[0].0, log[1].0, log[2].0];
    assert!((1_120..=1_200).contains(&started), "started at {started}");
    // The speech ends at 1940; its last 20 ms may fall below the threshold.
    assert!((2_040..=2_080).contains(&paused), "paused at {paused}");
    assert_eq!(ended - paused, 640, "760 ms of silence, 120 of them before the pause");
    let Event::Ended { revision, sound, speech_ended_ago } = &log[2].1 else { panic!("not ended") };
    assert_eq!(*speech_ended_ago, Duration::from_millis(760));
    let Event::Paused { revision: first, tail: false, sound: snapshot } = &log[1].1 else { panic!("not paused") };
    assert_eq!((revision, sound), (first, snapshot));
    assert_eq!(sound.rate, LINE_RATE);
    let samples = &sound.samples;
    // Pre-roll, speech, pause.
    let length = samples.len() as u64 / 8;
    assert!((1_240..=1_320).contains(&length), "{length} ms");
    let lead = samples.iter().position(|s| s.abs() > 400).expect("speech") as u64 / 8;
    assert!((160..=220).contains(&lead), "{lead} ms before the first loud sample");
    assert!(!detector.is_caller_speaking());
}

#[test]
fn patience_decides_when_it_is_over() {
    for (patience, ms) in
        [(Patience::Short, 400), (Patience::Normal, 760), (Patience::Value, 1_000), (Patience::Dictation, 1_500)]
    {
        let mut detector = Detector::new(Settings::default());
        detector.set_patience(patience);
        let log = listen(&mut detector, &one_turn());
        assert_eq!(names(&log), ["started", "paused", "ended"]);
        assert_eq!(log[2].0 - log[1].0, ms - 120, "{patience:?}");
    }
}

#[test]
fn a_caller_who_goes_on() {
    let mut detector = Detector::new(Settings::default());
    let samples = [quiet(500), words(900), quiet(400), words(900), quiet(300), words(900), quiet(1_500)].concat();
    let log = listen(&mut detector, &samples);
    assert_eq!(names(&log), ["started", "paused", "resumed", "paused", "resumed", "paused", "ended"]);
    let revisions: Vec<u32> = log
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Paused { revision, .. } | Event::Ended { revision, .. } => Some(*revision),
            _ => None,
        })
        .collect();
    assert_eq!(revisions, [1, 2, 3, 3]);
    let (resumed, _) = log[2];
    assert!((1_860..=1_920).contains(&resumed), "went on at 1800, noticed at {resumed}");
}

#[test]
fn two_turns_are_two() {
    let mut detector = Detector::new(Settings::default());
    let log = listen(&mut detector, &[one_turn(), one_turn()].concat());
    assert_eq!(names(&log), ["started", "paused", "ended", "started", "paused", "ended"]);
    let Event::Paused { revision, .. } = log[4].1 else { panic!("not paused") };
    assert_eq!(revision, 1);
}

#[test]
fn what_is_no_speech_starts_nothing() {
    let click = || {
        let mut samples = quiet(300);
        samples[800..816].fill(20_000);
        samples
    };
    let burst = || {
        let mut samples = quiet(500);
        samples.splice(1_000..1_320, white_noise(LINE_RATE, -12.0, 40, 1));
        samples
    };
    let busy = || (0..10).flat_map(|_| [tone(LINE_RATE, 440.0, -12.0, 500), quiet(500)].concat()).collect::<Vec<_>>();
    let sounds = [
        ("silence", quiet(10_000)),
        ("noise at -40", white_noise(LINE_RATE, -40.0, 20_000, 4)),
        ("noise at -30", white_noise(LINE_RATE, -30.0, 20_000, 4)),
        ("noise that sets in", [quiet(3_000), white_noise(LINE_RATE, -35.0, 10_000, 4)].concat()),
        ("dial tone", tone(LINE_RATE, 440.0, -10.0, 5_000)),
        ("tone at 1 kHz", tone(LINE_RATE, 1_000.0, -20.0, 5_000)),
        ("fax", tone(LINE_RATE, 2_100.0, -15.0, 5_000)),
        ("busy tone", busy()),
        ("clicks", (0..20).flat_map(|_| click()).collect()),
        ("bursts", (0..20).flat_map(|_| burst()).collect()),
        ("a syllable of 80 ms", [quiet(1_000), words(80), quiet(1_000)].concat()),
    ];
    for (name, samples) in sounds {
        let mut detector = Detector::new(Settings::default());
        assert_eq!(names(&listen(&mut detector, &samples)), [""; 0], "{name}");
        assert!(!detector.is_caller_speaking());
    }
}

#[test]
fn a_tone_after_the_words_does_not_prolong_the_turn() {
    let mut detector = Detector::new(Settings::default());
    let samples = [quiet(500), words(940), quiet(100), tone(LINE_RATE, 440.0, -15.0, 4_000)].concat();
    let log = listen(&mut detector, &samples);
    assert_eq!(names(&log), ["started", "paused", "ended"]);
    assert!(log[2].0 < 2_410, "ended at {}", log[2].0);
}

#[test]
fn a_click_in_the_pause_changes_nothing() {
    let mut detector = Detector::new(Settings::default());
    let mut samples = one_turn();
    // 250 ms after the last word.
    samples[17_520..17_540].fill(15_000);
    let log = listen(&mut detector, &samples);
    assert_eq!(names(&log), ["started", "paused", "ended"]);
    assert_eq!(log[2].0 - log[1].0, 640);
}

#[test]
fn a_voice_without_pitch_is_heard() {
    // Whispered syllables: noise that swells and fades.
    let whisper: Vec<i16> = white_noise(LINE_RATE, -25.0, 3_000, 6)
        .into_iter()
        .enumerate()
        .map(|(n, s)| (f64::from(s) * (0.03 + (n as f64 * std::f64::consts::PI * 3.0 / 8_000.0).sin().powi(2))) as i16)
        .collect();
    let mut detector = Detector::new(Settings::default());
    let log = listen(&mut detector, &[quiet(1_000), whisper, quiet(1_500)].concat());
    assert_eq!(names(&log).first(), Some(&"started"));
    assert_eq!(names(&log).last(), Some(&"ended"));
}

#[test]
fn more_speech_is_needed_while_the_agent_speaks() {
    let samples = [quiet(1_000), words(1_000), quiet(1_500)].concat();
    let mut detector = Detector::new(Settings::default());
    let usual = listen(&mut detector, &samples)[0].0;
    let mut settings = Settings::default();
    settings.onset *= 2;
    let mut detector = Detector::new(settings);
    detector.set_agent_speaking(true);
    let log = listen(&mut detector, &samples);
    assert_eq!(names(&log)[0], "started");
    assert!(log[0].0 >= usual + 60, "{} against {usual}", log[0].0);
}

#[test]
fn an_endless_monologue_is_cut() {
    let settings = Settings { longest: Duration::from_secs(5), ..Settings::default() };
    let mut detector = Detector::new(settings);
    // The gaps between syllables are too short for a pause.
    let log = listen(&mut detector, &words(24_000));
    let ends: Vec<&Event> = log.iter().map(|(_, e)| e).filter(|e| matches!(e, Event::Ended { .. })).collect();
    assert!(ends.len() >= 3, "{:?}", names(&log));
    for (n, (_, event)) in log.iter().enumerate() {
        if let Event::Ended { sound, revision, .. } = event {
            assert!(sound.samples.len() <= 5 * 8_000);
            let Event::Paused { revision: paused, sound: snapshot, .. } = &log[n - 1].1 else {
                panic!("ended without a snapshot to recognise");
            };
            assert_eq!((revision, sound), (paused, snapshot));
        }
    }
}

#[test]
fn reset_forgets_the_utterance() {
    let mut detector = Detector::new(Settings::default());
    let log = listen(&mut detector, &[quiet(500), words(500)].concat());
    assert_eq!(names(&log), ["started"]);
    assert!(detector.is_caller_speaking());
    detector.reset();
    assert!(!detector.is_caller_speaking());
    assert_eq!(names(&listen(&mut detector, &quiet(2_000))), [""; 0]);
}

/// Runs wide-band sound through; `narrow_at` tells which frames come without their wide form.
fn listen_wide(detector: &mut Detector, wide: &[i16], narrow_at: impl Fn(usize) -> bool) -> Log {
    let mut decimator = Decimator::default();
    let mut log = Log::new();
    for (n, wide) in wide.as_chunks::<WIDE_FRAME_SAMPLES>().0.iter().enumerate() {
        let frame = decimator.process(wide);
        detector.handle_frame(&frame, (!narrow_at(n)).then_some(wide));
        log.extend(std::iter::from_fn(|| detector.poll_event()).map(|event| (20 * (n as u64 + 1), event)));
    }
    log
}

fn ended(log: &Log) -> &Sound {
    log.iter()
        .find_map(|(_, event)| if let Event::Ended { sound, .. } = event { Some(sound) } else { None })
        .expect("a turn")
}

#[test]
fn a_wide_band_turn_is_kept_at_16_khz_and_as_long() {
    let wide = [silence(WIDE_RATE, 1_000), speech(WIDE_RATE, -20.0, 940, 3), silence(WIDE_RATE, 1_500)].concat();
    let log = listen_wide(&mut Detector::new(Settings::default()), &wide, |_| false);
    let narrow = listen_wide(&mut Detector::new(Settings::default()), &wide, |_| true);
    assert_eq!(names(&log), names(&narrow), "the band changes no decision");
    let (sound, plain) = (ended(&log), ended(&narrow));
    assert_eq!((sound.rate, plain.rate), (WIDE_RATE, LINE_RATE));
    assert_eq!(sound.duration(), plain.duration());
    // Sample by sample what came in.
    let place = wide.windows(sound.samples.len()).position(|window| window == &sound.samples[..]);
    assert!(place.is_some_and(|at| at % WIDE_FRAME_SAMPLES == 0), "{place:?}");
}

#[test]
fn a_band_that_changes_within_a_turn_costs_no_word() {
    let wide = [silence(WIDE_RATE, 1_000), speech(WIDE_RATE, -20.0, 1_940, 3), silence(WIDE_RATE, 1_500)].concat();
    // To narrow band in the middle of the words (frames 50 to 146), and to wide band.
    let falls = listen_wide(&mut Detector::new(Settings::default()), &wide, |n| n >= 100);
    let rises = listen_wide(&mut Detector::new(Settings::default()), &wide, |n| n < 100);
    let (falls, rises) = (ended(&falls), ended(&rises));
    assert_eq!((falls.rate, rises.rate), (WIDE_RATE, LINE_RATE), "the band it began with");
    assert_eq!(falls.duration(), rises.duration());
    let second_half = &falls.samples[falls.samples.len() / 2..];
    assert!(crate::audio::level::rms_dbfs(second_half) > -30.0, "the rest is there");
    // Before the turn: what was kept as pre-roll is converted.
    let before = listen_wide(&mut Detector::new(Settings::default()), &wide, |n| n < 49);
    assert_eq!((ended(&before).rate, ended(&before).duration()), (WIDE_RATE, falls.duration()));
    let back = listen_wide(&mut Detector::new(Settings::default()), &wide, |n| n >= 49);
    assert_eq!((ended(&back).rate, ended(&back).duration()), (LINE_RATE, falls.duration()));
}

/// Whatever the words are.
fn same(ms: u64) -> Silences {
    let silence = Duration::from_millis(ms);
    Silences { finished: silence, unknown: silence, unfinished: silence }
}

#[test]
fn unpolled_events_are_bounded() {
    let mut detector = Detector::new(Settings { normal: same(220), ..Settings::default() });
    let turn = [words(400), quiet(400)].concat();
    for _ in 0..40 {
        for frame in turn.as_chunks::<FRAME_SAMPLES>().0 {
            detector.handle_frame(frame, None);
        }
    }
    assert_eq!(std::iter::from_fn(|| detector.poll_event()).count(), MAX_EVENTS);
}

proptest! {
    // Each case is up to 16 s of audio, slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any audio, settings and interventions: events stay in order, every turn ends, samples stay bounded.
    #[test]
    fn events_stay_in_order(
        parts in proptest::collection::vec((0u8..5, 1u64..40, any::<u64>()), 1..20),
        onset in 0u64..2_000, pause in 0u64..600, end in 0u64..600, longest in 0u64..3_000, pre_roll in 0u64..600,
    ) {
        let ms = Duration::from_millis;
        let mut detector = Detector::new(Settings {
            onset: ms(onset), pause: ms(pause), closure: ms(pause), short: same(end), normal: same(end), value: same(end), dictation: same(end),
            longest: ms(longest), longest_breath: ms(longest / 2), pre_roll: ms(pre_roll),
        });
        let mut open = false;
        for (kind, length, seed) in parts {
            let length = 20 * length;
            let samples = match kind {
                0 => quiet(length),
                1 => words(length),
                2 => white_noise(LINE_RATE, -20.0, length, seed),
                3 => tone(LINE_RATE, 300.0, -10.0, length),
                _ => vec![i16::MIN; 8 * length as usize],
            };
            detector.set_agent_speaking(seed % 2 == 0);
            detector.set_completeness(u32::from(kind), Completeness::Finished);
            for (_, event) in listen(&mut detector, &samples) {
                match event {
                    Event::Started => { prop_assert!(!open); open = true; }
                    Event::Resumed | Event::Paused { .. } => prop_assert!(open),
                    Event::Ended { sound, .. } => {
                        prop_assert!(open);
                        open = false;
                        prop_assert!(sound.samples.len() as u64 <= 8 * (longest + pre_roll + 2_000));
                    }
                }
            }
            prop_assert_eq!(detector.is_caller_speaking(), open);
        }
    }
}
