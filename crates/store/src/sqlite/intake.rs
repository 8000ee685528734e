//! The thread that takes steps in: from the order of the log into tables that are read by session, time and hash.
//! It takes many in one transaction, and does everything else that writes to the database.

use super::batch::Batch;
use super::checkpoint;
use super::draft::{self, Draft};
use super::erase::{self, Erasure, Scrub};
use super::file::Place;
use super::front::{Front, Task};
use super::stats::Counters;
use super::sync::Broken;
use crate::commitlog::Step;
use crate::error::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Steps in one transaction at most.
const STEPS_MAX: usize = 1_024;
/// Bytes in one transaction at most, unless its first step alone has more.
const BYTES_MAX: usize = 8 << 20;
/// Steps read in one go before those who serve get the core.
const STEPS_BETWEEN_PAUSES: usize = 256;
/// Sessions written in one go before that.
const SESSIONS_BETWEEN_PAUSES: usize = 64;
/// How long it waits before it tries again what failed.
const RETRY_AFTER: Duration = Duration::from_millis(100);

pub(super) struct Intake {
    pub(super) conn: Connection,
    pub(super) place: Place,
    pub(super) front: Arc<Front>,
    /// Room for steps that wait to be taken in, in KiB.
    pub(super) queue: Arc<Semaphore>,
    pub(super) draft: Draft,
    /// The last step that is taken in.
    pub(super) taken_in: u64,
    /// What was found waiting and is not done.
    pub(super) backlog: VecDeque<Task>,
    pub(super) erasing: VecDeque<Erasure>,
    /// Whose erasures lack only what is done once for many.
    pub(super) removed: Vec<Option<erase::Reply>>,
    pub(super) scrub: Scrub,
    pub(super) counters: Arc<Counters>,
    /// Whether somebody waits for what is being done.
    pub(super) hurry: bool,
    /// Set when the checkpointer cannot keep up with this thread.
    pub(super) overgrown: Arc<AtomicBool>,
    /// Whether commits wait for the disk at the moment.
    pub(super) synced: bool,
    pub(super) broken: Broken,
}

impl Intake {
    /// Works until the door is closed and everything is taken in.
    pub(super) fn run(mut self) {
        let mut stuck = false;
        loop {
            let busy = !self.erasing.is_empty() || self.scrub.is_wanted() && !stuck;
            let found = self.front.next(match (busy, stuck) {
                (true, _) => Some(Duration::ZERO),
                (false, true) => Some(RETRY_AFTER),
                (false, false) => None,
            });
            self.hurry = found.hurry;
            let idle = found.tasks.is_empty();
            self.backlog.extend(found.tasks);
            let outcome = self.work_off();
            stuck = outcome.is_err();
            self.front.grow();
            self.help_checkpoint();
            match outcome {
                Ok(()) => self.scrub_some(),
                Err(error) => self.put_off_scrub(&error),
            }
            self.erase_some();
            if found.closing && idle && !self.goes_on(stuck) {
                break;
            }
        }
        self.close();
    }

    /// Whether there is something left that can be done now. What cannot goes on when the store is opened again.
    fn goes_on(&self, stuck: bool) -> bool {
        let more = !self.erasing.is_empty() || !stuck && (self.scrub.is_wanted() || !self.backlog.is_empty());
        self.broken.check().is_ok() && more
    }

    /// Does what waits, in order. What cannot be taken in stays, and whoever waits for it is told why.
    fn work_off(&mut self) -> Result<(), StoreError> {
        while let Some(task) = self.backlog.pop_front() {
            match task {
                Task::Steps(batch) => {
                    if let Err(error) = self.take_in(batch) {
                        self.front.taken_in(Err(error.clone()));
                        self.turn_away(&error);
                        return Err(error);
                    }
                }
                Task::Erase { session, reply } => self.begin_erasure(session, reply, Ok(())),
                Task::Work(work) => work(self.wait_for_disk(true).map(|()| &mut self.conn)),
                Task::Settle(reply) => drop(reply.send(self.broken.check())),
            }
        }
        self.release()
    }

    /// Takes steps in, as many with one transaction as it holds, or fewer where those find no room. After an error
    /// those that were not stay at the front of the backlog.
    fn take_in(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        let mut together = STEPS_MAX;
        while !batch.is_empty() {
            let count = batch.share(together, BYTES_MAX);
            match self.try_take_in(&batch, count) {
                Ok(()) => {
                    self.queue.add_permits(batch.take_off(count));
                    self.front.taken_in(Ok(self.taken_in));
                }
                Err(StoreError::Full { .. }) if count > 1 => together = count / 2,
                Err(error) => {
                    self.backlog.push_front(Task::Steps(batch));
                    return Err(error);
                }
            }
        }
        self.front.give_back(batch);
        Ok(())
    }

