//! What is kept of bodies: lines of session descriptions known to be harmless.

use super::{Wanted, mask};

/// Leaves out of any body, whatever it says it is, what may not leave. A description within a multipart body is treated as
/// one that stands alone; everything that is no description (keys by INFO, ISUP, messages) goes.
pub(super) fn mask_body(body: &mut [u8], wanted: &Wanted) {
    for line in lines(body) {
        let (b"a=" | b"b=" | b"c=" | b"e=" | b"i=" | b"k=" | b"m=" | b"o=" | b"p=" | b"r=" | b"s=" | b"t=" | b"u="
        | b"v=" | b"z=") = line.get(..2).unwrap_or_default()
        else {
            mask_other(line, wanted);
            continue;
        };
        let (kind, value) = line.split_at_mut(2);
        match kind[0] {
            b'a' => mask_attribute(value, wanted),
            b'k' if !wanted.keys => mask(value),
            b'e' | b'i' | b'p' | b's' | b'u' if !wanted.personal => mask(value),
            // The user's name; what follows are numbers and the address.
            b'o' if !wanted.personal => {
                let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
                if &value[..end] != b"-" {
                    mask(&mut value[..end]);
                }
            }
            _ => {}
        }
    }
}

/// SRTP's keys (RFC 4568 §4, RFC 4567 §3, RFC 8839 §5.4). Attributes are numbers and names of formats; those that can
/// hold text of a person's choice lose it.
fn mask_attribute(value: &mut [u8], wanted: &Wanted) {
    let is = |names: &[&str]| {
        let end = value.iter().position(|byte| matches!(byte, b':' | b' ')).unwrap_or(value.len());
        names.iter().any(|name| value[..end].eq_ignore_ascii_case(name.as_bytes()))
    };
    let secret = is(&["crypto", "key-mgmt", "ice-pwd", "3ge2ae", "3ge2ae-requested"]);
    let harmless = is(&[
        "rtpmap",
        "fmtp",
        "ptime",
        "maxptime",
        "sendrecv",
        "sendonly",
        "recvonly",
        "inactive",
        "rtcp",
        "rtcp-mux",
        "rtcp-rsize",
        "rtcp-fb",
        "rtcp-xr",
        "silencesupp",
        "setup",
        "connection",
        "fingerprint",
        "mid",
        "group",
        "ssrc",
        "extmap",
        "ice-ufrag",
        "candidate",
        "ice-options",
        "ice-lite",
        "curr",
        "des",
        "conf",
        "cdsc",
        "acfg",
        "pcfg",
        "tcap",
        "qos",
        "framerate",
        "quality",
        "charset",
    ]);
    if is(&["crypto"]) {
        if !wanted.keys {
            let keys = keys_at(value);
            mask(&mut value[keys..]);
        }
    } else if secret {
        if !wanted.keys {
            let end = value.iter().position(|byte| *byte == b':').map_or(value.len(), |at| at + 1);
            mask(&mut value[end..]);
        }
    } else if is(&["acap"]) {
        // A potential `crypto` (RFC 5939).
        if !wanted.keys {
            mask(value);
        }
    } else if is(&["ssrc"]) {
        // `ssrc:1 cname:…` may name a host and a person.
        if !wanted.personal {
            let text = after_spaces(value, 1);
            mask(&mut value[text..]);
        }
    } else if !harmless && !wanted.personal {
        mask(value);
    }
}

/// Where the keys of `crypto:TAG SUITE KEYS` begin. The suite stays: it is what is looked for.
fn keys_at(value: &[u8]) -> usize {
    let (suite, keys) = (after_spaces(value, 1), after_spaces(value, 2));
    let named = |word: &[u8]| word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(byte));
    if keys >= value.len() || !named(&value[suite..keys]) {
        return "crypto".len();
    }
    keys + if value[keys..].starts_with(b"inline:") { "inline:".len() } else { 0 }
}

/// Where the word after so many runs of spaces begins; the end, when there are fewer.
fn after_spaces(value: &[u8], runs: usize) -> usize {
    let mut at = 0;
    for _ in 0..runs {
        at += value[at..].iter().position(|byte| *byte == b' ').unwrap_or(value.len() - at);
        at += value[at..].iter().position(|byte| *byte != b' ').unwrap_or(value.len() - at);
    }
    at
}

/// A line of no description: the frame of a multipart body and the outcome of a transfer stay.
fn mask_other(line: &mut [u8], wanted: &Wanted) {
    let starts = |text: &str| line.len() >= text.len() && line[..text.len()].eq_ignore_ascii_case(text.as_bytes());
    let frame = line.starts_with(b"--") || starts("Content-Type:") || starts("SIP/2.0 ");
    // Keys pressed come by INFO: `Signal=5`, or the key alone.
    let key = starts("Signal=") || starts("Duration=") || line.len() == 1;
    if !(frame || key && wanted.audio) {
        mask(line);
    }
}

/// The lines of a body, without their ends; a lone CR ends one too, as some readers hold.
fn lines(body: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    body.split_mut(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty())
}

