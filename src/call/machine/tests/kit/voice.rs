//! A voice whose every frame says which sentence it belongs to and where in it it stands, by the signs of its samples: levels may
//! change on the way, signs do not.

use std::time::{Duration, Instant};

use crate::audio::{FRAME_SAMPLES, LINE_RATE, Sound};

/// Frames a letter: 60 ms, some seventeen letters a second.
const FRAMES_PER_LETTER: usize = 3;
/// Frames of quiet after a comma, a colon, a semicolon: 160 ms.
const CLAUSE_FRAMES: usize = 8;
pub const LOUD: u16 = 4_000;
/// Below what the playout takes for a pause.
const QUIET: u16 = 60;
/// Peak from which a frame is heard: a voice lowered by 12 dB has 1,000.
pub const AUDIBLE: u16 = 300;
/// Samples that say the same bit; 32 bits a frame.
const SAMPLES_PER_BIT: usize = 5;

/// What the voice has been asked for.
#[derive(Debug, Default)]
pub struct CodedVoice {
    /// In order: a frame names its sentence by the place here.
    pub sentences: Vec<String>,
    /// Until a sentence that is not in the cache is there, and one that is.
    pub delay: Duration,
    pub cached_delay: Duration,
    /// That long for each clause, which is there at once.
    pub by_clause: bool,
}

/// Where in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub sentence: usize,
    pub frame: usize,
}

/// One of the agent's frames as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub at: Instant,
    pub peak: u16,
    /// Level of its last sample.
    pub level: u16,
    /// `None`: silence.
    pub place: Option<Place>,
}

impl Frame {
    pub fn new(at: Instant, samples: &[i16]) -> Self {
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        let level = samples.last().map_or(0, |sample| sample.unsigned_abs());
        Self { at, peak, level, place: (peak >= AUDIBLE).then(|| decode(samples)) }
    }

    pub fn is_audible(&self) -> bool {
        self.place.is_some()
    }
}

impl CodedVoice {
    pub fn speak(&mut self, text: &str) -> Sound {
        let sentence = self.sentences.len();
        self.sentences.push(text.to_owned());
        let letters = frames(text);
        let samples = letters.iter().enumerate().flat_map(|(frame, loud)| {
            let level = if *loud { LOUD } else { QUIET };
            encode(Place { sentence, frame }, level)
        });
        Sound::new(samples.collect::<Vec<_>>(), LINE_RATE)
    }

    /// The sound of a sentence, clause by clause.
    pub fn clauses(&self, text: &str, sound: &Sound) -> Vec<Sound> {
        let mut rest = &sound.samples[..];
        let mut clauses = Vec::new();
        for clause in text.split_inclusive(ends_clause) {
            let (first, others) = rest.split_at(frames(clause).len() * FRAME_SAMPLES);
            clauses.push(Sound::new(first, sound.rate));
            rest = others;
        }
        clauses
    }

    /// What is left of a sentence from there on.
    pub fn rest(&self, place: Place) -> &str {
        let text = self.sentences.get(place.sentence).map_or("", String::as_str);
        let mut frame = 0;
        for (index, letter) in text.char_indices() {
            if frame >= place.frame {
                return &text[index..];
            }
            frame += frames_of(letter);
        }
        ""
    }

    pub fn frames(&self, sentence: usize) -> usize {
        self.sentences.get(sentence).map_or(0, |text| frames(text).len())
    }
}

fn frames_of(letter: char) -> usize {
    FRAMES_PER_LETTER + if ends_clause(letter) { CLAUSE_FRAMES } else { 0 }
}

fn ends_clause(letter: char) -> bool {
    matches!(letter, ',' | ';' | ':')
}

/// Frame by frame, whether it is loud.
fn frames(text: &str) -> Vec<bool> {
    text.chars()
        .flat_map(|letter| {
            let quiet = if ends_clause(letter) { CLAUSE_FRAMES } else { 0 };
            [vec![true; FRAMES_PER_LETTER], vec![false; quiet]].concat()
        })
        .collect()
}

fn encode(place: Place, level: u16) -> [i16; FRAME_SAMPLES] {
    let code = (place.sentence as u32) << 16 | place.frame as u32;
    let level = level.cast_signed();
    std::array::from_fn(|n| if code >> (n / SAMPLES_PER_BIT) & 1 == 1 { level } else { -level })
}

fn decode(samples: &[i16]) -> Place {
    let bits = samples.chunks(SAMPLES_PER_BIT).map(|bit| bit.iter().map(|s| i32::from(*s)).sum::<i32>() > 0);
    let code = bits.enumerate().fold(0u32, |code, (n, bit)| code | u32::from(bit) << n);
    Place { sentence: (code >> 16) as usize, frame: (code & 0xFFFF) as usize }
}

#[test]
fn a_frame_tells_its_place_at_any_level() {
    let mut voice = CodedVoice::default();
    voice.speak("Bonjour.");
    let sound = voice.speak("Oui, bien sûr.");
    for scale in [1.0, 0.25] {
        let coded: Vec<i16> = sound.samples.iter().map(|s| (f32::from(*s) * scale) as i16).collect();
        let line = crate::audio::g711::decode(
            crate::audio::Codec::Pcma,
            &crate::audio::g711::encode(crate::audio::Codec::Pcma, &coded),
        );
        let (frames, _) = line.as_chunks::<FRAME_SAMPLES>();
        let at = crate::testing::epoch();
        assert_eq!(Frame::new(at, &frames[30]).place, Some(Place { sentence: 1, frame: 30 }));
        assert!(!Frame::new(at, &frames[14]).is_audible(), "the pause behind the comma");
    }
    assert_eq!(voice.rest(Place { sentence: 1, frame: 20 }), " bien sûr.");
    assert_eq!(voice.rest(Place { sentence: 1, frame: 0 }), "Oui, bien sûr.");
    assert_eq!(voice.frames(1), sound.samples.len() / FRAME_SAMPLES);
}
