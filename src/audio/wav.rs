//! WAV bytes in and out, over `hound`.
//!
//! Owns: mixing to mono, scaling to 16 bits, bounds. Must not know: files (callers read and write those).

use std::io::Cursor;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// Largest WAV read: an hour of 16 kHz mono, or ten minutes of 48 kHz stereo.
pub const MAX_BYTES: usize = 120 * 1024 * 1024;

/// A clip, mixed to mono.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    pub samples: Vec<i16>,
    /// Sampling rate, Hz.
    pub rate: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    #[error("{bytes} bytes are more than the {MAX_BYTES} we read")]
    TooLarge { bytes: usize },
    #[error("not a WAV file: {0}")]
    Malformed(String),
    #[error("WAV format not supported (PCM of 8, 16, 24, 32 bits or 32-bit float only)")]
    Unsupported,
    #[error("sampling rate 0")]
    NoRate,
    #[error("cannot be written: {0}")]
    Write(String),
}

/// Reads PCM of 8, 16, 24 or 32 bits or 32-bit float, any number of channels (mixed) and any rate.
/// A file that ends before its header says (a recording that was cut off) is read as far as it goes.
pub fn read(bytes: &[u8]) -> Result<Clip, WavError> {
    if bytes.len() > MAX_BYTES {
        return Err(WavError::TooLarge { bytes: bytes.len() });
    }
    let mended = mend_data_length(bytes);
    let mut reader = WavReader::new(Cursor::new(&mended)).map_err(read_error)?;
    let WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format } = reader.spec();
    if rate == 0 {
        return Err(WavError::NoRate);
    }
    // Every sample as i32 with 24 significant bits at most, so that a mix of 65,535 channels fits an i64.
    let samples: Result<Vec<i32>, _> = match (sample_format, bits) {
        (SampleFormat::Float, 32) => {
            reader.samples::<f32>().map(|s| s.map(|s| (s * 32768.0).round().clamp(-32768.0, 32767.0) as i32)).collect()
        }
        (SampleFormat::Int, 8 | 16 | 24 | 32) => {
            reader.samples::<i32>().map(|s| s.map(|s| if bits == 8 { s << 8 } else { s >> (bits - 16) })).collect()
        }
        _ => return Err(WavError::Unsupported),
    };
    let samples = samples.map_err(read_error)?;
    let mixed = samples
        .chunks_exact(usize::from(channels))
        .map(|frame| {
            let sum: i64 = frame.iter().map(|s| i64::from(*s)).sum();
            (sum / i64::from(channels)).clamp(-32768, 32767) as i16
        })
        .collect();
    Ok(Clip { samples: mixed, rate })
}

/// A 16-bit mono WAV.
pub fn write_mono(samples: &[i16], rate: u32) -> Result<Vec<u8>, WavError> {
    write(samples.iter().copied(), 1, rate)
}

/// A 16-bit stereo WAV; the shorter side is filled with silence.
pub fn write_stereo(left: &[i16], right: &[i16], rate: u32) -> Result<Vec<u8>, WavError> {
    let at = |side: &[i16], n: usize| side.get(n).copied().unwrap_or(0);
    let frames = 0..left.len().max(right.len());
    write(frames.flat_map(|n| [at(left, n), at(right, n)]), 2, rate)
}

fn write(samples: impl Iterator<Item = i16>, channels: u16, rate: u32) -> Result<Vec<u8>, WavError> {
    let failed = |error: hound::Error| WavError::Write(error.to_string());
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).map_err(failed)?;
    for sample in samples {
        writer.write_sample(sample).map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(bytes.into_inner())
}

fn read_error(error: hound::Error) -> WavError {
    match error {
        hound::Error::Unsupported | hound::Error::TooWide | hound::Error::InvalidSampleFormat => WavError::Unsupported,
        other => WavError::Malformed(other.to_string()),
    }
}

