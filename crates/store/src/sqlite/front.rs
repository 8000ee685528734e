//! Where steps come in: says whether one follows, numbers it, puts it into the commit log, and leaves it to be taken
//! in. Whoever appends does all of this itself, so that a step that need not wait for the disk wakes no other thread.

use super::batch::Batch;
use super::stats::Counters;
use super::sync::{Broken, Due};
use crate::append::Append;
use crate::commitlog::{Generation, Segment, frame};
use crate::error::StoreError;
use abide_model::id::SessionId;
use rusqlite::Connection;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// How long steps gather before they are taken in, unless somebody waits for them: the pages that they change are
/// then written once for many. Longer would spare a few more, and take a core for longer at once from those who serve.
const GATHER: Duration = Duration::from_millis(20);
/// So many steps in that time mean that those who serve are busy to the limit: sparing them work is then worth more than
/// short interruptions.
const CROWD_STEPS: usize = 512;
/// How much longer steps gather then.
const GATHER_CROWD: Duration = Duration::from_millis(20);
/// Bytes of steps that are taken in without waiting for more.
const GATHER_BYTES_MAX: usize = 4 << 20;
/// Bytes that a file of the log grows by before they are synced.
const GROWN_PIECE_BYTES: u64 = 1 << 20;
/// Bytes of memory that stay for the next step's frame.
const FRAME_KEPT_BYTES_MAX: usize = 1 << 20;
/// Sessions whose ends are remembered, at least; up to twice as many are.
const RECENT_MAX: usize = 16_384;

/// A step that asks to be kept.
pub(super) struct Offered {
    pub(super) append: Append,
    /// Its place in memory, given free by who takes it in.
    pub(super) room: OwnedSemaphorePermit,
    /// Set when its session was looked for in the file and not found.
    pub(super) absent: Option<Looked>,
}

/// When a session was looked for: what was not there then may be there later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looked(u64);

/// What becomes of an offered step.
pub(super) enum Offer {
    /// It stands in the log; this is the session's new last record.
    Kept(u64),
    /// The same, and the answer comes when it is on disk.
    Due(oneshot::Receiver<Result<u64, StoreError>>),
    /// Its session has to be looked for in the file first.
    Unknown(Box<Offered>, Looked),
    /// What was kept before has to be taken in first.
    Crowded(Box<Offered>),
}

/// What becomes of an erasure.
pub(super) enum Erase {
    /// It is left to be done.
    Left(oneshot::Receiver<Result<bool, StoreError>>),
    /// There is nothing to erase.
    Absent,
    /// The session has to be looked for in the file first.
    Unknown(Looked),
}

/// What waits to be done by the thread that takes steps in, in order.
pub(super) enum Task {
    Steps(Batch),
    Erase {
        session: SessionId,
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Anything else that writes, such as a new key. Begins outside a transaction; its commits wait for the disk.
    Work(Work),
    /// Answered when all before it is taken in.
    Settle(oneshot::Sender<Result<(), StoreError>>),
}

pub(super) type Work = Box<dyn FnOnce(rusqlite::Result<&mut Connection>) + Send>;

/// The end of a journal, as far as it decides whether a step follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) seq: u64,
    pub(super) erased: bool,
    /// The last step that moved it; 0 when it was read from the file.
    pub(super) number: u64,
}

/// The file of the log that is not written at the moment.
enum Spare {
    Free(Segment),
    /// Holds steps up to this one, which may not be in the database for certain.
    Sealed(Segment, u64),
    /// Being wiped.
    Away,
}

pub(super) struct Front {
    state: Mutex<State>,
    changed: Condvar,
    broken: Broken,
    counters: Arc<Counters>,
}

struct State {
    log: Segment,
    spare: Spare,
    generation: Generation,
    /// The last step in the log.
    number: u64,
    /// The last step taken in.
    taken_in: u64,
    frame: Vec<u8>,
    ends: Recent,
    /// No session of the file has a greater id.
    newest: SessionId,
    queue: Vec<Task>,
    queued_steps: usize,
    queued_bytes: usize,
    /// Memory for steps to come.
    spare_batch: Batch,
    /// To the thread that waits for the disk; `None` once the door is closed.
    due: Option<Sender<Due>>,
    /// Set when somebody waits.
    hurry: bool,
    /// Why nothing can be taken in at the moment.
    stuck: Option<StoreError>,
}

/// What the thread that takes steps in finds when it wakes.
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    /// Whether somebody waits for them.
    pub(super) hurry: bool,
    pub(super) closing: bool,
}

