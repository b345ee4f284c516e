//! RTCP from anywhere: valid reports, changed ones, anything else, at any times. Nothing may panic; what we report
//! stays small and rare; no round trip is believed that can't be.

use std::net::SocketAddr;
use std::time::Duration;

use crate::audio::Codec;
use crate::digest::origin;
use crate::rtp::{Session, SessionConfig};
use crate::script::Script;

const MAX_STEPS: usize = 1_000;
/// SR or RR with one block, SDES with our name.
const MAX_REPORT: usize = 52 + 28;

pub fn check(data: &[u8]) {
    let mut script = Script(data);
    let start = origin();
    let [near, far]: [SocketAddr; 2] = [([192, 0, 2, 1], 4_000).into(), ([192, 0, 2, 2], 4_000).into()];
    let settings = |script: &mut Script<'_>, remote| SessionConfig {
        rtcp_mux: script.below(2) > 0,
        rtcp_reduced_size: script.below(2) > 0,
        ..SessionConfig::new(Codec::Pcma, 8, remote)
    };
    let mut ours = Session::new(settings(&mut script, far), 1);
    let mut theirs = Session::new(settings(&mut script, near), 2);
    let (mut now, mut reports, mut last) = (start, 0u128, Vec::new());
    for _ in 0..MAX_STEPS {
        let Some(step) = script.byte() else {
            break;
        };
        now += Duration::from_millis(script.below(250) as u64 * if step & 0x80 == 0 { 1 } else { 40 });
        let audio = theirs.send_audio(now, &[5; 160]);
        if step & 0x40 == 0 {
            ours.handle_packet(now, far, &audio);
        }
        theirs.handle_packet(now, near, &ours.send_audio(now, &[5; 160]));
        if let Some(report) = theirs.poll_rtcp(now) {
            last = report;
        }
        let mut datagram = match step % 4 {
            0 => {
                let length = script.below(256);
                script.take(length).to_vec()
            }
            1 => theirs.goodbye(now).unwrap_or_default(),
            _ => last.clone(),
        };
        for _ in 0..script.below(4) {
            let place = script.below(datagram.len());
            if let Some(byte) = datagram.get_mut(place) {
                *byte = script.byte().unwrap_or_default();
            }
        }
        let source = SocketAddr::new(far.ip(), far.port() + (step % 3) as u16);
        if step & 0x20 == 0 {
            ours.handle_rtcp(now, source, &datagram)
        } else {
            ours.handle_packet(now, far, &datagram)
        }
        if let Some(report) = ours.poll_rtcp(now) {
            assert!(report.len() <= MAX_REPORT, "{} octets", report.len());
            theirs.handle_rtcp(now, near, &report);
            reports += 1;
        }
        // The shortest interval is half of 2.5 s, divided by e - 3/2.
        assert!(reports <= (now - start).as_millis() / 1_000 + 2, "{reports} reports");
        assert!(ours.quality().round_trip_ms.is_none_or(|trip| trip <= 10_000));
    }
}
