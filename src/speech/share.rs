//! How an engine's thread shares the processor with the rest of the process.
//!
//! whisper.cpp's threads wait for each other spinning: beside an equal competitor for a core a recognition takes three
//! times as long, beside a nicer one a quarter more. What no caller is waiting for in silence steps back.

/// About a tenth of the weight of a usual thread (sched(7)).
const NICENESS: i32 = 10;

/// From now on this thread, and each it starts, gives way to whatever else wants to run. (On Linux a nice value belongs
/// to a thread, and new threads inherit it.)
pub fn step_back() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "a worker keeps its priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_itself_and_its_children_step_back() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let (own, child) = std::thread::spawn(|| {
            step_back();
            let own = rustix::process::getpriority_process(None).unwrap();
            let child = std::thread::spawn(|| rustix::process::getpriority_process(None).unwrap());
            (own, child.join().unwrap())
        })
        .join()
        .unwrap();
        assert_eq!((own, child), ((before + NICENESS).min(19), own));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
