//! The conversation, PURE: (state, event) → (state, actions).
//!
//! Owns: what to say and do next: topics, forms, repair, escalation. Must not know: audio, SIP, timers (it is told of
//! silence), files. Local time comes in with each input.
//!
//! One concept a file: [`state`] says where a conversation is; `heard` and `keys` route what the caller says and types, `answers` what answers a question;
//! `flow` walks topics and actions, `reading` reads long answers in parts; `form` leads through a form with `filling`, `correction`,
//! `form_keys` and `known`, `check` reads back what is in doubt, `digression` leaves a form and returns to it; `repair` deals with
//! silence and misunderstanding; `matter` begins a form for who begins to tell; `escalation` finds a human or the next best thing; `speak` makes sentences; `expect` says what may be
//! heard next; `ahead` has sentences interpreted elsewhere; [`fixed`] lists what can be synthesised beforehand; [`trial`] plays the officer's `Essai` blocks.
//!
//! ```text
//! Dialogue::new(plan: Arc<Dialplan>, phrases: Arc<Phrases>, understanding: Arc<Vec<Understanding>>) -> Dialogue
//! dialogue.handle_input(at: civil::DateTime, Input)
//! dialogue.poll_output() -> Option<Output>
//! fixed_sentences(plan, phrases) -> Vec<(Language, String)>   // everything to synthesise before the first call
//! ```

mod ahead;
mod answers;
mod check;
mod conversation;
mod correction;
mod digression;
mod escalation;
mod expect;
mod filling;
mod fixed;
mod flow;
mod form;
mod form_keys;
mod going_on;
mod heard;
mod keys;
mod known;
mod matter;
mod phrases;
mod reading;
mod recorded;
mod repair;
mod slots;
mod speak;
mod state;
#[cfg(test)]
mod tests;
mod transcript;
mod trial;
mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::civil::DateTime;

use crate::dialplan::{Dialplan, DirectoryId, Language, LanguagePlan, Topic, TopicId};
use crate::rtp::Key;
use crate::speech::Pace;
use crate::turn::Answer;
use crate::understanding::Understanding;
use crate::understanding::slots::Reading;
use crate::understanding::slots::address::Streets;
use crate::understanding::slots::telephone::by_pairs;
use going_on::Before;
use known::Known;
use recorded::Recorded;
use state::{Form, Spoken, Stage, Trouble};

pub use ahead::{Context, Understood};
pub use conversation::Conversation;
pub use fixed::{everyday_sentences, fixed_sentences, greeting_sentences};
pub use phrases::{PhraseBook, PhraseId, Phrases, PhrasesError};
pub use transcript::Transcript;
pub use trial::{TrialOutcome, run_trial};
pub use view::{FormView, SlotView, StepView};

/// What happens in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The call has been answered. `caller_number`: as the network gave it, digits only, for call-back requests.
    Started { caller_number: Option<String> },
    /// The caller's turn ended and holds these words (empty: a noise, no words).
    Heard { text: String, confidence: f32 },
    /// The caller speaks this language; said before the words.
    Speaks(Language),
    /// A key was pressed.
    Key(Key),
    /// No key for the inter-digit time after the last one: what was typed so far is complete.
    KeysPaused,
    /// The caller said nothing for the idle time after having heard everything.
    Silence,
    /// Everything said so far has been heard to its end.
    SpeechFinished,
    /// The caller cut in: of the sentences given, the first `heard` were heard whole. `had_begun`: enough of them that the caller
    /// may be answering.
    SpeechInterrupted { heard: usize, had_begun: bool },
    /// How a transfer ended: SIP status, 2xx is success (the call is leaving us).
    TransferFinished { status: u16 },
    /// The recogniser is down or too slow: go on with keys.
    RecogniserFailed,
    /// The longest duration of a call is reached, or the machine is being stopped: say so and end.
    TimeIsUp,
}

/// What to do, in this order: each waits until all that was said before it has been heard,
/// but for `Listen` and `Note`, which apply at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Say(Prompt),
    /// What the caller may say next: how patient to be, and words that help the recogniser.
    Listen(Expectation),
    /// Blind transfer to this entry of the directory.
    Transfer(DirectoryId),
    /// Keep this request.
    Save(Request),
    HangUp,
    /// For the call's record: decisions, without personal data.
    Note(Note),
}

