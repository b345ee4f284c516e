//! Queue, bound, abandonment, panics and hanging engines, with scripted engines.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::*;
use crate::speech::fake::{Answer, ScriptedRecogniser};

fn utterance(marker: i16) -> Utterance {
    Utterance { samples: vec![marker; 160].into(), rate: 8_000, language: "fr".to_owned(), ..Utterance::default() }
}

fn pool(workers: usize, queue: usize, recogniser: &ScriptedRecogniser) -> RecogniserPool {
    let made = recogniser.clone();
    RecogniserPool::start(workers, queue, move || Ok(Box::new(made.clone()))).expect("pool")
}

fn markers(recogniser: &ScriptedRecogniser) -> Vec<i16> {
    recogniser.received().iter().map(|utterance| utterance.samples[0]).collect()
}

#[test]
fn utterances_are_recognised_in_order() {
    let recogniser = ScriptedRecogniser::new([Answer::Heard("bonjour", 0.9), Answer::Heard("au revoir", 0.8)]);
    let pool = pool(1, 4, &recogniser);
    let first = pool.submit(utterance(1)).expect("room");
    let second = pool.submit(utterance(2)).expect("room");
    assert_eq!(second.wait().expect("heard").text, "au revoir");
    assert_eq!(first.wait().expect("heard").text, "bonjour");
    assert_eq!(markers(&recogniser), [1, 2]);
}

#[tokio::test]
async fn a_ticket_is_a_future() {
    let recogniser = ScriptedRecogniser::new([Answer::Heard("bonjour", 0.9)]);
    let ticket = pool(1, 1, &recogniser).submit(utterance(1));
    // The pool is gone when the ticket is awaited: either it was answered before, or the ticket says so.
    match ticket.expect("room").await {
        Ok(transcript) => assert_eq!(transcript.text, "bonjour"),
        Err(error) => assert!(matches!(error, SpeechError::Engine { engine: RECOGNISER, .. }), "{error}"),
    }
    let pool = pool(1, 1, &ScriptedRecogniser::new([Answer::Heard("oui", 1.0)]));
    assert_eq!(pool.submit(utterance(1)).expect("room").await.expect("heard").text, "oui");
    assert_eq!(Ticket::done(3).await, Ok(3));
}

#[test]
fn a_full_queue_refuses_and_an_abandoned_job_makes_room() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless]);
    let pool = pool(1, 2, &recogniser);
    let running = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    let overtaken = pool.submit(utterance(2)).expect("room");
    let _kept = pool.submit(utterance(3)).expect("room");
    assert_eq!(pool.backlog(), 3);
    let refused = pool.submit(utterance(4)).expect_err("the queue holds two");
    assert_eq!(refused, SpeechError::Busy { engine: RECOGNISER });

    drop(overtaken);
    assert_eq!(pool.backlog(), 2);
    let last = pool.submit(utterance(5)).expect("room again");
    drop(running);
    assert_eq!(last.wait(), Ok(Transcript::default()));
    assert_eq!(markers(&recogniser), [1, 3, 5], "the abandoned job was skipped");
}

#[test]
fn dropping_the_ticket_stops_running_work() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless, Answer::Heard("ensuite", 0.7)]);
    let pool = pool(1, 2, &recogniser);
    let endless = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    drop(endless);
    assert_eq!(pool.submit(utterance(2)).expect("room").wait().expect("heard").text, "ensuite");
}

#[test]
fn a_panic_costs_one_answer_only() {
    let recogniser = ScriptedRecogniser::new([Answer::Panics, Answer::Heard("encore là", 0.9)]);
    let made = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (count, source) = (made.clone(), recogniser.clone());
    let pool = RecogniserPool::start(1, 4, move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(source.clone()))
    })
    .expect("pool");
    let lost = pool.submit(utterance(1)).expect("room");
    let next = pool.submit(utterance(2)).expect("room");
    assert!(matches!(lost.wait(), Err(SpeechError::Engine { engine: RECOGNISER, .. })));
    assert_eq!(next.wait().expect("heard").text, "encore là");
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn an_engine_that_cannot_be_made_again_is_tried_at_each_job() {
    let recogniser = ScriptedRecogniser::new([Answer::Panics, Answer::Heard("revenu", 0.9)]);
    let made = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let broken = SpeechError::Engine { engine: RECOGNISER, detail: "no memory".to_owned() };
    let (count, source, error) = (made, recogniser, broken.clone());
    let pool = RecogniserPool::start(1, 4, move || match count.fetch_add(1, Ordering::SeqCst) {
        // The first engine, and the one of the third job.
        0 | 3 => Ok(Box::new(source.clone()) as Box<dyn Recogniser>),
        _ => Err(error.clone()),
    })
    .expect("pool");
    let answers: Vec<_> = (0..3).map(|n| pool.submit(utterance(n)).expect("room").wait()).collect();
    assert!(matches!(&answers[0], Err(SpeechError::Engine { .. })));
    assert_eq!(answers[1], Err(broken));
    assert_eq!(answers[2].as_ref().map(|heard| heard.text.as_str()), Ok("revenu"));
}

