//! What leaves by a capture and what does not: whole messages, whole calls, random bytes.

use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::message::mask_message;
use super::*;

const PRIVATE: Wanted = Wanted { calls: 1, audio: false, keys: false, personal: false };
const OPEN: Wanted = Wanted { calls: 1, audio: true, keys: true, personal: true };

const INVITE: &str = "INVITE sip:0139456789:secret@192.0.2.1;user=phone SIP/2.0\r\n\
Via: SIP/2.0/TLS 192.0.2.2:5061;branch=z9hG4bK1\r\n\
From: \"Jean Dupont, 0612345678\" <sip:0612345678@192.0.2.2;x-number=0612345678>;tag=abc\r\n\
t: Jean sip:Dupont@192.0.2.1\r\n\
Call-ID: 7@192.0.2.2\r\n\
CSeq: 2 INVITE\r\n\
P-Asserted-Identity: <tel:+33612345678>,\r\n \"Jean\"<sip:0612345678@192.0.2.2>\r\n\
Diversion: <sip:0611111111@192.0.2.2>;reason=no-answer;counter=1\r\n\
Identity: eyJ0612345678\r\n\
X-Caller: 0612345678\r\n\
Subject: 0612345678\r\n\
Proxy-Authorization: Digest username=\"jdupont\", realm=\"pabx\", nonce=\"n0nce, x\",\r\n uri=\"sip:0139456789@192.0.2.1\", response=\"deadbeefdeadbeef\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c0ffee\"\r\n\
Contact: <sip:jdupont@192.0.2.2:5061;transport=tls>;+sip.instance=\"<urn:uuid:0612345678>\"\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 199\r\n\
\r\n\
v=0\r\no=jdupont 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8\r\n\
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d29ydGgga2VlcGluZyBzZWNyZXQ\r\n";

/// What must never be found in a file that nobody asked it for.
const PERSONAL: [&str; 7] = ["0612345678", "33612345678", "0611111111", "0139456789", "Dupont", "dupont", "Jean"];
const SECRETS: [&str; 6] = ["secret", "deadbeef", "c0ffee", "n0nce", "d29ydGgga2VlcGluZyBzZWNyZXQ", "username=\"j"];

