//! What every store must do, whatever it is built on. Only [`Fixture`] knows which one is tried.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abide_model::Hash;
use abide_model::id::SessionId;
use abide_store::{Append, Blob, Filter, Key, Line, NewSession, Options, Snapshot, Store, StoreError};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

struct Fixture {
    dir: TempDir,
    runtime: Runtime,
    store: Store,
}

impl Fixture {
    fn new() -> Fixture {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap().store;
        Fixture { dir, runtime: Runtime::new().unwrap(), store }
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn append(&self, append: Append) -> Result<u64, StoreError> {
        self.run(self.store.append(append))
    }

    fn records(&self, session: SessionId) -> Vec<Vec<u8>> {
        self.run(self.store.read(session)).unwrap().unwrap().records
    }

    fn reopen(&mut self) {
        self.store.close();
        self.store = Store::open(self.dir.path(), Options::default()).unwrap().store;
    }

    fn lines(&self, range: (i64, i64)) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        self.run(self.store.lines(range, |page| bodies.extend(page.into_iter().map(|line| line.body))))
            .unwrap();
        bodies
    }

    fn listed(&self, filter: Filter, limit: usize) -> Vec<u128> {
        let found = self.run(self.store.sessions(filter, limit)).unwrap();
        found.into_iter().map(|listed| listed.session.0).collect()
    }
}

fn step(session: u128, expect: u64, records: &[&str]) -> Append {
    Append {
        session: SessionId(session),
        expect,
        records: records.iter().map(|record| record.as_bytes().to_vec()).collect(),
        open: false,
        durable: false,
        at_ms: 1_000 + i64::try_from(expect).unwrap(),
        lines: Vec::new(),
        blobs: Vec::new(),
        snapshot: None,
        first: (expect == 0).then(|| NewSession { owner: "ann".to_owned(), named: true }),
    }
}

fn blob(body: &str, content: bool) -> Blob {
    Blob { hash: Hash::of(body.as_bytes()), body: body.as_bytes().to_vec(), content }
}

#[test]
fn what_was_appended_is_read_back_in_order() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.append(step(1, 0, &["a", "b"])), Ok(2));
    assert_eq!(fixture.append(step(1, 2, &["", "ccc"])), Ok(4));
    for _ in 0..2 {
        let journal = fixture.run(fixture.store.read(SessionId(1))).unwrap().unwrap();
        assert_eq!(
            (journal.owner.as_str(), journal.named, journal.head, journal.open),
            ("ann", true, 4, false)
        );
        assert_eq!((journal.created_ms, journal.changed_ms), (1_000, 1_002));
        assert_eq!(journal.records, [&b"a"[..], b"b", b"", b"ccc"]);
        fixture.reopen();
    }
    assert_eq!(fixture.run(fixture.store.read(SessionId(2))), Ok(None));
}

#[test]
fn a_step_that_does_not_follow_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new();
    let session = SessionId(1);
    let conflict = |expected, head| Err(StoreError::Conflict { session, expected, head });
    assert_eq!(fixture.append(step(1, 3, &["x"])), conflict(3, 0));
    assert_eq!(fixture.append(step(1, 0, &["a"])), Ok(1));
    assert_eq!(fixture.append(step(1, 0, &["x"])), conflict(0, 1));
    let mut late = step(1, 0, &["x"]);
    late.lines.push(Line { at_ms: 5, body: b"never".to_vec() });
    late.blobs.push(blob("never", true));
    assert_eq!(fixture.append(late), conflict(0, 1));
    assert_eq!(fixture.records(session), [b"a"]);
    assert_eq!(fixture.lines((0, 10)), Vec::<Vec<u8>>::new());
    assert_eq!(fixture.run(fixture.store.blobs(&[Hash::of(b"never")])), Ok(vec![None]));
}

#[test]
fn of_many_that_race_for_one_place_exactly_one_wins() {
    let fixture = Fixture::new();
    fixture.append(step(1, 0, &["a"])).unwrap();
    let won = fixture.run(async {
        let mut racers = JoinSet::new();
        for n in 0..64 {
            let store = fixture.store.clone();
            racers.spawn(async move { store.append(step(1, 1, &[&format!("racer {n}")])).await });
            let store = fixture.store.clone();
            racers.spawn(async move { store.append(step(100 + n, 0, &["neighbour"])).await });
        }
        racers.join_all().await.into_iter().filter(|answer| *answer == Ok(2)).count()
    });
    assert_eq!(won, 1);
    assert_eq!(fixture.records(SessionId(1)).len(), 2);
    assert_eq!(fixture.listed(Filter::default(), 100).len(), 65);
}

