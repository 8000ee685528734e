//! A list that holds its first entries in place, so that short ones cost no allocation.

/// Up to `N` entries in place, more on the heap.
#[derive(Debug, Clone)]
pub(crate) struct Few<T, const N: usize> {
    here: [T; N],
    len: usize,
    /// All entries, once there are more than `N`.
    spilled: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    pub(crate) fn new() -> Self {
        Self { here: [T::default(); N], len: 0, spilled: Vec::new() }
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

    /// Adds the entry if it is wanted. While there is room no branch hangs on that: a guess that is wrong half of the
    /// time costs more than writing an entry in vain.
    pub(crate) fn push_if(&mut self, wanted: bool, entry: T) {
        match self.here.get_mut(self.len) {
            Some(place) => {
                *place = entry;
                self.len += usize::from(wanted);
            }
            None if wanted => self.push(entry),
            None => {}
        }
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

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        let entries = if self.len > N { self.spilled.as_mut_slice() } else { self.here.as_mut_slice() };
        entries.get_mut(..self.len).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.as_slice().iter().copied()
    }

    /// Its entries, of which the count is known.
    pub(crate) fn into_iter(self) -> impl ExactSizeIterator<Item = T> {
        (0..self.len).map(move |at| self.as_slice().get(at).copied().unwrap_or_default())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sorts the entries and keeps each once.
    pub(crate) fn tidy(&mut self)
    where
        T: Ord,
    {
        let entries = self.as_mut_slice();
        entries.sort_unstable();
        let mut kept = 0;
        for at in 0..entries.len() {
            let entry = entries.get(at).copied();
            let again = kept > 0 && entries.get(kept - 1).copied() == entry;
            if let (Some(entry), Some(place), false) = (entry, entries.get_mut(kept), again) {
                *place = entry;
                kept += 1;
            }
        }
        self.shorten(kept);
    }

    fn shorten(&mut self, len: usize) {
        let spilled = self.len > N;
        self.len = len;
        if spilled && len <= N {
            if let (Some(here), Some(kept)) = (self.here.get_mut(..len), self.spilled.get(..len)) {
                here.copy_from_slice(kept);
            }
            self.spilled.clear();
        }
        self.spilled.truncate(len);
    }
}

impl<T: Copy + Default + PartialEq, const N: usize> PartialEq for Few<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Copy + Default, const N: usize> Extend<T> for Few<T, N> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        entries.into_iter().for_each(|entry| self.push(entry));
    }
}

impl<T: Copy + Default, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut found = Self::new();
        found.extend(entries);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_list_would_hold_while_it_grows_and_shrinks_past_its_place() {
        let mut few = Few::<usize, 3>::new();
        let mut list = Vec::new();
        for (step, grow) in [8, 6, 5, 7].into_iter().zip([true, false, true, false]) {
            for n in 0..step {
                if grow {
                    few.push_if(false, 99);
                    few.push_if(n % 2 == 0, n);
                    few.push_if(n % 2 == 1, n);
                    list.push(n);
                } else {
                    few.pop();
                    list.pop();
                }
                assert_eq!(few.as_slice(), list.as_slice());
            }
        }
    }

    #[test]
    fn it_is_tidied_as_a_list_would_be_wherever_its_entries_lie() {
        for entries in [&[][..], &[2, 1], &[3, 1, 3], &[5, 5, 5, 5, 5], &[4, 3, 4, 1, 2, 4], &[9, 8, 7, 9]] {
            let mut few: Few<usize, 3> = entries.iter().copied().collect();
            let mut list = entries.to_vec();
            few.tidy();
            list.sort_unstable();
            list.dedup();
            assert_eq!(few.as_slice(), list.as_slice());
            few.push(6);
            list.push(6);
            assert_eq!(few.as_slice(), list.as_slice());
        }
    }
}
