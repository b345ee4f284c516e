//! Session keys from a master key (RFC 3711 §4.3, with AES-256 as RFC 6188 §3 and RFC 7714 §11 have it).
//!
//! The key derivation rate is always 0: one derivation for the life of the master key.

use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128Enc, Aes256Enc};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use zeroize::Zeroizing;

use super::key::MasterKey;

/// Labels of RFC 3711 §4.3.1 and §4.3.2.
#[derive(Debug, Clone, Copy)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// `length` bytes for `label`.
pub(super) fn derive(master: &MasterKey, label: Label, length: usize) -> Zeroizing<Vec<u8>> {
    // x = label || r, xor the salt of 112 bits; one of 96 bits is followed by zeros (RFC 7714 §11). Times 2^16.
    let mut iv = [0; 16];
    for (byte, salt) in iv.iter_mut().zip(master.salt()) {
        *byte = *salt;
    }
    iv[7] ^= label as u8;
    let mut out = Zeroizing::new(vec![0; length]);
    // A master key is 16 or 32 bytes long: one of these fits.
    if let Ok(aes) = Aes128Enc::new_from_slice(master.key()) {
        keystream(&aes, &iv, &mut out);
    } else if let Ok(aes) = Aes256Enc::new_from_slice(master.key()) {
        keystream(&aes, &iv, &mut out);
    }
    out
}

/// Xors AES in counter mode over `data` (RFC 3711 §4.1.1).
pub(super) fn keystream<C>(aes: &C, iv: &[u8; 16], data: &mut [u8])
where
    C: aes::cipher::BlockCipherEncrypt + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let core: CtrCore<&C, Ctr128BE> = CtrCore::inner_iv_init(aes, iv.into());
    aes::cipher::StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
}
