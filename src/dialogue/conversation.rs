//! What every conversation of a town shares, made once at start.

use std::sync::Arc;

use jiff::civil::DateTime;

use super::{Dialogue, Input, Output, Phrases, everyday_sentences, fixed_sentences, greeting_sentences};
use crate::dialplan::{Dialplan, Language};
use crate::understanding::encoder::Encode;
use crate::understanding::{InTurn, Join, Understanding};

/// Dialplan, everyday phrases and trained understanding. Cheap to clone.
#[derive(Clone)]
pub struct Conversation {
    plan: Arc<Dialplan>,
    phrases: Arc<Phrases>,
    understanding: Arc<Vec<Understanding>>,
}

impl Conversation {
    /// Trains the understanding of each language, by words alone.
    pub fn new(plan: Dialplan, phrases: Phrases) -> Self {
        Self::with_encoder(plan, phrases, None, &InTurn)
    }

    /// The same with an encoder of sentences, where there is one, and with parts of it at once, where there are threads.
    pub fn with_encoder(plan: Dialplan, phrases: Phrases, encoder: Option<&Arc<dyn Encode>>, join: &impl Join) -> Self {
        let understanding = Understanding::train_all(&plan, encoder, join);
        Self { plan: Arc::new(plan), phrases: Arc::new(phrases), understanding: Arc::new(understanding) }
    }

    pub fn plan(&self) -> &Arc<Dialplan> {
        &self.plan
    }

    pub fn phrases(&self) -> &Arc<Phrases> {
        &self.phrases
    }

    pub fn understanding(&self) -> &Arc<Vec<Understanding>> {
        &self.understanding
    }

    /// A new call's dialogue.
    pub fn start(&self) -> Dialogue {
        Dialogue::new(self.plan.clone(), self.phrases.clone(), self.understanding.clone())
    }

    /// Everything that may be said without a value known only during the call.
    pub fn fixed_sentences(&self) -> Vec<(Language, String)> {
        fixed_sentences(&self.plan, &self.phrases)
    }

    /// Of these, what a call may need whatever it is about.
    pub fn everyday_sentences(&self) -> Vec<(Language, String)> {
        everyday_sentences(&self.plan, &self.phrases)
    }

    /// Of these, how every call begins.
    pub fn greeting_sentences(&self) -> Vec<(Language, String)> {
        greeting_sentences(&self.plan)
    }

    /// What is said to a caller who says these lines one after the other.
    pub fn rehearse(&self, at: DateTime, lines: &[&str]) -> Vec<(Language, String)> {
        let mut dialogue = self.start();
        let heard = lines.iter().map(|text| Input::Heard { text: (*text).to_owned(), confidence: 1.0 });
        let mut said = Vec::new();
        for input in std::iter::once(Input::Started { caller_number: None }).chain(heard) {
            dialogue.handle_input(at, input);
            while let Some(output) = dialogue.poll_output() {
                if let Output::Say(prompt) = output {
                    said.extend(prompt.sentences.into_iter().map(|sentence| (prompt.language.clone(), sentence)));
                }
            }
        }
        said
    }
}
