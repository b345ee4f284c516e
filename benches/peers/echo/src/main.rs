//! Echoes of our own voice through the turn detector: how often they interrupt us, and how many interruptions of a
//! caller are missed; without help, with ours, with sonora's AEC3. Recorded speech, A-law, synthetic echo paths.
//!
//! `echo-peer FOLDER` (the recorded clips) prints a table, `echo-peer ours FOLDER` our part of it. `echo-peer denoise FOLDER` adds to what `line_audio make` has made
//! its noisy clips after sonora's noise suppression. `echo-peer keys FOLDER` counts the dialling keys found in recordings,
//! `echo-peer conceal FOLDER` times concealment.

#[allow(dead_code, reason = "the product's functions on samples; not all are needed here")]
#[path = "../../../../src/audio/mod.rs"]
mod audio;
#[allow(dead_code, reason = "the product's turn detector, without what judges words; not all of it is needed here")]
mod turn;

use std::path::Path;
use std::time::{Duration, Instant};

use audio::conceal::Concealer;
use audio::echo::EchoCanceller;
use audio::tones::KeyDetector;
use audio::{Codec, FRAME_SAMPLES, g711, level, wav};
use sonora::config::{Config, EchoCanceller as Aec3, NoiseSuppression};
use sonora::{AudioProcessing, StreamConfig};
use turn::{Detector, Event, Settings};

const RATE: usize = 8_000;
/// Active levels, dBFS.
const OUR_LEVEL: f32 = -20.0;
const CALLER_LEVEL: f32 = -26.0;
const NOISE: f64 = -62.0;
/// A caller interrupts every so many seconds.
const EVERY: usize = 8;
/// And is noticed within this after the first sound.
const NOTICED: usize = 3 * RATE / 2;

enum Helper {
    None,
    Ours(Box<EchoCanceller>),
    Sonora(Box<AudioProcessing>),
}

impl Helper {
    fn new(name: &str) -> Self {
        match name {
            "ours" => Helper::Ours(Box::default()),
            "sonora" => {
                let config = Config { echo_canceller: Some(Aec3::default()), ..Config::default() };
                let stream = StreamConfig::new(RATE as u32, 1);
                let apm =
                    AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build();
                Helper::Sonora(Box::new(apm))
            }
            _ => Helper::None,
        }
    }

    fn tick(&mut self, came: &mut [i16; FRAME_SAMPLES], goes: &[i16; FRAME_SAMPLES]) {
        match self {
            Helper::None => {}
            Helper::Ours(canceller) => {
                canceller.received(came);
                canceller.sent(goes);
            }
            Helper::Sonora(apm) => {
                let mut out = [0; 80];
                for half in 0..2 {
                    let range = half * 80..half * 80 + 80;
                    apm.process_capture_i16(&came[range.clone()], &mut out).expect("10 ms");
                    came[range.clone()].copy_from_slice(&out);
                    apm.process_render_i16(&goes[range], &mut out).expect("10 ms");
                }
            }
        }
    }
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn clips(folder: &Path, start: &str) -> Vec<Vec<i16>> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of clips")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "wav"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
        .collect();
    names.sort();
    let read = |path: &std::path::PathBuf| wav::read(&std::fs::read(path).expect("a clip")).expect("a WAV").samples;
    names.iter().map(read).collect()
}

fn spoken(clip: &[i16], level: f32) -> Vec<i16> {
    level::trim_silence(&level::normalise_loudness(clip, RATE as u32, level, -1.0), RATE as u32, 0)
}

fn alaw(samples: &[i16]) -> Vec<i16> {
    g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, samples))
}

/// Impulse response of unit energy, its first sample at no delay: a hybrid of 6 ms, or a room of 150 ms.
fn path(kind: &str) -> Vec<f64> {
    let (length, decay) = if kind == "room" { (RATE * 150 / 1_000, 0.025) } else { (48, 0.0015) };
    let mut source = Noise(77);
    let mut taps: Vec<f64> = (0..length).map(|n| source.next() * (-(n as f64) / (RATE as f64 * decay)).exp()).collect();
    taps[0] = if kind == "room" { 1.5 } else { 0.9 };
    let energy: f64 = taps.iter().map(|t| t * t).sum();
    taps.iter().map(|t| t / energy.sqrt()).collect()
}

struct Case {
    kind: &'static str,
    delay_ms: usize,
    level_db: f64,
    alaw: bool,
}

