//! The turn detector on recorded French at telephone band (`../shared/data/speech`, or where
//! `ALLO_MAIRIE_RECORDINGS` says; skipped when it is not there).

use std::path::PathBuf;

use allo_mairie::audio::{Codec, FRAME_SAMPLES, LINE_RATE, g711, level, wav};
use allo_mairie::turn::{Detector, Event, Patience, Settings};

/// Silence of the line before and after each clip.
const LEAD_MS: usize = 600;
const TAIL_MS: usize = 2_500;

struct Recording {
    name: String,
    samples: Vec<i16>,
}

/// The clips, or `None` with a printed line.
fn recordings() -> Option<Vec<Recording>> {
    let directory = std::env::var_os("ALLO_MAIRIE_RECORDINGS").unwrap_or_else(|| "../shared/data/speech".into());
    let directory = PathBuf::from(directory);
    let Ok(entries) = std::fs::read_dir(&directory) else {
        println!("skipped: {} is not here", directory.display());
        return None;
    };
    let mut recordings: Vec<Recording> = entries
        .map(|entry| entry.expect("directory entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "wav"))
        .map(|path| {
            let clip = wav::read(&std::fs::read(&path).expect("readable clip")).expect("WAV");
            assert_eq!(clip.rate, LINE_RATE, "{}", path.display());
            Recording { name: path.file_stem().unwrap_or_default().to_string_lossy().into(), samples: clip.samples }
        })
        .collect();
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(recordings.len() > 100, "only {} clips", recordings.len());
    Some(recordings)
}

/// Background noise of a quiet line, about -65 dBFS, from a fixed seed.
fn line_noise(samples: usize) -> Vec<i16> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % 65) as i16 - 32
        })
        .collect()
}

/// First and last sample of a clip's sound: 10 ms windows within 25 dB of its speech level.
fn extent(samples: &[i16]) -> (usize, usize) {
    let window = LINE_RATE as usize / 100;
    let threshold = level::active_level_dbfs(samples, LINE_RATE) - 25.0;
    let loud: Vec<bool> = samples.chunks(window).map(|chunk| level::rms_dbfs(chunk) >= threshold).collect();
    let first = loud.iter().position(|l| *l).expect("a clip with sound");
    let last = loud.iter().rposition(|l| *l).expect("a clip with sound");
    (first * window, (last + 1) * window)
}

#[derive(Default)]
struct Turns {
    /// Sample at which each utterance begins, the pre-roll included.
    starts: Vec<usize>,
    /// Sample at which the last `Paused` came, and where the detector says that the speech had ended.
    last_pause: usize,
    speech_end: usize,
    ended: usize,
}

fn listen(clip: &[i16]) -> Turns {
    let lead = LINE_RATE as usize * LEAD_MS / 1000;
    let tail = LINE_RATE as usize * TAIL_MS / 1000;
    let mut line = line_noise(lead + clip.len() + tail);
    for (sample, spoken) in line[lead..].iter_mut().zip(clip) {
        *sample = sample.saturating_add(*spoken);
    }
    let heard = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &line));
    let mut detector = Detector::new(Settings::default());
    detector.set_patience(Patience::Normal);
    let mut turns = Turns::default();
    for (n, frame) in heard.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        let now = (n + 1) * FRAME_SAMPLES;
        detector.handle_frame(frame, None);
        while let Some(event) = detector.poll_event() {
            match event {
                Event::Paused { revision, sound, .. } => {
                    if revision == 1 {
                        turns.starts.push(now - sound.samples.len());
                    }
                    turns.last_pause = now;
                }
                Event::Ended { speech_ended_ago, .. } => {
                    turns.ended += 1;
                    turns.speech_end = now - speech_ended_ago.as_millis() as usize * 8;
                }
                Event::Started | Event::Resumed => {}
            }
        }
    }
    turns
}

/// p50, p95 and the largest.
fn spread(mut values: Vec<i64>) -> (i64, i64, i64) {
    values.sort_unstable();
    let at = |share: usize| values[(values.len() - 1) * share / 100];
    (at(50), at(95), at(100))
}

#[test]
fn every_recording_is_a_turn_with_its_first_and_last_word() {
    let Some(recordings) = recordings() else { return };
    let lead = LINE_RATE as usize * LEAD_MS / 1000;
    let (mut pauses, mut ends, mut margins, mut turns_heard) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for Recording { name, samples } in &recordings {
        let (first, last) = extent(samples);
        let turns = listen(samples);
        assert!(turns.ended >= 1, "{name}: no turn");
        assert_eq!(turns.starts.len(), turns.ended, "{name}: a turn without end");
        turns_heard += turns.ended;
        let margin = (lead + first) as i64 - turns.starts[0] as i64;
        assert!(margin >= 0, "{name}: the beginning is cut by {} ms", -margin / 8);
        margins.push(margin / 8);
        let end = (lead + last) as i64;
        pauses.push((turns.last_pause as i64 - end) / 8);
        ends.push((turns.speech_end as i64 - end) / 8);
        assert!(turns.speech_end as i64 - end > -400 * 8, "{name}: the last word is missing");
    }
    println!("{} recordings, {turns_heard} turns", recordings.len());
    println!("utterance begins before the sound, ms (p50, p95, max): {:?}", spread(margins));
    println!("end of sound to Paused, ms (p50, p95, max): {:?}", spread(pauses.clone()));
    println!("end of speech as told, against the end of sound, ms (p50, p95, max): {:?}", spread(ends));
    let (median, p95, _) = spread(pauses);
    assert!(median <= 220 && p95 <= 280, "the pause is noticed late");
}

#[test]
fn recordings_over_noise_are_heard() {
    let Some(recordings) = recordings() else { return };
    let (mut lost, mut unended) = (Vec::new(), Vec::new());
    let mut pauses = Vec::new();
    for Recording { name, samples } in recordings.iter().step_by(4) {
        // White noise 15 dB below the speech, all along.
        let speech = level::active_level_dbfs(samples, LINE_RATE);
        let gain = 10f32.powf((speech - 15.0 - level::rms_dbfs(&line_noise(8_000))) / 20.0);
        let tail = LINE_RATE as usize * TAIL_MS / 1000;
        let noise = line_noise(2 * tail + samples.len());
        let mut line: Vec<i16> = noise.iter().map(|s| (f32::from(*s) * gain) as i16).collect();
        for (sample, spoken) in line[tail..].iter_mut().zip(samples) {
            *sample = sample.saturating_add(*spoken);
        }
        let turns = listen(&line);
        if turns.ended == 0 {
            lost.push(name);
        } else if turns.starts.len() != turns.ended {
            unended.push(name);
        } else {
            let end = (LINE_RATE as usize * LEAD_MS / 1000 + tail + extent(samples).1) as i64;
            pauses.push((turns.last_pause as i64 - end) / 8);
        }
    }
    println!("15 dB of signal to noise: {} lost {lost:?}, {} never ended {unended:?}", lost.len(), unended.len());
    println!("end of sound to Paused, ms (p50, p95, max): {:?}", spread(pauses));
    assert!(lost.is_empty() && unended.is_empty());
}
