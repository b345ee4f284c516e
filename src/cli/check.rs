//! `allo-mairie check`: what is wrong with a dialplan, and whether its trials come out as written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::Failure;
use super::sentences::SentenceModel;
use crate::at_once::AtOnce;
use crate::dialogue::{Phrases, TrialOutcome, run_trial};
use crate::dialplan::{self, Dialplan, Language, Location, Problem, Severity, SourceFile, Trial};
use crate::files;
use crate::speech::spoken::{Lexicon, Piece};
use crate::understanding::Understanding;
use crate::understanding::encoder::Encode;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

#[derive(clap::Args)]
pub struct Args {
    /// Dossier du dialplan : celui qui contient mairie.md
    dir: PathBuf,
    /// Dossier des phrases de tous les jours ; sans lui, celles du programme
    #[arg(long, value_name = "DOSSIER")]
    prompts: Option<PathBuf>,
    #[command(flatten)]
    sentences: SentenceModel,
    /// Écrire le résultat en JSON, décrit dans docs/ecrire-un-dialplan.md
    #[arg(long)]
    json: bool,
}

/// Exit status when there is an error in the dialplan, or a trial fails.
const FAULTY: u8 = 1;
/// Exit status when the dialplan or the prompts can't be read.
const UNREADABLE: u8 = 2;
/// The lexicons this version came with.
const LEXICONS: [(&str, &str); 2] = [
    ("fr", include_str!("../../prompts/fr/prononciation.tsv")),
    ("en", include_str!("../../prompts/en/prononciation.tsv")),
];

/// Everything found, as `--json` writes it. Documented: fields may be added, none may change.
#[derive(Default, Serialize)]
struct Report {
    ok: bool,
    /// Why nothing could be checked.
    fault: Option<String>,
    name: Option<String>,
    errors: usize,
    warnings: usize,
    problems: Vec<ReportedProblem>,
    trials: Vec<ReportedTrial>,
}

#[derive(Serialize)]
struct ReportedProblem {
    severity: &'static str,
    file: String,
    line: usize,
    column: usize,
    message: String,
    remedy: Option<String>,
}

#[derive(Serialize)]
struct ReportedTrial {
    title: String,
    file: String,
    line: usize,
    passed: bool,
    /// The line that did not hold, and why.
    failure: Option<ReportedProblem>,
}

/// A dialplan read, checked and tried.
struct Checked {
    files: Vec<SourceFile>,
    dialplan: Option<Arc<Dialplan>>,
    /// What the parser and the checker say, then the trials that failed.
    problems: Vec<Problem>,
    /// Trials played: none when there is an error, for they would fail for reasons already told.
    trials: Vec<(Trial, TrialOutcome)>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    match read_and_check(&args) {
        Ok(checked) => {
            let report = checked.report();
            if args.json {
                print_json(&report)?
            } else {
                checked.print(&report)
            }
            // What is wrong has been said.
            if report.ok { Ok(()) } else { Err(Failure { message: String::new(), status: FAULTY }) }
        }
        Err(failure) if args.json => {
            print_json(&Report { fault: Some(failure.message), ..Report::default() })?;
            Err(Failure { message: String::new(), status: UNREADABLE })
        }
        Err(failure) => Err(Failure { status: UNREADABLE, ..failure }),
    }
}

fn print_json(report: &Report) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report).map_err(|error| Failure::new(error.to_string()))?;
    println!("{text}");
    Ok(())
}

fn read_and_check(args: &Args) -> Result<Checked, Failure> {
    let phrases = Arc::new(everyday_phrases(args.prompts.as_deref())?);
    let lexicons = lexicons(args.prompts.as_deref())?;
    let encoder = args.sentences.open()?;
    check(&args.dir, &phrases, &lexicons, encoder.as_ref(), today())
}

/// The phrases of `dir/<language>/`, or those this version came with.
fn everyday_phrases(dir: Option<&Path>) -> Result<Phrases, Failure> {
    let Some(dir) = dir else {
        return Ok(Phrases::built_in());
    };
    let french = files::read_prompts(dir, "fr").map_err(|error| Failure::new(error.to_string()))?;
    let text = |name: &str| {
        french
            .iter()
            .find(|file| file.path == name)
            .map(|file| file.text.as_str())
            .ok_or_else(|| Failure::new(format!("« {} » manque.", dir.join("fr").join(name).display())))
    };
    Phrases::parse(&[(Language("fr".to_owned()), text("phrases.md")?, text("mots.txt")?)]).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|(language, e)| format!("{}/phrases.md, {e}", language.0)).collect();
        Failure::new(lines.join("\n"))
    })
}

