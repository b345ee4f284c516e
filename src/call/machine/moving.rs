//! A call that the switchboard moves: REFER received, followed to its end (RFC 3515, RFC 5589 §6 and §7).
//!
//! Owns: the successor's leg from the REFER to the BYE of the leg left behind. Must not know: headers, how Replaces
//! travels (it stays in the target as it came).
//!
//! The agent keeps speaking and listening on the old leg until the new one is answered: most callers are connected there
//! until that moment, and who is on hold has said so by a re-INVITE, which pauses the conversation anyway. So a move adds
//! no gap of its own: the packet after the answer goes to the new far end, within the same stream (SSRC, numbers and time
//! go on). Only when the old far end leaves before the new one has answered, the conversation waits, and then goes on
//! from the beginning of the clause that was cut.

use std::time::{Duration, Instant};

use super::legs::{Errand, LegId, Role};
use super::signalling::outcome_of;
use super::timers::Timer;
use super::{LeftStream, Machine, Output, Phase};
use crate::call::bridge::Party;
use crate::sip::sdp::Negotiated;
use crate::sip::{Command, Dial, EndCause, Event, Flow};

/// A new leg rings for this long: as long as the subscription that our NOTIFYs promise.
const RINGING: Duration = Duration::from_secs(60);
/// The far end of the old leg has this long to say BYE, then we do: a lost final NOTIFY is repeated after 0.5, 1.5 and 3.5 s
/// (RFC 3261 §17.1.2.2), and must come before the BYE.
const FAREWELL: Duration = Duration::from_secs(4);
/// Packets of a stream whose dialog has ended are on the way for no longer than this.
pub(super) const STRAGGLERS: Duration = Duration::from_secs(1);

impl Machine {
    /// REFER: the conversation's far end wants it to go on elsewhere.
    pub(super) fn transfer_requested(
        &mut self,
        now: Instant,
        leg: LegId,
        target: String,
        referred_by: Option<String>,
        destination: Flow,
    ) {
        let far_end = self.legs.get_mut(leg).and_then(|leg| leg.far_end);
        let refusal = match self.phase {
            Phase::Talking if self.legs.successor().is_some() => Some(491),
            Phase::Talking => (!self.settings.gate.allows(&target, far_end)).then_some(603),
            // Not begun, or our own REFER is under way: theirs has met it.
            Phase::Arriving | Phase::AwaitingAnswer | Phase::Transferring | Phase::Bridging => Some(491),
            // Once joined, the conversation is not ours to take elsewhere.
            Phase::Bridged | Phase::Leaving | Phase::Over => Some(603),
        };
        if let Some(status) = refusal {
            tracing::info!(status, "the switchboard wants to move the call: refused");
            return self.command(leg, Command::RefuseTransfer { status });
        }
        let exchanges_keys = self.exchanges_keys(destination.transport);
        let role = Role::Successor(Errand::default());
        let successor = self.legs.add(role, Some(destination.remote.ip()), exchanges_keys);
        let Some(Ok((offer, _))) = self.legs.describe(successor, None) else {
            tracing::info!("the switchboard wants to move the call where its audio could not be encrypted: refused");
            self.legs.remove(successor);
            return self.command(leg, Command::RefuseTransfer { status: 603 });
        };
        self.command(leg, Command::AcceptTransfer);
        let dial = Dial {
            target,
            destination: destination.into(),
            offer: Some(offer),
            from: None,
            referred_by,
            redirects: self.lets_redirect(exchanges_keys),
        };
        self.outputs.push_back(Output::Dial { leg: successor, dial });
        self.timers.set(Timer::Successor, now + RINGING);
        self.watch_network(now);
    }

    pub(super) fn handle_successor(&mut self, now: Instant, leg: LegId, event: Event) {
        match event {
            Event::Progress { status, .. } => self.tell_referrer(status),
            // The answer to our offer: in the 200 or before, or from who has taken the call up in between.
            Event::Answered { sdp } | Event::Acknowledged { sdp } => {
                match self.accept(leg, sdp.as_deref()) {
                    Some(negotiated) => self.succeed(now, leg, &negotiated),
                    // There would be no audio.
                    None => self.successor_failed(now, 488),
                }
            }
            // Before it is answered; the conversation's media are not touched.
            Event::Reoffered { offer } => drop(self.answer_reoffer(leg, offer.as_deref())),
            // Somebody else takes up the call (RFC 3891), which is thereby answered; without an offer in the INVITE, by
            // the ACK. What can't be answered is refused, and the call rings on.
            Event::Replaced { offer, .. } => {
                if let Some(negotiated) = self.answer_reoffer(leg, offer.as_deref()) {
                    self.succeed(now, leg, &negotiated);
                }
            }
            Event::Ended { cause } => self.without_successor(now, leg, status_of(cause)),
            // Of calls that are answered.
            Event::Incoming { .. }
            | Event::ReofferAnswered { .. }
            | Event::ReofferRefused { .. }
            | Event::Key(_)
            | Event::ReleaseReason { .. }
            | Event::TransferRequested { .. }
            | Event::TransferProgress { .. }
            | Event::TransferFinished { .. } => {}
        }
    }

