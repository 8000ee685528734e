//! Fake clouds in a process of their own, for tests that kill and for benchmarks. Prints their base
//! URLs as one JSON line, then serves until it is killed.
//!
//! ```text
//! fakeclouds [--openai ADDR] [--azure ADDR] [--aws ADDR] [--models A,B] [--log FILE]
//!            [--keep-calls N] [--keep-requests] [--token-delay-ms N] [--wait-ms N] [--threads N]
//!            [--until-stdin-closes]
//! ```
//!
//! ADDR is `host:port` or a port on loopback, 0 for a free one. Without any, all three start. With
//! `--keep-requests` the record of a call holds the request's body.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use abide_sim::{Cloud, Config, Dialect};

#[derive(Default)]
struct Arguments {
    clouds: Vec<(Dialect, SocketAddr)>,
    models: Vec<String>,
    log: Option<String>,
    keep_calls: Option<usize>,
    keep_requests: bool,
    token_delay: Duration,
    wait: Duration,
    threads: Option<usize>,
    until_stdin_closes: bool,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fakeclouds: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().worker_threads(arguments.threads.unwrap_or(1));
    let runtime = runtime.build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut clouds = Vec::new();
        for (dialect, bind) in &arguments.clouds {
            clouds.push((name(*dialect), start(&arguments, *dialect, *bind).await?));
        }
        let urls: serde_json::Map<_, _> =
            clouds.iter().map(|(name, cloud)| ((*name).to_owned(), cloud.base_url().into())).collect();
        print_line(&serde_json::Value::Object(urls).to_string()).map_err(|error| error.to_string())?;
        if arguments.until_stdin_closes {
            let read = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
            return read.await.map(|_| ()).map_err(|error| error.to_string());
        }
        std::future::pending().await
    })
}

async fn start(arguments: &Arguments, dialect: Dialect, bind: SocketAddr) -> Result<Cloud, String> {
    let mut config = Config::new(dialect);
    config.bind = bind;
    config.models = arguments.models.clone();
    config.log = arguments.log.as_ref().map(Into::into);
    config.keep_calls = arguments.keep_calls.unwrap_or(config.keep_calls);
    config.keep_requests = arguments.keep_requests;
    config.behaviour.token_delay = arguments.token_delay;
    config.behaviour.wait = arguments.wait;
    abide_sim::start(config).await.map_err(|error| format!("{bind}: {error}"))
}

fn print_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Azure => "azure",
        Dialect::Bedrock => "aws",
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--until-stdin-closes" => {
                arguments.until_stdin_closes = true;
                continue;
            }
            "--keep-requests" => {
                arguments.keep_requests = true;
                continue;
            }
            _ => {}
        }
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("`{word} {value}` is not a number"));
        let count = || number().and_then(|n| usize::try_from(n).map_err(|error| error.to_string()));
        match word.as_str() {
            "--openai" => arguments.clouds.push((Dialect::OpenAi, address(&value)?)),
            "--azure" => arguments.clouds.push((Dialect::Azure, address(&value)?)),
            "--aws" => arguments.clouds.push((Dialect::Bedrock, address(&value)?)),
            "--models" => arguments.models = value.split(',').map(str::to_owned).collect(),
            "--log" => arguments.log = Some(value),
            "--keep-calls" => arguments.keep_calls = Some(count()?),
            "--token-delay-ms" => arguments.token_delay = Duration::from_millis(number()?),
            "--wait-ms" => arguments.wait = Duration::from_millis(number()?),
            "--threads" => arguments.threads = Some(count()?),
            unknown => return Err(format!("there is no argument `{unknown}`")),
        }
    }
    if arguments.clouds.is_empty() {
        let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        arguments.clouds =
            [Dialect::OpenAi, Dialect::Azure, Dialect::Bedrock].map(|dialect| (dialect, free)).to_vec();
    }
    Ok(arguments)
}

fn address(value: &str) -> Result<SocketAddr, String> {
    match value.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => value.parse().map_err(|_| format!("`{value}` is neither a port nor an address")),
    }
}
