//! The clauses of an instrument file, one table each.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::syntax::condition::Expr;
use crate::syntax::fields::Fields;
use jiff::civil::Date;

/// Clause kinds that are understood.
const READ: [&str; 5] = ["grant", "exclusive", "first", "refusal", "share"];
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
    /// The `[[kind]]` header.
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) enum KindRow {
    Grant { depth: Option<At<u32>> },
    Exclusive { sole: bool },
    First { channel: Option<Word>, lead: Option<Word> },
    Refusal { within: Option<Word> },
    Share { rate: Option<Word>, every: Option<Word>, cap: Option<CapRow> },
}

#[derive(Debug)]
pub(crate) struct CapRow {
    pub(crate) total: Option<Word>,
    pub(crate) known: Option<At<Date>>,
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
        if !READ.contains(&kind) {
            if let Some(spot) = fields.take_away(kind) {
                sink.error("clause-kind", spot, format!("clause kind `{kind}` is not supported yet")).help(
                    "understood are `grant`, `exclusive`, `first`, `refusal` and `share`; take this one out for now",
                );
            }
            continue;
        }
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
    table.text(sink, "note");
    let from = table.need_text(sink, "from");
    let to = table.need_text(sink, "to");
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
        _ => share(table, sink),
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
        spot,
    })
}

fn share(table: &mut Fields<'_>, sink: &mut Sink) -> (KindRow, ScopeRow) {
    let rate = table.need_text(sink, "rate");
    let every = table.need_text(sink, "every");
    let cap = table.table(sink, "cap").map(|mut cap| {
        let row = CapRow { total: cap.need_text(sink, "total"), known: cap.date(sink, "known") };
        cap.finish(sink);
        row
    });
    let base = table.table(sink, "of").map(|mut base| {
        let scope = scope(&mut base, sink, false);
        base.finish(sink);
        scope
    });
    for axis in ["products", "classes", "channels", "segments", "territories"] {
        if let Some(spot) = table.take_away(axis) {
            sink.error("share-base", spot, format!("`{axis}` of a share belongs into its base"))
                .help(format!("write of = {{ {axis} = […] }}"));
        }
    }
    (KindRow::Share { rate, every, cap }, base.unwrap_or_default())
}

fn scope(table: &mut Fields<'_>, sink: &mut Sink, actions: bool) -> ScopeRow {
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
                .help("write except = [{ channels = [\"azure\"] }]");
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
