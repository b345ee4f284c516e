//! Encrypted audio: libsrtp's packets and ours; calls with PJSUA2 (over TLS, too) and baresip, which give back the tone
//! they are sent, so that its level tells that packets decrypt both ways.

use std::net::SocketAddr;
use std::process::Command as Program;
use std::time::Duration;

use allo_mairie::audio::{Codec, FRAME_SAMPLES, LINE_RATE, level};
use allo_mairie::net::{self, CallLine, RtpSocket, SipHandle, SipSettings};
use allo_mairie::rtp::srtp::{Key, KeySource, Protection, ReceiveContext, Rejected, SendContext, Suite};
use allo_mairie::rtp::{Counters, Pacer, Session, SessionConfig};
use allo_mairie::sip::sdp::{self, LocalMedia, Negotiated, Security, SrtpPolicy};
use allo_mairie::sip::{Command, Dial, EndCause, Event, Flow, Transport};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::peers::baresip::Baresip;
use crate::peers::certificate::Certificate;
use crate::peers::pjsua::Pjsua;
use crate::peers::process::Process;
use crate::peers::{can_run, python, root};
use crate::user_agent::{config, listening};

const PATIENCE: Duration = Duration::from_secs(20);
/// Of the tone that is sent.
const LEVEL: f32 = -20.0;
const TALK: Duration = Duration::from_secs(3);

/// A telephone with a tone for a voice.
struct Telephone {
    handle: SipHandle,
    lines: Receiver<CallLine>,
    socket: RtpSocket,
    media: LocalMedia,
    /// Lives as long.
    _certificate: Certificate,
}

/// What came back of the tone.
struct Heard {
    level: f32,
    counters: Counters,
    rejected: Rejected,
}

impl Telephone {
    async fn start(transport: Transport, policy: SrtpPolicy) -> Telephone {
        let certificate = Certificate::new();
        let settings = listening(config("mairie"), &[&format!("{transport}:127.0.0.1:0")]);
        let tls = (transport == Transport::Tls).then(|| certificate.alone());
        let settings = SipSettings { tls, ..settings };
        let (handle, lines) = net::open(settings, rand::random()).await.expect("a socket on loopback");
        let socket = RtpSocket::bind([127, 0, 0, 1].into(), 34_000..=39_998).await.expect("a free port");
        let media = LocalMedia {
            address: socket.local_address(),
            codecs: vec![Codec::Pcma],
            session_id: 1,
            session_version: 1,
            security: Security::new(policy, Some(&mut KeySource::new(rand::random()))),
        };
        Telephone { handle, lines, socket, media, _certificate: certificate }
    }

    fn address(&self) -> SocketAddr {
        self.handle.local_address()
    }

    /// Answers the next call.
    async fn answer(&mut self) -> (CallLine, Negotiated, String) {
        let line = timeout(PATIENCE, self.lines.recv()).await.expect("a call in time").expect("the SIP task");
        let mut line = line;
        let offer = until(&mut line, |event| match event {
            Event::Incoming { offer, .. } => offer.clone(),
            _ => None,
        })
        .await;
        let (sdp, agreed) = sdp::answer(&offer, &self.media).expect("an offer we can take");
        line.command(Command::Answer { sdp }).await;
        (line, agreed, offer)
    }

    /// Calls a telephone that answers.
    async fn dial(&self, target: &str, destination: SocketAddr) -> (CallLine, Negotiated) {
        let offer = Some(sdp::offer(&self.media));
        let dial = Dial {
            target: target.into(),
            destination: Flow::udp(destination).into(),
            offer,
            from: None,
            referred_by: None,
            redirects: false,
        };
        let mut line = self.handle.dial(dial).await.expect("the SIP task");
        let answer = until(&mut line, |event| match event {
            Event::Answered { sdp } => sdp.clone(),
            _ => None,
        })
        .await;
        (line, sdp::accept_answer(&answer, &self.media).expect("an answer we can take"))
    }