impl Front {
    pub(super) fn new(
        (log, spare): (Segment, Segment),
        (generation, number): (Generation, u64),
        newest: SessionId,
        due: Sender<Due>,
        (broken, counters): (Broken, Arc<Counters>),
    ) -> Front {
        let state = State {
            log,
            spare: Spare::Free(spare),
            generation,
            number,
            taken_in: number,
            frame: Vec::new(),
            ends: Recent::default(),
            newest,
            queue: Vec::new(),
            queued_steps: 0,
            queued_bytes: 0,
            spare_batch: Batch::default(),
            due: Some(due),
            hurry: false,
            stuck: None,
        };
        Front { state: Mutex::new(state), changed: Condvar::new(), broken, counters }
    }

    /// Keeps a step in the log, or says why not.
    pub(super) fn offer(&self, offered: Box<Offered>) -> Result<Offer, StoreError> {
        self.broken.check()?;
        let mut state = self.open()?;
        let (empty, hurried) = (state.queue.is_empty(), state.hurry);
        let outcome = state.offer(offered);
        let begins = empty && !state.queue.is_empty();
        let wakes = begins || state.hurry && (empty || !hurried);
        drop(state);
        self.counters.offered(&outcome);
        if wakes {
            self.changed.notify_one();
        }
        outcome
    }

    /// Leaves something to be done after all that waits, soon.
    pub(super) fn leave(&self, task: Task) -> Result<(), StoreError> {
        let mut state = self.open()?;
        state.queue.push(task);
        state.hurry = true;
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Leaves an erasure to be done. `absent` as in [`Offered`].
    pub(super) fn erase(&self, session: SessionId, absent: Option<Looked>) -> Result<Erase, StoreError> {
        let mut state = self.open()?;
        let looked = state.ends.looked();
        match state.ends.find(session) {
            None if absent != Some(looked) => return Ok(Erase::Unknown(looked)),
            Some(end) if !end.erased => {
                let number = state.number;
                state.ends.put(session, End { erased: true, number, ..end });
            }
            None | Some(_) => return Ok(Erase::Absent),
        }
        let (reply, answer) = oneshot::channel();
        state.queue.push(Task::Erase { session, reply });
        state.hurry = true;
        drop(state);
        self.changed.notify_one();
        Ok(Erase::Left(answer))
    }

    /// Takes note of what the file says of a session, unless something else has become known meanwhile.
    pub(super) fn remember(&self, session: SessionId, end: End, looked: Looked) {
        let mut state = self.lock();
        if state.ends.looked() == looked && state.ends.find(session).is_none() {
            state.ends.put(session, end);
            let taken_in = state.taken_in;
            state.ends.shrink(taken_in);
        }
    }

    /// Takes back that a session is erased.
    pub(super) fn revive(&self, session: SessionId) {
        let mut state = self.lock();
        if let Some(end) = state.ends.find(session) {
            state.ends.put(session, End { erased: false, ..end });
        }
    }

    /// Whether everything kept so far is taken in, or all there is of one session.
    pub(super) fn is_settled(&self, of: Option<SessionId>) -> bool {
        let mut state = self.lock();
        let last = match of {
            // Of one that is being erased there is nothing to wait for.
            Some(session) => state.ends.find(session).filter(|end| !end.erased).map_or(0, |end| end.number),
            None => state.number,
        };
        last <= state.taken_in
    }

    /// Steps that wait to be taken in.
    pub(super) fn behind(&self) -> u64 {
        let state = self.lock();
        state.number - state.taken_in
    }

    /// Lets nothing in any more, and what is in be finished.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.due = None;
        drop(state);
        self.changed.notify_one();
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.lock();
        if state.due.is_none() { Err(StoreError::Closed) } else { Ok(state) }
    }

