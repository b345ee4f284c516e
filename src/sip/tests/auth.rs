//! Challenges to our requests (RFC 3261 §22, RFC 3665 §3.3), with proxies and far ends that check what we answer.

use super::*;
use crate::sip::digest::{Algorithm, Credentials, DigestServer, Password, Qop, Signed};

/// Somebody on the way who wants to know who we are.
struct Guard {
    server: DigestServer,
    proxy: bool,
    name: &'static str,
}

impl Guard {
    fn new(net: &Net, name: &'static str, proxy: bool) -> Guard {
        let qop = vec![Qop::Auth, Qop::AuthInt];
        let server =
            DigestServer::new(name.to_owned(), vec![Algorithm::SHA_256, Algorithm::MD5], qop, [7; 32], net.now);
        Guard { server, proxy, name }
    }

    /// `Ok` when the request brings the right credentials; else the refusal.
    fn check(&mut self, net: &Net, request: &Request) -> Result<(), String> {
        let name = if self.proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization };
        let signed = Signed { method: request.method.as_str(), uri: &request.uri, body: &request.body };
        let brought: Vec<Credentials> = request
            .headers
            .all(&name)
            .filter_map(|value| String::from_utf8_lossy(value).parse().ok())
            .filter(|credentials: &Credentials| credentials.realm == self.name)
            .collect();
        let stale = match brought.as_slice() {
            [one] => match self.server.verify(net.now, one, signed, |user| (user == "mairie").then(|| "secret".into()))
            {
                Ok(()) => return Ok(()),
                Err(why) => why == crate::sip::digest::Rejected::Stale,
            },
            _ => false,
        };
        let (status, header) = if self.proxy { (407, "Proxy-Authenticate") } else { (401, "WWW-Authenticate") };
        let lines: String = self
            .server
            .challenge(net.now, stale)
            .iter()
            .map(|challenge| format!("{header}: {challenge}\r\n"))
            .collect();
        Err(response_text(request, status, self.name, &lines, ""))
    }
}

fn logins(net: &mut Net, who: usize, logins: &[(Option<&str>, &str)]) {
    net.configure(who, |config| {
        config.credentials = logins
            .iter()
            .map(|(realm, password)| Login {
                realm: realm.map(str::to_owned),
                password: Password { user: "mairie".into(), password: (*password).to_owned() },
            })
            .collect();
    });
}

/// Delivers what the peer sends past the guards, who answer for the agent until they are content. The last request.
fn pass(net: &mut Net, guards: &mut [Guard], method: &str) -> Request {
    for _ in 0..20 {
        let request = last_request(net, PEER, method);
        let refusal = guards.iter_mut().find_map(|guard| guard.check(net, &request).err());
        match refusal {
            Some(refusal) => net.deliver(PEER, address(AGENT), refusal.as_bytes()),
            None => return request,
        }
    }
    panic!("never content");
}

#[test]
fn rfc_3665_section_3_3_two_proxies_ask_one_after_the_other() {
    let mut net = Net::new(1_000);
    logins(&mut net, PEER, &[(None, "secret")]);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial(PEER);
    let mut guards =
        [Guard::new(&net, "a.example", true), Guard::new(&net, "b.example", true), Guard::new(&net, "ua", false)];
    let invite = pass(&mut net, &mut guards, "INVITE");
    let all = requests(&net, PEER, "INVITE");
    assert_eq!(all.len(), 4);
    for (number, one) in (1..).zip(&all) {
        assert_eq!(one.headers.cseq().unwrap().number, number);
        assert_eq!(one.headers.call_id(), all[0].headers.call_id());
        assert_eq!(one.headers.from(), all[0].headers.from());
        assert!(one.headers.to().unwrap().tag().is_none());
    }
    assert_eq!(net.count_sent(PEER, "ACK"), 3, "each refusal is acknowledged");
    assert_eq!(invite.headers.all(&HeaderName::ProxyAuthorization).count(), 2);
    let best = invite.headers.text(&HeaderName::Authorization).unwrap().into_owned();
    assert!(best.contains("SHA-256"), "the stronger one of two (RFC 8760 §2.4): {best}");
    let contact = "Contact: <sip:b@127.0.0.1:5060>\r\nContent-Type: application/sdp\r\n";
    net.deliver(PEER, address(AGENT), response_text(&invite, 200, "b", contact, ANSWER).as_bytes());
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    // The ACK of the 2xx brings what the INVITE brought (§22.1).
    let ack = last_request(&net, PEER, "ACK");
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        let of = |request: &Request| request.headers.all(&name).cloned().collect::<Vec<_>>();
        assert_eq!(of(&ack), of(&invite));
    }
    assert_eq!(ack.headers.cseq().unwrap().number, 4);
    // Requests within the call are asked again, and number on.
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    let reinvite = pass(&mut net, &mut guards, "INVITE");
    assert_eq!(reinvite.headers.cseq().unwrap().number, 8);
    net.deliver(PEER, address(AGENT), response_text(&reinvite, 200, "b", contact, ANSWER).as_bytes());
    assert_eq!(net.last_event(PEER), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    assert_eq!(last_request(&net, PEER, "ACK").headers.all(&HeaderName::ProxyAuthorization).count(), 2);
    net.command(PEER, peer, Command::Transfer { target: "sip:100@192.0.2.9".into() });
    let refer = pass(&mut net, &mut guards, "REFER");
    net.deliver(PEER, address(AGENT), response_text(&refer, 202, "b", "", "").as_bytes());
    let id = refer.headers.cseq().unwrap().number;
    let extra = format!("Event: refer;id={id}\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n");
    let notify = request_text(&refer, "NOTIFY", 5, "b", &extra, "SIP/2.0 486 Busy Here\r\n");
    net.deliver(PEER, address(AGENT), notify.as_bytes());
    assert_eq!(
        net.last_event(PEER),
        Some(Event::TransferFinished { status: 486 }),
        "the subscription of the last REFER"
    );
    net.command(PEER, peer, Command::HangUp);
    let bye = pass(&mut net, &mut guards, "BYE");
    net.deliver(PEER, address(AGENT), response_text(&bye, 200, "b", "", "").as_bytes());
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    net.assert_forgotten();
}

