//! The band chart: what it says in words, and what no text can do to it.
#![expect(clippy::unwrap_used, reason = "a test stops where it is wrong")]

use abide_draw::band::{Bands, Row, Span};
use abide_draw::{Mark, Tone};
use expect_test::expect;
use jiff::civil::{Date, date};
use proptest::prelude::*;

fn chart(rows: Vec<Row>) -> Bands {
    Bands {
        id: "t".to_owned(),
        title: "May they?".to_owned(),
        note: String::new(),
        from: date(2025, 1, 1),
        until: date(2029, 1, 1),
        keys: vec![(Tone::Good, "permitted".to_owned())],
        rows,
        marks: Vec::new(),
    }
}

fn row(spans: &[(&str, &str, Tone, &str, &str)]) -> Row {
    let span = |&(from, until, tone, label, detail): &(&str, &str, Tone, &str, &str)| Span {
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
        tone,
        label: label.to_owned(),
        detail: detail.to_owned(),
    };
    Row { label: "sell".to_owned(), note: String::new(), spans: spans.iter().map(span).collect() }
}

/// The texts that the picture shows, in the order they are drawn.
fn texts(svg: &str) -> Vec<&str> {
    let parts = svg.split("<text ").skip(1);
    parts.filter_map(|part| part.split_once('>')?.1.split_once("</text>").map(|(words, _)| words)).collect()
}

#[test]
fn the_description_says_all_of_it() {
    let bands = chart(vec![row(&[
        ("2020-01-01", "2026-02-27", Tone::Muted, "no right", ""),
        ("2026-02-27", "2026-04-27", Tone::Caution, "contested", "on frontier-is-api"),
        ("2026-04-27", "9999-12-31", Tone::Good, "permit", ""),
    ])]);
    let svg = bands.svg();
    let (_, after) = svg.split_once("<desc id=\"chart-t-desc\">").unwrap();
    expect!["From 1 Jan 2025 to 1 Jan 2029. sell: 1 Jan 2025 to 27 Feb 2026: no right; 27 Feb 2026 to 27 Apr 2026: contested, on frontier-is-api; 27 Apr 2026 to 1 Jan 2029: permit."]
        .assert_eq(after.split_once("</desc>").unwrap().0);
}

#[test]
fn what_does_not_fit_into_its_band_stands_in_the_list_below() {
    let bands = chart(vec![row(&[
        ("2025-01-01", "2026-02-27", Tone::Muted, "no right", ""),
        ("2026-02-27", "2026-04-27", Tone::Caution, "contested", "on frontier-is-api"),
        ("2026-04-27", "2026-04-28", Tone::Bad, "breach", ""),
        ("2026-04-28", "2029-01-01", Tone::Good, "permit", "by the licence"),
    ])]);
    let svg = bands.svg();
    let mut shown = texts(&svg);
    shown.retain(|text| !text.starts_with("20") && text.len() != 3);
    expect!["May they? | permitted | sell | no right | 1 | 2 | permit | by the licence | 27 Feb 2026 | 27 Apr 2026 | 1 | 27 Feb 2026 to 27 Apr 2026: contested, on frontier-is-api | 2 | 27 Apr 2026 to 28 Apr 2026: breach"]
        .assert_eq(&shown.join(" | "));
}

#[test]
fn a_mark_outside_the_axis_is_not_drawn() {
    let mut bands = chart(vec![row(&[])]);
    bands.marks = vec![
        Mark { on: date(2030, 1, 1), label: "later".to_owned() },
        Mark { on: date(2026, 11, 20), label: "today".to_owned() },
    ];
    let svg = bands.svg();
    assert!(svg.contains("today, 20 Nov 2026") && !svg.contains("later"));
}

fn days() -> impl Strategy<Value = Date> {
    (1990i16..2060, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d))
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let tone = prop::sample::select(vec![Tone::Good, Tone::Caution, Tone::Bad, Tone::Muted, Tone::Plain]);
    let span = (days(), days(), tone, ".{0,12}", ".{0,40}");
    let span = span.prop_map(|(from, until, tone, label, detail)| Span { from, until, tone, label, detail });
    prop::collection::vec(span, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_it_is_given_it_is_one_well_formed_element(
        from in days(), until in days(), spans in spans(), title in ".{0,200}", id in ".{0,9}",
    ) {
        let mut bands = chart(vec![Row { label: title.clone(), note: title.clone(), spans }]);
        (bands.from, bands.until, bands.title, bands.id) = (from, until, title, id);
        let svg = bands.svg();
        prop_assert_eq!(&svg, &bands.clone().svg());
        well_formed(&svg)?;
    }
}

/// Every element that is opened is closed in its turn, and every attribute stands in quotes.
fn well_formed(svg: &str) -> Result<(), TestCaseError> {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, after) = part.split_once('>').ok_or_else(|| TestCaseError::fail("a tag without end"))?;
        prop_assert!(!after.contains('>'), "{}", part);
        if let Some(name) = tag.strip_prefix('/') {
            prop_assert_eq!(open.pop(), Some(name));
            continue;
        }
        prop_assert!(tag.matches('"').count() % 2 == 0, "{}", tag);
        if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or(""));
        }
    }
    prop_assert!(open.is_empty() && !svg.contains("<script") && !svg.contains("NaN"));
    Ok(())
}
