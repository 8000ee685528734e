//! The line chart: amounts over days, or over other amounts, each with the range it may lie in.
//!
//! Lines are told apart by dash and by their names at their ends, not by colour alone.

use crate::amount::{Axis, Scale, Unit};
use crate::dates::{self, Scale as Days};
use crate::frame::{self, EDGE, Heading, Mark, Type, WIDTH};
use crate::style::Paint;
use crate::svg::{Anchor, PX, Px, Svg, shown};
use crate::text::{self, SMALL};
use jiff::civil::Date;

const HEIGHT: Px = 260 * PX;
const DASHES: [&str; 6] = ["", "7 4", "2 3", "10 3 2 3", "5 2", "12 4"];
/// The room for the names at the ends of lines.
const NAMES_MAX: Px = 190 * PX;

/// A chart of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Tells this chart from others on the same page.
    pub id: String,
    /// What it shows, as a heading.
    pub title: String,
    /// One sentence below the heading; may be empty.
    pub note: String,
    /// What lies below.
    pub across: Across,
    /// What amounts are counted in.
    pub unit: Unit,
    /// The lines; the first is drawn on top.
    pub series: Vec<Series>,
    /// Amounts that matter, as lines across.
    pub levels: Vec<Level>,
}

/// What the chart goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Across {
    /// Days, with those that matter; a point's place is [`day`].
    Days(Vec<Mark>),
    /// Amounts of a unit, named in a few words, with those that matter, as lines upward.
    Amounts(Unit, String, Vec<Level>),
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is, in a few words.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
}

/// A place on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The day or the amount it is at.
    pub at: i128,
    /// The least it may be, …
    pub low: i128,
    /// … what it is, …
    pub value: i128,
    /// … the most it may be.
    pub high: i128,
}

/// An amount that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The amount.
    pub value: i128,
    /// What it is, in a few words.
    pub label: String,
}

/// The place of a day on a chart that goes along days.
#[must_use]
pub fn day(date: Date) -> i128 {
    i128::from(dates::number(date))
}

/// What the points go along, with its places.
enum Along {
    Days(Days),
    Amounts(Axis),
}

impl Along {
    fn place(&self, at: i128) -> Px {
        match self {
            Along::Days(days) => days.x(dates::of(at)),
            Along::Amounts(axis) => axis.place(at),
        }
    }
}

