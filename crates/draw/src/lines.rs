//! The line chart: amounts over days, or over other amounts, each with the range it may lie in.
//!
//! Lines are told apart by dash and by their names, not by colour alone. Those that lie on one another are both seen: a
//! dashed line is drawn over a solid one.

mod labels;

use crate::amount::{Axis, Estimate, Scale, Unit};
use crate::dates::{self, Scale as Days};
use crate::frame::{self, EDGE, Heading, Mark, SMALL_WIDTH, Type, WIDTH};
use crate::style::Paint;
use crate::svg::{Anchor, PX, Px, Svg, shown};
use crate::text::{self, SMALL};
use jiff::civil::Date;
use labels::{Area, Crowd};

const HEIGHT: Px = 260 * PX;
const DASHES: [&str; 6] = ["", "7 4", "2 3", "10 3 2 3", "5 2", "12 4"];
/// The room for the names at the ends of lines.
const NAMES_MAX: Px = 190 * PX;
/// How high a line of small type is.
const LINE: Px = 16 * PX;

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
    /// The lines, the lowest first.
    pub series: Vec<Series>,
    /// Amounts that matter, as lines across.
    pub levels: Vec<Level>,
    /// Places that matter, as dots.
    pub spots: Vec<Spot>,
    /// What lies above zero means, and what below; both may be empty.
    pub sides: [String; 2],
}

/// What the chart goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Across {
    /// Days, with those that matter; a point's place is [`day`].
    Days(Vec<Mark>),
    /// Amounts of a unit, named in a few words, with those that matter, as lines upward.
    Amounts(Unit, String, Vec<Upright>),
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is, in a few words.
    pub name: String,
    /// From left to right. Where the line begins anew, as in a new stage, so does a list.
    pub runs: Vec<Vec<Point>>,
}

/// A place on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The day or the amount it is at.
    pub at: i128,
    /// How much.
    pub amount: Estimate,
}

/// An amount that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The amount.
    pub value: i128,
    /// What it is, in a few words; the amount is added.
    pub label: String,
    /// From where to where it matters; everywhere when absent.
    pub over: Option<(i128, i128)>,
    /// The place of the series that it is about.
    pub of: Option<usize>,
}

/// A place along the chart that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upright {
    /// Where.
    pub at: i128,
    /// What it is, in a few words.
    pub label: String,
}

/// A place that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Where along the chart, …
    pub at: i128,
    /// … and how high.
    pub value: i128,
    /// What it is, in a few words.
    pub label: String,
    /// The place of the series that it is about.
    pub of: Option<usize>,
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

/// Where everything stands.
struct Plot {
    area: Area,
    along: Along,
    axis: Axis,
    scale: Scale,
}

impl Plot {
    fn place(&self, at: i128, value: i128) -> (Px, Px) {
        (self.along.place(at), self.axis.place(value))
    }
}

