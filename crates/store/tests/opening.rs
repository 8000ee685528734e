//! A folder that cannot be a store's, and a store that others use at the same time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abide_model::Hash;
use abide_model::id::SessionId;
use abide_store::{Append, Filter, Key, KeyFile, Line, NewSession, OpenError, Options, Reader, Store};
use expect_test::{Expect, expect};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn open(dir: &Path) -> Result<Store, OpenError> {
    Store::open(dir, Options::default()).map(|opened| opened.store)
}

/// What a person reads when `dir` cannot be opened, with the folder's own name left out.
fn check(dir: &TempDir, expected: Expect) {
    let folder = format!("{}/", dir.path().display());
    let say = |error: OpenError| format!("{}: {error}\n", error.code()).replace(&folder, "");
    let server = open(dir.path()).err().map_or_else(|| "opens\n".to_owned(), say);
    let reader = Reader::open(dir.path()).err().map_or_else(|| "opens\n".to_owned(), say);
    expected.assert_eq(&(server + &reader));
}

/// Runs statements on the file of a closed store.
fn sqlite(dir: &TempDir, sql: &str) {
    rusqlite::Connection::open(dir.path().join("abide.db")).unwrap().execute_batch(sql).unwrap();
}

fn step(session: u128, expect: u64) -> Append {
    Append {
        session: SessionId(session),
        expect,
        records: vec![b"record".to_vec()],
        open: true,
        durable: true,
        at_ms: 1,
        lines: vec![Line { at_ms: 1, body: b"line".to_vec() }],
        blobs: Vec::new(),
        snapshot: None,
        first: (expect == 0).then(|| NewSession { owner: "ann".to_owned(), named: true }),
    }
}

fn key(id: &str) -> Key {
    Key {
        id: id.to_owned(),
        name: "team".to_owned(),
        hash: Hash::of(id.as_bytes()),
        body: Vec::new(),
        created_ms: 1,
        revoked_ms: None,
    }
}

