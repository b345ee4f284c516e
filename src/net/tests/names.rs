//! Calls to names, and to the next address when one is dead (RFC 3263); which switchboards answer.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;
use crate::sip::{Destination, Dial, KeepAliveSettings, ListenerId, Reachability};

fn flow(transport: Transport, remote: SocketAddr) -> Flow {
    Flow { transport, remote, connection: None, local: ListenerId::default() }
}

async fn place(caller: &Agent, target: String, destination: Destination) -> CallLine {
    let dial = Dial::to(target, destination, Some(OFFER.into()));
    caller.sip.dial(dial).await.unwrap()
}

async fn answered(mut out: CallLine, callee: &mut Agent) {
    let mut line = callee.incoming().await;
    line.command(Command::Answer { sdp: OFFER.into() }).await;
    expect(&mut out, "answer", |e| matches!(e, Event::Answered { .. })).await;
    expect(&mut line, "ack", |e| matches!(e, Event::Acknowledged { .. })).await;
    out.command(Command::HangUp).await;
    expect(&mut line, "bye", |e| *e == Event::Ended { cause: EndCause::RemoteBye }).await;
}

/// An address nobody listens at.
#[expect(clippy::disallowed_types, reason = "a port that was free a moment ago")]
fn dead() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A port of this address that nobody has.
#[expect(clippy::disallowed_types, reason = "a port that was free a moment ago")]
fn closed_port(beside: SocketAddr) -> SocketAddr {
    std::net::UdpSocket::bind((beside.ip(), 0)).unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_call_to_localhost() {
    for (listen, transport) in [("udp:127.0.0.1:0", ""), ("tcp:127.0.0.1:0", ";transport=tcp")] {
        let (caller, mut callee) = (Agent::at(&[listen]).await, Agent::at(&[listen]).await);
        let port = callee.address(0).port();
        let out = place(&caller, format!("sip:mairie@localhost:{port}{transport}"), Destination::Target).await;
        answered(out, &mut callee).await;
        let mut line = caller.sip.ping(format!("sip:localhost:{port}{transport}"), Destination::Target).await.unwrap();
        expect(&mut line, "pong", |e| matches!(e, Event::Answered { .. })).await;
    }
}

#[tokio::test]
async fn a_redirection_to_localhost_is_followed() {
    let caller = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let mut callee = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let (mut peer, out) = connections::called(&caller).await;
    let invite = peer.request().await;
    let contact = format!("sip:mairie@localhost:{};transport=tcp", callee.address(0).port());
    peer.send(&peer::ok(&invite, &contact).replace("SIP/2.0 200 OK", "SIP/2.0 302 Moved Temporarily")).await;
    answered(out, &mut callee).await;
}

#[tokio::test]
async fn a_name_that_leads_nowhere_ends_the_call() {
    let caller = Agent::at(&["udp:127.0.0.1:0"]).await;
    // Reserved never to exist (RFC 6761).
    let mut out = place(&caller, "sip:mairie@pbx.invalid:5060".into(), Destination::Target).await;
    expect(&mut out, "end", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
}

#[tokio::test]
async fn from_a_dead_address_to_a_live_one() {
    let caller = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let mut callee = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let ways = [dead(), dead(), callee.address(0)].map(|remote| flow(Transport::Tcp, remote)).to_vec();
    let from = now();
    let out = place(&caller, "sip:mairie@pbx.example;transport=tcp".into(), Destination::Ways(ways)).await;
    answered(out, &mut callee).await;
    assert!(now() - from < Duration::from_secs(4), "a refused connection is known at once");
    let ways = [dead(), dead()].map(|remote| flow(Transport::Tcp, remote)).to_vec();
    let mut out = place(&caller, "sip:mairie@pbx.example;transport=tcp".into(), Destination::Ways(ways)).await;
    expect(&mut out, "end", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
}

/// RFC 3261 §18.4: over UDP it is ICMP that says so, of the third datagram after 1.5 s; timer B would take 32.
#[tokio::test]
async fn from_a_closed_port_to_a_live_one_by_udp() {
    for listen in ["udp:127.0.0.1:0", "udp:[::1]:0"] {
        if let Err(error) = crate::net::transports::udp(listen["udp:".len()..].parse().unwrap()) {
            eprintln!("skipped: {listen}: {error}");
            continue;
        }
        let (caller, mut callee) = (Agent::at(&[listen]).await, Agent::at(&[listen]).await);
        let closed = closed_port(callee.address(0));
        let from = now();
        let ways = [closed, callee.address(0)].map(Flow::udp).to_vec();
        let out = place(&caller, "sip:mairie@pbx.example".into(), Destination::Ways(ways)).await;
        answered(out, &mut callee).await;
        let mut out = place(&caller, format!("sip:mairie@{closed}"), Destination::Ways(vec![Flow::udp(closed)])).await;
        expect(&mut out, "end", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
        // Errors of one address do not keep what is for another from being sent.
        let mut dead = Vec::new();
        for _ in 0..8 {
            dead.push(place(&caller, "sip:mairie@pbx.example".into(), Flow::udp(closed).into()).await);
            call(&caller, &mut callee).await;
        }
        for mut line in dead {
            expect(&mut line, "end", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
        }
        assert!(now() - from < Duration::from_secs(12), "nobody waits for timer B");
    }
}

#[tokio::test]
async fn from_one_that_takes_no_calls_to_another() {
    let caller = Agent::at(&["udp:127.0.0.1:0"]).await;
    let (stopping, mut callee) = (Agent::at(&["udp:127.0.0.1:0"]).await, Agent::at(&["udp:127.0.0.1:0"]).await);
    stopping.sip.drain().await;
    let ways = [stopping.address(0), callee.address(0)].map(Flow::udp).to_vec();
    let out = place(&caller, "sip:mairie@pbx.example".into(), Destination::Ways(ways)).await;
    answered(out, &mut callee).await;
}

/// A name server with these records; what it does not know does not exist.
#[expect(clippy::disallowed_types, reason = "a name server made of a bare socket")]
async fn name_server(records: HashMap<(&'static str, RecordType), Vec<RData>>) -> TokioResolver {
    let socket = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut config = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
    config.connections[0].port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        while let Ok((length, source)) = socket.recv_from(&mut buffer).await {
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            for query in &question.queries {
                answer.add_query(query.clone());
                let name = query.name().to_utf8().to_ascii_lowercase();
                let key = (name.trim_end_matches('.'), query.query_type());
                let found = records.iter().find(|((name, kind), _)| (*name, *kind) == key);
                for data in found.into_iter().flat_map(|(_, found)| found) {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
                }
            }
            let _ = socket.send_to(&answer.to_vec().unwrap(), source).await;
        }
    });
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
}

fn name(text: &str) -> Name {
    Name::from_utf8(text).unwrap()
}

/// RFC 3263 from the domain to the call: NAPTR, SRV, addresses, and from the server of the first rank, which is dead, to
/// that of the second.
#[tokio::test]
async fn a_domain_is_looked_up_and_its_second_server_takes_the_call() {
    let mut callee = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let server = |rank, port, host: &str| RData::SRV(SRV::new(rank, 0, port, name(host)));
    let naptr = |order, service: &str, replacement: &str| {
        let service = service.as_bytes().into();
        RData::NAPTR(NAPTR::new(order, 0, Box::from(*b"s"), service, Box::from(*b""), name(replacement)))
    };
    let resolver = name_server(HashMap::from([
        (
            ("town.example", RecordType::NAPTR),
            vec![
                naptr(10, "SIPS+D2T", "_sips._tcp.town.example."),
                naptr(30, "SIP+D2U", "_sip._udp.town.example."),
                naptr(20, "SIP+D2T", "_sip._tcp.town.example."),
            ],
        ),
        (
            ("_sip._tcp.town.example", RecordType::SRV),
            vec![
                server(20, callee.address(0).port(), "two.town.example."),
                server(10, dead().port(), "one.town.example."),
            ],
        ),
        (("one.town.example", RecordType::A), vec![RData::A(Ipv4Addr::LOCALHOST.into())]),
        (("two.town.example", RecordType::A), vec![RData::A(Ipv4Addr::LOCALHOST.into())]),
    ]))
    .await;
    let settings = settings(&["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    let (sip, calls) = super::super::sip_task::open_with(settings, rand::random(), Some(resolver)).unwrap();
    let caller = Agent { sip, calls };
    let ways = caller.sip.locate("sip:mairie@town.example").await;
    assert_eq!(ways.len(), 2);
    assert!(ways.iter().all(|way| way.transport == Transport::Tcp), "what the domain prefers of what we have");
    assert_eq!(ways[1].remote, callee.address(0));
    let out = place(&caller, "sip:mairie@town.example".into(), Destination::Target).await;
    answered(out, &mut callee).await;
}

/// RFC 5922 §4: the certificate must be that of the name that was dialled.
#[tokio::test]
async fn the_certificate_is_checked_against_the_name() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let authorities = ours.path().join("authorities.pem");
    std::fs::write(&authorities, authority.pem()).unwrap();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::from_params(&params, &key)).unwrap();
    let server = certificate(theirs.path(), &["replaced"]);
    std::fs::write(&server.certificate, leaf.pem()).unwrap();
    std::fs::write(&server.key, leaf_key.serialize_pem()).unwrap();
    let client = TlsSettings { authorities: Some(authorities), ..certificate(ours.path(), &["mairie.example"]) };

    let mut callee = secure(server).await;
    let port = callee.address(0).port();
    for scheme in ["sips:mairie@localhost:PORT", "sip:mairie@localhost:PORT;transport=tls"] {
        let caller = secure(client.clone()).await;
        let out = place(&caller, scheme.replace("PORT", &port.to_string()), Destination::Target).await;
        answered(out, &mut callee).await;
    }
    let caller = secure(client).await;
    let mut out = place(&caller, format!("sips:mairie@127.0.0.1:{port}"), Destination::Target).await;
    expect(&mut out, "end", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
}

#[tokio::test]
async fn switchboards_that_answer_are_told_from_those_that_do_not() {
    let there = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let uri = |address: SocketAddr| format!("sip:localhost:{};transport=tcp", address.port());
    let (live, absent) = (uri(there.address(0)), uri(dead()));
    let mut settings = settings(&["tcp:127.0.0.1:0"]);
    settings.keep_alive =
        KeepAliveSettings { peers: vec![live.clone(), absent.clone()], interval: Duration::from_millis(50) };
    let agent = Agent::open(settings).await;
    let until = async |wanted: [Reachability; 2]| {
        let wanted: Vec<_> = [&live, &absent].into_iter().cloned().zip(wanted).collect();
        within("a change", async { while agent.sip.switchboards().await.unwrap() != wanted {} }).await;
    };
    until([Reachability::Reachable, Reachability::Unreachable]).await;
    // It takes no calls any more, but it is there.
    there.sip.drain().await;
    let mut line = agent.sip.ping(live.clone(), Destination::Target).await.unwrap();
    expect(&mut line, "503", |e| *e == Event::Ended { cause: EndCause::Refused(503) }).await;
    until([Reachability::Reachable, Reachability::Unreachable]).await;
    drop(there);
    until([Reachability::Unreachable, Reachability::Unreachable]).await;
}