impl Lines {
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
        let scale = self.scale();
        let description = self.description(&scale);
        let heading = Heading { id, title: &self.title, note: &self.note, description: &description, width };
        let mut svg = Svg::default();
        let mut y = frame::headed(&mut svg, heading);
        let named = self.series.iter().any(|series| !series.name.is_empty());
        if named && width < WIDTH {
            y = self.draw_keys(&mut svg, y, width);
        }
        frame::written(&mut svg, EDGE, y + 12 * PX, &scale.name(), Type::SMALL);
        let marks: &[Mark] = if let Across::Days(marks) = &self.across { marks } else { &[] };
        let top = y + 24 * PX + frame::marks_room(marks);
        let plot = self.plot(scale, width, (top, top + HEIGHT));
        let end = self.draw_grid(&mut svg, &plot, width);
        for (number, series) in self.series.iter().enumerate() {
            draw_ranges(&mut svg, series, number, &plot);
        }
        for level in &self.levels {
            let (from, until) = plot.across(level);
            let y = plot.axis.place(level.value);
            let paint = level.of.map_or(Paint::BadEdge, Paint::Series);
            frame::ruled(&mut svg, (from, y), (until, y), paint, Some("6 3"));
        }
        for (number, series) in self.series.iter().enumerate() {
            draw_runs(&mut svg, series, number, &plot);
        }
        self.draw_words(&mut svg, &plot);
        if named && width == WIDTH {
            self.name_ends(&mut svg, &plot);
        }
        frame::framed(heading, end + EDGE / 2, &[], svg)
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| series.runs.iter().flatten())
    }

    fn values(&self) -> impl Iterator<Item = i128> {
        let levels = self.levels.iter().map(|level| level.value);
        let spots = self.spots.iter().map(|spot| spot.value);
        self.points().flat_map(|point| point.amount.all()).chain(levels).chain(spots)
    }

    fn scale(&self) -> Scale {
        Scale::fitting(self.unit.clone(), self.values())
    }

    fn plot(&self, scale: Scale, width: Px, (top, bottom): (Px, Px)) -> Plot {
        // Room for the name of a level above it.
        let above = self.levels.iter().map(|level| level.value.saturating_add(level.value / 12));
        let axis = Axis::around(self.values().chain(above), true, bottom, top);
        let left = EDGE + widest(axis.ticks().map(|tick| scale.tick(tick))) + 8 * PX;
        let names = self.series.iter().map(|series| text::bold_width(&series.name, SMALL)).max().unwrap_or(0);
        let right = width - EDGE - if width == WIDTH { names.min(NAMES_MAX) + 10 * PX } else { 0 };
        let ends = || self.points().map(|point| point.at);
        let along = match &self.across {
            Across::Days(_) => {
                let (from, until) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
                Along::Days(Days { from: dates::of(from), until: dates::of(until), left, right })
            }
            Across::Amounts(..) => Along::Amounts(Axis::around(ends(), false, left, right)),
        };
        Plot { area: Area { left, top, right, bottom }, along, axis, scale }
    }

    /// The lines behind everything and what they stand for; returns where that ends.
    fn draw_grid(&self, svg: &mut Svg, plot: &Plot, width: Px) -> Px {
        let Area { left, top, right, bottom } = plot.area;
        let end = self.draw_across(svg, plot, width);
        for tick in plot.axis.ticks() {
            let (y, paint) = (plot.axis.place(tick), if tick == 0 { Paint::Soft } else { Paint::Faint });
            frame::ruled(svg, (left, y), (right, y), paint, None);
            let label = plot.scale.tick(tick);
            frame::written(svg, left - 6 * PX, y + 4 * PX, &label, Type::SMALL.at(Anchor::End));
        }
        if let (Across::Days(marks), Along::Days(days)) = (&self.across, &plot.along) {
            frame::marked(svg, marks, days, top, bottom);
        }
        end
    }

    fn draw_across(&self, svg: &mut Svg, plot: &Plot, width: Px) -> Px {
        let Area { left, top, right, bottom } = plot.area;
        match (&self.across, &plot.along) {
            (Across::Days(_), Along::Days(days)) => {
                frame::date_axis(svg, &days.ticks(), width, (top, bottom))
            }
            (Across::Amounts(unit, name, _), Along::Amounts(axis)) => {
                let scale = Scale::fitting(unit.clone(), [axis.low, axis.high]);
                for tick in axis.ticks() {
                    let x = axis.place(tick);
                    frame::ruled(svg, (x, top), (x, bottom + 5 * PX), Paint::Faint, None);
                    let label = scale.tick(tick);
                    frame::written(svg, x, bottom + 18 * PX, &label, Type::SMALL.at(Anchor::Middle));
                }
                let words = format!("{name}, {}", scale.name());
                let middle = (left + right) / 2;
                let mut y = bottom + 20 * PX;
                for line in text::wrapped(&words, SMALL, right - left) {
                    y += LINE;
                    frame::written(svg, middle, y, &line, Type::SMALL.at(Anchor::Middle));
                }
                y + 6 * PX
            }
            (Across::Days(_), Along::Amounts(_)) | (Across::Amounts(..), Along::Days(_)) => bottom,
        }
    }

    /// Names with a piece of each line, for a chart too narrow to have them at their ends; returns where they end.
    fn draw_keys(&self, svg: &mut Svg, mut y: Px, width: Px) -> Px {
        for (number, series) in self.series.iter().enumerate() {
            let path = path([(EDGE, y + 8 * PX), (EDGE + 28 * PX, y + 8 * PX)].into_iter());
            stroked(svg, &path, number, 5 * PX / 2);
            let name = text::fitted(&series.name, SMALL * 21 / 20, width - 2 * EDGE - 36 * PX);
            let kind = Type::SMALL.bold().paint(Paint::Series(number));
            frame::written(svg, EDGE + 36 * PX, y + 12 * PX, &name, kind);
            y += LINE;
        }
        y + 6 * PX
    }

    /// What matters in words, each where it lies on nothing else, and dots.
    fn draw_words(&self, svg: &mut Svg, plot: &Plot) {
        let line = |run: &Vec<Point>| -> Vec<(Px, Px)> {
            run.iter().map(|point| plot.place(point.at, point.amount.middle())).collect()
        };
        let mut lines: Vec<_> = self.series.iter().flat_map(|series| series.runs.iter().map(line)).collect();
        for level in &self.levels {
            let ((from, until), y) = (plot.across(level), plot.axis.place(level.value));
            lines.push(vec![(from, y), (until, y)]);
        }
        let uprights: &[Upright] =
            if let Across::Amounts(_, _, uprights) = &self.across { uprights } else { &[] };
        for upright in uprights {
            let x = plot.along.place(upright.at);
            frame::ruled(svg, (x, plot.area.top), (x, plot.area.bottom), Paint::Soft, Some("2 3"));
            lines.push(vec![(x, plot.area.top), (x, plot.area.bottom)]);
        }
        for spot in &self.spots {
            let (x, y) = plot.place(spot.at, spot.value);
            let dot = svg.element("circle").px("cx", x).px("cy", y).px("r", 4 * PX);
            dot.fill(spot.of.map_or(Paint::Ink, Paint::Series)).leaf();
        }
        let mut crowd = Crowd::new(Area { top: plot.area.top - LINE, ..plot.area }, lines);
        let soft = Type::SMALL;
        for level in &self.levels {
            let words = format!("{} {} {}", plot.scale.tick(level.value), plot.scale.name(), level.label);
            let kind = soft.bold().paint(level.of.map_or(Paint::Soft, Paint::Series));
            put(svg, &mut crowd, words.trim_end(), kind, plot.beside(level));
        }
        for spot in &self.spots {
            let kind = soft.bold().paint(spot.of.map_or(Paint::Ink, Paint::Series));
            put(svg, &mut crowd, &spot.label, kind, around(plot.place(spot.at, spot.value)));
        }
        for upright in uprights {
            put(svg, &mut crowd, &upright.label, soft, plot.beneath_top(plot.along.place(upright.at)));
        }
        for (side, words) in self.sides.iter().enumerate().filter(|(_, words)| !words.is_empty()) {
            put(svg, &mut crowd, words, soft, plot.corners(side == 0));
        }
    }

    /// Names of lines at their ends, moved apart where they would touch.
    fn name_ends(&self, svg: &mut Svg, plot: &Plot) {
        let mut ends: Vec<(Px, usize, &Series)> = Vec::new();
        for (number, series) in self.series.iter().enumerate() {
            let last = series.runs.last().and_then(|run| run.last());
            ends.extend(last.map(|last| (plot.axis.place(last.amount.middle()), number, series)));
        }
        ends.sort_by_key(|(y, number, _)| (*y, *number));
        let mut low = plot.area.top;
        for (y, _, _) in &mut ends {
            *y = (*y).max(low);
            low = *y + LINE;
        }
        let mut high = plot.area.bottom;
        for (y, _, _) in ends.iter_mut().rev() {
            *y = (*y).min(high);
            high = *y - LINE;
        }
        for (y, number, series) in ends {
            let name = text::fitted(&series.name, SMALL * 21 / 20, NAMES_MAX);
            let kind = Type::SMALL.bold().paint(Paint::Series(number));
            frame::written(svg, plot.area.right + 8 * PX, y + 4 * PX, &name, kind);
        }
    }

    fn description(&self, scale: &Scale) -> String {
        let told = |series: &Series| {
            let runs = series.runs.iter().filter_map(|run| run.first().zip(run.last()));
            let told = |(first, last): (&Point, &Point)| {
                let unit = scale.name();
                format!("from {} to {} {unit}", first.amount.words(scale), last.amount.words(scale))
            };
            let runs: Vec<String> = runs.map(told).collect();
            let name = if series.name.is_empty() { "It" } else { &series.name };
            (!runs.is_empty()).then(|| format!("{name} goes {}.", runs.join(", then ")))
        };
        let level = |one: &Level| {
            let words = format!("{} {}", scale.told(one.value, 2), one.label);
            format!("{}.", words.trim_end())
        };
        let levels = self.levels.iter().map(level);
        let marks = if let Across::Amounts(_, _, marks) = &self.across { marks.as_slice() } else { &[] };
        let marks = marks.iter().map(|mark| format!("{}.", mark.label));
        let spots = self.spots.iter().map(|spot| format!("{}.", spot.label));
        let sides = self.sides.iter().filter(|words| !words.is_empty()).map(|words| format!("{words}."));
        let all = self.series.iter().filter_map(told).chain(levels).chain(spots).chain(marks).chain(sides);
        all.collect::<Vec<_>>().join(" ")
    }
}

