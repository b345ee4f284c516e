//! The dialplan as it is called: with hours that make the town hall open, or closed until later, whatever the time is.

use std::fs;
use std::path::Path;

use jiff::civil::DateTime;

use crate::cli::Failure;
use crate::simulate::scenario::Opening;

/// Copies the dialplan in `source` to `target` with the hours of this opening, those of every entry of the directory too.
pub fn copy(source: &Path, target: &Path, opening: Opening, now: DateTime) -> Result<(), Failure> {
    let problem = |path: &Path, error: std::io::Error| {
        Failure::new(format!("Le dialplan {} n'a pas pu être copié : {error}.", path.display()))
    };
    fs::create_dir_all(target).map_err(|error| problem(target, error))?;
    for entry in fs::read_dir(source).map_err(|error| problem(source, error))? {
        let path = entry.map_err(|error| problem(source, error))?.path();
        let Some(name) = path.file_name() else { continue };
        let copied = target.join(name);
        if path.is_dir() {
            copy(&path, &copied, opening, now)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).map_err(|error| problem(&path, error))?;
            let text = if name == "mairie.md" { with_hours(&text, hours(opening, now)) } else { text };
            fs::write(&copied, text).map_err(|error| problem(&copied, error))?;
        }
    }
    Ok(())
}

/// Closed for the next hours, and not for ever: the agent says when somebody will be there.
fn hours(opening: Opening, now: DateTime) -> &'static str {
    const NOON: i8 = 12;
    match opening {
        Opening::Open => "tous les jours : 24h/24",
        Opening::Closed if now.hour() < NOON => "tous les jours : 15h-17h30",
        Opening::Closed => "tous les jours : 8h30-11h",
    }
}

/// The sheet with these hours in `## Horaires` and under each `- Horaires :`.
fn with_hours(sheet: &str, hours: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let (mut in_hours, mut in_entry) = (false, false);
    for line in sheet.lines() {
        if line.starts_with('#') {
            in_hours = line.trim_start_matches('#').trim().eq_ignore_ascii_case("horaires");
            in_entry = false;
            lines.push(line.to_owned());
            if in_hours {
                lines.push(format!("- {hours}"));
            }
            continue;
        }
        if in_entry && line.starts_with([' ', '\t']) && line.trim_start().starts_with('-') {
            continue;
        }
        in_entry = !in_hours
            && line.starts_with('-')
            && line.trim_start_matches('-').trim().to_lowercase().starts_with("horaires");
        if in_entry {
            lines.push("- Horaires :".to_owned());
            lines.push(format!("  - {hours}"));
        } else if !(in_hours && line.starts_with('-')) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn all_hours_are_replaced() {
        let sheet = "# Mairie\n- Numéro : 1\n\n## Horaires\n- lundi : 9h-12h\n- jours fériés : fermé\n\n## Annuaire\n\
                     ### Poste\n- Horaires :\n  - lundi : 9h-10h\n  - mardi : fermé\n- Poste : 100\n";
        let wanted = "# Mairie\n- Numéro : 1\n\n## Horaires\n- tous les jours : 15h-17h30\n\n## Annuaire\n\
                      ### Poste\n- Horaires :\n  - tous les jours : 15h-17h30\n- Poste : 100\n";
        assert_eq!(with_hours(sheet, hours(Opening::Closed, date(2026, 11, 30).at(9, 0, 0, 0))), wanted);
        assert!(with_hours(sheet, hours(Opening::Open, date(2026, 11, 30).at(9, 0, 0, 0))).contains("24h/24"));
    }
}
