use proptest::prelude::*;

use super::*;
use crate::audio::level::rms_dbfs;
use crate::audio::signals::{Noise, speech, white_noise};
use crate::audio::{Codec, LINE_RATE, g711};

/// What is left of `came` when `ours` was sent, frame by frame.
fn cleaned(came: &[i16], ours: &[i16]) -> Vec<i16> {
    let mut canceller = EchoCanceller::default();
    let frames = came.as_chunks::<FRAME_SAMPLES>().0.iter().zip(ours.as_chunks::<FRAME_SAMPLES>().0);
    let mut out = Vec::new();
    for (came, goes) in frames {
        let mut frame = *came;
        canceller.received(&mut frame);
        canceller.sent(goes);
        out.extend(frame);
    }
    out
}

/// The echo of a line: through A-law both ways, `delay` samples late, `db` louder, with noise at -62 dBFS.
fn echo(ours: &[i16], delay: usize, db: f32) -> Vec<i16> {
    let sent = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, ours));
    let gain = 10f32.powf(db / 20.0);
    let noise = white_noise(LINE_RATE, -62.0, ours.len() as u64 / 8 + 1, 6);
    let at = |n: usize, late: usize| n.checked_sub(late).map_or(0.0, |n| f32::from(sent[n]));
    (0..ours.len())
        .map(|n| {
            let dispersed = 0.8 * at(n, delay) - 0.5 * at(n, delay + 3) + 0.3 * at(n, delay + 11);
            (gain * dispersed) as i16 + noise[n]
        })
        .collect()
}

fn alaw(samples: &[i16]) -> Vec<i16> {
    g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, samples))
}

#[test]
fn an_echo_falls_to_the_noise_within_a_second() {
    let ours = speech(LINE_RATE, -20.0, 5_000, 1);
    for (delay, db) in [(160, -6.0), (500, -12.0), (1_233, -20.0), (3_200, -10.0)] {
        let came = alaw(&echo(&ours, delay, db));
        let left = cleaned(&came, &ours);
        let before = rms_dbfs(&came[8_000..]);
        let after = rms_dbfs(&left[8_000..]);
        assert!(after < -55.0, "{delay} samples, {db} dB: from {before:.1} to {after:.1} dBFS");
    }
}

#[test]
fn a_caller_passes_through_the_echo() {
    let ours = speech(LINE_RATE, -20.0, 6_000, 1);
    // At another rate: a voice with another pitch than ours.
    let caller = &speech(10_000, -26.0, 2_000, 40)[..16_000];
    let mut came = echo(&ours, 500, -12.0);
    for (sample, voice) in came[24_000..].iter_mut().zip(caller) {
        *sample += voice;
    }
    let left = cleaned(&alaw(&came), &ours);
    let during = &left[24_000..40_000];
    assert!((rms_dbfs(during) - rms_dbfs(caller)).abs() < 2.0, "{} dBFS", rms_dbfs(during));
    let error: Vec<i16> = during.iter().zip(caller).map(|(a, b)| a.saturating_sub(*b)).collect();
    let distance = rms_dbfs(caller) - rms_dbfs(&error);
    // The echo alone, left as it is, would be 6 dB below.
    assert!(distance > 7.0, "echo and damage are only {distance:.1} dB below the caller");
    assert!(rms_dbfs(&left[41_600..]) < -55.0, "and the echo is gone again");
}

#[test]
fn without_echo_a_caller_is_hardly_touched() {
    let ours = speech(LINE_RATE, -20.0, 6_000, 1);
    let caller = alaw(&speech(LINE_RATE, -26.0, 6_000, 41));
    let left = cleaned(&caller, &ours);
    let changed = caller.iter().zip(&left).filter(|(a, b)| a != b).count();
    assert!(changed < 8_000 / 5, "{changed} samples changed");
    assert_eq!(cleaned(&caller, &vec![0; caller.len()]), caller, "and never while we are silent");
}

#[test]
fn an_echo_that_moves_is_found_again() {
    let ours = speech(LINE_RATE, -20.0, 8_000, 1);
    let mut came = echo(&ours, 500, -12.0);
    came.truncate(32_000);
    came.extend(&echo(&ours, 1_460, -12.0)[32_000..]);
    let left = cleaned(&alaw(&came), &ours);
    assert!(rms_dbfs(&left[24_000..32_000]) < -55.0);
    assert!(rms_dbfs(&left[48_000..]) < -55.0, "{} dBFS", rms_dbfs(&left[48_000..]));
}

#[test]
fn frames_that_come_late_and_in_bursts_keep_their_place() {
    let ours = speech(LINE_RATE, -20.0, 6_000, 1);
    let came = alaw(&echo(&ours, 800, -12.0));
    let (came, _) = came.as_chunks::<FRAME_SAMPLES>();
    let mut canceller = EchoCanceller::default();
    let mut left = Vec::new();
    let mut next = 0;
    for (tick, goes) in ours.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        // Three ticks of four bring nothing, the fourth all that is due.
        let due = if tick % 4 == 3 { tick + 1 } else { next };
        while next < due {
            let mut frame = came[next];
            canceller.received(&mut frame);
            left.extend(frame);
            next += 1;
        }
        canceller.sent(goes);
    }
    assert!(rms_dbfs(&left[12_000..]) < -55.0, "{} dBFS", rms_dbfs(&left[12_000..]));
}

#[test]
fn memory_is_taken_only_while_our_voice_may_come_back() {
    let mut canceller = EchoCanceller::default();
    let quiet = [0; FRAME_SAMPLES];
    canceller.sent(&quiet);
    assert!(canceller.history.is_empty());
    let ours = speech(LINE_RATE, -20.0, 400, 1);
    ours.as_chunks().0.iter().for_each(|frame| canceller.sent(frame));
    let held = (0..100).take_while(|_| {
        canceller.sent(&quiet);
        !canceller.history.is_empty()
    });
    // The last frames of speech may be faint already.
    let held = held.count();
    assert!((FRAMES - 10..=FRAMES).contains(&held), "{held} frames, not 800 ms");
}

proptest! {
    #[test]
    fn any_sound_in_any_order_is_taken(seed in any::<u64>(), steps in proptest::collection::vec((any::<bool>(), 0u8..4), 0..120)) {
        let mut canceller = EchoCanceller::default();
        let mut source = Noise::new(seed);
        for (sends, loudness) in steps {
            let level = [0.0, 100.0, 3_000.0, 32_767.0][usize::from(loudness)];
            let mut frame: [i16; FRAME_SAMPLES] = std::array::from_fn(|_| (source.value() * level) as i16);
            if sends { canceller.sent(&frame) } else { canceller.received(&mut frame) }
        }
    }
}
