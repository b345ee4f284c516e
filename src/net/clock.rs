//! The clock. Everything else is told the time.

use std::time::Instant;

use jiff::tz::TimeZone;

/// Monotonic time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Local wall-clock time in the town's zone, for opening hours and records.
pub fn local_time(zone: &TimeZone) -> jiff::Zoned {
    timestamp().to_zoned(zone.clone())
}

/// Wall-clock time, for records.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn timestamp() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Completes at `deadline`; never when there is none.
pub async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