/// Something to say, sentence by sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    pub language: Language,
    /// Written French, one sentence each: the unit of caching and of barge-in.
    pub sentences: Vec<String>,
    pub pace: Pace,
    /// `false`: "I am transferring you", legal notice.
    pub interruptible: bool,
}

/// What the dialogue expects to hear.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub language: Language,
    /// What kind of answer: how long to wait, and when it has been given.
    pub answer: Answer,
    /// Words that bias the recogniser now.
    pub prompt: String,
    /// Digits are being typed: an inter-digit pause ends them.
    pub digits: bool,
}

/// A request left by a caller (personal data: goes to the store, never to a log).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub kind: String,
    pub fields: Vec<(String, String)>,
}

/// What happened, for statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A topic was answered: `service/slug`.
    Topic(String),
    NotUnderstood,
    Silence,
    Confirmed,
    Offered,
    Escalated,
    Emergency,
    TransferFailed(u16),
    /// Caller and operator were joined by the agent itself.
    Joined,
    RequestSaved(String),
}

/// Most outputs that wait to be polled; one input makes fewer than ten.
const MOST_OUTPUTS: usize = 64;

/// One conversation.
#[derive(Debug, Clone)]
pub struct Dialogue {
    plan: Arc<Dialplan>,
    phrases: Arc<Phrases>,
    understanding: Arc<Vec<Understanding>>,
    /// Index into `plan.plans` and `understanding`.
    language: usize,
    pace: Pace,
    stage: Stage,
    /// The topic answered last: its follow-ups can be asked.
    open: Option<TopicId>,
    /// How often it has been told again.
    retold: u8,
    /// Topics answered before it, the last one last: "revenez en arrière".
    trail: Vec<TopicId>,
    /// Forms left for another wish; the last one is returned to first.
    suspended: Vec<Form>,
    known: Known,
    recorded: Vec<Recorded>,
    /// Rest of a long answer, read when the caller wants to hear on.
    unread: Vec<String>,
    /// What the caller said that "J'ai compris : … ?" or an offer is about; a form may use it after a yes.
    wish: Option<String>,
    /// Another wish named beside a yes: next when what the yes was for has been said.
    later: Option<TopicId>,
    /// The sentence interpreted last, elsewhere.
    understood: Option<Box<Understood>>,
    /// What the recogniser nearly heard instead of the caller's last words.
    nearly: Vec<Reading<String>>,
    /// A question without a subject, asked just before: "c'est combien ?".
    asked: Option<String>,
    /// Entries of the directory that may be meant, the proposed one first.
    candidates: Vec<DirectoryId>,
    /// The caller has just been told that their matter is another house's.
    has_declined: bool,
    /// Ever in this call.
    has_ever_declined: bool,
    trouble: Trouble,
    /// Topics the caller has just said it is not.
    refused: Vec<TopicId>,
    caller_number: Option<String>,
    /// The caller has said no to being called back there.
    declines_own_number: bool,
    /// The town's streets, once a form has asked for an address.
    streets: Option<Arc<Streets>>,
    /// The caller has said or typed something.
    someone_is_there: bool,
    /// Long silences granted to who has asked for time.
    granted: u8,
    /// Parts of answers read on to silence since the caller was last there.
    read_to_silence: u8,
    /// How often nobody could be reached.
    dead_ends: u8,
    /// How often the recogniser failed.
    deaf: u8,
    emergencies: u8,
    /// Topics entered during this input: bounds `Ensuite` that run in circles.
    hops: u8,
    /// Inputs so far; chooses among several texts of a phrase.
    turn: usize,
    at: DateTime,
    spoken: Spoken,
    /// Sentences of the prompt being made.
    saying: Vec<String>,
    /// Sentences of this input, for [`Spoken`].
    said_now: Vec<String>,
    outputs: VecDeque<Output>,
    /// While nothing of the answer to the caller's last words has been heard.
    before: Option<Box<Before>>,
    /// The caller has begun to speak again while that is so.
    goes_on: bool,
}

