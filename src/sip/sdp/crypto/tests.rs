//! The grammar of RFC 4568 with its examples, and who takes which line.

use sdp_types::Session;

use super::super::{LocalMedia, Negotiated, SdpError, accept_answer, answer, offer, reoffer};
use super::*;
use crate::audio::Codec;

/// RFC 4568 §4.
const EXAMPLE: &str = "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32";
const KEY: &str = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

fn read(text: &str) -> Result<CryptoAttribute, CryptoError> {
    text.parse()
}

#[test]
fn the_examples_of_the_rfc() {
    let line = read(EXAMPLE).unwrap();
    assert_eq!((line.tag, line.suite), (1, Suite::AesCm128HmacSha1_80));
    assert_eq!(line.keys[0].lifetime, Some(1 << 20));
    let mut mki = [0; 32];
    mki[31] = 1;
    assert_eq!(line.keys[0].key.mki, mki);
    assert_eq!(line.keys[0].key.master.reveal(), b"=-n@%^x!Bju\x66r9)?,#5h\\`=&]{qiPQ");
    assert_eq!(line.reveal(), EXAMPLE);
    // §6.1: two keys told apart.
    let text = "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4;\
                inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20|2:4";
    let line = read(text).unwrap();
    assert_eq!(line.keys.iter().map(|key| key.key.mki.clone()).collect::<Vec<_>>(), [[0, 0, 0, 1], [0, 0, 0, 2]]);
    assert_eq!(line.reveal(), text);
    // §10.1, with a hint at the window.
    let text = "2 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20 WSH=128 -XYZ=1";
    assert_eq!(read(text).unwrap().tag, 2);
}

#[test]
fn lines_of_every_suite_are_printed_as_they_are_read() {
    let mut source = KeySource::new([1; 32]);
    for (tag, suite) in (1..).zip(Suite::ALL) {
        let line = CryptoAttribute::new(tag, source.master_key(suite));
        let text = line.reveal();
        assert_eq!(read(&text), Ok(line), "{text}");
        assert_eq!(read(text.trim_end_matches('=')).map(|line| line.reveal()), Ok(text), "without padding");
    }
    let line = read(&format!("999999999 aes_cm_128_hmac_sha1_80 INLINE:{}|1000", &KEY[7..])).unwrap();
    assert_eq!(line.reveal(), format!("999999999 AES_CM_128_HMAC_SHA1_80 {KEY}|1000"));
    assert!(!format!("{line:?}").contains("PS1u"));
}

#[test]
fn what_makes_a_line_useless() {
    let with = |rest: &str| read(&format!("1 AES_CM_128_HMAC_SHA1_80 {rest}")).unwrap_err();
    let long = "x".repeat(5_000);
    for (text, error) in [
        ("", CryptoError::Incomplete),
        ("1 AES_CM_128_HMAC_SHA1_80", CryptoError::Incomplete),
        (long.as_str(), CryptoError::Incomplete),
        ("1234567890 AES_CM_128_HMAC_SHA1_80 x", CryptoError::Tag),
        ("-1 AES_CM_128_HMAC_SHA1_80 x", CryptoError::Tag),
        ("1 F8_128_HMAC_SHA1_80 inline:AA", CryptoError::Suite),
    ] {
        assert_eq!(read(text), Err(error), "{text}");
    }
    assert_eq!(with("PS1u"), CryptoError::Method);
    assert_eq!(with("uri:PS1u"), CryptoError::Method);
    assert_eq!(with("inline:"), CryptoError::Key);
    assert_eq!(with("inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVB"), CryptoError::Key);
    assert_eq!(with(&format!("{KEY}AAAA")), CryptoError::Key);
    assert_eq!(with(&KEY.replace("PS1", "P-1")), CryptoError::Key);
    for lifetime in ["", "0", "2^49", "2^99", "2^", "x", "-1", "281474976710657"] {
        assert_eq!(with(&format!("{KEY}|{lifetime}")), CryptoError::Lifetime, "{lifetime}");
    }
    for mki in ["1:0", "1:129", "256:1", ":4", "1:", "1:4:4", "1:4|", "1:4|2^20", "x:4"] {
        assert_eq!(with(&format!("{KEY}|2^20|{mki}")), CryptoError::Identifier, "{mki}");
    }
    assert_eq!(with(&format!("{KEY};{KEY}")), CryptoError::Identifier, "keys that can't be told apart");
    assert_eq!(with(&format!("{KEY}|1:4;{KEY}|1:4")), CryptoError::Identifier);
    assert_eq!(with(&format!("{KEY}|1:4;{KEY}|2:2")), CryptoError::Identifier);
    assert_eq!(with(&[KEY; 9].join(";")), CryptoError::Keys);
    for parameter in [
        "KDR=0",
        "KDR=8",
        "UNENCRYPTED_SRTP",
        "UNAUTHENTICATED_SRTP",
        "UNENCRYPTED_SRTCP",
        "FEC_ORDER=FEC_SRTP",
        "WSH=63",
        "WSH=",
        "WSH",
        "XYZ",
        "-",
    ] {
        assert_eq!(with(&format!("{KEY} WSH=64 {parameter}")), CryptoError::SessionParameter, "{parameter}");
    }
}

