//! `abide agreement explain` on the example book.

use crate::stage::{Stage, example_book};
use expect_test::expect;

fn explain(words: &[&str]) -> crate::stage::Done {
    let book = example_book();
    Stage::new(&[]).run(&[&["agreement", "explain", book.to_str().unwrap()], words].concat())
}

/// The first line ends with a number that every line above the clause changes.
fn without_line(text: &str) -> String {
    let (head, rest) = text.split_once(".toml:").unwrap();
    format!("{head}.toml:N{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn a_clause_is_told_with_where_its_words_were_read() {
    expect![[r#"
        feb26.frontier-exclusive  exclusive of amazon-openai, amendment 1  amazon-openai/2026-02-27.toml:N

          OpenAI promises Amazon that nobody but Amazon may serve, sell or launch `openai/frontier` and
          everything below it.
          Except: through `aws` or `direct`.
          It holds from 2026-02-27, without end.

          official: openai.com/index/amazon-partnership
          “exclusive third-party cloud distribution provider”
        exit 0
    "#]]
    .assert_eq(&without_line(&explain(&["feb26.frontier-exclusive"]).text()));
}

#[test]
fn a_slip_of_the_hand_is_answered_with_the_clause_that_is_meant() {
    expect![[r#"
        error: there is no clause `feb26.frontier-exclusiv` in this book
        help: did you mean `feb26.frontier-exclusive`?
        exit 2
    "#]]
    .assert_eq(&explain(&["feb26.frontier-exclusiv"]).text());
}

#[test]
fn programs_get_the_sentences_one_by_one() {
    let all = explain(&["--json"]).json();
    let share = all.as_array().unwrap().iter().find(|one| one["clause"] == "apr27.revenue-share").unwrap();
    assert_eq!(share["source"]["class"], "official");
    assert_eq!(share["sentences"][0]["about"], "promise");
}