    /// Whoever panicked while holding it had not begun to change it: what can fail comes first.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of the thread that takes steps in. However it comes about, nobody is let in or kept waiting after it.
pub(super) struct Ends(Arc<Front>);

impl Ends {
    pub(super) fn of(front: &Arc<Front>) -> Ends {
        Ends(Arc::clone(front))
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.close();
        let unanswered = std::mem::take(&mut self.0.lock().queue);
        drop(unanswered);
    }
}

/// For the thread that takes steps in.
impl Front {
    /// What waits to be done, once there is something and, where nobody waits for it, enough of it. With `within`,
    /// there is work beside it: nothing may be found.
    pub(super) fn next(&self, within: Option<Duration>) -> Found {
        let calm = |state: &mut State| !state.hurry && state.due.is_some();
        let wait = |state, time| {
            self.changed.wait_timeout_while(state, time, calm).unwrap_or_else(PoisonError::into_inner).0
        };
        let mut state = self.lock();
        match within {
            Some(time) => state = wait(state, time),
            None => {
                while state.queue.is_empty() && state.due.is_some() {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state = wait(state, GATHER);
                if state.queued_steps >= CROWD_STEPS {
                    state = wait(state, GATHER_CROWD);
                }
            }
        }
        (state.queued_steps, state.queued_bytes) = (0, 0);
        let hurry = std::mem::take(&mut state.hurry);
        Found { tasks: std::mem::take(&mut state.queue), hurry, closing: state.due.is_none() }
    }

    /// Makes the file of the log longer before it has to be. Whoever waits for the disk meanwhile waits for a piece of
    /// it, not for the whole.
    pub(super) fn grow(&self) {
        // A disk without room for it says so to whoever appends.
        while self.lock().log.grow().unwrap_or(false) {
            let (file, path, whole) = {
                let log = &self.lock().log;
                (Arc::clone(&log.growth), log.path.clone(), log.is_whole_pieces(GROWN_PIECE_BYTES))
            };
            let synced = if whole { file.sync_data() } else { Ok(()) };
            let unsynced = |e: io::Error| StoreError::Unsynced { path, reason: e.to_string() };
            if self.broken.watch(synced.map_err(unsynced)).is_err() {
                break;
            }
        }
    }

    /// Whether somebody waits for what is being done.
    pub(super) fn hurries(&self) -> bool {
        let state = self.lock();
        state.hurry || state.due.is_none()
    }

    /// Takes the memory of steps that are taken in for others to come.
    pub(super) fn give_back(&self, batch: Batch) {
        let emptied = batch.emptied();
        self.lock().spare_batch = emptied;
    }

    /// Takes note of steps that are in the database, up to `number`, or of why they cannot be.
    pub(super) fn taken_in(&self, outcome: Result<u64, StoreError>) {
        let mut state = self.lock();
        match outcome {
            Ok(number) => {
                state.taken_in = number;
                state.stuck = None;
                state.ends.shrink(number);
            }
            Err(error) => state.stuck = Some(error),
        }
    }

    /// The last step of a file that can be written over once that step is durable in the database.
    pub(super) fn sealed(&self) -> Option<u64> {
        match self.lock().spare {
            Spare::Sealed(_, last) => Some(last),
            Spare::Free(_) | Spare::Away => None,
        }
    }

    /// Removes the log. To be called when the door is closed and all of it is durable in the database.
    pub(super) fn remove_log(&self) {
        let state = self.lock();
        let spare = match &state.spare {
            Spare::Free(segment) | Spare::Sealed(segment, _) => Some(segment),
            Spare::Away => None,
        };
        for segment in spare.into_iter().chain([&state.log]) {
            // One that stays is found to hold nothing new.
            let _ = std::fs::remove_file(&segment.path);
        }
    }

    /// Gives the sealed file free, when all it holds is durable up to `durable`.
    pub(super) fn release(&self, durable: u64) {
        let mut state = self.lock();
        if matches!(state.spare, Spare::Sealed(_, last) if last <= durable)
            && let Spare::Sealed(segment, _) = std::mem::replace(&mut state.spare, Spare::Away)
        {
            state.spare = Spare::Free(segment);
        }
    }

    /// Wipes the file that is free, and goes on in it when `switch`; false when none is free.
    pub(super) fn wipe(&self, switch: bool) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let mut segment = match std::mem::replace(&mut state.spare, Spare::Away) {
            Spare::Free(segment) => segment,
            other => {
                state.spare = other;
                return Ok(false);
            }
        };
        drop(state);
        let wiped = segment.wipe().map_err(|e| failure(&segment.path, &e)).and_then(|()| {
            let unsynced =
                |e: io::Error| StoreError::Unsynced { path: segment.path.clone(), reason: e.to_string() };
            segment.file.sync_data().map_err(unsynced)
        });
        let mut state = self.lock();
        state.spare = Spare::Free(segment);
        wiped?;
        if switch {
            state.switch().map_err(|e| failure(&state.log.path, &e))?;
        }
        Ok(true)
    }
}

impl State {
    fn offer(&mut self, offered: Box<Offered>) -> Result<Offer, StoreError> {
        // Who waits for what is stuck finds out whether it still is.
        if self.stuck.is_some() {
            return Ok(Offer::Crowded(offered));
        }
        let append = &offered.append;
        let before = self.ends.find(append.session);
        let looked = self.ends.looked();
        let new = append.first.is_some() && append.session > self.newest;
        if before.is_none() && !new && offered.absent != Some(looked) {
            return Ok(Offer::Unknown(offered, looked));
        }
        if let Some(refusal) = refusal(append, before) {
            return Err(refusal);
        }
        let number = self.number + 1;
        let mut frame = std::mem::take(&mut self.frame);
        frame::encode(&mut frame, self.generation, number, append);
        let outcome = match self.write(&mut frame, append) {
            Ok(true) => Ok(self.kept(*offered, frame::step_of(&frame))),
            Ok(false) => Ok(Offer::Crowded(offered)),
            Err(e) => Err(failure(&self.log.path, &e)),
        };
        if frame.capacity() <= FRAME_KEPT_BYTES_MAX {
            self.frame = frame;
        }
        outcome
    }

