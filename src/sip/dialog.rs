//! Dialogs (RFC 3261 §12): identity, route set, sequence numbers, and the requests within them. PURE.
//!
//! Must not know: transactions, what a call is for.

use std::net::SocketAddr;

use bytes::Bytes;

use super::flow::{Flow, Listeners, Transport, is_usable};
use super::wire::{HeaderName, Headers, Method, NameAddr, Replaces, Request, Response, Uri};

/// Record-Route fields beyond this make a dialog that we do not follow.
const MAX_ROUTES: usize = 32;

/// A request ready to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    pub(crate) destination: Flow,
}

/// A peer-to-peer relation between two user agents.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: Bytes,
    pub(crate) remote_tag: String,
    /// From of our requests, with our tag; To of theirs, byte for byte.
    local: Bytes,
    /// To of our requests, with their tag.
    remote: Bytes,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    /// Request-URI of our requests: the far end's Contact.
    remote_target: String,
    routes: Vec<Bytes>,
    /// Where requests go when neither route nor target names an address: where the far end's messages came from.
    fallback: Flow,
}

impl Dialog {
    /// The dialog an INVITE opens at its server (§12.1.1). `None` when the INVITE lacks what a dialog needs.
    pub(crate) fn of_invite(invite: &Request, local_tag: &str, source: Flow) -> Option<Dialog> {
        let headers = &invite.headers;
        let mut local = headers.get(&HeaderName::To)?.to_vec();
        local.extend_from_slice(format!(";tag={local_tag}").as_bytes());
        let routes: Vec<Bytes> = headers.list(&HeaderName::RecordRoute).collect();
        if routes.len() > MAX_ROUTES {
            return None;
        }
        Some(Dialog {
            call_id: headers.call_id()?.clone(),
            remote_tag: headers.from()?.tag().unwrap_or_default().to_owned(),
            local: Bytes::from(local),
            remote: headers.get(&HeaderName::From)?.clone(),
            local_cseq: 0,
            remote_cseq: Some(headers.cseq()?.number),
            remote_target: sip_contact(headers).or_else(|| legacy_target(headers))?,
            routes,
            fallback: source,
        })
    }

    /// The dialog a 101–199 or a 2xx to our INVITE opens (§12.1.2). `None` when the response lacks what a dialog needs.
    pub(crate) fn of_response(response: &Response, request_uri: &str, sent_to: Flow) -> Option<Dialog> {
        let headers = &response.headers;
        let mut routes: Vec<Bytes> = headers.list(&HeaderName::RecordRoute).collect();
        if routes.len() > MAX_ROUTES {
            return None;
        }
        routes.reverse();
        Some(Dialog {
            call_id: headers.call_id()?.clone(),
            remote_tag: headers.to()?.tag().unwrap_or_default().to_owned(),
            local: headers.get(&HeaderName::From)?.clone(),
            remote: headers.get(&HeaderName::To)?.clone(),
            local_cseq: headers.cseq()?.number,
            remote_cseq: None,
            remote_target: sip_contact(headers).unwrap_or_else(|| request_uri.to_owned()),
            routes,
            fallback: sent_to,
        })
    }

    /// The 2xx to our INVITE confirms an early dialog: its routes and its target are the ones that count (§13.2.2.4).
    pub(crate) fn confirm(&mut self, response: &Response) {
        let routes: Vec<Bytes> = response.headers.list(&HeaderName::RecordRoute).collect();
        if routes.len() <= MAX_ROUTES {
            self.routes = routes;
            self.routes.reverse();
        }
        self.refresh_target(&response.headers);
    }

    /// Names this dialog to its far end, for whom our tag is the `from-tag` (RFC 3891 §6.1).
    pub(crate) fn as_replaced(&self, local_tag: &str) -> Replaces {
        Replaces::new(&String::from_utf8_lossy(&self.call_id), &self.remote_tag, local_tag)
    }

    /// The far end has told where it is.
    pub(crate) fn is_reachable(&self) -> bool {
        !self.remote_target.is_empty()
    }

    /// Request-URI of our requests.
    pub(crate) fn remote_target(&self) -> &str {
        &self.remote_target
    }

    /// Whether a request with this Call-ID and From tag belongs here (our tag has been matched already).
    pub(crate) fn matches(&self, call_id: &[u8], remote_tag: &str) -> bool {
        self.call_id == call_id && self.remote_tag == remote_tag
    }

    /// Takes note of a request's sequence number; `false` when it is out of order (§12.2.2).
    pub(crate) fn advance(&mut self, method: &Method, number: u32) -> bool {
        let in_order = match self.remote_cseq {
            None => true,
            // A new INVITE transaction with an old number can only be a stray copy.
            Some(last) if *method == Method::INVITE => number > last,
            Some(last) => number >= last,
        };
        if in_order {
            self.remote_cseq = Some(number);
        }
        in_order
    }

