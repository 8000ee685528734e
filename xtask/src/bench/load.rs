//! Makes load: at a fixed rate whatever comes back (open), or as fast as answers come (closed).
//! Knows a request as bytes and an address; a blocking thread for each connection.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::figures::Sample;
use super::http::Connection;

/// Beyond its time, an overloaded run goes on this long before it gives up its remaining requests.
const OVERTIME: Duration = Duration::from_secs(3);
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// Where to send what.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) request: Vec<u8>,
}

/// How requests are spaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pace {
    /// The next request leaves when the answer is there.
    Closed,
    /// So many requests a second are due, evenly spaced. Latency counts from when one was due.
    Open(f64),
}

/// What came of it. Times are of good answers only.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Broken connections and answers, by their message.
    pub(super) errors: BTreeMap<String, u64>,
    /// Requests that were due and never left.
    pub(super) unsent: u64,
    pub(super) first: Sample,
    pub(super) total: Sample,
    /// How long after its due time a request left that a free connection waited to send: the
    /// imprecision of the load and of the machine, not of the server.
    pub(super) late: Sample,
    pub(super) elapsed: Duration,
}

impl Outcome {
    pub(super) fn rate(&self) -> f64 {
        self.good() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    pub(super) fn good(&self) -> u64 {
        self.statuses.range(200..300).map(|(_, count)| count).sum()
    }

    /// Everything that was not a good answer, in words; empty when all was well.
    pub(super) fn trouble(&self) -> String {
        let mut parts: Vec<String> =
            self.statuses.iter().filter(|(status, _)| !(200..300).contains(*status)).map(times).collect();
        parts.extend(self.errors.iter().map(times));
        if self.unsent > 0 {
            parts.push(format!("{} unsent", self.unsent));
        }
        parts.join(", ")
    }

    /// Counts what went wrong in another run as well.
    pub(super) fn add_trouble(&mut self, other: &Outcome) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
        self.unsent += other.unsent;
    }

    fn merge(&mut self, other: Outcome) {
        self.add_trouble(&other);
        self.first.merge(other.first);
        self.total.merge(other.total);
        self.late.merge(other.late);
        self.elapsed += other.elapsed;
    }
}

/// Runs the load to its end.
pub(super) fn run(target: &Target, connections: usize, pace: Pace, seconds: f64) -> Outcome {
    sharpen_timers();
    let schedule = Schedule::new(pace, seconds);
    let mut outcome = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| Worker::new(target, &schedule).work())).collect();
        let mut outcome = Outcome::default();
        for worker in workers {
            match worker.join() {
                Ok(part) => outcome.merge(part),
                Err(_) => *outcome.errors.entry("a worker panicked".to_string()).or_default() += 1,
            }
        }
        outcome
    });
    outcome.elapsed = schedule.start.elapsed();
    outcome.unsent = schedule.unsent();
    outcome
}

/// Sleeps of this process end on time instead of up to 50 µs late. Without the right, they do not.
fn sharpen_timers() {
    if let Err(problem) = fs::write("/proc/self/timerslack_ns", "1") {
        eprintln!("timers stay coarse: {problem}");
    }
}

fn times<T: std::fmt::Display>((what, count): (T, &u64)) -> String {
    format!("{count} × {what}")
}

/// Deals out due times to the workers, each once.
struct Schedule {
    start: Instant,
    length: Duration,
    pace: Pace,
    dealt: AtomicU64,
    total: u64,
}

impl Schedule {
    fn new(pace: Pace, seconds: f64) -> Schedule {
        let total = match pace {
            Pace::Closed => 0,
            Pace::Open(rate) => (rate * seconds) as u64,
        };
        let length = Duration::from_secs_f64(seconds);
        Schedule { start: Instant::now(), length, pace, dealt: AtomicU64::new(0), total }
    }

    fn next(&self) -> Option<Instant> {
        match self.pace {
            Pace::Closed => (self.start.elapsed() < self.length).then(Instant::now),
            Pace::Open(rate) => {
                if self.start.elapsed() > self.length + OVERTIME {
                    return None;
                }
                let number = self.dealt.fetch_add(1, Ordering::Relaxed);
                (number < self.total).then(|| self.start + Duration::from_secs_f64(number as f64 / rate))
            }
        }
    }

