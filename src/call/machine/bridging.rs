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
use super::moving::{STRAGGLERS, status_of};
use super::playout::{Playout, Slot};
use super::timers::Timer;
use super::{Machine, Media, Output, Phase};
use crate::audio::{LINE_RATE, Sound};
use crate::call::bridge::{Bridge, Party, Side, Sides};
use crate::call::keys::{Keys, Way};
use crate::call::record::Outcome;
use crate::config::TransferMethod;
use crate::dialogue::{self, Note};
use crate::dialplan::DirectoryId;
use crate::rtp::Key;
use crate::sip::sdp::Negotiated;
use crate::sip::{Command, Destination, Dial, Event, KeyPress, Transport, wire};
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
    /// What it has pressed during the briefing.
    keys: Keys,
    /// Listens for the operator's voice.
    detector: turn::Detector,
    /// Once joined.
    bridge: Option<Bridge>,
    /// Frames of music that the caller has heard.
    music: u64,
}

impl Operator {
    pub fn media_mut(&mut self) -> Option<&mut Media> {
        self.answered.as_mut().map(|(_, media)| media)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.answered.as_ref().map(|(_, media)| media.pacer.next_deadline())
    }
}

/// Whether calling the operator ourselves may help where a REFER got this answer: it was refused as such. What is said of the
/// operator's telephone would be said again.
fn is_refusal_of_refer(status: u16) -> bool {
    status >= 300 && !matches!(status, 404 | 408 | 410 | 480 | 481 | 486 | 487 | 600)
}

