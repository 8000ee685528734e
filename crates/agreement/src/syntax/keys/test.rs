//! The table of keys against the readers: every row is read, and read as the type it says.

use super::{BOOK, INSTRUMENT, Keys, REGISTRY, SCENARIO, Shape};
use crate::Source;
use crate::diagnostic::{Files, Sink};
use crate::syntax;

const FILES: [(&str, &Keys, &str); 4] = [
    ("book.toml", &BOOK, "book = \"b\"\nself = \"p\"\n"),
    ("prices.toml", &REGISTRY, ""),
    ("one.toml", &INSTRUMENT, "instrument = \"i\"\nparties = [\"p\"]\nsigned = 2026-01-01\n"),
    (
        "what-if.toml",
        &SCENARIO,
        "scenario = \"s\"\nfrom = 2026-01-01\nuntil = 2027-01-01\ncurrency = \"USD\"\n",
    ),
];

/// What is said of a file, as `code message` lines.
fn findings(path: &str, text: &str) -> Vec<String> {
    let sources = [Source { path: path.to_owned(), text: text.to_owned() }];
    let mut sink = Sink::default();
    syntax::read(0, &sources[0], &mut sink);
    let found = sink.finish(&Files::new(&sources));
    found.into_iter().map(|one| format!("{} {}", one.code, one.message)).collect()
}

/// Every row below `keys`, as a text that puts `value` where it stands, and the row's path.
fn rows(keys: &'static Keys, path: &str, around: &dyn Fn(&str) -> String, out: &mut Vec<Row>) {
    for key in keys.rows() {
        let path = format!("{path}.{}", key.name);
        let set = |value: &str| around(&format!("{} = {value}", key.name));
        out.push(Row { path: path.clone(), wrong: set("1.5"), like: set(key.like), shape: key.shape });
        match key.shape {
            Shape::Table(below) => rows(below, &path, &|inner| set(&format!("{{ {inner} }}")), out),
            Shape::Tables(below) => rows(below, &path, &|inner| set(&format!("[{{ {inner} }}]")), out),
            Shape::List(_) => {
                rows(key.shape.keys(), &path, &|inner| set(&format!("[{{ {inner} }}]")), out);
            }
            Shape::Map(below) => {
                let named = |inner: &str| set(&format!("{{ x = {{ {inner} }} }}"));
                rows(below.keys(), &path, &named, out);
            }
            Shape::Text | Shape::Name | Shape::Path | Shape::Word(_) | Shape::Money | Shape::Percent => {}
            Shape::Span | Shape::Condition | Shape::Date | Shape::Bool | Shape::Whole | Shape::Either(_) => {}
        }
    }
}

struct Row {
    path: String,
    wrong: String,
    like: String,
    shape: Shape,
}

fn every_row() -> Vec<(&'static str, &'static str, Row)> {
    let mut all = Vec::new();
    for (path, keys, head) in FILES {
        let mut found = Vec::new();
        rows(keys, "", &str::to_owned, &mut found);
        all.extend(found.into_iter().map(|row| (path, head, row)));
    }
    all
}

/// `text` below a head that does not give the same key again.
fn file(head: &str, text: &str) -> String {
    let key = text.split(' ').next().unwrap();
    let kept: String =
        head.lines().filter(|line| line.split(' ').next() != Some(key)).map(|l| format!("{l}\n")).collect();
    format!("{kept}{text}\n")
}

#[test]
fn every_key_of_the_table_is_read_by_some_reader() {
    for (path, head, row) in every_row() {
        let found = findings(path, &file(head, &row.wrong));
        let last = row.path.rsplit('.').next().unwrap();
        let about = |one: &String| one.starts_with("wrong-type ") && one.contains(&format!("`{last}`"));
        assert!(found.iter().any(about), "{path}{}: {found:#?}", row.path);
    }
}

#[test]
fn every_example_in_the_table_is_of_its_type() {
    for (path, head, row) in every_row().iter().filter(|(_, _, row)| !row.like.contains("=  ")) {
        if matches!(row.shape, Shape::Tables(_) | Shape::Map(Shape::Table(_))) {
            continue;
        }
        let found = findings(path, &file(head, &row.like));
        let wrong = |one: &&String| !one.starts_with("missing-key") && !one.starts_with("empty-scope");
        assert_eq!(found.iter().find(wrong), None, "{path}{}: {}", row.path, row.like);
    }
}

#[test]
fn what_the_table_says_is_needed_is_what_readers_miss() {
    fn check(path: &str, head: &str, at: &str, keys: &'static Keys, around: &dyn Fn(&str) -> String) {
        let mut needed: Vec<_> = keys.rows().filter(|key| key.needed).map(|key| key.name).collect();
        needed.sort_unstable();
        let found = findings(path, &file(head, &around("")));
        let told = found.iter().filter_map(|one| one.strip_prefix("missing-key ")?.split_once(" lacks "));
        let missing: Vec<&str> =
            told.flat_map(|(_, keys)| keys.split(", ")).map(|key| key.trim_matches('`')).collect();
        for name in &needed {
            assert!(missing.iter().any(|found| found == name), "{path}{at} needs `{name}`: {found:#?}");
        }
        for key in keys.rows() {
            let set = |inner: &str| around(&format!("{} = {inner}", key.name));
            let at = format!("{at}.{}", key.name);
            match key.shape {
                Shape::Table(below) => check(path, head, &at, below, &|inner| set(&format!("{{ {inner} }}"))),
                Shape::Tables(below) => {
                    check(path, head, &at, below, &|inner| set(&format!("[{{ {inner} }}]")))
                }
                Shape::Text | Shape::Name | Shape::Path | Shape::Word(_) | Shape::Money | Shape::Percent => {}
                Shape::Span | Shape::Condition | Shape::Date | Shape::Bool | Shape::Whole => {}
                Shape::List(_) | Shape::Map(_) | Shape::Either(_) => {}
            }
        }
    }
    for (path, keys, head) in FILES {
        for key in keys.rows() {
            if let Shape::Tables(below) = key.shape {
                let around = |inner: &str| format!("{} = [{{ {inner} }}]", key.name);
                check(path, head, key.name, below, &around);
            }
        }
    }
}
