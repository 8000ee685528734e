//! The embedded store: a commit log and one SQLite file in a folder, no other process.
//!
//! Whoever appends writes to the commit log; one thread waits for the disk on behalf of those who asked for it; one
//! takes what was kept into SQLite, where it is read by session, by time and by hash; others read on connections of
//! their own, once everything kept before the question is taken in; one moves pages from SQLite's write-ahead log
//! into its file. All of them end with the last handle.

mod batch;
mod blobs;
mod checkpoint;
mod draft;
mod erase;
mod file;
mod front;
mod heads;
mod intake;
mod keys;
mod lines;
mod reader;
mod rows;
mod stats;
mod sync;

pub use keys::KeyFile;
pub use reader::Reader;
pub use stats::Stats;

use crate::append::{APPEND_BYTES_MAX, Append};
use crate::commitlog::{self, Generation, Segment, Step};
use crate::error::{OpenError, StoreError};
use crate::journal::{Filter, Journal, Listed, PostedLine};
use crate::key::Key;
use abide_model::Hash;
use abide_model::id::SessionId;
use draft::{Draft, Ends};
use file::Place;
use front::{Erase, Front, Looked, Offer, Offered, Task};
use intake::Intake;
use rusqlite::Connection;
use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use sync::{Broken, Company, Syncer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Threads that read.
const READERS: usize = 2;
/// Questions that wait for a reading thread at most; more wait to be let in.
const READS_WAITING_MAX: usize = 1_024;
/// KiB of appends that wait to be taken in at most; more wait to be let in. Each counts at least 1, and at most all of
/// it. So much is kept, and cannot be read, when the tables have no room for it.
const QUEUE_KIB_MAX: usize = 8 << 10;

/// How long opening waits for another process: a command that takes in what a crash left has the folder for moments.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Bytes the database may have; none when only the disk limits it. What a crash left in the commit log is taken in
    /// beyond that.
    pub file_bytes_max: Option<u64>,
    /// Bytes each of the two files of the commit log has, unless one step alone has more; 32 MiB when there is none,
    /// 64 KiB at least.
    pub log_file_bytes: Option<u64>,
}

/// What was found at the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Appends that stood in the commit log only.
    pub rows: u64,
    /// Sessions they belong to.
    pub sessions: u64,
    /// Erasures that go on.
    pub erasures: u64,
}

/// A store, and what opening it found.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Nothing, after an orderly end.
    pub recovery: Recovery,
}

/// A handle on the store of a folder. Cheap to clone; the store closes with the last one.
#[derive(Debug, Clone)]
pub struct Store {
    doors: Arc<Doors>,
}

type Question = Box<dyn FnOnce(&mut Reader) + Send>;

struct Doors {
    place: Place,
    front: Arc<Front>,
    /// To the reading threads; `None` once it is closed.
    questions: Mutex<Option<Sender<Question>>>,
    threads: Mutex<Threads>,
    queue: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    counters: Arc<stats::Counters>,
    company: Company,
    broken: Broken,
}

#[derive(Debug, Default)]
struct Threads {
    /// Dropped to end the checkpointer.
    stop: Option<Sender<()>>,
    readers: Vec<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    intake: Option<JoinHandle<()>>,
    syncer: Option<JoinHandle<()>>,
    /// Held until all of them have ended.
    lock: Option<File>,
}

impl Store {
    /// Opens the store of `dir`, and makes both when they are not there. Blocks until what a crash left behind is
    /// taken in.
    ///
    /// # Errors
    /// When another server has it, it is not ours, or the disk refuses.
    pub fn open(dir: &Path, options: Options) -> Result<Opened, OpenError> {
        Store::open_within(LOCK_WAIT, dir, options)
    }

    /// Waits at most so long for another process that has the folder.
    fn open_within(wait: Duration, dir: &Path, options: Options) -> Result<Opened, OpenError> {
        file::make_folder(dir)?;
        let lock = file::lock(dir, wait)?;
        let place = Place::of(dir);
        let (intake, syncer, recovery) = recover(place.open_writer()?, &place, options)?;
        let (front, queue) = (Arc::clone(&intake.front), Arc::clone(&intake.queue));
        let (counters, broken) = (Arc::clone(&intake.counters), intake.broken.clone());
        let company = syncer.company.clone();
        let (questions, threads) = start(&place, (intake, syncer), lock)?;
        let doors = Doors {
            place,
            front,
            questions: Mutex::new(Some(questions)),
            threads: Mutex::new(threads),
            queue,
            reads: Arc::new(Semaphore::new(READS_WAITING_MAX)),
            counters,
            company,
            broken,
        };
        Ok(Opened { store: Store { doors: Arc::new(doors) }, recovery })
    }

