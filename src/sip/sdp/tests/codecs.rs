//! Wide-band codecs, their parameters and what goes with them.

use super::*;
use crate::audio::codec::OpusParameters;

fn wide() -> LocalMedia {
    LocalMedia { codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu], ..local() }
}

fn answered_wide(media: &str) -> (String, Negotiated) {
    answer(&format!("{HEAD}{media}"), &wide()).unwrap()
}

/// As a browser or a soft telephone offers.
const SOFTPHONE: &str = "m=audio 4000 RTP/AVP 106 9 98 101 0 8 18 13\r\na=rtpmap:106 opus/48000/2\r\n\
    a=fmtp:106 maxplaybackrate=16000; sprop-maxcapturerate=16000; minptime=20; cbr=1; maxaveragebitrate=20000; useinbandfec=1\r\n\
    a=rtpmap:98 telephone-event/48000\r\na=fmtp:98 0-16\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
    a=rtpmap:18 G729/8000\r\na=ptime:20\r\na=maxptime:60\r\n";

#[test]
fn our_wide_band_offer() {
    let expected = "m=audio 30000 RTP/AVP 96 9 8 0 101 102\r\na=rtpmap:96 opus/48000/2\r\n\
        a=fmtp:96 maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=32000;stereo=0;useinbandfec=1\r\n\
        a=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
        a=rtpmap:102 telephone-event/48000\r\na=fmtp:102 0-15\r\na=ptime:20\r\na=maxptime:120\r\na=sendrecv\r\n";
    assert!(offer(&wide()).ends_with(expected), "{}", offer(&wide()));
}

#[test]
fn the_configurations_order_decides_and_keys_follow_the_clock() {
    for (codecs, codec, number, keys, formats) in [
        ([Codec::Opus, Codec::G722, Codec::Pcma], Codec::Opus, 106, (98, 48_000), "106 98"),
        ([Codec::G722, Codec::Opus, Codec::Pcma], Codec::G722, 9, (101, 8_000), "9 101 13"),
        ([Codec::Pcma, Codec::Opus, Codec::G722], Codec::Pcma, 8, (101, 8_000), "8 101 13"),
    ] {
        let local = LocalMedia { codecs: codecs.to_vec(), ..local() };
        let (text, agreed) = answer(&format!("{HEAD}{SOFTPHONE}"), &local).unwrap();
        assert_eq!((agreed.codec, agreed.payload_type), (codec, number));
        assert_eq!((agreed.telephone_event, agreed.telephone_event_clock), (Some(keys.0), keys.1));
        assert_eq!(lines(&text, "m="), [format!("m=audio 30000 RTP/AVP {formats}")], "the offerer's numbers");
        assert_eq!(agreed.comfort_noise, (codec != Codec::Opus).then_some(13), "of the codec's clock only");
        assert_eq!((agreed.ptime_ms, agreed.max_ptime_ms), (Some(20), Some(60)));
    }
}

#[test]
fn opus_as_the_far_end_wants_it() {
    let (text, agreed) = answered_wide(SOFTPHONE);
    let wanted = OpusParameters {
        fec: true,
        max_average_bitrate: Some(20_000),
        max_playback_rate: Some(16_000),
        constant_bitrate: true,
    };
    assert_eq!(agreed.opus, wanted);
    assert!(text.contains("a=rtpmap:106 opus/48000/2\r\na=fmtp:106 maxplaybackrate=16000;"), "{text}");
    // Without parameters: RFC 7587 §6.1's defaults.
    let (_, agreed) = answered_wide("m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 OPUS/48000/2\r\n");
    assert_eq!((agreed.codec, agreed.opus), (Codec::Opus, OpusParameters::default()));
    // What makes no sense counts as absent; stereo is ignored.
    let (_, agreed) = answered_wide(
        "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=1;;=;useinbandfec;\
         maxaveragebitrate=999999999999;maxplaybackrate=7;cbr=yes\r\na=fmtp:x y\r\na=fmtp\r\n",
    );
    assert_eq!(agreed.opus, OpusParameters::default());
    // Parameters of another number are not its own.
    let (_, agreed) = answered_wide(
        "m=audio 4000 RTP/AVP 111 112\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:112 opus/48000/2\r\na=fmtp:112 useinbandfec=1\r\n",
    );
    assert_eq!((agreed.payload_type, agreed.opus.fec), (111, false));
}

#[test]
fn a_clock_that_is_not_the_codecs_is_another_codec() {
    let (_, agreed) = answered_wide(
        "m=audio 4000 RTP/AVP 96 97 98 8\r\na=rtpmap:96 opus/8000/2\r\na=rtpmap:97 G722/16000\r\na=rtpmap:98 PCMU/16000\r\n",
    );
    assert_eq!(agreed.codec, Codec::Pcma);
    let (_, agreed) = answered_wide("m=audio 4000 RTP/AVP 9\r\n");
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::G722, 9), "static");
    let (_, agreed) = answered_wide("m=audio 4000 RTP/AVP 100 0\r\na=rtpmap:100 G722/8000\r\n");
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::G722, 100));
}