impl Lines {
    /// The chart.
    #[must_use]
    pub fn svg(&self) -> String {
        let scale = self.scale();
        let description = self.description(&scale);
        let heading =
            Heading { id: &self.id, title: &self.title, note: &self.note, description: &description };
        let mut svg = Svg::default();
        let y = frame::headed(&mut svg, heading);
        frame::written(&mut svg, EDGE, y + 12 * PX, &scale.name(), Type::SMALL);
        let marks: &[Mark] = if let Across::Days(marks) = &self.across { marks } else { &[] };
        let top = y + 24 * PX + frame::marks_room(marks);
        let bottom = top + HEIGHT;
        let values = self.points().flat_map(|point| [point.low, point.value, point.high]);
        // Room for the name of a level above it.
        let values = values.chain(self.levels.iter().map(|level| level.value + level.value / 12));
        let axis = Axis::around(values, true, bottom, top);
        let left = EDGE + widest(axis.ticks().map(|tick| scale.tick(tick))) + 8 * PX;
        let names = self.series.iter().map(|series| text::bold_width(&series.name, SMALL)).max().unwrap_or(0);
        let right = WIDTH - EDGE - names.min(NAMES_MAX) - 10 * PX;
        let along = self.along(left, right);
        for tick in axis.ticks() {
            let (y, paint) = (axis.place(tick), if tick == 0 { Paint::Soft } else { Paint::Faint });
            frame::ruled(&mut svg, (left, y), (right, y), paint, None);
            frame::written(
                &mut svg,
                left - 6 * PX,
                y + 4 * PX,
                &scale.tick(tick),
                Type::SMALL.at(Anchor::End),
            );
        }
        let end = self.draw_across(&mut svg, &along, top, bottom);
        for (number, series) in self.series.iter().enumerate().rev() {
            draw_range(&mut svg, series, number, &along, &axis);
        }
        self.draw_levels(&mut svg, &axis, &scale, left, right);
        for (number, series) in self.series.iter().enumerate().rev() {
            draw_line(&mut svg, series, number, &along, &axis);
        }
        self.name_ends(&mut svg, &axis, right + 8 * PX, (top, bottom));
        frame::framed(heading, end + EDGE / 2, &[], svg)
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn scale(&self) -> Scale {
        let values = self.points().flat_map(|point| [point.low, point.value, point.high]);
        Scale::fitting(self.unit.clone(), values.chain(self.levels.iter().map(|level| level.value)))
    }

    fn along(&self, left: Px, right: Px) -> Along {
        let ends = || self.points().map(|point| point.at);
        match &self.across {
            Across::Days(_) => {
                let (from, until) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
                Along::Days(Days { from: dates::of(from), until: dates::of(until), left, right })
            }
            Across::Amounts(..) => {
                Along::Amounts(Axis { from: left, to: right, ..Axis::around(ends(), false, left, right) })
            }
        }
    }

    fn draw_across(&self, svg: &mut Svg, along: &Along, top: Px, bottom: Px) -> Px {
        match (&self.across, along) {
            (Across::Days(marks), Along::Days(days)) => {
                let end = frame::date_axis(svg, &days.ticks(), top, bottom);
                frame::marked(svg, marks, days, top, bottom);
                end
            }
            (Across::Amounts(unit, name, marks), Along::Amounts(axis)) => {
                let scale = Scale::fitting(unit.clone(), [axis.low, axis.high]);
                draw_upward(svg, axis, marks, top, bottom);
                for tick in axis.ticks() {
                    let x = axis.place(tick);
                    frame::ruled(svg, (x, top), (x, bottom + 5 * PX), Paint::Faint, None);
                    let label = scale.tick(tick);
                    frame::written(svg, x, bottom + 18 * PX, &label, Type::SMALL.at(Anchor::Middle));
                }
                let words = format!("{name}, {}", scale.name());
                let middle = (axis.from + axis.to) / 2;
                frame::written(svg, middle, bottom + 36 * PX, &words, Type::SMALL.at(Anchor::Middle));
                bottom + 42 * PX
            }
            (Across::Days(_), Along::Amounts(_)) | (Across::Amounts(..), Along::Days(_)) => bottom,
        }
    }

    fn draw_levels(&self, svg: &mut Svg, axis: &Axis, scale: &Scale, left: Px, right: Px) {
        for level in &self.levels {
            let y = axis.place(level.value);
            frame::ruled(svg, (left, y), (right, y), Paint::BadEdge, Some("6 3"));
            let words = format!("{}, {} {}", level.label, scale.tick(level.value), scale.name());
            frame::plated(svg, left + 6 * PX, y - 5 * PX, &words, Type::SMALL.bold());
        }
    }

    /// Names of lines at their ends, moved apart where they would touch.
    fn name_ends(&self, svg: &mut Svg, axis: &Axis, x: Px, (top, bottom): (Px, Px)) {
        let mut ends: Vec<(Px, usize, &Series)> = Vec::new();
        for (number, series) in self.series.iter().enumerate() {
            ends.extend(series.points.last().map(|last| (axis.place(last.value), number, series)));
        }
        ends.sort_by_key(|(y, number, _)| (*y, *number));
        let apart = 16 * PX;
        let mut low = top;
        for (y, _, _) in &mut ends {
            *y = (*y).max(low);
            low = *y + apart;
        }
        let mut high = bottom;
        for (y, _, _) in ends.iter_mut().rev() {
            *y = (*y).min(high);
            high = *y - apart;
        }
        for (y, number, series) in ends {
            let name = text::fitted(&series.name, SMALL * 21 / 20, NAMES_MAX);
            frame::written(svg, x, y + 4 * PX, &name, Type::SMALL.bold().paint(Paint::Series(number)));
        }
    }

    fn description(&self, scale: &Scale) -> String {
        let told = |series: &Series| {
            let (first, last) = (series.points.first()?, series.points.last()?);
            let end = |point: &Point| {
                let value = scale.told(point.value, 2);
                if point.low == point.high {
                    return value;
                }
                format!("{value} ({} to {})", scale.shown(point.low, 2), scale.shown(point.high, 2))
            };
            Some(format!("{} goes from {} to {}.", series.name, end(first), end(last)))
        };
        let levels = self.levels.iter().map(|one| format!("{} is {}.", one.label, scale.told(one.value, 2)));
        let marks = if let Across::Amounts(_, _, marks) = &self.across { marks.as_slice() } else { &[] };
        let marks = marks.iter().map(|mark| format!("{}.", mark.label));
        self.series.iter().filter_map(told).chain(levels).chain(marks).collect::<Vec<_>>().join(" ")
    }
}

/// Amounts that matter, each with its name on the side on which there is more room.
fn draw_upward(svg: &mut Svg, axis: &Axis, marks: &[Level], top: Px, bottom: Px) {
    for (number, mark) in (0..).zip(marks) {
        let x = axis.place(mark.value);
        frame::ruled(svg, (x, top), (x, bottom), Paint::BadEdge, Some("6 3"));
        let late = x > (axis.from + axis.to) / 2;
        let (x, anchor) = if late { (x - 6 * PX, Anchor::End) } else { (x + 6 * PX, Anchor::Start) };
        // One below the other, so that neighbours do not touch.
        let y = top + 14 * PX + number * 16 * PX;
        frame::plated(svg, x, y, &mark.label, Type::SMALL.bold().at(anchor));
    }
}

fn widest(labels: impl Iterator<Item = String>) -> Px {
    labels.map(|label| text::width(&label, SMALL)).max().unwrap_or(0)
}

fn draw_range(svg: &mut Svg, series: &Series, number: usize, along: &Along, axis: &Axis) {
    if series.points.iter().all(|point| point.low == point.high) {
        return;
    }
    let there = series.points.iter().map(|point| (along.place(point.at), axis.place(point.high)));
    let back = series.points.iter().rev().map(|point| (along.place(point.at), axis.place(point.low)));
    let path = path(there.chain(back)) + "Z";
    let paint = Paint::Series(number);
    svg.element("path").attribute("d", &path).fill(paint).attribute("fill-opacity", "0.16").leaf();
}

fn draw_line(svg: &mut Svg, series: &Series, number: usize, along: &Along, axis: &Axis) {
    let path = path(series.points.iter().map(|point| (along.place(point.at), axis.place(point.value))));
    let dash = DASHES.get(number % DASHES.len()).copied().unwrap_or("");
    svg.element("g").begin();
    svg.element("title").words(&series.name);
    let line = svg.element("path").attribute("d", &path).attribute("fill", "none");
    let line = line.stroke(Paint::Series(number), 5 * PX / 2).attribute("stroke-linejoin", "round");
    if dash.is_empty() {
        line.leaf()
    } else {
        line.attribute("stroke-dasharray", dash).leaf()
    }
    svg.end();
}

fn path(points: impl Iterator<Item = (Px, Px)>) -> String {
    let step = |(number, (x, y)): (usize, (Px, Px))| {
        let letter = if number == 0 { 'M' } else { 'L' };
        format!("{letter}{} {}", shown(x), shown(y))
    };
    points.enumerate().map(step).collect()
}
