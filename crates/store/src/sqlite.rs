//! The embedded store: one SQLite file in a folder, no other process.
//!
//! One thread writes and commits many sessions' steps at once; one waits for the disk on behalf of those who asked
//! for it, while the next are written; others read on connections of their own; one moves pages from the write-ahead
//! log into the file. All of them end with the last handle.

mod batch;
mod blobs;
mod checkpoint;
mod erase;
mod file;
mod heads;
mod keys;
mod lines;
mod reader;
mod stats;
mod sync;
mod writer;

pub use keys::KeyFile;
pub use reader::Reader;
pub use stats::Stats;

use crate::append::{APPEND_BYTES_MAX, Append};
use crate::error::{OpenError, StoreError};
use crate::journal::{Filter, Journal, Listed, PostedLine, Row};
use crate::key::Key;
use abide_model::Hash;
use abide_model::id::SessionId;
use file::Place;
use heads::Unwritten;
use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use sync::{Broken, Pace, Syncer};
use tokio::sync::{Semaphore, oneshot};
use writer::{Command, Pending, Shared, Writer};

/// Threads that read.
const READERS: usize = 2;
/// Questions that wait for a reading thread at most; more wait to be let in.
const READS_WAITING_MAX: usize = 1_024;
/// KiB of appends that wait for the writer at most; more wait to be let in. Each counts at least 1.
const QUEUE_KIB_MAX: usize = 64 << 10;

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Bytes the database may have; none when only the disk limits it.
    pub file_bytes_max: Option<u64>,
}

/// What was found at the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Appends whose sessions did not know of them yet.
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

#[derive(Debug)]
struct Doors {
    place: Place,
    /// `None` once it is closed.
    open: Mutex<Option<Senders>>,
    threads: Mutex<Threads>,
    queue: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    unwritten: Shared,
    counters: Arc<stats::Counters>,
    broken: Broken,
}

#[derive(Debug, Clone)]
struct Senders {
    commands: Sender<Command>,
    questions: Sender<Question>,
}

