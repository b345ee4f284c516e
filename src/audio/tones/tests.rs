use super::*;
use crate::audio::signals::{Noise, silence, speech, tone, white_noise};
use crate::audio::{Codec, g711, wav};

/// 0 dBm0 of one tone in A-law.
const DBM0: f64 = -6.15;

/// A press as a telephone makes it.
#[derive(Clone, Copy)]
struct Press {
    key: char,
    /// Mean level of the two tones.
    dbm0: f64,
    /// The column's tone above the row's, dB.
    twist: f64,
    /// Deviation of both frequencies.
    row_off: f64,
    column_off: f64,
    ms: u64,
}

impl Press {
    fn new(key: char) -> Self {
        Self { key, dbm0: -10.0, twist: 0.0, row_off: 0.0, column_off: 0.0, ms: 40 }
    }

    fn sound(&self) -> Vec<i16> {
        let place = KEYS.iter().flatten().position(|key| *key == self.key).expect("a key");
        let (row, column) = (f64::from(ROWS[place / 4]), f64::from(COLUMNS[place % 4]));
        let level = self.dbm0 + DBM0;
        let low = tone(LINE_RATE, row * (1.0 + self.row_off), level - self.twist / 2.0, self.ms);
        let high = tone(LINE_RATE, column * (1.0 + self.column_off), level + self.twist / 2.0, self.ms);
        low.iter().zip(high).map(|(a, b)| a.saturating_add(b)).collect()
    }
}

fn alaw(samples: &[i16]) -> Vec<i16> {
    g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, samples))
}

fn keys_in(samples: &[i16]) -> String {
    let mut detector = KeyDetector::default();
    samples.as_chunks::<FRAME_SAMPLES>().0.iter().filter_map(|frame| detector.handle_frame(frame)).collect()
}

/// The keys found when these presses come one after the other, each after a pause, with `noise` below the tones, in A-law.
fn heard(presses: &[Press], pause: u64, snr_db: Option<f64>) -> String {
    let mut line = silence(LINE_RATE, 60);
    for (n, press) in presses.iter().enumerate() {
        // Not at the same place of a window each time.
        line.extend(vec![0; n * 7 % 53]);
        line.extend(press.sound());
        line.extend(silence(LINE_RATE, pause));
    }
    line.extend(silence(LINE_RATE, 100));
    if let Some(snr) = snr_db {
        let dbm0 = presses.iter().map(|press| press.dbm0).fold(f64::INFINITY, f64::min);
        // Both tones together are 3 dB above one.
        let noise = white_noise(LINE_RATE, dbm0 + DBM0 + 3.0 - snr, line.len() as u64 / 8 + 1, 3);
        line = line.iter().zip(noise).map(|(a, b)| a.saturating_add(b)).collect();
    }
    keys_in(&alaw(&line))
}

const ALL: &str = "123A456B789C*0#D";

#[test]
fn every_key_at_every_level_twist_and_deviation_within_the_recommendation() {
    let (mut sent, mut missed, mut extra) = (0, 0, 0);
    for dbm0 in [-3.0, -10.0, -20.0, -30.0] {
        for twist in [-6.0, 0.0, 6.0] {
            // Both tones at their loudest must fit the scale.
            let dbm0 = if dbm0 == -3.0 && twist != 0.0 { -6.0 } else { dbm0 };
            for (row_off, column_off) in
                [(0.0, 0.0), (0.015, 0.015), (-0.015, -0.015), (0.015, -0.015), (-0.015, 0.015)]
            {
                for snr in [None, Some(20.0), Some(15.0)] {
                    let presses: Vec<Press> =
                        ALL.chars().map(|key| Press { dbm0, twist, row_off, column_off, ..Press::new(key) }).collect();
                    let found = heard(&presses, 40, snr);
                    sent += 16;
                    let mut rest = ALL.chars();
                    let right = found.chars().filter(|key| rest.any(|k| k == *key)).count();
                    missed += 16 - right;
                    extra += found.chars().count() - right;
                    if found != ALL {
                        println!("{dbm0} dBm0, twist {twist}, off {row_off} {column_off}, noise {snr:?}: {found}");
                    }
                }
            }
        }
    }
    println!("{sent} presses of 40 ms: {missed} missed, {extra} invented");
    assert_eq!(extra, 0);
    assert!(missed * 200 <= sent, "{missed} of {sent} missed");
}

