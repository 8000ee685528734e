//! Comments in the space between words. Knows nothing of what they are about.

/// The comments in the lines before a word, with one blank line where there are some; the indent of the word itself is
/// left out.
pub(super) fn block(space: &str) -> Vec<String> {
    let mut lines: Vec<&str> = space.split('\n').map(str::trim).collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        if !line.is_empty() || found.last().is_none_or(|last| !last.is_empty()) {
            found.push(line.to_owned());
        }
    }
    found
}

/// The comment in the rest of a line.
pub(super) fn note(space: &str) -> Option<String> {
    let trimmed = space.trim();
    trimmed.starts_with('#').then(|| trimmed.to_owned())
}
