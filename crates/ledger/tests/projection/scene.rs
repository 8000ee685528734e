//! Scenarios in few words, and forecasts as rows of text.

use abide_ledger::Span;
use abide_ledger::projection::{Calendar, Figure, Piece, Projection, Terms, project};
use abide_model::Date;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Draft, Growing, Level, Quantity, Scenario, Stream};
use abide_model::terms::{Cap, Every, Guarantee, Limit, Minimum, Rates, Share, YearBegins};
use expect_test::Expect;
use jiff::civil::date;
use jiff::tz::TimeZone;

pub(crate) fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap()
}

pub(crate) fn party(name: &str) -> Party {
    Party::parse(name).unwrap()
}

pub(crate) fn stream(name: &str, seller: &str, level: Level) -> Stream {
    Stream {
        name: name.to_owned(),
        title: String::new(),
        party: party(seller),
        product: "lab/api".parse().unwrap(),
        channel: "blue".parse().unwrap(),
        customer: None,
        buyer: None,
        segment: None,
        territory: None,
        from: date(2026, 1, 1),
        until: date(2031, 1, 1),
        level,
        price: None,
    }
}

pub(crate) fn growing(amount: Quantity, growth: Quantity) -> Level {
    Level::Growing(Box::new(Growing { amount, per: Every::Year, growth, step: Every::Year }))
}

pub(crate) fn fixed(amount: &str, growth: &str) -> Level {
    growing(Quantity::Fixed(exact(amount)), Quantity::Fixed(exact(growth)))
}

pub(crate) fn scenario(drafts: &[&str], streams: Vec<Stream>) -> Scenario {
    let draft = |name: &&str| Draft {
        name: (*name).to_owned(),
        title: (*name).to_owned(),
        against: false,
        known: None,
        without: Vec::new(),
        keep: Vec::new(),
    };
    Scenario {
        name: "s".to_owned(),
        title: String::new(),
        note: String::new(),
        from: date(2026, 1, 1),
        until: date(2031, 1, 1),
        every: Every::Year,
        known: None,
        currency: Currency::USD,
        discount: Exact::zero(),
        seed: 7131,
        draws: 100,
        drafts: drafts.iter().map(draft).collect(),
        streams,
        purchases: Vec::new(),
        valuations: Vec::new(),
        chances: Vec::new(),
        supposed: Vec::new(),
        holdings: Vec::new(),
        assumptions: Vec::new(),
        searches: Vec::new(),
    }
}

pub(crate) fn share(clause: &str, payer: &str, payee: &str, rate: &str, cap: Cap) -> Share {
    Share {
        clause: Clause::parse(clause).unwrap(),
        payer: party(payer),
        payee: party(payee),
        rates: Rates::flat(exact(rate)),
        every: Every::Year,
        since: date(2026, 1, 1),
        until: None,
        floor: None,
        cap,
        currency: None,
        conversion: abide_model::terms::Conversion::Day,
    }
}

/// Every stream counts toward every share of which its seller is not the payee.
pub(crate) fn terms(scenario: &Scenario, shares: Vec<Share>) -> Terms {
    let piece = |stream: &Stream| {
        let toward = shares.iter().filter(|share| share.payer == stream.party);
        let toward = toward.map(|share| share.clause.clone()).collect();
        vec![Piece { from: scenario.from, until: scenario.until, toward }]
    };
    let sold = scenario.streams.iter().map(piece).collect();
    let money = abide_model::terms::Terms { shares, ..Default::default() };
    Terms { money, sold, bought: Vec::new() }
}

/// The same under all kinds of terms: every stream counts toward every clause but commitments, and every purchase toward
/// those.
pub(crate) fn under(scenario: &Scenario, money: abide_model::terms::Terms) -> Terms {
    let shares = money.shares.iter().map(|one| &one.clause);
    let splits = money.splits.iter().map(|one| &one.clause);
    let parities = money.parities.iter().map(|one| &one.clause);
    let sold: Vec<Clause> = shares.chain(splits).chain(parities).cloned().collect();
    let bought: Vec<Clause> = money.commits.iter().map(|one| one.clause.clone()).collect();
    let piece = |toward: &Vec<Clause>| {
        vec![Piece { from: scenario.from, until: scenario.until, toward: toward.clone() }]
    };
    Terms {
        sold: scenario.streams.iter().map(|_| piece(&sold)).collect(),
        bought: scenario.purchases.iter().map(|_| piece(&bought)).collect(),
        money,
    }
}

