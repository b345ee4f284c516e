//! Whole calls in virtual time: the far ends are RTP sessions that speak loud frames when a test says so.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::audio::{FRAME_SAMPLES, g711};
use crate::rtp::{Session, SessionConfig};
use crate::simulate::ear::holds_speech;
use crate::testing::epoch;

const LOUD: [i16; FRAME_SAMPLES] = [3_000; FRAME_SAMPLES];
const QUIET: [i16; FRAME_SAMPLES] = [0; FRAME_SAMPLES];
const OPERATOR: &str = "sip:100@127.0.0.1:5080";

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn asked_to_call(target: &str) -> Event {
    let destination = crate::sip::Flow::udp(address(5080));
    Event::TransferRequested { target: target.to_owned(), referred_by: None, destination }
}

fn settings() -> Settings {
    Settings {
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        longest: Duration::from_secs(120),
        hang_up_after_last: true,
        barge_in: false,
        agent_rtp: address(42_000),
        operator_rtp: address(42_002),
        seed: 7,
    }
}

fn line(label: &str, milliseconds: usize) -> Line {
    Line::speak(label, vec![3_000; milliseconds * 8])
}

/// A far end: sends a packet every 20 ms, of speech for as many frames as it has to say.
struct FarEnd {
    session: Session,
    port: u16,
    next: Instant,
    frames: VecDeque<bool>,
    /// Arrival of each packet with speech from the caller.
    heard: Vec<Instant>,
}

impl FarEnd {
    fn new(port: u16, remote: SocketAddr, start: Instant) -> Self {
        let config = SessionConfig { telephone_event: Some(101), ..SessionConfig::new(Codec::Pcma, 8, remote) };
        Self {
            session: Session::new(config, u64::from(port)),
            port,
            next: start,
            frames: VecDeque::new(),
            heard: vec![],
        }
    }

    fn speak_after(&mut self, silence_ms: u64, speech_ms: u64) {
        self.frames.extend(std::iter::repeat_n(false, (silence_ms / 20) as usize));
        self.frames.extend(std::iter::repeat_n(true, (speech_ms / 20) as usize));
    }

    fn packet(&mut self) -> Vec<u8> {
        self.next += ms(20);
        let loud = self.frames.pop_front().unwrap_or(false);
        self.session.send_audio(self.next, if loud { &LOUD } else { &QUIET })
    }
}

struct World {
    now: Instant,
    caller: Caller,
    agent: Option<FarEnd>,
    operator: Option<FarEnd>,
    commands: Vec<(Party, Command)>,
    dialled: Vec<String>,
    observed: Vec<Observation>,
    keys: String,
    done: bool,
}

impl World {
    fn call(settings: Settings, script: Vec<Line>) -> Self {
        let now = epoch();
        let caller = Caller::new(now, settings, script);
        let (commands, dialled, observed, keys) = (vec![], vec![], vec![], String::new());
        Self { now, caller, agent: None, operator: None, commands, dialled, observed, keys, done: false }
    }

    fn far_end(&mut self, party: Party) -> &mut Option<FarEnd> {
        if party == Party::Agent { &mut self.agent } else { &mut self.operator }
    }

    fn speaks(&mut self, party: Party, silence_ms: u64, speech_ms: u64) {
        self.far_end(party).as_mut().unwrap().speak_after(silence_ms, speech_ms);
    }

    /// 200 with the far end's session description; its audio starts 5 ms later.
    fn answer(&mut self, party: Party) {
        let (port, remote) = if party == Party::Agent { (20_000, 42_000) } else { (30_000, 42_002) };
        let media = LocalMedia {
            address: address(port),
            codecs: vec![Codec::Pcma],
            session_id: 1,
            session_version: 1,
            security: Security::default(),
        };
        let own = LocalMedia { address: address(remote), ..media.clone() };
        let (sdp, _) = sdp::answer(&sdp::offer(&own), &media).unwrap();
        *self.far_end(party) = Some(FarEnd::new(port, address(remote), self.now + ms(5)));
        self.signal(party, Event::Answered { sdp: Some(sdp) });
    }

