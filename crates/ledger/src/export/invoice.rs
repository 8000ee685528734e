//! What one party owes another for a period, as a page of HTML to be sent and printed. It needs nothing but itself: no
//! script, no font, no picture from elsewhere.

use crate::closing::{Figure, Obligation, Owed};
use crate::export::paper::{self, Head, amount, escaped, signed};
use crate::figure::{moment, money, span, zone_name};
use crate::period::{Period, date_of};
use crate::share::Span;
use crate::statement::Statement;
use crate::sum::TooLarge;
use crate::tally::{Account, Kind, plus};
use crate::working::Step;
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::terms::Firm;
use std::collections::BTreeMap;

pub use crate::export::paper::Side;

/// Who bills whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice<'s> {
    /// Who is owed.
    pub from: &'s Party,
    /// Who owes, and whom the statement is for.
    pub to: &'s Party,
    /// What the book knows of the two.
    pub firms: (Option<&'s Firm>, Option<&'s Firm>),
    /// The day by which it is to be paid, where the book says.
    pub pay_by: Option<Date>,
    /// The book it rests on.
    pub book: &'s str,
    /// What people call the instrument of each clause.
    pub instruments: &'s BTreeMap<Clause, String>,
    /// The statement of who owes, for the period.
    pub statement: &'s Statement,
}

impl Invoice<'_> {
    /// The page.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn html(&self) -> Result<String, TooLarge> {
        let statement = self.statement;
        let (due, adjusted) = (self.due(), self.adjusted());
        let totals = totals(&due, &adjusted)?;
        let uncounted = self.uncounted(&due);
        let open = statement.at < statement.bounds.end;
        let unsure = due.iter().any(|owed| !owed.due.is_exact());
        let nothing = due.is_empty() && adjusted.is_empty();
        let draft = open || unsure || !uncounted.is_empty();
        let credit =
            totals.values().all(|total| total.high <= 0) && totals.values().any(|total| total.high < 0);
        let title = match (nothing, draft, credit) {
            (true, true, _) => "Nothing due yet",
            (true, false, _) => "Nothing due",
            (false, true, _) => "Draft invoice",
            (false, false, true) => "Credit note",
            (false, false, false) => "Invoice",
        };
        let number = self.number();
        let pay_by = self.pay_by.filter(|_| !draft && !nothing && !credit);
        let from = Side { name: statement.name(self.from), firm: self.firms.0 };
        let mut page = paper::begin(&format!("{title} {number}"));
        page += &Head {
            title,
            number: &number,
            issued: (if draft { "Drawn up" } else { "Issued" }, statement.drawn_on()),
            due: pay_by,
            period: statement.period,
            from,
            to: Side { name: statement.name(self.to), firm: self.firms.1 },
        }
        .html();
        page += &self.drafted(open, unsure);
        page += &uncounted;
        page += &self.lines(&due);
        page += &self.changes(&adjusted);
        page += &paper::totals(totals.into_iter().map(|(currency, total)| (currency, total.high)));
        if !nothing && !credit && !draft {
            page += &paper::payment(&from, pay_by);
        }
        page += &format!(
            "<footer>From the book {} as known on {} ({}). Each amount is the rounded sum so far less what was billed \
             before, half to even, so that all bills add up. No tax is added.</footer>\n</html>\n",
            escaped(self.book),
            moment(statement.at, &statement.zone),
            zone_name(&statement.zone),
        );
        Ok(page)
    }

    /// Its number: by its parties and days.
    #[must_use]
    pub fn number(&self) -> String {
        paper::number(self.from.as_str(), self.to.as_str(), self.statement.period)
    }

    /// What falls due in the period for another period than that: the clause, and its own period. An invoice for that
    /// one would bill it under another number.
    #[must_use]
    pub fn of_other_periods(&self) -> Vec<(&Clause, &str)> {
        let (begins, asked) = (self.statement.begins, days(self.statement.period));
        let whole = format!("{} to {}", asked.0, asked.1);
        // A stage of a commitment has no period's name, but its days.
        let other = |of: &&Owed| {
            Period::parse_in(&of.stretch, begins).map_or(of.stretch != whole, |own| days(own) != asked)
        };
        let due = self.due().into_iter().map(|owed| &owed.of).filter(other);
        due.map(|of| (&of.clause, of.stretch.as_str())).collect()
    }

    fn ours(&self, of: &Owed) -> bool {
        of.payer == *self.to && of.payee == *self.from
    }

    /// What falls due, but for what comes to nothing: by days, and shares before what rests on them.
    fn due(&self) -> Vec<&Obligation> {
        let due = self.statement.falls_due.iter().filter(|owed| self.ours(&owed.of));
        let mut due: Vec<_> = due.filter(|owed| (owed.due.low, owed.due.high) != (0, 0)).collect();
        due.sort_by_key(|owed| (owed.of.closes, self.kind(&owed.of)));
        due
    }

    /// What kind of clause it is owed under; `None` for shares.
    fn kind(&self, of: &Owed) -> Option<Kind> {
        let account = self.statement.accounts.iter().find(|account| account.clause == of.clause);
        account.map(|account| account.kind)
    }

    fn adjusted(&self) -> Vec<&Figure> {
        self.statement.adjustments.iter().filter(|figure| self.ours(&figure.of)).collect()
    }

    /// Why the page is a draft.
    fn drafted(&self, open: bool, unsure: bool) -> String {
        let why = [
            (open, "The period has not ended. What is shown is what has fallen due by now."),
            (unsure, "A term is not known, so an amount is a range. The total is the most it can be."),
        ];
        why.iter().filter(|(so, _)| *so).map(|(_, why)| format!("<p class=\"draft\">{why}</p>\n")).collect()
    }

    /// What clauses between the two could not count for want of a rate, so that what they come to may change: not where
    /// all that is billed of one is closed.
    fn uncounted(&self, due: &[&Obligation]) -> String {
        let through = self.statement.closed_through;
        let closed = |account: &Account| {
            let mut billed = due.iter().filter(|owed| owed.of.clause == account.clause).peekable();
            billed.peek().is_some()
                && billed.all(|owed| through.is_some_and(|through| owed.of.closes <= through))
        };
        let between = |account: &&Account| {
            !account.entries.is_empty()
                && !closed(account)
                && account.payer == *self.to
                && account.payee.as_ref().is_none_or(|payee| payee == self.from)
        };
        let accounts = self.statement.accounts.iter().filter(between);
        let rows = accounts.flat_map(|account| account.unconverted.iter().map(move |row| (account, row)));
        let line = |(account, (currency, sum)): (&Account, (&Currency, &Exact))| {
            let (clause, sum) = (escaped(account.clause.as_str()), signed(&money(sum, *currency)));
            format!(
                "<p class=\"draft\">Without a rate, so not counted under {clause}: {sum} {currency}.</p>\n"
            )
        };
        rows.map(line).collect()
    }

    fn lines(&self, due: &[&Obligation]) -> String {
        if due.is_empty() {
            return "<h2>Due</h2>\n<p>Nothing falls due in this period.</p>\n".to_owned();
        }
        let through = self.statement.closed_through;
        let row = |owed: &&Obligation| {
            let Obligation { of, due, working } = owed;
            let closed = through.is_some_and(|through| of.closes <= through);
            let shown = span(due, |due| amount(*due, of.currency));
            self.row(of, &behind(working, closed), &shown)
        };
        "<h2>Due</h2>\n".to_owned() + &table(due.iter().map(row))
    }

    fn changes(&self, adjusted: &[&Figure]) -> String {
        if adjusted.is_empty() {
            return String::new();
        }
        let row = |figure: &&Figure| {
            let Figure { of, minor, working } = figure;
            self.row(of, &behind(working, false), &amount(*minor, of.currency))
        };
        "<h2>Adjustments for periods closed before</h2>\n".to_owned() + &table(adjusted.iter().map(row))
    }

    /// What is owed, in words before names; what it comes from; for when; how much.
    fn row(&self, of: &Owed, behind: &str, amount: &str) -> String {
        let instrument = self.instruments.get(&of.clause).map_or(String::new(), |title| format!("{title}, "));
        let behind =
            if behind.is_empty() { String::new() } else { format!("<small>{}</small>", escaped(behind)) };
        format!(
            "<tr><td>{}<small>{}{}</small>{behind}</td><td class=\"when\">{}</td><td class=\"n\">{amount}</td></tr>\n",
            self.words(of),
            escaped(&instrument),
            escaped(of.clause.as_str()),
            self.when(of)
        )
    }

    /// What it is that a clause makes somebody owe.
    fn words(&self, of: &Owed) -> &'static str {
        let statement = self.statement;
        if statement.shares.iter().any(|share| share.terms.clause == of.clause) {
            return "Share of revenue";
        }
        match self.kind(of) {
            Some(Kind::Guarantee) => "Minimum guarantee, beside the shares",
            Some(Kind::Commit) => "Shortfall of a commitment to buy",
            Some(Kind::Split) => "Part of what was collected",
            Some(Kind::Parity) => "Credit of a most favoured customer",
            None => "Under a clause that does not run any more",
        }
    }

    /// For which stretch of time, with its days where that is a period.
    fn when(&self, of: &Owed) -> String {
        let period = Period::parse_in(&of.stretch, self.statement.begins).ok().map(days);
        let below = period.map_or(String::new(), |(first, last)| format!("<small>{first} to {last}</small>"));
        // Days do not break at their dashes.
        (escaped(&of.stretch) + &below).replace('-', "\u{2011}")
    }
}

