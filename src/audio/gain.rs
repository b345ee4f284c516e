//! Faint callers made louder for a recogniser. Measured (`docs/audio.md`), and not used in calls: Whisper gains nothing.
//!
//! Owns: a gain that follows the voice and leaves silence where it is. Must not know: what is said, packets.
//!
//! Only ever louder: an utterance at [`ENOUGH_DBFS`] or above stays as it is, sample for sample. A fainter one starts
//! with the gain its active level (ITU-T P.56) asks for, then follows its voice: down within 10 ms, so that nothing is
//! clipped, up by 12 dB a second. Frames within 6 dB of the utterance's noise move nothing, so pauses are not lifted.

use super::level::{SILENCE_DBFS, active_level_dbfs, peak_dbfs, rms_dbfs};

/// Active level that is loud enough as it is.
pub const ENOUGH_DBFS: f32 = -33.0;
/// Where a faint voice is brought to.
pub const TARGET_DBFS: f32 = -26.0;
/// No peak goes beyond.
pub const CEILING_DBFS: f32 = -3.0;
/// Most that is added.
pub const MOST_DB: f32 = 24.0;

const FRAME_MS: usize = 10;
/// How fast the gain rises, dB a frame.
const RISE_DB: f32 = 0.12;
/// The voice's level is smoothed over about 200 ms.
const SMOOTHING: f32 = 0.05;
/// A frame is voice when it is this much above the noise, dB.
const GATE_DB: f32 = 6.0;
/// Share of frames that are quieter than any speech.
const NOISE_SHARE: usize = 10;

/// The utterance as the recogniser should get it; `None` when it is loud enough, or silent.
pub fn raised(samples: &[i16], rate: u32) -> Option<Vec<i16>> {
    let active = active_level_dbfs(samples, rate);
    if active >= ENOUGH_DBFS || active <= SILENCE_DBFS {
        return None;
    }
    let frame = (rate as usize * FRAME_MS / 1_000).max(1);
    let levels: Vec<f32> = samples.chunks(frame).map(rms_dbfs).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let gate = sorted[sorted.len() / NOISE_SHARE] + GATE_DB;
    let mut voice = active;
    let mut gain_db = (TARGET_DBFS - active).min(MOST_DB);
    let mut out = Vec::with_capacity(samples.len());
    for (chunk, level) in samples.chunks(frame).zip(levels) {
        let before = gain_db;
        if level > gate {
            voice += SMOOTHING * (level - voice);
        }
        let wanted = (TARGET_DBFS - voice).clamp(0.0, MOST_DB);
        gain_db = wanted.min(gain_db + RISE_DB);
        let room = CEILING_DBFS - peak_dbfs(chunk);
        gain_db = gain_db.min(room).max(0.0);
        // Down at once where the ceiling asks for it, else in a line from the last frame's gain.
        let (from, to) = (before.min(room).max(0.0), gain_db);
        for (n, sample) in chunk.iter().enumerate() {
            let db = from + (to - from) * n as f32 / chunk.len() as f32;
            out.push((f32::from(*sample) * 10f32.powf(db / 20.0)).round() as i16);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::LINE_RATE;
    use crate::audio::signals::{silence, speech, tone, white_noise};

    #[test]
    fn a_faint_voice_reaches_the_target_and_a_normal_one_stays() {
        for dbfs in [-50.0, -45.0, -38.0] {
            let faint = speech(LINE_RATE, dbfs, 3_000, 1);
            let louder = raised(&faint, LINE_RATE).expect("raised");
            let level = active_level_dbfs(&louder, LINE_RATE);
            let wanted = TARGET_DBFS.min(active_level_dbfs(&faint, LINE_RATE) + MOST_DB);
            assert!((level - wanted).abs() < 2.5, "{dbfs}: {level:.1}, not {wanted:.1}");
            assert_eq!(louder.len(), faint.len());
        }
        assert_eq!(raised(&speech(LINE_RATE, -30.0, 2_000, 1), LINE_RATE), None);
        assert_eq!(raised(&silence(LINE_RATE, 500), LINE_RATE), None);
        assert_eq!(raised(&[], LINE_RATE), None);
    }

    #[test]
    fn pauses_rise_no_more_than_the_voice() {
        let mut clip =
            [silence(LINE_RATE, 1_000), speech(LINE_RATE, -45.0, 1_500, 2), silence(LINE_RATE, 2_500)].concat();
        for (sample, noise) in clip.iter_mut().zip(white_noise(LINE_RATE, -65.0, 5_000, 2)) {
            *sample += noise;
        }
        let louder = raised(&clip, LINE_RATE).expect("raised");
        let voice = rms_dbfs(&louder[8_000..20_000]) - rms_dbfs(&clip[8_000..20_000]);
        let pause = rms_dbfs(&louder[24_000..]) - rms_dbfs(&clip[24_000..]);
        assert!(pause <= voice + 2.0, "the pause rose by {pause:.1} dB, the voice by {voice:.1}");
    }

    #[test]
    fn what_is_loud_all_at_once_stays_below_the_ceiling() {
        let clip = [speech(LINE_RATE, -45.0, 4_000, 3), tone(LINE_RATE, 300.0, -20.0, 30)].concat();
        let louder = raised(&clip, LINE_RATE).expect("faint as a whole");
        assert!(peak_dbfs(&louder) <= CEILING_DBFS + 0.1, "{}", peak_dbfs(&louder));
        let step = louder.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().expect("samples");
        assert!(step < 8_000, "no wrap: {step}");
    }
}
