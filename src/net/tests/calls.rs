//! Whole calls by each transport and address family, and what TLS asks of certificates.

use super::*;

#[tokio::test]
async fn a_call_by_udp() {
    let (caller, mut callee) = (Agent::at(&["127.0.0.1:0"]).await, Agent::at(&["127.0.0.1:0"]).await);
    call(&caller, &mut callee).await;
}

#[tokio::test]
async fn an_invite_too_large_for_udp_reaches_a_peer_without_tcp() {
    let (caller, mut callee) = (Agent::at(&["127.0.0.1:0"]).await, Agent::at(&["127.0.0.1:0"]).await);
    let large = format!("{OFFER}{}", "a=x-filling:0123456789012345678901234567890123456789\r\n".repeat(30));
    let mut out = dial_with(&caller, &callee, &large).await;
    let mut line = callee.incoming().await;
    line.command(Command::Answer { sdp: OFFER.into() }).await;
    expect(&mut out, "answer", |e| matches!(e, Event::Answered { .. })).await;
    expect(&mut line, "ack", |e| matches!(e, Event::Acknowledged { .. })).await;
    out.command(Command::HangUp).await;
    expect(&mut line, "bye", |e| *e == Event::Ended { cause: EndCause::RemoteBye }).await;
}

#[tokio::test]
async fn a_call_by_tcp() {
    let caller = Agent::at(&["tcp:127.0.0.1:0"]).await;
    let mut callee = Agent::at(&["tcp:127.0.0.1:0"]).await;
    call(&caller, &mut callee).await;
}

#[tokio::test]
async fn calls_by_ipv6() {
    for listen in ["udp:[::1]:0", "tcp:[::1]:0"] {
        let (caller, mut callee) = (Agent::at(&[listen]).await, Agent::at(&[listen]).await);
        call(&caller, &mut callee).await;
    }
}

#[tokio::test]
async fn several_listeners_serve_at_once() {
    let mut callee = Agent::at(&["tcp:127.0.0.1:0", "udp:127.0.0.1:0", "udp:[::1]:0"]).await;
    let caller = Agent::at(&["udp:127.0.0.1:0", "udp:[::1]:0", "tcp:127.0.0.1:0"]).await;
    call(&caller, &mut callee).await;
    for (index, text) in [(1, "udp:127.0.0.1"), (2, "udp:[::1]")] {
        let address = callee.address(index);
        let local = caller.sip.listening().iter().position(|l| l.to_string().starts_with(text)).unwrap();
        let local = crate::sip::ListenerId(u16::try_from(local).unwrap());
        let flow = Flow { local, ..Flow::udp(address) };
        let mut line = caller.sip.ping(format!("sip:{address}"), flow).await.unwrap();
        expect(&mut line, text, |e| matches!(e, Event::Answered { .. })).await;
    }
}

#[tokio::test]
async fn a_call_by_tls_to_a_certificate_written_down() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Signed by itself, for a name nobody asks for: good because the very certificate is in the file.
    let server = certificate(theirs.path(), &["pabx.example"]);
    let client = certificate(ours.path(), &["mairie.example"]);
    let client = TlsSettings { authorities: Some(server.certificate.clone()), ..client };
    let (caller, mut callee) = (secure(client).await, secure(server).await);
    call(&caller, &mut callee).await;
}

#[tokio::test]
async fn a_call_by_tls_is_captured_in_clear_text() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = certificate(theirs.path(), &["pabx.example"]);
    let client = certificate(ours.path(), &["mairie.example"]);
    let client = TlsSettings { authorities: Some(server.certificate.clone()), ..client };
    let (caller, mut callee) = (secure(client).await, secure(server).await);
    let mut armed = callee.sip.tap().arm(Default::default()).unwrap();
    call(&caller, &mut callee).await;
    assert!(armed.is_over());
    let lines: Vec<String> = std::iter::from_fn(|| armed.try_packet())
        .map(|packet| {
            // Record, IPv4 and UDP headers; from or to the port we listen on.
            let (headers, message) = packet.0.split_at(16 + 20 + 8);
            let port = callee.address(0).port().to_be_bytes();
            assert!(headers[36..38] == port || headers[38..40] == port);
            String::from_utf8_lossy(message).lines().next().unwrap_or_default().to_owned()
        })
        .collect();
    for start in ["INVITE sip:xxxxxx@127.0.0.1", "SIP/2.0 200", "ACK sip:", "BYE sip:"] {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start} in {lines:?}");
    }
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = certificate(ours.path(), &["mairie.example"]);
    let client = TlsSettings { authorities: Some(client.certificate.clone()), ..client };
    let callee = secure(certificate(theirs.path(), &["127.0.0.1"])).await;
    let caller = secure(client).await;
    let mut line = dial(&caller, &callee).await;
    expect(&mut line, "refusal", |e| *e == Event::Ended { cause: EndCause::Unreachable }).await;
}

#[tokio::test]
async fn a_client_certificate_can_be_required() {
    let (ours, theirs, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let known = certificate(ours.path(), &["127.0.0.1"]);
    let stranger = certificate(other.path(), &["127.0.0.1"]);
    let server = certificate(theirs.path(), &["127.0.0.1"]);
    let trusting = |tls: &TlsSettings| TlsSettings { authorities: Some(server.certificate.clone()), ..tls.clone() };
    let required = TlsSettings {
        authorities: Some(known.certificate.clone()),
        client_certificates: ClientCertificates::Required,
        ..server.clone()
    };
    let mut callee = secure(required).await;
    call(&secure(trusting(&known)).await, &mut callee).await;
    let refused = secure(trusting(&stranger)).await;
    let line = dial(&refused, &callee).await;
    // TLS 1.3 tells the client only after it has begun to send: the request is lost or fails, and no call arrives.
    line.command(Command::HangUp).await;
    drop(line);
    call(&secure(trusting(&known)).await, &mut callee).await;
}

#[test]
fn files_that_cannot_serve_are_told_apart() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let good = certificate(one.path(), &["mairie.example"]);
    let other = certificate(two.path(), &["mairie.example"]);
    assert!(check_tls(&good).is_ok());
    let with_key = |key: &std::path::Path| TlsSettings { key: key.to_path_buf(), ..good.clone() };
    assert!(matches!(check_tls(&with_key(&other.key)), Err(TlsError::Mismatch { .. })));
    assert!(matches!(check_tls(&with_key(&one.path().join("absent"))), Err(TlsError::Unreadable { .. })));
    assert!(matches!(check_tls(&with_key(&good.certificate)), Err(TlsError::NoKey { .. })));
    let swapped = TlsSettings { certificate: good.key.clone(), ..good.clone() };
    assert!(matches!(check_tls(&swapped), Err(TlsError::NoCertificate { .. })));
    std::fs::write(&other.certificate, "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n").unwrap();
    assert!(matches!(check_tls(&other), Err(TlsError::Damaged { .. })));
}
