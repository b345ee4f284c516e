//! What a telephone line does to recorded speech, for `make bench-audio`: A-law, loss in bursts, faint voices, noise.
//!
//! `line_audio make TABLE FOLDER COUNT` writes COUNT of the table's clips under every condition, and a table of them whose
//! tiers are the conditions, for `allo-mairie transcribe --score`.
//! `line_audio score TABLE HEARD` scores another tool's transcripts (path⇥text), by condition.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use allo_mairie::audio::conceal::Concealer;
use allo_mairie::audio::level::{active_level_dbfs, normalise_loudness};
use allo_mairie::audio::{Codec, FRAME_SAMPLES, LINE_RATE, g711, wav};
use allo_mairie::speech::recogniser::score::Score;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Mean length of a burst of lost packets.
const BURST: f64 = 2.0;

type Failure = Box<dyn Error>;

struct Row {
    path: String,
    tier: String,
    said: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["make", table, folder, count] => {
            count.parse().map_err(Failure::from).and_then(|count| make(table, folder, count))
        }
        ["score", table, heard] => score(table, heard),
        _ => Err("usage: line_audio make TABLE FOLDER COUNT | score TABLE HEARD".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn rows(table: &Path) -> Result<Vec<Row>, Failure> {
    let text = std::fs::read_to_string(table)?;
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        Some(Row { path: fields.next()?, tier: fields.next()?, said: fields.next()? })
    };
    Ok(text.lines().skip(1).filter_map(row).collect())
}

fn make(table: &str, folder: &str, count: usize) -> Result<(), Failure> {
    let (table, folder) = (Path::new(table), Path::new(folder));
    let beside = table.parent().unwrap_or(Path::new("."));
    let known: Vec<Row> =
        rows(table)?.into_iter().filter(|row| row.path.ends_with(".wav") && row.tier != "C").collect();
    let step = (known.len() / count.max(1)).max(1);
    let chosen: Vec<&Row> = known.iter().step_by(step).take(count).collect();
    let read =
        |row: &Row| -> Result<Vec<i16>, Failure> { Ok(wav::read(&std::fs::read(beside.join(&row.path))?)?.samples) };
    let voices = known.iter().rev().take(24).map(read).collect::<Result<Vec<_>, _>>()?;
    let mut out = "path\ttier\ttranscript\n".to_owned();
    for (number, row) in chosen.iter().enumerate() {
        let clip = read(row)?;
        for (condition, samples) in conditions(&clip, &voices, number as u64) {
            let path = format!("{condition}/{}", row.path);
            std::fs::create_dir_all(folder.join(&condition))?;
            std::fs::write(folder.join(&path), wav::write_mono(&samples, LINE_RATE)?)?;
            out += &format!("{path}\t{condition}\t{}\n", row.said);
        }
    }
    std::fs::write(folder.join("transcripts.tsv"), out)?;
    Ok(())
}

fn score(table: &str, heard: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(heard)?;
    let heard: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut scores = BTreeMap::<String, Score>::new();
    for row in rows(Path::new(table))? {
        if let Some(text) = heard.get(row.path.as_str()) {
            scores.entry(row.tier).or_default().add(&row.said, text);
        }
    }
    for (condition, score) in scores {
        let rate = score.word_error_rate().unwrap_or_default();
        println!("{condition:<28}{:>4} clips{:>6} words{rate:>8.3}", score.utterances, score.words);
    }
    Ok(())
}

/// The clip as it arrives under each condition.
fn conditions(clip: &[i16], voices: &[Vec<i16>], seed: u64) -> Vec<(String, Vec<i16>)> {
    let clean = alaw(clip);
    let mut all = vec![("clean".to_owned(), clean.clone())];
    for percent in [5, 10, 20] {
        // The same packets are lost whatever takes their place.
        let lost =
            losses(clean.len().div_ceil(FRAME_SAMPLES), f64::from(percent) / 100.0, 1_000 * percent as u64 + seed);
        all.push((format!("loss-{percent:02}-zeros"), with_losses(&clean, &lost, Fill::Zeros)));
        all.push((format!("loss-{percent:02}-repetition"), with_losses(&clean, &lost, Fill::Repetition)));
        all.push((format!("loss-{percent:02}-concealed"), with_losses(&clean, &lost, Fill::Concealed)));
    }
    let faint = alaw(&normalise_loudness(clip, LINE_RATE, -45.0, 0.0));
    all.push(("faint".to_owned(), faint));
    let level = active_level_dbfs(clip, LINE_RATE);
    for snr in [15, 10, 5] {
        let wanted = level - snr as f32;
        all.push((format!("noise-{snr:02}-babble"), alaw(&mixed(clip, &babble(voices, clip.len(), seed), wanted))));
        all.push((format!("noise-{snr:02}-street"), alaw(&mixed(clip, &street(clip.len(), seed), wanted))));
    }
    all
}

fn alaw(samples: &[i16]) -> Vec<i16> {
    g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, samples))
}

