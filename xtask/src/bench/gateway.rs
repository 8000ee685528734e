//! The gateway bench: one call by three paths, and what each path adds.
//! Starts the programs, drives the load, prints tables; the parts are its siblings'.

use std::cmp::Ordering;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::Running;
use super::cores::{self, Cores, Machine};
use super::figures::{Sample, added, micros, table};
use super::http::{Connection, post};
use super::load::{self, Outcome, Pace, Target};
use super::{Kind, Options, abide, nginx};
use crate::json::Json;
use crate::repo;

const WARM_UP_SECONDS: f64 = 1.0;
const LATE_MAX: Duration = Duration::from_micros(500);
const DOOR: &str = "/v1/chat/completions";
/// What the fake cloud asks of a caller.
const CLOUD_KEY: &str = "sk-sim-openai";

pub(super) fn run(release: &Path, options: &Options) -> Result<(), String> {
    let cores = cores::share_out()?;
    cores::pin_self(cores.load)?;
    let folder = fresh_folder()?;
    let stage = Stage::set(release, &folder, cores)?;
    let before = Machine::now();
    println!(
        "core {}: the proxy under test; core {}: load; core {}: cloud",
        cores.proxy, cores.load, cores.cloud
    );
    if let Some(pid) = stage.abide() {
        println!("abide at rest: {} KiB resident", cores::resident_kib(pid).unwrap_or_default());
    }
    for kind in [Kind::Chat, Kind::Stream] {
        if options.only.is_none_or(|only| only == kind) {
            measure(&stage, kind, options)?;
        }
    }
    if let Some(pid) = stage.abide() {
        println!("\nabide after the load: {} KiB resident", cores::resident_kib(pid).unwrap_or_default());
    }
    if let Some((before, after)) = before.zip(Machine::now()) {
        println!(
            "the machine's host took {:.1} % of its cores meanwhile",
            100.0 * after.stolen_since(before)
        );
    }
    Ok(())
}

fn measure(stage: &Stage, kind: Kind, options: &Options) -> Result<(), String> {
    let (title, timed) = match kind {
        Kind::Chat => ("a small chat call, not streamed", "latency"),
        Kind::Stream => ("a small chat call, streamed", "time to the first byte of the body"),
    };
    println!("\n# {title}");
    for path in &stage.paths {
        let target = path.target(kind);
        probe(path.name, &target, kind)?;
        load::run(&target, options.connections, Pace::Closed, WARM_UP_SECONDS);
    }

    let mut saturated =
        each(stage, options, |path, _| observe(path, &path.target(kind), Pace::Closed, options));
    println!(
        "\nsaturation, {} connections always busy; {timed}; medians of {} rounds",
        options.connections, options.rounds
    );
    print!("{}", saturation_table(stage, kind, &mut saturated));

    let halves: Vec<f64> = saturated.iter_mut().map(|seen| seen.rate() / 2.0).collect();
    let pace = |n: usize| Pace::Open(halves.get(n).copied().unwrap_or_default());
    let mut at_half = each(stage, options, |path, n| observe(path, &path.target(kind), pace(n), options));
    println!("\nat half of each path's own saturation; {timed}; medians of {} rounds", options.rounds);
    print!("{}", half_table(stage, kind, &mut at_half));

    let rate = halves.last().copied().unwrap_or_default();
    let mut same =
        each(stage, options, |path, _| observe(path, &path.target(kind), Pace::Open(rate), options));
    println!("\nall at {rate:.0} requests/s; {timed}; medians of {} rounds", options.rounds);
    print!("{}", same_rate_table(stage, kind, &mut same));
    warn_if_late(&mut same);
    Ok(())
}

/// Looks at each path in turn, round after round: what else the machine is busy with meets all of them alike.
fn each(stage: &Stage, options: &Options, look: impl Fn(&Way, usize) -> Seen) -> Vec<Rounds> {
    let mut seen: Vec<Rounds> = stage.paths.iter().map(|_| Rounds::default()).collect();
    for _ in 0..options.rounds {
        for (n, (path, rounds)) in stage.paths.iter().zip(&mut seen).enumerate() {
            rounds.0.push(look(path, n));
        }
    }
    seen
}

/// One way to the cloud.
struct Way {
    name: &'static str,
    address: SocketAddr,
    key: String,
    /// The proxy on the way, whose processor time is told.
    proxy: Option<u32>,
}

impl Way {
    fn target(&self, kind: Kind) -> Target {
        let stream = match kind {
            Kind::Chat => "",
            Kind::Stream => r#","stream":true"#,
        };
        let model = abide::MODEL;
        let body =
            format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Say hello."}}]{stream}}}"#);
        Target { address: self.address, request: post(self.address, DOOR, &self.key, &body) }
    }
}

/// Everything that runs while the bench measures; dropped, all of it ends.
struct Stage {
    paths: Vec<Way>,
    _running: Vec<Running>,
}

