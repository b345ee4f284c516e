//! Published vectors, and what a stream goes through.

mod streams;
mod vectors;

use super::*;

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A master key with bytes counted from `first`.
pub fn master(suite: Suite, first: u8) -> MasterKey {
    let bytes: Vec<u8> = (0..suite.key_len() + suite.salt_len()).map(|n| first.wrapping_add(n as u8)).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

/// An RTP packet with 160 bytes that depend on its number.
pub fn rtp(ssrc: u32, number: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(number.to_be_bytes());
    packet.extend((u32::from(number) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160).map(|n| (n as u8) ^ (number as u8)));
    packet
}

/// A sender report without blocks.
pub fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0x5a; 20]);
    packet
}