fn local(policy: SrtpPolicy, seed: u8) -> LocalMedia {
    LocalMedia {
        address: ([192, 0, 2, 10], 30_000).into(),
        codecs: vec![Codec::Pcma],
        session_id: 1,
        session_version: 1,
        security: Security::new(policy, Some(&mut KeySource::new([seed; 32]))),
    }
}

fn description(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}")
}

fn answered(media: &str, policy: SrtpPolicy) -> Result<(Session, Negotiated), SdpError> {
    let (text, negotiated) = answer(&description(media), &local(policy, 1))?;
    Ok((Session::parse(text.as_bytes()).unwrap(), negotiated))
}

fn crypto(media: &Media) -> Vec<CryptoAttribute> {
    lines(media).map(Result::unwrap).collect()
}

const SAVP_OFFER: &str = "m=audio 4000 RTP/SAVP 8\r\n\
    a=crypto:1 F8_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\r\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR KDR=1\r\n\
    a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20|1:4\r\n\
    a=crypto:8 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";

#[test]
fn the_first_usable_line_of_an_offer_is_taken() {
    for policy in [SrtpPolicy::Optional, SrtpPolicy::Required] {
        let (session, negotiated) = answered(SAVP_OFFER, policy).unwrap();
        let ours = &session.medias[0];
        assert_eq!((ours.port, ours.proto.as_str()), (30_000, "RTP/SAVP"));
        let agreed = negotiated.srtp.unwrap();
        assert_eq!((agreed.tag, agreed.keys.suite()), (7, Suite::AesCm128HmacSha1_32));
        assert_eq!(agreed.keys.remote[0].mki, [0, 0, 0, 1]);
        let lines = crypto(ours);
        assert_eq!((lines.len(), lines[0].tag, lines[0].suite), (1, 7, Suite::AesCm128HmacSha1_32));
        assert_eq!(lines[0].keys[0].key, agreed.keys.local, "our key, not theirs");
        assert_ne!(agreed.keys.local.master, agreed.keys.remote[0].master);
    }
}

#[test]
fn keys_under_the_plain_profile_are_taken_and_answered_under_it() {
    let avp = SAVP_OFFER.replace("SAVP", "AVP");
    let (session, negotiated) = answered(&avp, SrtpPolicy::Required).unwrap();
    assert_eq!((session.medias[0].proto.as_str(), crypto(&session.medias[0]).len()), ("RTP/AVP", 1));
    assert_eq!(negotiated.srtp.map(|agreed| agreed.tag), Some(7));
    let (session, negotiated) = answered(&avp, SrtpPolicy::Off).unwrap();
    assert!(negotiated.srtp.is_none() && crypto(&session.medias[0]).is_empty());
}

#[test]
fn of_two_streams_the_encrypted_one_is_taken() {
    let plain = "m=audio 4002 RTP/AVP 8\r\n";
    for (media, chosen) in [(format!("{plain}{SAVP_OFFER}"), 1), (format!("{SAVP_OFFER}{plain}"), 0)] {
        let (session, negotiated) = answered(&media, SrtpPolicy::Optional).unwrap();
        assert_eq!(negotiated.remote.port(), 4000);
        let ports: Vec<u16> = session.medias.iter().map(|media| media.port).collect();
        assert_eq!((ports[chosen], ports[1 - chosen]), (30_000, 0));
        assert!(crypto(&session.medias[1 - chosen]).is_empty());
        let (session, negotiated) = answered(&media, SrtpPolicy::Off).unwrap();
        assert_eq!((negotiated.remote.port(), session.medias[chosen].port), (4002, 0));
    }
}