#[test]
fn a_snapshot_takes_the_place_of_what_it_contains() {
    let mut fixture = Fixture::new();
    fixture.append(step(1, 0, &["a", "b"])).unwrap();
    let mut third = step(1, 2, &["c", "d"]);
    third.snapshot = Some(Snapshot { seq: 3, body: b"a to c".to_vec() });
    fixture.append(third).unwrap();
    fixture.append(step(1, 4, &["e"])).unwrap();
    for _ in 0..2 {
        let journal = fixture.run(fixture.store.read(SessionId(1))).unwrap().unwrap();
        assert_eq!(journal.snapshot, Some(Snapshot { seq: 3, body: b"a to c".to_vec() }));
        assert_eq!((journal.first(), journal.records), (4, vec![b"d".to_vec(), b"e".to_vec()]));
        let all = fixture.run(fixture.store.read_from(SessionId(1), 2)).unwrap().unwrap();
        assert_eq!(all, [b"b", b"c", b"d", b"e"]);
        fixture.reopen();
    }
    let mut later = step(1, 5, &["f"]);
    later.snapshot = Some(Snapshot { seq: 6, body: b"a to f".to_vec() });
    fixture.append(later).unwrap();
    assert!(fixture.records(SessionId(1)).is_empty());
}

#[test]
fn reading_from_beyond_the_end_gives_nothing() {
    let fixture = Fixture::new();
    fixture.append(step(1, 0, &["a"])).unwrap();
    assert_eq!(fixture.run(fixture.store.read_from(SessionId(1), 2)), Ok(Some(Vec::new())));
    assert_eq!(fixture.run(fixture.store.read_from(SessionId(9), 1)), Ok(None));
}

#[test]
fn a_blob_lives_once() {
    let fixture = Fixture::new();
    let (hash, missing) = (Hash::of(b"long prompt"), Hash::of(b"missing"));
    for n in 1..3 {
        let mut append = step(n, 0, &["a"]);
        append.blobs.push(blob("long prompt", n == 1));
        fixture.append(append).unwrap();
    }
    let bodies = fixture.run(fixture.store.blobs(&[missing, hash, hash])).unwrap();
    assert_eq!(bodies, [None, Some(b"long prompt".to_vec()), Some(b"long prompt".to_vec())]);
}

#[test]
fn sessions_are_listed_newest_first_a_page_at_a_time() {
    let mut fixture = Fixture::new();
    for n in 1..=6 {
        let mut append = step(n, 0, &["a"]);
        let owner = if n % 2 == 0 { "ann" } else { "ben" }.to_owned();
        append.first = Some(NewSession { owner, named: n != 4 });
        fixture.append(append).unwrap();
        if n == 3 {
            fixture.reopen();
        }
    }
    for _ in 0..2 {
        let ann = || Some("ann".to_owned());
        assert_eq!(fixture.listed(Filter::default(), 10), [6, 5, 3, 2, 1]);
        assert_eq!(fixture.listed(Filter { unnamed: true, ..Filter::default() }, 10), [6, 5, 4, 3, 2, 1]);
        assert_eq!(fixture.listed(Filter { owner: ann(), ..Filter::default() }, 10), [6, 2]);
        assert_eq!(fixture.listed(Filter { owner: ann(), unnamed: true, before: None }, 2), [6, 4]);
        assert_eq!(fixture.listed(Filter { before: Some(SessionId(5)), ..Filter::default() }, 2), [3, 2]);
        fixture.reopen();
    }
}

#[test]
fn sessions_at_work_are_found_again_and_finished_ones_are_not() {
    let mut fixture = Fixture::new();
    for n in 1..=3 {
        fixture.append(Append { open: true, ..step(n, 0, &["a"]) }).unwrap();
    }
    fixture.append(step(2, 1, &["b"])).unwrap();
    let open = |fixture: &Fixture| fixture.run(fixture.store.unfinished()).unwrap();
    assert_eq!(open(&fixture), [SessionId(1), SessionId(3)]);
    fixture.reopen();
    assert_eq!(open(&fixture), [SessionId(1), SessionId(3)]);
    fixture.append(step(3, 1, &["b"])).unwrap();
    assert_eq!(open(&fixture), [SessionId(1)]);
    fixture.reopen();
    assert_eq!(open(&fixture), [SessionId(1)]);
}