/// The pronunciation lexicon of each language: the folder's where it has one, else the one this version came with.
fn lexicons(prompts: Option<&Path>) -> Result<Vec<(Language, Lexicon)>, Failure> {
    LEXICONS
        .iter()
        .map(|(language, built_in)| {
            let own = prompts.map(|dir| dir.join(language).join("prononciation.tsv")).filter(|path| path.is_file());
            let text = match &own {
                Some(path) => files::read_text(path).map_err(|error| Failure::new(error.to_string()))?,
                None => (*built_in).to_owned(),
            };
            let lexicon = Lexicon::parse(&text).map_err(|errors| {
                let path = own.unwrap_or_else(|| PathBuf::from("prononciation.tsv"));
                Failure::new(format!("Le lexique {} est à corriger.\n{errors}", path.display()))
            })?;
            Ok((Language((*language).to_owned()), lexicon))
        })
        .collect()
}

/// What the voice reads by its rules of spelling alone: the text without what the lexicon says.
fn left_to_spelling(lexicons: &[(Language, Lexicon)], language: &Language, text: &str) -> String {
    let pieces = match lexicons.iter().find(|(known, _)| known == language) {
        Some((_, lexicon)) => lexicon.pieces(&language.0, text),
        None => Vec::new(),
    };
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(words) => words,
            Piece::Phonemes(_) => " ".to_owned(),
        })
        .collect()
}

fn check(
    dir: &Path,
    phrases: &Arc<Phrases>,
    lexicons: &[(Language, Lexicon)],
    encoder: Option<&Arc<dyn Encode>>,
    today: jiff::civil::Date,
) -> Result<Checked, Failure> {
    let files = files::read_dialplan(dir).map_err(|error| Failure::new(error.to_string()))?;
    let (dialplan, mut problems) = dialplan::parse(&files);
    let dialplan = dialplan.map(Arc::new);
    let mut trials = Vec::new();
    if let Some(dialplan) = &dialplan {
        problems.extend(dialplan::check(dialplan, today));
        let left = |language: &Language, text: &str| left_to_spelling(lexicons, language, text);
        problems.extend(dialplan::check_pronunciation(dialplan, &left));
        problems.sort_by_key(|problem| (problem.location.file, problem.location.start));
        if problems.iter().all(|problem| problem.severity < Severity::Error) {
            trials = play(dialplan, phrases, encoder);
        }
    }
    problems.extend(trials.iter().filter_map(|(trial, outcome)| failed(trial, outcome)));
    Ok(Checked { files, dialplan, problems, trials })
}

fn play(
    dialplan: &Arc<Dialplan>,
    phrases: &Arc<Phrases>,
    encoder: Option<&Arc<dyn Encode>>,
) -> Vec<(Trial, TrialOutcome)> {
    let understanding: Arc<Vec<Understanding>> = Arc::new(Understanding::train_all(dialplan, encoder, &AtOnce));
    dialplan.trials.iter().map(|trial| (trial.clone(), run_trial(dialplan, phrases, &understanding, trial))).collect()
}

/// A failed trial as a problem at the line that did not hold.
fn failed(trial: &Trial, outcome: &TrialOutcome) -> Option<Problem> {
    match outcome {
        TrialOutcome::Passed => None,
        TrialOutcome::Failed { location, message } => Some(Problem {
            severity: Severity::Error,
            location: *location,
            message: format!("l'essai « {} » échoue : {message}", trial.title),
            remedy: Some("corrigez la fiche, ou l'essai s'il n'est plus juste".to_owned()),
        }),
    }
}

impl Checked {
    fn report(&self) -> Report {
        let count = |severity| self.problems.iter().filter(|problem| problem.severity == severity).count();
        let errors = count(Severity::Error);
        Report {
            ok: errors == 0 && self.dialplan.is_some(),
            fault: None,
            name: self.dialplan.as_ref().map(|dialplan| dialplan.name.clone()),
            errors,
            warnings: count(Severity::Warning),
            problems: self.problems.iter().map(|problem| reported(&self.files, problem)).collect(),
            trials: self.trials.iter().map(|(trial, outcome)| self.reported_trial(trial, outcome)).collect(),
        }
    }

    fn reported_trial(&self, trial: &Trial, outcome: &TrialOutcome) -> ReportedTrial {
        let (file, line, _) = position(&self.files, trial.location);
        ReportedTrial {
            title: trial.title.clone(),
            file,
            line,
            passed: *outcome == TrialOutcome::Passed,
            failure: failed(trial, outcome).map(|problem| reported(&self.files, &problem)),
        }
    }

    fn print(&self, report: &Report) {
        anstream::print!("{}", dialplan::render(&self.files, &self.problems, true));
        if let Some(dialplan) = &self.dialplan {
            println!("{}", inventory(dialplan));
        }
        for trial in &report.trials {
            let (style, mark) = if trial.passed { (GOOD, "réussi") } else { (BAD, "échoué") };
            anstream::println!("  {style}{mark}{style:#}  {} ({}, ligne {})", trial.title, trial.file, trial.line);
        }
        println!("{}", verdict(report));
    }
}

