//! What the application asks for (RFC 3261 §13.3.1, §14.2, §15). PURE.

use super::super::Command;
use super::super::transaction::{T1, cancel_of};
use super::call::Unacked;
use super::identity::ALLOW;
use super::*;

impl Endpoint {
    pub(super) fn handle_command(&mut self, now: Instant, handle: CallHandle, command: Command) {
        // The call may have ended meanwhile: then nothing is to be done.
        if self.calls.get(&handle).is_none_or(|call| call.ended) {
            return;
        }
        match command {
            Command::Ring => self.ring(now, handle),
            Command::Answer { sdp } => self.accept(now, handle, sdp),
            Command::Reject { status } => {
                let status = if (300..700).contains(&status) { status } else { 480 };
                self.reject(now, handle, status);
            }
            Command::AnswerReoffer { sdp } => self.answer_reoffer(now, handle, sdp),
            Command::HangUp => self.hang_up(now, handle),
            Command::Transfer { target } => self.start_transfer(now, handle, target),
            Command::AcceptTransfer => self.accept_refer(now, handle),
            Command::NotifyTransfer { status } => self.notify_outcome(now, handle, status),
        }
    }

    fn ring(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let Phase::Ringing { transaction, reply, .. } = &call.phase else {
            return;
        };
        let contact = self.identity.contact(reply.destination);
        let mut response = reply.build_for_dialog(180, &call.local_tag, contact);
        response.headers.push(HeaderName::Allow, ALLOW);
        let (id, bytes) = (*transaction, response.to_bytes());
        self.transactions.respond(&mut self.io, now, id, 180, bytes);
    }

    fn accept(&mut self, now: Instant, handle: CallHandle, sdp: String) {
        let Some(mut call) = self.calls.remove(&handle) else {
            return;
        };
        let (transaction, reply, dialog, cseq, offered) = match call.phase {
            Phase::Ringing { transaction, reply, dialog, cseq, offered } => (transaction, reply, dialog, cseq, offered),
            other => {
                call.phase = other;
                self.calls.insert(handle, call);
                return;
            }
        };
        call.phase = Phase::Confirmed { dialog };
        self.calls.insert(handle, call);
        self.send_2xx(now, handle, transaction, &reply, cseq, sdp, (true, !offered));
    }

    /// Sends 200 with a session description, again and again until the ACK.
    #[expect(clippy::too_many_arguments, reason = "both kinds of INVITE share it")]
    fn send_2xx(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: TransactionId,
        reply: &Reply,
        cseq: u32,
        sdp: String,
        (initial, offer_is_ours): (bool, bool),
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let mut response = reply.build_for_dialog(200, &call.local_tag, self.identity.contact(reply.destination));
        response.headers.push(HeaderName::Allow, ALLOW);
        response.headers.push(HeaderName::Supported, "");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = sdp.into_bytes().into();
        let bytes = response.to_bytes();
        call.unacked = Some(Unacked {
            cseq,
            response: bytes.clone(),
            destination: reply.destination,
            interval: T1,
            initial,
            offer_is_ours,
            hang_up: false,
        });
        self.transactions.respond(&mut self.io, now, transaction, 200, bytes);
        self.io.timers.set(TimerKey::Call(handle, CallTimer::Resend2xx), now + T1);
        self.arm(now, handle, CallTimer::NoAck);
    }

    fn reject(&mut self, now: Instant, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let Phase::Ringing { transaction, reply, .. } = &call.phase else {
            return;
        };
        let response = reply.build(status, &call.local_tag).to_bytes();
        let id = *transaction;
        self.transactions.respond(&mut self.io, now, id, status, response);
        self.end_call(now, handle, EndCause::Local);
        self.remove_call(now, handle, false);
    }

    fn answer_reoffer(&mut self, now: Instant, handle: CallHandle, sdp: Option<String>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(reoffer) = call.reoffer.take() else {
            return;
        };
        match sdp {
            Some(sdp) => self.send_2xx(
                now,
                handle,
                reoffer.transaction,
                &reoffer.reply,
                reoffer.cseq,
                sdp,
                (false, !reoffer.offered),
            ),
            None => {
                let response = reoffer.reply.build(488, "").to_bytes();
                self.transactions.respond(&mut self.io, now, reoffer.transaction, 488, response);
            }
        }
    }

    fn hang_up(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        match &mut call.phase {
            Phase::Ringing { .. } => self.reject(now, handle, 480),
            Phase::Calling { cancelled, heard, .. } => {
                *cancelled = true;
                let heard = *heard;
                self.end_call(now, handle, EndCause::Local);
                if heard {
                    self.send_cancel(now, handle);
                }
            }
            Phase::Confirmed { .. } => {
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
            Phase::Closing { .. } => {}
        }
    }

    /// CANCEL of our unanswered INVITE (§9.1).
    pub(super) fn send_cancel(&mut self, now: Instant, handle: CallHandle) {
        let Some(Call { phase: Phase::Calling { transaction, .. }, .. }) = self.calls.get(&handle) else {
            return;
        };
        let Some((invite, destination)) = self.transactions.invite_request(*transaction) else {
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
