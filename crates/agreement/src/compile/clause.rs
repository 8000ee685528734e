//! Compiles the clauses of every instrument.

use super::Check;
use super::condition::{self, SPAN_HELP};
use super::money;
use super::registry::{Registry, cited};
use super::{precedence, refusal, scope};
use crate::bits::Bits;
use crate::book::{Clause, Condition, Kind, Scope, Term, action_bit};
use crate::calendar;
use crate::diagnostic::{At, Spot, Word};
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::condition::Expr;
use crate::syntax::money::{MoneyRow, SplitRow};
use crate::syntax::{File, Instrument};
use crate::table::{ChannelNo, ClauseNo, Number, PartyNo, QuestionNo, Table};
use abide_model::decision::{Action, Citation};
use abide_model::name;
use abide_model::{Date, Time};
use jiff::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most clauses a book may have.
pub const CLAUSES_MAX: usize = 200_000;

/// A clause together with what precedence needs to know of it.
pub(super) struct Draft<'a> {
    pub(super) clause: Clause,
    citation: Citation,
    pub(super) row: &'a ClauseRow,
    pub(super) home: &'a Instrument,
}

/// What answers say of each clause.
pub(super) type Citations = Table<ClauseNo, Arc<Citation>>;

/// Compiles all clauses, in the order of files and places, and what answers say of each.
///
/// `None` when a clause is too broken to be compared with others; the reasons are in the sink.
pub(super) fn build(
    files: &[(usize, File)],
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<(Table<ClauseNo, Clause>, Citations)> {
    let mut drafts = Vec::new();
    let mut whole = true;
    for home in files.iter().filter_map(|(_, file)| file.instrument.as_ref()) {
        signatures(home, registry, check);
        let file = Arc::from(check.sources.path(home.name.spot));
        let mut rows: Vec<_> = home.clauses.iter().collect();
        rows.sort_by_key(|row| row.spot);
        for row in rows {
            match draft(row, home, &file, registry, check) {
                Some(draft) => drafts.push(draft),
                None => whole = false,
            }
        }
    }
    if drafts.len() > CLAUSES_MAX {
        let spot = Spot { file: 0, start: 0, end: 0 };
        check.sink.error("limit", spot, format!("this book has more than {CLAUSES_MAX} clauses"));
        return None;
    }
    let homes: Vec<_> = files.iter().filter_map(|(_, file)| file.instrument.as_ref()).collect();
    amendments(&homes, check);
    precedence::settle(&mut drafts, &homes, &registry.words, check);
    money::guarantees(&drafts, check);
    let (mut clauses, citations): (Vec<_>, Vec<_>) =
        drafts.into_iter().map(|draft| (draft.clause, Arc::new(draft.citation))).unzip();
    clauses.iter_mut().for_each(|clause| gather_changes(clause, registry));
    refusal::unheard(&clauses, registry, check);
    whole.then(|| (Table::new(clauses), Table::new(citations)))
}

/// Checks who signed.
fn signatures(home: &Instrument, registry: &Registry, check: &mut Check<'_>) {
    for word in &home.parties {
        check.find(&registry.words.parties, word, "party");
    }
    check.parse::<name::Clause>(&home.name);
}

/// Each amendment number of an instrument is used once, and numbers rise with the days of signing.
fn amendments(homes: &[&Instrument], check: &mut Check<'_>) {
    let mut ordered: Vec<_> = homes.iter().collect();
    ordered.sort_by_key(|home| (&home.name.value, home.amendment));
    for (before, after) in ordered.iter().zip(ordered.iter().skip(1)) {
        let (Some(first), Some(then)) = (&before.signed, &after.signed) else { continue };
        if before.name.value == after.name.value && then.value < first.value {
            let message =
                format!("amendment {} is signed before amendment {}", after.amendment, before.amendment);
            check
                .sink
                .warning("amendment-order", then.spot, message)
                .also(first.spot, "signed here")
                .help("the number decides which is later, not the day");
        }
    }
    let mut seen: BTreeMap<(&str, u32), Spot> = BTreeMap::new();
    for home in homes.iter().filter(|home| home.numbered) {
        if let Some(first) = seen.insert((&home.name.value, home.amendment), home.name.spot) {
            let message = format!("instrument `{}` has amendment {} twice", home.name.value, home.amendment);
            check.sink.error("duplicate-id", home.name.spot, message).also(first, "first here").help(
                "number the amendments in the order of signing; a file without `amendment` is number 0",
            );
        }
    }
}

fn draft<'a>(
    row: &'a ClauseRow,
    home: &'a Instrument,
    file: &Arc<str>,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<Draft<'a>> {
    let name = check.declare::<name::Clause>(&row.id, "clause");
    let from = signer(row.from.as_ref(), home, registry, check);
    let to = match split_of(row) {
        Some(split) => money::first_payee(split, registry, from),
        None => signer(row.to.as_ref(), home, registry, check),
    };
    let mut covered = scope::build(&row.scope, &mut registry.words, check);
    let except = row.except.iter().map(|row| scope::build(row, &mut registry.words, check)).collect();
    let days = days(row, home, check);
    let holds_if = compiled(row.holds_if.as_ref(), registry, check);
    let unless = compiled(row.unless.as_ref(), registry, check);
    let kind = kind(row, (from, to), &mut covered, registry, check);
    let cite = row.cite.as_ref();
    let source = cite.and_then(|cite| cite.source.as_ref()).and_then(|word| cited(word, registry, check));
    let (from, to, days) = (from?, to?, days?);
    if from == to && split_of(row).is_none() {
        let spot = row.to.as_ref().map_or(row.spot, |word| word.spot);
        check
            .sink
            .error("self-promise", spot, format!("clause `{}` is from and to the same party", row.id.value))
            .help("name in `to` the party to which it is given, promised or owed");
    }
    let name = name?;
    let citation = Citation {
        clause: name.clone(),
        file: Arc::clone(file),
        line: check.sources.line(row.spot),
        quote: cite.and_then(|cite| cite.quote.as_ref()).map(|quote| Arc::from(quote.value.as_str())),
        source,
    };
    let clause = Clause {
        name,
        kind: kind?,
        from,
        to,
        scope: covered,
        except,
        known: check.start(days.known),
        term: Term {
            since: check.start(days.since),
            until: days.until.map(|day| check.start(day)),
            superseded: Vec::new(),
        },
        holds_if: holds_if?,
        unless: unless?,
        beaten_by: Vec::new(),
        changes: Vec::new(),
        questions: Vec::new(),
        instrument: home.name.value.clone(),
    };
    Some(Draft { clause, citation, row, home })
}

