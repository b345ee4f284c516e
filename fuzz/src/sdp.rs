//! A session description: offered, answered, or refused; what we write, we can read.

use crate::audio::Codec;
use crate::sip::sdp::{LocalMedia, Security, accept_answer, answer};

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let local = LocalMedia {
        address: ([192, 0, 2, 1], 4000).into(),
        codecs: Codec::ALL.to_vec(),
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    };
    if let Ok((answered, _)) = answer(&text, &local) {
        // Their side can read our answer, stream by stream (RFC 3264 §6), at most one of them taken.
        let read = |text: &str| sdp_types::Session::parse(text.as_bytes());
        let ours = read(&answered).expect("an answer");
        assert_eq!(ours.medias.len(), read(&text).expect("an offer").medias.len());
        assert!(ours.medias.iter().filter(|media| media.port != 0).count() <= 1);
    }
    let _ = accept_answer(&text, &local);
}
