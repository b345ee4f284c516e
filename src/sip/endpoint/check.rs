//! What every request must have (RFC 3261 §8.1.1, §8.2), so far as an answer depends on it, and its session
//! description. PURE.

use super::super::wire::{MultipartError, Part, Problem, Uri, Via, decode};
use super::identity::ALLOW;
use super::incoming::Refusal;
use super::*;

/// Looks at what an element must check whatever the request asks for.
pub(super) fn check(request: &Request, problem: Option<Problem>) -> Result<(), Refusal> {
    let headers = &request.headers;
    match problem {
        Some(Problem::Version) => return Err(Refusal::new(505)),
        Some(Problem::TooManyHeaders | Problem::HeaderTooLong) => return Err(Refusal::new(513)),
        Some(Problem::TooLarge) => return Err(Refusal::new(413)),
        Some(Problem::UriTooLong) => return Err(Refusal::new(414)),
        Some(problem) => return Err(Refusal::bad(problem.to_string())),
        None => {}
    }
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        let how = match headers.all(&name).count() {
            0 => "Missing",
            1 => continue,
            _ => "Repeated",
        };
        return Err(Refusal::bad(format!("{how} {} Header Field", name.as_str())));
    }
    let malformed = |name: HeaderName| Refusal::bad(format!("Malformed {} Header Field", name.as_str()));
    let unreadable_via = |via: bytes::Bytes| decode(&via).parse::<Via>().is_err();
    if headers.top_via().is_none() || headers.list(&HeaderName::Via).skip(1).any(unreadable_via) {
        return Err(malformed(HeaderName::Via));
    }
    if headers.from().is_none() {
        return Err(malformed(HeaderName::From));
    }
    if headers.to().is_none() {
        return Err(malformed(HeaderName::To));
    }
    if headers.call_id().is_none() {
        return Err(malformed(HeaderName::CallId));
    }
    let cseq = headers.cseq().ok_or_else(|| malformed(HeaderName::CSeq))?;
    if cseq.method != request.method {
        // A method nobody knows is told first (RFC 4475 §3.1.2.18).
        return Err(match request.method {
            Method::Other(_) => Refusal::with(501, HeaderName::Allow, ALLOW),
            Method::Known(_) => Refusal::bad("CSeq Method Does Not Match Request Method"),
        });
    }
    // Zero is no fault: Max-Forwards binds who forwards, and we are where the request was going (RFC 4475 §3.3.11).
    let hops = headers.text(&HeaderName::MaxForwards);
    if hops.is_some_and(|hops| hops.trim().parse::<u8>().is_err()) {
        return Err(malformed(HeaderName::MaxForwards));
    }
    if let Err(error) = request.uri.parse::<Uri>() {
        return Err(Refusal::bad(format!("Malformed Request-URI: {error}")));
    }
    if request.method == Method::INVITE && !accepts_sdp(headers) {
        return Err(Refusal::new(406));
    }
    if let Some(Err(error)) = multipart_sdp(request) {
        return Err(Refusal::bad(error.to_string()));
    }
    Ok(())
}

/// Whether a response may carry a session description (§20.1). A list without any type is taken for none.
fn accepts_sdp(headers: &Headers) -> bool {
    let mut kinds = headers.list(&HeaderName::Accept).peekable();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = decode(&kind).to_ascii_lowercase();
            let essence: String =
                kind.split(';').next().unwrap_or_default().chars().filter(|c| !c.is_ascii_whitespace()).collect();
            matches!(essence.as_str(), "application/sdp" | "application/*" | "*/*" | "*")
        })
}

/// The session description in a multipart body; `None` when the body is no multipart.
fn multipart_sdp(request: &Request) -> Option<Result<Option<Part>, MultipartError>> {
    let kind = request.headers.get(&HeaderName::ContentType)?;
    request.headers.media_type().filter(|media| media.essence.starts_with("multipart/"))?;
    let mut headers = Headers::default();
    headers.push(HeaderName::ContentType, kind.clone());
    Some(Part { headers, body: request.body.clone() }.find("application/sdp"))
}

/// A body we cannot read: 415, and the header that says what we can.
pub(super) struct UnsupportedBody(pub(super) HeaderName, pub(super) &'static str);

impl From<UnsupportedBody> for Refusal {
    fn from(UnsupportedBody(name, value): UnsupportedBody) -> Refusal {
        Refusal::with(415, name, value)
    }
}

/// The session description of a request (§8.2.3); in a multipart body (RFC 5621) the first one.
pub(super) fn offer_of(request: &Request) -> Result<Option<String>, UnsupportedBody> {
    let headers = &request.headers;
    if request.body.is_empty() {
        return Ok(None);
    }
    let encoded =
        headers.text(&HeaderName::ContentEncoding).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    if encoded {
        return Err(UnsupportedBody(HeaderName::AcceptEncoding, "identity"));
    }
    match headers.content_type().as_deref() {
        Some("application/sdp") => return Ok(Some(body_text(&request.body))),
        None if request.body.starts_with(b"v=") => return Ok(Some(body_text(&request.body))),
        _ => {}
    }
    match multipart_sdp(request) {
        Some(Ok(Some(part))) if part.is_plain() => return Ok(Some(body_text(&part.body))),
        Some(Ok(Some(_))) => return Err(UnsupportedBody(HeaderName::AcceptEncoding, "identity")),
        _ => {}
    }
    let optional = headers
        .text(&HeaderName::ContentDisposition)
        .is_some_and(|d| d.to_ascii_lowercase().replace(' ', "").contains("handling=optional"));
    if optional {
        return Ok(None);
    }
    Err(UnsupportedBody(HeaderName::Accept, "application/sdp"))
}