    /// What the far end of the leg we have left still wants.
    pub(super) fn handle_left(&mut self, now: Instant, leg: LegId, event: Event) {
        match event {
            Event::Reoffered { offer } => drop(self.answer_reoffer(leg, offer.as_deref())),
            // The conversation is not there any more.
            Event::Replaced { .. } => self.command(leg, Command::AnswerReoffer { sdp: None }),
            Event::TransferRequested { .. } => self.command(leg, Command::RefuseTransfer { status: 603 }),
            Event::Ended { .. } => self.forget_left(now, leg),
            Event::Incoming { .. }
            | Event::Progress { .. }
            | Event::Answered { .. }
            | Event::Acknowledged { .. }
            | Event::ReofferAnswered { .. }
            | Event::ReofferRefused { .. }
            | Event::Key(_)
            | Event::ReleaseReason { .. }
            | Event::TransferProgress { .. }
            | Event::TransferFinished { .. } => {}
        }
    }

    /// The conversation's leg has ended while its successor is being called: many switchboards leave as soon as their REFER
    /// is accepted, and RFC 5589 §6 has the new call go on. The caller hears nothing until it is answered.
    pub(super) fn bereave(&mut self, leg: LegId, cause: EndCause) {
        self.legs.remove(leg);
        if let Some((_, errand)) = self.legs.errand_mut() {
            errand.bereft = Some(cause);
        }
        self.timers.stop(Timer::Idle);
        self.playout.pause();
    }

    /// The new leg is answered: the conversation goes on there.
    fn succeed(&mut self, now: Instant, leg: LegId, negotiated: &Negotiated) {
        let Some((_, errand)) = self.legs.successor() else { return };
        self.tell_referrer(200);
        self.timers.stop(Timer::Successor);
        self.end_left(now);
        self.legs.succeed(leg);
        if self.legs.left().is_some() {
            self.timers.set(Timer::Farewell, now + FAREWELL);
        }
        self.record.moves += 1;
        let dialog_ended = errand.bereft.is_some();
        self.leave_stream(now, Party::Caller, negotiated, dialog_ended.then_some(now + STRAGGLERS));
        self.renegotiate(now, negotiated);
        // Whoever is speaking is let finish first.
        if dialog_ended && !self.hearing.is_busy() {
            self.playout.resume();
        }
        self.follow_up(now);
    }

    /// The new leg came to nothing: the conversation goes on where it is.
    pub(super) fn successor_failed(&mut self, now: Instant, status: u16) {
        if let Some((leg, _)) = self.legs.successor() {
            self.command(leg, Command::HangUp);
            self.without_successor(now, leg, status);
        }
    }

    fn without_successor(&mut self, now: Instant, leg: LegId, status: u16) {
        let Some((_, errand)) = self.legs.successor() else { return };
        self.tell_referrer(status);
        self.legs.remove(leg);
        self.timers.stop(Timer::Successor);
        match errand.bereft {
            Some(cause) => self.over(now, outcome_of(cause)),
            None => self.watch_network(now),
        }
    }

    /// NOTIFY, unless it is no news.
    fn tell_referrer(&mut self, status: u16) {
        let Some((_, errand)) = self.legs.errand_mut().filter(|(_, errand)| errand.told != Some(status)) else {
            return;
        };
        errand.told = Some(status);
        if let Some(referrer) = self.legs.conversation() {
            self.command(referrer, Command::NotifyTransfer { status });
        }
    }

    /// The far end of the old leg has had its time.
    pub(super) fn end_left(&mut self, now: Instant) {
        if let Some(left) = self.legs.left() {
            self.command(left, Command::HangUp);
            self.forget_left(now, left);
        }
    }

    fn forget_left(&mut self, now: Instant, leg: LegId) {
        self.timers.stop(Timer::Farewell);
        self.legs.remove(leg);
        // The last one's: others have ended before.
        if let Some(stream) = self.media.as_mut().and_then(|media| media.left.last_mut()) {
            stream.until.get_or_insert(now + STRAGGLERS);
        }
    }

    /// Another dialog has taken the place of the conversation's (RFC 3891): whatever else was on the way is overtaken.
    pub(super) fn replaced(&mut self, now: Instant, leg: LegId, offer: Option<&str>) {
        self.successor_failed(now, 487);
        let negotiated = self.answer_reoffer(leg, offer);
        // Without an offer ours is in the answer, and theirs comes with the ACK.
        self.record.moves += u32::from(offer.is_none() || negotiated.is_some());
        if let Some(negotiated) = negotiated {
            self.leave_stream(now, Party::Caller, &negotiated, Some(now + STRAGGLERS));
            self.renegotiate(now, &negotiated);
        }
    }

    /// A party's stream goes to another far end: what still comes from the last one is held back, until then or while its
    /// dialog lives. Where the addresses stay the same, nobody can be told apart, nor need be.
    pub(super) fn leave_stream(&mut self, now: Instant, party: Party, negotiated: &Negotiated, until: Option<Instant>) {
        let Some(media) = self.media_of(party) else { return };
        let source = media.session.remote();
        let elsewhere = media.agreed != negotiated.remote;
        media.left.retain(|left| left.until.is_none_or(|until| now < until));
        if elsewhere {
            media.left.push(LeftStream { source, until });
        }
        media.left.retain(|left| left.source != negotiated.remote);
        if media.left.len() > LeftStream::MAX {
            media.left.remove(0);
        }
    }
}

/// What the one who asked for the call is told.
pub(super) fn status_of(cause: EndCause) -> u16 {
    match cause {
        EndCause::Refused(status) => status,
        EndCause::Timeout => 408,
        // RFC 3261 §8.1.3.1.
        EndCause::Unreachable => 503,
        // Not before it is answered, or by our doing.
        EndCause::RemoteBye | EndCause::RemoteCancel | EndCause::Local | EndCause::NoAck | EndCause::Expired => 487,
    }
}
