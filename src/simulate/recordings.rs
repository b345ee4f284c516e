//! Words that a person recorded, one a file, for [`super::dictation`]: `digits/0.wav` … `digits/90.wav`, `digits/et.wav`, `letters/a.wav` …, as
//! Debian's packages of telephone prompts have them.
//!
//! Owns: reading them. Must not know: what they are put together to.

use std::collections::BTreeMap;
use std::path::Path;

use crate::audio::level::trim_silence;
use crate::audio::resample::resample_i16;
use crate::audio::{LINE_RATE, wav};

/// Silence left at both ends of a word, ms.
const MARGIN_MS: u32 = 10;

/// The numbers and letters of `folder` by name, mono at 8 kHz. What is missing or unreadable is an error that names it.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Vec<i16>>, String> {
    let digits = (0..=20).chain([30, 40, 50, 60, 80]).map(|number: u8| number.to_string()).chain(["et".to_owned()]);
    let digits = digits.map(|name| (format!("digits/{name}.wav"), name));
    // "Z" is a word of its own there, since Americans say "zee".
    let letters = ('a'..='z').map(|letter| letter.to_string());
    let letters = letters.map(|name| (format!("letters/{}.wav", if name == "z" { "zed" } else { &name }), name));
    digits.chain(letters).map(|(file, name)| Ok((name, word(&folder.join(file))?))).collect()
}

fn word(path: &Path) -> Result<Vec<i16>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{} : {error}", path.display());
    let clip =
        wav::read(&std::fs::read(path).map_err(|error| unreadable(&error))?).map_err(|error| unreadable(&error))?;
    let samples = resample_i16(&clip.samples, clip.rate, LINE_RATE).map_err(|error| unreadable(&error))?;
    Ok(trim_silence(&samples, LINE_RATE, MARGIN_MS))
}
