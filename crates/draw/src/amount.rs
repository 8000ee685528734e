//! Amounts as people read them: thousands, millions, billions, with as many digits as tell them apart; and round
//! numbers for an axis. Values are whole units of the smallest kind, such as cents.

use crate::svg::Px;

/// What values are counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name, such as `USD`; may be empty.
    pub name: String,
    /// How many decimals of it one whole value is: 2 where values are cents.
    pub decimals: u32,
}

/// A unit made larger, so that values have few digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    unit: Unit,
    /// Thousands of thousands: 3 is a billion.
    steps: u32,
}

const NAMES: [&str; 5] = ["", "thousand", "million", "billion", "trillion"];
/// The ticks that an axis has at most.
const TICKS_MAX: i128 = 6;
/// Values are drawn up to here; what lies beyond is drawn at the edge.
pub(crate) const VALUE_MAX: i128 = 1_000_000_000_000_000_000_000_000_000_000;

impl Scale {
    /// The one in which the largest of `values` has one to three digits before the point.
    #[must_use]
    pub fn fitting(unit: Unit, values: impl IntoIterator<Item = i128>) -> Self {
        let most = values.into_iter().map(i128::unsigned_abs).max().unwrap_or(0);
        let whole = most / 10u128.pow(unit.decimals.min(18));
        let steps = (1..NAMES.len() as u32).take_while(|step| whole >= 1_000u128.pow(*step)).count();
        Self { unit, steps: u32::try_from(steps).unwrap_or(0) }
    }

    /// Its name, such as `billion USD`.
    #[must_use]
    pub fn name(&self) -> String {
        let large =
            usize::try_from(self.steps).ok().and_then(|steps| NAMES.get(steps)).copied().unwrap_or("");
        [large, &self.unit.name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A value in it with so many decimals, rounded half away from zero: `12.35`. A minus is one (U+2212).
    #[must_use]
    pub fn shown(&self, value: i128, decimals: u32) -> String {
        let shift = self.unit.decimals.min(18) + 3 * self.steps;
        let kept = decimals.min(shift);
        let unit = 10u128.pow(shift - kept);
        let rounded = (value.unsigned_abs() + unit / 2) / unit;
        let (whole, part) = (rounded / 10u128.pow(kept), rounded % 10u128.pow(kept));
        let sign = if value < 0 && rounded > 0 { "\u{2212}" } else { "" };
        match kept {
            0 => format!("{sign}{}", grouped(whole)),
            kept => format!("{sign}{}.{part:0>1$}", grouped(whole), kept as usize),
        }
    }

    /// A value with its unit: `12.35 billion USD`.
    #[must_use]
    pub fn told(&self, value: i128, decimals: u32) -> String {
        format!("{} {}", self.shown(value, decimals), self.name()).trim_end().to_owned()
    }

    /// A value as an axis names it: without needless digits.
    pub(crate) fn tick(&self, value: i128) -> String {
        let text = self.shown(value, 6);
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }
}

/// `1234567` is `1,234,567`.
fn grouped(whole: u128) -> String {
    let digits = whole.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}

/// An amount, as far as it is known, and the range it may lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What it is; where that is not known, the least of it, …
    pub value: i128,
    /// … and the most.
    pub upto: i128,
    /// The range it may lie in besides, from here …
    pub low: i128,
    /// … to here.
    pub high: i128,
}

impl Estimate {
    /// An amount that is certain.
    #[must_use]
    pub fn exactly(value: i128) -> Self {
        Self { value, upto: value, low: value, high: value }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.value == self.upto
    }

    /// Where it is drawn when there is room for one place alone.
    pub(crate) fn middle(&self) -> i128 {
        self.value / 2 + self.upto / 2 + (self.value % 2 + self.upto % 2) / 2
    }

    pub(crate) fn all(&self) -> [i128; 4] {
        [self.low, self.value, self.upto, self.high]
    }

    /// `12.00 (10.00 to 15.00)`, or `0.00 to 12.00 (0.00 to 15.00)` where it is not known.
    pub(crate) fn words(&self, scale: &Scale) -> String {
        let one = |value| scale.shown(value, 2);
        let value = match self.is_known() {
            true => one(self.value),
            false => format!("{} to {}", one(self.value), one(self.upto)),
        };
        if (self.low, self.high) == (self.value, self.upto) {
            return value;
        }
        format!("{value} ({} to {})", one(self.low), one(self.high))
    }
}

/// An axis of amounts over places; the first place is that of the lowest value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) low: i128,
    pub(crate) high: i128,
    pub(crate) step: i128,
    pub(crate) from: Px,
    pub(crate) to: Px,
}

