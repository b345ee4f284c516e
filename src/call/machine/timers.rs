//! The call's timers, by name.

use std::time::Instant;

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Timer {
    /// The caller says nothing after having heard everything.
    Idle,
    /// No further key after the last one.
    KeyPause,
    /// The recogniser owes a result to a turn that has ended.
    Recognition,
    /// An answer that takes longer is announced.
    Cover,
    /// The operator's telephone rings.
    Transfer,
    /// Whom the switchboard moves the call to is being called.
    Successor,
    /// The far end of the leg the conversation has left is to say BYE.
    Farewell,
    /// No packet from the network.
    NetworkSilence,
    /// None from the operator's.
    OperatorSilence,
    /// The longest duration of a call.
    Longest,
    /// After goodbye: the call ends even if not everything could be said.
    LastResort,
}

const ALL: [Timer; 11] = [
    Timer::Idle,
    Timer::KeyPause,
    Timer::Recognition,
    Timer::Cover,
    Timer::Transfer,
    Timer::Successor,
    Timer::Farewell,
    Timer::NetworkSilence,
    Timer::OperatorSilence,
    Timer::Longest,
    Timer::LastResort,
];

/// One table of deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: [Option<Instant>; ALL.len()],
}

impl Timers {
    pub fn set(&mut self, timer: Timer, deadline: Instant) {
        self.deadlines[timer as usize] = Some(deadline);
    }

    pub fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub fn stop_all(&mut self) {
        self.deadlines = Default::default();
    }

    pub fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize].is_some()
    }

    /// The earliest deadline.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Takes one timer that is due.
    pub fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let due = ALL.into_iter().find(|timer| self.deadlines[*timer as usize].is_some_and(|at| at <= now))?;
        self.stop(due);
        Some(due)
    }
}
