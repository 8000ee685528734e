//! What all charts share: the outer element with its title and description, the heading, the keys, ticks and marks.

use crate::dates::{self, Scale, Tick};
use crate::style::{self, FONTS, Paint, Tone};
use crate::svg::{Anchor, PX, Px, Svg};
use crate::text::{self, BODY, SMALL, TITLE};
use jiff::civil::Date;

/// How wide a chart is. It scales with the page it stands in.
pub(crate) const WIDTH: Px = 760 * PX;
/// How wide it is for a screen that is held in the hand, so that its words stay readable there.
pub(crate) const SMALL_WIDTH: Px = 380 * PX;
/// The margin around everything.
pub(crate) const EDGE: Px = 16 * PX;

/// What a chart says of itself in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) note: &'a str,
    pub(crate) description: &'a str,
    pub(crate) width: Px,
}

/// Puts the outer element around what was drawn. `height` is of the whole.
pub(crate) fn framed(heading: Heading<'_>, height: Px, tones: &[Tone], body: Svg) -> String {
    let id = name(heading.id);
    let mut svg = Svg::default();
    let (wide, high) = (crate::svg::shown(heading.width), crate::svg::shown(height));
    svg.element("svg")
        .attribute("xmlns", "http://www.w3.org/2000/svg")
        .attribute("class", "abide-chart")
        .attribute("viewBox", &format!("0 0 {wide} {high}"))
        .attribute("width", &wide)
        .attribute("height", &high)
        .attribute("role", "img")
        .attribute("aria-labelledby", &format!("{id}-title {id}-desc"))
        .attribute("font-family", FONTS)
        .px("font-size", BODY)
        .begin();
    svg.element("title").attribute("id", &format!("{id}-title")).words(heading.title);
    svg.element("desc").attribute("id", &format!("{id}-desc")).words(heading.description);
    style::sheet(&mut svg);
    if tones.iter().any(|tone| tone.pattern().is_some()) {
        style::patterns(&mut svg, &id, tones.iter().copied());
    }
    svg.element("rect").px("width", heading.width).px("height", height).fill(Paint::Paper).leaf();
    svg.raw(&body.finish());
    svg.finish()
}

/// An id that can stand in an attribute and in `url(#…)`.
pub(crate) fn name(id: &str) -> String {
    let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("chart-{plain}")
}

