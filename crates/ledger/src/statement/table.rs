//! A statement as text in aligned columns, for a terminal.

use crate::accrual::Settlement;
use crate::closing::{Figure, Obligation, Owed};
use crate::figure::{calls, in_line, minor, moment, money, number, rates, span, zone_name};
use crate::period::Period;
use crate::postings::Count;
use crate::share::Span;
use crate::statement::{CustomerAccount, Holding, ShareAccount, ShareEntry, Sight, Statement};
use crate::tally::{Account, Entry, Kind, Stretch};
use crate::working::Step;
use abide_model::money::{Amount, Currency, Exact, grouped};
use abide_model::terms::{Conversion, Limit, Share};
use std::fmt::Write;

/// How many customers are shown, those who used most; JSON has all.
const CUSTOMERS_SHOWN_MAX: usize = 40;

impl Statement {
    /// The statement as text for a terminal, with a line end after each line.
    #[must_use]
    pub fn render_table(&self) -> String {
        let mut out = String::new();
        let zone = zone_name(&self.zone);
        let (first, last) = (self.period.first_day(), self.period.last_day());
        let (name, id) = (self.name(&self.party), self.party.as_str());
        let id = if name == id { String::new() } else { format!(" ({id})") };
        say(&mut out, format_args!("Statement for {name}{id} · {}", self.period));
        say(
            &mut out,
            format_args!("from the books of {}, {first} to {last} in {zone}", self.name(&self.own)),
        );
        if self.party != self.own && self.sight == Sight::Own {
            say(&mut out, format_args!("internal: it shows what {name} is not to see"));
        }
        if self.at < self.bounds.end {
            say(
                &mut out,
                format_args!("drawn up on {}, before the period ends", moment(self.at, &self.zone)),
            );
        }
        self.revenue_table(&mut out);
        self.unpriced_table(&mut out);
        self.bought_table(&mut out);
        self.unplaced_section(&mut out);
        self.customers_table(&mut out);
        for share in &self.shares {
            self.share_section(&mut out, share);
        }
        for account in &self.accounts {
            self.account_section(&mut out, account);
        }
        self.rates_table(&mut out);
        self.holdings_table(&mut out);
        self.adjustments_table(&mut out);
        self.due_table(&mut out);
        out
    }

    fn rates_table(&self, out: &mut String) {
        if self.rates.is_empty() {
            return;
        }
        heading(out, "Converted at");
        for quote in &self.rates {
            say(out, format_args!("  {quote}"));
        }
    }

    fn holdings_table(&self, out: &mut String) {
        if self.holdings.is_empty() {
            return;
        }
        heading(out, "Ownership at the end of the period");
        for held in &self.holdings {
            let through = if held.whole == held.direct {
                String::new()
            } else {
                format!(" ({} of it directly)", held.direct.percent())
            };
            let worth = held.worth.as_ref().map_or(String::new(), |(worth, currency)| {
                format!(", worth {} {currency}", money(worth, *currency))
            });
            let (holder, company) = (self.name(&held.holder), self.name(&held.company));
            say(out, format_args!("  {holder} owns {} of {company}{through}{worth}", held.whole.percent()));
        }
        let paid = self.shares.iter().map(|share| &share.terms);
        for terms in paid {
            let own = |held: &&Holding| held.holder == terms.payee && held.company == terms.payer;
            if let Some(held) = self.holdings.iter().find(own) {
                let net = &Exact::whole(1) - &held.whole;
                say(
                    out,
                    format_args!(
                        "  of what {} pays {} under {}, {} is not its own already",
                        self.name(&terms.payer),
                        self.name(&terms.payee),
                        terms.clause,
                        net.percent()
                    ),
                );
            }
        }
    }

