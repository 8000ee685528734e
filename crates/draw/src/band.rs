//! The band chart: rows of labelled stretches of time over a date axis, such as how an answer changes over years.
//!
//! Every stretch can be read without its colour: by its words where they fit, else by a number that a list below
//! explains, and by its pattern.

use crate::dates::{self, Scale};
use crate::frame::{self, EDGE, Heading, Mark, Type, WIDTH};
use crate::style::{Paint, Tone};
use crate::svg::{Anchor, PX, Px, Svg};
use crate::text::{self, BODY, SMALL};
use jiff::civil::Date;
use std::collections::BTreeSet;

const BAND: Px = 40 * PX;
const PAD: Px = 7 * PX;
/// A stretch is at least this wide, so that a single day in ten years can be seen.
const SPAN_MIN: Px = 3 * PX;

/// A chart of bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bands {
    /// Tells this chart from others on the same page.
    pub id: String,
    /// What it shows, as a heading.
    pub title: String,
    /// One sentence below the heading; may be empty.
    pub note: String,
    /// The first day of the axis.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// What each tone stands for; shown as keys in this order.
    pub keys: Vec<(Tone, String)>,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Days that matter.
    pub marks: Vec<Mark>,
}

/// One band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub label: String,
    /// More of it, in lighter type; may be empty.
    pub note: String,
    /// In order, none over another. What lies outside the axis is cut off.
    pub spans: Vec<Span>,
}

/// A stretch of a band: half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its first day.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// What it means.
    pub tone: Tone,
    /// The same in a word or two.
    pub label: String,
    /// Why, in a few words; may be empty.
    pub detail: String,
}

/// A span with its place.
struct Placed<'a> {
    span: &'a Span,
    left: Px,
    right: Px,
    /// The number of its entry in the list below, where its words do not fit.
    number: Option<usize>,
    label_fits: bool,
    detail_fits: bool,
}

impl Bands {
    /// The chart.
    #[must_use]
    pub fn svg(&self) -> String {
        let description = self.description();
        let heading = Heading {
            id: &self.id,
            title: &self.title,
            note: &self.note,
            description: &description,
            width: WIDTH,
        };
        let mut svg = Svg::default();
        let mut y = frame::headed(&mut svg, heading);
        y = self.draw_keys(&mut svg, y) + frame::marks_room(&self.marks);
        let scale = Scale { from: self.from, until: self.until, left: EDGE, right: WIDTH - EDGE };
        let mut number = 0;
        let rows: Vec<Vec<Placed<'_>>> =
            self.rows.iter().map(|row| placed(row, &scale, &mut number)).collect();
        let bottom = y + rows.iter().map(|spans| height(spans)).sum::<Px>();
        let ticks = scale.ticks();
        let end = frame::date_axis(&mut svg, &ticks, WIDTH, (y, bottom));
        let tops = tops(&rows, y);
        for (spans, top) in rows.iter().zip(&tops) {
            self.draw_boxes(&mut svg, spans, top + 22 * PX + above(spans));
        }
        frame::marked(&mut svg, &self.marks, &scale, y, bottom);
        for ((row, spans), top) in self.rows.iter().zip(&rows).zip(&tops) {
            write_row(&mut svg, row, spans, &scale, *top);
        }
        let end = notes(&mut svg, rows.iter().flatten(), end);
        frame::framed(heading, end + EDGE / 2, &self.tones(), svg)
    }

