//! The sentence encoder for the commands that understand without calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::Failure;
use crate::sentences;
use crate::understanding::encoder::Encode;

#[derive(Debug, Clone, clap::Args)]
pub struct SentenceModel {
    /// Modèle qui rapproche les phrases de même sens ; vide : les mots seuls comptent
    #[arg(long = "sentences", value_name = "FICHIER", default_value = sentences::MODEL,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    file: PathBuf,
}

impl SentenceModel {
    /// Words alone.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { file: PathBuf::new() }
    }

    /// The encoder. Without its file words alone decide, which is told on the error output.
    pub fn open(&self) -> Result<Option<Arc<dyn Encode>>, Failure> {
        if self.file.as_os_str().is_empty() {
            return Ok(None);
        }
        let found = sentences::open(&self.file, Path::new(sentences::CACHE));
        let encoder = found.map_err(|error| Failure::new(error.to_string()))?;
        if encoder.is_none() {
            eprintln!(
                "Le modèle de phrases « {} » manque : les mots seuls comptent. « make models » le prépare.",
                self.file.display()
            );
        }
        Ok(encoder)
    }
}
