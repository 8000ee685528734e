//! The thread that waits for the disk on behalf of those who asked for it. Knows the log's files and who waits.
//!
//! A step that was written to a file of the log is on disk after one fdatasync(2) of it, whoever wrote it: the
//! file's blocks are there already or its new size goes along. A step counts only if all before it can be read, so
//! that a file is synced before the one that was begun after it. What stands in the file before that was durable in
//! the database when it was given free.
//!
//! The handles are never opened anew: Linux reports a failed write-back once to every handle that was open when it
//! happened, and a later one would be told that all is well. After a failure nothing is written or moved any more,
//! since the kernel may have dropped what it could not write and call it clean.

use super::stats::Counters;
use crate::commitlog::{SEGMENTS, turn};
use crate::error::StoreError;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many wait for the disk when it is asked, though more may come: it works while those are served.
const COMPANY_MAX: usize = 16;
/// How long the first of them waits for others.
const COMPANY_WAIT_MAX: Duration = Duration::from_millis(2);

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

/// Counts who waits for the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Company(Arc<AtomicUsize>);

impl Company {
    /// One more waits. Where a core is shared with the thread that waits for the disk, whoever makes the company whole
    /// lets it go to the disk, and goes on while that works.
    pub(super) fn join(&self) {
        if self.0.fetch_add(1, Ordering::Relaxed) + 1 == COMPANY_MAX {
            thread::yield_now();
        }
    }

    /// The disk was asked on behalf of all who wait.
    fn part(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A step in the log, whose answer waits for the disk.
pub(super) struct Due {
    pub(super) seq: u64,
    /// The generation it was written to.
    pub(super) generation: u64,
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
}

pub(super) struct Syncer {
    pub(super) files: [(Arc<File>, PathBuf); SEGMENTS],
    /// The newest generation that was synced.
    pub(super) generation: u64,
    pub(super) kept: Receiver<Due>,
    pub(super) company: Company,
    pub(super) broken: Broken,
    pub(super) counters: Arc<Counters>,
}

impl Syncer {
    /// Works until nobody can ask any more and everybody is answered.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.kept.recv() {
            let due = self.gather(first);
            let outcome = self.sync(&due);
            self.counters.synced(due.len());
            for Due { seq, reply, .. } in due {
                // Nobody waits any more when the caller was cancelled; the step is kept all the same.
                let _ = reply.send(outcome.clone().map(|()| seq));
            }
        }
    }

    /// Everybody who waits by now. Where a core is shared with those who serve, they go first while they bring more:
    /// one sync then does for all of them. With a core of its own this asks once more and goes on.
    fn gather(&self, first: Due) -> Vec<Due> {
        let mut due = vec![first];
        let mut before = 0;
        let began = Instant::now();
        while due.len() > before && due.len() < COMPANY_MAX && began.elapsed() < COMPANY_WAIT_MAX {
            before = due.len();
            thread::yield_now();
            due.extend(self.kept.try_iter());
        }
        self.company.part();
        due
    }

    fn sync(&mut self, due: &[Due]) -> Result<(), StoreError> {
        self.broken.check()?;
        if due.iter().any(|due| due.generation != self.generation) {
            let newest = due.iter().map(|due| due.generation).fold(self.generation, u64::max);
            self.sync_file(newest + 1)?;
            self.generation = newest;
        }
        self.sync_file(self.generation)
    }

    fn sync_file(&self, generation: u64) -> Result<(), StoreError> {
        let Some((file, path)) = self.files.get(turn(generation)) else { return Ok(()) };
        let synced = file.sync_data();
        self.broken
            .watch(synced.map_err(|e| StoreError::Unsynced { path: path.clone(), reason: e.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::mpsc;

    fn syncer(log: &Path, kept: Receiver<Due>) -> Syncer {
        let file = || (Arc::new(File::open(log).unwrap()), log.to_owned());
        let (company, broken, counters) = (Company::default(), Broken::default(), Arc::default());
        Syncer { files: [file(), file()], generation: 1, kept, company, broken, counters }
    }

    fn due(seq: u64) -> (Due, oneshot::Receiver<Result<u64, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Due { seq, generation: 1, reply }, answer)
    }

    #[test]
    fn one_sync_answers_all_that_wait() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let (kept, received) = mpsc::channel();
        let syncer = syncer(log.path(), received);
        let (dues, answers): (Vec<_>, Vec<_>) = (1..=5).map(due).unzip();
        dues.into_iter().for_each(|due| kept.send(due).unwrap());
        drop(kept);
        let counters = Arc::clone(&syncer.counters);
        syncer.run();
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        assert_eq!(answers, [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]);
        assert_eq!(counters.read().syncs, 1);
    }

    /// Linux refuses to sync a device that is no disk.
    #[test]
    fn after_a_sync_that_failed_nothing_is_tried_or_promised_again() {
        let (kept, received) = mpsc::channel();
        let syncer = syncer(Path::new("/dev/null"), received);
        let broken = syncer.broken.clone();
        let thread = thread::spawn(move || syncer.run());
        for seq in 1..=3 {
            let (due, answer) = due(seq);
            kept.send(due).unwrap();
            assert_eq!(answer.blocking_recv().unwrap().unwrap_err().code(), "store_unsynced");
        }
        assert_eq!(broken.check().unwrap_err().code(), "store_unsynced");
        drop(kept);
        thread.join().unwrap();
    }
}
