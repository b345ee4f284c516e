//! What is kept of RTP and RTCP.

use super::{Wanted, mask};

/// What a datagram of a call's media ports is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rtp,
    Rtcp,
    Other,
}

/// RFC 5761 §4.
pub(super) fn kind(datagram: &[u8]) -> Kind {
    match datagram {
        [first, second, ..] if first >> 6 == 2 && datagram.len() >= 8 => match second {
            192..=223 => Kind::Rtcp,
            _ if datagram.len() >= 12 => Kind::Rtp,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// What of a datagram may leave.
pub(super) fn kept(datagram: &[u8], wanted: &Wanted) -> Vec<u8> {
    match kind(datagram) {
        Kind::Rtp if wanted.audio => datagram.to_vec(),
        Kind::Rtp => header(datagram),
        Kind::Rtcp => {
            let mut reports = datagram.to_vec();
            if !wanted.personal {
                mask_reports(&mut reports);
            }
            reports
        }
        // STUN, T.38, or something of which nothing is known.
        Kind::Other if wanted.audio && wanted.personal => datagram.to_vec(),
        Kind::Other => Vec::new(),
    }
}

/// The RTP header (RFC 3550 §5.1). An extension keeps its place but not what it says: it may tell how loud the voice is
/// (RFC 6464), or hold anything.
fn header(datagram: &[u8]) -> Vec<u8> {
    let fixed = 12 + 4 * usize::from(datagram[0] & 0x0f);
    let mut kept = datagram[..fixed.min(datagram.len())].to_vec();
    if datagram[0] & 0x10 != 0
        && let Some(extension) = datagram.get(fixed..fixed + 4)
    {
        let words = usize::from(u16::from_be_bytes([extension[2], extension[3]]));
        if datagram.len() >= fixed + 4 + 4 * words {
            kept.extend_from_slice(extension);
            kept.resize(kept.len() + 4 * words, 0);
        }
    }
    kept
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;

/// Reports are numbers; descriptions, reasons and the rest may name people (RFC 3550 §6.5: name, e-mail, telephone).
/// What can't be read, as everything behind the first eight bytes of an SRTCP packet, is left out to its end.
fn mask_reports(datagram: &mut [u8]) {
    let mut rest = datagram;
    while rest.len() >= 8 && rest[0] >> 6 == 2 && (192..=223).contains(&rest[1]) {
        let length = 4 * (usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 1);
        if length < 4 || length > rest.len() {
            break;
        }
        let (packet, behind) = rest.split_at_mut(length);
        let count = usize::from(packet[0] & 0x1f);
        match packet[1] {
            SENDER_REPORT | RECEIVER_REPORT | EXTENDED_REPORT => {}
            DESCRIPTION => mask_items(&mut packet[4..], count),
            BYE => {
                let reason = (4 + 4 * count).min(packet.len());
                // Its length stays.
                mask(packet.get_mut(reason + 1..).unwrap_or_default());
            }
            _ => mask(packet.get_mut(8..).unwrap_or_default()),
        }
        rest = behind;
    }
    mask(rest);
}

/// Chunks of items (§6.5): the types and lengths stay, their texts go.
fn mask_items(body: &mut [u8], chunks: usize) {
    let mut at = 0;
    for _ in 0..chunks {
        let chunk = at;
        // Who it is about.
        at += 4;
        while let Some(&[kind, length]) = body.get(at..at + 2)
            && kind != 0
        {
            let end = at + 2 + usize::from(length);
            let text = at + 2..end.min(body.len());
            mask(&mut body[text]);
            at = end;
        }
        // It ends with at least one zero, at a multiple of four bytes.
        at = chunk + (at + 1 - chunk).next_multiple_of(4);
    }
    mask(body.get_mut(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: Wanted = Wanted { calls: 1, audio: false, keys: false, personal: false };

    #[test]
    fn a_voice_ends_with_its_header() {
        let mut packet = vec![0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4];
        packet.extend([0x55; 160]);
        assert_eq!(kept(&packet, &PRIVATE), packet[..12]);
        assert_eq!(kept(&packet, &Wanted { audio: true, ..PRIVATE }), packet);
        // Two contributing sources, and an extension of one word that tells the level.
        let mut extended = vec![0x92, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4];
        extended.extend([9; 8]);
        extended.extend([0xbe, 0xde, 0, 1, 0x10, 0x7f, 0, 0]);
        extended.extend([0x55; 160]);
        let header = kept(&extended, &PRIVATE);
        assert_eq!(header[..24], extended[..24]);
        assert_eq!(header[24..], [0; 4]);
        // An extension that is none.
        extended.truncate(22);
        assert_eq!(kept(&extended, &PRIVATE), extended[..20]);
    }

    #[test]
    fn reports_keep_their_numbers_and_lose_their_names() {
        let report: Vec<u8> = [vec![0x80, 200, 0, 6], (1..25).collect()].concat();
        let description = [&[0x81, 202, 0, 5, 0, 0, 0, 7, 1, 11][..], b"jean@10.0.0", &[0, 0, 0]].concat();
        let bye = [&[0x81, 203, 0, 3, 0, 0, 0, 7, 6][..], b"au r!!", &[0]].concat();
        let compound = [report.clone(), description.clone(), bye].concat();
        let masked = kept(&compound, &PRIVATE);
        assert_eq!(masked.len(), compound.len());
        assert_eq!(masked[..28], report[..]);
        assert!(masked[28..].starts_with(&[0x81, 202, 0, 5, 0, 0, 0, 7, 1, 11]));
        let text = String::from_utf8_lossy(&masked);
        assert!(text.contains("xxxxxxxxxxx") && !text.contains("jean") && !text.contains("au r"), "{text}");
        assert_eq!(kept(&compound, &Wanted { personal: true, ..PRIVATE }), compound);
    }

    #[test]
    fn what_is_neither_is_left_out() {
        for other in [&b"\x00\x01\x00\x08\x21\x12\xa4\x42secret"[..], b"x", b"", &[0x80, 8, 0]] {
            assert_eq!((kind(other), kept(other, &PRIVATE)), (Kind::Other, Vec::new()));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_keep_their_length_or_are_cut(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            kind in 200u8..208, first in 0x80u8..=0xbf,
        ) {
            let mut bytes = bytes;
            for (at, value) in [first, kind].into_iter().enumerate().take(bytes.len()) {
                bytes[at] = value;
            }
            let kept = kept(&bytes, &PRIVATE);
            proptest::prop_assert!(kept.len() <= bytes.len());
        }
    }
}
