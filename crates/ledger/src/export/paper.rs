//! What every page that leaves the house has: its look, on screens and on paper, and its head.

use crate::figure;
use crate::period::Period;
use abide_model::Date;
use abide_model::money::{Currency, grouped};
use abide_model::terms::Firm;

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
.parties { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; margin: 2rem 0 0.5rem; }
.payment { break-inside: avoid; } .payment p { margin: 0 0 0.35rem; }
.parties p { margin: 0; } .parties strong { font-weight: 600; } .parties span { display: block; color: #595959; font-size: 0.85rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
.what { width: 56%; } .when { width: 26%; } .n { width: 18%; } td.when { font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 0.85rem; font-weight: 500; color: #595959; border-bottom: 1.5px solid #1a1a1a; }
th, td { padding: 0.45rem 0.75rem 0.45rem 0; vertical-align: top; }
td { border-bottom: 1px solid #d9d9d9; } .sum td { border-bottom: 0; font-weight: 600; }
.sum td:last-child { border-bottom: 3px double #1a1a1a; }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 0; }
small { display: block; color: #595959; font-size: 0.85rem; }
.wide .what { width: 30%; } .wide .used { width: 52%; } .price th.n, .price td.n { width: 16%; }
td.used, .price td { font-variant-numeric: tabular-nums; } .part td { font-weight: 600; border-bottom: 0; padding-bottom: 0; }
.draft { border: 1.5px solid #1a1a1a; padding: 0.5rem 0.75rem; margin: 1.5rem 0 0; }
footer { margin-top: 2.5rem; padding-top: 0.75rem; border-top: 1px solid #d9d9d9; color: #595959; font-size: 0.8rem; }
@page { size: A4; margin: 20mm 18mm; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 10pt; } thead { display: table-header-group; }
  tr, tbody.one, .parties, .draft { break-inside: avoid; } h2 { break-after: avoid; } }
";

/// The beginning of a page, up to its first element.
pub(super) fn begin(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n",
        escaped(title)
    )
}

/// Who stands on a page: what people call it, and what the book knows of it besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Where it sits, its tax number, where it is paid.
    pub firm: Option<&'a Firm>,
}

/// What stands on top of a page.
pub(super) struct Head<'a> {
    pub(super) title: &'a str,
    pub(super) number: &'a str,
    /// The day it is drawn up, and what that is called.
    pub(super) issued: (&'a str, Date),
    /// The day by which it is to be paid.
    pub(super) due: Option<Date>,
    pub(super) period: Period,
    pub(super) from: Side<'a>,
    pub(super) to: Side<'a>,
}

impl Head<'_> {
    /// What it is and its number, when it was issued and is due, for when, from whom and to whom.
    pub(super) fn html(&self) -> String {
        let (first, last) = (self.period.first_day(), self.period.last_day());
        let due = self.due.map_or(String::new(), |due| format!("<dt>Due</dt><dd>{due}</dd>\n"));
        format!(
            "<header>\n<h1>{}</h1>\n<dl>\n<dt>Number</dt><dd>{}</dd>\n<dt>{}</dt><dd>{}</dd>\n{due}\
             <dt>Period</dt><dd>{}</dd>\n<dt></dt><dd>{first} to {last}</dd>\n</dl>\n</header>\n\
             <section class=\"parties\">\n{}{}</section>\n",
            self.title,
            escaped(self.number),
            self.issued.0,
            self.issued.1,
            self.period,
            side("From", &self.from),
            side("To", &self.to),
        )
    }
}

/// The number of an invoice: by its parties and its days, whatever the period is called. It is a file name too.
pub(super) fn number(from: &str, to: &str, period: Period) -> String {
    let day = |day: Date| day.strftime("%Y%m%d").to_string();
    let (first, last) = (day(period.first_day()), day(period.last_day()));
    // No name holds a `+`.
    format!("{from}-{}-{first}-{last}", to.replace('/', "+"))
}

fn side(label: &str, side: &Side<'_>) -> String {
    let line = |text: &str| format!("<br>{}", escaped(text));
    let lines = side.firm.map_or(String::new(), |firm| {
        let address: String = firm.address.iter().map(|text| line(text)).collect();
        let tax = firm.tax_id.as_ref().map_or(String::new(), |id| format!("<br>Tax number {}", escaped(id)));
        address + &tax
    });
    format!("<p><span>{label}</span><strong>{}</strong>{lines}</p>\n", escaped(side.name))
}

/// Where and by when it is to be paid; nothing where the book does not say.
pub(super) fn payment(from: &Side<'_>, due: Option<Date>) -> String {
    let lines = from.firm.map_or(&[][..], |firm| &firm.pay_to);
    if lines.is_empty() && due.is_none() {
        return String::new();
    }
    let by = due.map_or(String::new(), |due| format!("<p>By {due}, with the number of this invoice.</p>\n"));
    let to: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    let to = if to.is_empty() { String::new() } else { format!("<p>To {}</p>\n", to.join("<br>")) };
    format!("<section class=\"payment\">\n<h2>Payment</h2>\n{by}{to}</section>\n")
}

/// What is to be paid in each currency. Less than nothing is credited.
pub(super) fn totals(totals: impl Iterator<Item = (Currency, i128)>) -> String {
    let row = |(currency, total): (Currency, i128)| {
        let (label, total) =
            if total < 0 { ("To be credited", total.saturating_neg()) } else { ("To be paid", total) };
        let amount = amount(total, currency);
        format!(
            "<tr class=\"sum\"><td class=\"what\">{label}</td><td class=\"when\"></td><td class=\"n\">{amount}</td></tr>\n"
        )
    };
    let rows: String = totals.map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("<h2>Total</h2>\n<table>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Minor units as people read them, with a minus that is one.
pub(super) fn amount(minor: i128, currency: Currency) -> String {
    format!("{} {currency}", signed(&grouped(&figure::minor(minor, currency))))
}

/// A text in which a hyphen before a figure is the sign of it: U+2212.
pub(super) fn signed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let sign = c == '-' && before == ' ' && rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if sign { '\u{2212}' } else { c });
        before = c;
    }
    out
}

/// Text that can break out of no element and no attribute.
pub(super) fn escaped(text: &str) -> String {
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
    fn a_hyphen_is_a_minus_before_a_figure_alone() {
        assert_eq!(signed("-5.00 USD of 2026-01-01, a-b -x"), "\u{2212}5.00 USD of 2026-01-01, a-b -x");
    }

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"x\">R&D's</b>"), "&lt;b a=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/b&gt;");
    }
}
