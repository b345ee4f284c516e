//! The examples of RFC 2617 and RFC 7616, vectors computed with Python's hashlib, and both sides against each other.

use std::time::{Duration, Instant};

use super::*;
use crate::testing::epoch;

const GET: Signed<'_> = Signed { method: "GET", uri: "/dir/index.html", body: b"" };
const INVITE: Signed<'_> = Signed { method: "INVITE", uri: "sip:100@pbx.example", body: b"v=0\r\n" };

fn mufasa(password: &str) -> Password {
    Password { user: "Mufasa".to_owned(), password: password.to_owned() }
}

fn mairie() -> Password {
    Password { user: "mairie".to_owned(), password: "secret".to_owned() }
}

fn challenge(text: &str) -> Challenge {
    read_challenges(text).remove(0).unwrap()
}

fn response(text: &str, password: &Password, signed: Signed<'_>, cnonce: &str) -> String {
    DigestClient::new(challenge(text)).authorize(password, signed, cnonce).response
}

#[test]
fn example_of_rfc_2617() {
    let text = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let credentials = DigestClient::new(challenge(text)).authorize(&mufasa("Circle Of Life"), GET, "0a4f113b");
    assert_eq!(credentials.response, "6629fae49393a05397450978507c4ef1");
    assert_eq!(
        credentials.to_string(),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         uri=\"/dir/index.html\", response=\"6629fae49393a05397450978507c4ef1\", cnonce=\"0a4f113b\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001"
    );
    assert_eq!(credentials.to_string().parse(), Ok(credentials));
}

#[test]
fn example_of_rfc_2069_has_no_qop() {
    let text = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    let credentials = DigestClient::new(challenge(text)).authorize(&mufasa("CircleOfLife"), GET, "x");
    assert_eq!(credentials.response, "1949323746fe6a43ef61f9606e7febea", "as in the erratum");
    assert_eq!((credentials.cnonce, credentials.protection), (None, None));
}

#[test]
fn examples_of_rfc_7616() {
    let text = |algorithm: &str| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        assert_eq!(response(&text(algorithm), &mufasa("Circle of Life"), GET, cnonce), expected);
    }
}

#[test]
fn sessions_and_bodies() {
    let register = Signed { method: "REGISTER", uri: "sip:pbx.example", body: b"" };
    for (algorithm, session, integrity, both) in [
        (
            "MD5",
            "c087cca77bb7b497cf326fad14fe593c",
            "e786c1e1298645230935f5b191f80121",
            "4611fb0175914a77bcdb7299ec31c1f4",
        ),
        (
            "SHA-256",
            "676e8b49a8f363243c08c949e1572b90e0d8e60bd1da8ec82230a9aff3fe2b3f",
            "d484f9f7d6be3615bffee0ba978a6fd06cca49ab73f1660fbbf4b044454430ed",
            "77266708ed85e45d73da036413ae2785fd2a252f1a8777c6d591bad3e84875e5",
        ),
        (
            "SHA-512-256",
            "b8b6d4e8c15ea69287acd897f226c7c6156b501107f08c805a5d49ff99f4c4bb",
            "15aedfdb6d72b29cf98a38aa5f3a5c88d6b104203ef381ac9b46b0aa5ab78718",
            "9c19cff7b6abc2f6629fd7fb4ca80eb4bd42ec173ef861c010bc155ae6e123e1",
        ),
    ] {
        let client = |suffix: &str, qop: &str| {
            let text =
                format!("Digest realm=\"pbx.example\",nonce=\"abc\",algorithm={algorithm}{suffix},qop=\"{qop}\"");
            DigestClient::new(challenge(&text))
        };
        let mut sess = client("-sess", "auth");
        sess.authorize(&mairie(), register, "xyz");
        let second = sess.authorize(&mairie(), register, "another");
        assert_eq!(second.cnonce.as_deref(), Some("xyz"), "the session keeps its client nonce");
        assert_eq!((second.response.as_str(), second.protection), (session, Some((Qop::Auth, 2))));
        let tenth = |mut client: DigestClient, signed| {
            for _ in 0..9 {
                client.authorize(&mairie(), signed, "xyz");
            }
            client.authorize(&mairie(), signed, "xyz").response
        };
        assert_eq!(tenth(client("", "auth-int"), INVITE), integrity);
        assert_eq!(tenth(client("-sess", "auth-int"), Signed { body: b"", ..INVITE }), both);
    }
}

