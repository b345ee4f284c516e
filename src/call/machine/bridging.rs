//! A transfer without the switchboard: the agent calls the operator itself, tells who is there, and joins the two.
//!
//! Owns: the operator's leg and stream, from the INVITE to the end of the joined conversation; the briefing, which the caller
//! does not hear. Must not know: what the briefing says, how audio passes from one to the other (see [`crate::call::bridge`]).
//!
//! The caller hears music until they are joined. An operator who can't be reached is told to the dialogue as a refused REFER
//! is. Once joined, the call ends with either of the two, and nothing of ours limits it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::legs::{LegId, Role};
use super::moving::status_of;
use super::playout::{Playout, Slot};
use super::timers::Timer;
use super::{Machine, Media, Output, Phase};
use crate::call::bridge::{Bridge, Party, Side, Sides};
use crate::call::record::Outcome;
use crate::config::TransferMethod;
use crate::dialogue::{self, Note};
use crate::dialplan::DirectoryId;
use crate::sip::sdp::Negotiated;
use crate::sip::{Command, Destination, Dial, Event};
use crate::turn;

/// An operator who speaks within this time of picking up says hello; later, it means "enough".
const GREETING: Duration = Duration::from_secs(2);
/// Names of the briefing's sentences begin here: no call says so many.
const BRIEFING: u64 = 1 << 32;

/// The operator's side of a call.
pub(super) struct Operator {
    entry: DirectoryId,
    /// `None` until there is a port for its audio.
    leg: Option<LegId>,
    /// Since it is answered.
    answered: Option<(Instant, Media)>,
    briefing: Playout,
    /// Listens for the operator's voice.
    detector: turn::Detector,
    /// Once joined.
    bridge: Option<Bridge>,
    /// Frames of music that the caller has heard.
    music: u64,
}

impl Operator {
    pub fn next_deadline(&self) -> Option<Instant> {
        self.answered.as_ref().map(|(_, media)| media.pacer.next_deadline())
    }
}

/// Whether calling the operator ourselves may help where a REFER got this answer: it was refused as such. What is said of the
/// operator's telephone would be said again.
fn is_refusal_of_refer(status: u16) -> bool {
    status >= 300 && !matches!(status, 404 | 408 | 410 | 480 | 481 | 486 | 487 | 600)
}

impl Machine {
    /// The REFER under way was refused: whom to call instead.
    pub(super) fn instead_of_refer(&mut self, status: u16) -> Option<DirectoryId> {
        let entry = self.referring.take()?;
        let auto = self.settings.transfer_method == TransferMethod::Auto;
        (auto && self.phase == Phase::Transferring && is_refusal_of_refer(status)).then_some(entry)
    }

    /// Asks for a port of the operator's audio; the INVITE follows.
    pub(super) fn call_operator(&mut self, now: Instant, entry: DirectoryId) {
        let Some(ring) = self.plan.directory.get(entry.0).map(|entry| entry.ring) else { return };
        self.phase = Phase::Bridging;
        self.timers.set(Timer::Transfer, now + ring + self.settings.transfer_margin);
        self.watch_network(now);
        let mut briefing = Playout::numbered_from(BRIEFING);
        let prompt = self.dialogue.briefing();
        // Spoken while the telephone rings.
        for text in prompt.sentences {
            let sentence = briefing.push_sentence(true);
            let language = prompt.language.0.clone();
            self.outputs.push_back(Output::Speak { sentence, language, text, pace: prompt.pace });
        }
        let detector = turn::Detector::new(self.settings.turn.clone());
        self.operator = Some(Operator { entry, leg: None, answered: None, briefing, detector, bridge: None, music: 0 });
        self.outputs.push_back(Output::Open);
    }

    /// There is a port for the operator's audio, or none is free.
    pub(super) fn opened(&mut self, now: Instant, address: Option<SocketAddr>) {
        let Some(operator) = self.operator.as_mut().filter(|operator| operator.leg.is_none()) else { return };
        let extension = self.plan.directory.get(operator.entry.0).and_then(|entry| entry.extension.as_deref());
        let (Some(address), Some(extension)) = (address, extension) else { return self.operator_failed(now, 503) };
        let leg = self.legs.add_at(Role::Operator, None, address);
        operator.leg = Some(leg.id);
        // An offer of ours can't fail.
        let offer = leg.describe(None).ok().map(|(sdp, _)| sdp);
        let dial = Dial {
            target: self.settings.transfer_target.uri(extension),
            destination: Destination::Target,
            offer,
            from: None,
            referred_by: None,
            redirects: self.settings.gate.lets_redirect(),
        };
        self.outputs.push_back(Output::Dial { leg: leg.id, dial });
    }

