//! Against a registrar of our own, in virtual time.

use super::*;
use crate::sip::digest::{Algorithm, Credentials, DigestServer, Qop, Rejected, Signed};
use crate::sip::wire::{Headers, Request};
use crate::testing::epoch;

const NAMES: [&str; 2] = ["192.0.2.1", "192.0.2.2"];

fn flow(host: &str) -> Flow {
    Flow::udp(format!("{host}:5060").parse().unwrap())
}

fn settings(host: &str) -> RegistrationSettings {
    RegistrationSettings {
        registrar: format!("sip:{host}"),
        user: "200".into(),
        password: Password { user: "200".into(), password: "secret".into() },
        realm: None,
        expires: Duration::from_secs(300),
    }
}

/// Answers a request: status and extra header lines; `None`: not at all.
type Script = Box<dyn FnMut(&Request, Instant) -> Option<(u16, String)>>;

struct World {
    now: Instant,
    registrations: Registrations,
    script: Script,
    /// Where each REGISTER went, when, and what it said.
    sent: Vec<(Instant, Flow, Request)>,
    states: Vec<(Instant, usize, RegistrationState)>,
    located: usize,
    targets: Vec<Flow>,
}

impl World {
    fn with(all: Vec<RegistrationSettings>, first_only: bool, script: Script) -> World {
        let listeners = Listeners::udp("198.51.100.7:5060".parse().unwrap());
        let config = RegistrationsConfig { listeners, product: "test".into(), registrations: all, first_only };
        let targets = Vec::new();
        let now = epoch();
        let registrations = Registrations::new(config, 1);
        World { now, registrations, script, sent: Vec::new(), states: Vec::new(), located: 0, targets }
    }

    fn new(script: impl FnMut(&Request, Instant) -> Option<(u16, String)> + 'static) -> World {
        World::with(vec![settings(NAMES[0])], false, Box::new(script))
    }

    fn drain(&mut self) {
        while let Some(output) = self.registrations.poll_output() {
            match output {
                RegistrationOutput::Transmit { flow, payload } => {
                    let Message::Request(request) = read_message(&payload, Framing::Datagram).unwrap().message else {
                        panic!("a response was sent")
                    };
                    self.sent.push((self.now, flow, request.clone()));
                    if let Some((status, extra)) = (self.script)(&request, self.now) {
                        let answer = answer(&request, status, &extra);
                        assert!(self.registrations.receive(self.now, flow, answer.as_bytes()));
                    }
                }
                RegistrationOutput::Locate { index, uri } => {
                    self.located += 1;
                    let targets = match self.targets.as_slice() {
                        [] => vec![flow(uri.strip_prefix("sip:").unwrap())],
                        given => given.to_vec(),
                    };
                    self.registrations.handle_input(self.now, RegistrationInput::Located { index, targets });
                }
                RegistrationOutput::State { index, state } => self.states.push((self.now, index, state)),
            }
        }
    }

    fn run(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        self.drain();
        while let Some(at) = self.registrations.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.registrations.handle_input(self.now, RegistrationInput::Timeout);
            self.drain();
        }
        self.now = until;
    }

    fn last_state(&self) -> RegistrationState {
        self.states.last().expect("a state").2
    }

    fn is_registered(&self) -> bool {
        matches!(self.states.last(), Some((_, _, RegistrationState::Registered { .. })))
    }
}

fn answer(request: &Request, status: u16, extra: &str) -> String {
    let text = |name: &HeaderName| request.headers.text(name).unwrap().into_owned();
    format!(
        "SIP/2.0 {status} Whatever\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=r\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}\
         Content-Length: 0\r\n\r\n",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
        text(&HeaderName::CSeq),
    )
}

fn contact(headers: &Headers) -> String {
    headers.text(&HeaderName::Contact).unwrap().into_owned()
}

/// Grants what is asked for.
fn granted(request: &Request) -> Option<(u16, String)> {
    Some((200, format!("Contact: {}\r\n", contact(&request.headers))))
}