impl Axis {
    /// Round numbers around `values`, zero among them when `zero` says so or it lies near.
    pub(crate) fn around(values: impl Iterator<Item = i128>, zero: bool, from: Px, to: Px) -> Self {
        let (mut low, mut high) = values.fold((i128::MAX, i128::MIN), |(low, high), value| {
            (low.min(value.max(-VALUE_MAX)), high.max(value.min(VALUE_MAX)))
        });
        if low > high {
            (low, high) = (0, 0);
        }
        if zero {
            (low, high) = (low.min(0), high.max(0));
        }
        if low == high {
            high = low + 1;
        }
        let step = round_step(high - low);
        Self { low: low.div_euclid(step) * step, high: -(-high).div_euclid(step) * step, step, from, to }
    }

    pub(crate) fn place(&self, value: i128) -> Px {
        let into = value.clamp(self.low, self.high) - self.low;
        let length = i128::from(self.to - self.from);
        self.from + Px::try_from(into * length / (self.high - self.low).max(1)).unwrap_or(0)
    }

    pub(crate) fn ticks(&self) -> impl Iterator<Item = i128> + use<> {
        let (low, high, step) = (self.low, self.high, self.step);
        std::iter::successors(Some(low), move |tick| Some(tick + step)).take_while(move |tick| *tick <= high)
    }
}

/// The smallest of 1, 2, 5, 10, 20 and so on that cuts `range` into few enough parts.
fn round_step(range: i128) -> i128 {
    let mut power = 1i128;
    loop {
        for times in [1, 2, 5] {
            if range / (times * power) < TICKS_MAX {
                return times * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    fn usd() -> Unit {
        Unit { name: "USD".to_owned(), decimals: 2 }
    }

    #[test]
    fn the_largest_amount_sets_the_unit() {
        let told = |values: &[i128]| {
            let scale = Scale::fitting(usd(), values.iter().copied());
            let shown: Vec<_> = values.iter().map(|value| scale.shown(*value, 2)).collect();
            format!("{} in {}\n", shown.join(" "), scale.name())
        };
        let rows: [&[i128]; 6] =
            [&[], &[0, 5], &[99_999, 12_345], &[100_000], &[3_800_000_000_000, -123_456_789_012], &[-4]];
        expect![[r#"
             in USD
            0.00 0.05 in USD
            999.99 123.45 in USD
            1.00 in thousand USD
            38.00 −1.23 in billion USD
            −0.04 in USD
        "#]]
        .assert_eq(&rows.iter().map(|row| told(row)).collect::<String>());
    }

    #[test]
    fn axes_have_round_numbers() {
        let row = |values: &[i128], zero| {
            let axis = Axis::around(values.iter().copied(), zero, 0, 100);
            let scale = Scale::fitting(usd(), [axis.low, axis.high]);
            let ticks: Vec<_> = axis.ticks().map(|tick| scale.tick(tick)).collect();
            format!("{} {}\n", ticks.join(" "), scale.name())
        };
        let all = [
            row(&[0, 3_800_000_000_000], true),
            row(&[-123, 456], true),
            row(&[1_700_000_000, 2_400_000_000], false),
            row(&[7], false),
            row(&[], true),
        ];
        expect![[r#"
            0 10 20 30 40 billion USD
            −2 −1 0 1 2 3 4 5 USD
            16 18 20 22 24 million USD
            0.07 0.08 USD
            0 0.01 USD
        "#]]
        .assert_eq(&all.concat());
    }

    proptest! {
        #[test]
        fn an_axis_holds_its_values(values in prop::collection::vec(-10i128.pow(29)..10i128.pow(29), 1..5), zero: bool) {
            let axis = Axis::around(values.iter().copied(), zero, 300, 10_000);
            prop_assert!(axis.ticks().count() <= 9 && axis.ticks().count() >= 2);
            for value in values {
                prop_assert!((300..=10_000).contains(&axis.place(value)));
                prop_assert!(axis.low <= value && value <= axis.high);
            }
        }
    }
}
