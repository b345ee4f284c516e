//! Our INVITE once more: to the targets of a redirection (RFC 3261 §8.1.3.4), with a longer session interval (422),
//! with credentials (401, 407). PURE.

use super::super::wire::{Headers, NameAddr};
use super::call::Purpose;
use super::session_timer::min_se;
use super::ways::Stage;
use super::*;

/// INVITEs sent again to the same target, for a 422 or a challenge.
const MAX_REPEATS: u8 = 3;

impl Endpoint {
    /// Tries once more after a refusal, where there is a way; `false` when the refusal stands.
    pub(super) fn invite_again(&mut self, now: Instant, handle: CallHandle, response: &Response) -> bool {
        let Some(calling) = self.calls.get_mut(&handle).filter(|call| !call.ended).and_then(Call::calling_mut) else {
            return false;
        };
        if calling.cancelled {
            return false;
        }
        match response.status {
            300..400 => {
                let mut found = contacts(&response.headers);
                found.retain(|target| !calling.known.contains(target));
                calling.sender = calling.stage.destination();
                found.truncate((calling.redirects + 1).saturating_sub(calling.known.len()));
                calling.known.extend(found.iter().cloned());
                // A redirected target's own targets come before what was left (§8.1.3.4).
                calling.targets.extend(found.into_iter().rev());
            }
            422 if calling.repeats < MAX_REPEATS => {
                calling.repeats += 1;
                let Some(min) = min_se(&response.headers) else {
                    return false;
                };
                let fields = vec![(HeaderName::SessionExpires, min.to_string()), (HeaderName::MinSe, min.to_string())];
                self.resend_invite(now, handle, fields);
                return true;
            }
            503 => return self.invite_elsewhere(now, handle),
            // Nobody anywhere takes the call (§21.6).
            600.. => calling.targets.clear(),
            _ => {}
        }
        self.next_target(now, handle)
    }

    /// Calls the next target a redirection has named, once its name is looked up; `false` when there is none.
    pub(super) fn next_target(&mut self, now: Instant, handle: CallHandle) -> bool {
        let Some(calling) = self.calls.get_mut(&handle).filter(|call| !call.ended).and_then(Call::calling_mut) else {
            return false;
        };
        let next = calling.targets.pop().filter(|_| !calling.cancelled);
        let Some((uri, sender)) = next.zip(calling.sender) else {
            return false;
        };
        calling.cseq = calling.cseq.saturating_add(1);
        calling.invite.uri = uri.clone();
        calling.repeats = 0;
        calling.ways.clear();
        self.leave_forks(now, handle);
        match self.ways_on(&uri, sender) {
            Some(ways) => self.invite_located(now, handle, ways),
            None => {
                let stage = self.look_up(now, handle, uri);
                if let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) {
                    calling.stage = stage;
                }
            }
        }
        true
    }

    /// The INVITE with these fields in place of those of the same name, the same way once more.
    pub(super) fn resend_invite(&mut self, now: Instant, handle: CallHandle, fields: Vec<(HeaderName, String)>) {
        let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) else {
            return;
        };
        calling.cseq = calling.cseq.saturating_add(1);
        if let Some(destination) = calling.stage.destination() {
            self.send_invite(now, handle, destination, fields);
        }
    }

    /// The INVITE as a new transaction: same Call-ID, From and To, a branch of its own; a number of its own too, unless
    /// it only goes to another address of the same target (§8.1.3.4, §22.2, RFC 3263 §4.3).
    pub(super) fn send_invite(
        &mut self,
        now: Instant,
        handle: CallHandle,
        destination: Flow,
        mut fields: Vec<(HeaderName, String)>,
    ) {
        self.leave_forks(now, handle);
        let Some(calling) = self.calls.get(&handle).and_then(Call::calling) else {
            return;
        };
        let (mut invite, realms, number) = (calling.invite.clone(), calling.realms.clone(), calling.cseq);
        fields.retain(|(name, value)| !invite.headers.replace_first(name, value.clone()));
        for (name, value) in fields {
            invite.headers.push(name, value);
        }
        let branch = self.identity.branch();
        self.aim(&mut invite, &branch, destination, number);
        self.sign(&mut invite, &realms);
        let (sent, usage) = (invite.clone(), Usage::Invite(handle));
        let transaction = self.transactions.open_client(&mut self.io, now, sent, branch, destination, usage);
        if let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) {
            calling.stage = Stage::Sent { transaction, destination };
            calling.invite = invite;
            calling.heard = false;
        }
    }
}

impl Endpoint {
    /// The early dialogs of an INVITE end with it, and what was under way in them.
    fn leave_forks(&mut self, now: Instant, handle: CallHandle) {
        self.abandon_their_offer(now, handle);
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::RetryOffer));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(calling) = call.calling_mut() {
            calling.forks.clear();
        }
        let ours = call.ours.take();
        if ours.is_some_and(|ours| ours.proposal.purpose == Purpose::Application) {
            self.io.report(handle, Event::ReofferRefused { status: 487 });
        }
    }
}

/// Targets a redirection names, the most wanted first (`q`, §20.10); only those we can call.
fn contacts(headers: &Headers) -> Vec<String> {
    let mut found: Vec<(u32, String)> = headers
        .list(&HeaderName::Contact)
        .filter_map(|value| String::from_utf8_lossy(&value).parse::<NameAddr>().ok())
        .filter_map(|contact| {
            let q: f32 = contact.params.get("q").and_then(|q| q.parse().ok()).unwrap_or(1.0);
            let target = super::outgoing::request_uri(&format!("<{}>", contact.uri)).ok()?;
            // Whole thousandths compare exactly.
            Some(((q.clamp(0.0, 1.0) * 1000.0) as u32, target))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut targets: Vec<String> = Vec::new();
    for (_, target) in found {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}
