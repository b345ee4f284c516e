//! Speech or not: false and missed starts of turns by three detectors, for `make bench-vad`.
//!
//! `line_voice make FOLDER` writes scenes as a line brings them (A-law, 8 kHz): recorded speech over noise, and what is no
//! speech; `FOLDER/truth.tsv` tells where speech is (scene⇥from⇥to, ms).
//! `line_voice score FOLDER [SILERO]` prints what webrtc-vad alone, our detector and, from the lines "scene⇥start⇥end", Silero
//! VAD make of them: false starts an hour of the scene, how much of the time without speech a turn is under way, missed starts
//! per hundred sentences, processor time.

#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use allo_mairie::audio::level::active_level_dbfs;
use allo_mairie::audio::signals::{street_noise, tone, white_noise};
use allo_mairie::audio::{Codec, FRAME_SAMPLES, HoldMusic, LINE_RATE, g711, level, wav};
use allo_mairie::turn::{Detector, Event, Settings};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use webrtc_vad::{SampleRate, Vad, VadMode};

type Failure = Box<dyn Error>;
/// Stretches of speech, or turns: from and to, ms.
type Spans = Vec<(u64, u64)>;

/// Between two sentences, ms.
const BETWEEN: u64 = 2_000;
/// A scene without speech, ms.
const LENGTH: u64 = 240_000;
/// A start counts for a sentence from a little before its first sound to so long after it, ms …
const EARLY: u64 = 60;
const LATE: u64 = 1_000;
/// … and is not false until so long after its last, ms.
const AFTER: u64 = 300;
/// Of the recording, dBFS: what is louder is speech.
const SPEECH_DBFS: f32 = -48.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["make", folder] => make(Path::new(folder)),
        ["score", folder] => score(Path::new(folder), None),
        ["score", folder, silero] => score(Path::new(folder), Some(silero)),
        _ => Err("usage: line_voice make FOLDER | score FOLDER [SILERO]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let clips = sentences()?;
    let (clean, truth) = conversation(&clips);
    let mut scenes = vec![("speech-clean".to_owned(), with_noise(&clean, &line_noise(clean.len()), -65.0))];
    let speech_level = active_level_dbfs(&clean, LINE_RATE);
    for snr in [15, 10, 5] {
        let wanted = speech_level - snr as f32;
        for (name, noise) in [("street", street_noise(clean.len(), 1)), ("babble", babble(&clips, clean.len(), 1))] {
            scenes.push((format!("speech-{name}-{snr:02}"), with_noise(&clean, &noise, wanted)));
        }
    }
    let quiet = vec![0; LENGTH as usize * 8];
    for (name, noise, dbfs) in [
        ("silence", line_noise(quiet.len()), -65.0),
        ("noise-white", line_noise(quiet.len()), -40.0),
        ("noise-street", street_noise(quiet.len(), 2), -35.0),
        ("noise-babble", babble(&clips, quiet.len(), 2), -40.0),
    ] {
        scenes.push((name.to_owned(), with_noise(&quiet, &noise, dbfs)));
    }
    for (name, sound) in
        [("music", music()), ("clicks", clicks()), ("bursts", bursts()), ("keys", keys()), ("tones", tones())]
    {
        scenes.push((name.to_owned(), with_noise(&sound, &line_noise(sound.len()), -65.0)));
    }
    let mut table = String::new();
    for (name, samples) in scenes {
        let heard = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &samples));
        std::fs::write(folder.join(format!("{name}.wav")), wav::write_mono(&heard, LINE_RATE)?)?;
        if name.starts_with("speech") {
            truth.iter().for_each(|(from, to)| table += &format!("{name}\t{from}\t{to}\n"));
        }
    }
    std::fs::write(folder.join("truth.tsv"), table)?;
    Ok(())
}

/// The recorded sentences (tier B).
fn sentences() -> Result<Vec<Vec<i16>>, Failure> {
    let folder = ["../shared/data/speech", "../../shared/data/speech"].into_iter().map(Path::new).find(|f| f.exists());
    let folder = folder.ok_or("no recordings in ../shared/data/speech")?;
    let table = std::fs::read_to_string(folder.join("transcripts.tsv"))?;
    let paths = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        let (path, tier) = (fields.next()?, fields.next()?);
        (tier == "B").then_some(path)
    });
    paths.map(|path| Ok(wav::read(&std::fs::read(folder.join(path))?)?.samples)).collect()
}

