//! A recogniser that hears the words whose sound it is given: what was cut off it does not know.

use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE, g711, signals};

/// Likeness from which a sound is that of a word: noise 15 dB below leaves 0.98.
const SAME: f32 = 0.97;
/// Length of a syllable of the source.
const SYLLABLE_MS: u64 = 250;
/// Compared of each word: 40 ms.
const PROBE: usize = 2 * FRAME_SAMPLES;

#[derive(Debug, Default)]
pub struct Ear {
    words: Vec<Word>,
    said: u64,
}

#[derive(Debug)]
struct Word {
    probe: Vec<i16>,
    text: String,
}

impl Ear {
    /// The sound of somebody who says this, for so long; each time another one. The recogniser takes it for `heard`.
    pub fn say(&mut self, ms: u64, heard: &str) -> Vec<i16> {
        self.said += 1;
        // Another part of the melody each time, from the beginning of a syllable.
        let skipped = SYLLABLE_MS * self.said;
        let sound = signals::speech(LINE_RATE, -22.0, skipped + ms, 100 + self.said).split_off((skipped * 8) as usize);
        let line = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &sound));
        let (frames, _) = line.as_chunks::<FRAME_SAMPLES>();
        let words: Vec<&str> = heard.split_whitespace().collect();
        for (index, word) in words.iter().enumerate() {
            let (first, last) = (index * frames.len() / words.len(), (index + 1) * frames.len() / words.len());
            let loudness = |at: &usize| frames[*at].iter().map(|s| i64::from(s.unsigned_abs())).sum::<i64>();
            let last = last.min(frames.len().saturating_sub(1));
            let Some(at) = (first..last).max_by_key(loudness) else { continue };
            let start = at * FRAME_SAMPLES;
            self.words.push(Word { probe: line[start..start + PROBE].to_vec(), text: (*word).to_owned() });
        }
        sound
    }

    /// The words in this sound, at the line's rate.
    pub fn hear(&self, samples: &[i16]) -> String {
        let is_in = |word: &&Word| {
            samples.windows(PROBE).step_by(FRAME_SAMPLES).any(|part| likeness(part, &word.probe) >= SAME)
        };
        self.words.iter().filter(is_in).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn likeness(a: &[i16], b: &[i16]) -> f32 {
    let dot = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(a, b)| f32::from(*a) * f32::from(*b)).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1.0)
}

#[test]
fn words_are_heard_where_their_sound_is() {
    let mut ear = Ear::default();
    let sounds = [ear.say(1_200, "refaire ma carte"), ear.say(600, "non merci"), ear.say(400, "")];
    let line = |sound: &[i16]| g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, sound));
    assert_eq!(ear.hear(&line(&sounds[0])), "refaire ma carte");
    assert_eq!(ear.hear(&line(&sounds[0])[4 * 1_600..]), "carte", "the beginning was cut off");
    assert_eq!(ear.hear(&line(&[&sounds[1][..], &sounds[2][..]].concat())), "non merci");
    assert_eq!(ear.hear(&line(&sounds[2])), "");
}
