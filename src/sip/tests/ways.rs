//! Calls and OPTIONS to names, and to the next address when one does not serve (RFC 3263).

use proptest::prelude::*;

use super::*;

const NAME: &str = "pbx.example";
const SOMEWHERE: [&str; 3] = ["192.0.2.1:5060", "192.0.2.2:5060", "192.0.2.3:5060"];

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn somewhere() -> Vec<SocketAddr> {
    SOMEWHERE.map(at).to_vec()
}

/// A net where the name leads to these addresses and nothing arrives anywhere.
fn silent(seed: u64, found: Vec<SocketAddr>) -> Net {
    let mut net = Net::new(seed);
    net.names.insert(NAME, found);
    net.filter = Some(Box::new(|_| false));
    net
}

fn dial_to(net: &mut Net, target: &str, destination: Destination) -> CallHandle {
    let dial = Dial::to(target.into(), destination, Some(OFFER.into()));
    let call = net.endpoints[PEER].dial(net.now, dial);
    net.drain(PEER);
    call
}

fn dial(net: &mut Net) -> CallHandle {
    dial_to(net, "sip:mairie@pbx.example", Destination::Target)
}

/// Where each INVITE went, each transaction once.
fn tried(net: &Net, label: &str) -> Vec<SocketAddr> {
    let mut all: Vec<(SocketAddr, Bytes)> =
        net.carried.iter().filter(|c| c.from == PEER && c.label() == label).map(|c| (c.to, c.bytes.clone())).collect();
    all.dedup();
    all.into_iter().map(|(to, _)| to).collect()
}

/// The last INVITE is answered like this, from where it went.
fn answer(net: &mut Net, status: u16, extra: &str, body: &str) {
    let to = net.carried.iter().rev().find(|c| c.from == PEER && c.label() == "INVITE").unwrap().to;
    let invite = last_request(net, PEER, "INVITE");
    net.deliver(PEER, to, response_text(&invite, status, "x", extra, body).as_bytes());
}

fn fail(net: &mut Net, remote: &str) {
    let (now, flow) = (net.now, Flow::udp(at(remote)));
    net.endpoints[PEER].handle_input(now, Input::TransportFailed { flow });
    net.drain(PEER);
}

fn ended(net: &Net) -> Vec<EndCause> {
    let cause = |event| if let Event::Ended { cause } = event { Some(cause) } else { None };
    net.events(PEER).into_iter().filter_map(cause).collect()
}

#[test]
fn a_call_to_a_name_is_a_call_to_what_it_leads_to() {
    let mut net = Net::new(900);
    net.names.insert(NAME, vec![address(AGENT)]);
    let peer = dial(&mut net);
    net.run(seconds(0.1));
    let invite = last_request(&net, PEER, "INVITE");
    assert_eq!(invite.uri, "sip:mairie@pbx.example", "the name stays in the request");
    assert!(invite.headers.from().unwrap().uri.to_string().ends_with("@127.0.0.1:5061"));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.assert_forgotten();
}

#[test]
fn an_address_needs_no_look_up() {
    let mut net = silent(901, Vec::new());
    net.held = Some(Vec::new());
    dial_to(&mut net, "sip:mairie@192.0.2.9:5070", Destination::Target);
    dial_to(&mut net, "sip:mairie@other.example;maddr=192.0.2.8", Destination::Target);
    assert_eq!(tried(&net, "INVITE"), [at("192.0.2.9:5070"), at("192.0.2.8:5060")]);
    assert_eq!(net.held.as_ref().unwrap().len(), 0);
    // We have no such listener, and nobody is at these.
    for nowhere in ["sips:a@192.0.2.9", "sip:a@192.0.2.9;transport=tcp", "sip:a@0.0.0.0", "sip:a@224.0.0.1", "tel:100"]
    {
        dial_to(&mut net, nowhere, Destination::Target);
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Unreachable }), "{nowhere}");
    }
    assert_eq!(tried(&net, "INVITE").len(), 2);
    net.assert_forgotten();
}

fn unreachable(net: &mut Net, remote: &str) {
    let (now, remote) = (net.now, at(remote));
    net.endpoints[PEER].handle_input(now, Input::Unreachable { remote });
    net.drain(PEER);
}

