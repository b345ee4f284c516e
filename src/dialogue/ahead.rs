//! What a sentence will be taken for, worked out before the dialogue asks for it, and elsewhere than where packets are sent.
//!
//! An interpretation takes milliseconds, a packet is due every 20 ms for every call: whoever recognises the words also interprets
//! them, on the recogniser's thread. What has been worked out for another sentence or another state of the dialogue is not used.

use std::fmt;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::dialplan::{Dialplan, TopicId};
use crate::understanding::slots::Reading;
use crate::understanding::{Interpretation, Understanding, text};

use super::Dialogue;

/// All that an interpretation depends on, beside the words. Cheap to clone; may go to another thread.
#[derive(Clone)]
pub struct Context {
    plan: Arc<Dialplan>,
    understanding: Arc<Vec<Understanding>>,
    language: usize,
    open: Option<TopicId>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("language", &self.language).field("open", &self.open).finish_non_exhaustive()
    }
}

/// What a sentence was taken for. Holds the caller's words, which its `Debug` leaves out.
#[derive(Clone)]
pub struct Understood {
    words: String,
    language: usize,
    open: Option<TopicId>,
    interpretation: Interpretation,
}

impl fmt::Debug for Understood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { language, open, interpretation, .. } = self;
        f.debug_struct("Understood")
            .field("language", language)
            .field("open", open)
            .field("decision", &interpretation.decision)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// `language`: the one the words are in, where it was in doubt. `None` when there are no words.
    pub fn understand(&self, words: &str, language: Option<&str>) -> Option<Understood> {
        let words = spoken(words);
        if words.is_empty() {
            return None;
        }
        let spoken_in = language.and_then(|code| self.plan.plans.iter().position(|plan| plan.language.0 == code));
        let (language, open) = match spoken_in {
            // Topics of one language mean nothing in another.
            Some(other) if other != self.language => (other, None),
            _ => (self.language, self.open),
        };
        let interpretation = self.understanding.get(language)?.interpret(&words, open);
        Some(Understood { words, language, open, interpretation })
    }
}

impl Dialogue {
    /// What an interpretation of the caller's next words depends on.
    pub fn context(&self) -> Context {
        let (plan, understanding) = (Arc::clone(&self.plan), Arc::clone(&self.understanding));
        Context { plan, understanding, language: self.language, open: self.open }
    }

    /// Told before the words are heard ([`super::Input::Heard`]).
    pub fn is_told(&mut self, understood: Understood) {
        self.understood = Some(Box::new(understood));
    }

    /// Told before the words are heard: other sentences that the recogniser nearly heard, likeliest first. `odds`: how much less likely,
    /// natural logarithm of the ratio.
    pub fn nearly_heard(&mut self, others: impl Iterator<Item = (String, f32)>) {
        self.nearly = others.map(|(text, odds)| Reading::nearly(spoken(&text), odds)).collect();
    }

    /// What `text` would be taken for now, for `--explain`.
    pub fn interpret(&self, text: &str) -> Option<Interpretation> {
        let known = self.understood.as_deref().filter(|understood| {
            understood.language == self.language && understood.open == self.open && understood.words == text
        });
        match known {
            Some(understood) => Some(understood.interpretation.clone()),
            None => Some(self.understanding.get(self.language)?.interpret(text, self.open)),
        }
    }
}

/// A transcript as the dialogue reads it. Braces mark values in what is said; nobody says one. "S'il vous plaît" is often misheard, and was
/// taken for a name.
pub(super) fn spoken(text: &str) -> String {
    static PLEASE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:c['’]est|s['’]est|s['’]il|si|sil|cil|ce)(?: le| la| il| les)?,? vous[- ]+pla(?:ire|is|it|ît|irent|isent|y)\b")
            .expect("pattern of this source")
    });
    let text = text::cut(text).replace(['{', '}'], " ");
    PLEASE.replace_all(text.trim(), "s'il vous plaît").into_owned()
}

#[cfg(test)]
mod tests {
    use crate::dialogue::Input;
    use crate::dialogue::tests::{OPEN, SMALL_TOWN, Talk};
    use crate::dialplan::fold;
    use crate::understanding::Decision;

    use super::*;

    /// Taken for an emergency, which no understanding would.
    fn told(dialogue: &Dialogue, words: &str) -> Understood {
        let mut understood = dialogue.context().understand(words, None).expect("words");
        understood.interpretation = Interpretation { decision: Decision::Emergency, ..Interpretation::default() };
        understood
    }

    #[test]
    fn what_was_worked_out_is_used_for_these_words_in_this_state() {
        let mut talk = Talk::new(OPEN);
        let dialogue = &mut talk.dialogue;
        let plain = |dialogue: &Dialogue, text: &str| dialogue.interpret(text).unwrap().decision;
        dialogue.is_told(told(dialogue, " Mon {passeport} "));
        assert_eq!(plain(dialogue, "Mon  passeport"), Decision::Emergency);
        assert_ne!(plain(dialogue, "mon passeport"), Decision::Emergency);
        dialogue.open = Some(TopicId(0));
        assert_ne!(plain(dialogue, "Mon  passeport"), Decision::Emergency);
        dialogue.open = None;
        dialogue.language = 1;
        assert_ne!(dialogue.interpret("Mon  passeport").map(|found| found.decision), Some(Decision::Emergency));
    }

    #[test]
    fn the_callers_words_are_not_printed() {
        let understood = Talk::new(OPEN).dialogue.context().understand("mon passeport rose", None);
        let printed = format!("{understood:?}");
        assert!(printed.contains("Understood") && !printed.contains("rose"), "{printed}");
    }

    #[test]
    fn it_is_forgotten_when_the_words_have_been_heard() {
        let mut talk = Talk::new(OPEN);
        let understood = told(&talk.dialogue, "mon passeport");
        talk.dialogue.is_told(understood);
        talk.dialogue.handle_input(OPEN, Input::Heard { text: "mon passeport".into(), confidence: 0.9 });
        assert!(talk.dialogue.understood.is_none());
    }

    #[test]
    fn please_is_known_however_it_was_heard() {
        for heard in
            ["Oui, c'est le vous-plaire.", "Oui, si vous plaît.", "oui s'est il vous plais", "Oui, s'il vous plaît."]
        {
            assert_eq!(fold(&spoken(heard)).trim_end_matches('.').replace(',', ""), "oui s'il vous plait", "{heard}");
        }
        for other in ["c'est pour vous plaire", "si vous plaisantez", "ça doit vous plaire"] {
            assert_eq!(spoken(other), other);
        }
    }

    #[test]
    fn no_words_are_not_understood() {
        let context = Talk::new(OPEN).dialogue.context();
        assert!(context.understand(" {} ", None).is_none());
        let unknown_language = context.understand("mon passeport", Some("xx")).unwrap();
        assert_eq!(unknown_language.interpretation, SMALL_TOWN.understanding[0].interpret("mon passeport", None));
    }
}