#[test]
fn what_can_not_be_agreed_is_refused() {
    let refused = |media: &str, policy| answered(media, policy).map(|_| ()).unwrap_err();
    let plain = "m=audio 4000 RTP/AVP 8\r\n";
    let without = "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 F8_128_HMAC_SHA1_80 inline:AA\r\n";
    assert_eq!(refused(plain, SrtpPolicy::Required), SdpError::NotEncrypted);
    assert_eq!(refused(without, SrtpPolicy::Optional), SdpError::NoKeys);
    assert_eq!(refused(SAVP_OFFER, SrtpPolicy::Off), SdpError::NoAudio);
    assert_eq!(refused("m=audio 4000 UDP/TLS/RTP/SAVP 8\r\n", SrtpPolicy::Optional), SdpError::NoAudio);
    assert!(answered(&without.replace("SAVP", "AVP"), SrtpPolicy::Optional).unwrap().1.srtp.is_none());
    for (media, policy) in
        [(SAVP_OFFER, SrtpPolicy::Optional), (SAVP_OFFER, SrtpPolicy::Required), (plain, SrtpPolicy::Required)]
    {
        let local = LocalMedia { security: Security::new(policy, None), ..local(policy, 1) };
        assert_eq!(answer(&description(media), &local).unwrap_err(), SdpError::KeysInClear);
    }
}

#[test]
fn offers_by_policy_and_their_answers() {
    for (policy, profile) in [(SrtpPolicy::Optional, "RTP/AVP"), (SrtpPolicy::Required, "RTP/SAVP")] {
        let (ours, theirs) = (local(policy, 1), local(SrtpPolicy::Optional, 2));
        let offered = offer(&ours);
        let media = Session::parse(offered.as_bytes()).unwrap().medias.remove(0);
        assert_eq!(media.proto, profile);
        let lines = crypto(&media);
        assert_eq!(lines.iter().map(|line| line.tag).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(lines.iter().map(|line| line.suite).collect::<Vec<_>>(), Suite::ALL);
        let (answer_text, at_their_side) = answer(&offered, &theirs).unwrap();
        let at_ours = accept_answer(&answer_text, &ours).unwrap();
        let (a, b) = (at_ours.srtp.unwrap().keys, at_their_side.srtp.unwrap().keys);
        assert_eq!((&a.local, &a.remote[0]), (&b.remote[0], &b.local));
        // Later offers keep the profile.
        let again =
            reoffer(&local(SrtpPolicy::Optional, 3), &answer_text, super::super::Direction::SendReceive).unwrap();
        assert!(again.contains(&format!("{profile} ")), "{again}");
    }
    assert!(!offer(&local(SrtpPolicy::Off, 1)).contains("crypto"));
}

#[test]
fn an_answer_must_take_what_was_offered() {
    let ours = local(SrtpPolicy::Required, 1);
    let accept =
        |media: &str, ours: &LocalMedia| accept_answer(&description(media), ours).map(|agreed| agreed.srtp.is_some());
    let with = |line: &str| accept(&format!("m=audio 4000 RTP/SAVP 8\r\na=crypto:{line}\r\n"), &ours);
    assert_eq!(with(&format!("3 AES_CM_128_HMAC_SHA1_80 {KEY}")), Ok(true));
    assert_eq!(
        with(&format!("4 AES_CM_128_HMAC_SHA1_80 {KEY}")),
        Err(SdpError::ForeignKey),
        "the tag of another suite"
    );
    assert_eq!(with(&format!("5 AES_CM_128_HMAC_SHA1_80 {KEY}")), Err(SdpError::ForeignKey), "no tag of ours");
    assert_eq!(with("3 AES_CM_128_HMAC_SHA1_80 inline:AA"), Err(SdpError::NoKeys));
    assert_eq!(accept("m=audio 4000 RTP/SAVP 8\r\n", &ours), Err(SdpError::NoKeys));
    assert_eq!(accept("m=audio 4000 RTP/AVP 8\r\n", &ours), Err(SdpError::NotEncrypted));
    assert_eq!(accept("m=audio 0 RTP/SAVP 8\r\n", &ours), Err(SdpError::Rejected));
    let ours = local(SrtpPolicy::Optional, 1);
    assert_eq!(accept("m=audio 4000 RTP/AVP 8\r\n", &ours), Ok(false));
    assert_eq!(
        accept(&format!("m=audio 4000 RTP/AVP 8\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"), &ours),
        Ok(true)
    );
}
