//! Writes one picture of each chart into a folder, to be looked at: `cargo run -p abide-draw --example pictures DIR`.

use abide_draw::band::{Bands, Row, Span};
use abide_draw::{Mark, Tone};
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "a program, not the crate: it writes files")]
fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures".to_owned()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("bands.svg"), bands().svg())
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
