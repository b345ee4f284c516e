//! The same INVITE three times.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::{can_run, free_port};

#[test]
fn a_retransmitted_invite_is_one_call() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    Sipp { scenario: "retransmitted_invite", rtp_port: free_port(), raw: true }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert!(agent.stop().is_empty(), "one call only");
}
