//! The clauses about money, as written: shares, guarantees, commitments, splits, parity, stakes.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::syntax::clause::{KindRow, ScopeRow, scope};
use crate::syntax::fields::Fields;
use jiff::civil::Date;

/// What a clause about money says, besides who, when and of what.
#[derive(Debug)]
pub(crate) enum MoneyRow {
    Share(Box<ShareRow>),
    Guarantee(GuaranteeRow),
    Commit(CommitRow),
    Split(SplitRow),
    Parity(ParityRow),
    Stake(StakeRow),
}

#[derive(Debug)]
pub(crate) struct ShareRow {
    pub(crate) rate: Option<Word>,
    pub(crate) tiers: Option<Vec<TierRow>>,
    pub(crate) basis: Option<Word>,
    pub(crate) reset: Option<Word>,
    pub(crate) every: Option<Word>,
    pub(crate) currency: Option<Word>,
    pub(crate) convert: Option<Word>,
    pub(crate) floor: Option<Word>,
    pub(crate) cap: Option<CapRow>,
}

#[derive(Debug)]
pub(crate) struct TierRow {
    pub(crate) upto: Option<Word>,
    pub(crate) rate: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct CapRow {
    pub(crate) period: Option<Word>,
    pub(crate) total: Option<Word>,
    pub(crate) from: Option<At<Date>>,
    pub(crate) used: Option<Word>,
    pub(crate) known: Option<At<Date>>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct GuaranteeRow {
    pub(crate) over: Vec<Word>,
    pub(crate) every: Option<Word>,
    pub(crate) amounts: Amounts,
    pub(crate) window: Option<At<u32>>,
}

/// One amount for the whole term, or a schedule of them.
#[derive(Debug)]
pub(crate) enum Amounts {
    One(Word),
    Schedule(Vec<StageRow>),
    /// Neither, or something is wrong with it.
    None,
}

#[derive(Debug)]
pub(crate) struct StageRow {
    pub(crate) since: Option<At<Date>>,
    pub(crate) until: Option<At<Date>>,
    pub(crate) amount: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct CommitRow {
    pub(crate) amounts: Amounts,
    pub(crate) capacity: Option<Word>,
    pub(crate) shortfall: Option<Word>,
    pub(crate) carry: Option<Word>,
    pub(crate) rollover: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct SplitRow {
    pub(crate) every: Option<Word>,
    pub(crate) steps: Vec<StepRow>,
    pub(crate) rounding: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct StepRow {
    pub(crate) to: Option<Word>,
    pub(crate) take: Option<TakeRow>,
    pub(crate) cap: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) enum TakeRow {
    Fixed(Word),
    Rate { rate: Word, of: Option<Word> },
    Wholesale(Word),
    Remainder,
}

#[derive(Debug)]
pub(crate) struct ParityRow {
    pub(crate) every: Option<Word>,
    pub(crate) against: Vec<ComparableRow>,
}

#[derive(Debug)]
pub(crate) struct ComparableRow {
    pub(crate) customers: Option<Vec<Word>>,
    pub(crate) adjust: Option<Word>,
    pub(crate) at_most: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct StakeRow {
    pub(crate) percent: Option<Word>,
    pub(crate) invested: Option<Word>,
}

/// Reads what is particular to a `kind` of clause about money; `None` when it is no such kind.
pub(crate) fn read(kind: &str, table: &mut Fields<'_>, sink: &mut Sink) -> Option<(KindRow, ScopeRow)> {
    let row = match kind {
        "share" => MoneyRow::Share(Box::new(share(table, sink))),
        "guarantee" => MoneyRow::Guarantee(guarantee(table, sink)),
        "commit" => MoneyRow::Commit(commit(table, sink)),
        "split" => MoneyRow::Split(split(table, sink)),
        "parity" => MoneyRow::Parity(parity(table, sink)),
        "stake" => MoneyRow::Stake(stake(table, sink)),
        _ => return None,
    };
    let base = match &row {
        MoneyRow::Share(_) | MoneyRow::Commit(_) | MoneyRow::Split(_) | MoneyRow::Parity(_) => {
            base(kind, table, sink)
        }
        MoneyRow::Guarantee(_) | MoneyRow::Stake(_) => ScopeRow::default(),
    };
    Some((KindRow::Money(Box::new(row)), base))
}

/// The revenue or spend that a clause is worked out on.
fn base(kind: &str, table: &mut Fields<'_>, sink: &mut Sink) -> ScopeRow {
    let base = table.table(sink, "of").map(|mut base| {
        let scope = scope(&mut base, sink, false);
        base.finish(sink);
        scope
    });
    for axis in ["products", "classes", "channels", "segments", "territories"] {
        let written = table.peek(axis).map_or("[…]", |value| value.source());
        if let Some(spot) = table.take_away(axis) {
            sink.error("money-base", spot, format!("`{axis}` of a {kind} belongs in its base"))
                .help(format!("write of = {{ {axis} = {written} }}"));
        }
    }
    base.unwrap_or_default()
}

/// Reports unless exactly one of `keys` is there.
fn one_of(table: &Fields<'_>, sink: &mut Sink, keys: &[&str]) {
    let listed = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
    let mut given = keys.iter().filter_map(|key| table.key_spot(key));
    match (given.next(), given.next()) {
        (Some(_), None) => {}
        (Some(first), Some(second)) => {
            sink.error("given-twice", second, format!("{} has either {listed}", table.what()))
                .also(first, "given here")
                .help("take one of them out");
        }
        (None, _) => {
            sink.error("missing-key", table.spot(), format!("{} lacks {listed}", table.what())).help(
                match keys {
                    [_] => format!("add a line such as: {}", table.example(keys)),
                    _ => format!("add one of them, such as: {}", table.example(keys)),
                },
            );
        }
    }
}

fn share(table: &mut Fields<'_>, sink: &mut Sink) -> ShareRow {
    one_of(table, sink, &["rate", "tiers"]);
    let tiers = table.rows(sink, "tiers", tier);
    let rate = table.text(sink, "rate");
    ShareRow {
        rate,
        tiers,
        basis: table.text(sink, "basis"),
        reset: table.text(sink, "reset"),
        every: table.need_text(sink, "every"),
        currency: table.text(sink, "currency"),
        convert: table.text(sink, "convert"),
        floor: table.table(sink, "floor").and_then(|mut floor| {
            let period = floor.need_text(sink, "period");
            floor.finish(sink);
            period
        }),
        cap: table.table(sink, "cap").map(|cap| self::cap(cap, sink)),
    }
}

fn tier(table: &mut Fields<'_>, sink: &mut Sink) -> TierRow {
    TierRow { upto: table.text(sink, "upto"), rate: table.need_text(sink, "rate"), spot: table.spot() }
}

fn cap(mut table: Fields<'_>, sink: &mut Sink) -> CapRow {
    let row = CapRow {
        period: table.text(sink, "period"),
        total: table.text(sink, "total"),
        from: table.date(sink, "from"),
        used: table.text(sink, "used"),
        known: table.date(sink, "known"),
        spot: table.spot(),
    };
    if table.key_spot("period").is_none() {
        one_of(&table, sink, &["total"]);
    }
    table.finish(sink);
    row
}

fn guarantee(table: &mut Fields<'_>, sink: &mut Sink) -> GuaranteeRow {
    table.require("over");
    one_of(table, sink, &["minimum", "schedule"]);
    GuaranteeRow {
        over: table.texts(sink, "over").unwrap_or_default(),
        every: table.need_text(sink, "every"),
        amounts: amounts(table, sink, "minimum", "minimum"),
        window: table.whole(sink, "window"),
    }
}

/// The amount under `whole`, or a schedule of stages whose amounts are under `part`.
fn amounts(table: &mut Fields<'_>, sink: &mut Sink, whole: &'static str, part: &'static str) -> Amounts {
    let schedule = table.rows(sink, "schedule", |table, sink| StageRow {
        since: table.date(sink, "since"),
        until: table.date(sink, "until"),
        amount: table.need_text(sink, part),
        spot: table.spot(),
    });
    match (table.text(sink, whole), schedule) {
        (Some(one), None) => Amounts::One(one),
        (None, Some(schedule)) => Amounts::Schedule(schedule),
        (Some(_), Some(_)) | (None, None) => Amounts::None,
    }
}

fn commit(table: &mut Fields<'_>, sink: &mut Sink) -> CommitRow {
    if table.key_spot("capacity").is_none() || table.key_spot("total").is_some() {
        one_of(table, sink, &["total", "schedule"]);
    }
    CommitRow {
        amounts: amounts(table, sink, "total", "amount"),
        capacity: table.text(sink, "capacity"),
        shortfall: table.text(sink, "shortfall"),
        carry: table.text(sink, "carry"),
        rollover: table.text(sink, "rollover"),
    }
}

fn split(table: &mut Fields<'_>, sink: &mut Sink) -> SplitRow {
    table.require("steps");
    let steps = table.rows(sink, "steps", step);
    SplitRow {
        every: table.need_text(sink, "every"),
        steps: steps.unwrap_or_default(),
        rounding: table.text(sink, "rounding"),
        spot: table.spot(),
    }
}

fn step(table: &mut Fields<'_>, sink: &mut Sink) -> StepRow {
    table.text(sink, "note");
    let to = table.need_text(sink, "to");
    let of = table.text(sink, "of");
    let mut takes = Vec::new();
    takes.extend(table.text(sink, "fixed").map(TakeRow::Fixed));
    takes.extend(table.text(sink, "rate").map(|rate| TakeRow::Rate { rate, of }));
    takes.extend(table.text(sink, "wholesale").map(TakeRow::Wholesale));
    if table.boolean(sink, "remainder").is_some_and(|rest| rest.value) {
        takes.push(TakeRow::Remainder);
    }
    one_of(table, sink, &["fixed", "rate", "wholesale", "remainder"]);
    if takes.len() > 1 {
        takes.clear();
    }
    StepRow { to, take: takes.pop(), cap: table.text(sink, "cap"), spot: table.spot() }
}

fn parity(table: &mut Fields<'_>, sink: &mut Sink) -> ParityRow {
    let against = table.rows(sink, "against", |table, sink| ComparableRow {
        customers: table.texts(sink, "customers"),
        adjust: table.text(sink, "adjust"),
        at_most: table.text(sink, "at_most"),
    });
    ParityRow { every: table.need_text(sink, "every"), against: against.unwrap_or_default() }
}

fn stake(table: &mut Fields<'_>, sink: &mut Sink) -> StakeRow {
    if table.key_spot("invested").is_none() {
        one_of(table, sink, &["percent"]);
    }
    StakeRow { percent: table.text(sink, "percent"), invested: table.text(sink, "invested") }
}
