//! Conversations as data: who says what and when, and what must happen, in virtual time. See `docs/conversation-tests.md`.
//!
//! `script` reads the files; `voice` makes a voice whose every frame says which sentence it belongs to; `ear` is a recogniser that
//! hears the words whose sound it is given; `stage` plays a scenario and judges it.

mod ear;
mod script;
mod stage;
mod voice;

pub use ear::Ear;
pub use script::{Scenario, What, read};
pub use stage::play;
pub use voice::{CodedVoice, Frame, LOUD};