fn masked(message: &str, wanted: &Wanted) -> String {
    let mut bytes = message.as_bytes().to_vec();
    mask_message(&mut bytes, wanted);
    assert_eq!(bytes.len(), message.len());
    String::from_utf8(bytes).unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_millis(ms)
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_message_loses_names_numbers_keys_and_passwords() {
    let text = masked(INVITE, &PRIVATE);
    for lost in PERSONAL.into_iter().chain(SECRETS) {
        assert!(!text.contains(lost), "{lost} in {text}");
    }
    for kept in [
        "INVITE sip:xxxxxxxxxxxxxxxxx@192.0.2.1;user=phone SIP/2.0\r\n",
        "branch=z9hG4bK1",
        "@192.0.2.2;xxxxxxxxxxxxxxxxxxx>;tag=abc\r\n",
        "t: xxxx sip:xxxxxx@192.0.2.1\r\n",
        "Call-ID: 7@192.0.2.2\r\n",
        "<tel:xxxxxxxxxxxx>,\r\n \"xxxx\"<sip:xxxxxxxxxx@192.0.2.2>\r\n",
        ">;reason=no-answer;counter=1",
        "Digest username=\"xxxxxxx\", realm=\"pabx\", nonce=\"xxxxxx x\",\r\n uri=\"xxx",
        "algorithm=MD5, qop=auth, nc=00000001, cnonce=\"xxxxxx\"\r\n",
        "<sip:xxxxxxx@192.0.2.2:5061;transport=tls>;",
        "m=audio 4000 RTP/SAVP 8\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxx",
    ] {
        assert!(text.contains(kept), "{kept} not in {text}");
    }
}

#[test]
fn asked_for_all_but_passwords_stays() {
    let text = masked(INVITE, &OPEN);
    for kept in PERSONAL.into_iter().filter(|kept| *kept != "dupont").chain(["d29ydGgga2VlcGluZyBzZWNyZXQ"]) {
        assert!(text.contains(kept), "{kept} not in {text}");
    }
    for lost in ["secret@", "deadbeef", "c0ffee", "n0nce"] {
        assert!(!text.contains(lost), "{lost} in {text}");
    }
    let keys = masked(INVITE, &Wanted { keys: true, ..PRIVATE });
    assert!(keys.contains("d29ydGgga2VlcGluZyBzZWNyZXQ") && !keys.contains("0612345678"));
}

#[test]
fn crooked_messages_hide_nothing() {
    for (message, secret) in [
        ("INVITE tel:0612345678 SIP/2.0\r\n\r\n", "0612345678"),
        ("INVITE 0612345678 SIP/2.0\r\n\r\n", "0612345678"),
        ("INVITE sip:0612345678 SIP/2.0\r\n\r\n", "0612345678"),
        ("INVITE sip:0612345678@h", "0612345678"),
        ("SIP/2.0 200 OK\r\nFrom: sip:0612345678@h;tag=1;n=0612345678\r\n\r\n", "0612345678"),
        ("SIP/2.0 200 OK\r\nTo: <sip:a@h?Proxy-Authorization=Digest%20response%3Dcafe>\r\n\r\n", "cafe"),
        ("SIP/2.0 200 OK\r\nTo: \"0612345678\\\" <sip:h>\r\n\r\n", "0612345678"),
        ("SIP/2.0 200 OK\r\nTo: 0612345678\r\n\r\n", "0612345678"),
        ("SIP/2.0 200 OK\r\nVia: x\rAuthorization: Digest response=\"cafe\"\r\n\r\n", "cafe"),
        ("SIP/2.0 200 OK\r\n 0612345678\r\nFrom 0612345678\r\n\r\n", "0612345678"),
        ("SIP/2.0 200 OK\r\n\n\na=crypto:1 AES inline:cafe", "cafe"),
        ("SIP/2.0 200 OK\r\r\ra=crypto:1 AES inline:cafe", "cafe"),
        ("SIP/2.0 200 OK\r\nAuthorization: Digest realm=\"x, response=\"cafe\"\r\n\r\n", "cafe"),
        ("SIP/2.0 200 OK\r\nAuthorization: Digest response=,cafe\", nc=1\r\n\r\n", "cafe"),
        ("SIP/2.0 200 OK\r\nauthorization :Basic cafe\r\n\r\n", "cafe"),
        ("SIP/2.0 200 OK\r\nX-Authenticate: cafe\r\n\r\n", "cafe"),
    ] {
        let text = masked(message, &PRIVATE);
        assert!(!text.contains(secret), "{message:?}: {text:?}");
        if secret == "cafe" {
            let text = masked(message, &Wanted { keys: false, ..OPEN });
            assert!(!text.contains(secret), "{message:?}: {text:?}");
        }
    }
}

fn request(method: &str, id: &str, more: &str, body: &str) -> String {
    let tag = if more.contains("new") { "" } else { ";tag=ours" };
    format!(
        "{method} sip:mairie@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{id}\r\nFrom: <sip:0612345678@h>;tag=1\r\n\
         To: <sip:mairie@h>{tag}\r\nCall-ID: {id}\r\nCSeq: 1 {method}\r\n{}Content-Length: {}\r\n\r\n{body}",
        more.trim_start_matches("new"),
        body.len()
    )
}

fn response(status: u16, method: &str, id: &str, body: &str) -> String {
    format!(
        "SIP/2.0 {status} Reason\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{id}\r\nFrom: <sip:0612345678@h>;tag=1\r\n\
         To: <sip:mairie@h>;tag=ours\r\nCall-ID: {id}\r\nCSeq: 1 {method}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn sdp(port: u16) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n")
}

/// A tap that is armed, and how messages come to it.
struct Rig {
    tap: Tap,
    armed: Armed,
    now: i64,
}

impl Rig {
    fn new(wanted: Wanted) -> Rig {
        let tap = Tap::default();
        let armed = tap.arm(wanted).unwrap();
        Rig { tap, armed, now: 0 }
    }

    /// Whether the message was taken.
    fn message(&mut self, direction: Direction, text: &str) -> bool {
        self.now += 10;
        self.tap.message(
            at(self.now),
            direction,
            address("192.0.2.1:5060"),
            address("192.0.2.2:5060"),
            text.as_bytes(),
        );
        self.armed.try_packet().is_some()
    }

    fn rtp(&mut self, port: u16) -> Option<Packet> {
        let local = SocketAddr::new("0.0.0.0".parse().unwrap(), port);
        if !self.tap.listens_to(port) {
            return None;
        }
        let packet = [&[0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..], &[0x55; 160]].concat();
        self.tap.datagram(at(self.now), Direction::Received, local, address("192.0.2.2:4000"), &packet);
        self.armed.try_packet()
    }
}

#[test]
fn one_call_from_its_invite_to_its_end() {
    let mut rig = Rig::new(PRIVATE);
    use Direction::{Received, Sent};
    assert!(!rig.message(Received, &request("OPTIONS", "0", "new", "")), "no call");
    assert!(!rig.message(Received, &request("INVITE", "old", "", &sdp(4_000))), "within a call that was there before");
    assert!(rig.message(Received, &request("INVITE", "one", "new", &sdp(4_000))));
    assert!(!rig.message(Received, &request("INVITE", "two", "new", &sdp(4_002))), "one is enough");
    assert!(!rig.message(Sent, &response(200, "INVITE", "two", &sdp(20_002))));
    assert_eq!(rig.rtp(20_000), None);
    assert!(rig.message(Sent, &response(200, "INVITE", "one", &sdp(20_000))));
    let Packet(packet) = rig.rtp(20_000).expect("the call's media");
    // Record header, IP, UDP, RTP header; nothing of the voice. To the address of the description.
    assert_eq!(packet.len(), 16 + 20 + 8 + 12);
    assert_eq!(packet[16 + 16..16 + 20], [192, 0, 2, 1]);
    assert!(rig.tap.listens_to(20_001), "RTCP");
    assert!(rig.rtp(20_002).is_none() && !rig.tap.listens_to(20_002) && !rig.tap.listens_to(4_000));
    assert!(!rig.armed.is_over());
    assert!(rig.message(Received, &request("BYE", "one", "", "")));
    assert!(rig.armed.is_over());
    assert!(rig.message(Sent, &response(200, "BYE", "one", "")));
    assert!(rig.rtp(20_000).is_some(), "what is under way");
    let counts = rig.armed.counts();
    assert_eq!((counts.calls, counts.messages, counts.rtp, counts.dropped), (1, 4, 2, 0));
}

#[test]
fn a_call_refused_for_want_of_a_password_comes_again() {
    let mut rig = Rig::new(PRIVATE);
    rig.message(Direction::Received, &request("INVITE", "one", "new", ""));
    rig.message(Direction::Sent, &response(401, "INVITE", "one", ""));
    assert!(rig.armed.is_over());
    assert!(rig.message(Direction::Received, &request("INVITE", "one", "new", "")));
    assert!(!rig.armed.is_over());
    assert_eq!(rig.armed.counts().calls, 1);
}

#[test]
fn a_call_that_is_moved_is_followed() {
    use Direction::{Received, Sent};
    let mut rig = Rig::new(PRIVATE);
    rig.message(Received, &request("INVITE", "one", "new", &sdp(4_000)));
    rig.message(Sent, &response(200, "INVITE", "one", &sdp(20_000)));
    // By REFER: our INVITE with the same port; another call's is another's.
    assert!(!rig.message(Sent, &request("INVITE", "other", "new", &sdp(20_002))));
    assert!(rig.message(Sent, &request("INVITE", "moved", "new", &sdp(20_000))));
    rig.message(Received, &response(200, "INVITE", "moved", &sdp(4_004)));
    rig.message(Received, &request("BYE", "one", "", ""));
    assert!(!rig.armed.is_over());
    // By Replaces.
    assert!(
        rig.message(Received, &request("INVITE", "taken", "newReplaces: moved;to-tag=1;from-tag=2\r\n", &sdp(4_006)))
    );
    rig.message(Sent, &response(200, "INVITE", "taken", &sdp(20_000)));
    rig.message(Sent, &request("BYE", "moved", "", ""));
    rig.now += 10_000;
    assert!(rig.rtp(20_000).is_some());
    rig.message(Sent, &request("BYE", "taken", "", ""));
    assert!(rig.armed.is_over());
    assert_eq!(rig.armed.counts().calls, 1);
}

#[test]
fn ports_of_calls_long_over_are_given_up() {
    use Direction::{Received, Sent};
    let mut rig = Rig::new(Wanted { calls: 2, ..PRIVATE });
    rig.message(Received, &request("INVITE", "one", "new", &sdp(4_000)));
    rig.message(Sent, &response(200, "INVITE", "one", &sdp(20_000)));
    rig.message(Received, &request("BYE", "one", "", ""));
    assert!(rig.rtp(20_000).is_some() && !rig.armed.is_over());
    rig.now += 5_000;
    rig.message(Received, &request("INVITE", "two", "new", &sdp(4_000)));
    assert!(rig.rtp(20_000).is_none());
}

#[test]
fn one_capture_at_a_time_and_none_afterwards() {
    let mut rig = Rig::new(PRIVATE);
    assert!(rig.tap.arm(PRIVATE).is_err());
    rig.message(Direction::Received, &request("INVITE", "one", "new", ""));
    rig.message(Direction::Sent, &response(200, "INVITE", "one", &sdp(20_000)));
    assert!(rig.tap.is_armed() && rig.tap.listens_to(20_000));
    let tap = rig.tap.clone();
    drop(rig);
    assert!(!tap.is_armed() && !tap.listens_to(20_000));
    let again = tap.arm(PRIVATE).unwrap();
    assert_eq!((again.counts(), again.is_over(), tap.listens_to(20_000)), (Counts::default(), false, false));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let mut rig = Rig::new(OPEN);
    rig.message(Direction::Received, &request("INVITE", "one", "new", &sdp(4_000)));
    rig.message(Direction::Sent, &response(200, "INVITE", "one", &sdp(20_000)));
    let packet = [&[0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..], &[0x55; 160]].concat();
    let (local, remote) = (address("192.0.2.1:20000"), address("192.0.2.2:4000"));
    for _ in 0..30_000 {
        rig.tap.datagram(at(0), Direction::Received, local, remote, &packet);
    }
    let kept = std::iter::from_fn(|| rig.armed.try_packet()).count() as u64;
    let counts = rig.armed.counts();
    assert_eq!((counts.rtp, kept + counts.dropped), (30_000, 30_000));
    assert!((10_000..=16_384).contains(&kept), "{kept}");
    assert!(rig.rtp(20_000).is_some(), "there is room again");
}

proptest! {
    #[test]
    fn any_bytes_keep_their_length(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), audio: bool, keys: bool, personal: bool,
    ) {
        let mut copy = bytes.clone();
        mask_message(&mut copy, &Wanted { calls: 1, audio, keys, personal });
        prop_assert_eq!(copy.len(), bytes.len());
    }

    /// Damage a good message anywhere: whatever a reader then makes of it, the caller's number stays out as long as it
    /// stands whole.
    #[test]
    fn damage_lets_no_number_out(cuts in proptest::collection::vec((0..1_400_usize, any::<u8>()), 0..6)) {
        let mut bytes = INVITE.as_bytes().to_vec();
        for (at, byte) in cuts {
            if at < bytes.len() && !matches!(byte, b'\r' | b'\n') && !bytes[at].is_ascii_alphanumeric() && !matches!(bytes[at], b'\r' | b'\n') {
                bytes[at] = byte;
            }
        }
        mask_message(&mut bytes, &PRIVATE);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(!text.contains("d29ydGgga2VlcGluZyBzZWNyZXQ"), "{}", text);
        prop_assert!(!text.contains("deadbeefdeadbeef"), "{}", text);
    }
}
