//! Every sentence that will be said without a value known only during a call: synthesised before the first call.

use std::collections::HashSet;

use crate::dialplan::{Dialplan, Language, LanguagePlan, Speech, Topic};

use super::phrases::{PhraseBook, PhraseId, Phrases};
use super::speak::{either, examples, fill, spoken_title, template};

/// Language and sentence, each once, in the order they are likely to be needed: welcome first.
pub fn fixed_sentences(plan: &Dialplan, phrases: &Phrases) -> Vec<(Language, String)> {
    let mut list = List { seen: HashSet::new(), sentences: Vec::new() };
    for words in &plan.plans {
        list.plan(plan, words, |_| true);
        if let Some(book) = phrases.book(&words.language) {
            list.everyday(plan, words, book);
        }
    }
    list.sentences
}

/// Those that a call may need whatever it is about: the file of the welcome, and everyday phrases without a topic's title.
pub fn everyday_sentences(plan: &Dialplan, phrases: &Phrases) -> Vec<(Language, String)> {
    let mut list = List { seen: HashSet::new(), sentences: Vec::new() };
    for words in &plan.plans {
        let service = words.topics.get(words.welcome.0).map(|welcome| welcome.service.as_str());
        list.plan(plan, words, |topic| Some(topic.service.as_str()) == service);
        for (id, book) in
            phrases.book(&words.language).into_iter().flat_map(|book| PhraseId::ALL.iter().map(move |id| (id, book)))
        {
            for sentence in book.all(*id).filter(|sentence| !sentence.contains('{')) {
                list.add(&words.language, sentence.clone());
            }
        }
    }
    list.sentences
}

/// Of these, how every call begins.
pub fn greeting_sentences(plan: &Dialplan) -> Vec<(Language, String)> {
    let mut list = List { seen: HashSet::new(), sentences: Vec::new() };
    for words in &plan.plans {
        if let Some(welcome) = words.topics.get(words.welcome.0) {
            for speech in &welcome.say {
                list.speech(plan, &words.language, speech);
            }
        }
    }
    list.sentences
}

struct List {
    seen: HashSet<(Language, String)>,
    sentences: Vec<(Language, String)>,
}

impl List {
    fn add(&mut self, language: &Language, sentence: String) {
        let entry = (language.clone(), sentence);
        if self.seen.insert(entry.clone()) {
            self.sentences.push(entry);
        }
    }

    /// Sentences whose values, if any, the dialplan itself holds.
    fn speech(&mut self, plan: &Dialplan, language: &Language, speech: &Speech) {
        let (sentences, values) = template(speech);
        let fixed = |number: &str| {
            let value = number.parse::<usize>().ok().and_then(|n| values.get(n))?;
            plan.fixed_value(value, language)
        };
        for sentence in sentences.iter().filter_map(|sentence| fill(sentence, fixed)) {
            self.add(language, sentence);
        }
    }

    /// What the officer wrote.
    fn plan(&mut self, plan: &Dialplan, words: &LanguagePlan, wanted: impl Fn(&Topic) -> bool) {
        let language = &words.language;
        let first = words.topics.get(words.welcome.0);
        for topic in first.into_iter().chain(&words.topics).filter(|topic| wanted(topic)) {
            let speeches = topic.say.iter().chain(&topic.on_silence).chain(&topic.confirm);
            for speech in speeches.chain(topic.slots.iter().map(|slot| &slot.question)) {
                self.speech(plan, language, speech);
            }
        }
    }

    /// Everyday phrases, with the values that the dialplan fixes: titles, services, numbers, choices.
    fn everyday(&mut self, plan: &Dialplan, words: &LanguagePlan, book: &PhraseBook) {
        let language = &words.language;
        let topics: Vec<usize> = (0..words.topics.len()).collect();
        let titles = || topics.iter().map(|i| spoken_title(words, crate::dialplan::TopicId(*i)));
        for id in PhraseId::ALL {
            for sentence in book.all(*id) {
                let with = |list: &mut Self, value: &str| {
                    if let Some(sentence) = fill(sentence, |_| Some(value.to_owned())) {
                        list.add(language, sentence);
                    }
                };
                if !sentence.contains('{') {
                    self.add(language, sentence.clone());
                    continue;
                }
                match id {
                    PhraseId::ConfirmTopic | PhraseId::OfferFirst | PhraseId::OfferNext | PhraseId::NotInThisTopic => {
                        for title in titles() {
                            with(self, &title);
                        }
                    }
                    PhraseId::ReturnToForm => {
                        let forms = words.iter().filter(|(_, topic)| !topic.slots.is_empty());
                        for (id, _) in forms {
                            with(self, &spoken_title(words, id));
                        }
                    }
                    PhraseId::Propose => {
                        for target in proposed(words) {
                            with(self, &spoken_title(words, target));
                        }
                    }
                    PhraseId::TransferService => {
                        for entry in plan.directory.iter().filter(|e| e.extension.is_some()) {
                            with(self, &entry.name);
                        }
                    }
                    PhraseId::ServiceNumber => {
                        for number in plan.directory.iter().filter_map(|e| e.number.as_deref()) {
                            with(self, number);
                        }
                    }
                    PhraseId::CallAgain if !sentence.contains("{prochaine") => {
                        if let Some(number) = &plan.number {
                            with(self, number);
                        }
                    }
                    PhraseId::NotUnderstood | PhraseId::WhatAbout | PhraseId::OutOfScope => {
                        let examples = examples(words);
                        if !examples.is_empty() {
                            with(self, &examples);
                        }
                    }
                    PhraseId::Choose => {
                        for slot in words.topics.iter().flat_map(|t| &t.slots).filter(|s| !s.options.is_empty()) {
                            let options: Vec<String> = slot.options.iter().map(|o| o.phrase.written.clone()).collect();
                            with(self, &either(language, &options));
                        }
                    }
                    PhraseId::Correct => {
                        for topic in words.topics.iter().filter(|t| !t.slots.is_empty()) {
                            let names: Vec<String> = topic.slots.iter().map(|s| s.name.clone()).collect();
                            with(self, &either(language, &names));
                        }
                    }
                    // Known only during the call: opening hours, digits.
                    _ => {}
                }
            }
        }
    }
}

/// Topics that `proposer` leads to.
fn proposed(words: &LanguagePlan) -> Vec<crate::dialplan::TopicId> {
    use crate::dialplan::Action;
    let actions = words.topics.iter().flat_map(|topic| {
        let rules = topic.rules.iter().map(|rule| &rule.action);
        rules.chain(&topic.next).chain(topic.after_failures.iter().map(|(_, action)| action))
    });
    actions
        .chain(words.everywhere.iter().map(|rule| &rule.action))
        .filter_map(|action| match action {
            Action::Offer(topic) => Some(*topic),
            _ => None,
        })
        .collect()
}
