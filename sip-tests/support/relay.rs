//! A bad network between a telephone and the agent, as sockets of loopback. It changes no packet and no description:
//! each side is told, by its own setting for machines behind an address translation, an address of loopback that is the
//! relay's. So it needs no rights, as network namespaces with `tc netem` would.
//!
//! | who | hears at | is known to the other as |
//! |---|---|---|
//! | agent | 127.0.0.1, port p | [`AGENT`], port p |
//! | telephone that can say another address than its own | 127.0.0.1, port q | [`TELEPHONE`], port q |
//! | any other | 127.0.0.1, port q | [`TELEPHONE`], another port: the agent follows (symmetric RTP) after two packets |
//!
//! Signalling passes unharmed, but for one attribute of the agent's descriptions that telephones then don't know: they would
//! all send packets of 20 ms, as its `a=ptime` wishes, and here they must send what they like.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::runtime::Runtime;

use super::network::{Done, Network, Way};

/// What the agent advertises.
pub const AGENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// What the telephone advertises, if it can.
pub const TELEPHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const REAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Telephones and their ports known at once; more are not carried.
const MAX_TELEPHONES: usize = 32;
/// As long as what it stands for: Content-Length stays right.
const PACKET_LENGTH: &[u8] = b"a=ptime:";
const UNKNOWN: &[u8] = b"a=xtime:";

pub struct Relay {
    shared: Arc<Shared>,
    runtime: Runtime,
}

struct Shared {
    to_agent: Mutex<Way>,
    to_telephone: Mutex<Way>,
    /// The agent's aliases by its real port. Complete from the start.
    agents: HashMap<u16, Arc<UdpSocket>>,
    signalling: u16,
    /// The telephones' aliases by their real address.
    telephones: Mutex<HashMap<SocketAddr, Arc<UdpSocket>>>,
}

#[derive(Clone, Copy)]
enum Side {
    Agent { port: u16 },
    Telephone { real: SocketAddr },
}

impl Relay {
    /// Between the agent with these ports of RTP and RTCP, and of signalling, and whoever calls it.
    pub fn start(rtp: RangeInclusive<u16>, signalling: u16, network: Network, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads of the relay");
        let bind = async {
            let mut agents = HashMap::new();
            for port in rtp.chain([signalling]) {
                let socket = UdpSocket::bind((AGENT, port)).await.expect("a free port of the relay");
                agents.insert(port, Arc::new(socket));
            }
            agents
        };
        let shared = Arc::new(Shared {
            to_agent: Mutex::new(Way::new(network, seed)),
            to_telephone: Mutex::new(Way::new(network, !seed)),
            agents: runtime.block_on(bind),
            signalling,
            telephones: Mutex::default(),
        });
        for (&port, socket) in &shared.agents {
            runtime.spawn(listen(shared.clone(), socket.clone(), Side::Agent { port }));
        }
        Self { shared, runtime }
    }

    /// A telephone advertises [`TELEPHONE`] and will hear RTP at this port, RTCP at the next: what the agent sends there
    /// finds it before its own first packet.
    pub fn expect_telephone(&self, rtp: u16) {
        for port in [rtp, rtp + 1] {
            let alias = self.runtime.block_on(UdpSocket::bind((TELEPHONE, port))).expect("a free port of the relay");
            let _inside = self.runtime.enter();
            know(&self.shared, SocketAddr::new(REAL, port), Arc::new(alias));
        }
    }

    /// Where telephones call the agent.
    pub fn uri(&self) -> String {
        format!("sip:mairie@{AGENT}:{}", self.shared.signalling)
    }

    /// What was done to RTP towards the agent and towards the telephone.
    pub fn done(&self) -> (Done, Done) {
        let done = |way: &Mutex<Way>| way.lock().expect("a way").done;
        (done(&self.shared.to_agent), done(&self.shared.to_telephone))
    }
}

fn know(shared: &Arc<Shared>, real: SocketAddr, alias: Arc<UdpSocket>) {
    shared.telephones.lock().expect("telephones").insert(real, alias.clone());
    tokio::spawn(listen(shared.clone(), alias, Side::Telephone { real }));
}

async fn listen(shared: Arc<Shared>, socket: Arc<UdpSocket>, side: Side) {
    let mut buffer = [0; 65_535];
    loop {
        // An error is that of an earlier packet which nobody took.
        let Ok((length, source)) = socket.recv_from(&mut buffer).await else { continue };
        let packet = &mut buffer[..length];
        let (out, destination, way) = match side {
            Side::Agent { port } => {
                let Some(alias) = alias(&shared, source).await else { continue };
                let way = (port != shared.signalling).then_some(&shared.to_agent);
                (alias, SocketAddr::new(REAL, port), way)
            }
            Side::Telephone { real } => {
                let Some(alias) = shared.agents.get(&source.port()) else { continue };
                let way = (source.port() != shared.signalling).then_some(&shared.to_telephone);
                (alias.clone(), real, way)
            }
        };
        match way {
            // Loopback takes what fits a datagram.
            None => {
                keep_from_telephones(packet);
                let _ = out.send_to(packet, destination).await;
            }
            Some(way) => carry(&shared, way, side, packet, &out, destination),
        }
    }
}

/// What the agent wishes packets to be like.
fn keep_from_telephones(message: &mut [u8]) {
    let places = (0..message.len().saturating_sub(PACKET_LENGTH.len())).rev();
    for place in places {
        let end = place + PACKET_LENGTH.len();
        if &message[place..end] == PACKET_LENGTH {
            message[place..end].copy_from_slice(UNKNOWN);
        }
    }
}

