//! Conversations in text, on a small town of their own.

mod calm;
mod conversation;
mod everyday;
mod forms;
mod generated;
mod language;
mod numbers;
mod properties;
mod reading;
mod slots;

use std::sync::{Arc, LazyLock};

use jiff::civil::{DateTime, datetime};

use super::*;
use crate::dialplan::{SourceFile, parse, render};
use crate::understanding::InTurn;

const TOWN: &str = include_str!("town.md");

/// The small town, ready to talk.
pub(super) struct Town {
    pub plan: Arc<Dialplan>,
    pub phrases: Arc<Phrases>,
    pub understanding: Arc<Vec<Understanding>>,
}

pub(super) fn build(text: &str) -> Town {
    let files = [SourceFile { path: "mairie.md".into(), text: text.into() }];
    let (plan, problems) = parse(&files);
    let plan = plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)));
    let understanding = Understanding::train_all(&plan, None, &InTurn);
    Town { plan: Arc::new(plan), phrases: Arc::new(Phrases::built_in()), understanding: Arc::new(understanding) }
}

pub(super) static SMALL_TOWN: LazyLock<Town> = LazyLock::new(|| build(TOWN));

/// A Tuesday morning, open.
pub(super) const OPEN: DateTime = datetime(2026, 11, 17, 10, 0, 0, 0);
/// A Saturday evening, closed.
pub(super) const CLOSED: DateTime = datetime(2026, 12, 5, 20, 0, 0, 0);

/// One conversation and what came out of it.
pub(super) struct Talk {
    pub dialogue: Dialogue,
    pub at: DateTime,
    /// Outputs since the last input.
    pub outputs: Vec<Output>,
}

impl Talk {
    pub fn new(at: DateTime) -> Self {
        Self::with(&SMALL_TOWN, at, None)
    }

    pub fn with(town: &Town, at: DateTime, caller: Option<&str>) -> Self {
        let dialogue =
            Dialogue::new(Arc::clone(&town.plan), Arc::clone(&town.phrases), Arc::clone(&town.understanding));
        let mut talk = Self { dialogue, at, outputs: Vec::new() };
        talk.input(Input::Started { caller_number: caller.map(str::to_owned) });
        talk
    }

    pub fn input(&mut self, input: Input) -> &mut Self {
        self.dialogue.handle_input(self.at, input);
        self.outputs.clear();
        while let Some(output) = self.dialogue.poll_output() {
            self.outputs.push(output);
        }
        self
    }

    pub fn says(&mut self, text: &str) -> &mut Self {
        self.input(Input::Heard { text: text.into(), confidence: 0.9 })
    }

    pub fn types(&mut self, keys: &str) -> &mut Self {
        let mut all = Vec::new();
        for key in keys.chars() {
            self.input(Input::Key(Key(key)));
            all.append(&mut self.outputs);
        }
        self.outputs = all;
        self
    }

    pub fn said(&self) -> String {
        let sentences = self.outputs.iter().filter_map(|o| match o {
            Output::Say(prompt) => Some(prompt.sentences.join(" ")),
            _ => None,
        });
        sentences.collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn hears(&mut self, wanted: &str) -> &mut Self {
        assert!(self.said().contains(wanted), "wanted « {wanted} », said « {} » {:?}", self.said(), self.outputs);
        self
    }

    #[track_caller]
    pub fn does_not_hear(&mut self, unwanted: &str) -> &mut Self {
        assert!(!self.said().contains(unwanted), "« {unwanted} » was said: « {} »", self.said());
        self
    }

    pub fn transferred(&self) -> Option<String> {
        self.outputs.iter().find_map(|o| match o {
            Output::Transfer(entry) => Some(self.dialogue.plan.entry(*entry).name.clone()),
            _ => None,
        })
    }

    pub fn saved(&self) -> Option<&Request> {
        self.outputs.iter().find_map(|o| match o {
            Output::Save(request) => Some(request),
            _ => None,
        })
    }

    pub fn hung_up(&self) -> bool {
        self.outputs.contains(&Output::HangUp)
    }

    pub fn listens(&self) -> Option<&Expectation> {
        self.outputs.iter().find_map(|o| match o {
            Output::Listen(expectation) => Some(expectation),
            _ => None,
        })
    }

    pub fn notes(&self) -> Vec<&Note> {
        let notes = self.outputs.iter().filter_map(|o| match o {
            Output::Note(note) => Some(note),
            _ => None,
        });
        notes.collect()
    }
}
