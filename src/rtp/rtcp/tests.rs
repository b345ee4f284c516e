use proptest::prelude::*;
use rand::SeedableRng;

use super::*;
use crate::testing::epoch;

const NEAR: u32 = 0x1111_1111;
const FAR: u32 = 0x2222_2222;

fn rtcp(ssrc: u32) -> Rtcp {
    Rtcp::new(ssrc, StdRng::seed_from_u64(u64::from(ssrc)))
}

fn sent(packets: u64) -> Sent {
    Sent { packets, octets: 160 * packets, timestamp: 160 * packets as u32 }
}

fn received(ssrc: u32, expected: u64, arrived: u64) -> Received {
    let reception = Reception { ssrc, extended_highest: expected as u32 + 99, expected, arrived };
    Received { reception, jitter: 17 }
}

/// The next report and when it was due.
fn report(rtcp: &mut Rtcp, mut now: Instant, sent: Sent, received: Option<Received>) -> (Instant, Vec<u8>) {
    loop {
        if let Some(report) = rtcp.poll(now, sent, received) {
            return (now, report);
        }
        now = rtcp.timeout().expect("a plan");
    }
}

fn packets(datagram: &[u8]) -> Vec<Packet<'_>> {
    Compound::parse(datagram).expect("a compound packet").map(|packet| packet.expect("a packet")).collect()
}

#[test]
fn a_sender_reports_with_its_name_and_nothing_more() {
    let mut near = rtcp(NEAR);
    let (_, first) = report(&mut near, epoch(), sent(100), Some(received(FAR, 100, 90)));
    let packets = packets(&first);
    let [Packet::Sr(sr), Packet::Sdes(sdes)] = &packets[..] else { panic!("{packets:?}") };
    assert_eq!((sr.ssrc(), sr.packet_count(), sr.octet_count()), (NEAR, 100, 16_000));
    let blocks: Vec<_> = sr.report_blocks().collect();
    assert_eq!(blocks.len(), 1);
    // A.3: 10 of 100 lost is 25 of 256.
    assert_eq!((blocks[0].ssrc(), blocks[0].fraction_lost(), blocks[0].cumulative_lost()), (FAR, 25, 10));
    assert_eq!((blocks[0].extended_sequence_number(), blocks[0].interarrival_jitter()), (199, 17));
    assert_eq!(blocks[0].last_sender_report_timestamp(), 0, "no report of theirs yet");
    let chunk = sdes.chunks().next().expect("one chunk");
    let item = chunk.items().next().expect("one item");
    assert_eq!((chunk.ssrc(), item.type_(), item.value().len()), (NEAR, SdesItem::CNAME, 16));
    let mut other = Rtcp::new(NEAR, StdRng::seed_from_u64(9));
    let (_, second) = report(&mut other, epoch(), sent(100), None);
    assert_ne!(first[first.len() - 20..], second[second.len() - 20..], "another name in another call");
}

#[test]
fn fractions_are_of_what_came_since_the_report_before() {
    let mut near = rtcp(NEAR);
    let (now, _) = report(&mut near, epoch(), sent(0), Some(received(FAR, 100, 50)));
    let (now, second) = report(&mut near, now, sent(0), Some(received(FAR, 200, 125)));
    let Packet::Rr(rr) = &packets(&second)[0] else { panic!("nothing sent: a receiver report") };
    let block = rr.report_blocks().next().expect("a block");
    assert_eq!((block.fraction_lost(), block.cumulative_lost()), (64, 75));
    // More arrived than expected: duplicates. The fraction is none, the sum may be negative (24 bits).
    let (_, third) = report(&mut near, now, sent(0), Some(received(FAR, 210, 215)));
    let Packet::Rr(rr) = &packets(&third)[0] else { panic!("a receiver report") };
    let block = rr.report_blocks().next().expect("a block");
    assert_eq!((block.fraction_lost(), block.cumulative_lost()), (0, 0xFF_FFFB));
}

#[test]
fn the_round_trip_is_known_after_a_report_each_way() {
    let (mut near, mut far) = (rtcp(NEAR), rtcp(FAR));
    let travel = Duration::from_millis(70);
    let start = epoch();
    let (left, ours) = report(&mut near, start, sent(50), None);
    assert!(far.handle(left + travel, &ours, Some(NEAR), false));
    let (answered, theirs) = report(&mut far, left + travel, sent(50), Some(received(NEAR, 50, 40)));
    assert!(answered > left + travel + Duration::from_secs(1), "held for a while");
    assert!(near.handle(answered + travel, &theirs, Some(FAR), false));
    let measured = near.round_trip().expect("measured");
    assert!(measured.abs_diff(2 * travel) < Duration::from_millis(1), "{measured:?}");
    assert_eq!(near.far(), Some(FarReport { fraction_lost: 51, lost: 10, jitter: 17 }));
    assert_eq!(far.round_trip(), None);
}

