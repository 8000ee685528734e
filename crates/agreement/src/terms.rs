//! Money terms, as known at a time, for whoever works amounts out.

use crate::bits::Bits;
use crate::book::{
    Book, CapTerms, Clause, Kind, Money, PurchaseEntry, RevenueEntry, Scope, ShareTerms, action_bit,
};
use crate::compile::StageTerms;
use crate::eval::{Kleene, View, and, not};
use crate::index::Cell;
use crate::table::{ChannelNo, ClauseNo, Number, PartyNo, ProductNo, QuestionNo, SegmentNo};
use abide_model::decision::{Action, Ask};
use abide_model::name::{self, Customer, Party};
use abide_model::terms::{
    Cap, Commit, Guarantee, Limit, Minimum, Parity, Place, Purchase, Revenue, Share, Split, Stage, Stake,
    Terms, Unplaced,
};
use abide_model::{Date, Time, scenario};
use std::collections::BTreeSet;
use std::ops::Range;

impl Book {
    /// All money terms and rows as known at `known`, in the order of the files.
    ///
    /// A clause ends where an amendment known by then takes it back, and a figure is [`Limit::Unknown`] before the day
    /// it is known. Where a condition interrupts a clause, the days here run from its first to its last; which
    /// revenue counts on which day is what [`Book::counts`] answers.
    #[must_use]
    pub fn terms(&self, known: Time) -> Terms {
        let mut terms = Terms {
            rates: self
                .entries
                .rates
                .iter()
                .filter(|dated| dated.recorded <= known)
                .map(|dated| dated.row.clone())
                .collect(),
            averages: self
                .entries
                .averages
                .iter()
                .filter(|dated| dated.recorded <= known)
                .map(|dated| dated.row.clone())
                .collect(),
            valuations: self
                .entries
                .valuations
                .iter()
                .filter(|dated| dated.recorded <= known)
                .map(|dated| dated.row.clone())
                .collect(),
            revenue: self.entries.revenue.iter().filter_map(|entry| self.revenue(entry, known)).collect(),
            purchases: self
                .entries
                .purchases
                .iter()
                .filter_map(|entry| self.purchase(entry, known))
                .collect(),
            costs: self
                .entries
                .costs
                .iter()
                .filter(|(dated, _)| dated.recorded <= known)
                .map(|(dated, _)| dated.row.clone())
                .collect(),
            ..Terms::default()
        };
        for (_, clause) in self.clauses.iter() {
            let Some(money) = clause.kind.money() else { continue };
            let view =
                View { book: self, cell: None, at: clause.term.since, known, open: &[], assumed: None };
            if let Some(days) = self.days(clause, &view) {
                self.add(&mut terms, clause, money, days, known);
            }
        }
        terms
    }

    /// The revenue shares as known at `known`, in the order of the files.
    #[must_use]
    pub fn shares(&self, known: Time) -> Vec<Share> {
        self.terms(known).shares
    }

    /// The clauses about money whose base holds revenue from this act, also where a question leaves that open: the
    /// shares of [`Book::duties`], the splits and most favoured prices of who sells, and the commitments of who buys.
    ///
    /// A customer is a party of the book when it has its name or stands below it, as `acme/west` below `acme`.
    #[must_use]
    pub fn counts(&self, ask: &Ask) -> Vec<name::Clause> {
        let mut found = self.duties(ask);
        if let Some(cell) = self.cell(ask) {
            let view = View {
                book: self,
                cell: Some(&cell),
                at: ask.at,
                known: ask.known,
                open: &[],
                assumed: None,
            };
            found.extend(self.bases(&view, &cell, ask.customer.as_ref()));
        }
        found
    }

    /// Splits, most favoured prices and commitments whose base holds revenue of the cell's actor.
    fn bases(&self, view: &View<'_>, cell: &Cell, customer: Option<&Customer>) -> Vec<name::Clause> {
        let counts = |number: ClauseNo, clause: &Clause| {
            let Some(money) = clause.kind.money() else { return false };
            let concerned = match money {
                Money::Share(_) | Money::Guarantee { .. } | Money::Stake { .. } => false,
                Money::Split { .. } | Money::Parity { .. } => clause.from == cell.actor,
                Money::Commit { .. } => {
                    let buyer = &self.words.parties[clause.from];
                    clause.to == cell.actor && customer.is_some_and(|customer| is_party(customer, buyer))
                }
            };
            concerned && view.stands(number, &[]) != Some(false)
        };
        let based = self.money.iter().map(|number| (*number, &self.clauses[*number]));
        based
            .filter(|(number, clause)| counts(*number, clause))
            .map(|(_, clause)| clause.name.clone())
            .collect()
    }

