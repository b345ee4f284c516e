//! From what is written to the sentences that are said: cutting, and filling in values.
//!
//! Text is cut into sentences before its values are filled in, so that what stands in a value never moves a cut and sentences
//! without a value are the same in every call (and come from the cache).

use jiff::civil::DateTime;

use crate::dialplan::{Condition, Dialplan, DirectoryId, Language, LanguagePlan, Part, Speech, TopicId, Value};

use crate::speech::spoken::sentences;

/// Sentences of a text that may hold `{…}`.
pub(super) fn split(text: &str) -> Vec<String> {
    sentences(text)
}

/// Sentences of a speech, each value replaced by `{number}` and the values by their numbers.
pub(super) fn template(speech: &Speech) -> (Vec<String>, Vec<&Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for part in &speech.parts {
        match part {
            Part::Text(fixed) => text.push_str(&fixed.replace(['{', '}'], "")),
            Part::Value(value) => {
                text.push_str(&format!("{{{}}}", values.len()));
                values.push(value);
            }
        }
    }
    (split(&text), values)
}

/// Fills in `{…}`; `None` when a value is unknown: the sentence is then left out.
pub(super) fn fill(sentence: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push_str(after);
            return Some(out);
        };
        out.push_str(&value(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(without_doubled_prepositions(out))
}

/// "À {heure}" is written for an hour; callers say "après 14 h", "vers midi", "entre 9 h et 10 h" as well.
fn without_doubled_prepositions(text: String) -> String {
    const OWN: &[&str] = &["après ", "avant ", "vers ", "entre ", "en début ", "en fin "];
    OWN.iter().fold(text, |text, own| text.replace(&format!(" à {own}"), &format!(" {own}")))
}

/// What is known when a speech is said.
pub(super) struct Moment<'a> {
    pub plan: &'a Dialplan,
    pub language: &'a Language,
    pub at: DateTime,
    /// Hours of this entry rather than the town hall's.
    pub entry: Option<DirectoryId>,
    /// Spoken form of a slot of the open form.
    pub slot: &'a dyn Fn(&str) -> Option<String>,
}

impl Moment<'_> {
    pub fn holds(&self, condition: Condition) -> bool {
        self.plan.holds(condition, self.at)
    }

    pub fn value(&self, value: &Value) -> Option<String> {
        match value {
            Value::Slot(name) => (self.slot)(name),
            value => self.plan.value(value, self.at, self.language),
        }
    }

    pub fn next_opening(&self) -> Option<String> {
        self.value(&Value::NextOpening(self.entry))
    }

    /// The sentences of a speech whose condition holds.
    pub fn sentences(&self, speech: &Speech) -> Vec<String> {
        if !self.holds(speech.condition) {
            return Vec::new();
        }
        let (sentences, values) = template(speech);
        sentences
            .iter()
            .filter_map(|sentence| {
                fill(sentence, |number| {
                    let value = number.parse::<usize>().ok().and_then(|n| values.get(n))?;
                    self.value(value)
                })
            })
            .collect()
    }
}

/// A topic's title inside a sentence: small first letter, the parent's title before a follow-up's.
pub(super) fn spoken_title(plan: &LanguagePlan, topic: TopicId) -> String {
    let Some(found) = plan.topics.get(topic.0) else {
        return String::new();
    };
    let own = small_first(&found.title);
    match found.parent.and_then(|p| plan.topics.get(p.0)) {
        Some(parent) => format!("{}, {own}", small_first(&parent.title)),
        None => own,
    }
}

/// Lower-cases the first letter, but for acronyms ("CNI") and one-letter words.
pub(super) fn small_first(text: &str) -> String {
    let mut letters = text.chars();
    let (Some(first), second) = (letters.next(), letters.next()) else {
        return String::new();
    };
    if second.is_none_or(char::is_uppercase) {
        return text.to_owned();
    }
    first.to_lowercase().chain(text.chars().skip(1)).collect()
}

/// "a, b ou c", "a, b or c".
pub(super) fn either(language: &Language, options: &[String]) -> String {
    let or = if language.0 == "en" { "or" } else { "ou" };
    match options {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {or} {last}", first.join(", ")),
    }
}

/// Topics named as examples of what may be asked: of the services with most to say, the topic that goes deepest; three at
/// most.
pub(super) fn examples(plan: &LanguagePlan) -> String {
    let built_in = [Some(plan.welcome), plan.keypad_menu, plan.anything_else];
    let mut best: Vec<(usize, &str, &str)> = Vec::new();
    for (id, topic) in plan.iter() {
        let ordinary = topic.parent.is_none()
            && !built_in.contains(&Some(id))
            && topic.record.is_none()
            && (!topic.phrases.is_empty() || !topic.keywords.is_empty());
        if !ordinary {
            continue;
        }
        let depth = plan.follow_ups(id).count();
        match best.iter_mut().find(|(_, service, _)| *service == topic.service) {
            Some(known) if known.0 >= depth => {}
            Some(known) => *known = (depth, &topic.service, &topic.title),
            None => best.push((depth, &topic.service, &topic.title)),
        }
    }
    // The sort is stable: among equals the order written decides.
    best.sort_by_key(|(depth, ..)| std::cmp::Reverse(*depth));
    let titles: Vec<String> = best.iter().take(3).map(|(.., title)| small_first(title)).collect();
    either(&plan.language, &titles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_or_the_sentence_goes() {
        let known = |name: &str| (name == "nom").then(|| "Le Goff".to_owned());
        assert_eq!(fill("Je note : {nom}.", known).as_deref(), Some("Je note : Le Goff."));
        assert_eq!(fill("Au {numéro}.", known), None);
        assert_eq!(fill("Rien.", known).as_deref(), Some("Rien."));
        assert_eq!(fill("Une { seule", known).as_deref(), Some("Une  seule"));
    }

    #[test]
    fn values_do_not_move_cuts() {
        let speech = Speech {
            condition: Condition::Always,
            parts: vec![
                Part::Text("Je note ".into()),
                Part::Value(Value::Slot("nom".into())),
                Part::Text(". Est-ce bien cela ?".into()),
            ],
            location: Default::default(),
        };
        let (sentences, values) = template(&speech);
        assert_eq!(sentences, ["Je note {0}.", "Est-ce bien cela ?"]);
        assert_eq!(values.len(), 1);
    }

    #[test]
    fn titles_inside_sentences() {
        assert_eq!(small_first("Carte d'identité"), "carte d'identité");
        assert_eq!(small_first("CNI perdue"), "CNI perdue");
        assert_eq!(small_first("État civil"), "état civil");
        assert_eq!(small_first(""), "");
        let [french, english] = ["fr", "en"].map(|code| Language(code.to_owned()));
        assert_eq!(either(&french, &["a".into(), "b".into(), "c".into()]), "a, b ou c");
        assert_eq!(either(&english, &["a".into(), "b".into()]), "a or b");
    }
}
