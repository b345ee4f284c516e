//! Threads with an engine each, and a watch over them.
//!
//! Owns: threads, what happens when an engine panics or hangs. Must not know: which engine, what for.
//!
//! A job has a time to be done in. When it is over, whoever waits is told, and the engine is asked to stop; when it does not
//! even do that, its thread is given up: a thread can't be ended from outside. Another one takes its seat with a new engine.
//! A thread that was given up and comes back after all leaves, and its engine with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::SpeechError;
use super::super::share::{stay_behind_calls, step_back};
use super::load::{Overload, Speed, remaining};
use super::queue::{Queue, Urgency};
use super::ticket::{Addressee, Claim, Reply};

/// Threads given up at the same time for which another one was started: each holds an engine's memory, and an engine that hangs
/// three times will hang a fourth time.
const MOST_LOST: usize = 2;
/// An engine is made anew within this: a model comes from the disk, on a machine that is busy.
const MAKING: Duration = Duration::from_secs(30);
/// When the pool is closed, how long running work is waited for.
const CLOSING: Duration = Duration::from_secs(3);

/// How a worker shares the processor with the rest of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::speech) enum Share {
    Full,
    /// See [`stay_behind_calls`].
    BehindCalls,
    /// See [`step_back`].
    Yielding,
}

/// What a job asks for.
#[derive(Debug, Clone, Copy)]
pub(in crate::speech) struct Work {
    pub urgency: Urgency,
    /// Seconds of audio: what its time is reckoned by.
    pub size: Duration,
    /// Once begun it is done within this, or the engine is at fault.
    pub patience: Duration,
    /// Asked to stop, the engine does so within this, or it hangs.
    pub grace: Duration,
}

impl From<Urgency> for Work {
    /// Of no size to speak of.
    fn from(urgency: Urgency) -> Self {
        Self { urgency, size: Duration::ZERO, patience: Duration::from_secs(30), grace: Duration::from_secs(30) }
    }
}

/// How a pool is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PoolStatus {
    /// Jobs that wait or run and are still wanted.
    pub backlog: usize,
    /// How long a job that came now would wait for a worker.
    pub wait: Duration,
    /// Threads that can work. Without one, nothing is taken.
    pub workers: usize,
    /// Threads whose engine does not come back.
    pub lost: usize,
    /// Engines made anew since the start, after a panic or for a thread that was lost.
    pub restarts: u64,
    /// The wait has exceeded the longest one, and the backlog is not gone yet.
    pub overloaded: bool,
    /// Seconds of work for a second of audio, of late.
    pub factor: f64,
}

/// What a worker does with its engine, or with the error that left it without one.
type Run<E> = Box<dyn FnOnce(Result<&mut E, SpeechError>) + Send>;

struct Job<E> {
    run: Run<E>,
    to: Arc<dyn Addressee>,
    abandoned: Arc<AtomicBool>,
    work: Work,
}

impl<E> Job<E> {
    fn is_wanted(&self) -> bool {
        !self.abandoned.load(Ordering::Relaxed)
    }
}

/// A place at which one thread works.
struct Seat {
    /// Number of the thread that has it; another thread that thinks so has been given up.
    holder: u64,
    running: Option<Running>,
    /// `None`: nobody sits here.
    thread: Option<JoinHandle<()>>,
}

/// What a worker does now.
struct Running {
    /// `None`: it makes its engine.
    to: Option<Arc<dyn Addressee>>,
    abandoned: Arc<AtomicBool>,
    started: Instant,
    size: Duration,
    /// When the watch looks after it.
    due: Instant,
    grace: Duration,
    /// It was asked to stop, and who waited was told.
    told: bool,
}

struct State<E> {
    queue: Queue<Job<E>>,
    seats: Vec<Seat>,
    /// Number of the thread started last.
    holders: u64,
    lost: usize,
    restarts: u64,
    speed: Speed,
    overload: Option<Overload>,
    /// When the watch looks again by itself.
    watched_at: Option<Instant>,
    closed: bool,
}

impl<E> State<E> {
    fn workers(&self) -> usize {
        self.seats.iter().filter(|seat| seat.thread.is_some()).count()
    }

    /// Until a worker would be free for a job that came now.
    fn wait(&self, now: Instant) -> Duration {
        let running = self.seats.iter().filter(|seat| seat.thread.is_some()).map(|seat| match &seat.running {
            Some(running) => {
                remaining(self.speed.time_for(running.size), now.saturating_duration_since(running.started))
            }
            None => Duration::ZERO,
        });
        let (workers, least, running) = running
            .fold((0, Duration::MAX, Duration::ZERO), |(n, least, sum), left| (n + 1, left.min(least), sum + left));
        match self.queue.len() {
            _ if workers == 0 => Duration::MAX,
            0 => least,
            _ => (running + self.speed.time_for(self.queue.size())) / workers,
        }
    }