    /// Where revenue and purchases were entered that become known only after `known`, and so count in nothing before.
    #[must_use]
    pub fn entered_after(&self, known: Time) -> Vec<Place> {
        let revenue = self.entries.revenue.iter().map(|row| (row.recorded, &row.place));
        let purchases = self.entries.purchases.iter().map(|row| (row.recorded, &row.place));
        let later = revenue.chain(purchases).filter(|(recorded, _)| self.start_of_day(*recorded) > known);
        later.map(|(_, place)| place.clone()).collect()
    }

    /// The clauses about money of which it hangs on a segment or country that the ask does not name whether their base
    /// holds revenue from this act, each with whether it does for a customer that has neither. `in_units` says whether
    /// the revenue is for a number of units: only what a known customer paid for a unit is compared with other prices.
    #[must_use]
    pub fn unplaced(&self, ask: &Ask, in_units: bool) -> Vec<Unplaced> {
        let named = (ask.segment.is_some(), ask.territory.is_some());
        let Some(cell) = self.cell(ask).filter(|_| !self.placing.is_empty() && named != (true, true)) else {
            return Vec::new();
        };
        let view =
            View { book: self, cell: Some(&cell), at: ask.at, known: ask.known, open: &[], assumed: None };
        let holds = |axis: &Option<Bits>, at: usize| axis.as_ref().is_none_or(|bits| bits.holds(at));
        let offered = |clause: &Clause| {
            let scope = &clause.scope;
            holds(&scope.products, cell.product.at()) && holds(&scope.channels, cell.channel.at())
        };
        let compared = in_units && ask.customer.is_some();
        let reckoned =
            |clause: &Clause| compared || !matches!(clause.kind.money(), Some(Money::Parity { .. }));
        let clauses = self.placing.iter().map(|number| &self.clauses[*number]);
        let clauses: Vec<&Clause> =
            clauses.filter(|clause| reckoned(clause) && view.live(clause) && offered(clause)).collect();
        if clauses.is_empty() {
            return Vec::new();
        }
        let known = self.counts(ask);
        let hangs = |clause: &&Clause| {
            let counted = known.contains(&clause.name);
            self.placed(clause, ask).any(|ask| self.counts(&ask).contains(&clause.name) != counted)
        };
        let unplaced =
            |clause: &Clause| Unplaced { clause: clause.name.clone(), counted: known.contains(&clause.name) };
        clauses.into_iter().filter(hangs).map(unplaced).collect()
    }

    /// The ask in each segment and country that the clause names, where the ask names none.
    fn placed(&self, clause: &Clause, ask: &Ask) -> impl Iterator<Item = Ask> {
        let words = &self.words;
        let scopes = || std::iter::once(&clause.scope).chain(&clause.except);
        let mut segments = vec![ask.segment.clone()];
        if ask.segment.is_none() {
            let named = |at: SegmentNo| {
                scopes().any(|scope| scope.segments.as_ref().is_some_and(|bits| bits.holds(at.at())))
            };
            segments.extend(
                words.segments.iter().filter(|(at, _)| named(*at)).map(|(_, name)| Some(name.clone())),
            );
        }
        let mut territories = vec![ask.territory.clone()];
        if ask.territory.is_none() {
            let named = scopes().flat_map(|scope| scope.territories.iter().flatten());
            territories.extend(named.map(|at| Some(words.territories[*at].clone())));
        }
        let ask = ask.clone();
        segments.into_iter().flat_map(move |segment| {
            let ask = ask.clone();
            territories.clone().into_iter().map(move |territory| Ask {
                segment: segment.clone(),
                territory,
                ..ask.clone()
            })
        })
    }

    /// What a row of revenue would ask.
    pub(crate) fn ask_of(&self, entry: &RevenueEntry, known: Time) -> Ask {
        let (words, cell) = (&self.words, &entry.cell);
        Ask {
            actor: words.parties[cell.actor].clone(),
            action: cell.action,
            product: words.products[cell.product].clone(),
            channel: words.channels[cell.channel].clone(),
            customer: entry.customer.clone(),
            segment: cell.segment.map(|segment| words.segments[segment].clone()),
            territory: cell.territory.map(|territory| words.territories[territory].clone()),
            at: self.start_of_day(entry.on),
            known,
        }
    }

