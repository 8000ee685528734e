//! What a customer owes for metered usage in a period, as a page of HTML to be sent and printed.

use crate::bill::{Account, Bill, Line};
use crate::export::paper::{self, Head, Side, amount, escaped};
use crate::figure::{calls, moment, number, zone_name};
use crate::period::date_of;
use crate::postings::Count;
use crate::rate::price_of;
use abide_model::money::{Amount, grouped};
use abide_model::name::Product;
use abide_model::terms::Price;
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// A bill, and what people call those on it.
#[derive(Debug, Clone)]
pub struct Invoice<'b> {
    /// The id of who sold.
    pub seller: &'b str,
    /// Who sold.
    pub from: Side<'b>,
    /// Who bought.
    pub to: Side<'b>,
    /// The day by which it is to be paid, where the book says.
    pub pay_by: Option<Date>,
    /// The book it rests on.
    pub book: &'b str,
    /// The zone of its days.
    pub zone: &'b TimeZone,
    /// The price book as it stands. Lines bring their charges with them.
    pub prices: &'b [Price],
    /// The bill.
    pub bill: &'b Bill,
}

impl Invoice<'_> {
    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        let bill = self.bill;
        let open = bill.at < bill.bounds.end;
        let nothing = bill.accounts.is_empty();
        let credit =
            bill.totals.values().all(|total| *total <= 0) && bill.totals.values().any(|total| *total < 0);
        let title = match (nothing, open, credit) {
            (true, true, _) => "Nothing due yet",
            (true, false, _) => "Nothing due",
            (false, true, _) => "Draft invoice",
            (false, false, true) => "Credit note",
            (false, false, false) => "Invoice",
        };
        let number = paper::number(self.seller, &format!("{}-usage", bill.customer), bill.period);
        let due = self.pay_by.filter(|_| !open && !nothing && !credit);
        let issued = (if open { "Drawn up" } else { "Issued" }, date_of(bill.at, self.zone));
        let mut page = paper::begin(&format!("{title} {number}"));
        let (period, from, to) = (bill.period, self.from, self.to);
        page += &Head { title, number: &number, issued, due, period, from, to }.html();
        if open {
            page +=
                "<p class=\"draft\">The period has not ended. What is shown is what was used by now.</p>\n";
        }
        page += "<h2>Metered usage</h2>\n";
        page += &self.used();
        page += &self.unpriced();
        page += &paper::totals(bill.totals.iter().map(|(currency, total)| (*currency, *total)));
        if !nothing && !credit && !open {
            page += &paper::payment(&self.from, due);
        }
        page += &self.price_list();
        page += &format!(
            "<footer>From the book {} as known on {} ({}). Each call was charged when it was made, at the price that the book \
             had for it then; a price entered later changes no charge. Each amount is the rounded sum so far \
             less what was billed before, half to even, so that all bills add up. No tax is added.</footer>\n</html>\n",
            escaped(self.book),
            moment(bill.at, self.zone),
            zone_name(self.zone)
        );
        page
    }

    fn used(&self) -> String {
        if self.bill.accounts.is_empty() {
            return "<p>Nothing with a price was used in this period.</p>\n".to_owned();
        }
        let mut out = String::from(
            "<table class=\"wide\">\n<thead><tr><th class=\"what\">Product</th><th class=\"used\">Used</th>\
             <th class=\"n\">Amount</th></tr></thead>\n",
        );
        let many = self.bill.accounts.len() > 1;
        for account in &self.bill.accounts {
            // Kept on one page where it fits.
            out += "<tbody class=\"one\">\n";
            if many {
                out += &part(account);
            }
            for line in &account.lines {
                out += &row(account, line);
            }
            out += "</tbody>\n";
        }
        out + "</table>\n"
    }

    fn unpriced(&self) -> String {
        let rows = self.bill.unpriced.iter().map(|((product, channel), count)| {
            let (product, channel) = (escaped(product.as_str()), escaped(channel.as_str()));
            format!("<li>{product} through {channel}: {}</li>\n", used(count))
        });
        let rows: String = rows.collect();
        if rows.is_empty() {
            return rows;
        }
        format!("<h2>Not charged, having no price</h2>\n<ul>\n{rows}</ul>\n")
    }

    /// What the price book says of the products of the bill, from when each price holds. Calls were charged by what it
    /// said when they were made: a price that was entered later, for a time before, is in this list and in no charge.
    fn price_list(&self) -> String {
        let lines = self.bill.accounts.iter().flat_map(|account| &account.lines);
        let products: BTreeSet<&Product> = lines.map(|line| &line.product).collect();
        let mut rows = String::new();
        for product in products {
            for (from, price) in self.held(product) {
                let day = from.to_zoned(self.zone.clone()).date();
                let cell = |price: &Amount| {
                    format!("<td class=\"n\">{} {}</td>", grouped(&number(price)), price.currency)
                };
                let prices = [&price.input, &price.cache_read, &price.cache_write, &price.output].map(cell);
                rows += &format!(
                    "<tr><td>{}<small>from {day}</small></td>{}</tr>\n",
                    escaped(product.as_str()),
                    prices.concat()
                );
            }
        }
        if rows.is_empty() {
            return rows;
        }
        format!(
            "<h2>The price book as it stands, for a million tokens</h2>\n<table class=\"price\">\n<thead><tr><th>Product</th>\
             <th class=\"n\">In</th><th class=\"n\">From cache</th><th class=\"n\">To cache</th><th class=\"n\">Out</th>\
             </tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
        )
    }

    /// The prices of a product that hold in the period, each with the first instant of the period at which it did.
    fn held(&self, product: &Product) -> Vec<(Time, &Price)> {
        let bounds = &self.bill.bounds;
        let begun = self.prices.iter().map(|price| price.since).filter(|since| bounds.contains(since));
        let turns: BTreeSet<Time> = begun.chain([bounds.start]).collect();
        let mut found: Vec<(Time, &Price)> = Vec::new();
        for at in turns {
            let Some(price) = price_of(self.prices, product, at) else { continue };
            if found.last().is_none_or(|(_, last)| *last != price) {
                found.push((at, price));
            }
        }
        found
    }
}

