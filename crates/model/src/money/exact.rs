//! Rational numbers without bound. What fits two integers of 128 bits, as nearly every amount does, is worked out in
//! them; the rest by `num-rational`. Which of the two holds a number is its own business: equal numbers are equal.

use super::{Amount, Currency, MoneyError, PICO};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// Decimals of a percentage that does not end.
const PERCENT_DECIMALS: u32 = 4;

/// An exact rational number without bound.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Exact(Held);

/// Invariant: in lowest terms with a denominator above zero, and `Small` whenever both parts fit.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Held {
    Small(Small),
    Large(Box<BigRational>),
}

/// `over / under`, in lowest terms; `under` is above zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Small {
    over: i128,
    under: i128,
}

impl Exact {
    /// Zero.
    #[must_use]
    pub const fn zero() -> Self {
        Self::whole(0)
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(n: i128) -> Self {
        Self(Held::Small(Small { over: n, under: 1 }))
    }

    /// `numerator / denominator`; `None` when the denominator is zero.
    #[must_use]
    pub fn ratio(numerator: i128, denominator: i128) -> Option<Self> {
        let small = Small::reduced(numerator, denominator).map(Self::small);
        (denominator != 0).then(|| {
            small.unwrap_or_else(|| Self::large(BigRational::new(numerator.into(), denominator.into())))
        })
    }

    /// As a percentage: `1/5` is `20%`, `1/3` is `≈ 33.3333%`, rounded to four decimals.
    #[must_use]
    pub fn percent(&self) -> String {
        let hundredths = self * &Self::whole(100);
        match hundredths.rounded(PERCENT_DECIMALS).filter(|_| hundredths.to_string().contains('/')) {
            Some(near) => format!("≈ {near}%"),
            None => format!("{hundredths}%"),
        }
    }

    /// The nearest number of so many decimals, ties to the even one; `None` beyond i128.
    #[must_use]
    pub fn rounded(&self, decimals: u32) -> Option<Self> {
        let digits = self.times_power_of_ten(decimals).round_half_even()?;
        &Self::whole(digits) / &Self::whole(10i128.checked_pow(decimals)?)
    }

    /// Parses a decimal number such as `-1_250.50`, or a percentage such as `20%`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Number(text.to_owned());
        match text.strip_suffix('%') {
            Some(percent) => {
                let number = Self::decimal(percent.trim()).map_err(|_| wrong())?;
                (&number / &Self::whole(100)).ok_or_else(wrong)
            }
            None => Self::decimal(text),
        }
    }

    /// Parses a decimal number such as `-1_250.50`, and no percentage.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn decimal(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Number(text.to_owned());
        let (negative, body) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = body.split_once('.').unwrap_or((body, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let framed = |t: &str| t.starts_with('_') || t.ends_with('_');
        if !digits(whole) || !digits(part) || framed(whole) || framed(part) || body.len() > 80 {
            return Err(wrong());
        }
        let joined: String = whole.chars().chain(part.chars()).filter(|c| *c != '_').collect();
        let decimals = part.bytes().filter(|b| *b != b'_').count();
        let numerator: BigInt = joined.parse().map_err(|_| wrong())?;
        let value = Self::large(BigRational::new(numerator, BigInt::from(10).pow(decimals as u32)));
        Ok(if negative { -value } else { value })
    }

    /// As an [`Amount`], when it is a whole number of trillionths that fits.
    #[must_use]
    pub fn to_amount(&self, currency: Currency) -> Option<Amount> {
        let pico = match &(self * &Self::whole(PICO)).0 {
            Held::Small(Small { over, under: 1 }) => Some(*over),
            Held::Small(_) | Held::Large(_) => None,
        };
        pico.map(|pico| Amount { pico, currency })
    }

    /// Minor units of `currency`, rounded half to even (IEEE 754 roundTiesToEven); `None` beyond i128.
    #[must_use]
    pub fn to_minor(&self, currency: Currency) -> Option<i128> {
        self.times_power_of_ten(currency.decimals()).round_half_even()
    }

    /// The nearest whole number, ties to the even one; `None` beyond i128.
    #[must_use]
    pub fn round_half_even(&self) -> Option<i128> {
        match &self.0 {
            Held::Small(Small { over, under: 1 }) => Some(*over),
            Held::Small(Small { over, under }) => {
                let (floor, rest) = (over.div_euclid(*under), over.rem_euclid(*under));
                // Compared by halves of the denominator, so that nothing overflows.
                let up = match rest.cmp(&(under - rest)) {
                    Ordering::Less => 0,
                    Ordering::Greater => 1,
                    Ordering::Equal => floor & 1,
                };
                floor.checked_add(up)
            }
            Held::Large(large) => {
                let floor = large.floor();
                let rest = &**large - &floor;
                let half = BigRational::new(1.into(), 2.into());
                let low = floor.to_integer();
                let odd = &low % BigInt::from(2) != BigInt::zero();
                let up = rest > half || (rest == half && odd);
                (if up { low + 1 } else { low }).to_i128()
            }
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Held::Small(small) => small.over < 0,
            Held::Large(large) => large.is_negative(),
        }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        // Zero is small.
        matches!(self.0, Held::Small(Small { over: 0, .. }))
    }

    fn times_power_of_ten(&self, n: u32) -> Self {
        match 10i128.checked_pow(n) {
            Some(power) => self * &Self::whole(power),
            None => Self::large(self.to_large() * BigInt::from(10).pow(n)),
        }
    }

    const fn small(small: Small) -> Self {
        Self(Held::Small(small))
    }

    /// Holds a number that was worked out at length: small where it fits.
    fn large(large: BigRational) -> Self {
        match (large.numer().to_i128(), large.denom().to_i128()) {
            (Some(over), Some(under)) => Self::small(Small { over, under }),
            _ => Self(Held::Large(Box::new(large))),
        }
    }

    fn to_large(&self) -> BigRational {
        match &self.0 {
            Held::Small(Small { over, under }) => BigRational::new_raw((*over).into(), (*under).into()),
            Held::Large(large) => (**large).clone(),
        }
    }

    /// By 128 bits where both numbers and what comes of them fit, else at length.
    fn combined(
        &self,
        other: &Self,
        small: impl Fn(Small, Small) -> Option<Small>,
        large: impl Fn(BigRational, BigRational) -> BigRational,
    ) -> Self {
        let quick = match (&self.0, &other.0) {
            (Held::Small(a), Held::Small(b)) => small(*a, *b),
            (Held::Small(_) | Held::Large(_), Held::Small(_) | Held::Large(_)) => None,
        };
        quick.map_or_else(|| Self::large(large(self.to_large(), other.to_large())), Self::small)
    }
}

impl Small {
    /// `None` when it does not fit, or `under` is zero.
    fn reduced(over: i128, under: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(over.unsigned_abs(), under.unsigned_abs())).ok()?;
        let (over, under) = (over.checked_div(divisor)?, under.checked_div(divisor)?);
        match under.signum() {
            1 => Some(Self { over, under }),
            -1 => Some(Self { over: over.checked_neg()?, under: under.checked_neg()? }),
            _ => None,
        }
    }

