//! Values out of what callers say: one kind a file, each with a table of spoken forms.
//!
//! Pure functions over text, French and English alike: their words for values do not clash. A reader that can't be sure
//! gives several [`Reading`]s, best first, and the form offers them one after the other. All work is bounded by
//! [`text::LONGEST_TEXT`](super::text::LONGEST_TEXT). Must not know: forms, questions, the clock (today comes in).

pub mod address;
pub mod choice;
pub mod date;
pub mod email;
pub mod message;
pub mod name;
pub mod numbers;
pub mod quantity;
mod spelling;
pub mod telephone;
pub mod time;
pub mod words;
pub mod yes_no;

#[cfg(test)]
mod english;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;

/// Above this cost a reading is asked about before it is believed.
const SURE: u16 = 50;
/// A rival this near makes a reading doubtful.
const RIVAL: u16 = 60;

/// Cost of believing one natural logarithm against the odds: a reading e times less likely is a rival, one seven times so none.
const AGAINST_THE_ODDS: f32 = 60.0;

/// One way to understand what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<T> {
    pub value: T,
    /// How far this is from what was heard, in hundredths of a word changed: 0 is word for word.
    pub cost: u16,
}

impl<T> Reading<T> {
    pub fn new(value: T, cost: u16) -> Self {
        Self { value, cost }
    }

    /// What the recogniser nearly chose. `odds`: how much less likely, natural logarithm of the ratio.
    pub fn nearly(value: T, odds: f32) -> Self {
        Self::new(value, (odds.max(0.0) * AGAINST_THE_ODDS).round() as u16)
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: f(self.value), cost: self.cost }
    }
}

/// The first reading needs no question of its own: it is near what was heard and no other is.
pub fn is_sure<T>(readings: &[Reading<T>]) -> bool {
    match readings {
        [] => false,
        [first, rest @ ..] => first.cost <= SURE && rest.iter().all(|other| other.cost >= first.cost + RIVAL),
    }
}
