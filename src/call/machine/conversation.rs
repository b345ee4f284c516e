//! The call's side of the conversation: who speaks when, what was heard, keys, the dialogue's wishes.

use std::time::{Duration, Instant};

use super::hearing::{Heard, Times};
use super::playout::{Slot, Then};
use super::timers::Timer;
use super::{ATTEMPT, COVER, GRANTED, KEYS_HELD, LAST_WORDS, Machine, Output, Phase, ReplyDue, SentenceId};
use crate::audio::{LINE_RATE, Sound};
use crate::call::bridge::Party;
use crate::call::keys::Way;
use crate::call::record::{Outcome, Reply};
use crate::dialogue::{self, Expectation, Prompt};
use crate::dialplan::Language;
use crate::rtp::Key;
use crate::speech::{Pace, SpeechError, Transcript, Utterance};
use crate::turn::{LONGEST_BACK_CHANNEL, Sign, is_back_channel};

impl Machine {
    /// Tells the dialogue what happened and does what it wants.
    pub(super) fn converse(&mut self, now: Instant, input: dialogue::Input) {
        self.timers.stop(Timer::Idle);
        let at = self.local_time(now);
        self.dialogue.handle_input(at, input);
        while let Some(output) = self.dialogue.poll_output() {
            self.handle_wish(now, output);
        }
        self.follow_up(now);
    }

    fn handle_wish(&mut self, now: Instant, wish: dialogue::Output) {
        match wish {
            dialogue::Output::Say(prompt) => {
                for text in prompt.sentences {
                    let asks = text.trim_end().ends_with('?');
                    let sentence = self.playout.push_sentence(prompt.interruptible, asks);
                    self.speak(sentence, prompt.language.0.clone(), text, prompt.pace);
                }
            }
            dialogue::Output::Listen(expectation) => {
                self.hearing.expect(&expectation.language.0, expectation.answer.clone());
                self.expectation = Some(expectation);
            }
            dialogue::Output::Transfer(entry) => self.playout.push_then(Then::Transfer(entry)),
            dialogue::Output::HangUp => {
                self.playout.push_then(Then::HangUp);
                if !self.timers.is_set(Timer::LastResort) {
                    self.timers.set(Timer::LastResort, now + LAST_WORDS);
                }
            }
            dialogue::Output::Save(request) => self.outputs.push_back(Output::Save(request)),
            dialogue::Output::Note(note) => self.record.note(note),
        }
    }

    fn speak(&mut self, sentence: SentenceId, language: String, text: String, pace: Pace) {
        let rate = self.media.as_ref().map_or(LINE_RATE, |media| media.session.codec().sample_rate());
        self.outputs.push_back(Output::Speak { sentence, language, text, pace, rate });
    }

    /// The answer is not there yet: the caller is told that it is being looked for. Once a turn, for the timer that leads
    /// here is set once a turn.
    pub(super) fn cover(&mut self) {
        if self.phase != Phase::Talking || !self.is_heard() || self.playout.is_audible() {
            return;
        }
        let Prompt { language, sentences, pace, .. } = self.dialogue.covering();
        if let Some(text) = sentences.into_iter().next() {
            let sentence = self.playout.push_cover();
            self.speak(sentence, language.0, text, pace);
        }
    }

    /// How long the caller may be silent.
    pub(super) fn patience(&self) -> Duration {
        if self.dialogue.grants_time() { GRANTED } else { self.settings.idle }
    }

    /// Only what the caller has heard counts as said.
    pub(super) fn note_heard(&mut self, now: Instant) {
        if let Some(media) = &self.media {
            self.playout.note_unheard(media.unheard_frames(now));
        }
    }

    /// The next 20 ms of our voice, or silence; nothing while the far end holds us.
    pub(super) fn send_frame(&mut self, now: Instant) {
        if !self.is_heard() {
            if let Some(media) = &mut self.media {
                media.session.skip_audio();
            }
            self.hearing.sent(&[0; _]);
            return;
        }
        if self.phase == Phase::Bridging {
            // Nothing of the caller's is recognised meanwhile, so its echo is nobody's concern.
            self.hearing.sent(&[0; _]);
            return self.send_music(now);
        }
        let covering = self.playout.is_covering();
        let slot = self.playout.next_frame();
        if slot != Slot::Silence && !covering {
            self.note_first_packet(now);
        }
        let Some(media) = &mut self.media else { return };
        let packet = match &slot {
            Slot::Silence => {
                self.hearing.sent(&[0; _]);
                media.session.send_silence(now)
            }
            Slot::Line(samples) => {
                self.hearing.sent(samples);
                Some(media.session.send_audio(now, samples))
            }
            Slot::Wide(samples) => {
                self.hearing.sent_wide(samples);
                Some(media.session.send_wide(now, samples))
            }
        };
        if let Some(packet) = packet {
            self.send_rtp(Party::Caller, packet);
        }
    }

