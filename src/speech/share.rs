//! How an engine's thread shares the processor with the rest of the process.
//!
//! whisper.cpp's threads wait for each other spinning: beside an equal competitor for a core a recognition takes three
//! times as long, beside a nicer one a quarter more. What no caller is waiting for in silence steps back. And what somebody
//! does wait for is still behind the calls themselves (`net::MediaThreads`): their packets need little and need it at once.
//!
//! On Linux a nice value belongs to a thread, and new threads inherit it. Each step of 5 is a third of the weight (sched(7)).

/// A third of the weight of the threads that serve calls.
const BEHIND_CALLS: i32 = 5;
/// A tenth of that.
const YIELDING: i32 = 15;

/// From now on this thread, and each it starts, lets the threads of calls go first.
pub fn stay_behind_calls() {
    give_way(BEHIND_CALLS);
}

/// From now on this thread, and each it starts, gives way to whatever else wants to run.
pub fn step_back() {
    give_way(YIELDING);
}

fn give_way(niceness: i32) {
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::debug!(%error, "a worker keeps its priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_itself_and_its_children_give_way() {
        let before = rustix::process::getpriority_process(None).unwrap();
        for (give_way, niceness) in [(stay_behind_calls as fn(), BEHIND_CALLS), (step_back, YIELDING)] {
            let (own, child) = std::thread::spawn(move || {
                give_way();
                let own = rustix::process::getpriority_process(None).unwrap();
                let child = std::thread::spawn(|| rustix::process::getpriority_process(None).unwrap());
                (own, child.join().unwrap())
            })
            .join()
            .unwrap();
            assert_eq!((own, child), ((before + niceness).min(19), own));
        }
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
