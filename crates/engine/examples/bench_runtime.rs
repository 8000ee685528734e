//! Durable steps per second and bytes on disk per step, beside the bare disk in the same run.
//!
//! A step puts a message of 2 kB into a conversation and returns once it is on disk. The bare disk appends the
//! same bytes to one file, one `fdatasync` for all that waits: what no journal on this disk can beat.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench ends by panicking"
)]

use abide_engine::{Engine, Handle, Limits, Options, Principal, Setup};
use abide_model::Hash;
use abide_model::item::{Item, Role};
use abide_upstream::Waits;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Bytes of one step.
const STEP_BYTES: usize = 2_048;
/// Steps waiting for the bare disk's writer at most.
const WAITING_MAX: usize = 1_024;

fn main() {
    let wanted = std::env::args().skip_while(|arg| arg != "--seconds").nth(1);
    let time = Duration::from_secs_f64(wanted.and_then(|text| text.parse().ok()).unwrap_or(5.0));
    let folder = std::env::var_os("ABIDE_BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("abide-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    println!("durable steps of {STEP_BYTES} bytes, {time:?} for each row, in {}\n", folder.display());
    throughput(&folder, time);
    size(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn throughput(folder: &Path, time: Duration) {
    println!("concurrency    abide/s  p50 µs  p99 µs   disk/s  p50 µs  p99 µs   ratio");
    for concurrency in [1, 16, 256] {
        let abide = engine_steps(&folder.join(format!("engine-{concurrency}")), concurrency, time);
        let disk = disk_steps(&folder.join(format!("disk-{concurrency}")), concurrency, time);
        println!(
            "{concurrency:>11}  {:>9.0}  {:>6}  {:>6}  {:>7.0}  {:>6}  {:>6}  {:>6.2}",
            abide.per_second,
            abide.p50,
            abide.p99,
            disk.per_second,
            disk.p50,
            disk.p99,
            abide.per_second / disk.per_second,
        );
    }
}

struct Figures {
    per_second: f64,
    /// Microseconds.
    p50: u128,
    /// Microseconds.
    p99: u128,
}

fn figures(mut waits: Vec<Duration>, took: Duration) -> Figures {
    waits.sort_unstable();
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_micros();
    Figures { per_second: waits.len() as f64 / took.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn engine_steps(folder: &Path, concurrency: usize, time: Duration) -> Figures {
    runtime().block_on(async {
        let engine = open(folder).await;
        let until = Instant::now() + time;
        let start = Instant::now();
        let tasks: Vec<_> =
            (0..concurrency).map(|n| tokio::spawn(session_until(engine.handle(), n, until))).collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.unwrap());
        }
        let figures = figures(waits, start.elapsed());
        engine.close(Duration::from_secs(5)).await;
        figures
    })
}

async fn session_until(handle: Handle, n: usize, until: Instant) -> Vec<Duration> {
    let who = principal();
    let conversation = handle.create_conversation(&who, Vec::new(), None).await.unwrap().id;
    let mut waits = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        handle.add_items(&who, conversation, vec![step(n, waits.len())]).await.unwrap();
        waits.push(began.elapsed());
    }
    waits
}

/// Appends as a journal without any structure would: one writer, one `fdatasync` for all that waits.
fn disk_steps(path: &Path, concurrency: usize, time: Duration) -> Figures {
    let (steps, waiting) = sync_channel::<(Vec<u8>, SyncSender<()>)>(WAITING_MAX);
    let file = std::fs::File::create(path).unwrap();
    let writer = std::thread::spawn(move || write_all(file, &waiting));
    let until = Instant::now() + time;
    let start = Instant::now();
    let threads: Vec<_> = (0..concurrency)
        .map(|n| {
            let steps = steps.clone();
            std::thread::spawn(move || {
                let mut waits = Vec::new();
                while Instant::now() < until {
                    let began = Instant::now();
                    let (reply, done) = sync_channel(1);
                    steps.send((text(n, waits.len()).into_bytes(), reply)).unwrap();
                    done.recv().unwrap();
                    waits.push(began.elapsed());
                }
                waits
            })
        })
        .collect();
    drop(steps);
    let waits = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let figures = figures(waits, start.elapsed());
    writer.join().unwrap();
    figures
}

fn write_all(mut file: std::fs::File, waiting: &Receiver<(Vec<u8>, SyncSender<()>)>) {
    while let Ok(first) = waiting.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        for (_, reply) in batch {
            reply.send(()).unwrap();
        }
    }
}

fn size(folder: &Path) {
    println!("\nsteps a session  sessions  new bytes a step  on disk a step  ratio  open ms");
    for (steps, sessions) in [(200, 30), (3_000, 2)] {
        let folder = folder.join(format!("size-{steps}"));
        runtime().block_on(fill(&folder, steps, sessions));
        let on_disk: u64 =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        let opened = runtime().block_on(open_last(&folder));
        let each = on_disk as f64 / (steps * sessions) as f64;
        println!(
            "{steps:>15}  {sessions:>8}  {STEP_BYTES:>16}  {each:>14.0}  {:>5.2}  {:>7.1}",
            each / STEP_BYTES as f64,
            opened.as_secs_f64() * 1e3,
        );
    }
}

async fn fill(folder: &Path, steps: usize, sessions: usize) {
    let engine = open(folder).await;
    let tasks: Vec<_> = (0..sessions)
        .map(|n| {
            let handle = engine.handle();
            tokio::spawn(async move {
                let who = principal();
                let conversation = handle.create_conversation(&who, Vec::new(), None).await.unwrap().id;
                for k in 0..steps {
                    handle.add_items(&who, conversation, vec![step(n, k)]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    engine.close(Duration::from_secs(5)).await;
}

/// How long the first read of a session takes after a start.
async fn open_last(folder: &Path) -> Duration {
    let last = {
        let mut reader = abide_store::Reader::open(folder).unwrap();
        reader.sessions(&abide_store::Filter::default(), 1).unwrap()[0].session
    };
    let engine = open(folder).await;
    let began = Instant::now();
    engine.handle().conversation(&principal(), last).await.unwrap();
    let took = began.elapsed();
    engine.close(Duration::from_secs(5)).await;
    took
}

async fn open(folder: &Path) -> Engine {
    let setup = Setup {
        clouds: Default::default(),
        models: Default::default(),
        agents: Default::default(),
        book: None,
        waits: Waits::default(),
        limits: Limits::default(),
        sync: Default::default(),
        version: Hash::of(b"bench"),
    };
    Engine::open(Options { folder: folder.to_owned(), setup }).await.unwrap()
}

fn principal() -> Arc<Principal> {
    Arc::new(Principal {
        key_id: "key_bench".to_owned(),
        key_name: "bench".to_owned(),
        customer: "bench".parse().unwrap(),
        segment: None,
        territory: None,
        expires: None,
    })
}

fn step(n: usize, k: usize) -> Item {
    Item::text(Role::User, text(n, k))
}

/// No two steps say the same, so that nothing is stored once for many.
fn text(n: usize, k: usize) -> String {
    let word = format!("{n:08x}{k:08x}");
    word.chars().cycle().take(STEP_BYTES).collect()
}
