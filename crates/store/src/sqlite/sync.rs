//! The thread that waits for the disk, so that the writer need not. Knows the write-ahead log's file and who waits.
//!
//! The writer commits under `synchronous = NORMAL`: a commit is in the kernel, and nothing waits. Whoever asked for
//! the disk is answered here, after one fdatasync(2) of the write-ahead log for all of them. Why their steps are on
//! disk then, wherever SQLite was in between:
//!
//! - The log has not started over since the commit: its frames lie in the file, before the sync began, and so do all
//!   frames before them back to the header, which recovery needs for the chain of checksums. One fdatasync covers
//!   every dirty page of the file, whoever wrote it, and its length.
//! - A checkpoint moved some of it: that leaves the log as it is.
//! - The log has started over, or was cut to nothing: SQLite lets a writer begin again at the first frame, and
//!   truncates, only when every frame was moved, and counts the last frame as moved only after the database file is
//!   synced (`walCheckpoint`), under NORMAL too. The step is in the database file then, and what follows cannot take
//!   it out: until the new header is on disk, recovery finds the old log, whole, because it was synced before its
//!   pages were moved; the new header is synced before a frame overwrites an old one (`syncHeader`).
//! - The step was the first of a new log: its header was synced by the writer, its frames are here.
//! - The last connection has closed and removed the file: only after a whole checkpoint, as above. While the store
//!   is open this cannot happen; the writer's connection holds a shared lock that forbids it. So one handle, opened
//!   beside that connection, stays on the right file for as long as the store is open.
//!
//! The handle is never opened anew: Linux reports a failed write-back once to every handle that was open when it
//! happened, and a later one would be told that all is well. After a failure nothing is written or moved any more,
//! since the kernel may have dropped what it could not write and call it clean.

use super::file::Place;
use super::stats::Counters;
use crate::error::{OpenError, StoreError};
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Why nothing can be written any more, for all threads that write.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken(Arc<OnceLock<StoreError>>);

impl Broken {
    /// # Errors
    /// What the disk failed with.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |broken| Err(broken.clone()))
    }

    /// Takes note of a disk that failed to sync.
    pub(super) fn watch<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(unsynced @ StoreError::Unsynced { .. }) = &outcome {
            let _ = self.0.set(unsynced.clone());
        }
        outcome
    }
}

/// Bytes the writer commits at most while the disk is waited for: those who wait next have to wait for them too.
const AHEAD_BYTES_MAX: usize = 1 << 20;

/// Keeps the writer from running away from the disk when somebody waits for it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    state: Mutex<Ahead>,
    synced: Condvar,
}

#[derive(Debug, Default)]
struct Ahead {
    syncing: bool,
    bytes: usize,
}

