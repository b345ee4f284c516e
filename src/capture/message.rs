//! What is kept of SIP messages: start lines and headers known to be harmless, addresses without their users.
//!
//! Works on the bytes as they travelled, not on what a parser made of them: a malformed message is often what is looked for.

use super::sdp::mask_body;
use super::{Wanted, mask};
use crate::sip::wire::HeaderName;

/// Leaves out of one message what may not leave; the length stays.
pub(super) fn mask_message(message: &mut [u8], wanted: &Wanted) {
    let body = body_at(message);
    let (head, body) = message.split_at_mut(body);
    mask_body(body, wanted);
    let mut fields = fields(head);
    if let Some((first, rest)) = fields.split_first_mut() {
        mask_start(first, wanted);
        rest.iter_mut().for_each(|field| mask_field(field, wanted));
    }
}

/// Where the body begins: behind the first empty line.
fn body_at(message: &[u8]) -> usize {
    let start = message.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(message.len());
    let mut at = start;
    while let Some(length) = message[at..].iter().position(|byte| *byte == b'\n') {
        let line = &message[at..at + length];
        at += length + 1;
        if line.is_empty() || line == b"\r" {
            return at;
        }
    }
    message.len()
}

/// The start line and the header fields, each with its folded lines.
fn fields(head: &mut [u8]) -> Vec<&mut [u8]> {
    let mut fields = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let mut end = 0;
        loop {
            end += line_length(&rest[end..]);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, behind) = rest.split_at_mut(end);
        if field.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            fields.push(field);
        }
        rest = behind;
    }
    fields
}

/// Length of the first line with its end; a lone CR ends one too, as some readers hold.
fn line_length(bytes: &[u8]) -> usize {
    match bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(at) if bytes[at..].starts_with(b"\r\n") => at + 2,
        Some(at) => at + 1,
        None => bytes.len(),
    }
}

fn mask_start(line: &mut [u8], wanted: &Wanted) {
    let (line, folded) = line.split_at_mut(line_length(line));
    mask(folded);
    if line.starts_with(b"SIP/") {
        return;
    }
    let from = line.iter().position(|byte| *byte == b' ').map_or(line.len(), |at| at + 1);
    let to = line.windows(5).rposition(|window| window == b" SIP/").unwrap_or(line.len()).max(from);
    mask_uri(&mut line[from..to], wanted);
    // ` SIP/2.0` and nothing else.
    mask(line.get_mut(to + 8..).unwrap_or_default());
}

fn mask_field(field: &mut [u8], wanted: &Wanted) {
    let Some(colon) = field.iter().position(|byte| *byte == b':') else { return mask(field) };
    let (name, value) = field.split_at_mut(colon + 1);
    let name = std::str::from_utf8(&name[..colon])
        .map_or(HeaderName::Other(String::new()), |name| HeaderName::parse(name.trim()));
    match treatment(&name) {
        Treatment::Credentials => mask_credentials(value),
        Treatment::Addresses => mask_addresses(value, wanted),
        Treatment::Kept => {}
        Treatment::LeftOut if wanted.personal && !holds_secret(value) => {}
        Treatment::LeftOut => mask(value),
    }
}

/// A line that got among the headers by mistake may be one of a description, or of credentials.
fn holds_secret(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    [&b"inline:"[..], b"response=", b"digest", b"clear:", b"mikey"]
        .iter()
        .any(|sign| value.windows(sign.len()).any(|window| window == *sign))
}

enum Treatment {
    Kept,
    Addresses,
    Credentials,
    LeftOut,
}

