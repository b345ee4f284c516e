//! What the caller has told about themselves in this call: no form asks for it again.

use crate::dialplan::{Slot, SlotKind, fold};

use super::state::Filled;

/// Values kept; more than anybody gives.
const MOST: usize = 8;
/// A day that stays the same in every form.
const OWN_DAY: &str = "naissance";

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    values: Vec<(Slotted, Filled)>,
}

/// What kind of thing is known, and of which name where there may be several.
#[derive(Debug, Clone, PartialEq)]
struct Slotted(SlotKind, String);

impl Slotted {
    /// `None`: what belongs to one form alone.
    fn of(slot: &Slot) -> Option<Self> {
        match slot.kind {
            // One telephone, whatever it is called; "nom de l'enfant" is another's.
            SlotKind::Telephone | SlotKind::Email => Some(Self(slot.kind, String::new())),
            SlotKind::PersonName => Some(Self(slot.kind, fold(&slot.name))),
            SlotKind::Date if fold(&slot.name).contains(OWN_DAY) => Some(Self(slot.kind, fold(&slot.name))),
            _ => None,
        }
    }
}

impl Known {
    /// A value that nothing speaks against.
    pub fn learn(&mut self, slot: &Slot, value: &Filled) {
        let Some(slotted) = Slotted::of(slot).filter(|_| !value.is_skipped() && !value.is_doubtful) else {
            return;
        };
        self.values.retain(|(known, _)| *known != slotted);
        if self.values.len() == MOST {
            self.values.remove(0);
        }
        let value = Filled { is_recalled: false, others: Vec::new(), ..value.clone() };
        self.values.push((slotted, value));
    }

    pub fn recall(&self, slot: &Slot) -> Option<Filled> {
        let slotted = Slotted::of(slot)?;
        let (_, value) = self.values.iter().find(|(known, _)| *known == slotted)?;
        Some(Filled { is_recalled: true, ..value.clone() })
    }

    /// It is not, or no longer, so.
    pub fn forget(&mut self, slot: &Slot) {
        if let Some(slotted) = Slotted::of(slot) {
            self.values.retain(|(known, _)| *known != slotted);
        }
    }
}
