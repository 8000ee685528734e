//! The bar chart: amounts side by side, in groups, each written out, with the range it may lie in.

use crate::amount::{Axis, Scale, Unit};
use crate::frame::{self, EDGE, Heading, Type, WIDTH};
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
    /// The least it may be, …
    pub low: i128,
    /// … what it is, …
    pub value: i128,
    /// … the most it may be.
    pub high: i128,
}

impl Bars {
    /// The chart.
    #[must_use]
    pub fn svg(&self) -> String {
        let values = || self.bars().flat_map(|bar| [bar.low, bar.value, bar.high]);
        let scale = Scale::fitting(self.unit.clone(), values());
        let description = self.description(&scale);
        let heading =
            Heading { id: &self.id, title: &self.title, note: &self.note, description: &description };
        let mut svg = Svg::default();
        let top = frame::headed(&mut svg, heading);
        frame::written(&mut svg, EDGE, top + 12 * PX, &scale.name(), Type::SMALL);
        let names = self.bars().map(|bar| text::width(&bar.name, SMALL)).max().unwrap_or(0).min(NAMES_MAX);
        let left = EDGE + names + 10 * PX;
        let room = self.bars().map(|bar| text::width(&words(bar, &scale), SMALL)).max().unwrap_or(0);
        let room = room + 10 * PX;
        // Words of bars below zero stand to their left.
        let start = left + if values().any(|value| value < 0) { room } else { 0 };
        let axis = Axis::around(values(), true, start, WIDTH - EDGE - room);
        let mut y = top + 20 * PX;
        let zero = axis.place(0);
        for group in &self.groups {
            frame::written(&mut svg, EDGE, y + 16 * PX, &group.name, Type::BODY.bold());
            y += 24 * PX;
            let begun = y;
            for (number, bar) in group.bars.iter().enumerate() {
                draw_bar(&mut svg, bar, number, (&axis, &scale), y);
                let name = text::fitted(&bar.name, SMALL, NAMES_MAX);
                frame::written(&mut svg, left - 10 * PX, y + 14 * PX, &name, Type::SMALL.at(Anchor::End));
                y += BAR + 4 * PX;
            }
            frame::ruled(&mut svg, (zero, begun - 2 * PX), (zero, y - 2 * PX), Paint::Soft, None);
            y += APART;
        }
        frame::framed(heading, y + EDGE / 2, &[], svg)
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    fn description(&self, scale: &Scale) -> String {
        let group = |group: &Group| {
            let bars: Vec<_> =
                group.bars.iter().map(|bar| format!("{} {}", bar.name, words(bar, scale))).collect();
            format!("{}: {}.", group.name, bars.join("; "))
        };
        let groups: Vec<_> = self.groups.iter().map(group).collect();
        format!("In {}. {}", scale.name(), groups.join(" "))
    }
}

fn words(bar: &Bar, scale: &Scale) -> String {
    let value = scale.shown(bar.value, 2);
    if bar.low == bar.high {
        return value;
    }
    format!("{value} ({} to {})", scale.shown(bar.low, 2), scale.shown(bar.high, 2))
}

fn draw_bar(svg: &mut Svg, bar: &Bar, number: usize, (axis, scale): (&Axis, &Scale), y: Px) {
    let (zero, end) = (axis.place(0), axis.place(bar.value));
    let paint = Paint::Series(number);
    let rect = svg.element("rect").px("x", zero.min(end)).px("y", y).px("width", (end - zero).abs().max(PX));
    rect.px("height", BAR).fill(paint).attribute("fill-opacity", "0.85").leaf();
    let (low, high) = (axis.place(bar.low), axis.place(bar.high));
    if bar.low != bar.high {
        let middle = y + BAR / 2;
        frame::ruled(svg, (low, middle), (high, middle), Paint::Ink, None);
        for x in [low, high] {
            frame::ruled(svg, (x, middle - 5 * PX), (x, middle + 5 * PX), Paint::Ink, None);
        }
    }
    let words = words(bar, scale);
    let (x, anchor) = if bar.value < 0 {
        (low.min(end) - 6 * PX, Anchor::End)
    } else {
        (high.max(end) + 6 * PX, Anchor::Start)
    };
    frame::written(svg, x, y + 14 * PX, &words, Type::SMALL.paint(Paint::Ink).at(anchor));
}
