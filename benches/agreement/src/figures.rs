//! What is measured of many calls: rate, percentiles, allocations of those that were permitted.

use crate::counting::allocations;
use std::hint::black_box;
use std::time::{Duration, Instant};

pub(crate) const HEAD: &str = "\
book                          what                             decisions/s    p50 µs    p99 µs  p99.9 µs    p99 µs  allocations
                                                                                                       undisturbed  of a permit";

/// One call: how long it took, what it allocated, whether it permitted.
pub(crate) struct Call {
    took: Duration,
    allocated: u64,
    permitted: bool,
}

pub(crate) struct Figures {
    /// In one pass; sorted.
    took: Vec<Duration>,
    /// The least of several passes for each call; sorted. All passes make the same calls in the same order, so that each
    /// call meets the caches as the calls before it left them; what a call takes longer in some passes than in another is
    /// what else the machine was at.
    least: Vec<Duration>,
    answers: Vec<bool>,
    rate: f64,
    /// Allocations of permits: most, and in all.
    most: u64,
    all: u64,
}

pub(crate) fn timed(call: impl FnOnce() -> bool) -> Call {
    let before = allocations();
    let began = Instant::now();
    let permitted = black_box(call());
    let took = began.elapsed();
    Call { took, allocated: allocations() - before, permitted }
}

/// What reading the clock adds to every measured call.
pub(crate) fn clock() -> Duration {
    let mut took: Vec<_> = (0..10_000).map(|_| timed(|| true).took).collect();
    took.sort_unstable();
    took[took.len() / 2]
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e6)
}

impl Figures {
    /// Calls once for each of `over` to warm up, once to measure the rate, and in each pass once to measure each call.
    pub(crate) fn of<T>(over: &[T], passes: usize, call: impl Fn(&T) -> Call) -> Self {
        over.iter().for_each(|one| drop(black_box(call(one))));
        let began = Instant::now();
        over.iter().for_each(|one| drop(black_box(call(one))));
        let rate = over.len() as f64 / began.elapsed().as_secs_f64();
        let calls: Vec<Call> = over.iter().map(&call).collect();
        let permits = || calls.iter().filter(|call| call.permitted).map(|call| call.allocated);
        let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
        let mut least = took.clone();
        for _ in 1..passes {
            for (least, one) in least.iter_mut().zip(over) {
                *least = (*least).min(call(one).took);
            }
        }
        took.sort_unstable();
        least.sort_unstable();
        Self {
            rate,
            least,
            most: permits().max().unwrap_or(0),
            all: permits().sum(),
            answers: calls.iter().map(|call| call.permitted).collect(),
            took,
        }
    }

    pub(crate) fn answer(&self, at: usize) -> bool {
        self.answers[at]
    }

    pub(crate) fn row(&self, book: &str, what: &str) -> String {
        let of = |took: &[Duration], part: f64| micros(took[((took.len() - 1) as f64 * part) as usize]);
        let at = |part| of(&self.took, part);
        let permits = self.answers.iter().filter(|permitted| **permitted).count().max(1);
        format!(
            "{book:<29} {what:<31} {:>12.0} {:>9} {:>9} {:>9} {:>9}  {:.1} (at most {})",
            self.rate,
            at(0.5),
            at(0.99),
            at(0.999),
            of(&self.least, 0.99),
            self.all as f64 / permits as f64,
            self.most
        )
    }
}
