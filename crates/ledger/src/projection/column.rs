//! One figure in every future, kept as small as it can be: nothing more than its tenths and its middle are asked of it.

use super::{Figure, Reached};
use crate::share::Span;
use abide_model::Date;

/// A figure of every future so far, in minor units.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// What all of them come to, as long as they come to the same, and how many they are.
    same: Span<i128>,
    count: usize,
    /// Everything, once two differ.
    ends: Option<Ends>,
}

/// Both ends of a figure; the higher ones where any differs from its lower one.
#[derive(Debug, Clone)]
struct Ends {
    low: Numbers,
    high: Option<Numbers>,
}

/// Numbers in 64 bits, until one needs more.
#[derive(Debug, Clone)]
enum Numbers {
    Small(Vec<i64>),
    Large(Vec<i128>),
}

impl Column {
    pub(super) fn push(&mut self, one: Span<i128>) {
        if self.count == 0 {
            self.same = one;
        }
        if self.ends.is_none() && one != self.same {
            let mut ends = Ends { low: Numbers::Small(Vec::new()), high: None };
            (0..self.count).for_each(|_| ends.push(self.same));
            self.ends = Some(ends);
        }
        if let Some(ends) = &mut self.ends {
            ends.push(one);
        }
        self.count += 1;
    }

    /// Whether it is not the same in every future.
    pub(super) fn moves(&self) -> bool {
        self.ends.is_some()
    }

    pub(super) fn figure(self) -> Figure {
        let Some(Ends { low, high }) = self.ends else {
            return Figure::exactly(self.same);
        };
        let lows = low.tenths();
        let highs = high.map_or(lows, Numbers::tenths);
        let [p10, p50, p90] = [0, 1, 2].map(|at| Span {
            low: lows.get(at).copied().unwrap_or_default(),
            high: highs.get(at).copied().unwrap_or_default(),
        });
        Figure { p10, p50, p90 }
    }
}

impl Ends {
    fn push(&mut self, one: Span<i128>) {
        if self.high.is_none() && one.low != one.high {
            self.high = Some(self.low.clone());
        }
        self.low.push(one.low);
        if let Some(high) = &mut self.high {
            high.push(one.high);
        }
    }
}

impl Numbers {
    fn push(&mut self, number: i128) {
        match self {
            Numbers::Large(all) => all.push(number),
            Numbers::Small(all) => match i64::try_from(number) {
                Ok(small) => all.push(small),
                Err(_) => {
                    let widened = all.iter().map(|one| i128::from(*one));
                    *self = Numbers::Large(widened.chain([number]).collect());
                }
            },
        }
    }

    /// The tenth, the middle and the ninetieth of a hundred.
    fn tenths(self) -> [i128; 3] {
        match self {
            Numbers::Small(mut all) => TENTHS.map(|percent| i128::from(rank(&mut all, percent))),
            Numbers::Large(mut all) => TENTHS.map(|percent| rank(&mut all, percent)),
        }
    }
}

/// A day in every future so far: from the earliest it may be to the latest. `None` is not within the horizon.
#[derive(Debug, Clone, Default)]
pub(super) struct Days {
    low: Vec<Date>,
    high: Vec<Date>,
}

impl Days {
    pub(super) fn push(&mut self, day: Span<Option<Date>>) {
        // Never comes after every day.
        self.low.push(day.low.unwrap_or(Date::MAX));
        self.high.push(day.high.unwrap_or(Date::MAX));
    }

    /// `None` when there was none.
    pub(super) fn reached(mut self) -> Option<Reached> {
        if self.low.is_empty() {
            return None;
        }
        let times = self.high.iter().filter(|day| **day < Date::MAX).count();
        let within = |day: Date| Some(day).filter(|day| *day < Date::MAX);
        let [p10, p50, p90] = TENTHS.map(|percent| Span {
            low: within(rank(&mut self.low, percent)),
            high: within(rank(&mut self.high, percent)),
        });
        Some(Reached { p10, p50, p90, times: u32::try_from(times).unwrap_or(u32::MAX) })
    }
}

const TENTHS: [usize; 3] = [10, 50, 90];

/// The value that `percent` of a hundred do not exceed (nearest rank). Puts them into another order.
fn rank<T: Copy + Ord + Default>(all: &mut [T], percent: usize) -> T {
    let place = (all.len() * percent).div_ceil(100).saturating_sub(1);
    if place >= all.len() {
        return T::default();
    }
    *all.select_nth_unstable(place).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What sorting everything says.
    fn sorted(mut all: Vec<i128>) -> [i128; 3] {
        all.sort_unstable();
        TENTHS.map(|percent| {
            let place = (all.len() * percent).div_ceil(100).saturating_sub(1);
            all.get(place).copied().unwrap_or_default()
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_small_comes_to_what_everything_does(
            all in prop::collection::vec((prop_oneof![-3i128..3, any::<i128>()], prop_oneof![Just(0u64), 0u64..9]), 0..60)
        ) {
            let spans: Vec<Span<i128>> =
                all.iter().map(|(low, more)| Span { low: *low, high: low.saturating_add(i128::from(*more)) }).collect();
            let mut column = Column::default();
            spans.iter().for_each(|span| column.push(*span));
            let Figure { p10, p50, p90 } = column.figure();
            let (lows, highs) = (spans.iter().map(|one| one.low).collect(), spans.iter().map(|one| one.high).collect());
            prop_assert_eq!([p10.low, p50.low, p90.low], sorted(lows));
            prop_assert_eq!([p10.high, p50.high, p90.high], sorted(highs));
        }
    }
}
