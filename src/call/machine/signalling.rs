//! The call's side of SIP: answering, holding, transferring, ending.

use std::net::SocketAddr;
use std::time::Instant;

use super::keys::Way;
use super::timers::Timer;
use super::{Machine, Media, Output, Phase};
use crate::audio::tones::KeyDetector;
use crate::call::record::Outcome;
use crate::dialogue;
use crate::dialplan::DirectoryId;
use crate::rtp::{Key, Pacer, Session, SessionConfig};
use crate::sip::sdp::{self, Direction, Negotiated, SdpError};
use crate::sip::{Command, EndCause, Event, Party};

impl Machine {
    pub(super) fn handle_sip(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { caller, origin, offer, .. } => {
                self.record.diverted = origin.diversions > 0;
                self.answer(now, &caller, offer.as_deref());
            }
            Event::Acknowledged { sdp } => self.acknowledged(now, sdp.as_deref()),
            // The switchboard moves the caller to another dialog: to us it is new media, the conversation goes on.
            Event::Reoffered { offer } | Event::Replaced { offer, .. } => self.reoffered(now, offer.as_deref()),
            Event::ReofferAnswered { sdp } => self.renegotiated(now, sdp.as_deref()),
            Event::Key(press) => self.key_told(now, Way::Info, Key(press.key), press.held.unwrap_or_default()),
            Event::ReleaseReason { cause, .. } => self.record.release = cause,
            Event::TransferProgress { .. } => {}
            Event::TransferFinished { status } => self.transfer_finished(now, status),
            Event::Ended { cause } => self.ended(now, cause),
            // We place no calls and change no media, and the endpoint refuses transfers asked of us.
            Event::Progress { .. }
            | Event::Answered { .. }
            | Event::ReofferRefused { .. }
            | Event::TransferRequested { .. } => {}
        }
    }

    fn answer(&mut self, now: Instant, caller: &Party, offer: Option<&str>) {
        if self.phase != Phase::Arriving {
            return;
        }
        self.caller_number = caller.user.clone();
        let sdp = match offer {
            Some(offer) => match sdp::answer(offer, &self.local) {
                Ok((answer, negotiated)) => {
                    self.start_media(now, &negotiated);
                    answer
                }
                Err(error) => return self.refuse(&error),
            },
            None => sdp::offer(&self.local),
        };
        self.described = Some(sdp.clone());
        self.outputs.push_back(Output::Sip(Command::Ring));
        self.outputs.push_back(Output::Sip(Command::Answer { sdp }));
        if self.media.is_some() { self.start_talking(now) } else { self.phase = Phase::AwaitingAnswer }
    }

    fn refuse(&mut self, error: &SdpError) {
        tracing::info!(%error, "offer refused");
        self.ending = Some(Outcome::Refused);
        self.phase = Phase::Leaving;
        self.outputs.push_back(Output::Sip(Command::Reject { status: 488 }));
    }

    fn acknowledged(&mut self, now: Instant, answer: Option<&str>) {
        if self.phase != Phase::AwaitingAnswer {
            return self.renegotiated(now, answer);
        }
        match answer.map(|answer| sdp::accept_answer(answer, &self.local)) {
            Some(Ok(negotiated)) => {
                self.start_media(now, &negotiated);
                self.start_talking(now);
            }
            // An ACK without an answer to our offer, or with one we can't use: there is no media (RFC 3261 §13.3.1.4).
            Some(Err(_)) | None => self.hang_up(now, Outcome::Failed),
        }
    }

    fn start_media(&mut self, now: Instant, negotiated: &Negotiated) {
        let session = Session::new(session_config(negotiated), self.seed);
        self.media =
            Some(Media { session, pacer: Pacer::new(now), direction: negotiated.direction, tones: tones(negotiated) });
        self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
    }

    fn start_talking(&mut self, now: Instant) {
        self.phase = Phase::Talking;
        self.answered = Some(now);
        let caller_number = self.caller_number.take();
        self.converse(now, dialogue::Input::Started { caller_number });
    }

    /// A re-INVITE: hold, resume, new address (RFC 3264 §8).
    fn reoffered(&mut self, now: Instant, offer: Option<&str>) {
        self.local.session_version += 1;
        let reply = match offer {
            // As many streams as before, ours open (RFC 3264 §8).
            None => {
                let last = self.described.as_deref().unwrap_or_default();
                let again = sdp::reoffer(&self.local, last, Direction::SendReceive);
                Some(again.unwrap_or_else(|| sdp::offer(&self.local)))
            }
            Some(offer) => sdp::answer(offer, &self.local).ok().map(|(answer, negotiated)| {
                self.renegotiate(now, &negotiated);
                answer
            }),
        };
        match &reply {
            Some(sdp) => self.described = Some(sdp.clone()),
            // The session is as it was, and so is its description.
            None => self.local.session_version -= 1,
        }
        self.outputs.push_back(Output::Sip(Command::AnswerReoffer { sdp: reply }));
    }

    /// The answer to an offer of ours within the call. One we can't use leaves the media as they were.
    fn renegotiated(&mut self, now: Instant, answer: Option<&str>) {
        if let Some(Ok(negotiated)) = answer.map(|answer| sdp::accept_answer(answer, &self.local)) {
            self.renegotiate(now, &negotiated);
        }
    }

    fn renegotiate(&mut self, now: Instant, negotiated: &Negotiated) {
        let Some(media) = &mut self.media else { return };
        media.session.renegotiate(session_config(negotiated));
        media.direction = negotiated.direction;
        if negotiated.telephone_event.is_some() || media.tones.is_none() {
            media.tones = tones(negotiated);
        }
        self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
        if !self.is_heard() {
            self.timers.stop(Timer::Idle);
            self.timers.stop(Timer::NetworkSilence);
        } else if self.phase == Phase::Talking && !self.playout.is_speaking() {
            self.timers.set(Timer::Idle, now + self.settings.idle);
        }
    }

    /// The far end receives what we send: not on hold.
    pub(super) fn is_heard(&self) -> bool {
        self.media.as_ref().is_some_and(|media| matches!(media.direction, Direction::SendReceive | Direction::SendOnly))
    }

    pub(super) fn handle_rtp(&mut self, now: Instant, source: SocketAddr, packet: &[u8]) {
        let Some(media) = &mut self.media else { return };
        media.session.handle_packet(now, source, packet);
        if self.timers.is_set(Timer::NetworkSilence) {
            self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
        }
    }

    /// Sends the caller to an extension (RFC 5589 §6, blind transfer).
    pub(super) fn transfer(&mut self, now: Instant, entry: DirectoryId) {
        let Some(entry) = self.plan.directory.get(entry.0) else { return };
        self.phase = Phase::Transferring;
        self.record.transfers += 1;
        let Some(extension) = &entry.extension else { return self.transfer_finished(now, 404) };
        let target = self.settings.transfer_target.uri(extension);
        self.timers.stop(Timer::Idle);
        self.timers.stop(Timer::KeyPause);
        // A switchboard may send the caller's audio elsewhere while the operator's telephone rings.
        self.timers.stop(Timer::NetworkSilence);
        self.timers.set(Timer::Transfer, now + entry.ring + self.settings.transfer_margin);
        if let Some(heard) = self.hearing.forget() {
            self.handle_heard(now, heard);
        }
        self.outputs.push_back(Output::Sip(Command::Transfer { target }));
    }

    pub(super) fn transfer_finished(&mut self, now: Instant, status: u16) {
        let succeeded = (200..300).contains(&status);
        match self.phase {
            Phase::Transferring => {}
            // A success told late: the caller has left us after all. A late failure is known already.
            Phase::Talking if succeeded => {}
            _ => return,
        }
        self.timers.stop(Timer::Transfer);
        if succeeded {
            self.ending = Some(Outcome::Transferred);
            self.hang_up(now, Outcome::Transferred);
        } else if self.timers.is_set(Timer::LastResort) {
            self.hang_up(now, Outcome::AgentHungUp);
        } else {
            self.phase = Phase::Talking;
            self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
            self.converse(now, dialogue::Input::TransferFinished { status });
        }
    }

    /// `why` is kept as the outcome unless one is known already.
    pub(super) fn hang_up(&mut self, now: Instant, why: Outcome) {
        if matches!(self.phase, Phase::Leaving | Phase::Over) {
            return;
        }
        self.phase = Phase::Leaving;
        self.ending.get_or_insert(why);
        self.timers.stop_all();
        self.stop_media(now);
        self.outputs.push_back(Output::Sip(Command::HangUp));
    }

    fn stop_media(&mut self, now: Instant) {
        if let Some(heard) = self.hearing.forget() {
            self.handle_heard(now, heard);
        }
        if let Some(media) = self.media.take() {
            self.record.packets = media.session.counters();
        }
    }

    fn ended(&mut self, now: Instant, cause: EndCause) {
        let transferring = self.phase == Phase::Transferring;
        self.stop_media(now);
        let outcome = match cause {
            // Many switchboards leave the dialog as soon as the operator answers, before the last NOTIFY.
            EndCause::RemoteBye if transferring => Outcome::Transferred,
            EndCause::RemoteBye => Outcome::CallerHungUp,
            EndCause::RemoteCancel => Outcome::Cancelled,
            EndCause::NoAck => Outcome::NotAcknowledged,
            EndCause::Timeout | EndCause::Expired => Outcome::Lost,
            EndCause::Refused(_) => Outcome::Refused,
            EndCause::Local => Outcome::AgentHungUp,
        };
        self.record.outcome = *self.ending.get_or_insert(outcome);
        self.record.duration = now.saturating_duration_since(self.started);
        self.timers.stop_all();
        self.phase = Phase::Over;
        self.outputs.push_back(Output::Finished(std::mem::take(&mut self.record)));
    }
}

/// Who sends no telephone events can only play the tones.
fn tones(negotiated: &Negotiated) -> Option<KeyDetector> {
    negotiated.telephone_event.is_none().then(KeyDetector::default)
}

fn session_config(negotiated: &Negotiated) -> SessionConfig {
    SessionConfig {
        codec: negotiated.codec,
        payload_type: negotiated.payload_type,
        telephone_event: negotiated.telephone_event,
        remote: negotiated.remote,
    }
}
