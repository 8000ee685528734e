//! Days that lie decades from all others of their book: most likely a digit of the year is wrong.

use crate::diagnostic::{At, Sink, Spot};
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::entry::{Dated, Worth};
use crate::syntax::money::{Amounts, MoneyRow};
use crate::syntax::{File, Instrument};
use jiff::civil::Date;

/// How many years may pass without anything happening before somebody is asked to look.
const QUIET_YEARS_MAX: i16 = 25;

/// Warns once for each table and each head of a file.
pub(super) fn warn(files: &[(usize, File)], sink: &mut Sink) {
    let mut days: Vec<Day> = files.iter().flat_map(|(_, file)| days(file)).collect();
    days.sort_unstable();
    let mut ages: Vec<Vec<Day>> = Vec::new();
    for day in days {
        match ages.last_mut() {
            Some(age) if age.last().is_some_and(|last| near(last.on, day.on)) => age.push(day),
            Some(_) | None => ages.push(vec![day]),
        }
    }
    // Of two as full as each other, the earlier: what is to come is told by fewer days.
    let Some(main) = (0..ages.len()).rev().max_by_key(|at| ages.get(*at).map_or(0, Vec::len)) else { return };
    for (at, age) in ages.iter().enumerate().filter(|(at, _)| *at != main) {
        let edge = ages.get(main).and_then(|age| if at < main { age.first() } else { age.last() });
        let mut told: Option<Spot> = None;
        for day in age.iter().filter(|day| day.begins) {
            if told.replace(day.table) == Some(day.table) {
                continue;
            }
            let Some(edge) = edge else { continue };
            let years = i32::from(day.on.year()) - i32::from(edge.on.year());
            let side = if years < 0 { "before" } else { "after" };
            let message =
                format!("{} lies {} years {side} everything else in this book", day.on, years.abs());
            sink.warning("far-day", day.spot, message)
                .also(edge.spot, "the nearest of them")
                .help("look at the year: most likely one of its digits is wrong");
        }
    }
}

/// A day that a file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day {
    on: Date,
    /// The table it stands in.
    table: Spot,
    spot: Spot,
    /// Something happens or begins on it. What ends may do so far ahead.
    begins: bool,
}

fn near(before: Date, after: Date) -> bool {
    after.year() - before.year() <= QUIET_YEARS_MAX
}

fn days(file: &File) -> Vec<Day> {
    let mut found = Vec::new();
    let registry = &file.registry;
    for fact in &registry.facts {
        add(&mut found, fact.on.spot, [Some(fact.on), fact.recorded]);
    }
    for price in &registry.prices {
        add(&mut found, price.spot, [price.since]);
    }
    for cost in &registry.costs {
        add(&mut found, cost.price.spot, [cost.price.since, cost.recorded]);
    }
    let entries = &registry.entries;
    for rate in &entries.rates {
        row(&mut found, &rate.dated);
        if let Worth::Average { since, .. } = &rate.worth {
            add(&mut found, rate.dated.spot, [*since]);
        }
    }
    entries.valuations.iter().for_each(|entry| row(&mut found, &entry.dated));
    entries.revenue.iter().for_each(|entry| row(&mut found, &entry.dated));
    entries.purchases.iter().for_each(|entry| row(&mut found, &entry.dated));
    file.instrument.iter().for_each(|home| instrument(&mut found, home));
    found
}

fn row(found: &mut Vec<Day>, dated: &Dated) {
    add(found, dated.spot, [dated.on, dated.recorded]);
}

fn instrument(found: &mut Vec<Day>, home: &Instrument) {
    add(found, home.name.spot, [home.signed, home.effective, home.known]);
    for clause in &home.clauses {
        add(found, clause.spot, [clause.since, clause.known]);
        end(found, clause.spot, clause.until);
        stages(found, clause);
    }
}

fn stages(found: &mut Vec<Day>, clause: &ClauseRow) {
    let KindRow::Money(money) = &clause.kind else { return };
    let amounts = match money.as_ref() {
        MoneyRow::Guarantee(row) => &row.amounts,
        MoneyRow::Commit(row) => &row.amounts,
        MoneyRow::Share(_) | MoneyRow::Split(_) | MoneyRow::Parity(_) | MoneyRow::Stake(_) => return,
    };
    let Amounts::Schedule(stages) = amounts else { return };
    for stage in stages {
        add(found, clause.spot, [stage.since]);
        end(found, clause.spot, stage.until);
    }
}

fn add<const N: usize>(found: &mut Vec<Day>, table: Spot, days: [Option<At<Date>>; N]) {
    found.extend(days.into_iter().flatten().map(|At { value, spot }| Day {
        on: value,
        table,
        spot,
        begins: true,
    }));
}

fn end(found: &mut Vec<Day>, table: Spot, day: Option<At<Date>>) {
    found.extend(day.map(|At { value, spot }| Day { on: value, table, spot, begins: false }));
}