/// One sentence after the other.
fn conversation(clips: &[Vec<i16>]) -> (Vec<i16>, Spans) {
    let (mut samples, mut truth) = (Vec::new(), Spans::new());
    for clip in clips {
        samples.extend(vec![0; BETWEEN as usize * 8]);
        let frames = clip.as_chunks::<FRAME_SAMPLES>().0;
        let loud = |frame: &[i16; FRAME_SAMPLES]| level::rms_dbfs(frame) > SPEECH_DBFS;
        if let (Some(first), Some(last)) = (frames.iter().position(loud), frames.iter().rposition(loud)) {
            let at = samples.len() as u64 / 8;
            truth.push((at + 20 * first as u64, at + 20 * (last as u64 + 1)));
        }
        samples.extend(clip);
    }
    samples.extend(vec![0; BETWEEN as usize * 8]);
    (samples, truth)
}

fn with_noise(samples: &[i16], noise: &[f32], dbfs: f32) -> Vec<i16> {
    let power = noise.iter().map(|s| s * s).sum::<f32>() / noise.len().max(1) as f32;
    let gain = 32_768.0 * 10f32.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
    samples.iter().zip(noise).map(|(&a, &b)| (f32::from(a) + gain * b) as i16).collect()
}

fn line_noise(length: usize) -> Vec<f32> {
    white_noise(LINE_RATE, -20.0, length as u64 / 8 + 1, 5).into_iter().take(length).map(f32::from).collect()
}

/// Six people talking at once.
fn babble(voices: &[Vec<i16>], length: usize, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sum = vec![0.0; length];
    for _ in 0..6 {
        let mut at = 0;
        while at < length {
            let voice = &voices[random.random_range(0..voices.len())];
            sum[at..].iter_mut().zip(voice).for_each(|(sum, sample)| *sum += f32::from(*sample));
            at += voice.len();
        }
    }
    sum
}

fn music() -> Vec<i16> {
    let music = HoldMusic::built_in();
    let frames = (0..LENGTH as usize / 20).flat_map(|n| music.line(n as u64).to_vec());
    frames.map(|sample| sample.saturating_mul(2)).collect()
}

/// A click of 2 ms every half second or so.
fn clicks() -> Vec<i16> {
    let mut random = StdRng::seed_from_u64(7);
    let mut samples = vec![0; LENGTH as usize * 8];
    let mut at = 0;
    while at + 16 < samples.len() {
        let peak = random.random_range(4_000..24_000);
        samples[at..at + 16].iter_mut().enumerate().for_each(|(n, s)| *s = if n % 2 == 0 { peak } else { -peak });
        at += random.random_range(1_500..7_000);
    }
    samples
}

/// Coughs, sneezes, doors, paper: noise of 60 to 350 ms through a resonance, every two seconds or so.
fn bursts() -> Vec<i16> {
    let mut random = StdRng::seed_from_u64(8);
    let mut samples = vec![0; LENGTH as usize * 8];
    let mut at = 4_000;
    while at + 4_000 < samples.len() {
        let length = random.random_range(480..2_800);
        let colour: f32 = random.random_range(0.0..0.9);
        let (mut state, peak) = (0.0f32, random.random_range(3_000.0..12_000.0f32));
        for (n, sample) in samples[at..at + length].iter_mut().enumerate() {
            state = colour * state + (1.0 - colour) * (random.random::<f32>() * 2.0 - 1.0);
            let fade = (-4.0 * n as f32 / length as f32).exp();
            *sample = (peak * fade * state) as i16;
        }
        at += random.random_range(8_000..24_000);
    }
    samples
}

/// Dialled keys.
fn keys() -> Vec<i16> {
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1209.0, 1336.0, 1477.0]);
    let key = |n: usize| {
        let pair = [tone(LINE_RATE, low[n % 4], -13.0, 120), tone(LINE_RATE, high[n % 3], -11.0, 120)];
        let both: Vec<i16> = pair[0].iter().zip(&pair[1]).map(|(a, b)| a.saturating_add(*b)).collect();
        [both, vec![0; 3_000]].concat()
    };
    (0..LENGTH as usize / 495).flat_map(key).collect()
}

/// Dial, ringing and busy tone of the French network (440 Hz), special information tone.
fn tones() -> Vec<i16> {
    let with_pause = |ms, pause: u64| [tone(LINE_RATE, 440.0, -15.0, ms), vec![0; pause as usize * 8]].concat();
    let information = || {
        [950.0, 1_400.0, 1_800.0]
            .map(|hertz| tone(LINE_RATE, hertz, -15.0, 330))
            .concat()
            .into_iter()
            .chain(vec![0; 8_000])
    };
    let mut samples = with_pause(20_000, 2_000);
    (0..20).for_each(|_| samples.extend(with_pause(1_500, 3_500)));
    (0..60).for_each(|_| samples.extend(with_pause(500, 500)));
    (0..20).for_each(|_| samples.extend(information()));
    samples
}