/// A registrar that wants a password: says when a request has the right one, else the challenge.
fn guarded(
    algorithms: Vec<Algorithm>,
    password: &'static str,
) -> impl FnMut(&Request, Instant) -> Option<(u16, String)> {
    let mut server = DigestServer::new("pabx".into(), algorithms, vec![Qop::Auth, Qop::AuthInt], [7; 32], epoch());
    move |request, now| {
        let given = request.headers.text(&HeaderName::Authorization).and_then(|text| text.parse::<Credentials>().ok());
        let verdict = given.map(|credentials| {
            let signed = Signed { method: "REGISTER", uri: &request.uri, body: &request.body };
            server.verify(now, &credentials, signed, |user| (user == "200").then(|| password.to_owned()))
        });
        if verdict == Some(Ok(())) {
            return granted(request);
        }
        let stale = verdict == Some(Err(Rejected::Stale));
        let challenges = server.challenge(now, stale);
        let lines: String = challenges.iter().map(|challenge| format!("WWW-Authenticate: {challenge}\r\n")).collect();
        Some((401, lines))
    }
}

#[test]
fn registers_and_refreshes_before_it_expires() {
    let mut world = World::new(|request, _| granted(request));
    world.run(3_600);
    assert!(world.is_registered());
    let first = &world.sent[0].2;
    assert_eq!(first.uri, "sip:192.0.2.1");
    assert_eq!(first.headers.text(&HeaderName::To).unwrap(), "<sip:200@192.0.2.1>");
    assert_eq!(contact(&first.headers), "<sip:200@198.51.100.7:5060>;expires=300");
    for pair in world.sent.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!((Duration::from_secs(225)..=Duration::from_secs(255)).contains(&gap), "{gap:?}");
        let cseq = |at: &(Instant, Flow, Request)| at.2.headers.cseq().unwrap().number;
        assert_eq!(cseq(&pair[1]), cseq(&pair[0]) + 1);
        assert_eq!(pair[0].2.headers.call_id(), pair[1].2.headers.call_id(), "§10.2.4");
    }
}

#[test]
fn the_time_granted_to_our_contact_counts_among_others() {
    let mut world = World::new(|_, _| {
        let others = "Contact: <sip:200@203.0.113.1>;expires=7000, <sip:200@198.51.100.7:5060>;expires=60\r\n";
        Some((200, format!("{others}Expires: 5000\r\n")))
    });
    world.run(1);
    let RegistrationState::Registered { expires, .. } = world.last_state() else { panic!("not registered") };
    assert_eq!(expires, Duration::from_secs(60));
}

#[test]
fn a_contact_changed_on_the_way_and_one_without_time_are_understood() {
    for (answer, wanted) in [
        ("Contact: <sip:200@203.0.113.1:40000>;expires=120\r\n", 120),
        ("Contact: <sip:200@198.51.100.7:5060>\r\nExpires: 90\r\n", 90),
        ("", 300),
        ("Contact: <sip:200@198.51.100.7:5060>;expires=99999999999\r\n", 86_400),
    ] {
        let mut world = World::new(move |_, _| Some((200, answer.to_owned())));
        world.run(1);
        let RegistrationState::Registered { expires, .. } = world.last_state() else { panic!("not registered") };
        assert_eq!(expires, Duration::from_secs(wanted), "{answer}");
    }
}

#[test]
fn a_password_is_given_and_kept_for_the_refreshes() {
    for algorithms in [vec![Algorithm::MD5], vec![Algorithm::SHA_256, Algorithm::MD5]] {
        let mut world = World::new(guarded(algorithms, "secret"));
        world.run(1);
        assert!(world.is_registered());
        assert_eq!(world.sent.len(), 2);
        world.run(270);
        assert!(world.is_registered());
        assert_eq!(world.sent.len(), 3, "the next one answers the known challenge at once");
        // The nonce of the registrar's server does not live for ever: stale, and once more.
        world.run(36_000);
        assert!(world.is_registered());
        assert!(world.states.iter().all(|(_, _, state)| matches!(state, RegistrationState::Registered { .. })));
    }
}