    fn signal(&mut self, leg: Party, event: Event) {
        self.caller.handle_input(self.now, Input::Signal { leg, event });
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.caller.poll_output() {
            match output {
                Output::Command { leg, command } => {
                    self.commands.push((leg, command.clone()));
                    if command == Command::HangUp {
                        *self.far_end(leg) = None;
                        let event = Event::Ended { cause: EndCause::Local };
                        self.caller.handle_input(self.now, Input::Signal { leg, event });
                    }
                }
                Output::Dial { target, destination, offer } => {
                    assert_eq!(destination, address(5080));
                    assert!(offer.contains("42002"), "the operator's leg has its own port: {offer}");
                    self.dialled.push(target);
                }
                Output::Packet { leg, destination, payload } => {
                    let now = self.now;
                    let Some(far_end) = self.far_end(leg) else { continue };
                    assert_eq!(destination, address(far_end.port));
                    far_end.session.handle_packet(now, address(42_000), &payload);
                    // No CSRCs, no extension: the payload stands behind twelve bytes; type 8 is A-law.
                    if payload[1] & 0x7F == 8 && holds_speech(&g711::decode(Codec::Pcma, &payload[12..])) {
                        far_end.heard.push(now);
                    }
                    while far_end.session.poll_frame(now).is_some() {}
                    let mut keys = String::new();
                    while let Some(key) = far_end.session.poll_key() {
                        keys.push(key.0);
                    }
                    self.keys += &keys;
                }
                Output::Observed(observation) => self.observed.push(observation),
                Output::Done => self.done = true,
            }
        }
    }

    /// Runs for this long, or to the end.
    fn run(&mut self, milliseconds: u64) {
        let end = self.now + ms(milliseconds);
        while !self.done {
            let legs = [&self.agent, &self.operator].map(|far_end| far_end.as_ref().map(|far_end| far_end.next));
            let next = legs.into_iter().flatten().chain(self.caller.poll_timeout()).min();
            let Some(next) = next.filter(|&next| next <= end) else { break };
            self.now = self.now.max(next);
            for party in [Party::Agent, Party::Operator] {
                let now = self.now;
                let Some(far_end) = self.far_end(party).as_mut().filter(|far_end| far_end.next <= now) else {
                    continue;
                };
                let (packet, source) = (far_end.packet(), address(far_end.port));
                self.caller.handle_input(now, Input::Packet { leg: party, source, payload: &packet });
            }
            self.caller.handle_input(self.now, Input::Timeout);
            self.drain();
        }
        self.now = if self.done { self.now } else { end };
    }

    fn run_until(&mut self, seen: impl Fn(&Observation) -> bool) {
        for _ in 0..6_000 {
            if self.observed.iter().any(&seen) {
                return;
            }
            self.run(10);
        }
        panic!("not seen within a minute: {:?}", self.observed);
    }

    fn line_finished(&mut self, turn: usize) {
        self.run_until(|observation| *observation == Observation::LineFinished { turn });
    }

    fn report(self) -> super::super::report::CallReport {
        assert!(self.done, "the call goes on");
        self.caller.finish().report(&[])
    }
}

#[test]
fn speaks_when_the_agent_has_finished_and_times_the_reply() {
    let mut world = World::call(settings(), vec![line("bonjour", 500), line("merci", 300)]);
    world.run(100);
    world.signal(Party::Agent, Event::Progress { status: 180, sdp: None });
    world.run(20);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 1_000);
    // A pause between two sentences is not the end.
    world.speaks(Party::Agent, 800, 600);
    world.run(2_500 + 1_100);
    assert!(!world.observed.iter().any(|seen| matches!(seen, Observation::LineStarted { .. })), "spoke too early");
    world.line_finished(0);
    let heard = &world.agent.as_ref().unwrap().heard;
    assert_eq!(heard.len(), 25, "500 ms of speech");
    world.speaks(Party::Agent, 480, 700);
    world.line_finished(1);
    world.speaks(Party::Agent, 600, 400);
    world.run(10_000);
    let report = world.report();
    assert_eq!(report.answered_after_ms, Some(120));
    assert_eq!(report.first_audio_after_answer_ms, Some(45));
    let delays: Vec<i64> = report.turns.iter().filter_map(|turn| turn.reply_started_after_ms).collect();
    assert!((480..=505).contains(&delays[0]) && (600..=625).contains(&delays[1]), "{delays:?}");
    assert_eq!((report.ended_by, report.failure), (EndedBy::Caller, None));
    assert!(report.packets.sent > 300 && report.packets.received > 300 && report.packets.lost == 0);
}