/// A stream for each year from 2026 on.
pub(crate) fn yearly(amounts: &[&str]) -> Vec<Stream> {
    let streams = amounts.iter().zip(2026i16..).map(|(amount, year)| {
        let one = stream(&format!("y{year}"), "lab", fixed(amount, "0"));
        Stream { from: date(year, 1, 1), until: date(year + 1, 1, 1), ..one }
    });
    streams.collect()
}

pub(crate) fn check_under(scenario: &Scenario, money: abide_model::terms::Terms, expected: Expect) {
    let worked = worked(scenario, &[under(scenario, money)]);
    let missing = worked.drafts[0].missing.iter();
    let missing: String = missing.map(|one| format!("missing {}: {:?}\n", one.clause, one.why)).collect();
    expected.assert_eq(&(table(&worked, &["terms"]) + &missing));
}

pub(crate) fn guarantee(minimum: &str, window: u32) -> Guarantee {
    let amount = Amount::parse(minimum).unwrap();
    Guarantee {
        clause: "g".parse().unwrap(),
        payer: party("lab"),
        payee: party("cloud"),
        over: vec!["s".parse().unwrap()],
        every: Every::Year,
        since: date(2020, 1, 1),
        until: None,
        minima: vec![Minimum { since: date(2020, 1, 1), until: None, amount }],
        window,
    }
}

pub(crate) fn total(amount: &str) -> Cap {
    Cap::total(Limit::Of(Amount::parse(&format!("{amount} USD")).unwrap()))
}

pub(crate) fn calendar() -> Calendar {
    Calendar { zone: TimeZone::UTC, year: YearBegins::JANUARY }
}

pub(crate) fn worked(scenario: &Scenario, terms: &[Terms]) -> Projection {
    project(scenario, &[terms.to_vec()], &calendar()).unwrap()
}

pub(crate) fn span(span: Span<i128>) -> String {
    let units = |minor: i128| Exact::ratio(minor, 100).unwrap().to_string();
    if span.is_exact() { units(span.low) } else { format!("{}–{}", units(span.low), units(span.high)) }
}

pub(crate) fn figure(figure: &Figure) -> String {
    if figure.p10 == figure.p90 {
        span(figure.p50)
    } else {
        format!("{}/{}/{}", span(figure.p10), span(figure.p50), span(figure.p90))
    }
}

pub(crate) fn table(projection: &Projection, drafts: &[&str]) -> String {
    let mut out = String::new();
    for (name, draft) in drafts.iter().zip(&projection.drafts) {
        for one in &draft.parties {
            let cash: Vec<_> = one.cash.periods.iter().map(figure).collect();
            out += &format!(
                "{name} {}: cash {} = {}; received {}, paid {}, present {}, through {}\n",
                one.party,
                cash.join(" "),
                figure(&one.cash.total),
                figure(&one.received.total),
                figure(&one.paid.total),
                figure(&one.present_value),
                figure(&one.look_through),
            );
            if one.ahead + one.behind > 0 {
                let (gain, through) = (figure(&one.gain), figure(&one.gain_through));
                let of = projection.futures;
                out += &format!(
                    "  gains {gain}, {through} through; better in {}, worse in {} of {of}\n",
                    one.ahead, one.behind
                );
            }
        }
        for clause in &draft.clauses {
            let day = |day: Option<Date>| day.map_or("never".to_owned(), |day| day.to_string());
            let reached = clause.reached.map_or("no cap".to_owned(), |reached| {
                let days = [reached.p10, reached.p50, reached.p90].map(|span| day(span.high));
                let room = clause.room.map_or("?".to_owned(), |room| span(Span::exactly(room)));
                let times = format!("{} of {}", reached.times, projection.futures);
                format!("{room} of its cap left, reached {} in {times}", days.join("/"))
            });
            let kept = clause.kept.as_ref().map_or(String::new(), |kept| format!("; {kept} of it kept"));
            let due: Vec<_> = clause.due.periods.iter().map(figure).collect();
            out += &format!("{name} {}: {}; {reached}{kept}\n", clause.clause, due.join(" "));
        }
    }
    out
}

pub(crate) fn check(scenario: &Scenario, shares: &[Vec<Share>], expected: Expect) {
    let terms: Vec<_> = shares.iter().map(|shares| terms(scenario, shares.clone())).collect();
    let names: Vec<_> = scenario.drafts.iter().map(|draft| draft.name.as_str()).collect();
    expected.assert_eq(&table(&worked(scenario, &terms), &names));
}

pub(crate) fn points(rows: &[(Date, &str)]) -> Level {
    Level::Points(rows.iter().map(|(day, amount)| (*day, exact(amount))).collect())
}
