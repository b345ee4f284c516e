//! The examples of RFC 4317 §2–§5. Its host names are addresses here, and iLBC, which we have not, is Opus: a dynamic
//! payload type as in the RFC. Where a side of the RFC takes video or a second stream, we refuse that in its place.

use super::*;

const ALICE: &str =
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
const BOB: &str =
    "v=0\r\no=bob 2808844564 2808844564 IN IP4 host.biloxi.example.com\r\ns=\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n";
const THREE: &str =
    "m=audio 49170 RTP/AVP 0 8 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:97 opus/48000/2\r\n";
const TWO: &str = "m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 opus/48000/2\r\n";
const ONE: &str = "m=audio 49170 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n";
const VIDEO: &str = "m=video 51372 RTP/AVP 31 32\r\na=rtpmap:31 H261/90000\r\na=rtpmap:32 MPV/90000\r\n";
const H261: &str = "m=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n";
const TONES: &str = "m=audio 49172 RTP/AVP 98\r\na=rtpmap:98 telephone-event/8000\r\na=sendonly\r\n";

/// We prefer what the RFC's Bob takes.
fn we(codecs: &[Codec]) -> LocalMedia {
    LocalMedia { codecs: codecs.to_vec(), ..local() }
}

fn all() -> LocalMedia {
    we(&[Codec::Opus, Codec::Pcmu, Codec::Pcma])
}

fn from(side: &str, media: &[&str]) -> String {
    format!("{side}{}", media.concat())
}

/// The next description of the same side.
fn again(side: &str, media: &[&str]) -> String {
    from(&side.replacen("4526 IN", "4527 IN", 1).replacen("4564 IN", "4565 IN", 1), media)
}

#[test]
fn section_2_1_audio_and_video_1_one_codec_of_three() {
    let (text, agreed) = answer(&from(ALICE, &[THREE, VIDEO]), &we(&[Codec::Pcmu])).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcmu, 0), "Bob's choice in the RFC");
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 31 32"]);
    let taken = from(BOB, &["m=audio 49174 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"]);
    let agreed = accept_answer(&taken, &all()).unwrap();
    assert_eq!((agreed.codec, agreed.remote.port()), (Codec::Pcmu, 49_174));
}

#[test]
fn section_2_2_audio_and_video_2_two_codecs_answered_then_one_offered() {
    // As Alice: Bob takes two, and may send either; we send his first.
    let two = "m=audio 49172 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n";
    let agreed = accept_answer(&from(BOB, &[two]), &all()).unwrap();
    assert_eq!(agreed.codec, Codec::Pcmu);
    assert!(agreed.receive.contains(&(8, Codec::Pcma)), "{:?}", agreed.receive);
    // As Bob: video refused, and the second exchange keeps its place.
    let second = again(ALICE, &["m=audio 51372 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 0 RTP/AVP 31\r\n"]);
    let (text, agreed) = answer(&second, &all()).unwrap();
    assert_eq!((agreed.codec, agreed.remote.port()), (Codec::Pcmu, 51_372));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 31"]);
}

#[test]
fn section_2_3_audio_and_video_3_the_answer_has_a_payload_type_of_its_own() {
    // "change of dynamic payload type from 97 to 99 between the offer and the answer is OK": each sends the other's.
    let ours = offer(&all());
    assert!(ours.contains("a=rtpmap:96 opus/48000/2\r\n"), "{ours}");
    let taken = from(BOB, &["m=audio 49172 RTP/AVP 99\r\na=rtpmap:99 opus/48000/2\r\n"]);
    let agreed = accept_answer(&taken, &all()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Opus, 99), "sent under the answer's number");
    assert_eq!(agreed.receive[0], (96, Codec::Opus), "received under the offer's");
    // As Bob we echo what was offered.
    let (text, agreed) = answer(&from(ALICE, &[THREE, VIDEO]), &all()).unwrap();
    assert_eq!((agreed.payload_type, &agreed.receive[..]), (97, &[(97, Codec::Opus)][..]));
    assert_eq!(lines(&text, "m=")[0], "m=audio 30000 RTP/AVP 97");
}

#[test]
fn section_2_4_two_audio_streams_the_tones_have_none_of_their_own_with_us() {
    let (text, agreed) = answer(&from(ALICE, &[TWO, TONES]), &all()).unwrap();
    assert_eq!((agreed.codec, agreed.telephone_event), (Codec::Opus, None));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97", "m=audio 0 RTP/AVP 98"]);
}

#[test]
fn section_2_5_audio_and_video_4_bob_moves_and_alice_keeps_her_description() {
    let taken = from(BOB, &["m=audio 49174 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"]);
    let agreed = accept_answer(&taken, &all()).unwrap();
    assert_eq!(agreed.remote, "192.0.2.2:49174".parse().unwrap());
    let moved = again(BOB, &["m=audio 49178 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n", H261])
        .replace("c=IN IP4 192.0.2.2", "c=IN IP4 192.0.2.22");
    let (first, agreed) = answer(&moved, &all()).unwrap();
    assert_eq!((agreed.codec, agreed.remote), (Codec::Opus, "192.0.2.22:49178".parse().unwrap()));
    let (second, _) = answer(&moved, &all()).unwrap();
    assert_eq!(first, second, "with the same version, the same description");
}

