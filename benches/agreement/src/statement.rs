//! A statement over many usage lines, under the public terms of the example book.

use crate::random::Random;
use abide_agreement::{Book, Source, load};
use abide_ledger::closing::Closings;
use abide_ledger::statement::{Draft, Scope, Sight};
use abide_ledger::{Period, record};
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use abide_model::id::{CallNo, RunId, SessionId};
use abide_model::line::UsageLine;
use abide_model::money::Amount;
use abide_model::name::Clause;
use abide_model::usage::{Measure, Tokens, Usage};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/agreements/openai-clouds");
const PERIOD: &str = "2026-Q3";
const DRAWN_UP: &str = "2026-11-20";
/// Bodies as the store keeps them; lines are decoded from these in turn, each at its own time.
const BODIES: usize = 4_096;

/// Draws up Microsoft's statement of a quarter from so many lines, and tells what it took.
pub(crate) fn measure(lines: usize, seed: u64) -> String {
    let book = example();
    let known = book.start_of_day(DRAWN_UP.parse().expect("a day"));
    let period = Period::parse(PERIOD).expect("a quarter");
    let bounds = period.bounds(book.zone());
    let bodies = bodies(&book, bounds.start, seed);
    let before = peak_kib();
    let began = Instant::now();
    let mut draft = Draft::new(Scope {
        party: "microsoft".parse().expect("a name"),
        own: book.owner().clone(),
        sight: Sight::Own,
        names: BTreeMap::new(),
        period,
        zone: book.zone().clone(),
        begins: book.year_begins(),
        at: known,
        terms: book.terms(known),
        closings: Closings::default(),
    });
    let span = bounds.end.as_second() - bounds.start.as_second();
    for number in 0..lines {
        let mut line = record::decode(&bodies[number % BODIES]).expect("a body that was just encoded");
        let second = bounds.start.as_second() + span * number as i64 / lines as i64;
        line.at = Time::from_second(second).expect("a time of the quarter");
        let counts = book.counts(&ask(&book, &line, known));
        draft.add(&line, |clause: &Clause, _| counts.contains(clause));
    }
    let statement = draft.finish().expect("sums that fit");
    let took = began.elapsed().as_secs_f64();
    let revenue: Vec<String> =
        statement.totals.iter().map(|total| format!("{} calls", total.count.calls)).collect();
    format!(
        "statement of {PERIOD} over {lines} lines: {took:.1} s, {:.2} µs a line with its decoding and the question which \
         clauses it counts toward; {} KiB of memory beyond what was held before; {}",
        took * 1e6 / lines as f64,
        peak_kib().saturating_sub(before),
        revenue.join(", "),
    )
}

fn example() -> Book {
    let mut files = Vec::new();
    gather(Path::new(BOOK), Path::new(BOOK), &mut files);
    load(&files).unwrap_or_else(|_| panic!("{BOOK} does not load"))
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("the example book is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let below = path.strip_prefix(root).expect("a file of the book");
            files.push(Source { path: below.display().to_string(), text });
        }
    }
}

fn bodies(book: &Book, at: Time, seed: u64) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let own: Vec<_> = book.products().filter(|(_, owner)| *owner == book.owner()).collect();
    let channels: Vec<_> = book.channels().map(|(channel, _)| channel.clone()).collect();
    let mut body = |number: usize| {
        let tokens =
            Tokens { input: random.next() % 20_000, output: random.next() % 2_000, ..Tokens::default() };
        let charge = format!("0.{:06} USD", random.below(1_000_000));
        record::encode(&UsageLine {
            at,
            run: RunId { session: SessionId(number as u128), n: 1 },
            call: CallNo(1),
            key: "batch".to_owned(),
            customer: format!("customer{}", random.below(200)).parse().expect("a name"),
            model: "gpt-5".parse().expect("a name"),
            cloud: "azure".parse().expect("a name"),
            product: random.pick(&own).0.clone(),
            channel: random.pick(&channels).clone(),
            usage: Usage { tokens, measure: Measure::Reported },
            charge: Some(Amount::parse(&charge).expect("an amount")),
            duties: Vec::new(),
        })
    };
    (0..BODIES).map(&mut body).collect()
}

fn ask(book: &Book, line: &UsageLine, known: Time) -> Ask {
    Ask {
        actor: book.owner().clone(),
        action: Action::Serve,
        product: line.product.clone(),
        channel: line.channel.clone(),
        customer: Some(line.customer.clone()),
        segment: None,
        territory: None,
        at: line.at,
        known,
    }
}

/// The most memory this process has held at once.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
