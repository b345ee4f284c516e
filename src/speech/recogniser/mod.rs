//! From speech to text: Whisper, and the judgement of what it returns.
//!
//! Owns: the engine (`whisper`, feature `whisper`), the gates that turn its inventions into silence ([`gates`]), the
//! measure of its errors ([`score`]). Must not know: worker threads, turns, dialogue.

pub mod gates;
pub mod score;
#[cfg(feature = "whisper")]
mod whisper;
mod words;

#[cfg(feature = "whisper")]
pub use whisper::WhisperRecogniser;