    fn try_take_in(&mut self, batch: &Batch, count: usize) -> Result<(), StoreError> {
        let last = batch.last_of(count);
        let durable = self.front.sealed().is_some_and(|sealed| sealed <= last);
        let outcome = self.broken.check().and_then(|()| self.commit((batch, count), durable));
        self.broken.watch(outcome)?;
        self.taken_in = last;
        if durable {
            self.front.release(last);
        }
        Ok(())
    }

    fn commit(&mut self, steps: (&Batch, usize), durable: bool) -> Result<(), StoreError> {
        self.wait_for_disk(durable).map_err(|e| self.place.fault(&e))?;
        // Nobody waits for this thread, unless they say so: those who serve go first where they share its core.
        let pause = || {
            if !self.hurry && !self.front.hurries() {
                thread::yield_now();
            }
        };
        let written = write(&mut self.conn, &mut self.draft, steps, pause).map_err(|e| self.place.fault(&e));
        match &written {
            Ok(()) => self.counters.taken_in(),
            Err(_) => self.draft.undo(),
        }
        written
    }

    /// Tells those who wait that it cannot be done now. Steps stay. Erasures go on: they make room.
    fn turn_away(&mut self, error: &StoreError) {
        for task in std::mem::take(&mut self.backlog) {
            match task {
                Task::Steps(batch) => self.backlog.push_back(Task::Steps(batch)),
                Task::Settle(reply) => drop(reply.send(Err(error.clone()))),
                Task::Work(work) => work(self.wait_for_disk(true).map(|()| &mut self.conn)),
                Task::Erase { session, reply } => self.begin_erasure(session, reply, Err(error.clone())),
            }
        }
    }

    /// Gives a file of the log free whose steps are all taken in.
    fn release(&mut self) -> Result<(), StoreError> {
        if self.front.sealed().is_some_and(|sealed| sealed <= self.taken_in) {
            self.make_durable()?;
            self.front.release(self.taken_in);
        }
        Ok(())
    }

    /// Has everything taken in so far on disk: a commit that waits for it brings those before it along.
    pub(super) fn make_durable(&mut self) -> Result<(), StoreError> {
        self.broken.check()?;
        let made = self.wait_for_disk(true).and_then(|()| draft::touch(&self.conn));
        self.broken.watch(made.map_err(|e| self.place.fault(&e)))
    }

    /// The write-ahead log of the database starts over only when all of it is in the file, which under steady load is
    /// true only while this thread stands still. What fails here stays in that log, for the next pass.
    fn help_checkpoint(&self) {
        if self.overgrown.swap(false, Ordering::Relaxed) && self.broken.check().is_ok() {
            let passed = checkpoint::passive(&self.conn).map_err(|e| self.place.fault(&e));
            let _ = self.broken.watch(passed);
        }
    }

    /// Sets whether the next commit waits for the disk.
    pub(super) fn wait_for_disk(&mut self, durable: bool) -> rusqlite::Result<()> {
        if self.synced != durable {
            self.conn.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            self.synced = durable;
        }
        Ok(())
    }

    /// Removes the log when nothing needs it any more.
    fn close(mut self) {
        self.queue.close();
        if self.backlog.is_empty() && self.make_durable().is_ok() {
            self.front.remove_log();
        }
        if self.broken.check().is_err() {
            // The write-ahead log is all there is to recover from: it is not to be moved and removed.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

fn write(
    conn: &mut Connection,
    draft: &mut Draft,
    (batch, count): (&Batch, usize),
    pause: impl Fn(),
) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut steps = batch.steps(count);
    for _ in (0..count).step_by(STEPS_BETWEEN_PAUSES) {
        draft.write(&tx, steps.by_ref().take(STEPS_BETWEEN_PAUSES))?;
        pause();
    }
    draft.end(&tx, batch.last_of(count), (SESSIONS_BETWEEN_PAUSES, pause))?;
    tx.commit()?;
    draft.committed();
    Ok(())
}

/// Takes in what was found in the log when the store was opened, and says under which salt it goes on: from this
/// commit on, which waits for the disk, what the log holds is dead.
pub(super) fn take_in_found(
    conn: &mut Connection,
    draft: &mut Draft,
    found: &[(u64, Vec<u8>)],
    salt: u64,
) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    draft.write(&tx, found.iter().map(|(_, step)| Step::read(step)))?;
    if let Some((last, _)) = found.last() {
        draft.end(&tx, *last, (usize::MAX, || {}))?;
    }
    draft::mark_salt(&tx, salt)?;
    tx.commit()?;
    draft.committed();
    Ok(())
}

/// Answers somebody who no longer listens with silence.
pub(super) fn answer<T>(reply: Option<oneshot::Sender<T>>, answer: T) {
    if let Some(reply) = reply {
        let _ = reply.send(answer);
    }
}
