//! Connections that others opened serve for what we send them (RFC 5923): only to the address they prove to be at.
#![expect(clippy::disallowed_types, reason = "a far end made of bare sockets")]

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, rustls::crypto::ring};

use super::peer::{Peer, request};
use super::*;
use crate::sip::wire::Method;

/// A TLS agent that asks for certificates, and files for those who connect to it.
struct Rig {
    _files: [tempfile::TempDir; 2],
    agent: Agent,
    server: TlsSettings,
    known: TlsSettings,
    /// Where the far end says it listens, and does.
    listener: TcpListener,
}

impl Rig {
    async fn new() -> Rig {
        let files = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let server = certificate(files[0].path(), &["127.0.0.1"]);
        let known = certificate(files[1].path(), &["127.0.0.1"]);
        let asking = TlsSettings {
            authorities: Some(known.certificate.clone()),
            client_certificates: ClientCertificates::Optional,
            ..server.clone()
        };
        let agent = secure(asking).await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Rig { _files: files, agent, server, known, listener }
    }

    /// Connects, with our certificate or without.
    async fn connect(&self, with_certificate: bool) -> Peer<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.server.certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let config = match with_certificate {
            true => {
                let chain = vec![CertificateDer::from_pem_file(&self.known.certificate).unwrap()];
                let key = PrivateKeyDer::from_pem_file(&self.known.key).unwrap();
                config.with_client_auth_cert(chain, key)
            }
            false => Ok::<_, rustls::Error>(config.with_no_client_auth()),
        };
        let stream = TcpStream::connect(self.agent.address(0)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = TlsConnector::from(Arc::new(config.unwrap()));
        Peer::over(connector.connect(name, stream).await.unwrap())
    }

    /// The far end introduces itself.
    async fn greet<S: AsyncRead + AsyncWrite + Unpin>(&self, peer: &mut Peer<S>, transport: &str, alias: &str) {
        let sent_by = format!("SIP/2.0/{transport} {}{alias};", self.listener.local_addr().unwrap());
        peer.send(&request("OPTIONS", "hello", "").replace("SIP/2.0/TCP 127.0.0.1:9;", &sent_by)).await;
        assert_eq!(peer.status().await, 200);
    }

    async fn dial(&self, agent: &Agent, transport: Transport) -> CallLine {
        let remote = self.listener.local_addr().unwrap();
        let destination = Flow { transport, ..Flow::udp(remote) }.into();
        let target = format!("sip:poste@{remote};transport={transport}");
        let offer = Some(OFFER.into());
        agent.sip.dial(crate::sip::Dial::to(target, destination, offer)).await.unwrap()
    }

    /// The agent opens a connection of its own.
    async fn is_called(&self) -> TcpStream {
        within("a connection of the agent's", self.listener.accept()).await.unwrap().0
    }
}

#[tokio::test]
async fn who_has_a_certificate_and_asks_for_it_is_called_over_its_own_connection() {
    let rig = Rig::new().await;
    let mut peer = rig.connect(true).await;
    rig.greet(&mut peer, "TLS", ";alias").await;
    let _line = rig.dial(&rig.agent, Transport::Tls).await;
    assert_eq!(peer.request().await.method, Method::INVITE);
    // The connection is gone, and the alias with it.
    peer.stream.shutdown().await.unwrap();
    while peer.frame().await.is_some() {}
    let _line = rig.dial(&rig.agent, Transport::Tls).await;
    rig.is_called().await;
}

#[tokio::test]
async fn who_does_not_ask_for_it_is_called_where_it_listens() {
    let rig = Rig::new().await;
    let mut peer = rig.connect(true).await;
    rig.greet(&mut peer, "TLS", "").await;
    let _line = rig.dial(&rig.agent, Transport::Tls).await;
    rig.is_called().await;
}

/// RFC 5923 §8.2: else anybody could have the calls of another.
#[tokio::test]
async fn who_has_no_certificate_is_not_believed() {
    let rig = Rig::new().await;
    let mut peer = rig.connect(false).await;
    rig.greet(&mut peer, "TLS", ";alias").await;
    let _line = rig.dial(&rig.agent, Transport::Tls).await;
    rig.is_called().await;

    let plain = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let mut peer = Peer::connect(&plain).await;
    rig.greet(&mut peer, "TCP", ";alias").await;
    let _line = rig.dial(&plain, Transport::Tcp).await;
    assert_eq!(Peer::on(rig.is_called().await).request().await.method, Method::INVITE);
}

#[tokio::test]
async fn calls_to_one_address_share_a_connection() {
    let rig = Rig::new().await;
    let agent = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let _lines = [rig.dial(&agent, Transport::Tcp).await, rig.dial(&agent, Transport::Tcp).await];
    let mut peer = Peer::on(rig.is_called().await);
    let call_ids = [peer.request().await, peer.request().await].map(|r| r.headers.call_id().cloned());
    assert_ne!(call_ids[0], call_ids[1]);
}