#[test]
fn challenges_in_every_spelling() {
    let odd = challenge(
        "digest REALM = \"caf\\\"é\\\\, x=1\" ,\tnonce=abc , Stale=TRUE, qop=\"auth-conf , auth-int,auth\", opaque=\"\",,domain=\"sip:a sip:b\"",
    );
    assert_eq!((odd.realm.as_str(), odd.nonce.as_str(), odd.stale), ("caf\"é\\, x=1", "abc", true));
    assert_eq!(odd.qop, [Qop::AuthInt, Qop::Auth]);
    assert_eq!((odd.opaque.as_deref(), odd.algorithm, odd.algorithm_named), (Some(""), Algorithm::MD5, false));
    assert_eq!(challenge(&odd.to_string()), odd);
    for (text, why) in [
        ("Basic realm=\"x\"", Unusable::Scheme),
        ("Negotiate", Unusable::Scheme),
        ("Digest nonce=\"x\"", Unusable::Incomplete),
        ("Digest realm=\"x\"", Unusable::Incomplete),
        ("Digest realm=\"x\", nonce=\"y\", algorithm=AKAv1-MD5", Unusable::Algorithm),
        ("Digest realm=\"x\", nonce=\"y\", qop=\"auth-conf\"", Unusable::Qop),
    ] {
        assert_eq!(read_challenges(text), [Err(why)], "{text}");
    }
    assert_eq!(read_challenges(""), []);
    assert_eq!(read_challenges("realm=\"x\""), [], "parameters of nothing");
}

#[test]
fn several_challenges_in_one_field() {
    let text = "NTLM, Digest realm=\"a\", nonce=\"1\", algorithm=SHA3-999, Basic realm=\"Digest realm=\\\"b\\\", x\", \
        Digest realm=\"a\", nonce=\"2\", algorithm=MD5, Digest nonce=3 , realm = \"a\", algorithm=SHA-256";
    let read = read_challenges(text);
    let nonces: Vec<Option<&str>> = read.iter().map(|c| c.as_ref().ok().map(|c| c.nonce.as_str())).collect();
    assert_eq!(nonces, [None, None, None, Some("2"), Some("3")]);
    let other = challenge("Digest realm=\"proxy\", nonce=\"4\"");
    let chosen = choose(read.into_iter().flatten().chain([other]));
    let names: Vec<_> = chosen.iter().map(|c| (c.realm.as_str(), c.nonce.as_str())).collect();
    assert_eq!(names, [("a", "3"), ("proxy", "4")], "the strongest of each realm");
    assert_eq!(read_challenges(&"X, ".repeat(1_000)).len(), 8);
}

#[test]
fn nonces_are_counted_and_renewed() {
    let mut client = DigestClient::new(challenge("Digest realm=\"r\", nonce=\"a\", qop=\"auth\""));
    let count = |client: &mut DigestClient| client.authorize(&mairie(), INVITE, "x").protection.unwrap().1;
    assert_eq!([count(&mut client), count(&mut client)], [1, 2]);
    let other = |nonce: &str, stale: bool| Challenge { nonce: nonce.to_owned(), stale, ..client_challenge() };
    fn client_challenge() -> Challenge {
        challenge("Digest realm=\"r\", nonce=\"a\", qop=\"auth\"")
    }
    assert!(client.renew(other("b", true), false), "stale: the same password again");
    assert_eq!(count(&mut client), 1);
    assert!(!client.renew(other("c", false), false), "the password is wrong");
    assert!(client.renew(other("d", false), true), "it was right before: the server has a new nonce");
    assert!(!client.renew(other("d", false), true), "the same nonce again: refused");
    client.next_nonce("e".to_owned());
    assert_eq!(client.challenge().nonce, "e");
    assert_eq!(count(&mut client), 1);
}

fn server(now: Instant) -> DigestServer {
    let algorithms = vec![Algorithm::SHA_256, Algorithm::MD5];
    DigestServer::new("mairie".to_owned(), algorithms, vec![Qop::Auth, Qop::AuthInt], [7; 32], now)
}

