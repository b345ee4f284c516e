//! The call's side of SIP: answering, holding, transferring, ending.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::legs::{LegId, Role};
use super::timers::Timer;
use super::{Machine, Media, Output, Phase, tones};
use crate::audio::FRAME_MS;
use crate::call::bridge::Party as Side;
use crate::call::keys::Way;
use crate::call::media::session_config;
use crate::call::record::{Encryption, Outcome};
use crate::config::TransferMethod;
use crate::dialogue;
use crate::dialplan::DirectoryId;
use crate::rtp::srtp::Protection;
use crate::rtp::{Key, Pacer, Session, SessionConfig};
use crate::sip::sdp::{Negotiated, SdpError, SrtpPolicy};
use crate::sip::{Command, EndCause, Event, KeyPress, Party, Transport};

impl Machine {
    pub(super) fn handle_sip(&mut self, now: Instant, leg: LegId, event: Event) {
        match self.legs.role(leg) {
            Some(Role::Conversation) => self.handle_conversation(now, leg, event),
            Some(Role::Successor(_)) => self.handle_successor(now, leg, event),
            Some(Role::Operator) => self.handle_operator(now, leg, event),
            Some(Role::Left) => self.handle_left(now, leg, event),
            // We have hung it up.
            None => {}
        }
    }

    fn handle_conversation(&mut self, now: Instant, leg: LegId, event: Event) {
        match event {
            Event::Incoming { caller, origin, offer, source, transport, .. } => {
                self.record.diverted = origin.diversions > 0;
                let exchanges_keys = self.exchanges_keys(transport);
                if let Some(leg) = self.legs.get_mut(leg) {
                    leg.far_end = Some(source.ip());
                    leg.exchanges_keys = exchanges_keys;
                }
                self.answer(now, leg, &caller, offer.as_deref());
            }
            Event::Acknowledged { sdp } => self.acknowledged(now, leg, sdp.as_deref()),
            // Hold, resume, new address (RFC 3264 §8).
            Event::Reoffered { offer } => {
                if let Some(negotiated) = self.answer_reoffer(leg, offer.as_deref()) {
                    self.renegotiate(now, &negotiated);
                }
            }
            // The switchboard moves the caller to another dialog: to us it is new media, the conversation goes on.
            Event::Replaced { offer, .. } => self.replaced(now, leg, offer.as_deref()),
            Event::ReofferAnswered { sdp } => self.renegotiated(now, leg, sdp.as_deref()),
            Event::Key(press) => self.key_by_info(now, press),
            Event::ReleaseReason { cause, .. } => self.record.release = cause,
            // It takes the REFER.
            Event::TransferProgress { .. } => self.referring = None,
            Event::TransferFinished { status } => self.transfer_finished(now, status),
            Event::TransferRequested { target, referred_by, destination } => {
                self.transfer_requested(now, leg, target, referred_by, destination);
            }
            Event::Ended { cause } if self.phase == Phase::Talking && self.legs.successor().is_some() => {
                self.bereave(leg, cause);
            }
            Event::Ended { cause } => self.ended(now, cause),
            // Of calls we place, which are no conversation yet, and of offers, which we make none of.
            Event::Progress { .. } | Event::Answered { .. } | Event::ReofferRefused { .. } => {}
        }
    }

    /// Whether keys may travel in messages by this transport.
    pub(super) fn exchanges_keys(&self, transport: Transport) -> bool {
        transport == Transport::Tls || self.settings.srtp_without_tls
    }

    /// Whether a call of ours may go where a redirection leads: not with keys that were meant for TLS.
    pub(super) fn lets_redirect(&self, exchanges_keys: bool) -> bool {
        let secret = self.settings.srtp != SrtpPolicy::Off && !self.settings.srtp_without_tls;
        self.settings.gate.lets_redirect() && !(secret && exchanges_keys)
    }

    fn key_by_info(&mut self, now: Instant, press: KeyPress) {
        match self.phase {
            Phase::Bridged => self.pass_key(now, Side::Caller, press),
            _ => self.key_told(now, Way::Info, Key(press.key), press.held.unwrap_or_default()),
        }
    }

