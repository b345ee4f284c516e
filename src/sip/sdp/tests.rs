//! Offer/answer as RFC 3264 and RFC 4317 have it, and what devices do instead.

mod codecs;
mod rfc3264;
mod rfc4317;

use super::*;

fn local() -> LocalMedia {
    LocalMedia {
        address: SocketAddr::from(([192, 0, 2, 10], 30_000)),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 42,
        session_version: 3,
        security: Security::default(),
    }
}

const HEAD: &str = "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=2873397496 2873404696\r\n";

fn answered(media: &str) -> (String, Negotiated) {
    answer(&format!("{HEAD}{media}"), &local()).unwrap()
}

fn refused(media: &str) -> SdpError {
    answer(&format!("{HEAD}{media}"), &local()).unwrap_err()
}

fn lines(sdp: &str, start: &str) -> Vec<String> {
    sdp.lines().filter(|l| l.starts_with(start)).map(str::to_owned).collect()
}

#[test]
fn our_offer() {
    let expected = "v=0\r\no=- 42 3 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
        m=audio 30000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:120\r\na=sendrecv\r\n";
    assert_eq!(offer(&local()), expected);
}

#[test]
fn an_offer_of_ours_answered_by_ourselves() {
    let peer = LocalMedia {
        address: SocketAddr::from(([192, 0, 2, 20], 40_000)),
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        ..local()
    };
    let (text, theirs) = answer(&offer(&local()), &peer).unwrap();
    let ours = accept_answer(&text, &local()).unwrap();
    assert_eq!(theirs.codec, Codec::Pcmu, "who answers chooses");
    assert_eq!(theirs.remote, local().address);
    assert_eq!(ours.receive, [(8, Codec::Pcma), (0, Codec::Pcmu)], "all that we offered");
    assert_eq!(ours, Negotiated { remote: peer.address, receive: ours.receive.clone(), ..theirs });
    assert_eq!(ours.telephone_event, Some(101));
    assert_eq!(ours.ptime_ms, Some(20));
    assert_eq!(ours.direction, Direction::SendReceive);
}

#[test]
fn our_preference_decides_among_what_is_offered() {
    let (text, negotiated) = answered("m=audio 4000 RTP/AVP 0 8\r\n");
    assert_eq!((negotiated.codec, negotiated.payload_type), (Codec::Pcma, 8));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 8"]);
    assert_eq!(negotiated.telephone_event, None);
    assert!(!text.contains("telephone-event"));
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 0 3\r\n");
    assert_eq!((negotiated.codec, negotiated.payload_type), (Codec::Pcmu, 0));
}

#[test]
fn payload_types_mean_what_rtpmap_says() {
    let (text, negotiated) = answered(
        "m=audio 4000 RTP/AVP 96 97 98 8\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 pcma/8000/1\r\n\
         a=rtpmap:98 TELEPHONE-EVENT/8000\r\na=rtpmap:8 G729/8000\r\na=fmtp:98 0-16\r\n",
    );
    assert_eq!((negotiated.codec, negotiated.payload_type), (Codec::Pcma, 97));
    assert_eq!(negotiated.telephone_event, Some(98));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97 98"]);
    assert_eq!(lines(&text, "a=rtpmap"), ["a=rtpmap:97 PCMA/8000", "a=rtpmap:98 telephone-event/8000"]);
    // Events at another clock rate are none of ours (RFC 4733 §2.1 ties them to the stream's rate).
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/48000\r\n");
    assert_eq!(negotiated.telephone_event, None);
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 8 101\r\n");
    assert_eq!(negotiated.telephone_event, None, "101 is dynamic: without rtpmap it means nothing in an offer");
}

#[test]
fn other_streams_are_rejected_in_their_place() {
    let (text, negotiated) = answered(
        "m=video 5000 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\nm=audio 0 RTP/AVP 8\r\nm=audio 4000/2 RTP/AVP 8\r\n\
         m=application 6000 TCP/MSRP *\r\nm=audio 7000 RTP/AVP 8\r\n",
    );
    assert_eq!(
        lines(&text, "m="),
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/AVP 8",
            "m=audio 30000 RTP/AVP 8",
            "m=application 0 TCP/MSRP *",
            "m=audio 0 RTP/AVP 8"
        ]
    );
    assert_eq!(negotiated.remote, "192.0.2.1:4000".parse().unwrap());
}

