//! A far end made of a bare stream: it says exactly what the test says.
#![expect(clippy::disallowed_types, reason = "a far end made of bare sockets")]

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::sip::wire::{Frame, Framer, HeaderName, Message, Method, Request, read_datagram};

/// A far end that we write ourselves.
pub(super) struct Peer<S = TcpStream> {
    pub(super) stream: S,
    framer: Framer,
}

impl Peer {
    pub(super) async fn connect(agent: &Agent) -> Peer {
        Peer::on(TcpStream::connect(agent.address(0)).await.unwrap())
    }

    pub(super) fn on(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).unwrap();
        Peer::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) fn over(stream: S) -> Peer<S> {
        Peer { stream, framer: Framer::new() }
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next thing that arrives; `None`: the connection was closed.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.framer.next().unwrap() {
                return Some(frame);
            }
            let mut bytes = [0; 4_096];
            match within("bytes", self.stream.read(&mut bytes)).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.framer.push(&bytes[..length]),
            }
        }
    }

    async fn message(&mut self) -> Message {
        match self.frame().await {
            Some(Frame::Message(bytes)) => read_datagram(&bytes).unwrap().message,
            other => panic!("expected a message, got {other:?}"),
        }
    }

    pub(super) async fn request(&mut self) -> Request {
        match self.message().await {
            Message::Request(request) => request,
            Message::Response(response) => panic!("expected a request, got {}", response.status),
        }
    }

    pub(super) async fn status(&mut self) -> u16 {
        match self.message().await {
            Message::Response(response) => response.status,
            Message::Request(request) => panic!("expected a response, got {}", request.method),
        }
    }
}

pub(super) fn request(method: &str, branch: &str, extra: &str) -> String {
    format!(
        "{method} sip:mairie@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=a\r\nTo: <sip:mairie@127.0.0.1>\r\n\
         Call-ID: {branch}\r\nCSeq: 1 {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

/// A 200 with our SDP and this Contact to a request of the agent.
pub(super) fn ok(request: &Request, contact: &str) -> String {
    let text = |name: &HeaderName| request.headers.text(name).unwrap().into_owned();
    let tag = if text(&HeaderName::To).contains("tag=") { "" } else { ";tag=peer" };
    let body = if request.method == Method::INVITE { OFFER } else { "" };
    format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <{contact}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
        text(&HeaderName::CSeq),
        body.len(),
    )
}
