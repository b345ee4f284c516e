//! Finding things in a [`Dialplan`].

use jiff::civil;

use super::{Dialplan, DirectoryEntry, DirectoryId, Holidays, Hours, Language, LanguagePlan, Topic, TopicId};

impl Dialplan {
    /// Everything in this language.
    pub fn plan(&self, language: &Language) -> Option<&LanguagePlan> {
        self.plans.iter().find(|plan| plan.language == *language)
    }

    /// The language a call starts in.
    pub fn first_plan(&self) -> Option<&LanguagePlan> {
        self.plans.first()
    }

    /// The entry of this number, which must be one of this dialplan's.
    pub fn entry(&self, id: DirectoryId) -> &DirectoryEntry {
        &self.directory[id.0]
    }

    /// Where a caller who wants a human goes: what key 0 of `Partout` transfers to, else any transfer of `Partout`,
    /// else the entry called `Standard`, else the first that has an extension.
    pub fn operator(&self) -> Option<DirectoryId> {
        use super::{Action, Trigger};
        let rules = || self.plans.iter().flat_map(|plan| &plan.everywhere);
        let transfer = |action: &Action| match action {
            Action::Transfer(entry) => Some(*entry),
            _ => None,
        };
        rules()
            .filter(|rule| rule.triggers.contains(&Trigger::Key('0')))
            .find_map(|rule| transfer(&rule.action))
            .or_else(|| rules().find_map(|rule| transfer(&rule.action)))
            .or_else(|| {
                let standard = |entry: &DirectoryEntry| super::fold(&entry.name) == "standard";
                self.directory.iter().position(standard).map(DirectoryId)
            })
            .or_else(|| {
                let reachable = |entry: &DirectoryEntry| entry.extension.is_some();
                self.directory.iter().position(reachable).map(DirectoryId)
            })
    }

    pub fn holidays(&self) -> Holidays {
        Holidays { alsace_moselle: self.alsace_moselle }
    }

    /// The town hall is open at this local time.
    pub fn is_open(&self, at: civil::DateTime) -> bool {
        self.hours.is_open(at, &self.holidays())
    }

    /// This entry is open at this local time: by its own hours, else the town hall's.
    pub fn entry_is_open(&self, id: DirectoryId, at: civil::DateTime) -> bool {
        self.entry_hours(id).is_open(at, &self.holidays())
    }

    /// Hours of this entry: its own, else the town hall's.
    pub fn entry_hours(&self, id: DirectoryId) -> &Hours {
        self.entry(id).hours.as_ref().unwrap_or(&self.hours)
    }

    /// When the town hall opens next; `None` if it does not within a year.
    pub fn next_opening(&self, at: civil::DateTime) -> Option<civil::DateTime> {
        self.hours.next_opening(at, &self.holidays())
    }
}

impl LanguagePlan {
    /// The topic of this number, which must be one of this language's.
    pub fn topic(&self, id: TopicId) -> &Topic {
        &self.topics[id.0]
    }

    /// Numbers and topics, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (TopicId, &Topic)> {
        self.topics.iter().enumerate().map(|(index, topic)| (TopicId(index), topic))
    }

    /// The follow-ups of a topic.
    pub fn follow_ups(&self, parent: TopicId) -> impl Iterator<Item = (TopicId, &Topic)> {
        self.iter().filter(move |(_, topic)| topic.parent == Some(parent))
    }

    /// The topic that stands in this service under this slug: how topics pair between languages.
    pub fn find(&self, service: &str, slug: &str) -> Option<TopicId> {
        self.iter().find(|(_, topic)| topic.service == service && topic.slug == slug).map(|(id, _)| id)
    }

    /// The form that asks for a call back: the one recorded as such, else the one called so.
    pub fn call_back_form(&self) -> Option<TopicId> {
        let call_back = |text: &str| super::fold(text).contains("rappel") || super::fold(text).contains("call back");
        let by_record = self.iter().find(|(_, topic)| topic.record.as_deref().is_some_and(call_back));
        by_record
            .or_else(|| self.iter().find(|(_, topic)| !topic.slots.is_empty() && call_back(&topic.title)))
            .map(|(id, _)| id)
    }

    /// Title of a service's file, if it has one.
    pub fn service_title(&self, service: &str) -> Option<&str> {
        self.services.iter().find(|known| known.id == service).and_then(|known| known.title.as_deref())
    }
}