impl Dialogue {
    /// A conversation that waits for [`Input::Started`]. `understanding`: one for each of `plan.plans`, in their order.
    pub fn new(plan: Arc<Dialplan>, phrases: Arc<Phrases>, understanding: Arc<Vec<Understanding>>) -> Self {
        Self {
            plan,
            phrases,
            understanding,
            language: 0,
            pace: Pace::Normal,
            stage: Stage::Waiting,
            open: None,
            retold: 0,
            trail: Vec::new(),
            suspended: Vec::new(),
            known: Known::default(),
            recorded: Vec::new(),
            unread: Vec::new(),
            wish: None,
            later: None,
            understood: None,
            nearly: Vec::new(),
            asked: None,
            candidates: Vec::new(),
            has_declined: false,
            has_ever_declined: false,
            trouble: Trouble::default(),
            refused: Vec::new(),
            caller_number: None,
            declines_own_number: false,
            streets: None,
            someone_is_there: false,
            granted: 0,
            read_to_silence: 0,
            dead_ends: 0,
            deaf: 0,
            emergencies: 0,
            hops: 0,
            turn: 0,
            at: DateTime::default(),
            spoken: Spoken::default(),
            saying: Vec::new(),
            said_now: Vec::new(),
            outputs: VecDeque::new(),
            before: None,
            goes_on: false,
        }
    }

    /// The topic under way, as `service/slug`, for the console and `talk`.
    pub fn open_topic(&self) -> Option<String> {
        self.open.and_then(|id| self.topic(id)).map(name_of)
    }

    /// The language being spoken.
    pub fn language(&self) -> Language {
        self.words().map_or_else(|| Language("fr".to_owned()), |words| words.language.clone())
    }

    /// Nothing more will come: the call was handed over or ended.
    pub fn has_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// The caller has asked for time ("attendez"): silence is no trouble for now, and may last.
    pub fn grants_time(&self) -> bool {
        self.granted > 0
    }

    /// What was asked last wants a yes or a no.
    pub fn asks_yes_or_no(&self) -> bool {
        if self.is_reading() {
            return true;
        }
        match &self.stage {
            Stage::Confirming(_) | Stage::Offering(_) | Stage::Proposing(_) => true,
            Stage::Filling(form) => self.form_wants_yes_or_no(form),
            Stage::Asking(topic) => topic.and_then(|id| self.topic(id)).is_some_and(repair::is_closed),
            Stage::Waiting | Stage::Transferring(_) | Stage::Ended => false,
        }
    }

    /// What is said when an answer takes its time.
    pub fn covering(&self) -> Prompt {
        let language = self.language();
        let book = self.phrases.book(&language);
        let sentences = book.map(|book| book.sentences(PhraseId::OneMoment, self.turn).to_vec()).unwrap_or_default();
        Prompt { language, sentences, pace: self.pace, interruptible: true }
    }

    /// Title of a topic in the language being spoken.
    pub fn title(&self, topic: TopicId) -> String {
        self.words().map(|words| speak::spoken_title(words, topic)).unwrap_or_default()
    }

    /// Everything that happens comes in here; `at` is the local time.
    pub fn handle_input(&mut self, at: DateTime, input: Input) {
        self.at = at;
        if self.stage == Stage::Ended {
            return;
        }
        self.turn += 1;
        self.hops = 0;
        self.said_now.clear();
        let is_heard = matches!(input, Input::Heard { .. });
        if !is_heard && !matches!(input, Input::SpeechInterrupted { had_begun: false, .. } | Input::Speaks(_)) {
            self.before = None;
        }
        let listens = self.route(input);
        if is_heard {
            self.understood = None;
            self.nearly.clear();
            self.keep_what_is_final();
        }
        if self.is_listening() {
            self.pause_reading();
        }
        self.flush(true);
        if !self.said_now.is_empty() {
            self.spoken.last.clone_from(&self.said_now);
            self.spoken.unheard.clear();
        }
        if listens && self.is_listening() {
            let expectation = self.expectation();
            self.put(Output::Listen(expectation));
        }
    }

    /// It is the caller's turn once everything has been said.
    fn is_listening(&self) -> bool {
        !matches!(self.stage, Stage::Waiting | Stage::Transferring(_) | Stage::Ended)
    }

