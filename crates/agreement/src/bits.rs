//! Sets of small numbers, and rows of them that are intersected word by word. Knows nothing of what is numbered.

const WORD_BITS: usize = u64::BITS as usize;

/// A set of numbers below a bound that is fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(crate) fn none(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(WORD_BITS)] }
    }

    pub(crate) fn insert(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / WORD_BITS) {
            *word |= 1 << (number % WORD_BITS);
        }
    }

    /// Every number below the bound.
    pub(crate) fn all(bound: usize) -> Self {
        let mut found = Self::none(bound);
        (0..bound).for_each(|number| found.insert(number));
        found
    }

    pub(crate) fn remove(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / WORD_BITS) {
            *word &= !(1 << (number % WORD_BITS));
        }
    }

    /// Adds what the other holds.
    pub(crate) fn join(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn any(&self) -> bool {
        self.words.iter().any(|word| *word != 0)
    }

    pub(crate) fn meets(&self, other: &Bits) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Its numbers, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| members(at, *word))
    }

    pub(crate) fn holds(&self, number: usize) -> bool {
        self.words.get(number / WORD_BITS).is_some_and(|word| word >> (number % WORD_BITS) & 1 == 1)
    }
}

/// Many sets over one bound, side by side in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    stride: usize,
    words: Vec<u64>,
}

impl Rows {
    /// How many words a row over `bound` numbers takes.
    pub(crate) fn stride(bound: usize) -> usize {
        bound.div_ceil(WORD_BITS)
    }

    pub(crate) fn new(rows: usize, bound: usize) -> Self {
        let stride = Self::stride(bound).max(1);
        Self { stride, words: vec![0; stride * rows] }
    }

    pub(crate) fn insert(&mut self, row: usize, number: usize) {
        debug_assert!(number / WORD_BITS < self.stride, "a row holds every number below its bound");
        if let Some(word) = self.words.get_mut(row * self.stride + number / WORD_BITS) {
            *word |= 1 << (number % WORD_BITS);
        }
    }

    /// The set at `row`; empty when there is no such row.
    pub(crate) fn row(&self, row: usize) -> &[u64] {
        let start = row * self.stride;
        self.words.get(start..start + self.stride).unwrap_or(&[])
    }
}

/// Calls `each` with every number that is in all five sets, in ascending order.
pub(crate) fn meet(sets: [&[u64]; 5], mut each: impl FnMut(usize)) {
    let [a, b, c, d, e] = sets;
    let words = a.iter().zip(b).zip(c).zip(d).zip(e);
    for (at, ((((a, b), c), d), e)) in words.enumerate() {
        let word = a & b & c & d & e;
        if word != 0 {
            members(at, word).for_each(&mut each);
        }
    }
}

fn members(at: usize, mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(at * WORD_BITS + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_of_rows_yields_what_is_in_all_of_them_in_order() {
        let mut rows = Rows::new(5, 200);
        for row in 0..5 {
            for number in [3, 64, 130, 199] {
                rows.insert(row, number);
            }
            rows.insert(row, 70 + row);
        }
        let sets = [0, 1, 2, 3, 4].map(|row| rows.row(row));
        let mut found = Vec::new();
        meet(sets, |number| found.push(number));
        assert_eq!(found, [3, 64, 130, 199]);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let mut set = Bits::none(130);
        for number in [0, 64, 129] {
            set.insert(number);
        }
        let held: Vec<_> = (0..5_000).filter(|number| set.holds(*number)).collect();
        assert_eq!(held, [0, 64, 129]);
        assert_eq!(set.iter().collect::<Vec<_>>(), held);
        let mut other = Bits::none(130);
        other.insert(65);
        assert!(!set.meets(&other));
        other.insert(129);
        assert!(set.meets(&other));
        set.join(&other);
        assert!(set.holds(65));
        set.remove(65);
        assert!(!set.holds(65) && set.any());
        assert!(!Bits::none(130).any());
        let all = Bits::all(130);
        assert!((0..130).all(|number| all.holds(number)) && !all.holds(130));
    }
}
