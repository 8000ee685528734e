//! What changes between two drafts, told in boxes.

use crate::rows::{ask, openai_clouds, small};
use abide_agreement::{Book, ChangeKind, Side, diff};
use abide_model::Date;
use abide_model::decision::{Action, Ask};
use expect_test::expect;

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
