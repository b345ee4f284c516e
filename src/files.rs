//! Text files of a town: dialplans and prompts. An edge of the house: the pure modules get what is read here.
//!
//! Owns: finding, bounding and decoding files. Must not know: what they mean.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::dialplan::SourceFile;

/// A page of French is 3 KB; a larger file is a mistake.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const MAX_FILES: usize = 500;
/// All files together: a town that writes as much as a novel.
const MAX_TOTAL_BYTES: usize = 8 * 1024 * 1024;
/// Folders below the one given: languages, and one more for a helpful message about it.
const MAX_DEPTH: usize = 3;

/// A file could not be read. Shown to the person at the terminal: French, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("« {} » n'existe pas : vérifiez le chemin.", .0.display())]
    Missing(PathBuf),
    #[error("« {} » n'est pas un dossier : donnez celui qui contient mairie.md.", .0.display())]
    NotAFolder(PathBuf),
    #[error("« {} » ne contient aucun fichier .md : donnez le dossier qui contient mairie.md.", .0.display())]
    NoDialplan(PathBuf),
    #[error("« {} » ne contient aucun fichier : réinstallez les phrases de la langue.", .0.display())]
    NoPrompts(PathBuf),
    #[error("« {} » contient plus de {MAX_FILES} fichiers : donnez le dossier d'une seule mairie.", .0.display())]
    TooMany(PathBuf),
    #[error("« {} » dépasse {} ko : ce n'est sans doute pas une fiche.", .0.display(), MAX_FILE_BYTES / 1024)]
    TooLarge(PathBuf),
    #[error("« {} » contient plus de {} Mo de texte : donnez le dossier d'une seule mairie.", .0.display(), MAX_TOTAL_BYTES / 1024 / 1024)]
    TooMuch(PathBuf),
    #[error("« {} » n'est pas un fichier ordinaire : enlevez-le du dossier.", .0.display())]
    NotAFile(PathBuf),
    #[error("« {} » n'est pas en UTF-8 (ligne {line}) : enregistrez le fichier au format « UTF-8 ».", .path.display())]
    NotUtf8 { path: PathBuf, line: usize },
    #[error("« {} » : lecture refusée. Donnez le droit de lecture au compte qui lance le programme.", .0.display())]
    Forbidden(PathBuf),
    #[error("« {} » n'a pas pu être lu : {source}.", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// Every `.md` file of a dialplan's folder, sorted by path. Files and folders whose name begins with `.` or `_` are left out.
pub fn read_dialplan(dir: &Path) -> Result<Vec<SourceFile>, FilesError> {
    let files = read_folder(dir, &|name| name.ends_with(".md"))?;
    if files.is_empty() { Err(FilesError::NoDialplan(dir.to_owned())) } else { Ok(files) }
}

/// Every file of `dir/<language>`, sorted; paths are below that folder: `repli.md`.
pub fn read_prompts(dir: &Path, language: &str) -> Result<Vec<SourceFile>, FilesError> {
    let folder = dir.join(language);
    let texts = |name: &str| [".md", ".txt", ".toml", ".tsv"].iter().any(|end| name.ends_with(end));
    let files = read_folder(&folder, &texts)?;
    if files.is_empty() { Err(FilesError::NoPrompts(folder)) } else { Ok(files) }
}

/// One text file: UTF-8, with or without byte-order mark, at most 1 MiB.
pub fn read_text(path: &Path) -> Result<String, FilesError> {
    let file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FilesError::TooLarge(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        FilesError::NotUtf8 { path: path.to_owned(), line: valid.iter().filter(|b| **b == b'\n').count() + 1 }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n"))
}

fn read_folder(dir: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<SourceFile>, FilesError> {
    let metadata = fs::metadata(dir).map_err(|error| unreadable(dir, error))?;
    if !metadata.is_dir() {
        return Err(FilesError::NotAFolder(dir.to_owned()));
    }
    let mut found = Vec::new();
    collect(dir, dir, "", 0, wanted, &mut found)?;
    found.sort();
    let mut files = Vec::with_capacity(found.len());
    let mut total = 0;
    for path in found {
        let text = read_text(&dir.join(&path))?;
        total += text.len();
        if total > MAX_TOTAL_BYTES {
            return Err(FilesError::TooMuch(dir.to_owned()));
        }
        files.push(SourceFile { path, text });
    }
    Ok(files)
}

/// Paths below `root`, `/`-separated.
fn collect(
    root: &Path,
    folder: &Path,
    prefix: &str,
    depth: usize,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut Vec<String>,
) -> Result<(), FilesError> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let path = entry.path();
        let below = format!("{prefix}{name}");
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, error))?;
        if metadata.is_dir() {
            if depth + 1 < MAX_DEPTH {
                collect(root, &path, &format!("{below}/"), depth + 1, wanted, found)?;
            }
        } else if wanted(&name) {
            if found.len() == MAX_FILES {
                return Err(FilesError::TooMany(root.to_owned()));
            }
            // Opening a pipe would wait for somebody to write into it.
            if !metadata.is_file() {
                return Err(FilesError::NotAFile(path));
            }
            found.push(below);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: io::Error) -> FilesError {
    match error.kind() {
        io::ErrorKind::NotFound => FilesError::Missing(path.to_owned()),
        io::ErrorKind::PermissionDenied => FilesError::Forbidden(path.to_owned()),
        _ => FilesError::Unreadable { path: path.to_owned(), source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    #[test]
    fn a_dialplan_is_its_markdown_files_in_order() {
        let dir = folder(&[
            ("mairie.md", "\u{feff}# Été\r\n".as_bytes()),
            ("fr/b.md", b"b"),
            ("fr/a.md", b"a"),
            ("fr/notes.txt", b"x"),
            (".git/c.md", b"c"),
            ("_archives/d.md", b"d"),
        ]);
        let files = read_dialplan(dir.path()).unwrap();
        let found: Vec<(&str, &str)> = files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
        assert_eq!(found, [("fr/a.md", "a"), ("fr/b.md", "b"), ("mairie.md", "# Été\n")]);
    }

    #[test]
    fn what_cannot_be_read_says_why_and_what_to_do() {
        let large = vec![b'a'; MAX_FILE_BYTES as usize + 1];
        let dir = folder(&[("latin/a.md", b"ligne\n\xe9t\xe9"), ("gros/a.md", &large), ("vide/a.txt", b"")]);
        for (path, part) in [
            ("absent", "n'existe pas"),
            ("latin/a.md", "n'est pas un dossier"),
            ("latin", "UTF-8 (ligne 2)"),
            ("gros", "dépasse 1024 ko"),
            ("vide", "aucun fichier .md"),
        ] {
            let message = read_dialplan(&dir.path().join(path)).unwrap_err().to_string();
            assert!(message.contains(part), "{path}: {message}");
        }
    }

    #[test]
    fn prompts_are_those_of_the_language() {
        let dir = folder(&[("fr/repli.md", b"oui"), ("en/repli.md", b"yes"), ("fr/image.png", b"\xff")]);
        let files = read_prompts(dir.path(), "fr").unwrap();
        assert_eq!(files, [SourceFile { path: "repli.md".into(), text: "oui".into() }]);
        assert!(read_prompts(dir.path(), "de").unwrap_err().to_string().contains("n'existe pas"));
    }
}
