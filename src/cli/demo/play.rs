//! What the onlooker sees of the call, in order, while it goes on.

use std::time::Instant;

use tokio::sync::mpsc;

use super::screen::{Screen, Who, heard};
use crate::net;
use crate::simulate::transcripts::Transcriber;
use crate::simulate::{caller, phone, report};
use crate::speech::SpeechError;

/// Scenes waiting to be shown; the call never waits for the screen: beyond it they are left out.
pub const QUEUE: usize = 256;

/// Something happened at one of the telephones.
pub enum Scene {
    Caller(caller::Observation),
    Operator(phone::Observation),
}

/// Sends scenes with their times.
#[derive(Clone)]
pub struct Camera(mpsc::Sender<(Instant, Scene)>);

impl Camera {
    pub fn new() -> (Self, mpsc::Receiver<(Instant, Scene)>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    pub fn show(&self, scene: Scene) {
        let _ = self.0.try_send((net::now(), scene));
    }
}

/// What was understood of what was heard, for the reports.
#[derive(Default)]
pub struct Texts {
    /// By the number of the far end's stretch of speech.
    pub caller: Vec<(usize, String)>,
    pub operator: Vec<String>,
}

pub struct Play<'a> {
    pub screen: &'a mut Screen,
    pub transcriber: &'a Transcriber,
    /// What the caller says, by turn.
    pub labels: Vec<String>,
    pub started: Instant,
    /// When the far end began to speak, for the time beside its words.
    began: Option<Instant>,
    texts: Texts,
}

impl<'a> Play<'a> {
    pub fn new(screen: &'a mut Screen, transcriber: &'a Transcriber, labels: Vec<String>, started: Instant) -> Self {
        let texts = Texts::default();
        Self { screen, transcriber, labels, started, began: None, texts }
    }

    /// Shows scenes until both telephones are done.
    pub async fn run(mut self, mut scenes: mpsc::Receiver<(Instant, Scene)>) -> Texts {
        while let Some((at, scene)) = scenes.recv().await {
            match scene {
                Scene::Caller(observation) => self.caller(at, observation).await,
                Scene::Operator(observation) => self.operator(at, observation).await,
            }
        }
        self.screen.clear_status();
        self.texts
    }

    async fn transcribe(&mut self, samples: Vec<i16>) -> Result<String, SpeechError> {
        self.screen.status("transcription de ce qui vient d'être entendu…");
        self.transcriber.submit(samples).await.unwrap_or(Err(SpeechError::Abandoned))
    }

    async fn caller(&mut self, at: Instant, observation: caller::Observation) {
        use caller::Observation;
        use report::Party;
        let since = at.saturating_duration_since(self.started);
        match observation {
            Observation::Answered { party: Party::Agent } => self.screen.happening(since, "L'agent décroche."),
            Observation::LineStarted { turn, .. } => {
                let text = self.labels.get(turn).cloned().unwrap_or_default();
                self.screen.speech(since, Who::Caller, &text);
                self.screen.status("l'appelant parle…");
            }
            Observation::LineFinished { .. } => self.screen.status("l'appelant attend la réponse…"),
            Observation::FarEndStarted { party, .. } => {
                self.began = Some(at);
                self.screen.status(match party {
                    Party::Agent => "l'agent parle…",
                    Party::Operator => "la personne du standard parle…",
                });
            }
            Observation::FarEndFinished { stretch, party, turn, after_ms, samples } => {
                let began = self.began.take().unwrap_or(at).saturating_duration_since(self.started);
                let text = self.transcribe(samples).await;
                let who = if party == Party::Agent { Who::Agent } else { Who::Operator };
                self.texts.caller.push((stretch, text.clone().unwrap_or_default()));
                self.screen.speech(began, who, &heard(text));
                if let (Party::Agent, Some(after)) = (party, after_ms) {
                    self.screen.remark(&match turn {
                        None => format!("premier mot {after} ms après le décroché"),
                        Some(_) => format!("a répondu en {after} ms"),
                    });
                }
            }
            Observation::TransferRequested { target } => {
                self.screen.happening(since, &format!("L'agent transfère l'appel vers {target}."));
            }
            Observation::TransferFinished { status: 200..=299 } => {
                self.screen.happening(since, "Le standard a pris l'appel ; l'agent se retire.");
            }
            Observation::TransferFinished { status } => {
                self.screen.happening(since, &format!("Le standard n'a pas pris l'appel ({status})."));
            }
            Observation::Ended { by } => self.screen.happening(
                since,
                match by {
                    report::EndedBy::Agent => "L'agent raccroche.",
                    report::EndedBy::Operator => "Le standard raccroche.",
                    report::EndedBy::Caller => "L'appelant raccroche.",
                    report::EndedBy::Nobody => "L'appel s'interrompt.",
                },
            ),
            Observation::Ringing { .. } | Observation::Answered { party: Party::Operator } => {}
        }
    }

    async fn operator(&mut self, at: Instant, observation: phone::Observation) {
        use phone::Observation;
        let since = at.saturating_duration_since(self.started);
        match observation {
            Observation::Ringing => {
                self.screen.happening(since, "Le téléphone du standard sonne.");
                self.screen.status("ça sonne au standard…");
            }
            Observation::Answered => self.screen.happening(since, "Une personne décroche au standard."),
            Observation::Heard { samples } => {
                let text = self.transcribe(samples).await;
                self.texts.operator.push(text.clone().unwrap_or_default());
                self.screen.remark(&format!("entendu au standard : « {} »", heard(text)));
            }
            Observation::Refused { status } => {
                self.screen.happening(since, &format!("Le standard refuse l'appel ({status})."));
            }
            // Its words are shown as the caller hears them, its end as the caller sees it.
            Observation::Said { .. } | Observation::Ended { .. } => {}
        }
    }
}
