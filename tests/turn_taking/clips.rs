//! Recorded turns as a line brings them, with the pauses they have or longer ones. Shared with `examples/line_turns.rs`.

use std::path::{Path, PathBuf};

use allo_mairie::audio::signals::white_noise;
use allo_mairie::audio::{Codec, FRAME_SAMPLES, LINE_RATE, g711, level, wav};
use allo_mairie::turn::{Answer, Detector};

/// Silence before and after a clip, ms; after it any turn must have ended.
const BEFORE: u64 = 600;
const AFTER: u64 = 4_000;
/// Of the room and the line, dBFS.
const NOISE: f64 = -62.0;
/// A gap of the recording: so many frames in a row below this level, dBFS.
const GAP_FRAMES: usize = 6;
const GAP_DBFS: f32 = -48.0;
/// What follows a gap within a sentence is so long at least.
const WORD_FRAMES: usize = 5;

pub struct Clip {
    pub path: String,
    pub kind: &'static str,
    pub answer: Answer,
    pub samples: Vec<i16>,
}

/// How the clip is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pauses {
    AsRecorded,
    /// Every gap is at least so long, ms.
    Of(u64),
}

/// As recorded, and with every gap at least so long: people think for half a second, and longer.
pub const PAUSES: [Pauses; 3] = [Pauses::AsRecorded, Pauses::Of(500), Pauses::Of(700)];

impl Pauses {
    pub fn name(self) -> String {
        match self {
            Self::AsRecorded => "0".to_owned(),
            Self::Of(ms) => ms.to_string(),
        }
    }
}

/// The folder of recordings beside the repository, if it is there.
pub fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let near = ["../shared/data/speech", "../../shared/data/speech"];
    near.iter().map(|path| root.join(path)).find(|path| path.join("transcripts.tsv").exists())
}

/// The dictated clips (tier A*), and the sentences (tier B) as answers to an open question.
pub fn clips(folder: &Path) -> Vec<Clip> {
    let table = std::fs::read_to_string(folder.join("transcripts.tsv")).expect("a table");
    let clip = |line: &str| {
        let mut fields = line.split('\t');
        let (path, tier, said) = (fields.next()?, fields.next()?, fields.next()?);
        let (kind, answer) = match tier {
            "A*" if path.contains("phone") => ("telephone", Answer::Telephone),
            "A*" if path.contains("date") => ("date", Answer::Date),
            "A*" => ("spelled name", Answer::Name),
            // What is said in one go, and what is several thoughts, each of which may be all.
            "B" if said.trim_end_matches('.').contains([',', '.', '?']) => ("sentences", Answer::Open),
            "B" => ("sentence", Answer::Open),
            _ => return None,
        };
        let clip = wav::read(&std::fs::read(folder.join(path)).ok()?).ok()?;
        (clip.rate == LINE_RATE).then(|| Clip { path: path.to_owned(), kind, answer, samples: clip.samples })
    };
    table.lines().skip(1).filter_map(clip).collect()
}

/// One turn on the line.
pub struct Line {
    pub frames: Vec<[i16; FRAME_SAMPLES]>,
    /// Number of the last frame with speech.
    pub last_speech: usize,
}

impl Clip {
    pub fn on_line(&self, pauses: Pauses) -> Line {
        let spoken = match pauses {
            Pauses::AsRecorded => self.samples.clone(),
            Pauses::Of(ms) => stretched(&self.samples, ms),
        };
        let silence = |ms: u64| vec![0; ms as usize * 8];
        let mut samples = [silence(BEFORE), spoken, silence(AFTER)].concat();
        let noise = white_noise(LINE_RATE, NOISE, samples.len() as u64 / 8 + 1, 11);
        samples.iter_mut().zip(noise).for_each(|(sample, noise)| *sample = sample.saturating_add(noise));
        let heard = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &samples));
        let frames = heard.as_chunks().0.to_vec();
        let last_speech = frames.iter().rposition(|frame| level::rms_dbfs(frame) > GAP_DBFS).unwrap_or(0);
        Line { frames, last_speech }
    }
}

/// Gaps within, made longer.
fn stretched(samples: &[i16], ms: u64) -> Vec<i16> {
    let frames = samples.as_chunks::<FRAME_SAMPLES>().0;
    let quiet = |frame: &[i16; FRAME_SAMPLES]| level::rms_dbfs(frame) <= GAP_DBFS;
    let mut out = Vec::new();
    let mut gap = 0;
    let mut spoken = false;
    for (n, frame) in frames.iter().enumerate() {
        if quiet(frame) {
            gap += 1;
        } else {
            // The burst of a final "t" belongs to the word before.
            let word = frames[n..].iter().take(WORD_FRAMES).filter(|frame| !quiet(frame)).count() == WORD_FRAMES;
            if spoken && word && gap >= GAP_FRAMES {
                let wanted = ms as usize * 8;
                out.extend(vec![0; wanted.saturating_sub(gap * FRAME_SAMPLES)]);
            }
            (gap, spoken) = (0, true);
        }
        out.extend(frame);
    }
    out
}

pub fn detector(answer: &Answer) -> Detector {
    let mut detector = Detector::new(allo_mairie::turn::Settings::default());
    detector.set_patience(answer.patience());
    detector
}
