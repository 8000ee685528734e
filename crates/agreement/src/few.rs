//! A list that holds its first entries in place, so that short ones cost no allocation.

use crate::table::Number;

/// Up to `N` numbers in place, more on the heap.
#[derive(Debug, Clone)]
pub(crate) struct Few<T, const N: usize> {
    here: [T; N],
    len: usize,
    /// All entries, once there are more than `N`.
    spilled: Vec<T>,
}

impl<T: Number, const N: usize> Few<T, N> {
    pub(crate) fn new() -> Self {
        Self { here: [T::new(0); N], len: 0, spilled: Vec::new() }
    }

    pub(crate) fn push(&mut self, entry: T) {
        match self.here.get_mut(self.len) {
            Some(place) => *place = entry,
            None => {
                if self.spilled.is_empty() {
                    self.spilled.extend_from_slice(&self.here);
                }
                self.spilled.truncate(self.len);
                self.spilled.push(entry);
            }
        }
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        self.spilled.truncate(self.len);
        if self.len <= N {
            self.spilled.clear();
        }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        let entries = if self.len > N { &self.spilled } else { self.here.as_slice() };
        entries.get(..self.len).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PartyNo;

    #[test]
    fn it_holds_what_a_list_would_hold_while_it_grows_and_shrinks_past_its_place() {
        let mut few = Few::<PartyNo, 3>::new();
        let mut list = Vec::new();
        for (step, grow) in [8, 6, 5, 7].into_iter().zip([true, false, true, false]) {
            for n in 0..step {
                if grow {
                    few.push(PartyNo::new(n));
                    list.push(PartyNo::new(n));
                } else {
                    few.pop();
                    list.pop();
                }
                assert_eq!(few.as_slice(), list.as_slice());
            }
        }
    }
}
