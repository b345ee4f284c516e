//! The journal: `tracing` set up from the configuration, and the closing line of each call.
//!
//! Owns: filter, form and destination (standard error) of log lines; the gate for personal data. Must not know: what is
//! logged, but for a call's [`Record`].
//!
//! No line's text holds a caller's words, number or name. A field that may hold them goes through [`personal`], which
//! lets it pass only when the configuration says so.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Subscriber;
use tracing::field::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::call::{Record, Reply};
use crate::config::{LogConfig, LogFormat};
use crate::sip::{Reachability, Report};
use crate::store::{decisions, milliseconds, not_understood, topics};

/// Environment variable with a filter in `tracing`'s syntax; wins over the configured level.
pub const FILTER_VARIABLE: &str = "ALLO_MAIRIE_LOG";

/// Targets of our own lines; the configured level is theirs, libraries stay at warnings.
const TARGETS: [&str; 3] = ["allo_mairie", "call", "store"];

static PERSONAL: AtomicBool = AtomicBool::new(false);

/// The journal can't be set up. French, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "La variable {FILTER_VARIABLE} = « {value} » n'est pas un filtre valide ({source}).\n    \
         Remède : écrivez par exemple {FILTER_VARIABLE}=info,allo_mairie::sip=debug, ou supprimez-la."
    )]
    Filter { value: String, source: tracing_subscriber::filter::ParseError },
    #[error("le journal est déjà en place")]
    AlreadySet,
}

/// Sets up the journal for the whole process, on standard error. Call once, before any call is taken.
pub fn init(log: &LogConfig) -> Result<(), TelemetryError> {
    let written = std::env::var(FILTER_VARIABLE).ok();
    let subscriber = subscriber(log, written.as_deref(), io::stderr, io::stderr().is_terminal())?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::AlreadySet)?;
    PERSONAL.store(log.personal, Ordering::Relaxed);
    Ok(())
}

/// Sets up a journal as text when [`FILTER_VARIABLE`] says what to write; without it there is none.
pub fn init_if_asked() -> Result<(), TelemetryError> {
    match std::env::var(FILTER_VARIABLE) {
        Ok(filter) if !filter.trim().is_empty() => {
            init(&LogConfig { level: LevelFilter::INFO, format: LogFormat::Text, personal: false })
        }
        _ => Ok(()),
    }
}

/// A field with personal data: `tracing::debug!(text = personal(text.as_str()), "utterance recognised")`. The field is
/// left out of the line unless `log.personal` is set.
pub fn personal<T: Value>(value: T) -> Option<T> {
    PERSONAL.load(Ordering::Relaxed).then_some(value)
}

/// The closing line of a call: one event, target `call`, no personal data. Times in ms; the record bounds its lists.
pub fn call_ended(record: &Record) {
    let replies = |part: fn(&Reply) -> Duration| {
        let parts: Vec<String> = record.replies.iter().map(|reply| milliseconds(part(reply)).to_string()).collect();
        parts.join(",")
    };
    let far = record.quality.and_then(|quality| quality.far);
    tracing::info!(
        target: "call",
        outcome = record.outcome.as_str(),
        duration_ms = milliseconds(record.duration),
        greeting_ms = record.greeting_after.map(milliseconds),
        turn_ends_ms = replies(|reply| reply.turn_ended),
        words_ms = replies(|reply| reply.words_known),
        replies_ms = replies(|reply| reply.first_packet),
        topics = topics(record).join(","),
        decisions = decisions(record).join(","),
        not_understood = not_understood(record),
        transfers = record.transfers,
        moves = record.moves,
        diverted = record.diverted,
        release = record.release,
        turns = record.turns,
        keys = record.keys,
        interruptions = record.interruptions,
        covers = record.covers,
        longest_gap_ms = milliseconds(record.longest_gap),
        packets_sent = record.packets.sent,
        packets_received = record.packets.received,
        packets_lost = record.packets.lost,
        max_gap_ms = record.packets.max_gap_ms,
        skipped_ticks = record.skipped_ticks,
        lost_permille = record.quality.map(|quality| quality.lost_permille),
        late_permille = record.quality.map(|quality| quality.late_permille),
        concealed_permille = record.quality.map(|quality| quality.concealed_permille),
        jitter_ms = record.quality.map(|quality| quality.jitter_ms),
        round_trip_ms = record.quality.and_then(|quality| quality.round_trip_ms),
        mos_tenths = record.quality.map(|quality| quality.mos_tenths),
        srtp = record.encryption.map(|encryption| encryption.suite.name()),
        packets_unauthentic = record.encryption.map(|encryption| encryption.rejected.unauthentic),
        packets_replayed = record.encryption.map(|encryption| encryption.rejected.replayed),
        far_lost_permille = far.map(|far| far.lost_permille),
        far_jitter_ms = far.map(|far| far.jitter_ms),
        far_mos_tenths = far.map(|far| far.mos_tenths),
        "call ended"
    );
}

