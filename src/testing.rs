//! Helpers shared by unit tests: the origin of virtual time.

use std::time::Instant;

/// The moment virtual time starts at; tests only ever add durations to it.
#[expect(clippy::disallowed_methods, reason = "std offers no other way to obtain an Instant; tests only add to it")]
pub fn epoch() -> Instant {
    Instant::now()
}
