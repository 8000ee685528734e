//! The numbers of a scenario: amounts, percentages, and how others are drawn.

use super::{Check, Head};
use crate::diagnostic::{Spot, Word};
use crate::syntax::scenario::{ChanceRow, NumberRow};
use abide_model::money::{Amount, Currency, Exact};
use abide_model::scenario::{Quantity, Shape};

/// What a number is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Money(Option<Currency>),
    Percent,
}

impl Check<'_> {
    pub(super) fn amount(&mut self, row: &NumberRow, stream: &Word, head: &Head) -> Option<Quantity> {
        self.quantity(row, Kind::Money(head.currency), &format!("{}.amount", stream.value))
    }

    pub(super) fn growth(&mut self, row: &NumberRow, stream: &Word) -> Option<Quantity> {
        self.quantity(row, Kind::Percent, &format!("{}.growth", stream.value))
    }

    /// What a unit costs.
    pub(super) fn price(&mut self, row: &NumberRow, stream: &Word, head: &Head) -> Option<Quantity> {
        let found = self.quantity(row, Kind::Money(head.currency), &format!("{}.price", stream.value))?;
        if let (NumberRow::Given(word), Quantity::Fixed(amount)) = (row, &found)
            && amount.is_zero()
        {
            self.sink
                .error("bad-money", word.spot, "a unit costs more than nothing")
                .help("write what one of them costs, or leave `price` out: then no units are counted");
        }
        Some(found)
    }

    pub(super) fn worth(&mut self, row: &NumberRow, draw: &str, head: &Head) -> Option<Quantity> {
        self.quantity(row, Kind::Money(head.currency), draw)
    }

    /// An amount in the scenario's currency, where that is known; not below zero.
    pub(super) fn money(&mut self, word: &Word, currency: Option<Currency>) -> Option<Exact> {
        let amount = match Amount::parse(&word.value) {
            Ok(amount) => amount,
            Err(wrong) => {
                let like = crate::meant::amount(&word.value).unwrap_or("2_000_000 USD".to_owned());
                self.sink
                    .error("bad-money", word.spot, wrong.to_string())
                    .help(format!("write a decimal number, a space and a currency: \"{like}\""));
                return None;
            }
        };
        if let Some(currency) = currency.filter(|currency| *currency != amount.currency) {
            let message = format!("this is in {}, and the scenario in {currency}", amount.currency);
            self.sink
                .error("bad-money", word.spot, message)
                .help(format!("a scenario has one currency: write what it is in {currency}"));
            return None;
        }
        if amount.pico < 0 {
            self.sink
                .error("bad-money", word.spot, "an amount of a scenario is not below zero")
                .help("what is sold is revenue, what is bought is a purchase: both are written above zero");
            return None;
        }
        Some(amount.exact())
    }

    /// A percentage from 0 % to 100 %.
    pub(super) fn part(&mut self, word: &Word) -> Option<Exact> {
        let part = self.percent(word)?;
        if part.is_negative() || part > Exact::whole(1) {
            self.sink
                .error("bad-rate", word.spot, "this is at least 0% and at most 100%")
                .help("write a part of the whole, such as \"40%\"");
            return None;
        }
        Some(part)
    }

    fn percent(&mut self, word: &Word) -> Option<Exact> {
        let found = Exact::parse(&word.value).ok().filter(|_| word.value.ends_with('%'));
        if found.is_none() {
            let like = crate::meant::percent(&word.value).unwrap_or("40%".to_owned());
            self.sink
                .error("bad-rate", word.spot, format!("`{}` is not a percentage", word.value))
                .help(format!("write a number and a percent sign: \"{like}\""));
        }
        found
    }

    fn quantity(&mut self, row: &NumberRow, kind: Kind, draw: &str) -> Option<Quantity> {
        match row {
            NumberRow::Given(word) => self.number(word, kind).map(Quantity::Fixed),
            NumberRow::Drawn(row) => {
                let shape = self.shape(row, kind)?;
                let draw = row.draw.as_ref().map_or(draw, |word| word.value.as_str());
                Some(Quantity::Random { shape, draw: draw.to_owned() })
            }
        }
    }

    fn number(&mut self, word: &Word, kind: Kind) -> Option<Exact> {
        match kind {
            Kind::Money(currency) => self.money(word, currency),
            Kind::Percent => {
                let percent = self.percent(word)?;
                if percent < Exact::whole(-1) {
                    self.sink
                        .error("bad-rate", word.spot, "nothing shrinks by more than 100%")
                        .help("write -100% where nothing is left after a step");
                    return None;
                }
                Some(percent)
            }
        }
    }

    fn shape(&mut self, row: &ChanceRow, kind: Kind) -> Option<Shape> {
        let word = row.shape.as_ref()?;
        let wanted: &[&'static str] = match word.value.as_str() {
            "uniform" => &["low", "high"],
            "triangular" => &["low", "mode", "high"],
            "normal" => &["mean", "deviation"],
            "lognormal" => &["median", "p90"],
            _ => {
                self.unknown_word(word, "shape", &["uniform", "triangular", "normal", "lognormal"]);
                return None;
            }
        };
        for (name, given) in row.values.iter().filter(|(name, _)| !wanted.contains(name)) {
            let listed: Vec<_> = wanted.iter().map(|name| format!("`{name}`")).collect();
            self.sink
                .error("wrong-key", given.spot, format!("`{}` has no `{name}`", word.value))
                .help(format!("it is described by {}", listed.join(", ")));
        }
        let values: Vec<Option<(Exact, Spot)>> =
            wanted.iter().map(|name| self.value(row, word, name, kind)).collect();
        let values: Vec<(Exact, Spot)> = values.into_iter().collect::<Option<_>>()?;
        self.described(&word.value, wanted, &values)
    }

    fn value(&mut self, row: &ChanceRow, shape: &Word, name: &str, kind: Kind) -> Option<(Exact, Spot)> {
        let Some((_, word)) = row.values.iter().find(|(given, _)| *given == name) else {
            let like = match kind {
                Kind::Money(currency) => format!("1_000_000 {}", currency.unwrap_or(Currency::USD)),
                Kind::Percent => "40%".to_owned(),
            };
            self.sink
                .error("missing-key", row.spot, format!("`{}` needs `{name}`", shape.value))
                .help(format!("add it to the others, such as {name} = \"{like}\""));
            return None;
        };
        self.number(word, kind).map(|number| (number, word.spot))
    }

    fn described(&mut self, shape: &str, wanted: &[&str], values: &[(Exact, Spot)]) -> Option<Shape> {
        let risen = values.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a <= b));
        let flat = matches!((values.first(), values.last()), (Some((a, _)), Some((b, _))) if a == b);
        let ((low, _), (high, spot)) = (values.first()?.clone(), values.last()?.clone());
        match (shape, values) {
            ("normal", _) if high.is_negative() => {
                self.sink
                    .error("shape", spot, "a deviation is not below zero")
                    .help("it says how far from the mean most draws lie, such as \"10%\"");
                None
            }
            ("normal", _) => Some(Shape::Normal { mean: low, deviation: high }),
            (_, _) if !risen || flat => {
                let names = wanted.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                self.sink
                    .error("shape", spot, "these numbers do not rise from the first to the last")
                    .help(format!("{names} of a `{shape}` rise in this order"));
                None
            }
            ("lognormal", _) if low <= Exact::zero() => {
                self.sink.error("shape", spot, "a `lognormal` needs a median above zero").help(
                    "what may be nothing or less is better drawn as `normal`, `uniform` or `triangular`",
                );
                None
            }
            ("lognormal", _) => Some(Shape::Lognormal { median: low, p90: high }),
            ("triangular", [_, (mode, _), _]) => Some(Shape::Triangular { low, mode: mode.clone(), high }),
            (_, _) => Some(Shape::Uniform { low, high }),
        }
    }
}