fn treatment(name: &HeaderName) -> Treatment {
    use HeaderName::*;
    match name {
        Via
        | CallId
        | CSeq
        | MaxForwards
        | ContentLength
        | ContentType
        | ContentEncoding
        | ContentDisposition
        | Allow
        | Supported
        | Require
        | ProxyRequire
        | Unsupported
        | Accept
        | AcceptEncoding
        | UserAgent
        | Server
        | RetryAfter
        | Reason
        | Event
        | SubscriptionState
        | Privacy
        | ContentTransferEncoding
        | MinExpires
        | Date
        | Warning
        | Timestamp
        | Expires
        | AllowEvents
        | SessionExpires
        | MinSe
        | RSeq
        | RAck
        | Replaces
        | ReferSub
        | InfoPackage
        | RecvInfo
        | WwwAuthenticate
        | ProxyAuthenticate => Treatment::Kept,
        From | To | Contact | Route | RecordRoute | ReferTo | ReferredBy | PAssertedIdentity | PPreferredIdentity
        | RemotePartyId | Path | ServiceRoute | Diversion | HistoryInfo => Treatment::Addresses,
        Authorization | ProxyAuthorization | AuthenticationInfo => Treatment::Credentials,
        // By name, in case it is not among those the house knows.
        Other(name) if name.to_ascii_lowercase().contains("auth") => Treatment::Credentials,
        UserToUser | Subject | Other(_) => Treatment::LeftOut,
    }
}

/// Parameters of credentials that say how, not what (RFC 8760, RFC 7616 §3.4).
const PLAIN_CREDENTIALS: [&str; 5] = ["realm", "algorithm", "qop", "nc", "stale"];

/// Those whose names may be seen. What has no known name may be a piece of something.
const SECRET_CREDENTIALS: [&str; 10] =
    ["username", "username*", "userhash", "nonce", "uri", "response", "cnonce", "opaque", "rspauth", "nextnonce"];

/// A scheme and its parameters; never kept, not even with everything else: whoever has them can try passwords.
fn mask_credentials(value: &mut [u8]) {
    let start = value.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(value.len());
    let digest = value.get(start..start + 6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"digest"));
    let mut rest = &mut value[if digest { start + 6 } else { start }..];
    while !rest.is_empty() {
        let end = unquoted(rest, |byte| byte == b',');
        let (parameter, behind) = rest.split_at_mut(end);
        match parameter.iter().position(|byte| *byte == b'=') {
            Some(equals) => {
                let name = parameter[..equals].trim_ascii().to_ascii_lowercase();
                let is_in = |names: &[&str]| names.iter().any(|known| name == known.as_bytes());
                // A quote that is missing must not bring the next parameter along.
                let proper = !parameter[equals + 1..].iter().any(|byte| b"=,".contains(byte));
                if !(is_in(&PLAIN_CREDENTIALS) && proper) {
                    let from = if is_in(&SECRET_CREDENTIALS) || is_in(&PLAIN_CREDENTIALS) { equals + 1 } else { 0 };
                    mask_word(&mut parameter[from..]);
                }
            }
            None => mask_word(parameter),
        }
        let comma = behind.len().min(1);
        rest = &mut behind[comma..];
    }
}

/// Names of parameters of addresses (with what they say) that tell nobody.
const PLAIN_PARAMETERS: [&str; 28] = [
    "tag",
    "transport",
    "lr",
    "maddr",
    "ttl",
    "method",
    "user",
    "q",
    "expires",
    "reason",
    "counter",
    "privacy",
    "index",
    "screen",
    "party",
    "id-type",
    "cause",
    "ob",
    "ftag",
    "rc",
    "mp",
    "np",
    "limit",
    "received",
    "rport",
    "branch",
    "early-only",
    "reg-id",
];

