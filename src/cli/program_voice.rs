//! A voice that is another program: the sentence, numbers in words, on its standard input, a WAV on its standard output. Test callers speak with
//! it, so that what is measured does not hang on one synthetic voice.
//!
//! Must not know: who listens.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::audio::{Sound, WIDE_RATE, loudness, wav};
use crate::speech::spoken::Lexicon;
use crate::speech::{Pace, SpeechError, Voice};

pub struct ProgramVoice {
    /// Program and arguments, separated by spaces.
    command: String,
}

impl ProgramVoice {
    pub fn new(command: &str) -> Self {
        Self { command: command.to_owned() }
    }

    fn sound(&self, text: &str) -> Result<Sound, String> {
        let mut words = self.command.split_whitespace();
        let program = words.next().ok_or("no program is named")?;
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        // One line, far below what a pipe holds: written whole before anything is read. Dropped, it is closed.
        if let Some(mut input) = child.stdin.take() {
            let words = Lexicon::default().reading("fr", text);
            input.write_all(words.as_bytes()).map_err(|error| format!("{program}: {error}"))?;
        }
        let output = child.wait_with_output().map_err(|error| format!("{program}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{program}: {}", output.status));
        }
        let clip = wav::read(&output.stdout).map_err(|error| format!("{program}: no WAV ({error})"))?;
        let wide = Sound::new(clip.samples, clip.rate).at(WIDE_RATE).map_err(|error| error.to_string())?;
        loudness::of_speech(&wide).map_err(|error| error.to_string())
    }
}

impl Voice for ProgramVoice {
    fn speak(&mut self, text: &str, _pace: Pace) -> Result<Sound, SpeechError> {
        self.sound(text).map_err(|detail| SpeechError::Engine { engine: "voice", detail })
    }

    fn fingerprint(&self) -> String {
        format!("program {}", self.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;

    #[test]
    fn the_sentence_goes_in_and_a_wav_comes_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let clip = folder.path().join("said.wav");
        let samples: Vec<i16> = (0..8_000).map(|n: i32| ((n % 40 - 20) * 100) as i16).collect();
        std::fs::write(&clip, wav::write_mono(&samples, 8_000).expect("a WAV")).expect("written");
        let script = folder.path().join("voice.sh");
        let body = format!("read -r text || true\n[ \"$text\" = bonjour ] && cat {}\n", clip.display());
        std::fs::write(&script, body).expect("written");
        let mut voice = ProgramVoice::new(&format!("sh {}", script.display()));
        let sound = voice.speak("bonjour", Pace::Normal).expect("it is said");
        assert_eq!((sound.rate, sound.samples.len()), (WIDE_RATE, 16_000));
        assert!(rms_dbfs(&sound.samples) > -40.0);
        let error = voice.speak("autre chose", Pace::Normal).expect_err("the program has failed");
        assert!(error.to_string().contains("exit status"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_or_says_nothing_is_an_error() {
        for command in ["", "/nowhere/voice", "true"] {
            assert!(ProgramVoice::new(command).speak("bonjour", Pace::Normal).is_err(), "{command:?}");
        }
    }
}
