//! Cryptographic contexts (RFC 3711 §3.2): one a direction, holding the keys and what each source has used of them.

use super::cipher::{Place, SessionKeys};
use super::key::{Key, MAX_KEYS};
use super::replay::{RTP_INDICES, Window, estimate};
use super::{SrtpError, packet};

/// Sources one context remembers. A new one beyond is refused: to forget an old one would let its packets be replayed.
/// Only packets that are authentic make one known.
const MAX_SOURCES: usize = 64;
/// First SRTCP index that does not exist (RFC 3711 §3.2.1).
const RTCP_INDICES: u64 = 1 << 31;

/// What one SSRC has used.
struct Source {
    ssrc: u32,
    rtp: Option<Window>,
    rtcp: Option<Window>,
}

/// What we send is protected with this.
pub struct SendContext {
    keys: SessionKeys,
    mki: Vec<u8>,
    sources: Vec<Source>,
}

impl SendContext {
    pub fn new(key: &Key) -> SendContext {
        SendContext { keys: SessionKeys::new(&key.master), mki: key.mki.clone(), sources: Vec::new() }
    }

    /// Protects an RTP packet. The roll-over counter of its source starts at 0.
    ///
    /// # Errors
    /// An index used already, or behind one used already, would give its key stream away: such a packet is not
    /// protected. Nor is one beyond what the key may protect. What fails is left as it was.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let header = packet::rtp(packet).ok_or(SrtpError::Malformed)?;
        let source = source(&mut self.sources, header.ssrc)?;
        let index = match &source.rtp {
            None => u64::from(header.number),
            Some(used) => match estimate(used.highest(), header.number) {
                index if index <= used.highest() => return Err(SrtpError::IndexReused),
                index => index,
            },
        };
        if index >= RTP_INDICES {
            return Err(SrtpError::KeyExhausted);
        }
        accept(&mut source.rtp, index);
        self.keys.protect_rtp(packet, header.length, Place { ssrc: header.ssrc, index }, &self.mki);
        Ok(())
    }

    /// Protects an RTCP packet. Indices start at 1.
    ///
    /// # Errors
    /// As [`protect`](Self::protect).
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = packet::rtcp(packet).ok_or(SrtpError::Malformed)?;
        let source = source(&mut self.sources, ssrc)?;
        let index = source.rtcp.as_ref().map_or(1, |used| used.highest() + 1);
        if index >= RTCP_INDICES {
            return Err(SrtpError::KeyExhausted);
        }
        accept(&mut source.rtcp, index);
        self.keys.protect_rtcp(packet, Place { ssrc, index }, &self.mki);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn of_session_keys(keys: SessionKeys) -> SendContext {
        SendContext { keys, mki: Vec::new(), sources: Vec::new() }
    }

    /// As if this index had been used.
    #[cfg(test)]
    pub(super) fn wind(&mut self, ssrc: u32, rtp: Option<u64>, rtcp: Option<u64>) {
        let source = source(&mut self.sources, ssrc).unwrap();
        source.rtp = rtp.map(Window::new);
        source.rtcp = rtcp.map(Window::new);
    }
}

/// What the far end sends is checked and decrypted with this.
pub struct ReceiveContext {
    keys: Vec<(Vec<u8>, SessionKeys)>,
    /// Bytes of every identifier.
    mki: usize,
    sources: Vec<Source>,
    /// Highest index of each source under the keys before these.
    before: Vec<(u32, u64)>,
}

impl ReceiveContext {
    /// Of [`Keys::remote`](super::Keys::remote). Keys whose identifier is not as long as the first one's are left out.
    pub fn new(keys: &[Key]) -> ReceiveContext {
        let mki = keys.first().map_or(0, |key| key.mki.len());
        let keys = keys.iter().filter(|key| key.mki.len() == mki).take(MAX_KEYS);
        ReceiveContext {
            keys: keys.map(|key| (key.mki.clone(), SessionKeys::new(&key.master))).collect(),
            mki,
            sources: Vec::new(),
            before: Vec::new(),
        }
    }

    /// New keys for the same stream. A sender may go on with its roll-over counter (RFC 3711 §3.3.1) or begin anew, as
    /// most that are keyed by SDP do: the first packet under the new key tells.
    pub fn succeeding(keys: &[Key], old: &ReceiveContext) -> ReceiveContext {
        let highest = |source: &Source| Some((source.ssrc, source.rtp.as_ref()?.highest()));
        ReceiveContext { before: old.sources.iter().filter_map(highest).collect(), ..ReceiveContext::new(keys) }
    }

