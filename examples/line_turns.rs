//! What a recogniser hears of a turn that is not over: the recorded clips as a line brings them, cut where the caller pauses.
//!
//! `line_turns cut FOLDER` writes a WAV for every pause of every clip, with each of [`clips::PAUSES`], and
//! `FOLDER/transcripts.tsv` with what each is (path⇥kind⇥clip⇥pauses⇥length, ms), for `allo-mairie transcribe`.
//! `line_turns join FOLDER HEARD` puts what was heard (lines "path⇥text") beside it: the table that `tests/turn_taking` plays.

#[allow(dead_code, reason = "the test needs the rest")]
#[path = "../tests/turn_taking/clips.rs"]
mod clips;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use allo_mairie::audio::wav;
use allo_mairie::turn::{Detector, Event, Settings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["cut", folder] => cut(Path::new(folder)),
        ["join", folder, heard] => join(Path::new(folder), heard),
        _ => Err("usage: line_turns cut FOLDER | join FOLDER HEARD".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn cut(folder: &Path) -> Result<(), Box<dyn Error>> {
    let recordings = clips::folder().ok_or("no recordings in ../shared/data/speech")?;
    std::fs::create_dir_all(folder)?;
    let mut table = String::new();
    for clip in clips::clips(&recordings) {
        for pauses in clips::PAUSES {
            // Never over, so that every pause is seen.
            let mut settings = Settings::default();
            settings.normal.unknown = Duration::from_secs(10);
            let mut detector = Detector::new(settings);
            for frame in &clip.on_line(pauses).frames {
                detector.handle_frame(frame, None);
                while let Some(event) = detector.poll_event() {
                    let Event::Paused { sound, .. } = event else { continue };
                    let length = sound.duration().as_millis();
                    let name = format!("{}-{}-{length}.wav", clip.path.trim_end_matches(".wav"), pauses.name());
                    std::fs::write(folder.join(&name), wav::write_mono(&sound.samples, sound.rate)?)?;
                    table += &format!("{name}\t{}\t{}\t{}\t{length}\n", clip.kind, clip.path, pauses.name());
                }
            }
        }
    }
    std::fs::write(folder.join("transcripts.tsv"), table)?;
    Ok(())
}

fn join(folder: &Path, heard: &str) -> Result<(), Box<dyn Error>> {
    let heard = std::fs::read_to_string(heard)?;
    let heard: HashMap<&str, &str> = heard.lines().filter_map(|line| line.split_once('\t')).collect();
    println!("clip\tpauses\tlength_ms\theard");
    for line in std::fs::read_to_string(folder.join("transcripts.tsv"))?.lines() {
        let [name, _, clip, pauses, length] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        if let Some(heard) = heard.get(name) {
            println!("{clip}\t{pauses}\t{length}\t{heard}");
        }
    }
    Ok(())
}