    fn take_all(&mut self) -> Vec<Job<E>> {
        self.queue.take_all().collect()
    }
}

struct Shared<E> {
    engine: &'static str,
    share: Share,
    state: Mutex<State<E>>,
    /// There is something to do.
    wake: Condvar,
    /// There is something to look after.
    watch: Condvar,
    /// A thread has left its seat.
    left: Condvar,
    make: Box<dyn Fn() -> Result<E, SpeechError> + Send + Sync>,
}

/// The thread of a seat, as long as the seat agrees.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    holder: u64,
}

impl<E> Shared<E> {
    fn state(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, state: &mut State<E>, index: usize, running: Running) {
        let due = running.due;
        state.seats[index].running = Some(running);
        if state.watched_at.is_none_or(|at| due < at) {
            self.watch.notify_one();
        }
    }

    /// The next job for this thread; `None` when it has to leave.
    fn next(&self, place: Place) -> Option<Job<E>> {
        let mut state = self.state();
        if state.seats[place.index].holder != place.holder {
            return None;
        }
        let done = state.seats[place.index].running.take();
        if let Some(running) = done
            && !running.abandoned.load(Ordering::Relaxed)
        {
            state.speed.learn(running.size, now().saturating_duration_since(running.started));
        }
        loop {
            if state.closed {
                return None;
            }
            state.queue.retain(Job::is_wanted);
            self.assess(&mut state);
            if let Some((_, job)) = state.queue.pop() {
                let started = now();
                let running = Running {
                    to: Some(job.to.clone()),
                    abandoned: job.abandoned.clone(),
                    started,
                    size: job.work.size,
                    due: started + job.work.patience,
                    grace: job.work.grace,
                    told: false,
                };
                self.begin(&mut state, place.index, running);
                return Some(job);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether there is too much work; told when that changes.
    fn assess(&self, state: &mut State<E>) {
        let wait = state.wait(now());
        let Some(change) = state.overload.as_mut().and_then(|overload| overload.update(wait)) else { return };
        let (engine, waiting) = (self.engine, state.queue.len());
        match change {
            true => tracing::warn!(
                engine,
                waiting,
                wait_ms = millis(wait),
                "more work than can be done in time: new calls get the keypad"
            ),
            false => tracing::info!(engine, "the backlog is gone: calls are as always"),
        }
    }

    /// A new engine, or why there is none; watched while it is made.
    fn remake(&self, place: Place) -> Option<E> {
        {
            let mut state = self.state();
            if state.seats[place.index].holder != place.holder || state.closed {
                return None;
            }
            state.restarts += 1;
            let (started, abandoned) = (now(), Arc::new(AtomicBool::new(true)));
            let due = started + MAKING;
            let (size, grace) = (Duration::ZERO, Duration::ZERO);
            self.begin(
                &mut state,
                place.index,
                Running { to: None, abandoned, started, size, due, grace, told: false },
            );
        }
        match catch_unwind(AssertUnwindSafe(|| (self.make)())) {
            Ok(Ok(made)) => Some(made),
            Ok(Err(error)) => {
                tracing::error!(engine = self.engine, %error, "the engine cannot be made; tried again at the next job");
                None
            }
            Err(_) => None,
        }
    }

    /// The life of a worker thread. `engine`: `None` makes one.
    fn work(&self, place: Place, engine: Option<E>) {
        match self.share {
            Share::Full => {}
            Share::BehindCalls => stay_behind_calls(),
            Share::Yielding => step_back(),
        }
        let mut engine = engine.or_else(|| self.remake(place));
        while let Some(job) = self.next(place) {
            let worked = catch_unwind(AssertUnwindSafe(|| match &mut engine {
                Some(engine) => (job.run)(Ok(engine)),
                empty => match (self.make)() {
                    Ok(made) => (job.run)(Ok(empty.insert(made))),
                    Err(error) => (job.run)(Err(error)),
                },
            }));
            if worked.is_err() {
                tracing::error!(engine = self.engine, "the engine panicked and is made anew");
                discard(engine.take());
                engine = self.remake(place);
            }
        }
        discard(engine);
    }
}

/// What is left of an engine may panic once more when it goes.
fn discard<E>(engine: Option<E>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
}

impl<E: Send + 'static> Shared<E> {
    /// Puts a thread on a seat.
    fn staff(self: &Arc<Self>, state: &mut State<E>, index: usize, engine: Option<E>) -> Result<(), SpeechError> {
        state.holders += 1;
        let place = Place { index, holder: state.holders };
        let shared = self.clone();
        let spawned = std::thread::Builder::new().name(format!("{}-{index}", self.engine)).spawn(move || {
            shared.work(place, engine);
            shared.leave(place);
        });
        let seat = &mut state.seats[index];
        (seat.holder, seat.running) = (place.holder, None);
        match spawned {
            Ok(thread) => seat.thread = Some(thread),
            Err(error) => {
                seat.thread = None;
                return Err(SpeechError::Engine { engine: self.engine, detail: error.to_string() });
            }
        }
        Ok(())
    }

    /// A thread's last act. One that was given up makes room for another where a seat is empty.
    fn leave(self: &Arc<Self>, place: Place) {
        let mut state = self.state();
        if state.seats[place.index].holder == place.holder {
            (state.seats[place.index].thread, state.seats[place.index].running) = (None, None);
            self.left.notify_all();
            return;
        }
        state.lost = state.lost.saturating_sub(1);
        if state.closed {
            return;
        }
        tracing::warn!(engine = self.engine, "an engine that was given up has come back and is put away");
        let empty = (0..state.seats.len()).find(|index| state.seats[*index].thread.is_none());
        if let Some(index) = empty
            && let Err(error) = self.staff(&mut state, index, None)
        {
            tracing::error!(engine = self.engine, %error, "no thread for another engine");
        }
    }

    /// Looks after running work until the pool is closed.
    fn keep_watch(self: &Arc<Self>) {
        let mut state = self.state();
        while !state.closed {
            let (now, mut given_up) = (now(), Vec::new());
            for index in 0..state.seats.len() {
                given_up.extend(self.look_after(&mut state, index, now));
            }
            if !given_up.is_empty() {
                drop(state);
                // Outside the lock: what a job holds may close another pool.
                drop(given_up);
                state = self.state();
                continue;
            }
            let next = state.seats.iter().filter_map(|seat| Some(seat.running.as_ref()?.due)).min();
            state.watched_at = next;
            state = match next {
                Some(at) => {
                    let waited = self.watch.wait_timeout(state, at.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.watch.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// A job that takes too long is stopped, an engine that does not stop is replaced. Returns what nobody will do any more.
    fn look_after(self: &Arc<Self>, state: &mut State<E>, index: usize, now: Instant) -> Vec<Job<E>> {
        let engine = self.engine;
        let seat = &mut state.seats[index];
        let Some(running) = seat.running.as_mut().filter(|running| running.due <= now) else { return Vec::new() };
        let after_ms = millis(now.saturating_duration_since(running.started));
        if !std::mem::replace(&mut running.told, true) {
            running.due = now + running.grace;
            // Told before the engine is: it answers at once that the work is abandoned.
            let told = running.to.as_ref().map(|to| {
                to.fail(SpeechError::Engine { engine, detail: "did not answer in time".to_owned() });
            });
            running.abandoned.store(true, Ordering::Relaxed);
            if told.is_some() {
                tracing::error!(engine, after_ms, "the engine takes far too long and is asked to stop");
                return Vec::new();
            }
        }
        tracing::error!(engine, after_ms, "the engine hangs and is replaced");
        // The thread goes on alone: no seat, no handle.
        (seat.holder, seat.running, seat.thread) = (0, None, None);
        state.lost += 1;
        if state.lost > MOST_LOST {
            tracing::error!(engine, lost = state.lost, "engines hang again and again: this one is not replaced");
        } else if let Err(error) = self.staff(state, index, None) {
            tracing::error!(engine, %error, "no thread for another engine");
        }
        if state.workers() > 0 {
            return Vec::new();
        }
        let waiting = state.take_all();
        let detail = "every engine hangs".to_owned();
        waiting.iter().for_each(|job| job.to.fail(SpeechError::Engine { engine, detail: detail.clone() }));
        waiting
    }
}

/// Workers with one engine each. Clones share them; the last one dropped stops them.
pub(in crate::speech) struct Pool<E> {
    shared: Arc<Shared<E>>,
    threads: Arc<Threads<E>>,
}

impl<E> Clone for Pool<E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), threads: self.threads.clone() }
    }
}

struct Threads<E> {
    shared: Arc<Shared<E>>,
    watch: Mutex<Option<JoinHandle<()>>>,
}

impl<E> Drop for Threads<E> {
    /// Abandons all work and waits for the running jobs to notice, as long as that can be expected.
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.shared.state();
            state.closed = true;
            for running in state.seats.iter().filter_map(|seat| seat.running.as_ref()) {
                running.abandoned.store(true, Ordering::Relaxed);
            }
            state.take_all()
        };
        // Outside the lock: what a job holds may close another pool.
        drop(waiting);
        self.shared.wake.notify_all();
        self.shared.watch.notify_all();
        let own = std::thread::current().id();
        let is_other = |seat: &Seat| seat.thread.as_ref().is_some_and(|thread| thread.thread().id() != own);
        let state = self.shared.state();
        let at_work = |state: &mut State<E>| state.seats.iter().any(is_other);
        drop(self.shared.left.wait_timeout_while(state, CLOSING, at_work));
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watch) = watch.filter(|watch| watch.thread().id() != own) {
            // It has just been told to end and does not panic.
            let _ = watch.join();
        }
    }
}