    /// Knuth, The Art of Computer Programming, 4.5.1: what denominators share is taken out before it is multiplied in.
    fn plus(self, other: Self) -> Option<Self> {
        if self.under == other.under {
            let over = self.over.checked_add(other.over)?;
            return if self.under == 1 {
                Some(Self { over, under: 1 })
            } else {
                Self::reduced(over, self.under)
            };
        }
        let shared = divisor(self.under, other.under);
        let (left, right) = (self.under / shared, other.under / shared);
        let over = self.over.checked_mul(right)?.checked_add(other.over.checked_mul(left)?)?;
        let common = if shared == 1 {
            1
        } else {
            i128::try_from(gcd(over.unsigned_abs(), shared.unsigned_abs())).ok()?
        };
        Some(Self { over: over / common, under: left.checked_mul(other.under / common)? })
    }

    fn negated(self) -> Option<Self> {
        Some(Self { over: self.over.checked_neg()?, under: self.under })
    }

    fn times(self, other: Self) -> Option<Self> {
        let (first, second) = (cross(self.over, other.under)?, cross(other.over, self.under)?);
        let over = (self.over / first).checked_mul(other.over / second)?;
        let under = (self.under / second).checked_mul(other.under / first)?;
        Some(Self { over, under })
    }

    fn inverse(self) -> Option<Self> {
        match self.over.signum() {
            1 => Some(Self { over: self.under, under: self.over }),
            -1 => Some(Self { over: self.under.checked_neg()?, under: self.over.checked_neg()? }),
            _ => None,
        }
    }

    /// `None` where the products do not fit.
    fn compared(self, other: Self) -> Option<Ordering> {
        if self.under == other.under {
            return Some(self.over.cmp(&other.over));
        }
        if self.over.signum() != other.over.signum() {
            return Some(self.over.signum().cmp(&other.over.signum()));
        }
        Some(self.over.checked_mul(other.under)?.cmp(&other.over.checked_mul(self.under)?))
    }
}

/// What a numerator and the other's denominator share.
fn cross(over: i128, under: i128) -> Option<i128> {
    if under == 1 { Some(1) } else { i128::try_from(gcd(over.unsigned_abs(), under.unsigned_abs())).ok() }
}

/// What two denominators share.
fn divisor(a: i128, b: i128) -> i128 {
    if a == 1 || b == 1 { 1 } else { i128::try_from(gcd(a.unsigned_abs(), b.unsigned_abs())).unwrap_or(1) }
}

/// Euclid's, in 64 bits as soon as both fit, where a division is one instruction.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
            return u128::from(short_gcd(a, b));
        }
        (a, b) = (b, a % b);
    }
    a
}

