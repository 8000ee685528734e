//! Measures decisions over books of 100, 1,000 and 10,000 clauses, beside a general policy engine on the same rights
//! and promises; the search for conflicts; and a statement over many usage lines. Run it by `cargo xtask bench agreement`.

mod cedar;
mod counting;
mod deal;
mod figures;
mod random;
mod statement;

use abide_agreement::{Book, Ruling, Source, Window, load};
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use deal::{Deal, Wish};
use figures::{Figures, micros, timed};
use std::hint::black_box;
use std::time::Instant;

const HELP: &str = "\
bench-agreement [--asks N] [--lines N] [--seed N] [--without-cedar]

  --asks N          asks for each book (20000); the policy engine gets as many as fit into some seconds
  --lines N         usage lines of the statement (10000000)
  --seed N          of the random books and asks (7)
  --without-cedar   measure Abide alone";

const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// How crowded a book is: promises about one owner's twenty products.
const CLAUSES_OF_AN_OWNER: [usize; 3] = [100, 250, 1_250];
/// Books of so many clauses are searched for conflicts.
const SEARCHED_MAX: usize = 1_000;
/// How often each ask is measured.
const PASSES: usize = 7;
/// How many policies the other engine is made to look at, over all of its asks.
const POLICIES_MET: usize = 3_000_000;

#[global_allocator]
static ALLOCATIONS: counting::Counting = counting::Counting;

struct Options {
    asks: usize,
    lines: usize,
    seed: u64,
    cedar: bool,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = options(&words) else {
        eprintln!("{HELP}");
        std::process::exit(2);
    };
    println!("the clock itself: {} µs a reading", micros(figures::clock()));
    println!("{}", figures::HEAD);
    let mut notes = Vec::new();
    for clauses in SIZES {
        for each in CLAUSES_OF_AN_OWNER.into_iter().filter(|each| *each <= clauses) {
            let deal = Deal::new(clauses, each, options.seed);
            measure(&deal, &options, &mut notes);
        }
    }
    println!("\n{}", notes.join("\n"));
    println!("\n{}", statement::measure(options.lines, options.seed));
    if options.cedar {
        println!("\n{}", cedar::LEFT_OUT);
    }
}

fn options(words: &[String]) -> Option<Options> {
    let mut options = Options { asks: 20_000, lines: 10_000_000, seed: 7, cedar: true };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--without-cedar" => options.cedar = false,
            "--asks" => options.asks = words.next()?.parse().ok().filter(|asks| *asks > 0)?,
            "--lines" => options.lines = words.next()?.parse().ok().filter(|lines| *lines > 0)?,
            "--seed" => options.seed = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn measure(deal: &Deal, options: &Options, notes: &mut Vec<String>) {
    let files: Vec<Source> = deal.files();
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let began = Instant::now();
    let book = load(&files).unwrap_or_else(|findings| {
        let shown: String = findings.iter().take(3).map(|finding| finding.render(false)).collect();
        panic!("the generated book is not one:\n{shown}")
    });
    let loaded = began.elapsed();
    let wishes = deal.wishes(options.asks, options.seed);
    let asks: Vec<Ask> = wishes.iter().map(|wish| ask(&book, wish)).collect();
    let title = format!("{} clauses of {}", deal.clauses(), deal.labs());
    notes.push(format!(
        "{title}: {} files, {} KiB, loaded and checked in {:.0} ms; answers: {}",
        files.len(),
        bytes / 1024,
        loaded.as_secs_f64() * 1e3,
        shares(&book, &asks),
    ));

    if deal.clauses() <= SEARCHED_MAX {
        let window = Window {
            from: Some(day(&book, "2026-01-01")),
            until: Some(day(&book, "2027-01-01")),
            known: day(&book, "2026-01-01"),
        };
        let began = Instant::now();
        let found = book.conflicts(&window).len();
        let took = began.elapsed().as_secs_f64() * 1e3;
        notes.push(format!("  conflicts of 2026: {found}, found in {took:.0} ms"));
    }

    let answered = Figures::of(&asks, PASSES, |ask| timed(|| ruled(&book.rule(ask))));
    println!("{}", answered.row(&title, "rule: verdict, reasons, duties"));
    let whole = Figures::of(&asks, PASSES, |ask| {
        timed(|| {
            let ruling = book.rule(ask);
            black_box(ruling.until());
            ruled(&ruling)
        })
    });
    println!("{}", whole.row("", "rule, and until when it holds"));
    let kept = Figures::of(&asks, PASSES, |ask| timed(|| book.decide(ask).verdict.permits()));
    println!("{}", kept.row("", "decide: the record that is kept"));
    if options.cedar {
        let count = (POLICIES_MET / deal.clauses()).min(asks.len());
        let other = cedar::Translation::of(deal);
        let began: Vec<&Wish> = wishes.iter().take(count).collect();
        let figures = Figures::of(&began, 1, |wish| other.permits(wish));
        println!("{}", figures.row("", "cedar, translated"));
        // A question that is open has no counterpart there.
        let settled: Vec<usize> = (0..count).filter(|at| !contested(&book, &asks[*at])).collect();
        let same = settled.iter().filter(|at| figures.answer(**at) == answered.answer(**at)).count();
        notes.push(format!(
            "  cedar: {} policies; the same answer to {same} of {} asks that hang on no open question",
            other.policies(),
            settled.len()
        ));
    }
}

/// Reads the verdict, every reason and every duty.
fn ruled(ruling: &Ruling<'_>) -> bool {
    for reason in ruling.reasons() {
        black_box((reason.effect, &reason.cited.clause, &reason.cited.file, reason.cited.line));
    }
    for duty in ruling.duties() {
        black_box(duty);
    }
    ruling.permits()
}

fn shares(book: &Book, asks: &[Ask]) -> String {
    let words: Vec<&str> = asks.iter().map(|ask| book.decide(ask).verdict.as_str()).collect();
    let part = |word: &str| {
        let count = words.iter().filter(|found| **found == word).count();
        format!("{:.0} % {word}", count as f64 * 100.0 / words.len() as f64)
    };
    ["permit", "breach", "contested", "no_right"].map(part).join(", ")
}

fn contested(book: &Book, ask: &Ask) -> bool {
    book.decide(ask).verdict.as_str() == "contested"
}

fn day(book: &Book, day: &str) -> Time {
    book.start_of_day(day.parse().expect("a generated day"))
}

fn ask(book: &Book, wish: &Wish) -> Ask {
    let at = day(book, &wish.day());
    Ask {
        actor: wish.actor.parse().expect("a generated name"),
        action: Action::parse(wish.action).expect("a generated action"),
        product: wish.product.parse().expect("a generated name"),
        channel: wish.channel.parse().expect("a generated name"),
        customer: None,
        segment: wish.segment.as_ref().map(|name| name.parse().expect("a generated name")),
        territory: wish.country.map(|name| name.parse().expect("a generated name")),
        at,
        known: at,
    }
}