/// The row above the lines of one of several customers, with their sum where there are several.
fn part(account: &Account) -> String {
    let sum = match account.lines.as_slice() {
        [_] => String::new(),
        _ => amount(account.billed, account.currency),
    };
    let customer = escaped(account.customer.as_str());
    format!("<tr class=\"part\"><td colspan=\"2\">{customer}</td><td class=\"n\">{sum}</td></tr>\n")
}

fn row(account: &Account, line: &Line) -> String {
    let amount = amount(line.minor, account.currency);
    format!(
        "<tr><td>{}<small>through {}</small></td><td class=\"used\">{}</td><td class=\"n\">{amount}</td></tr>\n",
        escaped(line.product.as_str()),
        escaped(line.channel.as_str()),
        used(&line.count)
    )
}

/// `1,234 calls; 5,000 tokens in, of which 1,000 from cache; 300 out`, with a line each.
fn used(count: &Count) -> String {
    let many = |n: u64| grouped(&n.to_string());
    let tokens = &count.tokens;
    let cached = [(tokens.cache_read, "from cache"), (tokens.cache_write, "to cache")];
    let cached = cached.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", many(*n)));
    let cached = cached.collect::<Vec<_>>().join(", ");
    let cached = if cached.is_empty() { cached } else { format!(" (of these {cached})") };
    let estimated = if count.estimated > 0 {
        format!("<small>of {} the tokens are estimated</small>", calls(count.estimated))
    } else {
        String::new()
    };
    format!(
        "{}<small>{} tokens in{cached}, {} out</small>{estimated}",
        calls(count.calls),
        many(tokens.input),
        many(tokens.output)
    )
}
