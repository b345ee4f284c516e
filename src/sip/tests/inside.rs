//! Requests within a call: re-INVITE, INFO, OPTIONS, wrong order, unknown dialogs (RFC 3261 §12.2.2, §14).

use super::*;
use crate::sip::wire::HeaderName;

/// A request from the peer's side of the call that `establish` made, as text.
fn inside(net: &Net, method: &str, cseq: u32, extra: &str, body: &str) -> String {
    let (call_id, from, to) = net.sides();
    format!(
        "{method} sip:mairie@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKin{method}{cseq}\r\n\
         From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn established(seed: u64) -> (Net, CallHandle) {
    let mut net = Net::new(seed);
    let (agent, _) = net.establish_keeping();
    (net, agent)
}

impl Net {
    /// Like `establish`, but what was carried stays.
    fn establish_keeping(&mut self) -> (CallHandle, CallHandle) {
        let peer = self.dial(PEER);
        self.run(seconds(0.1));
        let agent = self.incoming(AGENT);
        self.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
        self.run(seconds(0.2));
        (agent, peer)
    }

    /// Call-ID, and From and To of the peer's requests.
    fn sides(&self) -> (String, String, String) {
        let ok = first_response(self, AGENT, 200);
        let text = |name| ok.headers.text(&name).unwrap().into_owned();
        (text(HeaderName::CallId), text(HeaderName::From), text(HeaderName::To))
    }

    fn finish(&mut self, agent: CallHandle) {
        self.command(AGENT, agent, Command::HangUp);
        self.assert_forgotten();
    }
}

const SDP: &str = "Content-Type: application/sdp\r\nContact: <sip:alice@127.0.0.1:5061>\r\n";

fn statuses(messages: &[Message]) -> Vec<u16> {
    messages.iter().map(|m| if let Message::Response(r) = m { r.status } else { 0 }).collect()
}

#[test]
fn reinvite_is_offered_and_answered() {
    let (mut net, agent) = established(40);
    let reinvite = inside(&net, "INVITE", 2, SDP, OFFER);
    assert_eq!(net.response_to(&reinvite).status, 100);
    let offer = Some(OFFER.to_owned());
    assert_eq!(net.last_event(AGENT), Some(Event::Reoffered { offer }));
    let before = net.carried.len();
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    // Lost: sent again until the ACK.
    net.run(seconds(1.0));
    let again = net.carried[before..].iter().filter(|c| c.label() == "200 INVITE").count();
    assert_eq!(again, 2);
    let ok = first_response(&net, AGENT, 200);
    assert_eq!(ok.body, ANSWER.as_bytes());
    let events = net.events[AGENT].len();
    net.exchange(&inside(&net, "ACK", 2, "", ""));
    assert_eq!(net.events[AGENT].len(), events, "the offer was theirs: the ACK brings nothing");
    let before = net.carried.len();
    net.run(seconds(10.0));
    assert_eq!(net.carried.len(), before, "acknowledged: not sent again");
    net.finish(agent);
}

#[test]
fn reinvite_without_offer_brings_the_answer_with_the_ack() {
    let (mut net, agent) = established(41);
    net.response_to(&inside(&net, "INVITE", 2, "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    assert_eq!(net.last_event(AGENT), Some(Event::Reoffered { offer: None }));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(OFFER.into()) });
    net.exchange(&inside(&net, "ACK", 2, "Content-Type: application/sdp\r\n", ANSWER));
    let sdp = Some(ANSWER.to_owned());
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp }));
    net.finish(agent);
}

#[test]
fn refused_reinvite_leaves_the_call_as_it_was() {
    let (mut net, agent) = established(42);
    net.response_to(&inside(&net, "INVITE", 2, SDP, OFFER));
    net.carried.retain(|c| c.label() != "200 INVITE");
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: None });
    assert_eq!(net.carried.last().unwrap().label(), "488 INVITE");
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.command(AGENT, agent, Command::HangUp);
    assert_eq!(net.count_sent(AGENT, "BYE"), 1);
    net.assert_forgotten();
}

