//! Level, loudness and silence of a clip.
//!
//! Owns: measures in dBFS (see [`crate::audio`]) and the gains and cuts made from them. Must not know: what is said.

/// What an empty or all-zero clip measures, dBFS: below the quietest 16-bit sample.
pub const SILENCE_DBFS: f32 = -100.0;

/// ITU-T P.56 §8: a signal counts as active while its envelope is within this margin of the active level, dB.
const ACTIVITY_MARGIN_DB: f32 = 15.9;
/// P.56 method B: hangover time that bridges the gaps within speech.
const HANGOVER_MS: usize = 200;
/// Window of the envelope; P.56 smooths with a time constant of 30 ms.
const WINDOW_MS: usize = 20;
/// Gain never exceeds this: a nearly silent clip stays quiet instead of becoming hiss.
const MAX_GAIN_DB: f32 = 30.0;
/// Length of the fades at both ends of a trimmed clip.
const FADE_MS: usize = 5;
/// [`trim_silence`] cuts what is this far below the active level, dB.
const TRIM_MARGIN_DB: f32 = 35.0;

/// Root mean square, dBFS.
pub fn rms_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    power_to_dbfs(energy(samples) / samples.len() as f64)
}

/// Largest magnitude, dBFS.
pub fn peak_dbfs(samples: &[i16]) -> f32 {
    let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    power_to_dbfs(f64::from(peak).powi(2))
}

/// Level of the speech alone, pauses left out, dBFS. P.56 method B in simple form: 20 ms windows, 200 ms of hangover,
/// and the threshold 15.9 dB below the result, found by iteration.
pub fn active_level_dbfs(samples: &[i16], rate: u32) -> f32 {
    let window = (rate as usize * WINDOW_MS / 1000).max(1);
    let windows: Vec<f64> = samples.chunks(window).map(|chunk| energy(chunk) / chunk.len() as f64).collect();
    let mut level = rms_dbfs(samples);
    // The level only rises from the long-term mean while windows drop out: a few rounds settle it.
    for _ in 0..12 {
        let threshold = dbfs_to_power(level - ACTIVITY_MARGIN_DB);
        let mut hangover = 0;
        let (mut sum, mut count) = (0.0, 0u32);
        for &power in &windows {
            if power >= threshold {
                hangover = HANGOVER_MS / WINDOW_MS;
            } else if hangover == 0 {
                continue;
            } else {
                hangover -= 1;
            }
            sum += power;
            count += 1;
        }
        if count == 0 {
            return SILENCE_DBFS;
        }
        let next = power_to_dbfs(sum / f64::from(count));
        if (next - level).abs() < 0.01 {
            return next;
        }
        level = next;
    }
    level
}

/// Brings the active level to `target_dbfs`, but no peak above `ceiling_dbfs`; silence stays as it is.
pub fn normalise_loudness(samples: &[i16], rate: u32, target_dbfs: f32, ceiling_dbfs: f32) -> Vec<i16> {
    let active = active_level_dbfs(samples, rate);
    if active <= SILENCE_DBFS {
        return samples.to_vec();
    }
    let gain_db = (target_dbfs - active).min(ceiling_dbfs - peak_dbfs(samples)).min(MAX_GAIN_DB);
    let gain = 10f32.powf(gain_db / 20.0);
    samples.iter().map(|&s| (f32::from(s) * gain).round() as i16).collect()
}

/// Cuts silence at both ends but for `margin_ms`, and fades 5 ms in and out so that neither end clicks.
/// Silence is what lies more than 35 dB below the clip's active level. A clip without any sound becomes empty.
pub fn trim_silence(samples: &[i16], rate: u32, margin_ms: u32) -> Vec<i16> {
    let window = (rate as usize * FADE_MS / 1000).max(1);
    let threshold = dbfs_to_power(active_level_dbfs(samples, rate) - TRIM_MARGIN_DB);
    let loud = |chunk: &&[i16]| {
        let power = energy(chunk) / chunk.len() as f64;
        power > 0.0 && power >= threshold
    };
    let chunks: Vec<&[i16]> = samples.chunks(window).collect();
    let (Some(first), Some(last)) = (chunks.iter().position(&loud), chunks.iter().rposition(&loud)) else {
        return Vec::new();
    };
    let margin = rate as usize * margin_ms as usize / 1000;
    let start = (first * window).saturating_sub(margin);
    let end = ((last + 1) * window + margin).min(samples.len());
    let mut trimmed = samples[start..end].to_vec();
    fade_ends(&mut trimmed, window);
    trimmed
}

