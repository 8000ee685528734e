//! The nearest word to one that was not understood. Knows nothing of what the words mean.

/// The candidate nearest to `word`, when one is near enough to be a slip of the hand.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, candidate)| *far <= allowed || tail(candidate) == word || tail(word) == *candidate)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// [`nearest`], worded as help.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|found| format!("did you mean `{found}`?"))
}

/// What follows the last `/` or `.`.
fn tail(path: &str) -> &str {
    path.rsplit(['/', '.']).next().unwrap_or(path)
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j) + usize::from(x != *y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = j.checked_sub(1).is_some_and(|k| b.get(k) == Some(&x)) && previous == Some(*y);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
        previous = Some(x);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = ["until", "unless", "products", "openai/frontier"];
        assert_eq!(nearest("untill", words).as_deref(), Some("until"));
        assert_eq!(nearest("prodcuts", words).as_deref(), Some("products"));
        assert_eq!(nearest("frontier", words).as_deref(), Some("openai/frontier"));
        assert_eq!(nearest("zebra", words), None);
    }

    #[test]
    fn swapping_neighbours_counts_once() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
