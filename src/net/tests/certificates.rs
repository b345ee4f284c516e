//! Certificates that change while the service runs.

use super::*;

/// Looked at so often that a test need not wait.
async fn watchful(tls: TlsSettings) -> Agent {
    let mut settings = SipSettings { tls: Some(tls), ..settings(&["tls:127.0.0.1:0"]) };
    settings.timings.certificates = Duration::from_millis(20);
    Agent::open(settings).await
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> std::path::PathBuf {
    std::fs::copy(from, to).unwrap();
    to.to_path_buf()
}

/// Whether a call gets through, connection and certificate included.
async fn gets_through(caller: &Agent, callee: &Agent) -> bool {
    let target = format!("sip:{}", callee.address(0));
    let flow = Flow { transport: Transport::Tls, ..Flow::udp(callee.address(0)) };
    let mut line = caller.sip.ping(target, flow).await.unwrap();
    match within("an answer", line.event()).await {
        Some(Event::Answered { .. }) => true,
        Some(Event::Ended { cause: EndCause::Unreachable }) => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_who_connects_next_and_cuts_nobody() {
    let (ours, theirs, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = certificate(ours.path(), &["mairie.example"]);
    let server = certificate(theirs.path(), &["127.0.0.1"]);
    let renewed = certificate(other.path(), &["127.0.0.1"]);
    let old = copy(&server.certificate, &ours.path().join("old.pem"));
    let new = copy(&renewed.certificate, &ours.path().join("new.pem"));
    let trusting = |file: &std::path::PathBuf| TlsSettings { authorities: Some(file.clone()), ..client.clone() };

    let mut callee = watchful(server.clone()).await;
    let faithful = secure(trusting(&old)).await;
    call(&faithful, &mut callee).await;
    assert!(!gets_through(&secure(trusting(&new)).await, &callee).await);

    // As an ACME client does it: one file after the other. What does not fit together is not taken.
    copy(&renewed.certificate, &server.certificate);
    assert!(gets_through(&secure(trusting(&old)).await, &callee).await);
    copy(&renewed.key, &server.key);
    within("the new certificate", async { while !gets_through(&secure(trusting(&new)).await, &callee).await {} }).await;
    assert!(!gets_through(&secure(trusting(&old)).await, &callee).await);
    // The connection that stood before still does.
    call(&faithful, &mut callee).await;
}

#[tokio::test]
async fn new_authorities_count_for_the_next_connection() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = certificate(theirs.path(), &["127.0.0.1"]);
    let client = certificate(ours.path(), &["mairie.example"]);
    let trusted = copy(&client.certificate, &ours.path().join("trusted.pem"));
    let mut callee = secure(server.clone()).await;
    let caller = watchful(TlsSettings { authorities: Some(trusted.clone()), ..client }).await;
    assert!(!gets_through(&caller, &callee).await);
    copy(&server.certificate, &trusted);
    within("the new authorities", async { while !gets_through(&caller, &callee).await {} }).await;
    call(&caller, &mut callee).await;
}
