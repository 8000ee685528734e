//! The one thread that writes. It gathers what waits into one transaction and answers after its commit.

use super::batch::{Draft, Ends, WriteBack};
use super::erase::Erasure;
use super::file::Place;
use super::heads::{Head, Unwritten};
use super::lines::Hours;
use super::stats::Counters;
use crate::append::Append;
use crate::error::StoreError;
use abide_model::id::SessionId;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Appends in one transaction at most.
const BATCH_APPENDS_MAX: usize = 1_024;
/// Bytes in one transaction at most, unless its first append alone has more.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// How long a head stays behind at most, while anything is written.
const BEHIND_AGE_MAX: Duration = Duration::from_secs(1);
/// Heads that stay behind at most; more are written back whatever their age.
const BEHIND_HEADS_MAX: usize = 8_192;
/// Heads written back in one transaction, beside twice as many as it has appends.
const WRITE_BACK_HEADS: usize = 64;

pub(super) type Shared = Arc<Mutex<Unwritten>>;

/// What the thread is asked to do.
pub(super) enum Command {
    Append(Pending),
    Erase {
        session: SessionId,
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Anything else that writes, such as a new key. Runs outside a transaction.
    Work(Box<dyn FnOnce(&mut Connection) + Send>),
    /// Write everything back and end.
    Close,
}

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
    pub(super) ends: Ends,
    pub(super) counters: Arc<Counters>,
    pub(super) erasing: VecDeque<Erasure>,
    /// Whether commits wait for the disk at the moment.
    pub(super) synced: bool,
    /// Why nothing can be written any more.
    pub(super) broken: Option<StoreError>,
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
                Some(Command::Work(work)) => {
                    self.wait_for_disk(true);
                    work(&mut self.conn);
                }
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
        while batch.len() < BATCH_APPENDS_MAX {
            match self.commands.try_recv() {
                Ok(Command::Append(next)) => {
                    bytes = bytes.saturating_add(next.append.bytes());
                    if bytes > BATCH_BYTES_MAX {
                        return (batch, Some(Command::Append(next)));
                    }
                    batch.push(next);
                }
                Ok(other) => return (batch, Some(other)),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        (batch, None)
    }

    /// Commits a batch and answers each of it. An empty batch only writes back.
    fn commit(&mut self, batch: Vec<Pending>) {
        let outcome = match &self.broken {
            Some(broken) => Err(broken.clone()),
            None => self.try_commit(&batch),
        };
        if let Err(unsynced @ StoreError::Unsynced { .. }) = &outcome {
            self.broken = Some(unsynced.clone());
        }
        self.counters.committed(&batch, &outcome);
        match outcome {
            Ok(answers) => {
                for (pending, answer) in batch.into_iter().zip(answers) {
                    // Nobody waits any more when the caller was cancelled; the step is kept all the same.
                    let _ = pending.reply.send(answer);
                    drop(pending.room);
                }
            }
            Err(error) => {
                for pending in batch {
                    let _ = pending.reply.send(Err(error.clone()));
                }
            }
        }
    }

    fn try_commit(&mut self, batch: &[Pending]) -> Result<Vec<Result<u64, StoreError>>, StoreError> {
        self.wait_for_disk(batch.iter().any(|pending| pending.append.durable));
        let back = self.write_back(BEHIND_AGE_MAX, BEHIND_HEADS_MAX, WRITE_BACK_HEADS + 2 * batch.len());
        let mut draft = Draft::new(self.ends);
        let answers = write(&mut self.conn, &self.unwritten, batch, &mut draft, &back);
        let answers = answers.map_err(|e| self.place.fault(&e))?;
        self.written(draft, &back);
        Ok(answers)
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

    /// Sets whether the next commit waits for the disk. Should SQLite refuse, commits go on as they were, and
    /// `FULL` is where they start.
    pub(super) fn wait_for_disk(&mut self, durable: bool) {
        if self.synced != durable {
            let level = if durable { "FULL" } else { "NORMAL" };
            if self.conn.pragma_update(None, "synchronous", level).is_ok() {
                self.synced = durable;
            }
        }
    }

    fn close(mut self) {
        while !self.nothing_behind() {
            self.wait_for_disk(true);
            let back = self.write_back(Duration::ZERO, 0, BEHIND_HEADS_MAX);
            let outcome = write(&mut self.conn, &self.unwritten, &[], &mut Draft::new(self.ends), &back);
            // What stays behind is found again from the log when the file is opened.
            if outcome.is_err() {
                break;
            }
            self.written(Draft::new(self.ends), &back);
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
