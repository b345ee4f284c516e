//! Bodies: binary, multipart, nested; what is refused.

use bytes::Bytes;

use super::*;

fn part(content_type: &str, body: &[u8]) -> Part {
    let mut headers = Headers::default();
    headers.push(HeaderName::ContentType, content_type.to_owned());
    Part { headers, body: Bytes::copy_from_slice(body) }
}

const MIXED: &[u8] = b"for those who know no MIME\r\n--a'b\r\n\r\nplain text\r\n--a'b \r\n\
    Content-Type: application/\r\n octet-stream\r\n\r\n\0\r\n--a'bc\r\n--\xff\r\n\r\n--a'b\r\n\
    c: Application/SDP ; x=y\r\nContent-Disposition: session\r\n\r\nv=0\r\n\r\n--a'b--\r\nepilogue\r\n--a'b\r\n";

#[test]
fn parts_come_out_byte_for_byte() {
    let media: MediaType = "Multipart/Mixed; boundary=\"a'b\"".parse().unwrap();
    assert_eq!(media.to_string(), "multipart/mixed;boundary=\"a'b\"");
    let parts = read_multipart(&media, &Bytes::from_static(MIXED)).unwrap();
    let bodies: Vec<&[u8]> = parts.iter().map(|p| &p.body[..]).collect();
    assert_eq!(bodies, [&b"plain text"[..], b"\0\r\n--a'bc\r\n--\xff\r\n", b"v=0\r\n"]);
    assert_eq!(parts[1].headers.media_type().unwrap().essence, "application/octet-stream");
    assert_eq!(parts[0].headers.iter().count(), 0);
}

#[test]
fn the_session_description_is_found_wherever_it_stands() {
    let sdp = |outer: &Part| outer.find("application/sdp").map(|found| found.map(|part| part.body));
    assert_eq!(sdp(&part("application/SDP;charset=utf-8", b"v=0")), Ok(Some(Bytes::from_static(b"v=0"))));
    assert_eq!(sdp(&part("text/plain", b"v=0")), Ok(None));
    assert_eq!(sdp(&part("nonsense", b"v=0")), Ok(None));
    assert_eq!(sdp(&part("multipart/mixed;boundary=\"a'b\"", MIXED)), Ok(Some(Bytes::from_static(b"v=0\r\n"))));
    let nested =
        [b"--x\r\nContent-Type: multipart/mixed;boundary=\"a'b\"\r\n\r\n".as_slice(), MIXED, b"\r\n--x--"].concat();
    assert_eq!(sdp(&part("multipart/related;boundary=x", &nested)), Ok(Some(Bytes::from_static(b"v=0\r\n"))));
}

#[test]
fn parts_and_depth_are_bounded() {
    let sdp = |outer: &Part| outer.find("application/sdp").unwrap_err();
    let many = format!("{}--x--", "--x\r\n\r\na\r\n".repeat(17));
    assert_eq!(sdp(&part("multipart/mixed;boundary=x", many.as_bytes())), MultipartError::TooManyParts);
    let just = format!("{}--x--", "--x\r\n\r\na\r\n".repeat(16));
    assert_eq!(part("multipart/mixed;boundary=x", just.as_bytes()).find("application/sdp"), Ok(None));
    let mut deep = part("application/sdp", b"v=0");
    for level in 0..5 {
        if level == 4 {
            assert!(deep.find("application/sdp").unwrap().is_some(), "four levels are read");
        }
        let kind = String::from_utf8_lossy(deep.headers.get(&HeaderName::ContentType).unwrap()).into_owned();
        let boundary = format!("b{level}");
        let body = [
            format!("--{boundary}\r\nContent-Type: {kind}\r\n\r\n").as_bytes(),
            &deep.body,
            format!("\r\n--{boundary}--").as_bytes(),
        ]
        .concat();
        deep = part(&format!("multipart/mixed;boundary={boundary}"), &body);
    }
    assert_eq!(sdp(&deep), MultipartError::TooDeep);
}

#[test]
fn broken_multiparts_are_told() {
    let read =
        |kind: &str, body: &str| read_multipart(&kind.parse().unwrap(), &Bytes::copy_from_slice(body.as_bytes()));
    assert_eq!(read("multipart/mixed", "--x--"), Err(MultipartError::Boundary));
    assert_eq!(read("multipart/mixed;boundary=\"\"", "--x--"), Err(MultipartError::Boundary));
    let long = format!("multipart/mixed;boundary={}", "x".repeat(71));
    assert_eq!(read(&long, "--x--"), Err(MultipartError::Boundary));
    for open in ["", "--x", "--x\r\nA: b\r\n\r\nbody", "text --x--"] {
        assert_eq!(read("multipart/mixed;boundary=x", open), Err(MultipartError::Unterminated), "{open:?}");
    }
    let empty = read("multipart/mixed;boundary=x", "--x\r\n--x\r\nA: b\r\n--x--").unwrap();
    assert_eq!(empty.len(), 2);
    assert!(empty.iter().all(|part| part.body.is_empty()));
    let many_fields = format!("--x\r\n{}\r\nbody\r\n--x--", "A: b\r\n".repeat(1_000));
    let parts = read("multipart/mixed;boundary=x", &many_fields).unwrap();
    assert_eq!((parts[0].headers.iter().count(), &parts[0].body[..]), (32, &b"body"[..]));
}

#[test]
fn encodings_that_change_the_bytes() {
    let encoded = |name: HeaderName, value: &str| {
        let mut part = part("application/sdp", b"x");
        part.headers.push(name, value.to_owned());
        part.is_plain()
    };
    assert!(encoded(HeaderName::ContentEncoding, "Identity"));
    assert!(encoded(HeaderName::ContentTransferEncoding, "binary"));
    assert!(!encoded(HeaderName::ContentEncoding, "gzip"));
    assert!(!encoded(HeaderName::ContentTransferEncoding, "base64"));
}