    /// The whole chart as sentences.
    fn description(&self) -> String {
        let row = |row: &Row| {
            let spans: Vec<String> =
                row.spans.iter().filter_map(|span| self.cut(span)).map(|s| told(&s)).collect();
            format!("{}: {}.", row.label, spans.join("; "))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let head = format!("From {} to {}.", dates::shown(self.from), dates::shown(self.until));
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join(" ")
    }

    /// The part of a span that lies on the axis.
    fn cut(&self, span: &Span) -> Option<Span> {
        let (from, until) = (span.from.max(self.from), span.until.min(self.until));
        (from < until).then(|| Span { from, until, ..span.clone() })
    }

    fn tones(&self) -> Vec<Tone> {
        let of_spans = self.rows.iter().flat_map(|row| row.spans.iter().map(|span| span.tone));
        let used: BTreeSet<Tone> = of_spans.chain(self.keys.iter().map(|(tone, _)| *tone)).collect();
        Tone::ALL.into_iter().filter(|tone| used.contains(tone)).collect()
    }

    fn draw_keys(&self, svg: &mut Svg, y: Px) -> Px {
        let (mut x, mut line) = (EDGE, y);
        for (tone, words) in &self.keys {
            let wide = 26 * PX + text::width(words, SMALL) + 18 * PX;
            if x > EDGE && x + wide > WIDTH - EDGE {
                (x, line) = (EDGE, line + 20 * PX);
            }
            self.draw_box(svg, (x, line + 2 * PX), (20 * PX, 13 * PX), *tone);
            frame::written(svg, x + 26 * PX, line + 13 * PX, words, Type::SMALL);
            x += wide;
        }
        if self.keys.is_empty() { y } else { line + 30 * PX }
    }

    fn draw_box(&self, svg: &mut Svg, (x, y): (Px, Px), (wide, high): (Px, Px), tone: Tone) {
        let rect = |svg: &mut Svg, fill: Option<Paint>, url: Option<String>| {
            let element = svg.element("rect").px("x", x).px("y", y).px("width", wide).px("height", high);
            match (fill, url) {
                (Some(paint), _) => element.fill(paint).leaf(),
                (None, Some(url)) => element.attribute("fill", &url).leaf(),
                (None, None) => element.attribute("fill", "none").stroke(tone.edge(), PX).leaf(),
            }
        };
        rect(svg, Some(tone.fill()), None);
        if let Some(pattern) = tone.pattern() {
            rect(svg, None, Some(format!("url(#{}-{pattern})", frame::name(&self.id))));
        }
        rect(svg, None, None);
    }

    fn draw_boxes(&self, svg: &mut Svg, spans: &[Placed<'_>], top: Px) {
        for placed in spans {
            svg.element("g").begin();
            svg.element("title").words(&told(placed.span));
            self.draw_box(svg, (placed.left, top), (placed.right - placed.left, BAND), placed.span.tone);
            svg.end();
        }
    }
}

/// Where each row begins.
fn tops(rows: &[Vec<Placed<'_>>], top: Px) -> Vec<Px> {
    let begins = |y: &mut Px, spans: &Vec<Placed<'_>>| {
        let top = *y;
        *y += height(spans);
        Some(top)
    };
    rows.iter().scan(top, begins).collect()
}

fn write_row(svg: &mut Svg, row: &Row, spans: &[Placed<'_>], scale: &Scale, y: Px) {
    frame::plated(svg, EDGE, y + 15 * PX, &row.label, Type::BODY.bold());
    if !row.note.is_empty() {
        let after = EDGE + text::bold_width(&row.label, BODY) + 8 * PX;
        let note = text::fitted(&row.note, SMALL, (WIDTH - EDGE - after).max(0));
        frame::plated(svg, after, y + 15 * PX, &note, Type::SMALL);
    }
    let top = y + 22 * PX + above(spans);
    let mut taken = Px::MIN;
    for placed in spans {
        taken = words(svg, placed, top, taken);
    }
    boundaries(svg, spans, scale, top + BAND);
}

/// Places the spans of a row, and numbers those that need an entry below.
fn placed<'a>(row: &'a Row, scale: &Scale, number: &mut usize) -> Vec<Placed<'a>> {
    let seen = row.spans.iter().filter(|span| span.from < scale.until && span.until > scale.from);
    let place = |span: &'a Span| {
        let left = scale.x(span.from);
        let right = scale.x(span.until).max(left + SPAN_MIN).min(scale.right.max(left + SPAN_MIN));
        let room = right - left - 2 * PAD;
        let detail_fits = span.detail.is_empty() || text::width(&span.detail, SMALL) <= room;
        let beside = if detail_fits { 0 } else { 16 * PX };
        let label_fits = text::bold_width(&span.label, BODY) + beside <= room;
        let number = (!label_fits || !detail_fits).then(|| {
            *number += 1;
            *number
        });
        Placed { span, left, right, number, label_fits, detail_fits: detail_fits && label_fits }
    };
    seen.map(place).collect()
}

