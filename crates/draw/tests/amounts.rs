//! Charts of lines and bars: what they say in words, and that any amount can be drawn.

use abide_draw::bars::{Bar, Group};
use abide_draw::lines::{Across, Level, Point, Series, Spot, Upright, day};
use abide_draw::{Bars, Estimate, Lines, Unit};
use expect_test::expect;
use jiff::civil::date;
use proptest::prelude::*;

fn usd() -> Unit {
    Unit { name: "USD".to_owned(), decimals: 2 }
}

fn estimate(&(low, value, high): &(i128, i128, i128)) -> Estimate {
    // Amounts of which the least is below zero are not known.
    Estimate { value, upto: if low < 0 { value.max(high) } else { value }, low, high }
}

fn lines(values: &[(i128, i128, i128)], across: Across) -> Lines {
    let point = |(n, value): (usize, &(i128, i128, i128))| {
        let at = match &across {
            Across::Days(_) => day(date(2026, 1, 1)) + 365 * n as i128,
            Across::Amounts(..) => n as i128 * 1_000,
        };
        Point { at, amount: estimate(value) }
    };
    Lines {
        id: "l".to_owned(),
        title: "Paid".to_owned(),
        note: String::new(),
        unit: usd(),
        series: vec![Series {
            name: "new".to_owned(),
            runs: vec![values.iter().enumerate().map(point).collect()],
        }],
        levels: vec![Level { value: 3_800_000_000_000, label: "cap".to_owned(), over: None, of: Some(0) }],
        spots: vec![Spot { at: 1_000, value: 0, label: "here".to_owned(), of: None }],
        sides: ["better".to_owned(), String::new()],
        across,
    }
}

fn bars(values: &[(i128, i128, i128)]) -> Bars {
    let bar = |value: &(i128, i128, i128)| Bar { name: "new".to_owned(), amount: estimate(value) };
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
    expect!["new goes from 0.00 to 12.00 (10.00 to 15.00) billion USD. 38.00 billion USD cap. here. better."]
        .assert_eq(said(&lines(&values, Across::Days(Vec::new())).svg()));
    expect!["In billion USD. lab: new 0.00; new 12.00 (10.00 to 15.00)."]
        .assert_eq(said(&bars(&values).svg()));
    let open = [(-billion, 2 * billion, 3 * billion), (-billion, -billion, 0)];
    expect!["In billion USD. lab: new 2.00 to 3.00 (−1.00 to 3.00); new −1.00 to 0.00."]
        .assert_eq(said(&bars(&open).svg()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_amount_can_be_drawn(values in prop::collection::vec((any::<i128>(), any::<i128>(), any::<i128>()), 0..6)) {
        let along = Across::Amounts(usd(), "<level>".to_owned(), vec![Upright { at: 1_500, label: "<here>".to_owned() }]);
        let (days, amounts, bars) = (lines(&values, Across::Days(Vec::new())), lines(&values, along), bars(&values));
        for svg in [days.svg(), amounts.svg(), bars.svg(), days.small_svg(), amounts.small_svg(), bars.small_svg()] {
            prop_assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            prop_assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
            prop_assert!(!svg.contains("<level>"));
        }
    }
}
