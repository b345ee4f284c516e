//! The voice measured, for `make bench-tts`.
//!
//! `voice_bench make FOLDER COUNT`  speaks COUNT sentences of the dialplan into FOLDER (8 kHz), with their table for
//!     `allo-mairie transcribe --score` and a list for the Python peer; prints delays, real-time factor, the slower pace.
//! `voice_bench table FOLDER NAME…` adds another tool's files, `NAME/…wav` for each of ours, to the table.
//! `voice_bench sound FOLDER…`      loudness, true peaks and ends of every WAV below, by sampling rate.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use allo_mairie::audio::level::active_level_dbfs;
use allo_mairie::audio::loudness::{integrated_lufs, true_peak_dbtp};
use allo_mairie::audio::{LINE_RATE, wav};
use allo_mairie::dialogue::{Phrases, fixed_sentences};
use allo_mairie::speech::spoken::{Lexicon, clauses};
use allo_mairie::speech::voice::{PiperVoice, VoiceFiles};
use allo_mairie::speech::{Pace, Voice};
use allo_mairie::{dialplan, files};

type Failure = Box<dyn Error>;

const DIALPLAN: &str = "dialplans/saint-germain-en-laye";
const LEXICON: &str = "prompts/fr/prononciation.tsv";
const VOICE: &str = "models/fr_FR-siwis.onnx";
const RUNTIME: &str = "models/libonnxruntime.so";
/// Threads of the network, as the service gives it.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        ["make", folder, count] => {
            count.parse().map_err(Failure::from).and_then(|count| make(Path::new(folder), count))
        }
        ["table", folder, names @ ..] => table(Path::new(folder), names),
        ["sound", folders @ ..] if !folders.is_empty() => sound(folders),
        _ => Err("usage: voice_bench make FOLDER COUNT | table FOLDER NAME… | sound FOLDER…".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `count` of the sentences that the service prepares, spread over all of them.
fn sentences(count: usize) -> Result<Vec<String>, Failure> {
    let (plan, _) = dialplan::parse(&files::read_dialplan(Path::new(DIALPLAN))?);
    let plan = plan.ok_or("the dialplan has errors")?;
    let all: Vec<String> = fixed_sentences(&plan, &Phrases::built_in()).into_iter().map(|(_, text)| text).collect();
    let count = count.min(all.len());
    Ok((0..count).map(|index| all[index * all.len() / count].clone()).collect())
}

#[derive(Default)]
struct Times {
    /// Until the whole sentence is there.
    whole: Vec<f64>,
    /// Until its first clause is there, where it has several.
    first: Vec<f64>,
    /// And until the whole one, of the same sentences.
    of_these: Vec<f64>,
    /// Time for each second of speech.
    factor: Vec<f64>,
    /// How much longer it is when slow.
    slower: Vec<f64>,
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let made = work();
    (made, started.elapsed().as_secs_f64())
}

fn make(folder: &Path, count: usize) -> Result<(), Failure> {
    let lexicon = Arc::new(Lexicon::parse(&fs::read_to_string(LEXICON)?)?);
    let files = VoiceFiles::of(Path::new(VOICE), Path::new(RUNTIME));
    let mut voice = PiperVoice::open(files, "fr", 0, lexicon.clone(), THREADS)?;
    voice.warm_up()?;
    fs::create_dir_all(folder.join("ours"))?;
    fs::create_dir_all(folder.join("slow"))?;
    let mut times = Times::default();
    let mut seconds = 0.0;
    let mut list = String::new();
    for (index, text) in sentences(count)?.iter().enumerate() {
        let (spoken, whole) = timed(|| voice.speak(text, Pace::Normal));
        let line = spoken?.at(LINE_RATE)?;
        let length = line.duration().as_secs_f64();
        if length == 0.0 {
            return Err(format!("nothing is said of {text:?}").into());
        }
        times.whole.push(whole);
        times.factor.push(whole / length);
        seconds += length;
        let parts = clauses(text);
        if let [first, _, ..] = &parts[..] {
            let (spoken, taken) = timed(|| voice.speak(first, Pace::Normal));
            spoken?;
            times.first.push(taken);
            times.of_these.push(whole);
        }
        let name = format!("{index:03}.wav");
        fs::write(folder.join("ours").join(&name), wav::write_mono(&line.samples, LINE_RATE)?)?;
        // Every fourth is enough to tell how slow is understood.
        if index % 4 == 0 {
            let slow = voice.speak(text, Pace::Slow)?.at(LINE_RATE)?;
            times.slower.push(slow.duration().as_secs_f64() / length);
            fs::write(folder.join("slow").join(&name), wav::write_mono(&slow.samples, LINE_RATE)?)?;
        }
        list += &format!("{name}\t{text}\t{}\n", lexicon.reading("fr", text));
    }
    fs::write(folder.join("sentences.tsv"), list)?;
    println!("{} sentences, {:.0} s of speech, {THREADS} threads", times.whole.len(), seconds);
    println!("| what | p50 | p95 |\n|---|---|---|");
    row("real-time factor", &mut times.factor);
    row("whole sentence, s", &mut times.whole);
    row("sentences of several clauses: whole, s", &mut times.of_these);
    row("the same: first clause, s", &mut times.first);
    row("slow / normal, length", &mut times.slower);
    Ok(())
}

fn row(what: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 * share).ceil() as usize).saturating_sub(1));
    if let (Some(p50), Some(p95)) = (at(0.5), at(0.95)) {
        println!("| {what} | {p50:.2} | {p95:.2} |");
    }
}