#[test]
fn keys_by_another_clock() {
    // Devices that know one kind only send it beside Opus too.
    let (text, agreed) = answered_wide(
        "m=audio 4000 RTP/AVP 111 101\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    assert_eq!((agreed.telephone_event, agreed.telephone_event_clock), (Some(101), 8_000));
    assert!(text.contains("a=rtpmap:101 telephone-event/8000\r\n"));
    let (_, agreed) = answered_wide("m=audio 4000 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/48000\r\n");
    assert_eq!((agreed.telephone_event, agreed.telephone_event_clock), (None, 8_000));
    let (_, agreed) = answered_wide("m=audio 4000 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/16000\r\n");
    assert_eq!(agreed.telephone_event, None);
}

#[test]
fn answers_with_numbers_of_their_own() {
    let taken = format!(
        "{HEAD}m=audio 4000 RTP/AVP 120 121 13\r\na=rtpmap:120 opus/48000/2\r\na=fmtp:120 useinbandfec=1\r\n\
         a=rtpmap:121 telephone-event/48000\r\na=rtcp-mux\r\n"
    );
    let agreed = accept_answer(&taken, &wide()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.opus.fec), (Codec::Opus, 120, true));
    assert_eq!(agreed.receive, [(96, Codec::Opus), (9, Codec::G722), (8, Codec::Pcma), (0, Codec::Pcmu)]);
    assert_eq!((agreed.telephone_event, agreed.telephone_event_receive), (Some(121), Some(102)));
    assert!(!agreed.rtcp_mux, "we did not offer it (RFC 5761 §5.1.1)");
    // The same numbers, without a word on their meaning.
    let agreed = accept_answer(&format!("{HEAD}m=audio 4000 RTP/AVP 96 102\r\n"), &wide()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Opus, 96));
    assert_eq!((agreed.telephone_event, agreed.telephone_event_receive), (Some(102), None));
}

#[test]
fn where_reports_go() {
    let rtcp = |line: &str| answered_wide(&format!("m=audio 4000 RTP/AVP 8\r\n{line}")).1;
    assert_eq!(rtcp("").remote_rtcp, None);
    assert_eq!(rtcp("a=rtcp:53020\r\n").remote_rtcp, Some("192.0.2.1:53020".parse().unwrap()));
    assert_eq!(rtcp("a=rtcp:53020 IN IP4 126.16.64.4\r\n").remote_rtcp, Some("126.16.64.4:53020".parse().unwrap()));
    for nonsense in [
        "a=rtcp\r\n",
        "a=rtcp:\r\n",
        "a=rtcp:0\r\n",
        "a=rtcp:99999\r\n",
        "a=rtcp:5 IN IP6 2001:db8::1\r\n",
        "a=rtcp:5 IN IP4 host\r\n",
        "a=rtcp:5 IN IP4 224.0.0.1\r\n",
    ] {
        assert_eq!(rtcp(nonsense).remote_rtcp, None, "{nonsense}");
    }
    let both = rtcp("a=rtcp-mux\r\na=rtcp-rsize\r\n");
    assert!(both.rtcp_mux && both.rtcp_reduced_size);
    let neither = rtcp("");
    assert!(!neither.rtcp_mux && !neither.rtcp_reduced_size);
    let (text, _) = answered_wide("m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
    assert!(text.ends_with("a=rtcp-mux\r\na=rtcp-rsize\r\n"), "{text}");
}

#[test]
fn payload_types_keep_their_meaning_in_later_offers() {
    // They offered Opus as 120 and keys as 96, the number we would give Opus.
    let offered = "m=audio 4000 RTP/AVP 120 96\r\na=rtpmap:120 opus/48000/2\r\na=rtpmap:96 telephone-event/48000\r\n";
    let (first, _) = answered_wide(offered);
    let again = reoffer(&wide(), &first, Direction::SendReceive).unwrap();
    assert_eq!(lines(&again, "m="), ["m=audio 30000 RTP/AVP 120 9 8 0 101 96"]);
    assert!(again.contains("a=rtpmap:120 opus/48000/2\r\n") && again.contains("a=rtpmap:96 telephone-event/48000\r\n"));
    assert_eq!(reoffer(&wide(), &again, Direction::SendReceive), Some(again.clone()));
    // And the answer is read by the numbers of that offer.
    let agreed = accept_answer_to(&again, &format!("{HEAD}m=audio 4000 RTP/AVP 120 96\r\n"), &wide()).unwrap();
    assert_eq!((agreed.codec, agreed.telephone_event), (Codec::Opus, Some(96)));
    assert_eq!(agreed.receive[0], (120, Codec::Opus));
    // A number that meant something else is not used for what is new.
    let (first, _) = answered_wide("m=audio 4000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n");
    let again = reoffer(&wide(), &first, Direction::SendReceive).unwrap();
    assert_eq!(lines(&again, "m="), ["m=audio 30000 RTP/AVP 127 9 8 0 96 102"]);
}

#[test]
fn the_answer_to_a_later_offer_is_read_in_our_place() {
    let (first, _) = answered_wide("m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8\r\n");
    let again = reoffer(&wide(), &first, Direction::SendReceive).unwrap();
    let taken = format!("{HEAD}m=video 0 RTP/AVP 31\r\nm=audio 4100 RTP/AVP 8\r\n");
    assert_eq!(accept_answer_to(&again, &taken, &wide()).unwrap().remote.port(), 4_100);
    assert_eq!(accept_answer_to("hello", &taken, &wide()), Err(SdpError::Malformed));
    assert_eq!(accept_answer_to(&again, &format!("{HEAD}m=video 0 RTP/AVP 31\r\n"), &wide()), Err(SdpError::NoAudio));
}
