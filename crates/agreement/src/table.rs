//! Numbered things: each kind of name gets numbers of its own type, and a table that only that type opens.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::{Bound, Index};

/// A number of one kind.
pub(crate) trait Number: Copy + Ord {
    fn new(number: usize) -> Self;
    fn at(self) -> usize;
}

macro_rules! number {
    ($($name:ident),+) => {
        $(
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
            pub(crate) struct $name(u32);

            impl Number for $name {
                fn new(number: usize) -> Self {
                    // Numbers count entries of files whose total size is bounded far below u32.
                    Self(u32::try_from(number).unwrap_or(u32::MAX))
                }
                fn at(self) -> usize {
                    self.0 as usize
                }
            }
        )+
    };
}
number!(PartyNo, ChannelNo, ProductNo, ClassNo, SegmentNo, TerritoryNo, QuestionNo, MeasureNo, ClauseNo);

/// Entries opened by their number.
#[derive(Debug, Clone)]
pub(crate) struct Table<N, T> {
    entries: Vec<T>,
    number: PhantomData<N>,
}

impl<N: Number, T> Table<N, T> {
    pub(crate) fn new(entries: Vec<T>) -> Self {
        Self { entries, number: PhantomData }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (N, &T)> {
        self.entries.iter().enumerate().map(|(at, entry)| (N::new(at), entry))
    }
}

impl<N: Number, T> Index<N> for Table<N, T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "numbers are only made for entries of their own book")]
    fn index(&self, number: N) -> &T {
        &self.entries[number.at()]
    }
}

/// Names, numbered in the order they were declared.
#[derive(Debug, Clone)]
pub(crate) struct Names<N, K> {
    names: Vec<K>,
    /// Where names are found by their hash: numbers, each in the first free slot from its own on.
    ///
    /// Invariant: a power of two long, and at most half full.
    slots: Vec<Option<N>>,
    sorted: BTreeSet<K>,
}

impl<N: Number, K: Ord + Clone + Borrow<str>> Names<N, K> {
    pub(crate) fn new() -> Self {
        Self { names: Vec::new(), slots: vec![None; 2], sorted: BTreeSet::new() }
    }

    /// The number of `name`, new or old.
    pub(crate) fn add(&mut self, name: K) -> N {
        if let Some(number) = self.find(name.borrow()) {
            return number;
        }
        let number = N::new(self.names.len());
        self.names.push(name.clone());
        self.sorted.insert(name);
        if self.names.len() * 2 > self.slots.len() {
            self.slots = vec![None; self.slots.len() * 2];
            (0..self.names.len()).for_each(|at| self.seat(N::new(at)));
        } else {
            self.seat(number);
        }
        number
    }

    fn seat(&mut self, number: N) {
        let mask = self.slots.len() - 1;
        let mut at = hash(self[number].borrow()) & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.is_none() {
                *slot = Some(number);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<N> {
        let mask = self.slots.len() - 1;
        let mut at = hash(name) & mask;
        while let Some(number) = self.slots.get(at).copied().flatten() {
            if self[number].borrow() == name {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (N, &K)> {
        self.names.iter().enumerate().map(|(at, name)| (N::new(at), name))
    }

    /// The names whose text begins so, in order: for paths, all below one are among them.
    pub(crate) fn beginning(&self, text: &str) -> impl Iterator<Item = (N, &K)> {
        let from = self.sorted.range::<str, _>((Bound::Included(text), Bound::Unbounded));
        from.take_while(move |name| (*name).borrow().starts_with(text))
            .filter_map(|name| Some((self.find(name.borrow())?, name)))
    }

    /// Every name as text, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.sorted.iter().map(Borrow::borrow)
    }
}

/// A hash of a short text: eight bytes at a time, multiplied and folded. Its places never leave the table, so they need
/// no order; who writes a book gains nothing by making them collide.
fn hash(text: &str) -> usize {
    let fold = |state: u64, word: u64| {
        let wide = u128::from(state ^ word) * 0x9e37_79b9_7f4a_7c15_u128;
        (wide as u64) ^ ((wide >> u64::BITS) as u64)
    };
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let state = words.iter().fold(text.len() as u64, |state, word| fold(state, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    fold(state, rest) as usize
}

impl<N: Number, K> Index<N> for Names<N, K> {
    type Output = K;

    #[expect(clippy::indexing_slicing, reason = "numbers are only made for names of their own book")]
    fn index(&self, number: N) -> &K {
        &self.names[number.at()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_under_its_number_and_no_other_is() {
        let mut names: Names<PartyNo, String> = Names::new();
        let name = |n: usize| format!("{}party{n}", "x".repeat(n % 19));
        for n in 0..2_000 {
            assert_eq!(names.add(name(n)).at(), n);
            assert_eq!(names.add(name(n / 2)).at(), n / 2, "a name keeps its number");
        }
        assert_eq!(names.len(), 2_000);
        assert!((0..2_000).all(|n| names.find(&name(n)) == Some(PartyNo::new(n))));
        assert!((2_000..4_000).all(|n| names.find(&name(n)).is_none()));
        assert!(names.find("").is_none() && names.words().is_sorted());
        for text in ["", "xxxparty", "xxxparty11", "xxxparty116", "y"] {
            let mut expected: Vec<_> = (0..2_000).map(name).filter(|name| name.starts_with(text)).collect();
            expected.sort_unstable();
            let found: Vec<_> = names.beginning(text).map(|(number, _)| names[number].clone()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