/// RFC 3261 §18.4. What can be forged must not end what goes on already.
#[test]
fn the_network_says_that_an_address_is_unreachable() {
    let mut net = silent(914, somewhere());
    dial(&mut net);
    unreachable(&mut net, SOMEWHERE[0]);
    net.run(seconds(1.4));
    unreachable(&mut net, SOMEWHERE[0]);
    assert_eq!(tried(&net, "INVITE"), somewhere()[..1], "it may be starting again");
    net.run(seconds(0.2));
    unreachable(&mut net, "192.0.2.77:5060");
    unreachable(&mut net, "192.0.2.1:5070");
    assert_eq!(tried(&net, "INVITE"), somewhere()[..1], "of another address, or another port");
    unreachable(&mut net, SOMEWHERE[0]);
    assert_eq!(tried(&net, "INVITE"), somewhere()[..2]);
    net.run(seconds(1.6));
    answer(&mut net, 180, "", "");
    unreachable(&mut net, SOMEWHERE[1]);
    assert_eq!(tried(&net, "INVITE"), somewhere()[..2], "who rings is there");
    assert_eq!(ended(&net), []);

    let mut net = silent(915, vec![at(SOMEWHERE[0])]);
    let call = dial(&mut net);
    net.run(seconds(1.6));
    unreachable(&mut net, SOMEWHERE[0]);
    assert_eq!(ended(&net), [EndCause::Unreachable]);
    net.command(PEER, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_established_call_outlives_a_restart_of_its_switchboard() {
    let mut net = Net::new(916);
    let (agent, peer) = net.establish();
    net.filter = Some(Box::new(|_| false));
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(1.6));
    let (now, remote) = (net.now, address(AGENT));
    net.endpoints[PEER].handle_input(now, Input::Unreachable { remote });
    net.drain(PEER);
    assert_eq!(ended(&net), [], "its re-INVITE is sent again");
    net.filter = None;
    net.run(seconds(4.0));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(1.0));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.assert_forgotten();
}

/// RFC 3263 §4.3: identical but for the branch.
#[test]
fn each_kind_of_failure_leads_to_the_next_address() {
    let mut net = silent(902, somewhere());
    dial(&mut net);
    let start = net.now;
    answer(&mut net, 503, "Retry-After: 60\r\n", "");
    assert_eq!(tried(&net, "INVITE").len(), 2);
    fail(&mut net, SOMEWHERE[1]);
    assert_eq!((tried(&net, "INVITE"), net.now), (somewhere(), start), "neither takes time");
    let invites = requests(&net, PEER, "INVITE");
    let mut branches: Vec<_> =
        invites.iter().map(|i| i.headers.top_via().unwrap().branch().map(str::to_owned)).collect();
    branches.dedup();
    assert_eq!(branches.len(), 3);
    for invite in &invites {
        let but_via = |request: &Request| {
            request
                .headers
                .iter()
                .filter(|(name, _)| **name != HeaderName::Via)
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (&invite.uri, &invite.body, but_via(invite)),
            (&invites[0].uri, &invites[0].body, but_via(&invites[0]))
        );
    }
    assert_eq!(ended(&net), []);
    net.run(seconds(31.9));
    assert_eq!(ended(&net), []);
    net.run(seconds(0.2));
    assert_eq!(ended(&net), [EndCause::Timeout], "timer B of the last one");
    net.assert_forgotten();
}

#[test]
fn the_first_address_is_dead_and_the_second_takes_the_call() {
    let mut net = Net::new(903);
    net.names.insert(NAME, vec![at(SOMEWHERE[0]), address(AGENT)]);
    let peer = dial(&mut net);
    net.run(seconds(31.9));
    assert_eq!(net.events(AGENT), []);
    net.run(seconds(0.3));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: None }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn what_a_server_refuses_is_refused() {
    for status in [404, 480, 486, 500, 504, 600] {
        let mut net = silent(904, somewhere());
        dial(&mut net);
        answer(&mut net, status, "", "");
        assert_eq!((tried(&net, "INVITE").len(), ended(&net)), (1, vec![EndCause::Refused(status)]));
        net.assert_forgotten();
    }
}

#[test]
fn all_dead() {
    let mut net = silent(905, somewhere());
    dial(&mut net);
    for place in SOMEWHERE {
        assert_eq!(ended(&net), []);
        fail(&mut net, place);
    }
    assert_eq!(ended(&net), [EndCause::Unreachable]);
    net.assert_forgotten();
    let mut net = silent(906, somewhere());
    dial(&mut net);
    net.run(seconds(3.0 * 32.0 + 1.0));
    assert_eq!((tried(&net, "INVITE"), ended(&net)), (somewhere(), vec![EndCause::Timeout]));
    net.assert_forgotten();
}

