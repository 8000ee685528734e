//! Conditions as they are said.

use super::{Teller, words};
use crate::syntax::clause::ClauseRow;
use crate::syntax::condition::{Arg, Expr, Order, Term};

/// How a term is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Holds,
    Fails,
    /// As something that happened: `90 days have passed since …`.
    Past,
}

impl Teller<'_> {
    /// The conditions in words, and what the questions and events in them ask, each once.
    pub(super) fn conditions(&self, row: &ClauseRow) -> Vec<String> {
        let mut texts = Vec::new();
        let mut names = Vec::new();
        for (frame, condition) in
            [("It counts only while", &row.holds_if), ("It does not count while", &row.unless)]
        {
            if let Some(condition) = condition {
                texts.push(format!("{frame} {}.", self.said(&condition.value, false)));
                condition.value.names(&mut names);
            }
        }
        for (at, name) in names.iter().enumerate() {
            if let Some(ask) = self.asks.get(name).filter(|_| !names.iter().take(at).any(|seen| seen == name))
            {
                texts.push(format!("`{name}` asks: {ask}"));
            }
        }
        texts
    }

    fn said(&self, expr: &Expr, inner: bool) -> String {
        let framed = |text: String| if inner { format!("({text})") } else { text };
        let parts = |parts: &[Expr]| parts.iter().map(|part| self.said(part, true)).collect::<Vec<_>>();
        match expr {
            Expr::Any(all) => framed(parts(all).join(", or ")),
            Expr::All(all) => framed(parts(all).join(" and ")),
            Expr::Not(inner) => match inner.as_ref() {
                Expr::Term(term) => self.term_said(term, Form::Fails),
                Expr::Any(_) | Expr::All(_) | Expr::Not(_) | Expr::Amount(..) => {
                    format!("it is not so that {}", self.said(inner, true))
                }
            },
            Expr::Term(term) => self.term_said(term, Form::Holds),
            Expr::Amount(term, order, amount) => {
                let order = match order {
                    Order::AtLeast => "at least",
                    Order::Above => "more than",
                    Order::AtMost => "at most",
                    Order::Below => "less than",
                };
                format!("{} is {order} {}", self.measure(term), words::money(&amount.value))
            }
        }
    }

    fn term_said(&self, term: &Term, form: Form) -> String {
        let name = term.name.value.as_str();
        let args: Vec<_> = term.args.iter().flatten().map(|arg| self.arg(arg)).collect();
        let has = match form {
            Form::Holds => " has been",
            Form::Fails => " has not been",
            Form::Past => " was",
        };
        match (name, args.as_slice()) {
            ("before", [day]) => match form {
                Form::Holds | Form::Past => format!("it is before {day}"),
                Form::Fails => format!("it is {day} or later"),
            },
            ("after", [what, span]) => {
                let span = words::span(span);
                let not = if form == Form::Fails { "not yet " } else { "" };
                format!("{span} have {not}passed since {what}")
            }
            ("launched", [product, channel]) => format!("{product}{has} launched through {channel}"),
            ("offered", [from, to, product]) => format!("{product}{has} offered to {to} by {from}"),
            ("accepted", [by, from, product]) => format!("{product}{has} taken by {by} as {from} offered it"),
            ("declined", [by, from, product]) => {
                format!("{product}{has} declined by {by} when {from} offered it")
            }
            _ => self.open(name, &args, form),
        }
    }

    /// A question or an event of the book.
    fn open(&self, name: &str, args: &[String], form: Form) -> String {
        let is_question = self.book.words.questions.find(name).is_some();
        let of = if args.is_empty() { String::new() } else { format!(" of {}", words::all(args.to_vec())) };
        let verb = match (is_question, form) {
            (true, Form::Holds | Form::Past) => "is answered yes",
            (true, Form::Fails) => "is not answered yes",
            (false, Form::Holds) => "has come to pass",
            (false, Form::Fails) => "has not come to pass",
            (false, Form::Past) => "came to pass",
        };
        format!("`{name}`{of} {verb}")
    }

    fn measure(&self, term: &Term) -> String {
        let args: Vec<_> = term.args.iter().flatten().map(|arg| self.arg(arg)).collect();
        match (term.name.value.as_str(), args.as_slice()) {
            ("spend", [who, where_to]) => format!("what {who} has spent with {where_to}"),
            ("revenue", [who]) => format!("what {who} has taken in"),
            ("revenue", [who, of]) => format!("what {who} has taken in from {of}"),
            (name, args) => format!("`{name}({})`", args.join(", ")),
        }
    }

    fn arg(&self, arg: &Arg) -> String {
        match arg {
            Arg::Text(text) => text.value.clone(),
            Arg::Term(term) if term.args.is_some() => self.term_said(term, Form::Past),
            Arg::Term(term) => match term.name.value.as_str() {
                "actor" => "whoever acts".to_owned(),
                "channel" => "the channel in question".to_owned(),
                "product" => "the product in question".to_owned(),
                name if self.parties.contains_key(name) => self.party(Some(&term.name)),
                name if crate::calendar::day(name).is_some() => name.to_owned(),
                name if self.asks.contains_key(name) => self.open(name, &[], Form::Past),
                name => format!("`{name}`"),
            },
        }
    }
}
