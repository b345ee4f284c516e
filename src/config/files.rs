//! Whether the files that the configuration names can be used, before any call is taken.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::Config;
use super::error::FileProblem;
use crate::net::{TlsError, TlsSettings, check_tls};

const PREPARE: &str = "lancez « make models » (ou « allo-mairie models prepare »)";

/// Everything that is missing or can't be read.
pub fn problems(config: &Config) -> Vec<FileProblem> {
    let mut found = Vec::new();
    let mut file = |key, path: &Path, what: &str| {
        let remedy = format!("{PREPARE}, ou corrigez {key} dans la configuration.");
        found.extend(check_file(path).err().map(|why| problem(key, path, format!("{what} {why}"), remedy)));
    };
    file("recogniser.model", &config.recogniser.model, "le modèle de reconnaissance");
    if let Some(model) = &config.understanding.model {
        file("understanding.model", model, "le modèle de phrases");
    }
    let voices = || config.voice.languages.values();
    // Several voices may share a file.
    for model in voices().map(|voice| &voice.model).collect::<BTreeSet<_>>() {
        file("voice.languages", model, "le modèle de la voix");
    }
    for description in voices().map(|voice| &voice.config).collect::<BTreeSet<_>>() {
        file("voice.languages", description, "la description de la voix");
    }
    file("voice.onnxruntime", &config.voice.onnxruntime, "la bibliothèque ONNX Runtime");

    if let Some(tls) = &config.sip.tls
        && let Err(error) = check_tls(tls)
    {
        found.push(tls_problem(tls, &error));
    }

    let directory = &config.dialplan.directory;
    if let Err(why) = check_directory(directory) {
        let remedy = "donnez dans dialplan.directory le dossier des fiches, celui qui contient mairie.md.".to_owned();
        found.push(problem("dialplan.directory", directory, format!("le dossier du dialplan {why}"), remedy));
    } else if let Err(why) = check_file(&directory.join("mairie.md")) {
        let remedy = "donnez le dossier d'une commune, par exemple dialplans/saint-germain-en-laye.".to_owned();
        let path = directory.join("mairie.md");
        found.push(problem("dialplan.directory", &path, format!("la fiche de la mairie {why}"), remedy));
    }
    let prompts = &config.dialplan.prompts;
    if let Err(why) = check_directory(prompts) {
        let remedy = "donnez dans dialplan.prompts le dossier prompts livré avec le programme.".to_owned();
        found.push(problem("dialplan.prompts", prompts, format!("le dossier des phrases {why}"), remedy));
    }
    found
}

fn problem(key: &'static str, path: &Path, message: String, remedy: String) -> FileProblem {
    FileProblem { key, path: path.to_path_buf(), message, remedy }
}

/// TLS files are tried as the service would use them.
fn tls_problem(tls: &TlsSettings, error: &TlsError) -> FileProblem {
    let owner = |path: &Path| match path {
        path if path == tls.certificate => "sip.tls.certificate",
        path if path == tls.key => "sip.tls.key",
        _ => "sip.tls.authorities",
    };
    let (key, path, message, remedy) = match error {
        TlsError::Unreadable { path, source } => {
            (owner(path), path, reason(source), "corrigez le chemin, ou donnez au service le droit de le lire.")
        }
        TlsError::NoCertificate { path } => (
            owner(path),
            path,
            "ne contient aucun certificat".into(),
            "il faut un fichier PEM (-----BEGIN CERTIFICATE-----).",
        ),
        TlsError::NoKey { path } => (
            "sip.tls.key",
            path,
            "ne contient aucune clé privée".into(),
            "il faut un fichier PEM (-----BEGIN PRIVATE KEY-----).",
        ),
        TlsError::Damaged { path, detail } => (
            owner(path),
            path,
            format!("est abîmé ({detail})"),
            "faites-le écrire à nouveau par votre autorité ou votre client ACME.",
        ),
        TlsError::Mismatch { key, .. } => (
            "sip.tls.key",
            key,
            "n'est pas la clé du certificat".into(),
            "donnez la clé et le certificat créés ensemble (privkey.pem et fullchain.pem d'un client ACME).",
        ),
        TlsError::NoAuthority => (
            "sip.tls.authorities",
            &tls.certificate,
            "aucune autorité de confiance n'est connue".into(),
            "donnez dans sip.tls.authorities le fichier PEM de celles qui valent.",
        ),
        TlsError::Unsupported(detail) => (
            "sip.tls.certificate",
            &tls.certificate,
            format!("est d'une sorte qui ne convient pas ({detail})"),
            "prenez un certificat RSA (2048 bits au moins) ou ECDSA.",
        ),
    };
    problem(key, path, message, remedy.to_owned())
}

/// Opens it: existence alone does not tell whether the service's user may read it.
fn check_file(path: &Path) -> Result<(), String> {
    let metadata = File::open(path).and_then(|file| file.metadata()).map_err(|error| reason(&error))?;
    match (metadata.is_file(), metadata.len()) {
        (true, 0) => Err("est un fichier vide".into()),
        (true, _) => Ok(()),
        (false, _) => Err("n'est pas un fichier".into()),
    }
}

fn check_directory(path: &Path) -> Result<(), String> {
    fs::read_dir(path).map(|_| ()).map_err(|error| reason(&error))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "est introuvable".into(),
        ErrorKind::PermissionDenied => "ne peut pas être lu : droits insuffisants".into(),
        ErrorKind::NotADirectory => "n'est pas un dossier".into(),
        _ => format!("ne peut pas être lu : {error}"),
    }
}
