//! The ACK is lost: the 200 comes again.

use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::sipp::Sipp;
use crate::support::{can_run, free_port};

#[test]
fn an_unacknowledged_answer_is_repeated_until_its_ack_comes() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    Sipp { scenario: "lost_ack", rtp_port: free_port(), raw: true }.run(&agent);
    let ended = agent.call_ended(Duration::from_secs(5));
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert!(agent.stop().is_empty());
}
