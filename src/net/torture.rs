//! The torture tests of RFC 4475 and RFC 5118 through a real socket: what comes back is what the table says.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::net::bind;
use crate::sip::Listeners;
use crate::sip::tests::torture::{MESSAGES, Outcome, message};
use crate::sip::tests::{AGENT, config};
use crate::sip::wire::{HeaderName, Headers, Message, read_datagram};

/// The messages have no `rport`: answers go to the port in their Via, on an address nobody else uses.
const CLIENT: [u8; 4] = [127, 44, 75, 1];

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
struct Client {
    sockets: HashMap<u16, tokio::net::UdpSocket>,
    server: SocketAddr,
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
impl Client {
    /// Sends from the port the answer will go to.
    async fn send(&mut self, port: u16, bytes: &[u8]) {
        if let Entry::Vacant(place) = self.sockets.entry(port) {
            place.insert(tokio::net::UdpSocket::bind(SocketAddr::from((CLIENT, port))).await.unwrap());
        }
        self.sockets[&port].send_to(bytes, self.server).await.unwrap();
    }

    /// Everything that comes to this port until an answer to this question does; that one last.
    async fn receive_until(&self, port: u16, question: &Key) -> Vec<(Key, u16)> {
        let mut found = Vec::new();
        let mut buffer = vec![0; 65_535];
        loop {
            let received = self.sockets[&port].recv_from(&mut buffer);
            let (length, _) = tokio::time::timeout(Duration::from_secs(10), received)
                .await
                .unwrap_or_else(|_| panic!("no answer to {question:?} at port {port}, but {found:?}"))
                .unwrap();
            let Message::Response(response) = read_datagram(&buffer[..length]).unwrap().message else {
                panic!("a request");
            };
            let key = Key::of(&response.headers);
            found.push((key.clone(), response.status));
            if key == *question {
                return found;
            }
        }
    }
}

/// What answers have in common with their question, raw.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key(Option<Bytes>, Option<Bytes>);

impl Key {
    fn of(headers: &Headers) -> Key {
        let own = |name: HeaderName| headers.get(&name).cloned();
        Key(own(HeaderName::CallId), own(HeaderName::CSeq))
    }
}

fn headers(bytes: &[u8]) -> Option<Headers> {
    Some(match read_datagram(bytes).ok()?.message {
        Message::Request(request) => request.headers,
        Message::Response(response) => response.headers,
    })
}

#[tokio::test]
async fn every_message_gets_its_answer_through_the_socket() {
    let mut config = config(AGENT);
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.listeners = Listeners::udp(listen);
    let (handle, mut lines) = bind(config, listen, 4475).await.unwrap();
    let mut client = Client { sockets: HashMap::new(), server: handle.local_address() };
    for (n, torture) in MESSAGES.iter().enumerate() {
        let Some(bytes) = message(torture.path) else {
            return;
        };
        let headers_sent = headers(&bytes);
        let via = headers_sent.as_ref().and_then(Headers::top_via);
        let port = via.filter(|via| !via.params.contains("rport")).and_then(|via| via.port).unwrap_or(5060);
        client.send(port, &bytes).await;
        let expected = match torture.outcome {
            Outcome::Status(status) => status,
            Outcome::Call => 100,
            Outcome::Dropped => {
                // A question with a known answer, sent behind it, tells that nothing else comes.
                let probe = probe(n);
                client.send(port, probe.as_bytes()).await;
                let found = client.receive_until(port, &Key::of(&headers(probe.as_bytes()).unwrap())).await;
                let dropped = headers_sent.as_ref().map(Key::of);
                assert!(found.iter().all(|(key, _)| Some(key) != dropped.as_ref()), "{}", torture.asks);
                continue;
            }
        };
        let key = Key::of(&headers_sent.unwrap());
        let found = client.receive_until(port, &key).await;
        assert_eq!(found.last().map(|(_, status)| *status), Some(expected), "{}", torture.asks);
        if torture.outcome == Outcome::Call {
            let line = tokio::time::timeout(Duration::from_secs(10), lines.recv()).await.expect("a call").unwrap();
            // Hanging up is a 480, by the way of the 100.
            drop(line);
            let found = client.receive_until(port, &key).await;
            assert_eq!(found.last().map(|(_, status)| *status), Some(480), "{}", torture.asks);
        }
    }
}

fn probe(n: usize) -> String {
    format!(
        "OPTIONS sip:mairie@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP probe.example;branch=z9hG4bKprobe{n};rport\r\n\
         From: <sip:probe@example.com>;tag=1\r\nTo: <sip:mairie@127.0.0.1>\r\nCall-ID: probe-{n}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}
