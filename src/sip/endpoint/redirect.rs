//! Our INVITE once more: to the targets of a redirection (RFC 3261 §8.1.3.4), with a longer session interval (422),
//! with credentials (401, 407). PURE.

use super::super::dialog::towards;
use super::super::wire::{CSeq, Headers, NameAddr, Uri};
use super::call::Purpose;
use super::session_timer::min_se;
use super::*;

/// INVITEs sent again to the same target, for a 422 or a challenge.
const MAX_REPEATS: u8 = 3;

/// What the next INVITE has that the last one had not.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) uri: Option<String>,
    /// Fields that take the place of those of the same name.
    pub(super) fields: Vec<(HeaderName, String)>,
}

impl Endpoint {
    /// Tries once more after a refusal, where there is a way; `false` when the refusal stands.
    pub(super) fn invite_again(&mut self, now: Instant, handle: CallHandle, response: &Response) -> bool {
        let limit = self.config.policy.max_redirects;
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
                found.truncate((limit + 1).saturating_sub(calling.known.len()));
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
                self.resend_invite(now, handle, Changes { uri: None, fields });
                return true;
            }
            // Nobody anywhere takes the call (§21.6).
            600.. => calling.targets.clear(),
            _ => {}
        }
        self.next_target(now, handle)
    }

    /// Calls the next target a redirection has named; `false` when there is none.
    pub(super) fn next_target(&mut self, now: Instant, handle: CallHandle) -> bool {
        let Some(calling) = self.calls.get_mut(&handle).filter(|call| !call.ended).and_then(Call::calling_mut) else {
            return false;
        };
        let Some(uri) = calling.targets.pop().filter(|_| !calling.cancelled) else {
            return false;
        };
        self.resend_invite(now, handle, Changes { uri: Some(uri), fields: Vec::new() });
        true
    }

    /// The INVITE with these changes, as a new transaction: same Call-ID, From and To, next number (§8.1.3.4, §22.2).
    pub(super) fn resend_invite(&mut self, now: Instant, handle: CallHandle, changes: Changes) {
        self.leave_forks(now, handle);
        let branch = self.identity.branch();
        let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) else {
            return;
        };
        calling.cseq = calling.cseq.saturating_add(1);
        if let Some(uri) = changes.uri {
            if let Ok(parsed) = uri.parse::<Uri>() {
                calling.destination = towards(&parsed, calling.destination, self.identity.listeners());
            }
            calling.invite.uri = uri;
            calling.repeats = 0;
        }
        let cseq = CSeq { number: calling.cseq, method: Method::INVITE };
        let via = self.identity.via(&branch, calling.destination);
        let contact = self.identity.contact(calling.destination);
        let mut fields = vec![
            (HeaderName::Via, via),
            (HeaderName::CSeq, format!("{} {}", cseq.number, cseq.method)),
            (HeaderName::Contact, contact),
        ];
        fields.extend(changes.fields);
        let mut headers = Headers::default();
        for (name, value) in calling.invite.headers.iter() {
            match fields.iter().position(|(field, _)| field == name) {
                Some(at) => {
                    let (name, value) = fields.remove(at);
                    headers.push(name, value);
                }
                None => headers.push(name.clone(), value.clone()),
            }
        }
        for (name, value) in fields {
            headers.push(name, value);
        }
        calling.invite.headers = headers;
        calling.heard = false;
        let (mut invite, destination) = (calling.invite.clone(), calling.destination);
        let realms = calling.realms.clone();
        self.sign(&mut invite, &realms);
        let usage = Usage::Invite(handle);
        let sent = invite.clone();
        let transaction = self.transactions.open_client(&mut self.io, now, sent, branch, destination, usage);
        if let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) {
            calling.transaction = transaction;
            calling.invite = invite;
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
