//! Who we are on the wire, and the random parts of messages. PURE.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::super::EndpointConfig;
use super::super::flow::{Flow, ListenerId, Listeners, Transport};
use super::super::wire::{HeaderName, Request, SipUri, Uri, escape_user};

/// Methods we process (Allow).
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY, INFO";
/// Extensions we know (Supported): RFC 3262, RFC 4028, RFC 3891, RFC 4488.
pub(super) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// Headers we put into everything, and fresh identifiers.
#[derive(Debug)]
pub(super) struct Identity {
    listeners: Listeners,
    user: String,
    product: String,
    rng: StdRng,
    /// Makes To tags of stateless answers unguessable yet the same for a retransmission (RFC 3261 §8.2.7).
    secret: u64,
}

impl Identity {
    pub(super) fn new(config: &EndpointConfig, seed: u64) -> Identity {
        let mut rng = StdRng::seed_from_u64(seed);
        let secret = rng.next_u64();
        Identity {
            listeners: config.listeners.clone(),
            user: escape_user(&config.user),
            product: config.product.clone(),
            rng,
            secret,
        }
    }

    pub(super) fn product(&self) -> String {
        self.product.clone()
    }

    pub(super) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// Our URI at this listener, with another user part when given.
    pub(super) fn uri(&self, user: Option<&str>, listener: ListenerId) -> Uri {
        let user = user.map_or_else(|| self.user.clone(), escape_user);
        let advertised = self.listeners.get(listener).advertised;
        let ip = advertised.ip();
        Uri::Sip(SipUri {
            secure: false,
            user: (!user.is_empty()).then_some(user),
            password: None,
            host: if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() },
            port: Some(advertised.port()),
            params: Default::default(),
            headers: None,
        })
    }

    /// Where the far end of this flow reaches us, by the transport it uses itself; who asked for `sips:` gets it
    /// (§8.1.1.8, §12.1.1). That names no transport (RFC 5630 §3.1.4), and is only said where TLS is spoken: elsewhere
    /// nobody could follow it.
    pub(super) fn contact(&self, flow: Flow, secure: bool) -> String {
        match (self.uri(None, flow.local), flow.transport) {
            (Uri::Sip(uri), Transport::Tls) if secure => format!("<{}>", SipUri { secure, ..uri }),
            (uri, Transport::Udp) => format!("<{uri}>"),
            (uri, transport) => format!("<{uri};transport={transport}>"),
        }
    }

    pub(super) fn branch(&mut self) -> String {
        format!("z9hG4bK{:032x}", self.rng.random::<u128>())
    }

    /// Via with this branch; asks for responses to the port we send from (RFC 3581).
    pub(super) fn via(&self, branch: &str, flow: Flow) -> String {
        let advertised = self.listeners.get(flow.local).advertised;
        format!("SIP/2.0/{} {advertised};branch={branch};rport", flow.transport.via_token())
    }

    /// For signing nonces.
    pub(super) fn key(&mut self) -> [u8; 32] {
        self.rng.random()
    }

    pub(super) fn tag(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }

    pub(super) fn call_id(&mut self) -> String {
        format!("{:032x}", self.rng.random::<u128>())
    }

    /// Seconds in `0..=10`, for Retry-After of overlapping re-INVITEs (§14.2).
    pub(super) fn short_delay(&mut self) -> u64 {
        self.rng.random_range(0..=10)
    }

    /// Number of the first reliable provisional response (RFC 3262 §3).
    pub(super) fn first_rseq(&mut self) -> u32 {
        self.rng.random_range(1..1 << 30)
    }

    /// How long an offer waits that met another one (§14.1), in units of 10 ms: the owner of the Call-ID longer.
    pub(super) fn glare_delay(&mut self, owner: bool) -> Duration {
        let units = if owner { self.rng.random_range(210..=400) } else { self.rng.random_range(0..=200) };
        Duration::from_millis(units * 10)
    }

    /// To tag of an answer we keep no state for: the same for the same request (§8.2.7).
    pub(super) fn stateless_tag(&self, request: &Request) -> String {
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId] {
            request.headers.get(&name).hash(&mut hasher);
        }
        request.headers.cseq().map(|cseq| cseq.number).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}
