//! Session timers (RFC 4028): negotiated in INVITE and UPDATE, refreshed at half time, ended when nobody does. PURE.

use std::time::Duration;

use super::super::Policy;
use super::super::wire::{Headers, MinSe, Refresher, SessionExpires};
use super::call::{Proposal, Purpose};
use super::*;

/// No session needs refreshing more often, whatever is asked (RFC 4028 §4).
const SHORTEST: u32 = 90;
/// An interval granted to us below this would be a flood of refreshes.
const SHORTEST_GRANTED: u32 = 32;

/// A running session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionTimer {
    /// Seconds.
    pub(super) interval: u32,
    /// We refresh; else the far end does.
    pub(super) by_us: bool,
}

/// What an INVITE or UPDATE of the far end says about session timers.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    expires: Option<SessionExpires>,
    min: u32,
    supported: bool,
}

/// What our 2xx says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Granted {
    interval: u32,
    refresher: Refresher,
    /// The far end knows session timers, and is bound to refresh.
    require: bool,
}

impl Asked {
    pub(super) fn of(headers: &Headers) -> Asked {
        Asked {
            expires: headers.text(&HeaderName::SessionExpires).and_then(|value| value.parse().ok()),
            min: min_se(headers).unwrap_or(SHORTEST),
            supported: lists(headers, &HeaderName::Supported, "timer") || lists(headers, &HeaderName::Require, "timer"),
        }
    }

    /// §9: what we grant; `Err` with the interval we ask for instead (422).
    pub(super) fn grant(&self, policy: &Policy) -> Result<Option<Granted>, u32> {
        let floor = policy.min_se.max(SHORTEST);
        let ceiling = |min: u32| policy.session_expires.max(min).max(floor);
        let Some(expires) = &self.expires else {
            // Nobody asked: we do, and see to it ourselves.
            let wanted = policy.session_expires > 0 && self.supported;
            let interval = ceiling(self.min);
            return Ok(wanted.then_some(Granted { interval, refresher: Refresher::Uas, require: false }));
        };
        if expires.interval < floor {
            // Only a caller who knows the 422 gets it (§9); an interval some proxy asks for below the minimum is none.
            return if self.supported { Err(floor) } else { Ok(None) };
        }
        let interval = match policy.session_expires {
            0 => expires.interval,
            _ => expires.interval.min(ceiling(self.min)),
        };
        let refresher = match self.supported {
            true => expires.refresher().unwrap_or(Refresher::Uac),
            false => Refresher::Uas,
        };
        Ok(Some(Granted { interval, refresher, require: refresher == Refresher::Uac }))
    }
}

impl Granted {
    pub(super) fn write(&self, headers: &mut Headers) {
        let expires = SessionExpires::new(self.interval, Some(self.refresher));
        headers.push(HeaderName::SessionExpires, expires.to_string());
        if self.require {
            headers.push(HeaderName::Require, "timer");
        }
    }

    pub(super) fn timer(&self) -> SessionTimer {
        SessionTimer { interval: self.interval, by_us: self.refresher == Refresher::Uas }
    }
}

/// What a 2xx to our INVITE or UPDATE grants (§7.2); without the header there is no session timer.
pub(super) fn granted_to_us(headers: &Headers) -> Option<SessionTimer> {
    let expires: SessionExpires = headers.text(&HeaderName::SessionExpires)?.parse().ok()?;
    Some(SessionTimer {
        interval: expires.interval.max(SHORTEST_GRANTED),
        by_us: expires.refresher() != Some(Refresher::Uas),
    })
}

/// `Min-SE`, of a request or a 422.
pub(super) fn min_se(headers: &Headers) -> Option<u32> {
    let min: MinSe = headers.text(&HeaderName::MinSe)?.parse().ok()?;
    Some(min.interval)
}

/// What our first INVITE asks for (§7.1).
pub(super) fn ask(headers: &mut Headers, policy: &Policy) {
    if policy.session_expires > 0 {
        let interval = policy.session_expires.max(policy.min_se).max(SHORTEST);
        headers.push(HeaderName::SessionExpires, interval.to_string());
        headers.push(HeaderName::MinSe, policy.min_se.max(SHORTEST).to_string());
    }
}

/// Whether a list of option tags holds this one.
pub(super) fn lists(headers: &Headers, name: &HeaderName, tag: &str) -> bool {
    headers.list(name).any(|value| value.eq_ignore_ascii_case(tag.as_bytes()))
}

impl SessionTimer {
    /// In a request of ours within the dialog, whose UAC we are (§7.4).
    pub(super) fn write(&self, headers: &mut Headers, policy: &Policy) {
        let refresher = if self.by_us { Refresher::Uac } else { Refresher::Uas };
        headers.push(HeaderName::SessionExpires, SessionExpires::new(self.interval, Some(refresher)).to_string());
        headers.push(HeaderName::MinSe, policy.min_se.max(SHORTEST).to_string());
    }
}

impl Endpoint {
    /// A 2xx to INVITE or UPDATE starts the interval anew, or stops it.
    pub(super) fn run_session_timer(&mut self, now: Instant, handle: CallHandle, timer: Option<SessionTimer>) {
        let Some(call) = self.calls.get_mut(&handle).filter(|call| !call.ended) else {
            return;
        };
        call.session = timer;
        let (refresh, expiry) = (CallTimer::SessionRefresh, CallTimer::SessionExpiry);
        self.io.timers.stop(TimerKey::Call(handle, refresh));
        self.io.timers.stop(TimerKey::Call(handle, expiry));
        let Some(SessionTimer { interval, by_us }) = timer else {
            return;
        };
        // §10: BYE goes out a little before the interval is over.
        let last = interval - (interval / 3).min(32);
        self.io.timers.set(TimerKey::Call(handle, expiry), now + Duration::from_secs(last.into()));
        if by_us {
            self.io.timers.set(TimerKey::Call(handle, refresh), now + Duration::from_secs((interval / 2).into()));
        }
    }

    /// Half the interval is over (§7.4): UPDATE where the far end takes it, else a re-INVITE with what it knows.
    pub(super) fn refresh_session(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get(&handle).filter(|call| !call.ended && call.is_confirmed()) else {
            return;
        };
        // Whatever is under way refreshes the session as well.
        if call.ours.is_some() || call.queued.is_some() {
            return;
        }
        let Some(leg) = &call.leg else {
            return;
        };
        let (method, offer) = match leg.takes_update {
            true => (Method::UPDATE, None),
            false => (Method::INVITE, leg.described.clone()),
        };
        let proposal = Proposal { method, offer, purpose: Purpose::Refresh, repeats: 0 };
        self.propose(now, handle, proposal);
    }

    /// Nobody has refreshed the session (§10).
    pub(super) fn session_expired(&mut self, now: Instant, handle: CallHandle) {
        if self.calls.get(&handle).is_some_and(|call| call.is_confirmed() && !call.ended) {
            self.end_call(now, handle, EndCause::Expired);
            self.send_bye(now, handle);
        }
    }
}