#[test]
fn an_erased_session_is_gone_for_good_and_its_lines_stay() {
    let mut fixture = Fixture::new();
    for expect in 0..1_500 {
        let mut append = step(1, expect, &["something private"]);
        append.lines.push(Line { at_ms: 7, body: b"line".to_vec() });
        append.snapshot = Some(Snapshot { seq: expect + 1, body: b"something private".to_vec() });
        fixture.append(append).unwrap();
    }
    fixture.append(step(2, 0, &["kept"])).unwrap();
    assert_eq!(fixture.run(fixture.store.erase(SessionId(1))), Ok(true));
    assert_eq!(fixture.run(fixture.store.erase(SessionId(1))), Ok(false));
    for _ in 0..2 {
        assert_eq!(fixture.run(fixture.store.read(SessionId(1))), Ok(None));
        assert_eq!(fixture.listed(Filter::default(), 10), [2]);
        assert_eq!(fixture.append(step(1, 0, &["x"])), Err(StoreError::Erased { session: SessionId(1) }));
        assert_eq!(fixture.lines((0, 10)).len(), 1_500);
        assert_eq!(fixture.records(SessionId(2)), [b"kept"]);
        fixture.reopen();
    }
    assert_eq!(words(&fixture, &["something private", "kept"]), [false, true]);
}

#[test]
fn erasing_takes_content_along_that_no_other_session_carried() {
    let mut fixture = Fixture::new();
    let long = |word: &str| format!("{word} ").repeat(4_000);
    let (own, shared, plan) = (long("own"), long("shared"), long("plan"));
    let bodies = [(&own, true), (&shared, true), (&plan, false)];
    let mut first = step(1, 0, &["a"]);
    first.blobs.extend(bodies.map(|(body, content)| blob(body, content)));
    fixture.append(first).unwrap();
    let mut again = step(1, 1, &["b"]);
    again.blobs.push(blob(&own, true));
    fixture.append(again).unwrap();
    let mut other = step(2, 0, &["a"]);
    other.blobs.push(blob(&shared, true));
    fixture.append(other).unwrap();

    let hashes = bodies.map(|(body, _)| Hash::of(body.as_bytes()));
    let found = |fixture: &Fixture| -> Vec<bool> {
        let found = fixture.run(fixture.store.blobs(&hashes)).unwrap();
        found.iter().map(Option::is_some).collect()
    };
    for (session, left) in [(1, [false, true, true]), (2, [false, false, true])] {
        assert_eq!(fixture.run(fixture.store.erase(SessionId(session))), Ok(true));
        assert_eq!(found(&fixture), left);
        fixture.reopen();
        assert_eq!(found(&fixture), left);
    }
    let mut anew = step(3, 0, &["a"]);
    anew.blobs.push(blob(&own, true));
    fixture.append(anew).unwrap();
    assert_eq!(found(&fixture), [true, false, true]);
    fixture.run(fixture.store.erase(SessionId(3))).unwrap();
    assert_eq!(words(&fixture, &["own own", "shared shared", "plan plan"]), [false, false, true]);
}

/// Neighbours share rows, and each is cut out of them alone.
#[test]
fn many_erased_at_once_leave_others_of_the_same_rows_whole() {
    let mut fixture = Fixture::new();
    fixture.run(async {
        let mut writers = JoinSet::new();
        for n in 0..600 {
            let (store, word) = (fixture.store.clone(), if n % 3 == 0 { "private" } else { "public" });
            writers.spawn(async move { store.append(step(n, 0, &[word])).await.unwrap() });
        }
        writers.join_all().await;
        let mut erasures = JoinSet::new();
        for n in (0..600).step_by(3) {
            let store = fixture.store.clone();
            erasures.spawn(async move { store.erase(SessionId(n)).await });
        }
        assert!(erasures.join_all().await.iter().all(|erased| *erased == Ok(true)));
    });
    for _ in 0..2 {
        let left: Vec<u128> = (0..600).rev().filter(|n| n % 3 != 0).collect();
        assert_eq!(fixture.listed(Filter::default(), 1_000), left);
        for n in 0..600 {
            let records = if n % 3 == 0 { Vec::new() } else { vec![b"public".to_vec()] };
            let journal = fixture.run(fixture.store.read(SessionId(n))).unwrap();
            assert_eq!(journal.map_or_else(Vec::new, |journal| journal.records), records);
        }
        fixture.reopen();
    }
    assert_eq!(words(&fixture, &["private", "public"]), [false, true]);
}

