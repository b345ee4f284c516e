//! What must hold for any bytes: one module a fuzz target, over the pure modules of the program, compiled from their
//! sources.

// The program uses more of its modules than the targets do.
#[allow(dead_code, unused_imports)]
#[path = "../../src/audio/mod.rs"]
mod audio;
#[allow(dead_code, unused_imports)]
#[path = "../../src/calendar.rs"]
pub(crate) mod calendar;
#[allow(dead_code, unused_imports)]
#[path = "../../src/dialplan/mod.rs"]
mod dialplan;
#[allow(dead_code, unused_imports)]
#[path = "../../src/rtp/mod.rs"]
mod rtp;
#[allow(dead_code, unused_imports)]
#[path = "../../src/sip/mod.rs"]
mod sip;
#[allow(dead_code, unused_imports)]
#[path = "../../src/understanding/mod.rs"]
mod understanding;

pub mod codec;
pub mod digest;
pub mod endpoint;
pub mod fiche;
pub mod framer;
pub mod message;
pub mod packets;
pub mod reports;
mod script;
pub mod sdp;
pub mod sentence;
pub mod slots;
pub mod srtp;
pub mod uri;
