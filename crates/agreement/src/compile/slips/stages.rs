//! Stages of schedules that lie outside the days of their clause, and so count for less than they say.

use crate::diagnostic::{At, Sink};
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::money::{Amounts, MoneyRow, StageRow};
use crate::syntax::{File, Instrument};
use jiff::civil::Date;

pub(super) fn warn(files: &[(usize, File)], sink: &mut Sink) {
    for home in files.iter().filter_map(|(_, file)| file.instrument.as_ref()) {
        for clause in &home.clauses {
            let Some(begins) = begins(clause, home) else { continue };
            let ends = clause.until.map(|day| day.value);
            stages(clause).iter().for_each(|stage| outside(stage, begins, ends, sink));
        }
    }
}

/// The first day of a clause.
fn begins(clause: &ClauseRow, home: &Instrument) -> Option<Date> {
    clause.since.or(home.effective).or(home.signed).map(|day| day.value)
}

/// The stages that are taken for a whole: those of a commitment.
fn stages(clause: &ClauseRow) -> &[StageRow] {
    let KindRow::Money(money) = &clause.kind else { return &[] };
    match money.as_ref() {
        MoneyRow::Commit(row) => match &row.amounts {
            Amounts::Schedule(stages) => stages,
            Amounts::One(_) | Amounts::None => &[],
        },
        MoneyRow::Guarantee(_)
        | MoneyRow::Share(_)
        | MoneyRow::Split(_)
        | MoneyRow::Parity(_)
        | MoneyRow::Stake(_) => &[],
    }
}

fn outside(stage: &StageRow, begins: Date, ends: Option<Date>, sink: &mut Sink) {
    if let Some(At { value, spot }) = stage.since.filter(|day| day.value < begins) {
        let over = stage.until.is_some_and(|until| until.value <= begins);
        let now =
            if over { "nothing is to be bought in it" } else { "all of it is to be bought from that day on" };
        sink.warning("outside-term", spot, format!("this stage begins before its clause does, on {begins}"))
            .help(format!("as it stands {now}: let it begin then, or the clause before: since = {value}"));
    }
    if let Some((At { value, spot }, ends)) = stage.until.zip(ends).filter(|(day, ends)| day.value > *ends) {
        let late = stage.since.is_some_and(|since| since.value >= ends);
        let now =
            if late { "nothing is to be bought in it" } else { "it lapses, and no shortfall of it is owed" };
        sink.warning("outside-term", spot, format!("this stage ends after its clause does, on {ends}"))
            .help(format!("as it stands {now}: let it end then, or the clause later: until = {value}"));
    }
}
