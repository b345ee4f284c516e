//! Who may ask us for anything: networks, what becomes of requests from elsewhere, and what the journal is told. PURE.
//!
//! Owns: the decision, made from the source address before a byte of the message is read; bounds for strangers.
//! Must not know: what a request asks for, how it is refused.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::digest::Password;
use super::limits::{Bucket, Rate};

/// Strangers remembered at once. Beyond it, further ones are dropped unseen until the oldest is a minute old: the
/// journal then counts them without naming them.
const MAX_STRANGERS: usize = if cfg!(test) { 32 } else { 8_192 };
/// Of these, those whose network is not served at all: they take no place from who may know a password.
const MAX_DROPPED: usize = MAX_STRANGERS / 2;
/// Addresses we have sent requests to that are remembered at once; the oldest is forgotten first. Its answers and its
/// requests within a call are then judged by the rule for its network.
const MAX_CONTACTS: usize = if cfg!(test) { 16 } else { 4_096 };
/// Switchboards outside the accepted networks that we are registered with; the oldest is forgotten first.
const MAX_FRIENDS: usize = 64;
/// One line in the journal for each stranger in this time.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// How long an address we have sent a request to may answer and go on with the call.
const CONTACT: Duration = Duration::from_secs(3 * 3_600);

/// What becomes of requests from a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The switchboard's: everything is served, without limit of rate.
    Accept,
    /// Served to who knows a password (RFC 3261 §22).
    Challenge,
    /// 403.
    Refuse,
    /// No answer at all: a scanner learns nothing.
    Drop,
}

/// Networks and what becomes of requests from them; the most precise network counts.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessConfig {
    pub networks: Vec<(IpNet, Action)>,
    /// For everybody else.
    pub others: Action,
    /// What strangers are challenged with (RFC 3261 §22), and who may answer.
    pub realm: String,
    pub accounts: Vec<Password>,
    /// Requests of one stranger that are looked at; more are dropped unseen.
    pub per_stranger: Rate,
    /// Requests of all strangers together.
    pub strangers: Rate,
}

impl AccessConfig {
    /// Everybody is welcome: for test telephones.
    pub fn open() -> AccessConfig {
        AccessConfig { networks: Vec::new(), others: Action::Accept, ..AccessConfig::closed() }
    }

    /// Nobody is.
    pub fn closed() -> AccessConfig {
        AccessConfig {
            networks: Vec::new(),
            others: Action::Drop,
            realm: "allo-mairie".to_owned(),
            accounts: Vec::new(),
            per_stranger: Rate { per_second: 5, burst: 20 },
            strangers: Rate { per_second: 200, burst: 400 },
        }
    }

    /// The rule for this address.
    pub fn action(&self, source: IpAddr) -> Action {
        let source = source.to_canonical();
        self.networks
            .iter()
            .filter(|(network, _)| network.contains(&source))
            .max_by_key(|(network, _)| network.prefix_len())
            .map_or(self.others, |(_, action)| *action)
    }
}

/// What is to be done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Serve,
    Challenge,
    /// Serve what belongs to a call there is; refuse the rest.
    Refuse,
    /// Serve what belongs to a call there is, since we began it; drop the rest.
    OnlyCalls,
    Drop,
}

/// Something for the journal: a source that was refused, for tools such as fail2ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// `None`: strangers too many to be named.
    pub source: Option<IpAddr>,
    pub cause: Cause,
    /// Messages refused since the last report.
    pub count: u64,
}

/// Why a source was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its network.
    Network,
    /// Wrong user or password.
    Credentials,
}

impl Cause {
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Network => "network",
            Cause::Credentials => "credentials",
        }
    }
}

#[derive(Debug)]
struct Stranger {
    bucket: Bucket,
    /// Refused since the last report.
    refused: u64,
    reported: Option<Instant>,
}

/// The doorkeeper.
#[derive(Debug)]
pub(crate) struct Gate {
    config: AccessConfig,
    now: Option<Instant>,
    all: Option<Bucket>,
    strangers: HashMap<IpAddr, Stranger>,
    /// When each stranger is forgotten, oldest first.
    queue: VecDeque<(Instant, IpAddr)>,
    unnamed: Option<(Instant, u64)>,
    /// Whom we have sent requests to, and since when they may answer: from their first message on.
    contacts: HashMap<IpAddr, Option<Instant>>,
    contact_queue: VecDeque<IpAddr>,
    /// Switchboards we are registered with: as good as an accepted network.
    friends: VecDeque<IpAddr>,
    reports: VecDeque<Report>,
}

impl Gate {
    pub(crate) fn new(config: AccessConfig) -> Gate {
        Gate {
            config,
            now: None,
            all: None,
            strangers: HashMap::new(),
            queue: VecDeque::new(),
            unnamed: None,
            contacts: HashMap::new(),
            contact_queue: VecDeque::new(),
            friends: VecDeque::new(),
            reports: VecDeque::new(),
        }
    }

    /// Whether this address is of a network that is always served.
    pub(crate) fn is_welcome(&self, source: IpAddr) -> bool {
        self.action(source.to_canonical()) == Action::Accept
    }

