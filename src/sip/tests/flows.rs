//! The flows of RFC 3665 §3, by their numbers: who sends what, in which order.

use super::*;

/// The flow from here on, as `1:INVITE 0:100 …`.
fn flow(net: &Net) -> String {
    net.flow().iter().map(|(who, label)| format!("{who}:{}", label.replace(' ', "/"))).collect::<Vec<_>>().join(" ")
}

fn ring_and_answer(net: &mut Net, who: usize) -> CallHandle {
    net.run(seconds(0.1));
    let call = net.incoming(who);
    net.command(who, call, Command::Ring);
    net.run(seconds(0.5));
    net.command(who, call, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    call
}

#[test]
fn section_3_1_successful_session() {
    let mut net = Net::new(900);
    let peer = net.dial(PEER);
    let agent = ring_and_answer(&mut net, AGENT);
    net.command(AGENT, agent, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(flow(&net), "1:INVITE 0:100/INVITE 0:180/INVITE 0:200/INVITE 1:ACK 0:BYE 1:200/BYE");
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::RemoteBye }));
    let _ = peer;
    net.assert_forgotten();
}

#[test]
fn section_3_2_session_through_two_proxies() {
    let mut net = Net::new(901);
    let routes = "Record-Route: <sip:192.0.2.222;lr>, <sip:192.0.2.111;lr>\r\nContact: <sip:alice@client.atlanta>\r\n";
    let vias = "z9hG4bKrawINVITE\r\nVia: SIP/2.0/UDP 192.0.2.111:5060;branch=z9hG4bK2d;received=192.0.2.111\r\n\
                Via: SIP/2.0/UDP client.atlanta:5060;branch=z9hG4bK74";
    let invite =
        raw("INVITE", routes, "").replacen("z9hG4bKrawINVITE", vias, 1).replace("Max-Forwards: 70", "Max-Forwards: 68");
    net.response_to(&invite);
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    for status in [180, 200] {
        let response = first_response(&net, AGENT, status);
        assert_eq!(response.headers.list(&HeaderName::Via).count(), 3);
        assert_eq!(response.headers.list(&HeaderName::RecordRoute).count(), 2);
    }
    let to = first_response(&net, AGENT, 200).headers.text(&HeaderName::To).unwrap().into_owned();
    net.exchange(
        &raw("ACK", "Content-Type: application/sdp\r\n", ANSWER)
            .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}")),
    );
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: Some(ANSWER.into()) }));
    net.command(AGENT, agent, Command::HangUp);
    let bye = last_request(&net, AGENT, "BYE");
    let routes: Vec<_> = bye.headers.list(&HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:192.0.2.222;lr>", "<sip:192.0.2.111;lr>"]);
    assert_eq!(
        (bye.uri.as_str(), net.carried.last().unwrap().to),
        ("sip:alice@client.atlanta", "192.0.2.222:5060".parse().unwrap())
    );
    net.assert_forgotten();
}

#[test]
fn section_3_4_session_with_a_proxy_that_fails() {
    let mut net = Net::new(902);
    // The first proxy never answers; the call is placed again by the second one, as a call of its own.
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    net.run(seconds(33.0));
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Timeout }));
    net.filter = None;
    net.carried.clear();
    let peer = net.dial(PEER);
    let agent = ring_and_answer(&mut net, AGENT);
    assert_eq!(flow(&net), "1:INVITE 0:100/INVITE 0:180/INVITE 0:200/INVITE 1:ACK");
    let _ = agent;
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_5_session_through_an_application_level_gateway() {
    // What the gateway rewrites is what counts: the description as it arrives, and its own address as next hop.
    let mut net = Net::new(903);
    let sdp = OFFER.replace("127.0.0.1", "192.0.2.128");
    let headers = "Contact: <sip:alice@client.atlanta>\r\nRecord-Route: <sip:192.0.2.128;lr>\r\nContent-Type: application/sdp\r\n";
    net.response_to(&raw("INVITE", headers, &sdp));
    assert!(matches!(net.last_event(AGENT), Some(Event::Incoming { offer: Some(offer), .. }) if offer == sdp));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.command(AGENT, agent, Command::HangUp);
    net.run(seconds(33.0));
    assert_eq!(net.carried.last().unwrap().to, "192.0.2.128:5060".parse().unwrap());
    net.run(seconds(33.0));
    net.assert_forgotten();
}