#[test]
fn times_are_copied_and_our_origin_is_ours() {
    let (text, _) = answered("m=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(lines(&text, "t="), ["t=2873397496 2873404696"]);
    assert_eq!(lines(&text, "o="), ["o=- 42 3 IN IP4 192.0.2.10"]);
    assert_eq!(lines(&text, "c="), ["c=IN IP4 192.0.2.10"]);
    assert_eq!(lines(&text, "a=ptime"), ["a=ptime:20"]);
}

#[test]
fn hold_is_answered_with_the_right_direction() {
    for (theirs, ours, attribute) in [
        ("", Direction::SendReceive, "a=sendrecv"),
        ("a=sendrecv\r\n", Direction::SendReceive, "a=sendrecv"),
        ("a=sendonly\r\n", Direction::ReceiveOnly, "a=recvonly"),
        ("a=recvonly\r\n", Direction::SendOnly, "a=sendonly"),
        ("a=inactive\r\n", Direction::Inactive, "a=inactive"),
        // The old way: an address nobody can send to (RFC 3264 §8.4).
        ("c=IN IP4 0.0.0.0\r\n", Direction::ReceiveOnly, "a=recvonly"),
        ("c=IN IP4 0.0.0.0\r\na=sendonly\r\n", Direction::ReceiveOnly, "a=recvonly"),
        ("c=IN IP4 0.0.0.0\r\na=inactive\r\n", Direction::Inactive, "a=inactive"),
    ] {
        let (text, negotiated) = answered(&format!("m=audio 4000 RTP/AVP 8\r\n{theirs}"));
        assert_eq!(negotiated.direction, ours, "{theirs}");
        assert!(text.lines().any(|line| line == attribute), "{theirs} {text}");
    }
}

#[test]
fn stream_attributes_go_before_those_of_the_session() {
    let (_, negotiated) = answered("a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(negotiated.direction, Direction::ReceiveOnly);
    let (_, negotiated) = answered("a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n");
    assert_eq!(negotiated.direction, Direction::SendReceive);
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 198.51.100.7\r\n");
    assert_eq!(negotiated.remote, "198.51.100.7:4000".parse().unwrap());
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 8\r\na=ptime:30\r\n");
    assert_eq!(negotiated.ptime_ms, Some(30));
    let (_, negotiated) = answered("m=audio 4000 RTP/AVP 8\r\na=ptime:99999\r\n");
    assert_eq!(negotiated.ptime_ms, None);
}

#[test]
fn rtcp_mux_only_when_it_was_offered() {
    let (text, _) = answered("m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n");
    assert!(text.contains("a=rtcp-mux\r\n"));
    let (text, _) = answered("m=audio 4000 RTP/AVP 8\r\n");
    assert!(!text.contains("rtcp-mux"));
    assert!(!offer(&local()).contains("rtcp-mux"));
}

#[test]
fn what_cannot_be_answered() {
    assert_eq!(refused(""), SdpError::NoAudio);
    assert_eq!(refused("m=video 5000 RTP/AVP 31\r\n"), SdpError::NoAudio);
    assert_eq!(refused("m=audio 4000 RTP/SAVP 8\r\n"), SdpError::NoAudio);
    assert_eq!(refused("m=audio 0 RTP/AVP 8\r\n"), SdpError::Rejected);
    assert_eq!(refused("m=audio 4000 RTP/AVP 3 18 101\r\na=rtpmap:101 telephone-event/8000\r\n"), SdpError::NoCodec);
    assert_eq!(refused("m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 18\r\n"), SdpError::NoCodec);
    assert_eq!(refused("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 pbx.example\r\n"), SdpError::NoAddress);
    assert_eq!(refused("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n"), SdpError::NoAddress);
    assert_eq!(refused("m=audio 4000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n"), SdpError::AddressFamily);
    assert_eq!(refused(&"m=audio 4000 RTP/AVP 8\r\n".repeat(100)), SdpError::Malformed);
    assert_eq!(answer("", &local()), Err(SdpError::Malformed));
    assert_eq!(answer("hello", &local()), Err(SdpError::Malformed));
    let nowhere = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert_eq!(answer(nowhere, &local()), Err(SdpError::NoAddress));
}

#[test]
fn ipv6() {
    let local = LocalMedia { address: "[2001:db8::10]:30000".parse().unwrap(), ..local() };
    let offered =
        "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    let (text, negotiated) = answer(offered, &local).unwrap();
    assert_eq!(negotiated.remote, "[2001:db8::1]:4000".parse().unwrap());
    assert_eq!(lines(&text, "c="), ["c=IN IP6 2001:db8::10"]);
}

#[test]
fn answers_to_our_offer() {
    let read = |media: &str| accept_answer(&format!("{HEAD}{media}"), &local());
    let agreed = read("m=audio 4000 RTP/AVP 0 8 101\r\n").unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcmu, 0), "the answer's first codec");
    assert_eq!(agreed.telephone_event, Some(101), "as we offered it");
    assert_eq!(read("m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n").unwrap().direction, Direction::SendOnly);
    assert_eq!(read("m=audio 0 RTP/AVP 8\r\n"), Err(SdpError::Rejected));
    assert_eq!(read("m=audio 4000 RTP/AVP 18\r\n"), Err(SdpError::NoCodec));
    assert_eq!(read(""), Err(SdpError::NoAudio));
    let only_alaw = LocalMedia { codecs: vec![Codec::Pcma], ..local() };
    let text = format!("{HEAD}m=audio 4000 RTP/AVP 0 8\r\n");
    assert_eq!(accept_answer(&text, &only_alaw).unwrap().codec, Codec::Pcma, "never what we did not offer");
}