fn days(period: Period) -> (Date, Date) {
    (period.first_day(), period.last_day())
}

/// The steps that an amount comes from, in one text.
fn behind(working: &[Step], closed: bool) -> String {
    let steps = working.iter().filter(|step| step.may_be_sent()).map(|step| signed(&step.text()));
    let steps = steps.collect::<Vec<_>>().join("; ");
    match (closed, steps.is_empty()) {
        (true, true) => "as it was closed".to_owned(),
        (true, false) => format!("as it was closed: {steps}"),
        (false, _) => steps,
    }
}

fn table(rows: impl Iterator<Item = String>) -> String {
    format!(
        "<table>\n<thead><tr><th class=\"what\">For</th><th class=\"when\">When</th><th class=\"n\">Amount</th></tr>\
         </thead>\n<tbody>\n{}</tbody>\n</table>\n",
        rows.collect::<String>()
    )
}

fn totals(due: &[&Obligation], adjusted: &[&Figure]) -> Result<BTreeMap<Currency, Span<i128>>, TooLarge> {
    let mut sums: BTreeMap<Currency, Span<i128>> = BTreeMap::new();
    let due = due.iter().map(|owed| (owed.of.currency, owed.due));
    let adjusted =
        adjusted.iter().map(|figure| (figure.of.currency, Span { low: figure.minor, high: figure.minor }));
    for (currency, amount) in due.chain(adjusted) {
        let sum = sums.entry(currency).or_insert(Span { low: 0, high: 0 });
        *sum = plus(sum, &amount, currency)?;
    }
    Ok(sums)
}

impl Statement {
    /// The day on which it was drawn up.
    #[must_use]
    pub fn drawn_on(&self) -> Date {
        date_of(self.at, &self.zone)
    }
}
