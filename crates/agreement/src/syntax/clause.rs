//! The clauses of an instrument file, one table each.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::syntax::condition::Expr;
use crate::syntax::fields::Fields;
use crate::syntax::money::{self, MoneyRow};
use jiff::civil::Date;

/// Every clause kind there is.
pub(crate) const KINDS: [&str; 10] =
    ["grant", "exclusive", "first", "share", "refusal", "commit", "guarantee", "split", "parity", "stake"];

/// A clause as written.
#[derive(Debug)]
pub(crate) struct ClauseRow {
    pub(crate) id: Word,
    pub(crate) kind: KindRow,
    pub(crate) from: Option<Word>,
    pub(crate) to: Option<Word>,
    pub(crate) scope: ScopeRow,
    pub(crate) except: Vec<ScopeRow>,
    pub(crate) since: Option<At<Date>>,
    pub(crate) until: Option<At<Date>>,
    pub(crate) holds_if: Option<At<Expr>>,
    pub(crate) unless: Option<At<Expr>>,
    pub(crate) overrides: Vec<Word>,
    pub(crate) known: Option<At<Date>>,
    pub(crate) cite: Option<Cite>,
    pub(crate) note: Option<Word>,
    /// The `[[kind]]` header.
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) enum KindRow {
    Grant { depth: Option<At<u32>> },
    Exclusive { sole: bool },
    First { channel: Option<Word>, lead: Option<Word> },
    Refusal { within: Option<Word> },
    Money(Box<MoneyRow>),
}

/// What a clause, a carve-out or a base covers; an axis that is absent covers everything.
#[derive(Debug, Default)]
pub(crate) struct ScopeRow {
    pub(crate) actions: Option<Vec<Word>>,
    pub(crate) products: Option<Vec<Word>>,
    pub(crate) classes: Option<Vec<Word>>,
    pub(crate) channels: Option<Vec<Word>>,
    pub(crate) segments: Option<Vec<Word>>,
    pub(crate) territories: Option<Vec<Word>>,
}

#[derive(Debug)]
pub(crate) struct Cite {
    pub(crate) source: Option<Word>,
    pub(crate) quote: Option<Word>,
}

/// Reads every clause of an instrument file, in the order of kinds.
pub(crate) fn read_all(fields: &mut Fields<'_>, sink: &mut Sink) -> Vec<ClauseRow> {
    let mut found = Vec::new();
    for kind in KINDS {
        for mut table in fields.tables(sink, kind) {
            found.extend(read(kind, &mut table, sink));
            table.finish(sink);
        }
    }
    found
}

fn read(kind: &'static str, table: &mut Fields<'_>, sink: &mut Sink) -> Option<ClauseRow> {
    let id = table.need_text(sink, "id");
    if let Some(id) = &id {
        table.rename(format!("[[{kind}]] `{}`", id.value));
    }
    let note = table.text(sink, "note");
    let from = table.need_text(sink, "from");
    // A split names those who receive in its steps.
    let to = if kind == "split" { None } else { table.need_text(sink, "to") };
    let (kind, scope) = match kind {
        "grant" => (KindRow::Grant { depth: table.whole(sink, "depth") }, scope(table, sink, true)),
        "exclusive" => {
            let sole = table.boolean(sink, "sole").is_some_and(|sole| sole.value);
            (KindRow::Exclusive { sole }, scope(table, sink, true))
        }
        "first" => {
            let channel = table.need_text(sink, "channel");
            (KindRow::First { channel, lead: table.text(sink, "lead") }, scope(table, sink, false))
        }
        "refusal" => {
            let within = table.need_text(sink, "within");
            (KindRow::Refusal { within }, scope(table, sink, true))
        }
        _ => money::read(kind, table, sink)?,
    };
    let except = excepts(table, sink);
    let since = table.date(sink, "since");
    let until = table.date(sink, "until");
    let holds_if = table.condition(sink, "if");
    let unless = table.condition(sink, "unless");
    let overrides = table.texts(sink, "overrides").unwrap_or_default();
    let known = table.date(sink, "known");
    let cite = cite(table, sink);
    let spot = table.spot();
    let id = id?;
    Some(ClauseRow {
        id,
        kind,
        from,
        to,
        scope,
        except,
        since,
        until,
        holds_if,
        unless,
        overrides,
        known,
        cite,
        note,
        spot,
    })
}

/// What a table covers, by axis.
pub(crate) fn scope(table: &mut Fields<'_>, sink: &mut Sink, actions: bool) -> ScopeRow {
    ScopeRow {
        actions: if actions { table.texts(sink, "actions") } else { None },
        products: table.texts(sink, "products"),
        classes: table.texts(sink, "classes"),
        channels: table.texts(sink, "channels"),
        segments: table.texts(sink, "segments"),
        territories: table.texts(sink, "territories"),
    }
}

fn excepts(table: &mut Fields<'_>, sink: &mut Sink) -> Vec<ScopeRow> {
    let mut found = Vec::new();
    for value in table.list(sink, "except").unwrap_or_default() {
        let Some(mut carved) = value.as_table("a scope under `except`") else {
            sink.error("wrong-type", value.spot(), "`except` needs a list of scopes")
                .help("write except = [{ channels = [\"blue\"] }]");
            continue;
        };
        let row = scope(&mut carved, sink, true);
        let axes =
            [&row.actions, &row.products, &row.classes, &row.channels, &row.segments, &row.territories];
        if axes.iter().all(|axis| axis.is_none()) {
            sink.error(
                "empty-scope",
                carved.spot(),
                "this exception names nothing, so it would take back the whole clause",
            )
            .help("name products, classes, channels, segments, territories or actions");
        }
        carved.finish(sink);
        found.push(row);
    }
    found
}

fn cite(table: &mut Fields<'_>, sink: &mut Sink) -> Option<Cite> {
    let mut cite = table.table(sink, "cite")?;
    let read = Cite { source: cite.need_text(sink, "source"), quote: cite.text(sink, "quote") };
    cite.finish(sink);
    Some(read)
}
