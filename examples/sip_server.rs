//! The server that `make bench-sip` measures: the product's signalling without engines. It rings, answers with a fixed
//! description and takes BYE; `benches/peers/rsipstack` does the same with rsipstack.
//! `sip_server ADDRESS:PORT`; says `ready` once it listens.

use std::net::SocketAddr;
use std::process::ExitCode;

use allo_mairie::net::{self, CallLine};
use allo_mairie::sip::{AccessConfig, Command, EndpointConfig, Event, Listeners, Policy};

/// The same in both servers.
const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                      m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// Far above what one machine's SIPp can open.
const MAX_CALLS: usize = 1_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|text| text.parse::<SocketAddr>().ok()) else {
        eprintln!("usage: sip_server ADDRESS:PORT");
        return ExitCode::FAILURE;
    };
    let config = EndpointConfig {
        listeners: Listeners::udp(address),
        user: "mairie".into(),
        display_name: None,
        product: "allo-mairie".into(),
        max_calls: MAX_CALLS,
        accept_transfers: false,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    };
    // Kept: the SIP task ends with its last handle.
    let (_handle, mut lines) = match net::bind(config, address, rand::random()).await {
        Ok(bound) => bound,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("ready");
    // On the runtime's own threads: the main thread would be woken for each call.
    let served = tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            tokio::spawn(serve(line));
        }
    });
    if served.await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn serve(mut line: CallLine) {
    while let Some(event) = line.event().await {
        match event {
            Event::Incoming { .. } => {
                line.command(Command::Ring).await;
                line.command(Command::Answer { sdp: ANSWER.into() }).await;
            }
            Event::Reoffered { .. } => line.command(Command::AnswerReoffer { sdp: Some(ANSWER.into()) }).await,
            _ => {}
        }
    }
}