#[test]
fn reinvites_that_overlap_or_come_too_early_wait() {
    let (mut net, agent) = established(43);
    net.response_to(&inside(&net, "INVITE", 2, SDP, OFFER));
    // The first is not answered yet (§14.2).
    let response = net.response_to(&inside(&net, "INVITE", 3, SDP, OFFER));
    assert_eq!(response.status, 500);
    let seconds: u32 = response.headers.text(&HeaderName::RetryAfter).unwrap().parse().unwrap();
    assert!(seconds <= 10);
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    // Our 200 is not acknowledged, but who sends the next INVITE has it: offer and answer are done (RFC 5407 §3.1.4).
    assert_eq!(net.response_to(&inside(&net, "INVITE", 4, SDP, OFFER)).status, 100);
    let sent = net.count_sent(AGENT, "200 INVITE");
    net.run(super::seconds(10.0));
    assert_eq!(net.count_sent(AGENT, "200 INVITE"), sent, "the 200 is not sent again");
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.exchange(&inside(&net, "ACK", 4, "", ""));
    // With our offer in it, the ACK has to bring the answer first (RFC 5407 §3.1.5).
    net.response_to(&inside(&net, "INVITE", 5, "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(OFFER.into()) });
    assert_eq!(net.response_to(&inside(&net, "INVITE", 6, SDP, OFFER)).status, 491);
    net.exchange(&inside(&net, "ACK", 5, "Content-Type: application/sdp\r\n", ANSWER));
    assert_eq!(net.response_to(&inside(&net, "INVITE", 7, SDP, OFFER)).status, 100);
    net.finish(agent);
}

#[test]
fn reinvite_while_our_own_invite_is_unanswered_is_glare() {
    let mut net = Net::new(44);
    let agent = net.dial(AGENT);
    net.run(seconds(0.1));
    let invite = last_request(&net, AGENT, "INVITE");
    let text = |name: &HeaderName| invite.headers.text(name).unwrap().into_owned();
    let crossing = raw("INVITE", SDP, OFFER)
        .replace("<sip:mairie@127.0.0.1:5060>", &text(&HeaderName::From))
        .replace("<sip:alice@127.0.0.1:5061>;tag=raw", "<sip:alice@127.0.0.1:5061>;tag=b")
        .replace("raw-call", &text(&HeaderName::CallId));
    assert_eq!(net.response_to(&crossing).status, 491);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn unanswered_reinvite_is_refused_when_the_call_ends() {
    let mut net = Net::new(45);
    let (agent, peer) = net.establish_keeping();
    net.response_to(&inside(&net, "INVITE", 2, SDP, OFFER));
    let bye = inside(&net, "BYE", 3, "", "");
    assert_eq!(statuses(&net.exchange(&bye)), [200, 487]);
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: None });
    // The peer itself knows nothing of that BYE; its own gets 481, which ends its call too.
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.count_sent(AGENT, "481 BYE"), 1);
    net.assert_forgotten();
}

#[test]
fn cancelled_reinvite_leaves_the_call() {
    let (mut net, agent) = established(46);
    let reinvite = inside(&net, "INVITE", 2, SDP, OFFER);
    net.response_to(&reinvite);
    let cancel = inside(&net, "CANCEL", 2, "", "").replace("inCANCEL2", "inINVITE2");
    assert_eq!(statuses(&net.exchange(&cancel)), [200, 487]);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    assert!(net.events(AGENT).iter().all(|e| !matches!(e, Event::Ended { .. })));
    net.finish(agent);
}

#[test]
fn reinvite_that_is_never_acknowledged_ends_the_call() {
    let (mut net, agent) = established(47);
    net.response_to(&inside(&net, "INVITE", 2, SDP, OFFER));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(33.0));
    let cause = EndCause::NoAck;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn requests_out_of_order_are_refused() {
    let (mut net, agent) = established(48);
    assert_eq!(net.response_to(&inside(&net, "INFO", 7, "", "")).status, 200);
    assert_eq!(net.response_to(&inside(&net, "INFO", 6, "", "")).status, 500);
    assert_eq!(net.response_to(&inside(&net, "BYE", 5, "", "")).status, 500);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.finish(agent);
}

