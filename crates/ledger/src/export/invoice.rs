//! What one party owes another for a period, as a page of HTML to be sent and printed. It needs nothing but itself: no
//! script, no font, no picture from elsewhere.

use crate::closing::{Figure, Obligation, Owed};
use crate::export::paper::{self, escaped};
use crate::figure::{exact, minor, rates, span};
use crate::share::Span;
use crate::statement::{ShareAccount, Statement};
use crate::sum::TooLarge;
use crate::tally::{Account, Entry, plus};
use abide_model::money::{Currency, Exact, grouped};
use abide_model::name::Party;
use abide_model::terms::Cap;
use std::collections::BTreeMap;

/// Who bills whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice<'s> {
    /// Who is owed.
    pub from: &'s Party,
    /// Who owes, and whom the statement is for.
    pub to: &'s Party,
    /// The book it rests on.
    pub book: &'s str,
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
        let ours = |of: &&Owed| of.payer == *self.to && of.payee == *self.from;
        let due: Vec<&Obligation> = statement.falls_due.iter().filter(|owed| ours(&&owed.of)).collect();
        let adjusted: Vec<&Figure> = statement.adjustments.iter().filter(|owed| ours(&&owed.of)).collect();
        let open = statement.at < statement.bounds.end;
        let unsure = due.iter().any(|owed| !owed.due.is_exact());
        let uncounted = self.uncounted();
        let title = if open || unsure || !uncounted.is_empty() { "Draft invoice" } else { "Invoice" };
        let number = format!("{}-{}-{}", self.from, self.to, statement.period);
        let mut page = paper::begin(&format!("{title} {number}"));
        let parties = (statement.name(self.from), statement.name(self.to));
        page += &paper::head((title, &number), statement.period, parties);
        if open {
            page += "<p class=\"draft\">The period has not ended. What is shown is what has fallen due by now.</p>\n";
        }
        if unsure {
            page += "<p class=\"draft\">A term is not known, so an amount is a range. The total is the most it can \
                     be.</p>\n";
        }
        page += &uncounted;
        page += &self.lines(&due);
        if !adjusted.is_empty() {
            page += "<h2>Adjustments for periods closed before</h2>\n";
            page += &table(adjusted.iter().map(|figure| {
                let amount = grouped(&minor(figure.minor, figure.of.currency));
                (escaped(figure.of.clause.as_str()), String::new(), &figure.of, amount)
            }));
        }
        page += &totals(&due, &adjusted)?;
        let drawn = statement.at;
        page += &format!(
            "<footer>From the book {} as known at {drawn}. Each amount is the rounded sum so far less what was billed \
             before, half to even, so that all bills add up.</footer>\n</html>\n",
            escaped(self.book)
        );
        Ok(page)
    }

    /// What clauses between the two could not count for want of a rate, so that what they come to may change.
    fn uncounted(&self) -> String {
        let between = |account: &&Account| {
            !account.entries.is_empty()
                && account.payer == *self.to
                && account.payee.as_ref().is_none_or(|payee| payee == self.from)
        };
        let accounts = self.statement.accounts.iter().filter(between);
        let rows = accounts.flat_map(|account| account.unconverted.iter().map(move |row| (account, row)));
        let line = |(account, (currency, sum)): (&Account, (&Currency, &Exact))| {
            let (clause, sum) = (escaped(account.clause.as_str()), grouped(&exact(sum, *currency)));
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
        let row = |owed: &&Obligation| {
            let Obligation { of, due } = owed;
            let amount = span(due, |due| grouped(&minor(*due, of.currency)));
            (escaped(of.clause.as_str()), escaped(&self.behind(of)), of.clone(), amount)
        };
        let rows: Vec<_> = due.iter().map(row).collect();
        "<h2>Due</h2>\n".to_owned()
            + &table(
                rows.iter()
                    .map(|(clause, behind, of, amount)| (clause.clone(), behind.clone(), of, amount.clone())),
            )
    }

    /// The figures that an amount comes from, in words.
    fn behind(&self, of: &Owed) -> String {
        if self.statement.closed_through.is_some_and(|through| of.closes <= through) {
            // What the figures are now is not what it was closed with.
            return "as it was closed".to_owned();
        }
        let money = |value: &Exact| format!("{} {}", grouped(&exact(value, of.currency)), of.currency);
        let of_share = |share: &&ShareAccount| share.terms.clause == of.clause;
        if let Some(share) = self.statement.shares.iter().find(of_share) {
            let entries = share.entries.iter().filter(|entry| entry.currency == of.currency);
            let mut settled = entries.flat_map(|entry| &entry.settled);
            let found = settled.find(|settled| settled.period.to_string() == of.stretch);
            let bounded = share.terms.floor.is_some() || share.terms.cap != Cap::NONE;
            let bounds = if bounded { ", within its floor and caps" } else { "" };
            return found.map_or_else(String::new, |settled| {
                let (rate, base) = (rates(&share.terms.rates), money(&settled.base));
                match share.terms.rates.as_flat() {
                    Some(_) => format!("{rate} of revenue of {base}{bounds}"),
                    None => format!("of revenue of {base}, by tiers{bounds}: {rate}"),
                }
            });
        }
        let accounts = self.statement.accounts.iter().filter(|account| account.clause == of.clause);
        let mut entries = accounts.flat_map(|account| &account.entries);
        let ours = |entry: &&Entry| entry.stretch.to_string() == of.stretch && entry.currency == of.currency;
        let shown = |(name, value): &(&str, Span<Exact>)| {
            let zero = value.is_exact() && value.low.is_zero();
            (!zero).then(|| format!("{name} {}", span(value, money)))
        };
        let part = |(part, of): &(Exact, Exact)| format!("{} of {}", part.percent(), money(of));
        let figures = entries.find(ours).map(|entry| {
            let part = entry.part.as_ref().map(part);
            entry.figures.iter().filter_map(shown).chain(part).collect::<Vec<_>>()
        });
        figures.unwrap_or_default().join("; ")
    }
}

