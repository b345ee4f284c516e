//! Memory that the preparation has used and does not need any more.
//!
//! Reading models and training leave a hundred megabytes free between what is kept, which the allocator would hold on to for as
//! long as the service runs.

/// Gives it back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    // SAFETY: malloc_trim(3) takes no pointer and may be called at any time from any thread.
    let given = unsafe { libc::malloc_trim(0) };
    tracing::debug!(given = given == 1, "memory of the preparation given back");
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
