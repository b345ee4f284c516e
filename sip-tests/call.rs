//! A call as RFC 3665 §3.1 draws it, with the greeting heard.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::telephone::Telephone;
use crate::support::{can_run, free_port};

#[test]
fn a_call_is_answered_greeted_and_ended() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let telephone = Telephone::new("");
    Sipp { scenario: "call", rtp_port: telephone.port, raw: false }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    let heard = telephone.put_down();
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    // Two seconds of call are 100 packets.
    assert!((90..=115).contains(&heard.counters.received), "{:?}", heard.counters);
    assert_eq!(heard.counters.lost, 0);
    assert!(heard.voice.len() >= 50, "{} frames of greeting", heard.voice.len());
    assert!(ended["greeting_ms"].as_u64().is_some_and(|ms| ms <= 200), "{ended}");
    assert!(ended["packets_received"].as_u64().is_some_and(|packets| packets >= 80), "{ended}");
    assert!(agent.stop().is_empty());
}