    pub(super) fn handle_operator(&mut self, now: Instant, leg: LegId, event: Event) {
        match event {
            Event::Answered { sdp } | Event::Acknowledged { sdp } | Event::ReofferAnswered { sdp } => {
                let answered = self.operator.as_ref().is_some_and(|operator| operator.answered.is_some());
                match self.accept(leg, sdp.as_deref()) {
                    Some(negotiated) if answered => self.renegotiate_operator(now, &negotiated),
                    Some(negotiated) => self.operator_answered(now, &negotiated),
                    // A session refreshed without a description.
                    None if answered => {}
                    // There would be no audio.
                    None => self.operator_failed(now, 488),
                }
            }
            // Hold, a new address, another dialog in the place of this one (the operator has been moved).
            Event::Reoffered { offer } | Event::Replaced { offer, .. } => {
                if let Some(negotiated) = self.answer_reoffer(leg, offer.as_deref()) {
                    self.renegotiate_operator(now, &negotiated);
                }
            }
            // The switchboard can move the operator's leg (Replaces); it can't have us call on.
            Event::TransferRequested { .. } => self.command(leg, Command::RefuseTransfer { status: 603 }),
            Event::Ended { cause } => {
                self.legs.remove(leg);
                match self.phase {
                    Phase::Bridged => self.hang_up(now, Outcome::Transferred),
                    _ => self.operator_failed(now, status_of(cause)),
                }
            }
            // The caller hears music, not the ringing.
            Event::Progress { .. }
            | Event::Incoming { .. }
            | Event::ReofferRefused { .. }
            | Event::ReleaseReason { .. }
            | Event::TransferProgress { .. }
            | Event::TransferFinished { .. } => {}
        }
    }

    fn operator_answered(&mut self, now: Instant, negotiated: &Negotiated) {
        // A stream of its own.
        let media = self.new_media(now, negotiated, self.seed ^ 0x5EC0_4D1E);
        let Some(operator) = &mut self.operator else { return };
        operator.answered = Some((now, media));
        self.timers.stop(Timer::Transfer);
        self.watch_operator(now);
    }

    fn renegotiate_operator(&mut self, now: Instant, negotiated: &Negotiated) {
        let Some((_, media)) = self.operator.as_mut().and_then(|operator| operator.answered.as_mut()) else { return };
        media.renegotiate(negotiated);
        self.watch_operator(now);
        self.match_sides();
    }

    /// Packets of the operator's must come, unless it holds us.
    fn watch_operator(&mut self, now: Instant) {
        let answered = self.operator.as_ref().and_then(|operator| operator.answered.as_ref());
        match answered.is_some_and(|(_, media)| media.listens()) {
            true => self.timers.set(Timer::OperatorSilence, now + self.settings.network_silence),
            false => self.timers.stop(Timer::OperatorSilence),
        }
    }

    pub(super) fn handle_operator_rtp(&mut self, now: Instant, source: SocketAddr, packet: &[u8]) {
        let Some((_, media)) = self.operator.as_mut().and_then(|operator| operator.answered.as_mut()) else { return };
        media.session.handle_packet(now, source, packet);
        if self.timers.is_set(Timer::OperatorSilence) {
            self.timers.set(Timer::OperatorSilence, now + self.settings.network_silence);
        }
        self.forward(now, Party::Operator);
    }

    /// What has come from one goes on to the other at once, where it can.
    pub(super) fn forward(&mut self, now: Instant, from: Party) {
        let Some((bridge, mut sides)) = self.joined() else { return };
        let packets = bridge.arrived(now, from, &mut sides);
        for packet in packets {
            self.send_to(from.other(), packet);
        }
    }

    fn joined(&mut self) -> Option<(&mut Bridge, Sides<'_>)> {
        let (caller, operator) = (self.media.as_mut()?, self.operator.as_mut()?);
        let (_, media) = operator.answered.as_mut()?;
        let sides = Sides {
            caller: Side { session: &mut caller.session, direction: caller.direction },
            operator: Side { session: &mut media.session, direction: media.direction },
        };
        Some((operator.bridge.as_mut()?, sides))
    }

    /// One of the two has agreed on other media.
    pub(super) fn match_sides(&mut self) {
        if let Some((bridge, mut sides)) = self.joined() {
            bridge.renegotiated(&mut sides);
        }
    }

    fn send_to(&mut self, party: Party, packet: Vec<u8>) {
        let session = match party {
            Party::Caller => self.media.as_ref().map(|media| &media.session),
            Party::Operator => {
                self.operator.as_ref().and_then(|operator| operator.answered.as_ref()).map(|(_, media)| &media.session)
            }
        };
        if let Some(destination) = session.map(crate::rtp::Session::remote) {
            self.outputs.push_back(Output::Rtp { party, destination, packet });
        }
    }

