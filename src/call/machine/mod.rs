//! What one call does, PURE: signalling, media and conversation joined, in virtual time.
//!
//! Owns: the phases of a call, its legs, who speaks when, transfers and their outcome, the call's timers and record.
//! Must not know: sockets, threads, the clock, engines; it asks for recognition and speech and is told the results.

mod bridging;
mod conversation;
mod hearing;
mod legs;
mod moving;
mod playout;
mod signalling;
#[cfg(test)]
mod tests;
mod timers;

pub use hearing::JobId;
pub use legs::LegId;
pub use playout::SentenceId;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil;

use super::bridge::Party;
use super::gate::TransferGate;
use super::keys::{Keys, Way};
use super::record::{Outcome, Record};
use crate::audio::tones::KeyDetector;
use crate::audio::{Codec, FRAME_SAMPLES, HoldMusic, Sound};
use crate::config::{TransferMethod, TransferTarget};
use crate::dialogue::{self, Dialogue, Expectation, Understood};
use crate::dialplan::{Dialplan, DirectoryId};
use crate::rtp::srtp::{KeySource, Protection};
use crate::rtp::{Key, Pacer, Session, SessionConfig};
use crate::sip::sdp::{Direction, LocalMedia, Negotiated, Security, SrtpPolicy};
use crate::sip::{Command, Dial, Event};
use crate::speech::{Pace, SpeechError, Transcript, Utterance};
use crate::turn;

use bridging::Operator;
use hearing::{Hearing, Times};
use legs::Legs;
use playout::Playout;
use timers::{Timer, Timers};

/// Times and choices of a call, from the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Silence after the caller has heard everything, until a reminder.
    pub idle: Duration,
    /// Time after a key until what was typed counts as complete.
    pub key_pause: Duration,
    /// Longest call.
    pub longest: Duration,
    /// Without any packet for this long the call is over.
    pub network_silence: Duration,
    /// The recogniser must answer a finished turn within this, else the call goes on with keys.
    pub recognition: Duration,
    /// Added to the time an extension may ring, for signalling on the way.
    pub transfer_margin: Duration,
    /// SIP URI of an extension.
    pub transfer_target: TransferTarget,
    /// Who calls the operator: the switchboard (REFER) or the agent itself.
    pub transfer_method: TransferMethod,
    /// For a caller who waits, and for whoever is on hold.
    pub hold_music: HoldMusic,
    /// Whom the switchboard may move a call to.
    pub gate: TransferGate,
    /// Codecs, best first.
    pub codecs: Vec<Codec>,
    /// While we are silent, only the level of our silence is sent where comfort noise was agreed on.
    pub comfort_noise: bool,
    /// Whether the audio is encrypted.
    pub srtp: SrtpPolicy,
    /// Keys are exchanged even where the signalling is not encrypted.
    pub srtp_without_tls: bool,
    pub turn: turn::Settings,
}

/// After goodbye or the longest duration, everything still to be said must fit in this.
const LAST_WORDS: Duration = Duration::from_secs(30);
/// Speech without words at least this long, while nothing is being said, was an attempt to speak: the caller is told that it was
/// not heard, for else only the silence that follows would tell. Coughs are shorter, questions of four words are not.
const ATTEMPT: Duration = Duration::from_millis(1_000);
/// After the end of the caller's turn, without a packet of the answer: then its coming is announced ("Un instant, je
/// vérifie."). Longer than recognition and synthesis take on a machine that keeps up; not yet so long that people ask
/// whether anybody is there.
const COVER: Duration = Duration::from_millis(1_200);
/// Silence granted to who has asked for time ("attendez, je cherche un stylo"), in place of [`Settings::idle`].
const GRANTED: Duration = Duration::from_secs(30);
/// Keys typed over a prompt that can't be cut wait for its end; more than this are dropped.
const KEYS_HELD: usize = 32;