    /// Sends the tone and listens to what comes back of it.
    async fn talk(&self, agreed: &Negotiated) -> Heard {
        let keys = &agreed.srtp.as_ref().expect("an encrypted call").keys;
        let mut protection = Protection::new(keys);
        let config = SessionConfig {
            telephone_event: agreed.telephone_event,
            receive: agreed.receive.clone(),
            ..SessionConfig::new(agreed.codec, agreed.payload_type, agreed.remote)
        };
        let mut session = Session::new(config, rand::random());
        let start = net::now();
        let mut pacer = Pacer::new(start);
        let (mut tone, mut heard, mut buffer) = (tone(), Vec::new(), [0; 2_048]);
        while net::now() < start + TALK {
            tokio::select! {
                biased;
                () = net::sleep_until(Some(pacer.next_deadline())) => {
                    let now = net::now();
                    for _ in 0..pacer.ticks_due(now) {
                        let mut frame = [0; FRAME_SAMPLES];
                        frame.iter_mut().for_each(|sample| *sample = tone.next().unwrap_or_default());
                        let mut packet = session.send_audio(now, &frame);
                        protection.protect(&mut packet).expect("a packet of ours");
                        self.socket.send(session.remote(), &packet);
                        while let Some(frame) = session.poll_frame(now) {
                            if frame.received {
                                heard.extend(frame.samples);
                            }
                        }
                    }
                }
                received = self.socket.receive(&mut buffer) => {
                    let (length, source) = received.expect("a packet");
                    if let Ok(packet) = protection.unprotect(&buffer[..length]) {
                        session.handle_packet(net::now(), source, packet);
                    }
                }
            }
        }
        let second = LINE_RATE as usize;
        let last = &heard[heard.len().saturating_sub(second)..];
        Heard { level: level::rms_dbfs(last), counters: session.counters(), rejected: protection.rejected() }
    }
}

impl Heard {
    /// The tone came back as loud as it went.
    fn is_the_tone(&self, what: &str) {
        println!("{what}: {:.1} dBFS, {:?}, {:?}", self.level, self.counters, self.rejected);
        assert!((self.level - LEVEL).abs() < 1.5, "{what}: {} dBFS came back", self.level);
        assert!(self.counters.received > 100, "{what}: {:?}", self.counters);
        assert_eq!((self.rejected.unauthentic, self.rejected.replayed), (0, 0), "{what}");
    }
}

/// 440 Hz.
fn tone() -> impl Iterator<Item = i16> {
    let amplitude = 32_768.0 * 10_f64.powf(f64::from(LEVEL) / 20.0) * std::f64::consts::SQRT_2;
    let step = std::f64::consts::TAU * 440.0 / f64::from(LINE_RATE);
    (0_u32..).map(move |n| (amplitude * (f64::from(n) * step).sin()) as i16)
}

/// The first event in which `find` finds something.
async fn until<T>(line: &mut CallLine, find: impl Fn(&Event) -> Option<T>) -> T {
    let mut seen = Vec::new();
    loop {
        let event = timeout(PATIENCE, line.event()).await.unwrap_or_else(|_| panic!("only {seen:?}"));
        let Some(event) = event else { panic!("only {seen:?}") };
        if let Some(found) = find(&event) {
            return found;
        }
        seen.push(event);
    }
}

async fn hang_up(mut line: CallLine) {
    line.command(Command::HangUp).await;
    until(&mut line, |event| (*event == Event::Ended { cause: EndCause::Local }).then_some(())).await;
}

#[tokio::test]
async fn pjsua_over_tls_offers_and_we_answer() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    for (srtp, policy, profile) in [
        ("optional", SrtpPolicy::Optional, "RTP/AVP "),
        ("optional", SrtpPolicy::Required, "RTP/AVP "),
        ("mandatory", SrtpPolicy::Required, "RTP/SAVP "),
    ] {
        let mut telephone = Telephone::start(Transport::Tls, policy).await;
        let mut peer = Pjsua::start(&["tls=1", &format!("srtp={srtp}"), "echo=1"]).await;
        peer.tell(&format!("call sip:mairie@{};transport=tls", telephone.address()));
        let (line, agreed, offer) = telephone.answer().await;
        assert!(offer.contains(profile), "{srtp}");
        peer.line("state 0 CONFIRMED 200").await;
        let heard = telephone.talk(&agreed).await;
        heard.is_the_tone(&format!("PJSUA2 {srtp} {}", agreed.srtp.expect("keys").keys.suite().name()));
        hang_up(line).await;
        peer.line("state 0 DISCONNECTED").await;
    }
}

#[tokio::test]
async fn pjsua_answers_our_offer() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    for (srtp, policy) in [("optional", SrtpPolicy::Optional), ("mandatory", SrtpPolicy::Required)] {
        let telephone = Telephone::start(Transport::Udp, policy).await;
        let mut peer = Pjsua::start(&[&format!("srtp={srtp}"), "echo=1"]).await;
        let (line, agreed) = telephone.dial(&format!("sip:pjsua@{}", peer.address), peer.address).await;
        let heard = telephone.talk(&agreed).await;
        heard.is_the_tone(&format!("our offer to PJSUA2 {srtp} {}", agreed.srtp.expect("keys").keys.suite().name()));
        hang_up(line).await;
        peer.line("state 0 DISCONNECTED").await;
    }
}

