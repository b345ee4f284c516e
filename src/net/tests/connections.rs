//! What becomes of TCP connections: messages cut and joined, keep-alives, reuse, silence, floods.
#![expect(clippy::disallowed_types, reason = "a far end made of bare sockets")]

use std::net::Ipv4Addr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::peer::{Peer, ok, request};
use super::*;
use crate::sip::wire::{Frame, Method};

async fn agent() -> Agent {
    Agent::at(&["tcp:127.0.0.1:0"]).await
}

async fn with_timings(change: impl FnOnce(&mut Timings)) -> Agent {
    let mut settings = settings(&["tcp:127.0.0.1:0"]);
    change(&mut settings.timings);
    Agent::open(settings).await
}

#[tokio::test]
async fn a_message_split_over_segments_and_two_in_one() {
    let agent = agent().await;
    let mut peer = Peer::connect(&agent).await;
    let one = request("OPTIONS", "one", "");
    for part in one.as_bytes().chunks(37) {
        peer.stream.write_all(part).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.status().await, 200);
    peer.send(&(request("OPTIONS", "two", "") + &request("OPTIONS", "three", ""))).await;
    assert_eq!((peer.status().await, peer.status().await), (200, 200));
}

#[tokio::test]
async fn keep_alives_are_answered() {
    let agent = agent().await;
    let mut peer = Peer::connect(&agent).await;
    peer.send("\r\n\r\n").await;
    assert_eq!(peer.frame().await, Some(Frame::Pong));
    peer.send(&request("OPTIONS", "after", "")).await;
    assert_eq!(peer.status().await, 200);
}

#[tokio::test]
async fn keep_alives_are_sent_and_a_far_end_that_stops_answering_is_cut() {
    let agent = with_timings(|timings| {
        timings.ping = Duration::from_millis(50);
        timings.pong = Duration::from_millis(100);
    })
    .await;
    let (mut peer, _line) = called(&agent).await;
    peer.request().await;
    assert_eq!(peer.frame().await, Some(Frame::Ping));
    assert_eq!(peer.frame().await, Some(Frame::Ping), "who never answered one need not know them");
    peer.send("\r\n").await;
    while let Some(frame) = peer.frame().await {
        assert_eq!(frame, Frame::Ping);
    }
}

/// The agent calls a far end of ours: its connection, and the agent's line.
pub(super) async fn called(agent: &Agent) -> (Peer, CallLine) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let line = place(agent, listener.local_addr().unwrap()).await;
    let (stream, _) = within("a connection", listener.accept()).await.unwrap();
    (Peer::on(stream), line)
}

async fn place(agent: &Agent, remote: SocketAddr) -> CallLine {
    let destination = Flow { transport: Transport::Tcp, ..Flow::udp(remote) }.into();
    let target = format!("sip:poste@{remote};transport=tcp");
    agent.sip.dial(crate::sip::Dial::to(target, destination, Some(OFFER.into()))).await.unwrap()
}

#[tokio::test]
async fn the_ack_and_the_bye_take_the_connection_of_the_invite() {
    let agent = agent().await;
    let (mut peer, mut line) = called(&agent).await;
    let invite = peer.request().await;
    // A Contact with another port, where nobody listens: the connection there is serves.
    peer.send(&ok(&invite, "sip:poste@127.0.0.1:9;transport=tcp")).await;
    expect(&mut line, "answer", |e| matches!(e, Event::Answered { .. })).await;
    assert_eq!(peer.request().await.method, Method::ACK);
    line.command(Command::HangUp).await;
    let bye = peer.request().await;
    assert_eq!((bye.method.clone(), bye.uri.as_str()), (Method::BYE, "sip:poste@127.0.0.1:9;transport=tcp"));
    peer.send(&ok(&bye, "sip:poste@127.0.0.1:9")).await;
}

