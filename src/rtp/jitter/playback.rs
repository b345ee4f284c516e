//! Payloads in playing order to frames of 20 ms.
//!
//! Owns: the decoder of the source under way, concealment and comfort noise where there is nothing, the cut into
//! frames. Must not know: the order of packets, when a frame is due.

use super::super::Frame;
use super::super::noise::Generator;
use super::packet::{Content, FRAME_UNITS, UNIT_RATE};
use crate::audio::codec::Decoder;
use crate::audio::conceal::Concealer;
use crate::audio::resample::stream::Decimator;
use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE, WIDE_FRAME_SAMPLES};

#[derive(Debug)]
pub(super) struct Playback {
    decoder: Option<(Codec, Decoder)>,
    /// Rate of `partial` and of the concealer, Hz.
    rate: u32,
    /// Decoded and not played yet.
    partial: Vec<i16>,
    concealer: Concealer,
    /// Wide-band audio to that of the line, once there is any.
    decimator: Option<Box<Decimator>>,
    /// The far end is silent and told how its silence sounds.
    noise: Option<Generator>,
    /// Frames that were not received.
    concealed: u64,
    played: u64,
}

impl Default for Playback {
    fn default() -> Self {
        Self {
            decoder: None,
            rate: LINE_RATE,
            partial: Vec::new(),
            concealer: Concealer::new(LINE_RATE),
            decimator: None,
            noise: None,
            concealed: 0,
            played: 0,
        }
    }
}

impl Playback {
    /// Units decoded and not played yet.
    pub fn units(&self) -> u32 {
        (self.partial.len() as u64 * u64::from(UNIT_RATE) / u64::from(self.rate)) as u32
    }

    /// Frames given out in place of audio that was lost or late; pauses of the sender are none.
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Frames of received audio given out.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// The next packet in order.
    pub fn push(&mut self, content: Content) {
        match content {
            Content::Audio { codec, payload, units } => {
                self.noise = None;
                self.decode(codec, &payload, units);
            }
            Content::Noise(noise) => match &mut self.noise {
                Some(generator) => generator.change(&noise),
                None => self.noise = Some(Generator::new(&noise)),
            },
            Content::Nothing => {}
        }
    }

    /// The next frame of received audio; silence takes the place of what is not there.
    pub fn frame(&mut self) -> Frame {
        let length = self.frame_length();
        let mut samples: Vec<i16> = self.partial.drain(..length.min(self.partial.len())).collect();
        samples.resize(length, 0);
        self.concealer.received(&mut samples);
        self.played += 1;
        self.output(&samples, true)
    }

    /// A frame for which there is nothing, or only its beginning: what is left of the received audio when that is less
    /// than a frame. `next` is the packet right behind this frame.
    pub fn fill(&mut self, next: Option<&Content>) -> Frame {
        let length = self.frame_length();
        let mut samples = Vec::with_capacity(length);
        if self.partial.len() < length {
            samples.append(&mut self.partial);
        }
        if !samples.is_empty() {
            self.concealer.received(&mut samples);
        }
        let head = samples.len();
        if let Some(noise) = &mut self.noise {
            samples.resize_with(length, || noise.sample());
            return self.output(&samples, false);
        }
        self.concealed += 1;
        let next = match next {
            Some(Content::Audio { codec, payload, .. }) if self.codec() == Some(*codec) => Some(&**payload),
            _ => None,
        };
        let recovered = match &mut self.decoder {
            Some((_, decoder)) => decoder.recover(next, length - head, &mut samples),
            None => false,
        };
        samples.resize(length, 0);
        if recovered {
            self.concealer.received(&mut samples[head..]);
        } else {
            self.concealer.missing(&mut samples[head..]);
        }
        self.output(&samples, false)
    }

    /// Leaves out the next frame of received audio.
    pub fn skip(&mut self) {
        let length = self.frame_length().min(self.partial.len());
        self.partial.drain(..length);
    }

    /// Peak of the frame that comes next, 0 to 32768.
    pub fn next_peak(&self) -> u16 {
        let length = self.frame_length().min(self.partial.len());
        self.partial[..length].iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
    }

    fn codec(&self) -> Option<Codec> {
        self.decoder.as_ref().map(|(codec, _)| *codec)
    }

    fn frame_length(&self) -> usize {
        (self.rate * FRAME_UNITS / UNIT_RATE) as usize
    }

    fn decode(&mut self, codec: Codec, payload: &[u8], units: u32) {
        if self.codec() != Some(codec) {
            self.decoder = Some((codec, Decoder::new(codec)));
            self.change_rate(codec.sample_rate());
        }
        let length = (u64::from(units) * u64::from(self.rate) / u64::from(UNIT_RATE)) as usize;
        let start = self.partial.len();
        let decoded = match &mut self.decoder {
            Some((_, decoder)) => decoder.decode(payload, &mut self.partial).is_ok(),
            None => false,
        };
        // Whatever came out: the packet's place in time is what its length said.
        self.partial.resize(start + length, 0);
        if !decoded {
            self.partial[start..].fill(0);
        }
    }

    /// Less than a frame is left from the other rate: every sample twice, or every second one.
    fn change_rate(&mut self, rate: u32) {
        if rate == self.rate {
            return;
        }
        let length = (self.partial.len() as u64 * u64::from(rate) / u64::from(self.rate)) as usize;
        let old = std::mem::take(&mut self.partial);
        self.partial = (0..length).map(|n| old[n * old.len() / length]).collect();
        self.rate = rate;
        self.concealer = Concealer::new(rate);
        self.decimator = None;
    }

    fn output(&mut self, samples: &[i16], received: bool) -> Frame {
        if self.rate == LINE_RATE {
            let mut frame = Frame { samples: [0; FRAME_SAMPLES], wide: None, received };
            frame.samples.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
            return frame;
        }
        let mut wide = Box::new([0; WIDE_FRAME_SAMPLES]);
        wide.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        let samples = self.decimator.get_or_insert_default().process(&wide);
        Frame { samples, wide: Some(wide), received }
    }
}
