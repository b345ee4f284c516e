//! The caller hangs up while the greeting has only begun.

use std::time::{Duration, Instant};

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::telephone::Telephone;
use crate::support::{can_run, free_port};

#[test]
fn the_voice_stops_with_the_call() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let telephone = Telephone::new("");
    Sipp { scenario: "hang_up_at_once", rtp_port: telephone.port, raw: false }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    let over = Instant::now();
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert!(ended["duration_ms"].as_u64().is_some_and(|ms| ms < 1_500), "{ended}");
    // The agent is stopped first: whatever it wanted to send has then been sent.
    assert!(agent.stop().is_empty());
    let heard = telephone.put_down();
    assert!(heard.last_packet.is_some_and(|last| last < over + Duration::from_millis(50)), "{heard:?}");
}
