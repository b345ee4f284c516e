//! Two calls joined: what each side hears of the other. PURE.
//!
//! Owns: what goes to a side in each 20 ms: the other's packets as they are, its audio in another codec, music, comfort
//! noise or nothing. Must not know: SIP, sockets, who the two are, when they are joined.
//!
//! With the same codec on both sides a packet goes on at once with its payload untouched ([`Session::set_forwarding`]): loss,
//! order and jitter are left to the device at the end, which has to deal with the network anyway. Nothing is held back, and
//! no clock of ours lies between the two, so that their skew can't make a delay grow. With different codecs the audio is
//! played out evenly ([`Playout::Smooth`], which follows a skew in the pauses of speech) and encoded anew. Keys stay
//! telephone events, and become such when the signalling tells them; a side that takes none never learns of them. They are
//! counted then.
//!
//! After each packet of a side call [`Bridge::arrived`]; on each tick of a side's pacer [`Bridge::tick`].

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::audio::{FRAME_SAMPLES, HoldMusic};
use crate::call::keys::{Keys, Way};
use crate::rtp::{ComfortNoise, Key, NoiseGenerator, Playout, Session};
use crate::sip::sdp::Direction;

/// Nothing came for this long: comfort noise takes its place. Less is the business of the far end's concealment.
const PAUSE: Duration = Duration::from_millis(200);
/// What comes after a pause may have been delayed by so much more than what came before.
const RESERVE: Duration = Duration::from_millis(60);
/// Level of comfort noise unless the other side describes its own, -dBov: a room at night.
const NOISE_LEVEL: u8 = 65;

/// The two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Caller,
    Operator,
}

impl Party {
    pub fn other(self) -> Party {
        match self {
            Party::Caller => Party::Operator,
            Party::Operator => Party::Caller,
        }
    }
}

/// One side's stream, for the moment.
pub struct Side<'a> {
    pub session: &'a mut Session,
    /// As we have agreed on with it, as we see it.
    pub direction: Direction,
}

impl Side<'_> {
    /// It plays what we send.
    fn listens(&self) -> bool {
        matches!(self.direction, Direction::SendReceive | Direction::SendOnly)
    }

    /// It has put us on hold.
    fn holds(&self) -> bool {
        matches!(self.direction, Direction::ReceiveOnly | Direction::Inactive)
    }
}

/// Both sides.
pub struct Sides<'a> {
    pub caller: Side<'a>,
    pub operator: Side<'a>,
}

impl<'a> Sides<'a> {
    /// `(from, to)`: what is heard by `to`.
    fn towards(&mut self, to: Party) -> (&mut Side<'a>, &mut Side<'a>) {
        match to {
            Party::Caller => (&mut self.operator, &mut self.caller),
            Party::Operator => (&mut self.caller, &mut self.operator),
        }
    }
}

/// What the bridge did, for the call's record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relayed {
    /// Packets whose payload went on untouched.
    pub forwarded: u64,
    /// Frames in another codec.
    pub transcoded: u64,
    /// Keys for a side that takes no telephone events.
    pub keys_dropped: u64,
}

/// Two sides joined.
#[derive(Debug)]
pub struct Bridge {
    music: HoldMusic,
    to_caller: Relay,
    to_operator: Relay,
    relayed: Relayed,
}

/// What one side hears.
#[derive(Debug)]
struct Relay {
    /// When something was forwarded last.
    forwarded_at: Instant,
    /// The other side is silent.
    pausing: bool,
    noise: NoiseGenerator,
    /// Frames of music heard since the hold began.
    music: u64,
    /// Those of the other side.
    keys: Keys,
    /// The press under way was told by the signalling before: its events don't go on.
    pressed_already: bool,
}

impl Relay {
    fn new(now: Instant) -> Self {
        let noise = NoiseGenerator::new(&ComfortNoise::white(NOISE_LEVEL));
        Self { forwarded_at: now, pausing: false, noise, music: 0, keys: Keys::default(), pressed_already: false }
    }
}

impl Bridge {
    /// Joins two sides.
    pub fn new(now: Instant, music: HoldMusic, mut sides: Sides<'_>) -> Self {
        let mut bridge =
            Self { music, to_caller: Relay::new(now), to_operator: Relay::new(now), relayed: Relayed::default() };
        bridge.renegotiated(&mut sides);
        bridge
    }

    /// Goes on with what the sides have pressed before, so that no press told by another way counts again.
    pub(super) fn with_keys(mut self, caller: Keys, operator: Keys) -> Self {
        (self.to_operator.keys, self.to_caller.keys) = (caller, operator);
        self
    }

    pub fn relayed(&self) -> Relayed {
        self.relayed
    }