#[test]
fn clean_presses_are_never_missed() {
    for ms in [40, 45, 50, 65, 100, 500, 8_000] {
        for dbm0 in [-5.0, -25.0] {
            let presses: Vec<Press> = ALL.chars().map(|key| Press { ms, dbm0, ..Press::new(key) }).collect();
            assert_eq!(heard(&presses, 40, None), ALL, "{ms} ms at {dbm0} dBm0");
        }
    }
    let twice: Vec<Press> = "0011##".chars().map(Press::new).collect();
    assert_eq!(heard(&twice, 40, None), "0011##");
}

#[test]
fn what_the_recommendation_excludes_is_no_key() {
    let refused = |change: fn(Press) -> Press, why: &str| {
        let presses: Vec<Press> = ALL.chars().map(|key| change(Press::new(key))).collect();
        assert_eq!(heard(&presses, 40, None), "", "{why}");
    };
    refused(|press| Press { ms: 20, ..press }, "20 ms");
    refused(|press| Press { ms: 24, ..press }, "24 ms");
    refused(|press| Press { dbm0: -48.0, ..press }, "too faint");
    refused(|press| Press { twist: 14.0, ..press }, "twist");
    refused(|press| Press { twist: -14.0, ..press }, "reverse twist");
    refused(|press| Press { row_off: 0.035, ms: 100, ..press }, "row 3.5 % above");
    refused(|press| Press { row_off: -0.035, ms: 100, ..press }, "row 3.5 % below");
    refused(|press| Press { column_off: 0.035, ms: 100, ..press }, "column 3.5 % above");
    refused(|press| Press { column_off: -0.035, ms: 100, ..press }, "column 3.5 % below");
}

#[test]
fn a_gap_of_ten_milliseconds_is_no_pause() {
    let mut line = Press { ms: 60, ..Press::new('5') }.sound();
    line.extend(silence(LINE_RATE, 10));
    line.extend(Press { ms: 60, ..Press::new('5') }.sound());
    line.extend(silence(LINE_RATE, 100));
    assert_eq!(keys_in(&alaw(&line)), "5");
}

#[test]
fn other_sounds_of_a_line_are_no_keys() {
    for hertz in [350.0, 440.0, 425.0, 697.0, 941.0, 1_209.0, 1_633.0, 2_100.0] {
        assert_eq!(keys_in(&alaw(&tone(LINE_RATE, hertz, -15.0, 2_000))), "", "{hertz} Hz");
    }
    // North American dial, ringing and busy tones.
    for (low, high) in [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0)] {
        let pair = tone(LINE_RATE, low, -15.0, 2_000);
        let pair: Vec<i16> = pair.iter().zip(tone(LINE_RATE, high, -15.0, 2_000)).map(|(a, b)| a + b).collect();
        assert_eq!(keys_in(&alaw(&pair)), "", "{low} and {high} Hz");
    }
    assert_eq!(keys_in(&alaw(&white_noise(LINE_RATE, -20.0, 60_000, 4))), "");
    let mut source = Noise::new(8);
    let full: Vec<i16> = (0..80_000).map(|_| (source.value() * 32_767.0) as i16).collect();
    assert_eq!(keys_in(&full), "");
}

#[test]
fn voices_are_no_keys() {
    for seed in 0..20 {
        assert_eq!(keys_in(&alaw(&speech(LINE_RATE, -15.0, 10_000, seed))), "", "voice {seed}");
    }
    let Some(table) = crate::testing::shared_data("speech/transcripts.tsv") else { return };
    let table = String::from_utf8(table).expect("text");
    let (mut clips, mut seconds) = (0, 0.0);
    for name in table.lines().skip(1).filter_map(|line| line.split('\t').next()).filter(|name| name.ends_with(".wav")) {
        let clip =
            wav::read(&crate::testing::shared_data(&format!("speech/{name}")).expect("the clip")).expect("a clip");
        assert_eq!(clip.rate, LINE_RATE, "{name}");
        // As it is, loud, and faint.
        for gain in [1.0, 2.5, 0.1] {
            let louder: Vec<i16> = clip.samples.iter().map(|s| (f32::from(*s) * gain) as i16).collect();
            assert_eq!(keys_in(&alaw(&louder)), "", "{name} × {gain}");
        }
        clips += 1;
        seconds += clip.samples.len() as f64 / 8_000.0;
    }
    println!("no key in {clips} clips, {seconds:.0} s, at three levels");
    assert!(clips > 100);
}
