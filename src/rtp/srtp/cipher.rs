//! The transforms: AES in counter mode with HMAC-SHA1 (RFC 3711 §4), AES-GCM (RFC 7714). One set of session keys.
//!
//! Knows bytes and indices; which index a packet has, and whether it may have it, is [`super::context`]'s business.

use aes::cipher::KeyInit;
use aes::cipher::consts::U12;
use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::SrtpError;
use super::derive::{Label, derive, keystream};
use super::key::{MasterKey, Suite};
use super::packet::RTCP_HEADER;

/// Bytes of HMAC-SHA1's key (RFC 3711 §5.2).
const AUTHENTICATION_KEY: usize = 20;
/// Bytes of an AES-GCM tag.
const GCM_TAG: usize = 16;
/// Bytes of an SRTCP tag of HMAC-SHA1, for the suite with short SRTP tags too (RFC 4568 §6.2.2).
const RTCP_TAG: usize = 10;
/// The packet is encrypted: first bit of the word with the SRTCP index (RFC 3711 §3.4).
const ENCRYPTED: u32 = 1 << 31;

/// Where a packet stands: what its initialisation vector is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub ssrc: u32,
    /// 48 bits for RTP, 31 for RTCP.
    pub index: u64,
}

/// The session keys of one master key: those of RTP and those of RTCP.
pub(super) struct SessionKeys {
    rtp: Transform,
    rtcp: Transform,
}

enum Transform {
    Cm(Box<Cm>),
    Gcm(Box<Gcm>),
}

struct Cm {
    aes: Aes128Enc,
    salt: [u8; 14],
    /// Keyed; cloned for each packet.
    mac: Hmac<Sha1>,
    /// Bytes of a tag.
    tag: usize,
}

struct Gcm {
    aes: GcmKey,
    salt: [u8; 12],
}

enum GcmKey {
    Aes128(AesGcm<Aes128Enc, U12>),
    Aes256(AesGcm<Aes256Enc, U12>),
}

impl SessionKeys {
    pub fn new(master: &MasterKey) -> SessionKeys {
        let suite = master.suite();
        let keys = |encryption, authentication, salt, tag| {
            let key = derive(master, encryption, suite.key_len());
            let salt = derive(master, salt, suite.salt_len());
            match suite {
                Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => {
                    Transform::cm(&key, &salt, &derive(master, authentication, AUTHENTICATION_KEY), tag)
                }
                Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => Transform::gcm(&key, &salt),
            }
        };
        let tag = if suite == Suite::AesCm128HmacSha1_32 { 4 } else { 10 };
        SessionKeys {
            rtp: keys(Label::RtpEncryption, Label::RtpAuthentication, Label::RtpSalt, tag),
            rtcp: keys(Label::RtcpEncryption, Label::RtcpAuthentication, Label::RtcpSalt, RTCP_TAG),
        }
    }

    /// Session keys given, not derived.
    #[cfg(test)]
    pub fn of_gcm(key: &[u8], salt: &[u8]) -> SessionKeys {
        SessionKeys { rtp: Transform::gcm(key, salt), rtcp: Transform::gcm(key, salt) }
    }

    /// Encrypts what follows `header` bytes of an RTP packet; appends identifier and tag.
    pub fn protect_rtp(&self, packet: &mut Vec<u8>, header: usize, place: Place, mki: &[u8]) {
        match &self.rtp {
            Transform::Cm(cm) => {
                cm.crypt(place, &mut packet[header..]);
                let tag = cm.authenticate(&[packet.as_slice(), &roc(place)]);
                packet.extend_from_slice(mki);
                packet.extend_from_slice(&tag[..cm.tag]);
            }
            Transform::Gcm(gcm) => {
                let (associated, body) = packet.split_at_mut(header);
                let tag = gcm.seal(place, associated, body);
                packet.extend_from_slice(&tag);
                packet.extend_from_slice(mki);
            }
        }
    }

