//! Reads how many tests passed from the summary lines of cargo, nextest, pytest and node.
//! One reader a tool: a line that is no summary gives nothing.

use std::ops::Add;

/// Tests of one or more suites. What could not run at all counts as failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// `test result: ok. 40 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`
pub(super) fn cargo(line: &str) -> Option<Count> {
    let summary = line.trim().strip_prefix("test result:")?;
    let parts = pairs(summary);
    Some(Count {
        passed: sum(&parts, &["passed"]),
        failed: sum(&parts, &["failed"]),
        skipped: sum(&parts, &["ignored"]),
    })
}

/// `Summary [   1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
pub(super) fn nextest(line: &str) -> Option<Count> {
    let summary = line.trim().strip_prefix("Summary [")?;
    let (_, results) = summary.split_once("run:")?;
    let parts = pairs(results);
    Some(Count {
        passed: sum(&parts, &["passed"]),
        failed: sum(&parts, &["failed", "exec", "timed"]),
        skipped: sum(&parts, &["skipped"]),
    })
}

/// `===== 1 failed, 5 passed, 2 skipped, 1 error in 0.12s =====`, bare when pytest is quiet.
pub(super) fn pytest(line: &str) -> Option<Count> {
    let (results, seconds) = line.trim().trim_matches(['=', ' ']).split_once(" in ")?;
    seconds.chars().next().filter(char::is_ascii_digit)?;
    results.chars().next().filter(char::is_ascii_digit)?;
    let parts = pairs(results);
    Some(Count {
        passed: sum(&parts, &["passed", "xfailed"]),
        failed: sum(&parts, &["failed", "error", "errors", "xpassed"]),
        skipped: sum(&parts, &["skipped"]),
    })
}

/// `ℹ pass 5` and its sisters, one line each; `# pass 5` from the older reporter.
pub(super) fn node(line: &str) -> Option<Count> {
    let line = line.trim();
    let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
    let (word, number) = rest.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let none = Count::default();
    match word {
        "pass" => Some(Count { passed: number, ..none }),
        "fail" | "cancelled" => Some(Count { failed: number, ..none }),
        "skipped" | "todo" => Some(Count { skipped: number, ..none }),
        _ => None,
    }
}

/// Every number with the word after it.
fn pairs(text: &str) -> Vec<(u64, &str)> {
    let words: Vec<&str> = text.split([' ', ',', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
    let couples = words.iter().zip(words.iter().skip(1));
    couples.filter_map(|(number, word)| Some((number.parse().ok()?, *word))).collect()
}

fn sum(parts: &[(u64, &str)], names: &[&str]) -> u64 {
    parts.iter().filter(|(_, word)| names.contains(word)).map(|(number, _)| number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(passed: u64, failed: u64, skipped: u64) -> Option<Count> {
        Some(Count { passed, failed, skipped })
    }

    #[test]
    fn cargo_summaries_are_read() {
        let line = "test result: FAILED. 40 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(cargo(line), count(40, 2, 1));
        assert_eq!(cargo("running 40 tests"), None);
    }

    #[test]
    fn nextest_summaries_are_read() {
        let line = "     Summary [   0.005s] 9/12 tests run: 6 passed (1 slow), 1 failed, 1 exec failed, 1 timed out, 2 skipped";
        assert_eq!(nextest(line), count(6, 3, 2));
        assert_eq!(nextest("     Summary [   0.005s] 1 test run: 1 passed, 0 skipped"), count(1, 0, 0));
        assert_eq!(nextest("        PASS [   0.004s] xtask tests::passed"), None);
    }

    #[test]
    fn pytest_summaries_are_read_loud_and_quiet() {
        assert_eq!(pytest("=== 1 failed, 5 passed, 2 skipped, 1 error in 0.12s ==="), count(5, 2, 2));
        assert_eq!(pytest("3 passed in 61.02s (0:01:01)"), count(3, 0, 0));
        assert_eq!(pytest("collected 3 items in 2 files"), None);
        assert_eq!(pytest("3 lines in stdout"), None);
    }

    #[test]
    fn node_summaries_are_read_line_by_line() {
        let lines = ["ℹ tests 7", "ℹ pass 5", "ℹ fail 1", "ℹ cancelled 1", "ℹ skipped 0", "# pass 2"];
        let total = lines.into_iter().filter_map(node).fold(Count::default(), Add::add);
        assert_eq!(Some(total), count(7, 2, 0));
        assert_eq!(node("ℹ duration_ms 12.5"), None);
    }
}