#[test]
fn keys_in_info_are_told_once() {
    let (mut net, agent) = established(49);
    let relay = "Content-Type: application/dtmf-relay\r\n";
    let info = inside(&net, "INFO", 2, relay, "Signal= 5\r\nDuration= 160\r\n");
    assert_eq!(net.response_to(&info).status, 200);
    let key = KeyPress { key: '5', held: Some(Duration::from_millis(160)) };
    assert_eq!(net.last_event(AGENT), Some(Event::Key(key)));
    assert_eq!(net.response_to(&info).status, 200, "sent again");
    assert_eq!(net.count(AGENT, &Event::Key(key)), 1);
    let plain = "Content-Type: application/dtmf;charset=utf-8\r\n";
    assert_eq!(net.response_to(&inside(&net, "INFO", 3, plain, "#")).status, 200);
    assert_eq!(net.last_event(AGENT), Some(Event::Key(KeyPress { key: '#', held: None })));
    let events = net.events[AGENT].len();
    assert_eq!(net.response_to(&inside(&net, "INFO", 4, relay, "Signal=!\r\n")).status, 200, "hook flash");
    assert_eq!(net.response_to(&inside(&net, "INFO", 5, relay, "Signal=zero\r\n")).status, 400);
    let encoded = format!("{relay}Content-Encoding: gzip\r\n");
    assert_eq!(net.response_to(&inside(&net, "INFO", 6, &encoded, "Signal=1")).status, 415);
    assert_eq!(net.events[AGENT].len(), events);
    net.finish(agent);
}

#[test]
fn info_with_content_is_not_swallowed() {
    let (mut net, agent) = established(149);
    let media = "Content-Type: application/media_control+xml\r\n";
    let response = net.response_to(&inside(&net, "INFO", 2, media, "<media_control/>"));
    assert_eq!(response.status, 415);
    let accept = response.headers.text(&HeaderName::Accept).unwrap().into_owned();
    assert_eq!(accept, "application/dtmf-relay, application/dtmf");
    let package = "Info-Package: foo\r\nContent-Type: application/dtmf\r\n";
    let response = net.response_to(&inside(&net, "INFO", 3, package, "1"));
    assert_eq!((response.status, response.headers.text(&HeaderName::RecvInfo).as_deref()), (469, Some("")));
    net.finish(agent);
}

#[test]
fn options_within_a_call_says_that_it_lives() {
    let (mut net, agent) = established(50);
    let now = net.now;
    net.endpoints[AGENT].handle_input(now, Input::Drain);
    assert_eq!(net.response_to(&inside(&net, "OPTIONS", 2, "", "")).status, 200);
    net.finish(agent);
}

#[test]
fn requests_for_another_dialog_get_481() {
    let (mut net, agent) = established(51);
    for (from, to) in [(";tag=", ";tag=x"), ("Call-ID: ", "Call-ID: x")] {
        for method in ["BYE", "INFO", "NOTIFY", "REFER", "INVITE", "OPTIONS"] {
            let request = inside(&net, method, 9, "", "").replace(from, to);
            assert_eq!(net.response_to(&request).status, 481, "{method}");
        }
    }
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.finish(agent);
}

#[test]
fn notify_without_subscription_gets_481_and_unknown_packages_489() {
    let (mut net, agent) = established(52);
    let notify = inside(&net, "NOTIFY", 2, "Event: refer\r\nSubscription-State: active\r\n", "");
    assert_eq!(net.response_to(&notify).status, 481);
    let notify = inside(&net, "NOTIFY", 3, "Event: presence\r\n", "");
    assert_eq!(net.response_to(&notify).status, 489);
    net.finish(agent);
}

#[test]
fn stray_acks_change_nothing() {
    let (mut net, agent) = established(53);
    for cseq in [1, 2, 99] {
        assert!(net.exchange(&inside(&net, "ACK", cseq, "", "")).is_empty());
    }
    assert_eq!(net.count(AGENT, &Event::Acknowledged { sdp: None }), 1);
    net.finish(agent);
}