fn passwords(user: &str) -> Option<String> {
    (user == "mairie").then(|| "secret".to_owned())
}

#[test]
fn both_sides_understand_each_other() {
    let now = epoch();
    let mut server = server(now);
    let challenges = server.challenge(now, false);
    assert_eq!(challenges.len(), 2);
    for offered in challenges {
        let mut client = DigestClient::new(challenge(&offered.to_string()));
        for _ in 0..3 {
            let sent = client.authorize(&mairie(), INVITE, "c").to_string();
            assert_eq!(server.verify(now, &sent.parse().unwrap(), INVITE, passwords), Ok(()));
            let again = server.verify(now, &sent.parse().unwrap(), INVITE, passwords);
            assert_eq!(again, Err(Rejected::Replayed));
        }
    }
}

#[test]
fn the_wrong_are_kept_out() {
    let now = epoch();
    let mut server = server(now);
    let offered = server.challenge(now, false).remove(0);
    let sign = |password: &Password| DigestClient::new(offered.clone()).authorize(password, INVITE, "c");
    let right = sign(&mairie());
    let wrong = sign(&Password { password: "Secret".to_owned(), ..mairie() });
    let nobody = sign(&Password { user: "nobody".to_owned(), password: String::new() });
    let check = |server: &mut DigestServer, credentials: &Credentials, signed| {
        server.verify(now, credentials, signed, passwords)
    };
    assert_eq!(check(&mut server, &wrong, INVITE), Err(Rejected::Wrong));
    assert_eq!(check(&mut server, &nobody, INVITE), Err(Rejected::Wrong), "an unknown user has no empty password");
    let bye = Signed { method: "BYE", ..INVITE };
    assert_eq!(check(&mut server, &right, bye), Err(Rejected::Wrong), "made for another method");
    let elsewhere = Signed { uri: "sip:200@pbx.example", ..INVITE };
    assert_eq!(check(&mut server, &right, elsewhere), Err(Rejected::Malformed));
    for change in [
        |c: &mut Credentials| c.realm = "other".to_owned(),
        |c: &mut Credentials| c.algorithm = Algorithm::parse("MD5-sess"),
        |c: &mut Credentials| c.protection = Some((Qop::Auth, 0)),
    ] {
        let mut changed = right.clone();
        change(&mut changed);
        assert_eq!(check(&mut server, &changed, INVITE), Err(Rejected::Malformed));
    }
    for response in ["", "0", &right.response[1..], &format!("{}0", right.response)] {
        let changed = Credentials { response: response.to_owned(), ..right.clone() };
        assert_eq!(check(&mut server, &changed, INVITE), Err(Rejected::Wrong));
    }
    assert_eq!(server.remembered(), 0, "nothing is kept for the wrong");
    let respelled = Signed { uri: "sip:100@PBX.example;transport=udp", ..INVITE };
    assert_eq!(check(&mut server, &right, respelled), Ok(()), "a proxy may respell the target");
    let changed_body = Signed { body: b"other", ..INVITE };
    let mut whole = DigestClient::new(Challenge { qop: vec![Qop::AuthInt], ..offered.clone() });
    let whole = whole.authorize(&mairie(), INVITE, "c");
    assert_eq!(check(&mut server, &whole, changed_body), Err(Rejected::Wrong), "the body was changed");
}

#[test]
fn nonces_grow_old_and_cannot_be_forged() {
    let now = epoch();
    let mut server = server(now);
    let offered = server.challenge(now, false).remove(0);
    let with_nonce = |nonce: &str| {
        let challenge = Challenge { nonce: nonce.to_owned(), ..offered.clone() };
        DigestClient::new(challenge).authorize(&mairie(), INVITE, "c")
    };
    let mut check = |seconds: u64, nonce: &str| {
        server.verify(now + Duration::from_secs(seconds), &with_nonce(nonce), INVITE, passwords)
    };
    assert_eq!(check(300, &offered.nonce), Err(Rejected::Stale));
    let mut forged = offered.nonce.clone().into_bytes();
    forged[15] ^= 1;
    let forged = String::from_utf8(forged).unwrap();
    for forged in [forged.as_str(), "", "abc", &"é".repeat(40), &"f".repeat(64), &offered.nonce.to_uppercase()] {
        assert_eq!(check(0, forged), Err(Rejected::Stale), "{forged}");
    }
    assert_eq!(check(299, &offered.nonce), Ok(()));
    assert_eq!(check(300, &offered.nonce), Err(Rejected::Stale));
}

