//! Books that are wrong, and what their writers are told: one folder of `testdata/broken/` for each.

use crate::rows::{files, loaded, openai_clouds, read};
use abide_agreement::{FILE_BYTES_MAX, Severity, Source, load};
use expect_test::{expect, expect_file};
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/broken");
    let mut found: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn findings(files: &[Source]) -> String {
    let findings = load(files).err().unwrap_or_else(|| panic!("{files:?} loads"));
    let shown: Vec<_> = findings.iter().map(|finding| finding.render(false)).collect();
    shown.join("\n")
}

#[test]
fn every_broken_book_says_all_that_is_wrong_with_it_with_carets() {
    for case in cases() {
        expect_file![case.join("expected.txt")].assert_eq(&findings(&read(&case)));
    }
}

#[test]
fn the_order_in_which_files_are_given_changes_no_message() {
    for case in cases() {
        let mut files = read(&case);
        let forward = findings(&files);
        files.reverse();
        assert_eq!(findings(&files), forward);
    }
}

#[test]
fn every_finding_points_into_its_file() {
    for case in cases() {
        let files = read(&case);
        for finding in load(&files).unwrap_err() {
            for place in std::iter::once(&finding.place).chain(finding.also.iter().map(|(place, _)| place)) {
                let text = &files.iter().find(|file| file.path == place.file).unwrap().text;
                let line = text.lines().nth(place.line as usize - 1).unwrap_or("");
                assert_eq!((line, 0), (place.text.as_str(), place.skipped));
                let begun = text.get(..place.span.start).unwrap().rfind('\n').map_or(0, |at| at + 1);
                assert_eq!(text[begun..place.span.start].chars().count() as u32 + 1, place.column);
                assert!(text.get(place.span.clone()).is_some());
            }
        }
    }
}

const SMALL: &str = r#"
    book = "small"
    self = "lab"
    [[party]]
    id = "lab"
    [[party]]
    id = "cloud"
    [[channel]]
    id = "blue"
    operator = "cloud"
    [[product]]
    id = "lab/chat"
    owner = "lab"
"#;

#[test]
fn a_book_that_only_deserves_a_look_loads_with_warnings() {
    let book = loaded(&files(&format!(
        "{SMALL}
        [[fact]]
        event = \"launched(lab/chat, blue)\"
        on = 2026-02-01
        recorded = 2026-01-01
        --- first.toml
        instrument = \"one\"
        parties = [\"lab\", \"cloud\"]
        signed = 2026-02-01
        --- second.toml
        instrument = \"one\"
        amendment = 1
        parties = [\"lab\", \"cloud\"]
        signed = 2026-01-01"
    )));
    assert!(book.warnings().iter().all(|finding| finding.severity == Severity::Warning));
    let shown: Vec<_> = book.warnings().iter().map(|finding| finding.render(false)).collect();
    expect![[r#"
        warning[early-record]: this fact is recorded before it happened
          --> book.toml:18:12
           |
        18 | recorded = 2026-01-01
           |            ^^^^^^^^^^
           = help: `on` is the day it happened, `recorded` the day it became known

        warning[amendment-order]: amendment 1 is signed before amendment 0
         --> second.toml:4:10
          |
        4 | signed = 2026-01-01
          |          ^^^^^^^^^^
         ::: first.toml:3:10
          |
        3 | signed = 2026-02-01
          |          ^^^^^^^^^^ signed here
          = help: the number decides which is later, not the day
    "#]]
    .assert_eq(&shown.join("\n"));
    assert!(openai_clouds().warnings().is_empty());
}

#[test]
fn no_control_character_of_a_book_reaches_the_terminal() {
    let files = files(&format!("{SMALL}\nzone = \"\\u001b[2Jevil\"\n\"k\\u0007ey\" = 1"));
    let found = load(&files).unwrap_err();
    let shown: String = found.iter().map(|finding| finding.render(false)).collect();
    assert!(shown.contains("evil"));
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    let colored: String = found.iter().map(|finding| finding.render(true)).collect();
    assert!(colored.contains("\u{1b}[1;31merror[unknown-key]\u{1b}[0m"));
}

#[test]
fn a_very_long_line_is_shown_around_the_caret_only() {
    let pad = " ".repeat(5_000);
    let files = files(&format!("{SMALL}\n--- one.toml\ninstrument = \"one\"{pad}x"));
    let shown = findings(&files);
    assert!(shown.lines().all(|line| line.len() < 250), "{shown}");
}

#[test]
fn a_file_beyond_the_limit_is_refused_without_being_read() {
    let mut files = files(SMALL);
    files.push(Source { path: "large.toml".to_owned(), text: "#".repeat(FILE_BYTES_MAX + 1) });
    expect![[r#"
        error[limit]: this file is larger than 16777216 bytes
         --> large.toml:1:1
          |
        1 | 
          | ^
    "#]]
    .assert_eq(&findings(&files).replace('#', ""));
}

#[test]
fn a_file_given_twice_is_an_error() {
    let mut files = files(SMALL);
    files.extend_from_within(..);
    assert!(findings(&files).contains("given twice"));
}

#[test]
fn findings_beyond_a_thousand_are_counted_only() {
    let keys: String = (0..2_000).map(|n| format!("key{n} = 1\n")).collect();
    let mut files = files(SMALL);
    files[0].text.insert_str(0, &keys);
    let found = load(&files).unwrap_err();
    assert_eq!(found.len(), 1_001);
    assert_eq!(found.last().unwrap().message, "1000 more findings are not shown");
}

#[test]
fn a_tower_of_overrides_is_refused_and_a_lower_one_is_not() {
    let tower = |levels: usize| {
        let amendment = |n: usize| {
            let overrides = match n.checked_sub(1) {
                Some(below) => format!("overrides = [\"c{below}\"]"),
                None => String::new(),
            };
            format!(
                "--- {n}.toml\ninstrument = \"one\"\namendment = {n}\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-01-01
                [[exclusive]]\nid = \"c{n}\"\nfrom = \"lab\"\nto = \"cloud\"\n{overrides}\n"
            )
        };
        files(&format!("{SMALL}\n{}", (0..=levels).map(amendment).collect::<String>()))
    };
    loaded(&tower(12));
    expect![[r#"
        error[limit]: clauses override one another more than 12 levels above this one
         --> 0.toml:6:7
          |
        6 | id = "c0"
          |       ^^
          = help: let later amendments name it in `supersedes` instead
    "#]]
    .assert_eq(&findings(&tower(13)));
}

#[test]
fn every_error_says_what_would_mend_it() {
    let mut bare = String::new();
    for case in cases() {
        for finding in load(&read(&case)).unwrap_err().iter().filter(|one| one.help.is_none()) {
            bare +=
                &format!("{}: {} {}\n", case.file_name().unwrap().display(), finding.code, finding.message);
        }
    }
    assert_eq!(bare, "");
}