/// Gilbert's model: packets are lost in bursts of [`BURST`] on average, `share` of them in all.
fn losses(packets: usize, share: f64, seed: u64) -> Vec<bool> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bad = false;
    (0..packets)
        .map(|_| {
            let ends = 1.0 / BURST;
            let begins = ends * share / (1.0 - share);
            bad = if bad { random.random::<f64>() >= ends } else { random.random::<f64>() < begins };
            bad
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Zeros,
    /// The last packet again, there and back, fading over 60 ms.
    Repetition,
    Concealed,
}

fn with_losses(samples: &[i16], lost: &[bool], fill: Fill) -> Vec<i16> {
    let mut concealer = Concealer::new(LINE_RATE);
    let mut out = samples.to_vec();
    let (mut last, mut repeats) = (vec![0; FRAME_SAMPLES], 0);
    for (frame, &lost) in out.chunks_mut(FRAME_SAMPLES).zip(lost) {
        match (fill, lost) {
            (Fill::Concealed, true) => concealer.missing(frame),
            (Fill::Concealed, false) => concealer.received(frame),
            (_, false) => (last, repeats) = (frame.to_vec(), 0),
            (Fill::Zeros, true) => frame.fill(0),
            (Fill::Repetition, true) => {
                let gain = [1.0f32, 0.6, 0.2, 0.0, 0.0];
                let (from, to) = (gain[repeats.min(3)], gain[repeats.min(3) + 1]);
                for (n, sample) in frame.iter_mut().enumerate() {
                    let source = if repeats % 2 == 0 { (last.len() - 1).saturating_sub(n) } else { n };
                    let now = from + (to - from) * n as f32 / FRAME_SAMPLES as f32;
                    *sample = (f32::from(last.get(source).copied().unwrap_or(0)) * now) as i16;
                }
                repeats += 1;
            }
        }
    }
    out
}

/// The clip with this noise at `dbfs`.
fn mixed(clip: &[i16], noise: &[f32], dbfs: f32) -> Vec<i16> {
    let power = noise.iter().map(|s| s * s).sum::<f32>() / noise.len().max(1) as f32;
    let gain = 32_768.0 * 10f32.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
    clip.iter().zip(noise).map(|(&a, &b)| (f32::from(a) + gain * b) as i16).collect()
}

/// Six people talking at once.
fn babble(voices: &[Vec<i16>], length: usize, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sum = vec![0.0; length];
    for _ in 0..6 {
        let voice = &voices[random.random_range(0..voices.len())];
        let shift = random.random_range(0..voice.len());
        for (n, sample) in sum.iter_mut().enumerate() {
            *sample += f32::from(voice[(n + shift) % voice.len()]);
        }
    }
    sum
}

/// Low rumble that swells and ebbs as cars pass, with hiss above it.
fn street(length: usize, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut rumble, mut phase) = (0.0f32, random.random::<f32>() * 6.0);
    (0..length)
        .map(|_| {
            let white = random.random::<f32>() * 2.0 - 1.0;
            rumble = 0.97 * rumble + white;
            phase += 2.5 / LINE_RATE as f32;
            (rumble + 0.5 * white) * (1.0 + 0.6 * phase.sin())
        })
        .collect()
}
