//! Counts of requests, and the page that Prometheus reads (text exposition format 0.0.4).

use crate::route::{self, Op};
use abide_engine::Handle;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What the page is, for `content-type`.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The first status there is, and how many may follow.
const STATUS_FIRST: u16 = 100;
const STATUSES: usize = 500;
/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS: [u64; 14] = [
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    15_000_000,
    60_000_000,
    300_000_000,
];

/// Counts of requests since start.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// One for each operation, and one for what is none.
    ops: Vec<OpCounts>,
    /// Requests being answered.
    pub(crate) in_flight: AtomicUsize,
    /// Open connections.
    pub(crate) connections: AtomicUsize,
}

#[derive(Debug)]
struct OpCounts {
    /// How many ended with each status, from [`STATUS_FIRST`] on.
    statuses: Vec<AtomicU64>,
    /// How many took at most each of [`BUCKETS`] and longer than the one before.
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Default for OpCounts {
    fn default() -> Self {
        Self {
            statuses: (0..STATUSES).map(|_| AtomicU64::new(0)).collect(),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            ops: (0..=route::ALL.len()).map(|_| OpCounts::default()).collect(),
            in_flight: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        }
    }
}

impl Metrics {
    /// Counts a request that is over; `op` is `None` when it led nowhere.
    pub(crate) fn ended(&self, op: Option<Op>, status: u16, took: Duration) {
        let Some(counts) = self.ops.get(op.map_or(route::ALL.len(), Op::index)) else { return };
        let at = usize::from(status.saturating_sub(STATUS_FIRST));
        if let Some(status) = counts.statuses.get(at) {
            status.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = counts.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        counts.count.fetch_add(1, Ordering::Relaxed);
        counts.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The page: these counts, the engine's and the store's.
    pub(crate) fn render(&self, engine: &Handle) -> String {
        let mut page = Page(String::with_capacity(8 << 10));
        page.family("abide_build_info", "gauge", "Which Abide this is.");
        page.sample("abide_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.requests(&mut page);
        self.latencies(&mut page);
        let gauges = [
            ("abide_http_requests_in_flight", "Requests being answered.", &self.in_flight),
            ("abide_http_connections", "Open connections.", &self.connections),
        ];
        for (name, what, count) in gauges {
            page.single(name, "gauge", what, count.load(Ordering::Relaxed));
        }
        runs(&mut page, engine.metrics());
        store(&mut page, engine);
        page.0
    }

    fn shapes(&self) -> impl Iterator<Item = ((&'static str, &'static str), &OpCounts)> {
        let shapes = route::ALL.iter().map(|op| op.shape()).chain([("-", "unmatched")]);
        shapes.zip(&self.ops).filter(|(_, counts)| counts.count.load(Ordering::Relaxed) > 0)
    }

    fn requests(&self, page: &mut Page) {
        let name = "abide_http_requests_total";
        page.family(name, "counter", "Requests that ended; 499 is a client that left before its answer.");
        for ((method, route), counts) in self.shapes() {
            for (status, count) in (STATUS_FIRST..).zip(&counts.statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let status = status.to_string();
                    page.sample(name, &[("method", method), ("route", route), ("status", &status)], count);
                }
            }
        }
    }

    fn latencies(&self, page: &mut Page) {
        let name = "abide_http_request_seconds";
        page.family(name, "histogram", "From a request's head to the last byte of its answer.");
        for ((method, route), counts) in self.shapes() {
            let labels = [("method", method), ("route", route)];
            let mut so_far = 0;
            for (bound, count) in BUCKETS.iter().zip(&counts.buckets) {
                so_far += count.load(Ordering::Relaxed);
                let bound = Seconds(*bound).to_string();
                let [method, route] = labels;
                page.sample(&format!("{name}_bucket"), &[method, route, ("le", &bound)], so_far);
            }
            let count = counts.count.load(Ordering::Relaxed);
            let [method, route] = labels;
            page.sample(&format!("{name}_bucket"), &[method, route, ("le", "+Inf")], count);
            page.sample(&format!("{name}_sum"), &labels, Seconds(counts.micros.load(Ordering::Relaxed)));
            page.sample(&format!("{name}_count"), &labels, count);
        }
    }
}

fn runs(page: &mut Page, engine: &abide_engine::Metrics) {
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    page.single("abide_runs_started_total", "counter", "Runs taken on.", load(&engine.runs_started));
    page.single("abide_runs_active", "gauge", "Runs at work.", load(&engine.runs_active));
    page.single(
        "abide_runs_recovered_total",
        "counter",
        "Runs taken up again after a crash.",
        load(&engine.runs_recovered),
    );
    page.family("abide_runs_ended_total", "counter", "Runs that ended, by how.");
    for (status, count) in engine.runs_ended() {
        page.sample("abide_runs_ended_total", &[("status", status)], count);
    }
    page.family("abide_calls_total", "counter", "Model calls that ended, by target and how.");
    for (target, outcomes) in engine.calls_ended() {
        for (outcome, count) in outcomes {
            page.sample("abide_calls_total", &[("target", &target), ("outcome", outcome)], count);
        }
    }
    page.family("abide_tokens_total", "counter", "Tokens metered.");
    page.sample("abide_tokens_total", &[("kind", "input")], load(&engine.tokens_input));
    page.sample("abide_tokens_total", &[("kind", "output")], load(&engine.tokens_output));
}

fn store(page: &mut Page, engine: &Handle) {
    let stats = engine.store_stats();
    let all = [
        ("abide_store_appends_total", "counter", "Appends kept.", stats.appends),
        ("abide_store_appends_failed_total", "counter", "Appends refused or failed.", stats.appends_failed),
        (
            "abide_store_appends_durable_total",
            "counter",
            "Appends that waited for the disk.",
            stats.appends_durable,
        ),
        ("abide_store_syncs_total", "counter", "Times the log was synced to the disk for them.", stats.syncs),
        (
            "abide_store_intakes_total",
            "counter",
            "Transactions that took appends from the log into the database.",
            stats.intakes,
        ),
        (
            "abide_store_appends_behind",
            "gauge",
            "Appends that stand in the log and not in the database yet.",
            stats.appends_behind,
        ),
        ("abide_store_log_bytes", "gauge", "Bytes of the commit log.", stats.log_bytes),
        ("abide_store_file_bytes", "gauge", "Bytes of the database file.", stats.file_bytes),
        ("abide_store_wal_bytes", "gauge", "Bytes of the database's write-ahead log.", stats.wal_bytes),
    ];
    for (name, kind, what, value) in all {
        page.single(name, kind, what, value);
    }
}

/// Microseconds, written as seconds.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let rest = format!("{rest:06}");
        match rest.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            digits => write!(f, "{whole}.{digits}"),
        }
    }
}

