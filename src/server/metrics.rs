//! Figures of the service for Prometheus.
//!
//! Owns: names, units, buckets. Every label has a handful of values, known beforehand; none holds anything personal.
//! Must not know: who asks, over what.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::call::{Outcome, Record};
use crate::control::Status;
use crate::net::Refused;
use crate::sip::Cause;

/// As the page is written.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Below it a call sounded bad: R below 60, "many users dissatisfied" (G.107 Annex B), in tenths.
const BAD_MOS: u8 = 31;

/// Seconds; the budget is 0.9 s for 95 of 100 answers that are in memory, 1.5 s for the others.
const REPLIES: [f64; 11] = [0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0];
const GREETINGS: [f64; 7] = [0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0];
const DURATIONS: [f64; 9] = [5.0, 15.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0];
/// The limits of G.107's categories.
const OPINIONS: [f64; 7] = [2.0, 2.6, 3.1, 3.6, 4.0, 4.2, 4.3];
const SHARES: [f64; 8] = [0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const JITTERS: [f64; 8] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1];
const TRIPS: [f64; 8] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// `received`: what the caller sent, as we got it. `sent`: what we sent, as the far end told by RTCP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

const RECEIVED: Direction = Direction { direction: "received" };
const SENT: Direction = Direction { direction: "sent" };

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SwitchboardLabel {
    switchboard: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EngineLabel {
    engine: String,
}

type Histograms = Family<Direction, Histogram, fn() -> Histogram>;

/// Counts calls as they end; what is true only at the moment is given when the page is written.
pub struct Metrics {
    registry: Registry,
    calls: Family<OutcomeLabel, Counter>,
    bad_calls: Counter,
    durations: Histogram,
    greetings: Histogram,
    replies: Histogram,
    opinions: Histograms,
    losses: Histograms,
    jitters: Histograms,
    concealed: Histogram,
    trips: Histogram,
    packets: Family<Direction, Counter>,
    lost_packets: Counter,
    skipped: Counter,
    in_progress: Gauge,
    backlog: Gauge,
    wait: Gauge<f64, AtomicU64>,
    overloaded: Gauge,
    workers: Family<EngineLabel, Gauge>,
    lost: Family<EngineLabel, Gauge>,
    restarts: Family<EngineLabel, Counter>,
    refused: Family<CauseLabel, Counter>,
    switchboards: Family<SwitchboardLabel, Gauge>,
}

impl Metrics {
    /// `max_calls`, `recogniser_queue`: the bounds of the configuration.
    pub fn new(max_calls: usize, recogniser_queue: usize) -> Metrics {
        let metrics = Metrics {
            registry: Registry::with_prefix("allo_mairie"),
            calls: Family::default(),
            bad_calls: Counter::default(),
            durations: Histogram::new(DURATIONS),
            greetings: Histogram::new(GREETINGS),
            replies: Histogram::new(REPLIES),
            opinions: Family::new_with_constructor(|| Histogram::new(OPINIONS)),
            losses: Family::new_with_constructor(|| Histogram::new(SHARES)),
            jitters: Family::new_with_constructor(|| Histogram::new(JITTERS)),
            concealed: Histogram::new(SHARES),
            trips: Histogram::new(TRIPS),
            packets: Family::default(),
            lost_packets: Counter::default(),
            skipped: Counter::default(),
            in_progress: Gauge::default(),
            backlog: Gauge::default(),
            wait: Gauge::default(),
            overloaded: Gauge::default(),
            workers: Family::default(),
            lost: Family::default(),
            restarts: Family::default(),
            refused: Family::default(),
            switchboards: Family::default(),
        };
        metrics.registered(max_calls, recogniser_queue)
    }

    fn registered(mut self, max_calls: usize, recogniser_queue: usize) -> Metrics {
        let limit = |value: usize| {
            let gauge: Gauge = Gauge::default();
            gauge.set(whole(value));
            gauge
        };
        // What has not happened yet is none, not unknown.
        for outcome in Outcome::ALL {
            drop(self.calls.get_or_create(&OutcomeLabel { outcome: outcome.as_str() }));
        }
        for direction in [RECEIVED, SENT] {
            drop(self.packets.get_or_create(&direction));
            drop(self.opinions.get_or_create(&direction));
            drop(self.losses.get_or_create(&direction));
            drop(self.jitters.get_or_create(&direction));
        }
        let r = &mut self.registry;
        r.register("build", "Version of the program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        r.register("calls_in_progress", "Calls that have not ended yet", self.in_progress.clone());
        r.register("calls_limit", "Most calls at the same time (sip.max_calls)", limit(max_calls));
        r.register("calls", "Calls that ended, by outcome", self.calls.clone());
        r.register(
            "calls_bad",
            "Calls that ended with a mean opinion score below 3.1 here or there",
            self.bad_calls.clone(),
        );
        let seconds = Unit::Seconds;
        r.register_with_unit("call_duration", "INVITE to the end of the call", seconds.clone(), self.durations.clone());
        let help = "200 OK to the first packet of the greeting";
        r.register_with_unit("greeting_delay", help, seconds.clone(), self.greetings.clone());
        let help = "End of the caller's speech to the first packet of the answer";
        r.register_with_unit("reply_delay", help, seconds.clone(), self.replies.clone());
        let help = "How long an utterance that came now would wait for a recogniser; infinite when there is none";
        r.register_with_unit("recogniser_wait", help, seconds.clone(), self.wait.clone());
        let help = "Whether new calls begin with the keypad, for the wait was too long (recogniser.longest_wait)";
        r.register("recogniser_overloaded", help, self.overloaded.clone());
        r.register("engine_workers", "Threads of an engine that can work; 0: it is down", self.workers.clone());
        r.register("engine_lost_threads", "Threads whose engine hangs", self.lost.clone());
        let help = "Engines made anew after a crash or for one that hangs";
        r.register("engine_restarts", help, self.restarts.clone());
        r.register("recogniser_backlog", "Utterances that wait or are being recognised", self.backlog.clone());
        let help = "Most utterances that may wait (recogniser.queue)";
        r.register("recogniser_backlog_limit", help, limit(recogniser_queue));
        r.register("call_mos", "Mean opinion score of a call by the E-model (G.107), 1 to 4.5", self.opinions.clone());
        r.register("call_loss_ratio", "Share of a call's packets that the network lost", self.losses.clone());
        let help = "Share of a call's received audio that was filled in";
        r.register("call_concealed_ratio", help, self.concealed.clone());
        let help = "Interarrival jitter (RFC 3550) at the end of a call";
        r.register_with_unit("call_jitter", help, seconds.clone(), self.jitters.clone());
        r.register_with_unit("call_round_trip", "There and back, by RTCP", seconds, self.trips.clone());
        r.register("rtp_packets", "RTP packets of calls that ended", self.packets.clone());
        r.register(
            "rtp_lost_packets",
            "RTP packets of calls that ended, expected but never received",
            self.lost_packets.clone(),
        );
        let help = "RTP packets given up because they could not be sent in time, of calls that ended";
        r.register("rtp_skipped_ticks", help, self.skipped.clone());
        r.register("sip_refused_messages", "SIP messages refused, by cause", self.refused.clone());
        let help = "Whether a switchboard answers OPTIONS (1) or not (0); none before it was asked";
        r.register("switchboard_reachable", help, self.switchboards.clone());
        self
    }

    /// Counts a call.
    pub fn call_ended(&self, record: &Record) {
        let seconds = |ms: u16| f64::from(ms) / 1_000.0;
        let share = |permille: u16| f64::from(permille) / 1_000.0;
        self.calls.get_or_create(&OutcomeLabel { outcome: record.outcome.as_str() }).inc();
        self.durations.observe(record.duration.as_secs_f64());
        if let Some(after) = record.greeting_after {
            self.greetings.observe(after.as_secs_f64());
        }
        record.replies.iter().for_each(|reply| self.replies.observe(reply.first_packet.as_secs_f64()));
        self.packets.get_or_create(&SENT).inc_by(record.packets.sent);
        self.packets.get_or_create(&RECEIVED).inc_by(record.packets.received);
        self.lost_packets.inc_by(record.packets.lost);
        self.skipped.inc_by(record.skipped_ticks);
        // A call without a packet has no quality, not the best.
        let Some(quality) = record.quality.filter(|_| record.packets.received > 0) else { return };
        let opinion = |of: &Direction, tenths: u8| self.opinions.get_or_create(of).observe(f64::from(tenths) / 10.0);
        opinion(&RECEIVED, quality.mos_tenths);
        self.losses.get_or_create(&RECEIVED).observe(share(quality.lost_permille));
        self.jitters.get_or_create(&RECEIVED).observe(seconds(quality.jitter_ms));
        self.concealed.observe(share(quality.concealed_permille));
        if let Some(trip) = quality.round_trip_ms {
            self.trips.observe(seconds(trip));
        }
        if let Some(far) = quality.far {
            opinion(&SENT, far.mos_tenths);
            self.losses.get_or_create(&SENT).observe(share(far.lost_permille));
            self.jitters.get_or_create(&SENT).observe(seconds(far.jitter_ms));
        }
        let worst = quality.far.map_or(quality.mos_tenths, |far| far.mos_tenths.min(quality.mos_tenths));
        if worst < BAD_MOS {
            self.bad_calls.inc();
        }
    }

    /// Packets given up, of calls that ended.
    pub fn skipped_ticks(&self) -> u64 {
        self.skipped.get()
    }

    /// Calls that ended, and those of them that sounded bad.
    pub fn calls_ended(&self) -> (u64, u64) {
        let outcomes = Outcome::ALL.iter().map(|outcome| OutcomeLabel { outcome: outcome.as_str() });
        (outcomes.map(|label| self.calls.get_or_create(&label).get()).sum(), self.bad_calls.get())
    }

    /// The page, with how things are now.
    pub fn page(&self, status: &Status, refused: &Refused) -> String {
        self.in_progress.set(whole(status.calls));
        self.backlog.set(whole(status.recogniser_backlog));
        self.wait.set(status.recogniser_wait_ms.map_or(f64::INFINITY, |ms| ms as f64 / 1_000.0));
        self.overloaded.set(status.recogniser_overloaded.into());
        for engine in &status.engines {
            let label = EngineLabel { engine: engine.name.clone() };
            self.workers.get_or_create(&label).set(whole(engine.workers));
            self.lost.get_or_create(&label).set(whole(engine.lost));
            self.restarts.get_or_create(&label).inner().fetch_max(engine.restarts, Ordering::Relaxed);
        }
        for cause in [Cause::Network, Cause::Credentials] {
            let counter = self.refused.get_or_create(&CauseLabel { cause: cause.as_str() });
            // Two pages written at once must not count twice.
            counter.inner().fetch_max(refused.count(cause), Ordering::Relaxed);
        }
        for switchboard in &status.switchboards {
            if let Some(reachable) = switchboard.reachable {
                let label = SwitchboardLabel { switchboard: switchboard.uri.clone() };
                self.switchboards.get_or_create(&label).set(reachable.into());
            }
        }
        let mut page = String::new();
        // Writing to a string can't fail.
        let _ = prometheus_text::encode(&mut page, &self.registry);
        page
    }
}

fn whole(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::call::Reply;
    use crate::control::{Engine, Switchboard};
    use crate::rtp::{Counters, FarQuality, Quality};

    fn status() -> Status {
        let board = |uri: &str, reachable| Switchboard { uri: uri.into(), reachable };
        Status {
            calls: 3,
            max_calls: 40,
            recogniser_backlog: 2,
            recogniser_queue: 16,
            recogniser_wait_ms: Some(2_400),
            recogniser_overloaded: true,
            engines: vec![Engine { name: "voice fr".into(), workers: 1, lost: 1, restarts: 3 }],
            switchboards: vec![board("sip:a", Some(true)), board("sip:b", Some(false)), board("sip:c", None)],
            skipped_ticks: 0,
            calls_ended: 0,
            calls_bad: 0,
        }
    }

    #[test]
    fn a_call_stands_on_the_page() {
        let metrics = Metrics::new(40, 16);
        let ms = Duration::from_millis;
        let bad = Quality {
            lost_permille: 80,
            jitter_ms: 30,
            round_trip_ms: Some(60),
            mos_tenths: 30,
            far: Some(FarQuality { lost_permille: 4, jitter_ms: 3, mos_tenths: 43 }),
            ..Quality::default()
        };
        metrics.call_ended(&Record {
            outcome: Outcome::Transferred,
            duration: ms(61_000),
            replies: vec![Reply { first_packet: ms(620), ..Reply::default() }; 2],
            packets: Counters { sent: 3_050, received: 3_000, lost: 3, max_gap_ms: 45 },
            skipped_ticks: 2,
            quality: Some(bad),
            ..Record::default()
        });
        // One without audio.
        metrics.call_ended(&Record { quality: Some(Quality::default()), ..Record::default() });
        let page = metrics.page(&status(), &Refused::default());
        for line in [
            "allo_mairie_calls_in_progress 3",
            "allo_mairie_calls_limit 40",
            "allo_mairie_calls_total{outcome=\"transferred\"} 1",
            "allo_mairie_calls_total{outcome=\"failed\"} 1",
            "allo_mairie_calls_total{outcome=\"lost\"} 0",
            "allo_mairie_calls_bad_total 1",
            "allo_mairie_reply_delay_seconds_bucket{le=\"0.6\"} 0",
            "allo_mairie_reply_delay_seconds_bucket{le=\"0.75\"} 2",
            "allo_mairie_call_mos_bucket{direction=\"received\",le=\"3.1\"} 1",
            "allo_mairie_call_mos_count{direction=\"received\"} 1",
            "allo_mairie_call_loss_ratio_sum{direction=\"sent\"} 0.004",
            "allo_mairie_call_jitter_seconds_sum{direction=\"received\"} 0.03",
            "allo_mairie_call_round_trip_seconds_count 1",
            "allo_mairie_rtp_packets_total{direction=\"sent\"} 3050",
            "allo_mairie_rtp_skipped_ticks_total 2",
            "allo_mairie_recogniser_backlog 2",
            "allo_mairie_recogniser_wait_seconds 2.4",
            "allo_mairie_recogniser_overloaded 1",
            "allo_mairie_engine_workers{engine=\"voice fr\"} 1",
            "allo_mairie_engine_lost_threads{engine=\"voice fr\"} 1",
            "allo_mairie_engine_restarts_total{engine=\"voice fr\"} 3",
            "allo_mairie_sip_refused_messages_total{cause=\"network\"} 0",
            "allo_mairie_switchboard_reachable{switchboard=\"sip:a\"} 1",
            "allo_mairie_switchboard_reachable{switchboard=\"sip:b\"} 0",
        ] {
            assert!(page.lines().any(|known| known == line), "{line} in {page}");
        }
        assert!(!page.contains("sip:c"));
        let down = Status { recogniser_wait_ms: None, recogniser_overloaded: false, ..status() };
        let page = metrics.page(&down, &Refused::default());
        assert!(page.contains("allo_mairie_recogniser_wait_seconds +Inf\n"), "{page}");
        assert!(page.contains("allo_mairie_recogniser_overloaded 0\n"), "{page}");
        assert_eq!((metrics.calls_ended(), metrics.skipped_ticks()), ((2, 1), 2));
    }
}
