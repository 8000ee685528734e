//! Steps that wait to be taken in: their bytes as they stand in the log, one behind the other. Whoever offered a step
//! frees what it made of it; nothing else passes from thread to thread.

use crate::commitlog::Step;

/// Bytes of memory that stay for steps to come.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Steps whose numbers follow each other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// How many at the beginning are taken in.
    done: usize,
    /// The number of the last.
    last: u64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// Where the step ends in the bytes.
    end: usize,
    /// KiB of the queue that are its.
    kib: u32,
}

impl Batch {
    pub(super) fn push(&mut self, number: u64, step: &[u8], kib: u32) {
        assert!(self.is_empty() || self.last + 1 == number, "steps wait in the order of the log");
        self.bytes.extend_from_slice(step);
        self.places.push(Place { end: self.bytes.len(), kib });
        self.last = number;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Steps that are not taken in.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.done
    }

    /// How many go into one transaction: at most so many steps and bytes, and one at least.
    pub(super) fn share(&self, steps: usize, bytes: usize) -> usize {
        let begins = self.begins();
        let places = self.places.get(self.done..).unwrap_or_default();
        let fits = places.iter().take(steps).take_while(|place| place.end - begins <= bytes).count();
        fits.max(1).min(self.len())
    }

    /// The number of the last of the next `count`.
    pub(super) fn last_of(&self, count: usize) -> u64 {
        self.last - (self.len() - count) as u64
    }

    /// The next `count`, each as it can be read; `None` for one that cannot.
    pub(super) fn steps(&self, count: usize) -> impl Iterator<Item = Option<Step<'_>>> {
        let mut begin = self.begins();
        let places = self.places.get(self.done..self.done + count).unwrap_or_default();
        places.iter().map(move |place| {
            let step = self.bytes.get(begin..place.end).and_then(Step::read);
            begin = place.end;
            step
        })
    }

    /// Takes note that the next `count` are taken in; returns the KiB of the queue that were theirs.
    pub(super) fn take_off(&mut self, count: usize) -> usize {
        let taken = self.places.get(self.done..self.done + count).unwrap_or_default();
        let kib = taken.iter().map(|place| place.kib as usize).sum();
        self.done += count;
        kib
    }

    /// An empty one in the memory of this one, unless that is large.
    pub(super) fn emptied(mut self) -> Batch {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            return Batch::default();
        }
        self.bytes.clear();
        self.places.clear();
        Batch { done: 0, last: 0, ..self }
    }

    fn begins(&self) -> usize {
        self.done.checked_sub(1).and_then(|last| self.places.get(last)).map_or(0, |place| place.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_taken_off_until_nothing_is_left() {
        let mut batch = Batch::default();
        for number in 5..=9 {
            batch.push(number, &[0; 10], number as u32);
        }
        assert_eq!((batch.share(2, 100), batch.share(9, 30), batch.share(9, 1)), (2, 3, 1));
        assert_eq!((batch.last_of(2), batch.take_off(2)), (6, 5 + 6));
        batch.push(10, &[0; 10], 1);
        assert_eq!((batch.len(), batch.share(9, 40), batch.last_of(4)), (4, 4, 10));
        assert!(batch.steps(4).all(|step| step.is_none()), "zeros are no step");
        assert_eq!((batch.take_off(4), batch.is_empty()), (7 + 8 + 9 + 1, true));
        batch.emptied().push(1, &[0; 10], 1);
    }
}
