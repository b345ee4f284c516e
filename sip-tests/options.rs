//! OPTIONS outside a call: a switchboard asks whether we are there.

use crate::support::agent::Agent;
use crate::support::{can_run, free_port, sipp};

#[test]
fn options_says_what_we_understand() {
    if !can_run(&["sipp"]) {
        return;
    }
    let agent = Agent::start(free_port());
    sipp::run(&agent, "options");
    assert!(agent.stop().is_empty(), "OPTIONS is no call");
}
