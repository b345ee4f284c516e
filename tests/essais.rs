//! Every `Essai` of every dialplan of this repository, one test a language: understanding is learned once for all of them. Each that fails is
//! named with its place; `allo-mairie check DIR` lists them one by one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use allo_mairie::dialogue::{Conversation, Phrases, TrialOutcome, run_trial};
use allo_mairie::dialplan::{SourceFile, parse, place, render};
use allo_mairie::files::read_dialplan;
use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let tests = dialplans().iter().flat_map(|dir| tests_of(dir)).collect();
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// The folders that hold a `mairie.md`.
fn dialplans() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = std::fs::read_dir(root.join("dialplans"))
        .expect("the dialplans' folder")
        .map(|entry| entry.expect("a folder").path())
        .chain(std::iter::once(root.join("sip-tests/dialplan")))
        .filter(|dir| dir.join("mairie.md").is_file())
        .collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

/// A test for each folder with trials, or one that fails because the dialplan has errors.
fn tests_of(dir: &Path) -> Vec<Trial> {
    let town = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files: Arc<Vec<SourceFile>> = match read_dialplan(dir) {
        Ok(files) => Arc::new(files),
        Err(error) => return vec![Trial::test(town, move || Err(error.into()))],
    };
    let (plan, problems) = parse(&files);
    let Some(plan) = plan else {
        return vec![Trial::test(town, move || Err(render(&files, &problems, false).into()))];
    };
    let mut by_folder: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, trial) in plan.trials.iter().enumerate() {
        let folder = Path::new(&files[trial.location.file].path).parent().unwrap_or(Path::new(""));
        by_folder.entry(folder.to_string_lossy().into_owned()).or_default().push(index);
    }
    // Learned when the first test runs, not when tests are listed.
    let conversation: Arc<LazyLock<Conversation, _>> =
        Arc::new(LazyLock::new(move || Conversation::new(plan, Phrases::built_in())));
    by_folder
        .into_iter()
        .map(|(folder, trials)| {
            let (files, conversation) = (Arc::clone(&files), Arc::clone(&conversation));
            Trial::test(format!("{town}/{folder}"), move || {
                let plan = conversation.plan();
                let failed: Vec<String> = trials
                    .iter()
                    .filter_map(|index| {
                        let trial = &plan.trials[*index];
                        match run_trial(plan, conversation.phrases(), conversation.understanding(), trial) {
                            TrialOutcome::Passed => None,
                            TrialOutcome::Failed { location, message } => {
                                Some(format!("{} ({}) : {message}", trial.title, place(&files, location)))
                            }
                        }
                    })
                    .collect();
                if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
            })
        })
        .collect()
}
