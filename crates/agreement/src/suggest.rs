//! The nearest word to one that was not understood. Knows nothing of what the words mean.

use abide_model::near::edits;

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

/// Whether a letter is large or small is no slip.
fn distance(a: &str, b: &str) -> usize {
    edits(&a.to_lowercase(), &b.to_lowercase())
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
}