#[test]
fn section_3_6_session_via_redirect_with_the_answer_in_the_ack() {
    let mut net = Net::with_third(904);
    net.filter = Some(Box::new(|c| c.to != address(AGENT)));
    let peer = net.dial_with(PEER, AGENT, None);
    let invite = last_request(&net, PEER, "INVITE");
    let contact = format!("Contact: <sip:carole@{}>\r\n", address(THIRD));
    net.deliver(PEER, address(AGENT), response_text(&invite, 302, "r", &contact, "").as_bytes());
    net.filter = None;
    net.run(seconds(0.1));
    let third = net.incoming(THIRD);
    net.command(THIRD, third, Command::Ring);
    net.command(THIRD, third, Command::Answer { sdp: OFFER.into() });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(flow(&net), "1:INVITE 1:ACK 1:INVITE 2:100/INVITE 2:180/INVITE 2:200/INVITE 1:ACK");
    assert_eq!(net.last_event(THIRD), Some(Event::Acknowledged { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_7_session_with_reinvite() {
    let mut net = Net::new(905);
    let peer = net.dial(PEER);
    let agent = ring_and_answer(&mut net, AGENT);
    net.carried.clear();
    // The one who was called has got another address.
    let moved = ANSWER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.2");
    net.command(AGENT, agent, Command::Reoffer { sdp: Some(moved.clone()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::Reoffered { offer: Some(moved) }));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(flow(&net), "0:INVITE 1:100/INVITE 1:200/INVITE 0:ACK 1:BYE 0:200/BYE");
    net.assert_forgotten();
}

#[test]
fn section_3_8_unsuccessful_no_answer() {
    let mut net = Net::new(906);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(9.0));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(flow(&net), "1:INVITE 0:100/INVITE 0:180/INVITE 1:CANCEL 0:200/CANCEL 0:487/INVITE 1:ACK");
    net.assert_forgotten();
}

#[test]
fn sections_3_9_and_3_11_unsuccessful_busy_and_unavailable() {
    for status in [486, 480] {
        let mut net = Net::new(907);
        net.dial(PEER);
        net.run(seconds(0.1));
        let agent = net.incoming(AGENT);
        net.command(AGENT, agent, Command::Reject { status });
        net.run(seconds(0.1));
        assert_eq!(flow(&net), format!("1:INVITE 0:100/INVITE 0:{status}/INVITE 1:ACK"));
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(status) }));
        net.assert_forgotten();
    }
}

#[test]
fn section_3_10_unsuccessful_no_response_from_the_called_one() {
    // A proxy has answered 100 and says 480 when it has waited long enough.
    let mut net = Net::new(908);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    net.deliver(PEER, address(AGENT), response_text(&invite, 100, "", "", "").as_bytes());
    net.run(seconds(60.0));
    assert_eq!(net.count_sent(PEER, "INVITE"), 1);
    net.deliver(PEER, address(AGENT), response_text(&invite, 480, "p", "", "").as_bytes());
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(480) }));
    assert_eq!(net.sent(PEER), ["INVITE", "ACK"]);
    net.assert_forgotten();
}

#[test]
fn every_response_says_what_we_can() {
    let mut net = Net::new(909);
    let peer = net.dial(PEER);
    let agent = ring_and_answer(&mut net, AGENT);
    net.command(PEER, peer, Command::Update { sdp: None });
    net.run(seconds(0.1));
    let options = net.response_to(&raw("OPTIONS", "", ""));
    let mut told = vec![options];
    for carried in net.carried.iter().filter(|c| c.from == AGENT) {
        if let Message::Response(response) = read_datagram(&carried.bytes).unwrap().message
            && response.status > 100
        {
            told.push(response);
        }
    }
    assert_eq!(told.len(), 5, "OPTIONS twice, 180, 200, UPDATE's 200");
    for response in told {
        let text = |name| response.headers.text(&name).unwrap_or_default().into_owned();
        for method in ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "REFER", "NOTIFY", "INFO"] {
            assert!(text(HeaderName::Allow).contains(method), "{} {method}", response.status);
        }
        for tag in ["100rel", "timer", "replaces", "norefersub"] {
            assert!(text(HeaderName::Supported).contains(tag), "{} {tag}", response.status);
        }
        assert_eq!(text(HeaderName::Contact), "<sip:mairie@127.0.0.1:5060>");
    }
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_invite_that_comes_back_to_us_is_a_loop() {
    let mut net = Net::new(910);
    net.filter = Some(Box::new(|_| false));
    let agent = net.dial(AGENT);
    let invite = String::from_utf8(last_request(&net, AGENT, "INVITE").to_bytes().to_vec()).unwrap();
    // The switchboard sends it back with a Via of its own on top; something that only forwards packets sends it as it was.
    let proxied = invite.replacen("Via:", "Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKpbx\r\nVia:", 1);
    for back in [proxied, invite] {
        let Message::Response(response) = net.answer_to(AGENT, address(PEER), &back) else { panic!("a request") };
        assert_eq!((response.status, response.reason.as_str()), (482, "Loop Detected"));
    }
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn who_sent_the_call_on_and_why_it_ends_is_told() {
    for (extra, user) in [
        ("Diversion: <sip:accueil@pbx>;reason=no-answer, <sip:first@pbx>\r\n", Some("accueil")),
        (
            "History-Info: <sip:accueil@pbx?Reason=SIP%3Bcause%3D302>;index=1, <sip:mairie@pbx>;index=1.1;mp=1\r\n",
            Some("accueil"),
        ),
        ("History-Info: <sip:mairie@pbx>;index=1\r\n", None),
        ("Diversion: nonsense\r\n", None),
        ("", None),
    ] {
        let mut net = Net::new(911);
        net.response_to(&raw("INVITE", &format!("Contact: <sip:alice@127.0.0.1:5061>\r\n{extra}"), ""));
        let Some(Event::Incoming { origin, .. }) = net.last_event(AGENT) else { panic!("no call") };
        assert_eq!(origin.sent_on_by.and_then(|by| by.uri.user()).as_deref(), user, "{extra}");
        let cancel = raw("CANCEL", "Reason: SIP ;cause=200 ;text=\"Call completed elsewhere\"\r\n", "")
            .replace("rawCANCEL", "rawINVITE");
        net.exchange(&cancel);
        let events = net.events(AGENT);
        assert_eq!(events[1], Event::ReleaseReason { protocol: "SIP".to_owned(), cause: Some(200) });
        assert_eq!(events[2], Event::Ended { cause: EndCause::RemoteCancel });
        net.assert_forgotten();
    }
}
