//! Calls to the operator's phone in virtual time.

use super::*;
use crate::audio::FRAME_SAMPLES;
use crate::rtp::{Session, SessionConfig};
use crate::sip::{EndCause, Party, Transport};
use crate::testing::epoch;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn media(port: u16) -> LocalMedia {
    LocalMedia {
        address: address(port),
        codecs: vec![Codec::Pcma],
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    }
}

struct World {
    now: Instant,
    phone: Phone,
    caller: Session,
    next: Instant,
    /// Frames with speech the caller still sends.
    speech: usize,
    commands: Vec<Command>,
    observed: Vec<Observation>,
    received: usize,
    done: bool,
}

impl World {
    fn new(manner: Manner, script: Vec<Line>) -> Self {
        let now = epoch();
        let settings = Settings { manner, codecs: vec![Codec::Pcma], rtp: address(42_000), seed: 3 };
        let config = SessionConfig::new(Codec::Pcma, 8, address(42_000));
        Self {
            now,
            phone: Phone::new(settings, script),
            caller: Session::new(config, 1),
            next: now + ms(7),
            speech: 0,
            commands: vec![],
            observed: vec![],
            received: 0,
            done: false,
        }
    }

    fn signal(&mut self, event: Event) {
        self.phone.handle_input(self.now, Input::Signal(event));
        self.drain();
    }

    fn incoming(&mut self, offer: Option<String>) {
        let (caller, called) = (Party::default(), Party::default());
        let (source, transport) = (address(5060), Transport::Udp);
        self.signal(Event::Incoming { caller, called, origin: Box::default(), offer, source, transport });
    }

    fn drain(&mut self) {
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Command(command) => self.commands.push(command),
                Output::Packet { destination, .. } => {
                    assert_eq!(destination, address(42_100));
                    self.received += 1;
                }
                Output::Observed(observation) => self.observed.push(observation),
                Output::Done => self.done = true,
            }
        }
    }

    fn run(&mut self, milliseconds: u64) {
        let end = self.now + ms(milliseconds);
        while let Some(next) = self.phone.poll_timeout().into_iter().chain([self.next]).min().filter(|at| *at <= end) {
            self.now = self.now.max(next);
            if self.next <= self.now {
                self.next += ms(20);
                let level = if self.speech > 0 { 3_000 } else { 0 };
                self.speech = self.speech.saturating_sub(1);
                let payload = self.caller.send_audio(self.now, &[level; FRAME_SAMPLES]);
                self.phone.handle_input(self.now, Input::Packet { source: address(42_100), payload: &payload });
            }
            self.phone.handle_input(self.now, Input::Timeout);
            self.drain();
        }
        self.now = end;
    }
}

#[test]
fn rings_answers_speaks_and_hears() {
    let script =
        vec![Line::speak("État civil, bonjour", vec![3_000; 8_000]), Line::speak("au revoir", vec![3_000; 800])];
    let mut world = World::new(Manner::Answer { after: ms(1_500) }, script);
    world.incoming(Some(sdp::offer(&media(42_100))));
    assert_eq!(world.commands, [Command::Ring]);
    world.run(1_400);
    assert_eq!(world.commands.len(), 1, "answered too early");
    world.run(2_000);
    assert!(matches!(world.commands[1], Command::Answer { .. }));
    assert!(world.received > 80, "sends all the time");
    world.speech = 50;
    world.run(2_400);
    let said = |label: &str| Observation::Said { label: label.into() };
    let heard = world.observed.iter().find_map(|seen| match seen {
        Observation::Heard { samples } => Some(samples.len()),
        _ => None,
    });
    assert!(heard.is_some_and(|samples| (9_500..=11_500).contains(&samples)), "one second and its margins: {heard:?}");
    world.run(500);
    assert!(world.observed.contains(&said("État civil, bonjour")) && world.observed.contains(&said("au revoir")));
    world.signal(Event::Ended { cause: EndCause::RemoteBye });
    assert!(world.done);
    let outcome = world.phone.finish(vec!["bonjour madame".into()]);
    assert_eq!(outcome.report.said, ["État civil, bonjour", "au revoir"]);
    assert_eq!(outcome.report.heard, ["bonjour madame"]);
    assert_eq!((outcome.report.answered, outcome.report.ended_by), (true, PhoneEnd::Caller));
    assert_eq!(outcome.received.len(), outcome.sent.len());
    assert!(outcome.report.packets.received > 100);
}

#[test]
fn what_is_being_said_when_the_caller_hangs_up_is_heard() {
    let mut world = World::new(Manner::Answer { after: ms(0) }, vec![]);
    world.incoming(Some(sdp::offer(&media(42_100))));
    world.run(100);
    world.speech = 1_000;
    world.run(1_000);
    world.signal(Event::Ended { cause: EndCause::RemoteBye });
    assert!(world.observed.iter().any(|seen| matches!(seen, Observation::Heard { samples } if samples.len() > 6_000)));
}

#[test]
fn a_busy_phone_refuses() {
    let mut world = World::new(Manner::Busy, vec![]);
    world.incoming(Some(sdp::offer(&media(42_100))));
    assert_eq!(world.commands, [Command::Reject { status: 486 }]);
    world.signal(Event::Ended { cause: EndCause::Local });
    let report = world.phone.finish(vec![]).report;
    assert_eq!((report.refused_with, report.answered), (Some(486), false));
}

#[test]
fn without_an_answer_it_rings_until_the_caller_gives_up() {
    let mut world = World::new(Manner::NoAnswer, vec![]);
    world.incoming(Some(sdp::offer(&media(42_100))));
    world.run(60_000);
    assert_eq!(world.commands, [Command::Ring]);
    world.signal(Event::Ended { cause: EndCause::RemoteCancel });
    let report = world.phone.finish(vec![]).report;
    assert_eq!((world.done, report.ended_by, report.answered), (true, PhoneEnd::Caller, false));
}

#[test]
fn an_invite_without_offer_gets_ours() {
    let mut world = World::new(Manner::Answer { after: ms(0) }, vec![]);
    world.incoming(None);
    world.run(20);
    let Some(Command::Answer { sdp: offer }) = world.commands.last() else { panic!("{:?}", world.commands) };
    let (answer, _) = sdp::answer(offer, &media(42_100)).unwrap();
    world.signal(Event::Acknowledged { sdp: Some(answer) });
    world.run(200);
    assert!(world.received >= 9);
}

#[test]
fn an_unusable_offer_is_refused_and_the_phone_can_hang_up() {
    let mut world = World::new(Manner::Answer { after: ms(0) }, vec![]);
    world.incoming(Some("v=0\r\n".into()));
    world.run(20);
    assert_eq!(world.commands.last(), Some(&Command::Reject { status: 488 }));

    let mut world = World::new(Manner::Answer { after: ms(0) }, vec![]);
    world.incoming(Some(sdp::offer(&media(42_100))));
    world.run(200);
    world.phone.handle_input(world.now, Input::HangUp);
    world.drain();
    assert_eq!(world.commands.last(), Some(&Command::HangUp));
    world.signal(Event::Ended { cause: EndCause::Local });
    assert_eq!(world.phone.finish(vec![]).report.ended_by, PhoneEnd::Phone);
}
