//! Scenario files: a forecast as written, row by row. Looks no name up.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::syntax::fields::Fields;
use crate::syntax::registry::{self, FactRow, OddsRow};
use jiff::civil::Date;

/// A scenario as written.
#[derive(Debug)]
pub(crate) struct ScenarioRow {
    pub(crate) name: Option<Word>,
    pub(crate) title: Option<Word>,
    pub(crate) note: Option<Word>,
    pub(crate) from: Option<At<Date>>,
    pub(crate) until: Option<At<Date>>,
    pub(crate) every: Option<Word>,
    pub(crate) known: Option<At<Date>>,
    pub(crate) currency: Option<Word>,
    pub(crate) discount: Option<Word>,
    pub(crate) seed: Option<At<u32>>,
    pub(crate) draws: Option<At<u32>>,
    pub(crate) drafts: Vec<DraftRow>,
    pub(crate) revenue: Vec<RevenueRow>,
    pub(crate) purchases: Vec<PurchaseRow>,
    pub(crate) valuations: Vec<ValuationRow>,
    pub(crate) holdings: Vec<HoldingRow>,
    pub(crate) assumptions: Vec<AssumeRow>,
    pub(crate) searches: Vec<SearchRow>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct DraftRow {
    pub(crate) id: Word,
    pub(crate) title: Option<Word>,
    pub(crate) book: Option<Word>,
    pub(crate) known: Option<At<Date>>,
    pub(crate) without: Vec<Word>,
    pub(crate) keep: Vec<Word>,
}

#[derive(Debug)]
pub(crate) struct RevenueRow {
    pub(crate) id: Word,
    pub(crate) title: Option<Word>,
    pub(crate) party: Option<Word>,
    pub(crate) product: Option<Word>,
    pub(crate) channel: Option<Word>,
    pub(crate) customer: Option<Word>,
    pub(crate) segment: Option<Word>,
    pub(crate) country: Option<Word>,
    pub(crate) course: CourseRow,
    pub(crate) price: Option<NumberRow>,
    pub(crate) unit: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct PurchaseRow {
    pub(crate) id: Word,
    pub(crate) title: Option<Word>,
    pub(crate) by: Option<Word>,
    pub(crate) from: Option<Word>,
    pub(crate) channel: Option<Word>,
    pub(crate) product: Option<Word>,
    pub(crate) course: CourseRow,
}

/// How high something is over time.
#[derive(Debug)]
pub(crate) struct CourseRow {
    pub(crate) since: Option<At<Date>>,
    pub(crate) until: Option<At<Date>>,
    pub(crate) amount: Option<NumberRow>,
    pub(crate) per: Option<Word>,
    pub(crate) growth: Option<NumberRow>,
    pub(crate) step: Option<Word>,
    pub(crate) points: Vec<(Option<At<Date>>, Option<Word>)>,
}

#[derive(Debug)]
pub(crate) struct ValuationRow {
    pub(crate) of: Option<Word>,
    pub(crate) value: Option<NumberRow>,
    pub(crate) on: Option<At<Date>>,
}

/// A number, or how it is drawn.
#[derive(Debug)]
pub(crate) enum NumberRow {
    Given(Word),
    Drawn(ChanceRow),
}

#[derive(Debug)]
pub(crate) struct ChanceRow {
    pub(crate) shape: Option<Word>,
    /// `low`, `mode`, `high`, `mean`, `deviation`, `median`, `p90`, those that are there.
    pub(crate) values: Vec<(&'static str, Word)>,
    pub(crate) draw: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct HoldingRow {
    pub(crate) owner: Option<Word>,
    pub(crate) of: Option<Word>,
    pub(crate) part: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct AssumeRow {
    pub(crate) text: Option<Word>,
    pub(crate) source: Option<Word>,
    pub(crate) class: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct SearchRow {
    pub(crate) id: Word,
    pub(crate) title: Option<Word>,
    pub(crate) vary: Option<Word>,
    pub(crate) low: Option<Word>,
    pub(crate) high: Option<Word>,
    pub(crate) party: Option<Word>,
    pub(crate) better: Option<Word>,
    pub(crate) than: Option<Word>,
    pub(crate) measure: Option<Word>,
}

/// The numbers that describe how another is drawn.
const VALUES: [&str; 7] = ["low", "mode", "high", "mean", "deviation", "median", "p90"];

/// Reads everything but the facts and sources, which are read as those of any file.
pub(crate) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> ScenarioRow {
    ScenarioRow {
        spot: fields.spot(),
        name: fields.need_text(sink, "scenario"),
        title: fields.text(sink, "title"),
        note: fields.text(sink, "note"),
        from: fields.need_date(sink, "from"),
        until: fields.need_date(sink, "until"),
        every: fields.text(sink, "every"),
        known: fields.date(sink, "known"),
        currency: fields.need_text(sink, "currency"),
        discount: fields.text(sink, "discount"),
        seed: fields.whole(sink, "seed"),
        draws: fields.whole(sink, "draws"),
        drafts: rows(fields, sink, "draft", draft),
        revenue: rows(fields, sink, "revenue", revenue),
        purchases: rows(fields, sink, "purchase", purchase),
        valuations: rows(fields, sink, "valuation", valuation),
        holdings: rows(fields, sink, "holding", holding),
        assumptions: rows(fields, sink, "assume", assume),
        searches: rows(fields, sink, "break_even", search),
    }
}

fn rows<T>(
    fields: &mut Fields<'_>,
    sink: &mut Sink,
    key: &'static str,
    row: impl Fn(&mut Fields<'_>, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for mut table in fields.tables(sink, key) {
        if let Some(id) = table.peek("id").and_then(|id| id.as_word()) {
            table.rename(format!("[[{key}]] `{}`", id.value));
        }
        found.extend(row(&mut table, sink));
        table.finish(sink);
    }
    found
}

fn draft(table: &mut Fields<'_>, sink: &mut Sink) -> Option<DraftRow> {
    table.text(sink, "note");
    let id = table.need_text(sink, "id");
    let (title, book, known) =
        (table.text(sink, "title"), table.text(sink, "book"), table.date(sink, "known"));
    let without = table.texts(sink, "without").unwrap_or_default();
    let keep = table.texts(sink, "keep").unwrap_or_default();
    Some(DraftRow { id: id?, title, book, known, without, keep })
}

fn revenue(table: &mut Fields<'_>, sink: &mut Sink) -> Option<RevenueRow> {
    table.text(sink, "note");
    let id = table.need_text(sink, "id");
    let row = RevenueRow {
        title: table.text(sink, "title"),
        party: table.text(sink, "party"),
        product: table.need_text(sink, "product"),
        channel: table.need_text(sink, "channel"),
        customer: table.text(sink, "customer"),
        segment: table.text(sink, "segment"),
        country: table.text(sink, "country"),
        course: course(table, sink),
        price: number(table, sink, "price"),
        unit: table.text(sink, "unit"),
        id: id?,
    };
    one_way(table, sink, &row.course, "revenue", &row.id);
    if let Some(unit) = row.unit.as_ref().filter(|_| table.peek("price").is_none()) {
        sink.error("missing-key", unit.spot, "units are counted by their price, and none is given")
            .help("add what one of them costs, such as price = \"80 USD\"");
    }
    Some(row)
}

fn purchase(table: &mut Fields<'_>, sink: &mut Sink) -> Option<PurchaseRow> {
    table.text(sink, "note");
    let id = table.need_text(sink, "id");
    if table.key_spot("from").is_none() && table.key_spot("channel").is_none() {
        sink.error("missing-key", table.spot(), "this purchase names nobody it is from")
            .help("add from = \"cloud\", or the channel it goes through: channel = \"blue\"");
    }
    let row = PurchaseRow {
        title: table.text(sink, "title"),
        by: table.text(sink, "by"),
        from: table.text(sink, "from"),
        channel: table.text(sink, "channel"),
        product: table.text(sink, "product"),
        course: course(table, sink),
        id: id?,
    };
    one_way(table, sink, &row.course, "purchase", &row.id);
    Some(row)
}

fn course(table: &mut Fields<'_>, sink: &mut Sink) -> CourseRow {
    CourseRow {
        since: table.date(sink, "since"),
        until: table.date(sink, "until"),
        amount: number(table, sink, "amount"),
        per: table.text(sink, "per"),
        growth: number(table, sink, "growth"),
        step: table.text(sink, "step"),
        points: rows(table, sink, "points", |table, sink| {
            Some((table.need_date(sink, "on"), table.need_text(sink, "amount")))
        }),
    }
}

/// A course is an amount or a curve.
fn one_way(table: &Fields<'_>, sink: &mut Sink, course: &CourseRow, kind: &str, id: &Word) {
    let choice = match (&course.amount, course.points.is_empty()) {
        (Some(_), true) | (None, false) => return,
        (None, true) => "says neither `amount` nor `points`",
        (Some(_), false) => "says both `amount` and `points`",
    };
    if table.peek("amount").is_none() || table.peek("points").is_some() {
        sink.error("missing-key", id.spot, format!("{kind} `{}` {choice}", id.value))
            .help("give one: an amount that may grow, or points on a curve");
    }
}

fn valuation(table: &mut Fields<'_>, sink: &mut Sink) -> Option<ValuationRow> {
    table.text(sink, "note");
    let (of, value) = (table.need_text(sink, "of"), number(table, sink, "value"));
    table.require("value");
    Some(ValuationRow { of, value, on: table.date(sink, "on") })
}

/// Reads what is supposed to happen, for sure or in some futures.
pub(crate) fn facts(fields: &mut Fields<'_>, sink: &mut Sink) -> Vec<FactRow> {
    registry::rows(fields, sink, "fact", fact)
}

fn fact(table: &mut Fields<'_>, sink: &mut Sink) -> Option<FactRow> {
    let chance = table.text(sink, "chance");
    let (by, draw) = (table.date(sink, "by"), table.text(sink, "draw"));
    let asked = table.peek("question").is_some();
    let on = match by {
        Some(by) => {
            if let Some(on) = table.date(sink, "on") {
                sink.error("wrong-key", on.spot, "this fact says both `on` and `by`")
                    .help("`on` is its day; `by` is the last of the days on which it may happen");
            }
            Some(by)
        }
        // An answer counts for every day.
        None if asked => Some(table.date(sink, "on").unwrap_or(At { value: Date::MIN, spot: table.spot() })),
        None => {
            if table.key_spot("on").is_none() {
                sink.error("missing-key", table.spot(), "this fact has no day")
                    .help("add the day it happens: on = 2028-01-01; or with a `chance` the last on which it may, in `by`");
            }
            table.date(sink, "on")
        }
    };
    let aimless = by.map(|by| by.spot).or(draw.as_ref().map(|draw| draw.spot));
    if let Some(spot) = aimless.filter(|_| table.peek("chance").is_none()) {
        sink.error(
            "missing-key",
            spot,
            "`by` and `draw` are about what may happen, and this fact has no chance",
        )
        .help("add one, such as chance = \"40%\"");
    }
    if let Some(by) = by.filter(|_| asked) {
        sink.error("wrong-key", by.spot, "an answer counts for every day, whenever it is given")
            .help("take `by` out");
    }
    let row = registry::fact(table, sink, on)?;
    let odds = chance.map(|chance| OddsRow { chance, by: by.is_some(), draw });
    Some(FactRow { assumed: true, odds, ..row })
}

fn number(table: &mut Fields<'_>, sink: &mut Sink, key: &'static str) -> Option<NumberRow> {
    let whole = table.peek(key)?;
    if !whole.is_table() {
        return table.text(sink, key).map(NumberRow::Given);
    }
    let mut inner = table.table(sink, key)?;
    let row = ChanceRow {
        spot: inner.spot(),
        shape: inner.need_text(sink, "shape"),
        values: VALUES.iter().filter_map(|name| Some((*name, inner.text(sink, name)?))).collect(),
        draw: inner.text(sink, "draw"),
    };
    inner.finish(sink);
    Some(NumberRow::Drawn(row))
}

fn holding(table: &mut Fields<'_>, sink: &mut Sink) -> Option<HoldingRow> {
    table.text(sink, "note");
    Some(HoldingRow {
        owner: table.need_text(sink, "owner"),
        of: table.need_text(sink, "of"),
        part: table.need_text(sink, "part"),
    })
}

fn assume(table: &mut Fields<'_>, sink: &mut Sink) -> Option<AssumeRow> {
    Some(AssumeRow {
        text: table.need_text(sink, "text"),
        source: table.text(sink, "source"),
        class: table.text(sink, "class"),
    })
}

fn search(table: &mut Fields<'_>, sink: &mut Sink) -> Option<SearchRow> {
    table.text(sink, "note");
    let id = table.need_text(sink, "id");
    let row = SearchRow {
        title: table.text(sink, "title"),
        vary: table.need_text(sink, "vary"),
        low: table.need_text(sink, "low"),
        high: table.need_text(sink, "high"),
        party: table.need_text(sink, "party"),
        better: table.need_text(sink, "better"),
        than: table.need_text(sink, "than"),
        measure: table.text(sink, "measure"),
        id: id?,
    };
    Some(row)
}
