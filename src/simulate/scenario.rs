//! A spoken call as data: who calls, what they say, how they answer, what must come of it. PURE.
//!
//! Owns: the files' format (`sip-tests/calls/README.md`). Must not know: how a call is placed, judged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::script::Line;

/// A call that lasts longer has failed, unless its file says otherwise.
const LONGEST: Duration = Duration::from_secs(120);

/// Something wrong with a file. The text is for whoever wrote it.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("{0}")]
    Format(#[from] toml::de::Error),
    #[error("`{0}` are no keys of a telephone")]
    Keys(String),
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("nothing is expected: a call that can't fail shows nothing")]
    NothingExpected,
    #[error("`no_request` contradicts what the request should be")]
    NoRequest,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub title: String,
    pub service: String,
    #[serde(default)]
    pub wants: String,
    #[serde(default)]
    pub hours: Opening,
    pub number: Option<String>,
    #[serde(default)]
    pub operator: Operator,
    longest: Option<u64>,
    #[serde(default)]
    pub subject: Vec<String>,
    #[serde(default)]
    pub says: Vec<Saying>,
    #[serde(default)]
    pub answers: Vec<Reply>,
    #[serde(default)]
    pub expect: Expected,
}

/// Whether the town hall is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opening {
    #[default]
    Open,
    Closed,
}

/// What the person at the extension does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    #[default]
    Answers,
    Busy,
    Absent,
}

/// Something the caller does by themselves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Saying {
    Says(String),
    /// The first wording, and others for who has not understood it.
    Rephrased(Vec<String>),
    Keys(Keys),
    Over(Over),
    Silent(Silent),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub keys: String,
}

/// Said over the agent's next words.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Over {
    pub over: String,
}

/// Nothing is said until the agent speaks again.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silent {
    pub silent: bool,
}

/// An answer to a question of the agent's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub to: String,
    pub unless: Option<String>,
    pub says: Vec<Saying>,
}

/// What must have come of the call.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    pub heard: Vec<String>,
    pub never: Vec<String>,
    /// An entry of the directory, an extension, or `*`.
    pub reached: Option<String>,
    /// Most questions back about what is meant.
    pub asked_back: Option<usize>,
    pub request: Option<ExpectedRequest>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedRequest {
    pub kind: Option<String>,
    pub fields: BTreeMap<String, String>,
    pub values: Vec<String>,
    pub no_request: bool,
}

impl Scenario {
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        if scenario.title.trim().is_empty() {
            return Err(ScenarioError::Empty("title"));
        }
        if scenario.says.is_empty() && scenario.answers.is_empty() {
            return Err(ScenarioError::Empty("says"));
        }
        for saying in scenario.sayings() {
            match saying {
                Saying::Keys(Keys { keys }) if Line::keys(keys).is_none() => {
                    return Err(ScenarioError::Keys(keys.clone()));
                }
                Saying::Rephrased(wordings) if wordings.is_empty() => return Err(ScenarioError::Empty("says")),
                _ => {}
            }
        }
        if scenario.answers.iter().any(|reply| reply.says.is_empty()) {
            return Err(ScenarioError::Empty("says"));
        }
        let expected = &scenario.expect;
        let nothing = expected.heard.is_empty() && expected.reached.is_none() && expected.request.is_none();
        if nothing && expected.never.is_empty() && expected.asked_back.is_none() {
            return Err(ScenarioError::NothingExpected);
        }
        if let Some(request) = &expected.request
            && request.no_request
            && (request.kind.is_some() || !request.fields.is_empty() || !request.values.is_empty())
        {
            return Err(ScenarioError::NoRequest);
        }
        Ok(scenario)
    }

    pub fn longest(&self) -> Duration {
        self.longest.map_or(LONGEST, Duration::from_secs)
    }

    /// A request is to be left.
    pub fn leaves_request(&self) -> bool {
        self.expect.request.as_ref().is_some_and(|request| !request.no_request)
    }

    /// Telephone numbers that are to be recorded.
    pub fn expected_numbers(&self) -> impl Iterator<Item = &str> {
        let request = self.expect.request.iter();
        let values = request.flat_map(|request| request.fields.values().chain(&request.values));
        values
            .map(String::as_str)
            .filter(|value| value.len() == 10 && value.starts_with('0') && value.bytes().all(|b| b.is_ascii_digit()))
    }

    fn sayings(&self) -> impl Iterator<Item = &Saying> {
        self.says.iter().chain(self.answers.iter().flat_map(|reply| &reply.says))
    }

    /// Every text that may be spoken of the file's own.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.sayings().flat_map(|saying| match saying {
            Saying::Says(text) => vec![text.as_str()],
            Saying::Over(Over { over }) => vec![over.as_str()],
            Saying::Rephrased(wordings) => wordings.iter().map(String::as_str).collect(),
            Saying::Keys(_) | Saying::Silent(_) => Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
title = "Carte perdue"
service = "cni_passeport"
hours = "closed"
number = "0612345678"
operator = "busy"
longest = 90
subject = ["carte d'identité"]
says = ["Bonjour.", ["un", "deux"], { keys = "1#" }, { over = "Un agent !" }, { silent = true }]

[[answers]]
to = "quel nom"
says = ["Martin"]

[[answers]]
to = "je note"
unless = "martin"
says = ["Non, Martin"]

[expect]
heard = ["25 euros"]
reached = "Standard"

[expect.request]
values = ["Martin", "0612345678"]
"#;

    #[test]
    fn a_whole_file() {
        let scenario = Scenario::parse(WHOLE).unwrap();
        assert_eq!(
            (scenario.hours, scenario.operator, scenario.longest().as_secs()),
            (Opening::Closed, Operator::Busy, 90)
        );
        assert_eq!(scenario.says[2], Saying::Keys(Keys { keys: "1#".into() }));
        assert_eq!(
            scenario.texts().collect::<Vec<_>>(),
            ["Bonjour.", "un", "deux", "Un agent !", "Martin", "Non, Martin"]
        );
        assert_eq!(scenario.expected_numbers().collect::<Vec<_>>(), ["0612345678"]);
        assert!(scenario.leaves_request());
    }

    #[test]
    fn mistakes_are_told() {
        let wrong = |from: &str, to: &str| Scenario::parse(&WHOLE.replace(from, to)).unwrap_err().to_string();
        assert!(wrong("hours = \"closed\"", "opening = \"closed\"").contains("opening"));
        assert!(wrong("keys = \"1#\"", "keys = \"un\"").contains("no keys"));
        assert!(
            wrong("values = [\"Martin\", \"0612345678\"]", "values = [\"Martin\"]\nno_request = true")
                .contains("contradicts")
        );
        let nothing = Scenario::parse("title = \"t\"\nservice = \"s\"\nsays = [\"a\"]").unwrap_err();
        assert!(matches!(nothing, ScenarioError::NothingExpected));
    }
}
