//! What of a packet stays readable under SRTP: where its payload begins, whose it is.

/// Fixed part of an RTP header (RFC 3550 §5.1).
const RTP_HEADER: usize = 12;
/// What of an RTCP packet is not encrypted (RFC 3711 §3.4).
pub(super) const RTCP_HEADER: usize = 8;

/// The readable part of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes before the payload, contributing sources and header extension included.
    pub length: usize,
    pub number: u16,
    pub ssrc: u32,
}

/// Whether a packet on a port for both is RTCP (RFC 5761 §4).
pub(super) fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

pub(super) fn rtp(packet: &[u8]) -> Option<Header> {
    let fixed: &[u8; RTP_HEADER] = packet.first_chunk()?;
    let [first, _, number_high, number_low, .., s0, s1, s2, s3] = *fixed;
    if first >> 6 != 2 {
        return None;
    }
    let mut length = RTP_HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let [_, _, high, low] = *packet.get(length..)?.first_chunk()?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    (length <= packet.len()).then_some(Header {
        length,
        number: u16::from_be_bytes([number_high, number_low]),
        ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
    })
}

/// The sender's SSRC.
pub(super) fn rtcp(packet: &[u8]) -> Option<u32> {
    let [first, _, _, _, s0, s1, s2, s3]: [u8; RTCP_HEADER] = *packet.first_chunk()?;
    (first >> 6 == 2).then_some(u32::from_be_bytes([s0, s1, s2, s3]))
}
