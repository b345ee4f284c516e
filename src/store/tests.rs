use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::call::{Outcome, Reply};
use crate::dialogue::Note;
use crate::rtp::{Counters, FarQuality, Quality};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOON: &str = "2026-12-05T12:00:00Z";

fn request(kind: &str, fields: Vec<(String, String)>) -> Request {
    Request { kind: kind.into(), fields }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("new/store.sqlite")
    }

    fn open(&self, now: &str) -> Store {
        Store::open(&self.path(), 30, at(now)).unwrap()
    }
}

fn all(store: &Store) -> Vec<StoredRequest> {
    store.requests(Filter::All).unwrap().wait().unwrap()
}

#[test]
fn a_request_comes_back_as_it_was_left_even_after_reopening() {
    let fixture = Fixture::new();
    let given = fields(&[("nom", "Le Goff"), ("numéro", "06 12 34 56 78"), ("moment", "le matin")]);
    let store = fixture.open(NOON);
    let id = store.try_save_request(request("demande de rappel", given.clone()), at(NOON)).unwrap().wait().unwrap();
    drop(store);

    let expected =
        StoredRequest { id, kind: "demande de rappel".into(), fields: given, at: at(NOON), handled_at: None };
    assert_eq!(all(&fixture.open(NOON)), [expected]);
}

#[test]
fn what_was_queued_is_written_before_the_store_closes() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    for number in 0..100 {
        store.save_request(request("r", fields(&[("n", &number.to_string())])), at(NOON));
    }
    drop(store);
    let values: Vec<String> = all(&fixture.open(NOON)).into_iter().map(|request| request.fields[0].1.clone()).collect();
    assert_eq!(values, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn requests_are_filtered_and_marked_once() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let save =
        |kind: &str, time: &str| store.try_save_request(request(kind, Vec::new()), at(time)).unwrap().wait().unwrap();
    let first = save("a", "2026-12-04T09:00:00Z");
    let second = save("b", "2026-12-05T09:00:00Z");
    assert!(store.mark_handled(first, at("2026-12-05T10:00:00Z")).unwrap().wait().unwrap());
    assert!(store.mark_handled(first, at("2026-12-06T10:00:00Z")).unwrap().wait().unwrap());
    assert!(!store.mark_handled(999, at(NOON)).unwrap().wait().unwrap());

    let ids = |filter| -> Vec<i64> {
        store.requests(filter).unwrap().wait().unwrap().into_iter().map(|request| request.id).collect()
    };
    assert_eq!(ids(Filter::All), [first, second]);
    assert_eq!(ids(Filter::Unhandled), [second]);
    assert_eq!(ids(Filter::Since(at("2026-12-05T00:00:00Z"))), [second]);
    assert_eq!(all(&store)[0].handled_at, Some(at("2026-12-05T10:00:00Z")));
}

#[test]
fn what_is_older_than_the_retention_goes_for_good() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let secret = "zzz-an-old-name-zzz";
    let old = store
        .try_save_request(request("a", fields(&[("nom", secret)])), at("2026-11-05T11:59:59Z"))
        .unwrap()
        .wait()
        .unwrap();
    let kept = store.try_save_request(request("b", Vec::new()), at("2026-11-05T12:00:00Z")).unwrap().wait().unwrap();
    store.try_save_call(&Record::default(), at("2026-10-01T00:00:00Z")).unwrap().wait().unwrap();

    assert_eq!(store.try_purge(at(NOON)).unwrap().wait().unwrap(), Purged { requests: 1, calls: 1 });
    assert_eq!(all(&store).iter().map(|request| request.id).collect::<Vec<_>>(), [kept]);
    for name in ["store.sqlite", "store.sqlite-wal"] {
        let bytes = std::fs::read(fixture.path().with_file_name(name)).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{name} still holds it");
    }
    let next = store.try_save_request(request("c", Vec::new()), at(NOON)).unwrap().wait().unwrap();
    assert!(next > old && next > kept);
    drop(store);

    let much_later = fixture.open("2027-06-01T00:00:00Z");
    assert_eq!(all(&much_later), []);
    let fresh =
        much_later.try_save_request(request("d", Vec::new()), at("2027-06-01T00:00:00Z")).unwrap().wait().unwrap();
    assert!(fresh > next, "numbers are never given twice");
}

#[test]
fn call_records_are_kept_without_a_word_of_the_caller() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let record = Record {
        outcome: Outcome::Transferred,
        duration: Duration::from_millis(61_000),
        replies: [412, 530].map(|ms| Reply { first_packet: Duration::from_millis(ms), ..Reply::default() }).to_vec(),
        notes: vec![
            Note::Topic("cni_passeport/prix".into()),
            Note::NotUnderstood,
            Note::TransferFailed(486),
            Note::RequestSaved("demande de rappel".into()),
        ],
        transfers: 1,
        turns: 2,
        packets: Counters { sent: u64::MAX, received: 3000, lost: 2, max_gap_ms: 45 },
        quality: Some(Quality {
            lost_permille: 12,
            concealed_permille: 15,
            jitter_ms: 7,
            round_trip_ms: Some(31),
            mos_tenths: 41,
            far: Some(FarQuality { lost_permille: 3, jitter_ms: 2, mos_tenths: 43 }),
            ..Quality::default()
        }),
        ..Record::default()
    };
    store.try_save_call(&record, at(NOON)).unwrap().wait().unwrap();
    drop(store);
    let connection = Connection::open(fixture.path()).unwrap();
    let row: String = connection
        .query_row(
            "SELECT concat_ws(' ', started_at, duration_ms, outcome, topics, decisions, not_understood, turns, replies_ms,
                              packets_sent, packets_received, packets_lost, max_gap_ms, lost_permille, concealed_permille, jitter_ms,
                              round_trip_ms, mos_tenths, far_lost_permille, far_jitter_ms, far_mos_tenths) FROM call
             WHERE greeting_ms IS NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(
        row,
        "1796472000000 61000 transferred [\"cni_passeport/prix\"] \
         [\"not_understood\",\"transfer_failed_486\",\"request_saved\"] 1 2 [412,530] 9223372036854775807 3000 2 45 12 15 7 31 41 3 2 43"
    );
}