/// What is sent there goes over TLS from the first message on. A name's DNS may choose TLS, too, but may as well not.
fn leads_over_tls(target: &str) -> bool {
    match target.parse() {
        Ok(wire::Uri::Sip(uri)) => {
            uri.secure || uri.param("transport").is_some_and(|name| name.parse() == Ok(Transport::Tls))
        }
        _ => false,
    }
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
        // Spoken while the telephone rings, when its codec is not known yet.
        let rate = self.settings.codecs.iter().map(|codec| codec.sample_rate()).max().unwrap_or(LINE_RATE);
        for text in prompt.sentences {
            let sentence = briefing.push_sentence(true, false);
            let language = prompt.language.0.clone();
            self.outputs.push_back(Output::Speak { sentence, language, text, pace: prompt.pace, rate });
        }
        let detector = turn::Detector::new(self.settings.turn.clone());
        let keys = Keys::default();
        let operator = Operator { entry, leg: None, answered: None, briefing, keys, detector, bridge: None, music: 0 };
        self.operator = Some(Box::new(operator));
        self.outputs.push_back(Output::Open);
    }

    /// There is a port for the operator's audio, or none is free.
    pub(super) fn opened(&mut self, now: Instant, address: Option<SocketAddr>) {
        let Some(operator) = self.operator.as_ref().filter(|operator| operator.leg.is_none()) else { return };
        let extension = self.plan.directory.get(operator.entry.0).and_then(|entry| entry.extension.as_deref());
        let (Some(address), Some(extension)) = (address, extension) else { return self.operator_failed(now, 503) };
        let target = self.settings.transfer_target.uri(extension);
        let transport = if leads_over_tls(&target) { Transport::Tls } else { Transport::Udp };
        let exchanges_keys = self.exchanges_keys(transport);
        let leg = self.legs.add_at(Role::Operator, None, exchanges_keys, address);
        let Some(Ok((offer, _))) = self.legs.describe(leg, None) else {
            tracing::warn!(
                "the operator is not called: the audio could not be encrypted (transfer.target without TLS)"
            );
            self.legs.remove(leg);
            return self.operator_failed(now, 488);
        };
        if let Some(operator) = &mut self.operator {
            operator.leg = Some(leg);
        }
        let dial = Dial {
            target,
            destination: Destination::Target,
            offer: Some(offer),
            from: None,
            referred_by: None,
            redirects: self.lets_redirect(exchanges_keys),
        };
        self.outputs.push_back(Output::Dial { leg, dial });
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
            // Hold, a new address.
            Event::Reoffered { offer } => {
                if let Some(negotiated) = self.answer_reoffer(leg, offer.as_deref()) {
                    self.renegotiate_operator(now, &negotiated);
                }
            }
            // Another dialog in the place of this one: the operator has been moved, or somebody has picked up the call that
            // was ringing.
            Event::Replaced { offer, .. } => {
                let Some(negotiated) = self.answer_reoffer(leg, offer.as_deref()) else { return };
                if self.media_of(Party::Operator).is_none() {
                    return self.operator_answered(now, &negotiated);
                }
                self.leave_stream(now, Party::Operator, &negotiated, Some(now + STRAGGLERS));
                self.renegotiate_operator(now, &negotiated);
            }
            Event::Key(press) => self.operator_key(now, press),
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
        let config = self.session_config(negotiated);
        let Some(media) = self.media_of(Party::Operator) else { return };
        media.renegotiate(config, negotiated);
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

    /// What has come from one goes on to the other at once, where it can.
    pub(super) fn forward(&mut self, now: Instant, from: Party) {
        let Some((bridge, mut sides)) = self.joined() else { return };
        let packets = bridge.arrived(now, from, &mut sides);
        for packet in packets {
            self.send_rtp(from.other(), packet);
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

    /// The next 20 ms of one of the two, once they are joined; `false` when they are not.
    pub(super) fn bridged_tick(&mut self, now: Instant, party: Party) -> bool {
        let Some((bridge, mut sides)) = self.joined() else { return false };
        let packet = bridge.tick(now, party, &mut sides);
        if let Some(packet) = packet {
            self.send_rtp(party, packet);
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
        self.send_rtp(Party::Caller, packet);
    }

    /// Ticks of the operator's stream that are due.
    pub(super) fn operator_ticks(&mut self, now: Instant) {
        let media = self.operator.as_mut().and_then(|operator| operator.answered.as_mut());
        let ticks = media.map_or(0, |(_, media)| media.pacer.ticks_due(now));
        for _ in 0..ticks {
            if !self.bridged_tick(now, Party::Operator) {
                self.brief(now);
            }
            self.send_report(now, Party::Operator);
        }
    }

    /// The next 20 ms of the briefing; a key or a word of the operator's ends it.
    fn brief(&mut self, now: Instant) {
        let Some(operator) = &mut self.operator else { return };
        let Some((answered, media)) = &mut operator.answered else { return };
        operator.briefing.note_unheard(media.unheard_frames(now));
        let mut enough = false;
        operator.detector.set_agent_speaking(operator.briefing.is_audible());
        let mut presses = Vec::new();
        while let Some(frame) = media.session.poll_frame(now) {
            if let Some(tones) = &mut media.tones {
                presses.extend(tones.handle_frame(&frame.samples).map(|key| (Way::Tone, Key(key))));
            }
            operator.detector.handle_frame(&frame.samples, frame.wide.as_deref());
            while let Some(event) = operator.detector.poll_event() {
                let greeting = now.saturating_duration_since(*answered) < GREETING;
                enough |= matches!(event, turn::Event::Started) && !greeting;
            }
        }
        let events = std::iter::from_fn(|| media.session.poll_key()).take(super::KEYS_HELD);
        presses.extend(events.map(|key| (Way::Event, key)));
        for (way, key) in presses {
            enough |= operator.keys.is_new(now, way, key.0, Duration::ZERO);
        }
        let packet = match media.listens().then(|| operator.briefing.next_frame()) {
            Some(Slot::Line(samples)) => Some(media.session.send_audio(now, &samples)),
            Some(Slot::Wide(samples)) => Some(media.session.send_wide(now, &samples)),
            Some(Slot::Silence) => media.session.send_silence(now),
            None => {
                media.session.skip_audio();
                None
            }
        };
        enough |= !operator.briefing.is_speaking();
        if let Some(packet) = packet {
            self.send_rtp(Party::Operator, packet);
        }
        if enough {
            self.join(now);
        }
    }

    /// A key that the signalling of one of the two has told, once they are joined.
    pub(super) fn pass_key(&mut self, now: Instant, from: Party, press: KeyPress) {
        if let Some((bridge, mut sides)) = self.joined() {
            bridge.told_key(now, from, Key(press.key), press.held.unwrap_or_default(), &mut sides);
        }
    }

    fn operator_key(&mut self, now: Instant, press: KeyPress) {
        if self.phase == Phase::Bridged {
            return self.pass_key(now, Party::Operator, press);
        }
        let Some(operator) = self.operator.as_mut().filter(|operator| operator.answered.is_some()) else { return };
        if operator.keys.is_new(now, Way::Info, press.key, press.held.unwrap_or_default()) {
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
        let bridge = Bridge::new(now, self.settings.hold_music.clone(), sides);
        let keys = [&mut self.keys, &mut operator.keys].map(std::mem::take);
        let [by_caller, by_operator] = keys;
        operator.bridge = Some(bridge.with_keys(by_caller, by_operator));
        self.converse(now, dialogue::Input::TransferFinished { status: 200 });
    }

    /// The briefing has its audio; `false`: the sentence is none of it.
    pub(super) fn supply_briefing(&mut self, sentence: super::SentenceId, sound: Option<&Sound>) -> bool {
        if sentence.0 < BRIEFING {
            return false;
        }
        if let Some(operator) = &mut self.operator {
            operator.briefing.supply(sentence, sound.cloned());
        }
        true
    }

    /// As above, of a clause; others follow.
    pub(super) fn supply_briefing_clause(&mut self, sentence: super::SentenceId, sound: &Sound) -> bool {
        if sentence.0 < BRIEFING {
            return false;
        }
        if let Some(operator) = &mut self.operator {
            operator.briefing.supply_clause(sentence, sound.clone());
        }
        true
    }

    /// The operator can't be reached, or has left before the two were joined.
    pub(super) fn operator_failed(&mut self, now: Instant, status: u16) {
        self.leave_operator(now);
        self.transfer_finished(now, status);
    }

    /// Nothing of the operator's is left.
    pub(super) fn leave_operator(&mut self, now: Instant) {
        self.send_goodbye(now, Party::Operator);
        let Some(operator) = self.operator.take() else { return };
        if let Some(leg) = operator.leg.filter(|leg| self.legs.role(*leg).is_some()) {
            self.command(leg, Command::HangUp);
            self.legs.remove(leg);
        }
        let protection = operator.answered.as_ref().and_then(|(_, media)| media.protection.as_ref());
        if let Some(bridge) = operator.bridge {
            let relayed = bridge.relayed();
            tracing::info!(
                forwarded = relayed.forwarded,
                transcoded = relayed.transcoded,
                keys_dropped = relayed.keys_dropped,
                operator_encryption = protection.map(|protection| tracing::field::debug(protection.suite())),
                operator_rejected = protection.map(|protection| tracing::field::debug(protection.rejected())),
                "the two have parted"
            );
        }
        self.timers.stop(Timer::Transfer);
        self.timers.stop(Timer::OperatorSilence);
        self.outputs.push_back(Output::Close);
    }
}
