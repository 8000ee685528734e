//! Columns of text, each as wide as its widest cell.

use super::print::plain;
use std::ops::Range;

/// Rows under titles.
pub(crate) struct Grid {
    rows: Vec<Vec<String>>,
    /// The columns of numbers, which stand at the right.
    numbers: Range<usize>,
}

impl Grid {
    pub(crate) fn new(titles: &[&str]) -> Self {
        Self { rows: vec![titles.iter().map(|title| (*title).to_owned()).collect()], numbers: 0..0 }
    }

    /// The columns from this one on, counted from 0, hold numbers.
    pub(crate) fn numbers_from(self, column: usize) -> Self {
        self.numbers_in(column..usize::MAX)
    }

    /// These columns hold numbers.
    pub(crate) fn numbers_in(self, columns: Range<usize>) -> Self {
        Self { numbers: columns, ..self }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.cells(&cells);
    }

    /// A row of as many cells as there are titles.
    pub(crate) fn cells(&mut self, cells: &[impl AsRef<str>]) {
        self.rows.push(cells.iter().map(|cell| plain(cell.as_ref(), false)).collect());
    }

    /// All of it; nothing when there is no row.
    pub(crate) fn text(&self) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                if self.numbers.contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line_and_control_characters_do_not_pass() {
        let mut grid = Grid::new(&["id", "name"]);
        grid.row(["1", "é\u{1b}[2J"]);
        grid.row(["1000", "x"]);
        assert_eq!(grid.text(), "id    name\n1     é\u{fffd}[2J\n1000  x\n");
    }
}
