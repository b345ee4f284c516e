//! SRTP: any bytes as a packet received, any packet there and back, any text as `a=crypto`.

use crate::audio::Codec;
use crate::rtp::srtp::{Key, KeySource, Protection, ReceiveContext, SendContext, Suite};
use crate::sip::sdp::{CryptoAttribute, LocalMedia, Security, SrtpPolicy, accept_answer, answer, offer};

pub fn check(data: &[u8]) {
    packets(data);
    attribute(&String::from_utf8_lossy(data));
}

fn packets(data: &[u8]) {
    let mut source = KeySource::new([1; 32]);
    for suite in Suite::ALL {
        let mki = vec![7; data.len() % 5];
        let key = Key { master: source.master_key(suite), mki };
        let (mut sending, mut receiving) = (SendContext::new(&key), ReceiveContext::new(std::slice::from_ref(&key)));
        for rtcp in [false, true] {
            // As it came. What is refused is left as it was.
            let mut packet = data.to_vec();
            let refused = match rtcp {
                false => receiving.unprotect(&mut packet),
                true => receiving.unprotect_rtcp(&mut packet),
            };
            assert!(refused.is_ok() || packet == data);
            // There and back, damaged and whole.
            let mut packet = data.to_vec();
            let protected = match rtcp {
                false => sending.protect(&mut packet),
                true => sending.protect_rtcp(&mut packet),
            };
            if protected.is_err() {
                assert_eq!(packet, data);
                continue;
            }
            let mut unprotect = |packet: &[u8]| {
                let mut packet = packet.to_vec();
                let outcome = match rtcp {
                    false => receiving.unprotect(&mut packet),
                    true => receiving.unprotect_rtcp(&mut packet),
                };
                outcome.map(|()| packet)
            };
            let mut damaged = packet.clone();
            let at = usize::from(data[3]) % damaged.len();
            damaged[at] ^= 1 << (data[0] % 8);
            assert!(unprotect(&damaged).is_err());
            assert_eq!(unprotect(&packet).as_deref(), Ok(data));
            assert!(unprotect(&packet).is_err(), "a replay");
        }
    }
}

fn attribute(text: &str) {
    if let Ok(line) = text.parse::<CryptoAttribute>() {
        assert_eq!(line.reveal().parse().as_ref(), Ok(&line));
        assert!(!line.keys.is_empty() && line.keys.iter().all(|key| key.key.master.suite() == line.suite));
    }
    let side = |policy, seed| LocalMedia {
        address: ([192, 0, 2, 1], 4000).into(),
        codecs: vec![Codec::Pcma],
        session_id: 1,
        session_version: 1,
        security: Security::new(policy, Some(&mut KeySource::new([seed; 32]))),
    };
    let (ours, theirs) = (side(SrtpPolicy::Required, 2), side(SrtpPolicy::Optional, 3));
    let line = text.replace(['\r', '\n'], " ");
    let described = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8\r\n\
         a=crypto:{line}\r\n"
    );
    // As an offer: whatever was agreed, an answer with a key of ours goes out, and packets can pass.
    if let Ok((answered, negotiated)) = answer(&described, &ours) {
        let agreed = negotiated.srtp.expect("keys");
        assert!(answered.contains(&format!("a=crypto:{} {} inline:", agreed.tag, agreed.keys.suite().name())));
        Protection::new(&agreed.keys);
    }
    // As an answer: only a line of ours is taken.
    if let Ok(negotiated) = accept_answer(&described, &ours) {
        let agreed = negotiated.srtp.expect("keys");
        let own = format!("a=crypto:{} {} inline:", agreed.tag, agreed.keys.suite().name());
        assert!(offer(&ours).contains(&own));
    }
    if sdp_types::Session::parse(described.as_bytes()).is_ok() {
        answer(&described.replace("RTP/SAVP", "RTP/AVP"), &theirs).expect("audio in clear at least");
    }
}
