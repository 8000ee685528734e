//! Charts of lines and bars: what they say in words, and that any amount can be drawn.

use abide_draw::bars::{Bar, Group};
use abide_draw::lines::{Across, Level, Point, Series, day};
use abide_draw::{Bars, Lines, Unit};
use expect_test::expect;
use jiff::civil::date;
use proptest::prelude::*;

fn usd() -> Unit {
    Unit { name: "USD".to_owned(), decimals: 2 }
}

fn lines(values: &[(i128, i128, i128)], across: Across) -> Lines {
    let point = |(n, (low, value, high)): (usize, &(i128, i128, i128))| {
        let at = match &across {
            Across::Days(_) => day(date(2026, 1, 1)) + 365 * n as i128,
            Across::Amounts(..) => n as i128 * 1_000,
        };
        Point { at, low: *low, value: *value, high: *high }
    };
    Lines {
        id: "l".to_owned(),
        title: "Paid".to_owned(),
        note: String::new(),
        unit: usd(),
        series: vec![Series {
            name: "new".to_owned(),
            points: values.iter().enumerate().map(point).collect(),
        }],
        levels: vec![Level { value: 3_800_000_000_000, label: "cap".to_owned() }],
        across,
    }
}

fn bars(values: &[(i128, i128, i128)]) -> Bars {
    let bar = |&(low, value, high): &(i128, i128, i128)| Bar { name: "new".to_owned(), low, value, high };
    let group = Group { name: "lab".to_owned(), bars: values.iter().map(bar).collect() };
    Bars {
        id: "b".to_owned(),
        title: "Worth".to_owned(),
        note: String::new(),
        unit: usd(),
        groups: vec![group],
    }
}

fn said(svg: &str) -> &str {
    let after = svg.split_once("-desc\">").map_or("", |(_, after)| after);
    after.split_once("</desc>").map_or("", |(said, _)| said)
}

#[test]
fn charts_say_their_figures() {
    let billion = 100_000_000_000;
    let values = [(0, 0, 0), (10 * billion, 12 * billion, 15 * billion)];
    expect![
        "new goes from 0.00 billion USD to 12.00 billion USD (10.00 to 15.00). cap is 38.00 billion USD."
    ]
    .assert_eq(said(&lines(&values, Across::Days(Vec::new())).svg()));
    expect!["In billion USD. lab: new 0.00; new 12.00 (10.00 to 15.00)."]
        .assert_eq(said(&bars(&values).svg()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_amount_can_be_drawn(values in prop::collection::vec((any::<i128>(), any::<i128>(), any::<i128>()), 0..6)) {
        let along = Across::Amounts(usd(), "<level>".to_owned(), vec![Level { value: 1_500, label: "<here>".to_owned() }]);
        for svg in [lines(&values, Across::Days(Vec::new())).svg(), lines(&values, along).svg(), bars(&values).svg()] {
            prop_assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            prop_assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
            prop_assert!(!svg.contains("<level>"));
        }
    }
}