#[test]
fn impossible_round_trips_are_not_believed() {
    let mut near = rtcp(NEAR);
    let start = epoch();
    let (now, _) = report(&mut near, start, sent(50), None);
    let block = ReportBlock::builder(NEAR)
        .last_sender_report_timestamp(0x1234_5678)
        .delay_since_last_sender_report_timestamp(0xFFFF_0000);
    let mut bytes = [0; 64];
    let length = ReceiverReport::builder(FAR).add_report_block(block).write_into(&mut bytes).expect("fits");
    assert!(near.handle(now, &bytes[..length], Some(FAR), false));
    assert_eq!(near.round_trip(), None);
}

#[test]
fn goodbye_ends_the_compound_and_is_understood() {
    let (mut near, mut far) = (rtcp(NEAR), rtcp(FAR));
    let now = epoch();
    assert_eq!(near.goodbye(now, sent(0), None), None, "who never sent says nothing");
    let last = near.goodbye(now, sent(9), None).expect("a report");
    assert!(matches!(packets(&last)[..], [Packet::Sr(_), Packet::Sdes(_), Packet::Bye(_)]));
    far.note_source(NEAR);
    assert!(far.handle(now, &last, Some(NEAR), false));
    assert!(far.has_left());
    far.note_source(NEAR);
    assert!(!far.has_left(), "its packets go on all the same");
}

#[test]
fn strangers_and_malformed_packets_change_nothing() {
    let (mut near, mut stranger) = (rtcp(NEAR), rtcp(0x3333_3333));
    let now = epoch();
    let (_, theirs) = report(&mut stranger, now, sent(9), Some(received(NEAR, 10, 0)));
    assert!(!near.handle(now, &theirs, Some(FAR), false), "not the source of the RTP");
    assert!(!near.handle(now, &stranger.goodbye(now, sent(9), None).expect("bye"), Some(FAR), false));
    assert_eq!((near.far(), near.has_left()), (None, false));
    let (_, report) = report(&mut rtcp(FAR), now, sent(9), Some(received(NEAR, 10, 0)));
    for cut in 0..report.len() {
        near.handle(now, &report[..cut], Some(FAR), true);
    }
    assert!(!near.handle(now, &report.repeat(30), Some(FAR), false), "too long");
    let sdes = &report[52..];
    assert!(!near.handle(now, sdes, Some(FAR), false), "no report in front");
}

#[test]
fn reduced_size_packets_need_an_agreement() {
    let mut bytes = [0; 64];
    let length = Bye::builder().add_source(FAR).write_into(&mut bytes).expect("fits");
    let mut near = rtcp(NEAR);
    assert!(!near.handle(epoch(), &bytes[..length], Some(FAR), false) && !near.has_left());
    assert!(near.handle(epoch(), &bytes[..length], Some(FAR), true) && near.has_left());
}

#[test]
fn reports_follow_the_schedule_whoever_asks_how_often() {
    let mut near = rtcp(NEAR);
    let start = epoch();
    let mut reports = Vec::new();
    for tick in 0..60 * 50u64 {
        let now = start + Duration::from_millis(20 * tick);
        reports.extend(near.poll(now, sent(tick), None).map(|_| tick));
    }
    assert!((9..=16).contains(&reports.len()), "{reports:?} in a minute");
    assert!(reports.windows(2).all(|w| w[1] - w[0] >= 100), "{reports:?}");
}

proptest! {
    #[test]
    fn any_datagrams_are_survived(
        datagrams in proptest::collection::vec((0usize..5, proptest::collection::vec(any::<u8>(), 0..200)), 0..60),
    ) {
        let (mut near, mut far) = (rtcp(NEAR), rtcp(FAR));
        let mut now = epoch();
        let (_, valid) = report(&mut far, now, sent(9), Some(received(NEAR, 10, 0)));
        for (kind, bytes) in datagrams {
            now += Duration::from_millis(70);
            let datagram = match kind {
                0 => bytes,
                // A header that looks right, or a report with some of its bytes changed.
                1 => [&[0x81, 200 + bytes.first().unwrap_or(&0) % 8, 0, (bytes.len() / 4) as u8], &bytes[..]].concat(),
                _ => {
                    let mut report = valid.clone();
                    for pair in bytes.chunks_exact(2).take(kind) {
                        let place = usize::from(pair[0]) % report.len();
                        report[place] = pair[1];
                    }
                    report
                }
            };
            near.handle(now, &datagram, Some(FAR), kind % 2 == 0);
            if let Some(report) = near.poll(now, sent(5), Some(received(FAR, 3, 3))) {
                prop_assert!(report.len() < 100);
            }
            prop_assert!(near.round_trip().is_none_or(|trip| trip <= MAX_ROUND_TRIP));
        }
    }
}