#[test]
fn counts_may_overtake_each_other_but_not_repeat() {
    let now = epoch();
    let mut server = server(now);
    let offered = server.challenge(now, false).remove(0);
    let mut client = DigestClient::new(offered);
    let signed: Vec<Credentials> = (0..200).map(|_| client.authorize(&mairie(), INVITE, "c")).collect();
    let mut check = |count: usize| server.verify(now, &signed[count - 1], INVITE, passwords).is_ok();
    assert!(check(2) && check(1) && !check(2) && !check(1));
    assert!(check(66) && check(3) && !check(2), "64 counts below the highest are remembered");
    assert!(check(200) && check(137) && !check(136) && !check(137) && !check(200));
}

#[test]
fn without_count_a_nonce_is_good_once() {
    let now = epoch();
    let mut server = server(now);
    let plain = Challenge { qop: Vec::new(), ..server.challenge(now, false).remove(0) };
    let credentials = DigestClient::new(plain.clone()).authorize(&mairie(), INVITE, "c");
    assert_eq!(credentials.protection, None);
    assert_eq!(server.verify(now, &credentials, INVITE, passwords), Ok(()));
    assert_eq!(server.verify(now, &credentials, INVITE, passwords), Err(Rejected::Stale));
    let counted = DigestClient::new(Challenge { qop: vec![Qop::Auth], ..plain }).authorize(&mairie(), INVITE, "c");
    assert_eq!(server.verify(now, &counted, INVITE, passwords), Err(Rejected::Replayed));
}

#[test]
fn the_memory_of_nonces_is_bounded_and_forgetting_lets_nobody_in() {
    let now = epoch();
    let mut server = server(now);
    let unused = server.challenge(now, false).remove(0);
    let mut first = None;
    for _ in 0..100 {
        let offered = server.challenge(now, false).remove(0);
        let credentials = DigestClient::new(offered).authorize(&mairie(), INVITE, "c");
        assert_eq!(server.verify(now, &credentials, INVITE, passwords), Ok(()));
        first.get_or_insert(credentials);
        assert!(server.remembered() <= 8);
    }
    assert_eq!(server.verify(now, &first.unwrap(), INVITE, passwords), Err(Rejected::Stale));
    let late = DigestClient::new(unused).authorize(&mairie(), INVITE, "c");
    assert_eq!(server.verify(now, &late, INVITE, passwords), Err(Rejected::Stale));
    // Time empties the memory.
    let later = now + Duration::from_secs(301);
    let offered = server.challenge(later, true).remove(0);
    assert!(offered.stale);
    let credentials = DigestClient::new(offered).authorize(&mairie(), INVITE, "c");
    assert_eq!(server.verify(later, &credentials, INVITE, passwords), Ok(()));
    assert_eq!(server.remembered(), 1);
}

#[test]
fn credentials_that_are_none() {
    let good =
        DigestClient::new(challenge("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"")).authorize(&mairie(), INVITE, "c");
    let text = good.to_string();
    assert_eq!(text.parse(), Ok(good.clone()));
    assert_eq!(format!("{good:?} {:?}", mairie()), "Credentials(personal) Password(secret)");
    for (from, to, why) in [
        ("Digest ", "NoOneKnowsThisScheme ", MalformedCredentials::Scheme),
        ("username=", "user=", MalformedCredentials::Incomplete),
        ("realm=", "rea=", MalformedCredentials::Incomplete),
        ("uri=", "url=", MalformedCredentials::Incomplete),
        ("cnonce=", "c=", MalformedCredentials::Incomplete),
        ("qop=auth", "qop=auth-conf", MalformedCredentials::Qop),
        ("nc=00000001", "nc=1", MalformedCredentials::Qop),
        ("nc=00000001", "nc=+0000001", MalformedCredentials::Qop),
        ("qop=", "algorithm=X, qop=", MalformedCredentials::Algorithm),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(text.replacen(from, to, 1).parse::<Credentials>(), Err(why), "{to}");
    }
    assert_eq!("".parse::<Credentials>(), Err(MalformedCredentials::Scheme));
}