/// Everything that happens to a call.
#[derive(Debug)]
pub enum Input<'a> {
    /// Something happened to a leg. A leg that could not be dialled has ended.
    Sip {
        leg: LegId,
        event: Event,
    },
    /// On the port of that party.
    Rtp {
        party: Party,
        source: SocketAddr,
        packet: &'a [u8],
    },
    /// What came of [`Output::Open`]: where the operator's audio is received.
    Opened {
        address: Option<SocketAddr>,
    },
    /// A recognition is done.
    Recognised {
        job: JobId,
        outcome: Result<Transcript, SpeechError>,
        /// What the dialogue will take the words for, where that was worked out with them.
        understood: Option<Understood>,
    },
    /// A datagram of the port after that party's RTP. It may have waited since it `arrived`.
    Rtcp {
        party: Party,
        source: SocketAddr,
        packet: &'a [u8],
        arrived: Instant,
    },
    /// A sentence has its audio, at 8 or 16 kHz, whatever was wished for.
    Spoken {
        sentence: SentenceId,
        outcome: Result<Sound, SpeechError>,
    },
    /// A sentence has a clause of its audio; the last one comes as [`Input::Spoken`].
    Clause {
        sentence: SentenceId,
        sound: Sound,
    },
    /// The service is being stopped: tell the caller and end.
    Stop,
    Timeout,
}

/// What a call wants done.
#[derive(Debug)]
pub enum Output {
    Sip {
        leg: LegId,
        command: Command,
    },
    /// Call somebody; what comes of it belongs to this leg.
    Dial {
        leg: LegId,
        dial: Dial,
    },
    /// A port for the operator's audio is wanted: [`Input::Opened`] follows.
    Open,
    /// It is wanted no more.
    Close,
    Rtp {
        party: Party,
        destination: SocketAddr,
        packet: Vec<u8>,
    },
    /// From the port after that party's RTP.
    Rtcp {
        party: Party,
        destination: SocketAddr,
        packet: Vec<u8>,
    },
    Recognise {
        job: JobId,
        utterance: Utterance,
        /// What the words are to be interpreted with.
        context: dialogue::Context,
    },
    /// The caller has finished and waits for this result.
    Hasten {
        job: JobId,
    },
    /// The result is no longer wanted.
    Abandon {
        job: JobId,
    },
    Speak {
        sentence: SentenceId,
        language: String,
        text: String,
        pace: Pace,
        /// Hz: the one the codec has, or may have.
        rate: u32,
    },
    Save(dialogue::Request),
    /// The call is over; nothing follows.
    Finished(Record),
}

/// Where a call stands. Variants carry only what that phase needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The INVITE is being answered.
    Arriving,
    /// Our 200 carries the offer; media starts with the answer in the ACK (RFC 3264 §4, late offer).
    AwaitingAnswer,
    Talking,
    /// REFER sent; the caller is on the way to an operator.
    Transferring,
    /// The agent calls the operator itself; the caller hears music.
    Bridging,
    /// Caller and operator talk.
    Bridged,
    /// We have hung up or refused and wait for the end.
    Leaving,
    Over,
}

/// One call. See the crate's contract of the pure modules.
pub struct Machine {
    settings: Arc<Settings>,
    plan: Arc<Dialplan>,
    dialogue: Dialogue,
    started: Instant,
    /// Local time at `started`.
    started_at: civil::DateTime,
    /// A point of the 20 ms grid on which packets are to be sent; `None`: the grid starts with the media.
    grid: Option<Instant>,
    legs: Legs,
    seed: u64,
    phase: Phase,
    /// None before offer/answer is done.
    media: Option<Media>,
    /// The operator whom the agent has called itself.
    /// Boxed: few calls have one, and it is large.
    operator: Option<Box<Operator>>,
    /// Whom the switchboard was asked for, until it takes the REFER.
    referring: Option<DirectoryId>,
    hearing: Hearing,
    playout: Playout,
    timers: Timers,
    expectation: Option<Expectation>,
    caller_number: Option<String>,
    keys: Keys,
    keys_held: VecDeque<Key>,
    /// The caller's last turn, until its answer's first packet.
    reply_due: Option<ReplyDue>,
    /// The wait for words of the turn that has ended is being timed by [`Timer::Cover`], or has been covered.
    covering: bool,
    answered: Option<Instant>,
    failing: bool,
    /// The recogniser has no time for this call.
    by_keys: bool,
    /// How the call ends, once that is known.
    ending: Option<Outcome>,
    record: Record,
    outputs: VecDeque<Output>,
}

