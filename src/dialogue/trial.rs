//! Plays an `Essai` block in text: the officer's own tests, without sound.

use std::sync::Arc;

use jiff::civil::DateTime;

use crate::dialplan::{Dialplan, DirectoryId, Location, Trial, TrialStep};
use crate::rtp::Key;
use crate::understanding::Understanding;

use super::transcript::Transcript;
use super::{Dialogue, Input, Output, Phrases};

/// Local time of a trial that names none: a Tuesday morning, no holiday.
const USUAL_TIME: DateTime = jiff::civil::datetime(2026, 11, 17, 10, 0, 0, 0);

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialOutcome {
    Passed,
    /// The first line that does not hold, and why, in French.
    Failed {
        location: Location,
        message: String,
    },
}

/// Plays one trial from the welcome on.
pub fn run_trial(
    plan: &Arc<Dialplan>,
    phrases: &Arc<Phrases>,
    understanding: &Arc<Vec<Understanding>>,
    trial: &Trial,
) -> TrialOutcome {
    let at = trial.at.unwrap_or(USUAL_TIME);
    let mut dialogue = Dialogue::new(Arc::clone(plan), Arc::clone(phrases), Arc::clone(understanding));
    if let Some(index) = plan.plans.iter().position(|p| p.language == trial.language) {
        dialogue.language = index;
    }
    let mut said = Said::default();
    said.play(&mut dialogue, at, Input::Started { caller_number: None });
    for line in &trial.lines {
        let failed = |message: String| TrialOutcome::Failed { location: line.location, message };
        match &line.step {
            TrialStep::Caller(text) => {
                if let Some(message) = said.over(plan) {
                    return failed(message);
                }
                said.clear();
                said.play(&mut dialogue, at, Input::Heard { text: text.clone(), confidence: 1.0 });
            }
            TrialStep::Keys(keys) => {
                if let Some(message) = said.over(plan) {
                    return failed(message);
                }
                said.clear();
                for key in keys.chars().filter(|c| !c.is_whitespace()) {
                    said.play(&mut dialogue, at, Input::Key(Key(key)));
                }
                said.play(&mut dialogue, at, Input::KeysPaused);
            }
            TrialStep::TownHall(pieces) => {
                if let Err(missing) = said.words.expect(pieces) {
                    return failed(format!(
                        "la mairie aurait dû dire « {missing} » ; elle a dit : « {} »",
                        said.words.text()
                    ));
                }
            }
            TrialStep::Transferred(entry) => {
                if said.transferred != Some(*entry) {
                    let wanted = name(plan, *entry);
                    return failed(match said.transferred {
                        Some(other) => {
                            format!("l'appel aurait dû passer à « {wanted} » ; il passe à « {} »", name(plan, other))
                        }
                        None => format!(
                            "l'appel aurait dû passer à « {wanted} » ; la mairie a dit : « {} »",
                            said.words.text()
                        ),
                    });
                }
            }
        }
    }
    TrialOutcome::Passed
}

fn name(plan: &Dialplan, entry: DirectoryId) -> &str {
    plan.directory.get(entry.0).map_or("", |e| e.name.as_str())
}

/// What came since the caller's last line.
#[derive(Default)]
struct Said {
    words: Transcript,
    transferred: Option<DirectoryId>,
    hung_up: bool,
}

impl Said {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn play(&mut self, dialogue: &mut Dialogue, at: DateTime, input: Input) {
        dialogue.handle_input(at, input);
        while let Some(output) = dialogue.poll_output() {
            match output {
                Output::Say(prompt) => {
                    for sentence in &prompt.sentences {
                        self.words.push(sentence);
                    }
                }
                Output::Transfer(entry) => self.transferred = Some(entry),
                Output::HangUp => self.hung_up = true,
                Output::Listen(_) | Output::Save(_) | Output::Note(_) => {}
            }
        }
    }

    /// Why the caller can't say anything more.
    fn over(&self, plan: &Dialplan) -> Option<String> {
        if let Some(entry) = self.transferred {
            return Some(format!(
                "l'appel est déjà passé à « {} » ; retirez cette ligne, ou ce qui a mené au transfert",
                name(plan, entry)
            ));
        }
        self.hung_up.then(|| format!("la mairie a déjà raccroché, après avoir dit : « {} »", self.words.text()))
    }
}
