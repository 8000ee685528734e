//! A forecast in which nothing is left to chance is the statement of the same time with the same lines entered.

use crate::scene::*;
use abide_ledger::closing::Closings;
use abide_ledger::period::Period;
use abide_ledger::projection::project;
use abide_ledger::statement::{Draft, Scope, Sight, Statement};
use abide_ledger::tally::Kind;
use abide_model::Date;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::Clause;
use abide_model::scenario::{Purchase, Quantity, Scenario, Stream, UnitPrice};
use abide_model::terms::{
    self, Basis, Cap, Commit, Comparable, Every, Limit, Parity, Place, Rates, Revenue, Rounding, Split,
    Stage, Step, Take, Terms, Tier, YearBegins,
};
use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn usd(minor: i128) -> Amount {
    Exact::ratio(minor, 100).unwrap().to_amount(Currency::USD).unwrap()
}

fn percent(n: i128) -> Exact {
    Exact::ratio(n, 100).unwrap()
}

/// Numbers that a case is made of, taken one after another.
struct Numbers(std::vec::IntoIter<u32>);

impl Numbers {
    fn below(&mut self, most: u32) -> i128 {
        i128::from(self.0.next().unwrap_or(0) % most.max(1))
    }

    fn every(&mut self) -> Every {
        Every::ALL[usize::try_from(self.below(4)).unwrap()]
    }

    fn some(&mut self, most: u32) -> Option<Amount> {
        (self.below(2) == 0).then(|| usd(self.below(most)))
    }
}

/// All kinds of clauses that move money, from `since` on.
fn clauses(n: &mut Numbers, since: Date) -> Terms {
    let mut one = share("s", "lab", "cloud", "1%", Cap::NONE);
    (one.since, one.every, one.floor) = (since, n.every(), n.some(30_000));
    if n.below(2) == 0 {
        let upto = Some(usd(1 + n.below(400_000)));
        let tiers =
            vec![Tier { upto, rate: percent(n.below(60)) }, Tier { upto: None, rate: percent(n.below(60)) }];
        let basis = Basis::ALL[usize::try_from(n.below(2)).unwrap()];
        one.rates = Rates { basis, tiers, reset: (n.below(2) == 0).then_some(Every::Year) };
    } else {
        one.rates = Rates::flat(percent(n.below(100)));
    }
    one.cap.total = n.some(200_000).map_or(Limit::None, Limit::Of);
    one.cap.period = n.some(40_000).map_or(Limit::None, Limit::Of);
    let mut minimum = guarantee("1 USD", u32::try_from(n.below(4)).unwrap());
    (minimum.since, minimum.every) = (since, one.every);
    minimum.minima[0].amount = usd(n.below(60_000));
    let stage = |(year, amount): (i32, i128)| Stage {
        since: since.saturating_add(year.years()),
        until: Some(since.saturating_add((year + 1).years())),
        amount: Some(usd(amount)),
        lapsed: false,
    };
    let commit = Commit {
        clause: "c".parse().unwrap(),
        buyer: party("lab"),
        seller: party("cloud"),
        stages: (0i32..4).map(|year| (year, n.below(300_000))).map(stage).collect(),
        capacity: None,
        shortfall: percent(n.below(101)),
        carry: percent(n.below(60)),
        rollover: percent(n.below(60)),
    };
    let comparable = Comparable {
        customers: Vec::new(),
        adjust: percent(80 + n.below(40)),
        at_most: (n.below(3) == 0).then(|| Exact::whole(n.below(300))),
    };
    let parity = Parity {
        clause: "p".parse().unwrap(),
        seller: party("lab"),
        buyer: party("acme"),
        every: n.every(),
        since,
        until: None,
        against: vec![comparable],
    };
    Terms {
        shares: vec![one],
        guarantees: vec![minimum],
        commits: vec![commit],
        splits: vec![split(n, since)],
        parities: vec![parity],
        ..Terms::default()
    }
}

