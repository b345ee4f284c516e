//! Offers within a call from both sides: UPDATE (RFC 3311), re-INVITE of ours (RFC 3261 §14.1), collisions (§14.2).

use super::*;

const HOLD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n";
const HELD: &str = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 5000 RTP/AVP 8\r\na=recvonly\r\n";

fn reoffered(sdp: &str) -> Event {
    Event::Reoffered { offer: Some(sdp.to_owned()) }
}

fn answered(sdp: &str) -> Event {
    Event::ReofferAnswered { sdp: Some(sdp.to_owned()) }
}

fn answer(net: &mut Net, who: usize, call: CallHandle, sdp: Option<&str>) {
    net.command(who, call, Command::AnswerReoffer { sdp: sdp.map(str::to_owned) });
}

fn offer(sdp: &str) -> Option<String> {
    Some(sdp.to_owned())
}

#[test]
fn our_reinvite_is_answered_and_acknowledged() {
    let mut net = Net::new(200);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(reoffered(HOLD)));
    answer(&mut net, AGENT, agent, Some(HELD));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(answered(HELD)));
    assert_eq!(net.sent(PEER), ["INVITE", "ACK"]);
    assert_eq!(net.sent(AGENT), ["100 INVITE", "200 INVITE"]);
    let reinvite = last_request(&net, PEER, "INVITE");
    assert_eq!(reinvite.headers.cseq().unwrap().number, 2);
    assert_eq!(reinvite.body, HOLD.as_bytes());
    assert!(reinvite.headers.to().unwrap().tag().is_some());
    assert!(reinvite.headers.get(&HeaderName::Contact).is_some());
    // The one who was called may do the same.
    net.command(AGENT, agent, Command::Reoffer { sdp: offer(OFFER) });
    net.run(seconds(0.1));
    answer(&mut net, PEER, peer, Some(ANSWER));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(answered(ANSWER)));
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn our_reinvite_without_an_offer_brings_theirs_and_our_answer_goes_with_the_ack() {
    let mut net = Net::new(201);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: None });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Reoffered { offer: None }));
    answer(&mut net, AGENT, agent, Some(OFFER));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(reoffered(OFFER)));
    // The ACK waits for the answer, though the 200 comes again and again.
    net.run(seconds(2.0));
    assert_eq!(net.count_sent(PEER, "ACK"), 0);
    assert_eq!(net.count(PEER, &reoffered(OFFER)), 1);
    answer(&mut net, PEER, peer, Some(ANSWER));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: offer(ANSWER) }));
    assert_eq!(net.count_sent(PEER, "ACK"), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_offer_in_a_2xx_that_nobody_can_use_gets_an_answer_without_streams_and_the_call_ends() {
    let mut net = Net::new(202);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: None });
    net.run(seconds(0.1));
    answer(&mut net, AGENT, agent, Some(OFFER));
    net.run(seconds(0.1));
    answer(&mut net, PEER, peer, None);
    let ack = last_request(&net, PEER, "ACK");
    assert!(String::from_utf8_lossy(&ack.body).contains("m=audio 0 RTP/AVP 8"), "RFC 3261 §13.2.2.4");
    assert_eq!(net.sent(PEER)[1..], ["ACK", "BYE"]);
    net.assert_forgotten();
}

