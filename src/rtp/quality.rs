//! How good a call sounded: what the network lost, delayed and disturbed, and what people would say of it.
//!
//! Owns: the runs of lost packets (RFC 3611 §4.7), the E-model (ITU-T G.107, 2015) with its values for codecs
//! (ITU-T G.113 Appendix I). Must not know: packets, clocks.

use std::time::Duration;

use crate::audio::Codec;

/// The quality of what one call received. Figures are integers, as they are told in records and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// Packets the network lost, per mille of those expected.
    pub lost_permille: u16,
    /// Packets that came too late to be played, per mille of those expected (discard rate of RFC 3611 §4.7.1).
    pub late_permille: u16,
    /// Frames filled by concealment, per mille of those given out.
    pub concealed_permille: u16,
    /// Interarrival jitter (RFC 3550 §6.4.1), ms.
    pub jitter_ms: u16,
    /// There and back, as RTCP measured it last, ms.
    pub round_trip_ms: Option<u16>,
    /// Share of packets missing within bursts and outside of them, per mille (RFC 3611 §4.7.2, Gmin 16).
    pub burst_density_permille: u16,
    pub gap_density_permille: u16,
    /// Transmission rating factor of the E-model, 0 to 93.
    pub r_factor: u8,
    /// Mean opinion score, conversational, in tenths: 10 to 45.
    pub mos_tenths: u8,
    /// What the far end last told of our stream, if anything.
    pub far: Option<FarQuality>,
}

/// The far end's last report on what we send (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FarQuality {
    /// Since the start, per mille of what we sent.
    pub lost_permille: u16,
    pub jitter_ms: u16,
    /// What people there would say of it, in tenths, by loss and delay alone.
    pub mos_tenths: u8,
}

/// What play-out made of the packets received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PlayedOut {
    /// Frames of received audio.
    pub played: u64,
    /// Frames of concealment.
    pub concealed: u64,
    /// Packets that came after their place had been given up.
    pub late: u64,
    /// Frames left out because too much audio was there.
    pub dropped: u64,
}

/// What the E-model is fed with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Impairments {
    /// Packets missing at play-out, per cent.
    pub missing_percent: f64,
    /// Mean run of missing packets, against what chance would give; 1 is chance.
    pub burst_ratio: f64,
    /// One way, mouth to ear.
    pub delay: Duration,
}

/// Basic signal-to-noise ratio less simultaneous impairments, all parameters at their defaults (G.107 §7.7).
const DEFAULT_R: f64 = 93.2;

/// Equipment impairment factor and robustness against packet loss (G.113 Appendix I), on the narrow-band scale.
fn codec_values(codec: Codec) -> (f64, f64) {
    match codec {
        // Table I.4: with the concealment of G.711 Appendix I.
        Codec::Pcma | Codec::Pcmu => (0.0, 25.1),
        // No narrow-band values exist; a wide band is at least as good as G.711 on this scale. G.722 is concealed as
        // G.711 is. Opus repairs single losses out of the next packet: as robust as the best of Table I.4 at least.
        Codec::G722 | Codec::Opus => (0.0, 25.1),
    }
}

/// Rating factor R of the E-model; what is not measured has its default, and we send no echo.
pub(super) fn rating(codec: Codec, impairments: &Impairments) -> f64 {
    let (ie, bpl) = codec_values(codec);
    let loss = impairments.missing_percent.clamp(0.0, 100.0);
    let bursts = impairments.burst_ratio.max(1.0);
    // §7.5, equation 7-29.
    let equipment = ie + (95.0 - ie) * loss / (loss / bursts + bpl);
    (DEFAULT_R - absolute_delay(impairments.delay) - equipment).clamp(0.0, 100.0)
}

