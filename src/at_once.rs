//! Two things at the same time, on two threads. An edge of the house: the pure core asks for it by [`Join`].

use crate::understanding::Join;

/// The first here, the second on a thread of its own.
#[derive(Debug, Clone, Copy)]
pub struct AtOnce;

impl Join for AtOnce {
    fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        std::thread::scope(|scope| {
            let second = scope.spawn(b);
            let first = a();
            // A thread that panicked takes the program with it, as it would have without threads.
            (first, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn both_are_done_at_the_same_time() {
        let barrier = Barrier::new(2);
        let meet = |result: u8| {
            barrier.wait();
            result
        };
        assert_eq!(AtOnce.both(|| meet(1), || meet(2)), (1, 2));
    }
}
