//! Packet indices of one source: estimating them from sequence numbers, and refusing those seen (RFC 3711 §3.3).

use super::SrtpError;

/// Indices below the highest that are told apart; older ones count as seen. RFC 3711 §3.3.2 wants at least 64.
const WINDOW: u64 = 128;
/// First index that does not exist: the roll-over counter has 32 bits, the sequence number 16.
pub(super) const RTP_INDICES: u64 = 1 << 48;

/// The index a sequence number stands for when `highest` was the highest so far (§3.3.1): the nearest one.
pub(super) fn estimate(highest: u64, number: u16) -> u64 {
    let number = u64::from(number);
    let (roc, last) = (highest >> 16, highest & 0xffff);
    let roc = if last < 0x8000 {
        // Before the first roll-over there is no earlier one.
        if number > last + 0x8000 { roc.saturating_sub(1) } else { roc }
    } else if last - 0x8000 > number {
        roc + 1
    } else {
        roc
    };
    (roc << 16) | number
}

/// The indices a source has used.
#[derive(Debug, Clone)]
pub(super) struct Window {
    highest: u64,
    /// Bit `n`: `highest - n` was used.
    seen: u128,
}

impl Window {
    pub fn new(first: u64) -> Window {
        Window { highest: first, seen: 1 }
    }

    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether this index may still be accepted.
    pub fn check(&self, index: u64) -> Result<(), SrtpError> {
        match self.highest.checked_sub(index) {
            None => Ok(()),
            Some(age) if age >= WINDOW || self.seen >> age & 1 == 1 => Err(SrtpError::Replayed),
            Some(_) => Ok(()),
        }
    }

    /// Notes that this index was used. Only for packets whose authentication succeeded.
    pub fn accept(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            None => {
                let ahead = index - self.highest;
                self.seen = if ahead >= WINDOW { 1 } else { self.seen << ahead | 1 };
                self.highest = index;
            }
            Some(age) if age < WINDOW => self.seen |= 1 << age,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_index_is_taken() {
        let at = |roc: u64, number: u64| (roc << 16) | number;
        assert_eq!(estimate(at(0, 10), 11), at(0, 11));
        assert_eq!(estimate(at(0, 65_535), 0), at(1, 0), "over");
        assert_eq!(estimate(at(1, 0), 65_535), at(0, 65_535), "reordered over");
        assert_eq!(estimate(at(0, 0), 65_535), at(0, 65_535), "nothing comes before the start");
        assert_eq!(estimate(at(0, 60_000), 20_000), at(1, 20_000), "a long loss over the roll-over");
        assert_eq!(estimate(at(7, 0x8000), 0), at(7, 0), "exactly half: not yet over");
        assert_eq!(estimate(at(7, 0x8001), 0), at(8, 0));
        assert_eq!(estimate(at(7, 0x7fff), 0xffff), at(7, 0xffff));
        assert_eq!(estimate(at(7, 0x7ffe), 0xffff), at(6, 0xffff));
    }

    #[test]
    fn every_index_counts_once() {
        let mut window = Window::new(1_000);
        assert_eq!(window.check(1_000), Err(SrtpError::Replayed));
        for index in [1_005, 1_003, 1_132, 1_131, 1_006] {
            window.check(index).unwrap();
            window.accept(index);
            assert_eq!(window.check(index), Err(SrtpError::Replayed), "{index}");
        }
        assert_eq!(window.highest(), 1_132);
        assert_eq!(window.check(1_004), Err(SrtpError::Replayed), "older than the window");
        assert!(window.check(1_007).is_ok(), "127 back, not seen");
        window.accept(10_000);
        assert!(window.check(9_999).is_ok());
        assert_eq!(window.check(1_132), Err(SrtpError::Replayed));
        window.accept(3);
        assert_eq!(window.highest(), 10_000);
    }
}