impl Pace {
    /// Counts in what was committed, and waits when it is too much.
    pub(super) fn keep(&self, bytes: usize) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_add(bytes);
        while state.syncing && state.bytes > AHEAD_BYTES_MAX {
            state = self.synced.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn begin_sync(&self) {
        *self.state() = Ahead { syncing: true, bytes: 0 };
    }

    fn end_sync(&self) {
        self.state().syncing = false;
        self.synced.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, Ahead> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something committed, whose answer waits for the disk.
pub(super) enum Due {
    /// An append, with the session's new last record.
    Append { seq: u64, reply: oneshot::Sender<Result<u64, StoreError>>, room: OwnedSemaphorePermit },
    /// An erasure that is through.
    Erasure { reply: oneshot::Sender<Result<bool, StoreError>> },
}

impl Due {
    fn answer(self, outcome: &Result<(), StoreError>) {
        // Nobody waits any more when the caller was cancelled; the step is kept all the same.
        match self {
            Due::Append { seq, reply, room } => {
                let _ = reply.send(outcome.clone().map(|()| seq));
                drop(room);
            }
            Due::Erasure { reply } => drop(reply.send(outcome.clone().map(|()| true))),
        }
    }
}

pub(super) struct Syncer {
    path: PathBuf,
    log: File,
    committed: Receiver<Vec<Due>>,
    pace: Arc<Pace>,
    broken: Broken,
    counters: Arc<Counters>,
}

impl Syncer {
    /// To be called when a connection of this process has read, so that the log's file is there and stays.
    pub(super) fn new(
        place: &Place,
        (committed, pace): (Receiver<Vec<Due>>, Arc<Pace>),
        broken: Broken,
        counters: Arc<Counters>,
    ) -> Result<Syncer, OpenError> {
        let path = place.wal();
        let opened = File::open(&path).and_then(|log| place.sync_name().map(|()| log));
        let log = opened.map_err(|e| OpenError::Io { path: path.clone(), reason: e.to_string() })?;
        Ok(Syncer { path, log, committed, pace, broken, counters })
    }

    /// Works until the writer has ended and everybody is answered.
    pub(super) fn run(self) {
        while let Ok(mut due) = self.committed.recv() {
            self.pace.begin_sync();
            due.extend(self.committed.try_iter().flatten());
            let outcome = self.sync();
            self.pace.end_sync();
            due.into_iter().for_each(|one| one.answer(&outcome));
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.broken.check()?;
        self.counters.synced();
        let synced = self.log.sync_data();
        self.broken.watch(
            synced.map_err(|e| StoreError::Unsynced { path: self.path.clone(), reason: e.to_string() }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;
    use tokio::sync::Semaphore;

    fn syncer(log: &Path, committed: Receiver<Vec<Due>>) -> Syncer {
        Syncer {
            path: log.to_owned(),
            log: File::open(log).unwrap(),
            committed,
            pace: Arc::default(),
            broken: Broken::default(),
            counters: Arc::default(),
        }
    }

    fn due(seq: u64) -> (Due, oneshot::Receiver<Result<u64, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (Due::Append { seq, reply, room }, answer)
    }

    #[test]
    fn one_sync_answers_all_that_wait() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let (committed, received) = mpsc::channel();
        let syncer = syncer(log.path(), received);
        let (dues, answers): (Vec<_>, Vec<_>) = (1..=5).map(due).unzip();
        dues.into_iter().for_each(|due| committed.send(vec![due]).unwrap());
        drop(committed);
        let counters = Arc::clone(&syncer.counters);
        syncer.run();
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        assert_eq!(answers, [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]);
        assert_eq!(counters.read().syncs, 1);
    }

    /// Linux refuses to sync a device that is no disk.
    #[test]
    fn after_a_sync_that_failed_nothing_is_tried_or_promised_again() {
        let (committed, received) = mpsc::channel();
        let syncer = syncer(Path::new("/dev/null"), received);
        let (broken, counters) = (syncer.broken.clone(), Arc::clone(&syncer.counters));
        let thread = thread::spawn(move || syncer.run());
        for seq in 1..=3 {
            let (due, answer) = due(seq);
            committed.send(vec![due]).unwrap();
            assert_eq!(answer.blocking_recv().unwrap().unwrap_err().code(), "store_unsynced");
        }
        assert_eq!(broken.check().unwrap_err().code(), "store_unsynced");
        drop(committed);
        thread.join().unwrap();
        assert_eq!(counters.read().syncs, 1);
    }

    #[test]
    fn a_writer_far_ahead_of_a_sync_waits_for_its_end() {
        let pace = Arc::new(Pace::default());
        pace.keep(2 * AHEAD_BYTES_MAX);
        pace.begin_sync();
        pace.keep(AHEAD_BYTES_MAX);
        let (done, ended) = mpsc::channel();
        let writer = Arc::clone(&pace);
        let thread = thread::spawn(move || {
            writer.keep(1);
            done.send(()).unwrap();
        });
        assert_eq!(ended.recv_timeout(Duration::from_millis(20)), Err(mpsc::RecvTimeoutError::Timeout));
        pace.end_sync();
        ended.recv().unwrap();
        thread.join().unwrap();
    }
}
