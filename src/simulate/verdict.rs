//! Whether a call brought what its scenario expects. PURE.
//!
//! Owns: what counts as right. Must not know: how the call was placed.

use std::time::Duration;

use super::likeness::holds;
use super::report::Failure;
use super::scenario::{ExpectedRequest, Scenario};
use crate::understanding::text::plain;

/// What came of a call.
#[derive(Debug, Clone, Default)]
pub struct Happened {
    /// All that the agent said, as the caller understood it.
    pub heard: String,
    /// The extension that was called and answered.
    pub reached: Option<String>,
    /// Requests recorded during the call: kind, fields.
    pub requests: Vec<(String, Vec<(String, String)>)>,
    pub asked_back: usize,
    pub duration: Duration,
    pub failure: Option<Failure>,
}

/// One expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    NotHeard(String),
    HeardThough(String),
    NotReached(String),
    ReachedThough(String),
    AskedBack(usize),
    NoRequest,
    Requests(usize),
    Kind(String),
    /// The name, or nothing, the value that is missing.
    Value(Option<String>, String),
    TooLong,
    Failed(Failure),
}

/// Everything that does not hold; empty: the call succeeded. `extension` of an entry of the directory.
pub fn judge(scenario: &Scenario, happened: &Happened, extension: impl Fn(&str) -> Option<String>) -> Vec<Miss> {
    let expected = &scenario.expect;
    let mut misses = Vec::new();
    if let Some(failure) = happened.failure {
        misses.push(if failure == Failure::TooLong { Miss::TooLong } else { Miss::Failed(failure) });
    } else if happened.duration > scenario.longest() {
        misses.push(Miss::TooLong);
    }
    misses.extend(expected.heard.iter().filter(|piece| !holds(&happened.heard, piece)).cloned().map(Miss::NotHeard));
    misses.extend(expected.never.iter().filter(|piece| holds(&happened.heard, piece)).cloned().map(Miss::HeardThough));
    match (&expected.reached, &happened.reached) {
        (Some(wanted), reached) => {
            let number = extension(wanted).unwrap_or_else(|| wanted.clone());
            let right = reached.as_ref().is_some_and(|reached| wanted == "*" || *reached == number);
            if !right {
                misses.push(Miss::NotReached(wanted.clone()));
            }
        }
        // Passed on to somebody who was not wanted: the call is lost for its caller's wish.
        (None, Some(reached)) => misses.push(Miss::ReachedThough(reached.clone())),
        (None, None) => {}
    }
    if expected.asked_back.is_some_and(|most| happened.asked_back > most) {
        misses.push(Miss::AskedBack(happened.asked_back));
    }
    if let Some(request) = &expected.request {
        misses.extend(judge_request(request, &happened.requests));
    }
    misses
}

fn judge_request(expected: &ExpectedRequest, requests: &[(String, Vec<(String, String)>)]) -> Vec<Miss> {
    let (kind, fields) = match (expected.no_request, requests) {
        (true, []) => return Vec::new(),
        (true, _) => return vec![Miss::Requests(requests.len())],
        (false, []) => return vec![Miss::NoRequest],
        (false, [(kind, fields)]) => (kind, fields),
        (false, _) => return vec![Miss::Requests(requests.len())],
    };
    let mut misses = Vec::new();
    if let Some(wanted) = &expected.kind
        && plain(wanted) != plain(kind)
    {
        misses.push(Miss::Kind(kind.clone()));
    }
    for (name, wanted) in &expected.fields {
        let value = fields.iter().find(|(field, _)| plain(field) == plain(name)).map(|(_, value)| value);
        if !value.is_some_and(|value| is(value, wanted)) {
            misses.push(Miss::Value(Some(name.clone()), wanted.clone()));
        }
    }
    for wanted in &expected.values {
        if !fields.iter().any(|(_, value)| is(value, wanted)) {
            misses.push(Miss::Value(None, wanted.clone()));
        }
    }
    misses
}

/// The value is one of the alternatives; a piece with `…` may have anything around it.
fn is(value: &str, wanted: &str) -> bool {
    wanted.split('|').map(str::trim).any(|wanted| {
        if wanted.contains('…') || wanted.contains("...") {
            holds(value, wanted)
        } else {
            plain(value) == plain(wanted)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(expect: &str) -> Scenario {
        Scenario::parse(&format!("title = \"t\"\nservice = \"s\"\nsays = [\"a\"]\n[expect]\n{expect}")).unwrap()
    }

    fn misses(expect: &str, happened: &Happened) -> Vec<Miss> {
        judge(&scenario(expect), happened, |entry| (entry == "Standard").then(|| "100".to_owned()))
    }

    #[test]
    fn words_heard() {
        let happened = Happened { heard: "Il faut un rendez-vous.".into(), ..Happened::default() };
        assert_eq!(misses("heard = [\"rendez-vous\"]", &happened), []);
        assert_eq!(misses("heard = [\"gratuit\"]", &happened), [Miss::NotHeard("gratuit".into())]);
        assert_eq!(misses("never = [\"rendez-vous\"]", &happened), [Miss::HeardThough("rendez-vous".into())]);
    }

    #[test]
    fn persons_reached() {
        let happened = Happened { reached: Some("100".into()), ..Happened::default() };
        assert_eq!(misses("reached = \"Standard\"", &happened), []);
        assert_eq!(misses("reached = \"*\"", &happened), []);
        assert_eq!(misses("reached = \"200\"", &happened), [Miss::NotReached("200".into())]);
        assert_eq!(misses("reached = \"*\"", &Happened::default()), [Miss::NotReached("*".into())]);
        assert_eq!(misses("never = [\"x\"]", &happened), [Miss::ReachedThough("100".into())]);
    }

    #[test]
    fn requests_to_the_letter() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields =
            vec![field("nom", "Le Goff"), field("numéro", "0612345678"), field("message", "Un grand nid de poule")];
        let happened = Happened { requests: vec![("demande de rappel".into(), fields)], ..Happened::default() };
        let expect = "[expect.request]\nkind = \"Demande de rappel\"\nfields = { \"numéro\" = \"0612345678\" }\n\
                      values = [\"le goff\", \"… nid de poule …\"]";
        assert_eq!(misses(expect, &happened), []);
        assert_eq!(misses("[expect.request]\nvalues = [\"Le Gof\"]", &happened), [Miss::Value(None, "Le Gof".into())]);
        assert_eq!(misses("[expect.request]\nno_request = true", &happened), [Miss::Requests(1)]);
        assert_eq!(misses("[expect.request]\nkind = \"rappel\"", &Happened::default()), [Miss::NoRequest]);
    }

    #[test]
    fn time_and_questions_back() {
        let slow = Happened { duration: Duration::from_secs(121), asked_back: 2, ..Happened::default() };
        assert_eq!(misses("asked_back = 1\nnever = [\"x\"]", &slow), [Miss::TooLong, Miss::AskedBack(2)]);
        let lost = Happened { failure: Some(Failure::FarEndLost), ..Happened::default() };
        assert_eq!(misses("never = [\"x\"]", &lost), [Miss::Failed(Failure::FarEndLost)]);
    }
}
