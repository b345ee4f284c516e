//! Test sentences spoken and sent over a line, for `make bench-understanding`.
//!
//! `line_sentences TABLE FOLDER` speaks each sentence of the table (tab-separated, header with `sentence`) by several voices
//! into `FOLDER/<voice>-<condition>/0001.wav` …: through G.711 (`line`), and the same with street noise 10 dB below the voice
//! (`noise`). What is there already is kept.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use allo_mairie::audio::level::active_level_dbfs;
use allo_mairie::audio::resample::resample_i16;
use allo_mairie::audio::signals::street_noise;
use allo_mairie::audio::{Codec, LINE_RATE, g711, wav};
use allo_mairie::speech::spoken::Lexicon;
use allo_mairie::speech::voice::{PiperVoice, VoiceFiles};
use allo_mairie::speech::{Pace, Voice};

type Failure = Box<dyn Error>;

const RUNTIME: &str = "models/libonnxruntime.so";
const LEXICON: &str = "prompts/fr/prononciation.tsv";
const NOISE_DB: f32 = 10.0;
/// Name, voice, pace, and what pitch and rate are multiplied by: a third person out of two voices.
const VOICES: &[(&str, &str, Pace, f64)] = &[
    ("siwis", "models/fr_FR-siwis.onnx", Pace::Normal, 1.0),
    ("appelant", "models/fr_FR-appelant.onnx", Pace::Normal, 1.0),
    ("ancien", "models/fr_FR-appelant.onnx", Pace::Slow, 0.9),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [table, folder] => make(Path::new(table), Path::new(folder)),
        _ => Err("usage: line_sentences TABLE FOLDER".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn make(table: &Path, folder: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(table)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let heading = lines.next().ok_or("the table is empty")?;
    let column = heading.split('\t').position(|cell| cell == "sentence").ok_or("no column « sentence »")?;
    let sentences: Vec<&str> = lines.filter_map(|line| line.split('\t').nth(column)).collect();
    let lexicon = Arc::new(Lexicon::parse(&std::fs::read_to_string(LEXICON)?).map_err(|e| e.to_string())?);
    for (name, voice, pace, pitch) in VOICES {
        let folders = ["line", "noise"].map(|condition| folder.join(format!("{name}-{condition}")));
        for folder in &folders {
            std::fs::create_dir_all(folder)?;
        }
        let files = VoiceFiles::of(Path::new(voice), Path::new(RUNTIME));
        let mut voice = PiperVoice::open(files, "fr", 0, Arc::clone(&lexicon), 2)?;
        voice.warm_up()?;
        for (number, sentence) in sentences.iter().enumerate() {
            let paths = folders.clone().map(|folder| folder.join(format!("{number:04}.wav")));
            if paths.iter().all(|path| path.exists()) {
                continue;
            }
            let spoken = voice.speak(sentence, *pace)?.at(LINE_RATE)?.samples;
            // Played at another rate: lower and slower.
            let rate = (f64::from(LINE_RATE) * pitch).round() as u32;
            let spoken = resample_i16(&spoken, rate, LINE_RATE)?;
            let quiet = vec![0i16; LINE_RATE as usize / 4];
            let clip: Vec<i16> = [quiet.as_slice(), &spoken, &quiet].concat();
            let noise = street_noise(clip.len(), number as u64);
            let noisy = mixed(&clip, &noise, active_level_dbfs(&clip, LINE_RATE) - NOISE_DB);
            for (path, samples) in paths.iter().zip([clip, noisy]) {
                std::fs::write(path, wav::write_mono(&alaw(&samples), LINE_RATE)?)?;
            }
        }
        eprintln!("{name}: {} sentences", sentences.len());
    }
    Ok(())
}

fn alaw(samples: &[i16]) -> Vec<i16> {
    g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, samples))
}

/// The clip with this noise at `dbfs`.
fn mixed(clip: &[i16], noise: &[f32], dbfs: f32) -> Vec<i16> {
    let power = noise.iter().map(|s| s * s).sum::<f32>() / noise.len().max(1) as f32;
    let gain = 32_768.0 * 10f32.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
    clip.iter().zip(noise).map(|(&a, &b)| (f32::from(a) + gain * b) as i16).collect()
}