/// Sends the packet on when the network lets it arrive.
fn carry(
    shared: &Arc<Shared>,
    way: &Mutex<Way>,
    side: Side,
    packet: &[u8],
    out: &Arc<UdpSocket>,
    destination: SocketAddr,
) {
    let (delays, order) = {
        let mut way = way.lock().expect("a way");
        // Reports are not counted, and are spared: they are few, and their loss shows nothing here.
        if !way.done.note(packet) {
            (vec![Duration::ZERO], None)
        } else {
            let order = way.done.taken;
            (way.carry(), Some(order))
        }
    };
    for delay in delays {
        let (shared, out, packet) = (shared.clone(), out.clone(), packet.to_vec());
        // At most the packets of 60 ms are under way.
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if out.send_to(&packet, destination).await.is_ok()
                && let Some(order) = order
            {
                let way = match side {
                    Side::Agent { .. } => &shared.to_agent,
                    Side::Telephone { .. } => &shared.to_telephone,
                };
                way.lock().expect("a way").done.deliver(order, delay);
            }
        });
    }
}

/// The alias of the telephone at this address, made when it is a new one.
async fn alias(shared: &Arc<Shared>, real: SocketAddr) -> Option<Arc<UdpSocket>> {
    if let Some(alias) = shared.telephones.lock().expect("telephones").get(&real) {
        return Some(alias.clone());
    }
    let alias = Arc::new(UdpSocket::bind((TELEPHONE, 0)).await.ok()?);
    let full = shared.telephones.lock().expect("telephones").len() >= MAX_TELEPHONES;
    (!full).then(|| {
        know(shared, real, alias.clone());
        alias
    })
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Instant;

    use super::*;
    use crate::support::free_port;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[test]
    fn telephones_do_not_learn_of_the_wished_packet_length() {
        let mut message = *b"m=audio 4 RTP/AVP 8\r\na=ptime:20\r\na=maxptime:120\r\n";
        keep_from_telephones(&mut message);
        assert_eq!(&message, b"m=audio 4 RTP/AVP 8\r\na=xtime:20\r\na=maxptime:120\r\n");
    }

    fn rtp(number: u16) -> Vec<u8> {
        let [high, low] = number.to_be_bytes();
        vec![0x80, 8, high, low, 0, 0, 0, 0, 0, 0, 0, 1, 0xD5]
    }

    fn socket(ip: IpAddr, port: u16) -> UdpSocket {
        let socket = UdpSocket::bind((ip, port)).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket
    }

    #[test]
    fn packets_reach_the_other_side_as_they_were_and_from_the_address_it_was_told() {
        let (agent, telephone) = (socket(REAL, free_port()), socket(REAL, free_port()));
        let (p, q) = (agent.local_addr().unwrap().port(), telephone.local_addr().unwrap().port());
        let relay = Relay::start(p..=p, free_port(), Network::CLEAR, 1);
        relay.expect_telephone(q);
        let mut buffer = [0; 100];
        // The agent first: the telephone has not been heard of.
        agent.send_to(&rtp(1), (TELEPHONE, q)).unwrap();
        let (length, source) = telephone.recv_from(&mut buffer).expect("the agent's packet");
        assert_eq!((&buffer[..length], source), (&rtp(1)[..], SocketAddr::new(AGENT, p)));
        telephone.send_to(&rtp(2), (AGENT, p)).unwrap();
        let (length, source) = agent.recv_from(&mut buffer).expect("the telephone's packet");
        assert_eq!((&buffer[..length], source), (&rtp(2)[..], SocketAddr::new(TELEPHONE, q)));
    }

    #[test]
    fn a_telephone_nobody_expected_is_answered_at_its_own_address() {
        let (agent, telephone) = (socket(REAL, free_port()), socket(REAL, free_port()));
        let p = agent.local_addr().unwrap().port();
        let _relay = Relay::start(p..=p, free_port(), Network::CLEAR, 1);
        let mut buffer = [0; 100];
        telephone.send_to(&rtp(1), (AGENT, p)).unwrap();
        let (_, alias) = agent.recv_from(&mut buffer).expect("the telephone's packet");
        assert_eq!(alias.ip(), TELEPHONE);
        agent.send_to(&rtp(9), alias).unwrap();
        let (length, source) = telephone.recv_from(&mut buffer).expect("the agent's packet");
        assert_eq!((&buffer[..length], source), (&rtp(9)[..], SocketAddr::new(AGENT, p)));
    }

    #[test]
    fn a_bad_network_loses_and_reorders_what_it_counts() {
        let (agent, telephone) = (socket(REAL, free_port()), socket(REAL, free_port()));
        let p = agent.local_addr().unwrap().port();
        let relay = Relay::start(p..=p, free_port(), Network { jitter: Duration::from_millis(20), ..Network::BAD }, 5);
        let deadline = Instant::now() + PATIENCE;
        for number in 0..200 {
            telephone.send_to(&rtp(number), (AGENT, p)).unwrap();
            // No socket's buffer fills.
            while relay.done().0.taken <= u64::from(number) {
                assert!(Instant::now() < deadline, "the relay stands still");
                std::thread::yield_now();
            }
        }
        // The last to arrive; what was lost never does.
        agent.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut buffer = [0; 100];
        let mut numbers = Vec::new();
        while agent.recv_from(&mut buffer).is_ok() {
            numbers.push(u16::from_be_bytes([buffer[2], buffer[3]]));
        }
        let (done, back) = relay.done();
        assert_eq!((done.taken, back.taken), (200, 0));
        assert!(done.lost > 0 && done.duplicated > 0 && done.overtaken > 0, "{done:?}");
        assert_eq!(numbers.len() as u64, 200 - done.lost + done.duplicated);
        assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]), "nothing overtook");
    }
}