fn split(n: &mut Numbers, since: Date) -> Split {
    let step = |to: &str, take, cap| Step { to: party(to), take, cap };
    Split {
        clause: "w".parse().unwrap(),
        holder: party("lab"),
        every: n.every(),
        since,
        until: None,
        steps: vec![
            step("market", Take::Gross(percent(n.below(30))), n.some(2_000)),
            step("maker", Take::Wholesale(usd(n.below(700))), None),
            step("broker", Take::Fixed(usd(n.below(3_000))), None),
            step("market", Take::Remaining(percent(n.below(50))), None),
            step("lab", Take::Remainder, None),
        ],
        rounding: Rounding::ALL[usize::try_from(n.below(3)).unwrap()],
    }
}

fn trade(n: &mut Numbers, scenario: &mut Scenario) {
    for (at, customer) in ["acme", "umbrella", "initech"].iter().enumerate() {
        let level = growing(Quantity::Fixed(usd(n.below(900_000)).exact()), Quantity::Fixed(Exact::zero()));
        let price = Quantity::Fixed(usd(100 + n.below(900)).exact());
        scenario.streams.push(Stream {
            customer: Some(customer.parse().unwrap()),
            price: Some(UnitPrice { amount: price, unit: "seats".to_owned() }),
            ..stream(&at.to_string(), "lab", level)
        });
    }
    for at in 0..2 {
        scenario.purchases.push(Purchase {
            name: at.to_string(),
            title: String::new(),
            buyer: party("lab"),
            seller: party("cloud"),
            product: None,
            channel: None,
            from: scenario.from,
            until: scenario.until,
            level: growing(Quantity::Fixed(usd(n.below(300_000)).exact()), Quantity::Fixed(Exact::zero())),
        });
    }
}

/// What each month of a yearly amount comes to, with the part of the last that lies before the end.
fn months(scenario: &Scenario, year: &Exact) -> Vec<(Date, Amount)> {
    let month = (year / &Exact::whole(12)).unwrap() * Exact::whole(1_000_000_000_000);
    let pico = month.round_half_even().unwrap();
    let upto = |months: i128| (pico * months + 5_000_000_000) / 10_000_000_000;
    let mut found = Vec::new();
    for number in 0.. {
        let first = scenario.from.saturating_add(i32::try_from(number).unwrap().months());
        if first >= scenario.until {
            break;
        }
        let whole = upto(number + 1) - upto(number);
        let days = i128::from(first.days_in_month());
        let left = i128::from(first.until(scenario.until).unwrap().get_days());
        found.push((first, usd(if left >= days { whole } else { whole * left / days })));
    }
    found
}

/// The same as rows that somebody entered.
fn entered(scenario: &Scenario, terms: &abide_ledger::projection::Terms) -> Terms {
    let fixed = |quantity: &Quantity| match quantity {
        Quantity::Fixed(exact) => exact.clone(),
        Quantity::Random { .. } => unreachable!("nothing is left to chance"),
    };
    let amount = |level: &abide_model::scenario::Level| match level {
        abide_model::scenario::Level::Growing(level) => fixed(&level.amount),
        abide_model::scenario::Level::Points(_) => unreachable!("no curves here"),
    };
    let place = || Place { file: "book.toml".to_owned(), line: 1 };
    let mut money = terms.money.clone();
    for (stream, pieces) in scenario.streams.iter().zip(&terms.sold) {
        for (on, amount) in months(scenario, &amount(&stream.level)) {
            let price = stream.price.as_ref().unwrap();
            let count = (&amount.exact() / &fixed(&price.amount)).unwrap();
            money.revenue.push(Revenue {
                by: stream.party.clone(),
                product: stream.product.clone(),
                channel: stream.channel.clone(),
                customer: stream.customer.clone(),
                amount,
                quantity: Some(terms::Quantity { count, unit: price.unit.clone() }),
                on,
                recorded: on,
                toward: pieces[0].toward.clone(),
                unplaced: Vec::new(),
                place: place(),
            });
        }
    }
    for (purchase, pieces) in scenario.purchases.iter().zip(&terms.bought) {
        for (on, amount) in months(scenario, &amount(&purchase.level)) {
            money.purchases.push(terms::Purchase {
                by: purchase.buyer.clone(),
                from: purchase.seller.clone(),
                amount,
                on,
                recorded: on,
                toward: pieces[0].toward.clone(),
                place: place(),
            });
        }
    }
    money
}