/// Where words of this width may stand: the upper left corner of each place.
type Places = Box<dyn Fn(Px) -> Vec<(Px, Px)>>;

impl Plot {
    /// From where to where a level runs.
    fn across(&self, level: &Level) -> (Px, Px) {
        let all = (self.area.left, self.area.right);
        level.over.map_or(all, |(from, until)| (self.along.place(from), self.along.place(until)))
    }

    /// Above or below a level, from its left to its right.
    fn beside(&self, level: &Level) -> Places {
        let ((from, until), y) = (self.across(level), self.axis.place(level.value));
        Box::new(move |wide| {
            let room = (until - from - wide - 12 * PX).max(0);
            let along = (0..=4).map(|quarter| from + 6 * PX + room * quarter / 4);
            along.flat_map(|x| [(x, y - LINE - 3 * PX), (x, y + 3 * PX)]).collect()
        })
    }

    /// On either side of an upright, from its top down.
    fn beneath_top(&self, x: Px) -> Places {
        let top = self.area.top;
        Box::new(move |wide| {
            let down = (0..10).map(|line| top + 2 * PX + line * LINE);
            down.flat_map(|y| [(x + 6 * PX, y), (x - 6 * PX - wide, y)]).collect()
        })
    }

    /// In the corners above zero, or below it.
    fn corners(&self, above: bool) -> Places {
        let (area, zero) = (self.area, self.axis.place(0));
        Box::new(move |wide| {
            let (far, near) = match above {
                true => (area.top + 4 * PX, zero - LINE - 4 * PX),
                false => (area.bottom - LINE - 4 * PX, zero + 4 * PX),
            };
            let across =
                [area.right - wide - 6 * PX, area.left + 6 * PX, (area.left + area.right - wide) / 2];
            [far, near].into_iter().flat_map(|y| across.map(|x| (x, y))).collect()
        })
    }
}

