//! RFC 3711 appendix B, RFC 6188 §7.2, RFC 7714 §16 and §17, and the reference packets of libsrtp's own tests, whose
//! master keys also pass the key derivation.

use super::super::cipher::{Place, SessionKeys};
use super::super::derive::{Label, derive, keystream};
use super::*;
use aes::cipher::KeyInit;

#[test]
fn rfc_3711_b2_key_stream() {
    let aes = aes::Aes128Enc::new_from_slice(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    // Salt, SSRC 0 and index 0: the counter block begins with the salt.
    let iv: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    let mut stream = vec![0; 16 * 0xff02];
    keystream(&aes, &iv, &mut stream);
    for (block, expected) in [
        (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ] {
        assert_eq!(stream[block * 16..][..16], hex(expected), "block {block:x}");
    }
}

#[test]
fn rfc_3711_b3_key_derivation() {
    let bytes = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &bytes).unwrap();
    let derived = |label, length| derive(&master, label, length).to_vec();
    assert_eq!(derived(Label::RtpEncryption, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(Label::RtpSalt, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let authentication = "CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
         E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
         6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(derived(Label::RtpAuthentication, 94), hex(authentication));
}

/// With the salt of 112 bits that RFC 6188's suites have; those of RFC 7714 have 96, followed by zeros.
#[test]
fn rfc_6188_7_2_key_derivation_with_aes_256() {
    let key = "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6";
    let aes = aes::Aes256Enc::new_from_slice(&hex(key)).unwrap();
    for (label, expected) in [
        (0, "5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4"),
        (1, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"),
        (2, "fa31791685ca444a9e07c6c64e93"),
    ] {
        let mut iv: [u8; 16] = hex("3b04803de51ee7c96423ab5b78d20000").try_into().unwrap();
        iv[7] ^= label;
        let expected = hex(expected);
        let mut out = vec![0; expected.len()];
        keystream(&aes, &iv, &mut out);
        assert_eq!(out, expected, "label {label}");
    }
    let mut bytes = hex(key);
    bytes.extend(hex("3b04803de51ee7c96423ab5b"));
    let master = MasterKey::new(Suite::AeadAes256Gcm, &bytes).unwrap();
    let mut expected = vec![0; 32];
    keystream(&aes, &hex("3b04803de51ee7c96423ab5b00000000").try_into().unwrap(), &mut expected);
    assert_eq!(derive(&master, Label::RtpEncryption, 32).to_vec(), expected);
}

const SALT: &str = "517569642070726f2071756f";
const RTP: &str =
    "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
const RTCP: &str =
    "81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn gcm(key: &str) -> SessionKeys {
    SessionKeys::of_gcm(&hex(key), &hex(SALT))
}

#[test]
fn rfc_7714_16_rtp_with_aes_gcm() {
    for (key, expected) in [
        (
            KEY_128,
            "8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            KEY_256,
            "8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ] {
        let mut packet = hex(RTP);
        SendContext::of_session_keys(gcm(key)).protect(&mut packet).unwrap();
        assert_eq!(packet, hex(expected));
        ReceiveContext::of_session_keys(gcm(key)).unprotect(&mut packet).unwrap();
        assert_eq!(packet, hex(RTP));
    }
}

#[test]
fn rfc_7714_17_rtcp_with_aes_gcm() {
    for (key, expected) in [
        (
            KEY_128,
            "81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc
             84aa45896cf4d2fc5abf87245d9eade800005d4",
        ),
        (
            KEY_256,
            "81c8000d4d617273 d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1
             d1eb30c4446839f57ff6f6cb26ac3be800005d4",
        ),
    ] {
        let mut context = SendContext::of_session_keys(gcm(key));
        context.wind(0x4d61_7273, None, Some(0x5d3));
        let mut packet = hex(RTCP);
        context.protect_rtcp(&mut packet).unwrap();
        assert_eq!(packet, hex(expected));
        ReceiveContext::of_session_keys(gcm(key)).unprotect_rtcp(&mut packet).unwrap();
        assert_eq!(packet, hex(RTCP));
    }
}

#[test]
fn rfc_7714_17_3_rtcp_that_is_only_authenticated() {
    let mut packet = hex(RTCP);
    packet.extend(hex("841dd9683dd78ec92ae58790125f62b3 000005d4"));
    let mut damaged = packet.clone();
    damaged[20] ^= 1;
    let mut context = ReceiveContext::of_session_keys(gcm(KEY_128));
    assert_eq!(context.unprotect_rtcp(&mut damaged), Err(SrtpError::Unauthentic));
    context.unprotect_rtcp(&mut packet).unwrap();
    assert_eq!(packet, hex(RTCP));
}

/// libsrtp, `srtp_validate` and `srtp_validate_gcm`.
#[test]
fn reference_packets_of_libsrtp() {
    let rtp = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let rtcp = hex("81c8000bcafebabe abababababababababababababababab");
    for (suite, key, expected_rtp, expected_rtcp) in [
        (
            Suite::AesCm128HmacSha1_80,
            "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
            "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb",
            "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798",
        ),
        (
            Suite::AeadAes128Gcm,
            "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
            "800f1234decafbadcafebabe c5002ede04cfdd2eb91159e0880aa06e d2976826f796b201df3131a127e8a392",
            "81c8000bcafebabe c98b8b5df0392a55852b6c21ac8e7025 c52c6fbea2b3b446ea31123ba88ce61e 80000001",
        ),
    ] {
        let key = Key::from(MasterKey::new(suite, &hex(key)).unwrap());
        let (mut sending, mut receiving) = (SendContext::new(&key), ReceiveContext::new(std::slice::from_ref(&key)));
        let (mut packet, mut report) = (rtp.clone(), rtcp.clone());
        sending.protect(&mut packet).unwrap();
        sending.protect_rtcp(&mut report).unwrap();
        assert_eq!(packet, hex(expected_rtp), "{suite:?}");
        assert_eq!(report, hex(expected_rtcp), "{suite:?}");
        receiving.unprotect(&mut packet).unwrap();
        receiving.unprotect_rtcp(&mut report).unwrap();
        assert_eq!((packet, report), (rtp.clone(), rtcp.clone()));
    }
}

/// Only the tag is shorter than with the suite of 80 bits, and only that of RTP (RFC 4568 §6.2.2).
#[test]
fn the_suite_with_short_tags() {
    let long = Key::from(master(Suite::AesCm128HmacSha1_80, 1));
    let short = Key::from(master(Suite::AesCm128HmacSha1_32, 1));
    let mut packets = [rtp(1, 1), rtp(1, 1)];
    let mut reports = [rtcp(1), rtcp(1)];
    for ((key, packet), report) in [long, short].iter().zip(&mut packets).zip(&mut reports) {
        let mut context = SendContext::new(key);
        context.protect(packet).unwrap();
        context.protect_rtcp(report).unwrap();
    }
    assert_eq!(packets[0].len(), packets[1].len() + 6);
    assert!(packets[0].starts_with(&packets[1]));
    assert_eq!(reports[0], reports[1]);
}

/// The initialisation vector of RFC 7714 §16: salt, SSRC, roll-over counter, number.
#[test]
fn the_roll_over_counter_is_in_the_vector_and_in_the_tag() {
    for suite in Suite::ALL {
        let keys = SessionKeys::new(&master(suite, 1));
        let protected = |index| {
            let mut packet = rtp(7, 5);
            keys.protect_rtp(&mut packet, 12, Place { ssrc: 7, index }, &[]);
            packet
        };
        let (first, second) = (protected(5), protected(5 + (1 << 16)));
        assert_ne!(first[12..172], second[12..172], "{suite:?}");
        assert_ne!(first[172..], second[172..], "{suite:?}");
    }
}