/// Writers that stream or die leave 0, 0xFFFFFFFF or too large a length in the `data` header; hound takes it at its
/// word. Puts the length there that the bytes really have, cut to whole sample frames.
fn mend_data_length(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    let u32_at = |at: usize| {
        let field = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(field.try_into().ok()?) as usize)
    };
    let mut at = 12;
    let mut block = 1;
    while let Some(length) = u32_at(at + 4) {
        let body = at + 8;
        match &bytes[at..at + 4] {
            b"fmt " => {
                if let Some(field) = bytes.get(body + 12..body + 14) {
                    block = usize::from(u16::from_le_bytes([field[0], field[1]])).max(1);
                }
            }
            b"data" => {
                let present = bytes.len() - body;
                let streamed = length == 0 && present > 0;
                if length > present || streamed {
                    let whole = (present / block * block) as u32;
                    mended[at + 4..body].copy_from_slice(&whole.to_le_bytes());
                }
                break;
            }
            _ => {}
        }
        // Chunks are padded to even lengths. A length beyond the end finishes the walk.
        at = body.saturating_add(length).saturating_add(length % 2);
        if at >= bytes.len() {
            break;
        }
    }
    mended
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::signals::tone;

    fn with_spec(bits: u16, format: SampleFormat, channels: u16) -> Vec<u8> {
        let spec = WavSpec { channels, sample_rate: 22_050, bits_per_sample: bits, sample_format: format };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).expect("header");
        for sample in [0i32, 64, -64, 127, -128] {
            for _ in 0..channels {
                match format {
                    SampleFormat::Float => writer.write_sample(sample as f32 / 128.0),
                    SampleFormat::Int => writer.write_sample(sample << (bits - 8)),
                }
                .expect("sample");
            }
        }
        writer.finalize().expect("header again");
        bytes.into_inner()
    }

    #[test]
    fn every_width_reads_alike() {
        let expected = [0, 16384, -16384, 32512, -32768];
        for channels in [1, 2, 5] {
            for (bits, format) in [
                (8, SampleFormat::Int),
                (16, SampleFormat::Int),
                (24, SampleFormat::Int),
                (32, SampleFormat::Int),
                (32, SampleFormat::Float),
            ] {
                let clip = read(&with_spec(bits, format, channels)).expect("readable");
                assert_eq!(clip.samples, expected, "{bits} {format:?} {channels}");
                assert_eq!(clip.rate, 22_050);
            }
        }
    }

    #[test]
    fn written_clips_read_back() {
        let sound = tone(8_000, 440.0, -12.0, 50);
        let mono = read(&write_mono(&sound, 8_000).expect("written")).expect("read");
        assert_eq!((mono.samples, mono.rate), (sound.clone(), 8_000));
        let stereo = write_stereo(&sound, &sound[..100], 8_000).expect("written");
        let mixed = read(&stereo).expect("read").samples;
        assert_eq!(mixed.len(), sound.len());
        assert_eq!(mixed[..100], sound[..100]);
        assert_eq!(mixed[200], sound[200] / 2);
        let empty = read(&write_mono(&[], 8_000).expect("written")).expect("read");
        assert!(empty.samples.is_empty());
    }

    #[test]
    fn recordings_cut_off_are_read_as_far_as_they_go() {
        let whole = write_mono(&[1, 2, 3, 4], 8_000).expect("written");
        let cut = &whole[..whole.len() - 3];
        assert_eq!(read(cut).expect("read").samples, [1, 2]);
        for length in [0u32, u32::MAX] {
            let mut streamed = whole.clone();
            let at = streamed.len() - 12;
            streamed[at..at + 4].copy_from_slice(&length.to_le_bytes());
            assert_eq!(read(&streamed).expect("read").samples, [1, 2, 3, 4]);
        }
    }

    #[test]
    fn what_is_no_wav_says_so() {
        assert!(matches!(read(b""), Err(WavError::Malformed(_))));
        assert!(matches!(read(b"RIFF....OGGS"), Err(WavError::Malformed(_))));
        let mut law = with_spec(16, SampleFormat::Int, 1);
        // hound writes PCMWAVEFORMAT for 16-bit mono: the format tag is at 20. 6 is A-law.
        law[20] = 6;
        assert_eq!(read(&law), Err(WavError::Unsupported));
        let large = vec![0; MAX_BYTES + 1];
        assert_eq!(read(&large), Err(WavError::TooLarge { bytes: MAX_BYTES + 1 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            place in 0usize..60,
            garbage in proptest::collection::vec(any::<u8>(), 1..12),
            channels in 1u16..4,
        ) {
            for (bits, format) in [(16, SampleFormat::Int), (24, SampleFormat::Int), (32, SampleFormat::Float)] {
                let mut bytes = with_spec(bits, format, channels);
                for (n, byte) in garbage.iter().enumerate() {
                    if let Some(slot) = bytes.get_mut(place + n) {
                        *slot = *byte;
                    }
                }
                if let Ok(clip) = read(&bytes) {
                    prop_assert!(clip.samples.len() <= bytes.len());
                }
            }
        }
    }
}
