//! One binding of our Contact to an address of record: its requests, and what the answers say. PURE.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;

use super::RegistrationSettings;
use crate::sip::digest::{Challenge, DigestClient, Signed, choose, read_challenges};
use crate::sip::wire::{HeaderName, Headers, Method, NameAddr, Request, Response, SipUri, Uri, escape_user};
use crate::sip::{Flow, Transport};

/// Answers to challenges in one attempt; a registrar that wants more never has enough.
const MAX_ROUNDS: usize = 4;
/// Longest time a registrar may make us register for (423), in seconds.
const MAX_EXPIRES: u64 = 86_400;
/// Realms answered in one request: the registrar's, and those of proxies on the way.
const MAX_REALMS: usize = 4;

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same once more, better.
    Again,
    Registered {
        expires: Duration,
    },
    Refused {
        status: u16,
        retry_after: Option<Duration>,
    },
}

#[derive(Debug)]
struct Realm {
    /// 407, not 401.
    proxy: bool,
    client: DigestClient,
    /// An answer to this challenge was accepted once.
    accepted: bool,
}

#[derive(Debug)]
pub(super) struct Binding {
    settings: RegistrationSettings,
    /// Request-URI.
    domain: SipUri,
    /// Address of record.
    record: SipUri,
    call_id: String,
    tag: String,
    cseq: u32,
    /// What we ask for, in seconds; 423 raises it.
    expires: u64,
    realms: Vec<Realm>,
    rounds: usize,
    /// Challenges of this attempt have been answered.
    answered: bool,
    nonce: u64,
}

impl Binding {
    /// `None` when the registrar's URI is none (the configuration sees to that).
    pub(super) fn new(settings: RegistrationSettings, rng: &mut StdRng) -> Option<Binding> {
        let Ok(Uri::Sip(uri)) = settings.registrar.parse() else { return None };
        let domain = SipUri { user: None, password: None, params: Default::default(), headers: None, ..uri };
        let record = SipUri { user: Some(escape_user(&settings.user)), port: None, ..domain.clone() };
        Some(Binding {
            expires: settings.expires.as_secs().clamp(1, MAX_EXPIRES),
            settings,
            domain,
            record,
            call_id: format!("{:032x}", rng.random::<u128>()),
            tag: format!("{:016x}", rng.random::<u64>()),
            cseq: 0,
            realms: Vec::new(),
            rounds: 0,
            answered: false,
            nonce: rng.random(),
        })
    }

    pub(super) fn registrar(&self) -> &str {
        &self.settings.registrar
    }

    /// A new attempt: challenges may be answered again.
    pub(super) fn begin(&mut self) {
        self.rounds = 0;
        self.answered = false;
    }

