//! SVG as text: elements, attributes, escaping, and coordinates in whole hundredths of a pixel.
//! Knows nothing of charts.

use crate::style::Paint;
use std::fmt::Write as _;

/// One pixel of the drawing.
pub(crate) const PX: i64 = 100;

/// A length or place in hundredths of a pixel.
pub(crate) type Px = i64;

/// A drawing in the making.
#[derive(Debug, Default)]
pub(crate) struct Svg {
    out: String,
    open: Vec<&'static str>,
}

/// Where a text is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// An element whose attributes are being written.
pub(crate) struct Element<'a> {
    svg: &'a mut Svg,
    name: &'static str,
}

impl Svg {
    /// Starts an element; it must end with [`Element::leaf`], [`Element::begin`] or [`Element::words`].
    pub(crate) fn element(&mut self, name: &'static str) -> Element<'_> {
        self.out.push('<');
        self.out.push_str(name);
        Element { svg: self, name }
    }

    /// Closes the element that was begun last.
    pub(crate) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = writeln!(self.out, "</{name}>");
        }
    }

    /// Text that is markup already.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }
}

impl<'a> Element<'a> {
    pub(crate) fn attribute(self, name: &str, value: &str) -> Self {
        let _ = write!(self.svg.out, " {name}=\"{}\"", escaped(value));
        self
    }

    pub(crate) fn px(self, name: &str, value: Px) -> Self {
        let value = shown(value);
        self.attribute(name, &value)
    }

    pub(crate) fn fill(self, paint: Paint) -> Self {
        self.attribute("class", paint.fill_class()).attribute("fill", paint.light())
    }

    pub(crate) fn stroke(self, paint: Paint, width: Px) -> Self {
        self.attribute("class", paint.stroke_class())
            .attribute("stroke", paint.light())
            .px("stroke-width", width)
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        match anchor {
            Anchor::Start => self,
            Anchor::Middle => self.attribute("text-anchor", "middle"),
            Anchor::End => self.attribute("text-anchor", "end"),
        }
    }

    /// Ends the element; it holds nothing.
    pub(crate) fn leaf(self) {
        self.svg.out.push_str("/>\n");
    }

    /// Ends the start tag; what follows is inside until [`Svg::end`].
    pub(crate) fn begin(self) {
        self.svg.out.push_str(">\n");
        self.svg.open.push(self.name);
    }

    /// Ends the element; it holds this text.
    pub(crate) fn words(self, text: &str) {
        let _ = writeln!(self.svg.out, ">{}</{}>", escaped(text), self.name);
    }
}

/// `12345` is `123.45`.
pub(crate) fn shown(px: Px) -> String {
    let (whole, part) = (px.unsigned_abs() / PX.unsigned_abs(), px.unsigned_abs() % PX.unsigned_abs());
    let sign = if px < 0 { "-" } else { "" };
    match part {
        0 => format!("{sign}{whole}"),
        part if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        part => format!("{sign}{whole}.{part:02}"),
    }
}

/// Text as it may stand in markup, between tags and in attributes. Ends of lines become spaces; what XML 1.0 cannot hold at
/// all becomes the replacement character.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_print_without_needless_digits() {
        for (px, text) in [(0, "0"), (100, "1"), (12_345, "123.45"), (12_340, "123.4"), (-5, "-0.05")] {
            assert_eq!(shown(px), text);
        }
    }

    #[test]
    fn nothing_in_a_text_can_become_markup() {
        assert_eq!(escaped("<b a=\"1\">&'\u{1}\n"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;\u{fffd} ");
    }
}
