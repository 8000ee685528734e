//! What one party owes another for a period, as a page of HTML to be sent and printed. It needs nothing but itself: no
//! script, no font, no picture from elsewhere.

use crate::closing::{Figure, Obligation, Owed};
use crate::figure::{exact, minor, rates, span};
use crate::share::Span;
use crate::statement::{ShareAccount, Statement};
use crate::sum::TooLarge;
use crate::tally::{Entry, plus};
use abide_model::money::{Currency, Exact, grouped};
use abide_model::name::Party;
use abide_model::terms::Cap;
use std::collections::BTreeMap;

/// The look of the page, on screens and on paper.
const STYLE: &str = "\
:root { color-scheme: light; }
body { font: 11pt/1.45 'Helvetica Neue', Helvetica, Arial, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 46rem; margin: 2.5rem auto; padding: 0 1.5rem; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 2rem; }
h1 { font-size: 1.7rem; font-weight: 600; letter-spacing: -0.01em; margin: 0; }
h2 { font-size: 1rem; font-weight: 600; margin: 2rem 0 0.5rem; }
dl { display: grid; grid-template-columns: auto auto; gap: 0.15rem 1rem; margin: 0; font-size: 0.9rem; }
dt { color: #595959; } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.parties { display: flex; gap: 4rem; margin: 2rem 0 0.5rem; }
.parties p { margin: 0; } .parties span { display: block; color: #595959; font-size: 0.85rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
.what { width: 56%; } .when { width: 26%; } .n { width: 18%; } td.when { font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 0.85rem; font-weight: 500; color: #595959; border-bottom: 1.5px solid #1a1a1a; }
th, td { padding: 0.45rem 0.75rem 0.45rem 0; vertical-align: top; }
td { border-bottom: 1px solid #d9d9d9; } .sum td { border-bottom: 0; font-weight: 600; }
.sum td:last-child { border-bottom: 3px double #1a1a1a; }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 0; }
small { display: block; color: #595959; font-size: 0.85rem; }
.draft { border: 1.5px solid #1a1a1a; padding: 0.5rem 0.75rem; margin: 1.5rem 0 0; }
footer { margin-top: 2.5rem; padding-top: 0.75rem; border-top: 1px solid #d9d9d9; color: #595959; font-size: 0.8rem; }
@page { size: A4; margin: 20mm 18mm; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 10pt; } thead { display: table-header-group; }
  tr, .parties, .draft { break-inside: avoid; } h2 { break-after: avoid; } }
";

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
        let title = if open || unsure { "Draft invoice" } else { "Invoice" };
        let number = format!("{}-{}-{}", self.from, self.to, statement.period);
        let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
        page += &format!("<title>{title} {}</title>\n<style>\n{STYLE}</style>\n", escaped(&number));
        page += &self.head(title, &number);
        if open {
            page += "<p class=\"draft\">The period has not ended. What is shown is what has fallen due by now.</p>\n";
        }
        if unsure {
            page += "<p class=\"draft\">A term is not known, so an amount is a range. The total is the most it can \
                     be.</p>\n";
        }
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

    fn head(&self, title: &str, number: &str) -> String {
        let period = self.statement.period;
        let (first, last) = (period.first_day(), period.last_day());
        format!(
            "<header>\n<h1>{title}</h1>\n<dl>\n<dt>Number</dt><dd>{}</dd>\n<dt>Period</dt><dd>{period}</dd>\n\
             <dt>From</dt><dd>{first}</dd>\n<dt>To</dt><dd>{last}</dd>\n</dl>\n</header>\n\
             <section class=\"parties\">\n<p><span>From</span>{}</p>\n<p><span>To</span>{}</p>\n</section>\n",
            escaped(number),
            escaped(self.statement.name(self.from)),
            escaped(self.statement.name(self.to)),
        )
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
                format!("{rate} of revenue of {base}{bounds}")
            });
        }
        let accounts = self.statement.accounts.iter().filter(|account| account.clause == of.clause);
        let mut entries = accounts.flat_map(|account| &account.entries);
        let ours = |entry: &&Entry| entry.stretch.to_string() == of.stretch && entry.currency == of.currency;
        let shown = |(name, value): &(&str, Span<Exact>)| {
            let zero = value.is_exact() && value.low.is_zero();
            (!zero).then(|| format!("{name} {}", span(value, money)))
        };
        let figures =
            entries.find(ours).map(|entry| entry.figures.iter().filter_map(shown).collect::<Vec<_>>());
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

/// Text that can break out of no element and no attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"x\">R&D's</b>"), "&lt;b a=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/b&gt;");
    }
}
