//! Samples of time, their percentiles, and tables of what was found.
//! Knows nothing of what is measured.

use std::time::Duration;

/// Measured times, exact: no buckets.
#[derive(Debug, Default, Clone)]
pub(super) struct Sample {
    nanos: Vec<u64>,
    sorted: bool,
}

impl Sample {
    pub(super) fn add(&mut self, time: Duration) {
        self.nanos.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.sorted = false;
    }

    pub(super) fn merge(&mut self, other: Sample) {
        self.nanos.extend(other.nanos);
        self.sorted = false;
    }

    pub(super) fn len(&self) -> usize {
        self.nanos.len()
    }

    pub(super) fn max(&mut self) -> Duration {
        self.percentile(100.0)
    }

    /// The smallest time that `percent` of all do not exceed (nearest rank); zero when there is none.
    pub(super) fn percentile(&mut self, percent: f64) -> Duration {
        if !self.sorted {
            self.nanos.sort_unstable();
            self.sorted = true;
        }
        let rank = (percent / 100.0 * self.len() as f64).ceil() as usize;
        let nanos = self.nanos.get(rank.saturating_sub(1)).copied().unwrap_or_default();
        Duration::from_nanos(nanos)
    }
}

/// Microseconds, whole.
pub(super) fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

/// What `time` is above `base`, with its sign.
pub(super) fn added(time: Duration, base: Duration) -> String {
    format!("{:+.0} µs", (time.as_secs_f64() - base.as_secs_f64()) * 1e6)
}

/// Lines with the first column to the left and the others to the right, under a rule.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(ToString::to_string).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&heads).chain(rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in [&heads, &rule].into_iter().chain(rows) {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(micros: impl IntoIterator<Item = u64>) -> Sample {
        let mut sample = Sample::default();
        micros.into_iter().for_each(|time| sample.add(Duration::from_micros(time)));
        sample
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut sample = sample((1..=200).rev());
        let at = |sample: &mut Sample, percent| sample.percentile(percent).as_micros();
        assert_eq!(at(&mut sample, 50.0), 100);
        assert_eq!(at(&mut sample, 99.0), 198);
        assert_eq!(at(&mut sample, 99.9), 200);
        assert_eq!(at(&mut sample, 0.0), 1);
        assert_eq!(sample.max().as_micros(), 200);
    }

    #[test]
    fn a_sample_that_grows_is_sorted_again() {
        let mut one = sample([5]);
        assert_eq!(one.max().as_micros(), 5);
        one.merge(sample([9, 1]));
        assert_eq!((one.max().as_micros(), one.percentile(1.0).as_micros(), one.len()), (9, 1, 3));
        assert_eq!(Sample::default().max(), Duration::ZERO);
    }

    #[test]
    fn differences_keep_their_sign() {
        let micros = Duration::from_micros;
        assert_eq!(added(micros(150), micros(100)), "+50 µs");
        assert_eq!(added(micros(99), micros(100)), "-1 µs");
    }

    #[test]
    fn columns_line_up() {
        let rows =
            [vec!["direct".to_string(), "9 µs".to_string()], vec!["x".to_string(), "1200 µs".to_string()]];
        assert_eq!(
            table(&["path", "p50"], &rows),
            "path        p50\n------  -------\ndirect     9 µs\nx       1200 µs\n"
        );
    }
}