#[test]
fn erasing_leaves_nothing_of_large_snapshots_that_others_took_the_place_of() {
    let fixture = Fixture::new();
    for (expect, word) in ["first", "second", "third"].into_iter().enumerate() {
        let mut append = step(1, expect as u64, &["a"]);
        append.snapshot =
            Some(Snapshot { seq: expect as u64 + 1, body: format!("{word} ").repeat(20_000).into_bytes() });
        fixture.append(append).unwrap();
    }
    fixture.run(fixture.store.erase(SessionId(1))).unwrap();
    assert_eq!(words(&fixture, &["first first", "second second", "third third"]), [false; 3]);
}

#[test]
fn a_body_that_is_not_content_everywhere_stays() {
    let fixture = Fixture::new();
    for (session, content) in [(1, true), (2, false), (3, true)] {
        let mut append = step(session, 0, &["a"]);
        append.blobs.push(blob("both", content));
        fixture.append(append).unwrap();
    }
    for session in 1..=3 {
        fixture.run(fixture.store.erase(SessionId(session))).unwrap();
    }
    let left = fixture.run(fixture.store.blobs(&[Hash::of(b"both")])).unwrap();
    assert_eq!(left, [Some(b"both".to_vec())]);
}

/// Which of the words stand anywhere in the files of the store, once it is closed.
fn words(fixture: &Fixture, words: &[&str]) -> Vec<bool> {
    fixture.store.close();
    let files = std::fs::read_dir(fixture.dir.path()).unwrap();
    let files: Vec<Vec<u8>> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let stands = |word: &&str| {
        files.iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    words.iter().map(stands).collect()
}

#[test]
fn a_key_is_found_by_its_hash_until_and_after_it_is_revoked() {
    let fixture = Fixture::new();
    let key = Key {
        id: "k1".to_owned(),
        name: "team".to_owned(),
        hash: Hash::of(b"secret"),
        body: b"scopes".to_vec(),
        created_ms: 5,
        revoked_ms: None,
    };
    let before = fixture.run(fixture.store.keys_version()).unwrap();
    fixture.run(fixture.store.key_insert(key.clone())).unwrap();
    assert_eq!(
        fixture.run(fixture.store.key_insert(key.clone())),
        Err(StoreError::KeyExists { id: "k1".to_owned() })
    );
    assert_eq!(fixture.run(fixture.store.key(key.hash)), Ok(Some(key.clone())));
    assert_eq!(fixture.run(fixture.store.key(Hash::of(b"guess"))), Ok(None));
    assert_eq!(fixture.run(fixture.store.key_revoke("k1", 9)), Ok(true));
    assert_eq!(fixture.run(fixture.store.key_revoke("k1", 10)), Ok(false));
    assert_eq!(fixture.run(fixture.store.key_revoke("k2", 10)), Ok(false));
    assert_eq!(fixture.run(fixture.store.keys()), Ok(vec![Key { revoked_ms: Some(9), ..key }]));
    assert!(fixture.run(fixture.store.keys_version()).unwrap() > before);
}

#[test]
fn too_much_in_one_step_is_refused_before_it_is_written() {
    let fixture = Fixture::new();
    let mut append = step(1, 0, &[]);
    append.records = vec![vec![0; abide_store::append::APPEND_BYTES_MAX]];
    let bytes = append.bytes();
    let limit = abide_store::append::APPEND_BYTES_MAX;
    assert_eq!(fixture.append(append), Err(StoreError::TooLarge { bytes, limit }));
    assert_eq!(fixture.run(fixture.store.read(SessionId(1))), Ok(None));
}

#[test]
fn a_large_step_gets_its_turn_among_many_small_ones() {
    let fixture = Fixture::new();
    fixture.run(async {
        let mut small = JoinSet::new();
        for session in 1..=40 {
            let store = fixture.store.clone();
            small.spawn(async move {
                for expect in 0.. {
                    let mut append = step(session, expect, &[]);
                    append.records = vec![vec![0; 20_000]];
                    store.append(append).await.unwrap();
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut large = step(1_000, 0, &[]);
        large.records = vec![vec![0; 10 << 20]];
        let kept = tokio::time::timeout(Duration::from_secs(10), fixture.store.append(large)).await;
        assert_eq!(kept, Ok(Ok(1)));
    });
}

#[test]
fn steps_that_wait_for_the_disk_and_steps_that_do_not_keep_their_order() {
    let mut fixture = Fixture::new();
    fixture.run(async {
        let mut writers = JoinSet::new();
        for n in 0..32 {
            let store = fixture.store.clone();
            writers.spawn(async move {
                for expect in 0..40 {
                    let durable = (u64::from(n % 3 == 0) + expect) % 2 == 0;
                    let append = Append { durable, ..step(u128::from(n as u32), expect, &["a"]) };
                    assert_eq!(store.append(append).await, Ok(expect + 1));
                }
            });
        }
        writers.join_all().await;
    });
    let stats = fixture.store.stats();
    assert_eq!((stats.appends, stats.appends_failed), (32 * 40, 0));
    assert!(stats.syncs > 0 && stats.syncs <= stats.appends_durable, "{stats:?}");
    for _ in 0..2 {
        assert!((0..32).all(|n| fixture.records(SessionId(n)).len() == 40));
        fixture.reopen();
    }
}

#[test]
fn whoever_waits_when_the_store_is_closed_is_answered_with_what_is_true() {
    let mut fixture = Fixture::new();
    let answers = fixture.run(async {
        let mut writers = JoinSet::new();
        for n in 0..200 {
            let store = fixture.store.clone();
            writers.spawn(
                async move { (n, store.append(Append { durable: true, ..step(n, 0, &["a"]) }).await) },
            );
        }
        let mut answers = vec![writers.join_next().await.unwrap().unwrap()];
        fixture.store.close();
        answers.extend(writers.join_all().await);
        answers
    });
    fixture.reopen();
    for (n, answer) in answers {
        let kept = fixture.run(fixture.store.read(SessionId(n))).unwrap().is_some();
        assert_eq!(answer, if kept { Ok(1) } else { Err(StoreError::Closed) });
    }
}

#[test]
fn a_closed_store_refuses_what_comes_later() {
    let fixture = Fixture::new();
    fixture.store.close();
    assert_eq!(fixture.append(step(1, 0, &["a"])), Err(StoreError::Closed));
    assert_eq!(fixture.run(fixture.store.read(SessionId(1))), Err(StoreError::Closed));
    assert_eq!(fixture.run(fixture.store.erase(SessionId(1))), Err(StoreError::Closed));
}

#[test]
fn what_is_kept_in_memory_does_not_grow_with_the_sessions() {
    let mut fixture = Fixture::new();
    fixture.run(async {
        let mut writers = JoinSet::new();
        for n in 0..12_000 {
            let store = fixture.store.clone();
            writers.spawn(async move { store.append(step(n, 0, &["a"])).await.unwrap() });
        }
        writers.join_all().await;
    });
    let stats = fixture.store.stats();
    assert_eq!((stats.appends, stats.appends_failed, stats.appends_durable), (12_000, 0, 0));
    let all: Vec<u128> = (0..12_000).rev().collect();
    for _ in 0..2 {
        assert_eq!(fixture.listed(Filter::default(), 20_000), all);
        assert_eq!(fixture.store.stats().appends_behind, 0);
        fixture.reopen();
    }
}

#[test]
fn steps_whose_callers_went_away_are_whole_or_absent() {
    let fixture = Fixture::new();
    fixture.run(async {
        for n in 0..200 {
            let store = fixture.store.clone();
            let task = tokio::spawn(async move { store.append(step(n, 0, &["a", "b"])).await });
            tokio::task::yield_now().await;
            task.abort();
        }
    });
    fixture.append(step(1_000, 0, &["after"])).unwrap();
    for session in fixture.listed(Filter::default(), 1_000) {
        let records = fixture.records(SessionId(session));
        assert!(records == [b"a", b"b"] || records == [b"after"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lines_are_found_by_time_wherever_the_clock_went(
        posted in prop::collection::vec((0_i64..20, 0_i64..3_600_000, any::<bool>()), 1..60),
        from in -1_i64..21,
        hours in 0_i64..21,
        cut in 0_i64..3_600_000,
    ) {
        const HOUR_MS: i64 = 3_600_000;
        let mut fixture = Fixture::new();
        let mut model: BTreeMap<u64, i64> = BTreeMap::new();
        for (n, (hour, ms, reopen)) in posted.into_iter().enumerate() {
            let mut append = step(n as u128, 0, &["a"]);
            append.lines.push(Line { at_ms: hour * HOUR_MS + ms, body: vec![n as u8] });
            fixture.append(append).unwrap();
            model.insert(n as u64, hour * HOUR_MS + ms);
            if reopen && n % 8 == 0 {
                fixture.reopen();
            }
        }
        let range = (from * HOUR_MS + cut, (from + hours) * HOUR_MS + cut);
        let expected: Vec<Vec<u8>> =
            model.into_iter().filter(|(_, at)| (range.0..range.1).contains(at)).map(|(n, _)| vec![n as u8]).collect();
        prop_assert_eq!(fixture.lines(range), expected);
    }
}