type Dues = BTreeMap<(Clause, String, String), i128>;

/// What falls due in each month by statements, what is still open at the end in the last.
fn stated(scenario: &Scenario, money: &Terms) -> Dues {
    let mut found = Dues::new();
    let mut add = |clause: &Clause, payee: &str, month: &str, due: i128| {
        *found.entry((clause.clone(), payee.to_owned(), month.to_owned())).or_default() += due;
    };
    let first = Period::of(Every::Month, YearBegins::JANUARY, scenario.from);
    for period in first.onwards().take_while(|period| period.first_day() < scenario.until) {
        let scope = Scope {
            party: party("lab"),
            own: party("lab"),
            sight: Sight::Own,
            names: BTreeMap::new(),
            period,
            zone: TimeZone::UTC,
            begins: YearBegins::JANUARY,
            at: scenario.until.to_zoned(TimeZone::UTC).unwrap().timestamp(),
            terms: money.clone(),
            closings: Closings::default(),
        };
        let Statement { falls_due, shares, accounts, .. } = Draft::of_all(scope).finish().unwrap();
        let month = period.to_string();
        for owed in &falls_due {
            add(&owed.of.clause, owed.of.payee.as_str(), &month, owed.due.low);
        }
        if period.last_day() < scenario.until.yesterday().unwrap() {
            continue;
        }
        for share in &shares {
            for open in share.entries.iter().filter_map(|entry| entry.open.as_ref()) {
                add(&share.terms.clause, share.terms.payee.as_str(), &month, open.due.low);
            }
        }
        for account in accounts.iter().filter(|one| matches!(one.kind, Kind::Split | Kind::Parity)) {
            let open = account.entries.iter().filter(|entry| !entry.closed);
            for owing in open.flat_map(|entry| &entry.owed).filter(|owing| owing.payer != owing.payee) {
                add(&account.clause, owing.payee.as_str(), &month, owing.due.low);
            }
        }
    }
    found.retain(|_, due| *due != 0);
    found
}

fn forecast(scenario: &Scenario, terms: abide_ledger::projection::Terms) -> Dues {
    let worked = project(scenario, &[vec![terms]], &calendar()).unwrap();
    let mut found = Dues::new();
    for clause in &worked.drafts[0].clauses {
        for (stage, due) in worked.periods.iter().zip(&clause.due.periods) {
            let key = (clause.clause.clone(), clause.payee.to_string(), stage.name.clone());
            *found.entry(key).or_default() += due.p50.low;
        }
    }
    found.retain(|_, due| *due != 0);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_forecast_without_chance_is_the_statement_of_its_lines(
        numbers in prop::collection::vec(any::<u32>(), 80), days in 20i64..1_100, past in any::<bool>(),
    ) {
        let mut n = Numbers(numbers.into_iter());
        let mut scenario = scenario(&["terms"], Vec::new());
        (scenario.every, scenario.until) = (Every::Month, scenario.from.saturating_add(days.days()));
        trade(&mut n, &mut scenario);
        let since = if past { date(2025, 1, 1) } else { scenario.from };
        let mut terms = under(&scenario, clauses(&mut n, since));
        if past {
            // What was entered before the horizon uses up caps, tiers, pools and stages in both.
            let mut before = scenario.clone();
            (before.from, before.until) = (since, since.saturating_add(40.days()));
            terms.money = entered(&before, &terms);
        }
        let stated = stated(&scenario, &entered(&scenario, &terms));
        prop_assert!(!stated.is_empty() || days < 400);
        prop_assert_eq!(forecast(&scenario, terms), stated);
    }
}
