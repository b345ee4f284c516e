//! The few threads that calls run on, and the grid of 20 ms that wakes them.
//!
//! Owns: which call sits where, the timer. Must not know: packets, what a call does when it is woken.
//!
//! A call sits on one thread for its whole life, in one of the twenty milliseconds of that thread's grid: the thread wakes
//! once for all calls of a millisecond, and calls are spread so that as few as possible are due together. Each is a task of
//! the thread's own runtime: no other thread is woken, nothing is stolen, and a panic ends one task.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tracing::{debug, error};

use super::{NetError, now};

/// One millisecond of the grid each.
const SLOTS: usize = 20;
/// More threads would only wait for each other: one carries some thousand calls.
const MOST_THREADS: usize = 8;
/// A late packet is heard, a late sentence hardly: these threads go before all others where the system lets them
/// (CAP_SYS_NICE, or LimitNICE= of systemd).
const NICENESS: i32 = -10;
/// What is woken with a shorter slice than what runs goes first: the shortest there is, since Linux 6.12; asked for in vain
/// before. Everybody may ask. Measured without CAP_SYS_NICE, with 1,000 calls beside two threads that always compute: p99
/// of the deviation 39 ms; 4.1 ms with the slice; 1.8 ms when those stay behind as well (`speech::share`).
const SLICE_NS: u64 = 100_000;

/// Threads for calls; they end when this is dropped.
pub struct MediaThreads {
    threads: Vec<MediaThread>,
}

struct MediaThread {
    runtime: Handle,
    grid: Arc<Grid>,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl MediaThreads {
    /// One for each processor, eight at most.
    pub fn start() -> Result<Self, NetError> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let threads = (0..count).map(MediaThread::start).collect::<io::Result<Vec<_>>>();
        Ok(Self { threads: threads.map_err(NetError::Threads)? })
    }

    /// A place for a call, where there is most room. `None` only when there are no threads.
    pub fn seat(&self) -> Option<Seat> {
        let thread = self.threads.iter().min_by_key(|thread| thread.grid.seats())?;
        Some(thread.grid.clone().take_seat(thread.runtime.clone()))
    }
}

impl MediaThread {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let (stop, stopped) = oneshot::channel();
        let grid = Arc::new(Grid::new(now()));
        let timer = {
            let _inside = runtime.enter();
            Timer::new()?
        };
        let thread = Self { runtime: runtime.handle().clone(), grid: grid.clone(), _stop: stop };
        thread::Builder::new().name(format!("media-{number}")).spawn(move || {
            take_precedence();
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    Err(error) = grid.beat(timer) => error!(%error, "a thread of calls has lost its timer"),
                }
            });
        })?;
        Ok(thread)
    }
}

/// For this thread; where it is refused, calls share the processor with everything else.
fn take_precedence() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        debug!(%error, "a thread of calls has no precedence");
    }
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: rustix::process::getpriority_process(None).unwrap_or(0),
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: sched_setattr(2) only reads the structure, whose size it is told; 0 is the calling thread.
    if unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) } != 0 {
        debug!(error = %io::Error::last_os_error(), "a thread of calls keeps its time slice");
    }
}

/// Who is to be woken when.
struct Grid {
    origin: Instant,
    slots: Mutex<[Slot; SLOTS]>,
    /// Rings when the first seat is taken.
    occupied: Notify,
}

#[derive(Default)]
struct Slot {
    seats: usize,
    /// Turns so far.
    turn: u64,
    /// One a seat, at most.
    waiting: Vec<Waker>,
}

impl Grid {
    fn new(origin: Instant) -> Self {
        Self { origin, slots: Mutex::default(), occupied: Notify::new() }
    }

    fn slots(&self) -> MutexGuard<'_, [Slot; SLOTS]> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> usize {
        self.slots().iter().map(|slot| slot.seats).sum()
    }

    fn take_seat(self: Arc<Self>, runtime: Handle) -> Seat {
        let mut slots = self.slots();
        let index = (0..SLOTS).min_by_key(|index| slots[*index].seats).unwrap_or(0);
        slots[index].seats += 1;
        let seen = slots[index].turn;
        drop(slots);
        self.occupied.notify_one();
        Seat { grid: self, runtime, index, seen, waiting: None }
    }

    /// Wakes the calls of each millisecond, for ever.
    async fn beat(&self, timer: Timer) -> io::Result<std::convert::Infallible> {
        let mut woken = Vec::new();
        // Milliseconds since the origin.
        let mut next = 0_u64;
        loop {
            let Some(due) = self.next_occupied(next) else {
                self.occupied.notified().await;
                continue;
            };
            // Turns that have passed already are passed over: a call counts them by the clock.
            let late = now().saturating_duration_since(self.at(due));
            let due = due + late.as_millis() as u64 / SLOTS as u64 * SLOTS as u64;
            timer.wait_until(self.at(due)).await?;
            {
                let slot = &mut self.slots()[due as usize % SLOTS];
                slot.turn += 1;
                std::mem::swap(&mut slot.waiting, &mut woken);
            }
            woken.drain(..).for_each(Waker::wake);
            next = due + 1;
        }
    }

    fn next_occupied(&self, from: u64) -> Option<u64> {
        let slots = self.slots();
        (from..from + SLOTS as u64).find(|at| slots[*at as usize % SLOTS].seats > 0)
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.origin + Duration::from_millis(milliseconds)
    }
}