impl<E: Send + 'static> Pool<E> {
    /// One worker for each of `engines`; `bound`: most jobs that may wait. `make` is called again after a panic, and for a
    /// thread that is lost.
    pub(in crate::speech) fn start(
        engine: &'static str,
        share: Share,
        engines: Vec<E>,
        bound: usize,
        make: impl Fn() -> Result<E, SpeechError> + Send + Sync + 'static,
    ) -> Result<Self, SpeechError> {
        let seats = engines.iter().map(|_| Seat { holder: 0, running: None, thread: None }).collect();
        let state = State {
            queue: Queue::new(bound),
            seats,
            holders: 0,
            lost: 0,
            restarts: 0,
            speed: Speed::default(),
            overload: None,
            watched_at: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            engine,
            share,
            state: Mutex::new(state),
            wake: Condvar::new(),
            watch: Condvar::new(),
            left: Condvar::new(),
            make: Box::new(make),
        });
        let threads = Arc::new(Threads { shared: shared.clone(), watch: Mutex::default() });
        for (index, made) in engines.into_iter().enumerate() {
            shared.staff(&mut shared.state(), index, Some(made))?;
        }
        let watching = shared.clone();
        let watch = std::thread::Builder::new()
            .name(format!("{engine}-watch"))
            .spawn(move || watching.keep_watch())
            .map_err(|error| SpeechError::Engine { engine, detail: error.to_string() })?;
        *threads.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
        Ok(Self { shared, threads })
    }

    /// From now on it is told, and known, when a job would wait for longer than this.
    pub(super) fn set_longest_wait(&self, longest: Duration) {
        self.shared.state().overload = Some(Overload::new(longest));
    }

    /// Queues work whose `reply` somebody holds a ticket for. When refused, the reply is given back; when more urgent work
    /// needs its place later, the ticket yields [`SpeechError::Busy`].
    pub(in crate::speech) fn submit<T: Send + 'static>(
        &self,
        work: impl Into<Work>,
        reply: Reply<T>,
        run: impl FnOnce(Result<&mut E, SpeechError>, Reply<T>) + Send + 'static,
    ) -> Result<(), (SpeechError, Reply<T>)> {
        let (work, engine) = (work.into(), self.shared.engine);
        let mut state = self.shared.state();
        if state.workers() == 0 {
            return Err((SpeechError::Engine { engine, detail: "every engine hangs".to_owned() }, reply));
        }
        state.queue.retain(Job::is_wanted);
        if !state.queue.has_room(work.urgency) {
            return Err((SpeechError::Busy { engine }, reply));
        }
        let (abandoned, to) = (reply.abandoned(), reply.addressee());
        let job = Job { run: Box::new(move |engine| run(engine, reply)), to, abandoned, work };
        let displaced = state.queue.push(now(), work.urgency, work.size, job);
        self.shared.assess(&mut state);
        drop(state);
        self.shared.wake.notify_one();
        if let Some(job) = displaced {
            job.to.fail(SpeechError::Busy { engine });
        }
        Ok(())
    }

    /// Somebody waits for this work now.
    pub(super) fn hasten(&self, claim: &Claim) {
        self.shared.state().queue.hasten(now(), |job| Arc::ptr_eq(&job.abandoned, &claim.0));
    }

    pub(in crate::speech) fn status(&self) -> PoolStatus {
        let mut state = self.shared.state();
        state.queue.retain(Job::is_wanted);
        self.shared.assess(&mut state);
        let at_work = |running: &&Running| running.to.is_some() && !running.abandoned.load(Ordering::Relaxed);
        let running = state.seats.iter().filter_map(|seat| seat.running.as_ref()).filter(at_work).count();
        PoolStatus {
            backlog: state.queue.len() + running,
            wait: state.wait(now()),
            workers: state.workers(),
            lost: state.lost,
            restarts: state.restarts,
            overloaded: state.overload.is_some_and(|overload| overload.is_on()),
            factor: state.speed.factor(),
        }
    }

    /// Jobs that wait or run and are still wanted.
    pub(in crate::speech) fn backlog(&self) -> usize {
        self.status().backlog
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "an engine's edge: measures and watches its work")]
fn now() -> Instant {
    Instant::now()
}