impl Stage {
    fn set(release: &Path, folder: &Path, cores: Cores) -> Result<Stage, String> {
        let program = release.join("fakeclouds").display().to_string();
        let (cloud, line) = Running::announced("fakeclouds", &mut cores::pinned(cores.cloud, &program))?;
        let upstream = cloud_address(&line)?;
        let (nginx, nginx_at) = nginx::start(cores.proxy, folder, upstream)?;
        let start = |sync: &str| {
            let folder = folder.join(sync);
            fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
            abide::start(cores.proxy, &release.join("abide"), &folder, upstream, (CLOUD_KEY, sync))
        };
        let (kept, abide) = (start("kept")?, start("always")?);
        let key = CLOUD_KEY.to_string();
        let paths = vec![
            Way { name: "direct", address: upstream, key: key.clone(), proxy: None },
            Way { name: "nginx", address: nginx_at, key, proxy: Some(nginx.pid()) },
            // Answers calls that are not kept before the disk has their usage.
            Way { name: "abide kept", address: kept.address, key: kept.key, proxy: Some(kept.running.pid()) },
            // The last path sets the rate that all are compared at.
            Way { name: "abide", address: abide.address, key: abide.key, proxy: Some(abide.running.pid()) },
        ];
        Ok(Stage { paths, _running: vec![abide.running, kept.running, nginx, cloud] })
    }

    fn abide(&self) -> Option<u32> {
        self.paths.last().and_then(|path| path.proxy)
    }
}

/// A run and what its proxy spent on it.
#[derive(Default)]
struct Seen {
    outcome: Outcome,
    spent: Option<Duration>,
}

impl Seen {
    fn sample(&mut self, kind: Kind) -> &mut Sample {
        match kind {
            Kind::Chat => &mut self.outcome.total,
            Kind::Stream => &mut self.outcome.first,
        }
    }

    fn spent_each(&self) -> Option<Duration> {
        let count = u32::try_from(self.outcome.good()).ok().filter(|count| *count > 0)?;
        Some(self.spent? / count)
    }

    fn busy(&self) -> Option<f64> {
        Some(self.spent?.as_secs_f64() / self.outcome.elapsed.as_secs_f64() * 100.0)
    }
}

/// The runs of one path.
#[derive(Default)]
struct Rounds(Vec<Seen>);

impl Rounds {
    /// The middle one of what each run says, the lower of two.
    fn median<T: PartialOrd + Copy>(&mut self, say: impl FnMut(&mut Seen) -> Option<T>) -> Option<T> {
        let mut said: Vec<T> = self.0.iter_mut().filter_map(say).collect();
        said.sort_by(|one, two| one.partial_cmp(two).unwrap_or(Ordering::Equal));
        said.get(said.len().saturating_sub(1) / 2).copied()
    }

    fn rate(&mut self) -> f64 {
        self.median(|seen| Some(seen.outcome.rate())).unwrap_or_default()
    }

    fn percentile(&mut self, kind: Kind, percent: f64) -> Duration {
        self.median(|seen| Some(seen.sample(kind).percentile(percent))).unwrap_or_default()
    }

    fn max(&mut self, kind: Kind) -> Duration {
        self.0.iter_mut().map(|seen| seen.sample(kind).max()).max().unwrap_or_default()
    }

    fn late(&mut self) -> Duration {
        self.median(|seen| Some(seen.outcome.late.percentile(99.0))).unwrap_or_default()
    }

    /// Everything that was not a good answer, in words.
    fn trouble(&self) -> String {
        let mut all = Outcome::default();
        self.0.iter().for_each(|seen| all.add_trouble(&seen.outcome));
        all.trouble()
    }
}

fn observe(path: &Way, target: &Target, pace: Pace, options: &Options) -> Seen {
    let before = path.proxy.and_then(cores::used);
    let outcome = load::run(target, options.connections, pace, options.seconds);
    let after = path.proxy.and_then(cores::used);
    let spent = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Seen { outcome, spent }
}

