//! Finds places for words in a chart: where they lie on no line and on no other words, as far as there is such a place.

use crate::svg::Px;

/// A part of the chart: from the upper left to the lower right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: Px,
    pub(super) top: Px,
    pub(super) right: Px,
    pub(super) bottom: Px,
}

/// What is drawn already.
pub(super) struct Crowd {
    within: Area,
    lines: Vec<Vec<(Px, Px)>>,
    taken: Vec<Area>,
}

/// What words on other words cost, and words beyond the edge, where words on a line cost 1.
const ON_WORDS: usize = 10;
const OUTSIDE: usize = 1_000;

impl Crowd {
    pub(super) fn new(within: Area, lines: Vec<Vec<(Px, Px)>>) -> Self {
        Self { within, lines, taken: Vec::new() }
    }

    /// The first of the best of `places`, which is taken then.
    pub(super) fn place(&mut self, places: impl IntoIterator<Item = Area>) -> Option<Area> {
        let best = places.into_iter().min_by_key(|place| self.cost(place));
        self.taken.extend(best);
        best
    }

    fn cost(&self, place: &Area) -> usize {
        let lines = self.lines.iter().flat_map(|line| line.windows(2));
        let crossed = lines.filter(|pair| matches!(pair, [from, to] if place.is_crossed(*from, *to))).count();
        let covered = self.taken.iter().filter(|other| place.meets(other)).count();
        let outside = usize::from(!place.lies_in(&self.within));
        crossed + ON_WORDS * covered + OUTSIDE * outside
    }
}

impl Area {
    fn meets(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn lies_in(&self, other: &Area) -> bool {
        other.left <= self.left
            && self.right <= other.right
            && other.top <= self.top
            && self.bottom <= other.bottom
    }

    /// Whether a straight line runs through it.
    fn is_crossed(&self, from: (Px, Px), to: (Px, Px)) -> bool {
        let ((x0, y0), (x1, y1)) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        let (begun, ended) = (x0.max(self.left), x1.min(self.right));
        if begun > ended {
            return false;
        }
        let at = |x: Px| if x1 == x0 { y0 } else { y0 + (y1 - y0) * (x - x0) / (x1 - x0) };
        // One that stands upright is all of its height at one place.
        let (a, b) = if x1 == x0 { (y0, y1) } else { (at(begun), at(ended)) };
        a.min(b) <= self.bottom && self.top <= a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: Px, top: Px) -> Area {
        Area { left, top, right: left + 20, bottom: top + 10 }
    }

    #[test]
    fn words_go_where_nothing_is() {
        let page = Area { left: 0, top: 0, right: 100, bottom: 100 };
        let mut crowd = Crowd::new(page, vec![vec![(0, 50), (60, 50)], vec![(70, 0), (70, 40)]]);
        // On the first line, on the second, outside, free; then taken.
        let places = || [area(10, 45), area(60, 10), area(90, 80), area(70, 45), area(5, 80)];
        assert_eq!(crowd.place(places()), Some(area(70, 45)));
        assert_eq!(crowd.place(places()), Some(area(5, 80)));
        // On a line is better than on words.
        assert_eq!(crowd.place(places()), Some(area(10, 45)));
        assert_eq!(crowd.place([]), None);
    }
}