    /// Checks an SRTP packet and makes it RTP.
    ///
    /// # Errors
    /// The packet is not authentic, was received before, or can't be told from one that was. It is left as it was.
    pub fn unprotect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let header = packet::rtp(packet).ok_or(SrtpError::Malformed)?;
        let ssrc = header.ssrc;
        let known = self.sources.iter().find(|source| source.ssrc == ssrc).and_then(|source| source.rtp.as_ref());
        let candidates = match known {
            Some(used) => {
                let index = estimate(used.highest(), header.number);
                used.check(index)?;
                [Some(index), None, None]
            }
            None => self.first_indices(ssrc, header.number),
        };
        if candidates[0].is_some_and(|index| index >= RTP_INDICES) {
            return Err(SrtpError::KeyExhausted);
        }
        let keys = self.rtp_keys(packet, header.length)?;
        let mut outcome = Err(SrtpError::Unauthentic);
        for index in candidates.into_iter().flatten() {
            outcome = keys.unprotect_rtp(packet, header.length, Place { ssrc, index }, self.mki).map(|()| index);
            if outcome.is_ok() {
                break;
            }
        }
        let index = outcome?;
        accept(&mut source(&mut self.sources, ssrc)?.rtp, index);
        Ok(())
    }

    /// Checks an SRTCP packet and makes it RTCP.
    ///
    /// # Errors
    /// As [`unprotect`](Self::unprotect).
    pub fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = packet::rtcp(packet).ok_or(SrtpError::Malformed)?;
        // The identifier stands at the end, or before a tag whose length all keys share.
        let keys = self.rtcp_keys(packet)?;
        let index = keys.rtcp_index(packet, self.mki).ok_or(SrtpError::Malformed)?;
        let known = self.sources.iter().find(|source| source.ssrc == ssrc).and_then(|source| source.rtcp.as_ref());
        if let Some(used) = known {
            used.check(index)?;
        }
        keys.unprotect_rtcp(packet, Place { ssrc, index }, self.mki)?;
        accept(&mut source(&mut self.sources, ssrc)?.rtcp, index);
        Ok(())
    }

    /// What the first packet of a source may stand for: going on from the keys before; the start; the start when
    /// what came before the first roll-over was lost.
    fn first_indices(&self, ssrc: u32, number: u16) -> [Option<u64>; 3] {
        let start = u64::from(number);
        let before =
            self.before.iter().find(|(known, _)| *known == ssrc).map(|(_, highest)| estimate(*highest, number));
        let before = before.filter(|index| *index != start);
        let over = (number < 0x8000).then_some(start + (1 << 16)).filter(|index| before != Some(*index));
        match before {
            Some(before) => [Some(before), Some(start), over],
            None => [Some(start), over, None],
        }
    }

    fn rtp_keys(&self, packet: &[u8], header: usize) -> Result<&SessionKeys, SrtpError> {
        let tag = self.keys.first().map_or(0, |(_, keys)| keys.rtp_tag_after_mki());
        self.find(packet, tag, header)
    }

    fn rtcp_keys(&self, packet: &[u8]) -> Result<&SessionKeys, SrtpError> {
        let tag = self.keys.first().map_or(0, |(_, keys)| keys.rtcp_tag_after_mki());
        self.find(packet, tag, packet::RTCP_HEADER)
    }

    /// The key named by the identifier that ends `after` bytes before the packet's end.
    fn find(&self, packet: &[u8], after: usize, header: usize) -> Result<&SessionKeys, SrtpError> {
        let end = packet.len().checked_sub(after).ok_or(SrtpError::Malformed)?;
        let start = end.checked_sub(self.mki).filter(|start| *start >= header).ok_or(SrtpError::Malformed)?;
        let found = self.keys.iter().find(|(mki, _)| mki == &packet[start..end]);
        found.map(|(_, keys)| keys).ok_or(SrtpError::UnknownKey)
    }

    #[cfg(test)]
    pub(super) fn of_session_keys(keys: SessionKeys) -> ReceiveContext {
        ReceiveContext { keys: vec![(Vec::new(), keys)], mki: 0, sources: Vec::new(), before: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }
}

fn accept(window: &mut Option<Window>, index: u64) {
    match window {
        Some(window) => window.accept(index),
        None => *window = Some(Window::new(index)),
    }
}

/// This source's place, made when it is new.
fn source(sources: &mut Vec<Source>, ssrc: u32) -> Result<&mut Source, SrtpError> {
    let at = match sources.iter().position(|source| source.ssrc == ssrc) {
        Some(at) => at,
        None if sources.len() >= MAX_SOURCES => return Err(SrtpError::TooManySources),
        None => {
            sources.push(Source { ssrc, rtp: None, rtcp: None });
            sources.len() - 1
        }
    };
    Ok(&mut sources[at])
}