fn reported(files: &[SourceFile], problem: &Problem) -> ReportedProblem {
    let (file, line, column) = position(files, problem.location);
    ReportedProblem {
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        file,
        line,
        column,
        message: problem.message.clone(),
        remedy: problem.remedy.clone(),
    }
}

/// Path, line and column, the latter two from 1.
fn position(files: &[SourceFile], at: Location) -> (String, usize, usize) {
    match files.get(at.file) {
        Some(file) => {
            let (line, column) = dialplan::line_and_column(file, at.start);
            (file.path.clone(), line, column)
        }
        None => (String::new(), 1, 1),
    }
}

/// "Mairie de …: 5 fiches, 40 sujets, 180 phrases."
fn inventory(dialplan: &Dialplan) -> String {
    let services: usize = dialplan.plans.iter().map(|plan| plan.services.len()).sum();
    let topics: usize = dialplan.plans.iter().map(|plan| plan.topics.len()).sum();
    let phrases: usize = dialplan.plans.iter().flat_map(|plan| &plan.topics).map(|topic| topic.phrases.len()).sum();
    format!(
        "{} : {}, {}, {}.",
        dialplan.name,
        counted(services, "fiche"),
        counted(topics, "sujet"),
        counted(phrases, "phrase")
    )
}

fn verdict(report: &Report) -> String {
    let passed = report.trials.iter().filter(|trial| trial.passed).count();
    let trials = match report.trials.len() {
        0 => String::new(),
        all if passed == all => format!(" {} réussi{}.", counted(all, "essai"), if all > 1 { "s" } else { "" }),
        all => format!(" Essais : {passed} sur {all} réussis."),
    };
    match (report.errors, report.warnings) {
        (0, 0) => format!("Rien à redire.{trials}"),
        (0, warnings) => format!("Aucune erreur, {}.{trials}", counted(warnings, "avertissement")),
        (errors, warnings) => format!(
            "{}, {} : le dialplan est à corriger avant de servir.{trials}",
            counted(errors, "erreur"),
            counted(warnings, "avertissement")
        ),
    }
}