/// On the four sides of a dot, the nearest first.
fn around((x, y): (Px, Px)) -> Places {
    Box::new(move |wide| {
        let aside = [8, 32, 64, 112].map(|apart| [x + apart * PX, x - apart * PX - wide]);
        let off = (0..4).map(|line| [y + 6 * PX + line * LINE, y - LINE - 6 * PX - line * LINE]);
        let off: Vec<Px> = off.flatten().collect();
        aside.into_iter().flatten().flat_map(|x| off.iter().map(move |y| (x, *y))).collect()
    })
}

/// Writes words where there is most room for them.
fn put(svg: &mut Svg, crowd: &mut Crowd, words: &str, kind: Type, places: Places) {
    let wide = kind.width(words);
    let area = |(left, top): (Px, Px)| Area { left, top, right: left + wide, bottom: top + LINE };
    if let Some(place) = crowd.place(places(wide).into_iter().map(area)) {
        frame::plated(svg, place.left, place.bottom - 4 * PX, words, kind);
    }
}

fn widest(labels: impl Iterator<Item = String>) -> Px {
    labels.map(|label| text::width(&label, SMALL)).max().unwrap_or(0)
}

/// The range of a line, and what of it is not known in a stronger shade.
fn draw_ranges(svg: &mut Svg, series: &Series, number: usize, plot: &Plot) {
    let mut shade = |run: &[Point], low: fn(&Estimate) -> i128, high: fn(&Estimate) -> i128| {
        if run.iter().all(|point| low(&point.amount) == high(&point.amount)) {
            return;
        }
        let there = run.iter().map(|point| plot.place(point.at, high(&point.amount)));
        let back = run.iter().rev().map(|point| plot.place(point.at, low(&point.amount)));
        let path = path(there.chain(back)) + "Z";
        let paint = Paint::Series(number);
        svg.element("path").attribute("d", &path).fill(paint).attribute("fill-opacity", "0.16").leaf();
    };
    for run in &series.runs {
        shade(run, |amount| amount.low, |amount| amount.high);
        shade(run, |amount| amount.value, |amount| amount.upto);
    }
}

/// The line itself; where it is not known, thin lines at both ends of what it may be.
fn draw_runs(svg: &mut Svg, series: &Series, number: usize, plot: &Plot) {
    svg.element("g").begin();
    svg.element("title").words(&series.name);
    for run in &series.runs {
        let line =
            |of: fn(&Estimate) -> i128| path(run.iter().map(|point| plot.place(point.at, of(&point.amount))));
        if run.iter().all(|point| point.amount.is_known()) {
            stroked(svg, &line(|amount| amount.value), number, 5 * PX / 2);
        } else {
            stroked(svg, &line(|amount| amount.value), number, PX);
            stroked(svg, &line(|amount| amount.upto), number, PX);
        }
    }
    svg.end();
}

fn stroked(svg: &mut Svg, path: &str, number: usize, wide: Px) {
    let dash = DASHES.get(number % DASHES.len()).copied().unwrap_or("");
    let line = svg.element("path").attribute("d", path).attribute("fill", "none");
    let line = line.stroke(Paint::Series(number), wide).attribute("stroke-linejoin", "round");
    if dash.is_empty() { line.leaf() } else { line.attribute("stroke-dasharray", dash).leaf() }
}

fn path(points: impl Iterator<Item = (Px, Px)>) -> String {
    let step = |(number, (x, y)): (usize, (Px, Px))| {
        let letter = if number == 0 { 'M' } else { 'L' };
        format!("{letter}{} {}", shown(x), shown(y))
    };
    points.enumerate().map(step).collect()
}