/// Writes title and note; returns where the next thing may begin.
pub(crate) fn headed(svg: &mut Svg, heading: Heading<'_>) -> Px {
    let room = heading.width - 2 * EDGE;
    let mut y = EDGE;
    for line in text::wrapped(heading.title, TITLE * 21 / 20, room) {
        y += TITLE * 6 / 5;
        written(svg, EDGE, y - 4 * PX, &line, Type { size: TITLE, bold: true, ..Type::BODY });
    }
    for line in text::wrapped(heading.note, BODY, room) {
        y += BODY * 7 / 5;
        written(svg, EDGE, y - 2 * PX, &line, Type::SOFT);
    }
    y + 8 * PX
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type {
    pub(crate) size: Px,
    pub(crate) bold: bool,
    pub(crate) paint: Paint,
    pub(crate) anchor: Anchor,
}

impl Type {
    pub(crate) const BODY: Type = Type { size: BODY, bold: false, paint: Paint::Ink, anchor: Anchor::Start };
    pub(crate) const SOFT: Type = Type { paint: Paint::Soft, ..Type::BODY };
    pub(crate) const SMALL: Type = Type { size: SMALL, paint: Paint::Soft, ..Type::BODY };

    pub(crate) fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn paint(self, paint: Paint) -> Self {
        Self { paint, ..self }
    }

    /// How wide `words` are.
    pub(crate) fn width(self, words: &str) -> Px {
        if self.bold { text::bold_width(words, self.size) } else { text::width(words, self.size) }
    }
}

/// Writes one line of text.
pub(crate) fn written(svg: &mut Svg, x: Px, y: Px, words: &str, kind: Type) {
    let mut element = svg.element("text").px("x", x).px("y", y);
    if kind.size != BODY {
        element = element.px("font-size", kind.size);
    }
    if kind.bold {
        element = element.attribute("font-weight", "600");
    }
    element.anchor(kind.anchor).fill(kind.paint).words(words);
}

/// Writes one line of text on a plate of paper, so that nothing behind shows through.
pub(crate) fn plated(svg: &mut Svg, x: Px, y: Px, words: &str, kind: Type) {
    let wide = kind.width(words);
    let left = match kind.anchor {
        Anchor::Start => x,
        Anchor::Middle => x - wide / 2,
        Anchor::End => x - wide,
    };
    let plate = svg.element("rect").px("x", left - 2 * PX).px("y", y - kind.size);
    let plate = plate.px("width", wide + 4 * PX).px("height", kind.size * 4 / 3).fill(Paint::Paper);
    plate.attribute("fill-opacity", "0.8").leaf();
    written(svg, x, y, words, kind);
}

/// Draws a straight line.
pub(crate) fn ruled(svg: &mut Svg, from: (Px, Px), to: (Px, Px), paint: Paint, dash: Option<&str>) {
    let element = svg.element("line").px("x1", from.0).px("y1", from.1).px("x2", to.0).px("y2", to.1);
    let element = element.stroke(paint, PX);
    match dash {
        Some(dash) => element.attribute("stroke-dasharray", dash).leaf(),
        None => element.leaf(),
    }
}

/// Vertical grid lines from `top` to `bottom`, and the names of the days below; returns where they end.
pub(crate) fn date_axis(svg: &mut Svg, ticks: &[Tick], width: Px, (top, bottom): (Px, Px)) -> Px {
    for tick in ticks {
        ruled(svg, (tick.x, top), (tick.x, bottom + 5 * PX), Paint::Faint, None);
        let x = centred(tick.x, &tick.label, width);
        written(svg, x, bottom + 18 * PX, &tick.label, Type::SMALL.at(Anchor::Middle));
        if let Some(below) = &tick.below {
            written(svg, x, bottom + 33 * PX, below, Type::SMALL.at(Anchor::Middle).bold());
        }
    }
    let two = ticks.iter().any(|tick| tick.below.is_some());
    bottom + if two { 40 * PX } else { 25 * PX }
}

/// The middle nearest to `x` at which `label` stays on a chart of this width.
pub(crate) fn centred(x: Px, label: &str, width: Px) -> Px {
    let half = text::width(label, SMALL) / 2;
    x.min(width - half - 4 * PX).max(half + 4 * PX)
}

/// A day that matters, as a line through the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The day.
    pub on: Date,
    /// What it is, in a few words.
    pub label: String,
}

/// How much room the words of marks take above a chart.
pub(crate) fn marks_room(marks: &[Mark]) -> Px {
    if marks.is_empty() { 0 } else { 20 * PX }
}

/// Draws marks from `top` to `bottom`, with their words above.
pub(crate) fn marked(svg: &mut Svg, marks: &[Mark], scale: &Scale, top: Px, bottom: Px) {
    let mut taken = Px::MIN;
    for mark in marks.iter().filter(|mark| scale.from <= mark.on && mark.on <= scale.until) {
        let x = scale.x(mark.on);
        ruled(svg, (x, top - 4 * PX), (x, bottom), Paint::Soft, Some("2 3"));
        let label = format!("{}, {}", mark.label, dates::shown(mark.on));
        let middle = centred(x, &label, WIDTH);
        let half = text::width(&label, SMALL) / 2;
        if middle - half > taken {
            written(svg, middle, top - 8 * PX, &label, Type::SMALL.at(Anchor::Middle));
            taken = middle + half + 8 * PX;
        }
    }
}
