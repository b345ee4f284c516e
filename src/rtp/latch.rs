//! Where the far end is: symmetric RTP (RFC 4961), behind NAT too.
//!
//! Owns: the address packets are accepted from and sent to. Must not know: what the packets hold.
//!
//! A packet from the negotiated address is believed at once. Any other address needs two packets in a row of one
//! source, so that a stray packet is not answered with the call's audio. Once believed, only a re-negotiation opens
//! the latch again, or the same source going on from another port after [`SILENCE`]: a NAT that forgot the way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Without a packet for this long, the same SSRC may go on from elsewhere.
const SILENCE: Duration = Duration::from_secs(2);
/// After a re-negotiation to another address, what the old one still has on the way is not believed for this long.
const OLD_STREAM: Duration = Duration::from_secs(2);
/// A packet follows another when its number is this close behind.
const NEAR: u16 = 16;

#[derive(Debug)]
pub(super) struct Latch {
    negotiated: SocketAddr,
    remote: SocketAddr,
    closed: bool,
    /// The stream believed: its SSRC, last number and arrival.
    stream: Option<(u32, u16, Instant)>,
    /// An address that is not believed yet.
    candidate: Option<(SocketAddr, u32, u16)>,
    /// The address before the last re-negotiation, and when it was left; not known before the next packet.
    left: Option<(SocketAddr, Option<Instant>)>,
}

impl Latch {
    pub fn new(negotiated: SocketAddr) -> Self {
        Self { negotiated, remote: negotiated, closed: false, stream: None, candidate: None, left: None }
    }

    /// Where to send to.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// After offer and answer: the next packets decide anew.
    pub fn renegotiate(&mut self, negotiated: SocketAddr) {
        if negotiated != self.negotiated {
            self.left = (self.remote != negotiated).then_some((self.remote, None));
            self.remote = negotiated;
        }
        self.negotiated = negotiated;
        self.closed = false;
        self.candidate = None;
    }

    /// Whether this packet is the far end's.
    pub fn accept(&mut self, now: Instant, source: SocketAddr, ssrc: u32, number: u16) -> bool {
        let believed = if self.closed {
            source == self.remote || self.has_moved(now, ssrc, number) && self.is_proven(source, ssrc, number)
        } else {
            let trusted = source == self.negotiated || source == self.remote;
            trusted || !self.is_left(now, source) && self.is_proven(source, ssrc, number)
        };
        if believed {
            self.closed = true;
            self.remote = source;
            self.candidate = None;
            self.stream = Some((ssrc, number, now));
        }
        believed
    }

    /// The stream believed has fallen silent, and this is its next packet.
    fn has_moved(&self, now: Instant, ssrc: u32, number: u16) -> bool {
        self.stream.is_some_and(|(known, last, arrival)| {
            // Packets may have gone lost in the meantime.
            known == ssrc && now.saturating_duration_since(arrival) >= SILENCE && number.wrapping_sub(last) < 0x8000
        })
    }

    /// The second packet in a row from there.
    fn is_proven(&mut self, source: SocketAddr, ssrc: u32, number: u16) -> bool {
        let before = self.candidate.replace((source, ssrc, number));
        before.is_some_and(|(candidate, known, last)| {
            candidate == source && known == ssrc && (1..=NEAR).contains(&number.wrapping_sub(last))
        })
    }

    fn is_left(&mut self, now: Instant, source: SocketAddr) -> bool {
        let Some((left, since)) = &mut self.left else {
            return false;
        };
        let since = *since.get_or_insert(now);
        *left == source && now.saturating_duration_since(since) < OLD_STREAM
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("address")
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_negotiated_address_is_believed_at_once_and_others_after_two_packets() {
        let (far, nat, stray) = (address("192.0.2.1:4000"), address("203.0.113.5:1024"), address("198.51.100.9:9"));
        let now = epoch();
        let mut latch = Latch::new(far);
        assert!(!latch.accept(now, stray, 9, 1));
        assert!(latch.accept(now, far, 1, 100));
        assert!(!latch.accept(now, stray, 9, 2), "closed");
        let mut latch = Latch::new(far);
        assert!(!latch.accept(now, nat, 1, 65_535));
        assert!(!latch.accept(now, stray, 9, 1));
        assert!(!latch.accept(now, nat, 1, 0), "not in a row");
        assert_eq!(latch.remote(), far, "nothing proven");
        assert!(latch.accept(now, nat, 1, 1));
        assert_eq!(latch.remote(), nat);
        assert!(!latch.accept(now, far, 1, 2), "not even from the negotiated address");
    }

    #[test]
    fn repeated_and_unrelated_packets_prove_nothing() {
        let (far, stray) = (address("192.0.2.1:4000"), address("198.51.100.9:9"));
        let now = epoch();
        let mut latch = Latch::new(far);
        for (ssrc, number) in [(9, 1), (9, 1), (9, 500), (8, 501), (7, 502)] {
            assert!(!latch.accept(now, stray, ssrc, number));
        }
    }

    #[test]
    fn after_a_renegotiation_the_old_stream_does_not_close_the_latch() {
        let (far, moved, nat) = (address("192.0.2.1:4000"), address("192.0.2.77:5000"), address("203.0.113.5:1024"));
        let now = epoch();
        let mut latch = Latch::new(far);
        assert!(latch.accept(now, far, 1, 1));
        latch.renegotiate(moved);
        assert_eq!(latch.remote(), moved);
        for n in 2..50u16 {
            assert!(!latch.accept(now + ms(20 * u64::from(n)), far, 1, n), "still on the way");
        }
        // A far end that says one thing and does another goes on from where it was.
        assert!(!latch.accept(now + ms(3_000), far, 1, 150));
        assert!(latch.accept(now + ms(3_020), far, 1, 151));
        latch.renegotiate(far);
        assert!(latch.accept(now + ms(3_040), far, 1, 152));
        // The same address again (hold, session refresh): audio keeps going where it went.
        let mut latch = Latch::new(far);
        assert!(!latch.accept(now, nat, 1, 1) && latch.accept(now, nat, 1, 2));
        latch.renegotiate(far);
        assert_eq!(latch.remote(), nat);
        assert!(latch.accept(now, nat, 1, 3));
    }

    #[test]
    fn a_nat_may_forget_but_not_hand_the_call_to_another() {
        let (far, again, thief) = (address("192.0.2.1:4000"), address("192.0.2.1:4711"), address("198.51.100.9:9"));
        let now = epoch();
        let mut latch = Latch::new(far);
        assert!(latch.accept(now, far, 1, 1));
        assert!(!latch.accept(now + ms(1_000), again, 1, 50) && !latch.accept(now + ms(1_020), again, 1, 51));
        assert!(!latch.accept(now + ms(2_500), thief, 2, 60) && !latch.accept(now + ms(2_520), thief, 2, 61));
        assert!(!latch.accept(now + ms(2_600), again, 1, 130));
        assert!(latch.accept(now + ms(2_620), again, 1, 131));
        assert_eq!(latch.remote(), again);
    }
}