    fn contact(&self, flow: Flow, advertised: SocketAddr) -> SipUri {
        let ip = advertised.ip();
        let mut contact = SipUri {
            secure: false,
            user: self.record.user.clone(),
            password: None,
            host: if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() },
            port: Some(advertised.port()),
            params: Default::default(),
            headers: None,
        };
        if flow.transport != Transport::Udp {
            contact.params.set("transport", Some(flow.transport.to_string()));
        }
        contact
    }

    /// The next REGISTER, and its branch (§10.2).
    pub(super) fn request(
        &mut self,
        flow: Flow,
        advertised: SocketAddr,
        leaving: bool,
        rng: &mut StdRng,
    ) -> (Request, String) {
        self.cseq = self.cseq.saturating_add(1);
        let branch = format!("z9hG4bK{:032x}", rng.random::<u128>());
        let expires = if leaving { 0 } else { self.expires };
        let uri = self.domain.to_string();
        let mut headers = Headers::default();
        let transport = flow.transport.via_token();
        headers.push(HeaderName::Via, format!("SIP/2.0/{transport} {advertised};branch={branch};rport"));
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, format!("<{}>;tag={}", self.record, self.tag));
        headers.push(HeaderName::To, format!("<{}>", self.record));
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{} REGISTER", self.cseq));
        headers.push(HeaderName::Contact, format!("<{}>;expires={expires}", self.contact(flow, advertised)));
        headers.push(HeaderName::Expires, expires.to_string());
        for realm in &mut self.realms {
            self.nonce = self.nonce.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let fresh = format!("{:016x}{:016x}", self.nonce, rng.random::<u64>());
            let signed = Signed { method: "REGISTER", uri: &uri, body: b"" };
            let credentials = realm.client.authorize(&self.settings.password, signed, &fresh);
            let name = if realm.proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization };
            headers.push(name, credentials.to_string());
        }
        (Request { method: Method::REGISTER, uri, headers, body: Bytes::new() }, branch)
    }

    pub(super) fn answered(&mut self, response: &Response, flow: Flow, advertised: SocketAddr) -> Next {
        let headers = &response.headers;
        let status = response.status;
        match status {
            200..=299 => {
                self.begin();
                self.realms.iter_mut().for_each(|realm| realm.accepted = true);
                let granted = self.granted(headers, &self.contact(flow, advertised)).min(MAX_EXPIRES);
                match granted {
                    // A registrar that grants nothing has not registered us.
                    0 => Next::Refused { status: 480, retry_after: None },
                    seconds => Next::Registered { expires: Duration::from_secs(seconds) },
                }
            }
            401 | 407 if self.rounds < MAX_ROUNDS && self.take_challenges(headers, status == 407) => {
                self.rounds += 1;
                self.answered = true;
                Next::Again
            }
            423 if self.rounds < MAX_ROUNDS => {
                let wanted = seconds_of(headers, &HeaderName::MinExpires).filter(|s| (1..=MAX_EXPIRES).contains(s));
                match wanted {
                    Some(seconds) if seconds > self.expires => {
                        self.rounds += 1;
                        self.expires = seconds;
                        Next::Again
                    }
                    _ => Next::Refused { status, retry_after: None },
                }
            }
            _ => {
                let retry_after = seconds_of(headers, &HeaderName::RetryAfter).map(Duration::from_secs);
                Next::Refused { status, retry_after }
            }
        }
    }

    /// Takes note of challenges; `false` when answering them (again) is of no use.
    fn take_challenges(&mut self, headers: &Headers, proxy: bool) -> bool {
        let name = if proxy { HeaderName::ProxyAuthenticate } else { HeaderName::WwwAuthenticate };
        let offered: Vec<Challenge> = headers
            .all(&name)
            .flat_map(|value| read_challenges(&String::from_utf8_lossy(value)))
            .filter_map(Result::ok)
            // The password is for the switchboard's realm and for nobody else who asks.
            .filter(|challenge| self.settings.realm.as_ref().is_none_or(|realm| *realm == challenge.realm))
            .collect();
        let mut worth = false;
        for challenge in choose(offered).into_iter().take(MAX_REALMS) {
            let known = self
                .realms
                .iter()
                .position(|realm| realm.proxy == proxy && realm.client.challenge().realm == challenge.realm);
            let room = self.realms.len() < MAX_REALMS;
            match known.and_then(|place| self.realms.get_mut(place)) {
                Some(realm) => {
                    let accepted = std::mem::take(&mut realm.accepted);
                    worth |= realm.client.renew(challenge, accepted);
                    // A new attempt after a pause may use a password again that was refused before: it may have been
                    // set right at the switchboard.
                    worth |= !self.answered;
                }
                None if room => {
                    self.realms.push(Realm { proxy, client: DigestClient::new(challenge), accepted: false });
                    worth = true;
                }
                None => {}
            }
        }
        worth
    }

    /// What was granted to our Contact among all bindings of the extension (§10.2.4, §10.3 step 8), in seconds.
    fn granted(&self, headers: &Headers, ours: &SipUri) -> u64 {
        let contacts: Vec<NameAddr> = headers
            .list(&HeaderName::Contact)
            .filter_map(|value| String::from_utf8_lossy(&value).parse::<NameAddr>().ok())
            .collect();
        let is_ours = |contact: &&NameAddr| {
            contact.uri.as_sip().is_some_and(|uri| {
                uri.user == ours.user && uri.host.eq_ignore_ascii_case(&ours.host) && uri.port == ours.port
            })
        };
        // A registrar behind a NAT may have put another address in its place: a lone binding is ours.
        let alone = contacts.first().filter(|_| contacts.len() == 1);
        let own = contacts.iter().find(is_ours).or(alone);
        let said = own.and_then(|contact| contact.params.get("expires")?.trim().parse().ok());
        said.or_else(|| seconds_of(headers, &HeaderName::Expires)).unwrap_or(self.expires)
    }
}

/// Delta-seconds at the front of a value; what is too large counts as the largest.
fn seconds_of(headers: &Headers, name: &HeaderName) -> Option<u64> {
    let value = headers.text(name)?;
    let digits: String = value.trim().chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}