    /// What of the period is closed, as it was closed, and what changed of periods closed before.
    fn adjustments_table(&self, out: &mut String) {
        let Some(through) = self.closed_through else { return };
        say(out, format_args!("\nThe book is closed through {through}."));
        let closed = |owed: &&Obligation| owed.of.closes <= through && owed.due.high != 0;
        let closed: Vec<&Obligation> = self.falls_due.iter().filter(closed).collect();
        if !closed.is_empty() {
            heading(out, "As it was closed; above stands what it comes to as known now");
        }
        for Obligation { of, due, working } in closed {
            self.owed_line(out, of, (due.high, working));
        }
        if !self.adjustments.is_empty() {
            heading(out, "Adjustments for periods that were closed before");
        }
        for Figure { of, minor, working } in &self.adjustments {
            self.owed_line(out, of, (*minor, working));
        }
    }

    /// Who owes whom how much under a clause for which time, and below it what that comes from.
    fn owed_line(&self, out: &mut String, of: &Owed, (amount, working): (i128, &[Step])) {
        let (payer, payee, currency) = (self.name(&of.payer), self.name(&of.payee), of.currency);
        let amount = grouped(&minor(amount, currency));
        let period = Period::parse_in(&of.stretch, self.begins).ok();
        let stretch = period.map_or_else(|| of.stretch.clone(), |period| period.told());
        say(out, format_args!("  {} for {stretch}: {payer} to {payee} {amount} {currency}", of.clause));
        let steps = working.iter().filter(|step| self.sight == Sight::Own || step.may_be_sent());
        let steps = steps.map(Step::text).collect::<Vec<_>>().join("; ");
        if !steps.is_empty() {
            say(out, format_args!("    {steps}"));
        }
    }

    fn revenue_table(&self, out: &mut String) {
        heading(out, "Revenue");
        if self.revenue.is_empty() {
            say(out, format_args!("  none"));
            return;
        }
        let metered = self.revenue.iter().any(|row| row.count.calls > 0);
        let mut grid = Grid::new(["product", "channel"], metered, Some("revenue"));
        for row in &self.revenue {
            let money = money(&row.revenue, row.currency);
            grid.row([row.product.as_str(), row.channel.as_str()], &row.count, Some((&money, row.currency)));
        }
        grid.rule();
        for total in &self.totals {
            let money = money(&total.revenue, total.currency);
            grid.row(["total", ""], &total.count, Some((&money, total.currency)));
        }
        grid.write(out);
        for total in &self.totals {
            let rounded = grouped(&minor(total.revenue_minor, total.currency));
            if rounded != money(&total.revenue, total.currency) {
                say(out, format_args!("  to the minor unit: {rounded} {}", total.currency));
            }
        }
    }

    fn unpriced_table(&self, out: &mut String) {
        if self.unpriced.is_empty() {
            return;
        }
        heading(out, "Without a price, in no sum above or below");
        let mut grid = Grid::new(["product", "channel"], true, None);
        for row in &self.unpriced {
            grid.row([row.product.as_str(), row.channel.as_str()], &row.count, None);
        }
        grid.write(out);
    }

    fn bought_table(&self, out: &mut String) {
        if self.bought.is_empty() {
            return;
        }
        heading(out, "Bought");
        let metered = self.bought.iter().any(|row| row.count.calls > 0);
        let mut grid = Grid::new(["by", "from"], metered, Some("for"));
        for row in &self.bought {
            let money = money(&row.amount, row.currency);
            let names = [self.name(&row.buyer), self.name(&row.seller)];
            grid.row(names, &row.count, Some((&money, row.currency)));
        }
        grid.write(out);
    }

