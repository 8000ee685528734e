//! Colours, light and dark, and the patterns that go with them. Light colours are attributes; the style sheet holds
//! the dark ones alone.

use crate::svg::{PX, Svg};

/// What a stretch of a band means to whoever looks. Each has a colour, a pattern, and an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// All is well: plain.
    Good,
    /// It depends: slanted stripes.
    Caution,
    /// Forbidden: crossed stripes.
    Bad,
    /// Nothing to be had: dots.
    Muted,
    /// No judgement: plain.
    Plain,
}

impl Tone {
    pub(crate) const ALL: [Tone; 5] = [Tone::Good, Tone::Caution, Tone::Bad, Tone::Muted, Tone::Plain];

    pub(crate) fn fill(self) -> Paint {
        match self {
            Tone::Good => Paint::Good,
            Tone::Caution => Paint::Caution,
            Tone::Bad => Paint::Bad,
            Tone::Muted => Paint::Muted,
            Tone::Plain => Paint::Plain,
        }
    }

    pub(crate) fn edge(self) -> Paint {
        match self {
            Tone::Good => Paint::GoodEdge,
            Tone::Caution => Paint::CautionEdge,
            Tone::Bad => Paint::BadEdge,
            Tone::Muted => Paint::MutedEdge,
            Tone::Plain => Paint::PlainEdge,
        }
    }

    /// The name of its pattern; `None` is plain.
    pub(crate) fn pattern(self) -> Option<&'static str> {
        match self {
            Tone::Good | Tone::Plain => None,
            Tone::Caution => Some("slant"),
            Tone::Bad => Some("cross"),
            Tone::Muted => Some("dots"),
        }
    }
}

/// A colour with its two shades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Paper,
    Ink,
    Soft,
    Faint,
    Good,
    GoodEdge,
    Caution,
    CautionEdge,
    Bad,
    BadEdge,
    Muted,
    MutedEdge,
    Plain,
    PlainEdge,
    Series(usize),
}

/// How many series have a colour of their own; a seventh takes the first one's, with another dash.
pub(crate) const SERIES_COLORS: usize = 6;

/// Class of a fill, class of a stroke, light, dark. The colours of series stay apart for colour-blind eyes.
type Shade = (&'static str, &'static str, &'static str, &'static str);

const SHADES: [Shade; 14] = [
    ("f-paper", "s-paper", "#ffffff", "#15181c"),
    ("f-ink", "s-ink", "#1b1f24", "#e9ebee"),
    ("f-soft", "s-soft", "#57606a", "#a9b1bb"),
    ("f-faint", "s-faint", "#dfe3e8", "#343a42"),
    ("f-good", "s-good", "#d3ebe1", "#163c30"),
    ("f-good-edge", "s-good-edge", "#1a7a58", "#55c59d"),
    ("f-caution", "s-caution", "#fdebc4", "#423311"),
    ("f-caution-edge", "s-caution-edge", "#9a6200", "#e3b04b"),
    ("f-bad", "s-bad", "#fadbd7", "#4b1f1b"),
    ("f-bad-edge", "s-bad-edge", "#b0261c", "#f39289"),
    ("f-muted", "s-muted", "#eceff2", "#252a31"),
    ("f-muted-edge", "s-muted-edge", "#69727d", "#8f99a5"),
    ("f-plain", "s-plain", "#d9e6f5", "#1b3550"),
    ("f-plain-edge", "s-plain-edge", "#1f5f9e", "#7db6ee"),
];

const SERIES: [Shade; SERIES_COLORS] = [
    ("f-series-1", "s-series-1", "#0a5ea8", "#6db3f2"),
    ("f-series-2", "s-series-2", "#c04a05", "#f59a5c"),
    ("f-series-3", "s-series-3", "#0d7a60", "#4fc7a4"),
    ("f-series-4", "s-series-4", "#84398a", "#d491da"),
    ("f-series-5", "s-series-5", "#7d6200", "#d9b93e"),
    ("f-series-6", "s-series-6", "#4b525b", "#b4bcc6"),
];

impl Paint {
    fn shade(self) -> Shade {
        let [
            paper,
            ink,
            soft,
            faint,
            good,
            good_edge,
            caution,
            caution_edge,
            bad,
            bad_edge,
            muted,
            muted_edge,
            plain,
            plain_edge,
        ] = SHADES;
        match self {
            Paint::Paper => paper,
            Paint::Ink => ink,
            Paint::Soft => soft,
            Paint::Faint => faint,
            Paint::Good => good,
            Paint::GoodEdge => good_edge,
            Paint::Caution => caution,
            Paint::CautionEdge => caution_edge,
            Paint::Bad => bad,
            Paint::BadEdge => bad_edge,
            Paint::Muted => muted,
            Paint::MutedEdge => muted_edge,
            Paint::Plain => plain,
            Paint::PlainEdge => plain_edge,
            Paint::Series(n) => SERIES.get(n % SERIES_COLORS).copied().unwrap_or(ink),
        }
    }

    pub(crate) fn fill_class(self) -> &'static str {
        self.shade().0
    }

    pub(crate) fn stroke_class(self) -> &'static str {
        self.shade().1
    }

    pub(crate) fn light(self) -> &'static str {
        self.shade().2
    }
}

/// Fonts that are at hand on the machines of readers, narrowest differences first.
pub(crate) const FONTS: &str = "'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif";

/// The style sheet: the dark colours, on screens alone.
pub(crate) fn sheet(svg: &mut Svg) {
    svg.raw("<style>@media screen and (prefers-color-scheme:dark){");
    for (fill, stroke, _, dark) in SHADES.iter().chain(&SERIES) {
        svg.raw(&format!(".abide-chart .{fill}{{fill:{dark}}}.abide-chart .{stroke}{{stroke:{dark}}}"));
    }
    svg.raw("}</style>\n");
}

/// The patterns of these tones, under ids that begin with `id`.
pub(crate) fn patterns(svg: &mut Svg, id: &str, tones: impl Iterator<Item = Tone>) {
    svg.element("defs").begin();
    for tone in tones {
        let Some(name) = tone.pattern() else { continue };
        let edge = tone.edge();
        svg.element("pattern")
            .attribute("id", &format!("{id}-{name}"))
            .px("width", 8 * PX)
            .px("height", 8 * PX)
            .attribute("patternUnits", "userSpaceOnUse")
            .begin();
        for path in strokes(tone) {
            let line = svg.element("path").attribute("d", path).attribute("fill", "none");
            line.stroke(edge, PX).attribute("stroke-opacity", "0.28").leaf();
        }
        svg.end();
    }
    svg.end();
}

fn strokes(tone: Tone) -> &'static [&'static str] {
    const SLANT: &str = "M-2 2L2 -2M0 8L8 0M6 10L10 6";
    const BACK: &str = "M-2 6L2 10M0 0L8 8M6 -2L10 2";
    const DOTS: &str = "M1 2h1.4M5 6h1.4";
    match tone {
        Tone::Good | Tone::Plain => &[],
        Tone::Caution => &[SLANT],
        Tone::Bad => &[SLANT, BACK],
        Tone::Muted => &[DOTS],
    }
}