#[test]
fn a_wrong_password_is_not_tried_twice() {
    let mut net = Net::new(1_001);
    logins(&mut net, PEER, &[(Some("elsewhere"), "x"), (Some("pbx"), "wrong")]);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    let mut guard = Guard::new(&net, "pbx", true);
    for _ in 0..3 {
        let request = last_request(&net, PEER, "INVITE");
        let refusal = guard.check(&net, &request).unwrap_err();
        net.deliver(PEER, address(AGENT), refusal.as_bytes());
    }
    assert_eq!(requests(&net, PEER, "INVITE").len(), 2);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(407) }));
    net.assert_forgotten();
}

#[test]
fn without_a_password_a_challenge_is_a_refusal() {
    for known in [vec![], vec![(Some("elsewhere"), "secret")]] {
        let mut net = Net::new(1_002);
        logins(&mut net, PEER, &known);
        net.filter = Some(Box::new(|_| false));
        net.dial(PEER);
        let invite = last_request(&net, PEER, "INVITE");
        let refusal = Guard::new(&net, "pbx", false).check(&net, &invite).unwrap_err();
        net.deliver(PEER, address(AGENT), refusal.as_bytes());
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(401) }));
        net.assert_forgotten();
    }
}

#[test]
fn endless_stale_nonces_are_given_up() {
    let mut net = Net::new(1_003);
    logins(&mut net, PEER, &[(None, "secret")]);
    net.filter = Some(Box::new(|_| false));
    let now = net.now;
    let call = net.endpoints[PEER].ping(now, "sip:mairie@127.0.0.1".into(), Flow::udp(address(AGENT)));
    net.drain(PEER);
    for n in 0..50 {
        let options = last_request(&net, PEER, "OPTIONS");
        let stale = format!("WWW-Authenticate: Digest realm=\"pbx\", nonce=\"{n}\", stale=true, qop=\"auth\"\r\n");
        net.deliver(PEER, address(AGENT), response_text(&options, 401, "x", &stale, "").as_bytes());
    }
    assert_eq!(requests(&net, PEER, "OPTIONS").len(), 7);
    let last = net.events[PEER].last().map(|(_, call, event)| (*call, event.clone()));
    assert_eq!(last, Some((call, Event::Ended { cause: EndCause::Refused(401) })));
    net.assert_forgotten();
}

#[test]
fn a_nonce_grown_old_is_renewed_and_counts_go_on() {
    let mut net = Net::new(1_004);
    logins(&mut net, PEER, &[(None, "secret")]);
    net.filter = Some(Box::new(|_| false));
    let mut guards = [Guard::new(&net, "pbx", true)];
    for _ in 0..3 {
        let peer = net.dial(PEER);
        let invite = pass(&mut net, &mut guards, "INVITE");
        net.deliver(PEER, address(AGENT), response_text(&invite, 486, "b", "", "").as_bytes());
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(486) }));
        let _ = peer;
        net.run(seconds(7_200.0));
        net.carried.clear();
    }
    net.assert_forgotten();
}

#[test]
fn hanging_up_while_being_challenged() {
    let mut net = Net::new(1_005);
    logins(&mut net, PEER, &[(None, "secret")]);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    net.command(PEER, peer, Command::HangUp);
    let refusal = Guard::new(&net, "pbx", true).check(&net, &invite).unwrap_err();
    net.deliver(PEER, address(AGENT), refusal.as_bytes());
    assert_eq!(net.sent(PEER), ["INVITE", "ACK"]);
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    net.assert_forgotten();
}
