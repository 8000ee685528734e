//! Laying files out: the rules as rows, and the laws over every file there is.

use crate::rows::read;
use abide_agreement::{Source, format, load};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn laid(path: &str, text: &str) -> String {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    format(&source).unwrap_or_else(|found| panic!("{}", found[0].render(false)))
}

fn check(text: &str, expected: Expect) {
    let once = laid("one.toml", text);
    expected.assert_eq(&once);
    assert_eq!(laid("one.toml", &once), once, "a second time changes nothing");
}

#[test]
fn keys_come_in_the_order_of_the_reference_and_strange_ones_last() {
    check(
        r#"
signed = 2026-04-27
zebra=1
parties=["b","a"]
instrument   =   "i"
[[share]]
cap = { known = 2026-05-11, total = "1 USD" }
to = "a"
yak = 2
rate = "20%"
from = "b"
id = "s"
"#,
        expect![[r#"
            instrument = "i"
            parties = ["b", "a"]
            signed = 2026-04-27
            zebra = 1

            [[share]]
            id = "s"
            from = "b"
            to = "a"
            rate = "20%"
            cap = { total = "1 USD", known = 2026-05-11 }
            yak = 2
        "#]],
    );
}

#[test]
fn comments_stay_with_what_they_stand_above_or_behind() {
    check(
        r##"# Of the file.


# Still of the file.
signed = 2026-04-27 # behind a day
instrument = "i"# behind a name
  # Above the parties.
parties = ["a", "b"]

[source.x]   # behind a header
class = "official"
# Above a grant.

[[grant]]
# Above who gives.
from = "a"
id = "g"

# The end.
"##,
        expect![[r#"
            # Of the file.

            # Still of the file.
            instrument = "i"  # behind a name
            # Above the parties.
            parties = ["a", "b"]
            signed = 2026-04-27  # behind a day

            [source.x]  # behind a header
            class = "official"

            # Above a grant.

            [[grant]]
            id = "g"
            # Above who gives.
            from = "a"

            # The end.
        "#]],
    );
}

#[test]
fn comments_behind_neighbouring_lines_stand_below_one_another() {
    check(
        "[[grant]]\nid = \"a\" # one\nfrom = \"longer\"    # two\nto = \"b\"\ndepth = 1 # three\n",
        expect![[r#"
            [[grant]]
            id = "a"         # one
            from = "longer"  # two
            to = "b"
            depth = 1  # three
        "#]],
    );
}

#[test]
fn long_lists_are_broken_and_short_ones_are_not() {
    check(
        r#"
instrument = "i"
supersedes = ["a.some-quite-long-name", "b.some-quite-long-name", "c.some-quite-long-name", "d.some-quite-long-name"]
parties = [
  "a",
  "b"
]
[[exclusive]]
except = [{channels=["azure","direct"]}, # what is theirs
   # What the state buys.
   { segments = ["government"], actions = ["sell"] } ]
unless = '''
    a
    or b
'''
"#,
        expect![[r#"
            instrument = "i"
            parties = ["a", "b"]
            supersedes = [
                "a.some-quite-long-name",
                "b.some-quite-long-name",
                "c.some-quite-long-name",
                "d.some-quite-long-name",
            ]

            [[exclusive]]
            except = [
                { channels = ["azure", "direct"] },  # what is theirs
                # What the state buys.
                { actions = ["sell"], segments = ["government"] },
            ]
            unless = '''
                a
                or b
            '''
        "#]],
    );
}

#[test]
fn dotted_keys_tables_under_tables_and_inline_tables_over_lines_keep_their_meaning() {
    check(
        "instrument = 'i'\n[[share]]\nof.products = [\"a\"]\nid = \"s\"\ncite.quote = \"q\"\ncite.source = \"x\"\n\
         cap = {\n  known = 2026-01-01,\n  total = \"1 USD\",\n}\n[[grant]]\n[grant.cite]\nquote = \"q\"\nsource = \"x\"\n",
        expect![[r#"
            instrument = 'i'

            [[share]]
            id = "s"
            of.products = ["a"]
            cap = { total = "1 USD", known = 2026-01-01 }
            cite.source = "x"
            cite.quote = "q"

            [[grant]]

            [grant.cite]
            source = "x"
            quote = "q"
        "#]],
    );
}

#[test]
fn a_file_that_is_not_toml_is_left_alone_and_said_to_be_none() {
    let source = Source { path: "a.toml".to_owned(), text: "a = = 1\nb = 2\n[c\n".to_owned() };
    let found = format(&source).unwrap_err();
    assert!(found.len() >= 2 && found.iter().all(|one| one.code == "toml"), "{found:?}");
}

fn folders(below: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders(&path, out);
        } else if path.file_name().is_some_and(|name| name == "book.toml" || name == "one.toml") {
            out.push(path.parent().unwrap().to_owned());
        }
    }
    out.dedup();
}

/// Every book of the examples and of the test data, broken ones too.
fn books() -> Vec<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    folders(&root.join("testdata"), &mut found);
    folders(&root.join("../../examples/agreements"), &mut found);
    assert!(found.len() > 15);
    found.iter().map(|folder| read(folder)).collect()
}

#[test]
fn laying_out_never_changes_what_a_book_means_nor_does_a_second_time_change_anything() {
    for files in books() {
        let once: Vec<_> = files
            .iter()
            .map(|file| Source { text: format(file).unwrap_or_else(|_| file.text.clone()), ..file.clone() })
            .collect();
        for file in &once {
            assert_eq!(format(file).unwrap_or_else(|_| file.text.clone()), file.text, "{}", file.path);
        }
        let said = |files: &[Source]| match load(files) {
            Ok(book) => (format!("{:?}", book.shares(abide_model::Time::MAX)), book.warnings().len()),
            Err(found) => {
                let mut said: Vec<_> =
                    found.iter().map(|one| format!("{} {}", one.code, one.message)).collect();
                said.sort();
                (said.join("\n"), 0)
            }
        };
        assert_eq!(said(&once), said(&files));
    }
}

#[test]
fn the_examples_are_laid_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements");
    for book in std::fs::read_dir(root).unwrap() {
        for file in read(&book.unwrap().path()) {
            assert_eq!(format(&file).unwrap(), file.text, "abide agreement fmt {}", file.path);
        }
    }
}

fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", " ", "\n", "\n\n", "  # c\n", "\n# d\n\n", " #e\n  # f\n", "\t"])
        .prop_map(str::to_owned)
}

fn toml_value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "true",
        "2026-01-01",
        "\"a # b\"",
        "'x'",
        "'''\n y\n'''",
        "\"\"\"z\n# no\"\"\"",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 4, |inner| {
        let element = (space(), inner.clone(), space());
        let list =
            (prop::collection::vec(element, 0..4), space(), any::<bool>()).prop_map(|(items, end, comma)| {
                let items: Vec<_> = items.into_iter().map(|(a, item, b)| format!("{a}{item}{b}")).collect();
                let comma = if comma && !items.is_empty() { "," } else { "" };
                format!("[{}{comma}{end}]", items.join(","))
            });
        let table = prop::collection::vec(inner, 0..3).prop_map(|items| {
            let items: Vec<_> =
                items.into_iter().enumerate().map(|(n, item)| format!("k{n}= {item}")).collect();
            format!("{{{}}}", items.join(" ,"))
        });
        prop_oneof![list, table]
    })
}

fn toml_file() -> impl Strategy<Value = String> {
    let keys =
        vec!["id", "from", "to", "until", "except", "note", "zebra", "a.b", "a.c", "\"q r\"", "cite.quote"];
    let entry =
        (prop::sample::select(keys), toml_value(), prop::sample::select(vec!["", " # behind", "   "]));
    let comment = prop::sample::select(vec!["", "# above\n", "\n\n# apart\n\n", "  \n", "#x\n#y\n"]);
    let body = prop::collection::vec((comment.clone(), entry), 0..6).prop_map(|entries| {
        let mut seen = Vec::new();
        let mut text = String::new();
        for (above, (key, value, behind)) in entries {
            if !seen.contains(&key) {
                text += &format!("{above}{key} = {value}{behind}\n");
                seen.push(key);
            }
        }
        text
    });
    let body = body.boxed();
    let header =
        prop::sample::select(vec!["[[grant]]", "[[share]] # s", "[source.x]", "[[ party ]]", "[source . y]"]);
    let sections = prop::collection::vec((comment.clone(), header, body.clone()), 0..4);
    (body, sections, comment).prop_map(|(top, sections, end)| {
        let below: String =
            sections.into_iter().map(|(above, header, body)| format!("{above}{header}\n{body}")).collect();
        format!("{top}{below}{end}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What is TOML is always laid out, so nothing is ever found that would have changed; and then for good.
    #[test]
    fn whatever_is_toml_is_laid_out_once_and_for_all(text in toml_file()) {
        let parsed = text.parse::<toml::Table>();
        let source = Source { path: "one.toml".to_owned(), text };
        match format(&source) {
            Ok(once) => {
                let again = Source { path: source.path.clone(), text: once.clone() };
                prop_assert_eq!(format(&again), Ok(once.clone()));
                prop_assert_eq!(once.parse::<toml::Table>().ok(), parsed.ok());
            }
            Err(found) => prop_assert!(parsed.is_err(), "{}", found[0].render(false)),
        }
    }
}
