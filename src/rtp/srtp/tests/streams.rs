//! Roll-over, loss, reordering, replays, forgeries, identifiers, new keys.

use proptest::prelude::*;

use super::*;

/// The stream's two ends under one key.
fn ends(suite: Suite) -> (SendContext, ReceiveContext) {
    let key = Key::from(master(suite, 1));
    (SendContext::new(&key), ReceiveContext::new(&[key]))
}

fn sent(context: &mut SendContext, number: u16) -> Vec<u8> {
    let mut packet = rtp(7, number);
    context.protect(&mut packet).unwrap();
    packet
}

fn received(context: &mut ReceiveContext, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut packet = packet.to_vec();
    context.unprotect(&mut packet).map(|()| packet)
}

#[test]
fn packets_lost_late_and_double_over_roll_overs() {
    for suite in Suite::ALL {
        let (mut sending, mut receiving) = ends(suite);
        let mut held = Vec::new();
        for step in 0..67_000_u32 {
            let number = (65_000 + step) as u16;
            let packet = sent(&mut sending, number);
            match step % 1_000 {
                // A loss of eight seconds, now and then over a roll-over.
                300..700 => continue,
                // Late by 50.
                0 => held.push((step + 50, number, packet)),
                _ => {
                    assert_eq!(received(&mut receiving, &packet), Ok(rtp(7, number)), "{suite:?} {step}");
                    assert_eq!(received(&mut receiving, &packet), Err(SrtpError::Replayed), "{suite:?} {step}");
                }
            }
            if let Some(at) = held.iter().position(|(due, ..)| *due == step) {
                let (_, number, packet) = held.remove(at);
                assert_eq!(received(&mut receiving, &packet), Ok(rtp(7, number)), "{suite:?} {step} late");
            }
        }
    }
}

#[test]
fn the_first_packets_may_be_lost_before_a_roll_over() {
    let (mut sending, mut receiving) = ends(Suite::AesCm128HmacSha1_80);
    sent(&mut sending, 65_535);
    let first = sent(&mut sending, 3);
    assert_eq!(received(&mut receiving, &first), Ok(rtp(7, 3)));
    let next = sent(&mut sending, 4);
    assert_eq!(received(&mut receiving, &next), Ok(rtp(7, 4)));
}

#[test]
fn a_packet_too_old_to_tell_is_refused() {
    let (mut sending, mut receiving) = ends(Suite::AeadAes128Gcm);
    let old = sent(&mut sending, 1);
    let young = sent(&mut sending, 2);
    let packet = sent(&mut sending, 129);
    received(&mut receiving, &packet).unwrap();
    assert_eq!(received(&mut receiving, &old), Err(SrtpError::Replayed), "128 back");
    assert_eq!(received(&mut receiving, &young), Ok(rtp(7, 2)), "127 back");
}

#[test]
fn no_index_is_used_twice_to_send() {
    let (mut sending, _) = ends(Suite::AesCm128HmacSha1_80);
    sent(&mut sending, 10);
    sent(&mut sending, 40_000);
    for number in [40_000, 39_999, 10_000] {
        let mut packet = rtp(7, number);
        assert_eq!(sending.protect(&mut packet), Err(SrtpError::IndexReused), "{number}");
        assert_eq!(packet, rtp(7, number));
    }
    sent(&mut sending, 40_001);
}

#[test]
fn a_key_ends_with_its_indices() {
    let (mut sending, _) = ends(Suite::AeadAes256Gcm);
    sending.wind(7, Some((1 << 48) - 2), Some((1 << 31) - 2));
    sent(&mut sending, 65_535);
    assert_eq!(sending.protect(&mut rtp(7, 0)), Err(SrtpError::KeyExhausted));
    sending.protect_rtcp(&mut rtcp(7)).unwrap();
    assert_eq!(sending.protect_rtcp(&mut rtcp(7)), Err(SrtpError::KeyExhausted));
}

#[test]
fn every_changed_bit_is_noticed_and_changes_nothing() {
    for suite in Suite::ALL {
        let (mut sending, mut receiving) = ends(suite);
        let packet = sent(&mut sending, 100);
        let mut report = rtcp(7);
        sending.protect_rtcp(&mut report).unwrap();
        for bit in 0..packet.len() * 8 {
            let mut forged = packet.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let before = forged.clone();
            assert!(receiving.unprotect(&mut forged).is_err(), "{suite:?} bit {bit}");
            assert_eq!(forged, before, "{suite:?} bit {bit}");
        }
        for bit in 0..report.len() * 8 {
            let mut forged = report.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let before = forged.clone();
            assert!(receiving.unprotect_rtcp(&mut forged).is_err(), "{suite:?} bit {bit}");
            assert_eq!(forged, before, "{suite:?} bit {bit}");
        }
        assert_eq!(receiving.sources(), 0, "forgeries leave nothing behind");
        assert_eq!(received(&mut receiving, &packet), Ok(rtp(7, 100)));
        receiving.unprotect_rtcp(&mut report).unwrap();
        assert_eq!(report, rtcp(7));
    }
}