/// A table of what is owed: clause and what is behind it, for when, how much.
fn table<'o>(rows: impl Iterator<Item = (String, String, &'o Owed, String)>) -> String {
    let mut out = String::from(
        "<table>\n<thead><tr><th class=\"what\">Clause</th><th class=\"when\">For</th>\
         <th class=\"n\">Amount</th></tr></thead>\n<tbody>\n",
    );
    for (clause, behind, of, amount) in rows {
        let behind = if behind.is_empty() { behind } else { format!("<small>{behind}</small>") };
        out += &format!(
            "<tr><td>{clause}{behind}</td><td class=\"when\">{}</td><td class=\"n\">{amount} {}</td></tr>\n",
            stretch(of),
            of.currency
        );
    }
    out + "</tbody>\n</table>\n"
}

/// A stretch of time whose days do not break at their dashes.
fn stretch(of: &Owed) -> String {
    escaped(&of.stretch).replace('-', "\u{2011}")
}

fn totals(due: &[&Obligation], adjusted: &[&Figure]) -> Result<String, TooLarge> {
    let mut sums: BTreeMap<Currency, Span<i128>> = BTreeMap::new();
    let due = due.iter().map(|owed| (owed.of.currency, owed.due));
    let adjusted =
        adjusted.iter().map(|figure| (figure.of.currency, Span { low: figure.minor, high: figure.minor }));
    for (currency, amount) in due.chain(adjusted) {
        let sum = sums.entry(currency).or_insert(Span { low: 0, high: 0 });
        *sum = plus(sum, &amount, currency)?;
    }
    if sums.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from("<h2>Total</h2>\n<table>\n<tbody>\n");
    for (currency, sum) in sums {
        let amount = grouped(&minor(sum.high, currency));
        out += &format!(
            "<tr class=\"sum\"><td class=\"what\">To be paid</td><td class=\"when\"></td><td class=\"n\">{amount} {currency}</td></tr>\n"
        );
    }
    Ok(out + "</tbody>\n</table>\n")
}