#[test]
fn nobody_else_may_read_the_file() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    store.try_save_request(request("a", Vec::new()), at(NOON)).unwrap().wait().unwrap();
    let mode =
        |name: &str| std::fs::metadata(fixture.path().with_file_name(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("store.sqlite"), mode("store.sqlite-wal")), (0o600, 0o600));
    assert_eq!(mode("../new"), 0o700);
    drop(store);
    std::fs::set_permissions(fixture.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(fixture.open(NOON));
    assert_eq!(mode("store.sqlite"), 0o600);
}

#[test]
fn a_full_queue_is_told_at_once() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let (release, gate) = sync_channel::<()>(1);
    let (entered, inside) = sync_channel::<()>(1);
    let blocked = store
        .submit(move |_| {
            entered.send(()).unwrap();
            gate.recv().unwrap();
            Ok(())
        })
        .unwrap();
    inside.recv().unwrap();
    let queued: Vec<_> =
        (0..QUEUE).map(|_| store.try_save_request(request("a", Vec::new()), at(NOON)).unwrap()).collect();
    assert!(matches!(store.try_save_request(request("a", Vec::new()), at(NOON)), Err(StoreError::Busy)));
    release.send(()).unwrap();
    blocked.wait().unwrap();
    for pending in queued {
        pending.wait().unwrap();
    }
    assert_eq!(all(&store).len(), QUEUE);
}

#[test]
fn what_a_caller_can_store_is_bounded() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let many = vec![("n".to_owned(), "é".repeat(MAX_FIELD_CHARS + 1)); MAX_FIELDS + 1];
    store.try_save_request(request("a", many), at(NOON)).unwrap().wait().unwrap();
    let stored = &all(&store)[0].fields;
    assert_eq!(stored.len(), MAX_FIELDS);
    assert_eq!(stored[0].1.chars().count(), MAX_FIELD_CHARS);
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str| Store::open(&directory.path().join(name), 30, at(NOON)).map(|_| ());

    std::fs::write(directory.path().join("text"), "a letter, long enough to be no empty database ".repeat(30)).unwrap();
    assert!(matches!(open("text"), Err(StoreError::Open { .. })));

    let other = Connection::open(directory.path().join("other")).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    std::fs::set_permissions(directory.path().join("other"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(open("other"), Err(StoreError::Foreign { .. })));
    assert_eq!(std::fs::metadata(directory.path().join("other")).unwrap().permissions().mode() & 0o777, 0o644);

    let newer = Connection::open(directory.path().join("newer")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(open("newer"), Err(StoreError::Newer { found: 99, .. })));

    std::fs::write(directory.path().join("file"), "x").unwrap();
    let error = open("file/below.sqlite").unwrap_err();
    assert!(matches!(error, StoreError::Create { .. }));
    assert!(error.to_string().contains("Remède"), "{error}");
}

#[test]
fn two_processes_may_use_the_file() {
    let fixture = Fixture::new();
    let service = fixture.open(NOON);
    let tool = fixture.open(NOON);
    let id = service.try_save_request(request("a", Vec::new()), at(NOON)).unwrap().wait().unwrap();
    assert!(tool.mark_handled(id, at(NOON)).unwrap().wait().unwrap());
    assert_eq!(service.requests(Filter::Unhandled).unwrap().wait().unwrap(), []);
}

#[tokio::test]
async fn results_can_be_awaited() {
    let fixture = Fixture::new();
    let store = fixture.open(NOON);
    let id = store.try_save_request(request("a", Vec::new()), at(NOON)).unwrap().outcome().await.unwrap();
    assert_eq!(id, 1);
}

#[test]
fn a_base_of_the_first_version_keeps_its_calls_and_takes_new_ones() {
    let fixture = Fixture::new();
    std::fs::create_dir_all(fixture.path().parent().unwrap()).unwrap();
    let first = Connection::open(fixture.path()).unwrap();
    first.execute_batch(schema::MIGRATIONS[0]).unwrap();
    let columns =
        "started_at, duration_ms, outcome, topics, decisions, not_understood, transfers, turns, keys, interruptions,
                   replies_ms, packets_sent, packets_received, packets_lost, max_gap_ms";
    let started = at(NOON).as_millisecond();
    first
        .execute_batch(&format!(
            "PRAGMA user_version = 1;
             INSERT INTO call ({columns}) VALUES ({started}, 1, 'lost', '[]', '[]', 0, 0, 0, 0, 0, '[]', 5, 6, 7, 8);"
        ))
        .unwrap();
    drop(first);
    let store = fixture.open(NOON);
    store
        .try_save_call(&Record { quality: Some(Quality::default()), ..Record::default() }, at(NOON))
        .unwrap()
        .wait()
        .unwrap();
    drop(store);
    let connection = Connection::open(fixture.path()).unwrap();
    let rows: String = connection
        .query_row("SELECT group_concat(concat_ws(' ', outcome, packets_sent, mos_tenths)) FROM call", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, "lost 5,failed 0 0");
}
