//! Where a conversation is: enums that carry their own data.

use crate::dialplan::{Action, DirectoryId, TopicId};

/// What the caller was asked last.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    /// The call has not been answered.
    Waiting,
    /// An open question, or a topic's own question with its rules. `None`: the built-in "anything else?".
    Asking(Option<TopicId>),
    /// "J'ai compris : … ?"
    Confirming(TopicId),
    /// "Vous appelez peut-être à ce sujet : … ? Ou bien … ?"
    Offering(Vec<TopicId>),
    /// A closed question: yes does this, no leads to "anything else?".
    Proposing(Action),
    /// A form is being filled.
    Filling(Form),
    /// Waiting for the outcome of a transfer.
    Transferring(DirectoryId),
    /// Nothing more will be said.
    Ended,
}

/// A form under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub topic: TopicId,
    /// One for each slot of the topic.
    pub values: Vec<Option<Filled>>,
    pub at: FormStep,
    /// Failures in a row at this step.
    pub failures: u8,
    /// How often all readings of an answer were refused, since a value was accepted.
    pub refused: u8,
    /// Slots that were asked for, in their order: the way back.
    pub asked: Vec<usize>,
    /// A value was kept that the caller said neither yes nor no to.
    pub is_guessed: bool,
    /// Values that the caller said no to: heard again, they are rather misheard again.
    pub denied: Vec<String>,
    /// What else those may have been: told anew and heard as one of them, that is the value.
    pub nearly_told: Vec<String>,
}

/// Values remembered as denied.
const MOST_DENIED: usize = 8;
/// Values remembered beside them.
const MOST_NEARLY_TOLD: usize = 32;

impl Form {
    pub fn new(topic: TopicId, slots: usize) -> Self {
        let at = FormStep::Slot { index: 0, digits: String::new() };
        let values = vec![None; slots];
        let (asked, denied, nearly_told) = (Vec::new(), Vec::new(), Vec::new());
        Self { topic, values, at, failures: 0, refused: 0, asked, is_guessed: false, denied, nearly_told }
    }

    /// This slot is asked for now.
    pub fn note_asked(&mut self, index: usize) {
        self.asked.retain(|asked| *asked != index);
        self.asked.push(index);
    }

    /// The caller said no to this value.
    pub fn deny(&mut self, value: &Filled) {
        if !self.denied.contains(&value.value) {
            self.denied.push(value.value.clone());
        }
        let surplus = self.denied.len().saturating_sub(MOST_DENIED);
        self.denied.drain(..surplus);
        for other in &value.others {
            if !self.nearly_told.contains(&other.value) {
                self.nearly_told.push(other.value.clone());
            }
        }
        let surplus = self.nearly_told.len().saturating_sub(MOST_NEARLY_TOLD);
        self.nearly_told.drain(..surplus);
    }

    /// The likeliest of what may have been meant that was not denied, and best what a value that was denied may have been as well: two
    /// tellings seldom agree in a mistake. The likeliest of all when everything was denied.
    pub fn likeliest(&self, told: Filled) -> Filled {
        let Filled { is_doubtful, others, .. } = told.clone();
        let all = std::iter::once(Filled { is_doubtful: false, others: Vec::new(), ..told.clone() }).chain(others);
        let mut left: Vec<Filled> = all.filter(|value| !self.denied.contains(&value.value)).collect();
        if left.is_empty() {
            return told;
        }
        // Stable: each part stays in its order.
        left.sort_by_key(|value| !self.nearly_told.contains(&value.value));
        let first = left.remove(0);
        let is_first = first.value == told.value;
        Filled { is_doubtful: is_doubtful || !is_first, others: left, ..first }
    }

    /// The slot asked for before the one under way.
    pub fn before_last_asked(&self) -> Option<usize> {
        self.asked.len().checked_sub(2).and_then(|at| self.asked.get(at)).copied()
    }

    /// Questions that were not answered.
    pub fn unanswered(&self) -> usize {
        self.skipped() + usize::from(self.is_guessed)
    }

    /// Values that were never understood.
    pub fn skipped(&self) -> usize {
        self.values.iter().flatten().filter(|value| value.is_skipped()).count()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum FormStep {
    /// This slot is asked for. `digits`: dictated or typed so far.
    Slot { index: usize, digits: String },
    /// This value needs a yes of its own before the form goes on.
    Check { index: usize },
    /// `Confirmer`.
    Confirm,
    /// "Que faut-il corriger ?"
    Correct,
}

/// The value of a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filled {
    /// As it is recorded.
    pub value: String,
    /// As it is read back.
    pub spoken: String,
    /// It may have been misheard.
    pub is_doubtful: bool,
    /// From an earlier form of this call; the caller has not said yet that it still holds.
    pub is_recalled: bool,
    /// What else may have been meant, likeliest first.
    pub others: Vec<Filled>,
}

impl Filled {
    pub fn new(value: String, spoken: String) -> Self {
        Self { value, spoken, ..Self::default() }
    }

    /// Read back as it is recorded.
    pub fn same(value: String) -> Self {
        Self { spoken: value.clone(), value, ..Self::default() }
    }

    /// Given up after two failures, at an hour when nobody can help.
    pub fn skipped() -> Self {
        Self::default()
    }

    pub fn is_skipped(&self) -> bool {
        self.value.is_empty()
    }

    /// The next thing that may have been meant.
    pub fn next(mut self) -> Option<Self> {
        if self.others.is_empty() {
            return None;
        }
        let next = self.others.remove(0);
        Some(Self { is_doubtful: true, others: self.others, ..next })
    }
}

/// Failures in a row; any progress clears them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Turns not understood.
    pub misunderstood: u8,
    /// Questions met with silence.
    pub silences: u8,
    /// Sounds without words.
    pub noises: u8,
    /// Failures since this topic was entered.
    pub here: u8,
}

impl Trouble {
    pub fn total(self) -> u8 {
        self.misunderstood.saturating_add(self.silences)
    }
}

/// What was said last, and how much of it was heard.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spoken {
    /// Sentences of the last turn: what "répétez" repeats.
    pub last: Vec<String>,
    /// Of those, the ones that the caller cut off.
    pub unheard: Vec<String>,
}

/// Why nobody can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreachable {
    Closed,
    NoExtension,
    /// SIP status of a transfer that failed.
    Failed(u16),
}