/// A source that was refused, once a minute at most: `packaging/fail2ban` reads this line. The address of an attacker on
/// the network is no caller's data.
pub fn source_refused(report: &Report) {
    let (cause, count) = (report.cause.as_str(), report.count);
    match report.source {
        Some(source) => tracing::warn!(target: "allo_mairie::security", %source, cause, count, "SIP request refused"),
        None => tracing::warn!(target: "allo_mairie::security", count, "SIP requests refused from too many sources"),
    }
}

/// A switchboard has begun to answer, or no longer does: once a change. Its URI names no person.
pub fn switchboard(uri: &str, state: Reachability) {
    match state {
        Reachability::Reachable => tracing::info!(switchboard = uri, "the switchboard answers"),
        Reachability::Unreachable => tracing::warn!(switchboard = uri, "the switchboard does not answer"),
        Reachability::Unknown => {}
    }
}

/// The journal as the configuration wants it, for this writer. `written`: a filter in `tracing`'s syntax, which wins
/// over the configured level.
///
/// # Errors
/// [`TelemetryError::Filter`] when `written` is none.
pub fn subscriber<W>(
    log: &LogConfig,
    written: Option<&str>,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let text = match written.map(str::trim) {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => default_filter(log.level),
    };
    let filter = EnvFilter::try_new(&text).map_err(|source| TelemetryError::Filter { value: text, source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(builder.with_ansi(colours).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_span_list(false).finish()),
    })
}

