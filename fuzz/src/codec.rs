//! Payloads of a stream, whatever their bytes: decoded or refused, never more than 120 ms; what is lost is recovered whole
//! or not at all.

use crate::audio::Codec;
use crate::audio::codec::{Decoder, MAX_DURATION_MS, duration};

/// `data`: the codec, then packets, each with its length before it; bit 7 of the length is a loss before it.
pub fn check(data: &[u8]) {
    let Some((kind, mut rest)) = data.split_first() else { return };
    let codec = Codec::ALL[usize::from(*kind) % Codec::ALL.len()];
    let most = codec.sample_rate() as usize * MAX_DURATION_MS as usize / 1000;
    let mut decoder = Decoder::new(codec);
    let mut out = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let (payload, tail) = tail.split_at(tail.len().min(usize::from(length & 0x7F) * 8));
        rest = tail;
        if length & 0x80 != 0 {
            let gap = usize::from(*length) * 12;
            let recovered = decoder.recover(Some(payload), gap, &mut out);
            assert_eq!(out.len(), if recovered { gap } else { 0 });
            out.clear();
        }
        let expected = duration(codec, payload);
        match decoder.decode(payload, &mut out) {
            Ok(()) => assert_eq!(Some(out.len()), expected.map(|samples| samples as usize)),
            Err(_) => assert!(out.is_empty()),
        }
        assert!(out.len() <= most);
        out.clear();
    }
}
