//! Long answers, read in parts: nobody listens to a voice for more than some twenty seconds without a say.

use std::sync::LazyLock;
use std::time::Duration;

use crate::dialplan::spoken_time;
use crate::speech::Pace;
use crate::understanding::commands::{self, Command};
use crate::understanding::pattern::{Patterns, content_outside};
use crate::understanding::slots::yes_no;
use crate::understanding::text::Token;

use super::Dialogue;
use super::phrases::PhraseId;

/// A part is at most about this long.
const A_PART: Duration = Duration::from_secs(20);
/// What ends this soon after it is said in one go: a pause would cost more than it gives.
const LEEWAY: Duration = Duration::from_secs(5);
/// How much longer the slow pace takes.
const SLOW: f32 = 1.3;

/// "Continuez", where a yes or a no was asked for.
static GO_ON: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &["continue*", "poursuive*", "la suite", "et apres", "et ensuite", "et alors", "^ donc", "go on", "carry on"],
        0,
    )
});

impl Dialogue {
    /// A part of an answer has been read, the caller was asked whether to go on.
    pub(super) fn is_reading(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Keeps what goes beyond a part of the prompt being made, and asks whether to go on.
    pub(super) fn pause_reading(&mut self) {
        let pace = if self.pace == Pace::Slow { SLOW } else { 1.0 };
        let times: Vec<Duration> = self.saying.iter().map(|s| spoken_time(s).mul_f32(pace)).collect();
        let total: Duration = times.iter().sum();
        if total <= A_PART + LEEWAY {
            return;
        }
        let mut length = Duration::ZERO;
        let fits = times
            .iter()
            .take_while(|time| {
                length += **time;
                length <= A_PART
            })
            .count();
        // A question alone is no part: it stays with what it is about.
        let mut fits = fits.clamp(1, self.saying.len().saturating_sub(1).max(1));
        // "À quel numéro … ? Je continue ?" would be two questions at once: the first comes with what is read next.
        while fits > 1 && self.saying[fits - 1].trim_end().ends_with('?') {
            fits -= 1;
        }
        if fits >= self.saying.len() {
            return;
        }
        self.unread = self.saying.split_off(fits);
        self.say(PhraseId::GoOn);
    }

    pub(super) fn read_on(&mut self) {
        let unread = std::mem::take(&mut self.unread);
        self.say_sentences(unread);
    }

    /// What was said while an answer waits to be read on. `false`: it is about something else, and the rest is dropped.
    pub(super) fn heard_while_reading(&mut self, text: &str, words: &[Token]) -> bool {
        match commands::command(text) {
            Some(Command::Repeat) => {
                self.repeat();
                return true;
            }
            Some(Command::SlowDown) => {
                self.slow_down();
                return true;
            }
            Some(Command::Wait) => {
                self.grant_time();
                return true;
            }
            _ => {}
        }
        let goes_on = GO_ON.find(words).is_some_and(|range| content_outside(words, &range) == 0);
        match yes_no::read(text) {
            Some(answer) if answer.yes && answer.rest.is_empty() => {
                self.read_on();
                true
            }
            _ if goes_on => {
                self.read_on();
                true
            }
            Some(answer) if !answer.yes && answer.rest.is_empty() => {
                self.skip_unread();
                true
            }
            _ => {
                self.unread.clear();
                false
            }
        }
    }

    /// "Non": the rest is left out, but for the question it ends with and what belongs to it.
    fn skip_unread(&mut self) {
        let mut unread = std::mem::take(&mut self.unread);
        match unread.iter().rposition(|sentence| sentence.trim_end().ends_with('?')) {
            Some(question) => self.say_sentences(unread.split_off(question)),
            None => self.say(PhraseId::Listening),
        }
    }
}