    /// What an operator is told before the caller is put through: who calls and why, as far as that is known.
    pub fn briefing(&self) -> Prompt {
        let language = self.language();
        let number = self.caller_number.as_deref().map(by_pairs);
        let topic = self.open.map(|topic| self.title(topic)).filter(|title| !title.is_empty());
        let value = |name: &str| if name == "numéro" { number.clone() } else { topic.clone() };
        let phrases = self.phrases.book(&language).map_or(&[][..], |book| book.sentences(PhraseId::Briefing, 0));
        let sentences = phrases.iter().filter_map(|sentence| speak::fill(sentence, value)).collect();
        Prompt { language, sentences, pace: Pace::Normal, interruptible: true }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// `true` when what may be heard next has to be told anew.
    fn route(&mut self, input: Input) -> bool {
        if matches!(self.stage, Stage::Waiting) && !matches!(input, Input::Started { .. } | Input::TimeIsUp) {
            return false;
        }
        if matches!(self.stage, Stage::Transferring(_))
            && !matches!(input, Input::TransferFinished { .. } | Input::TimeIsUp)
        {
            return false;
        }
        match input {
            Input::Started { caller_number } => self.started(caller_number),
            Input::Heard { text, confidence } => {
                let nearly = std::mem::take(&mut self.nearly);
                let whole = self.gone_on(text.clone());
                // They are of these words alone.
                self.nearly = if whole == text { nearly } else { Vec::new() };
                self.heard(&whole, confidence);
            }
            Input::Speaks(language) => return self.speaks(&language),
            Input::Key(key) => return self.key(key),
            Input::KeysPaused => return self.keys_paused(),
            Input::Silence => self.silence(),
            Input::SpeechFinished => {
                self.spoken.unheard.clear();
                return false;
            }
            Input::SpeechInterrupted { heard, had_begun } => {
                self.goes_on = !had_begun;
                let heard = heard.min(self.spoken.last.len());
                self.spoken.unheard = self.spoken.last[heard..].to_vec();
                return false;
            }
            Input::TransferFinished { status } => self.transfer_finished(status),
            Input::RecogniserFailed => self.recogniser_failed(),
            Input::TimeIsUp => {
                self.unread.clear();
                self.save_started_forms();
                self.flush(true);
                self.say(PhraseId::TimeIsUp);
                self.flush(false);
                self.hang_up();
            }
        }
        true
    }

    fn words(&self) -> Option<&LanguagePlan> {
        self.plan.plans.get(self.language)
    }

    fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.words()?.topics.get(id.0)
    }

    fn put(&mut self, output: Output) {
        if self.outputs.len() < MOST_OUTPUTS {
            self.outputs.push_back(output);
        }
    }

    fn note(&mut self, note: Note) {
        self.put(Output::Note(note));
    }

    /// Adds sentences to the prompt being made.
    fn say_sentences(&mut self, sentences: impl IntoIterator<Item = String>) {
        self.saying.extend(sentences);
    }

    fn say(&mut self, id: PhraseId) {
        self.say_with(id, |_| None);
    }

    /// Says an everyday phrase; sentences whose value is unknown are left out.
    fn say_with(&mut self, id: PhraseId, value: impl Fn(&str) -> Option<String>) {
        let phrases = Arc::clone(&self.phrases);
        let Some(book) = phrases.book(&self.language()) else {
            return;
        };
        let sentences = book.sentences(id, self.turn).iter().filter_map(|sentence| speak::fill(sentence, &value));
        self.saying.extend(sentences);
    }

    /// Ends the prompt being made; what follows is another one.
    fn flush(&mut self, interruptible: bool) {
        if self.saying.is_empty() {
            return;
        }
        let sentences = std::mem::take(&mut self.saying);
        self.said_now.extend(sentences.iter().cloned());
        let prompt = Prompt { language: self.language(), sentences, pace: self.pace, interruptible };
        self.put(Output::Say(prompt));
    }

    /// The caller got on: failures are forgotten.
    fn progress(&mut self) {
        self.trouble = Trouble::default();
        self.refused.clear();
    }

    fn hang_up(&mut self) {
        self.flush(true);
        self.put(Output::HangUp);
        self.stage = Stage::Ended;
    }
}

/// `service/slug`.
fn name_of(topic: &Topic) -> String {
    format!("{}/{}", topic.service, topic.slug)
}
