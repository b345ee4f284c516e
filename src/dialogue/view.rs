//! The form under way, to be shown: by `talk`, by the console.

use super::Dialogue;
use super::state::{FormStep, Stage};

/// A form under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormView {
    pub title: String,
    pub slots: Vec<SlotView>,
    pub step: StepView,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    pub name: String,
    /// As it is read back; `None` while it is empty.
    pub value: Option<String>,
    /// It may have been misheard.
    pub is_doubtful: bool,
}

/// What a form waits for. Numbers index the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepView {
    Asked(usize),
    /// A yes to this value alone.
    Checked(usize),
    Confirmed,
    Corrected,
}

impl Dialogue {
    /// The form being filled, if there is one.
    pub fn form(&self) -> Option<FormView> {
        let Stage::Filling(form) = &self.stage else {
            return None;
        };
        let topic = self.topic(form.topic)?;
        let slots = topic.slots.iter().zip(&form.values).map(|(slot, value)| SlotView {
            name: slot.name.clone(),
            value: value.as_ref().filter(|value| !value.is_skipped()).map(|value| value.spoken.clone()),
            is_doubtful: value.as_ref().is_some_and(|value| value.is_doubtful),
        });
        Some(FormView {
            title: self.title(form.topic),
            slots: slots.collect(),
            step: match form.at {
                FormStep::Slot { index, .. } => StepView::Asked(index),
                FormStep::Check { index } => StepView::Checked(index),
                FormStep::Confirm => StepView::Confirmed,
                FormStep::Correct => StepView::Corrected,
            },
        })
    }
}
