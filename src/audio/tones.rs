//! Keys heard in the audio itself (DTMF, ITU-T Q.23), for lines that send them no other way.
//!
//! Owns: when a sound is a key (ITU-T Q.24) and when it is a voice that resembles one (talk-off, Bellcore GR-506).
//! Must not know: packets, calls, other ways keys come.
//!
//! Goertzel filters over 13.25 ms, every 6.6 ms. A window holds a key when one tone of each group stands out, their
//! levels fit, their frequencies are near enough, and next to nothing else is heard, second harmonics least of all.
//! A key counts after four such windows in a row of the same level: 33 ms of pure tones, so 40 ms are always enough
//! and 26 ms never. It is over after four windows without it: 40 ms of pause always suffice.
//!
//! Levels are those of one tone. 0 dBm0 is -6.15 dBFS (G.711 §4: a full-scale sine is 3.14 dBm0 in A-law).

use std::f32::consts::TAU;

use super::{FRAME_SAMPLES, LINE_RATE};

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// A window: neighbouring tones are one bin (75 Hz) apart.
const WINDOW: usize = 106;
const STEP: usize = 53;
/// Windows in a row that make a key, and that end it.
const WINDOWS_ON: u32 = 4;
const WINDOWS_OFF: u32 = 4;

/// The weaker tone is at least this loud: -40 dBm0 (Q.24: -25 to -29 must be recognised).
const LEAST_DBFS: f32 = -46.0;
/// Difference of the two tones, dB (Q.24 administrations ask for 4 to 10 to be accepted).
const TWIST_DB: f32 = 9.0;
/// Other tones of a group are this far below, dB.
const GROUP_DB: f32 = 6.0;
/// Share of the power that is in the two tones.
const PURITY: f32 = 0.75;
/// Second harmonics are this far below their tone, dB.
const HARMONIC_DB: f32 = 15.0;
/// Windows of one press differ by less, dB.
const STEADY_DB: f32 = 3.0;
/// Distance of the two filters beside a tone's own, as a share of its frequency; and how far off it may be
/// (Q.24: 1.5 % must be accepted, 3.5 % refused).
const BESIDE: f32 = 0.015;
const OFF: f32 = 0.025;
/// In one window the other tone's leakage blurs that: what is further off is none.
const OFF_WINDOW: f32 = 0.045;

/// Finds presses in one direction of one call.
#[derive(Debug)]
pub struct KeyDetector {
    /// The latest window; full once `filled` has reached it.
    window: [f32; WINDOW],
    filled: usize,
    /// What the last windows held.
    candidate: Option<Tones>,
    run: u32,
    /// Deviations of row and column, summed over the run.
    off: [f32; 2],
    /// The key being pressed, and windows without it since.
    pressed: Option<char>,
    absent: u32,
}

/// What one window holds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tones {
    key: char,
    /// Of both tones, dBFS.
    level: f32,
    /// How far off row and column are (share of the frequency).
    off: [f32; 2],
}

impl Default for KeyDetector {
    fn default() -> Self {
        Self { window: [0.0; WINDOW], filled: 0, candidate: None, run: 0, off: [0.0; 2], pressed: None, absent: 0 }
    }
}

impl KeyDetector {
    /// Takes 20 ms at 8 kHz; gives a key once a press, 33 to 47 ms after it began. Two cannot fit in one frame.
    pub fn handle_frame(&mut self, frame: &[i16; FRAME_SAMPLES]) -> Option<char> {
        let mut found = None;
        for &sample in frame {
            self.window[self.filled] = f32::from(sample) / 32_768.0;
            self.filled += 1;
            if self.filled == WINDOW {
                let tones = judge(&self.window);
                found = found.or(self.handle_window(tones));
                self.window.copy_within(STEP.., 0);
                self.filled = WINDOW - STEP;
            }
        }
        found
    }