    pub(super) fn command(&mut self, leg: LegId, command: Command) {
        self.outputs.push_back(Output::Sip { leg, command });
    }

    fn answer(&mut self, now: Instant, id: LegId, caller: &Party, offer: Option<&str>) {
        if self.phase != Phase::Arriving {
            return;
        }
        let Some(described) = self.legs.describe(id, offer) else { return };
        self.caller_number = caller.user.clone();
        let sdp = match described {
            Ok((sdp, negotiated)) => {
                if let Some(negotiated) = negotiated {
                    self.start_media(now, &negotiated);
                }
                sdp
            }
            Err(error) => return self.refuse(id, &error),
        };
        self.command(id, Command::Ring);
        self.command(id, Command::Answer { sdp });
        if self.media.is_some() { self.start_talking(now) } else { self.phase = Phase::AwaitingAnswer }
    }

    fn refuse(&mut self, leg: LegId, error: &SdpError) {
        tracing::info!(%error, "offer refused");
        self.ending = Some(Outcome::Refused);
        self.phase = Phase::Leaving;
        self.command(leg, Command::Reject { status: 488 });
    }

    fn acknowledged(&mut self, now: Instant, leg: LegId, answer: Option<&str>) {
        if self.phase != Phase::AwaitingAnswer {
            return self.renegotiated(now, leg, answer);
        }
        match self.accept(leg, answer) {
            Some(negotiated) => {
                self.start_media(now, &negotiated);
                self.start_talking(now);
            }
            // An ACK without an answer to our offer, or with one we can't use: there is no media (RFC 3261 §13.3.1.4).
            None => self.hang_up(now, Outcome::Failed),
        }
    }

    /// What the answer to an offer of ours agrees on; `None` without one that we can use.
    pub(super) fn accept(&mut self, leg: LegId, answer: Option<&str>) -> Option<Negotiated> {
        self.legs.get_mut(leg)?.accept(answer?).ok()
    }

    pub(super) fn session_config(&self, negotiated: &Negotiated) -> SessionConfig {
        let comfort_noise = negotiated.comfort_noise.filter(|_| self.settings.comfort_noise);
        SessionConfig { comfort_noise, ..session_config(negotiated) }
    }

    fn start_media(&mut self, now: Instant, negotiated: &Negotiated) {
        self.media = Some(self.new_media(now, negotiated, self.seed));
        self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
    }

    pub(super) fn new_media(&self, now: Instant, negotiated: &Negotiated, seed: u64) -> Media {
        Media {
            session: Session::new(self.session_config(negotiated), seed),
            protection: negotiated.srtp.as_ref().map(|agreed| Protection::new(&agreed.keys)),
            pacer: self.grid.map_or_else(|| Pacer::new(now), |phase| Pacer::on_grid(phase, now)),
            direction: negotiated.direction,
            agreed: negotiated.remote,
            left: Vec::new(),
            tones: tones(negotiated),
        }
    }

    fn start_talking(&mut self, now: Instant) {
        self.phase = Phase::Talking;
        self.answered = Some(now);
        let caller_number = self.caller_number.take();
        self.converse(now, dialogue::Input::Started { caller_number });
        if self.by_keys {
            self.failing = true;
            self.converse(now, dialogue::Input::RecogniserFailed);
        }
    }

    /// Describes our media anew, or refuses; what an offer has led to. The conversation's media are the caller's business.
    pub(super) fn answer_reoffer(&mut self, leg: LegId, offer: Option<&str>) -> Option<Negotiated> {
        let described = self.legs.describe(leg, offer)?.ok();
        let (sdp, negotiated) = described.map_or((None, None), |(sdp, negotiated)| (Some(sdp), negotiated));
        self.command(leg, Command::AnswerReoffer { sdp });
        negotiated
    }

    /// The answer to an offer of ours within the call. One we can't use leaves the media as they were.
    fn renegotiated(&mut self, now: Instant, leg: LegId, answer: Option<&str>) {
        if let Some(negotiated) = self.accept(leg, answer) {
            self.renegotiate(now, &negotiated);
        }
    }