/// Linear fade over the first and last `length` samples; both ends become 0.
fn fade_ends(samples: &mut [i16], length: usize) {
    let length = length.min(samples.len() / 2);
    let total = samples.len();
    for n in 0..length {
        let gain = n as f32 / length as f32;
        samples[n] = (f32::from(samples[n]) * gain) as i16;
        let mirror = total - 1 - n;
        samples[mirror] = (f32::from(samples[mirror]) * gain) as i16;
    }
}

/// Sum of the squares, exact.
pub(super) fn energy(samples: &[i16]) -> f64 {
    // In whole numbers: their sum need not be in order.
    samples.iter().map(|&s| i64::from(i32::from(s) * i32::from(s))).sum::<i64>() as f64
}

fn power_to_dbfs(power: f64) -> f32 {
    if power <= 0.0 {
        return SILENCE_DBFS;
    }
    ((10.0 * (power / (32768.0 * 32768.0)).log10()) as f32).max(SILENCE_DBFS)
}

fn dbfs_to_power(dbfs: f32) -> f64 {
    32768.0 * 32768.0 * 10f64.powf(f64::from(dbfs) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::signals::{silence, speech, tone, white_noise};

    fn close(a: f32, b: f32, tolerance: f32) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn levels_of_known_signals() {
        let sine = tone(8_000, 1_000.0, -20.0, 1_000);
        assert!(close(rms_dbfs(&sine), -20.0, 0.05));
        assert!(close(peak_dbfs(&sine), -16.99, 0.1));
        assert_eq!(rms_dbfs(&[]), SILENCE_DBFS);
        assert_eq!(peak_dbfs(&[0; 10]), SILENCE_DBFS);
        assert_eq!(peak_dbfs(&[i16::MIN]), 0.0);
        assert_eq!(active_level_dbfs(&[0; 800], 8_000), SILENCE_DBFS);
        assert_eq!(active_level_dbfs(&[], 8_000), SILENCE_DBFS);
    }

    #[test]
    fn pauses_do_not_lower_the_active_level() {
        let spoken = speech(8_000, -20.0, 2_000, 1);
        let alone = active_level_dbfs(&spoken, 8_000);
        let padded = [silence(8_000, 6_000), spoken, silence(8_000, 6_000)].concat();
        assert!(close(rms_dbfs(&padded), alone - 8.5, 1.0), "long-term mean");
        assert!(close(active_level_dbfs(&padded, 8_000), alone, 1.0));
    }

    #[test]
    fn loudness_reaches_the_target_unless_the_peak_forbids() {
        let quiet = speech(8_000, -40.0, 2_000, 2);
        let loud = normalise_loudness(&quiet, 8_000, -23.0, -1.0);
        assert!(close(active_level_dbfs(&loud, 8_000), -23.0, 0.2));
        let limited = normalise_loudness(&quiet, 8_000, -12.0, -6.0);
        assert!(close(peak_dbfs(&limited), -6.0, 0.1));
        assert!(active_level_dbfs(&limited, 8_000) < -12.0);
        assert_eq!(normalise_loudness(&[0; 9], 8_000, -20.0, -1.0), [0; 9]);
        let faint = white_noise(8_000, -80.0, 500, 3);
        let raised = rms_dbfs(&normalise_loudness(&faint, 8_000, -20.0, -1.0));
        assert!(raised < -48.0, "gain is capped: {raised}");
    }

    #[test]
    fn trimming_keeps_the_sound_and_leaves_no_click() {
        let spoken = tone(8_000, 400.0, -20.0, 500);
        let clip = [white_noise(8_000, -75.0, 700, 4), spoken.clone(), white_noise(8_000, -75.0, 900, 5)].concat();
        let trimmed = trim_silence(&clip, 8_000, 30);
        let ms = trimmed.len() as u64 / 8;
        assert!((555..=575).contains(&ms), "{ms} ms left of 500 + 2 × 30");
        assert_eq!((trimmed[0], trimmed[trimmed.len() - 1]), (0, 0));
        // Without margin the fade itself must keep the ends smooth.
        let bare = trim_silence(&clip, 8_000, 0);
        assert!(bare[..8].iter().all(|s| s.abs() < 1_000));
        assert!(trim_silence(&silence(8_000, 300), 8_000, 30).is_empty());
        assert!(trim_silence(&[], 8_000, 30).is_empty());
        assert_eq!(trim_silence(&[5_000], 8_000, 30).len(), 1);
    }
}
