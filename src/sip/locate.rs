//! Finding a SIP server (RFC 3263): which names to look up, and in which order to try what is found. PURE.
//!
//! Owns: the choice of transport, port and order. Must not know: who answers DNS queries.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use rand::{Rng, RngExt};

use super::flow::{Flow, Listeners, Transport, is_usable};
use super::wire::SipUri;

/// SRV names and hosts that are looked up for one URI; more are left out.
const MAX_QUERIES: usize = 16;
/// Targets of one URI; more are left out.
const MAX_TARGETS: usize = 16;

/// Something to ask DNS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    Naptr(String),
    Srv(String),
    /// A and AAAA.
    Addresses(String),
}

/// An answer; empty when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Naptr(Vec<Naptr>),
    Srv(Vec<Srv>),
    Addresses(Vec<IpAddr>),
}

/// RFC 2915; only terminal records with flag `s` say something of SIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naptr {
    pub order: u16,
    pub preference: u16,
    pub flags: String,
    pub service: String,
    pub replacement: String,
}

/// RFC 2782.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    pub target: String,
}

/// Where a request may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub flow: Flow,
    /// What the certificate must name: the host of the URI, whatever DNS said (RFC 5922 §4); `None` for addresses.
    pub host: Option<String>,
}

/// One look-up. Ask [`Locator::next_query`] until there is none, then [`Locator::finish`].
#[derive(Debug)]
pub struct Locator {
    listeners: Listeners,
    host: String,
    secure: bool,
    queries: VecDeque<Query>,
    asked: usize,
    state: State,
    found: Vec<Candidate>,
    addresses: HashMap<String, Vec<IpAddr>>,
}

#[derive(Debug)]
enum State {
    /// The transport is to be found (§4.1).
    Naptr,
    /// Servers are to be found (§4.2); those of each name, in the order of preference.
    Srv {
        names: Vec<(Transport, String)>,
        answers: BTreeMap<usize, Vec<Srv>>,
        fallback: Transport,
    },
    Hosts,
}

/// A host and port to be resolved, in order.
#[derive(Debug, Clone)]
struct Candidate {
    transport: Transport,
    host: Host,
    port: u16,
    /// Of SRV; weights choose among the same rank.
    rank: (usize, u16),
    weight: u16,
}

