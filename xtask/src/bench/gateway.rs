//! The gateway bench: one call by three paths, and what each path adds.
//! Starts the programs, drives the load, prints tables; the parts are its siblings'.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::Running;
use super::cores::{self, Cores};
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
    Ok(())
}

fn measure(stage: &Stage, kind: Kind, options: &Options) -> Result<(), String> {
    let (title, timed) = match kind {
        Kind::Chat => ("a small chat call, not streamed", "latency"),
        Kind::Stream => ("a small chat call, streamed", "time to the first byte of the body"),
    };
    println!("\n# {title}");
    let targets: Vec<Target> = stage.paths.iter().map(|path| path.target(kind)).collect();
    for (path, target) in stage.paths.iter().zip(&targets) {
        probe(path.name, target, kind)?;
        load::run(target, options.connections, Pace::Closed, WARM_UP_SECONDS);
    }

    let (connections, rounds) = (options.connections, options.rounds);
    let mut saturated = each(stage, &targets, |path, target| observe(path, target, Pace::Closed, options));
    println!("\nsaturation, {connections} connections always busy; {timed}");
    print!("{}", saturation_table(stage, kind, &mut saturated));

    let mut halves = saturated.iter().map(|seen| Pace::Open(seen.outcome.rate() / 2.0));
    let mut at_half = each(stage, &targets, |path, target| {
        observe(path, target, halves.next().unwrap_or(Pace::Closed), options)
    });
    println!("\nat half of each path's own saturation; {timed}");
    print!("{}", half_table(stage, kind, &mut at_half));

    let rate = saturated.last().map_or(0.0, |abide| abide.outcome.rate() / 2.0);
    let mut same: Vec<Seen> = stage.paths.iter().map(|_| Seen::default()).collect();
    for _ in 0..rounds {
        let round = each(stage, &targets, |path, target| observe(path, target, Pace::Open(rate), options));
        same.iter_mut().zip(round).for_each(|(seen, more)| seen.merge(more));
    }
    println!("\nall at {rate:.0} requests/s, {rounds} rounds; {timed}");
    print!("{}", same_rate_table(stage, kind, &mut same));
    warn_if_late(&mut same);
    Ok(())
}

fn each(stage: &Stage, targets: &[Target], mut look: impl FnMut(&Way, &Target) -> Seen) -> Vec<Seen> {
    stage.paths.iter().zip(targets).map(|(path, target)| look(path, target)).collect()
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
    fn merge(&mut self, other: Seen) {
        self.outcome.merge(other.outcome);
        self.spent = match (self.spent, other.spent) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
    }

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
}

fn observe(path: &Way, target: &Target, pace: Pace, options: &Options) -> Seen {
    let before = path.proxy.and_then(cores::used);
    let outcome = load::run(target, options.connections, pace, options.seconds);
    let after = path.proxy.and_then(cores::used);
    let spent = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Seen { outcome, spent }
}

fn saturation_table(stage: &Stage, kind: Kind, seen: &mut [Seen]) -> String {
    let heads = ["path", "requests/s", "p50", "p99", "core busy", "core time each", "trouble"];
    let rows = stage.paths.iter().zip(seen).map(|(path, seen)| {
        let busy = seen.spent.map(|spent| spent.as_secs_f64() / seen.outcome.elapsed.as_secs_f64() * 100.0);
        vec![
            path.name.to_string(),
            format!("{:.0}", seen.outcome.rate()),
            micros(seen.sample(kind).percentile(50.0)),
            micros(seen.sample(kind).percentile(99.0)),
            busy.map_or("-".to_string(), |percent| format!("{percent:.0} %")),
            seen.spent_each().map_or("-".to_string(), micros),
            seen.outcome.trouble(),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn half_table(stage: &Stage, kind: Kind, seen: &mut [Seen]) -> String {
    let rows = stage.paths.iter().zip(seen).map(|(path, seen)| latency_row(path, kind, seen));
    table(&LATENCY_HEADS, &rows.collect::<Vec<_>>())
}

/// Only at one rate can one path be subtracted from another.
fn same_rate_table(stage: &Stage, kind: Kind, seen: &mut [Seen]) -> String {
    let mut base = None;
    let mut rows = Vec::new();
    for (path, seen) in stage.paths.iter().zip(seen) {
        let mut row = latency_row(path, kind, seen);
        let (p50, p99) = (seen.sample(kind).percentile(50.0), seen.sample(kind).percentile(99.0));
        let (base50, base99) = *base.get_or_insert((p50, p99));
        row.extend([added(p50, base50), added(p99, base99)]);
        rows.push(row);
    }
    let heads: Vec<&str> = LATENCY_HEADS.into_iter().chain(["added p50", "added p99"]).collect();
    table(&heads, &rows)
}

const LATENCY_HEADS: [&str; 7] = ["path", "requests/s", "p50", "p99", "max", "trouble", "load late p99"];

fn latency_row(path: &Way, kind: Kind, seen: &mut Seen) -> Vec<String> {
    let sample = seen.sample(kind);
    let times = [sample.percentile(50.0), sample.percentile(99.0), sample.max()].map(micros);
    let mut row = vec![path.name.to_string(), format!("{:.0}", seen.outcome.rate())];
    row.extend(times);
    row.push(seen.outcome.trouble());
    row.push(micros(seen.outcome.late.percentile(99.0)));
    row
}

/// Says when the machine was too busy with other work for a p99 to mean anything.
fn warn_if_late(seen: &mut [Seen]) {
    let worst = seen.iter_mut().map(|seen| seen.outcome.late.percentile(99.0)).max().unwrap_or_default();
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
        let text = same_rate_table(&stage, Kind::Chat, &mut [seen([50, 90]), seen([120, 300])]);
        let last: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last.join(" "), "abide 2 120 µs 300 µs 300 µs 0 µs +70 µs +210 µs");
        assert_eq!(seen([1, 2]).spent_each(), Some(Duration::from_micros(20)));
    }
}