#[test]
fn no_more_than_eight_addresses_each_once() {
    let many: Vec<SocketAddr> = (0..40_u8).map(|n| SocketAddr::from(([192, 0, 2, n / 2], 5060))).collect();
    let mut net = silent(907, many);
    dial(&mut net);
    for _ in 0..8 {
        answer(&mut net, 503, "", "");
    }
    let tried = tried(&net, "INVITE");
    assert_eq!((tried.len(), tried[7]), (8, at("192.0.2.7:5060")));
    assert_eq!(ended(&net), [EndCause::Refused(503)]);
    net.assert_forgotten();
}

#[test]
fn a_name_that_leads_nowhere_ends_the_call() {
    let mut net = silent(908, Vec::new());
    dial(&mut net);
    assert_eq!((ended(&net), net.carried.len()), (vec![EndCause::Unreachable], 0));
    net.assert_forgotten();
    // Nobody answers the look-up at all.
    let mut net = silent(909, Vec::new());
    net.held = Some(Vec::new());
    dial(&mut net);
    net.run(seconds(31.9));
    assert_eq!(ended(&net), []);
    net.run(seconds(0.2));
    assert_eq!(ended(&net), [EndCause::Unreachable]);
    // When it comes at last, nothing is made of it.
    let (who, late) = net.held.take().unwrap()[0];
    net.located(who, late, &somewhere());
    assert_eq!(net.carried.len(), 0);
    net.assert_forgotten();
    let mut net = silent(910, Vec::new());
    dial_to(&mut net, "sip:mairie@pbx.example", Destination::Ways(Vec::new()));
    assert_eq!(ended(&net), [EndCause::Unreachable]);
    net.assert_forgotten();
}

#[test]
fn hanging_up_while_the_name_is_looked_up() {
    let mut net = silent(911, somewhere());
    net.held = Some(Vec::new());
    let call = dial(&mut net);
    net.command(PEER, call, Command::HangUp);
    assert_eq!((ended(&net), net.endpoints[PEER].active_calls()), (vec![EndCause::Local], 0));
    assert_eq!(net.endpoints[PEER].poll_timeout(), None);
    let (who, look_up) = net.held.take().unwrap()[0];
    net.located(who, look_up, &somewhere());
    assert_eq!(net.carried.len(), 0);
    assert_eq!(ended(&net).len(), 1);
    net.assert_forgotten();
}

#[test]
fn hanging_up_stops_the_search() {
    // Nothing heard yet: the INVITE is let run out, and goes nowhere else.
    let mut net = silent(912, somewhere());
    let call = dial(&mut net);
    fail(&mut net, SOMEWHERE[0]);
    net.command(PEER, call, Command::HangUp);
    fail(&mut net, SOMEWHERE[1]);
    assert_eq!((tried(&net, "INVITE").len(), ended(&net)), (2, vec![EndCause::Local]));
    net.assert_forgotten();
    // Ringing at the second address: CANCEL goes there, with the branch of that INVITE.
    let mut net = silent(913, somewhere());
    let call = dial(&mut net);
    answer(&mut net, 503, "", "");
    answer(&mut net, 180, "Contact: <sip:x@192.0.2.2>\r\n", "");
    net.command(PEER, call, Command::HangUp);
    let cancel = last_request(&net, PEER, "CANCEL");
    assert_eq!(tried(&net, "CANCEL"), [at(SOMEWHERE[1])]);
    let invite = last_request(&net, PEER, "INVITE");
    assert_eq!(cancel.headers.get(&HeaderName::Via), invite.headers.get(&HeaderName::Via));
    answer(&mut net, 503, "", "");
    assert_eq!((tried(&net, "INVITE").len(), ended(&net)), (2, vec![EndCause::Local]));
    net.assert_forgotten();
}

#[test]
fn given_ways_are_tried_in_turn_whatever_the_target_says() {
    let mut net = silent(914, somewhere());
    let ways = ["192.0.2.7:5060", "192.0.2.7:5060", "192.0.2.8:5060"].map(|text| Flow::udp(at(text))).to_vec();
    dial_to(&mut net, "sip:mairie@192.0.2.99", Destination::Ways(ways));
    fail(&mut net, "192.0.2.7:5060");
    answer(&mut net, 503, "", "");
    assert_eq!(tried(&net, "INVITE"), [at("192.0.2.7:5060"), at("192.0.2.8:5060")]);
    assert_eq!(ended(&net), [EndCause::Refused(503)]);
    net.assert_forgotten();
}

