//! Reports between the two ends of a call (RTCP: RFC 3550 §6, RFC 5506, RFC 5761, RFC 7022).
//!
//! Owns: what we report and when, what the far end reported, the round trip. Must not know: sockets, audio.
//!
//! What arrives is kept as a handful of numbers, whatever it says: memory does not grow. There is one other member,
//! the source whose RTP we receive; what others say is dropped. SDES items, APP, extended reports and feedback are
//! skipped. Reports name the session by random text of its own (RFC 7022 §4.2), never by host or user.

mod interval;

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, CompoundBuilder, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem,
    SenderReport,
};

use super::sequence::Reception;
use interval::{Membership, Schedule};

/// Longest datagram read, octets; others are dropped.
const MAX_DATAGRAM: usize = 1_500;
/// Reports with a round trip beyond this are not believed.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(10);
/// G.711 in packets of 20 ms with IP, UDP and RTP headers, octets a second: the control traffic's share counts from it.
const SESSION_BANDWIDTH: f64 = 10_000.0;
/// Characters of RFC 4648 §4; 16 of them hold the 96 bits RFC 7022 §4.2 wants.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CNAME_LENGTH: usize = 16;

/// What the far end last told of the stream we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FarReport {
    /// Lost since its report before, of 256.
    pub fraction_lost: u8,
    /// Lost since the start; duplicates make it less than none.
    pub lost: i32,
    /// Units of the RTP timestamp.
    pub jitter: u32,
}

/// What we sent so far, for our sender reports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub packets: u64,
    /// Of payload.
    pub octets: u64,
    /// The timestamp of this moment.
    pub timestamp: u32,
}

/// What we received, for our reception reports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    pub reception: Reception,
    pub jitter: u32,
}

#[derive(Debug)]
pub(super) struct Rtcp {
    ssrc: u32,
    cname: String,
    random: StdRng,
    schedule: Schedule,
    /// NTP time counts from here: we have no wall clock (§4 allows that).
    epoch: Option<Instant>,
    /// Packets sent by our last report and the one before (§6.4: a sender is who sent since then).
    reported: [u64; 2],
    /// Expected and arrived at our last report, of that source.
    prior: Option<Reception>,
    /// The far end's last sender report: its source, middle of the NTP timestamp, arrival.
    sender_report: Option<(u32, u32, Instant)>,
    far: Option<FarReport>,
    round_trip: Option<Duration>,
    /// The far end is heard, and has not said goodbye.
    member: Option<u32>,
    left: bool,
}

impl Rtcp {
    pub fn new(ssrc: u32, mut random: StdRng) -> Self {
        let cname = (0..CNAME_LENGTH).map(|_| char::from(BASE64[random.random_range(0..BASE64.len())])).collect();
        Self {
            ssrc,
            cname,
            random,
            schedule: Schedule::new(SESSION_BANDWIDTH),
            epoch: None,
            reported: [0; 2],
            prior: None,
            sender_report: None,
            far: None,
            round_trip: None,
            member: None,
            left: false,
        }
    }

