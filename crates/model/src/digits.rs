//! Numbers as hexadecimal digits of a fixed width, as ids and hashes are spelt.

use std::fmt;

/// `N` digits, in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits<const N: usize>([u8; N]);

impl<const N: usize> Digits<N> {
    /// The last `N` digits of a number.
    #[must_use]
    pub fn of(number: u128) -> Self {
        let mut digits = [b'0'; N];
        let mut rest = number;
        for place in digits.iter_mut().rev() {
            // The remainder is below sixteen.
            let digit = (rest & 15) as u8;
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            rest >>= 4;
        }
        Self(digits)
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Digits;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number in any::<u128>(), narrow in any::<u32>()) {
            prop_assert_eq!(Digits::<32>::of(number).to_string(), format!("{number:032x}"));
            prop_assert_eq!(Digits::<8>::of(u128::from(narrow)).to_string(), format!("{narrow:08x}"));
        }
    }
}