#[test]
fn a_redirection_to_a_name_is_looked_up() {
    let mut net = silent(915, somewhere());
    let call = net.dial(PEER);
    net.held = Some(Vec::new());
    answer(&mut net, 302, "Contact: <sip:b@pbx.example>, <sip:c@192.0.2.9>;q=0.1\r\n", "");
    assert_eq!(tried(&net, "INVITE").len(), 1);
    let (who, look_up) = net.held.take().unwrap()[0];
    net.located(who, look_up, &[at(SOMEWHERE[0]), at(SOMEWHERE[1])]);
    fail(&mut net, SOMEWHERE[0]);
    answer(&mut net, 503, "", "");
    let all = tried(&net, "INVITE");
    assert_eq!(all[1..], [at(SOMEWHERE[0]), at(SOMEWHERE[1]), at("192.0.2.9:5060")], "then the next target");
    let cseq: Vec<u32> =
        requests(&net, PEER, "INVITE").iter().map(|invite| invite.headers.cseq().unwrap().number).collect();
    assert_eq!(cseq, [1, 2, 2, 3], "a number for each target");
    answer(&mut net, 180, "", "");
    net.command(PEER, call, Command::HangUp);
    answer(&mut net, 487, "", "");
    net.assert_forgotten();
}

#[test]
fn the_answer_to_another_look_up_is_no_answer() {
    let mut net = silent(921, somewhere());
    dial(&mut net);
    net.held = Some(Vec::new());
    answer(&mut net, 302, "Contact: <sip:b@one.example>, <sip:c@two.example>;q=0.5\r\n", "");
    // Nobody has answered the first one: the second is under way.
    net.run(seconds(32.1));
    let held = net.held.clone().unwrap();
    assert_eq!(held.len(), 2);
    net.located(PEER, held[0].1, &[at(SOMEWHERE[1])]);
    assert_eq!(tried(&net, "INVITE"), [at(SOMEWHERE[0])]);
    net.located(PEER, held[1].1, &[at(SOMEWHERE[2])]);
    net.located(PEER, held[1].1, &[at(SOMEWHERE[1])]);
    assert_eq!(tried(&net, "INVITE"), [at(SOMEWHERE[0]), at(SOMEWHERE[2])], "and each counts once");
    assert_eq!(last_request(&net, PEER, "INVITE").uri, "sip:c@two.example");
    answer(&mut net, 486, "", "");
    assert_eq!(ended(&net), [EndCause::Refused(486)]);
    net.assert_forgotten();
}

#[test]
fn hanging_up_while_the_target_of_a_redirection_is_looked_up() {
    let mut net = silent(916, somewhere());
    let call = dial(&mut net);
    answer(&mut net, 183, "Contact: <sip:x@192.0.2.1>\r\n", "");
    net.held = Some(Vec::new());
    answer(&mut net, 302, "Contact: <sip:b@other.example>\r\n", "");
    net.command(PEER, call, Command::HangUp);
    assert_eq!((ended(&net), net.endpoints[PEER].active_calls()), (vec![EndCause::Local], 0));
    let (who, look_up) = net.held.take().unwrap()[0];
    net.located(who, look_up, &somewhere());
    assert_eq!((tried(&net, "INVITE").len(), net.count_sent(PEER, "CANCEL")), (1, 0));
    net.assert_forgotten();
}

#[test]
fn a_name_nobody_knows_is_the_switchboards_only_where_it_was_given() {
    let contact = "Contact: <sip:b@nowhere.example>\r\n";
    let mut net = silent(917, somewhere());
    dial(&mut net);
    answer(&mut net, 302, contact, "");
    assert_eq!((tried(&net, "INVITE").len(), ended(&net)), (1, vec![EndCause::Unreachable]));
    net.assert_forgotten();
    let mut net = silent(918, Vec::new());
    net.dial(PEER);
    answer(&mut net, 302, contact, "");
    assert_eq!(tried(&net, "INVITE"), [address(AGENT), address(AGENT)]);
    fail(&mut net, "127.0.0.1:5060");
    assert_eq!(ended(&net), [EndCause::Unreachable], "once, not for ever");
    net.assert_forgotten();
}

