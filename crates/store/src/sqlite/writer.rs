//! The one thread that writes. It gathers what waits into one transaction, answers after its commit, and leaves
//! those who wait for the disk to another thread.

use super::batch::{Draft, Ends, WriteBack};
use super::checkpoint;
use super::erase::Erasure;
use super::file::{PAGE_BYTES, Place};
use super::heads::{Head, Unwritten};
use super::lines::Hours;
use super::stats::Counters;
use super::sync::{Broken, Due, Pace};
use crate::append::Append;
use crate::error::StoreError;
use abide_model::id::SessionId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Appends in one transaction at most.
const BATCH_APPENDS_MAX: usize = 1_024;
/// How long a transaction waits for company, when the one before had more of it: those who were just answered are
/// about to ask again, and a page of the log is written once for all of them.
const LINGER: Duration = Duration::from_micros(20);
/// Bytes in one transaction at most, unless its first append alone has more.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// How long a head stays behind at most, while anything is written.
const BEHIND_AGE_MAX: Duration = Duration::from_secs(1);
/// Heads that stay behind at most; more are written back whatever their age.
const BEHIND_HEADS_MAX: usize = 8_192;
/// Heads written back in one transaction, beside twice as many as it has appends.
const WRITE_BACK_HEADS: usize = 1_024;
/// How long a transaction with appends writes none back after one that did: the pages that heads stand on are then
/// written once for many commits, not once for each.
const WRITE_BACK_EVERY: Duration = Duration::from_millis(25);

pub(super) type Shared = Arc<Mutex<Unwritten>>;

/// What the thread is asked to do.
pub(super) enum Command {
    Append(Pending),
    Erase {
        session: SessionId,
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Anything else that writes, such as a new key. Begins outside a transaction; its commits wait for the disk.
    Work(Work),
    /// Write everything back and end.
    Close,
}

pub(super) type Work = Box<dyn FnOnce(rusqlite::Result<&mut Connection>) + Send>;

/// An append that waits for its commit.
pub(super) struct Pending {
    pub(super) append: Append,
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
    /// Its place in the queue, free again when it is answered.
    pub(super) room: OwnedSemaphorePermit,
}

pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) place: Place,
    pub(super) commands: Receiver<Command>,
    pub(super) unwritten: Shared,
    pub(super) hours: Hours,
    pub(super) hours_since: Option<Instant>,
    /// When something was last written back.
    pub(super) wrote_back: Instant,
    pub(super) ends: Ends,
    pub(super) counters: Arc<Counters>,
    pub(super) erasing: VecDeque<Erasure>,
    /// Appends in the transaction before.
    pub(super) company: usize,
    /// Set when the checkpointer cannot keep up with this thread.
    pub(super) overgrown: Arc<AtomicBool>,
    /// Whether commits wait for the disk at the moment.
    pub(super) synced: bool,
    /// Takes those who wait for the disk.
    pub(super) committed: Sender<Vec<Due>>,
    pub(super) pace: Arc<Pace>,
    pub(super) broken: Broken,
}

impl Writer {
    /// Works until it is told to close or nobody is left to tell it.
    pub(super) fn run(mut self) {
        let mut held = None;
        loop {
            match held.take().map_or_else(|| self.next(), Some) {
                Some(Command::Append(first)) => {
                    let (batch, rest) = self.gather(first);
                    held = rest;
                    self.commit(batch);
                }
                Some(Command::Erase { session, reply }) => self.begin_erasure(session, reply),
                Some(Command::Work(work)) => work(self.wait_for_disk(true).map(|()| &mut self.conn)),
                Some(Command::Close) => break,
                None => {}
            }
            self.erase_some();
        }
        self.close();
    }

