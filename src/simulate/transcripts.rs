//! What a test telephone heard, turned back into text on a thread of its own.
//!
//! Owns: the queue in front of one recogniser, and cutting long audio to what it takes. Must not know: calls.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use crate::audio::{FRAME_SAMPLES, LINE_RATE};
use crate::speech::share::step_back;
use crate::speech::{Recogniser, SpeechError, Utterance};

/// Stretches of speech waiting to be transcribed; beyond it they are refused as [`SpeechError::Busy`].
const QUEUE: usize = 64;
/// Whisper takes 30 s at most; longer audio is cut at the quietest frame between these two lengths, seconds.
const CUT_FROM: usize = 20;
const CUT_BEFORE: usize = 28;

struct Job {
    samples: Vec<i16>,
    text: oneshot::Sender<Result<String, SpeechError>>,
}

/// A recogniser on its own thread; the thread ends when this is dropped and its queue is empty.
pub struct Transcriber {
    jobs: SyncSender<Job>,
}

impl Transcriber {
    /// `prompt`: words that help the recogniser, such as the town's name.
    pub fn start(mut recogniser: Box<dyn Recogniser>, prompt: String) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        std::thread::Builder::new().name("transcripts".into()).spawn(move || {
            // The call that is being listened to must not suffer from it.
            step_back();
            for job in queue {
                let _ = job.text.send(transcribe(recogniser.as_mut(), &job.samples, &prompt));
            }
        })?;
        Ok(Self { jobs })
    }

    /// Transcribes `samples` (mono, 8 kHz) after what was submitted before.
    pub fn submit(&self, samples: Vec<i16>) -> oneshot::Receiver<Result<String, SpeechError>> {
        let (text, result) = oneshot::channel();
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            self.jobs.try_send(Job { samples, text })
        {
            let _ = job.text.send(Err(SpeechError::Busy { engine: "transcriber" }));
        }
        result
    }
}

fn transcribe(recogniser: &mut dyn Recogniser, samples: &[i16], prompt: &str) -> Result<String, SpeechError> {
    let mut texts = Vec::new();
    for piece in pieces(samples) {
        let utterance = Utterance {
            samples: Arc::from(piece),
            rate: LINE_RATE,
            language: "fr".into(),
            prompt: prompt.into(),
            others: Vec::new(),
        };
        let transcript = recogniser.recognise(&utterance, &AtomicBool::new(false))?;
        if !transcript.text.trim().is_empty() {
            texts.push(transcript.text.trim().to_owned());
        }
    }
    Ok(texts.join(" "))
}

/// Cuts audio into pieces that the recogniser takes, in pauses.
fn pieces(mut samples: &[i16]) -> Vec<&[i16]> {
    let second = LINE_RATE as usize;
    let mut pieces = Vec::new();
    while samples.len() > CUT_BEFORE * second {
        let quietest = samples[CUT_FROM * second..CUT_BEFORE * second]
            .chunks_exact(FRAME_SAMPLES)
            .enumerate()
            .min_by_key(|(_, frame)| frame.iter().map(|&sample| u64::from(sample.unsigned_abs())).sum::<u64>())
            .map_or(0, |(index, _)| index);
        let (piece, rest) = samples.split_at(CUT_FROM * second + quietest * FRAME_SAMPLES);
        pieces.push(piece);
        samples = rest;
    }
    if !samples.is_empty() {
        pieces.push(samples);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Transcript;

    /// "Recognises" the length of what it is given.
    struct Lengths;

    impl Recogniser for Lengths {
        fn recognise(&mut self, utterance: &Utterance, _: &AtomicBool) -> Result<Transcript, SpeechError> {
            let text = format!("{}:{}", utterance.prompt, utterance.samples.len());
            Ok(Transcript { text, confidence: 1.0, ..Transcript::default() })
        }
    }

    #[test]
    fn long_audio_is_cut_in_its_quietest_moment() {
        let mut samples = vec![1_000_i16; 40 * 8_000];
        let pause = 23 * 8_000;
        samples[pause..pause + FRAME_SAMPLES].fill(0);
        let lengths: Vec<usize> = pieces(&samples).iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, [pause, samples.len() - pause]);
        assert!(pieces(&[]).is_empty());
    }

    #[test]
    fn texts_come_back_in_order() {
        let transcriber = Transcriber::start(Box::new(Lengths), "p".into()).unwrap();
        let first = transcriber.submit(vec![0; 8]);
        let second = transcriber.submit(vec![0; 30 * 8_000]);
        assert_eq!(first.blocking_recv().unwrap().unwrap(), "p:8");
        assert_eq!(second.blocking_recv().unwrap().unwrap(), "p:160000 p:80000");
    }
}
