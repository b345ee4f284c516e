//! One `a=crypto` line (RFC 4568 §9.1, §9.2), read and printed.

use std::str::FromStr;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::rtp::srtp::{Key, MAX_KEYS, MAX_MKI, MasterKey, Suite};

/// Longest value looked at, bytes.
const MAX_VALUE: usize = 4_096;
/// Most packets a master key may protect (RFC 3711 §9.2).
const MAX_LIFETIME: u64 = 1 << 48;
/// Smallest replay window that may be hinted at (RFC 4568 §6.3.7).
const MIN_WINDOW: u32 = 64;

/// Keys are written with padding; some devices leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A line that can be used: its suite is one of ours, and it asks for nothing we don't do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptoAttribute {
    /// Up to nine digits.
    pub tag: u32,
    pub suite: Suite,
    /// At least one, at most [`MAX_KEYS`]; with identifiers of one length where there are several.
    pub keys: Vec<KeyParameter>,
}

/// `inline:` key and salt, with what goes with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyParameter {
    pub key: Key,
    /// Packets its sender means to protect with it. Informative: whoever sends must change it in time.
    pub lifetime: Option<u64>,
}

/// Why a line is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("the line is incomplete or too long")]
    Incomplete,
    #[error("the tag is no number of one to nine digits")]
    Tag,
    #[error("the suite is unknown")]
    Suite,
    #[error("the key method is not inline")]
    Method,
    #[error("the key is not as long as the suite wants it, or no base64")]
    Key,
    #[error("the lifetime is no number of packets a key may protect")]
    Lifetime,
    #[error("the master key identifier is malformed, missing or not of one length")]
    Identifier,
    #[error("too many keys")]
    Keys,
    #[error("a session parameter is unknown, malformed or not supported")]
    SessionParameter,
}

impl CryptoAttribute {
    /// Of one key without lifetime and identifier.
    pub fn new(tag: u32, master: MasterKey) -> CryptoAttribute {
        let suite = master.suite();
        CryptoAttribute { tag, suite, keys: vec![KeyParameter { key: master.into(), lifetime: None }] }
    }

    pub fn into_keys(self) -> Vec<Key> {
        self.keys.into_iter().map(|parameter| parameter.key).collect()
    }

    /// The attribute's value. Holds the keys: for a description that travels encrypted, never for a log.
    pub fn reveal(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(KeyParameter::reveal).collect();
        format!("{} {} {}", self.tag, self.suite.name(), keys.join(";"))
    }
}

impl KeyParameter {
    fn reveal(&self) -> String {
        let mut text = format!("inline:{}", BASE64.encode(self.key.master.reveal()));
        if let Some(lifetime) = self.lifetime {
            text += &match lifetime.is_power_of_two() {
                true => format!("|2^{}", lifetime.trailing_zeros()),
                false => format!("|{lifetime}"),
            };
        }
        if !self.key.mki.is_empty() {
            text += &format!("|{}:{}", identifier_value(&self.key.mki), self.key.mki.len());
        }
        text
    }

    fn read(text: &str, suite: Suite) -> Result<KeyParameter, CryptoError> {
        let (method, info) = text.split_once(':').ok_or(CryptoError::Method)?;
        if !method.eq_ignore_ascii_case("inline") {
            return Err(CryptoError::Method);
        }
        let mut parts = info.split('|');
        let encoded = parts.next().unwrap_or_default();
        let bytes = Zeroizing::new(BASE64.decode(encoded).map_err(|_| CryptoError::Key)?);
        let master = MasterKey::new(suite, &bytes).ok_or(CryptoError::Key)?;
        let mut parameter = KeyParameter { key: master.into(), lifetime: None };
        let mut next = parts.next();
        if let Some(text) = next.filter(|text| !text.contains(':')) {
            parameter.lifetime = Some(lifetime(text).ok_or(CryptoError::Lifetime)?);
            next = parts.next();
        }
        if let Some(text) = next {
            parameter.key.mki = identifier(text).ok_or(CryptoError::Identifier)?;
        }
        if parts.next().is_some() {
            return Err(CryptoError::Identifier);
        }
        Ok(parameter)
    }
}

impl FromStr for CryptoAttribute {
    type Err = CryptoError;

    fn from_str(text: &str) -> Result<CryptoAttribute, CryptoError> {
        if text.len() > MAX_VALUE {
            return Err(CryptoError::Incomplete);
        }
        let mut words = text.split_ascii_whitespace();
        let mut word = || words.next().ok_or(CryptoError::Incomplete);
        let (tag, suite, keys) = (word()?, word()?, word()?);
        let tag = number(tag, 9).and_then(|tag| u32::try_from(tag).ok()).ok_or(CryptoError::Tag)?;
        let suite = Suite::from_name(suite).ok_or(CryptoError::Suite)?;
        if keys.split(';').count() > MAX_KEYS {
            return Err(CryptoError::Keys);
        }
        let keys: Vec<KeyParameter> =
            keys.split(';').map(|key| KeyParameter::read(key, suite)).collect::<Result<_, _>>()?;
        // Keys told apart by their identifiers (§6.1).
        let length = keys[0].key.mki.len();
        let apart = |at: usize| keys[..at].iter().all(|other| other.key.mki != keys[at].key.mki);
        if keys.iter().any(|parameter| parameter.key.mki.len() != length) || !(1..keys.len()).all(apart) {
            return Err(CryptoError::Identifier);
        }
        for parameter in words {
            session_parameter(parameter)?;
        }
        Ok(CryptoAttribute { tag, suite, keys })
    }
}

/// Takes what changes nothing for us (§6.3). Anything else that is not marked as optional by a `-` makes the line
/// useless: other derivation rates, streams that are not encrypted or not authenticated, forward error correction.
fn session_parameter(text: &str) -> Result<(), CryptoError> {
    let upper = text.to_ascii_uppercase();
    let accepted = match upper.split_once('=') {
        Some(("WSH", size)) => number(size, 9).is_some_and(|size| size >= u64::from(MIN_WINDOW)),
        Some(_) | None => upper.starts_with('-') && upper.len() > 1,
    };
    if accepted { Ok(()) } else { Err(CryptoError::SessionParameter) }
}

/// `2^20` or `1048576`.
fn lifetime(text: &str) -> Option<u64> {
    let packets = match text.strip_prefix("2^") {
        Some(power) => 1_u64.checked_shl(u32::try_from(number(power, 2)?).ok()?)?,
        None => number(text, 15)?,
    };
    (1..=MAX_LIFETIME).contains(&packets).then_some(packets)
}

/// `1:4`: the number, and in how many bytes it stands.
fn identifier(text: &str) -> Option<Vec<u8>> {
    let (value, length) = text.split_once(':')?;
    let length = usize::try_from(number(length, 3)?).ok().filter(|length| (1..=MAX_MKI).contains(length))?;
    let value = number(value, 19)?.to_be_bytes();
    let mut bytes = vec![0; length];
    for (at, byte) in value.into_iter().rev().enumerate() {
        match bytes.len().checked_sub(at + 1) {
            Some(place) => bytes[place] = byte,
            None if byte == 0 => {}
            None => return None,
        }
    }
    Some(bytes)
}

/// What [`identifier`] reads: of identifiers that came by it, no more than the last eight bytes are set.
fn identifier_value(mki: &[u8]) -> u64 {
    mki.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Digits, at most `longest`.
fn number(text: &str, longest: usize) -> Option<u64> {
    let fits = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}
