//! `allo-mairie new`: a starter dialplan for another town, to be completed by its officer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::dialplan::SourceFile;
use crate::understanding::slots::telephone;

/// The files of the starter, in which `@…@` stands for what the town is called.
const FILES: &[(&str, &str)] = &[
    ("mairie.md", include_str!("new/modele/mairie.md")),
    ("fr/accueil.md", include_str!("new/modele/fr/accueil.md")),
    ("fr/horaires.md", include_str!("new/modele/fr/horaires.md")),
    ("fr/cni_passeport.md", include_str!("new/modele/fr/cni_passeport.md")),
    ("fr/etat_civil.md", include_str!("new/modele/fr/etat_civil.md")),
    ("fr/dechets.md", include_str!("new/modele/fr/dechets.md")),
    ("fr/ecole.md", include_str!("new/modele/fr/ecole.md")),
    ("fr/voirie.md", include_str!("new/modele/fr/voirie.md")),
];
const LONGEST_NAME: usize = 80;

#[derive(clap::Args)]
pub struct Args {
    /// Dossier à créer, ou vide
    dir: PathBuf,
    /// Nom de la commune
    #[arg(long, value_name = "NOM", default_value = "Ma Commune")]
    commune: String,
    /// Numéro de téléphone de la mairie
    #[arg(long = "numero", alias = "numéro", value_name = "NUMÉRO")]
    number: Option<String>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let files = starter(&args.commune, args.number.as_deref())?;
    let write_failed = |path: &Path, error: &io::Error| {
        Failure::new(format!("« {} » n'a pas pu être écrit : {error}.", path.display()))
    };
    match fs::read_dir(&args.dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Failure::new(format!(
                    "« {} » n'est pas vide : donnez un nouveau dossier, rien ne sera écrasé.",
                    args.dir.display()
                )));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Failure::new(format!("« {} » n'est pas un dossier.", args.dir.display())));
        }
        Err(error) => return Err(write_failed(&args.dir, &error)),
    }
    for file in &files {
        let path = args.dir.join(&file.path);
        let folder = path.parent().unwrap_or(&args.dir);
        fs::create_dir_all(folder).map_err(|error| write_failed(folder, &error))?;
        fs::write(&path, &file.text).map_err(|error| write_failed(&path, &error))?;
    }
    let dir = args.dir.display();
    println!("Le dialplan de départ est écrit dans « {dir} » : {} fichiers à compléter.", files.len());
    println!("Vérifiez-le :     allo-mairie check {dir}");
    println!("Essayez-le :      allo-mairie talk {dir}");
    println!("Pour l'écrire :   docs/ecrire-un-dialplan.md");
    Ok(())
}

/// The starter's files for this town.
fn starter(commune: &str, number: Option<&str>) -> Result<Vec<SourceFile>, Failure> {
    let commune = commune.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '’');
    if commune.is_empty() || commune.chars().count() > LONGEST_NAME || !commune.chars().all(is_name) {
        return Err(Failure::new(format!(
            "« {commune} » n'est pas le nom d'une commune : écrivez par exemple --commune \"Saint-Aubin\"."
        )));
    }
    let number = match number {
        None => "<!-- - Numéro : 01 23 45 67 89 -->".to_owned(),
        Some(written) => {
            let is_sign = |c: char| c.is_ascii_digit() || " .-+\u{a0}".contains(c);
            let digits: String = written.chars().filter(char::is_ascii_digit).collect();
            let digits = telephone::normalise(&digits, false).filter(|_| written.chars().all(is_sign)).ok_or_else(|| {
                Failure::new(format!(
                    "« {written} » n'est pas un numéro de téléphone : écrivez par exemple --numero \"01 23 45 67 89\"."
                ))
            })?;
            format!("- Numéro : {}", telephone::by_pairs(&digits))
        }
    };
    let of_town = of(commune);
    let fill = |text: &str| text.replace("@COMMUNE@", commune).replace("@DE@", &of_town).replace("@NUMERO@", &number);
    Ok(FILES.iter().map(|(path, text)| SourceFile { path: (*path).to_owned(), text: fill(text) }).collect())
}

/// "de Saint-Aubin", "d'Évry", "du Vésinet", "des Mureaux".
fn of(commune: &str) -> String {
    if let Some(rest) = commune.strip_prefix("Le ") {
        return format!("du {rest}");
    }
    if let Some(rest) = commune.strip_prefix("Les ") {
        return format!("des {rest}");
    }
    let first = crate::dialplan::fold(commune).chars().next();
    match first {
        Some('a' | 'e' | 'i' | 'o' | 'u' | 'h') => format!("d'{commune}"),
        _ => format!("de {commune}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::{Conversation, Phrases, TrialOutcome, run_trial};
    use crate::dialplan::{Severity, check, parse, render};

    #[test]
    fn the_starter_is_sound_and_its_trials_pass() {
        for number in [None, Some("02.99.00.00.00")] {
            let files = starter("Évry-sur-Vire", number).unwrap();
            let (dialplan, mut problems) = parse(&files);
            let dialplan = dialplan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)));
            problems.extend(check(&dialplan, jiff::civil::date(2026, 11, 23)));
            assert!(problems.iter().all(|p| p.severity < Severity::Error), "{}", render(&files, &problems, false));
            // The officer has to read the national rules again; nothing else is left to object to.
            let others: Vec<&str> =
                problems.iter().map(|p| p.message.as_str()).filter(|m| !m.contains("sources")).collect();
            assert!(others.is_empty(), "{others:?}");
            assert_eq!(dialplan.name, "Mairie d'Évry-sur-Vire");
            assert_eq!(dialplan.number.as_deref(), number.map(|_| "02 99 00 00 00"));
            assert!(dialplan.trials.len() >= 8);
            let town = Conversation::new(dialplan, Phrases::built_in());
            for trial in &town.plan().trials {
                let outcome = run_trial(town.plan(), town.phrases(), town.understanding(), trial);
                assert_eq!(outcome, TrialOutcome::Passed, "{}", trial.title);
            }
        }
    }

    #[test]
    fn nothing_is_overwritten_and_wrong_names_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let args = |dir: &Path, commune: &str, number: Option<&str>| Args {
            dir: dir.to_owned(),
            commune: commune.to_owned(),
            number: number.map(str::to_owned),
        };
        let fresh = dir.path().join("ma-commune");
        run(args(&fresh, "Le Vésinet", None)).unwrap();
        assert!(fs::read_to_string(fresh.join("mairie.md")).unwrap().starts_with("# Mairie du Vésinet\n"));
        fs::write(fresh.join("mairie.md"), "x").unwrap();
        let refused = run(args(&fresh, "Le Vésinet", None)).unwrap_err().message;
        assert!(refused.contains("n'est pas vide"), "{refused}");
        assert_eq!(fs::read_to_string(fresh.join("mairie.md")).unwrap(), "x");
        let refused = run(args(&fresh.join("mairie.md"), "Le Vésinet", None)).unwrap_err().message;
        assert!(refused.contains("n'est pas un dossier"), "{refused}");
        for (commune, number) in
            [("", None), ("{date}", None), ("Évry\n# x", None), ("Évry", Some("12")), ("Évry", Some("x"))]
        {
            let other = dir.path().join("autre");
            assert!(run(args(&other, commune, number)).is_err() && !other.exists(), "{commune} {number:?}");
        }
        for (commune, named) in
            [("Les Mureaux", "des Mureaux"), ("Honfleur", "d'Honfleur"), ("Saint-Aubin", "de Saint-Aubin")]
        {
            assert_eq!(of(commune), named);
        }
    }
}