    fn revenue(&self, entry: &RevenueEntry, known: Time) -> Option<Revenue> {
        if self.start_of_day(entry.recorded) > known {
            return None;
        }
        let ask = self.ask_of(entry, known);
        Some(Revenue {
            toward: self.counts(&ask),
            unplaced: self.unplaced(&ask, entry.quantity.is_some()),
            by: ask.actor,
            product: ask.product,
            channel: ask.channel,
            customer: ask.customer,
            amount: entry.amount,
            quantity: entry.quantity.clone(),
            on: entry.on,
            recorded: entry.recorded,
            place: entry.place.clone(),
        })
    }

    fn purchase(&self, entry: &PurchaseEntry, known: Time) -> Option<Purchase> {
        if self.start_of_day(entry.recorded) > known {
            return None;
        }
        let bought = entry.bought(entry.by, entry.from);
        Some(Purchase {
            by: self.words.parties[entry.by].clone(),
            from: self.words.parties[entry.from].clone(),
            amount: entry.amount,
            on: entry.on,
            recorded: entry.recorded,
            toward: self.drawn(bought, self.start_of_day(entry.on), known),
            place: entry.place.clone(),
        })
    }

    /// The commitments of the book's own party that a metered call draws down, by what the operator of its channel
    /// charges for it. None where the book has no cost of the channel.
    #[must_use]
    pub fn spends(&self, ask: &Ask) -> Vec<name::Clause> {
        let words = &self.words;
        let charged = self
            .entries
            .costs
            .iter()
            .any(|(dated, _)| dated.row.channel == ask.channel && dated.recorded <= ask.known);
        let channel = words.channels.find(ask.channel.as_str()).filter(|_| charged);
        let product = words.products.find(ask.product.as_str());
        let Some(channel) = channel else { return Vec::new() };
        let from = words.operators[channel];
        self.drawn(Bought { by: self.owner, from, channel: Some(channel), product }, ask.at, ask.known)
    }

    /// The commitments that a purchase counts toward on each of `days`, as known at `known`: from the first day on, and
    /// from each on which they change.
    #[must_use]
    pub fn drawn_down(
        &self,
        purchase: &scenario::Purchase,
        days: Range<Date>,
        known: Time,
    ) -> Vec<(Date, Vec<name::Clause>)> {
        let words = &self.words;
        let party = |party: &Party| words.parties.find(party.as_str());
        let (Some(by), Some(from)) = (party(&purchase.buyer), party(&purchase.seller)) else {
            return vec![(days.start, Vec::new())];
        };
        let channel = purchase.channel.as_ref().and_then(|channel| words.channels.find(channel.as_str()));
        let product = purchase.product.as_ref().and_then(|product| words.products.find(product.as_str()));
        let bought = Bought { by, from, channel, product };
        let turns = std::iter::once(days.start).chain(self.money_turns(days, known));
        let on = |day: Date| (day, self.drawn(bought, self.start_of_day(day), known));
        let mut found: Vec<(Date, Vec<name::Clause>)> = turns.map(on).collect();
        found.dedup_by(|next, before| next.1 == before.1);
        found
    }

    /// The days after the first of `days` on which a clause about money may begin or cease to count, as known at `known`.
    #[must_use]
    pub fn money_turns(&self, days: Range<Date>, known: Time) -> BTreeSet<Date> {
        // What goes before such a clause changes it too.
        let mut seen: BTreeSet<ClauseNo> = self.money.iter().copied().collect();
        let mut left: Vec<ClauseNo> = self.money.clone();
        let mut found = BTreeSet::new();
        while let Some(number) = left.pop() {
            let clause = &self.clauses[number];
            left.extend(clause.beaten_by.iter().filter(|beater| seen.insert(**beater)));
            let turns = clause.changes.iter().map(|(at, _)| *at).chain(clause.term.end(known));
            found.extend(turns.map(|at| self.day_of(at)).filter(|day| days.start < *day && *day < days.end));
        }
        found
    }

    /// The commitments that something bought at an instant counts toward.
    pub(crate) fn drawn(&self, bought: Bought, at: Time, known: Time) -> Vec<name::Clause> {
        let toward =
            self.money.iter().map(|number| (*number, &self.clauses[*number])).filter(|(number, clause)| {
                let parties = (clause.from, clause.to) == (bought.by, bought.from);
                parties && is_commit(clause) && self.draws(bought, *number, at, known)
            });
        toward.map(|(_, clause)| clause.name.clone()).collect()
    }

