//! The file: where it is, how a connection is set up, what makes it ours. Knows nothing of appends.

use crate::commitlog::Fault;
use crate::error::{OpenError, StoreError};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// The database's name in its folder.
const FILE: &str = "abide.db";
/// The lock that one server holds.
const LOCK: &str = "abide.lock";
/// Marks a database as ours: `abid` in ASCII.
const APPLICATION: i64 = 0x6162_6964;
/// The newest format this code reads and writes.
const FORMAT: i64 = 5;
/// SQLite before this version can lose commits when a writer races a checkpointer.
const SQLITE_OLDEST: i32 = 3_051_003;
/// How long a connection waits for another process that writes, such as one that adds a key.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked whether another process still has the folder.
const LOCK_LOOK_EVERY: Duration = Duration::from_millis(5);
/// Bytes a page holds. Rows of 2 kB leave half of a page of 4,096 empty, a quarter of one of 8,192, an eighth of one
/// of 16,384; a single durable append takes the same time with each.
pub(super) const PAGE_BYTES: u32 = 16_384;
/// Bytes of the write-ahead log that stay when it starts over. More than a log under load grows to: cutting it off and
/// growing it again, several times a second, holds up whoever writes for tens of milliseconds.
const WAL_KEPT_BYTES_MAX: i64 = 160 << 20;
/// Page cache of the writer, in KiB.
const WRITER_CACHE_KIB: i64 = 8 << 10;
/// Page cache of each reader, in KiB.
const READER_CACHE_KIB: i64 = 2 << 10;

const SCHEMA: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- `step`: the last step of the commit log that is taken in; `salt`: of that log; `durable`: how often a commit was made
-- for the sake of those before it; `key`: the version of the keys; `scrub`: set while the log may hold what was erased.
INSERT INTO meta VALUES ('step', 0), ('salt', 0), ('durable', 0), ('key', 0), ('scrub', 0);
-- What sessions consist of, in the order it was taken in; a row holds entries of several sessions.
CREATE TABLE log (pos INTEGER PRIMARY KEY, body BLOB NOT NULL);
-- Where each session ends, and which have a name, are at work, and are erased but not yet removed.
CREATE TABLE session (id BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE named (owner TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY (owner, id)) WITHOUT ROWID;
CREATE TABLE open (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE erasing (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE snapshot (session BLOB PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL);
-- `kept`: some step carried it as something else than content, and it stays.
CREATE TABLE blob (hash BLOB PRIMARY KEY, kept INTEGER NOT NULL, body BLOB NOT NULL);
-- Which sessions' steps carried a blob as content: it goes with the last of them.
CREATE TABLE holder (hash BLOB NOT NULL, session BLOB NOT NULL, PRIMARY KEY (hash, session)) WITHOUT ROWID;
-- Ledger lines, several in a row; `n` is the number of the first.
CREATE TABLE line (n INTEGER PRIMARY KEY, body BLOB NOT NULL);
-- Which lines fall into an hour.
CREATE TABLE hour (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE key (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL,
    created INTEGER NOT NULL, revoked INTEGER
);
";

/// The database of a folder.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
}

impl Place {
    pub(super) fn of(dir: &Path) -> Place {
        Place { path: dir.join(FILE) }
    }

    /// The folder it is in.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The write-ahead log beside the database.
    pub(super) fn wal(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        PathBuf::from(name)
    }

    /// Opens to write; makes the file when it is not there.
    pub(super) fn open_writer(&self) -> Result<Connection, OpenError> {
        self.create_file()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&self.path, flags).map_err(|e| self.refusal(&e))?;
        self.set_up_writer(&mut conn)?;
        Ok(conn)
    }

    /// Opens to read what is there.
    pub(super) fn open_reader(&self) -> Result<Connection, OpenError> {
        sqlite_is_new_enough()?;
        if !self.is_there()? {
            return Err(OpenError::Missing { path: self.path.clone() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(|e| self.refusal(&e))?;
        let set_up = || -> rusqlite::Result<bool> {
            conn.busy_timeout(BUSY_WAIT)?;
            conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            conn.pragma_update(None, "trusted_schema", false)?;
            is_empty(&conn)
        };
        if set_up().map_err(|e| self.refusal(&e))? {
            return Err(OpenError::Missing { path: self.path.clone() });
        }
        self.check_marks(&conn)?;
        Ok(conn)
    }

    /// SQLite would make the file readable by everybody; what is in it is for its owner.
    fn create_file(&self) -> Result<(), OpenError> {
        sqlite_is_new_enough()?;
        if self.is_there()? {
            return Ok(());
        }
        let made = File::options().write(true).create(true).truncate(false).mode(0o600).open(&self.path);
        made.and_then(|file| file.sync_all())
            .and_then(|()| self.sync_name())
            .map_err(|e| refused(&self.path, &e))
    }

    fn is_there(&self) -> Result<bool, OpenError> {
        match fs::metadata(&self.path) {
            Ok(found) if found.is_file() => Ok(true),
            Ok(_) => Err(OpenError::Io { path: self.path.clone(), reason: "it is no file".to_owned() }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(refused(&self.path, &e)),
        }
    }

    fn set_up_writer(&self, conn: &mut Connection) -> Result<(), OpenError> {
        let refuse = |e: rusqlite::Error| self.refusal(&e);
        conn.busy_timeout(BUSY_WAIT).map_err(refuse)?;
        if conn.is_readonly("main").map_err(refuse)? {
            return Err(OpenError::ReadOnly { path: self.path.clone() });
        }
        let new = is_empty(conn).map_err(refuse)?;
        if new {
            conn.pragma_update(None, "page_size", PAGE_BYTES).map_err(refuse)?;
        } else {
            self.check_marks(conn)?;
        }
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(refuse)?;
        if mode != "wal" {
            let reason = format!("no write-ahead log is possible here, only journal mode `{mode}`");
            return Err(OpenError::Io { path: self.path.clone(), reason });
        }
        set_pragmas(conn).map_err(refuse)?;
        if new {
            create_schema(conn).map_err(refuse)?;
            self.check_marks(conn)?;
        }
        Ok(())
    }

    fn check_marks(&self, conn: &Connection) -> Result<(), OpenError> {
        let refuse = |e: rusqlite::Error| self.refusal(&e);
        let mark = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if mark("application_id").map_err(refuse)? != APPLICATION {
            return Err(OpenError::Foreign { path: self.path.clone() });
        }
        let found = mark("user_version").map_err(refuse)?;
        if found > FORMAT {
            return Err(OpenError::Newer { path: self.path.clone(), found, known: FORMAT });
        }
        if found < FORMAT {
            let reason = format!("store format {found} was never released");
            return Err(self.damaged(reason));
        }
        Ok(())
    }

    /// Makes the names of the files durable.
    pub(super) fn sync_name(&self) -> std::io::Result<()> {
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// What SQLite's refusal to open means to a person.
    pub(super) fn refusal(&self, error: &rusqlite::Error) -> OpenError {
        let path = self.path.clone();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
            Some(ErrorCode::DatabaseCorrupt) => self.damaged(error.to_string()),
            Some(ErrorCode::DiskFull) => OpenError::Full { path, reason: error.to_string() },
            _ => OpenError::Io { path, reason: error.to_string() },
        }
    }

    pub(super) fn damaged(&self, reason: String) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), reason }
    }

    /// What SQLite's refusal of a statement means to the caller.
    pub(super) fn fault(&self, error: &rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        let reason = error.to_string();
        let extended = error.sqlite_error().map(|e| e.extended_code);
        if matches!(extended, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) {
            return StoreError::Unsynced { path, reason };
        }
        // Growing the shared index of the write-ahead log fails this way when the disk is full.
        if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) {
            return StoreError::Full { path, reason };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { path, reason },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path, reason }
            }
            _ => StoreError::Io { path, reason },
        }
    }

    pub(super) fn behind(&self, reason: String) -> StoreError {
        StoreError::Io { path: self.path.clone(), reason }
    }

    pub(super) fn torn(&self, reason: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), reason }
    }
}

