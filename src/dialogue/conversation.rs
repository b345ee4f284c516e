//! What every conversation of a town shares, made once at start.

use std::sync::Arc;

use super::{Dialogue, Phrases, fixed_sentences};
use crate::dialplan::{Dialplan, Language};
use crate::understanding::Understanding;

/// Dialplan, everyday phrases and trained understanding. Cheap to clone.
#[derive(Clone)]
pub struct Conversation {
    plan: Arc<Dialplan>,
    phrases: Arc<Phrases>,
    understanding: Arc<Vec<Understanding>>,
}

impl Conversation {
    /// Trains the understanding of each language.
    pub fn new(plan: Dialplan, phrases: Phrases) -> Self {
        let understanding = Understanding::train_all(&plan);
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
}
