//! The town hall that the demonstration and the measurements call: the real dialplan, open day and night, on loopback.

use std::fs;
use std::path::Path;

use super::Failure;
use crate::config::Config;
use crate::server;

/// The configuration of `file` and the environment, with these settings (`SECTION__NAME`) over both.
pub fn config(file: Option<&Path>, settings: &[(&str, String)]) -> Result<Config, Failure> {
    let problem = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let text = match file {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| problem(&error))?;
            Some((path.display().to_string(), text))
        }
        None => None,
    };
    let ours: Vec<(String, String)> =
        settings.iter().map(|(name, value)| (format!("ALLO_MAIRIE_{name}"), value.clone())).collect();
    let theirs =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let theirs = theirs.filter(|(name, _)| !ours.iter().any(|(our_name, _)| our_name == name));
    let environment: Vec<_> = theirs.chain(ours.iter().cloned()).collect();
    Config::from_parts(text.as_ref().map(|(name, text)| (name.as_str(), text.as_str())), environment)
        .map_err(|error| problem(&error))
}

/// Has the answers to `calls`, what each caller says in turn, on disk, as after a day's service.
pub async fn rehearse(config: Config, calls: Vec<Vec<String>>) -> Result<(), Failure> {
    let work = move || {
        let calls: Vec<Vec<&str>> = calls.iter().map(|call| call.iter().map(String::as_str).collect()).collect();
        server::rehearse(&config, &calls)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failure::new("La préparation s'est interrompue."))?
        .map_err(|problem| Failure::new(problem.to_string()))
}

/// Copies the dialplan in `source` to `target`, its main hours replaced by day and night: otherwise an agent called in
/// the evening rightly offers a call-back instead of a person.
pub fn copy_dialplan(source: &Path, target: &Path) -> Result<(), Failure> {
    let problem = |path: &Path, error: std::io::Error| {
        Failure::new(format!("Le dialplan {} n'a pas pu être copié : {error}.", path.display()))
    };
    fs::create_dir_all(target).map_err(|error| problem(target, error))?;
    let entries = fs::read_dir(source).map_err(|error| problem(source, error))?;
    for entry in entries {
        let path = entry.map_err(|error| problem(source, error))?.path();
        let Some(name) = path.file_name() else { continue };
        let copy = target.join(name);
        if path.is_dir() {
            copy_dialplan(&path, &copy)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).map_err(|error| problem(&path, error))?;
            let text = if name == "mairie.md" { open_day_and_night(&text) } else { text };
            fs::write(&copy, text).map_err(|error| problem(&copy, error))?;
        }
    }
    Ok(())
}

/// Copies a folder of plain files and folders.
pub fn copy_folder(source: &Path, target: &Path) -> Result<(), Failure> {
    let problem = |error: std::io::Error| {
        Failure::new(format!("Le dossier {} n'a pas pu être copié : {error}.", source.display()))
    };
    fs::create_dir_all(target).map_err(problem)?;
    for entry in fs::read_dir(source).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let copy = target.join(entry.file_name());
        if entry.file_type().map_err(problem)?.is_dir() {
            copy_folder(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), copy).map_err(problem)?;
        }
    }
    Ok(())
}

/// Makes the first sentence of every answer end with today's hours: it can't be synthesised before it is asked for.
pub fn make_answers_variable(dialplan: &Path) -> Result<(), Failure> {
    let problem = |error: std::io::Error| {
        Failure::new(format!("Le dialplan {} n'a pas pu être changé : {error}.", dialplan.display()))
    };
    for entry in fs::read_dir(dialplan).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.is_dir() {
            make_answers_variable(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            fs::write(&path, with_hours(&fs::read_to_string(&path).map_err(problem)?)).map_err(problem)?;
        }
    }
    Ok(())
}

/// Today's hours at the end of the first sentence after each "Répondre :".
fn with_hours(sheet: &str) -> String {
    let mut answering = false;
    let mut lines = Vec::new();
    for line in sheet.lines() {
        let answer = std::mem::replace(&mut answering, line.trim() == "Répondre :");
        // A full stop within a number or an address has no space behind it.
        let end = line.find(". ").or_else(|| line.trim_end().strip_suffix('.').map(str::len));
        match end {
            Some(end) if answer && line.starts_with("> ") => {
                lines.push(format!("{} {{horaires du jour}}{}", &line[..end], &line[end..]));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

/// The same sheet, its `## Horaires` saying "always open".
fn open_day_and_night(sheet: &str) -> String {
    let mut lines = Vec::new();
    let mut in_hours = false;
    for line in sheet.lines() {
        if line.starts_with('#') {
            in_hours = line.trim_start_matches('#').trim().eq_ignore_ascii_case("horaires");
            lines.push(line);
            if in_hours {
                lines.push("- tous les jours : 24h/24");
            }
        } else if !(in_hours && line.starts_with('-')) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_town_halls_own_hours_are_replaced() {
        let sheet = "# Mairie\n- Numéro : 1\n\n## Horaires\n- lundi : 9h-12h\n- jours fériés : fermé\n\n## Annuaire\n\
                     ### Poste\n- Horaires :\n  - lundi : 9h-10h\n";
        let open = "# Mairie\n- Numéro : 1\n\n## Horaires\n- tous les jours : 24h/24\n\n## Annuaire\n\
                    ### Poste\n- Horaires :\n  - lundi : 9h-10h\n";
        assert_eq!(open_day_and_night(sheet), open);
    }

    #[test]
    fn answers_become_variable_in_their_first_sentence() {
        let sheet =
            "## Titre\nRépondre :\n> Une phrase. Une autre.\n> Encore.\n\nSi oui :\n> Oui.\n\nRépondre :\n> Seule.\n";
        let variable = "## Titre\nRépondre :\n> Une phrase {horaires du jour}. Une autre.\n> Encore.\n\nSi oui :\n> Oui.\n\n\
                        Répondre :\n> Seule {horaires du jour}.\n";
        assert_eq!(with_hours(sheet), variable);
    }

    #[test]
    fn folders_are_copied_whole() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(source.path().join("fr")).unwrap();
        fs::write(source.path().join("mairie.md"), "## Horaires\n- lundi : 9h-12h\n").unwrap();
        fs::write(source.path().join("fr/accueil.md"), "## Accueil\n").unwrap();
        fs::write(source.path().join("fr/notes.txt"), "rien").unwrap();
        let target = target.path().join("copie");
        copy_dialplan(source.path(), &target).unwrap();
        let read = |name: &str| fs::read_to_string(target.join(name)).unwrap();
        assert_eq!(read("mairie.md"), "## Horaires\n- tous les jours : 24h/24\n");
        assert_eq!(read("fr/accueil.md"), "## Accueil\n");
        assert!(!target.join("fr/notes.txt").exists());
        assert!(copy_dialplan(&source.path().join("absent"), &target).is_err());
    }
}