    pub fn far(&self) -> Option<FarReport> {
        self.far
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The far end has said goodbye.
    pub fn has_left(&self) -> bool {
        self.left
    }

    /// Takes a datagram; `false` when it is no RTCP or not the far end's. `source` is that of the RTP we receive, if
    /// any yet. `reduced` was agreed on (RFC 5506).
    pub fn handle(&mut self, now: Instant, datagram: &[u8], source: Option<u32>, reduced: bool) -> bool {
        let Some(compound) = compound(datagram, reduced) else {
            return false;
        };
        let mut ours = false;
        for packet in compound {
            // What comes after a malformed packet can't be trusted.
            let Ok(packet) = packet else {
                break;
            };
            match packet {
                Packet::Sr(report) if is_far(report.ssrc(), source) => {
                    ours = true;
                    self.join(report.ssrc());
                    // Middle 32 bits: 16 of seconds, 16 of fraction.
                    let middle = (report.ntp_timestamp() >> 16) as u32;
                    self.sender_report = Some((report.ssrc(), middle, now));
                    self.handle_blocks(now, report.report_blocks());
                }
                Packet::Rr(report) if is_far(report.ssrc(), source) => {
                    ours = true;
                    self.join(report.ssrc());
                    self.handle_blocks(now, report.report_blocks());
                }
                Packet::Bye(bye) if bye.ssrcs().any(|ssrc| Some(ssrc) == source.or(self.member)) => {
                    ours = true;
                    self.member = None;
                    self.left = true;
                    let membership = self.membership(0, source);
                    self.schedule.member_left(now, membership);
                }
                _ => {}
            }
        }
        if ours {
            self.schedule.note_size(datagram.len());
        }
        ours
    }

    /// RTP of this source arrived: it is a member, whatever it said before.
    pub fn note_source(&mut self, ssrc: u32) {
        if self.member != Some(ssrc) {
            self.join(ssrc);
        }
    }

    /// A report, if one is due.
    pub fn poll(&mut self, now: Instant, sent: Sent, received: Option<Received>) -> Option<Vec<u8>> {
        let source = received.map(|received| received.reception.ssrc);
        let membership = self.membership(sent.packets, source);
        self.schedule.start(now, membership, &mut self.random);
        if !self.schedule.is_due(now, membership, &mut self.random) {
            return None;
        }
        let report = self.write(now, sent, received, false);
        self.schedule.note_size(report.len());
        self.reported = [sent.packets, self.reported[0]];
        self.prior = received.map(|received| received.reception);
        Some(report)
    }

    pub fn timeout(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// The last report, with our goodbye: fewer than 50 members need not wait (§6.3.7).
    pub fn goodbye(&mut self, now: Instant, sent: Sent, received: Option<Received>) -> Option<Vec<u8>> {
        // Who never sent anything must not say goodbye.
        (sent.packets > 0).then(|| self.write(now, sent, received, true))
    }

    fn join(&mut self, ssrc: u32) {
        self.member = Some(ssrc);
        self.left = false;
    }

    fn membership(&self, sent: u64, source: Option<u32>) -> Membership {
        let we_sent = sent > self.reported[1];
        let senders = u32::from(we_sent) + u32::from(source.is_some() && !self.left);
        Membership { members: 1 + u32::from(self.member.is_some()), senders, we_sent }
    }

    fn handle_blocks<'a>(&mut self, now: Instant, blocks: impl Iterator<Item = ReportBlock<'a>>) {
        let Some(block) = blocks.into_iter().find(|block| block.ssrc() == self.ssrc) else {
            return;
        };
        self.far = Some(FarReport {
            fraction_lost: block.fraction_lost(),
            // 24 bits with a sign.
            lost: (block.cumulative_lost() << 8) as i32 >> 8,
            jitter: block.interarrival_jitter(),
        });
        let sent = block.last_sender_report_timestamp();
        if sent == 0 {
            return;
        }
        // §6.4.1: now - LSR - DLSR, in 1/65536 s.
        let held = block.delay_since_last_sender_report_timestamp();
        let there_and_back = middle(self.ntp(now)).wrapping_sub(sent).wrapping_sub(held);
        let round_trip = Duration::from_micros(u64::from(there_and_back) * 1_000_000 / 65_536);
        if round_trip <= MAX_ROUND_TRIP {
            self.round_trip = Some(round_trip);
        }
    }

    fn write(&mut self, now: Instant, sent: Sent, received: Option<Received>, bye: bool) -> Vec<u8> {
        let block = received.map(|received| self.block(now, received));
        let mut compound = if sent.packets > self.reported[1] {
            let mut report = SenderReport::builder(self.ssrc)
                .ntp_timestamp(self.ntp(now))
                .rtp_timestamp(sent.timestamp)
                // Both wrap (§6.4.1).
                .packet_count(sent.packets as u32)
                .octet_count(sent.octets as u32);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            CompoundBuilder::default().add_packet(report)
        } else {
            let mut report = ReceiverReport::builder(self.ssrc);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            CompoundBuilder::default().add_packet(report)
        };
        let name = SdesItem::builder(SdesItem::CNAME, &self.cname);
        compound = compound.add_packet(Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc).add_item(name)));
        if bye {
            compound = compound.add_packet(Bye::builder().add_source(self.ssrc));
        }
        // The sizes of what is written here can't be refused.
        let mut bytes = vec![0; compound.calculate_size().unwrap_or(0)];
        let length = compound.write_into(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    /// A.3.
    fn block(&self, now: Instant, Received { reception, jitter }: Received) -> ReportBlockBuilder {
        let Reception { ssrc, extended_highest, expected, arrived } = reception;
        let lost = (expected as i64).saturating_sub(arrived as i64).clamp(-0x80_0000, 0x7F_FFFF);
        let prior = self.prior.filter(|prior| prior.ssrc == ssrc && prior.expected <= expected);
        let (before, arrived_before) = prior.map_or((0, 0), |prior| (prior.expected, prior.arrived));
        let expected_now = expected - before;
        let lost_now = expected_now.saturating_sub(arrived.saturating_sub(arrived_before));
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255);
        let (last, since) = match self.sender_report {
            Some((source, middle, arrival)) if source == ssrc => {
                let since = now.saturating_duration_since(arrival).as_micros() * 65_536 / 1_000_000;
                (middle, u32::try_from(since).unwrap_or(u32::MAX))
            }
            _ => (0, 0),
        };
        ReportBlock::builder(ssrc)
            .fraction_lost(fraction as u8)
            .cumulative_lost(lost as u32 & 0xFF_FFFF)
            .extended_sequence_number(extended_highest)
            .interarrival_jitter(jitter)
            .last_sender_report_timestamp(last)
            .delay_since_last_sender_report_timestamp(since)
    }

    /// Time since our first report or theirs, as NTP counts: seconds in the upper 32 bits. One second and more, so
    /// that an LSR of ours is never the zero that means none.
    fn ntp(&mut self, now: Instant) -> u64 {
        let epoch = *self.epoch.get_or_insert(now);
        let elapsed = now.saturating_duration_since(epoch) + Duration::from_secs(1);
        (elapsed.as_secs() << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000)
    }
}

fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Before RTP arrived, whoever reports may be the far end.
fn is_far(ssrc: u32, source: Option<u32>) -> bool {
    source.is_none_or(|source| source == ssrc)
}

/// A datagram that A.2 lets pass: version 2, a report first unless reduced size was agreed on, lengths that add up,
/// padding on the last packet alone.
fn compound(datagram: &[u8], reduced: bool) -> Option<Compound<'_>> {
    if datagram.len() > MAX_DATAGRAM {
        return None;
    }
    let kind = *datagram.get(1)?;
    if !reduced && ![SenderReport::PACKET_TYPE, ReceiverReport::PACKET_TYPE].contains(&kind) {
        return None;
    }
    Compound::parse(datagram).ok()
}

#[cfg(test)]
mod tests;
