//! Certificates signed by themselves, for TLS with peers.

use std::path::{Path, PathBuf};

use allo_mairie::net::{ClientCertificates, TlsSettings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

/// A certificate for 127.0.0.1 and its key, in files.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
    _directory: TempDir,
}

impl Certificate {
    pub fn new() -> Certificate {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
        let directory = TempDir::new().expect("temporary directory");
        let (certificate, key) = (directory.path().join("certificate.pem"), directory.path().join("key.pem"));
        std::fs::write(&certificate, cert.pem()).expect("a file");
        std::fs::write(&key, signing_key.serialize_pem()).expect("a file");
        Certificate { certificate, key, _directory: directory }
    }

    /// Ours, asking callers for none.
    pub fn alone(&self) -> TlsSettings {
        TlsSettings {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            authorities: None,
            client_certificates: ClientCertificates::Ignored,
        }
    }

    /// Ours, trusting this one alone and asking callers for it.
    pub fn trusting(&self, other: &Path) -> TlsSettings {
        TlsSettings {
            authorities: Some(other.to_path_buf()),
            client_certificates: ClientCertificates::Required,
            ..self.alone()
        }
    }
}