#[test]
fn section_2_6_audio_only_1_one_of_two_streams() {
    // PCMU or Opus with tones, not both at once: one stream is declined. We take the first that we can.
    let alternative =
        "m=audio 51372 RTP/AVP 97 101\r\na=rtpmap:97 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n";
    let offer = from(ALICE, &["m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", alternative]);
    let (text, agreed) = answer(&offer, &we(&[Codec::Opus])).unwrap();
    assert_eq!((agreed.codec, agreed.remote.port(), agreed.telephone_event), (Codec::Opus, 51_372, Some(101)));
    assert_eq!(lines(&text, "m="), ["m=audio 0 RTP/AVP 0", "m=audio 30000 RTP/AVP 97 101"], "the RFC's answer");
    let (text, agreed) = answer(&offer, &we(&[Codec::Pcmu])).unwrap();
    assert_eq!((agreed.codec, agreed.telephone_event), (Codec::Pcmu, None));
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0", "m=audio 0 RTP/AVP 97 101"]);
}

#[test]
fn section_2_7_audio_and_video_5_a_codec_added_to_the_video_leaves_the_audio() {
    let audio = "m=audio 49170 RTP/AVP 99\r\na=rtpmap:99 opus/48000/2\r\n";
    let (_, first) = answer(&from(ALICE, &[audio, H261]), &all()).unwrap();
    let (text, second) = answer(&again(ALICE, &[audio, VIDEO]), &all()).unwrap();
    assert_eq!(first, second);
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 99", "m=video 0 RTP/AVP 31 32"]);
}

#[test]
fn section_2_8_audio_and_video_6_an_address_of_the_videos_own_is_not_the_audios() {
    let taken = from(
        BOB,
        &["m=audio 49174 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 0 RTP/AVP 32\r\nc=IN IP4 192.0.2.99\r\n"],
    );
    assert_eq!(accept_answer(&taken, &all()).unwrap().remote, "192.0.2.2:49174".parse().unwrap());
}

#[test]
fn section_3_1_hold_and_unhold_1_answered_on_hold_then_taken_off() {
    let held = from(BOB, &["m=audio 49172 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=sendonly\r\n"]);
    assert_eq!(accept_answer(&held, &all()).unwrap().direction, Direction::ReceiveOnly);
    // No attribute is sendrecv.
    let (text, agreed) = answer(&again(BOB, &[ONE]), &all()).unwrap();
    assert_eq!(agreed.direction, Direction::SendReceive);
    assert!(text.contains("a=sendrecv\r\n"));
}

#[test]
fn section_3_2_hold_with_two_streams_only_the_audio_is_held() {
    let held = "m=audio 49172 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=sendonly\r\n";
    let tones = "m=audio 49174 RTP/AVP 98\r\na=rtpmap:98 telephone-event/8000\r\na=recvonly\r\n";
    let (text, agreed) = answer(&again(BOB, &[held, tones]), &all()).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Opus, Direction::ReceiveOnly));
    // The RFC's Alice answers both codecs without a direction, which RFC 3264 §6.1 does not allow: ours is recvonly.
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97", "m=audio 0 RTP/AVP 98"]);
    assert!(text.contains("a=recvonly\r\n") && !text.contains("a=sendrecv"));
}

#[test]
fn section_4_1_a_second_audio_stream_is_refused_while_the_first_goes_on() {
    let tones = "m=audio 48282 RTP/AVP 98\r\nc=IN IP4 192.0.2.99\r\na=rtpmap:98 telephone-event/8000\r\na=recvonly\r\n";
    let (_, first) = answer(&from(BOB, &[ONE]), &all()).unwrap();
    let (text, second) = answer(&again(BOB, &[ONE, tones]), &all()).unwrap();
    assert_eq!(first, second);
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97", "m=audio 0 RTP/AVP 98"]);
}

#[test]
fn section_4_2_video_added_to_audio_is_refused_in_its_place() {
    let audio = "m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    let (text, agreed) = answer(&again(ALICE, &[audio, "m=video 49172 RTP/AVP 31\r\n"]), &all()).unwrap();
    assert_eq!(agreed.codec, Codec::Pcmu);
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0", "m=video 0 RTP/AVP 31"]);
}

#[test]
fn section_4_3_video_deleted_keeps_its_place() {
    let (text, agreed) = answer(&again(BOB, &[ONE, "m=video 0 RTP/AVP 31\r\n"]), &all()).unwrap();
    assert_eq!(agreed.codec, Codec::Opus);
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97", "m=video 0 RTP/AVP 31"]);
}

#[test]
fn section_5_1_no_media_cannot_begin_a_call_but_audio_may_be_added() {
    // The RFC's Bob answers an offer without streams by none; a call without audio is of no use to us: 488.
    assert_eq!(answer(ALICE, &all()), Err(SdpError::NoAudio));
    let (text, agreed) = answer(&again(ALICE, &[ONE]), &all()).unwrap();
    assert_eq!(agreed.codec, Codec::Opus);
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 97"]);
}

#[test]
fn section_5_2_hold_and_unhold_2_an_offer_that_cannot_be_sent_to() {
    let held =
        from(ALICE, &["m=audio 23442 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"]).replace("192.0.2.1", "0.0.0.0");
    let (_, agreed) = answer(&held, &all()).unwrap();
    assert_eq!((agreed.codec, agreed.direction), (Codec::Opus, Direction::ReceiveOnly));
    let (_, agreed) = answer(&again(ALICE, &[ONE]), &all()).unwrap();
    assert_eq!((agreed.direction, agreed.remote), (Direction::SendReceive, "192.0.2.1:49170".parse().unwrap()));
}

#[test]
fn section_5_3_hold_and_unhold_3_an_answer_that_cannot_be_sent_to() {
    let held = from(BOB, &["m=audio 9322 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"]).replace("192.0.2.2", "0.0.0.0");
    assert_eq!(accept_answer(&held, &all()).unwrap().direction, Direction::ReceiveOnly);
    let (_, agreed) = answer(&again(BOB, &[ONE]), &all()).unwrap();
    assert_eq!((agreed.direction, agreed.remote.port()), (Direction::SendReceive, 49_170));
}
