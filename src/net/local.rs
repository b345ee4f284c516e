//! The service's socket for commands on this machine: a Unix socket for the service's own user and root.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// A connection of a command to the service.
pub type LocalStream = UnixStream;

/// Listens until it is dropped; then the file goes.
pub struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
}

impl LocalListener {
    /// Takes the place of a socket that nobody listens to any more, and of nothing else.
    pub fn bind(path: &Path) -> io::Result<LocalListener> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path) => {
                std::fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(LocalListener { listener, path: path.to_owned() })
    }

    /// The next connection of who may command us. Cancel-safe.
    pub async fn accept(&self) -> io::Result<LocalStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // The file's mode says so already, but not between its making and the change of its mode.
            let user = stream.peer_cred()?.uid();
            if user == 0 || user == rustix::process::geteuid().as_raw() {
                return Ok(stream);
            }
        }
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket file whose service is gone.
fn is_left_over(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let refused = std::os::unix::net::UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    socket && refused
}

/// Connects to the service.
pub async fn connect_local(path: &Path) -> io::Result<LocalStream> {
    UnixStream::connect(path).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_service_at_a_time_and_only_for_its_user() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/service.sock");
        let listener = LocalListener::bind(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(LocalListener::bind(&path).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        let (there, here) = tokio::join!(listener.accept(), connect_local(&path));
        assert!(there.is_ok() && here.is_ok());
        drop(listener);
        assert!(!path.exists());
        // Left over by a service that was killed.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists() && LocalListener::bind(&path).is_ok());
        // A file of somebody's is not touched.
        std::fs::write(&path, "text").unwrap();
        assert!(LocalListener::bind(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
    }
}