    pub(super) fn renegotiate(&mut self, now: Instant, negotiated: &Negotiated) {
        let config = self.session_config(negotiated);
        let Some(media) = &mut self.media else { return };
        media.renegotiate(config, negotiated);
        self.watch_network(now);
        self.match_sides();
        if !self.is_heard() {
            self.timers.stop(Timer::Idle);
        } else if self.phase == Phase::Talking && !self.playout.is_speaking() {
            self.timers.set(Timer::Idle, now + self.patience());
        }
    }

    /// From now on packets must come, or the call is lost; but not on hold, nor while the switchboard moves the call: it
    /// may have the caller's audio elsewhere.
    pub(super) fn watch_network(&mut self, now: Instant) {
        if self.is_heard() && self.legs.successor().is_none() {
            self.timers.set(Timer::NetworkSilence, now + self.settings.network_silence);
        } else {
            self.timers.stop(Timer::NetworkSilence);
        }
    }

    /// The far end receives what we send: it is there, and we are not on hold.
    pub(super) fn is_heard(&self) -> bool {
        self.legs.conversation().is_some() && self.media.as_ref().is_some_and(Media::listens)
    }

    /// What is agreed on with a party; none before that.
    pub(super) fn media_of(&mut self, party: Side) -> Option<&mut Media> {
        match party {
            Side::Caller => self.media.as_mut(),
            Side::Operator => self.operator.as_mut()?.media_mut(),
        }
    }

    pub(super) fn handle_rtp(&mut self, now: Instant, party: Side, source: SocketAddr, packet: &[u8]) {
        let Some(media) = self.media_of(party) else { return };
        if media.left.iter().any(|left| left.holds_back(now, source)) {
            return;
        }
        let Media { session, protection, .. } = media;
        let Some(packet) = unprotected(protection, packet) else { return };
        session.handle_packet(now, source, packet);
        let silence = match party {
            Side::Caller => Timer::NetworkSilence,
            Side::Operator => Timer::OperatorSilence,
        };
        if self.timers.is_set(silence) {
            self.timers.set(silence, now + self.settings.network_silence);
        }
        if self.phase == Phase::Bridged {
            self.forward(now, party);
        } else if party == Side::Caller {
            // Audio in order need not wait for the tick.
            self.hear(now);
        }
    }

    pub(super) fn handle_rtcp(&mut self, now: Instant, party: Side, source: SocketAddr, packet: &[u8]) {
        let Some(Media { session, protection, left, .. }) = self.media_of(party) else { return };
        if left.iter().any(|left| left.holds_back_rtcp(now, source)) {
            return;
        }
        if let Some(packet) = unprotected(protection, packet) {
            session.handle_rtcp(now, source, packet);
        }
    }

    /// A packet of ours, encrypted if it has to be.
    pub(super) fn send_rtp(&mut self, party: Side, packet: Vec<u8>) {
        let Some(media) = self.media_of(party) else { return };
        let destination = media.session.remote();
        if let Some(packet) = media.protect(packet) {
            self.outputs.push_back(Output::Rtp { party, destination, packet });
        }
    }

    /// The report that is due.
    pub(super) fn send_report(&mut self, now: Instant, party: Side) {
        let report = self.media_of(party).and_then(|media| media.session.poll_rtcp(now));
        self.report(party, report);
    }

    /// The last report: our stream ends.
    pub(super) fn send_goodbye(&mut self, now: Instant, party: Side) {
        let report = self.media_of(party).and_then(|media| media.session.goodbye(now));
        self.report(party, report);
    }

    fn report(&mut self, party: Side, report: Option<Vec<u8>>) {
        let (Some(media), Some(report)) = (self.media_of(party), report) else { return };
        let destination = media.session.rtcp_remote();
        // Held the old way: there is nowhere to send to.
        if destination.ip().is_unspecified() {
            return;
        }
        let shares_port = media.session.shares_port();
        if let Some(packet) = media.protect(report) {
            self.outputs.push_back(match shares_port {
                true => Output::Rtp { party, destination, packet },
                false => Output::Rtcp { party, destination, packet },
            });
        }
    }