#[test]
fn an_answer_that_takes_nothing() {
    let offer = format!("{HEAD}m=audio 4000 RTP/AVP 8\r\nm=video 5000 RTP/AVP 31\r\n");
    let text = refuse(&offer).unwrap();
    assert_eq!(lines(&text, "m="), ["m=audio 0 RTP/AVP 8", "m=video 0 RTP/AVP 31"]);
    assert_eq!(lines(&text, "t="), lines(&offer, "t="));
    assert_eq!(accept_answer(&text, &local()), Err(SdpError::Rejected));
    assert_eq!(refuse("hello"), None);
}

#[test]
fn an_offer_within_the_call_keeps_every_stream_in_its_place() {
    let offered = format!("{HEAD}m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n");
    let (first, _) = answer(&offered, &local()).unwrap();
    let later = LocalMedia { session_version: 4, ..local() };
    for (direction, attribute) in [(Direction::SendReceive, "a=sendrecv"), (Direction::SendOnly, "a=sendonly")] {
        let text = reoffer(&later, &first, direction).unwrap();
        assert_eq!(lines(&text, "m="), ["m=video 0 RTP/AVP 31", "m=audio 30000 RTP/AVP 8 0 101"]);
        assert_eq!(lines(&text, "o="), ["o=- 42 4 IN IP4 192.0.2.10"], "the same session, one version on (§8)");
        assert!(lines(&text, "a=").contains(&attribute.to_owned()));
        // And again from there.
        assert_eq!(reoffer(&later, &text, direction), Some(text));
    }
    assert_eq!(reoffer(&later, "hello", Direction::SendReceive), None);
    assert_eq!(reoffer(&later, &refuse(&offered).unwrap(), Direction::SendReceive), None);
}

proptest::proptest! {
    #[test]
    fn whatever_is_offered_does_no_harm(text in "([vosctma]=[a-zA-Z0-9/.: *-]{0,30}\r\n){0,12}", tail in ".{0,60}") {
        let offered = format!("{HEAD}{text}{tail}");
        if let Ok((text, negotiated)) = answer(&offered, &local()) {
            let again = accept_answer_of_any(&text);
            proptest::prop_assert!(again.contains(&negotiated.codec));
        }
        let _ = accept_answer(&offered, &local());
    }
}

/// Codecs of every stream that our answer did not reject.
fn accept_answer_of_any(text: &str) -> Vec<Codec> {
    let session = parse(text).unwrap();
    session
        .medias
        .iter()
        .filter_map(|media| read_audio(&session, media, &local(), Preference::Ours, &[]).ok())
        .map(|negotiated| negotiated.codec)
        .collect()
}
