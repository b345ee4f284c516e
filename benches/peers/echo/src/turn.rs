//! Of the product's `turn`: what listens to the sound.

#[path = "../../../../src/turn/detector.rs"]
mod detector;
#[path = "../../../../src/turn/endpoint.rs"]
mod endpoint;
#[path = "../../../../src/turn/event.rs"]
mod event;
#[path = "../../../../src/turn/floor.rs"]
mod floor;
#[path = "../../../../src/turn/foreground.rs"]
mod foreground;
#[path = "../../../../src/turn/recording.rs"]
mod recording;
#[path = "../../../../src/turn/rhythm.rs"]
mod rhythm;
#[path = "../../../../src/turn/settings.rs"]
mod settings;
#[path = "../../../../src/turn/signs.rs"]
mod signs;
#[path = "../../../../src/turn/timbre.rs"]
mod timbre;
#[path = "../../../../src/turn/vad.rs"]
mod vad;

pub use detector::Detector;
pub use event::Event;
pub use settings::Settings;