/// The waterfall that a clause is, if it is one.
fn split_of(row: &ClauseRow) -> Option<&SplitRow> {
    match &row.kind {
        KindRow::Money(money) => match money.as_ref() {
            MoneyRow::Split(split) => Some(split),
            MoneyRow::Share(_)
            | MoneyRow::Guarantee(_)
            | MoneyRow::Commit(_)
            | MoneyRow::Parity(_)
            | MoneyRow::Stake(_) => None,
        },
        KindRow::Grant { .. }
        | KindRow::Exclusive { .. }
        | KindRow::First { .. }
        | KindRow::Refusal { .. } => None,
    }
}

/// A condition that is absent is fine; one that is wrong is not.
fn compiled(
    expr: Option<&At<Expr>>,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<Option<Condition>> {
    match expr {
        None => Some(None),
        Some(expr) => condition::build(&expr.value, registry, check).map(Some),
    }
}

/// A party of the instrument.
fn signer(
    word: Option<&Word>,
    home: &Instrument,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Option<PartyNo> {
    let word = word?;
    let party = check.find(&registry.words.parties, word, "party")?;
    if !home.parties.is_empty() && !home.parties.iter().any(|signer| signer.value == word.value) {
        let message = format!("`{}` is not a party to instrument `{}`", word.value, home.name.value);
        let names: Vec<_> = home.parties.iter().map(|party| format!("`{}`", party.value)).collect();
        check
            .sink
            .error("not-a-party", word.spot, message)
            .help(format!("its parties are {}; nobody else promises or receives in it", names.join(" and ")));
    }
    Some(party)
}

struct Days {
    since: Date,
    until: Option<Date>,
    known: Date,
}

fn days(row: &ClauseRow, home: &Instrument, check: &mut Check<'_>) -> Option<Days> {
    let signed = home.signed.as_ref()?.value;
    let effective = home.effective.as_ref().map_or(signed, |day| day.value);
    let since = row.since.as_ref().map_or(effective, |day| day.value);
    let until = row.until.as_ref().map(|day| day.value);
    if let Some(end) = row.until.as_ref().filter(|end| end.value <= since) {
        let message = format!("clause `{}` ends before it starts", row.id.value);
        check
            .sink
            .error("empty-term", end.spot, message)
            .help(format!("it starts on {since}; `until` is the first day it no longer holds"));
    }
    let known = row.known.map(|day| day.value).or(home.known())?;
    Some(Days { since, until, known })
}

/// The kind of clause, and what its kind does to its scope.
fn kind(
    row: &ClauseRow,
    (from, to): (Option<PartyNo>, Option<PartyNo>),
    scope: &mut Scope,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Option<Kind> {
    match &row.kind {
        KindRow::Grant { depth } => Some(Kind::Grant { depth: depth.as_ref().map(|depth| depth.value) }),
        KindRow::Exclusive { sole } => Some(Kind::Exclusive { sole: *sole }),
        KindRow::First { channel, lead } => {
            let channel = check.find(&registry.words.channels, channel.as_ref()?, "channel")?;
            let lead = lead.as_ref().map_or(Some(Span::new()), |word| span(word, check))?;
            narrow_to_launches(scope, channel, registry.words.channels.len());
            Some(Kind::First { channel, launches: condition::launches(channel, lead, registry, check) })
        }
        KindRow::Refusal { within } => {
            let within = window(within.as_ref()?, check)?;
            Some(Kind::Refusal { notices: refusal::notices(from?, to?, within, registry, check) })
        }
        KindRow::Money(money) => {
            scope.actions = action_bit(Action::Serve) | action_bit(Action::Sell);
            money::build(money, row, registry, check).map(|money| Kind::Money(Box::new(money)))
        }
    }
}

/// A first launch binds launches through every other channel.
fn narrow_to_launches(scope: &mut Scope, first: ChannelNo, channels: usize) {
    scope.actions = action_bit(Action::Launch);
    let mut others = Bits::none(channels);
    for channel in (0..channels).filter(|channel| *channel != first.at()) {
        if scope.channels.as_ref().is_none_or(|bits| bits.holds(channel)) {
            others.insert(channel);
        }
    }
    scope.channels = Some(others);
}

pub(super) fn span(word: &Word, check: &mut Check<'_>) -> Option<Span> {
    let span = calendar::span(&word.value);
    if span.is_none() {
        let message = format!("`{}` is not a length of time", word.value);
        check.sink.error("bad-span", word.spot, message).help(SPAN_HELP);
    }
    span
}

/// How long the holder of a right of first refusal may think.
fn window(word: &Word, check: &mut Check<'_>) -> Option<Span> {
    let span = span(word, check)?;
    if span.is_zero() {
        check
            .sink
            .error("bad-span", word.spot, "a window of no time leaves none to accept in")
            .help("write how long an offer stays open, such as \"30d\"");
    }
    Some(span)
}

/// Fills in what the clause may hang on, once its end is settled.
fn gather_changes(clause: &mut Clause, registry: &Registry) {
    let mut changes = vec![(clause.term.since, Time::MIN)];
    changes.extend(clause.term.until.map(|end| (end, Time::MIN)));
    changes.extend(clause.term.superseded.iter().map(|(known, at)| (*at, *known)));
    let mut questions: Vec<QuestionNo> = Vec::new();
    for condition in clause.holds_if.iter().chain(&clause.unless) {
        condition.changes(registry, &mut changes);
        condition.gather_questions(&mut questions);
    }
    match &clause.kind {
        Kind::First { launches, .. } => {
            changes.extend(launches.iter().map(|launch| (launch.at, launch.recorded)));
        }
        Kind::Refusal { notices } => changes.extend(refusal::changes(notices)),
        Kind::Grant { .. } | Kind::Exclusive { .. } | Kind::Money(_) => {}
    }
    changes.sort_unstable();
    changes.dedup();
    questions.sort_unstable();
    questions.dedup();
    clause.changes = changes;
    clause.questions = questions;
}