    fn action(&self, source: IpAddr) -> Action {
        if self.friends.contains(&source) { Action::Accept } else { self.config.action(source) }
    }

    /// We are registered there: its calls are welcome.
    pub(crate) fn befriend(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        if self.action(address) != Action::Accept {
            if self.friends.len() >= MAX_FRIENDS {
                self.friends.pop_front();
            }
            self.friends.push_back(address);
        }
    }

    /// Whether a connection from there is worth taking.
    pub(crate) fn admits(&self, source: IpAddr) -> bool {
        self.action(source.to_canonical()) != Action::Drop || self.contacts.contains_key(&source.to_canonical())
    }

    /// Judges a message by its source.
    pub(crate) fn judge(&mut self, now: Instant, source: IpAddr) -> Verdict {
        let source = source.to_canonical();
        self.now = Some(now);
        let verdict = match self.action(source) {
            Action::Accept => return Verdict::Serve,
            Action::Challenge => Verdict::Challenge,
            Action::Refuse => Verdict::Refuse,
            Action::Drop if self.is_contact(now, source) => Verdict::OnlyCalls,
            Action::Drop => {
                self.refused(source, Cause::Network);
                return Verdict::Drop;
            }
        };
        let rate = self.config.per_stranger;
        let within = self.stranger(now, source, MAX_STRANGERS).is_some_and(|stranger| stranger.bucket.take(rate, now));
        let rate = self.config.strangers;
        if within && self.all.get_or_insert_with(|| Bucket::full(rate, now)).take(rate, now) {
            return verdict;
        }
        self.refused(source, Cause::Network);
        Verdict::Drop
    }

    /// Something of this source was refused: the journal is told once in a while.
    pub(crate) fn refused(&mut self, source: IpAddr, cause: Cause) {
        let Some(now) = self.now else { return };
        let source = source.to_canonical();
        let room = if self.config.action(source) == Action::Drop { MAX_DROPPED } else { MAX_STRANGERS };
        match self.stranger(now, source, room) {
            Some(stranger) => {
                stranger.refused += 1;
                if stranger.reported.is_none_or(|at| now.saturating_duration_since(at) >= REPORT_EVERY) {
                    stranger.reported = Some(now);
                    let count = std::mem::take(&mut stranger.refused);
                    self.reports.push_back(Report { source: Some(source), cause, count });
                }
            }
            None => {
                let (since, count) = self.unnamed.get_or_insert((now, 0));
                *count += 1;
                if now.saturating_duration_since(*since) >= REPORT_EVERY {
                    let count = *count;
                    self.unnamed = None;
                    self.reports.push_back(Report { source: None, cause, count });
                }
            }
        }
        // Whoever drives us takes reports after each input; were he to forget, nothing grows.
        self.reports.truncate(MAX_STRANGERS);
    }

    /// For the journal.
    pub(crate) fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// We sent a request there: its answers, and its requests within the call, are expected.
    pub(crate) fn contacted(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        if self.action(address) == Action::Accept {
            return;
        }
        if self.contacts.insert(address, None).is_none() {
            if self.contact_queue.len() >= MAX_CONTACTS
                && let Some(oldest) = self.contact_queue.pop_front()
            {
                self.contacts.remove(&oldest);
            }
            self.contact_queue.push_back(address);
        }
    }

    fn is_contact(&mut self, now: Instant, source: IpAddr) -> bool {
        let since = self.contacts.get_mut(&source).map(|since| *since.get_or_insert(now));
        since.is_some_and(|since| now.saturating_duration_since(since) < CONTACT)
    }