    fn note_first_packet(&mut self, now: Instant) {
        self.timers.stop(Timer::Cover);
        if let Some(ReplyDue { ended, words_known }) = self.reply_due.take() {
            let since = |at: Instant| at.saturating_duration_since(ended.speech);
            let (turn_ended, words_known, first_packet) = (since(ended.turn), since(words_known), since(now));
            self.record.reply(Reply { turn_ended, words_known, first_packet });
        }
        if self.record.greeting_after.is_none() {
            self.record.greeting_after = self.answered.map(|answered| now.saturating_duration_since(answered));
        }
    }

    /// What comes once everything said has been heard: the dialogue's next move, or waiting for the caller.
    pub(super) fn follow_up(&mut self, now: Instant) {
        if self.phase != Phase::Talking {
            return;
        }
        // On the way to another leg, whom to ask for a transfer is not known yet: it waits for the outcome.
        match self.playout.take_then(|then| then == Then::HangUp || self.legs.successor().is_none()) {
            Some(Then::Transfer(entry)) => return self.transfer(now, entry),
            Some(Then::HangUp) => return self.hang_up(now, Outcome::AgentHungUp),
            None => {}
        }
        if self.playout.take_ran_dry() {
            self.converse(now, dialogue::Input::SpeechFinished);
            while self.phase == Phase::Talking
                && let Some(key) = self.keys_held.pop_front()
            {
                self.handle_key(now, key);
            }
        }
        let waiting = self.playout.is_empty() && !self.hearing.is_busy() && self.is_heard();
        if !waiting {
            self.timers.stop(Timer::Idle);
        } else if self.phase == Phase::Talking && !self.timers.is_set(Timer::Idle) {
            self.timers.set(Timer::Idle, now + self.patience());
        }
    }

    pub(super) fn handle_heard(&mut self, now: Instant, heard: Heard) {
        match heard {
            // What is lowered or held back goes on where it was, if nothing comes of it.
            Heard::Sign(Sign::Perhaps) => self.playout.lower(),
            Heard::Sign(Sign::Likely) => self.playout.hold_back(),
            Heard::Sign(Sign::Nothing) => self.playout.let_go(),
            Heard::Started => {
                self.end_cover();
                self.playout.pause();
            }
            Heard::Recognise { job, .. } if self.by_keys => {
                let busy = Err(SpeechError::Busy { engine: "recogniser" });
                if let Some(heard) = self.hearing.handle_result(now, job, busy) {
                    self.handle_heard(now, heard);
                }
            }
            Heard::Recognise { job, sound } => {
                let (language, prompt) = match &self.expectation {
                    Some(Expectation { language, prompt, .. }) => (language.0.clone(), prompt.clone()),
                    None => {
                        (self.plan.languages.first().map_or_else(|| "fr".to_owned(), |l| l.0.clone()), String::new())
                    }
                };
                let others = self.other_languages(&language);
                let utterance = Utterance { samples: sound.samples, rate: sound.rate, language, others, prompt };
                let context = self.dialogue.context();
                self.outputs.push_back(Output::Recognise { job, utterance, context });
            }
            Heard::Abandon { job } => self.outputs.push_back(Output::Abandon { job }),
            Heard::Awaiting { .. } if self.by_keys => {}
            Heard::Awaiting { job } => {
                self.timers.set(Timer::Recognition, now + self.settings.recognition);
                self.timers.set(Timer::Cover, now + COVER);
                self.covering = true;
                self.outputs.push_back(Output::Hasten { job });
            }
            // The caller goes on, as it seems.
            Heard::HeldOpen => {
                self.timers.stop(Timer::Recognition);
                self.timers.stop(Timer::Cover);
                self.covering = false;
            }
            Heard::Concluded { outcome, times, length } => {
                self.timers.stop(Timer::Recognition);
                match outcome {
                    Ok(transcript) => self.turn_ended(now, transcript, times, length),
                    // A cough is no reason for an operator.
                    Err(_) if self.by_keys && length < ATTEMPT => self.playout.resume(),
                    Err(error) => {
                        tracing::warn!(%error, "recognition failed");
                        self.recogniser_failed(now);
                    }
                }
            }
        }
    }

