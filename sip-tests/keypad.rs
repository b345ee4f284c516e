//! Keys by every way that telephones have, through the same keypad menu; SIPp's own recordings.

use std::path::Path;
use std::time::Duration;

use allo_mairie::audio::Codec;
use serde_json::Value;

use crate::support::agent::Agent;
use crate::support::caller::{Caller, KeyWay, Terms};
use crate::support::listener::Listener;
use crate::support::network::Network;
use crate::support::pjsua::Pjsua;
use crate::support::relay::{AGENT, Relay};
use crate::support::sipp::Sipp;
use crate::support::{can_run, free_port};

const RTP: std::ops::RangeInclusive<u16> = 25_400..=25_415;
const ENDED: Duration = Duration::from_secs(20);
/// The machine may be busy with other work.
const ANSWER: Duration = Duration::from_secs(40);

/// SIPp sends recordings through raw sockets, and looks for them where Debian puts them.
fn recordings() -> bool {
    let found = Path::new("/usr/share/sip-tester/g711a.pcap").exists();
    let allowed = rustix::process::geteuid().is_root();
    if !found || !allowed {
        println!("skipped: SIPp's recordings need root, and to be in /usr/share/sip-tester");
    }
    found && allowed && can_run(&["sipp"])
}

fn play(scenario: &str) -> Value {
    let mut agent = Agent::start(free_port());
    Sipp { scenario, rtp_port: free_port() & !1, raw: false }.run(&agent);
    let ended = agent.call_ended(ENDED);
    assert!(agent.stop().is_empty());
    ended
}

#[test]
fn packets_of_30_ms_are_heard_without_gaps() {
    if !recordings() {
        return;
    }
    let ended = play("speech_pcap");
    println!("{ended}");
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert_eq!(ended["packets_received"], 236, "{ended}");
    assert_eq!(ended["packets_lost"], 0, "{ended}");
    assert_eq!(ended["late_permille"], 0, "{ended}");
    assert_eq!(ended["concealed_permille"], 0, "{ended}");
}

#[test]
fn keys_of_recorded_events_reach_the_menu() {
    if !recordings() {
        return;
    }
    let ended = play("keys_pcap");
    assert_eq!(ended["keys"], 2, "{ended}");
    assert_eq!(ended["topics"], "accueil/dechetterie", "{ended}");
}

/// The menu (5), and what is under 2, by this way; the closing line.
fn press(network: Network, press: impl Fn(&mut Pjsua, char)) -> Value {
    let sip = format!("advertised = \"{AGENT}\"\nmax_calls = 4");
    let mut agent = Agent::start_with(free_port(), &sip, &format!("ports = \"{}-{}\"", RTP.start(), RTP.end()));
    let relay = Relay::start(RTP, agent.address.port(), network, 2);
    let mut telephone = Pjsua::call(&agent, Some(&relay), &Terms { codec: Codec::Pcma, ..Terms::default() });
    let mut listener = Listener::new();
    let mut hear = |telephone: &Pjsua, what: &str| assert!(listener.said(telephone, ANSWER).is_some(), "no {what}");
    hear(&telephone, "greeting");
    press(&mut telephone, '5');
    hear(&telephone, "menu");
    press(&mut telephone, '2');
    hear(&telephone, "answer");
    telephone.hang_up();
    let ended = agent.call_ended(ENDED);
    assert!(agent.stop().is_empty());
    ended
}

fn led_there(ended: &Value) {
    assert_eq!(ended["keys"], 2, "one press is one key: {ended}");
    assert_eq!(ended["topics"], "accueil/dechetterie", "{ended}");
    assert_eq!(ended["not_understood"], 0, "{ended}");
}

#[test]
fn keys_as_events_over_a_bad_network() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    led_there(&press(Network::BAD, |telephone, key| telephone.press(&key.to_string(), KeyWay::Event)));
}