    fn unsent(&self) -> u64 {
        self.total.saturating_sub(self.dealt.load(Ordering::Relaxed))
    }
}

struct Worker<'a> {
    target: &'a Target,
    schedule: &'a Schedule,
    connection: Option<Connection>,
    outcome: Outcome,
}

impl<'a> Worker<'a> {
    fn new(target: &'a Target, schedule: &'a Schedule) -> Worker<'a> {
        let connection = Connection::open(target.address).ok();
        Worker { target, schedule, connection, outcome: Outcome::default() }
    }

    fn work(mut self) -> Outcome {
        while let Some(due) = self.schedule.next() {
            let early = due.saturating_duration_since(Instant::now());
            if !early.is_zero() {
                thread::sleep(early);
                self.outcome.late.add(due.elapsed());
            }
            if let Err(problem) = self.exchange(due) {
                self.connection = None;
                *self.outcome.errors.entry(problem.to_string()).or_default() += 1;
                thread::sleep(RETRY_PAUSE);
            }
        }
        self.outcome
    }

    fn exchange(&mut self, due: Instant) -> std::io::Result<()> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => Connection::open(self.target.address)?,
        };
        let answer = connection.exchange(&self.target.request, |_| {})?;
        *self.outcome.statuses.entry(answer.status).or_default() += 1;
        if (200..300).contains(&answer.status) {
            self.outcome.first.add(answer.first.saturating_duration_since(due));
            self.outcome.total.add(answer.last.saturating_duration_since(due));
        }
        if !answer.closes {
            self.connection = Some(connection);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::http::tests::serve;

    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    fn target(pieces: &'static [&'static str], pause: Duration) -> Target {
        Target { address: serve(pieces, pause), request: b"GET / HTTP/1.1\r\n\r\n".to_vec() }
    }

    #[test]
    fn an_open_run_sends_exactly_what_was_due() {
        let outcome = run(&target(&[OK], Duration::ZERO), 4, Pace::Open(500.0), 0.2);
        assert_eq!(outcome.statuses, BTreeMap::from([(200, 100)]));
        assert_eq!((outcome.good(), outcome.unsent, outcome.trouble()), (100, 0, String::new()));
        assert_eq!(outcome.total.len(), 100);
    }

    #[test]
    fn a_slow_server_delays_what_is_due_behind_it() {
        // One connection, 20 requests due at once, each held for 5 ms: the wait adds up.
        let slow = target(&["HTTP/1.1 200 OK\r\n", "content-length: 0\r\n\r\n"], Duration::from_millis(5));
        let mut outcome = run(&slow, 1, Pace::Open(2000.0), 0.01);
        assert_eq!(outcome.good(), 20);
        assert!(outcome.total.max() > Duration::from_millis(80), "{:?}", outcome.total.max());
    }

    #[test]
    fn a_closed_run_keeps_every_connection_busy() {
        let outcome = run(&target(&[OK], Duration::ZERO), 2, Pace::Closed, 0.5);
        assert!(outcome.good() > 2);
        assert_eq!(outcome.trouble(), "");
        assert!(outcome.rate() > 0.0);
    }

    #[test]
    fn refusals_are_counted_apart_from_good_answers() {
        let busy = target(&["HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n"], Duration::ZERO);
        let outcome = run(&busy, 2, Pace::Open(100.0), 0.1);
        assert_eq!((outcome.good(), outcome.total.len()), (0, 0));
        assert_eq!(outcome.trouble(), "10 × 429");
    }

    #[test]
    fn a_connection_that_closes_is_opened_again() {
        let closing = target(&["HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"], Duration::ZERO);
        assert_eq!(run(&closing, 1, Pace::Open(100.0), 0.1).trouble(), "");
    }

    #[test]
    fn a_server_that_is_gone_is_an_error_and_not_a_hang() {
        // Port 1 is reserved, so nobody else's test can come to listen there.
        let gone = "127.0.0.1:1".parse().unwrap();
        let outcome = run(&Target { address: gone, request: Vec::new() }, 1, Pace::Open(100.0), 0.05);
        assert_eq!(outcome.errors.values().sum::<u64>(), 5);
    }
}