/// An answer whose first packet is still to come.
struct ReplyDue {
    ended: Times,
    words_known: Instant,
}

struct Media {
    session: Session,
    /// What stands between the session and the network in an encrypted call.
    protection: Option<Protection>,
    pacer: Pacer,
    direction: Direction,
    /// Where the far end receives, as it has said itself.
    agreed: SocketAddr,
    /// Streams of dialogs the conversation has left, the oldest first; [`LeftStream::MAX`] at most.
    left: Vec<LeftStream>,
    /// Listens for keys in the audio of a far end that sends no telephone events. Boxed: hardly a call needs it.
    tones: Option<Box<KeyDetector>>,
}

impl Media {
    /// The far end plays what we send.
    fn listens(&self) -> bool {
        matches!(self.direction, Direction::SendReceive | Direction::SendOnly)
    }

    /// Other media have been agreed on; `config` is their session's.
    fn renegotiate(&mut self, config: SessionConfig, negotiated: &Negotiated) {
        self.session.renegotiate(config);
        self.direction = negotiated.direction;
        self.agreed = negotiated.remote;
        if negotiated.telephone_event.is_some() || self.tones.is_none() {
            self.tones = tones(negotiated);
        }
        match (&mut self.protection, &negotiated.srtp) {
            (Some(protection), Some(agreed)) => protection.rekey(&agreed.keys),
            (protection, agreed) => *protection = agreed.as_ref().map(|agreed| Protection::new(&agreed.keys)),
        }
    }

    /// Frames on their way: the far end has not heard them by `now`.
    fn unheard_frames(&self, now: Instant) -> u64 {
        let samples = self.session.sent_samples().saturating_sub(self.session.heard_samples(now));
        samples.div_ceil(FRAME_SAMPLES as u64)
    }
}

/// Who sends no telephone events can only play the tones.
fn tones(negotiated: &Negotiated) -> Option<Box<KeyDetector>> {
    negotiated.telephone_event.is_none().then(Box::default)
}

/// A stream that goes on for a while after its conversation has moved: where it comes from must not become the place
/// that the conversation is sent to.
struct LeftStream {
    source: SocketAddr,
    /// `None` while its dialog lives.
    until: Option<Instant>,
}

impl LeftStream {
    /// More moves than this within a second are nobody's.
    const MAX: usize = 4;

    fn holds_back(&self, now: Instant, source: SocketAddr) -> bool {
        source == self.source && self.until.is_none_or(|until| now < until)
    }

    /// As for its audio: reports come from the port after it, or from the same (RFC 5761).
    fn holds_back_rtcp(&self, now: Instant, source: SocketAddr) -> bool {
        let before = SocketAddr::new(source.ip(), source.port().saturating_sub(1));
        self.holds_back(now, source) || self.holds_back(now, before)
    }
}

impl Media {
    /// A packet of ours as it may leave; `None` when it can't be encrypted and has to be.
    fn protect(&mut self, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        let outcome = self.protection.as_mut().map_or(Ok(()), |protection| protection.protect(&mut packet));
        outcome.inspect_err(|error| tracing::warn!(%error, "a packet could not be encrypted and was not sent")).ok()?;
        Some(packet)
    }
}