    /// Keeps one step and returns the session's new last record. Waits when much is waiting already. A caller that
    /// goes away does not take its step back.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the session is not where the caller believes, and when the disk fails. Nothing
    /// of the step is kept then.
    pub async fn append(&self, append: Append) -> Result<u64, StoreError> {
        assert!(!append.records.is_empty(), "a step has records");
        assert_eq!(append.first.is_some(), append.expect == 0, "a session is described once, when it begins");
        let bytes = append.bytes();
        if bytes > APPEND_BYTES_MAX {
            return Err(StoreError::TooLarge { bytes, limit: APPEND_BYTES_MAX });
        }
        let kib = u32::try_from((bytes / 1_024 + 1).min(QUEUE_KIB_MAX)).unwrap_or(u32::MAX);
        let room = self.room(kib).await.inspect_err(|_| self.doors.counters.failed())?;
        let mut offered = Box::new(Offered { append, room, absent: None });
        loop {
            match self.doors.front.offer(offered)? {
                Offer::Kept(seq) => return Ok(seq),
                Offer::Due(answer) => {
                    self.doors.company.join();
                    return answer.await.unwrap_or(Err(StoreError::Closed));
                }
                Offer::Unknown(back, looked) => {
                    offered = back;
                    offered.absent = self.look(offered.append.session, looked).await?;
                }
                Offer::Crowded(back) => {
                    offered = back;
                    self.settle().await.inspect_err(|_| self.doors.counters.failed())?;
                }
            }
        }
    }