#[tokio::test]
async fn a_connection_closed_within_a_call_is_opened_again_for_the_next_request() {
    let agent = agent().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let contact = format!("sip:poste@{};transport=tcp", listener.local_addr().unwrap());
    let mut line = place(&agent, listener.local_addr().unwrap()).await;
    let (stream, _) = within("a connection", listener.accept()).await.unwrap();
    let mut peer = Peer::on(stream);
    let invite = peer.request().await;
    peer.send(&ok(&invite, &contact)).await;
    assert_eq!(peer.request().await.method, Method::ACK);
    expect(&mut line, "answer", |e| matches!(e, Event::Answered { .. })).await;
    peer.stream.shutdown().await.unwrap();
    assert_eq!(peer.frame().await, None, "the agent closes its side");
    line.command(Command::HangUp).await;
    let (stream, _) = within("another connection", listener.accept()).await.unwrap();
    let mut peer = Peer::on(stream);
    let bye = peer.request().await;
    assert_eq!(bye.method, Method::BYE);
    peer.send(&ok(&bye, &contact)).await;
}

#[tokio::test]
async fn an_answer_whose_connection_is_gone_goes_to_the_port_of_sent_by() {
    let mut agent = agent().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut peer = Peer::connect(&agent).await;
    let invite = request("INVITE", "gone", "Contact: <sip:alice@127.0.0.1>\r\n");
    peer.send(&invite.replace("127.0.0.1:9;", &format!("127.0.0.1:{port};"))).await;
    assert_eq!(peer.status().await, 100);
    let line = agent.incoming().await;
    peer.stream.shutdown().await.unwrap();
    assert_eq!(peer.frame().await, None);
    line.command(Command::Reject { status: 486 }).await;
    let (stream, _) = within("a connection to sent-by", listener.accept()).await.unwrap();
    assert_eq!(Peer::on(stream).status().await, 486);
}

#[tokio::test]
async fn nobody_there_ends_the_call_at_once() {
    let agent = agent().await;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let mut line = place(&agent, free).await;
    expect(&mut line, "refusal", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
}

#[tokio::test]
async fn silent_slow_and_strange_connections_are_closed() {
    let agent = with_timings(|timings| {
        timings.first_message = Duration::from_millis(100);
        timings.message = Duration::from_millis(100);
        timings.idle = Duration::from_millis(300);
    })
    .await;
    let mut silent = Peer::connect(&agent).await;
    assert_eq!(silent.frame().await, None);
    let mut slow = Peer::connect(&agent).await;
    slow.send(&request("OPTIONS", "slow", "")).await;
    assert_eq!(slow.status().await, 200);
    slow.send("OPTIONS sip:mairie@127.0.0.1 SIP/2.0\r\nVia: ").await;
    assert_eq!(slow.frame().await, None);
    let mut strange = Peer::connect(&agent).await;
    strange.send("GET / HTTP/1.1\r\nHost: mairie\r\n\r\n").await;
    assert_eq!(strange.frame().await, None);
    let mut idle = Peer::connect(&agent).await;
    idle.send(&request("OPTIONS", "idle", "")).await;
    assert_eq!(idle.status().await, 200);
    assert_eq!(idle.frame().await, None);
}

#[tokio::test]
async fn a_message_without_end_is_refused_and_its_connection_closed() {
    let agent = agent().await;
    let mut peer = Peer::connect(&agent).await;
    peer.send(&request("OPTIONS", "endless", "").replace("Content-Length: 0\r\n", "")).await;
    assert_eq!(peer.status().await, 400);
    assert_eq!(peer.frame().await, None);
}

#[tokio::test]
async fn a_flood_of_connections_is_bounded_and_harms_nobody() {
    let mut settings = settings(&["tcp:127.0.0.1:0"]);
    settings.connections.incoming = 8;
    let agent = Agent::open(settings).await;
    let mut first = Peer::connect(&agent).await;
    first.send(&request("OPTIONS", "first", "")).await;
    assert_eq!(first.status().await, 200);
    let mut flood = Vec::new();
    for _ in 0..40 {
        flood.push(Peer::connect(&agent).await);
    }
    let mut closed = 0;
    for peer in &mut flood[7..] {
        closed += usize::from(peer.frame().await.is_none());
    }
    assert_eq!(closed, 33, "beyond eight in all they are closed at once");
    first.send(&request("OPTIONS", "still", "")).await;
    assert_eq!(first.status().await, 200);
    drop(flood);
    // Room again as soon as the agent has seen them leave.
    within("room", async {
        loop {
            let mut again = Peer::connect(&agent).await;
            again.send(&request("OPTIONS", "again", "")).await;
            if again.frame().await.is_some() {
                return;
            }
        }
    })
    .await;
}
