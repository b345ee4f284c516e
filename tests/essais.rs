//! Every `Essai` of every dialplan of this repository, one test each: `cargo test --test essais carte` plays those with
//! « carte » in their name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// A test for each trial, or one that fails because the dialplan has errors.
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
    let conversation = Arc::new(Conversation::new(plan, Phrases::built_in()));
    (0..conversation.plan().trials.len())
        .map(|index| {
            let (files, conversation) = (Arc::clone(&files), Arc::clone(&conversation));
            let trial = &conversation.plan().trials[index];
            Trial::test(format!("{town}: {}", trial.title), move || {
                let plan = conversation.plan();
                match run_trial(plan, conversation.phrases(), conversation.understanding(), &plan.trials[index]) {
                    TrialOutcome::Passed => Ok(()),
                    TrialOutcome::Failed { location, message } => {
                        Err(format!("{} : {message}", place(&files, location)).into())
                    }
                }
            })
        })
        .collect()
}