#[test]
fn a_start_without_a_model_fails() {
    let missing = SpeechError::Engine { engine: RECOGNISER, detail: "no such file".to_owned() };
    let error = missing.clone();
    let started = RecogniserPool::start(2, 4, move || Err(error.clone()));
    assert_eq!(started.map(|_| ()), Err(missing));
}

#[test]
fn closing_answers_everybody() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless]);
    let pool = pool(1, 4, &recogniser);
    let running = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    let waiting = pool.submit(utterance(2)).expect("room");
    drop(pool);
    assert_eq!(running.wait(), Err(SpeechError::Abandoned));
    assert!(matches!(waiting.wait(), Err(SpeechError::Engine { .. })));
}

#[test]
fn two_workers_work_at_the_same_time() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless, Answer::Heard("pendant ce temps", 1.0)]);
    let pool = pool(2, 4, &recogniser);
    let endless = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    assert_eq!(pool.submit(utterance(2)).expect("room").wait().expect("heard").text, "pendant ce temps");
    assert_eq!(pool.backlog(), 1);
    drop(endless);
}

#[test]
fn live_work_goes_first() {
    let pool: Pool<Vec<u32>> = Pool::start("list", Share::Full, vec![Vec::new()], 8, || Ok(Vec::new())).expect("pool");
    let (gate, opened) = std::sync::mpsc::sync_channel::<()>(0);
    let (blocked, reply) = Ticket::<()>::pair("list");
    let block = move |_: Result<&mut Vec<u32>, SpeechError>, reply: Reply<()>| {
        let _ = opened.recv();
        reply.send(Ok(()));
    };
    assert!(pool.submit(Urgency::Live, reply, block).is_ok());
    let mut tickets = Vec::new();
    for (number, urgency) in [(1, Urgency::Ahead), (2, Urgency::Live), (3, Urgency::Ahead), (4, Urgency::Live)] {
        let (ticket, reply) = Ticket::<Vec<u32>>::pair("list");
        let note = move |list: Result<&mut Vec<u32>, SpeechError>, reply: Reply<Vec<u32>>| {
            reply.send(list.map(|list| {
                list.push(number);
                list.clone()
            }));
        };
        assert!(pool.submit(urgency, reply, note).is_ok());
        tickets.push(ticket);
    }
    gate.send(()).expect("the worker waits at the gate");
    assert_eq!(blocked.wait(), Ok(()));
    let order = tickets.into_iter().map(|ticket| ticket.wait().expect("list")).max_by_key(Vec::len);
    assert_eq!(order, Some(vec![2, 4, 1, 3]));
}

#[test]
fn who_waits_goes_before_who_pauses() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless]);
    let pool = pool(1, 8, &recogniser);
    let running = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    let tickets: Vec<_> = (2..=4).map(|n| pool.submit(utterance(n)).expect("room")).collect();
    let live = pool.submit_live(utterance(5)).expect("room");
    // The turn of the third has ended since.
    pool.hasten(&tickets[1].claim());
    drop(running);
    for ticket in tickets.into_iter().chain([live]) {
        assert_eq!(ticket.wait(), Ok(Transcript::default()));
    }
    assert_eq!(markers(&recogniser), [1, 5, 3, 2, 4]);
}

#[test]
fn who_waits_takes_the_place_of_who_pauses() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless]);
    let pool = pool(1, 1, &recogniser);
    let running = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    let pausing = pool.submit(utterance(2)).expect("room");
    let live = pool.submit_live(utterance(3)).expect("room for who waits");
    assert_eq!(pausing.wait(), Err(SpeechError::Busy { engine: RECOGNISER }));
    assert!(pool.submit_live(utterance(4)).is_err());
    drop(running);
    assert_eq!(live.wait(), Ok(Transcript::default()));
    assert_eq!(markers(&recogniser), [1, 3]);
}