    /// A target refresh request may move the far end (§12.2.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(contact) = sip_contact(headers) {
            self.remote_target = contact;
        }
    }

    /// Our address in the dialog, without tag: for Referred-By.
    pub(crate) fn local_uri(&self) -> Option<Uri> {
        let local: NameAddr = String::from_utf8_lossy(&self.local).parse().ok()?;
        Some(local.uri)
    }

    /// Number of the last request we made from here.
    pub(crate) fn last_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// The number of a request that is sent once more.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// A new request within the dialog (§12.2.1.1).
    pub(crate) fn request(&mut self, method: Method, via: String, destination: Flow) -> Outgoing {
        let cseq = self.next_cseq();
        self.build(method, cseq, via, destination)
    }

    /// The ACK for a 2xx (§13.2.2.4): number of the INVITE, branch of its own.
    pub(crate) fn ack(&self, cseq: u32, via: String, destination: Flow) -> Outgoing {
        self.build(Method::ACK, cseq, via, destination)
    }

    fn first_route(&self) -> Option<Uri> {
        let route: NameAddr = String::from_utf8_lossy(self.routes.first()?).parse().ok()?;
        Some(route.uri)
    }

    /// Whether the Request-URI or the topmost Route of our requests is a `sips:` URI: then our Contact has to be one
    /// (§8.1.1.8).
    pub(crate) fn is_secure(&self) -> bool {
        let named = [self.remote_target.parse().ok(), self.first_route()];
        named.iter().flatten().any(Uri::is_sips)
    }

    /// Where requests within the dialog go (§12.2.1.1, §8.1.2): the first route, else the target.
    pub(crate) fn next_hop(&self, listeners: &Listeners) -> Flow {
        match self.first_route().or_else(|| self.remote_target.parse().ok()) {
            Some(uri) => towards(&uri, self.fallback, listeners),
            None => self.fallback,
        }
    }

    fn build(&self, method: Method, cseq: u32, via: String, destination: Flow) -> Outgoing {
        let first_route = self.first_route();
        let strict =
            first_route.as_ref().and_then(Uri::as_sip).filter(|uri| !uri.has_param("lr")).map(ToString::to_string);
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, via);
        let uri = match strict {
            // A strict router wants its own address in the Request-URI (§12.2.1.1).
            Some(router) => {
                for route in self.routes.iter().skip(1) {
                    headers.push(HeaderName::Route, route.clone());
                }
                headers.push(HeaderName::Route, format!("<{}>", self.remote_target));
                router
            }
            None => {
                for route in &self.routes {
                    headers.push(HeaderName::Route, route.clone());
                }
                self.remote_target.clone()
            }
        };
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, self.local.clone());
        headers.push(HeaderName::To, self.remote.clone());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{cseq} {method}"));
        Outgoing { request: Request { method, uri, headers, body: Bytes::new() }, destination }
    }
}

/// The way to what a URI names; `fallback` when it names no address, or none we can send to.
pub(crate) fn towards(uri: &Uri, fallback: Flow, listeners: &Listeners) -> Flow {
    let Some(uri) = uri.as_sip() else {
        return fallback;
    };
    let named = match uri.params.get("transport").map(str::parse::<Transport>) {
        Some(Ok(Transport::Tcp | Transport::Tls)) if uri.secure => Some(Transport::Tls),
        Some(Ok(transport)) => Some(transport),
        Some(Err(_)) => return fallback,
        None => uri.secure.then_some(Transport::Tls),
    };
    let transport = named.unwrap_or(fallback.transport);
    let Some(ip) = uri.ip() else {
        return fallback;
    };
    let remote = SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port()));
    if !is_usable(&remote) {
        return fallback;
    }
    // The far end's own connection stays in use while it lives: a new one may not reach it (NAT), and the ACK
    // of a 2xx must not open one of its own.
    if transport == fallback.transport && ip == fallback.remote.ip() {
        return fallback.with_remote(remote);
    }
    // Another element that names no transport is asked by UDP (RFC 3263 §4.1).
    listeners.flow(named.unwrap_or(Transport::Udp), remote).unwrap_or(fallback)
}

/// Elements of RFC 2543 may leave Contact out: requests then go to From (RFC 4475 §3.4.1).
fn legacy_target(headers: &Headers) -> Option<String> {
    let legacy = headers.get(&HeaderName::Contact).is_none() && headers.top_via()?.branch().is_none();
    match &headers.from().filter(|_| legacy)?.uri {
        Uri::Sip(sip) => Some(sip.to_string()),
        Uri::Other { .. } => None,
    }
}

/// The Contact, when it is a SIP URI; URI headers have no place in a Request-URI (§19.1.1).
fn sip_contact(headers: &Headers) -> Option<String> {
    match headers.contact()?.uri {
        Uri::Sip(mut sip) => {
            sip.headers = None;
            Some(sip.to_string())
        }
        Uri::Other { .. } => None,
    }
}