/// What the line brings in each sample: echo, noise, and the caller.
fn line(case: &Case, ours: &[i16], caller: &[i16]) -> Vec<i16> {
    let sent = if case.alaw { alaw(ours) } else { ours.to_vec() };
    let gain = 10f64.powf(case.level_db / 20.0);
    let taps = path(case.kind);
    let delay = case.delay_ms * RATE / 1_000;
    let mut source = Noise(5);
    let noise = 32_768.0 * 10f64.powf(NOISE / 20.0) * 3f64.sqrt();
    let came: Vec<i16> = (0..ours.len())
        .map(|n| {
            let mut sample = noise * source.next() + f64::from(caller[n]);
            if gain > 1e-4 {
                for (k, tap) in taps.iter().enumerate() {
                    if n >= delay + k {
                        sample += gain * tap * f64::from(sent[n - delay - k]);
                    }
                }
            }
            sample.round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect();
    if case.alaw { alaw(&came) } else { came }
}

/// Samples at which turns started, and the time the helper took.
fn run(name: &str, came: &[i16], ours: &[i16]) -> (Vec<usize>, Duration) {
    let mut helper = Helper::new(name);
    let mut detector = Detector::new(Settings::default());
    detector.set_agent_speaking(true);
    let (mut starts, mut busy) = (Vec::new(), Duration::ZERO);
    let frames = came.as_chunks::<FRAME_SAMPLES>().0.iter().zip(ours.as_chunks::<FRAME_SAMPLES>().0);
    for (n, (came, goes)) in frames.enumerate() {
        let mut frame = *came;
        let start = Instant::now();
        helper.tick(&mut frame, goes);
        busy += start.elapsed();
        detector.handle_frame(&frame, None);
        while let Some(event) = detector.poll_event() {
            if event == Event::Started {
                starts.push((n + 1) * FRAME_SAMPLES);
            }
        }
    }
    (starts, busy)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [folder] => compare(Path::new(folder), &["none", "ours", "sonora"]),
        [verb, folder] if verb == "ours" => compare(Path::new(folder), &["ours"]),
        [verb, folder] if verb == "denoise" => denoise(Path::new(folder)),
        [verb, folder] if verb == "conceal" => concealment(Path::new(folder)),
        [verb, folder] if verb == "keys" => keys(Path::new(folder)),
        _ => eprintln!(
            "usage: echo-peer FOLDER | echo-peer ours FOLDER | echo-peer denoise FOLDER | echo-peer keys FOLDER | echo-peer conceal FOLDER"
        ),
    }
}

/// Dialling keys found in recordings (8 kHz): there should be none in speech.
fn keys(folder: &Path) {
    let (mut found, mut seconds, mut busy) = (0, 0.0, Duration::ZERO);
    for clip in clips(folder, "") {
        let clip = alaw(&clip);
        let mut detector = KeyDetector::default();
        let start = Instant::now();
        let frames = clip.as_chunks::<FRAME_SAMPLES>().0.iter();
        found += frames.filter_map(|frame| detector.handle_frame(frame)).count();
        busy += start.elapsed();
        seconds += clip.len() as f64 / RATE as f64;
    }
    println!(
        "{found} keys in {seconds:.0} s; {:.2} ms of processor a second of audio",
        busy.as_secs_f64() * 1e3 / seconds
    );
}

/// What concealment costs at both rates, in whole frames of 20 ms.
fn concealment(folder: &Path) {
    let speech: Vec<i16> = clips(folder, "june_").into_iter().flatten().collect();
    for rate in [8_000, 16_000] {
        let frame = rate as usize / 50;
        let time = |every: usize| {
            let (mut sound, mut concealer) = (speech.clone(), Concealer::new(rate));
            let start = Instant::now();
            for (n, chunk) in sound.chunks_exact_mut(frame).enumerate() {
                if n % every == 1 { concealer.missing(chunk) } else { concealer.received(chunk) }
            }
            start.elapsed().as_secs_f64() * 1e6 / (speech.len() / frame) as f64
        };
        let best = |every: usize| (0..5).map(|_| time(every)).fold(f64::INFINITY, f64::min);
        let (good, half) = (best(usize::MAX), best(2));
        let lost = 2.0 * half - good;
        println!(
            "concealment at {rate} Hz: {good:.2} µs a good frame of 20 ms, {lost:.1} µs a lost one and its return"
        );
    }
}

/// The noisy clips of a table again, with their noise suppressed.
fn denoise(folder: &Path) {
    let table = folder.join("transcripts.tsv");
    let mut text = std::fs::read_to_string(&table).expect("the table");
    let mut more = String::new();
    let mut spent = Duration::ZERO;
    let mut seconds = 0.0;
    for line in text.lines().filter(|line| line.starts_with("noise-") && !line.contains("-sonora")) {
        let mut fields = line.split('\t');
        let (Some(path), Some(condition), Some(said)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let clip = wav::read(&std::fs::read(folder.join(path)).expect("a clip")).expect("a WAV").samples;
        let config = Config { noise_suppression: Some(NoiseSuppression::default()), ..Config::default() };
        let stream = StreamConfig::new(RATE as u32, 1);
        let mut apm = AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build();
        let mut out = clip.clone();
        let start = Instant::now();
        for (came, cleaned) in clip.chunks_exact(80).zip(out.chunks_exact_mut(80)) {
            apm.process_capture_i16(came, cleaned).expect("10 ms");
        }
        spent += start.elapsed();
        seconds += clip.len() as f64 / RATE as f64;
        let new = format!("{condition}-sonora");
        let target = path.replacen(condition, &new, 1);
        std::fs::create_dir_all(folder.join(&new)).expect("a folder");
        std::fs::write(folder.join(&target), wav::write_mono(&out, RATE as u32).expect("a WAV")).expect("written");
        more += &format!("{target}\t{new}\t{said}\n");
    }
    text += &more;
    std::fs::write(table, text).expect("written");
    println!("noise suppression: {:.2} ms of processor a second of audio", spent.as_secs_f64() * 1e3 / seconds);
}

fn compare(folder: &Path, helpers: &[&str]) {
    // Sentences of ours, with a breath between them.
    let mut ours = Vec::new();
    for clip in clips(folder, "june_").iter().take(60) {
        ours.extend(spoken(clip, OUR_LEVEL));
        ours.extend(vec![0; RATE * 240 / 1_000]);
    }
    ours.truncate(ours.len() / FRAME_SAMPLES * FRAME_SAMPLES);
    let minutes = ours.len() as f64 / RATE as f64 / 60.0;
    let mut caller = vec![0; ours.len()];
    let mut onsets = Vec::new();
    let says = clips(folder, "june_");
    for (n, clip) in says.iter().rev().cycle().enumerate() {
        let at = (2 + n * EVERY) * RATE + n * 977;
        let clip = spoken(clip, CALLER_LEVEL);
        let clip = &clip[..clip.len().min(4 * RATE)];
        let Some(place) = caller.get_mut(at..at + clip.len()) else { break };
        place.copy_from_slice(clip);
        onsets.push(at);
    }
    let silence = vec![0; ours.len()];
    println!(
        "{minutes:.1} minutes of our own voice at {OUR_LEVEL} dBFS; {} interruptions at {CALLER_LEVEL} dBFS",
        onsets.len()
    );
    println!(
        "false: turns started by the echo, a minute. missed: interruptions not noticed within 1.5 s. delay: median.\n"
    );
    println!("{:<34}{}", "", helpers.iter().map(|name| format!("{name:>26}")).collect::<String>());
    println!("{:<34}{}", "path, delay, level", "    false  missed   delay ".repeat(helpers.len()));
    let mut busy = vec![Duration::ZERO; helpers.len()];
    let mut heard = 0.0;
    let mut cases = vec![Case { kind: "none", delay_ms: 0, level_db: -200.0, alaw: true }];
    for alaw in [false, true] {
        for delay_ms in [20, 60, 150, 400] {
            for level_db in [-6.0, -12.0, -20.0, -30.0] {
                cases.push(Case { kind: "hybrid", delay_ms, level_db, alaw });
            }
        }
    }
    for level_db in [-12.0, -20.0, -30.0] {
        cases.push(Case { kind: "room", delay_ms: 150, level_db, alaw: true });
    }
    for case in &cases {
        let alone = line(case, &ours, &silence);
        let both = line(case, &ours, &caller);
        let mut row = String::new();
        for (n, name) in helpers.iter().enumerate() {
            let (starts, spent) = run(name, &alone, &ours);
            busy[n] += spent;
            let falsely = starts.len() as f64 / minutes;
            let (starts, spent) = run(name, &both, &ours);
            busy[n] += spent;
            let noticed =
                |onset: &usize| starts.iter().find(|at| (*onset..onset + NOTICED).contains(at)).map(|at| at - onset);
            let mut delays: Vec<usize> = onsets.iter().filter_map(noticed).collect();
            delays.sort_unstable();
            let missed = onsets.len() - delays.len();
            let delay = delays.get(delays.len() / 2).map_or("-".to_owned(), |at| format!("{} ms", at * 1_000 / RATE));
            row += &format!("{falsely:>9.1}{missed:>8}{delay:>9}");
        }
        heard += 2.0 * minutes * 60.0;
        let law = if case.alaw { "A-law" } else { "linear" };
        println!("{:<34}{row}", format!("{}, {}, {} ms, {} dB", case.kind, law, case.delay_ms, case.level_db));
    }
    for (name, busy) in helpers.iter().zip(busy) {
        println!("{name}: {:.2} ms of processor a second of audio", busy.as_secs_f64() * 1e3 / heard);
    }
}
