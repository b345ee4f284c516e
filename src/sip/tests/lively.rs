//! Three parties whose applications behave: they call, ring, answer, hold, transfer and hang up as they please, over a
//! network that loses, doubles and delays. Whatever meets whatever, every call ends and nothing is left.

use std::collections::HashMap;

use super::*;

/// What an application does about an event, when it gets round to it.
struct Party {
    calls: Vec<CallHandle>,
    seen: usize,
    /// Targets it was asked to call.
    wanted: Vec<(String, Option<String>)>,
    offers: Vec<CallHandle>,
}

struct World {
    net: Net,
    parties: Vec<Party>,
    rng: StdRng,
    told: HashMap<&'static str, usize>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut net = Net::with_third(seed);
        for who in [AGENT, PEER, THIRD] {
            net.configure(who, |config| {
                config.accept_transfers = true;
                config.policy.session_expires = 90;
                config.policy.reliable_provisionals = who != PEER;
            });
        }
        let party = || Party { calls: Vec::new(), seen: 0, wanted: Vec::new(), offers: Vec::new() };
        World {
            net,
            parties: vec![party(), party(), party()],
            rng: StdRng::seed_from_u64(seed ^ 0xa5),
            told: HashMap::new(),
        }
    }

    fn chance(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    fn listen(&mut self, who: usize) {
        let fresh: Vec<_> = self.net.events[who][self.parties[who].seen..].to_vec();
        self.parties[who].seen += fresh.len();
        for (_, call, event) in fresh {
            let party = &mut self.parties[who];
            let name = match event {
                Event::Incoming { .. } => {
                    party.calls.push(call);
                    "incoming"
                }
                Event::Reoffered { .. } => {
                    party.offers.push(call);
                    "reoffered"
                }
                Event::Replaced { .. } => {
                    party.offers.push(call);
                    "replaced"
                }
                Event::TransferRequested { target, referred_by, .. } => {
                    party.wanted.push((target, referred_by));
                    self.net.command(who, call, Command::AcceptTransfer);
                    "transfer asked"
                }
                Event::Ended { cause } => {
                    party.calls.retain(|c| *c != call);
                    party.offers.retain(|c| *c != call);
                    if cause == EndCause::Expired { "expired" } else { "ended" }
                }
                Event::Answered { .. } => "answered",
                Event::Acknowledged { .. } => "acknowledged",
                Event::ReofferAnswered { .. } => "offer taken",
                Event::ReofferRefused { .. } => "offer refused",
                Event::TransferFinished { .. } => "transfer finished",
                Event::Progress { .. } | Event::TransferProgress { .. } => "progress",
                Event::Key(_) => "key",
                Event::ReleaseReason { .. } => "reason",
            };
            *self.told.entry(name).or_default() += 1;
        }
    }

    fn place(&mut self, who: usize, target: String, other: usize, referred_by: Option<String>) {
        let offer = self.chance(0.7).then(|| OFFER.to_owned());
        let (now, destination) = (self.net.now, Flow::udp(address(other)).into());
        let dial = Dial { referred_by, ..Dial::to(target, destination, offer) };
        let call = self.net.endpoints[who].dial(now, dial);
        self.net.drain(who);
        self.parties[who].calls.push(call);
    }

    fn act(&mut self, who: usize) {
        self.listen(who);
        if self.parties[who].calls.len() < 2 && self.chance(0.1) {
            let other = (who + self.rng.random_range(1..3)) % 3;
            let target = format!("sip:{}@{}", config(other).user, address(other));
            self.place(who, target, other, None);
        }
        if let Some((target, referred_by)) = self.parties[who].wanted.pop() {
            let other = (0..3).find(|other| target.contains(&format!("@{}", address(*other)))).unwrap_or(AGENT);
            self.place(who, target, other, referred_by);
        }
        if self.chance(0.7)
            && let Some(call) = self.parties[who].offers.pop()
        {
            let sdp = self.chance(0.9).then(|| ANSWER.to_owned());
            self.net.command(who, call, Command::AnswerReoffer { sdp });
        }
        let calls = self.parties[who].calls.clone();
        for (at, call) in calls.iter().enumerate() {
            if !self.chance(0.15) {
                continue;
            }
            let other = calls[(at + 1) % calls.len()];
            let command = match self.rng.random_range(0..16) {
                0 => Command::Ring,
                1 => Command::EarlyMedia { sdp: ANSWER.to_owned() },
                2..5 => Command::Answer { sdp: ANSWER.to_owned() },
                5 | 6 => Command::Reoffer { sdp: Some(OFFER.to_owned()) },
                7 => Command::Reoffer { sdp: None },
                8 => Command::Update { sdp: Some(OFFER.to_owned()) },
                9 => Command::Update { sdp: None },
                10 => Command::AttendedTransfer { other },
                11 => Command::Transfer { target: format!("sip:x@{}", address(self.rng.random_range(0..3))) },
                12 | 13 => Command::NotifyTransfer { status: [180, 200, 486][self.rng.random_range(0..3)] },
                14 => Command::HangUp,
                _ => Command::Reject { status: 486 },
            };
            self.net.command(who, *call, command);
        }
    }
}

#[test]
fn lively_lives_end() {
    let mut told: HashMap<&'static str, usize> = HashMap::new();
    for seed in 0..24 {
        let mut world = World::new(6_000 + seed);
        world.net.loss = if seed % 3 == 0 { 0.0 } else { 0.15 };
        world.net.duplication = 0.1;
        world.net.jitter = seconds(0.2);
        for _ in 0..600 {
            for who in [AGENT, PEER, THIRD] {
                world.act(who);
            }
            let pause = world.rng.random_range(0.0..0.5);
            world.net.run(seconds(pause));
            for endpoint in &world.net.endpoints {
                assert!(endpoint.largest_table() < 256, "seed {seed}");
            }
        }
        for who in [AGENT, PEER, THIRD] {
            world.listen(who);
            for call in world.parties[who].calls.clone() {
                world.net.command(who, call, Command::HangUp);
            }
        }
        world.net.run(seconds(70.0));
        for who in [AGENT, PEER, THIRD] {
            // Calls that came in meanwhile.
            world.listen(who);
            for call in world.parties[who].calls.clone() {
                world.net.command(who, call, Command::HangUp);
            }
        }
        world.net.run(seconds(70.0));
        for who in [AGENT, PEER, THIRD] {
            world.listen(who);
            assert!(world.parties[who].calls.is_empty(), "seed {seed}, {who}: {:?}", world.parties[who].calls);
            let mut ends = HashMap::new();
            for (_, call, event) in &world.net.events[who] {
                assert!(!ends.contains_key(call), "seed {seed}: {event:?} after the end of {call:?}");
                if matches!(event, Event::Ended { .. }) {
                    ends.insert(*call, ());
                }
            }
        }
        world.net.loss = 0.0;
        world.net.assert_forgotten();
        for (name, count) in world.told {
            *told.entry(name).or_default() += count;
        }
    }
    // It was no idle life.
    for name in ["incoming", "answered", "acknowledged", "reoffered", "offer taken", "offer refused", "transfer asked"]
    {
        assert!(told.get(name).is_some_and(|count| *count > 40), "{name}: {told:?}");
    }
    for name in ["replaced", "transfer finished", "ended"] {
        assert!(told.get(name).is_some_and(|count| *count > 4), "{name}: {told:?}");
    }
}
