//! The officers' page, `docs/ecrire-un-dialplan.md`: each of its examples is checked and played.
//!
//! The first example is a whole dialplan; each other one is put into it, in the place of the sections of the same title.

use std::path::Path;

use allo_mairie::dialogue::{Conversation, Input, Output, Phrases, TrialOutcome, run_trial};
use allo_mairie::dialplan::{Problem, Severity, SourceFile, check, parse, render};
use jiff::civil::{date, datetime};

const PAGE: &str = include_str!("../docs/ecrire-un-dialplan.md");

/// An example of the page: what stands after « ```markdown », and its text.
struct Example {
    about: &'static str,
    text: &'static str,
}

fn examples() -> Vec<Example> {
    let mut rest = PAGE;
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once("```markdown") {
        let (about, after) = after.split_once('\n').expect("a line");
        let (text, after) = after.split_once("```").expect("an end");
        found.push(Example { about: about.trim(), text });
        rest = after;
    }
    assert!(found.len() > 12, "the page has its examples");
    found
}

/// A text cut at its `#` and `##` titles.
fn sections(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text
        .match_indices('#')
        .map(|(at, _)| at)
        .filter(|at| (*at == 0 || text[..*at].ends_with('\n')) && !text[*at..].starts_with("###"))
        .collect();
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn title(section: &str) -> &str {
    section.lines().next().unwrap_or_default()
}

/// The base with the sections of the example.
fn with(base: &str, example: &str) -> String {
    let own = sections(example);
    let kept = sections(base).into_iter().filter(|section| own.iter().all(|other| title(other) != title(section)));
    kept.chain(own.iter().copied()).map(|section| format!("{}\n\n", section.trim_end())).collect()
}

fn files(base: &str, example: &Example) -> Vec<SourceFile> {
    let file = |path: &str, text: String| SourceFile { path: path.to_owned(), text };
    if example.about.ends_with(".md") {
        // Another language: the topics of the first one move to the file of the same name.
        let (town, topics): (Vec<&str>, Vec<&str>) = sections(base)
            .into_iter()
            .partition(|s| s.starts_with("# ") || ["## Horaires", "## Annuaire"].contains(&title(s)));
        let town = town.concat().replace("Langues : français", "Langues : français, anglais");
        return vec![
            file(example.about, example.text.to_owned()),
            file("fr/accueil.md", topics.concat()),
            file("mairie.md", town),
        ];
    }
    vec![file("mairie.md", with(base, example.text))]
}

fn problems_of(files: &[SourceFile]) -> (Option<allo_mairie::dialplan::Dialplan>, Vec<Problem>) {
    let (plan, mut problems) = parse(files);
    if let Some(plan) = &plan {
        problems.extend(check(plan, date(2026, 11, 23)));
    }
    (plan, problems)
}

#[test]
fn every_example_is_sound_and_comes_out_as_written() {
    let examples = examples();
    let base = examples[0].text;
    let mut played = 0;
    for example in examples.iter().filter(|example| !example.about.starts_with("refusé")) {
        let files = files(base, example);
        let (plan, problems) = problems_of(&files);
        assert!(problems.is_empty(), "{}", render(&files, &problems, false));
        let own: Vec<&str> = example.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let town = Conversation::new(plan.expect("no error"), Phrases::built_in());
        for trial in &town.plan().trials {
            let outcome = run_trial(town.plan(), town.phrases(), town.understanding(), trial);
            assert_eq!(outcome, TrialOutcome::Passed, "{}", trial.title);
            played += 1;
        }
        assert!(own.iter().any(|title| title.starts_with("Essai")), "an example without a trial: {own:?}");
        // Each topic of the example is reached by the first of its phrases.
        let plan = town.plan();
        let words = plan.first_plan().expect("a language");
        let topics = words.topics.iter().filter(|topic| topic.parent.is_none() && own.contains(&topic.title.as_str()));
        for topic in topics {
            let Some(phrase) = topic.phrases.first().and_then(|phrase| phrase.variants(1).pop()) else { continue };
            let mut dialogue = town.start();
            let at = datetime(2026, 11, 24, 10, 0, 0, 0);
            dialogue.handle_input(at, Input::Started { caller_number: None });
            dialogue.handle_input(at, Input::Heard { text: phrase.clone(), confidence: 1.0 });
            let outputs: Vec<Output> = std::iter::from_fn(|| dialogue.poll_output()).collect();
            let noted = outputs.iter().any(|output| format!("{output:?}").contains(&format!("/{}\"", topic.slug)));
            assert!(noted, "« {phrase} » does not reach {}: {outputs:?}", topic.title);
        }
    }
    assert!(played >= 15, "{played} trials");
}

#[test]
fn what_the_page_says_is_refused_is_refused_for_that_reason() {
    let examples = examples();
    let mut refused = 0;
    for example in &examples {
        let Some(reason) = example.about.strip_prefix("refusé :").map(str::trim) else { continue };
        let (_, problems) = problems_of(&files(examples[0].text, example));
        let told = problems.iter().any(|p| p.severity == Severity::Error && p.message.contains(reason));
        assert!(told, "{reason}: {problems:?}");
        refused += 1;
    }
    assert!(refused >= 5);
}

#[test]
fn every_value_and_label_of_the_page_is_one_of_the_language() {
    // Words in the tables are taken by the parser.
    let examples = examples();
    for value in [
        "{date}",
        "{horaires du jour}",
        "{horaires}",
        "{prochaine ouverture}",
        "{numéro de la mairie}",
        "{adresse de la mairie}",
    ] {
        assert!(PAGE.contains(value), "{value} is not explained");
        let text = examples[0].text.replace("tapez 0.", &format!("tapez 0. Ceci : {value}."));
        let file = [SourceFile { path: "mairie.md".into(), text }];
        let (_, problems) = problems_of(&file);
        assert!(problems.is_empty(), "{}", render(&file, &problems, false));
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prononciation.md").is_file());
}
