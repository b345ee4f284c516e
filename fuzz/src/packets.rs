//! One call's media: any datagrams from anywhere at any times, keys, silence, other codecs in mid-call. Nothing may
//! panic, frames keep pace with the clock, and no more packets are kept than the bound says.

use std::net::SocketAddr;
use std::time::Duration;

use rtp_rs::RtpPacketBuilder;

use crate::audio::Codec;
use crate::digest::origin;
use crate::rtp::{Key, Playout, Session, SessionConfig};
use crate::script::Script;

const MAX_STEPS: usize = 2_000;
/// Waiting behind a gap, and in order.
const MAX_HELD: usize = 33 + 1_000;
const MAX_KEYS: usize = 32;

pub fn check(data: &[u8]) {
    let mut script = Script(data);
    let start = origin();
    let playout = if script.below(2) == 0 { Playout::Prompt } else { Playout::Smooth };
    let mut session = Session::new(config(&mut script, playout), 7);
    let (mut now, mut frames) = (start, 0u64);
    let (mut number, mut timestamp) = (u16::MAX - 20, u32::MAX - 4_000);
    // The clock runs from the first question on.
    drain(&mut session, playout, now, Duration::ZERO, &mut frames);
    for _ in 0..MAX_STEPS {
        let Some(step) = script.byte() else {
            break;
        };
        now += Duration::from_millis(script.below(180) as u64);
        match step % 8 {
            0 => {
                let length = script.below(256);
                let datagram = script.take(length).to_vec();
                session.handle_packet(now, source(&mut script), &datagram);
            }
            // A stream that goes on, with jumps, repetitions and other sources between.
            1..=5 => {
                number = number.wrapping_add([1, 1, 1, 2, 0, 0xFFFF, 40, 9_000][script.below(8)]);
                timestamp = timestamp.wrapping_add([160, 160, 320, 960, 0, 80, 1 << 31, 90_000][script.below(8)]);
                let kinds = [8, 0, 9, 13, 101, 96, 77, 120];
                let length = [160, 160, 80, 1, 4, 320, 960, 12][script.below(8)];
                let fill = script.byte().unwrap_or_default();
                let packet = RtpPacketBuilder::new()
                    .payload_type(kinds[script.below(8)])
                    .ssrc(script.below(3) as u32)
                    .sequence(number.into())
                    .timestamp(timestamp)
                    .payload(&vec![fill; length])
                    .build();
                session.handle_packet(now, source(&mut script), &packet.expect("a packet"));
            }
            6 => session.renegotiate(config(&mut script, playout)),
            _ => {
                session.send_key(Key(char::from(b"0123456789*#ABCDx"[script.below(17)])));
                match script.below(3) {
                    0 => drop(session.send_audio(now, &[9; 160])),
                    1 => drop(session.send_silence(now)),
                    _ => session.skip_audio(),
                }
                assert!(session.heard_samples(now) <= session.sent_samples());
            }
        }
        drain(&mut session, playout, now, now - start, &mut frames);
        assert!(session.packets_held() <= MAX_HELD);
        assert!((0..).take_while(|_| session.poll_key().is_some()).count() <= MAX_KEYS);
        let quality = session.quality();
        assert!(quality.r_factor <= 94 && (10..=45).contains(&quality.mos_tenths));
    }
}

/// All frames that may be played, against the clock.
fn drain(session: &mut Session, playout: Playout, now: std::time::Instant, elapsed: Duration, frames: &mut u64) {
    while session.poll_frame(now).is_some() {
        *frames += 1;
        assert!(*frames < 1_000_000, "frames without end");
    }
    let (given, real) = (20 * u128::from(*frames), elapsed.as_millis());
    let (ahead, behind) = match playout {
        Playout::Prompt => (220, 320),
        Playout::Smooth => (20, 20),
    };
    assert!(given <= real + ahead && given + behind >= real, "{given} ms of frames in {real} ms");
}

fn config(script: &mut Script<'_>, playout: Playout) -> SessionConfig {
    let (codec, kind) = [(Codec::Pcma, 8), (Codec::Pcmu, 0), (Codec::G722, 9)][script.below(3)];
    SessionConfig {
        telephone_event: (script.below(4) > 0).then_some(101),
        telephone_event_clock: [8_000, 48_000][script.below(2)],
        comfort_noise: (script.below(2) > 0).then_some(13),
        rtcp_mux: script.below(2) > 0,
        playout,
        ..SessionConfig::new(codec, kind, source(script))
    }
}

fn source(script: &mut Script<'_>) -> SocketAddr {
    ([192, 0, 2, 1], 4_000 + (script.below(8) / 6) as u16).into()
}