    /// The next 20 ms of one of the two, once they are joined; `false` when they are not.
    pub(super) fn bridged_tick(&mut self, now: Instant, party: Party) -> bool {
        let Some((bridge, mut sides)) = self.joined() else { return false };
        let packet = bridge.tick(now, party, &mut sides);
        if let Some(packet) = packet {
            self.send_to(party, packet);
        }
        true
    }

    /// The next 20 ms of the caller's, who waits.
    pub(super) fn send_music(&mut self, now: Instant) {
        let (Some(media), Some(operator)) = (&mut self.media, &mut self.operator) else { return };
        let n = operator.music;
        operator.music += 1;
        let music = &self.settings.hold_music;
        let packet = match media.session.codec().is_wide() {
            true => media.session.send_wide(now, &music.wide(n)),
            false => media.session.send_audio(now, &music.line(n)),
        };
        self.send_to(Party::Caller, packet);
    }

    /// Ticks of the operator's stream that are due.
    pub(super) fn operator_ticks(&mut self, now: Instant) {
        let media = self.operator.as_mut().and_then(|operator| operator.answered.as_mut());
        let ticks = media.map_or(0, |(_, media)| media.pacer.ticks_due(now));
        for _ in 0..ticks {
            if !self.bridged_tick(now, Party::Operator) {
                self.brief(now);
            }
        }
    }

    /// The next 20 ms of the briefing; a key or a word of the operator's ends it.
    fn brief(&mut self, now: Instant) {
        let Some(operator) = &mut self.operator else { return };
        let Some((answered, media)) = &mut operator.answered else { return };
        let mut enough = false;
        operator.detector.set_agent_speaking(operator.briefing.is_audible());
        while let Some(frame) = media.session.poll_frame(now) {
            operator.detector.handle_frame(&frame.samples, frame.wide.as_deref());
            while let Some(event) = operator.detector.poll_event() {
                let greeting = now.saturating_duration_since(*answered) < GREETING;
                enough |= matches!(event, turn::Event::Started) && !greeting;
            }
        }
        enough |= std::iter::from_fn(|| media.session.poll_key()).take(super::KEYS_HELD).count() > 0;
        if media.listens() {
            let samples = match operator.briefing.next_frame() {
                Slot::Speech(samples) => samples,
                Slot::Silence => [0; _],
            };
            let packet = media.session.send_audio(now, &samples);
            self.send_to(Party::Operator, packet);
        } else {
            media.session.skip_audio();
        }
        if enough || self.operator.as_mut().is_some_and(|operator| !operator.briefing.is_speaking()) {
            self.join(now);
        }
    }

    fn join(&mut self, now: Instant) {
        self.phase = Phase::Bridged;
        for timer in [Timer::Transfer, Timer::Longest, Timer::LastResort] {
            self.timers.stop(timer);
        }
        self.ending = Some(Outcome::Transferred);
        self.record.note(Note::Joined);
        let (Some(caller), Some(operator)) = (&mut self.media, &mut self.operator) else { return };
        let Some((_, media)) = &mut operator.answered else { return };
        let sides = Sides {
            caller: Side { session: &mut caller.session, direction: caller.direction },
            operator: Side { session: &mut media.session, direction: media.direction },
        };
        operator.bridge = Some(Bridge::new(now, self.settings.hold_music.clone(), sides));
        self.converse(now, dialogue::Input::TransferFinished { status: 200 });
    }

    /// The briefing has its audio; `false`: the sentence is none of it.
    pub(super) fn supply_briefing(
        &mut self,
        sentence: super::SentenceId,
        samples: Option<std::sync::Arc<[i16]>>,
    ) -> bool {
        if sentence.0 < BRIEFING {
            return false;
        }
        if let Some(operator) = &mut self.operator {
            operator.briefing.supply(sentence, samples);
        }
        true
    }

    /// The operator can't be reached, or has left before the two were joined.
    pub(super) fn operator_failed(&mut self, now: Instant, status: u16) {
        self.leave_operator();
        self.transfer_finished(now, status);
    }

    /// Nothing of the operator's is left.
    pub(super) fn leave_operator(&mut self) {
        let Some(operator) = self.operator.take() else { return };
        if let Some(leg) = operator.leg.filter(|leg| self.legs.role(*leg).is_some()) {
            self.command(leg, Command::HangUp);
            self.legs.remove(leg);
        }
        if let Some(bridge) = operator.bridge {
            let relayed = bridge.relayed();
            tracing::info!(
                forwarded = relayed.forwarded,
                transcoded = relayed.transcoded,
                keys_dropped = relayed.keys_dropped,
                "the two have parted"
            );
        }
        self.timers.stop(Timer::Transfer);
        self.timers.stop(Timer::OperatorSilence);
        self.outputs.push_back(Output::Close);
    }
}
