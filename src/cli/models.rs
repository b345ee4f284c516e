//! `allo-mairie models prepare`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::Failure;
use crate::speech::models::{Options, Progress, prepare};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Télécharger, vérifier et convertir les modèles (une seule fois)
    Prepare(Prepare),
}

#[derive(clap::Args)]
struct Prepare {
    /// Dossier des modèles
    #[arg(long, value_name = "DOSSIER", default_value = "models")]
    dir: PathBuf,
    /// Préparer aussi la voix Piper qui sert aux essais du logiciel
    #[arg(long)]
    with_test_voice: bool,
    /// Garder les paquets téléchargés
    #[arg(long)]
    keep_downloads: bool,
    /// Relire tous les fichiers préparés et comparer leur empreinte SHA-256
    #[arg(long)]
    verify: bool,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let Command::Prepare(args) = args.command;
    let options = Options {
        dir: args.dir,
        test_voice: args.with_test_voice,
        keep_downloads: args.keep_downloads,
        verify: args.verify,
    };
    let mut out = std::io::stdout();
    // On a terminal the line of a running step is shown at once and completed when it ends.
    let live = out.is_terminal();
    let mut begun = String::new();
    let mut show = |progress: Progress| {
        let (line, ends) = describe(&progress);
        let text = match (ends, live) {
            (false, true) => line,
            (false, false) => {
                begun = line;
                return;
            }
            (true, true) => format!("{line}\n"),
            (true, false) => format!("{}{line}\n", std::mem::take(&mut begun)),
        };
        // Progress is a courtesy: a closed pipe does not stop the work.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    };
    let outcome = prepare(&options, &mut show);
    let summary = outcome.map_err(|error| {
        if live {
            println!();
        }
        Failure::new(error.to_string())
    })?;
    if summary.made.is_empty() {
        println!("Modèles prêts dans {}.", options.dir.display());
    } else {
        println!("Modèles prêts dans {} en {}.", options.dir.display(), seconds(summary.elapsed));
    }
    Ok(())
}

/// The text of a step, and whether it ends a line.
fn describe(progress: &Progress) -> (String, bool) {
    match progress {
        Progress::Waiting => ("Une autre préparation est en cours dans ce dossier : attente de sa fin…".into(), true),
        Progress::Fetching { index, count, package, bytes } => {
            (format!("[{index:>2}/{count}] Téléchargement de {package} ({})… ", megabytes(*bytes)), false)
        }
        Progress::Fetched { elapsed } => (format!("vérifié, {}", seconds(*elapsed)), true),
        Progress::Making { file } => (format!("        Préparation de {file}… "), false),
        Progress::Made { bytes, elapsed } => (format!("{}, {}", megabytes(*bytes), seconds(*elapsed)), true),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} Mo", bytes as f64 / 1e6).replace('.', ",")
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64()).replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_say_what_how_much_and_how_long() {
        let fetching =
            Progress::Fetching { index: 2, count: 9, package: "onnxruntime 1.24.4".into(), bytes: 17_222_993 };
        let (line, ends) = describe(&fetching);
        assert_eq!(line, "[ 2/9] Téléchargement de onnxruntime 1.24.4 (17,2 Mo)… ");
        assert!(!ends);
        let made = Progress::Made { bytes: 1_500_000, elapsed: Duration::from_millis(340) };
        assert_eq!(describe(&made), ("1,5 Mo, 0,3 s".into(), true));
    }
}
