//! Both directions of one media stream: what the call holds.

use super::context::{ReceiveContext, SendContext};
use super::key::{Key, Keys, Suite};
use super::{SrtpError, packet};

/// Packets under new keys after which the old ones are dropped: more than a network holds back.
const IN_FLIGHT: u32 = 128;

/// Packets that did not count as received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// Forged, damaged, under a key nobody told us, or not protected at all.
    pub unauthentic: u64,
    /// Received before, or too late to tell.
    pub replayed: u64,
}

/// Protects a stream both ways. RTP and RTCP may share a port (RFC 5761).
pub struct Protection {
    keys: Keys,
    sending: SendContext,
    receiving: ReceiveContext,
    /// The far end's keys before these, and how many packets more they last.
    before: Option<(ReceiveContext, u32)>,
    rejected: Rejected,
    /// The packet being unprotected.
    buffer: Vec<u8>,
}

impl Protection {
    pub fn new(keys: &Keys) -> Protection {
        Protection {
            sending: SendContext::new(&keys.local),
            receiving: ReceiveContext::new(&keys.remote),
            keys: keys.clone(),
            before: None,
            rejected: Rejected::default(),
            buffer: Vec::new(),
        }
    }

    pub fn suite(&self) -> Suite {
        self.keys.suite()
    }

    pub fn rejected(&self) -> Rejected {
        self.rejected
    }

    /// Whether the far end sends with these keys already.
    pub fn receives_with(&self, remote: &[Key]) -> bool {
        self.keys.remote == remote
    }

    /// Goes on with these keys (RFC 4568 §7.1.4). A direction whose keys have not changed stays as it is, roll-over
    /// and replay window included. Packets under the far end's old keys that are still on their way are taken for a
    /// while.
    pub fn rekey(&mut self, keys: &Keys) {
        if self.keys.local != keys.local {
            self.sending = SendContext::new(&keys.local);
        }
        if self.keys.remote != keys.remote {
            let receiving = ReceiveContext::succeeding(&keys.remote, &self.receiving);
            self.before = Some((std::mem::replace(&mut self.receiving, receiving), IN_FLIGHT));
        }
        self.keys = keys.clone();
    }

    /// Protects an RTP or RTCP packet of ours.
    ///
    /// # Errors
    /// See [`SendContext::protect`]: the packet must not be sent then.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        match packet::is_rtcp(packet) {
            true => self.sending.protect_rtcp(packet),
            false => self.sending.protect(packet),
        }
    }

    /// The RTP or RTCP packet inside one that was received.
    ///
    /// # Errors
    /// See [`ReceiveContext::unprotect`]: nothing may come of the packet then.
    pub fn unprotect(&mut self, packet: &[u8]) -> Result<&[u8], SrtpError> {
        self.buffer.clear();
        self.buffer.extend_from_slice(packet);
        let unprotect = match packet::is_rtcp(packet) {
            true => ReceiveContext::unprotect_rtcp,
            false => ReceiveContext::unprotect,
        };
        let mut outcome = unprotect(&mut self.receiving, &mut self.buffer);
        match &mut self.before {
            Some((_, left)) if outcome.is_ok() => {
                *left -= 1;
                if *left == 0 {
                    self.before = None;
                }
            }
            Some((before, _)) if outcome != Err(SrtpError::Replayed) => {
                let earlier = unprotect(before, &mut self.buffer);
                if matches!(earlier, Ok(()) | Err(SrtpError::Replayed)) {
                    outcome = earlier;
                }
            }
            _ => {}
        }
        match outcome {
            Ok(()) => Ok(&self.buffer),
            Err(error) => {
                match error {
                    SrtpError::Replayed => self.rejected.replayed += 1,
                    _ => self.rejected.unauthentic += 1,
                }
                Err(error)
            }
        }
    }
}

impl std::fmt::Debug for Protection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protection").field("suite", &self.suite()).field("rejected", &self.rejected).finish()
    }
}
