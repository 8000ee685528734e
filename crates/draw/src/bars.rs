//! The bar chart: amounts side by side, in groups, each written out, with the range it may lie in.

use crate::amount::{Axis, Estimate, Scale, Unit};
use crate::frame::{self, EDGE, Heading, SMALL_WIDTH, Type, WIDTH};
use crate::style::Paint;
use crate::svg::{Anchor, PX, Px, Svg};
use crate::text::{self, SMALL};

const BAR: Px = 20 * PX;
const APART: Px = 14 * PX;
/// The room for the names of bars.
const NAMES_MAX: Px = 220 * PX;

/// A chart of bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    /// Tells this chart from others on the same page.
    pub id: String,
    /// What it shows, as a heading.
    pub title: String,
    /// One sentence below the heading; may be empty.
    pub note: String,
    /// What amounts are counted in.
    pub unit: Unit,
    /// From top to bottom.
    pub groups: Vec<Group>,
}

/// Bars under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are of.
    pub name: String,
    /// From top to bottom; the same place in each group has the same colour.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: Estimate,
}

/// Where the parts of bars stand.
struct Places {
    axis: Axis,
    scale: Scale,
    left: Px,
    /// Whether words stand above each bar, since there is no room beside it.
    above: bool,
}

impl Bars {
    /// The chart.
    #[must_use]
    pub fn svg(&self) -> String {
        self.drawn(&self.id, WIDTH)
    }

    /// The same for a screen that is held in the hand.
    #[must_use]
    pub fn small_svg(&self) -> String {
        self.drawn(&format!("{}-small", self.id), SMALL_WIDTH)
    }

    fn drawn(&self, id: &str, width: Px) -> String {
        let places = self.places(width);
        let description = self.description(&places.scale);
        let heading = Heading { id, title: &self.title, note: &self.note, description: &description, width };
        let mut svg = Svg::default();
        let top = frame::headed(&mut svg, heading);
        frame::written(&mut svg, EDGE, top + 12 * PX, &places.scale.name(), Type::SMALL);
        let mut y = top + 20 * PX;
        for group in &self.groups {
            frame::written(&mut svg, EDGE, y + 16 * PX, &group.name, Type::BODY.bold());
            y = places.draw_group(&mut svg, group, y + 24 * PX) + APART;
        }
        frame::framed(heading, y + EDGE / 2, &[], svg)
    }

    fn places(&self, width: Px) -> Places {
        let values = || self.bars().flat_map(|bar| bar.amount.all());
        let scale = Scale::fitting(self.unit.clone(), values());
        let above = width < WIDTH;
        if above {
            let axis = Axis::around(values(), true, EDGE, width - EDGE);
            return Places { axis, scale, left: EDGE, above };
        }
        let names = self.bars().map(|bar| text::width(&bar.name, SMALL)).max().unwrap_or(0).min(NAMES_MAX);
        let left = EDGE + names + 10 * PX;
        let words = self.bars().map(|bar| text::width(&bar.amount.words(&scale), SMALL));
        let room = words.max().unwrap_or(0) + 10 * PX;
        // Words of bars below zero stand to their left.
        let start = left + if values().any(|value| value < 0) { room } else { 0 };
        Places { axis: Axis::around(values(), true, start, width - EDGE - room), scale, left, above }
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    fn description(&self, scale: &Scale) -> String {
        let group = |group: &Group| {
            let bars: Vec<_> =
                group.bars.iter().map(|bar| format!("{} {}", bar.name, bar.amount.words(scale))).collect();
            format!("{}: {}.", group.name, bars.join("; "))
        };
        let groups: Vec<_> = self.groups.iter().map(group).collect();
        format!("In {}. {}", scale.name(), groups.join(" "))
    }
}

impl Places {
    /// Draws the bars of a group from `y` on; returns where they end.
    fn draw_group(&self, svg: &mut Svg, group: &Group, mut y: Px) -> Px {
        let (zero, begun) = (self.axis.place(0), y);
        for (number, bar) in group.bars.iter().enumerate() {
            let words = bar.amount.words(&self.scale);
            if self.above {
                let both = format!("{}: {words}", bar.name);
                let room = self.axis.to - self.axis.from;
                frame::written(svg, EDGE, y + 12 * PX, &text::fitted(&both, SMALL, room), Type::SMALL);
                y += 18 * PX;
            } else {
                let name = text::fitted(&bar.name, SMALL, NAMES_MAX);
                frame::written(svg, self.left - 10 * PX, y + 14 * PX, &name, Type::SMALL.at(Anchor::End));
                let ends = bar.amount.all().map(|value| self.axis.place(value));
                let (x, anchor) = match bar.amount.upto < 0 {
                    true => (ends.into_iter().min().unwrap_or(zero) - 6 * PX, Anchor::End),
                    false => (ends.into_iter().max().unwrap_or(zero) + 6 * PX, Anchor::Start),
                };
                frame::written(svg, x, y + 14 * PX, &words, Type::SMALL.paint(Paint::Ink).at(anchor));
            }
            self.draw_bar(svg, &bar.amount, number, y);
            if self.above {
                frame::ruled(svg, (zero, y - 2 * PX), (zero, y + BAR + 2 * PX), Paint::Soft, None);
            }
            y += BAR + if self.above { 8 * PX } else { 4 * PX };
        }
        if !self.above {
            frame::ruled(svg, (zero, begun - 2 * PX), (zero, y - 2 * PX), Paint::Soft, None);
        }
        y
    }

    /// As far as it is known, dark; as far as it may come, light; and its range as a line.
    fn draw_bar(&self, svg: &mut Svg, amount: &Estimate, number: usize, y: Px) {
        let place = |value| self.axis.place(value);
        let mut rect = |from: Px, to: Px, opacity: &str| {
            let rect = svg.element("rect").px("x", from.min(to)).px("y", y);
            let rect = rect.px("width", (to - from).abs().max(PX)).px("height", BAR);
            rect.fill(Paint::Series(number)).attribute("fill-opacity", opacity).leaf();
        };
        // The end nearer to zero is what it comes to at the least.
        let (near, far) = match amount.upto <= 0 {
            true => (amount.upto, amount.value),
            false => (amount.value.max(0), amount.upto),
        };
        rect(place(0), place(near), "0.85");
        if !amount.is_known() {
            rect(place(near), place(far), "0.35");
            if amount.value < 0 && amount.upto > 0 {
                rect(place(amount.value), place(0), "0.35");
            }
        }
        if (amount.low, amount.high) == (amount.value, amount.upto) {
            return;
        }
        let (low, high, middle) = (place(amount.low), place(amount.high), y + BAR / 2);
        frame::ruled(svg, (low, middle), (high, middle), Paint::Ink, None);
        for x in [low, high] {
            frame::ruled(svg, (x, middle - 5 * PX), (x, middle + 5 * PX), Paint::Ink, None);
        }
    }
}
