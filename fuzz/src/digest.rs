//! Digest headers: challenges and credentials print as they read; no credentials but the right ones are let in.

use std::time::{Duration, Instant};

use crate::sip::digest::{
    Algorithm, Credentials, DigestClient, DigestServer, Password, Qop, Signed, choose, read_challenges,
};

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let signed = Signed { method: "INVITE", uri: "sip:a@b", body: data };
    let challenges: Vec<_> = read_challenges(&text).into_iter().flatten().collect();
    assert!(challenges.len() <= 8);
    let password = Password { user: "mairie".to_owned(), password: "secret".to_owned() };
    for challenge in choose(challenges) {
        assert_eq!(read_challenges(&challenge.to_string()), [Ok(challenge.clone())]);
        let credentials = DigestClient::new(challenge).authorize(&password, signed, "cnonce");
        assert_eq!(credentials.to_string().parse(), Ok(credentials));
    }
    let Ok(credentials) = text.parse::<Credentials>() else {
        return;
    };
    assert_eq!(credentials.to_string().parse().as_ref(), Ok(&credentials));
    let now = origin();
    let algorithms = vec![Algorithm::SHA_256, Algorithm::MD5];
    let mut server = DigestServer::new("r".to_owned(), algorithms, vec![Qop::Auth, Qop::AuthInt], [1; 32], now);
    let later = now + Duration::from_secs(1);
    assert!(server.verify(later, &credentials, signed, |_| Some("another secret".to_owned())).is_err());
}

/// Targets need some origin of time, and std has no other.
pub(crate) fn origin() -> Instant {
    use std::sync::OnceLock;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}