#[derive(Debug, Default)]
struct Threads {
    /// Dropped to end the checkpointer.
    stop: Option<Sender<()>>,
    readers: Vec<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    syncer: Option<JoinHandle<()>>,
    /// The database file, for syncing it. Closed after the last connection: closing it sooner would drop the locks
    /// that SQLite holds on it, which belong to the process and not to a handle (fcntl(2)).
    database: Option<Arc<File>>,
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
        file::make_folder(dir)?;
        let lock = file::lock(dir)?;
        let place = Place::of(dir);
        let mut conn = place.open_writer()?;
        file::limit(&conn, options.file_bytes_max).map_err(|e| place.refusal(&e))?;
        let (found, erasing) = find(&mut conn, &place)?;
        let recovery = Recovery {
            rows: found.rows,
            sessions: found.unwritten.len() as u64,
            erasures: erasing.len() as u64,
        };
        let unwritten = Arc::new(Mutex::new(found.unwritten));
        let (commands, received) = mpsc::channel();
        let (due, committed) = mpsc::channel();
        let (counters, pace) = (Arc::new(stats::Counters::default()), Arc::new(Pace::default()));
        let broken = Broken::default();
        let writer = Writer {
            conn,
            place: place.clone(),
            commands: received,
            unwritten: Arc::clone(&unwritten),
            wrote_back: Instant::now(),
            hours_since: (!found.hours.is_empty()).then(Instant::now),
            hours: found.hours,
            ends: found.ends,
            counters: Arc::clone(&counters),
            erasing,
            company: 0,
            overgrown: Arc::default(),
            synced: true,
            committed: due,
            pace: Arc::clone(&pace),
            broken: broken.clone(),
        };
        let syncer = Syncer::new(&place, (committed, pace), broken.clone(), Arc::clone(&counters))?;
        let (questions, threads) = start(&place, &unwritten, (writer, syncer), lock)?;
        let doors = Doors {
            place,
            open: Mutex::new(Some(Senders { commands, questions })),
            threads: Mutex::new(threads),
            queue: Arc::new(Semaphore::new(QUEUE_KIB_MAX)),
            reads: Arc::new(Semaphore::new(READS_WAITING_MAX)),
            unwritten,
            counters,
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
        let kib = u32::try_from(bytes / 1_024 + 1).unwrap_or(u32::MAX);
        let queue = Arc::clone(&self.doors.queue);
        let room = queue.acquire_many_owned(kib).await.map_err(|_| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.doors.command(Command::Append(Pending { append, reply, room }))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// See [`Reader::read`].
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub async fn read(&self, session: SessionId) -> Result<Option<Journal>, StoreError> {
        self.ask(move |reader| reader.read(session)).await
    }

    /// See [`Reader::read_from`].
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub async fn read_from(&self, session: SessionId, seq: u64) -> Result<Option<Vec<Row>>, StoreError> {
        self.ask(move |reader| reader.read_from(session, seq)).await
    }

    /// See [`Reader::blobs`].
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn blobs(&self, hashes: &[Hash]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let hashes = hashes.to_vec();
        self.ask(move |reader| reader.blobs(&hashes)).await
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
        let (reply, answer) = oneshot::channel();
        self.doors.command(Command::Erase { session, reply })?;
        answer.await.unwrap_or(Err(StoreError::Closed))
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
            heads_behind: writer::lock(&self.doors.unwritten).len() as u64,
            ..self.doors.counters.read()
        }
    }

    /// Answers what waits, writes everything back and ends the threads. Whatever is asked later is refused. Blocks
    /// for as long as the last commits take.
    pub fn close(&self) {
        self.doors.close();
    }

    async fn ask<T: Send + 'static>(
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
        work: impl FnOnce(&mut rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let (place, broken) = (self.doors.place.clone(), self.doors.broken.clone());
        self.doors.command(Command::Work(Box::new(move |conn| {
            let done = broken.check().and_then(|()| conn.map_err(|e| place.fault(&e))).and_then(work);
            drop(reply.send(broken.watch(done)));
        })))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Doors {
    fn command(&self, command: Command) -> Result<(), StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = open.as_ref().ok_or(StoreError::Closed)?;
        senders.commands.send(command).map_err(|_| StoreError::Closed)
    }

    fn question(&self, question: Question) -> Result<(), StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = open.as_ref().ok_or(StoreError::Closed)?;
        senders.questions.send(question).map_err(|_| StoreError::Closed)
    }

    /// The writer's is the last connection to close, and moves the write-ahead log into the file. Whoever it leaves
    /// to the disk is answered after it.
    fn close(&self) {
        let senders = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = senders.map(|Senders { commands, questions }| {
            drop(questions);
            commands
        });
        for reader in threads.readers.drain(..) {
            let _ = reader.join();
        }
        drop(threads.stop.take());
        if let Some(checkpointer) = threads.checkpointer.take() {
            let _ = checkpointer.join();
        }
        if let Some(commands) = commands {
            let _ = commands.send(Command::Close);
        }
        if let Some(writer) = threads.writer.take() {
            let _ = writer.join();
        }
        if let Some(syncer) = threads.syncer.take() {
            let _ = syncer.join();
        }
        drop(threads.database.take());
        drop(threads.lock.take());
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a crash or an end in a hurry left to be taken in.
fn find(
    conn: &mut rusqlite::Connection,
    place: &Place,
) -> Result<(batch::Found, VecDeque<erase::Erasure>), OpenError> {
    let tx = conn.transaction().map_err(|e| place.refusal(&e))?;
    let found = batch::find_ends(&tx, place)?;
    let erasing = erase::unfinished(&tx).map_err(|e| place.refusal(&e))?;
    Ok((found, erasing.into()))
}

fn start(
    place: &Place,
    unwritten: &Arc<Mutex<Unwritten>>,
    (writer, syncer): (Writer, Syncer),
    lock: File,
) -> Result<(Sender<Question>, Threads), OpenError> {
    let refuse = |e: std::io::Error| OpenError::Io { path: place.path.clone(), reason: e.to_string() };
    let (questions, asked) = mpsc::channel();
    let asked = Arc::new(Mutex::new(asked));
    let database = Arc::new(File::open(&place.path).map_err(refuse)?);
    let mut threads =
        Threads { lock: Some(lock), database: Some(Arc::clone(&database)), ..Threads::default() };
    for n in 1..=READERS {
        let reader = Reader::beside(place, Arc::clone(unwritten))?;
        let asked = Arc::clone(&asked);
        let thread = thread::Builder::new().name(format!("store-read-{n}"));
        threads.readers.push(thread.spawn(move || answer(reader, &asked)).map_err(refuse)?);
    }
    let (stop, stopped) = mpsc::channel();
    let (conn, place_too, overgrown) = (place.open_writer()?, place.clone(), Arc::clone(&writer.overgrown));
    let broken = writer.broken.clone();
    let thread = thread::Builder::new().name("store-checkpoint".to_owned());
    threads.stop = Some(stop);
    let checkpointer =
        thread.spawn(move || checkpoint::run(&conn, (&place_too, &database), &stopped, &overgrown, &broken));
    threads.checkpointer = Some(checkpointer.map_err(refuse)?);
    let thread = thread::Builder::new().name("store-write".to_owned());
    threads.writer = Some(thread.spawn(move || writer.run()).map_err(refuse)?);
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