    /// The caller's turn is over and its words are known.
    fn turn_ended(&mut self, now: Instant, transcript: Transcript, ended: Times, length: Duration) {
        let attempt = length >= ATTEMPT;
        let timed = std::mem::take(&mut self.covering);
        let nothing = transcript.text.is_empty() && (self.playout.is_paused() || !attempt);
        if nothing || self.is_aside(&transcript.text, length) {
            // A cough, a noise, a sign of listening: what was being said goes on.
            self.timers.stop(Timer::Cover);
            self.playout.forget_cover();
            self.playout.resume();
            return;
        }
        self.record.turns += 1;
        self.failing = false;
        self.interrupt(now);
        self.reply_due = Some(ReplyDue { ended, words_known: now });
        if !timed {
            self.timers.set(Timer::Cover, now + COVER);
        }
        let Transcript { text, confidence, alternatives, language, .. } = transcript;
        if let Some(language) = language {
            self.converse(now, dialogue::Input::Speaks(Language(language)));
        }
        self.dialogue.nearly_heard(alternatives.into_iter().map(|other| (other.text, other.odds)));
        self.converse(now, dialogue::Input::Heard { text, confidence });
        if !self.playout.is_speaking() {
            // There is no answer to come.
            self.reply_due = None;
            self.timers.stop(Timer::Cover);
            self.playout.forget_cover();
        }
    }

    /// Said over a prompt only to show that the caller listens. After a question that wants a yes it is that.
    fn is_aside(&self, text: &str, length: Duration) -> bool {
        let over_prompt = self.playout.is_paused() && length <= LONGEST_BACK_CHANNEL;
        let answers = self.playout.has_asked() && self.dialogue.asks_yes_or_no();
        over_prompt && !answers && is_back_channel(text, &self.dialogue.language().0)
    }

    /// Nothing is covered any more: the caller speaks or types.
    fn end_cover(&mut self) {
        self.timers.stop(Timer::Cover);
        self.covering = false;
        self.playout.drop_cover();
    }

    /// What the caller may speak instead: any language of the town until the first words have told.
    fn other_languages(&self, expected: &str) -> Vec<String> {
        let others = self.plan.languages.iter().filter(|language| language.0 != expected && self.record.turns == 0);
        others.map(|language| language.0.clone()).collect()
    }

    /// The caller takes the floor.
    fn interrupt(&mut self, now: Instant) {
        if self.dialogue.has_ended() {
            // They say goodbye as well; cutting ours would leave them in silence.
            return self.playout.resume();
        }
        let had_begun = self.playout.has_begun();
        if let Some(heard) = self.playout.cut() {
            self.record.interruptions += 1;
            self.converse(now, dialogue::Input::SpeechInterrupted { heard, had_begun });
        }
    }

    /// The recogniser is down or too slow. Said once until it works again.
    pub(super) fn recogniser_failed(&mut self, now: Instant) {
        self.timers.stop(Timer::Cover);
        self.covering = false;
        self.playout.forget_cover();
        if std::mem::replace(&mut self.failing, true) && !self.by_keys {
            self.playout.resume();
            return;
        }
        self.interrupt(now);
        self.converse(now, dialogue::Input::RecogniserFailed);
    }

    /// A key came this way; the same press may come by another one too.
    pub(super) fn key_told(&mut self, now: Instant, way: Way, key: Key, held: Duration) {
        if self.keys.is_new(now, way, key.0, held) {
            self.handle_key(now, key);
        }
    }

    pub(super) fn handle_key(&mut self, now: Instant, key: Key) {
        if self.phase != Phase::Talking {
            return;
        }
        if !self.playout.is_interruptible() {
            if self.keys_held.len() < KEYS_HELD {
                self.keys_held.push_back(key);
            }
            return;
        }
        self.record.keys += 1;
        if let Some(heard) = self.hearing.forget() {
            self.handle_heard(now, heard);
        }
        self.timers.stop(Timer::Recognition);
        self.end_cover();
        self.interrupt(now);
        self.reply_due = None;
        self.converse(now, dialogue::Input::Key(key));
        let typing = self.expectation.as_ref().is_some_and(|expectation| expectation.digits);
        if typing && self.phase == Phase::Talking {
            self.timers.set(Timer::KeyPause, now + self.settings.key_pause);
        } else {
            self.timers.stop(Timer::KeyPause);
        }
    }

    pub(super) fn handle_clause(&mut self, sentence: SentenceId, sound: Sound) {
        if !self.supply_briefing_clause(sentence, &sound) {
            self.playout.supply_clause(sentence, sound);
        }
    }

    pub(super) fn handle_spoken(&mut self, now: Instant, sentence: SentenceId, outcome: Result<Sound, SpeechError>) {
        // A briefing that can't be spoken is left out.
        if self.supply_briefing(sentence, outcome.as_ref().ok()) {
            return;
        }
        match outcome {
            Ok(sound) => self.playout.supply(sentence, Some(sound)),
            Err(error) => {
                // Cached prompts still work: the dialogue goes on with the keypad menu.
                tracing::warn!(%error, "a sentence could not be spoken");
                self.playout.supply(sentence, None);
                if !std::mem::replace(&mut self.failing, true) {
                    self.converse(now, dialogue::Input::RecogniserFailed);
                }
            }
        }
    }
}
