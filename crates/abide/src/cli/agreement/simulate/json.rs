//! A worked scenario for programs: amounts in minor units, each as `[low, high]`.

use super::case::Case;
use super::text;
use abide_ledger::Span;
use abide_ledger::projection::{CommitOutcome, Figure, Outcome, Reached, Row, Standing, Why};
use abide_ledger::tally::Kind;
use abide_model::Date;
use abide_model::scenario::Chance;
use serde_json::{Value, json};

/// All of it.
pub(super) fn json(case: &Case) -> Value {
    let scenario = &case.scenario;
    let drafts =
        case.projection.drafts.iter().enumerate().map(|(number, outcome)| draft(case, number, outcome));
    json!({
        "scenario": scenario.name,
        "title": scenario.title,
        "from": scenario.from.to_string(),
        "until": scenario.until.to_string(),
        "currency": scenario.currency.to_string(),
        "futures": case.projection.futures,
        "seed": scenario.seed,
        "periods": case.projection.periods.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(),
        "chances": chances(case),
        "drafts": drafts.collect::<Vec<_>>(),
        "break_even": searches(case),
        "unpermitted": unpermitted(case),
        "unplaced": unplaced(case),
        "questions": swings(case),
    })
}

fn chances(case: &Case) -> Vec<Value> {
    let one = |(chance, times): (&Chance, u32)| json!({ "fact": chance.text, "chance": chance.odds.percent(), "times": times });
    case.chances().map(one).collect()
}

fn draft(case: &Case, number: usize, outcome: &Outcome) -> Value {
    let draft = case.scenario.drafts.get(number);
    let parties = outcome.parties.iter().map(|one| {
        json!({
            "party": one.party.as_str(),
            "revenue": row(&one.revenue),
            "bought": row(&one.bought),
            "received": row(&one.received),
            "paid": row(&one.paid),
            "cash": row(&one.cash),
            "present_value": figure(&one.present_value),
            "look_through": figure(&one.look_through),
            "stakes_worth": one.worth.iter().map(figure).collect::<Vec<_>>(),
            "gain": figure(&one.gain),
            "gain_look_through": figure(&one.gain_through),
            "better_in": one.ahead,
            "worse_in": one.behind,
        })
    });
    let clauses = outcome.clauses.iter().map(|one| {
        json!({
            "clause": one.clause.as_str(),
            "kind": one.kind.map_or("share", Kind::as_str),
            "payer": one.payer.as_str(),
            "payee": one.payee.as_str(),
            "due": row(&one.due),
            "cap_reached": one.reached.as_ref().map(reached),
            "payee_keeps": one.kept.as_ref().map(text::shown),
        })
    });
    let left_out = outcome.missing.iter().map(|one| {
        let why = match one.why {
            Why::Purchases => "purchases",
            Why::Prices => "prices",
            Why::Rate => "rate",
            Why::Part => "part",
        };
        json!({ "clause": one.clause.as_str(), "lacks": why })
    });
    json!({
        "draft": draft.map(|draft| draft.name.as_str()),
        "title": draft.map(|draft| draft.title.as_str()),
        "known": case.known.get(number).map(ToString::to_string),
        "parties": parties.collect::<Vec<_>>(),
        "clauses": clauses.collect::<Vec<_>>(),
        "commitments": outcome.commits.iter().map(commitment).collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
    })
}

fn reached(reached: &Reached) -> Value {
    let day = |span: &Span<Option<Date>>| [span.low, span.high].map(|day| day.map(|day| day.to_string()));
    json!({ "p10": day(&reached.p10), "p50": day(&reached.p50), "p90": day(&reached.p90), "times": reached.times })
}

fn commitment(one: &CommitOutcome) -> Value {
    let stages = one.stages.iter().map(|stage| {
        json!({
            "since": stage.since.to_string(), "until": stage.until.map(|day| day.to_string()), "closed": stage.closed,
            "to_be_bought": stage.wanted.as_ref().map(figure), "bought": figure(&stage.bought),
            "left": figure(&stage.left), "due": figure(&stage.due), "all_bought": stage.met.as_ref().map(reached),
        })
    });
    json!({
        "clause": one.clause.as_str(), "buyer": one.buyer.as_str(), "seller": one.seller.as_str(),
        "currency": one.currency.to_string(),
        "bought_before": span(&Span { low: one.before, high: one.before }),
        "bought_by": one.bought.iter().map(figure).collect::<Vec<_>>(),
        "stages": stages.collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    json!({ "periods": row.periods.iter().map(figure).collect::<Vec<_>>(), "total": figure(&row.total) })
}

fn figure(figure: &Figure) -> Value {
    json!({ "p10": span(&figure.p10), "p50": span(&figure.p50), "p90": span(&figure.p90) })
}

/// Whole numbers where they fit 64 bits, as nearly all do; text beyond, so that no program rounds them.
fn span(span: &Span<i128>) -> Value {
    let one =
        |amount: i128| i64::try_from(amount).map_or_else(|_| json!(amount.to_string()), |small| json!(small));
    json!([one(span.low), one(span.high)])
}

fn searches(case: &Case) -> Vec<Value> {
    let all = case.scenario.searches.iter().zip(&case.projection.found);
    let one = |(search, found): (&abide_model::scenario::Search, &abide_ledger::projection::Found)| {
        let stretches = found.stretches.iter().map(|one| {
            let side = match one.side {
                Standing::Better => "better",
                Standing::Worse => "worse",
                Standing::Even => "even",
                Standing::Open => "open",
            };
            json!({ "from": one.low.to_string(), "to": one.high.to_string(), "side": side })
        });
        json!({
            "id": search.name, "vary": search.vary, "party": search.party.as_str(), "better": search.better,
            "than": search.than, "measure": search.measure.as_str(), "stretches": stretches.collect::<Vec<_>>(),
        })
    };
    all.map(one).collect()
}

fn unpermitted(case: &Case) -> Vec<Value> {
    let one = |one: &super::case::Unpermitted| {
        json!({
            "draft": case.scenario.drafts.get(one.draft).map(|draft| draft.name.as_str()),
            "revenue": case.scenario.streams.get(one.stream).map(|stream| stream.name.as_str()),
            "from": one.from.to_string(), "until": one.until.to_string(), "verdict": one.verdict,
            "times": one.times,
        })
    };
    case.unpermitted.iter().map(one).collect()
}

fn unplaced(case: &Case) -> Vec<Value> {
    let one = |one: &super::case::Unplaced| {
        json!({
            "draft": case.scenario.drafts.get(one.draft).map(|draft| draft.name.as_str()),
            "revenue": case.scenario.streams.get(one.stream).map(|stream| stream.name.as_str()),
            "clause": one.of.clause.as_str(), "counted": one.of.counted,
        })
    };
    case.unplaced.iter().map(one).collect()
}

fn swings(case: &Case) -> Vec<Value> {
    let one = |one: &super::case::Swing| {
        json!({
            "question": one.question,
            "draft": case.scenario.drafts.get(one.draft).map(|draft| draft.name.as_str()),
            "party": one.party.as_str(), "yes": span(&one.yes), "no": span(&one.no),
        })
    };
    case.swings.iter().map(one).collect()
}