#[test]
fn the_backlog_is_known_as_time_and_too_much_of_it_is_overload() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless]);
    let pool = pool(1, 8, &recogniser).with_longest_wait(Duration::from_secs(2));
    assert_eq!((pool.status().wait, pool.can_hear_more()), (Duration::ZERO, true));
    let long = || Utterance { samples: vec![1; 8_000 * 10].into(), rate: 8_000, ..Utterance::default() };
    let first = pool.submit(long()).expect("room");
    assert!(recogniser.wait_for(1));
    // A tenth of a second for each, as long as nothing is known of the engine.
    let (second, third) = (pool.submit(long()).expect("room"), pool.submit(long()).expect("room"));
    let status = pool.status();
    assert!(status.wait > Duration::from_secs(2) && status.wait < Duration::from_secs(4), "{status:?}");
    assert!(status.overloaded && !pool.can_hear_more());
    drop(third);
    assert!(pool.status().overloaded, "shorter, but not gone");
    drop(second);
    drop(first);
    assert_eq!(pool.submit(utterance(2)).expect("room").wait(), Ok(Transcript::default()));
    // The worker is done a moment after the answer.
    assert!(becomes(&pool, |status| !status.overloaded) && pool.can_hear_more(), "{:?}", pool.status());
}

/// Patience of 20 ms, so that a hanging engine is noticed in a test.
fn impatient(recogniser: &ScriptedRecogniser) -> RecogniserPool {
    pool(1, 4, recogniser).with_patience(Duration::from_millis(20), Duration::from_millis(20))
}

/// Blocks until the pool is so; false after 10 s.
fn becomes(pool: &RecogniserPool, wanted: impl Fn(PoolStatus) -> bool) -> bool {
    let lasts = crate::testing::epoch() + Duration::from_secs(10);
    while !wanted(pool.status()) {
        if crate::testing::epoch() > lasts {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

fn is_engine_error<T>(result: &Result<T, SpeechError>) -> bool {
    matches!(result, Err(SpeechError::Engine { engine: RECOGNISER, .. }))
}

#[test]
fn work_that_takes_too_long_is_stopped_and_the_engine_kept() {
    let recogniser = ScriptedRecogniser::new([Answer::Endless, Answer::Heard("ensuite", 0.9)]);
    let pool = impatient(&recogniser);
    assert!(is_engine_error(&pool.submit(utterance(1)).expect("room").wait()));
    assert_eq!(pool.submit(utterance(2)).expect("room").wait().expect("heard").text, "ensuite");
    let PoolStatus { workers, lost, restarts, .. } = pool.status();
    assert_eq!((workers, lost, restarts), (1, 0, 0));
}

#[test]
fn an_engine_that_hangs_is_replaced_and_put_away_when_it_comes_back() {
    let recogniser = ScriptedRecogniser::new([Answer::Hangs, Answer::Heard("ensuite", 0.9)]);
    let pool = impatient(&recogniser);
    let (hanging, next) = (pool.submit(utterance(1)).expect("room"), pool.submit(utterance(2)).expect("room"));
    assert!(is_engine_error(&hanging.wait()), "told while it hangs");
    assert_eq!(next.wait().expect("heard").text, "ensuite");
    let PoolStatus { workers, lost, restarts, .. } = pool.status();
    assert_eq!((workers, lost, restarts), (1, 1, 1));
    recogniser.release();
    assert!(becomes(&pool, |status| status.lost == 0), "{:?}", pool.status());
    assert_eq!(pool.submit(utterance(3)).expect("room").wait(), Ok(Transcript::default()));
}

#[test]
fn engines_that_all_hang_are_given_up_until_one_comes_back() {
    let recogniser = ScriptedRecogniser::new([Answer::Hangs, Answer::Hangs, Answer::Hangs]);
    let pool = impatient(&recogniser);
    let tickets: Vec<_> = (1..=4).map(|n| pool.submit(utterance(n)).expect("room")).collect();
    assert!(tickets.into_iter().all(|ticket| is_engine_error(&ticket.wait())), "the fourth never begins");
    let status = pool.status();
    assert_eq!((status.workers, status.lost, status.wait), (0, 3, Duration::MAX));
    assert!(!pool.can_hear_more());
    assert!(pool.submit(utterance(5)).is_err_and(|error| matches!(error, SpeechError::Engine { .. })));
    assert_eq!(markers(&recogniser), [1, 2, 3]);
    recogniser.release();
    assert!(becomes(&pool, |status| (status.workers, status.lost) == (1, 0)), "{:?}", pool.status());
    assert_eq!(pool.submit(utterance(6)).expect("room").wait(), Ok(Transcript::default()));
}

#[test]
fn closing_does_not_wait_for_an_engine_that_hangs_for_ever() {
    let recogniser = ScriptedRecogniser::new([Answer::Hangs]);
    let pool = pool(1, 4, &recogniser);
    let running = pool.submit(utterance(1)).expect("room");
    assert!(recogniser.wait_for(1));
    drop(pool);
    recogniser.release();
    assert_eq!(running.wait(), Ok(Transcript::default()));
}
