//! The two examples of RFC 3264 §10, we in the place of each side. The RFC's host names are addresses here; video, which
//! the RFC's sides take, is refused by us in its place (§6).

use super::*;

const ALICE: &str =
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 host.anywhere.com\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
const BOB: &str = "v=0\r\no=bob 2890844730 2890844730 IN IP4 host.example.com\r\ns=\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n";

#[test]
fn section_10_1_as_bob_the_audio_is_answered_and_every_stream_has_its_place() {
    let offer = format!(
        "{ALICE}m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\n\
         a=rtpmap:31 H261/90000\r\nm=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n"
    );
    let (text, agreed) = answer(&offer, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcmu, 0));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=video 0 RTP/AVP 32"]);
    assert_eq!(lines(&text, "t="), ["t=0 0"], "the offer's (§6)");
}

#[test]
fn section_10_1_as_alice_a_refused_stream_and_one_that_is_moved_change_nothing_in_the_audio() {
    // Bob takes the audio and one video stream. We offered audio only, so his audio is all we read.
    let taken = format!("{BOB}m=audio 49920 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n");
    let agreed = accept_answer(&taken, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.remote.port()), (Codec::Pcmu, 49_920));
    // Then Bob moves his audio to 65422 and adds a stream for the tones we may send him: the RFC's Alice takes it, we
    // refuse what is beside the one stream.
    let second = format!(
        "{}m=audio 65422 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 0 RTP/AVP 31\r\nm=video 53000 RTP/AVP 32\r\n\
         a=rtpmap:32 MPV/90000\r\nm=audio 51434 RTP/AVP 110\r\na=rtpmap:110 telephone-events/8000\r\na=recvonly\r\n",
        BOB.replace("2890844730 IN", "2890844731 IN")
    );
    let (text, agreed) = answer(&second, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.remote.port(), agreed.direction), (Codec::Pcmu, 65_422, Direction::SendReceive));
    assert_eq!(
        lines(&text, "m="),
        ["m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=video 0 RTP/AVP 32", "m=audio 0 RTP/AVP 110"]
    );
}

#[test]
fn section_10_2_as_bob_one_codec_is_chosen_while_the_stream_is_inactive() {
    let offer = format!(
        "{ALICE}m=audio 62986 RTP/AVP 0 4 18\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:4 G723/8000\r\n\
         a=rtpmap:18 G729/8000\r\na=inactive\r\n"
    );
    let (text, agreed) = answer(&offer, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Pcmu, Direction::Inactive));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0"], "one codec, so that it is known");
    assert!(text.contains("a=inactive\r\n"));
    // Alice now reserves that one and turns the stream on.
    let on = offer
        .replace("0 4 18\r\n", "0\r\n")
        .replace("a=inactive", "a=sendrecv")
        .replace("2890844526 IN", "2890844527 IN");
    let (text, agreed) = answer(&on, &LocalMedia { session_version: 4, ..local() }).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Pcmu, Direction::SendReceive));
    assert!(text.contains("a=sendrecv\r\n") && text.contains("o=- 42 4 IN"), "{text}");
}

#[test]
fn section_10_2_as_alice_the_answers_first_codec_is_sent() {
    // Bob answers with two of ours; we can receive both, and send the one he likes best (§6.1).
    let answered =
        format!("{BOB}m=audio 54344 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=inactive\r\n");
    let agreed = accept_answer(&answered, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Pcmu, Direction::Inactive));
    assert_eq!(agreed.receive, [(8, Codec::Pcma), (0, Codec::Pcmu)]);
}
