//! A session description: offered, answered, or refused; what we write, we can read.

use crate::audio::Codec;
use crate::sip::sdp::{LocalMedia, accept_answer, answer};

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let local = LocalMedia {
        address: ([192, 0, 2, 1], 4000).into(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
    };
    if let Ok((answered, _)) = answer(&text, &local) {
        // Their side reads our answer.
        assert!(accept_answer(&answered, &local).is_ok(), "{answered}");
    }
    let _ = accept_answer(&text, &local);
}