    /// Sends the caller to an extension: by the switchboard (RFC 5589 §6, blind transfer), or the agent calls it.
    pub(super) fn transfer(&mut self, now: Instant, id: DirectoryId) {
        let Some(leg) = self.legs.conversation() else { return };
        let Some(entry) = self.plan.directory.get(id.0) else { return };
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
        if self.settings.transfer_method == TransferMethod::Bridge {
            return self.call_operator(now, id);
        }
        self.referring = Some(id);
        self.command(leg, Command::Transfer { target });
    }

    pub(super) fn transfer_finished(&mut self, now: Instant, status: u16) {
        if let Some(entry) = self.instead_of_refer(status) {
            tracing::info!(status, "the switchboard refuses REFER: the agent calls the operator itself");
            return self.call_operator(now, entry);
        }
        let succeeded = (200..300).contains(&status);
        match self.phase {
            Phase::Transferring | Phase::Bridging => {}
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
            self.watch_network(now);
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
        self.leave_others(now);
        match self.legs.conversation() {
            Some(leg) => self.command(leg, Command::HangUp),
            None => self.over(now, why),
        }
    }

    /// The legs the conversation is not on end with it.
    fn leave_others(&mut self, now: Instant) {
        self.leave_operator(now);
        for leg in self.legs.others() {
            self.command(leg, Command::HangUp);
            self.legs.remove(leg);
        }
    }

    fn stop_media(&mut self, now: Instant) {
        if let Some(heard) = self.hearing.forget() {
            self.handle_heard(now, heard);
        }
        self.send_goodbye(now, Side::Caller);
        if let Some(media) = self.media.take() {
            self.record.packets = media.session.counters();
            self.record.quality = Some(media.session.quality());
            self.record.encryption = media
                .protection
                .map(|protection| Encryption { suite: protection.suite(), rejected: protection.rejected() });
            self.record.skipped_ticks = media.pacer.skipped();
        }
    }

    fn ended(&mut self, now: Instant, cause: EndCause) {
        // Many switchboards leave the dialog as soon as the operator answers, before the last NOTIFY.
        let transferred = self.phase == Phase::Transferring && cause == EndCause::RemoteBye;
        self.over(now, if transferred { Outcome::Transferred } else { outcome_of(cause) });
    }

    /// Nothing of the call is left. `why` is kept as the outcome unless one is known already.
    pub(super) fn over(&mut self, now: Instant, why: Outcome) {
        self.stop_media(now);
        self.leave_others(now);
        self.record.outcome = *self.ending.get_or_insert(why);
        self.record.duration = now.saturating_duration_since(self.started);
        self.record.longest_gap = Duration::from_millis(FRAME_MS) * self.playout.longest_gap();
        self.record.covers = self.playout.covers();
        self.timers.stop_all();
        self.phase = Phase::Over;
        self.outputs.push_back(Output::Finished(std::mem::take(&mut self.record)));
    }
}

/// What is inside a packet received; `None` when nothing may come of it.
fn unprotected<'a>(protection: &'a mut Option<Protection>, packet: &'a [u8]) -> Option<&'a [u8]> {
    match protection {
        None => Some(packet),
        // Counted there. A forged packet is no sign of life either.
        Some(protection) => protection.unprotect(packet).ok(),
    }
}

pub(super) fn outcome_of(cause: EndCause) -> Outcome {
    match cause {
        EndCause::RemoteBye => Outcome::CallerHungUp,
        EndCause::RemoteCancel => Outcome::Cancelled,
        EndCause::NoAck => Outcome::NotAcknowledged,
        EndCause::Timeout | EndCause::Expired => Outcome::Lost,
        EndCause::Refused(_) | EndCause::Unreachable => Outcome::Refused,
        EndCause::Local => Outcome::AgentHungUp,
    }
}