/// Addresses with display names and parameters, in a list or alone (RFC 3261 §20.10).
fn mask_addresses(value: &mut [u8], wanted: &Wanted) {
    let mut at = 0;
    while at < value.len() {
        match value[at] {
            b'"' => {
                let end = at + quoted(&value[at..]);
                if !wanted.personal {
                    mask_word(&mut value[at..end]);
                }
                at = end;
            }
            b'<' => {
                let end = value[at..].iter().position(|byte| *byte == b'>').map_or(value.len(), |length| at + length);
                mask_uri(&mut value[at + 1..end], wanted);
                at = end + 1;
            }
            b';' => {
                let end = at + 1 + unquoted(&value[at + 1..], |byte| b";,<>".contains(&byte));
                mask_parameter(&mut value[at + 1..end], wanted);
                at = end;
            }
            byte if byte == b',' || byte == b'>' || byte.is_ascii_whitespace() => at += 1,
            _ => {
                let end = at
                    + value[at..]
                        .iter()
                        .position(|byte| b"\"<".contains(byte) || byte.is_ascii_whitespace())
                        .unwrap_or(value.len() - at);
                let bare = scheme(&value[at..end]).is_some();
                if bare {
                    // What follows the address proper are parameters of the header.
                    let user = value[at..end].iter().rposition(|byte| *byte == b'@').map_or(at, |user| at + user);
                    let host =
                        user + value[user..end].iter().position(|byte| b";,".contains(byte)).unwrap_or(end - user);
                    mask_uri(&mut value[at..host], wanted);
                    at = host.max(at + 1);
                } else {
                    // Of a display name, or of nothing known.
                    if !wanted.personal {
                        mask(&mut value[at..end]);
                    }
                    at = end;
                }
            }
        }
    }
}

fn mask_parameter(parameter: &mut [u8], wanted: &Wanted) {
    let equals = parameter.iter().position(|byte| *byte == b'=');
    let name = parameter[..equals.unwrap_or(parameter.len())].trim_ascii().to_ascii_lowercase();
    if !wanted.personal && !PLAIN_PARAMETERS.iter().any(|plain| name == plain.as_bytes()) {
        mask_word(parameter);
    }
}

/// Length of `sip:`, `sips:` or whatever scheme it is.
fn scheme(uri: &[u8]) -> Option<usize> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let named = colon > 0 && uri[..colon].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    named.then_some(colon + 1)
}

/// One address. The host stays, for that is what routing goes by; a password goes always, as do headers that hold one.
fn mask_uri(uri: &mut [u8], wanted: &Wanted) {
    let Some(scheme) = scheme(uri) else {
        if !wanted.personal {
            mask(uri);
        }
        return;
    };
    let sip = uri[..scheme].eq_ignore_ascii_case(b"sip:") || uri[..scheme].eq_ignore_ascii_case(b"sips:");
    if !sip {
        if !wanted.personal {
            mask(&mut uri[scheme..]);
        }
        return;
    }
    let at = uri.iter().rposition(|byte| *byte == b'@');
    if let Some(at) = at {
        let password = uri[scheme..at].iter().position(|byte| *byte == b':').map_or(at, |colon| scheme + colon + 1);
        mask(&mut uri[if wanted.personal { password } else { scheme }..at]);
    }
    let host = at.map_or(scheme, |at| at + 1);
    let end = host + uri[host..].iter().position(|byte| b";?".contains(byte)).unwrap_or(uri.len() - host);
    // `sip:0612345678`: a number where a host should be.
    let number = !uri[host..end].iter().any(|byte| b".[".contains(byte))
        && uri[host..end].first().is_some_and(|byte| byte.is_ascii_digit() || b"+%".contains(byte));
    if number && !wanted.personal {
        mask(&mut uri[host..end]);
    }
    let headers = end + uri[end..].iter().position(|byte| *byte == b'?').unwrap_or(uri.len() - end);
    let (parameters, headers) = uri[end..].split_at_mut(headers - end);
    for parameter in parameters.split_mut(|byte| *byte == b';') {
        mask_parameter(parameter, wanted);
    }
    let secret = headers.to_ascii_lowercase().windows(4).any(|window| window == b"auth") || headers.contains(&b'%');
    if let Some((_, headers)) = headers.split_first_mut()
        && (secret || !wanted.personal)
    {
        mask(headers);
    }
}

/// Masks all but quotes and white space, so that the shape stays.
fn mask_word(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'"' && !byte.is_ascii_whitespace() {
            *byte = b'x';
        }
    }
}

/// Length of a quoted string, quotes included; all of it when it has no end.
fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Bytes before the first that ends it, outside quoted strings.
fn unquoted(bytes: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            at += quoted(&bytes[at..]);
        } else if ends(bytes[at]) {
            return at;
        } else {
            at += 1;
        }
    }
    bytes.len()
}
