//! Digital silence that lasts: encoded once.
//!
//! Owns: when an encoder has settled, and the payload that says so. Must not know: which codec it is.
//!
//! While a caller speaks we send silence, and what an encoder makes of it after a second does not change any more. That the
//! encoder then stands still while the decoder goes on harms neither the silence nor the speech after it in Opus (see the
//! tests), whose packets carry all but a filter's memory. In G.722, which adapts sample by sample, both drift apart.

/// Frames of 20 ms after which an encoder has settled (1 s).
const SETTLED: u32 = 50;

#[derive(Debug, Default)]
pub(super) struct Still {
    /// Frames of silence in a row, of one length.
    frames: u32,
    /// Samples of one.
    length: usize,
    /// The last one's payload, once settled.
    payload: Vec<u8>,
}

impl Still {
    /// Appends the payload of one more silent frame, if it is known.
    pub fn repeat(&self, length: usize, out: &mut Vec<u8>) -> bool {
        let known = self.frames >= SETTLED && self.length == length;
        if known {
            out.extend_from_slice(&self.payload);
        }
        known
    }

    /// A silent frame was encoded.
    pub fn note(&mut self, length: usize, payload: &[u8]) {
        self.frames = if self.length == length { self.frames + 1 } else { 1 };
        self.length = length;
        if self.frames == SETTLED {
            self.payload = payload.to_vec();
        }
    }

    /// Something else was.
    pub fn end(&mut self) {
        self.frames = 0;
    }
}