    /// False when there is no room before something is taken in.
    fn write(&mut self, bytes: &mut Vec<u8>, append: &Append) -> io::Result<bool> {
        if !self.log.has_room(bytes.len()) {
            if !matches!(self.spare, Spare::Free(_)) {
                return Ok(false);
            }
            self.switch()?;
            frame::encode(bytes, self.generation, self.number + 1, append);
        }
        self.log.append(bytes)?;
        Ok(true)
    }

    /// Goes on in the other file, which is free.
    fn switch(&mut self) -> io::Result<()> {
        let mut next = match std::mem::replace(&mut self.spare, Spare::Away) {
            Spare::Free(segment) => segment,
            other => {
                self.spare = other;
                return Ok(());
            }
        };
        if let Err(e) = next.begin(self.generation.next(), self.number + 1) {
            self.spare = Spare::Free(next);
            return Err(e);
        }
        self.generation = self.generation.next();
        let full = std::mem::replace(&mut self.log, next);
        self.spare = Spare::Sealed(full, self.number);
        self.hurry = true;
        Ok(())
    }

    fn kept(&mut self, offered: Offered, step: &[u8]) -> Offer {
        let Offered { append, room, absent: _ } = offered;
        self.number += 1;
        let seq = append.expect + append.records.len() as u64;
        self.ends.put(append.session, End { seq, erased: false, number: self.number });
        self.newest = self.newest.max(append.session);
        self.queued_steps += 1;
        self.queued_bytes += step.len();
        self.hurry |= self.queued_bytes > GATHER_BYTES_MAX;
        self.batch(step, u32::try_from(room.num_permits()).unwrap_or(u32::MAX));
        room.forget();
        let Some(due) = self.due.as_ref().filter(|_| append.durable) else { return Offer::Kept(seq) };
        let (reply, answer) = oneshot::channel();
        // Fails only when that thread is gone; whoever waits then hears that the store is closed.
        let _ = due.send(Due { seq, generation: self.generation.n, reply });
        Offer::Due(answer)
    }

    /// Leaves the last step to be taken in.
    fn batch(&mut self, step: &[u8], kib: u32) {
        if let Some(Task::Steps(batch)) = self.queue.last_mut() {
            return batch.push(self.number, step, kib);
        }
        let mut batch = std::mem::take(&mut self.spare_batch);
        batch.push(self.number, step, kib);
        self.queue.push(Task::Steps(batch));
    }
}

fn refusal(append: &Append, before: Option<End>) -> Option<StoreError> {
    let (session, expected) = (append.session, append.expect);
    match before {
        Some(end) if end.erased => Some(StoreError::Erased { session }),
        Some(end) if end.seq != expected => Some(StoreError::Conflict { session, expected, head: end.seq }),
        None if expected != 0 => Some(StoreError::Conflict { session, expected, head: 0 }),
        Some(_) | None => None,
    }
}

/// What the operating system's refusal of a write means to the caller.
pub(super) fn failure(path: &Path, error: &io::Error) -> StoreError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::Full { path, reason }
        }
        _ => StoreError::Io { path, reason },
    }
}

type EndOf = HashMap<SessionId, End, BuildHasherDefault<IdHasher>>;

/// Most of an id is drawn at random, here and by nobody else, so that its halves are all there is to mix.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, half: u64) {
        // The golden ratio: neighbours end up far apart, in the upper bits too.
        self.0 = (self.0.rotate_left(32) ^ half).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, id: u128) {
        self.write_u64((id >> 64) as u64);
        self.write_u64(id as u64);
    }
}

/// The ends of sessions that were spoken of lately. Everything that is not taken in yet is among them.
#[derive(Default)]
struct Recent {
    young: EndOf,
    old: EndOf,
    /// How often some were forgotten.
    forgotten: u64,
}

impl Recent {
    fn looked(&self) -> Looked {
        Looked(self.forgotten)
    }

    fn find(&mut self, session: SessionId) -> Option<End> {
        if let Some(end) = self.young.get(&session) {
            return Some(*end);
        }
        let end = self.old.remove(&session)?;
        self.young.insert(session, end);
        Some(end)
    }

    fn put(&mut self, session: SessionId, end: End) {
        self.young.insert(session, end);
    }

    /// Forgets the older half when there are many, except what is not taken in.
    fn shrink(&mut self, taken_in: u64) {
        if self.young.len() < RECENT_MAX {
            return;
        }
        let young = std::mem::take(&mut self.young);
        let old = std::mem::replace(&mut self.old, young);
        self.young.extend(old.into_iter().filter(|(_, end)| end.number > taken_in));
        self.forgotten += 1;
    }
}
