//! Writes one picture of each chart into a folder, to be looked at: `cargo run -p abide-draw --example pictures DIR`.

use abide_draw::band::{Bands, Row, Span};
use abide_draw::bars::{Bar, Group};
use abide_draw::lines::{Across, Level, Point, Series, Spot, Upright, day};
use abide_draw::{Bars, Estimate, Lines, Mark, Tone, Unit};
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "a program, not the crate: it writes files")]
fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures".to_owned()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("bands.svg"), bands().svg())?;
    std::fs::write(folder.join("lines.svg"), lines().svg())?;
    std::fs::write(folder.join("difference.svg"), difference().svg())?;
    std::fs::write(folder.join("bars.svg"), bars().svg())
}

fn usd() -> Unit {
    Unit { name: "USD".to_owned(), decimals: 2 }
}

/// Billions, in cents.
const BILLION: i128 = 100_000_000_000;

fn lines() -> Lines {
    let series = |name: &str, cap: i128, rate: i128| {
        let point = |year: i16| {
            let years = i128::from(year - 2026);
            let at =
                |growth: i128| (years * years * growth * BILLION / 10 + years * rate * BILLION / 10).min(cap);
            let (value, low, high) = (at(10), at(7), at(14));
            let amount = Estimate { value, upto: value, low, high };
            Point { at: day(jiff::civil::date(year, 1, 1)), amount }
        };
        Series { name: name.to_owned(), runs: vec![(2026..=2033).map(point).collect()] }
    };
    Lines {
        id: "shares".to_owned(),
        title: "What is paid to Microsoft, added up".to_owned(),
        note: "Middle of 1,000 futures; eight of ten lie in the shade".to_owned(),
        across: Across::Days(vec![Mark {
            on: jiff::civil::date(2031, 1, 1),
            label: "share ends".to_owned(),
        }]),
        unit: usd(),
        series: vec![series("April 2026", 38 * BILLION, 60), series("October 2025", 90 * BILLION, 50)],
        levels: vec![Level { value: 38 * BILLION, label: "cap".to_owned(), over: None, of: Some(0) }],
        spots: vec![Spot {
            at: day(jiff::civil::date(2031, 2, 1)),
            value: 38 * BILLION,
            label: "reached 2031-02-01".to_owned(),
            of: Some(0),
        }],
        sides: Default::default(),
    }
}

fn difference() -> Lines {
    let point = |n: i128| {
        let value = (40 - n) * BILLION / 2;
        let (low, high) = (value - BILLION, value + 3 * BILLION);
        Point { at: n * BILLION, amount: Estimate { value, upto: value, low, high } }
    };
    Lines {
        id: "difference".to_owned(),
        title: "By how much April 2026 is better for Microsoft".to_owned(),
        note: String::new(),
        across: Across::Amounts(
            usd(),
            "revenue through AWS a year".to_owned(),
            vec![Upright { at: 10 * BILLION, label: "the forecast".to_owned() }],
        ),
        unit: usd(),
        series: vec![Series {
            name: "difference".to_owned(),
            runs: vec![(0..=100).step_by(5).map(point).collect()],
        }],
        levels: Vec::new(),
        spots: vec![Spot { at: 40 * BILLION, value: 0, label: "40 billion USD: even".to_owned(), of: None }],
        sides: ["April 2026 is better".to_owned(), "October 2025 is better".to_owned()],
    }
}

fn bars() -> Bars {
    let group = |name: &str, values: [(&str, i128, i128); 2]| Group {
        name: name.to_owned(),
        bars: values
            .map(|(name, value, by)| {
                let (value, by) = (value * BILLION, by * BILLION);
                let amount = Estimate { value, upto: value, low: value - by, high: value + by };
                Bar { name: name.to_owned(), amount }
            })
            .to_vec(),
    };
    Bars {
        id: "value".to_owned(),
        title: "Present value for each party".to_owned(),
        note: "At 8 % a year".to_owned(),
        unit: usd(),
        groups: vec![
            group("microsoft", [("April 2026", 110, 12), ("October 2025", 95, 0)]),
            group("openai", [("April 2026", 214, 30), ("October 2025", -12, 4)]),
        ],
    }
}

fn bands() -> Bands {
    let date = |text: &str| text.parse().unwrap_or(jiff::civil::Date::ZERO);
    let span = |from: &str, until: &str, tone, label: &str, detail: &str| Span {
        from: date(from),
        until: date(until),
        tone,
        label: label.to_owned(),
        detail: detail.to_owned(),
    };
    Bands {
        id: "frontier".to_owned(),
        title: "May Amazon sell the agent platform through its cloud?".to_owned(),
        note: "As known on 20 November 2026".to_owned(),
        from: date("2025-01-01"),
        until: date("2029-01-01"),
        keys: vec![
            (Tone::Good, "permitted".to_owned()),
            (Tone::Caution, "contested: depends on open questions".to_owned()),
            (Tone::Bad, "breach of a promise".to_owned()),
            (Tone::Muted, "no right".to_owned()),
        ],
        rows: vec![
            Row {
                label: "amazon sells openai/frontier through aws".to_owned(),
                note: "any customer".to_owned(),
                spans: vec![
                    span("2025-01-01", "2026-02-27", Tone::Muted, "no right", "no grant reaches the actor"),
                    span(
                        "2026-02-27",
                        "2026-04-27",
                        Tone::Caution,
                        "contested",
                        "toward microsoft, on frontier-is-api",
                    ),
                    span("2026-04-27", "2029-01-01", Tone::Good, "permit", "by feb26.frontier-distribution"),
                ],
            },
            Row {
                label: "amazon serves openai/api/responses through aws".to_owned(),
                note: "government/national-security".to_owned(),
                spans: vec![
                    span("2025-01-01", "2025-10-28", Tone::Bad, "breach", "toward microsoft"),
                    span("2025-10-28", "2025-11-03", Tone::Muted, "no right", ""),
                    span("2025-11-03", "2026-04-27", Tone::Caution, "contested", "toward microsoft"),
                    span("2026-04-27", "2029-01-01", Tone::Good, "permit", ""),
                ],
            },
        ],
        marks: vec![Mark { on: date("2026-11-20"), label: "today".to_owned() }],
    }
}
