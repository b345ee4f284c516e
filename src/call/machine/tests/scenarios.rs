//! Conversations from `scenarios/*.txt`, each a call in virtual time.

use std::path::Path;
use std::sync::LazyLock;

use super::kit::{self, Scenario};
use crate::dialogue::{Conversation, Phrases};
use crate::dialplan::{SourceFile, parse};

/// The small town of the dialogue's own tests.
const TOWN: &str = include_str!("../../../dialogue/tests/town.md");

pub static CONVERSATION: LazyLock<Conversation> = LazyLock::new(|| {
    let (plan, problems) = parse(&[SourceFile { path: "mairie.md".into(), text: TOWN.into() }]);
    Conversation::new(plan.unwrap_or_else(|| panic!("{problems:?}")), Phrases::built_in())
});

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/call/machine/tests/scenarios");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a text");
        kit::read(&name, &text).unwrap_or_else(|errors| {
            panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })
    };
    files.iter().flat_map(read).collect()
}

/// Those whose title holds the value of `SCENARIO`, for a look at one; all without it.
fn wanted() -> Vec<Scenario> {
    let part = std::env::var("SCENARIO").unwrap_or_default();
    scenarios().into_iter().filter(|scenario| scenario.title.contains(&part)).collect()
}

/// In two halves, so that two processors share them.
fn half(odd: usize) -> impl Iterator<Item = Scenario> {
    wanted().into_iter().enumerate().filter(move |(n, _)| n % 2 == odd).map(|(_, scenario)| scenario)
}

fn every_conversation(odd: usize) {
    let failures: Vec<String> =
        half(odd).filter_map(|scenario| kit::play(&scenario, &CONVERSATION).err()).map(|f| f.to_string()).collect();
    assert!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_conversation_goes_as_written_0() {
    every_conversation(0);
}

#[test]
fn every_conversation_goes_as_written_1() {
    every_conversation(1);
}

#[test]
fn there_are_sixty_at_least() {
    assert!(scenarios().len() >= 60, "{}", scenarios().len());
}

/// Each expectation of each scenario, altered, must fail: one that can't fail proves nothing. Of those that wait for a
/// sentence the last is tried: another sentence than that one never comes.
fn every_expectation_can_fail(odd: usize) {
    let mut idle = Vec::new();
    for scenario in half(odd) {
        for (n, step) in scenario.steps.iter().enumerate() {
            let kit::What::Expect(expectation) = &step.what else { continue };
            if expectation.waits() && n + 1 < scenario.steps.len() {
                continue;
            }
            let mut altered = scenario.clone();
            altered.steps[n].what = kit::What::Expect(expectation.altered());
            altered.steps.truncate(n + 1);
            if kit::play(&altered, &CONVERSATION).is_ok() {
                idle.push(format!("{}:{}: {}", scenario.file, step.line, step.text));
            }
        }
    }
    assert!(idle.is_empty(), "these can't fail:\n{}", idle.join("\n"));
}

#[test]
fn every_expectation_can_fail_0() {
    every_expectation_can_fail(0);
}

#[test]
fn every_expectation_can_fail_1() {
    every_expectation_can_fail(1);
}
