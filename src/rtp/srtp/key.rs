//! Master keys, the suites they are for, and where ours come from. Keys are wiped when dropped and never printed.

use std::fmt;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Keys one direction may have at the same time, told apart by their identifiers.
pub const MAX_KEYS: usize = 8;
/// Longest master key identifier, bytes (RFC 4568 §6.1).
pub const MAX_MKI: usize = 128;

/// How packets are encrypted and authenticated, by the names of RFC 4568 §6.2 and RFC 7714 §14.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    AeadAes256Gcm,
    AeadAes128Gcm,
    AesCm128HmacSha1_80,
    AesCm128HmacSha1_32,
}

impl Suite {
    /// In the order we prefer them.
    pub const ALL: [Suite; 4] =
        [Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32];

    pub fn name(self) -> &'static str {
        match self {
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    pub fn from_name(name: &str) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key.
    pub fn key_len(self) -> usize {
        match self {
            Suite::AeadAes256Gcm => 32,
            Suite::AeadAes128Gcm | Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 16,
        }
    }

    /// Bytes of the master salt.
    pub fn salt_len(self) -> usize {
        match self {
            Suite::AeadAes256Gcm | Suite::AeadAes128Gcm => 12,
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 14,
        }
    }
}

/// A master key with its salt.
#[derive(Clone)]
pub struct MasterKey {
    suite: Suite,
    /// The key, then the salt.
    bytes: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    /// `bytes`: the key followed by the salt. `None` when that is not as long as the suite wants it.
    pub fn new(suite: Suite, bytes: &[u8]) -> Option<MasterKey> {
        (bytes.len() == suite.key_len() + suite.salt_len())
            .then(|| MasterKey { suite, bytes: Zeroizing::new(bytes.to_vec()) })
    }

    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The key followed by the salt. Secret: for a message that is encrypted itself.
    pub fn reveal(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_len()]
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.bytes[self.suite.key_len()..]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite.name())
    }
}

impl PartialEq for MasterKey {
    fn eq(&self, other: &MasterKey) -> bool {
        self.suite == other.suite && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

impl Eq for MasterKey {}

/// A master key and what names it in packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub master: MasterKey,
    /// Master key identifier (RFC 3711 §3.1), at most [`MAX_MKI`] bytes; empty: packets carry none.
    pub mki: Vec<u8>,
}

impl From<MasterKey> for Key {
    /// Without an identifier.
    fn from(master: MasterKey) -> Key {
        Key { master, mki: Vec::new() }
    }
}

/// What both sides protect their packets with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// We send with this one.
    pub local: Key,
    /// The far end sends with one of these: at least one, at most [`MAX_KEYS`], of one suite, their identifiers of one
    /// length, and none of them empty where there are several.
    pub remote: Vec<Key>,
}

impl Keys {
    pub fn suite(&self) -> Suite {
        self.local.master.suite
    }
}

/// Makes our master keys: a cryptographically secure generator whose seed comes from outside.
pub struct KeySource {
    random: StdRng,
}

impl KeySource {
    /// The seed must be unpredictable; it is wiped here.
    pub fn new(mut seed: [u8; 32]) -> KeySource {
        let random = StdRng::from_seed(seed);
        seed.zeroize();
        KeySource { random }
    }

    pub fn master_key(&mut self, suite: Suite) -> MasterKey {
        let mut bytes = Zeroizing::new(vec![0; suite.key_len() + suite.salt_len()]);
        self.random.fill_bytes(&mut bytes);
        MasterKey { suite, bytes }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource")
    }
}
