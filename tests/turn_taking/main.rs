//! Recorded turns played in real time order: dictated numbers, dates and spelled names, and sentences; nobody is cut early.
//!
//! What the recogniser would have heard at each pause is in `partials.tsv`: Whisper base on the sound cut there, with the
//! prompt of each kind (`make bench-turns` makes it anew). Skipped where the recordings are not beside the repository.

mod clips;

use std::collections::{BTreeMap, HashMap};

use allo_mairie::turn::{Completeness, Event, completeness};
use clips::{Clip, Line, Pauses};

/// How long a sound may differ from the one that was recognised, ms.
const ALIKE: u64 = 100;

/// By clip and pauses: length of what was said, ms, and what was heard of it.
type Partials = HashMap<(String, String), Vec<(u64, String)>>;

/// From a pause to its words, in frames: the median of Whisper base on two cores (300 ms).
const RECOGNITION: usize = 15;

fn partials() -> Partials {
    let mut partials = Partials::new();
    for line in include_str!("partials.tsv").lines().skip(1) {
        let mut fields = line.splitn(4, '\t').map(str::to_owned);
        let (clip, pauses) = (fields.next().expect("a clip"), fields.next().expect("its pauses"));
        let length = fields.next().and_then(|length| length.parse().ok()).expect("a length");
        partials.entry((clip, pauses)).or_default().push((length, fields.next().unwrap_or_default()));
    }
    partials
}

/// How a turn ended.
struct Outcome {
    /// Before the last word.
    early: bool,
    /// Ms of silence after the last word.
    silence: usize,
}

fn play(clip: &Clip, pauses: Pauses, words: impl Fn(u64) -> Completeness) -> Outcome {
    let Line { frames, last_speech } = clip.on_line(pauses);
    let mut detector = clips::detector(&clip.answer);
    let mut due = None::<(usize, u32, u64)>;
    for (n, frame) in frames.iter().enumerate() {
        detector.handle_frame(frame, None);
        if let Some((_, revision, length)) = due.take_if(|(at, ..)| *at <= n) {
            detector.set_completeness(revision, words(length));
        }
        while let Some(event) = detector.poll_event() {
            match event {
                Event::Paused { revision, sound, .. } => {
                    due = Some((n + RECOGNITION, revision, sound.duration().as_millis() as u64));
                }
                Event::Ended { .. } => {
                    return Outcome { early: n < last_speech, silence: 20 * n.saturating_sub(last_speech) };
                }
                Event::Started | Event::Resumed => {}
            }
        }
    }
    panic!("{}: a turn without an end", clip.path);
}

#[test]
fn nobody_is_cut_while_dictating() {
    let Some(folder) = clips::folder() else { return eprintln!("skipped: no recordings beside the repository") };
    let partials = partials();
    let mut table = BTreeMap::<(&str, String), (Vec<usize>, Vec<String>)>::new();
    for clip in clips::clips(&folder) {
        for pauses in clips::PAUSES {
            let Some(partials) = partials.get(&(clip.path.clone(), pauses.name())) else { continue };
            let outcome = play(&clip, pauses, |length| {
                let nearest = partials.iter().min_by_key(|(other, _)| other.abs_diff(length));
                match nearest.filter(|(other, _)| other.abs_diff(length) <= ALIKE) {
                    Some((_, heard)) => completeness(heard, "fr", &clip.answer),
                    None => Completeness::Unknown,
                }
            });
            let (silences, early) = table.entry((clip.kind, pauses.name())).or_default();
            if outcome.early { early.push(clip.path.clone()) } else { silences.push(outcome.silence) }
        }
    }
    println!("{:<14}{:>10}{:>7}{:>12}{:>12}{:>12}", "kind", "pauses", "turns", "cut early", "p50, ms", "p95, ms");
    for ((kind, pauses), (silences, early)) in &mut table {
        silences.sort_unstable();
        let at = |share: usize| silences.get((silences.len() * share / 100).min(silences.len().saturating_sub(1)));
        let (p50, p95) = (at(50).copied().unwrap_or(0), at(95).copied().unwrap_or(0));
        let turns = silences.len() + early.len();
        println!("{kind:<14}{pauses:>10}{turns:>7}{:>12}{p50:>12}{p95:>12}  {}", early.len(), early.join(" "));
    }
    for ((kind, pauses), (silences, early)) in &table {
        let turns = silences.len() + early.len();
        // Where a caller has said something whole and goes on after a pause, only the caller knows.
        let allowed = if *kind == "sentences" { turns } else { 0 };
        assert!(early.len() <= allowed, "{kind}, pauses {pauses}: {early:?}");
    }
}