    /// What is in no figure, or in one where it may not belong, until somebody says where it belongs.
    fn unplaced_section(&self, out: &mut String) {
        if self.unplaced.is_empty() {
            return;
        }
        heading(out, "Open: sales that name no segment or country, on which a clause hangs");
        for open in &self.unplaced {
            let amount = match open.currency {
                Some(currency) => format!("{} {currency}", money(&open.revenue, currency)),
                None => "no price".to_owned(),
            };
            let [calls, ..] = counts(&open.count);
            let calls = if open.count.entered > 0 { calls } else { self::calls(open.count.calls) };
            let places: Vec<String> = open.places.iter().map(ToString::to_string).collect();
            let more = if open.count.entered > places.len() as u64 { ", …" } else { "" };
            let seen = self.sight == Sight::Own && !places.is_empty();
            let places = if seen { format!(" ({}{more})", places.join(", ")) } else { String::new() };
            let counted = if open.counted { "counted all the same" } else { "not counted" };
            let (clause, product, channel) = (&open.clause, &open.product, &open.channel);
            say(
                out,
                format_args!(
                    "  {clause}: {amount} of {product} through {channel}, {calls}{places}: {counted}"
                ),
            );
        }
        say(
            out,
            format_args!(
                "  give entered rows a `segment` and a `country`, and keys theirs (abide key create)"
            ),
        );
    }

    fn customers_table(&self, out: &mut String) {
        if self.customers.is_empty() {
            return;
        }
        heading(out, "Metered usage by customer, as it is invoiced");
        let mut largest: Vec<&CustomerAccount> = self.customers.iter().collect();
        largest.sort_by(|a, b| b.revenue.cmp(&a.revenue).then(a.customer.cmp(&b.customer)));
        let mut rows: Vec<(String, String)> = largest
            .iter()
            .take(CUSTOMERS_SHOWN_MAX)
            .map(|one| {
                let billed = grouped(&minor(one.billed, one.currency));
                (one.customer.to_string(), format!("{billed} {}", one.currency))
            })
            .collect();
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        in_line(&mut rows.iter_mut().map(|(_, figure)| figure).collect::<Vec<_>>());
        for (name, figure) in rows {
            say(out, format_args!("  {name:width$}  {}", figure.trim_end()));
        }
        if largest.len() > CUSTOMERS_SHOWN_MAX {
            let more = largest.len() - CUSTOMERS_SHOWN_MAX;
            say(out, format_args!("  and {more} more, which --json lists"));
        }
    }

    fn due_table(&self, out: &mut String) {
        heading(out, "Due");
        if self.due.is_empty() {
            say(out, format_args!("  nothing"));
        }
        for due in &self.due {
            let currency = due.currency;
            let one = |minor_units: &i128| grouped(&minor(*minor_units, currency));
            let sides =
                [("to", &due.to_party, &due.accrued_to_party), ("by", &due.by_party, &due.accrued_by_party)];
            for (side, due, accrued) in sides {
                let more = if accrued.high == 0 {
                    String::new()
                } else {
                    format!(", and {} {currency} accrued, not yet due", span(accrued, one))
                };
                let party = self.name(&self.party);
                say(out, format_args!("  {side} {party}: {} {currency}{more}", span(due, one)));
            }
        }
    }
}

impl Statement {
    fn share_section(&self, out: &mut String, share: &ShareAccount) {
        heading(out, &format!("Share {}", share.terms.clause));
        say(out, format_args!("  {}", self.in_words(&share.terms)));
        if share.unpriced_calls > 0 {
            let calls = calls(share.unpriced_calls);
            say(out, format_args!("  without a price, so not in the base: {calls}"));
        }
        if share.entries.is_empty() {
            say(out, format_args!("  no revenue yet"));
        }
        for entry in &share.entries {
            entry_table(out, entry);
        }
    }