/// Impairment by too long a delay, Idd (§7.4, equation 7-27).
fn absolute_delay(delay: Duration) -> f64 {
    let ms = delay.as_secs_f64() * 1_000.0;
    if ms <= 100.0 {
        return 0.0;
    }
    let x = (ms / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

/// Mean opinion score of a rating (Annex B).
pub(super) fn opinion(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

/// Runs of missing packets, in playing order (RFC 3611 Appendix A.2).
#[derive(Debug, Clone, Default)]
pub(super) struct Bursts {
    arrived: u64,
    lost: u64,
    /// Runs of one or more missing packets.
    runs: u64,
    /// Packets since the last missing one.
    since: u64,
    /// Missing ones in the burst under way.
    in_burst: u64,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

impl Bursts {
    /// As many packets in a row as end a burst.
    const GMIN: u64 = 16;

    pub fn arrived(&mut self) {
        self.arrived += 1;
        self.since = self.since.saturating_add(1);
    }

    /// So many packets in a row are missing.
    pub fn lost(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        if self.since > 0 || self.lost == 0 {
            self.runs += 1;
        }
        self.lost = self.lost.saturating_add(count);
        if self.since >= Self::GMIN {
            if self.in_burst == 1 {
                self.c14 += 1;
            } else {
                self.c13 += 1;
            }
            self.in_burst = 1;
            self.c11 = self.c11.saturating_add(self.since);
        } else {
            self.in_burst += 1;
            if self.since == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c22 += self.since - 1;
            }
        }
        self.since = 0;
        // The rest of the run follows the missing packet before it at once.
        self.in_burst = self.in_burst.saturating_add(count - 1);
        self.c33 = self.c33.saturating_add(count - 1);
    }

    /// Missing, of all.
    pub fn missing_share(&self) -> f64 {
        ratio(self.lost, self.lost.saturating_add(self.arrived))
    }

    /// Mean run of missing packets, against the one that chance gives at the same share (G.107 §7.5).
    pub fn burst_ratio(&self) -> f64 {
        if self.runs == 0 {
            return 1.0;
        }
        ratio(self.lost, self.runs) * (1.0 - self.missing_share())
    }

    /// Share of packets missing within bursts, and outside.
    pub fn densities(&self) -> (f64, f64) {
        let (c31, c32) = (self.c13, self.c23);
        let p32 = ratio(c32, c31 + c32 + self.c33);
        let p23 = if self.c22 + self.c23 == 0 { 1.0 } else { 1.0 - ratio(self.c22, self.c22 + self.c23) };
        let burst = if self.lost == 0 { 0.0 } else { p23 / (p23 + p32) };
        (burst, ratio(self.c14, self.c11 + self.c14))
    }
}

/// Zero of nothing is zero.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A share as a whole number of thousandths.
pub(super) fn permille(part: u64, whole: u64) -> u16 {
    share_permille(ratio(part, whole))
}

pub(super) fn share_permille(share: f64) -> u16 {
    (share * 1_000.0).round().clamp(0.0, 1_000.0) as u16
}

pub(super) fn whole_ms(duration: Duration) -> u16 {
    u16::try_from(duration.as_millis()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(missing_percent: f64, burst_ratio: f64, ms: u64) -> f64 {
        rating(Codec::Pcma, &Impairments { missing_percent, burst_ratio, delay: Duration::from_millis(ms) })
    }

    #[test]
    fn values_of_the_recommendations() {
        // G.107 Annex B, table B.1: R and the MOS at the limits of its categories.
        for (r, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            assert!((opinion(r) - mos).abs() < 0.01, "R {r}: {}", opinion(r));
        }
        assert_eq!((opinion(-3.0), opinion(120.0)), (1.0, 4.5));
        // All defaults: R 93.2, MOS 4.41.
        assert!((rated(0.0, 1.0, 0) - 93.2).abs() < 1e-9);
        assert!((opinion(93.2) - 4.41).abs() < 0.005);
    }

    #[test]
    fn loss_and_delay_cost_what_the_formulas_say() {
        // Ie,eff at 5 % random loss with Bpl 25.1: 95 * 5 / 30.1 = 15.78.
        assert!((rated(5.0, 1.0, 50) - (93.2 - 15.78)).abs() < 0.01);
        // Twice the bursts: 95 * 5 / 27.6 = 17.21.
        assert!((rated(5.0, 2.0, 50) - (93.2 - 17.21)).abs() < 0.01);
        // Idd at 200 ms, X = 1: 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) = 3.04; at 400 ms 24.07.
        assert!((rated(0.0, 1.0, 200) - (93.2 - 3.04)).abs() < 0.01);
        assert!((rated(0.0, 1.0, 400) - (93.2 - 24.07)).abs() < 0.01);
        assert!(rated(100.0, 50.0, 5_000) >= 0.0);
    }

    #[test]
    fn bursts_are_told_from_single_losses() {
        // Single losses far apart: all in the gap, no burst beyond each of them.
        let mut single = Bursts::default();
        for _ in 0..50 {
            (0..99).for_each(|_| single.arrived());
            single.lost(1);
        }
        assert!((single.missing_share() - 0.01).abs() < 1e-9);
        assert!((single.burst_ratio() - 0.99).abs() < 1e-9);
        let (_, gap) = single.densities();
        assert!((gap - 0.01).abs() < 0.001, "{gap}");
        // The same share in runs of five.
        let mut runs = Bursts::default();
        for _ in 0..10 {
            (0..495).for_each(|_| runs.arrived());
            runs.lost(5);
        }
        assert!((runs.missing_share() - 0.01).abs() < 1e-9);
        assert!((runs.burst_ratio() - 4.95).abs() < 1e-9);
        let (burst, gap) = runs.densities();
        assert!(burst > 0.9, "{burst}");
        assert!(gap < 0.001, "{gap}");
        assert_eq!(Bursts::default().densities(), (0.0, 0.0));
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let mut bursts = Bursts::default();
        for _ in 0..3 {
            bursts.arrived();
            bursts.lost(u64::from(u32::MAX));
        }
        assert!(bursts.missing_share() <= 1.0 && bursts.burst_ratio().is_finite());
        assert_eq!(permille(7, 0), 0);
        assert_eq!(permille(9, 3), 1_000);
    }
}
