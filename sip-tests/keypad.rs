//! Keys by every way that telephones have, through the same keypad menu; SIPp's own recordings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use allo_mairie::audio::Codec;
use serde_json::Value;

use crate::support::agent::Agent;
use crate::support::caller::{Caller, KeyWay, Terms, write};
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
fn press(network: Network, terms: &Terms, press: impl Fn(&mut Pjsua, char)) -> Value {
    let sip = format!("advertised = \"{AGENT}\"\nmax_calls = 4");
    let mut agent = Agent::start_with(free_port(), &sip, &format!("ports = \"{}-{}\"", RTP.start(), RTP.end()));
    let relay = Relay::start(RTP, agent.address.port(), network, 2);
    let mut telephone = Pjsua::call(&agent, Some(&relay), terms);
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
    led_there(&press(Network::BAD, &Terms::default(), |telephone, key| {
        telephone.press(&key.to_string(), KeyWay::Event)
    }));
}

#[test]
fn keys_as_info_over_a_bad_network() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    led_there(&press(Network::BAD, &Terms::default(), |telephone, key| {
        telephone.press(&key.to_string(), KeyWay::Info)
    }));
}

/// Tones in the audio (ITU-T Q.23) of a telephone without events; each lasts 100 ms. Without loss: a network that loses 5 %
/// of the packets takes a part of about one tone in eight, and a test must not hang on which.
#[test]
fn keys_as_tones_in_the_audio() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    let network = Network { loss: 0.0, ..Network::BAD };
    led_there(&press(network, &Terms { events: false, ..Terms::default() }, |telephone, key| {
        telephone.say(&tones(key))
    }));
}

/// A WAV of a key's two tones and silence.
fn tones(key: char) -> PathBuf {
    let (low, high) = match key {
        '2' => (697.0, 1_336.0),
        '5' => (770.0, 1_336.0),
        _ => panic!("key {key}"),
    };
    let rate = Codec::Pcma.sample_rate();
    let at = |n: u32| {
        let turn = std::f64::consts::TAU * f64::from(n) / f64::from(rate);
        (4_000.0 * ((low * turn).sin() + (high * turn).sin())) as i16
    };
    let samples: Vec<i16> = (0..rate * 10).map(|n| if n < rate / 10 { at(n) } else { 0 }).collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("key-{key}.wav"));
    write(&path, &samples, rate);
    path
}
