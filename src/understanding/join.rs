//! Parts of a training that need nothing of each other.
//!
//! The judges are taught from the same sentences but not from one another. Whoever has threads may teach them at the same time;
//! what they learn is the same.

/// Does two things.
pub trait Join: Sync {
    fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B);
}

/// One after the other.
#[derive(Debug, Clone, Copy)]
pub struct InTurn;

impl Join for InTurn {
    fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        (a(), b())
    }
}