    /// The next command; `None` when it is time to write back or to go on erasing.
    fn next(&mut self) -> Option<Command> {
        if !self.erasing.is_empty() {
            return match self.commands.try_recv() {
                Ok(command) => Some(command),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Command::Close),
            };
        }
        if self.nothing_behind() {
            return Some(self.commands.recv().unwrap_or(Command::Close));
        }
        match self.commands.recv_timeout(BEHIND_AGE_MAX) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => {
                self.commit(Vec::new());
                None
            }
            Err(RecvTimeoutError::Disconnected) => Some(Command::Close),
        }
    }

    /// What waits behind the first append, as far as one transaction holds it.
    fn gather(&mut self, first: Pending) -> (Vec<Pending>, Option<Command>) {
        let mut bytes = first.append.bytes();
        let mut batch = vec![first];
        let mut held = None;
        let until = Instant::now() + LINGER;
        while batch.len() < BATCH_APPENDS_MAX && held.is_none() {
            match self.company(batch.len(), until) {
                Some(Command::Append(next)) => {
                    bytes = bytes.saturating_add(next.append.bytes());
                    if bytes > BATCH_BYTES_MAX {
                        held = Some(Command::Append(next));
                    } else {
                        batch.push(next);
                    }
                }
                Some(other) => held = Some(other),
                None => break,
            }
        }
        self.company = batch.len();
        (batch, held)
    }

    fn company(&self, gathered: usize, until: Instant) -> Option<Command> {
        match self.commands.try_recv() {
            Ok(command) => Some(command),
            Err(TryRecvError::Empty) if gathered < self.company => {
                self.commands.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    /// Commits a batch and answers each of it. An empty batch only writes back.
    fn commit(&mut self, batch: Vec<Pending>) {
        let outcome = self.broken.check().and_then(|()| self.try_commit(&batch));
        let outcome = self.broken.watch(outcome);
        self.counters.committed(&batch, &outcome);
        // Whole pages are written, so that many small commits write more than they carry.
        let bytes = batch.iter().map(|pending| pending.append.bytes()).sum::<usize>() + PAGE_BYTES as usize;
        match outcome {
            Ok(answers) => self.answer(batch.into_iter().zip(answers)),
            Err(error) => {
                for pending in batch {
                    let _ = pending.reply.send(Err(error.clone()));
                }
            }
        }
        self.help_checkpoint();
        self.pace.keep(bytes);
    }

    /// Answers what is committed, or has it answered once it is on disk.
    fn answer(&self, answered: impl Iterator<Item = (Pending, Result<u64, StoreError>)>) {
        let (mut due, mut done) = (Vec::new(), Vec::new());
        for (Pending { append, reply, room }, answer) in answered {
            match answer {
                Ok(seq) if append.durable => due.push(Due::Append { seq, reply, room }),
                Ok(_) | Err(_) => done.push((reply, answer, room)),
            }
        }
        self.leave_to_disk(due);
        for (reply, answer, room) in done {
            // Nobody waits any more when the caller was cancelled; the step is kept all the same.
            let _ = reply.send(answer);
            drop(room);
        }
    }

    pub(super) fn leave_to_disk(&self, due: Vec<Due>) {
        if !due.is_empty() {
            // Fails only when that thread is gone; their callers then hear that the store is closed.
            let _ = self.committed.send(due);
        }
    }

    fn try_commit(&mut self, batch: &[Pending]) -> Result<Vec<Result<u64, StoreError>>, StoreError> {
        self.wait_for_disk(false).map_err(|e| self.place.fault(&e))?;
        let back = self.due_back(batch.len());
        let mut draft = Draft::new(self.ends);
        let answers = write(&mut self.conn, &self.unwritten, batch, &mut draft, &back);
        let answers = answers.map_err(|e| self.place.fault(&e))?;
        self.written(draft, &back);
        Ok(answers)
    }

    /// The write-ahead log starts over only when all of it is in the file, which under steady load is true only
    /// while this thread stands still. What fails here stays in the log, for the next pass.
    fn help_checkpoint(&self) {
        if self.overgrown.swap(false, Ordering::Relaxed) && self.broken.check().is_ok() {
            let passed = checkpoint::passive(&self.conn).map_err(|e| self.place.fault(&e));
            let _ = self.broken.watch(passed);
        }
    }

    /// What the next commit writes back beside so many appends.
    fn due_back(&mut self, appends: usize) -> WriteBack {
        let crowded = lock(&self.unwritten).len() > BEHIND_HEADS_MAX;
        if appends > 0 && !crowded && self.wrote_back.elapsed() < WRITE_BACK_EVERY {
            return WriteBack::default();
        }
        self.wrote_back = Instant::now();
        self.write_back(BEHIND_AGE_MAX, BEHIND_HEADS_MAX, WRITE_BACK_HEADS + 2 * appends)
    }

    /// Chooses what follows into `session` and `hour` with the next commit.
    fn write_back(&self, age: Duration, count_max: usize, slice_max: usize) -> WriteBack {
        let slice = lock(&self.unwritten).slice(age, count_max, slice_max, self.ends.pos);
        let due = self.hours_since.is_some_and(|since| since.elapsed() >= age);
        let hours = due.then(|| (self.hours.clone(), self.ends.line));
        WriteBack { slice, hours }
    }

    fn written(&mut self, draft: Draft, back: &WriteBack) {
        if back.hours.is_some() {
            self.hours = Hours::default();
            self.hours_since = None;
        }
        if !draft.hours.is_empty() {
            self.hours.merge(draft.hours.clone());
            self.hours_since.get_or_insert_with(Instant::now);
        }
        self.ends = draft.ends;
        let mut unwritten = lock(&self.unwritten);
        unwritten.written(&back.slice);
        draft.publish(&mut unwritten);
    }

    fn nothing_behind(&self) -> bool {
        self.hours.is_empty() && lock(&self.unwritten).is_covered()
    }

    /// Sets whether the next commit waits for the disk.
    pub(super) fn wait_for_disk(&mut self, durable: bool) -> rusqlite::Result<()> {
        if self.synced != durable {
            self.conn.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            self.synced = durable;
        }
        Ok(())
    }

    fn write_only(&mut self, back: &WriteBack) -> rusqlite::Result<()> {
        self.wait_for_disk(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        back.write(&tx)?;
        tx.commit()
    }

    fn close(mut self) {
        while self.broken.check().is_ok() && !self.nothing_behind() {
            let back = self.write_back(Duration::ZERO, 0, BEHIND_HEADS_MAX);
            let draft = Draft::new(self.ends);
            let written = self.write_only(&back).map_err(|e| self.place.fault(&e));
            // What stays behind is found again from the log when the file is opened.
            if self.broken.watch(written).is_err() {
                break;
            }
            self.written(draft, &back);
        }
        if self.broken.check().is_err() {
            // The log is all there is to recover from: it is not to be moved and removed.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

fn write(
    conn: &mut Connection,
    unwritten: &Shared,
    batch: &[Pending],
    draft: &mut Draft,
    back: &WriteBack,
) -> rusqlite::Result<Vec<Result<u64, StoreError>>> {
    if batch.is_empty() && back.is_empty() {
        return Ok(Vec::new());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(batch.len());
    for Pending { append, .. } in batch {
        let known = lock(unwritten).get(append.session).cloned();
        answers.push(draft.write(&tx, known, append)?);
    }
    back.write(&tx)?;
    tx.commit()?;
    Ok(answers)
}

/// Whoever panicked while holding it had not begun to change it: every change is one call.
pub(super) fn lock(unwritten: &Mutex<Unwritten>) -> MutexGuard<'_, Unwritten> {
    unwritten.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The head, wherever it stands.
pub(super) fn head(
    conn: &Connection,
    unwritten: &Shared,
    session: SessionId,
) -> rusqlite::Result<Option<Head>> {
    let known = lock(unwritten).get(session).cloned();
    known.map_or_else(|| super::heads::find(conn, session), |head| Ok(Some(head)))
}