#[test]
fn a_wrong_password_is_tried_seldom() {
    let mut world = World::new(guarded(vec![Algorithm::MD5], "another"));
    world.run(3_600);
    assert!(!world.is_registered());
    assert!(matches!(world.last_state(), RegistrationState::Failed { status: 401, .. }));
    let attempts = world.states.len();
    assert!((6..=14).contains(&attempts), "{attempts} in an hour");
    assert!(world.sent.len() <= attempts * 2, "one answer an attempt");
}

#[test]
fn a_password_is_not_for_every_realm() {
    let script = guarded(vec![Algorithm::MD5], "secret");
    let one = RegistrationSettings { realm: Some("elsewhere".into()), ..settings(NAMES[0]) };
    let mut world = World::with(vec![one], false, Box::new(script));
    world.run(1);
    assert!(matches!(world.last_state(), RegistrationState::Failed { status: 401, .. }));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_registrar_that_never_has_enough_is_left_alone() {
    let mut count = 0;
    let mut world = World::new(move |_, _| {
        count += 1;
        Some((407, format!("Proxy-Authenticate: Digest realm=\"r\", nonce=\"{count}\", stale=true\r\n")))
    });
    world.run(1);
    assert_eq!(world.sent.len(), 5);
    assert!(matches!(world.last_state(), RegistrationState::Failed { status: 407, .. }));
}

#[test]
fn a_longer_time_is_asked_for_when_the_registrar_wants_it() {
    let mut world = World::new(|request, _| match contact(&request.headers).ends_with("=600") {
        true => granted(request),
        false => Some((423, "Min-Expires: 600\r\n".into())),
    });
    world.run(1);
    let RegistrationState::Registered { expires, .. } = world.last_state() else { panic!("not registered") };
    assert_eq!(expires, Duration::from_secs(600));
    for nonsense in ["", "Min-Expires: 10\r\n", "Min-Expires: 4000000000\r\n"] {
        let mut world = World::new(move |_, _| Some((423, nonsense.to_owned())));
        world.run(1);
        assert!(matches!(world.last_state(), RegistrationState::Failed { status: 423, .. }), "{nonsense}");
    }
}

#[test]
fn a_silent_registrar_is_tried_at_growing_intervals() {
    let mut world = World::new(|_, _| None);
    world.run(7_200);
    let gaps: Vec<Duration> = world
        .states
        .iter()
        .map(|(_, _, state)| match state {
            RegistrationState::Failed { status: 408, retry_after } => *retry_after,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(gaps[0] <= Duration::from_secs(5) && gaps[0] >= Duration::from_millis(2_500), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= LONGEST_PAUSE), "{gaps:?}");
    assert!(gaps.last().unwrap() >= &Duration::from_secs(300), "{gaps:?}");
    assert_eq!(world.located, gaps.len() + usize::from(world.located > gaps.len()), "each attempt looks it up anew");
}

#[test]
fn retry_after_is_heeded() {
    let mut world = World::new(|_, _| Some((500, "Retry-After: 200 (later)\r\n".into())));
    world.run(1);
    assert!(matches!(world.last_state(), RegistrationState::Failed { status: 500, retry_after }
        if retry_after == Duration::from_secs(200)));
}

#[test]
fn the_next_target_is_tried_when_one_is_silent_or_has_no_service() {
    let mut world = World::new(|request, _| granted(request));
    world.targets = vec![flow("203.0.113.1"), flow("203.0.113.2"), flow("203.0.113.3")];
    let mut seen = 0;
    world.script = Box::new(move |request, _| {
        seen += 1;
        match seen {
            1 => Some((503, String::new())),
            // Eleven copies, none answered (timer F).
            2..=12 => None,
            _ => granted(request),
        }
    });
    world.run(40);
    let RegistrationState::Registered { flow: found, .. } = world.last_state() else { panic!("not registered") };
    assert_eq!(found, flow("203.0.113.3"));
    assert_eq!(world.states.len(), 1, "nobody hears of the two that failed");
}

#[test]
fn what_cannot_be_sent_goes_elsewhere_at_once() {
    let mut world = World::new(|_, _| None);
    world.targets = vec![flow("203.0.113.1"), flow("203.0.113.2")];
    world.drain();
    world.registrations.handle_input(world.now, RegistrationInput::TransportFailed { flow: flow("203.0.113.1") });
    world.drain();
    assert_eq!(world.sent.last().unwrap().1, flow("203.0.113.2"));
    let remote = flow("203.0.113.2").remote;
    world.run(2);
    world.registrations.handle_input(world.now, RegistrationInput::Unreachable { remote });
    world.drain();
    assert!(matches!(world.last_state(), RegistrationState::Failed { status: 503, .. }));
}

#[test]
fn all_switchboards_or_the_first_that_takes_us() {
    let both = || NAMES.map(settings).to_vec();
    let mut all = World::with(both(), false, Box::new(|request, _| granted(request)));
    all.run(1);
    assert_eq!(all.states.iter().map(|(_, index, _)| *index).collect::<Vec<_>>(), [0, 1]);

    let mut one = World::with(both(), true, Box::new(|request, _| granted(request)));
    one.run(1_000);
    assert!(one.sent.iter().all(|(_, to, _)| *to == flow(NAMES[0])), "the second is left alone");

    let refusing = |request: &Request, _| match request.uri.contains(NAMES[0]) {
        true => Some((403, String::new())),
        false => granted(request),
    };
    let mut second = World::with(both(), true, Box::new(refusing));
    second.run(1_000);
    assert!(matches!(second.states[0], (_, 0, RegistrationState::Failed { status: 403, .. })));
    assert!(matches!(second.states.last(), Some((_, 1, RegistrationState::Registered { .. }))));

    let mut nobody = World::with(both(), true, Box::new(|_, _| Some((403, String::new()))));
    nobody.run(1_000);
    let order: Vec<usize> = nobody.states.iter().map(|(_, index, _)| *index).collect();
    assert!(order.len() >= 6 && order.chunks_exact(2).all(|pair| pair == [0, 1]), "{order:?}: in turn");
}

#[test]
fn stopping_leaves_every_switchboard() {
    let mut world = World::with(NAMES.map(settings).to_vec(), false, Box::new(guarded(vec![Algorithm::MD5], "secret")));
    world.run(1);
    world.registrations.handle_input(world.now, RegistrationInput::Stop);
    world.drain();
    assert!(world.registrations.has_left());
    for (_, _, request) in &world.sent[world.sent.len() - 2..] {
        assert!(contact(&request.headers).ends_with(";expires=0"));
        assert_eq!(request.headers.text(&HeaderName::Expires).unwrap(), "0");
    }
    world.run(100_000);
    assert_eq!(world.registrations.poll_timeout(), None, "nothing goes on");
}

#[test]
fn an_absent_switchboard_does_not_hold_up_stopping() {
    let mut world = World::new(|request, _| granted(request));
    world.run(1);
    world.script = Box::new(|_, _| None);
    world.registrations.handle_input(world.now, RegistrationInput::Stop);
    world.run(33);
    assert!(world.registrations.has_left());
}

#[test]
fn other_messages_are_somebody_elses() {
    let mut world = World::new(|_, _| None);
    world.drain();
    let register = world.sent[0].2.clone();
    let text = answer(&register, 200, "").replace("REGISTER", "OPTIONS");
    let now = world.now;
    assert!(!world.registrations.receive(now, flow(NAMES[0]), text.as_bytes()));
    assert!(!world.registrations.receive(now, flow(NAMES[0]), b"REGISTER sip:mairie SIP/2.0\r\n\r\n"));
    let forged = answer(&register, 200, "").replace("z9hG4bK", "z9hG4bKx");
    assert!(world.registrations.receive(now, flow(NAMES[0]), forged.as_bytes()));
    world.drain();
    assert!(world.states.is_empty(), "an answer to nothing changes nothing");
}
