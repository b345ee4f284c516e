//! What `{…}` stands for: values that the dialplan itself holds, and those that depend on the hour.

use jiff::civil::DateTime;

use super::{
    Condition, Dialplan, DirectoryEntry, Hours, Language, Place, Value, speak_date, speak_hours, speak_next_opening,
    speak_todays_hours,
};

impl Dialplan {
    /// This value as it is said at this local time. `None`: nothing is known of it, or it belongs to a form.
    pub fn value(&self, value: &Value, at: DateTime, language: &Language) -> Option<String> {
        match value {
            Value::Today => Some(speak_date(at.date(), true, language)),
            Value::NextOpening(place) => {
                let next = self.hours_of(*place).next_opening(at, &self.holidays())?;
                Some(speak_next_opening(at, next, language))
            }
            Value::TodaysHours(place) => {
                Some(speak_todays_hours(self.hours_of(*place), at.date(), &self.holidays(), language))
            }
            fixed => self.fixed_value(fixed, language),
        }
    }

    /// This value, if it is the same in every call.
    pub fn fixed_value(&self, value: &Value, language: &Language) -> Option<String> {
        let entry = |place: &Place| place.and_then(|id| self.directory.get(id.0));
        let of = |place: &Place, own: fn(&DirectoryEntry) -> &Option<String>, town: &Option<String>| match place {
            Some(_) => entry(place).and_then(|entry| own(entry).clone()),
            None => town.clone(),
        };
        match value {
            Value::Hours(place) => speak_hours(self.hours_of(*place), language),
            Value::Number(place) => of(place, |entry| &entry.number, &self.number),
            Value::Address(place) => of(place, |entry| &entry.address, &self.address),
            Value::Email(place) => of(place, |entry| &entry.email, &self.email),
            Value::Website => self.website.clone(),
            Value::Today | Value::NextOpening(_) | Value::TodaysHours(_) | Value::Slot(_) => None,
        }
    }

    /// Whether a text with this condition is said at this local time.
    pub fn holds(&self, condition: Condition, at: DateTime) -> bool {
        match condition {
            Condition::Always => true,
            Condition::IfOpen => self.is_open(at),
            Condition::IfClosed => !self.is_open(at),
            Condition::EntryOpen(entry) => self.entry_is_open(entry, at),
            Condition::EntryClosed(entry) => !self.entry_is_open(entry, at),
        }
    }

    /// Hours of this place: its own, else the town hall's.
    pub fn hours_of(&self, place: Place) -> &Hours {
        let own = place.and_then(|id| self.directory.get(id.0)).and_then(|entry| entry.hours.as_ref());
        own.unwrap_or(&self.hours)
    }
}