    fn handle_window(&mut self, tones: Option<Tones>) -> Option<char> {
        let goes_on = match (self.candidate, tones) {
            (Some(last), Some(now)) => last.key == now.key && (last.level - now.level).abs() < STEADY_DB,
            _ => false,
        };
        if !goes_on {
            (self.run, self.off) = (0, [0.0; 2]);
        }
        if let Some(now) = tones {
            self.run += 1;
            self.off = [self.off[0] + now.off[0], self.off[1] + now.off[1]];
        }
        self.candidate = tones;
        let heard = tones.map(|tones| tones.key);
        if self.pressed.is_some() {
            self.absent = if heard == self.pressed { 0 } else { self.absent + 1 };
            if self.absent >= WINDOWS_OFF {
                self.pressed = None;
            }
        }
        let near = self.off.iter().all(|sum| sum.abs() <= OFF * self.run as f32);
        if self.run < WINDOWS_ON || !near || heard == self.pressed {
            return None;
        }
        self.absent = 0;
        self.pressed = heard;
        heard
    }
}

/// The key a window holds.
fn judge(window: &[f32; WINDOW]) -> Option<Tones> {
    let power = window.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
    let least = 10f32.powf(LEAST_DBFS / 10.0);
    if power < least {
        return None;
    }
    let (row, row_power) = loudest(window, &ROWS)?;
    let (column, column_power) = loudest(window, &COLUMNS)?;
    if row_power.min(column_power) < least / 2.0 {
        return None;
    }
    let (row_power, row_at) = sharpened(window, ROWS[row], row_power);
    let (column_power, column_at) = sharpened(window, COLUMNS[column], column_power);
    let twist = ratio_db(row_power, column_power).abs();
    let tones = row_power + column_power;
    let fits = row_power.min(column_power) >= least
        && twist <= TWIST_DB
        && row_at.abs() <= OFF_WINDOW
        && column_at.abs() <= OFF_WINDOW
        && tones >= PURITY * power
        && !has_harmonics(window, ROWS[row], row_power, COLUMNS[column], column_power);
    fits.then(|| Tones { key: KEYS[row][column], level: 10.0 * tones.log10(), off: [row_at, column_at] })
}

/// The loudest tone of a group, if it stands out.
fn loudest(window: &[f32; WINDOW], group: &[f32; 4]) -> Option<(usize, f32)> {
    let powers = group.map(|frequency| power_at(window, frequency));
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    // A neighbour is a bin away: a tone that is off leaks into it a little.
    let others = (0..4).filter(|n| *n != best).map(|n| powers[n]).fold(0.0, f32::max);
    (ratio_db(powers[best], others) >= GROUP_DB).then_some((best, powers[best]))
}

/// Power of a tone near `frequency` at its real place, and how far off that is (share of the frequency).
fn sharpened(window: &[f32; WINDOW], frequency: f32, power: f32) -> (f32, f32) {
    let below = power_at(window, frequency * (1.0 - BESIDE)).sqrt();
    let above = power_at(window, frequency * (1.0 + BESIDE)).sqrt();
    let here = power.sqrt();
    // The top of the parabola through the three.
    let bend = below - 2.0 * here + above;
    if bend >= 0.0 {
        return (power, f32::MAX);
    }
    let shift = 0.5 * (below - above) / bend;
    let top = here - 0.25 * (below - above) * shift;
    (top * top, shift * BESIDE)
}

/// Voices have second harmonics, dialling tones have not. That of a row's tone is told only when no column's is near.
fn has_harmonics(window: &[f32; WINDOW], row: f32, row_power: f32, column: f32, column_power: f32) -> bool {
    let loud = |frequency: f32, tone: f32| ratio_db(tone, power_at(window, frequency)) < HARMONIC_DB;
    let apart = 2.0 * LINE_RATE as f32 / WINDOW as f32;
    loud(2.0 * column, column_power.max(row_power))
        || (2.0 * row - column).abs() > apart && loud(2.0 * row, row_power.max(column_power))
}

/// Power of a sine at `frequency` (Goertzel): half its squared amplitude.
fn power_at(window: &[f32; WINDOW], frequency: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / LINE_RATE as f32).cos();
    let (mut s1, mut s2) = (0.0f32, 0.0f32);
    for &sample in window {
        (s1, s2) = (sample + coefficient * s1 - s2, s1);
    }
    let length = WINDOW as f32;
    2.0 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2).max(0.0) / (length * length)
}

fn ratio_db(a: f32, b: f32) -> f32 {
    10.0 * (a.max(1e-12) / b.max(1e-12)).log10()
}

#[cfg(test)]
mod tests;