#[test]
fn a_text_file_is_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    let text = "my notes\n".repeat(200);
    fs::write(dir.path().join("abide.db"), &text).unwrap();
    check(
        &dir,
        expect![[r#"
            store_not_a_database: `abide.db` is not a store of Abide: it is no database; move it away, or name another folder
            store_not_a_database: `abide.db` is not a store of Abide: it is no database; move it away, or name another folder
        "#]],
    );
    assert_eq!(fs::read_to_string(dir.path().join("abide.db")).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    sqlite(&dir, "CREATE TABLE recipe (title TEXT)");
    let before = fs::read(dir.path().join("abide.db")).unwrap();
    check(
        &dir,
        expect![[r#"
            store_foreign: `abide.db` is a database of another program, not a store of Abide; move it away, or name another folder
            store_foreign: `abide.db` is a database of another program, not a store of Abide; move it away, or name another folder
        "#]],
    );
    assert_eq!(fs::read(dir.path().join("abide.db")).unwrap(), before);
}

#[test]
fn a_store_of_a_newer_abide_is_not_touched() {
    let dir = TempDir::new().unwrap();
    open(dir.path()).unwrap().close();
    sqlite(&dir, "PRAGMA user_version = 7");
    check(
        &dir,
        expect![[r#"
            store_newer: `abide.db` has store format 7, this Abide knows formats up to 5; use a newer Abide
            store_newer: `abide.db` has store format 7, this Abide knows formats up to 5; use a newer Abide
        "#]],
    );
}

#[test]
fn a_log_with_a_hole_is_reported() {
    let dir = TempDir::new().unwrap();
    let runtime = Runtime::new().unwrap();
    for expect in 0..3 {
        // Each is taken in by itself.
        let store = open(dir.path()).unwrap();
        runtime.block_on(store.append(step(1, expect))).unwrap();
        store.close();
    }
    sqlite(&dir, "DELETE FROM log WHERE pos = 2");
    let error = Reader::open(dir.path()).unwrap().read(SessionId(1)).unwrap_err();
    assert_eq!(error.code(), "store_damaged");
    assert!(error.to_string().contains("row 2 of the log is missing"), "{error}");
    // The number of the row before, behind the session and the first record's place.
    sqlite(
        &dir,
        "UPDATE log SET body = CAST(substr(body, 1, 17) || x'00' || substr(body, 19) AS BLOB) WHERE pos = 3",
    );
    let error = Reader::open(dir.path()).unwrap().read_from(SessionId(1), 2).unwrap_err();
    assert!(error.to_string().contains("begins at record 3"), "{error}");
    assert_eq!(Reader::open(dir.path()).unwrap().read_from(SessionId(1), 3).unwrap().unwrap().len(), 1);
}

#[test]
fn a_folder_where_a_file_should_be_is_reported() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("abide.db")).unwrap();
    check(
        &dir,
        expect![[r#"
            store_io: cannot open `abide.db`: it is no file
            store_io: cannot open `abide.db`: it is no file
        "#]],
    );
}

#[test]
fn a_commit_log_that_cannot_be_one_is_named() {
    let dir = TempDir::new().unwrap();
    open(dir.path()).unwrap().close();
    fs::create_dir(dir.path().join("commit-0.log")).unwrap();
    check(
        &dir,
        expect![[r#"
            store_io: cannot open `commit-0.log`: Is a directory (os error 21)
            opens
        "#]],
    );
    fs::remove_dir(dir.path().join("commit-0.log")).unwrap();
    fs::write(dir.path().join("commit-1.log"), "my notes\n".repeat(200)).unwrap();
    check(
        &dir,
        expect![[r#"
            store_damaged: `commit-1.log` is damaged: its header cannot be read; restore it from a backup
            opens
        "#]],
    );
}

#[test]
fn nothing_can_be_read_where_no_store_is() {
    let dir = TempDir::new().unwrap();
    let missing = dir.path().join("none");
    assert_eq!(Reader::open(&missing).unwrap_err(), OpenError::Missing { path: missing.join("abide.db") });
    assert!(!missing.exists());
}

#[test]
fn a_second_server_on_the_folder_is_refused_until_the_first_has_closed() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path()).unwrap();
    check(
        &dir,
        expect![[r#"
            store_in_use: `abide.lock` is in use by another server; stop that one, or give this one a folder of its own
            opens
        "#]],
    );
    first.close();
    open(dir.path()).unwrap();
}

#[test]
fn a_store_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("made/here");
    let store = open(&folder).unwrap();
    Runtime::new().unwrap().block_on(store.append(step(1, 0))).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_store_is_one_that_sqlite_finds_nothing_wrong_with() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    let runtime = Runtime::new().unwrap();
    for n in 0..300 {
        runtime.block_on(store.append(step(n, 0))).unwrap();
    }
    for n in 0..100 {
        runtime.block_on(store.erase(SessionId(n))).unwrap();
    }
    store.close();
    let conn = rusqlite::Connection::open(dir.path().join("abide.db")).unwrap();
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
}

#[test]
fn a_command_beside_a_server_sees_everything_that_was_answered() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    let runtime = Runtime::new().unwrap();
    let mut reader = Reader::open(dir.path()).unwrap();
    for n in 0..20 {
        runtime.block_on(store.append(step(n, 0))).unwrap();
        runtime.block_on(store.append(step(n, 1))).unwrap();
        assert_eq!(reader.read(SessionId(n)).unwrap().unwrap().head, 2);
        assert_eq!(reader.unfinished().unwrap().len() as u128, n + 1);
        assert_eq!(reader.sessions(&Filter::default(), 100).unwrap().len() as u128, n + 1);
    }
    runtime.block_on(store.erase(SessionId(3))).unwrap();
    assert_eq!(reader.read(SessionId(3)).unwrap(), None);
    let mut lines = 0;
    let count = |_| {
        lines += 1;
        if lines < 30 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    reader.lines((0, 2), count).unwrap();
    assert_eq!(lines, 30);
}

#[test]
fn a_key_made_beside_a_server_is_known_to_it_and_moves_the_version() {
    let dir = TempDir::new().unwrap();
    KeyFile::open(dir.path()).unwrap().insert(&key("early")).unwrap();
    let store = open(dir.path()).unwrap();
    let runtime = Runtime::new().unwrap();
    let version = || runtime.block_on(store.keys_version()).unwrap();
    let before = version();
    runtime.block_on(store.append(step(1, 0))).unwrap();
    assert_eq!(version(), before);

    let mut file = KeyFile::open(dir.path()).unwrap();
    file.insert(&key("late")).unwrap();
    let inserted = version();
    assert!(inserted > before);
    assert_eq!(runtime.block_on(store.key(key("late").hash)), Ok(Some(key("late"))));
    assert!(file.revoke("late", 5).unwrap());
    assert!(version() > inserted);
    let known: Vec<_> = file.list().unwrap().into_iter().map(|key| (key.id, key.revoked_ms)).collect();
    assert_eq!(known, [("early".to_owned(), None), ("late".to_owned(), Some(5))]);
    runtime.block_on(store.append(step(1, 1))).unwrap();
}

/// Needs to mount, and says so where it may not.
#[test]
fn a_read_only_file_system_is_named_as_such() {
    let dir = TempDir::new().unwrap();
    open(dir.path()).unwrap().close();
    let mounted = |arguments: &[&str]| {
        Command::new("mount").args(arguments).output().is_ok_and(|done| done.status.success())
    };
    let folder = dir.path().to_str().unwrap();
    if !mounted(&["--bind", folder, folder]) {
        eprintln!("not tried: this user cannot mount");
        return;
    }
    let read_only = mounted(&["-o", "remount,ro,bind", folder]);
    let refused = open(dir.path());
    assert!(Command::new("umount").arg(folder).status().unwrap().success());
    assert!(read_only);
    assert_eq!(refused.unwrap_err().code(), "store_read_only");
}