    fn account_section(&self, out: &mut String, account: &Account) {
        let kind = account.kind.as_str();
        let title = kind.get(..1).map_or(String::new(), str::to_uppercase) + kind.get(1..).unwrap_or("");
        heading(out, &format!("{title} {}", account.clause));
        let payer = self.name(&account.payer);
        let payee = account.payee.as_ref().map_or("others", |payee| self.name(payee));
        let what = match account.kind {
            Kind::Guarantee => format!("{payer} guarantees {payee} a minimum"),
            Kind::Commit => format!("{payer} buys at least so much from {payee}"),
            Kind::Split => format!("{payer} collects and passes on"),
            Kind::Parity => format!("{payer} charges {payee} no more than others"),
        };
        say(out, format_args!("  {what}"));
        for (currency, sum) in &account.unconverted {
            let sum = money(sum, *currency);
            say(out, format_args!("  without a rate, so not counted: {sum} {currency}"));
        }
        if account.entries.is_empty() {
            say(out, format_args!("  nothing in the period"));
        }
        for entry in &account.entries {
            self.account_entry(out, entry);
        }
    }

    fn account_entry(&self, out: &mut String, entry: &Entry) {
        let currency = entry.currency;
        let one = |value: &Exact| money(value, currency);
        let stretch = match entry.stretch {
            Stretch::Period(period) => period.told(),
            Stretch::Stage(..) => entry.stretch.to_string(),
        };
        say(out, format_args!("  {stretch}{}", if entry.closed { "" } else { ", still open" }));
        let shown = |figure: &&(&str, Span<Exact>)| !figure.1.is_exact() || !figure.1.low.is_zero();
        let mut rows: Vec<(String, String)> = entry
            .figures
            .iter()
            .enumerate()
            .filter(|(at, figure)| *at == 0 || shown(figure))
            .map(|(_, (name, value))| ((*name).to_owned(), span(value, one)))
            .collect();
        rows.extend(entry.part.as_ref().map(|(part, of)| (format!("owed: {} of", part.percent()), one(of))));
        for owing in &entry.owed {
            let due = span(&owing.due, |due| grouped(&minor(*due, currency)));
            let label = match (entry.closed, owing.payer == owing.payee) {
                (_, true) => format!("{} keeps", self.name(&owing.payer)),
                (true, false) => format!("due to {}", self.name(&owing.payee)),
                (false, false) => format!("accrued for {}, not yet due", self.name(&owing.payee)),
            };
            rows.push((label, due));
        }
        figures_table(out, rows, currency);
    }

    fn in_words(&self, terms: &Share) -> String {
        let (payer, payee, rate) = (self.name(&terms.payer), self.name(&terms.payee), rates(&terms.rates));
        let until = terms.until.map_or(String::new(), |until| format!(" until {until}"));
        let (every, since) = (terms.every.as_str(), terms.since);
        let amount = |amount: &Amount| format!("{} {}", grouped(&number(amount)), amount.currency);
        let floor =
            terms.floor.as_ref().map_or(String::new(), |floor| format!(", at least {} each", amount(floor)));
        let cap = match (&terms.cap.period, &terms.cap.total) {
            (Limit::None, Limit::None) => "no cap".to_owned(),
            (period, total) => {
                let bound = |limit: &Limit, of: &str| match limit {
                    Limit::None => None,
                    Limit::Unknown => Some(format!("a cap {of} that is not known")),
                    Limit::Of(most) => Some(format!("at most {} {of}", amount(most))),
                };
                let each = format!("each {every}");
                let bounds = bound(period, &each).into_iter().chain(bound(total, "in all"));
                bounds.collect::<Vec<_>>().join(" and ")
            }
        };
        let conversion = match (terms.currency(), terms.conversion) {
            (Some(currency), Conversion::Average) => format!(", converted to {currency} at average rates"),
            (Some(currency), Conversion::Closing) => format!(", converted to {currency} at closing rates"),
            (_, Conversion::Day) | (None, _) => String::new(),
        };
        format!(
            "{payer} owes {payee} {rate} of revenue, each {every} from {since}{until}{floor}, {cap}{conversion}"
        )
    }
}

fn figures_table(out: &mut String, mut rows: Vec<(String, String)>, currency: Currency) {
    let label = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    in_line(&mut rows.iter_mut().map(|(_, figure)| figure).collect::<Vec<_>>());
    for (name, value) in rows {
        say(out, format_args!("    {name:label$}  {value} {currency}"));
    }
}

