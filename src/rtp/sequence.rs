//! Sequence numbers of one source (RFC 3550 appendix A.1).
//!
//! Owns: their extension beyond 16 bits, duplicates, restarts, the count of lost packets. Must not know: payloads.

/// A jump forward of more than this is a restart, not loss (RFC 3550 A.1: a minute of packets).
const MAX_DROPOUT: i32 = 3_000;
/// A packet older than this is a restart, not reordering.
const MAX_MISORDER: i32 = 100;
/// Index of a source's first packet, so that an earlier one still has an index.
const BASE: u64 = 1 << 16;

/// What a packet's source and sequence number say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Belongs here: indices grow by one a packet and never wrap.
    At(u64),
    /// First packet of a new source: the indices start anew with this one.
    Restart(u64),
    /// Seen before.
    Duplicate,
    /// Another source, or far off: believed when its successor arrives (a stray packet must not end the stream).
    Unproven,
}

#[derive(Debug, Default)]
pub(super) struct Sequence {
    current: Option<Source>,
    /// Source and number that would prove a new source.
    wanted: Option<(u32, u16)>,
    /// Of the sources before.
    lost_before: u64,
    expected_before: u64,
}

/// Of one source, as RFC 3550 A.3 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reception {
    pub ssrc: u32,
    pub extended_highest: u32,
    pub expected: u64,
    /// Duplicates included.
    pub arrived: u64,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    /// Sequence number of the first packet, which has index [`BASE`].
    first: u16,
    highest: u64,
    received: u64,
    duplicates: u64,
    /// Bit n: the packet `highest - n` has arrived.
    seen: u128,
}

impl Sequence {
    pub fn place(&mut self, ssrc: u32, number: u16) -> Place {
        let Some(source) = self.current.as_mut() else {
            return self.restart(ssrc, number);
        };
        // The difference modulo 2^16 nearest to zero.
        let delta = i32::from(number.wrapping_sub(source.highest_number()) as i16);
        if source.ssrc == ssrc && (-MAX_MISORDER..=MAX_DROPOUT).contains(&delta) {
            self.wanted = None;
            return source.note(delta);
        }
        if self.wanted == Some((ssrc, number)) {
            return self.restart(ssrc, number);
        }
        self.wanted = Some((ssrc, number.wrapping_add(1)));
        Place::Unproven
    }

    /// What a report says of the source under way; `None` before its first packet.
    pub fn reception(&self) -> Option<Reception> {
        let source = self.current.as_ref()?;
        let expected = source.highest - BASE + 1;
        Some(Reception {
            ssrc: source.ssrc,
            // The cycles are counted from the first packet on (A.3).
            extended_highest: u32::from(source.first).wrapping_add((source.highest - BASE) as u32),
            expected,
            arrived: source.received.saturating_add(source.duplicates),
        })
    }

    /// Packets expected of all sources.
    pub fn expected(&self) -> u64 {
        self.expected_before + self.current.as_ref().map_or(0, |source| source.highest - BASE + 1)
    }

    /// Packets that were expected and never arrived.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.current.as_ref().map_or(0, Source::lost)
    }

    fn restart(&mut self, ssrc: u32, first: u16) -> Place {
        self.lost_before = self.lost();
        self.expected_before = self.expected();
        self.wanted = None;
        self.current = Some(Source { ssrc, first, highest: BASE, received: 1, duplicates: 0, seen: 1 });
        Place::Restart(BASE)
    }
}

impl Source {
    fn highest_number(&self) -> u16 {
        self.first.wrapping_add((self.highest - BASE) as u16)
    }

    fn note(&mut self, delta: i32) -> Place {
        if delta > 0 {
            let ahead = delta.unsigned_abs();
            self.highest += u64::from(ahead);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.received += 1;
            return Place::At(self.highest);
        }
        let behind = delta.unsigned_abs();
        let bit = 1u128 << behind.min(127);
        if self.seen & bit != 0 {
            self.duplicates += 1;
            return Place::Duplicate;
        }
        self.seen |= bit;
        let index = self.highest - u64::from(behind);
        // What came before the first packet was never expected.
        if index >= BASE {
            self.received += 1;
        }
        Place::At(index)
    }

    fn lost(&self) -> u64 {
        (self.highest - BASE + 1).saturating_sub(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_indices_do_not() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.place(1, 65_534), Place::Restart(BASE));
        for (n, number) in [65_535u16, 0, 1, 2].into_iter().enumerate() {
            assert_eq!(sequence.place(1, number), Place::At(BASE + 1 + n as u64));
        }
        assert_eq!(sequence.lost(), 0);
    }

    #[test]
    fn loss_reordering_and_duplicates() {
        let mut sequence = Sequence::default();
        sequence.place(1, 10);
        assert_eq!(sequence.place(1, 13), Place::At(BASE + 3));
        assert_eq!(sequence.lost(), 2);
        assert_eq!(sequence.place(1, 11), Place::At(BASE + 1));
        assert_eq!(sequence.place(1, 11), Place::Duplicate);
        assert_eq!(sequence.place(1, 13), Place::Duplicate);
        assert_eq!(sequence.lost(), 1);
        assert_eq!(sequence.place(1, 9), Place::At(BASE - 1));
        assert_eq!(sequence.lost(), 1, "9 was never expected");
        assert_eq!(sequence.place(1, 500), Place::At(BASE + 490));
        assert_eq!(sequence.lost(), 487);
    }

    #[test]
    fn reports_count_as_appendix_a3_does() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.reception(), None);
        // Two cycles after the first packet, with a loss and a duplicate.
        for number in (65_530u32..2 * 65_536 + 10).filter(|n| *n != 70_000) {
            sequence.place(7, number as u16);
        }
        sequence.place(7, 9);
        let reception = sequence.reception().expect("a source");
        assert_eq!(reception.extended_highest, 2 * 65_536 + 9);
        assert_eq!(reception.expected, 2 * 65_536 + 10 - 65_530);
        assert_eq!(reception.arrived, reception.expected, "one lost, one twice");
        assert_eq!((sequence.lost(), sequence.expected()), (1, reception.expected));
    }

    #[test]
    fn a_new_source_needs_two_packets_in_a_row() {
        let mut sequence = Sequence::default();
        sequence.place(1, 10);
        assert_eq!(sequence.place(2, 700), Place::Unproven);
        assert_eq!(sequence.place(1, 11), Place::At(BASE + 1), "a stray changes nothing");
        assert_eq!(sequence.place(2, 701), Place::Unproven, "not in a row");
        assert_eq!(sequence.place(2, 702), Place::Restart(BASE));
        assert_eq!(sequence.place(2, 703), Place::At(BASE + 1));
        assert_eq!(sequence.place(1, 12), Place::Unproven);
    }

    #[test]
    fn a_far_jump_of_the_same_source_is_a_restart() {
        let mut sequence = Sequence::default();
        sequence.place(1, 10);
        sequence.place(1, 12);
        assert_eq!(sequence.place(1, 40_000), Place::Unproven);
        assert_eq!(sequence.place(1, 40_001), Place::Restart(BASE));
        assert_eq!(sequence.lost(), 1, "loss before the restart stays counted");
    }
}
