//! What a telephone line does to recorded speech, for `make bench-audio` and `make bench-asr`: codecs, loss in bursts, faint
//! voices, noise.
//!
//! `line_audio make TABLE FOLDER COUNT` writes COUNT of the table's clips under every condition, and a table of them whose
//! tiers are the conditions, for `allo-mairie transcribe --score`.
//! `line_audio calls TABLE FOLDER COUNT` does so with what calls bring: codecs, noise, concealed loss; its tiers are those of
//! the clips with the condition behind.
//! `line_audio score TABLE HEARD` scores another tool's transcripts (path⇥text), by condition.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use allo_mairie::audio::codec::{Decoder, Encoder};
use allo_mairie::audio::conceal::Concealer;
use allo_mairie::audio::level::{active_level_dbfs, normalise_loudness};
use allo_mairie::audio::resample::resample_i16;
use allo_mairie::audio::signals::street_noise;
use allo_mairie::audio::{Codec, FRAME_SAMPLES, LINE_RATE, WIDE_FRAME_SAMPLES, WIDE_RATE, g711, wav};
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
            count.parse().map_err(Failure::from).and_then(|count| make(table, folder, count, Conditions::Repairs))
        }
        ["calls", table, folder, count] => {
            count.parse().map_err(Failure::from).and_then(|count| make(table, folder, count, Conditions::Calls))
        }
        ["score", table, heard] => score(table, heard),
        _ => Err("usage: line_audio make|calls TABLE FOLDER COUNT | score TABLE HEARD".into()),
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

/// Which of them.
#[derive(Clone, Copy, PartialEq)]
enum Conditions {
    /// What is done about loss, faintness and noise.
    Repairs,
    /// What calls bring.
    Calls,
}

/// A clip as it arrives.
struct Arrived {
    condition: String,
    samples: Vec<i16>,
    /// Hz.
    rate: u32,
}

impl Arrived {
    fn new(condition: impl Into<String>, samples: Vec<i16>) -> Arrived {
        Arrived { condition: condition.into(), samples, rate: LINE_RATE }
    }
}

fn make(table: &str, folder: &str, count: usize, which: Conditions) -> Result<(), Failure> {
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
        let all = match which {
            Conditions::Repairs => repairs(&clip, &voices, number as u64),
            Conditions::Calls => calls(&clip, &voices, number as u64)?,
        };
        for Arrived { condition, samples, rate } in all {
            let path = format!("{condition}/{}", row.path);
            std::fs::create_dir_all(folder.join(&condition))?;
            std::fs::write(folder.join(&path), wav::write_mono(&samples, rate)?)?;
            let tier = if which == Conditions::Calls { format!("{} {condition}", row.tier) } else { condition };
            out += &format!("{path}\t{tier}\t{}\n", row.said);
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

/// The clip under each condition, and what may be done about it.
fn repairs(clip: &[i16], voices: &[Vec<i16>], seed: u64) -> Vec<Arrived> {
    let clean = alaw(clip);
    let mut all = vec![Arrived::new("clean", clean.clone())];
    for percent in [5, 10, 20] {
        // The same packets are lost whatever takes their place.
        let lost = lost(&clean, percent, seed);
        all.push(Arrived::new(format!("loss-{percent:02}-zeros"), with_losses(&clean, &lost, Fill::Zeros)));
        all.push(Arrived::new(format!("loss-{percent:02}-repetition"), with_losses(&clean, &lost, Fill::Repetition)));
        all.push(Arrived::new(format!("loss-{percent:02}-concealed"), with_losses(&clean, &lost, Fill::Concealed)));
    }
    all.push(Arrived::new("faint", alaw(&normalise_loudness(clip, LINE_RATE, -45.0, 0.0))));
    all.extend(noises(clip, voices, seed));
    all
}

/// The clip as calls bring it: as recorded, through each codec, with noise, with losses concealed.
fn calls(clip: &[i16], voices: &[Vec<i16>], seed: u64) -> Result<Vec<Arrived>, Failure> {
    let g711 = alaw(clip);
    let wide = resample_i16(clip, LINE_RATE, WIDE_RATE)?;
    let lost = lost(&g711, 5, seed);
    let mut all = vec![
        Arrived::new("recorded", clip.to_vec()),
        Arrived::new("g711", g711.clone()),
        Arrived { rate: WIDE_RATE, ..Arrived::new("g722", g722(&wide)?) },
        Arrived::new("loss-05", with_losses(&g711, &lost, Fill::Concealed)),
    ];
    all.extend(noises(clip, voices, seed));
    Ok(all)
}

/// Through A-law, with both kinds of noise.
fn noises(clip: &[i16], voices: &[Vec<i16>], seed: u64) -> Vec<Arrived> {
    let level = active_level_dbfs(clip, LINE_RATE);
    let mut all = Vec::new();
    for snr in [15, 10, 5] {
        let wanted = level - snr as f32;
        let (babble, street) = (babble(voices, clip.len(), seed), street_noise(clip.len(), seed));
        all.push(Arrived::new(format!("noise-{snr:02}-babble"), alaw(&mixed(clip, &babble, wanted))));
        all.push(Arrived::new(format!("noise-{snr:02}-street"), alaw(&mixed(clip, &street, wanted))));
    }
    all
}

/// Which packets are lost; in a chance of its own for each percentage.
fn lost(samples: &[i16], percent: u64, seed: u64) -> Vec<bool> {
    losses(samples.len().div_ceil(FRAME_SAMPLES), percent as f64 / 100.0, 1_000 * percent + seed)
}

/// There and back.
fn g722(samples: &[i16]) -> Result<Vec<i16>, Failure> {
    let (mut encoder, mut decoder) = (Encoder::new(Codec::G722), Decoder::new(Codec::G722));
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    for frame in samples.chunks_exact(WIDE_FRAME_SAMPLES) {
        payload.clear();
        encoder.encode(frame, &mut payload);
        decoder.decode(&payload, &mut out)?;
    }
    Ok(out)
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
