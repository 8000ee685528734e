//! Dated rows that people enter, as written: exchange rates, valuations, revenue, purchases.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::syntax::fields::Fields;
use crate::syntax::registry::rows;
use jiff::civil::Date;

/// Every row of a file.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) rates: Vec<RateRow>,
    pub(crate) valuations: Vec<ValuationRow>,
    pub(crate) revenue: Vec<RevenueRow>,
    pub(crate) purchases: Vec<PurchaseRow>,
}

/// When something was so, and when it became known.
#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) on: Option<At<Date>>,
    pub(crate) recorded: Option<At<Date>>,
    pub(crate) source: Option<Word>,
    pub(crate) note: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct RateRow {
    pub(crate) from: Option<Word>,
    pub(crate) to: Option<Word>,
    pub(crate) worth: Worth,
    pub(crate) dated: Dated,
}

/// How much a unit is worth: from a day on, or over a time.
#[derive(Debug)]
pub(crate) enum Worth {
    On(Option<Word>),
    Average { value: Option<Word>, since: Option<At<Date>>, until: Option<At<Date>> },
}

#[derive(Debug)]
pub(crate) struct ValuationRow {
    pub(crate) of: Option<Word>,
    pub(crate) value: Option<Word>,
    pub(crate) dated: Dated,
}

#[derive(Debug)]
pub(crate) struct RevenueRow {
    pub(crate) by: Option<Word>,
    pub(crate) product: Option<Word>,
    pub(crate) channel: Option<Word>,
    pub(crate) customer: Option<Word>,
    pub(crate) segment: Option<Word>,
    pub(crate) country: Option<Word>,
    pub(crate) amount: Option<Word>,
    pub(crate) quantity: Option<Word>,
    pub(crate) dated: Dated,
}

#[derive(Debug)]
pub(crate) struct PurchaseRow {
    pub(crate) by: Option<Word>,
    pub(crate) from: Option<Word>,
    pub(crate) channel: Option<Word>,
    pub(crate) product: Option<Word>,
    pub(crate) amount: Option<Word>,
    pub(crate) dated: Dated,
}

/// Reads every such row of a file.
pub(crate) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> Entries {
    Entries {
        rates: rows(fields, sink, "rate", |table, sink| Some(rate(table, sink))),
        valuations: rows(fields, sink, "valuation", |table, sink| {
            Some(ValuationRow {
                of: table.need_text(sink, "of"),
                value: table.need_text(sink, "value"),
                dated: dated(table, sink),
            })
        }),
        revenue: rows(fields, sink, "revenue", |table, sink| Some(revenue(table, sink))),
        purchases: rows(fields, sink, "purchase", |table, sink| Some(purchase(table, sink))),
    }
}

fn rate(table: &mut Fields<'_>, sink: &mut Sink) -> RateRow {
    let (from, to) = (table.need_text(sink, "from"), table.need_text(sink, "to"));
    let given = |keys: &[&str]| keys.iter().any(|key| table.key_spot(key).is_some());
    let average = given(&["average"]) || (given(&["since", "until"]) && !given(&["value", "on"]));
    let (needed, others) = if average {
        (&["since", "until"][..], &["value", "on"])
    } else {
        (&["value", "on"][..], &["since", "until"])
    };
    for key in needed.iter().filter(|key| table.key_spot(key).is_none()) {
        sink.error("missing-key", table.spot(), format!("this rate lacks `{key}`"))
            .help("write `value` and `on` for a rate from a day on, or `average`, `since` and `until`");
    }
    for spot in others.iter().filter_map(|key| table.take_away(key)) {
        sink.error("given-twice", spot, "this rate is both of a day and of a time")
            .help("write two rows: one with `value` and `on`, one with `average`, `since` and `until`");
    }
    let on = table.date(sink, "on");
    let (since, until) = (table.date(sink, "since"), table.date(sink, "until"));
    let worth = if average {
        Worth::Average { value: table.text(sink, "average"), since, until }
    } else {
        Worth::On(table.text(sink, "value"))
    };
    // An average is known once its time is over, unless it says when.
    let last = until.and_then(|until| Some(At { value: until.value.yesterday().ok()?, spot: until.spot }));
    let dated = Dated {
        on: on.or(last),
        recorded: table.date(sink, "recorded"),
        source: table.text(sink, "source"),
        note: table.text(sink, "note"),
        spot: table.spot(),
    };
    RateRow { from, to, worth, dated }
}

fn dated(table: &mut Fields<'_>, sink: &mut Sink) -> Dated {
    Dated {
        on: table.need_date(sink, "on"),
        recorded: table.date(sink, "recorded"),
        source: table.text(sink, "source"),
        note: table.text(sink, "note"),
        spot: table.spot(),
    }
}

fn revenue(table: &mut Fields<'_>, sink: &mut Sink) -> RevenueRow {
    RevenueRow {
        by: table.text(sink, "by"),
        product: table.need_text(sink, "product"),
        channel: table.need_text(sink, "channel"),
        customer: table.text(sink, "customer"),
        segment: table.text(sink, "segment"),
        country: table.text(sink, "country"),
        amount: table.need_text(sink, "amount"),
        quantity: table.text(sink, "quantity"),
        dated: dated(table, sink),
    }
}

fn purchase(table: &mut Fields<'_>, sink: &mut Sink) -> PurchaseRow {
    if table.key_spot("from").is_none() && table.key_spot("channel").is_none() {
        sink.error("missing-key", table.spot(), "this purchase names nobody it is from")
            .help("add from = \"cloud\", or the channel it went through: channel = \"blue\"");
    }
    PurchaseRow {
        by: table.text(sink, "by"),
        from: table.text(sink, "from"),
        channel: table.text(sink, "channel"),
        product: table.text(sink, "product"),
        amount: table.need_text(sink, "amount"),
        dated: dated(table, sink),
    }
}