    /// Waits for so many KiB of the queue, in turn with others who do: a step that needs all of it gets it too. While
    /// what waits cannot be taken in, nobody is let in, and hears why.
    async fn room(&self, kib: u32) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(room) = Arc::clone(&self.doors.queue).try_acquire_many_owned(kib) {
            return Ok(room);
        }
        let mut room = pin!(Arc::clone(&self.doors.queue).acquire_many_owned(kib));
        loop {
            let mut settled = pin!(self.settle());
            let either = poll_fn(|cx| match room.as_mut().poll(cx) {
                Poll::Ready(room) => Poll::Ready(Ok(Some(room))),
                Poll::Pending => settled.as_mut().poll(cx).map(|settled| settled.map(|()| None)),
            });
            if let Some(room) = either.await? {
                return room.map_err(|_| StoreError::Closed);
            }
        }
    }

    /// Looks for a session in the file; what is found is remembered. Returns `looked` when it is not there.
    async fn look(&self, session: SessionId, looked: Looked) -> Result<Option<Looked>, StoreError> {
        let found = self.ask_now(move |reader| reader.end(session)).await?;
        Ok(match found {
            Some(end) => {
                self.doors.front.remember(session, end, looked);
                None
            }
            None => Some(looked),
        })
    }

    /// Waits until everything kept so far is taken in.
    async fn settle(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.doors.front.leave(Task::Settle(reply))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// See [`Reader::read`].
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub async fn read(&self, session: SessionId) -> Result<Option<Journal>, StoreError> {
        self.ask_of(session, move |reader| reader.read(session)).await
    }

    /// See [`Reader::read_from`].
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub async fn read_from(&self, session: SessionId, seq: u64) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        self.ask_of(session, move |reader| reader.read_from(session, seq)).await
    }

    /// See [`Reader::blobs`]. Those that are taken in are found though nothing else can be.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn blobs(&self, hashes: &[Hash]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        // A body is what its hash says: only for one that is not there, what was kept before has to be taken in.
        let settled = self.doors.front.is_settled(None);
        let (asked, again) = (hashes.to_vec(), hashes.to_vec());
        let found = self.ask_now(move |reader| reader.blobs(&asked)).await?;
        if settled || found.iter().all(Option::is_some) {
            return Ok(found);
        }
        self.ask(move |reader| reader.blobs(&again)).await
    }

    /// See [`Reader::sessions`].
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn sessions(&self, filter: Filter, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.ask(move |reader| reader.sessions(&filter, limit)).await
    }

    /// See [`Reader::unfinished`].
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn unfinished(&self) -> Result<Vec<SessionId>, StoreError> {
        self.ask(Reader::unfinished).await
    }

    /// Every line with `from_ms <= at < until_ms`, in the order they were posted, some at a time.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn lines(
        &self,
        (from_ms, until_ms): (i64, i64),
        mut chunk: impl FnMut(Vec<PostedLine>),
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page =
                move |reader: &mut Reader| reader.lines_page((from_ms, until_ms), after, reader::LINES_PAGE);
            let lines = self.ask(page).await?;
            let Some(last) = lines.last() else { return Ok(()) };
            after = last.n;
            chunk(lines);
        }
    }

    /// Removes a session and all its records; its ledger lines stay. False when it is not there. Readers no longer
    /// see it as soon as this has begun; the answer comes when its rows are overwritten in the file, and with them
    /// the content that no other session holds.
    ///
    /// # Errors
    /// When the disk fails. What was begun goes on when the store is opened again.
    pub async fn erase(&self, session: SessionId) -> Result<bool, StoreError> {
        let mut absent = None;
        loop {
            match self.doors.front.erase(session, absent)? {
                Erase::Left(answer) => return answer.await.unwrap_or(Err(StoreError::Closed)),
                Erase::Absent => return Ok(false),
                Erase::Unknown(looked) => absent = self.look(session, looked).await?,
            }
        }
    }

    /// Keeps a new key, durably.
    ///
    /// # Errors
    /// When there is one with its id or hash, or the disk fails.
    pub async fn key_insert(&self, key: Key) -> Result<(), StoreError> {
        let place = self.doors.place.clone();
        self.work(move |conn| keys::insert(conn, &place, &key)).await
    }

    /// Marks a key as revoked, durably; false when there is none that is not revoked yet.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn key_revoke(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let (place, id) = (self.doors.place.clone(), id.to_owned());
        self.work(move |conn| keys::revoke(conn, &id, at_ms).map_err(|e| place.fault(&e))).await
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        self.ask(Reader::keys).await
    }

    /// The key whose secret has this hash, revoked or not.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn key(&self, hash: Hash) -> Result<Option<Key>, StoreError> {
        self.ask(move |reader| reader.key(hash)).await
    }

    /// A number that grows with every change of keys, whichever process makes it.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn keys_version(&self) -> Result<u64, StoreError> {
        self.ask(Reader::keys_version).await
    }

    /// Counts and sizes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        Stats {
            file_bytes: size(&self.doors.place.path),
            wal_bytes: size(&self.doors.place.wal()),
            log_bytes: (0..commitlog::SEGMENTS as u64)
                .map(|turn| size(&commitlog::place(self.doors.place.folder(), turn)))
                .sum(),
            appends_behind: self.doors.front.behind(),
            ..self.doors.counters.read()
        }
    }

    /// Answers what waits, writes everything back and ends the threads. Whatever is asked later is refused. Blocks
    /// for as long as the last commits take.
    pub fn close(&self) {
        self.doors.close();
    }

    /// Asks a reading thread, once everything kept so far is taken in.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.doors.front.is_settled(None) {
            self.settle().await?;
        }
        self.ask_now(question).await
    }

    /// The same about one session, once everything kept of it is: others do not stand in the way.
    async fn ask_of<T: Send + 'static>(
        &self,
        session: SessionId,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.doors.front.is_settled(Some(session)) {
            self.settle().await?;
        }
        self.ask_now(question).await
    }

    async fn ask_now<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reads = Arc::clone(&self.doors.reads);
        let room = reads.acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.doors.question(Box::new(move |reader| {
            let _ = reply.send(question(reader));
            drop(room);
        }))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let (place, broken) = (self.doors.place.clone(), self.doors.broken.clone());
        self.doors.front.leave(Task::Work(Box::new(move |conn| {
            let done = broken.check().and_then(|()| conn.map_err(|e| place.fault(&e))).and_then(work);
            drop(reply.send(broken.watch(done)));
        })))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Doors {
    fn question(&self, question: Question) -> Result<(), StoreError> {
        let questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let questions = questions.as_ref().ok_or(StoreError::Closed)?;
        questions.send(question).map_err(|_| StoreError::Closed)
    }

    /// The intake's is the last connection to close, and moves the write-ahead log into the file.
    fn close(&self) {
        self.front.close();
        drop(self.questions.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for reader in threads.readers.drain(..) {
            let _ = reader.join();
        }
        drop(threads.stop.take());
        let rest = [threads.checkpointer.take(), threads.syncer.take(), threads.intake.take()];
        for thread in rest.into_iter().flatten() {
            let _ = thread.join();
        }
        drop(threads.lock.take());
    }
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.close();
    }
}