impl Machine {
    /// A call that has just arrived: give it [`Event::Incoming`] on [`LegId::FIRST`] next. `media` is where we receive RTP;
    /// `seed` feeds the stream's SSRC and first sequence number (RFC 3550 §5.1).
    pub fn new(
        settings: Arc<Settings>,
        plan: Arc<Dialplan>,
        dialogue: Dialogue,
        media: SocketAddr,
        seed: u64,
        now: Instant,
        local_time: civil::DateTime,
    ) -> Self {
        let local = LocalMedia {
            address: media,
            codecs: settings.codecs.clone(),
            session_id: seed >> 1,
            session_version: 1,
            security: Security::default(),
        };
        let legs = Legs::new(local, settings.srtp);
        let mut timers = Timers::default();
        timers.set(Timer::Longest, now + settings.longest);
        Self {
            hearing: Hearing::new(settings.turn.clone()),
            settings,
            plan,
            dialogue,
            started: now,
            started_at: local_time,
            grid: None,
            legs,
            seed,
            phase: Phase::Arriving,
            media: None,
            operator: None,
            referring: None,
            playout: Playout::default(),
            timers,
            expectation: None,
            caller_number: None,
            keys: Keys::default(),
            keys_held: VecDeque::new(),
            reply_due: None,
            covering: false,
            answered: None,
            failing: false,
            by_keys: false,
            ending: None,
            record: Record::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Lets the call be encrypted: our keys come from this source.
    pub fn with_keys(mut self, keys: KeySource) -> Self {
        self.legs.set_keys(keys);
        self
    }

    /// Sends its packets on the 20 ms grid through `phase`: for whoever wakes many calls at once.
    pub fn on_grid(self, phase: Instant) -> Self {
        Self { grid: Some(phase), ..self }
    }

    /// A call that begins while the recogniser has too much to do, or is down: it is given the keypad menu at once, and the
    /// operator when it speaks all the same.
    pub fn by_keys(self, by_keys: bool) -> Self {
        Self { by_keys, ..self }
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Local wall-clock time.
    fn local_time(&self, now: Instant) -> civil::DateTime {
        let elapsed = now.saturating_duration_since(self.started);
        self.started_at.saturating_add(elapsed)
    }

    /// The one entrance. Drain [`Self::poll_output`] after each call.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        if self.phase == Phase::Over {
            return;
        }
        match input {
            Input::Sip { leg, event } => self.handle_sip(now, leg, event),
            Input::Rtp { party, source, packet } => self.handle_rtp(now, party, source, packet),
            Input::Rtcp { party, source, packet, arrived } => self.handle_rtcp(arrived, party, source, packet),
            Input::Opened { address } => self.opened(now, address),
            Input::Recognised { job, outcome, understood } => {
                if let Some(understood) = understood {
                    self.dialogue.is_told(understood);
                }
                if let Some(heard) = self.hearing.handle_result(now, job, outcome) {
                    self.handle_heard(now, heard);
                }
            }
            Input::Spoken { sentence, outcome } => self.handle_spoken(now, sentence, outcome),
            Input::Clause { sentence, sound } => self.handle_clause(sentence, sound),
            Input::Stop => self.time_is_up(now, Outcome::Shutdown),
            Input::Timeout => {}
        }
        self.handle_due(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.phase == Phase::Over {
            return None;
        }
        let tick = self.media.as_ref().map(|media| media.pacer.next_deadline());
        let operator = self.operator.as_deref().and_then(Operator::next_deadline);
        [self.timers.next_timeout(), tick, operator].into_iter().flatten().min()
    }

    /// Ticks and timers that are due.
    fn handle_due(&mut self, now: Instant) {
        let ticks = self.media.as_mut().map_or(0, |media| media.pacer.ticks_due(now));
        for _ in 0..ticks {
            self.tick(now);
        }
        self.operator_ticks(now);
        while self.phase != Phase::Over
            && let Some(timer) = self.timers.take_due(now)
        {
            self.handle_timer(now, timer);
        }
    }

    fn handle_timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Idle => self.converse(now, dialogue::Input::Silence),
            Timer::KeyPause => self.converse(now, dialogue::Input::KeysPaused),
            Timer::Cover => self.cover(),
            Timer::Recognition => {
                tracing::warn!("the recogniser is too slow: the call goes on with keys");
                if let Some(heard) = self.hearing.give_up() {
                    self.handle_heard(now, heard);
                }
                self.recogniser_failed(now);
            }
            // The extension rang longer than it may: RFC 3261's 408, as if the operator had not answered.
            Timer::Transfer if self.phase == Phase::Bridging => self.operator_failed(now, 408),
            Timer::Transfer => self.transfer_finished(now, 408),
            Timer::Successor => self.successor_failed(now, 408),
            Timer::Farewell => self.end_left(now),
            Timer::NetworkSilence => self.hang_up(now, Outcome::Lost),
            // Also of an operator who was being told who is there.
            Timer::OperatorSilence if self.phase == Phase::Bridging => self.operator_failed(now, 480),
            Timer::OperatorSilence => self.hang_up(now, Outcome::Lost),
            Timer::Longest => self.time_is_up(now, Outcome::TimeLimit),
            Timer::LastResort => self.hang_up(now, Outcome::AgentHungUp),
        }
    }

