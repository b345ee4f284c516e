//! CANCEL right behind the INVITE.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::{can_run, free_port};

#[test]
fn a_cancelled_call_leaves_nothing_behind() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    Sipp { scenario: "cancel", rtp_port: free_port(), raw: true }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    let outcome = ended["outcome"].as_str().unwrap_or_default();
    assert!(["cancelled", "caller_hung_up"].contains(&outcome), "{ended}");
    assert!(agent.stop().is_empty(), "one call only");
}
