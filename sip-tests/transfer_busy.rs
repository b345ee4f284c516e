//! The operator is busy: the caller gets the agent back.

use std::time::{Duration, Instant};

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::telephone::Telephone;
use crate::support::{can_run, free_port};

#[test]
fn a_busy_operator_gives_the_caller_back() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let telephone = Telephone::new("0");
    Sipp { scenario: "transfer_busy", rtp_port: telephone.port, raw: false }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    let over = Instant::now();
    let heard = telephone.put_down();
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert_eq!(ended["transfers"], 1, "{ended}");
    let decisions = ended["decisions"].as_str().unwrap_or_default();
    assert!(decisions.contains("486"), "the refusal is known: {ended}");
    // The scenario stays for ten seconds after the refusal (a voice beside a compiler has needed five): the agent says so and offers
    // another way.
    let after = heard.voice.iter().filter(|moment| **moment + Duration::from_millis(9_800) > over).count();
    assert!(after >= 50, "{after} frames of voice after the refusal");
    assert!(agent.stop().is_empty());
}
