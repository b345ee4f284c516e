//! TLS (RFC 3261 §26.3.1, RFC 5922): our certificate, whom we trust, and what to do when the files change.
//!
//! TLS 1.2 at least. A peer's certificate is good when an authority we trust vouches for its name, or when the very
//! certificate stands in the file of authorities: switchboards often have one they signed themselves.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, ClientConfig, InconsistentKeys, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tracing::{info, warn};

use super::verify::{Clients, Servers, Trust};
use crate::net::{now, sleep_until};

/// Whether peers that connect must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Not asked for.
    Ignored,
    /// Asked for, and good when shown.
    Optional,
    Required,
}

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Our certificate, followed by its intermediates.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Authorities, or certificates themselves, that we trust. `None`: the authorities the system trusts.
    pub authorities: Option<PathBuf>,
    pub client_certificates: ClientCertificates,
}

/// Why TLS cannot be used with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("no certificate in {path}")]
    NoCertificate { path: PathBuf },
    #[error("no private key in {path}")]
    NoKey { path: PathBuf },
    #[error("{path} is damaged: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("the key in {key} is not that of the certificate in {certificate}")]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("no trusted authority")]
    NoAuthority,
    #[error("certificate or key of a kind that is not supported: {0}")]
    Unsupported(rustls::Error),
}

/// What handshakes need, made from the files.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) acceptor: TlsAcceptor,
    pub(super) connector: TlsConnector,
}

/// Checks the files without using them.
pub fn check_tls(settings: &TlsSettings) -> Result<(), TlsError> {
    load(settings).map(|_| ())
}

/// TLS as the files are now.
pub(super) struct Tls {
    settings: TlsSettings,
    current: RwLock<Loaded>,
}

impl Tls {
    /// Reads the files, and again whenever they change (looked at `every` so often) or SIGHUP comes, for as long as the
    /// result lives. Connections there are stay as they are.
    pub(super) fn open(settings: TlsSettings, every: Duration) -> Result<Arc<Tls>, TlsError> {
        let stamps = stamps(&settings);
        let tls = Arc::new(Tls { current: RwLock::new(load(&settings)?), settings });
        tokio::spawn(watch(Arc::downgrade(&tls), stamps, every));
        Ok(tls)
    }

    pub(super) fn current(&self) -> Loaded {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the files as they are now; keeps what it has when they are no good (a certificate is often replaced a
    /// moment before its key).
    fn reload(&self) {
        match load(&self.settings) {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                info!("TLS certificate read anew");
            }
            Err(error) => warn!(%error, "the new TLS files are not usable: the former ones stay in use"),
        }
    }
}

async fn watch(tls: Weak<Tls>, mut known: Stamps, every: Duration) {
    let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        let asked = async {
            match &mut hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let forced = tokio::select! {
            _ = asked => true,
            () = sleep_until(Some(now() + every)) => false,
        };
        let Some(tls) = tls.upgrade() else { return };
        let found = stamps(&tls.settings);
        if forced || found != known {
            known = found;
            tls.reload();
        }
    }
}

type Stamps = Vec<Option<(SystemTime, u64)>>;

fn stamps(settings: &TlsSettings) -> Stamps {
    [Some(&settings.certificate), Some(&settings.key), settings.authorities.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
        .collect()
}

fn load(settings: &TlsSettings) -> Result<Loaded, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = certificates(&settings.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&settings.key)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey { path: settings.key.clone() },
        other => TlsError::Damaged { path: settings.key.clone(), detail: other.to_string() },
    })?;
    let trusted = match &settings.authorities {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    // What is no authority, such as a switchboard's own certificate of an old kind, still serves as pinned.
    let (added, _) = roots.add_parsable_certificates(trusted.iter().cloned());
    let roots = Arc::new(roots);
    let unusable = |error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { certificate: settings.certificate.clone(), key: settings.key.clone() }
        }
        other => TlsError::Unsupported(other),
    };

    // Pinning is for the certificates somebody wrote down, not for the system's hundreds of authorities.
    let pinned = if settings.authorities.is_some() { trusted } else { Vec::new() };
    let clients = (added > 0).then(|| WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()));
    let clients = clients.map(|builder| builder.build()).transpose().map_err(|_| TlsError::NoAuthority)?;
    let servers = (added > 0).then(|| WebPkiServerVerifier::builder_with_provider(roots, provider.clone()));
    let servers = servers.map(|builder| builder.build()).transpose().map_err(|_| TlsError::NoAuthority)?;
    if clients.is_none() && pinned.is_empty() && settings.client_certificates != ClientCertificates::Ignored {
        return Err(TlsError::NoAuthority);
    }

    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unsupported)?;
    let server = match settings.client_certificates {
        ClientCertificates::Ignored => server.with_no_client_auth(),
        asked @ (ClientCertificates::Optional | ClientCertificates::Required) => {
            let required = asked == ClientCertificates::Required;
            let verifier = Clients { trust: Trust::new(pinned.clone(), &provider), by_authority: clients, required };
            server.with_client_cert_verifier(Arc::new(verifier))
        }
    };
    let server = server.with_single_cert(chain.clone(), key.clone_key()).map_err(unusable)?;

    let verifier = Servers { trust: Trust::new(pinned, &provider), by_authority: servers };
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unsupported)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(chain, key)
        .map_err(unusable)?;
    Ok(Loaded { acceptor: TlsAcceptor::from(Arc::new(server)), connector: TlsConnector::from(Arc::new(client)) })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_path_buf(), source })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    match found {
        Ok(found) if found.is_empty() => Err(TlsError::NoCertificate { path: path.to_path_buf() }),
        Ok(found) => Ok(found),
        Err(error) => Err(TlsError::Damaged { path: path.to_path_buf(), detail: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_are_no_good_leave_the_former_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let made = rcgen::generate_simple_self_signed(vec!["mairie.example".to_owned()]).unwrap();
        std::fs::write(path("certificate"), made.cert.pem()).unwrap();
        std::fs::write(path("key"), made.signing_key.serialize_pem()).unwrap();
        let settings = TlsSettings {
            certificate: path("certificate"),
            key: path("key"),
            authorities: None,
            client_certificates: ClientCertificates::Ignored,
        };
        let tls = Tls::open(settings, Duration::from_secs(3_600)).unwrap();
        let config = || Arc::as_ptr(tls.current().acceptor.config());
        let first = config();
        std::fs::write(path("key"), "").unwrap();
        tls.reload();
        assert_eq!(config(), first);
        std::fs::remove_file(path("key")).unwrap();
        tls.reload();
        assert_eq!(config(), first);
        std::fs::write(path("key"), made.signing_key.serialize_pem()).unwrap();
        let held = tls.current();
        tls.reload();
        assert_ne!(config(), Arc::as_ptr(held.acceptor.config()), "read anew");

        // SIGHUP asks for it at once. A listener of our own first: without any, the signal would end this process.
        use tokio::signal::unix::{SignalKind, signal};
        let mut asked = signal(SignalKind::hangup()).unwrap();
        tokio::task::yield_now().await;
        let held = tls.current();
        let kill = format!("kill -HUP {}", std::process::id());
        let kill = std::process::Command::new("sh").args(["-c", &kill]).status();
        assert!(kill.unwrap().success());
        asked.recv().await;
        let deadline = now() + Duration::from_secs(20);
        while config() == Arc::as_ptr(held.acceptor.config()) {
            assert!(now() < deadline, "SIGHUP was not heard");
            tokio::task::yield_now().await;
        }
    }
}
