//! How far apart two words are, for those who ask "did you mean …?". How near is near enough is theirs to say.

/// Optimal string alignment distance: the insertions, deletions, replacements and swaps of neighbouring characters that
/// make one word of the other, none of them touched twice.
#[must_use]
pub fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut cost =
                (at(&row, j) + usize::from(a != *b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = j.checked_sub(1).and_then(|k| other.get(k));
            if last == Some(*b) && swapped == Some(&a) {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(a);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn the_distance_of_two_words_counts_their_differences() {
        let rows = [
            ("", "", 0),
            ("demo", "demo", 0),
            ("demo", "dmo", 1),
            ("ab", "ba", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ];
        for (one, other, distance) in rows {
            assert_eq!(edits(one, other), distance, "{one} {other}");
            assert_eq!(edits(other, one), distance, "{other} {one}");
        }
    }
}