fn default_filter(level: LevelFilter) -> String {
    // More is more verbose in LevelFilter's order: libraries never say more than we do.
    let libraries = level.min(LevelFilter::WARN);
    let ours = TARGETS.map(|target| format!("{target}={level}"));
    format!("{libraries},{}", ours.join(","))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::call::Encryption;
    use crate::call::Outcome;
    use crate::config::Config;
    use crate::dialogue::Note;
    use crate::rtp::srtp::{Rejected, Suite};
    use crate::rtp::{Counters, FarQuality, Quality};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when `work` runs under this configuration.
    fn written(format: LogFormat, filter: Option<&str>, work: impl FnOnce()) -> String {
        let log = LogConfig { format, ..Config::default().log };
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(&log, filter, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_closing_line_is_one_json_object_with_every_number() {
        let record = Record {
            outcome: Outcome::Transferred,
            duration: Duration::from_millis(61_000),
            greeting_after: Some(Duration::from_millis(40)),
            replies: [[300, 400, 412], [310, 320, 530]]
                .map(|parts| parts.map(Duration::from_millis))
                .map(|[turn_ended, words_known, first_packet]| Reply { turn_ended, words_known, first_packet })
                .to_vec(),
            notes: vec![
                Note::Topic("cni_passeport/prix".into()),
                Note::NotUnderstood,
                Note::Topic("dechets/encombrants".into()),
                Note::Escalated,
            ],
            transfers: 1,
            moves: 2,
            diverted: true,
            release: Some(16),
            turns: 3,
            keys: 1,
            interruptions: 2,
            covers: 1,
            longest_gap: Duration::from_millis(340),
            packets: Counters { sent: 3050, received: 3000, lost: 3, max_gap_ms: 45 },
            skipped_ticks: 1,
            quality: Some(Quality {
                lost_permille: 3,
                late_permille: 2,
                concealed_permille: 7,
                jitter_ms: 4,
                round_trip_ms: Some(31),
                mos_tenths: 43,
                far: Some(FarQuality { lost_permille: 5, jitter_ms: 6, mos_tenths: 42 }),
                ..Quality::default()
            }),
            encryption: Some(Encryption {
                suite: Suite::AeadAes128Gcm,
                rejected: Rejected { unauthentic: 2, replayed: 1 },
            }),
        };
        let text = written(LogFormat::Json, None, || {
            let span = tracing::info_span!("call", id = 7);
            span.in_scope(|| call_ended(&record));
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let mut line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert!(line.remove("timestamp").is_some());
        let expected = serde_json::json!({
            "level": "INFO", "target": "call", "message": "call ended", "span": {"name": "call", "id": 7},
            "outcome": "transferred", "duration_ms": 61_000, "greeting_ms": 40,
            "turn_ends_ms": "300,310", "words_ms": "400,320", "replies_ms": "412,530",
            "topics": "cni_passeport/prix,dechets/encombrants", "decisions": "not_understood,escalated",
            "not_understood": 1, "transfers": 1, "moves": 2, "diverted": true, "release": 16, "turns": 3, "keys": 1,
            "interruptions": 2, "covers": 1, "longest_gap_ms": 340,
            "packets_sent": 3050, "packets_received": 3000, "packets_lost": 3, "max_gap_ms": 45,
            "skipped_ticks": 1, "lost_permille": 3, "late_permille": 2, "concealed_permille": 7, "jitter_ms": 4, "round_trip_ms": 31, "mos_tenths": 43,
            "far_lost_permille": 5, "far_jitter_ms": 6, "far_mos_tenths": 42,
            "srtp": "AEAD_AES_128_GCM", "packets_unauthentic": 2, "packets_replayed": 1,
        });
        assert_eq!(serde_json::Value::Object(line), expected);
    }

    #[test]
    fn libraries_stay_quiet_unless_asked() {
        let speak = || {
            tracing::info!(target: "some_library", "from a library");
            tracing::info!("from us");
            tracing::debug!("details");
        };
        let usual = written(LogFormat::Text, None, speak);
        assert!(
            usual.contains("from us") && !usual.contains("from a library") && !usual.contains("details"),
            "{usual}"
        );
        let asked = written(LogFormat::Text, Some("some_library=info"), speak);
        assert!(asked.contains("from a library") && !asked.contains("from us"), "{asked}");
        assert_eq!(written(LogFormat::Text, Some("  "), speak).lines().count(), 1);
    }

    #[test]
    fn personal_fields_are_left_out_unless_allowed() {
        let speak = || tracing::info!(number = personal("0612345678"), keys = 3, "digits typed");
        let kept_out = written(LogFormat::Json, None, speak);
        assert!(kept_out.contains("digits typed") && kept_out.contains("keys"), "{kept_out}");
        assert!(!kept_out.contains("0612345678"), "{kept_out}");
        PERSONAL.store(true, Ordering::Relaxed);
        let allowed = written(LogFormat::Json, None, speak);
        PERSONAL.store(false, Ordering::Relaxed);
        assert!(allowed.contains("0612345678"), "{allowed}");
    }

    /// What fail2ban's expressions find in a line: its `<HOST>`.
    fn banned(line: &str) -> Option<String> {
        let filter = include_str!("../packaging/fail2ban/filter.d/allo-mairie.conf");
        let (_, rest) = filter.split_once("failregex = ").unwrap();
        let expressions = rest.lines().take_while(|line| !line.trim().is_empty());
        expressions
            .map(|e| regex::Regex::new(&e.trim().replace("<HOST>", r"(?P<host>[0-9a-fA-F:.]+)")).unwrap())
            .find_map(|e| Some(e.captures(line.trim_end())?["host"].to_owned()))
    }

    #[test]
    fn fail2ban_finds_refused_sources_and_nothing_else() {
        use crate::sip::Cause;
        for format in [LogFormat::Text, LogFormat::Json] {
            for (source, cause) in [("192.0.2.1", Cause::Network), ("2001:db8::1", Cause::Credentials)] {
                let report = Report { source: Some(source.parse().unwrap()), cause, count: 3 };
                let line = written(format, None, || source_refused(&report));
                assert_eq!(banned(&line).as_deref(), Some(source), "{line}");
            }
            let unnamed = Report { source: None, cause: Cause::Network, count: 3 };
            let other = || {
                source_refused(&unnamed);
                tracing::warn!(source = "192.0.2.1", "something else");
            };
            let lines = written(format, None, other);
            assert_eq!(lines.lines().count(), 2);
            assert!(lines.lines().all(|line| banned(line).is_none()), "{lines}");
        }
    }

    #[test]
    fn a_wrong_filter_is_explained() {
        let Err(error) = subscriber(&Config::default().log, Some("allo=loud=x"), io::stderr, false) else {
            panic!("accepted")
        };
        assert!(error.to_string().contains("Remède"), "{error}");
    }

    #[test]
    fn libraries_never_say_more_than_we_do() {
        assert_eq!(default_filter(LevelFilter::ERROR), "error,allo_mairie=error,call=error,store=error");
        assert_eq!(default_filter(LevelFilter::DEBUG), "warn,allo_mairie=debug,call=debug,store=debug");
    }
}
