//! SIP over real sockets of this machine: calls by each transport, and what happens to connections.

mod calls;
mod certificates;
mod connections;
mod names;
mod peer;
mod reuse;

use std::net::SocketAddr;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::sync::mpsc;

use super::*;
use crate::sip::{AccessConfig, Command, EndCause, EndpointConfig, Event, Flow, Listener, Listeners, Transport};

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/// Longer than anything here takes, so that a fault is a failed test and no endless one.
const PATIENCE: Duration = Duration::from_secs(20);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::select! {
        value = future => value,
        () = sleep_until(Some(now() + PATIENCE)) => panic!("{what}: nothing happened"),
    }
}

struct Agent {
    sip: SipHandle,
    calls: mpsc::Receiver<CallLine>,
}

fn settings(listen: &[&str]) -> SipSettings {
    let listen: Vec<ListenAddress> = listen.iter().map(|text| text.parse().unwrap()).collect();
    let listener = |l: &ListenAddress| Listener { transport: l.transport, advertised: l.address };
    let mut listeners = Listeners::new(listener(&listen[0]));
    listen[1..].iter().for_each(|l| listeners.push(listener(l)));
    let endpoint = EndpointConfig {
        listeners,
        user: "mairie".into(),
        display_name: None,
        product: "test".into(),
        max_calls: 8,
        accept_transfers: false,
        policy: Default::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    };
    let (connections, timings) = (ConnectionLimits::default(), Timings::default());
    SipSettings {
        endpoint,
        listen,
        tls: None,
        connections,
        timings,
        registrations: Vec::new(),
        register_first: false,
        keep_alive: Default::default(),
    }
}

impl Agent {
    async fn open(settings: SipSettings) -> Agent {
        let (sip, calls) = open(settings, rand::random()).await.expect("free ports of this machine");
        Agent { sip, calls }
    }

    async fn at(listen: &[&str]) -> Agent {
        Agent::open(settings(listen)).await
    }

    fn address(&self, index: usize) -> SocketAddr {
        self.sip.listening()[index].address
    }

    async fn incoming(&mut self) -> CallLine {
        let mut line = within("an incoming call", self.calls.recv()).await.expect("the task runs");
        assert!(matches!(line.event().await, Some(Event::Incoming { .. })));
        line
    }
}

/// Calls `callee`'s first listener over the transport of that listener.
async fn dial(caller: &Agent, callee: &Agent) -> CallLine {
    dial_with(caller, callee, OFFER).await
}

async fn dial_with(caller: &Agent, callee: &Agent, offer: &str) -> CallLine {
    let ListenAddress { transport, address } = callee.sip.listening()[0];
    let local = caller.sip.listening().iter().position(|l| l.transport == transport).unwrap();
    let local = crate::sip::ListenerId(u16::try_from(local).unwrap());
    let destination = Flow { transport, remote: address, connection: None, local };
    let target = format!("sip:mairie@{address};transport={transport}");
    let destination = destination.into();
    let dial = crate::sip::Dial::to(target, destination, Some(offer.into()));
    caller.sip.dial(dial).await.unwrap()
}

async fn expect(line: &mut CallLine, what: &str, wanted: impl Fn(&Event) -> bool) {
    loop {
        match within(what, line.event()).await {
            Some(event) if wanted(&event) => return,
            Some(Event::Progress { .. }) => {}
            other => panic!("{what}: got {other:?}"),
        }
    }
}

/// A whole call: answered, acknowledged, ended by the called party.
async fn call(caller: &Agent, callee: &mut Agent) {
    let mut out = dial(caller, callee).await;
    let mut line = callee.incoming().await;
    line.command(Command::Answer { sdp: OFFER.into() }).await;
    expect(&mut out, "answer", |e| matches!(e, Event::Answered { .. })).await;
    expect(&mut line, "ack", |e| matches!(e, Event::Acknowledged { .. })).await;
    line.command(Command::HangUp).await;
    expect(&mut line, "our end", |e| *e == Event::Ended { cause: EndCause::Local }).await;
    expect(&mut out, "bye", |e| *e == Event::Ended { cause: EndCause::RemoteBye }).await;
}

/// An agent with a TLS listener.
async fn secure(tls: TlsSettings) -> Agent {
    Agent::open(SipSettings { tls: Some(tls), ..settings(&["tls:127.0.0.1:0"]) }).await
}

/// A certificate for these names, signed by itself, with its key.
fn certificate(directory: &std::path::Path, names: &[&str]) -> TlsSettings {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let path = directory.join("certificate.pem");
    std::fs::write(&path, cert.pem()).unwrap();
    std::fs::write(directory.join("key.pem"), signing_key.serialize_pem()).unwrap();
    TlsSettings {
        certificate: path,
        key: directory.join("key.pem"),
        authorities: None,
        client_certificates: ClientCertificates::Ignored,
    }
}
