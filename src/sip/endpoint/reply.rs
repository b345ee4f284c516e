//! Responses (RFC 3261 §8.2.6): what they copy from the request, and where they go. PURE.

use std::net::SocketAddr;

use bytes::Bytes;

use super::super::Flow;
use super::super::wire::{HeaderName, Headers, NameAddr, Request, Response, Uri, decode, reason_phrase};

/// The Request-URI, the topmost Record-Route or, without one, the Contact is a `sips:` URI (§12.1.1).
fn asks_for_sips(request: &Request) -> bool {
    let headers = &request.headers;
    let nearest = headers.list(&HeaderName::RecordRoute).next().or_else(|| headers.list(&HeaderName::Contact).next());
    request.uri.parse().is_ok_and(|uri: Uri| uri.is_sips())
        || nearest.and_then(|value| decode(&value).parse::<NameAddr>().ok()).is_some_and(|near| near.uri.is_sips())
}

/// All a response needs of its request.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) destination: Flow,
    /// What our Contact has to be: `sips:`.
    pub(super) secure: bool,
    copied: Headers,
    to: Option<Bytes>,
    to_has_tag: bool,
    record_routes: Vec<Bytes>,
    product: String,
}

impl Reply {
    /// `None` without Via: then nobody knows where the answer goes. When the topmost one cannot be read, the answer goes
    /// where the request came from, and takes it along as it is.
    pub(super) fn to(request: &Request, source: Flow, product: String) -> Option<Reply> {
        let headers = &request.headers;
        let mut vias = headers.list(&HeaderName::Via);
        let first = vias.next()?;
        let mut copied = Headers::default();
        let destination = match headers.top_via().cloned() {
            Some(mut top) => {
                let by_via = top.stamp(source.remote);
                copied.push(HeaderName::Via, top.to_string());
                if source.transport.is_reliable() {
                    // Over the connection of the request; when it is gone, to the port of sent-by (§18.2.2).
                    let port = top.port.unwrap_or(source.transport.default_port());
                    source.with_remote(SocketAddr::new(source.remote.ip(), port))
                } else {
                    source.with_remote(by_via)
                }
            }
            None => {
                copied.push(HeaderName::Via, first);
                source
            }
        };
        for via in vias {
            copied.push(HeaderName::Via, via);
        }
        for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq, HeaderName::Timestamp] {
            if let Some(value) = headers.get(&name) {
                copied.push(name, value.clone());
            }
        }
        Some(Reply {
            destination,
            secure: asks_for_sips(request),
            copied,
            to: headers.get(&HeaderName::To).cloned(),
            to_has_tag: headers.to().is_some_and(|to| to.tag().is_some()),
            record_routes: headers.all(&HeaderName::RecordRoute).cloned().collect(),
            product,
        })
    }

    /// A response without body. `tag` becomes ours in To where it has none yet (not in a 100).
    pub(super) fn build(&self, status: u16, tag: &str) -> Response {
        let mut headers = self.copied.clone();
        if let Some(to) = &self.to {
            if self.to_has_tag || status == 100 {
                headers.push(HeaderName::To, to.clone());
            } else {
                let mut tagged = to.to_vec();
                tagged.extend_from_slice(format!(";tag={tag}").as_bytes());
                headers.push(HeaderName::To, tagged);
            }
        }
        headers.push(HeaderName::Server, self.product.clone());
        Response { status, reason: reason_phrase(status).to_owned(), headers, body: Bytes::new() }
    }

    /// A response that opens or refreshes a dialog: with Record-Route and Contact (§12.1.1).
    pub(super) fn build_for_dialog(&self, status: u16, tag: &str, contact: String) -> Response {
        let mut response = self.build(status, tag);
        for route in &self.record_routes {
            response.headers.push(HeaderName::RecordRoute, route.clone());
        }
        response.headers.push(HeaderName::Contact, contact);
        response
    }
}
