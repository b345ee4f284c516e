//! Measures the recogniser where nobody listens for words.
//!
//! ```text
//! recogniser inventions MODEL MINUTES CLIPS   words made of silence, noise, tones, music and babble, an hour
//! recogniser listening MODEL MINUTES CLIPS    the same, of what the voice detection lets pass, as a call hears it
//! recogniser abandon MODEL TRIALS CLIP        how long an abandoned recognition goes on
//! recogniser languages MODEL TRIALS CLIP      what telling the language costs
//! ```
//!
//! On THREADS threads, 2 without it. PROMPT is what the recogniser is told to expect.
//! CLIPS is a folder of recorded speech (WAV, 8 kHz): played backwards, several at once, it is the babble of a room.

#![cfg_attr(feature = "whisper", expect(clippy::disallowed_methods, reason = "measures time"))]

#[cfg(not(feature = "whisper"))]
fn main() {
    eprintln!("built without the recogniser");
}

#[cfg(feature = "whisper")]
fn main() -> std::process::ExitCode {
    measure::main()
}

#[cfg(feature = "whisper")]
mod measure {
    use std::collections::BTreeMap;
    use std::error::Error;
    use std::f64::consts::TAU;
    use std::path::Path;
    use std::process::ExitCode;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use allo_mairie::audio::{Codec, FRAME_MS, FRAME_SAMPLES, HoldMusic, LINE_RATE, g711, signals, wav};
    use allo_mairie::speech::recogniser::gates::{compression_ratio, judge};
    use allo_mairie::speech::recogniser::{WhisperModel, WhisperRecogniser};
    use allo_mairie::speech::{Recogniser, Utterance};
    use allo_mairie::turn::{Answer, Detector, Event, Settings};

    type Failure = Box<dyn Error>;

    pub fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let outcome = match arguments.as_slice() {
            ["inventions", model, minutes, clips] => inventions(model, minutes, clips),
            ["listening", model, minutes, clips] => listening(model, minutes, clips),
            ["abandon", model, trials, clip] => abandon(model, trials, clip),
            ["languages", model, trials, clip] => languages(model, trials, clip),
            _ => Err("see the first lines of examples/recogniser.rs".into()),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn open(model: &str) -> Result<WhisperRecogniser, Failure> {
        let threads = std::env::var("THREADS").map_or(Ok(2), |threads| threads.parse())?;
        Ok(WhisperRecogniser::new(&WhisperModel::load(Path::new(model))?, threads)?)
    }

    fn read(path: &Path) -> Result<Vec<i16>, Failure> {
        let clip = wav::read(&std::fs::read(path)?)?;
        if clip.rate != LINE_RATE {
            return Err(format!("{} is not at 8 kHz", path.display()).into());
        }
        Ok(clip.samples)
    }

    /// Every WAV of a folder.
    fn read_all(folder: &str) -> Result<Vec<Vec<i16>>, Failure> {
        let mut paths: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
        paths.sort();
        let clips = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        if clips.is_empty() { Err("no clips".into()) } else { Ok(clips) }
    }

    fn utterance(samples: Vec<i16>) -> Utterance {
        Utterance { samples: samples.into(), rate: LINE_RATE, language: "fr".into(), ..Utterance::default() }
    }

    /// Numbers that look random and are always the same.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
        }