/// Every sentence once for each tool that has spoken it.
fn table(folder: &Path, names: &[&str]) -> Result<(), Failure> {
    let list = fs::read_to_string(folder.join("sentences.tsv"))?;
    let mut table = String::from("path\ttier\ttranscript\n");
    for name in names {
        for row in list.lines() {
            let mut fields = row.split('\t');
            let (Some(file), Some(text)) = (fields.next(), fields.next()) else { continue };
            if folder.join(name).join(file).exists() {
                table += &format!("{name}/{file}\t{name}\t{text}\n");
            }
        }
    }
    fs::write(folder.join("transcripts.tsv"), table)?;
    Ok(())
}

fn clips(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            clips(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "wav") {
            found.push(path);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Sounds {
    length: Duration,
    loudness: Vec<f64>,
    active: Vec<f64>,
    peaks: Vec<f64>,
    /// Largest magnitude of the first and of the last sample: the step at a joint.
    ends: i32,
    /// Largest mean of a clip, as a share of full scale.
    offset: f64,
}

fn sound(folders: &[&str]) -> Result<(), Failure> {
    for folder in folders {
        let mut paths = Vec::new();
        clips(Path::new(folder), &mut paths)?;
        for rate in [8_000, 16_000] {
            let mut sounds = Sounds::default();
            for path in &paths {
                let clip = wav::read(&fs::read(path)?)?;
                if clip.rate == rate {
                    sounds.add(&clip.samples, rate);
                }
            }
            sounds.print(folder, rate);
        }
    }
    Ok(())
}

impl Sounds {
    fn add(&mut self, samples: &[i16], rate: u32) {
        let Some(lufs) = integrated_lufs(samples, rate) else { return };
        self.length += Duration::from_secs_f64(samples.len() as f64 / f64::from(rate));
        self.loudness.push(lufs);
        self.active.push(f64::from(active_level_dbfs(samples, rate)));
        self.peaks.push(true_peak_dbtp(samples, rate));
        let end = |sample: Option<&i16>| sample.map_or(0, |sample| i32::from(*sample).abs());
        self.ends = self.ends.max(end(samples.first())).max(end(samples.last()));
        let mean = samples.iter().map(|sample| f64::from(*sample)).sum::<f64>() / samples.len() as f64;
        self.offset = self.offset.max(mean.abs() / 32_768.0);
    }

    fn print(&mut self, folder: &str, rate: u32) {
        if self.loudness.is_empty() {
            return;
        }
        println!("{folder}, {rate} Hz: {} clips, {:.0} s", self.loudness.len(), self.length.as_secs_f64());
        for (what, values) in [("LUFS", &mut self.loudness), ("active dBFS", &mut self.active)] {
            values.sort_by(f64::total_cmp);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let deviation =
                (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
            println!(
                "  {what}: mean {mean:.2}, deviation {deviation:.2}, 5–95 % {:.2} … {:.2}, all {:.2} … {:.2}",
                at(0.05),
                at(0.95),
                at(0.0),
                at(1.0)
            );
        }
        let highest = self.peaks.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        println!(
            "  true peak {highest:.2} dBTP; first and last sample at most {}; offset at most {:.5} of full scale",
            self.ends, self.offset
        );
    }
}
