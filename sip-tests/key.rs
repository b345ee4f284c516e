//! Key 0, as a telephone event, over the greeting: the caller is transferred.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::telephone::Telephone;
use crate::support::{can_run, free_port};

#[test]
fn key_zero_leads_to_the_operator() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let telephone = Telephone::new("0");
    Sipp { scenario: "transfer", rtp_port: telephone.port, raw: false }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    let heard = telephone.put_down();
    assert_eq!(ended["outcome"], "transferred", "{ended}");
    assert_eq!(ended["keys"], 1, "one press is one key: {ended}");
    assert_eq!(ended["transfers"], 1, "{ended}");
    assert!(heard.voice.len() >= 25, "the transfer is announced: {} frames", heard.voice.len());
    assert!(agent.stop().is_empty());
}