    /// Whether a purchase may count toward a commitment between its parties. One that names its product and its channel
    /// is a sale by the other side.
    fn draws(&self, bought: Bought, number: ClauseNo, at: Time, known: Time) -> bool {
        let view = View { book: self, cell: None, at, known, open: &[], assumed: None };
        let Some((product, channel)) = bought.product.zip(bought.channel) else {
            return self.meets(bought, number, &view, false);
        };
        let (actor, action) = (bought.from, Action::Sell);
        let cell = Cell { actor, action, product, channel, segment: None, territory: None };
        View { cell: Some(&cell), ..view }.stands(number, &[bought.from]) != Some(false)
    }

    /// Whether a clause counts for a purchase that leaves its product or channel open: what the clause says of an axis
    /// has to be met by what the purchase names. With `surely` whatever the open points come to, else on some answers.
    fn meets(&self, bought: Bought, number: ClauseNo, view: &View<'_>, surely: bool) -> bool {
        let clause = &self.clauses[number];
        let counts = self.holds(view, clause);
        let beats = |beater: &ClauseNo| {
            let other = &self.clauses[*beater];
            // A grant lifts for whoever acts by its right alone.
            let lifts = !matches!(other.kind, Kind::Grant { .. }) || other.to == bought.from;
            lifts && self.meets(bought, *beater, view, !surely)
        };
        view.live(clause)
            && self.named_by(bought, &clause.scope, view, surely)
            && !clause.except.iter().any(|scope| self.named_by(bought, scope, view, !surely))
            && (if surely { counts == Some(true) } else { counts != Some(false) })
            && !clause.beaten_by.iter().any(beats)
    }

    /// Whether a purchase names what a scope asks for on each axis.
    fn named_by(&self, bought: Bought, scope: &Scope, view: &View<'_>, surely: bool) -> bool {
        let product = |bits: &Bits| bought.product.is_some_and(|product| bits.holds(product.at()));
        let channel = |bits: &Bits| bought.channel.is_some_and(|channel| bits.holds(channel.at()));
        let held = |hangs_on: &Option<QuestionNo>| {
            let settled = hangs_on.map_or(Some(true), |question| view.settled(question));
            settled.unwrap_or(!surely)
        };
        let of_class = || {
            let classes = bought.product.map_or(&[][..], |product| &self.words.offers[product].classes);
            classes.iter().any(|(class, hangs_on)| scope.classes.contains(class) && held(hangs_on))
        };
        scope.actions & action_bit(Action::Sell) != 0
            && scope.products.as_ref().is_none_or(product)
            && scope.channels.as_ref().is_none_or(channel)
            && (scope.classes.is_empty() || of_class())
            && scope.segments.is_none()
            && scope.territories.is_none()
    }

    /// Whether the conditions of a clause hold, whatever the ask.
    fn holds(&self, view: &View<'_>, clause: &Clause) -> Kleene {
        let holds = view.condition(clause.holds_if.as_ref(), true);
        and(holds, || not(view.condition(clause.unless.as_ref(), false)))
    }

    fn add(&self, terms: &mut Terms, clause: &Clause, money: &Money, days: Days, known: Time) {
        let name = clause.name.clone();
        let (from, to) = (self.words.parties[clause.from].clone(), self.words.parties[clause.to].clone());
        let Days { since, until } = days;
        let end = clause.term.until.map(|end| self.day_of(end));
        match money {
            Money::Share(share) => terms.shares.push(self::share(name, (from, to), share, days, known)),
            Money::Guarantee { over, every, minima, window } => terms.guarantees.push(Guarantee {
                clause: name,
                payer: from,
                payee: to,
                over: over.clone(),
                every: *every,
                since,
                until,
                minima: minima.iter().filter_map(|stage| minimum(stage, days)).collect(),
                window: *window,
            }),
            Money::Commit { stages, capacity, shortfall, carry, rollover } => terms.commits.push(Commit {
                clause: name,
                buyer: from,
                seller: to,
                stages: stages.iter().filter_map(|stage| self::stage(stage, days, end)).collect(),
                capacity: capacity.clone(),
                shortfall: shortfall.clone(),
                carry: carry.clone(),
                rollover: rollover.clone(),
            }),
            Money::Split { every, rounding, steps } => terms.splits.push(Split {
                clause: name,
                holder: from,
                every: *every,
                since,
                until,
                steps: steps.clone(),
                rounding: *rounding,
            }),
            Money::Parity { every, against } => terms.parities.push(Parity {
                clause: name,
                seller: from,
                buyer: to,
                every: *every,
                since,
                until,
                against: against.clone(),
            }),
            Money::Stake { percent, invested } => terms.stakes.push(Stake {
                clause: name,
                company: from,
                holder: to,
                percent: percent.clone(),
                invested: *invested,
                since,
                until,
            }),
        }
    }