    fn time_is_up(&mut self, now: Instant, why: Outcome) {
        match self.phase {
            Phase::Talking => {
                self.ending.get_or_insert(why);
                self.timers.stop(Timer::Longest);
                if !self.timers.is_set(Timer::LastResort) {
                    self.timers.set(Timer::LastResort, now + LAST_WORDS);
                    self.converse(now, dialogue::Input::TimeIsUp);
                }
            }
            // The operator's telephone is ringing: that ends one way or the other.
            Phase::Transferring | Phase::Bridging => {
                self.timers.set(Timer::LastResort, now + LAST_WORDS + self.settings.transfer_margin);
            }
            // They are let finish; a service that is stopping can't wait long.
            Phase::Bridged if why == Outcome::Shutdown => self.timers.set(Timer::LastResort, now + LAST_WORDS),
            Phase::Bridged => {}
            Phase::Arriving | Phase::AwaitingAnswer => self.hang_up(now, why),
            Phase::Leaving | Phase::Over => {}
        }
    }

    /// Every 20 ms: what the caller sent comes in, what is said goes out.
    fn tick(&mut self, now: Instant) {
        if self.bridged_tick(now, Party::Caller) {
            return self.send_report(now, Party::Caller);
        }
        self.note_heard(now);
        self.hear(now);
        self.send_frame(now);
        self.send_report(now, Party::Caller);
        self.follow_up(now);
    }

    /// What the caller sent, as far as it may be played by now. Without packets too: frames are a clock.
    fn hear(&mut self, now: Instant) {
        let audible = self.playout.is_audible();
        let cuttable = self.playout.is_interruptible();
        let (mut told, mut keys) = (Vec::new(), Vec::new());
        let Some(media) = &mut self.media else { return };
        while let Some(frame) = media.session.poll_frame(now) {
            if let Some(tones) = &mut media.tones {
                keys.extend(tones.handle_frame(&frame.samples).map(|key| (Way::Tone, Key(key))));
            }
            if self.phase == Phase::Talking {
                let wide = frame.wide.as_deref();
                self.hearing.handle_frame(now, &frame.samples, wide, audible, cuttable, |heard| told.push(heard));
            }
        }
        let events = std::iter::from_fn(|| media.session.poll_key()).take(KEYS_HELD);
        keys.extend(events.map(|key| (Way::Event, key)));
        for heard in told {
            self.handle_heard(now, heard);
        }
        for (way, key) in keys {
            self.key_told(now, way, key, Duration::ZERO);
        }
    }
}
