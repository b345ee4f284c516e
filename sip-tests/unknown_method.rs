//! Methods that nobody knows, or that we do not offer.

use crate::support::agent::Agent;
use crate::support::{can_run, free_port, sipp};

#[test]
fn unknown_methods_are_refused() {
    if !can_run(&["sipp"]) {
        return;
    }
    let agent = Agent::start(free_port());
    sipp::run(&agent, "unknown_method");
    assert!(agent.stop().is_empty());
}