/// Makes the folder, readable by its owner alone, when it is not there.
pub(super) fn make_folder(dir: &Path) -> Result<(), OpenError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| refused(dir, &e))
}

/// What a fault of the commit log means to a person.
pub(super) fn log_refused(fault: Fault) -> OpenError {
    match fault {
        Fault::Io { path, error } => refused(&path, &error),
        Fault::Damaged { path, reason } => OpenError::Damaged { path, reason },
    }
}

pub(super) fn refused(path: &Path, error: &std::io::Error) -> OpenError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly { path },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            OpenError::Full { path, reason }
        }
        _ => OpenError::Io { path, reason },
    }
}

/// Takes the lock that one server holds for as long as it lives. Waits at most so long for it.
pub(super) fn lock(dir: &Path, wait: Duration) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|e| refused(&path, &e))?;
    let until = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(LOCK_LOOK_EVERY),
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path }),
            Err(TryLockError::Error(e)) => return Err(refused(&path, &e)),
        }
    }
}

/// Sets how large the file may become. A file that is larger already stays as it is, and full.
pub(super) fn limit(conn: &Connection, bytes: Option<u64>) -> rusqlite::Result<()> {
    let Some(bytes) = bytes else { return Ok(()) };
    let page_bytes: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page_bytes.max(1);
    conn.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
}

/// What is said of bytes in the file that are not what was written there.
pub(super) fn corrupt(what: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

fn sync_folder(dir: &Path) -> std::io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir)?.sync_all()
}

fn sqlite_is_new_enough() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_OLDEST {
        return Err(OpenError::OldSqlite { found: rusqlite::version() });
    }
    Ok(())
}

fn is_empty(conn: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let mark: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(tables == 0 && mark == 0)
}

fn set_pragmas(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Checkpoints run on a thread of their own, never inside an append.
    conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", WAL_KEPT_BYTES_MAX, |_| Ok(()))?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    // Only erasures free pages, and snapshots that others take the place of; both hold content.
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Another process may be making the same file, so that it looks again once it alone writes.
fn create_schema(conn: &mut Connection) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&tx)? {
        tx.execute_batch(SCHEMA)?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
    }
    tx.commit()
}
