//! Keys of SRTP in session descriptions: `a=crypto` (RFC 4568, suites of RFC 7714 §14.2 too), its offer/answer rules.
//!
//! Owns: the attribute's grammar, which line is taken, which profile is offered. Must not know: how packets are protected,
//! where key material comes from, whether the signalling is secret: its caller gives keys only where they may be used.

mod attribute;
#[cfg(test)]
mod tests;

pub use attribute::{CryptoAttribute, CryptoError, KeyParameter};

use sdp_types::Media;

use super::{Preference, SdpError};
use crate::rtp::srtp::{Key, KeySource, Keys, MasterKey, Suite};

const ATTRIBUTE: &str = "crypto";
const AVP: &str = "RTP/AVP";
const SAVP: &str = "RTP/SAVP";
/// `a=crypto` lines of one stream that are looked at.
const MAX_LINES: usize = 32;

/// Whether the audio is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SrtpPolicy {
    /// Never.
    #[default]
    Off,
    /// When both sides can. Offered as `RTP/AVP` with keys, which a far end without SRTP can still take.
    Optional,
    /// Always: what comes without keys is refused.
    Required,
}

/// How our side wants the audio protected, and the keys it would send with. Without keys it takes none either.
#[derive(Debug, Clone, Default)]
pub struct Security {
    policy: SrtpPolicy,
    /// One a suite, best first; the tag in an offer is the place, from 1.
    keys: Vec<MasterKey>,
}

impl Security {
    /// Fresh keys; none without a source, where the description would tell them to everybody.
    pub fn new(policy: SrtpPolicy, source: Option<&mut KeySource>) -> Security {
        let keys = match (policy, source) {
            (SrtpPolicy::Off, _) | (_, None) => Vec::new(),
            (_, Some(source)) => Suite::ALL.into_iter().map(|suite| source.master_key(suite)).collect(),
        };
        Security { policy, keys }
    }

    pub fn policy(&self) -> SrtpPolicy {
        self.policy
    }

    /// Encryption is required, and there is nothing to encrypt with.
    pub fn is_impossible(&self) -> bool {
        self.policy == SrtpPolicy::Required && self.keys.is_empty()
    }

    fn offered(&self) -> impl Iterator<Item = (u32, &MasterKey)> {
        (1..).zip(&self.keys)
    }
}

/// The line both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub tag: u32,
    pub keys: Keys,
}

/// What a stream's profile and keys lead to: `None` is audio in clear.
pub(super) fn agree(media: &Media, security: &Security, whose: Preference) -> Result<Option<Agreed>, SdpError> {
    let secured = media.proto.eq_ignore_ascii_case(SAVP);
    if !secured && !media.proto.eq_ignore_ascii_case(AVP) {
        return Err(SdpError::NoAudio);
    }
    if security.keys.is_empty() {
        return match security.policy {
            SrtpPolicy::Required => Err(SdpError::KeysInClear),
            SrtpPolicy::Optional if secured => Err(SdpError::KeysInClear),
            SrtpPolicy::Off if secured => Err(SdpError::NoAudio),
            SrtpPolicy::Off | SrtpPolicy::Optional => Ok(None),
        };
    }
    let agreed = match whose {
        Preference::Ours => choose(media, security),
        Preference::Theirs => chosen(media, security)?,
    };
    match agreed {
        Some(agreed) => Ok(Some(agreed)),
        None if secured => Err(SdpError::NoKeys),
        None if security.policy == SrtpPolicy::Required => Err(SdpError::NotEncrypted),
        None => Ok(None),
    }
}

fn lines(media: &Media) -> impl Iterator<Item = Result<CryptoAttribute, CryptoError>> {
    media
        .attributes
        .iter()
        .filter(|attribute| attribute.attribute.eq_ignore_ascii_case(ATTRIBUTE))
        .take(MAX_LINES)
        .map(|attribute| attribute.value.as_deref().unwrap_or_default().parse())
}

/// Of an offer: the first line we can take, which is the one its sender prefers (§5.1.1, §5.1.2). A tag that stands
/// twice counts once.
fn choose(media: &Media, security: &Security) -> Option<Agreed> {
    lines(media).flatten().find_map(|line| {
        let local = security.keys.iter().find(|key| key.suite() == line.suite)?;
        Some(Agreed { tag: line.tag, keys: Keys { local: local.clone().into(), remote: line.into_keys() } })
    })
}

/// Of an answer: its line, which takes one of ours (§5.1.3).
fn chosen(media: &Media, security: &Security) -> Result<Option<Agreed>, SdpError> {
    let Some(line) = lines(media).next() else { return Ok(None) };
    let line = line.map_err(|_| SdpError::NoKeys)?;
    let offered = security.offered().find(|(tag, key)| *tag == line.tag && key.suite() == line.suite);
    let (tag, local) = offered.ok_or(SdpError::ForeignKey)?;
    Ok(Some(Agreed { tag, keys: Keys { local: Key::from(local.clone()), remote: line.into_keys() } }))
}

/// The stream as we offer it. Within a call a secure profile stays one, whatever the policy.
pub(super) fn offer(mut media: Media, security: &Security, last: Option<&Media>) -> Media {
    let secured = last.is_some_and(|last| last.proto.eq_ignore_ascii_case(SAVP));
    if !security.keys.is_empty() {
        let secured = secured || security.policy == SrtpPolicy::Required;
        SAVP.clone_into(&mut media.proto);
        if !secured {
            AVP.clone_into(&mut media.proto);
        }
        for (tag, key) in security.offered() {
            add(&mut media, tag, key);
        }
    }
    media
}

/// The stream as we answer it: with the profile it was offered under, and our key for the line that was chosen.
pub(super) fn answer(mut media: Media, offered: &Media, agreed: Option<&Agreed>) -> Media {
    media.proto.clone_from(&offered.proto);
    if let Some(agreed) = agreed {
        add(&mut media, agreed.tag, &agreed.keys.local.master);
    }
    media
}

fn add(media: &mut Media, tag: u32, key: &MasterKey) {
    let line = CryptoAttribute::new(tag, key.clone());
    media.add_attribute_with_value(ATTRIBUTE, line.reveal());
}