/// The page while it is written. Writing into a string cannot fail.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, what: &str) {
        let _ = writeln!(self.0, "# HELP {name} {what}\n# TYPE {name} {kind}");
    }

    fn single(&mut self, name: &str, kind: &str, what: &str, value: impl fmt::Display) {
        self.family(name, kind, what);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"", if index == 0 { '{' } else { ',' });
            for char in text.chars() {
                match char {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Api;

    #[test]
    fn a_request_is_counted_under_its_route_status_and_every_bucket_that_holds_it() {
        let metrics = Metrics::default();
        metrics.ended(Some(Op::Api(Api::CreateChat)), 200, Duration::from_micros(700));
        metrics.ended(Some(Op::Api(Api::CreateChat)), 200, Duration::from_secs(1_000));
        metrics.ended(None, 404, Duration::ZERO);
        let mut page = Page(String::new());
        metrics.requests(&mut page);
        metrics.latencies(&mut page);
        let chat = r#"method="POST",route="/v1/chat/completions""#;
        for line in [
            format!("abide_http_requests_total{{{chat},status=\"200\"}} 2"),
            r#"abide_http_requests_total{method="-",route="unmatched",status="404"} 1"#.to_owned(),
            format!("abide_http_request_seconds_bucket{{{chat},le=\"0.0005\"}} 0"),
            format!("abide_http_request_seconds_bucket{{{chat},le=\"0.001\"}} 1"),
            format!("abide_http_request_seconds_bucket{{{chat},le=\"300\"}} 1"),
            format!("abide_http_request_seconds_bucket{{{chat},le=\"+Inf\"}} 2"),
            format!("abide_http_request_seconds_sum{{{chat}}} 1000.0007"),
        ] {
            assert!(page.0.lines().any(|found| found == line), "{line}\nin\n{}", page.0);
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let mut page = Page(String::new());
        page.sample("a", &[("b", "x\"} 1\n\\")], 2);
        assert_eq!(page.0, "a{b=\"x\\\"} 1\\n\\\\\"} 2\n");
    }
}