#[test]
fn options_go_to_the_next_address_too() {
    let mut net = silent(919, somewhere());
    let ping = |net: &mut Net| {
        let call = net.endpoints[PEER].ping(net.now, "sip:pbx.example".into(), Destination::Target);
        net.drain(PEER);
        call
    };
    let call = ping(&mut net);
    let respond = |net: &mut Net, status: u16| {
        let options = last_request(net, PEER, "OPTIONS");
        net.deliver(PEER, at(SOMEWHERE[0]), response_text(&options, status, "x", "", "").as_bytes());
    };
    respond(&mut net, 503);
    fail(&mut net, SOMEWHERE[1]);
    assert_eq!((tried(&net, "OPTIONS"), ended(&net)), (somewhere(), vec![]));
    respond(&mut net, 200);
    let told: Vec<_> = net.events[PEER].iter().map(|(_, c, e)| (*c, e.clone())).collect();
    let end = Event::Ended { cause: EndCause::Local };
    assert_eq!(told, [(call, Event::Answered { sdp: None }), (call, end)]);
    // Nobody at all: refused, dead, silent; and a name that leads nowhere.
    net.events[PEER].clear();
    ping(&mut net);
    fail(&mut net, SOMEWHERE[0]);
    fail(&mut net, SOMEWHERE[1]);
    net.run(seconds(32.1));
    assert_eq!(ended(&net), [EndCause::Timeout]);
    net.names.clear();
    ping(&mut net);
    assert_eq!(ended(&net), [EndCause::Timeout, EndCause::Unreachable]);
    net.held = Some(Vec::new());
    ping(&mut net);
    net.run(seconds(32.1));
    assert_eq!(ended(&net).len(), 3, "a look-up without answer");
    net.assert_forgotten();
}

/// What an address does with an INVITE.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Nature {
    Silent,
    Dead,
    Overloaded,
    Busy,
    Good,
}

proptest! {
    /// Whatever the addresses do, the call is taken by the first that serves, or ends with the last failure; each is
    /// tried once, in order, and nothing is left.
    #[test]
    fn the_first_address_that_serves_decides(
        natures in proptest::collection::vec(
            prop_oneof![
                Just(Nature::Silent), Just(Nature::Dead), Just(Nature::Overloaded), Just(Nature::Busy), Just(Nature::Good)
            ],
            0..8,
        ),
        hang_up_at in proptest::option::of(0..9_usize),
    ) {
        let places: Vec<SocketAddr> =
            (1..).zip(&natures).map(|(n, _): (u8, _)| SocketAddr::from(([192, 0, 2, n], 5060))).collect();
        let mut net = silent(920, places.clone());
        let call = dial(&mut net);
        let mut expected = EndCause::Unreachable;
        let mut asked = 0;
        for (step, nature) in natures.iter().enumerate() {
            prop_assert_eq!(tried(&net, "INVITE"), &places[..=step]);
            prop_assert_eq!(ended(&net), []);
            asked = step + 1;
            if hang_up_at == Some(step) {
                net.command(PEER, call, Command::HangUp);
                expected = EndCause::Local;
            }
            match nature {
                Nature::Silent => {
                    net.run(seconds(32.1));
                }
                Nature::Dead => fail(&mut net, &places[step].to_string()),
                Nature::Overloaded => answer(&mut net, 503, "", ""),
                Nature::Busy => answer(&mut net, 486, "", ""),
                Nature::Good => answer(&mut net, 200, "Contact: <sip:x@192.0.2.1>\r\n", ANSWER),
            }
            if expected == EndCause::Local {
                break;
            }
            expected = match nature {
                Nature::Silent => EndCause::Timeout,
                Nature::Dead => EndCause::Unreachable,
                Nature::Overloaded => EndCause::Refused(503),
                Nature::Busy => EndCause::Refused(486),
                Nature::Good => EndCause::Local,
            };
            if matches!(nature, Nature::Busy | Nature::Good) {
                break;
            }
        }
        prop_assert_eq!(tried(&net, "INVITE"), &places[..asked]);
        if expected == EndCause::Local {
            net.command(PEER, call, Command::HangUp);
        }
        prop_assert_eq!(ended(&net), [expected]);
        net.run(seconds(32.1));
        net.assert_forgotten();
    }
}