#[derive(Debug, Clone)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Locator {
    pub fn new(uri: &SipUri, listeners: Listeners) -> Locator {
        // `maddr` overrides the host (§4); without it the host is the target.
        let target = uri.params.get("maddr").filter(|host| !host.is_empty()).unwrap_or(&uri.host).to_owned();
        let named = uri.params.get("transport").map(str::parse::<Transport>);
        let transport = match named {
            Some(Ok(Transport::Udp | Transport::Tcp | Transport::Tls)) if uri.secure => Some(Transport::Tls),
            Some(Ok(transport)) => Some(transport),
            // A transport we do not have: nothing can be found.
            Some(Err(_)) => None,
            None => None,
        };
        let unknown = matches!(named, Some(Err(_)));
        let default = usual(uri.secure, &listeners);
        let mut locator = Locator {
            listeners,
            host: uri.host.clone(),
            secure: uri.secure,
            queries: VecDeque::new(),
            asked: 0,
            state: State::Hosts,
            found: Vec::new(),
            addresses: HashMap::new(),
        };
        let literal = target.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        match (literal, transport, uri.port) {
            _ if unknown => {}
            // An address needs no look-up (§4.1, §4.2).
            (Some(ip), transport, port) => {
                let transport = transport.unwrap_or(default);
                locator.add(transport, Host::Address(ip), port.unwrap_or(transport.default_port()));
            }
            // A port: SRV would override it (§4.2).
            (None, transport, Some(port)) => locator.add(transport.unwrap_or(default), Host::Name(target), port),
            (None, Some(transport), None) => {
                let name = srv_name(transport, &target);
                locator.ask_srv(vec![(transport, name)], transport, &target);
            }
            (None, None, None) => {
                locator.state = State::Naptr;
                locator.queries.push_back(Query::Naptr(target));
            }
        }
        locator
    }

    /// What to ask next; answer with [`Locator::answer`].
    pub fn next_query(&mut self) -> Option<Query> {
        if self.asked >= MAX_QUERIES {
            return None;
        }
        let query = self.queries.pop_front()?;
        self.asked += 1;
        Some(query)
    }

    /// The answer to a query; a failure is an empty one.
    pub fn answer(&mut self, query: &Query, answer: Answer) {
        match (query, answer) {
            (Query::Naptr(domain), Answer::Naptr(records)) => self.choose_transports(domain, records),
            (Query::Srv(name), Answer::Srv(records)) => self.take_servers(name, records),
            (Query::Addresses(name), Answer::Addresses(found)) => drop(self.addresses.insert(name.clone(), found)),
            // An answer of another kind is none.
            (Query::Naptr(domain), _) => self.choose_transports(domain, Vec::new()),
            (Query::Srv(name), _) => self.take_servers(name, Vec::new()),
            (Query::Addresses(_), _) => {}
        }
    }

    /// §4.1: what the domain prefers of what we have; without NAPTR, each transport's SRV.
    fn choose_transports(&mut self, domain: &str, mut records: Vec<Naptr>) {
        records.sort_by_key(|record| (record.order, record.preference));
        let mut names: Vec<(Transport, String)> = Vec::new();
        for record in records.iter().filter(|record| record.flags.eq_ignore_ascii_case("s")) {
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" if !self.secure => Transport::Udp,
                "SIP+D2T" if !self.secure => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => continue,
            };
            let name = record.replacement.trim_end_matches('.').to_owned();
            if self.has(transport) && !name.is_empty() && !names.iter().any(|(_, known)| *known == name) {
                names.push((transport, name));
            }
        }
        let fallback = usual(self.secure, &self.listeners);
        if names.is_empty() {
            let all: &[Transport] =
                if self.secure { &[Transport::Tls] } else { &[Transport::Udp, Transport::Tcp, Transport::Tls] };
            names = all.iter().filter(|t| self.has(**t)).map(|t| (*t, srv_name(*t, domain))).collect();
        }
        self.ask_srv(names, fallback, domain);
    }

    fn has(&self, transport: Transport) -> bool {
        self.listeners.iter().any(|(_, listener)| listener.transport == transport)
    }

    fn ask_srv(&mut self, names: Vec<(Transport, String)>, fallback: Transport, domain: &str) {
        if names.is_empty() {
            self.state = State::Hosts;
            return self.add(fallback, Host::Name(domain.to_owned()), fallback.default_port());
        }
        self.queries.extend(names.iter().map(|(_, name)| Query::Srv(name.clone())));
        self.state = State::Srv { names, answers: BTreeMap::new(), fallback };
    }

    fn take_servers(&mut self, name: &str, records: Vec<Srv>) {
        let State::Srv { names, answers, fallback } = &mut self.state else { return };
        let Some(place) = names.iter().position(|(_, known)| known == name) else { return };
        answers.insert(place, records);
        if answers.len() < names.len() {
            return;
        }
        let (names, answers, fallback) = (std::mem::take(names), std::mem::take(answers), *fallback);
        self.state = State::Hosts;
        let any = answers.values().any(|records| !records.is_empty());
        for (place, records) in answers {
            let transport = names[place].0;
            for record in records {
                let host = record.target.trim_end_matches('.').to_owned();
                // `.`: there is no such service (RFC 2782).
                if host.is_empty() || self.found.len() >= MAX_TARGETS {
                    continue;
                }
                let rank = (place, record.priority);
                self.found.push(Candidate {
                    transport,
                    host: Host::Name(host.clone()),
                    port: record.port,
                    rank,
                    weight: record.weight,
                });
                self.ask_addresses(host);
            }
        }
        // §4.2: no SRV at all, so the host itself.
        if !any {
            let host = self.host.clone();
            self.add(fallback, Host::Name(host), fallback.default_port());
        }
    }

    fn add(&mut self, transport: Transport, host: Host, port: u16) {
        if let Host::Name(name) = &host {
            self.ask_addresses(name.clone());
        }
        self.found.push(Candidate { transport, host, port, rank: (0, 0), weight: 0 });
    }

    fn ask_addresses(&mut self, host: String) {
        let query = Query::Addresses(host);
        if !self.queries.contains(&query) {
            self.queries.push_back(query);
        }
    }

    /// Where the URI leads when nobody has to be asked for it; `None` when names are to be looked up.
    pub(crate) fn known(mut self) -> Option<Vec<Target>> {
        let found = std::mem::take(&mut self.found);
        self.queries.is_empty().then(|| self.targets(found))
    }

    /// What was found, in the order to be tried. `rng` chooses by weight.
    pub fn finish(mut self, rng: &mut impl Rng) -> Vec<Target> {
        let found = order(std::mem::take(&mut self.found), rng);
        self.targets(found)
    }

    fn targets(&self, candidates: Vec<Candidate>) -> Vec<Target> {
        let literal = self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let host = (!literal).then(|| self.host.clone());
        let mut targets: Vec<Target> = Vec::new();
        for candidate in candidates {
            let addresses = match &candidate.host {
                Host::Address(ip) => vec![*ip],
                Host::Name(name) => self.addresses.get(name).cloned().unwrap_or_default(),
            };
            for ip in addresses {
                let remote = SocketAddr::new(ip, candidate.port);
                if !is_usable(&remote) {
                    continue;
                }
                // Without a listener of the kind, the address is none for us.
                let Some(flow) = self.listeners.flow(candidate.transport, remote) else { continue };
                if targets.len() < MAX_TARGETS && !targets.iter().any(|known| known.flow == flow) {
                    targets.push(Target { flow, host: host.clone() });
                }
            }
        }
        targets
    }
}

/// The transport where neither URI nor DNS names one (§4.1): UDP, or the first that we have.
fn usual(secure: bool, listeners: &Listeners) -> Transport {
    let has = |transport: &Transport| listeners.iter().any(|(_, listener)| listener.transport == *transport);
    let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let found = if secure { Some(Transport::Tls) } else { all.into_iter().find(has) };
    found.unwrap_or(Transport::Udp)
}

fn srv_name(transport: Transport, domain: &str) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{service}.{domain}")
}

/// RFC 2782: by rank; within one, chosen by weight, those of weight zero last but not never.
fn order(mut candidates: Vec<Candidate>, rng: &mut impl Rng) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| (candidate.rank, candidate.weight));
    let mut ordered = Vec::with_capacity(candidates.len());
    while let Some(first) = candidates.first() {
        let rank = first.rank;
        let alike = candidates.iter().take_while(|candidate| candidate.rank == rank).count();
        let total: u64 = candidates[..alike].iter().map(|candidate| u64::from(candidate.weight)).sum();
        let drawn = rng.random_range(0..=total);
        let mut sum = 0;
        let chosen = candidates[..alike].iter().position(|candidate| {
            sum += u64::from(candidate.weight);
            sum >= drawn
        });
        ordered.push(candidates.remove(chosen.unwrap_or(0)));
    }
    ordered
}
