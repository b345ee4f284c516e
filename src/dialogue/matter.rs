//! "Je peux la noter. Voulez-vous commencer ?" — "Il faudrait un banc devant la gare." Whoever begins without a yes has begun:
//! the form takes what it would ask first.

use crate::dialplan::{Action, TopicId, Trigger};
use crate::understanding::slots::yes_no;
use crate::understanding::text::{Token, tokens};

use super::Dialogue;
use super::form::Said;
use super::state::Stage;

/// Fewer meaningful words tell no matter.
const FEWEST_WORDS: usize = 3;
/// Whoever asks something wants an answer.
const QUESTIONS: &[&str] =
    &["combien", "comment", "pourquoi", "quel", "quelle", "quels", "quelles", "how", "why", "what", "where"];
/// The same at the beginning; elsewhere they join: "les gens qui attendent le bus", "quand il pleut".
const QUESTIONS_FIRST: &[&str] = &["qui", "quand", "when", "who"];

impl Dialogue {
    /// `topic`, understood from `text`, has just asked whether to begin a form, and the text is what the form is about.
    pub(super) fn tells_matter(&mut self, topic: TopicId, text: &str) -> bool {
        if !matches!(self.stage, Stage::Asking(Some(asked)) if asked == topic) {
            return false;
        }
        let words = tokens(text);
        let is = |word: &Token, among: &[&str]| among.contains(&word.folded.as_str());
        let is_question =
            words.iter().any(|word| is(word, QUESTIONS)) || words.first().is_some_and(|word| is(word, QUESTIONS_FIRST));
        let is_told = words.iter().filter(|word| word.is_content()).count() >= FEWEST_WORDS;
        if is_question || !is_told || yes_no::read(text).is_some() {
            return false;
        }
        let Some(form) = self.form_offered_by(topic) else {
            return false;
        };
        self.progress();
        self.enter_with(form, Said::Matter(text));
        true
    }

    /// The form that a yes leads to.
    fn form_offered_by(&self, topic: TopicId) -> Option<TopicId> {
        let words = self.words()?;
        let rules = &words.topics.get(topic.0)?.rules;
        let yes = rules.iter().find(|rule| rule.triggers.contains(&Trigger::Yes))?;
        match &yes.action {
            Action::GoTo(form) if !words.topics.get(form.0)?.slots.is_empty() => Some(*form),
            _ => None,
        }
    }
}
