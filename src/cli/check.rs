//! `allo-mairie check`: what is wrong with a dialplan, and whether its trials come out as written.

use std::path::PathBuf;

use serde::Serialize;

use super::Failure;
use crate::dialplan::{self, Dialplan, Problem, Severity, SourceFile};
use crate::files;

#[derive(clap::Args)]
pub struct Args {
    /// Dossier du dialplan : celui qui contient mairie.md
    dir: PathBuf,
    /// Écrire le résultat en JSON
    #[arg(long)]
    json: bool,
}

/// Everything found, as `--json` writes it.
#[derive(Serialize)]
struct Report {
    ok: bool,
    name: Option<String>,
    errors: usize,
    warnings: usize,
    problems: Vec<ReportedProblem>,
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

pub fn run(args: Args) -> Result<(), Failure> {
    let files = files::read_dialplan(&args.dir).map_err(|error| Failure::new(error.to_string()))?;
    let (dialplan, mut problems) = dialplan::parse(&files);
    if let Some(dialplan) = &dialplan {
        problems.extend(dialplan::check(dialplan, today()));
    }
    let report = report(&files, dialplan.as_ref(), &problems);
    if args.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::new(error.to_string()))?;
        println!("{text}");
    } else {
        anstream::print!("{}", dialplan::render(&files, &problems, true));
        if let Some(dialplan) = &dialplan {
            println!("{}", inventory(dialplan));
        }
        println!("{}", verdict(&report));
    }
    // What is wrong has been said.
    if report.ok { Ok(()) } else { Err(Failure::new("")) }
}

fn report(files: &[SourceFile], dialplan: Option<&Dialplan>, problems: &[Problem]) -> Report {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let errors = count(Severity::Error);
    Report {
        ok: errors == 0 && dialplan.is_some(),
        name: dialplan.map(|dialplan| dialplan.name.clone()),
        errors,
        warnings: count(Severity::Warning),
        problems: problems.iter().map(|problem| reported(files, problem)).collect(),
    }
}

fn reported(files: &[SourceFile], problem: &Problem) -> ReportedProblem {
    let file = files.get(problem.location.file);
    let (line, column) = file.map_or((1, 1), |file| dialplan::line_and_column(file, problem.location.start));
    ReportedProblem {
        severity: match problem.severity {
            Severity::Error => "erreur",
            Severity::Warning => "avertissement",
        },
        file: file.map(|file| file.path.clone()).unwrap_or_default(),
        line,
        column,
        message: problem.message.clone(),
        remedy: problem.remedy.clone(),
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
    match (report.errors, report.warnings) {
        (0, 0) => "Rien à redire.".to_owned(),
        (0, warnings) => format!("Aucune erreur, {}.", counted(warnings, "avertissement")),
        (errors, warnings) => format!(
            "{}, {} : le dialplan ne peut pas servir avant d'être corrigé.",
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
    use std::path::Path;

    use super::*;

    fn checked(dir: &Path) -> (Report, Option<Dialplan>, String) {
        let files = files::read_dialplan(dir).unwrap();
        let (dialplan, mut problems) = dialplan::parse(&files);
        if let Some(dialplan) = &dialplan {
            problems.extend(dialplan::check(dialplan, jiff::civil::date(2026, 11, 23)));
        }
        let rendered = dialplan::render(&files, &problems, false);
        (report(&files, dialplan.as_ref(), &problems), dialplan, rendered)
    }

    #[test]
    fn the_towns_dialplan_is_sound() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/saint-germain-en-laye");
        let (report, dialplan, rendered) = checked(&dir);
        assert!(report.ok, "{rendered}");
        let dialplan = dialplan.unwrap();
        let plan = dialplan.first_plan().unwrap();
        for service in ["cni_passeport", "dechets", "etat_civil"] {
            let topics = plan.topics.iter().filter(|topic| topic.service == service).count();
            assert!(topics >= 5, "{service}: {topics} topics");
        }
        assert!(dialplan.trials.len() >= 12);
        // The only objections are sources the officer has to read again.
        let others: Vec<&str> =
            report.problems.iter().map(|p| p.message.as_str()).filter(|m| !m.contains("sources")).collect();
        assert!(others.is_empty(), "{others:?}");
    }

    #[test]
    fn a_faulty_dialplan_is_refused_with_lines_and_columns() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mairie.md"), "# Mairie\n\n## Accueil\nDirre :\n> Bonjour.\n").unwrap();
        let (report, dialplan, _) = checked(dir.path());
        assert!(!report.ok && dialplan.is_none());
        let first = &report.problems.iter().find(|p| p.message.contains("Dirre")).unwrap();
        assert_eq!((first.file.as_str(), first.line, first.column), ("mairie.md", 4, 1));
        assert_eq!(first.severity, "erreur");
        assert!(verdict(&report).contains("corrigé"));
        let failure = run(Args { dir: dir.path().to_owned(), json: true }).unwrap_err();
        assert_eq!((failure.status, failure.message.as_str()), (1, ""));
    }
}