fn score(folder: &Path, silero: Option<&str>) -> Result<(), Failure> {
    let mut truth = BTreeMap::<String, Spans>::new();
    for line in std::fs::read_to_string(folder.join("truth.tsv"))?.lines() {
        let mut fields = line.split('\t');
        if let (Some(scene), Some(from), Some(to)) = (fields.next(), fields.next(), fields.next()) {
            truth.entry(scene.to_owned()).or_default().push((from.parse()?, to.parse()?));
        }
    }
    let mut theirs = BTreeMap::<String, Spans>::new();
    if let Some(silero) = silero {
        for line in std::fs::read_to_string(silero)?.lines() {
            let mut fields = line.split('\t');
            if let (Some(scene), Some(from), Some(to)) = (fields.next(), fields.next(), fields.next()) {
                theirs.entry(scene.to_owned()).or_default().push((from.parse()?, to.parse()?));
            }
        }
    }
    let mut scenes: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    scenes.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    scenes.sort();
    println!("false starts an hour / % of the time without speech taken for a turn / missed starts of 100");
    println!("{:<20}{:>18}{:>18}{:>18}", "scene", "webrtc-vad alone", "ours", "Silero VAD");
    let (mut seconds, mut spent) = (0.0, [0.0; 2]);
    for path in scenes {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let samples = wav::read(&std::fs::read(&path)?)?.samples;
        let length = samples.len() as u64 / 8;
        seconds += samples.len() as f64 / 8_000.0;
        let speech = truth.get(&name).cloned().unwrap_or_default();
        let mut row = format!("{name:<20}");
        for (spent, detect) in spent.iter_mut().zip([webrtc_alone, ours]) {
            let begun = Instant::now();
            let turns = detect(&samples);
            *spent += begun.elapsed().as_secs_f64();
            row += &format!("{:>18}", verdict(&turns, &speech, length));
        }
        if silero.is_some() {
            row += &format!("{:>18}", verdict(&theirs.remove(&name).unwrap_or_default(), &speech, length));
        }
        println!("{row}");
    }
    let [webrtc, ours] = spent.map(|spent| spent / seconds * 1_000.0);
    println!("{:<20}{webrtc:>15.3} ms{ours:>15.3} ms", "a second of sound");
    Ok(())
}

fn verdict(turns: &[(u64, u64)], speech: &[(u64, u64)], length: u64) -> String {
    let within = |at: u64, from: u64, to: u64| (from.saturating_sub(EARLY)..to).contains(&at);
    let wrong = turns.iter().filter(|(start, _)| !speech.iter().any(|(from, to)| within(*start, *from, to + AFTER)));
    let missed = speech.iter().filter(|(from, _)| !turns.iter().any(|(start, _)| within(*start, *from, from + LATE)));
    let wrong = wrong.count() as f64 * 3_600_000.0 / length as f64;
    // Half a second after speech belongs to it: the silence that ends a turn.
    let is_speech = |at: u64| speech.iter().any(|(from, to)| (*from..to + 600).contains(&at));
    let quiet: Vec<u64> = (0..length).step_by(20).filter(|at| !is_speech(*at)).collect();
    let taken = quiet.iter().filter(|at| turns.iter().any(|(start, end)| (start..end).contains(at))).count();
    let taken = taken as f64 * 100.0 / quiet.len().max(1) as f64;
    match speech.len() {
        0 => format!("{wrong:.0} / {taken:.0}"),
        sentences => format!("{wrong:.0} / {taken:.0} / {:.0}", missed.count() as f64 * 100.0 / sentences as f64),
    }
}

/// Three frames of five, as our detector's onset; over after half a second without.
fn webrtc_alone(samples: &[i16]) -> Spans {
    let mut vad = Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive);
    let (mut last, mut quiet, mut speaking) = (0u32, 0, false);
    let end = samples.len() as u64 / 8;
    let mut turns = Spans::new();
    for (n, frame) in samples.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        let voice = vad.is_voice_segment(frame).unwrap_or(false);
        last = last << 1 | u32::from(voice);
        quiet = if voice { 0 } else { quiet + 1 };
        if !speaking && (last & 0b11111).count_ones() >= 3 {
            speaking = true;
            turns.push((20 * (n as u64 + 1), end));
        } else if speaking && quiet == 25 {
            speaking = false;
            if let Some(turn) = turns.last_mut() {
                turn.1 = 20 * (n as u64 + 1);
            }
        }
    }
    turns
}

fn ours(samples: &[i16]) -> Spans {
    let mut detector = Detector::new(Settings::default());
    let end = samples.len() as u64 / 8;
    let mut turns = Spans::new();
    for (n, frame) in samples.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        detector.handle_frame(frame, None);
        while let Some(event) = detector.poll_event() {
            let now = 20 * (n as u64 + 1);
            match (event, turns.last_mut()) {
                (Event::Started, _) => turns.push((now, end)),
                (Event::Ended { .. }, Some(turn)) => turn.1 = now,
                _ => {}
            }
        }
    }
    turns
}