/// Takes in what a crash or an end in a hurry left in the commit log, and begins a new one.
fn recover(
    mut conn: Connection,
    place: &Place,
    options: Options,
) -> Result<(Intake, Syncer, Recovery), OpenError> {
    let sqlite = |e: rusqlite::Error| place.refusal(&e);
    let mut draft = Draft::new(Ends::find(&conn).map_err(sqlite)?);
    let (found, salt) = take_in_left(&mut conn, &mut draft, place)?;
    let number = heads::mark(&conn, "step").map_err(sqlite)?.cast_unsigned();
    // Only now, so that a file at its limit can be opened, and room be made in it.
    file::limit(&conn, options.file_bytes_max).map_err(sqlite)?;
    let erasing: VecDeque<_> = erase::unfinished(&conn).map_err(sqlite)?.into();
    let sessions: BTreeSet<SessionId> =
        found.iter().filter_map(|(_, step)| Step::read(step)).map(|step| step.session).collect();
    let (rows, sessions) = (found.len() as u64, sessions.len() as u64);
    let recovery = Recovery { rows, sessions, erasures: erasing.len() as u64 };

    let generation = Generation { salt, n: 1 };
    let (log, spare) = begin_log(&conn, place, (generation, number + 1), options, erasing.is_empty())?;
    let mut files =
        [(Arc::clone(&log.file), log.path.clone()), (Arc::clone(&spare.file), spare.path.clone())];
    files.rotate_right(commitlog::turn(generation.n));

    let (broken, counters) = (Broken::default(), Arc::new(stats::Counters::default()));
    let newest = heads::newest(&conn).map_err(sqlite)?;
    let shared = (broken.clone(), Arc::clone(&counters));
    let (due, kept) = mpsc::channel();
    let front = Arc::new(Front::new((log, spare), (generation, number), newest, due, shared));
    let syncer = Syncer {
        files,
        generation: generation.n,
        kept,
        company: Company::default(),
        broken: broken.clone(),
        counters: Arc::clone(&counters),
    };
    let intake = Intake {
        conn,
        place: place.clone(),
        front,
        queue: Arc::new(Semaphore::new(QUEUE_KIB_MAX)),
        draft,
        taken_in: number,
        backlog: VecDeque::new(),
        erasing,
        removed: Vec::new(),
        scrub: erase::Scrub::default(),
        counters,
        hurry: false,
        overgrown: Arc::default(),
        synced: true,
        broken,
    };
    Ok((intake, syncer, recovery))
}

/// Takes in what stands in the log of the last opening, durably; returns it, and the salt of the log to come.
fn take_in_left(
    conn: &mut Connection,
    draft: &mut Draft,
    place: &Place,
) -> Result<(commitlog::Found, u64), OpenError> {
    let sqlite = |e: rusqlite::Error| place.refusal(&e);
    let mark = |name| heads::mark(conn, name).map(i64::cast_unsigned).map_err(sqlite);
    let found = commitlog::read(place.folder(), mark("salt")?, mark("step")?).map_err(file::log_refused)?;
    let salt: i64 = conn.query_row("SELECT random()", [], |row| row.get(0)).map_err(sqlite)?;
    let salt = salt.cast_unsigned();
    intake::take_in_found(conn, draft, &found, salt).map_err(sqlite)?;
    Ok((found, salt))
}

