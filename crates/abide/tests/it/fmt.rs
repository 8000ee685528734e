//! `abide agreement fmt` on files.

use crate::stage::Stage;
use expect_test::expect;

const LOOSE: &str =
    "# Who is who.\nself='lab'\nbook =  \"b\"\n[[party]]\nname = \"Lab\" # us\nid = \"lab\"\n";

#[test]
fn a_book_is_laid_out_once_and_a_check_is_content_afterwards() {
    let stage = Stage::new(&[("b/book.toml", LOOSE), ("b/sub/prices.toml", "# none yet\n")]);
    expect![[r#"
        b/book.toml
        exit 3
    "#]]
    .assert_eq(&stage.run(&["agreement", "fmt", "--check", "b"]).text());
    assert_eq!(stage.read("b/book.toml"), LOOSE, "a check writes nothing");
    expect![[r#"
        b/book.toml
        exit 0
    "#]]
    .assert_eq(&stage.run(&["agreement", "fmt", "b"]).text());
    expect![[r#"
        # Who is who.
        book = "b"
        self = 'lab'

        [[party]]
        id = "lab"
        name = "Lab"  # us
    "#]]
    .assert_eq(&stage.read("b/book.toml"));
    assert_eq!(stage.run(&["agreement", "fmt", "--check", "b", "b/book.toml"]).text(), "exit 0\n");
    let left: Vec<_> = std::fs::read_dir(stage.path().join("b")).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing is left beside: {left:?}");
}

#[test]
fn a_diff_shows_what_would_change() {
    let stage = Stage::new(&[("book.toml", LOOSE)]);
    expect![[r#"
        --- book.toml
        +++ book.toml
        @@ -1,6 +1,7 @@
         # Who is who.
        -self='lab'
        -book =  "b"
        +book = "b"
        +self = 'lab'
        +
         [[party]]
        -name = "Lab" # us
         id = "lab"
        +name = "Lab"  # us
        exit 3
    "#]]
    .assert_eq(&stage.run(&["agreement", "fmt", "--check", "--diff", "book.toml"]).text());
}

#[test]
fn one_file_that_is_not_toml_keeps_all_from_being_written() {
    let stage = Stage::new(&[("a.toml", LOOSE), ("b.toml", "x = \n")]);
    let done = stage.run(&["agreement", "fmt", "a.toml", "b.toml"]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("error[toml]") && done.err.contains("b.toml:1:"), "{}", done.err);
    assert_eq!(stage.read("a.toml"), LOOSE);
}