fn short_gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Default for Exact {
    fn default() -> Self {
        Self::zero()
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let quick = match (&self.0, &other.0) {
            (Held::Small(a), Held::Small(b)) => a.compared(*b),
            (Held::Small(_) | Held::Large(_), Held::Small(_) | Held::Large(_)) => None,
        };
        quick.unwrap_or_else(|| self.to_large().cmp(&other.to_large()))
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Exact {
    /// A decimal when it ends, `a/b` otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_large();
        for decimals in 0..=18u32 {
            let scaled = &value * BigInt::from(10).pow(decimals);
            if scaled.is_integer() {
                let digits = format!("{:0>1$}", scaled.to_integer().abs(), decimals as usize + 1);
                let (whole, part) = digits.split_at(digits.len() - decimals as usize);
                let sign = if value.is_negative() { "-" } else { "" };
                let point = if part.is_empty() { "" } else { "." };
                return write!(f, "{sign}{whole}{point}{part}");
            }
        }
        write!(f, "{value}")
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> Add<&'a Exact> for &'a Exact {
    type Output = Exact;
    fn add(self, other: &'a Exact) -> Exact {
        self.combined(other, Small::plus, |a, b| a + b)
    }
}

impl<'a> Sub<&'a Exact> for &'a Exact {
    type Output = Exact;
    fn sub(self, other: &'a Exact) -> Exact {
        self.combined(other, |a, b| a.plus(b.negated()?), |a, b| a - b)
    }
}

impl<'a> Mul<&'a Exact> for &'a Exact {
    type Output = Exact;
    fn mul(self, other: &'a Exact) -> Exact {
        self.combined(other, Small::times, |a, b| a * b)
    }
}

macro_rules! of_values {
    ($trait:ident, $method:ident) => {
        impl $trait for Exact {
            type Output = Exact;
            fn $method(self, other: Exact) -> Exact {
                $trait::$method(&self, &other)
            }
        }
    };
}
of_values!(Add, add);
of_values!(Sub, sub);
of_values!(Mul, mul);

impl Div<&Exact> for &Exact {
    /// `None` when dividing by zero.
    type Output = Option<Exact>;
    fn div(self, other: &Exact) -> Option<Exact> {
        (!other.is_zero()).then(|| self.combined(other, |a, b| a.times(b.inverse()?), |a, b| a / b))
    }
}

impl Neg for Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        &Exact::zero() - &self
    }
}

impl AddAssign<&Exact> for Exact {
    fn add_assign(&mut self, other: &Exact) {
        *self = &*self + other;
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(parts: I) -> Exact {
        parts.fold(Exact::zero(), |total, part| total + part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers of all sizes, many of them at the edges of 128 bits, and what they are at length.
    fn number() -> impl Strategy<Value = (Exact, BigRational)> {
        let edge = prop::sample::select(vec![0, 1, -1, 2, 10, i128::MAX, i128::MIN, i128::MIN + 1, PICO]);
        let part = prop_oneof![edge, -1_000i128..1_000, any::<i64>().prop_map(i128::from), any::<i128>()];
        (part.clone(), part.clone(), part).prop_map(|(over, under, more)| {
            let under = if under == 0 { 1 } else { under };
            let large = BigRational::new(over.into(), under.into()) * BigInt::from(more);
            (&Exact::ratio(over, under).unwrap() * &Exact::whole(more), large)
        })
    }

    proptest! {
        #[test]
        fn every_number_is_what_it_is_at_length((a, large_a) in number(), (b, large_b) in number()) {
            let same = |exact: &Exact, large: BigRational| {
                prop_assert_eq!(exact.to_large(), large.clone());
                // One number has one form, so that equal ones are equal and hash alike.
                prop_assert_eq!(exact, &Exact::large(large));
                Ok(())
            };
            same(&a, large_a.clone())?;
            same(&(&a + &b), &large_a + &large_b)?;
            same(&(&a - &b), &large_a - &large_b)?;
            same(&(&a * &b), &large_a * &large_b)?;
            same(&-a.clone(), -large_a.clone())?;
            match &a / &b {
                Some(quotient) => same(&quotient, &large_a / &large_b)?,
                None => prop_assert!(large_b.is_zero()),
            }
            prop_assert_eq!(a.cmp(&b), large_a.cmp(&large_b));
            prop_assert_eq!((a.is_negative(), a.is_zero()), (large_a.is_negative(), large_a.is_zero()));
            let half = BigRational::new(1.into(), 2.into());
            if let Some(rounded) = a.round_half_even() {
                let rest = &large_a - BigInt::from(rounded);
                prop_assert!(rest.abs() < half || (rest.abs() == half && rounded % 2 == 0));
            } else {
                prop_assert!(large_a.abs() + half >= BigRational::from_integer(i128::MAX.into()));
            }
        }
    }
}