fn saturation_table(stage: &Stage, kind: Kind, seen: &mut [Rounds]) -> String {
    let heads = ["path", "requests/s", "of nginx", "p50", "p99", "core busy", "core time each", "trouble"];
    let mut nginx = None;
    let rows = stage.paths.iter().zip(seen).map(|(path, seen)| {
        let rate = seen.rate();
        let of_nginx = path.proxy.map(|_| rate / *nginx.get_or_insert(rate) * 100.0);
        vec![
            path.name.to_string(),
            format!("{rate:.0}"),
            of_nginx.map_or("-".to_string(), |percent| format!("{percent:.0} %")),
            micros(seen.percentile(kind, 50.0)),
            micros(seen.percentile(kind, 99.0)),
            seen.median(|seen| seen.busy()).map_or("-".to_string(), |percent| format!("{percent:.0} %")),
            seen.median(|seen| seen.spent_each()).map_or("-".to_string(), micros),
            seen.trouble(),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn half_table(stage: &Stage, kind: Kind, seen: &mut [Rounds]) -> String {
    let rows = stage.paths.iter().zip(seen).map(|(path, seen)| latency_row(path, kind, seen));
    table(&LATENCY_HEADS, &rows.collect::<Vec<_>>())
}

/// Only at one rate can one path be subtracted from another.
fn same_rate_table(stage: &Stage, kind: Kind, seen: &mut [Rounds]) -> String {
    let mut base = None;
    let mut rows = Vec::new();
    for (path, seen) in stage.paths.iter().zip(seen) {
        let mut row = latency_row(path, kind, seen);
        let (p50, p99) = (seen.percentile(kind, 50.0), seen.percentile(kind, 99.0));
        let (base50, base99) = *base.get_or_insert((p50, p99));
        row.extend([added(p50, base50), added(p99, base99)]);
        rows.push(row);
    }
    let heads: Vec<&str> = LATENCY_HEADS.into_iter().chain(["added p50", "added p99"]).collect();
    table(&heads, &rows)
}

const LATENCY_HEADS: [&str; 7] = ["path", "requests/s", "p50", "p99", "max", "trouble", "load late p99"];

fn latency_row(path: &Way, kind: Kind, seen: &mut Rounds) -> Vec<String> {
    let times = [seen.percentile(kind, 50.0), seen.percentile(kind, 99.0), seen.max(kind)].map(micros);
    let mut row = vec![path.name.to_string(), format!("{:.0}", seen.rate())];
    row.extend(times);
    row.push(seen.trouble());
    row.push(micros(seen.late()));
    row
}

/// Says when the machine was too busy with other work for a p99 to mean anything.
fn warn_if_late(seen: &mut [Rounds]) {
    let worst = seen.iter_mut().map(Rounds::late).max().unwrap_or_default();
    if worst > LATE_MAX {
        println!(
            "careful: the load itself left late by {} at p99: the machine has other work",
            micros(worst)
        );
    }
}

/// One call by hand before any load: a path that answers wrongly is not worth measuring.
fn probe(name: &str, target: &Target, kind: Kind) -> Result<(), String> {
    let mut body = Vec::new();
    let answer = Connection::open(target.address)
        .and_then(|mut open| open.exchange(&target.request, |piece| body.extend_from_slice(piece)))
        .map_err(|e| format!("{name} does not answer: {e}"))?;
    let body = String::from_utf8_lossy(&body);
    let right = match kind {
        Kind::Chat => body.contains("\"choices\""),
        Kind::Stream => body.contains("[DONE]"),
    };
    if answer.status == 200 && right {
        println!("{name}: {} bytes of body", body.len());
        return Ok(());
    }
    Err(format!("{name} answers {} with: {}", answer.status, body.chars().take(500).collect::<String>()))
}

/// The address of the fake OpenAI in the line that the fake clouds print.
fn cloud_address(line: &str) -> Result<SocketAddr, String> {
    let json = Json::parse(line)?;
    let openai = json.get("openai");
    let text = openai.and_then(|cloud| {
        cloud.text().or_else(|| ["address", "addr", "url"].iter().find_map(|key| cloud.get(key)?.text()))
    });
    let text = text.ok_or_else(|| format!("no address of `openai` in: {line}"))?;
    let host = text.strip_prefix("http://").unwrap_or(text).split('/').next().unwrap_or_default();
    host.parse().map_err(|_| format!("`{text}` is no address"))
}

/// Below the target folder, so that the store is on the disk that a checkout is on.
fn fresh_folder() -> Result<PathBuf, String> {
    let folder = repo::target()?.join("bench/gateway");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("cannot clear {}: {e}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clouds_may_give_an_address_or_a_url() {
        let address: SocketAddr = "127.0.0.1:81".parse().unwrap();
        for line in [
            r#"{"openai":"127.0.0.1:81"}"#,
            r#"{"openai":"http://127.0.0.1:81/v1"}"#,
            r#"{"openai":{"url":"http://127.0.0.1:81"}}"#,
        ] {
            assert_eq!(cloud_address(line), Ok(address), "{line}");
        }
        assert!(cloud_address(r#"{"azure":"127.0.0.1:81"}"#).unwrap_err().contains("no address"));
    }

    #[test]
    fn what_a_path_adds_is_told_against_the_first() {
        let seen = |times: [u64; 2]| {
            let mut seen = Seen { spent: Some(Duration::from_micros(40)), ..Seen::default() };
            seen.outcome.statuses.insert(200, 2);
            seen.outcome.elapsed = Duration::from_secs(1);
            times.into_iter().for_each(|time| seen.outcome.total.add(Duration::from_micros(time)));
            seen
        };
        let path =
            |name| Way { name, address: "127.0.0.1:1".parse().unwrap(), key: String::new(), proxy: None };
        let stage = Stage { paths: vec![path("direct"), path("abide")], _running: Vec::new() };
        let rounds = |times| Rounds(vec![seen(times)]);
        let text = same_rate_table(&stage, Kind::Chat, &mut [rounds([50, 90]), rounds([120, 300])]);
        let last: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last.join(" "), "abide 2 120 µs 300 µs 300 µs 0 µs +70 µs +210 µs");
        assert_eq!(seen([1, 2]).spent_each(), Some(Duration::from_micros(20)));
    }
}
