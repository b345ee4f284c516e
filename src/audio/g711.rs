//! G.711 (ITU-T G.711, 1988): A-law and µ-law, over `ezk-g711`.
//!
//! Owns: the choice of the law (any codec but PCMU takes the A-law). Must not know: packets.

use ezk_g711::{alaw, mulaw};

use super::Codec;

/// Compresses samples to one byte each.
pub fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(samples.len());
    encode_into(codec, samples, &mut payload);
    payload
}

/// Expands bytes to one sample each.
pub fn decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
    let mut samples = Vec::with_capacity(payload.len());
    decode_into(codec, payload, &mut samples);
    samples
}

/// As [`encode`], appended.
pub fn encode_into(codec: Codec, samples: &[i16], payload: &mut Vec<u8>) {
    // A loop each, with the law within it.
    match codec {
        Codec::Pcmu => payload.extend(samples.iter().map(|&sample| mulaw::encode(sample))),
        _ => payload.extend(samples.iter().map(|&sample| alaw::encode(sample))),
    }
}

/// As [`decode`], appended.
pub fn decode_into(codec: Codec, payload: &[u8], samples: &mut Vec<i16>) {
    match codec {
        Codec::Pcmu => samples.extend(payload.iter().map(|&byte| mulaw::decode(byte))),
        _ => samples.extend(payload.iter().map(|&byte| alaw::decode(byte))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        let codes: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(Codec::Pcma, &decode(Codec::Pcma, &codes)), codes, "A-law");
        let mulaw = encode(Codec::Pcmu, &decode(Codec::Pcmu, &codes));
        for (code, again) in codes.iter().zip(mulaw) {
            // µ-law has two zeros (0x7F is -0); both decode to 0.
            let expected = if *code == 0x7F { 0xFF } else { *code };
            assert_eq!(again, expected, "µ-law code {code:#x}");
        }
    }

    #[test]
    fn codes_of_the_standard() {
        // G.711 tables 1a and 2a: the extreme values and zero.
        assert_eq!(encode(Codec::Pcma, &[0, 32767, -32768]), [0xD5, 0xAA, 0x2A]);
        assert_eq!(encode(Codec::Pcmu, &[0, 32767, -32768]), [0xFF, 0x80, 0x00]);
        assert_eq!(decode(Codec::Pcma, &[0xD5, 0xAA]), [8, 32256]);
        assert_eq!(decode(Codec::Pcmu, &[0xFF, 0x80]), [0, 32124]);
    }

    #[test]
    fn error_stays_below_the_step_of_the_segment() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
            let decoded = decode(codec, &encode(codec, &samples));
            for (sample, again) in samples.iter().zip(decoded) {
                let size = i32::from(*sample).abs();
                let error = (i32::from(*sample) - i32::from(again)).abs();
                // Half a step is 1/32 of the segment's lower end at most; overload adds the clipped rest.
                let bound = (size / 24).max(16) + (size - 32124).max(0);
                assert!(error <= bound, "{codec:?} {sample} became {again}");
            }
        }
    }
}