        fn between(&mut self, low: f64, high: f64) -> f64 {
            low + (high - low) * self.next()
        }
    }

    fn at_level(samples: impl Iterator<Item = f64>, dbfs: f64) -> Vec<i16> {
        let samples: Vec<f64> = samples.collect();
        let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64;
        let gain = 32_768.0 * 10_f64.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
        samples.iter().map(|sample| (sample * gain).clamp(-32_767.0, 32_767.0) as i16).collect()
    }

    /// One sound of a kind, so many samples long.
    fn sound(kind: &str, length: usize, random: &mut Random, clips: &[Vec<i16>]) -> Vec<i16> {
        let rate = f64::from(LINE_RATE);
        let ms = (length * 1_000 / LINE_RATE as usize) as u64;
        let seed = (random.next() * 1e9) as u64;
        let level = random.between(-50.0, -18.0);
        match kind {
            "silence" => signals::white_noise(LINE_RATE, random.between(-75.0, -50.0), ms, seed),
            "white noise" => signals::white_noise(LINE_RATE, level, ms, seed),
            // Traffic, wind: power falls with frequency and comes in gusts.
            "street" => {
                let (mut low, mut gust) = (0.0, 0.0);
                at_level(
                    (0..length).map(|_| {
                        low = 0.97 * low + random.between(-1.0, 1.0);
                        gust = 0.9997 * gust + random.between(-1.0, 1.0);
                        low * (1.0 + 0.02 * gust).abs()
                    }),
                    level,
                )
            }
            "breath" => {
                let every = random.between(2.0, 4.0);
                let mut last = 0.0;
                at_level(
                    (0..length).map(|n| {
                        let noise = random.between(-1.0, 1.0);
                        last = 0.6 * last + noise;
                        last * (TAU * n as f64 / rate / every).sin().max(0.0).powi(2)
                    }),
                    level,
                )
            }
            "clicks" => {
                let level = random.between(-45.0, -25.0);
                let click = |_| if random.next() < 0.0006 { random.between(-1.0, 1.0) } else { 0.0003 };
                at_level((0..length).map(click), level)
            }
            "hum" => {
                let base = if random.next() < 0.5 { 50.0 } else { 100.0 };
                at_level(
                    (0..length).map(|n| {
                        let phase = TAU * base * n as f64 / rate;
                        phase.sin() + 0.5 * (3.0 * phase).sin() + 0.3 * (5.0 * phase).sin()
                    }),
                    level,
                )
            }
            // Ringing, busy, dialling: E.180, and keys.
            "tones" => {
                let pairs = [(440.0, 0.0, 1.5, 3.5), (440.0, 0.0, 0.5, 0.5), (425.0, 0.0, 9.0, 0.0)];
                let keys = [(697.0, 1_209.0, 0.1, 0.1), (941.0, 1_336.0, 0.1, 0.1), (852.0, 1_477.0, 0.2, 0.3)];
                let all: Vec<_> = pairs.into_iter().chain(keys).collect();
                let (first, second, on, off) = all[(random.next() * all.len() as f64) as usize];
                at_level(
                    (0..length).map(|n| {
                        let t = n as f64 / rate;
                        let tone = (TAU * first * t).sin() + if second > 0.0 { (TAU * second * t).sin() } else { 0.0 };
                        if t % (on + off) < on { tone } else { 0.0 }
                    }),
                    random.between(-30.0, -12.0),
                )
            }
            "hold music" => {
                let (music, from) = (HoldMusic::built_in(), (random.next() * 1_000.0) as u64);
                let frames = (from..).flat_map(|n| music.line(n));
                at_level(frames.take(length).map(f64::from), level)
            }
            // Chords that change, with harmonics and a beat.
            "music" => {
                let (beat, mut chord) = (random.between(0.3, 0.7), [220.0; 3]);
                let mut current = usize::MAX;
                at_level(
                    (0..length).map(|n| {
                        let t = n as f64 / rate;
                        let bar = (t / beat) as usize;
                        if bar != current {
                            current = bar;
                            let root = 110.0 * 2_f64.powf((random.next() * 24.0).floor() / 12.0);
                            chord = [root, root * 1.26, root * 1.498];
                        }
                        let fall = (-(t % beat) * 3.0).exp();
                        chord.iter().map(|f| (TAU * f * t).sin() + 0.4 * (TAU * 2.0 * f * t).sin()).sum::<f64>() * fall
                    }),
                    level,
                )
            }
            // Several voices at once, backwards: the sounds of speech without its words.
            _ => {
                let mut mixed = vec![0.0; length];
                for _ in 0..5 {
                    let mut at = 0;
                    while at < length {
                        let clip = &clips[(random.next() * clips.len() as f64) as usize];
                        for (sum, sample) in mixed[at..].iter_mut().zip(clip.iter().rev()) {
                            *sum += f64::from(*sample);
                        }
                        at += clip.len().max(1);
                    }
                }
                at_level(mixed.into_iter(), level)
            }
        }
    }

    const KINDS: [&str; 10] =
        ["silence", "white noise", "street", "breath", "clicks", "hum", "tones", "hold music", "music", "babble"];

    /// Every kind of sound in turn, 1 to 8 s each, through A-law, into the recogniser as if it were an utterance.
    fn inventions(model: &str, minutes: &str, folder: &str) -> Result<(), Failure> {
        let mut recogniser = open(model)?;
        let prompt = std::env::var("PROMPT").unwrap_or_default();
        let clips = read_all(folder)?;
        let longest = Duration::from_secs_f64(minutes.parse::<f64>()? * 60.0);
        let (mut random, mut heard) = (Random(1), Duration::ZERO);
        // Seconds, windows, words before and behind the gates.
        let mut table: BTreeMap<&str, (f64, u32, usize, usize)> = BTreeMap::new();
        'all: loop {
            for kind in KINDS {
                if heard >= longest {
                    break 'all;
                }
                let length = (random.between(1.0, 8.0) * f64::from(LINE_RATE)) as usize;
                let plain = sound(kind, length, &mut random, &clips);
                let samples = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &plain));
                let said = Utterance { prompt: prompt.clone(), ..utterance(samples) };
                let raw = recogniser.decode_raw(&said)?;
                let believed = recogniser.recognise(&said, &AtomicBool::new(false))?.text;
                let row = table.entry(kind).or_default();
                row.0 += said.length().as_secs_f64();
                row.1 += 1;
                row.2 += raw.text.split_whitespace().count();
                row.3 += believed.split_whitespace().count();
                heard += said.length();
                if !raw.text.is_empty() {
                    println!(
                        "{kind}\t{}\t{:.2}\t{:.2}\t{:.2}\t{:.1}\t{:?}\t{}\t{believed}",
                        if believed.is_empty() { "dropped" } else { "BELIEVED" },
                        raw.no_speech,
                        raw.confidence,
                        raw.log_probability,
                        compression_ratio(&raw.text),
                        judge(raw.evidence(), &prompt).err(),
                        raw.text
                    );
                }
            }
        }
        println!("kind\tminutes\twindows\twords before the gates an hour\twords an hour");
        let hour = |words: usize, seconds: f64| words as f64 * 3_600.0 / seconds.max(1.0);
        let mut sum = (0.0, 0, 0);
        for (kind, (seconds, windows, before, behind)) in table {
            let (minutes, raw, words) = (seconds / 60.0, hour(before, seconds), hour(behind, seconds));
            println!("{kind}\t{minutes:.1}\t{windows}\t{raw:.0}\t{words:.0}");
            sum = (sum.0 + seconds, sum.1 + before, sum.2 + behind);
        }
        println!("all\t{:.1}\t\t{:.0}\t{:.0}", sum.0 / 60.0, hour(sum.1, sum.0), hour(sum.2, sum.0));
        Ok(())
    }

    /// Every kind of sound in turn, 20 to 40 s each, through A-law and the voice detection of an open question; what it takes
    /// for a turn goes to the recogniser, as in a call.
    fn listening(model: &str, minutes: &str, folder: &str) -> Result<(), Failure> {
        #[derive(Default)]
        struct Row {
            frames: usize,
            turns: usize,
            words: usize,
        }
        let mut recogniser = open(model)?;
        let clips = read_all(folder)?;
        let frames = (minutes.parse::<f64>()? * 60_000.0 / FRAME_MS as f64) as usize;
        let mut random = Random(7);
        let mut table: BTreeMap<&str, Row> = BTreeMap::new();
        for kind in KINDS.into_iter().cycle() {
            if table.values().map(|row| row.frames).sum::<usize>() >= frames {
                break;
            }
            let length = (random.between(20.0, 40.0) * f64::from(LINE_RATE)) as usize;
            let plain = sound(kind, length, &mut random, &clips);
            let samples = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &plain));
            // A line without any sound behind it, so that what has begun ends.
            let rest = vec![0; LINE_RATE as usize * 3];
            let row = table.entry(kind).or_default();
            row.frames += samples.len() / FRAME_SAMPLES;
            let mut detector = Detector::new(Settings::default());
            detector.set_patience(Answer::Open.patience());
            for frame in [samples, rest].concat().as_chunks::<FRAME_SAMPLES>().0 {
                detector.handle_frame(frame, None);
                while let Some(event) = detector.poll_event() {
                    let Event::Ended { sound, .. } = event else { continue };
                    let said = utterance(sound.samples.to_vec());
                    let text = recogniser.recognise(&said, &AtomicBool::new(false))?.text;
                    row.turns += 1;
                    row.words += text.split_whitespace().count();
                    if !text.is_empty() {
                        println!("{kind}\t{:.1} s\t{text}", said.length().as_secs_f64());
                    }
                }
            }
        }
        println!("kind\tminutes\tturns\twords\twords an hour");
        let mut all = Row::default();
        let print = |kind: &str, row: &Row| {
            let minutes = row.frames as f64 * FRAME_MS as f64 / 60_000.0;
            let hour = row.words as f64 * 60.0 / minutes.max(0.1);
            println!("{kind}\t{minutes:.1}\t{}\t{}\t{hour:.0}", row.turns, row.words);
        };
        for (kind, row) in &table {
            print(kind, row);
            if *kind != "babble" {
                all =
                    Row { frames: all.frames + row.frames, turns: all.turns + row.turns, words: all.words + row.words };
            }
        }
        print("all but babble", &all);
        Ok(())
    }

    fn quantile(sorted: &[f64], share: f64) -> f64 {
        let rank = (sorted.len() as f64 * share).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    fn print(what: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let [p50, p95, most] = [0.5, 0.95, 1.0].map(|share| quantile(&times, share) * 1_000.0);
        println!("{what}\t{} times\tp50 {p50:.0} ms\tp95 {p95:.0} ms\tmax {most:.0} ms", times.len());
    }

    /// Abandons recognitions at every point of their time, and sees how long they go on.
    fn abandon(model: &str, trials: &str, clip: &str) -> Result<(), Failure> {
        let (mut recogniser, trials) = (open(model)?, trials.parse::<u32>()?);
        let said = utterance(read(Path::new(clip))?);
        let mut whole = Vec::new();
        for _ in 0..5 {
            whole.push(recogniser.recognise(&said, &AtomicBool::new(false))?.elapsed.as_secs_f64());
        }
        whole.sort_by(f64::total_cmp);
        let usual = quantile(&whole, 0.5);
        print("whole", whole);
        let mut after = Vec::new();
        for trial in 0..trials {
            let share = f64::from(trial) / f64::from(trials);
            let abandoned = AtomicBool::new(false);
            let (asked, stopped) = std::thread::scope(|scope| {
                let (recogniser, said, flag) = (&mut recogniser, &said, &abandoned);
                let work = scope.spawn(move || (recogniser.recognise(said, flag).is_err(), Instant::now()));
                std::thread::sleep(Duration::from_secs_f64(usual * share));
                abandoned.store(true, Ordering::Relaxed);
                (Instant::now(), work.join())
            });
            if let Ok((true, at)) = stopped {
                after.push(at.saturating_duration_since(asked).as_secs_f64());
            }
        }
        print("abandoned", after);
        Ok(())
    }

    /// The same clip with one language and with two that are possible, by turns.
    fn languages(model: &str, trials: &str, clip: &str) -> Result<(), Failure> {
        let mut recogniser = open(model)?;
        let one = utterance(read(Path::new(clip))?);
        let two = Utterance { others: vec!["en".into()], ..one.clone() };
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..trials.parse::<u32>()? {
            for (said, times) in [&one, &two].into_iter().zip(&mut times) {
                times.push(recogniser.recognise(said, &AtomicBool::new(false))?.elapsed.as_secs_f64());
            }
        }
        let [one, two] = times;
        print("one language", one);
        print("two languages", two);
        Ok(())
    }
}