    /// The opposite of [`protect_rtp`](Self::protect_rtp). A packet that fails is left as it was.
    pub fn unprotect_rtp(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        place: Place,
        mki: usize,
    ) -> Result<(), SrtpError> {
        let end = packet.len().checked_sub(mki + self.rtp.tag()).filter(|end| *end >= header);
        let end = end.ok_or(SrtpError::Malformed)?;
        match &self.rtp {
            Transform::Cm(cm) => {
                let tag = cm.authenticate(&[&packet[..end], &roc(place)]);
                same(&tag[..cm.tag], &packet[end + mki..])?;
                cm.crypt(place, &mut packet[header..end]);
            }
            Transform::Gcm(gcm) => {
                let (associated, rest) = packet.split_at_mut(header);
                let (body, rest) = rest.split_at_mut(end - header);
                gcm.open(place, associated, body, &rest[..GCM_TAG])?;
            }
        }
        packet.truncate(end);
        Ok(())
    }

    /// Encrypts an RTCP packet beyond its first 8 bytes; appends index, identifier and tag as the suite orders them.
    pub fn protect_rtcp(&self, packet: &mut Vec<u8>, place: Place, mki: &[u8]) {
        let word = (ENCRYPTED | place.index as u32).to_be_bytes();
        match &self.rtcp {
            Transform::Cm(cm) => {
                cm.crypt(place, &mut packet[RTCP_HEADER..]);
                packet.extend_from_slice(&word);
                let tag = cm.authenticate(&[packet.as_slice()]);
                packet.extend_from_slice(mki);
                packet.extend_from_slice(&tag[..cm.tag]);
            }
            Transform::Gcm(gcm) => {
                let (header, body) = packet.split_at_mut(RTCP_HEADER);
                let tag = gcm.seal(place, &[&*header, &word].concat(), body);
                packet.extend_from_slice(&tag);
                packet.extend_from_slice(&word);
                packet.extend_from_slice(mki);
            }
        }
    }

    /// Bytes that follow the identifier in an SRTP packet.
    pub fn rtp_tag_after_mki(&self) -> usize {
        self.rtp.tag_after_mki()
    }

    /// Bytes that follow the identifier in an SRTCP packet.
    pub fn rtcp_tag_after_mki(&self) -> usize {
        self.rtcp.tag_after_mki()
    }

    /// The index an SRTCP packet says it has.
    pub fn rtcp_index(&self, packet: &[u8], mki: usize) -> Option<u64> {
        Some(u64::from(self.rtcp_word(packet, mki)?.1 & !ENCRYPTED))
    }

    /// The word with the index, and where it stands.
    fn rtcp_word(&self, packet: &[u8], mki: usize) -> Option<(usize, u32)> {
        let after = mki + self.rtcp.tag_after_mki();
        let at = packet.len().checked_sub(after + 4).filter(|at| *at >= RTCP_HEADER)?;
        Some((at, u32::from_be_bytes(*packet.get(at..)?.first_chunk()?)))
    }

    /// The opposite of [`protect_rtcp`](Self::protect_rtcp); takes packets that are only authenticated, too. A packet
    /// that fails is left as it was.
    pub fn unprotect_rtcp(&self, packet: &mut Vec<u8>, place: Place, mki: usize) -> Result<(), SrtpError> {
        let (at, word) = self.rtcp_word(packet, mki).ok_or(SrtpError::Malformed)?;
        let encrypted = word & ENCRYPTED != 0;
        match &self.rtcp {
            Transform::Cm(cm) => {
                let tag = cm.authenticate(&[&packet[..at + 4]]);
                same(&tag[..cm.tag], &packet[at + 4 + mki..])?;
                if encrypted {
                    cm.crypt(place, &mut packet[RTCP_HEADER..at]);
                }
                packet.truncate(at);
            }
            Transform::Gcm(gcm) => {
                let end = at.checked_sub(GCM_TAG).filter(|end| *end >= RTCP_HEADER).ok_or(SrtpError::Malformed)?;
                let (text, rest) = packet.split_at_mut(end);
                let readable = if encrypted { RTCP_HEADER } else { end };
                let (associated, body) = text.split_at_mut(readable);
                let associated = [&*associated, &word.to_be_bytes()].concat();
                gcm.open(place, &associated, body, &rest[..GCM_TAG])?;
                packet.truncate(end);
            }
        }
        Ok(())
    }
}