#[test]
fn transcripts_find_their_turns() {
    let mut world = World::call(settings(), vec![line("bonjour", 500)]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 1_000);
    world.line_finished(0);
    // Two contributions to the same turn, further apart than the caller would wait at a time.
    world.speaks(Party::Agent, 300, 400);
    world.run(20_000);
    let finished = world.observed.iter().filter_map(|seen| match seen {
        Observation::FarEndFinished { stretch, turn, samples, .. } => Some((*stretch, *turn, samples.len())),
        _ => None,
    });
    let finished: Vec<_> = finished.collect();
    assert_eq!(
        finished.iter().map(|(stretch, turn, _)| (*stretch, *turn)).collect::<Vec<_>>(),
        [(0, None), (1, Some(0))]
    );
    // The stretch with its margins: 1 s and 0.2 s behind it (before it the call had not begun, but for 45 ms).
    assert!((9_500..=10_100).contains(&finished[0].2), "{finished:?}");
    let outcome = world.caller.finish();
    assert_eq!(outcome.sent.len(), outcome.received.len());
    let texts = [(0, "Bonjour.".to_owned()), (1, "Oui.".to_owned()), (1, "Voilà.".to_owned()), (9, "?".to_owned())];
    let report = outcome.report(&texts);
    assert_eq!(report.greeting.as_deref(), Some("Bonjour."));
    assert_eq!(report.turns[0].reply.as_deref(), Some("Oui. Voilà."));
}

#[test]
fn keys_are_typed_like_lines() {
    let mut world = World::call(settings(), vec![Line::keys("12#").unwrap()]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 400);
    world.line_finished(0);
    world.speaks(Party::Agent, 200, 400);
    world.run(20_000);
    assert_eq!(world.keys, "12#");
    let report = world.report();
    assert_eq!(report.turns[0].said, "touches 12#");
    assert!(report.turns[0].reply_started_after_ms.is_some_and(|after| (200..300).contains(&after)), "{report:?}");
}

#[test]
fn a_transfer_is_followed_and_the_rest_is_said_to_the_operator() {
    let mut world = World::call(settings(), vec![line("quelqu'un", 400), line("bonjour madame", 600)]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 400);
    world.line_finished(0);
    world.speaks(Party::Agent, 400, 900);
    world.run(1_600);
    world.signal(Party::Agent, asked_to_call(OPERATOR));
    world.run(2_000);
    world.signal(Party::Operator, Event::Progress { status: 180, sdp: None });
    world.run(3_000);
    assert!(
        !world.observed.iter().any(|seen| matches!(seen, Observation::LineStarted { turn: 1, .. })),
        "nobody to talk to"
    );
    world.answer(Party::Operator);
    world.speaks(Party::Operator, 300, 1_000);
    world.run(500);
    world.agent = None;
    world.signal(Party::Agent, Event::Ended { cause: EndCause::RemoteBye });
    world.line_finished(1);
    assert_eq!(world.operator.as_ref().unwrap().heard.len(), 30, "the operator hears 600 ms");
    world.run(20_000);
    let agent_commands: Vec<_> =
        world.commands.iter().filter(|(leg, _)| *leg == Party::Agent).map(|(_, command)| command.clone()).collect();
    assert_eq!(
        agent_commands,
        [Command::AcceptTransfer, Command::NotifyTransfer { status: 180 }, Command::NotifyTransfer { status: 200 },]
    );
    assert_eq!(world.dialled, [OPERATOR]);
    let report = world.report();
    assert_eq!(report.transferred_to.as_deref(), Some(OPERATOR));
    assert_eq!(report.transfer_status, Some(200));
    assert_eq!(report.turns[1].to, Party::Operator);
    assert_eq!((report.ended_by, report.failure), (EndedBy::Caller, None));
}

#[test]
fn an_agent_that_stays_after_the_transfer_is_left() {
    let mut world = World::call(settings(), vec![]);
    world.answer(Party::Agent);
    world.signal(Party::Agent, asked_to_call(OPERATOR));
    world.answer(Party::Operator);
    world.speaks(Party::Operator, 0, 8_000);
    world.run(6_000);
    assert!(world.commands.contains(&(Party::Agent, Command::HangUp)));
    world.operator = None;
    world.signal(Party::Operator, Event::Ended { cause: EndCause::RemoteBye });
    assert_eq!(world.report().ended_by, EndedBy::Operator);
}

#[test]
fn a_busy_operator_gives_the_agent_back() {
    let mut world = World::call(settings(), vec![line("quelqu'un", 400), line("alors rappelez-moi", 400)]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 400);
    world.line_finished(0);
    world.speaks(Party::Agent, 400, 900);
    world.run(1_400);
    world.signal(Party::Agent, asked_to_call(OPERATOR));
    world.signal(Party::Operator, Event::Ended { cause: EndCause::Refused(486) });
    assert!(world.commands.contains(&(Party::Agent, Command::NotifyTransfer { status: 486 })));
    world.speaks(Party::Agent, 300, 1_500);
    world.line_finished(1);
    world.speaks(Party::Agent, 300, 500);
    world.run(20_000);
    let report = world.report();
    assert_eq!((report.transfer_status, report.turns.len(), report.failure), (Some(486), 2, None));
    assert_eq!(report.turns[1].to, Party::Agent);
}