/// "1 fiche", "2 fiches", "aucune fiche" is left to the caller.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count > 1 { "s" } else { "" })
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the date of the day comes in")]
fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(dir: &Path) -> Checked {
        let lexicons = lexicons(None).unwrap();
        check(dir, &Arc::new(Phrases::built_in()), &lexicons, None, jiff::civil::date(2026, 11, 23)).unwrap()
    }

    fn town() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/saint-germain-en-laye")
    }

    #[test]
    fn the_towns_dialplan_is_sound_and_its_trials_pass() {
        let checked = checked(&town());
        let report = checked.report();
        assert!(report.ok, "{}", dialplan::render(&checked.files, &checked.problems, false));
        let dialplan = checked.dialplan.as_ref().unwrap();
        let plan = dialplan.first_plan().unwrap();
        for service in ["cni_passeport", "dechets", "etat_civil"] {
            let topics = plan.topics.iter().filter(|topic| topic.service == service).count();
            assert!(topics >= 5, "{service}: {topics} topics");
        }
        assert!(report.trials.len() >= 12 && report.trials.iter().all(|trial| trial.passed));
        // The only objections are sources the officer has to read again, and what is said in one language only.
        let expected = ["sources", "ne sont pas traduits", "ne traduit aucun sujet"];
        let known = |message: &&str| expected.iter().any(|piece| message.contains(piece));
        let messages = report.problems.iter().map(|p| p.message.as_str());
        let others: Vec<&str> = messages.filter(|message| !known(message)).collect();
        assert!(others.is_empty(), "{others:?}");
    }

    #[test]
    fn a_trial_that_does_not_come_out_is_an_error_at_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let mairie = "# Mairie\n- Numéro : 01 02 03 04 05\n## Annuaire\n### Standard\n- Poste : 100\n";
        let accueil = "## Accueil\nDire :\n> Bonjour, ici l'assistant vocal.\n\n## Partout\n\
                       - « un agent », touche 0 : transférer à Standard\n\n## Essai : politesse\n- mairie : Bonsoir\n";
        std::fs::create_dir(dir.path().join("fr")).unwrap();
        std::fs::write(dir.path().join("mairie.md"), mairie).unwrap();
        std::fs::write(dir.path().join("fr/accueil.md"), accueil).unwrap();
        let checked = checked(dir.path());
        let report = checked.report();
        assert!(!report.ok);
        let failure = report.trials[0].failure.as_ref().unwrap();
        assert_eq!((failure.file.as_str(), failure.line), ("fr/accueil.md", 9));
        assert!(failure.message.contains("« politesse »") && failure.message.contains("Bonsoir"));
        assert!(verdict(&report).contains("0 sur 1"));
    }

    #[test]
    fn a_faulty_dialplan_is_refused_with_lines_and_columns() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mairie.md"), "# Mairie\n\n## Accueil\nDirre :\n> Bonjour.\n").unwrap();
        let checked = checked(dir.path());
        let report = checked.report();
        assert!(!report.ok && checked.dialplan.is_none() && report.trials.is_empty());
        let first = &report.problems.iter().find(|p| p.message.contains("Dirre")).unwrap();
        assert_eq!((first.file.as_str(), first.line, first.column), ("mairie.md", 4, 1));
        assert_eq!(first.severity, "error");
        assert!(verdict(&report).contains("à corriger"));
        let failure =
            run(Args { dir: dir.path().to_owned(), json: true, prompts: None, sentences: SentenceModel::none() })
                .unwrap_err();
        assert_eq!((failure.status, failure.message.as_str()), (FAULTY, ""));
    }

    #[test]
    fn what_cannot_be_read_ends_with_a_status_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("latin/fr")).unwrap();
        std::fs::write(at("latin/fr/a.md"), b"## Accueil\n\xe9").unwrap();
        std::fs::create_dir(at("vide")).unwrap();
        std::fs::create_dir(at("gros")).unwrap();
        std::fs::write(at("gros/mairie.md"), "a".repeat(2 * 1024 * 1024)).unwrap();
        std::fs::create_dir(at("boucle")).unwrap();
        std::os::unix::fs::symlink("mairie.md", at("boucle/mairie.md")).unwrap();
        for (name, part) in [
            ("absent", "n'existe pas"),
            ("vide", "aucun fichier .md"),
            ("latin", "UTF-8 (ligne 2)"),
            ("gros", "dépasse 1024 ko"),
            ("boucle", "mairie.md"),
        ] {
            for json in [false, true] {
                let failure =
                    run(Args { dir: at(name), json, prompts: None, sentences: SentenceModel::none() }).unwrap_err();
                assert_eq!(failure.status, UNREADABLE, "{name}");
                assert!(json || failure.message.contains(part), "{name}: {}", failure.message);
            }
        }
        // A folder that links back to itself is walked once.
        let town = at("ronde");
        std::fs::create_dir(&town).unwrap();
        std::os::unix::fs::symlink(&town, town.join("fr")).unwrap();
        std::fs::write(town.join("mairie.md"), "# Mairie\n").unwrap();
        assert_eq!(
            run(Args { dir: town, json: true, prompts: None, sentences: SentenceModel::none() }).unwrap_err().status,
            FAULTY
        );
    }

    #[test]
    fn the_json_is_as_documented() {
        let page = include_str!("../../docs/ecrire-un-dialplan.md");
        let (_, example) = page.split_once("```json\n").expect("an example");
        let (example, _) = example.split_once("```").expect("its end");
        let documented: serde_json::Value = serde_json::from_str(example).expect("valid JSON");
        let at = |file: &str, line| ReportedProblem {
            severity: "error",
            file: file.to_owned(),
            line,
            column: 1,
            message: String::new(),
            remedy: None,
        };
        let report = Report {
            problems: vec![at("a", 1)],
            trials: vec![ReportedTrial {
                title: String::new(),
                file: String::new(),
                line: 1,
                passed: false,
                failure: Some(at("a", 1)),
            }],
            ..Report::default()
        };
        let written = serde_json::to_value(&report).unwrap();
        fn keys(value: &serde_json::Value, path: &str, found: &mut std::collections::BTreeSet<String>) {
            match value {
                serde_json::Value::Object(fields) => {
                    for (name, value) in fields {
                        found.insert(format!("{path}.{name}"));
                        keys(value, &format!("{path}.{name}"), found);
                    }
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, path, found)),
                _ => {}
            }
        }
        let (mut in_page, mut in_report) = Default::default();
        keys(&documented, "", &mut in_page);
        keys(&written, "", &mut in_report);
        assert_eq!(in_page, in_report);
    }

    #[test]
    fn phrases_of_the_towns_own_are_read_or_refused() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        assert!(everyday_phrases(Some(&own)).is_ok());
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("fr")).unwrap();
        std::fs::write(dir.path().join("fr/phrases.md"), "## au-revoi\n> Au revoir.\n").unwrap();
        let missing = everyday_phrases(Some(dir.path())).unwrap_err().message;
        assert!(missing.contains("mots.txt"), "{missing}");
        std::fs::write(dir.path().join("fr/mots.txt"), "mairie\n").unwrap();
        let wrong = everyday_phrases(Some(dir.path())).unwrap_err().message;
        assert!(wrong.contains("au-revoi"), "{wrong}");
    }
}