    /// A side has agreed on other codecs: call after each change of a session.
    pub fn renegotiated(&mut self, sides: &mut Sides<'_>) {
        for to in [Party::Caller, Party::Operator] {
            let (from, to) = sides.towards(to);
            from.session.set_playout(Playout::Smooth);
            let same = to.session.takes_packets_of(from.session);
            from.session.set_forwarding(same.then(|| to.session.codec()));
        }
    }

    /// Packets of `from` have arrived: those that go on at once.
    pub fn arrived(&mut self, now: Instant, from: Party, sides: &mut Sides<'_>) -> Vec<Vec<u8>> {
        let (to_caller, to_operator) = (&mut self.to_caller, &mut self.to_operator);
        let relay = if from == Party::Caller { to_operator } else { to_caller };
        let (from, to) = sides.towards(from.other());
        let forwarding = from.session.is_forwarding();
        // What is forwarded holds the keys already; else they are pressed again.
        let presses = std::iter::from_fn(|| from.session.poll_key()).take(32).collect::<Vec<_>>();
        for key in presses {
            let new = relay.keys.is_new(now, Way::Event, key.0, Duration::ZERO);
            relay.pressed_already = !new;
            let taken = !new || if forwarding { to.session.takes_keys() } else { to.session.send_key(key) };
            self.relayed.keys_dropped += u64::from(!taken);
        }
        let mut packets = Vec::new();
        while let Some(forward) = from.session.poll_forward() {
            // On hold there is music, or nobody listens; a key of ours takes the place of the audio.
            if from.holds() || !to.listens() || to.session.is_sending_key() {
                continue;
            }
            if forward.is_key() && relay.pressed_already {
                relay.pausing = true;
                to.session.leave_forwarding(now, RESERVE);
                continue;
            }
            if let Some(noise) = forward.noise() {
                relay.noise.change(&noise);
                relay.pausing = true;
                to.session.leave_forwarding(now, RESERVE);
            } else if let Some(packet) = to.session.send_forward(now, &forward) {
                relay.forwarded_at = now;
                if std::mem::take(&mut relay.pausing) {
                    relay.noise.change(&ComfortNoise::white(NOISE_LEVEL));
                }
                self.relayed.forwarded += 1;
                packets.push(packet);
            }
        }
        packets
    }

    /// A key that the signalling of `from` has told, after it was held for so long: pressed again at the other side.
    pub fn told_key(&mut self, now: Instant, from: Party, key: Key, held: Duration, sides: &mut Sides<'_>) {
        let relay = if from == Party::Caller { &mut self.to_operator } else { &mut self.to_caller };
        let (_, to) = sides.towards(from.other());
        let dropped = relay.keys.is_new(now, Way::Info, key.0, held) && !to.session.send_key(key);
        self.relayed.keys_dropped += u64::from(dropped);
    }

    /// The next 20 ms of a side: its packet, unless what was forwarded takes its place.
    pub fn tick(&mut self, now: Instant, to: Party, sides: &mut Sides<'_>) -> Option<Vec<u8>> {
        let relay = if to == Party::Caller { &mut self.to_caller } else { &mut self.to_operator };
        let (from, to) = sides.towards(to);
        let frame = from.session.poll_frame(now);
        let forwarding = from.session.is_forwarding();
        if !to.listens() {
            to.session.skip_audio();
            return None;
        }
        if from.holds() {
            let n = relay.music;
            relay.music += 1;
            relay.pausing = true;
            let wide = to.session.codec().is_wide();
            return Some(match wide {
                true => to.session.send_wide(now, &self.music.wide(n)),
                false => to.session.send_audio(now, &self.music.line(n)),
            });
        }
        relay.music = 0;
        if forwarding {
            if to.session.is_sending_key() {
                to.session.leave_forwarding(now, Duration::ZERO);
                relay.forwarded_at = now;
                return Some(to.session.send_audio(now, &noise(&mut relay.noise)));
            }
            if !relay.pausing && now.saturating_duration_since(relay.forwarded_at) < PAUSE {
                return None;
            }
            if !std::mem::replace(&mut relay.pausing, true) {
                to.session.leave_forwarding(now, RESERVE);
            }
            return Some(to.session.send_audio(now, &noise(&mut relay.noise)));
        }
        // A side whose clock is ahead, or that has not begun, has no frame now.
        let frame = frame.filter(|frame| frame.received || frame.samples.iter().any(|sample| *sample != 0));
        let Some(frame) = frame else { return Some(to.session.send_audio(now, &noise(&mut relay.noise))) };
        self.relayed.transcoded += 1;
        Some(match &frame.wide {
            Some(wide) if to.session.codec().is_wide() => to.session.send_wide(now, wide),
            _ => to.session.send_audio(now, &frame.samples),
        })
    }
}

fn noise(generator: &mut NoiseGenerator) -> [i16; FRAME_SAMPLES] {
    std::array::from_fn(|_| generator.sample())
}
