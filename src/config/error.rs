//! What can be wrong with a configuration, said in French to the person who runs the machine.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it: the default.
    Default,
    /// The configuration file, at this line (from 1).
    File { name: String, line: usize },
    /// This environment variable.
    Environment { variable: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(formatter, "valeur par défaut"),
            Self::File { name, line } => write!(formatter, "{name}, ligne {line}"),
            Self::Environment { variable } => write!(formatter, "variable {variable}"),
        }
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Dotted key: `sip.max_calls`.
    pub key: String,
    /// The value as given.
    pub value: Option<String>,
    pub origin: Origin,
    /// French, a sentence without its capital.
    pub message: String,
    /// French, a sentence.
    pub remedy: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "  - {}", self.key)?;
        if let Some(value) = &self.value {
            write!(formatter, " = {value}")?;
        }
        write!(formatter, " ({}) : {}.\n    Remède : {}", self.origin, self.message, self.remedy)
    }
}

/// A file or directory that the configuration names and that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    pub key: &'static str,
    pub path: PathBuf,
    pub message: String,
    pub remedy: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "  - {} ({}) : {}.\n    Remède : {}",
            self.path.display(),
            self.key,
            self.message,
            self.remedy
        )
    }
}

/// The configuration can't be used. The text is French and names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "Le fichier de configuration {path} ne peut pas être lu : {source}.\n    \
         Remède : vérifiez le chemin donné à --config et les droits du fichier ; config.example.toml sert de modèle."
    )]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error(
        "{name}, ligne {line}, colonne {column} : ce n'est pas du TOML valide ({detail}).\n    \
         Remède : un réglage s'écrit « nom = valeur », les textes entre guillemets ; comparez avec config.example.toml."
    )]
    Syntax { name: String, line: usize, column: usize, detail: String },
    #[error("La configuration comporte {} :\n{}", count(.0.len(), "erreur", "erreurs"), lines(.0))]
    Invalid(Vec<ConfigProblem>),
    #[error("Il manque {} pour démarrer :\n{}", count(.0.len(), "élément", "éléments"), lines(.0))]
    MissingFiles(Vec<FileProblem>),
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number > 1 { many } else { one })
}

fn lines(problems: &[impl fmt::Display]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