#[test]
fn refused_reinvite_of_ours_leaves_the_call() {
    let mut net = Net::new(203);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
    net.run(seconds(0.1));
    answer(&mut net, AGENT, agent, None);
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::ReofferRefused { status: 488 }));
    // And another offer may follow.
    net.command(PEER, peer, Command::Reoffer { sdp: offer(OFFER) });
    net.run(seconds(0.1));
    answer(&mut net, AGENT, agent, Some(ANSWER));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(answered(ANSWER)));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn update_with_and_without_an_offer_in_a_confirmed_dialog() {
    for (from, to) in [(AGENT, PEER), (PEER, AGENT)] {
        let mut net = Net::new(204);
        let (agent, peer) = net.establish();
        let calls = [agent, peer];
        net.command(from, calls[from], Command::Update { sdp: offer(HOLD) });
        net.run(seconds(0.1));
        assert_eq!(net.last_event(to), Some(reoffered(HOLD)));
        answer(&mut net, to, calls[to], Some(HELD));
        net.run(seconds(0.1));
        assert_eq!(net.last_event(from), Some(answered(HELD)));
        assert_eq!((net.sent(from), net.sent(to)), (vec!["UPDATE".to_owned()], vec!["200 UPDATE".to_owned()]));
        let ok = first_response(&net, to, 200);
        assert!(ok.headers.get(&HeaderName::Contact).is_some(), "it refreshes the target");
        let told = net.events(to).len();
        net.command(from, calls[from], Command::Update { sdp: None });
        net.run(seconds(0.1));
        assert_eq!(net.last_event(from), Some(Event::ReofferAnswered { sdp: None }));
        assert_eq!(net.events(to).len(), told, "nothing to tell");
        net.command(from, calls[from], Command::Update { sdp: offer(OFFER) });
        net.run(seconds(0.1));
        answer(&mut net, to, calls[to], None);
        net.run(seconds(0.1));
        assert_eq!(net.last_event(from), Some(Event::ReofferRefused { status: 488 }));
        net.command(from, calls[from], Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn an_update_nobody_answers_is_refused_before_its_sender_gives_up() {
    let mut net = Net::new(205);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Update { sdp: offer(HOLD) });
    net.run(seconds(9.0));
    assert_eq!(net.last_event(PEER), Some(Event::ReofferRefused { status: 504 }));
    answer(&mut net, AGENT, agent, Some(HELD));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

/// The dialog of an established call as its caller sees it: a request of his to copy from.
fn theirs(net: &mut Net, peer: CallHandle) -> Request {
    net.command(PEER, peer, Command::Update { sdp: None });
    let update = last_request(net, PEER, "UPDATE");
    net.run(seconds(0.1));
    update
}

/// A further request of the caller.
fn next(like: &Request, method: &str, cseq: u32, extra: &str, body: &str) -> String {
    let text = String::from_utf8(like.to_bytes().to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let number = like.headers.cseq().unwrap().number;
    let head = head
        .replace("UPDATE sip", &format!("{method} sip"))
        .replace(&format!("CSeq: {number} UPDATE"), &format!("CSeq: {cseq} {method}"))
        .replace("z9hG4bK", &format!("z9hG4bK{method}{cseq}"))
        .replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
    format!("{head}\r\n{extra}\r\n{body}")
}

#[test]
fn updates_that_overlap_or_cross() {
    let mut net = Net::new(206);
    let (agent, peer) = net.establish();
    let like = theirs(&mut net, peer);
    let sdp = "Content-Type: application/sdp\r\n";
    assert!(net.exchange(&next(&like, "UPDATE", 10, sdp, HOLD)).is_empty());
    // RFC 3311 §5.2: the first one is unanswered.
    for (cseq, method, body) in [(11, "UPDATE", OFFER), (12, "UPDATE", ""), (13, "INVITE", OFFER)] {
        let response = net.response_to(&next(&like, method, cseq, if body.is_empty() { "" } else { sdp }, body));
        assert_eq!(response.status, 500, "{method} {cseq}");
        let seconds: u32 = response.headers.text(&HeaderName::RetryAfter).unwrap().parse().unwrap();
        assert!(seconds <= 10);
    }
    answer(&mut net, AGENT, agent, Some(HELD));
    // An offer of ours is unanswered: theirs is glare, a mere refresh is not.
    net.filter = Some(Box::new(|_| false));
    net.command(AGENT, agent, Command::Update { sdp: offer(OFFER) });
    assert_eq!(net.response_to(&next(&like, "UPDATE", 14, sdp, HOLD)).status, 491);
    assert_eq!(net.response_to(&next(&like, "INVITE", 15, sdp, HOLD)).status, 491);
    assert_eq!(net.response_to(&next(&like, "UPDATE", 16, "", "")).status, 200);
    net.command(AGENT, agent, Command::HangUp);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_update_may_not_carry_what_we_cannot_read() {
    let mut net = Net::new(207);
    let (agent, peer) = net.establish();
    let like = theirs(&mut net, peer);
    let response = net.response_to(&next(&like, "UPDATE", 10, "Content-Type: text/plain\r\n", "hello"));
    assert_eq!(response.status, 415);
    assert_eq!(response.headers.text(&HeaderName::Accept).unwrap(), "application/sdp");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

/// Both sides send at once; each is refused (491), and the owner of the Call-ID waits longer (§14.1).
#[test]
fn two_reinvites_that_cross_are_both_sent_again() {
    for seed in 0..20 {
        let mut net = Net::new(210 + seed);
        let (agent, peer) = net.establish();
        let met = (net.now - net.start).as_secs_f64();
        net.command(AGENT, agent, Command::Reoffer { sdp: offer(OFFER) });
        net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
        net.run(seconds(0.1));
        assert_eq!((net.count_sent(AGENT, "491 INVITE"), net.count_sent(PEER, "491 INVITE")), (1, 1));
        // Who was called comes first: within 2 s. His offer is answered at once.
        net.run(seconds(1.99));
        assert_eq!(net.last_event(PEER), Some(reoffered(OFFER)), "seed {seed}");
        answer(&mut net, PEER, peer, Some(ANSWER));
        net.run(seconds(2.1));
        assert_eq!(net.count(AGENT, &answered(ANSWER)), 1);
        assert_eq!(net.last_event(AGENT), Some(reoffered(HOLD)), "seed {seed}");
        answer(&mut net, AGENT, agent, Some(HELD));
        net.run(seconds(0.1));
        assert_eq!(net.last_event(PEER), Some(answered(HELD)));
        let agents: Vec<f64> = net.times_sent(AGENT, "INVITE").iter().map(|t| t - met).collect();
        let peers: Vec<f64> = net.times_sent(PEER, "INVITE").iter().map(|t| t - met).collect();
        assert_eq!((agents.len(), peers.len()), (2, 2));
        assert!(agents[1] < 2.05, "{agents:?}");
        assert!(peers[1] > 2.1 && peers[1] < 4.05, "{peers:?}");
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn updates_that_cross_are_both_sent_again() {
    let mut net = Net::new(240);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::Update { sdp: offer(OFFER) });
    net.command(PEER, peer, Command::Update { sdp: offer(HOLD) });
    for _ in 0..60 {
        net.run(seconds(0.1));
        for (who, call, sdp) in [(AGENT, agent, HELD), (PEER, peer, ANSWER)] {
            answer(&mut net, who, call, Some(sdp));
        }
    }
    assert_eq!((net.count(AGENT, &answered(ANSWER)), net.count(PEER, &answered(HELD))), (1, 1));
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn offers_wait_for_what_is_under_way_and_one_more_is_refused() {
    let mut net = Net::new(241);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
    net.command(PEER, peer, Command::Reoffer { sdp: offer(OFFER) });
    net.command(PEER, peer, Command::Reoffer { sdp: offer(ANSWER) });
    assert_eq!(net.last_event(PEER), Some(Event::ReofferRefused { status: 491 }));
    assert_eq!(net.count_sent(PEER, "INVITE"), 1);
    net.run(seconds(0.1));
    answer(&mut net, AGENT, agent, Some(HELD));
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(reoffered(OFFER)));
    answer(&mut net, AGENT, agent, Some(ANSWER));
    net.run(seconds(0.1));
    assert_eq!((net.count(PEER, &answered(HELD)), net.count(PEER, &answered(ANSWER))), (1, 1));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn retry_after_is_obeyed_within_bounds() {
    for (after, again) in [("3 (busy)", true), ("300", false)] {
        let mut net = Net::new(242);
        let (agent, peer) = net.establish();
        net.filter = Some(Box::new(|c| c.label() != "INVITE"));
        net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
        let reinvite = last_request(&net, PEER, "INVITE");
        let busy = response_text(&reinvite, 500, "", &format!("Retry-After: {after}\r\n"), "");
        net.deliver(PEER, address(AGENT), busy.as_bytes());
        assert_eq!(net.count(PEER, &Event::ReofferRefused { status: 500 }), usize::from(!again));
        net.filter = None;
        net.run(seconds(2.9));
        assert_eq!(net.count(AGENT, &reoffered(HOLD)), 0);
        net.run(seconds(0.2));
        assert_eq!(net.count(AGENT, &reoffered(HOLD)), usize::from(again));
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn a_far_end_that_lost_the_call_ends_it() {
    for status in [408, 481] {
        let mut net = Net::new(243);
        let (agent, peer) = net.establish();
        net.filter = Some(Box::new(|c| c.label() != "INVITE"));
        net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
        let lost = response_text(&last_request(&net, PEER, "INVITE"), status, "", "", "");
        net.deliver(PEER, address(AGENT), lost.as_bytes());
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Timeout }));
        assert_eq!(net.sent(PEER)[1..], ["ACK", "BYE"]);
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
    // So does one that says nothing at all.
    let mut net = Net::new(244);
    let (agent, peer) = net.establish();
    net.filter = Some(Box::new(|_| false));
    net.command(PEER, peer, Command::Update { sdp: None });
    net.run(seconds(33.0));
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Timeout }));
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn hanging_up_while_our_reinvite_is_unanswered() {
    let mut net = Net::new(245);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: offer(HOLD) });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    assert_eq!(net.sent(AGENT), ["100 INVITE", "200 BYE", "487 INVITE"]);
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    let _ = agent;
    net.assert_forgotten();
}

/// Both sides change the media again and again over a bad network; what is under way ends one way or the other.
#[test]
fn offers_over_a_bad_network_end() {
    let mut agreed = 0;
    for seed in 0..100 {
        let mut net = Net::new(3000 + seed);
        let (agent, peer) = net.establish();
        net.loss = 0.15;
        net.duplication = 0.15;
        net.jitter = seconds(0.3);
        let mut seen = [net.events(AGENT).len(), net.events(PEER).len()];
        for round in 0..400 {
            for (who, call, sdp) in [(AGENT, agent, HELD), (PEER, peer, ANSWER)] {
                if round % 100 == 0 {
                    let command = match (round / 100 + who) % 4 {
                        0 => Command::Reoffer { sdp: offer(HOLD) },
                        1 => Command::Update { sdp: offer(OFFER) },
                        2 => Command::Reoffer { sdp: None },
                        _ => Command::Update { sdp: None },
                    };
                    net.command(who, call, command);
                }
                let fresh = net.events(who).split_off(seen[who]);
                seen[who] += fresh.len();
                for event in fresh {
                    match event {
                        Event::Reoffered { .. } => answer(&mut net, who, call, Some(sdp)),
                        Event::ReofferAnswered { .. } => agreed += 1,
                        _ => {}
                    }
                }
            }
            net.run(seconds(0.1));
        }
        net.command(AGENT, agent, Command::HangUp);
        net.command(PEER, peer, Command::HangUp);
        net.loss = 0.0;
        net.assert_forgotten();
    }
    assert!(agreed > 400, "{agreed} of about 600 offers answered");
}

#[test]
fn target_refreshes_move_the_far_end() {
    let mut net = Net::new(246);
    let (agent, peer) = net.establish();
    let like = theirs(&mut net, peer);
    let moved = next(&like, "UPDATE", 10, "", "")
        .replace("Contact: <sip:alice@127.0.0.1:5061>", "Contact: <sip:alice@127.0.0.1:5099>");
    assert_eq!(net.response_to(&moved).status, 200);
    net.command(AGENT, agent, Command::HangUp);
    assert_eq!(last_request(&net, AGENT, "BYE").uri, "sip:alice@127.0.0.1:5099");
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}
