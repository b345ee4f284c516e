//! The voice measured, for `make bench-tts`.
//!
//! `voice_bench make FOLDER COUNT`  speaks COUNT sentences of the dialplan into FOLDER (8 kHz), with their table for
//!     `allo-mairie transcribe --score` and a list for the Python peer; prints delays, real-time factor, the slower pace.
//! `voice_bench table FOLDER NAME…` adds another tool's files, `NAME/…wav` for each of ours, to the table.
//! `voice_bench phones HEARD.json`  phones that were misheard, of what `transcribe --score … --json` has written: what sounds
//!     alike is no mistake of the voice.
//! `voice_bench prosody`            pauses by punctuation, and where the pitch ends.
//! `voice_bench sound FOLDER…`      loudness, true peaks and ends of every WAV below, by sampling rate.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use allo_mairie::audio::level::{active_level_dbfs, rms_dbfs};
use allo_mairie::audio::loudness::{integrated_lufs, true_peak_dbtp};
use allo_mairie::audio::{LINE_RATE, wav};
use allo_mairie::dialogue::{Phrases, fixed_sentences};
use allo_mairie::speech::recogniser::score::distance;
use allo_mairie::speech::speaker::pause_between;
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
        ["phones", heard] => phones(Path::new(heard)),
        ["prosody"] => prosody(),
        ["sound", folders @ ..] if !folders.is_empty() => sound(folders),
        _ => Err(
            "usage: voice_bench make FOLDER COUNT | table FOLDER NAME… | phones HEARD.json | prosody | sound FOLDER…"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `count` of the French sentences that the service prepares, spread over all of them: another language has another voice.
fn sentences(count: usize) -> Result<Vec<String>, Failure> {
    let (plan, _) = dialplan::parse(&files::read_dialplan(Path::new(DIALPLAN))?);
    let plan = plan.ok_or("the dialplan has errors")?;
    let fixed = fixed_sentences(&plan, &Phrases::built_in()).into_iter();
    let all: Vec<String> = fixed.filter_map(|(language, text)| (language.0 == "fr").then_some(text)).collect();
    let count = count.min(all.len());
    Ok((0..count).map(|index| all[index * all.len() / count].clone()).collect())
}

fn voice_unopened(lexicon: Arc<Lexicon>) -> Result<PiperVoice, Failure> {
    let files = VoiceFiles::of(Path::new(VOICE), Path::new(RUNTIME));
    Ok(PiperVoice::open(files, "fr", 0, lexicon, THREADS)?)
}

fn voice(lexicon: Arc<Lexicon>) -> Result<PiperVoice, Failure> {
    let mut voice = voice_unopened(lexicon)?;
    voice.warm_up()?;
    Ok(voice)
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
    let mut voice = voice(lexicon.clone())?;
    for name in ["ours", "slow", "clauses"] {
        fs::create_dir_all(folder.join(name))?;
    }
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
        let name = format!("{index:03}.wav");
        if parts.len() > 1 {
            let (joined, first) = by_clauses(&mut voice, &parts)?;
            times.first.push(first);
            times.of_these.push(whole);
            fs::write(folder.join("clauses").join(&name), wav::write_mono(&joined, LINE_RATE)?)?;
        }
        fs::write(folder.join("ours").join(&name), wav::write_mono(&line.samples, LINE_RATE)?)?;
        let slow = voice.speak(text, Pace::Slow)?.at(LINE_RATE)?;
        times.slower.push(slow.duration().as_secs_f64() / length);
        fs::write(folder.join("slow").join(&name), wav::write_mono(&slow.samples, LINE_RATE)?)?;
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

/// The sentence clause by clause, as a call says one that is not kept; also the time until the first is there.
fn by_clauses(voice: &mut PiperVoice, parts: &[&str]) -> Result<(Vec<i16>, f64), Failure> {
    let mut joined = Vec::new();
    let mut first = None;
    for (index, part) in parts.iter().enumerate() {
        let (spoken, taken) = timed(|| voice.speak(part, Pace::Normal));
        first.get_or_insert(taken);
        joined.extend_from_slice(&spoken?.at(LINE_RATE)?.samples);
        if index + 1 < parts.len() {
            let pause = pause_between(part).as_secs_f64() * f64::from(LINE_RATE);
            joined.resize(joined.len() + pause as usize, 0);
        }
    }
    Ok((joined, first.unwrap_or_default()))
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

/// How many phones of what was said are others in what was heard, by tier.
fn phones(heard: &Path) -> Result<(), Failure> {
    #[derive(Default)]
    struct Tier {
        utterances: usize,
        alike: usize,
        phones: usize,
        errors: usize,
    }
    let voice = voice_unopened(Arc::new(Lexicon::parse(&fs::read_to_string(LEXICON)?)?))?;
    let report: serde_json::Value = serde_json::from_slice(&fs::read(heard)?)?;
    let mut tiers: BTreeMap<&str, Tier> = BTreeMap::new();
    for row in report["utterances"].as_array().ok_or("no utterances")? {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let said = voice.phones(&text(&row["said"]))?;
        let heard = voice.phones(&text(&row["heard"]["allo-mairie"]))?;
        let errors = distance(&said, &heard);
        let tier = tiers.entry(row["tier"].as_str().unwrap_or_default()).or_default();
        tier.utterances += 1;
        tier.alike += usize::from(errors == 0);
        tier.phones += said.len();
        tier.errors += errors;
    }
    println!("| spoken by | sentences | phones | phone error rate | heard alike |\n|---|---|---|---|---|");
    for (name, Tier { utterances, alike, phones, errors }) in tiers {
        let (rate, share) = (errors as f64 / phones as f64, 100.0 * alike as f64 / utterances as f64);
        println!("| {name} | {utterances} | {phones} | {rate:.3} | {alike} ({share:.0} %) |");
    }
    Ok(())
}

/// Two clauses with each mark between them, and with none; the marks stand for `{}`.
const PAUSED: [&str; 6] = [
    "La mairie est ouverte le matin{} le service technique est fermé",
    "Apportez votre carte{} votre photo et un justificatif",
    "Le passeport est gratuit{} la carte demande un timbre fiscal",
    "Nos bureaux sont ici{} la poste se trouve en face",
    "Tapez la touche un{} puis attendez un instant",
    "Je note votre demande{} un agent vous rappelle demain",
];
/// Said as a statement and as a question.
const ASKED: [&str; 6] = [
    "Vous avez rendez-vous",
    "C'est bien cela",
    "Voulez-vous que je vous le passe",
    "La personne est née à Saint-Germain",
    "Souhaitez-vous un agent",
    "Vous habitez à Fourqueux",
];

fn prosody() -> Result<(), Failure> {
    let mut voice = voice(Arc::default())?;
    println!("| between two clauses | mean, ms | range, ms |\n|---|---|---|");
    for mark in ["", ",", " ;", " :", ".", "…"] {
        let mut pauses = Vec::new();
        for text in PAUSED {
            let sound = voice.speak(&(text.replace("{}", mark) + "."), Pace::Normal)?;
            pauses.push(longest_pause(&sound.samples, sound.rate));
        }
        pauses.sort_by(f64::total_cmp);
        let mean = pauses.iter().sum::<f64>() / pauses.len() as f64;
        let shown = if mark.is_empty() { "nothing" } else { mark.trim() };
        println!("| `{shown}` | {mean:.0} | {:.0}–{:.0} |", pauses[0], pauses[pauses.len() - 1]);
    }
    let mut list = Vec::new();
    let sound = voice.speak("Vous pouvez dire : état civil, passeport, déchets ou horaires.", Pace::Normal)?;
    list.extend(pauses(&sound.samples, sound.rate).into_iter().map(|pause| format!("{pause:.0}")));
    println!("A list of four, pauses over 60 ms: {} ms.", list.join(", "));
    println!("| ends in | last 250 ms to the sentence's median pitch, semitones |\n|---|---|");
    for mark in [".", " ?"] {
        let mut rises = Vec::new();
        for text in ASKED {
            let sound = voice.speak(&format!("{text}{mark}"), Pace::Normal)?;
            rises.extend(final_pitch(&sound.samples, sound.rate));
        }
        let mean = rises.iter().sum::<f64>() / rises.len().max(1) as f64;
        let shown: Vec<String> = rises.iter().map(|rise| format!("{rise:+.1}")).collect();
        println!("| `{}` | {mean:+.1} ({}) |", mark.trim(), shown.join(", "));
    }
    Ok(())
}

/// Runs of 10 ms more than 35 dB below the active level, over 60 ms, without the ends; ms.
fn pauses(samples: &[i16], rate: u32) -> Vec<f64> {
    let window = rate as usize / 100;
    let threshold = active_level_dbfs(samples, rate) - 35.0;
    let quiet: Vec<bool> = samples.chunks(window).map(|chunk| rms_dbfs(chunk) < threshold).collect();
    let mut runs = Vec::new();
    let mut run = 0_u32;
    let mut has_begun = false;
    for is_quiet in quiet {
        if is_quiet {
            run += 1;
        } else {
            if has_begun && run > 6 {
                runs.push(f64::from(run) * 10.0);
            }
            has_begun = true;
            run = 0;
        }
    }
    runs
}

fn longest_pause(samples: &[i16], rate: u32) -> f64 {
    pauses(samples, rate).into_iter().fold(0.0, f64::max)
}

/// Median pitch of the last 250 ms of voiced sound against that of all, semitones.
fn final_pitch(samples: &[i16], rate: u32) -> Option<f64> {
    let window = rate as usize / 25;
    let hop = rate as usize / 100;
    let pitches: Vec<f64> = (0..samples.len().saturating_sub(window))
        .step_by(hop)
        .filter_map(|at| pitch(&samples[at..at + window], rate))
        .collect();
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    };
    let last = median(&pitches[pitches.len().saturating_sub(25)..])?;
    Some(12.0 * (last / median(&pitches)?).log2())
}

/// Pitch of a voiced window, 100–400 Hz, by normalised autocorrelation.
fn pitch(window: &[i16], rate: u32) -> Option<f64> {
    let samples: Vec<f64> = window.iter().map(|sample| f64::from(*sample)).collect();
    if rms_dbfs(window) < -40.0 {
        return None;
    }
    let correlation = |lag: usize| {
        let (a, b) = (&samples[..samples.len() - lag], &samples[lag..]);
        let energy = |part: &[f64]| part.iter().map(|sample| sample * sample).sum::<f64>();
        let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        product / (energy(a) * energy(b)).sqrt().max(1.0)
    };
    let lags = rate as usize / 400..=rate as usize / 100;
    let best = lags.clone().map(&correlation).fold(0.0, f64::max);
    // The shortest lag that is nearly as good: not twice the period.
    let lag = lags.into_iter().find(|lag| correlation(*lag) > 0.9 * best)?;
    let lag = (lag..lag + rate as usize / 1000).max_by(|a, b| correlation(*a).total_cmp(&correlation(*b)))?;
    (best > 0.6).then(|| f64::from(rate) / lag as f64)
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