/// The kernel's timer as a file, exact where a runtime's own timers count whole milliseconds.
struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // SAFETY: the descriptor is owned, given away here and closed with what holds it, never before.
        Ok(Self(unsafe { AsyncFd::register(timer) }?))
    }

    /// Lets the other tasks of the thread run in any case.
    async fn wait_until(&self, at: Instant) -> io::Result<()> {
        let ahead = at.saturating_duration_since(now());
        if ahead.is_zero() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        // Setting it forgets expirations not read.
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec { tv_sec: ahead.as_secs() as i64, tv_nsec: ahead.subsec_nanos().into() },
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}

/// One call's place on a thread and in its grid. Dropping it gives the place back.
pub struct Seat {
    grid: Arc<Grid>,
    runtime: Handle,
    index: usize,
    seen: u64,
    /// The turn waited for already.
    waiting: Option<u64>,
}

impl Seat {
    /// Where the call's task is to run.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// A point of the call's grid of 20 ms.
    pub fn phase(&self) -> Instant {
        self.grid.at(self.index as u64)
    }

    /// Waits for the next point of the grid. Cancel-safe; to be waited for in one task only.
    pub async fn tick(&mut self) {
        poll_fn(|context| {
            let slot = &mut self.grid.slots()[self.index];
            if slot.turn != self.seen {
                self.seen = slot.turn;
                return Poll::Ready(());
            }
            if self.waiting != Some(slot.turn) {
                self.waiting = Some(slot.turn);
                slot.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.grid.slots()[self.index].seats -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(20);

    #[test]
    fn calls_are_spread_over_threads_and_the_grid() {
        let threads = MediaThreads::start().unwrap();
        let count = threads.threads.len();
        let mut seats: Vec<Seat> = (0..2 * SLOTS * count).filter_map(|_| threads.seat()).collect();
        let occupied = || -> Vec<usize> {
            threads.threads.iter().flat_map(|thread| thread.grid.slots().each_ref().map(|slot| slot.seats)).collect()
        };
        assert_eq!(occupied(), vec![2; SLOTS * count]);
        // A place given back is the next one taken.
        let (index, grid) = (seats[7].index, seats[7].grid.clone());
        drop(seats.swap_remove(7));
        let next = threads.seat().unwrap();
        assert!(next.index == index && Arc::ptr_eq(&next.grid, &grid));
        drop((seats, next));
        assert_eq!(occupied(), vec![0; SLOTS * count]);
    }

    #[tokio::test]
    async fn each_call_is_woken_on_its_own_grid() {
        let threads = MediaThreads::start().unwrap();
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let mut seat = threads.seat().unwrap();
            let thread = seat.runtime().clone();
            let call = async move {
                let mut early = 0;
                let mut turns = std::collections::HashSet::new();
                for _ in 0..10 {
                    seat.tick().await;
                    let since = now().checked_duration_since(seat.phase()).unwrap_or_default();
                    // Late on a busy machine, never early: each point of the grid wakes once.
                    early += u32::from(!turns.insert(since.as_nanos() / TICK.as_nanos()));
                }
                early
            };
            calls.spawn_on(call, &thread);
        }
        let early: Vec<u32> = calls.join_all().await;
        // Woken late, a call may see two points of the grid within 20 ms; not as a rule.
        assert!(early.iter().sum::<u32>() <= 30, "{early:?}");
    }

    #[tokio::test]
    async fn a_panic_ends_one_call_and_no_other() {
        let threads = MediaThreads::start().unwrap();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..40 {
            let mut seat = threads.seat().unwrap();
            let thread = seat.runtime().clone();
            calls.spawn_on(
                async move {
                    seat.tick().await;
                    assert!(number % 2 == 0, "a call that fails");
                    seat.tick().await;
                    seat.tick().await;
                },
                &thread,
            );
        }
        let (mut ended, mut failed) = (0, 0);
        while let Some(outcome) = calls.join_next().await {
            match outcome {
                Ok(()) => ended += 1,
                Err(error) => failed += u32::from(error.is_panic()),
            }
        }
        assert_eq!((ended, failed), (20, 20));
        assert!(threads.threads.iter().all(|thread| thread.grid.seats() == 0), "their places are free again");
    }

    #[tokio::test]
    async fn an_idle_thread_wakes_for_the_first_call() {
        let threads = MediaThreads::start().unwrap();
        for _ in 0..2 {
            let mut seat = threads.seat().unwrap();
            let thread = seat.runtime().clone();
            thread.spawn(async move { seat.tick().await }).await.unwrap();
        }
    }
}
