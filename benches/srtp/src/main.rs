//! What protecting and unprotecting an SRTP packet costs: ours, compiled from its sources, beside webrtc-srtp.
//!
//! `cargo run --release --manifest-path benches/srtp/Cargo.toml`: packets of 20 ms of G.711, the best of five runs.

#[allow(dead_code, unused_imports)]
#[path = "../../../src/rtp/srtp/mod.rs"]
mod srtp;

use std::hint::black_box;
use std::time::Instant;

use srtp::{Key, KeySource, ReceiveContext, SendContext, Suite};
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

const PACKETS: usize = 50_000;
const RUNS: usize = 5;

fn packets() -> Vec<Vec<u8>> {
    (0..PACKETS)
        .map(|n| {
            let mut packet = vec![0x80, 8];
            packet.extend((n as u16).to_be_bytes());
            packet.extend((n as u32 * 160).to_be_bytes());
            packet.extend(7_u32.to_be_bytes());
            packet.extend([0x5a; 160]);
            packet
        })
        .collect()
}

/// Nanoseconds a packet, the best run.
fn best(mut run: impl FnMut() -> std::time::Duration) -> u128 {
    (0..RUNS).map(|_| run().as_nanos() / PACKETS as u128).min().unwrap_or_default()
}

fn main() {
    let profiles = [
        (Suite::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm),
        (Suite::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
        (Suite::AesCm128HmacSha1_80, ProtectionProfile::Aes128CmHmacSha1_80),
        (Suite::AesCm128HmacSha1_32, ProtectionProfile::Aes128CmHmacSha1_32),
    ];
    println!("{:<26}{:>14}{:>14}   ns a packet of 172 bytes: ours / webrtc-srtp", "", "protect", "unprotect");
    for (suite, profile) in profiles {
        let master = KeySource::new([1; 32]).master_key(suite);
        let (key, salt) = master.reveal().split_at(suite.key_len());
        let ours = Key::from(master.clone());
        let theirs = |window: Option<usize>| {
            let options = window.map(|size| (srtp_replay_protection(size), srtcp_replay_protection(size)));
            let (rtp, rtcp) = options.unzip();
            Context::new(key, salt, profile, rtp, rtcp).expect("a context")
        };
        let protect = best(|| {
            let (mut context, mut packets) = (SendContext::new(&ours), packets());
            packets.iter_mut().for_each(|packet| packet.reserve(16));
            let start = Instant::now();
            for packet in &mut packets {
                context.protect(packet).expect("a packet");
            }
            start.elapsed()
        });
        let mut protected = packets();
        let mut context = SendContext::new(&ours);
        protected.iter_mut().for_each(|packet| context.protect(packet).expect("a packet"));
        let unprotect = best(|| {
            let (mut context, mut packets) = (ReceiveContext::new(std::slice::from_ref(&ours)), protected.clone());
            let start = Instant::now();
            for packet in &mut packets {
                context.unprotect(packet).expect("a packet");
            }
            start.elapsed()
        });
        let their_protect = best(|| {
            let (mut context, packets) = (theirs(None), packets());
            let start = Instant::now();
            for packet in &packets {
                black_box(context.encrypt_rtp(packet).expect("a packet"));
            }
            start.elapsed()
        });
        let their_unprotect = best(|| {
            let mut context = theirs(Some(128));
            let start = Instant::now();
            for packet in &protected {
                black_box(context.decrypt_rtp(packet).expect("a packet"));
            }
            start.elapsed()
        });
        println!(
            "{:<26}{:>14}{:>14}",
            suite.name(),
            format!("{protect} / {their_protect}"),
            format!("{unprotect} / {their_unprotect}")
        );
    }
}
