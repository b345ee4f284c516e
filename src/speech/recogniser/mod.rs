//! From speech to text: Whisper, and the judgement of what it returns.
//!
//! Owns: the engine (`whisper`, feature `whisper`), the gates that turn its inventions into silence ([`gates`]), which of
//! several languages is spoken (`language`), which
//! other digits may have been said (`alternatives`), what is done about one phrase over and over (`repeats`) and about words left
//! out (`remainder`), the measure of its errors ([`score`]). Must not know: worker threads, turns, dialogue.

#[cfg(any(test, feature = "whisper"))]
mod alternatives;
pub mod gates;
#[cfg(any(test, feature = "whisper"))]
mod language;
#[cfg(any(test, feature = "whisper"))]
mod remainder;
#[cfg(any(test, feature = "whisper"))]
mod repeats;
pub mod score;
#[cfg(feature = "whisper")]
mod whisper;
mod words;

#[cfg(feature = "whisper")]
pub use whisper::{Decoded, WhisperModel, WhisperRecogniser};
