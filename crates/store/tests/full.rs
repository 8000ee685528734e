//! No room: nothing that was answered is lost, and the store works again when there is room.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use abide_model::Hash;
use abide_model::id::SessionId;
use abide_store::{Append, Blob, Line, NewSession, Options, Store, StoreError};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const RECORD_BYTES: usize = 20_000;

fn step(session: u128, expect: u64, durable: bool) -> Append {
    Append {
        session: SessionId(session),
        expect,
        records: vec![vec![expect as u8; RECORD_BYTES]],
        open: false,
        durable,
        at_ms: 1,
        lines: vec![Line { at_ms: 1, body: vec![expect as u8] }],
        blobs: Vec::new(),
        snapshot: None,
        first: (expect == 0).then(|| NewSession { owner: "ann".to_owned(), named: true }),
    }
}

/// Appends to four sessions at once until each is refused; returns how far each came.
async fn fill(store: &Store, from: u64) -> Vec<(u128, u64)> {
    let mut writers = JoinSet::new();
    for session in 1..=4 {
        let store = store.clone();
        writers.spawn(async move {
            let mut head = from;
            loop {
                match store.append(step(session, head, session % 2 == 0)).await {
                    Ok(next) => head = next,
                    Err(error) => {
                        assert!(matches!(error, StoreError::Full { .. }), "{error}");
                        return (session, head);
                    }
                }
            }
        });
    }
    writers.join_all().await
}

async fn lines(store: &Store) -> u64 {
    let mut lines = 0;
    store.lines((0, 2), |page| lines += page.len() as u64).await.unwrap();
    lines
}

/// What was answered last may stand in the log only, for which there is always room: reading it has to wait until
/// there is some in the tables too.
async fn check_refused(store: &Store) {
    assert!(matches!(store.read(SessionId(1)).await, Ok(Some(_)) | Err(StoreError::Full { .. })));
}

/// Everything answered is there, once, and nothing else.
async fn check(store: &Store, heads: &[(u128, u64)]) {
    for (session, head) in heads {
        let journal = store.read(SessionId(*session)).await.unwrap();
        let records = journal.map_or_else(Vec::new, |journal| journal.records);
        let kept: Vec<u8> = records.iter().map(|record| record[0]).collect();
        assert_eq!(kept, (0..*head).map(|n| n as u8).collect::<Vec<_>>());
    }
    assert_eq!(lines(store).await, heads.iter().map(|(_, head)| head).sum::<u64>());
}

#[test]
fn a_file_at_its_limit_refuses_keeps_and_goes_on_after_an_erasure() {
    let dir = TempDir::new().unwrap();
    let options = Options { file_bytes_max: Some(64 << 20), ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap().store;
    Runtime::new().unwrap().block_on(async {
        let heads = fill(&store, 0).await;
        assert!(heads.iter().map(|(_, head)| head).sum::<u64>() > 100);
        check_refused(&store).await;
        assert!(store.erase(SessionId(1)).await.unwrap());
        store.append(step(9, 0, true)).await.unwrap();
        let (_, head) = heads.iter().find(|(session, _)| *session == 2).unwrap();
        assert_eq!(store.append(step(2, *head, true)).await, Ok(head + 1));
        store.close();

        let store = Store::open(dir.path(), options).unwrap().store;
        assert_eq!(store.read(SessionId(2)).await.unwrap().unwrap().head, head + 1);
        assert_eq!(store.read(SessionId(9)).await.unwrap().unwrap().head, 1);
    });
}

/// New sessions of one step each, until one is refused; returns how many were kept.
async fn fill_with_new(store: &Store) -> u128 {
    for session in 1.. {
        match store.append(step(session, 0, false)).await {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error, StoreError::Full { .. }), "{error}");
                return session - 1;
            }
        }
    }
    unreachable!("a file has a limit")
}

/// The last ones stand in the log alone, and cannot be erased before there is room; others can be read and erased,
/// and whoever erases too little is told so.
#[test]
fn at_its_limit_a_store_reads_erases_closes_and_opens() {
    let dir = TempDir::new().unwrap();
    let options = Options { file_bytes_max: Some(16 << 20), ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap().store;
    let runtime = Runtime::new().unwrap();
    let last = runtime.block_on(async {
        let (hash, body) = (Hash::of(b"body"), b"body".to_vec());
        let blob = Blob { hash, body: body.clone(), content: false };
        store.append(Append { blobs: vec![blob], ..step(u128::MAX >> 1, 0, true) }).await.unwrap();
        assert_eq!(store.blobs(&[hash]).await, Ok(vec![Some(body.clone())]));
        let last = fill_with_new(&store).await;
        assert_eq!(store.blobs(&[hash]).await, Ok(vec![Some(body)]));
        let missing = store.blobs(&[Hash::of(b"another")]).await;
        assert!(matches!(missing, Err(StoreError::Full { .. })), "{missing:?}");
        assert_eq!(store.read(SessionId(1)).await.unwrap().unwrap().head, 1);
        let refused = [store.read(SessionId(last)).await.err(), store.erase(SessionId(last)).await.err()];
        assert!(refused.iter().all(|error| matches!(error, Some(StoreError::Full { .. }))), "{refused:?}");
        assert!(matches!(store.erase(SessionId(1)).await, Err(StoreError::Full { .. })));
        assert_eq!(store.read(SessionId(1)).await, Ok(None));
        last
    });
    let began = Instant::now();
    store.close();
    assert!(began.elapsed() < Duration::from_secs(5));

    let store = Store::open(dir.path(), options).unwrap().store;
    runtime.block_on(async {
        assert_eq!(store.read(SessionId(1)).await, Ok(None));
        for session in 2..=last {
            assert_eq!(store.read(SessionId(session)).await.unwrap().unwrap().head, 1, "{session}");
        }
        for session in 2..=last / 8 {
            assert_eq!(store.erase(SessionId(session)).await, Ok(true));
        }
        store.append(step(last + 1, 0, true)).await.unwrap();
        assert_eq!(lines(&store).await, last as u64 + 2);
    });
}

/// Needs to mount, and says so where it may not.
#[test]
fn a_full_disk_refuses_keeps_and_goes_on_when_there_is_room() {
    let dir = TempDir::new().unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(dir.path()).output();
    if !mount.is_ok_and(|done| done.status.success()) {
        eprintln!("not tried: this user cannot mount");
        return;
    }
    let tried = std::panic::catch_unwind(|| on_small_disk(dir.path()));
    assert!(Command::new("umount").arg(dir.path()).status().unwrap().success());
    tried.unwrap();
}

fn on_small_disk(dir: &Path) {
    let store = dir.join("store");
    fs::write(dir.join("ballast"), vec![0; 40 << 20]).unwrap();
    let runtime = Runtime::new().unwrap();
    let heads = runtime.block_on(async {
        let store = Store::open(&store, Options::default()).unwrap().store;
        let mut heads = fill(&store, 0).await;
        check_refused(&store).await;
        fs::remove_file(dir.join("ballast")).unwrap();
        for (session, head) in &mut heads {
            *head = store.append(step(*session, *head, true)).await.unwrap();
        }
        check(&store, &heads).await;
        heads
    });
    runtime.block_on(async {
        let store = Store::open(&store, Options::default()).unwrap().store;
        check(&store, &heads).await;
    });
    fs::write(dir.join("ballast"), vec![0; 60 << 20]).unwrap_err();
    let refused = Store::open(&dir.join("another"), Options::default()).unwrap_err();
    assert_eq!(refused.code(), "store_full", "{refused}");
}