    /// From the first day on which the clause may count to the last, as known in `view`, whatever its time.
    fn days(&self, clause: &Clause, view: &View<'_>) -> Option<Days> {
        if clause.known > view.known {
            return None;
        }
        let end = clause.term.end(view.known);
        let inside = |at: &Time| *at >= clause.term.since && end.is_none_or(|end| *at < end);
        let mut turns: Vec<Time> = clause.changes.iter().map(|(at, _)| *at).filter(inside).collect();
        turns.dedup();
        let counts = |at: &Time| self.holds(&View { at: *at, ..*view }, clause) != Some(false);
        let first = turns.iter().find(|at| counts(at))?;
        let last = turns.iter().rposition(counts)?;
        let until = turns.get(last + 1).copied().or(end);
        Some(Days { since: self.day_of(*first), until: until.map(|end| self.day_of(end)) })
    }

    /// The stages of a commitment, cut to the days on which it may count as known in `view`, whatever its time.
    pub(crate) fn stages(&self, clause: &Clause, view: &View<'_>) -> Vec<Stage> {
        let Some(Money::Commit { stages, .. }) = clause.kind.money() else { return Vec::new() };
        let end = clause.term.until.map(|end| self.day_of(end));
        let days = self.days(clause, view);
        days.map_or(Vec::new(), |days| {
            stages.iter().filter_map(|stage| self::stage(stage, days, end)).collect()
        })
    }

    fn day_of(&self, at: Time) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

/// What somebody buys from whom.
#[derive(Clone, Copy)]
pub(crate) struct Bought {
    by: PartyNo,
    from: PartyNo,
    channel: Option<ChannelNo>,
    product: Option<ProductNo>,
}

impl PurchaseEntry {
    /// What was bought, as if by one party from another.
    pub(crate) fn bought(&self, by: PartyNo, from: PartyNo) -> Bought {
        Bought { by, from, channel: self.channel, product: self.product }
    }
}

/// From when to when a clause counts.
#[derive(Clone, Copy)]
struct Days {
    since: Date,
    until: Option<Date>,
}

impl Days {
    /// What of a stage lies within; `None` when nothing does.
    fn cut(self, stage: &StageTerms) -> Option<Days> {
        let since = stage.since.map_or(self.since, |since| since.max(self.since));
        let until = match (stage.until, self.until) {
            (Some(stage), Some(own)) => Some(stage.min(own)),
            (one, other) => one.or(other),
        };
        until.is_none_or(|until| since < until).then_some(Days { since, until })
    }
}

/// Whether a customer is a party, or stands below it.
pub(crate) fn is_party(customer: &Customer, party: &Party) -> bool {
    is_below(customer.as_str(), party.as_str())
}

/// Whether a path is another, or stands below it.
pub(crate) fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_commit(clause: &Clause) -> bool {
    matches!(clause.kind.money(), Some(Money::Commit { .. }))
}

fn share(
    clause: name::Clause,
    (payer, payee): (Party, Party),
    terms: &ShareTerms,
    days: Days,
    known: Time,
) -> Share {
    Share {
        clause,
        payer,
        payee,
        rates: terms.rates.clone(),
        every: terms.every,
        since: days.since,
        until: days.until,
        floor: terms.floor,
        cap: terms.cap.as_ref().map_or(Cap::NONE, |cap| self::cap(cap, known)),
        currency: terms.currency,
        conversion: terms.conversion,
    }
}

fn cap(terms: &CapTerms, known: Time) -> Cap {
    let seen = |limit: &Limit| match limit {
        Limit::None => Limit::None,
        Limit::Unknown => Limit::Unknown,
        Limit::Of(_) if terms.known > known => Limit::Unknown,
        Limit::Of(amount) => Limit::Of(*amount),
    };
    Cap { period: seen(&terms.period), total: seen(&terms.total), from: terms.from, used: seen(&terms.used) }
}

fn minimum(stage: &StageTerms, days: Days) -> Option<Minimum> {
    let held = days.cut(stage)?;
    Some(Minimum { since: held.since, until: held.until, amount: stage.amount? })
}

/// What of a stage lies within the clause's days. One that an amendment or a condition ends early lapses: nothing here
/// knows what the parties settled instead.
fn stage(stage: &StageTerms, days: Days, end: Option<Date>) -> Option<Stage> {
    let held = days.cut(stage)?;
    let lapsed = match (stage.until.or(end), held.until) {
        (Some(meant), Some(until)) => until < meant,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    Some(Stage { since: held.since, until: held.until, amount: stage.amount, lapsed })
}
