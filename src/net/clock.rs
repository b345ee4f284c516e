//! The clock. Everything else is told the time.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

/// Monotonic time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Monotonic time of a moment that has just passed, given by the kernel's wall clock as the time since 1970. A second ago
/// at most: that clock may be set.
pub(super) fn monotonic(since_epoch: Duration) -> Instant {
    let (now, now_since_epoch) = (now(), timestamp().as_nanosecond());
    let ago = now_since_epoch.saturating_sub(i128::try_from(since_epoch.as_nanos()).unwrap_or(i128::MAX));
    let ago = Duration::from_nanos(ago.clamp(0, 1_000_000_000) as u64);
    now.checked_sub(ago).unwrap_or(now)
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
