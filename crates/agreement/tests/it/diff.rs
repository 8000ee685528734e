//! What changes between two drafts, told in boxes.

use crate::rows::{ask, loaded, openai_clouds, small, small_files};
use abide_agreement::{Book, Change, ChangeKind, Side, customers, diff};
use abide_model::Date;
use abide_model::decision::{Action, Ask};
use expect_test::expect;
use std::str::FromStr;

fn side<'b>(book: &'b Book, day: &str) -> Side<'b> {
    let at = book.start_of_day(day.parse::<Date>().unwrap());
    Side { book, at, known: at }
}

#[test]
fn a_draft_with_another_product_and_a_narrower_promise_changes_what_it_says() {
    let before = small(
        "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"cloud\"\nactions = [\"sell\"]\nclasses = [\"api\"]\n",
    );
    let after = small(
        "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"cloud\"\nactions = [\"sell\"]\nproducts = [\"lab/agent\"]\nexcept = [{ segments = [\"public\"] }]\n\
         [[share]]\nid = \"share\"\nfrom = \"lab\"\nto = \"cloud\"\nrate = \"20%\"\nevery = \"month\"\ncap = { total = \"5_000 USD\" }\n",
    );
    let found = diff(side(&before, "2026-03-01"), side(&after, "2026-03-01")).unwrap();
    let mut out = String::new();
    for change in &found.asks {
        let products: Vec<_> = change.products.iter().map(ToString::to_string).collect();
        out += &format!(
            "{}: {} actors, {} actions, {}, {} channels, segments {:?}\n",
            change.kind.as_str(),
            change.actors.len(),
            change.actions.len(),
            products.join(" "),
            change.channels.len(),
            change.segments
        );
    }
    for change in &found.terms {
        out += &format!("{} {:?} -> {:?}\n", change.kind, change.before, change.after);
    }
    expect![[r#"
        newly_permitted: 1 actors, 1 actions, lab/chat, 3 channels, segments []
        now_certain: 1 actors, 1 actions, lab/agent, 3 channels, segments [None]
        now_certain: 1 actors, 1 actions, lab/agent, 3 channels, segments [Some(Segment(public/schools)), Some(Segment(public/defence))]
        share [] -> [(Clause(share), "20% a month, at most 5,000.00 USD in total")]
    "#]].assert_eq(&out);
}

/// A customer of a segment that only the draft tells apart was one of the segment above it before.
#[test]
fn a_segment_that_one_book_lacks_is_there_a_part_of_the_one_above_it() {
    let alone = "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"cloud\"\nactions = [\"sell\"]\n";
    let before = small(&format!("{alone}except = [{{ segments = [\"public/schools\"] }}]\n"));
    let text = format!("{alone}except = [{{ segments = [\"public/schools/state\"] }}]\n");
    let mut files = small_files(&text);
    files[0].text += "[[segment]]\nid = \"public/schools/state\"\n[[segment]]\nid = \"new\"\n";
    let after = loaded(&files);
    let found = diff(side(&before, "2026-03-01"), side(&after, "2026-03-01")).unwrap();
    let one = |change: &Change| {
        let customers = customers(&[&before, &after], &change.segments, &change.territories);
        format!("{} {}{customers}\n", change.kind.as_str(), change.actors[0])
    };
    expect![[r#"
        newly_forbidden lab, for customers of public/schools
    "#]]
    .assert_eq(&found.asks.iter().map(one).collect::<String>());
}

/// `a - b`, where `-` is what has no name.
fn names<N: FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<Option<N>> {
    text.split_whitespace().map(|word| (word != "-").then(|| word.parse().unwrap())).collect()
}

#[test]
fn customers_are_told_by_what_they_are_in_or_by_the_little_they_are_not_in() {
    let mut files = small_files(
        "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"cloud\"\nterritories = [\"EU\", \"US\", \"CH\"]\n",
    );
    files[0].text += "[[territory]]\nid = \"DACH\"\nmembers = [\"DE\", \"CH\"]\n";
    let book = loaded(&files);
    let rows = [
        ("", ""),
        ("public/schools", "DE"),
        ("- public/schools", "- DE FR"),
        ("-", "-"),
        ("", "DE FR CH"),
        ("", "- US FR"),
        ("public/schools public/defence", "US"),
    ];
    let told = rows.map(|(segments, countries)| {
        let told = customers(&[&book], &names(segments), &names(countries));
        format!("[{segments}] [{countries}] everybody{told}\n")
    });
    expect![[r#"
        [] [] everybody
        [public/schools] [DE] everybody, for customers of public/schools in DE
        [- public/schools] [- DE FR] everybody, for customers not of public/defence, not in CH or US
        [-] [-] everybody, for customers of no named segment in no named country
        [] [DE FR CH] everybody, for customers in DACH or FR
        [] [- US FR] everybody, for customers not in DACH
        [public/schools public/defence] [US] everybody, for customers of public/defence or public/schools in US
    "#]]
    .assert_eq(&told.concat());
}

/// Every ask of the example lies in a box of a change exactly when its answer changes, and in no more than one.
#[test]
fn the_boxes_hold_exactly_what_changes() {
    let book = openai_clouds();
    let (before, after) = (side(&book, "2026-03-18"), side(&book, "2026-04-28"));
    let found = diff(before, after).unwrap();
    let segments = [None, Some("government/national-security".parse().unwrap())];
    let mut changed = 0;
    for (actor, action, (product, _), (channel, _), segment) in every_ask(&book, &segments) {
        let mut one = ask(&book, "openai sell openai/frontier aws 2026-03-18");
        (one.actor, one.action, one.product, one.channel) =
            (actor.clone(), action, product.clone(), channel.clone());
        one.segment = segment.clone();
        let verdict =
            |side: Side<'_>| book.decide(&Ask { at: side.at, known: side.known, ..one.clone() }).verdict;
        let (was, is) = (verdict(before), verdict(after));
        let boxes: Vec<_> = found
            .asks
            .iter()
            .filter(|change| {
                change.actors.contains(actor)
                    && change.actions.contains(&action)
                    && change.products.contains(product)
                    && change.channels.contains(channel)
                    && (change.segments.is_empty() || change.segments.contains(segment))
            })
            .collect();
        assert_eq!(boxes.len(), usize::from(was != is), "{one:?}");
        for change in boxes {
            assert_eq!((&change.before, &change.after), (&was, &is));
            assert!(change.kind != ChangeKind::NewlyPermitted || is.permits());
            changed += 1;
        }
    }
    assert!(changed > 50, "{changed}");
}

type Row<'b, S> = (
    &'b abide_model::name::Party,
    Action,
    (&'b abide_model::name::Product, &'b abide_model::name::Party),
    (&'b abide_model::name::Channel, &'b abide_model::name::Party),
    &'b S,
);

fn every_ask<'b, S>(book: &'b Book, segments: &'b [S]) -> Vec<Row<'b, S>> {
    let mut rows = Vec::new();
    for actor in book.parties() {
        for action in Action::ALL {
            for product in book.products() {
                for channel in book.channels() {
                    rows.extend(segments.iter().map(|segment| (actor, action, product, channel, segment)));
                }
            }
        }
    }
    rows
}
