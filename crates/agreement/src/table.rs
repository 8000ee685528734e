//! Numbered things: each kind of name gets numbers of its own type, and a table that only that type opens.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Index;

/// A number of one kind.
pub(crate) trait Number: Copy + Ord {
    fn new(number: usize) -> Self;
    fn at(self) -> usize;
}

macro_rules! number {
    ($($name:ident),+) => {
        $(
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
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
    numbers: BTreeMap<K, N>,
    names: Vec<K>,
}

impl<N: Number, K: Ord + Clone + Borrow<str>> Names<N, K> {
    pub(crate) fn new() -> Self {
        Self { numbers: BTreeMap::new(), names: Vec::new() }
    }

    /// The number of `name`, new or old.
    pub(crate) fn add(&mut self, name: K) -> N {
        if let Some(number) = self.numbers.get(name.borrow()) {
            return *number;
        }
        let number = N::new(self.names.len());
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    pub(crate) fn find(&self, name: &str) -> Option<N> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (N, &K)> {
        self.names.iter().enumerate().map(|(at, name)| (N::new(at), name))
    }

    /// Every name as text, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.numbers.keys().map(Borrow::borrow)
    }
}

impl<N: Number, K> Index<N> for Names<N, K> {
    type Output = K;

    #[expect(clippy::indexing_slicing, reason = "numbers are only made for names of their own book")]
    fn index(&self, number: N) -> &K {
        &self.names[number.at()]
    }
}
