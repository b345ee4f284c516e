//! A conversation from a file: the caller's lines, and what the town hall must have said.

use super::{BAD, DIM, Failure, GOOD, Talk};
use crate::dialplan;

/// What a line of a script is.
enum Line<'a> {
    Nothing,
    /// `> … mots …`
    Expected(&'a str),
    /// What the caller says or types.
    Caller(&'a str),
}

fn read(line: &str) -> Line<'_> {
    let line = line.trim();
    match line.strip_prefix('>') {
        Some(expected) => Line::Expected(expected.trim()),
        None if line.is_empty() || line.starts_with('#') => Line::Nothing,
        None => Line::Caller(line),
    }
}

impl Talk {
    /// Plays every line; a failure at the end when something was not as written.
    pub(super) fn script(&mut self, text: &str) -> Result<(), Failure> {
        let (mut held, mut failed) = (0, 0);
        for (index, line) in text.lines().enumerate() {
            let wrong = match read(line) {
                Line::Nothing => continue,
                Line::Expected(expected) => match self.expected(expected) {
                    Ok(()) => {
                        held += 1;
                        anstream::println!("{GOOD}     ✓ {expected}{GOOD:#}");
                        continue;
                    }
                    Err(wrong) => wrong,
                },
                Line::Caller(line) => {
                    let answers_transfer = ["/decroche", "/occupe", "/absent"].contains(&dialplan::fold(line).as_str());
                    if self.dialogue.has_ended() {
                        "l'appel est déjà terminé".to_owned()
                    } else if self.waiting_for_transfer && !answers_transfer {
                        "l'appel sonne : écrivez d'abord /decroche, /occupe ou /absent".to_owned()
                    } else if self.line(line) {
                        continue;
                    } else {
                        break;
                    }
                }
            };
            failed += 1;
            anstream::println!("{BAD}     ✗ ligne {} : {wrong}{BAD:#}", index + 1);
        }
        match (held, failed) {
            (0, 0) => Ok(()),
            (held, 0) => {
                anstream::println!("{DIM}     {held} attente{} tenue{0}.{DIM:#}", if held > 1 { "s" } else { "" });
                Ok(())
            }
            (_, 1) => Err(Failure::new("Une ligne du fichier n'est pas tenue.")),
            (_, failed) => Err(Failure::new(format!("{failed} lignes du fichier ne sont pas tenues."))),
        }
    }

    fn expected(&mut self, expected: &str) -> Result<(), String> {
        let pieces = dialplan::pieces(expected);
        if pieces.is_empty() {
            return Err("cette ligne n'attend aucun mot : écrivez « > … rendez-vous … »".to_owned());
        }
        self.said
            .expect(&pieces)
            .map_err(|missing| format!("« {missing} » n'a pas été dit ; la mairie a dit : « {} »", self.said.text()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::{Args, run};
    use super::*;

    fn play(dir: &Path, script: &str) -> Result<(), Failure> {
        let path = dir.join("appel.txt");
        std::fs::write(&path, script).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        run(Args {
            dir: root.join("sip-tests/dialplan"),
            at: Some("2026-11-24T10:00".to_owned()),
            script: Some(path),
            explain: true,
            from: None,
            prompts: PathBuf::from("absent"),
            sentences: super::super::SentenceModel::none(),
        })
    }

    #[test]
    fn expectations_hold_or_fail_the_command() {
        let dir = tempfile::tempdir().unwrap();
        play(dir.path(), "# Un agent\n> … bonjour …\n/0\n> … transfert vers Standard …\n/occupe\n> … occupée …\n")
            .unwrap();
        for (script, message) in [
            ("> … bonsoir la compagnie …\n", "Une ligne"),
            ("> …\n> … zut …\n", "2 lignes"),
            ("au revoir\nallô ?\n", "Une ligne"),
            ("/0\nallô ?\n", "Une ligne"),
        ] {
            let failure = play(dir.path(), script).unwrap_err();
            assert!(failure.message.starts_with(message) && failure.status == 1, "{script}: {}", failure.message);
        }
        // A file without expectations is only played.
        play(dir.path(), "bonjour\n/silence\n/quitter\n> … rien n'est plus attendu …\n").unwrap();
    }
}