/// Address and port of the audio that a description offers, if it does.
pub(super) fn audio(body: &[u8]) -> Option<(Option<std::net::IpAddr>, u16)> {
    let mut session = None;
    let mut found: Option<(Option<std::net::IpAddr>, u16)> = None;
    for line in body.split(|byte| matches!(byte, b'\r' | b'\n')) {
        let Ok(text) = std::str::from_utf8(line) else { continue };
        if let Some(media) = text.strip_prefix("m=") {
            if found.is_some() {
                break;
            }
            if let Some(rest) = media.strip_prefix("audio ") {
                let port = rest.split([' ', '/']).next()?.parse().ok()?;
                found = Some((session, port));
            }
        } else if let Some(connection) = text.strip_prefix("c=IN ") {
            let address = connection.split(' ').nth(1).and_then(|address| address.trim().parse().ok());
            match &mut found {
                Some(found) => found.0 = address.or(found.0),
                None => session = address,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: Wanted = Wanted { calls: 1, audio: false, keys: false, personal: false };

    fn masked(body: &str, wanted: &Wanted) -> String {
        let mut bytes = body.as_bytes().to_vec();
        mask_body(&mut bytes, wanted);
        assert_eq!(bytes.len(), body.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn keys_go_and_suites_stay() {
        for (line, left) in [
            (
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20|1:4 KDR=1",
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxxxxxxxxxxxxx",
            ),
            ("a=CRYPTO:1  AES  inline:c2Vj", "a=CRYPTO:1  AES  inline:xxxx"),
            ("a=crypto:1 AES INLINE:c2Vj", "a=crypto:1 AES xxxxxxxxxxx"),
            ("a=crypto:inline:c2Vj", "a=cryptoxxxxxxxxxxxx"),
            ("a=crypto:1 inline:c2Vj c2Vj", "a=cryptoxxxxxxxxxxxxxxxxxxx"),
            ("a=key-mgmt:mikey AQAF", "a=key-mgmt:xxxxxxxxxx"),
            ("a=ice-pwd:secret", "a=ice-pwd:xxxxxx"),
            ("k=clear:secret", "k=xxxxxxxxxxxx"),
        ] {
            assert_eq!(masked(line, &PRIVATE), left);
            assert_eq!(masked(line, &Wanted { keys: true, ..PRIVATE }), line);
        }
        assert!(!masked("v=0\ra=crypto:1 AES inline:c2Vj\rm=audio 1 RTP/SAVP 8", &PRIVATE).contains("c2Vj"));
        assert!(!masked("v=0\na=acap:1 crypto:1 AES inline:c2Vj\n", &PRIVATE).contains("c2Vj"));
    }

    #[test]
    fn a_description_stays_readable() {
        let sdp = "v=0\r\no=jdupont 1 2 IN IP4 192.0.2.1\r\ns=Appel de Jean\r\ni=Jean\r\np=0612345678\r\nc=IN IP4 192.0.2.1\r\n\
                   t=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=x-caller:0612345678\r\n\
                   a=ssrc:77 cname:jean@poste\r\na=sendrecv\r\n";
        let text = masked(sdp, &PRIVATE);
        for kept in [
            "o=xxxxxxx 1 2 IN IP4 192.0.2.1",
            "c=IN IP4 192.0.2.1",
            "m=audio 4000 RTP/AVP 8 101",
            "a=rtpmap:8 PCMA/8000",
            "a=ssrc:77",
            "a=sendrecv",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        for lost in ["Jean", "dupont", "jean", "0612345678"] {
            assert!(!text.contains(lost), "{lost}: {text}");
        }
        assert_eq!(masked(sdp, &Wanted { personal: true, ..PRIVATE }), sdp);
    }

    #[test]
    fn other_bodies_are_blanked() {
        assert_eq!(masked("Signal=5\r\nDuration=160\r\n", &PRIVATE), "xxxxxxxx\r\nxxxxxxxxxxxx\r\n");
        let keys = Wanted { audio: true, ..PRIVATE };
        assert_eq!(masked("Signal=5\r\nDuration=160\r\nX: y", &keys), "Signal=5\r\nDuration=160\r\nxxxx");
        assert_eq!(masked("SIP/2.0 200 OK", &PRIVATE), "SIP/2.0 200 OK");
        let multipart = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 8\r\n--b\r\n\
                         Content-Type: application/x\r\nX-Number: 0612345678\r\n\r\nnuméro 0612345678\r\n--b--\r\n";
        let text = masked(multipart, &PRIVATE);
        assert!(text.contains("m=audio 1 RTP/AVP 8") && text.contains("--b--"), "{text}");
        assert!(!text.contains("0612345678"), "{text}");
    }

    #[test]
    fn where_the_audio_is() {
        let at = |text: &str| audio(text.as_bytes());
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(at("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8\r\n"), Some((ip("192.0.2.1"), 4_000)));
        assert_eq!(
            at(
                "c=IN IP4 192.0.2.1\nm=video 9 x\nc=IN IP4 192.0.2.9\nm=audio 4000/2 RTP/AVP 8\nc=IN IP6 2001:db8::1\nm=video 1 x\nc=IN IP4 192.0.2.3\n"
            ),
            Some((ip("2001:db8::1"), 4_000))
        );
        assert_eq!(at("m=audio 70000 RTP/AVP 8"), None);
        assert_eq!(at("m=audio"), None);
    }
}