impl Transform {
    fn cm(key: &[u8], salt: &[u8], authentication: &[u8], tag: usize) -> Transform {
        // Lengths are those of the suite.
        Transform::Cm(Box::new(Cm {
            aes: Aes128Enc::new(&array(key).into()),
            salt: array(salt),
            mac: Hmac::new(&array::<64>(authentication).into()),
            tag,
        }))
    }

    fn gcm(key: &[u8], salt: &[u8]) -> Transform {
        let aes = match key.len() {
            32 => GcmKey::Aes256(AesGcm::new(&array(key).into())),
            _ => GcmKey::Aes128(AesGcm::new(&array(key).into())),
        };
        Transform::Gcm(Box::new(Gcm { aes, salt: array(salt) }))
    }

    /// RFC 3711 has the identifier before the tag, RFC 7714 behind it.
    fn tag_after_mki(&self) -> usize {
        match self {
            Transform::Cm(cm) => cm.tag,
            Transform::Gcm(_) => 0,
        }
    }

    fn tag(&self) -> usize {
        match self {
            Transform::Cm(cm) => cm.tag,
            Transform::Gcm(_) => GCM_TAG,
        }
    }
}

impl Cm {
    /// RFC 3711 §4.1.1.
    fn crypt(&self, place: Place, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &place.ssrc.to_be_bytes());
        xor(&mut iv[8..14], &place.index.to_be_bytes()[2..]);
        keystream(&self.aes, &iv, data);
    }

    fn authenticate(&self, parts: &[&[u8]]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Gcm {
    /// RFC 7714 §8.1, §9.1: the same for RTP and RTCP, whose index only is shorter.
    fn iv(&self, place: Place) -> [u8; 12] {
        let mut iv = self.salt;
        xor(&mut iv[2..6], &place.ssrc.to_be_bytes());
        xor(&mut iv[6..12], &place.index.to_be_bytes()[2..]);
        iv
    }

    fn seal(&self, place: Place, associated: &[u8], body: &mut [u8]) -> [u8; GCM_TAG] {
        let iv = self.iv(place).into();
        let tag = match &self.aes {
            GcmKey::Aes128(aes) => aes.encrypt_inout_detached(&iv, associated, body.into()),
            GcmKey::Aes256(aes) => aes.encrypt_inout_detached(&iv, associated, body.into()),
        };
        // Fails beyond 64 GiB only.
        tag.map(Into::into).unwrap_or_default()
    }

    fn open(&self, place: Place, associated: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        let (iv, tag) = (self.iv(place).into(), array::<GCM_TAG>(tag).into());
        match &self.aes {
            GcmKey::Aes128(aes) => aes.decrypt_inout_detached(&iv, associated, body.into(), &tag),
            GcmKey::Aes256(aes) => aes.decrypt_inout_detached(&iv, associated, body.into(), &tag),
        }
        .map_err(|_| SrtpError::Unauthentic)
    }
}

impl Drop for Cm {
    fn drop(&mut self) {
        self.salt.zeroize();
    }
}

impl Drop for Gcm {
    fn drop(&mut self) {
        self.salt.zeroize();
    }
}

/// The roll-over counter, which is authenticated but not sent (RFC 3711 §4.2).
fn roc(place: Place) -> [u8; 4] {
    ((place.index >> 16) as u32).to_be_bytes()
}

fn xor(into: &mut [u8], with: &[u8]) {
    for (byte, with) in into.iter_mut().zip(with) {
        *byte ^= with;
    }
}

/// In constant time.
fn same(expected: &[u8], given: &[u8]) -> Result<(), SrtpError> {
    if bool::from(expected.ct_eq(given)) { Ok(()) } else { Err(SrtpError::Unauthentic) }
}

/// The first `N` bytes; what is missing is zero (for HMAC's key that is its padding, RFC 2104 §2).
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = Zeroizing::new([0; N]);
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    *array
}
