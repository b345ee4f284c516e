//! Keys of a telephone in the body of INFO: `application/dtmf-relay` and `application/dtmf`. PURE.
//!
//! No RFC defines them; the forms are those that switchboards and gateways send (Cisco's "SIP INFO method for DTMF tone
//! generation", draft-choudhuri-sip-info-digit): `Signal= 5` and `Duration= 160` in lines, or the key alone.

use std::fmt;
use std::time::Duration;

/// What we read, for Accept.
pub const KEY_TYPES: &str = "application/dtmf-relay, application/dtmf";
/// A key is held no longer than this; what a far end says beyond is cut.
const LONGEST: Duration = Duration::from_secs(10);

/// One press of a key. Personal data: never goes into a log line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyPress {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub key: char,
    /// How long it was held, where the far end says so.
    pub held: Option<Duration>,
}

/// Shows nothing: a key printed by mistake stays unread.
impl fmt::Debug for KeyPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPress(personal)")
    }
}

/// Why a body says no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyPressError {
    #[error("not a type of key presses")]
    Type,
    #[error("malformed key press")]
    Malformed,
}

impl KeyPress {
    /// Reads the body of an INFO; `None` for a signal that is no key (hook flash).
    pub fn read(content_type: &str, body: &[u8]) -> Result<Option<KeyPress>, KeyPressError> {
        let text = std::str::from_utf8(body).map_err(|_| KeyPressError::Malformed);
        match content_type {
            "application/dtmf-relay" => relay(text?),
            "application/dtmf" => {
                let text = text?.trim();
                // Some senders put the lines of the other type into this one.
                if text.contains('=') { relay(text) } else { Ok(signal(text)?.map(|key| KeyPress { key, held: None })) }
            }
            _ => Err(KeyPressError::Type),
        }
    }
}

fn relay(text: &str) -> Result<Option<KeyPress>, KeyPressError> {
    let (mut key, mut held) = (None, None);
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("signal") {
            key.get_or_insert(signal(value)?);
        } else if name.eq_ignore_ascii_case("duration") {
            // Milliseconds. One that can't be read leaves the key what it is.
            held = value.parse().ok().map(|ms| Duration::from_millis(ms).min(LONGEST));
        }
    }
    let key = key.ok_or(KeyPressError::Malformed)?;
    Ok(key.map(|key| KeyPress { key, held }))
}

/// A key by its sign, or by its number among the events of RFC 4733; `None` for the hook flash.
fn signal(text: &str) -> Result<Option<char>, KeyPressError> {
    let mut chars = text.chars();
    if let (Some(sign), None) = (chars.next(), chars.next()) {
        return match sign.to_ascii_uppercase() {
            key @ ('0'..='9' | '*' | '#' | 'A'..='D') => Ok(Some(key)),
            '!' => Ok(None),
            _ => Err(KeyPressError::Malformed),
        };
    }
    match text {
        "10" => Ok(Some('*')),
        "11" => Ok(Some('#')),
        "12" => Ok(Some('A')),
        "13" => Ok(Some('B')),
        "14" => Ok(Some('C')),
        "15" => Ok(Some('D')),
        "16" => Ok(None),
        _ if text.eq_ignore_ascii_case("star") => Ok(Some('*')),
        _ if text.eq_ignore_ascii_case("pound") => Ok(Some('#')),
        _ if text.eq_ignore_ascii_case("flash") => Ok(None),
        _ => Err(KeyPressError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RELAY: &str = "application/dtmf-relay";
    const PLAIN: &str = "application/dtmf";

    fn key(content_type: &str, body: &str) -> Result<Option<(char, Option<u64>)>, KeyPressError> {
        let press = KeyPress::read(content_type, body.as_bytes())?;
        Ok(press.map(|press| (press.key, press.held.map(|held| held.as_millis() as u64))))
    }

    #[test]
    fn forms_that_switchboards_send() {
        assert_eq!(key(RELAY, "Signal= 5\r\nDuration= 160\r\n"), Ok(Some(('5', Some(160)))));
        assert_eq!(key(RELAY, "Signal=*\nDuration=250"), Ok(Some(('*', Some(250)))));
        assert_eq!(key(RELAY, "signal = #"), Ok(Some(('#', None))));
        assert_eq!(key(RELAY, "Signal=11\r\nDuration=160\r\n"), Ok(Some(('#', Some(160)))));
        assert_eq!(key(RELAY, "Duration=x\r\nSignal=d\r\n"), Ok(Some(('D', None))));
        assert_eq!(key(RELAY, "Signal=1\r\nDuration=99999999\r\n"), Ok(Some(('1', Some(10_000)))));
        assert_eq!(key(PLAIN, "7"), Ok(Some(('7', None))));
        assert_eq!(key(PLAIN, "10\r\n"), Ok(Some(('*', None))));
        assert_eq!(key(PLAIN, "Signal=3\r\nDuration=100\r\n"), Ok(Some(('3', Some(100)))));
        for flash in ["Signal=!\r\n", "Signal=16\r\n", "Signal=flash\r\n"] {
            assert_eq!(key(RELAY, flash), Ok(None), "{flash}");
        }
    }

    #[test]
    fn what_says_no_key() {
        for body in ["", "5", "Signal=", "Signal=x\r\n", "Signal=123\r\n", "Duration=160\r\n", "Signal=é"] {
            assert_eq!(key(RELAY, body), Err(KeyPressError::Malformed), "{body}");
        }
        assert_eq!(key(PLAIN, ""), Err(KeyPressError::Malformed));
        assert_eq!(KeyPress::read(PLAIN, &[0xFF]), Err(KeyPressError::Malformed));
        assert_eq!(key("application/sdp", "v=0"), Err(KeyPressError::Type));
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(plain in any::<bool>(), body in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some(press)) = KeyPress::read(if plain { PLAIN } else { RELAY }, &body) {
                prop_assert!("0123456789*#ABCD".contains(press.key));
            }
        }
    }
}