fn entry_table(out: &mut String, entry: &ShareEntry) {
    let currency = entry.currency;
    let one = |value: &Exact| money(value, currency);
    let mut rows = vec![
        ("revenue before".to_owned(), one(&entry.base_before)),
        ("revenue in the period".to_owned(), one(&entry.base)),
        ("share before".to_owned(), span(&entry.used_before, one)),
        ("share in the period".to_owned(), span(&entry.share, one)),
        ("share so far".to_owned(), span(&entry.used_after, one)),
    ];
    if let Some(left) = &entry.left {
        rows.push(("left under the cap".to_owned(), span(left, one)));
    }
    for settlement in &entry.settled {
        rows.push((format!("due for {}", settlement.period.told()), due_text(settlement, currency)));
    }
    if let Some(open) = &entry.open {
        rows.push((format!("accrued in {}, not yet due", open.period.told()), due_text(open, currency)));
    }
    figures_table(out, rows, currency);
}

fn due_text(settlement: &Settlement, currency: Currency) -> String {
    span(&settlement.due, |due| grouped(&minor(*due, currency)))
}

fn counts(count: &Count) -> [String; 4] {
    let [calls, estimated, input, output] =
        [count.calls, count.estimated, count.tokens.input, count.tokens.output]
            .map(|n| grouped(&n.to_string()));
    let calls = match (count.calls, count.entered) {
        (_, 0) => calls,
        (0, rows) => format!("{rows} entered"),
        (_, rows) => format!("{calls}, {rows} entered"),
    };
    [calls, estimated, input, output]
}

fn heading(out: &mut String, text: &str) {
    say(out, format_args!("\n{text}"));
}

fn say(out: &mut String, line: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(line);
    assert!(written.is_ok(), "writing to memory does not fail");
    out.push('\n');
}

/// Rows of cells under titles: two names, then figures. `None` is a rule.
struct Grid {
    titles: Vec<&'static str>,
    /// Whether any row has calls, whose tokens are then shown.
    metered: bool,
    rows: Vec<Option<Vec<String>>>,
}

impl Grid {
    fn new(names: [&'static str; 2], metered: bool, money: Option<&'static str>) -> Self {
        let counts = if metered { &["calls", "estimated", "tokens in", "tokens out"][..] } else { &["rows"] };
        Self { titles: names.iter().chain(counts).copied().chain(money).collect(), metered, rows: Vec::new() }
    }

    fn row(&mut self, names: [&str; 2], count: &Count, money: Option<(&str, Currency)>) {
        let mut cells: Vec<String> = names.into_iter().map(str::to_owned).collect();
        if self.metered {
            cells.extend(counts(count));
        } else {
            cells.push(grouped(&count.entered.to_string()));
        }
        cells.extend(money.map(|(money, currency)| format!("{money} {currency}")));
        self.rows.push(Some(cells));
    }

    fn rule(&mut self) {
        self.rows.push(None);
    }

    fn write(mut self, out: &mut String) {
        let mut money: Vec<&mut String> =
            self.rows.iter_mut().flatten().filter_map(|cells| cells.last_mut()).collect();
        in_line(&mut money);
        let mut widths: Vec<usize> = self.titles.iter().map(|title| title.chars().count()).collect();
        for cells in self.rows.iter().flatten() {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1));
        say(
            out,
            format_args!(
                "  {}",
                joined(&self.titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>(), &widths)
                    .trim_end()
            ),
        );
        for row in &self.rows {
            let text = row.as_ref().map_or(rule.clone(), |cells| joined(cells, &widths));
            say(out, format_args!("  {}", text.trim_end()));
        }
    }
}

fn joined(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        if column < 2 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
    });
    padded.collect::<Vec<_>>().join("  ")
}