#[tokio::test]
async fn baresip_offers_and_we_answer() {
    if !can_run(&["baresip"]) {
        return;
    }
    for (encryption, profile) in [("srtp", "RTP/AVP "), ("srtp-mand", "RTP/SAVP ")] {
        let mut telephone = Telephone::start(Transport::Udp, SrtpPolicy::Required).await;
        let mut peer = Baresip::start_encrypted(false, encryption).await;
        peer.tell("dial", &format!("sip:mairie@{}", telephone.address())).await;
        let (line, agreed, offer) = telephone.answer().await;
        assert!(offer.contains(profile), "{encryption}");
        peer.event("CALL_ESTABLISHED").await;
        let heard = telephone.talk(&agreed).await;
        heard.is_the_tone(&format!("baresip {encryption} {}", agreed.srtp.expect("keys").keys.suite().name()));
        hang_up(line).await;
        peer.event("CALL_CLOSED").await;
    }
}

#[tokio::test]
async fn baresip_answers_our_offer() {
    if !can_run(&["baresip"]) {
        return;
    }
    for (encryption, policy) in [("srtp", SrtpPolicy::Optional), ("srtp-mand", SrtpPolicy::Required)] {
        let telephone = Telephone::start(Transport::Udp, policy).await;
        let mut peer = Baresip::start_encrypted(true, encryption).await;
        let (line, agreed) = telephone.dial(&format!("sip:baresip@{}", peer.address), peer.address).await;
        peer.event("CALL_ESTABLISHED").await;
        let heard = telephone.talk(&agreed).await;
        let suite = agreed.srtp.expect("keys").keys.suite().name();
        heard.is_the_tone(&format!("our offer to baresip {encryption} {suite}"));
        hang_up(line).await;
        peer.event("CALL_CLOSED").await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// libsrtp under one key.
struct Library(Process);

impl Library {
    async fn start(key: &Key) -> Library {
        let mut command = Program::new(python());
        command.arg(root().join("sip-tests/support/libsrtp.py"));
        command.arg(key.master.suite().name()).arg(hex(key.master.reveal()));
        let mut process = Process::start("libsrtp", command);
        process.line("ready").await;
        Library(process)
    }

    async fn ask(&mut self, what: &str, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.tell(&format!("{what} {}", hex(packet)));
        let line = self.0.line("re").await;
        let digits = line.strip_prefix("result ")?;
        Some((0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect())
    }
}

/// A packet of 20 ms of G.711.
fn rtp(number: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(number.to_be_bytes());
    packet.extend((u32::from(number) * 160).to_be_bytes());
    packet.extend(0x0bad_cafe_u32.to_be_bytes());
    packet.extend((0..160_u8).map(|n| n ^ number as u8));
    packet
}

/// Through two roll-overs with losses, RTP and RTCP, both ways; forgeries and replays refused by both.
#[tokio::test]
async fn libsrtp_and_we_read_each_other() {
    if !can_run(&["python:pylibsrtp"]) {
        return;
    }
    let report: Vec<u8> = [&[0x80, 200, 0, 6][..], &0x0bad_cafe_u32.to_be_bytes(), &[0x5a; 20]].concat();
    for suite in Suite::ALL {
        let key = Key::from(KeySource::new(rand::random()).master_key(suite));
        let mut library = Library::start(&key).await;
        let (mut sending, mut receiving) = (SendContext::new(&key), ReceiveContext::new(std::slice::from_ref(&key)));
        let mut number = 65_500_u16;
        for step in 0..150 {
            let name = suite.name();
            let plain = rtp(number);
            let mut ours = plain.clone();
            sending.protect(&mut ours).expect("a packet of ours");
            assert_eq!(library.ask("unprotect rtp", &ours).await, Some(plain.clone()), "{name} {step}");
            let theirs = library.ask("protect rtp", &plain).await.expect("a packet of theirs");
            assert_eq!(theirs, ours, "{name} {step}: the transforms have no freedom");
            let mut packet = theirs.clone();
            receiving.unprotect(&mut packet).expect("their packet");
            assert_eq!(packet, plain, "{name} {step}");
            if step % 10 == 0 {
                let mut ours = report.clone();
                sending.protect_rtcp(&mut ours).expect("a report of ours");
                assert_eq!(library.ask("unprotect rtcp", &ours).await, Some(report.clone()), "{name} {step}");
                let mut theirs = library.ask("protect rtcp", &report).await.expect("a report of theirs");
                receiving.unprotect_rtcp(&mut theirs).expect("their report");
                assert_eq!(theirs, report, "{name} {step}");
                assert_eq!(library.ask("unprotect rtp", &packet).await, None, "in clear");
                assert_eq!(library.ask("unprotect rtp", &theirs).await, None, "a report");
                assert!(receiving.unprotect(&mut packet).is_err());
            }
            // A loss of twenty seconds now and then.
            number = number.wrapping_add(if step % 5 == 4 { 4_000 } else { 1 });
        }
    }
}
