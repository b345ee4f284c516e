//! What the application asks for (RFC 3261 §13.3.1, §14.2, §15). PURE.

use bytes::Bytes;

use super::super::Command;
use super::super::transaction::{T1, cancel_of};
use super::call::Unacked;
use super::leg::Negotiation;
use super::session_timer::Granted;
use super::*;

/// Which INVITE a 2xx answers, and how.
pub(super) struct Accepted {
    pub(super) transaction: TransactionId,
    pub(super) cseq: u32,
    /// It opened the dialog.
    pub(super) initial: bool,
    pub(super) offer_is_ours: bool,
}

impl Endpoint {
    pub(super) fn handle_command(&mut self, now: Instant, handle: CallHandle, command: Command) {
        // The call may have ended meanwhile: then nothing is to be done.
        if self.calls.get(&handle).is_none_or(|call| call.ended) {
            return;
        }
        match command {
            Command::Ring => self.progress(now, handle, 180, None),
            Command::EarlyMedia { sdp } => self.progress(now, handle, 183, Some(sdp)),
            Command::Answer { sdp } => self.accept(now, handle, sdp),
            Command::Reject { status } => {
                let status = if (300..700).contains(&status) { status } else { 480 };
                self.reject(now, handle, status);
            }
            Command::AnswerReoffer { sdp } => self.answer_offer(now, handle, sdp),
            Command::Reoffer { sdp } => self.reoffer(now, handle, Method::INVITE, sdp),
            Command::Update { sdp } => self.reoffer(now, handle, Method::UPDATE, sdp),
            Command::HangUp => self.hang_up(now, handle),
            Command::Transfer { target } => self.transfer_to(now, handle, &target),
            Command::AttendedTransfer { other } => self.transfer_to_call(now, handle, other),
            Command::AcceptTransfer => self.accept_refer(now, handle),
            Command::RefuseTransfer { status } => {
                let status = if (400..700).contains(&status) { status } else { 603 };
                self.refuse_refer(now, handle, status);
            }
            Command::NotifyTransfer { status } => self.notify_outcome(now, handle, status),
        }
    }

    /// Answers the INVITE that opened the call; after a reliable description only when its PRACK is here (RFC 3262 §3).
    pub(super) fn accept(&mut self, now: Instant, handle: CallHandle, sdp: String) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let (Phase::Ringing(ringing), Some(leg)) = (&mut call.phase, &mut call.leg) else {
            return;
        };
        if call.unpracked.as_ref().is_some_and(|unpracked| unpracked.has_sdp) {
            ringing.accepted = Some(sdp);
            return;
        }
        let (transaction, cseq, reply) = (ringing.transaction, ringing.cseq, ringing.reply.clone());
        let granted = ringing.asked.grant(&self.config.policy).unwrap_or_default();
        let sdp = Bytes::from(ringing.preview.take().unwrap_or(sdp).into_bytes());
        let (sdp, offer_is_ours) = match leg.negotiation {
            // Offer and answer are done: another description would mean nothing (RFC 6337 §2.2).
            Negotiation::Agreed => (None, false),
            Negotiation::OfferReceived => {
                leg.answered(sdp.clone());
                (Some(sdp), false)
            }
            Negotiation::Open | Negotiation::OfferSent => {
                leg.offered(sdp.clone());
                (Some(sdp), true)
            }
        };
        call.phase = Phase::Confirmed;
        // A PRACK may still come, but nothing waits for it (RFC 3262 §3).
        self.stop_reliable(handle);
        let accepted = Accepted { transaction, cseq, initial: true, offer_is_ours };
        self.send_2xx(now, handle, &reply, accepted, sdp, granted);
    }

    /// Sends 200, again and again until the ACK.
    pub(super) fn send_2xx(
        &mut self,
        now: Instant,
        handle: CallHandle,
        reply: &Reply,
        accepted: Accepted,
        sdp: Option<Bytes>,
        granted: Option<Granted>,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let mut response =
            reply.build_for_dialog(200, &call.local_tag, self.identity.contact(reply.destination, reply.secure));
        let headers = &mut response.headers;
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        if let Some(granted) = granted {
            granted.write(headers);
        }
        if let Some(sdp) = sdp {
            headers.push(HeaderName::ContentType, "application/sdp");
            response.body = sdp;
        }
        let bytes = response.to_bytes();
        call.unacked = Some(Unacked {
            cseq: accepted.cseq,
            response: bytes.clone(),
            destination: reply.destination,
            interval: T1,
            initial: accepted.initial,
            offer_is_ours: accepted.offer_is_ours,
            hang_up: false,
        });
        self.transactions.respond(&mut self.io, now, accepted.transaction, 200, bytes);
        self.io.timers.set(TimerKey::Call(handle, CallTimer::Resend2xx), now + T1);
        self.arm(now, handle, CallTimer::NoAck);
        self.run_session_timer(now, handle, granted.map(|granted| granted.timer()));
    }

    fn reject(&mut self, now: Instant, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let Phase::Ringing(ringing) = &call.phase else {
            return;
        };
        let response = ringing.reply.build(status, &call.local_tag).to_bytes();
        let id = ringing.transaction;
        self.transactions.respond(&mut self.io, now, id, status, response);
        self.end_call(now, handle, EndCause::Local);
        self.remove_call(now, handle, false);
    }

    pub(super) fn hang_up(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        match &mut call.phase {
            Phase::Ringing(_) => self.reject(now, handle, 480),
            // Nothing has been sent there yet.
            Phase::Calling(calling) if calling.stage.transaction().is_none() => {
                self.end_call(now, handle, EndCause::Local);
                self.remove_call(now, handle, false);
            }
            Phase::Calling(calling) => {
                calling.cancelled = true;
                let heard = calling.heard;
                self.end_call(now, handle, EndCause::Local);
                if heard {
                    self.send_cancel(now, handle);
                }
            }
            Phase::Confirmed => {
                // The one who was called waits for the ACK before BYE (§15).
                let waits = match &mut call.unacked {
                    Some(unacked) if unacked.initial => {
                        unacked.hang_up = true;
                        true
                    }
                    _ => false,
                };
                self.end_call(now, handle, EndCause::Local);
                if !waits {
                    self.send_bye(now, handle);
                }
            }
            Phase::Closing => {}
        }
    }

    /// CANCEL of our unanswered INVITE (§9.1).
    pub(super) fn send_cancel(&mut self, now: Instant, handle: CallHandle) {
        let calling = self.calls.get(&handle).and_then(Call::calling);
        let Some(transaction) = calling.and_then(|calling| calling.stage.transaction()) else {
            return;
        };
        let Some((invite, destination)) = self.transactions.invite_request(transaction) else {
            return;
        };
        let Some(branch) = invite.headers.top_via().and_then(|via| via.branch().map(str::to_owned)) else {
            return;
        };
        let cancel = cancel_of(invite);
        self.transactions.open_client(&mut self.io, now, cancel, branch, destination, Usage::Detached);
        self.arm(now, handle, CallTimer::CancelGuard);
    }
}