#[test]
fn an_operator_who_never_answers_is_reported_as_408() {
    let mut world = World::call(settings(), vec![]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 0, 400);
    world.run(600);
    world.signal(Party::Agent, asked_to_call(OPERATOR));
    world.run(61_000);
    assert_eq!(world.commands.iter().filter(|command| **command == (Party::Operator, Command::HangUp)).count(), 1);
    assert!(world.commands.contains(&(Party::Agent, Command::NotifyTransfer { status: 408 })));
}

#[test]
fn an_unreachable_target_is_reported_at_once() {
    let mut world = World::call(settings(), vec![]);
    world.answer(Party::Agent);
    world.signal(Party::Agent, asked_to_call("tel:100"));
    assert!(world.commands.contains(&(Party::Agent, Command::NotifyTransfer { status: 404 })));
    assert!(world.dialled.is_empty());
}

#[test]
fn a_call_that_is_refused_or_silent_or_endless_fails() {
    let mut world = World::call(settings(), vec![]);
    world.signal(Party::Agent, Event::Ended { cause: EndCause::Refused(486) });
    assert_eq!(world.report().failure, Some(Failure::Refused(486)));

    let mut world = World::call(settings(), vec![]);
    world.signal(Party::Agent, Event::Ended { cause: EndCause::Timeout });
    assert_eq!(world.report().failure, Some(Failure::NotAnswered));

    let mut world = World::call(settings(), vec![]);
    world.answer(Party::Agent);
    world.agent = None;
    world.run(40_000);
    assert_eq!(world.report().failure, Some(Failure::NoAudio));

    let mut world = World::call(Settings { hang_up_after_last: false, ..settings() }, vec![]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 0, 1_000);
    world.run(200_000);
    assert_eq!(world.report().failure, Some(Failure::TooLong));

    let mut world = World::call(settings(), vec![]);
    world.run(200_000);
    assert_eq!(world.report().failure, Some(Failure::NotAnswered));
}

#[test]
fn over_a_prompt_the_time_until_it_stops_is_measured() {
    let mut world = World::call(Settings { barge_in: true, ..settings() }, vec![line("attendez", 700)]);
    world.answer(Party::Agent);
    // The prompt is cut 360 ms after the caller began, one second into it.
    world.speaks(Party::Agent, 40, 1_360);
    world.line_finished(0);
    world.speaks(Party::Agent, 500, 600);
    world.run(20_000);
    let report = world.report();
    let turn = &report.turns[0];
    assert!(turn.prompt_stopped_after_ms.is_some_and(|after| (310..=380).contains(&after)), "{turn:?}");
    assert!(turn.reply_started_after_ms.is_some_and(|after| (480..=540).contains(&after)), "{turn:?}");
}

#[test]
fn a_reply_that_cuts_the_caller_off_has_a_negative_delay() {
    let mut world = World::call(settings(), vec![line("longtemps", 3_000)]);
    world.answer(Party::Agent);
    world.speaks(Party::Agent, 40, 400);
    world.run_until(|seen| matches!(seen, Observation::LineStarted { .. }));
    world.speaks(Party::Agent, 1_000, 3_000);
    world.run(20_000);
    let report = world.report();
    assert!(
        report.turns[0].reply_started_after_ms.is_some_and(|after| (-2_020..=-1_900).contains(&after)),
        "{report:?}"
    );
}

#[test]
fn audio_that_overtakes_the_answer_counts() {
    let mut world = World::call(settings(), vec![]);
    let mut agent = FarEnd::new(20_000, address(42_000), world.now);
    agent.speak_after(0, 200);
    for _ in 0..60 {
        let packet = agent.packet();
        world
            .caller
            .handle_input(world.now, Input::Packet { leg: Party::Agent, source: address(20_000), payload: &packet });
    }
    world.answer(Party::Agent);
    assert!(world.observed.iter().any(|seen| matches!(seen, Observation::FarEndStarted { .. })));
}

#[test]
fn nothing_on_the_wire_panics() {
    let mut world = World::call(settings(), vec![line("bonjour", 100)]);
    world.answer(Party::Agent);
    for length in 0..300_usize {
        for fill in [0, 0x80, 0xFF] {
            let mut payload = vec![fill; length];
            if length > 1 {
                (payload[0], payload[1]) = (0x80, 8);
            }
            for leg in [Party::Agent, Party::Operator] {
                world.caller.handle_input(world.now, Input::Packet { leg, source: address(1), payload: &payload });
            }
        }
        world.run(20);
    }
    for sdp in [None, Some(String::new()), Some("v=0\r\n".into())] {
        let mut world = World::call(settings(), vec![]);
        world.signal(Party::Agent, Event::Answered { sdp });
        assert_eq!(world.report().failure, Some(Failure::BadAnswer));
    }
}