    /// The stranger at this address, or in this network of one IPv6 subscriber; `None` when there are too many.
    fn stranger(&mut self, now: Instant, source: IpAddr, room: usize) -> Option<&mut Stranger> {
        let key = match source {
            IpAddr::V4(_) => source,
            IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) & !u128::from(u64::MAX)).into(),
        };
        while let Some((at, oldest)) = self.queue.front().copied()
            && now.saturating_duration_since(at) >= REPORT_EVERY
        {
            self.queue.pop_front();
            // Those still busy are kept for another minute.
            match self.strangers.get(&oldest) {
                Some(stranger) if stranger.refused > 0 => self.queue.push_back((now, oldest)),
                _ => drop(self.strangers.remove(&oldest)),
            }
        }
        if !self.strangers.contains_key(&key) {
            if self.strangers.len() >= room {
                return None;
            }
            self.queue.push_back((now, key));
        }
        let rate = self.config.per_stranger;
        Some(self.strangers.entry(key).or_insert_with(|| Stranger {
            bucket: Bucket::full(rate, now),
            refused: 0,
            reported: None,
        }))
    }

    #[cfg(test)]
    fn sizes(&self) -> [usize; 4] {
        [self.strangers.len(), self.queue.len(), self.contacts.len(), self.contact_queue.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn gate(rules: &[(&str, Action)]) -> Gate {
        let networks = rules.iter().map(|(network, action)| (network.parse().unwrap(), *action)).collect();
        Gate::new(AccessConfig { networks, ..AccessConfig::closed() })
    }

    fn reports(gate: &mut Gate) -> Vec<(Option<IpAddr>, u64)> {
        std::iter::from_fn(|| gate.poll_report()).map(|report| (report.source, report.count)).collect()
    }

    #[test]
    fn the_most_precise_network_counts() {
        let mut gate = gate(&[
            ("10.0.0.0/8", Action::Accept),
            ("10.9.0.0/16", Action::Challenge),
            ("10.9.9.9/32", Action::Refuse),
            ("2001:db8::/32", Action::Accept),
        ]);
        let now = epoch();
        assert_eq!(gate.judge(now, ip("10.1.2.3")), Verdict::Serve);
        assert_eq!(gate.judge(now, ip("::ffff:10.1.2.3")), Verdict::Serve, "the same address in IPv6 clothes");
        assert_eq!(gate.judge(now, ip("10.9.1.1")), Verdict::Challenge);
        assert_eq!(gate.judge(now, ip("10.9.9.9")), Verdict::Refuse);
        assert_eq!(gate.judge(now, ip("2001:db8::5")), Verdict::Serve);
        assert_eq!(gate.judge(now, ip("192.0.2.1")), Verdict::Drop);
    }

    #[test]
    fn the_switchboard_is_never_throttled_and_strangers_are() {
        let mut gate = gate(&[("10.0.0.0/8", Action::Accept), ("192.0.2.0/24", Action::Refuse)]);
        let now = epoch();
        assert!((0..100_000).all(|_| gate.judge(now, ip("10.0.0.1")) == Verdict::Serve));
        let looked_at = |gate: &mut Gate, source: &str| {
            (0..1_000).filter(|_| gate.judge(now, ip(source)) == Verdict::Refuse).count()
        };
        assert_eq!(looked_at(&mut gate, "192.0.2.1"), 20);
        assert_eq!(looked_at(&mut gate, "192.0.2.2"), 20, "one stranger takes nothing from another");
        let more: usize = (3..=15).map(|host| looked_at(&mut gate, &format!("192.0.2.{host}"))).sum();
        assert_eq!(more, 13 * 20);
        assert_eq!(gate.judge(now, ip("10.0.0.1")), Verdict::Serve);
    }

    #[test]
    fn all_strangers_together_have_a_limit() {
        let mut gate = gate(&[("192.0.2.0/24", Action::Refuse)]);
        gate.config.strangers = Rate { per_second: 1, burst: 30 };
        let now = epoch();
        let seen = (1..=3)
            .flat_map(|host| std::iter::repeat_n(format!("192.0.2.{host}"), 20))
            .filter(|source| gate.judge(now, ip(source)) == Verdict::Refuse)
            .count();
        assert_eq!(seen, 30);
    }

    #[test]
    fn one_report_for_each_source_and_minute() {
        let mut gate = gate(&[]);
        let start = epoch();
        for step in 0..120 {
            gate.judge(start + Duration::from_secs(step), ip("192.0.2.1"));
        }
        assert_eq!(reports(&mut gate), [(Some(ip("192.0.2.1")), 1), (Some(ip("192.0.2.1")), 60)]);
    }

    #[test]
    fn endless_strangers_fill_neither_memory_nor_journal() {
        let mut gate = gate(&[]);
        let start = epoch();
        for host in 0..10_000u32 {
            gate.judge(start, IpAddr::V4((0x0b00_0000 + host).into()));
        }
        assert_eq!(reports(&mut gate).len(), 16);
        assert_eq!(gate.sizes()[..2], [16, 16]);
        gate.judge(start + Duration::from_secs(61), ip("192.0.2.1"));
        gate.judge(start + Duration::from_secs(61), ip("192.0.2.2"));
        let told = reports(&mut gate);
        assert!(told.contains(&(Some(ip("192.0.2.1")), 1)), "{told:?}: those of the last minute have left");
        for _ in 0..100 {
            gate.judge(start + Duration::from_secs(62), IpAddr::V6(Ipv6Addr::from(0x2001_0db8 << 96 | rand_low())));
        }
        assert!(gate.sizes()[0] <= 4, "one IPv6 subscriber is one stranger: {:?}", gate.sizes());
    }

    /// A host part that differs each time.
    fn rand_low() -> u128 {
        u128::from(rand::random::<u64>())
    }

    #[test]
    fn who_we_called_may_answer_and_go_on_with_the_call() {
        let mut gate = gate(&[]);
        let start = epoch();
        assert!(!gate.admits(ip("192.0.2.1")));
        gate.contacted(ip("192.0.2.1"));
        assert!(gate.admits(ip("192.0.2.1")));
        assert_eq!(gate.judge(start, ip("192.0.2.1")), Verdict::OnlyCalls);
        assert_eq!(gate.judge(start + CONTACT, ip("192.0.2.1")), Verdict::Drop);
        for host in 0..1_000u32 {
            gate.contacted(IpAddr::V4((0x0b00_0000 + host).into()));
        }
        assert_eq!(gate.sizes()[2..], [16, 16]);
    }
}