/// Begins the log with its first generation. Wipes both files before when they may hold what was erased, unless that
/// has to be done again anyway.
fn begin_log(
    conn: &Connection,
    place: &Place,
    (generation, first): (Generation, u64),
    options: Options,
    erased: bool,
) -> Result<(Segment, Segment), OpenError> {
    let sqlite = |e: rusqlite::Error| place.refusal(&e);
    let bytes = options.log_file_bytes.unwrap_or(commitlog::SEGMENT_BYTES);
    let open = |n| Segment::open(place.folder(), n, bytes).map_err(file::log_refused);
    let (mut log, mut spare) = (open(generation.n)?, open(generation.n + 1)?);
    if erased && heads::mark(conn, "scrub").map_err(sqlite)? != 0 {
        for segment in [&mut log, &mut spare] {
            let wiped = segment.wipe().and_then(|()| segment.file.sync_data());
            wiped.map_err(|e| file::refused(&segment.path, &e))?;
        }
        erase::mark_scrub(conn, false).map_err(sqlite)?;
    }
    let begun = log.begin(generation, first).and_then(|()| place.sync_name());
    begun.map_err(|e| file::refused(&log.path, &e))?;
    Ok((log, spare))
}

fn start(
    place: &Place,
    (intake, syncer): (Intake, Syncer),
    lock: File,
) -> Result<(Sender<Question>, Threads), OpenError> {
    let refuse = |e: std::io::Error| OpenError::Io { path: place.path.clone(), reason: e.to_string() };
    let (questions, asked) = mpsc::channel();
    let asked = Arc::new(Mutex::new(asked));
    let mut threads = Threads { lock: Some(lock), ..Threads::default() };
    for n in 1..=READERS {
        let reader = Reader::beside(place)?;
        let asked = Arc::clone(&asked);
        let thread = thread::Builder::new().name(format!("store-read-{n}"));
        threads.readers.push(thread.spawn(move || answer(reader, &asked)).map_err(refuse)?);
    }
    let (stop, stopped) = mpsc::channel();
    let (conn, place_too, overgrown) = (place.open_writer()?, place.clone(), Arc::clone(&intake.overgrown));
    let broken = intake.broken.clone();
    let thread = thread::Builder::new().name("store-checkpoint".to_owned());
    threads.stop = Some(stop);
    let checkpointer =
        thread.spawn(move || checkpoint::run(&conn, &place_too, &stopped, &overgrown, &broken));
    threads.checkpointer = Some(checkpointer.map_err(refuse)?);
    let thread = thread::Builder::new().name("store-intake".to_owned());
    let ends = front::Ends::of(&intake.front);
    let work = move || {
        // Invariant: dropped after all that waits in `intake`, also when it panics.
        let _ends = ends;
        intake.run();
    };
    threads.intake = Some(thread.spawn(work).map_err(refuse)?);
    let thread = thread::Builder::new().name("store-sync".to_owned());
    threads.syncer = Some(thread.spawn(move || syncer.run()).map_err(refuse)?);
    Ok((questions, threads))
}

/// Answers questions until nobody can ask any more.
fn answer(mut reader: Reader, asked: &Mutex<Receiver<Question>>) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(question) = next else { return };
        question(&mut reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::NewSession;
    use tempfile::TempDir;

    fn step(session: u128) -> Append {
        Append {
            session: SessionId(session),
            expect: 0,
            records: vec![b"a".to_vec()],
            open: false,
            durable: true,
            at_ms: 1,
            lines: Vec::new(),
            blobs: Vec::new(),
            snapshot: None,
            first: Some(NewSession { owner: "ann".to_owned(), named: true }),
        }
    }

    #[test]
    fn nobody_waits_for_a_thread_that_panicked_and_what_was_answered_is_there() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap().store;
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            assert_eq!(store.append(step(1)).await, Ok(1));
            let panicked: Result<(), _> = store.work(|_| panic!("on purpose")).await;
            assert_eq!(panicked, Err(StoreError::Closed));
            // Until the thread is gone the log takes steps, and then no more.
            let mut last = 1;
            while let Ok(seq) = store.append(step(last + 1)).await {
                assert_eq!(seq, 1);
                last += 1;
            }
            assert_eq!(store.append(step(last + 2)).await, Err(StoreError::Closed));
            assert_eq!(store.erase(SessionId(1)).await, Err(StoreError::Closed));
            store.close();
            let store = Store::open(dir.path(), Options::default()).unwrap().store;
            for session in 1..=last {
                assert_eq!(store.read(SessionId(session)).await.unwrap().unwrap().records, [b"a"]);
            }
        });
    }
}