#[test]
fn reports_count_once_whatever_the_order() {
    for suite in Suite::ALL {
        let (mut sending, mut receiving) = ends(suite);
        let reports: Vec<Vec<u8>> = (0..3)
            .map(|_| {
                let mut report = rtcp(7);
                sending.protect_rtcp(&mut report).unwrap();
                report
            })
            .collect();
        assert_ne!(reports[0], reports[1]);
        for at in [2, 0, 1] {
            let mut report = reports[at].clone();
            receiving.unprotect_rtcp(&mut report).unwrap();
            assert_eq!(report, rtcp(7));
            assert_eq!(receiving.unprotect_rtcp(&mut reports[at].clone()), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn sources_are_apart_and_bounded() {
    let (mut sending, mut receiving) = ends(Suite::AeadAes128Gcm);
    for ssrc in 0..64 {
        let mut packet = rtp(ssrc, 5);
        sending.protect(&mut packet).unwrap();
        received(&mut receiving, &packet).unwrap();
    }
    assert_eq!(sending.protect(&mut rtp(64, 5)), Err(SrtpError::TooManySources));
    let mut stranger = rtp(64, 5);
    ends(Suite::AeadAes128Gcm).0.protect(&mut stranger).unwrap();
    assert_eq!(received(&mut receiving, &stranger), Err(SrtpError::TooManySources));
    assert_eq!(receiving.sources(), 64);
    let mut packet = rtp(3, 6);
    sending.protect(&mut packet).unwrap();
    received(&mut receiving, &packet).unwrap();
}

#[test]
fn a_header_with_sources_and_extension_stays_readable() {
    let mut packet = hex("b2 08 0001 00000000 00000007 11111111 22222222 bede0001 10aa0000 a1a2a3a4");
    let plain = packet.clone();
    for suite in Suite::ALL {
        let (mut sending, mut receiving) = ends(suite);
        sending.protect(&mut packet).unwrap();
        assert_eq!(packet[..28], plain[..28]);
        assert_ne!(packet[28..32], plain[28..32]);
        receiving.unprotect(&mut packet).unwrap();
        assert_eq!(packet, plain);
    }
}

#[test]
fn identifiers_choose_the_key() {
    for suite in Suite::ALL {
        let keys = [
            Key { master: master(suite, 1), mki: vec![0, 0, 0, 1] },
            Key { master: master(suite, 101), mki: vec![0, 0, 0, 2] },
        ];
        let mut receiving = ReceiveContext::new(&keys);
        for (number, key) in (1..).zip(&keys) {
            let mut sending = SendContext::new(key);
            let packet = sent(&mut sending, number);
            assert_eq!(received(&mut receiving, &packet), Ok(rtp(7, number)), "{suite:?}");
            let mut report = rtcp(7 + u32::from(number));
            sending.protect_rtcp(&mut report).unwrap();
            receiving.unprotect_rtcp(&mut report).unwrap();
            assert_eq!(report, rtcp(7 + u32::from(number)), "{suite:?}");
        }
        let stranger = Key { master: master(suite, 1), mki: vec![0, 0, 0, 3] };
        let packet = sent(&mut SendContext::new(&stranger), 3);
        assert_eq!(received(&mut receiving, &packet), Err(SrtpError::UnknownKey), "{suite:?}");
    }
}

/// Two sides of a call.
fn call(first: u8, second: u8, suite: Suite) -> (Keys, Keys) {
    let (a, b) = (Key::from(master(suite, first)), Key::from(master(suite, second)));
    (Keys { local: a.clone(), remote: vec![b.clone()] }, Keys { local: b, remote: vec![a] })
}

fn passes(from: &mut Protection, to: &mut Protection, number: u16) -> bool {
    let mut packet = rtp(7, number);
    from.protect(&mut packet).unwrap();
    to.unprotect(&packet).is_ok_and(|packet| packet == rtp(7, number))
}

#[test]
fn new_keys_take_over_while_old_packets_are_on_their_way() {
    let (ours, theirs) = call(1, 51, Suite::AesCm128HmacSha1_80);
    let (mut us, mut them) = (Protection::new(&ours), Protection::new(&theirs));
    assert!(passes(&mut them, &mut us, 65_534) && passes(&mut us, &mut them, 5));
    assert!(passes(&mut them, &mut us, 0), "over");
    let mut late = rtp(7, 1);
    them.protect(&mut late).unwrap();
    // They change their key; ours stays, and with it its roll-over counter and window.
    let (_, changed) = call(1, 151, Suite::AesCm128HmacSha1_80);
    let ours = Keys { remote: vec![changed.local.clone()], ..ours };
    us.rekey(&ours);
    assert!(us.receives_with(std::slice::from_ref(&changed.local)));
    them.rekey(&changed);
    assert!(passes(&mut them, &mut us, 2), "a new context begins with roll-over counter 0");
    assert_eq!(us.unprotect(&late).map(<[u8]>::to_vec), Ok(rtp(7, 1)), "under the old key");
    assert_eq!(us.unprotect(&late), Err(SrtpError::Replayed), "but once");
    assert!(passes(&mut us, &mut them, 6));
    let mut later = rtp(7, 3);
    Protection::new(&theirs).protect(&mut later).unwrap();
    for number in 3..=130 {
        assert!(passes(&mut them, &mut us, number));
    }
    assert_eq!(us.unprotect(&later), Err(SrtpError::Replayed), "this number came under the new key");
    let mut old = Protection::new(&theirs);
    assert!(!passes(&mut old, &mut us, 200), "old keys are forgotten");
    assert_eq!(us.rejected(), Rejected { unauthentic: 1, replayed: 2 });
}

#[test]
fn a_sender_may_keep_its_roll_over_counter_with_new_keys() {
    let (old, new) = (Key::from(master(Suite::AeadAes256Gcm, 1)), Key::from(master(Suite::AeadAes256Gcm, 99)));
    let mut receiving = ReceiveContext::new(std::slice::from_ref(&old));
    let mut sending = SendContext::new(&old);
    sending.wind(7, Some(3 << 16), None);
    let packet = sent(&mut sending, 1);
    assert!(received(&mut receiving, &packet).is_err(), "nobody can guess a counter of 3");
    let mut sending = SendContext::new(&old);
    for number in [65_535, 30_000, 60_000, 20_000, 50_000, 1] {
        let packet = sent(&mut sending, number);
        received(&mut receiving, &packet).unwrap();
    }
    let mut receiving = ReceiveContext::succeeding(std::slice::from_ref(&new), &receiving);
    let mut sending = SendContext::new(&new);
    sending.wind(7, Some(3 << 16 | 1), None);
    let packet = sent(&mut sending, 2);
    assert_eq!(received(&mut receiving, &packet), Ok(rtp(7, 2)));
}

#[test]
fn what_is_not_protected_is_refused_and_counted() {
    let (ours, _) = call(1, 51, Suite::AesCm128HmacSha1_32);
    let mut us = Protection::new(&ours);
    assert_eq!(us.unprotect(&rtp(7, 1)), Err(SrtpError::Unauthentic));
    assert_eq!(us.unprotect(&rtcp(7)), Err(SrtpError::Unauthentic));
    assert_eq!(us.unprotect(b""), Err(SrtpError::Malformed));
    assert_eq!(us.rejected(), Rejected { unauthentic: 3, replayed: 0 });
}

#[test]
fn keys_are_never_printed() {
    let keys = call(0x41, 0x61, Suite::AeadAes256Gcm).0;
    let source = KeySource::new([0x41; 32]);
    let text = format!("{keys:?} {source:?} {:?}", Protection::new(&keys));
    assert!(text.contains("MasterKey(AEAD_AES_256_GCM)"), "{text}");
    assert!(!text.contains("65, 66") && !text.to_lowercase().contains("4142") && !text.contains("AB"), "{text}");
}

#[test]
fn keys_of_a_source_differ_and_fit_their_suite() {
    let mut source = KeySource::new([7; 32]);
    let keys: Vec<MasterKey> = Suite::ALL.into_iter().chain(Suite::ALL).map(|suite| source.master_key(suite)).collect();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(key.reveal().len(), key.suite().key_len() + key.suite().salt_len());
        assert!(keys[..at].iter().all(|other| other.reveal()[..16] != key.reveal()[..16]));
    }
    assert_eq!(MasterKey::new(Suite::AeadAes128Gcm, &[0; 30]), None);
}

proptest! {
    /// Any bytes, as they are or behind the header of a stream that is known.
    #[test]
    fn any_packet_is_refused_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), known in any::<bool>()) {
        for suite in Suite::ALL {
            let key = Key { master: master(suite, 1), mki: vec![9; bytes.len() % 5] };
            let mut receiving = ReceiveContext::new(std::slice::from_ref(&key));
            let packet = sent(&mut SendContext::new(&key), 1);
            received(&mut receiving, &packet).unwrap();
            let mut bytes = bytes.clone();
            if known {
                bytes.splice(0..bytes.len().min(12), packet[..12].iter().copied());
            }
            prop_assert!(receiving.unprotect(&mut bytes.clone()).is_err());
            prop_assert!(receiving.unprotect_rtcp(&mut bytes).is_err());
            prop_assert_eq!(receiving.sources(), 1);
        }
    }
}