/// The room above the band for the numbers of spans that are too narrow to hold them.
fn above(spans: &[Placed<'_>]) -> Px {
    if spans.iter().any(|placed| placed.number.is_some() && !placed.holds_number()) { 16 * PX } else { 0 }
}

fn height(spans: &[Placed<'_>]) -> Px {
    22 * PX + above(spans) + BAND + 30 * PX
}

impl Placed<'_> {
    fn holds_number(&self) -> bool {
        let digits = self.number.map_or(0, |n| text::bold_width(&n.to_string(), SMALL));
        self.label_fits || self.right - self.left >= digits + 6 * PX
    }
}

/// Writes what fits into the span; returns up to where the strip above the band is taken.
fn words(svg: &mut Svg, placed: &Placed<'_>, top: Px, taken: Px) -> Px {
    let (span, paint) = (placed.span, Paint::Ink);
    let lone = !placed.detail_fits || span.detail.is_empty();
    let base = top + if lone { 25 * PX } else { 18 * PX };
    if placed.label_fits {
        let x = placed.left + PAD;
        frame::written(svg, x, base, &span.label, Type::BODY.bold().paint(paint));
        if !lone {
            frame::written(svg, x, top + 33 * PX, &span.detail, Type::SMALL.paint(paint));
        }
    }
    let Some(number) = placed.number else { return taken };
    let number = number.to_string();
    let kind = Type::SMALL.bold().paint(paint);
    if placed.label_fits {
        let x = placed.right - PAD;
        frame::written(svg, x, base, &number, kind.at(Anchor::End));
        return taken;
    }
    let middle = (placed.left + placed.right) / 2;
    if placed.holds_number() {
        frame::written(svg, middle, base, &number, kind.at(Anchor::Middle));
        return taken;
    }
    let half = text::bold_width(&number, SMALL) / 2;
    let x = middle.max(taken.saturating_add(half));
    frame::ruled(svg, (middle, top), (x, top - 4 * PX), Paint::Soft, None);
    frame::written(svg, x, top - 6 * PX, &number, kind.at(Anchor::Middle));
    x + half + 4 * PX
}

/// The days on which one span gives way to another, below the band, where they have room.
fn boundaries(svg: &mut Svg, spans: &[Placed<'_>], scale: &Scale, bottom: Px) {
    let mut days: BTreeSet<Date> = spans.iter().map(|placed| placed.span.from).collect();
    days.extend(spans.iter().map(|placed| placed.span.until));
    let mut taken = Px::MIN;
    for day in days.into_iter().filter(|day| scale.from < *day && *day < scale.until) {
        let (x, label) = (scale.x(day), dates::shown(day));
        let half = text::width(&label, SMALL) / 2;
        let middle = frame::centred(x, &label, WIDTH).max(taken.saturating_add(half));
        // A label may move aside for the one before it while its day still lies over its beginning.
        if middle - x <= half + 12 * PX && middle + half <= WIDTH {
            frame::ruled(svg, (x, bottom), (x, bottom + 4 * PX), Paint::Soft, None);
            frame::plated(svg, middle, bottom + 15 * PX, &label, Type::SMALL.at(Anchor::Middle));
            taken = middle + half + 6 * PX;
        }
    }
}

/// The list of the spans whose words did not fit; returns where it ends.
fn notes<'a, 'b: 'a>(svg: &mut Svg, spans: impl Iterator<Item = &'a Placed<'b>>, top: Px) -> Px {
    let mut y = top;
    let left = EDGE + 24 * PX;
    for placed in spans {
        let Some(number) = placed.number else { continue };
        frame::written(
            svg,
            EDGE + 14 * PX,
            y + 14 * PX,
            &number.to_string(),
            Type::SMALL.bold().at(Anchor::End),
        );
        for line in text::wrapped(&told(placed.span), SMALL, WIDTH - EDGE - left) {
            frame::written(svg, left, y + 14 * PX, &line, Type::SMALL.paint(Paint::Ink));
            y += 17 * PX;
        }
    }
    if y > top { y + 4 * PX } else { y }
}

/// `27 Feb 2026 to 27 Apr 2026: contested, frontier-is-api`.
fn told(span: &Span) -> String {
    let when = format!("{} to {}", dates::shown(span.from), dates::shown(span.until));
    let comma = if span.detail.is_empty() { "" } else { ", " };
    format!("{when}: {}{comma}{}", span.label, span.detail)
}
