//! `abide agreement render`: a book for counsel.

use crate::stage::{Stage, example_book};
use expect_test::expect;

const BOOK: &str = r#"
book = "small"
self = "lab"
[[party]]
id = "lab"
name = "The <Lab>"
[[party]]
id = "cloud"
address = ["1 Quay <Street>", "Hamburg"]
tax_id = "DE_1"
pay_to = ["IBAN 1"]
pay_within = "30d"
[[channel]]
id = "blue"
operator = "cloud"
[[product]]
id = "lab/chat"
owner = "lab"
[[question]]
id = "q"
ask = "Is it so?"
positions = { lab = true, cloud = false }
settled_by = "a court"
[[fact]]
question = "q"
answer = true
on = 2026-05-01
recorded = 2026-05-03
"#;
const TEXT: &str = r#"
instrument = "lab-cloud"
title = "The text"
parties = ["lab", "cloud"]
signed = 2026-01-01
[source.paper]
class = "official"
url = "example.com"
[[exclusive]]
id = "only"
from = "lab"
to = "cloud"
except = [{ channels = ["blue"] }]
cite = { source = "paper", quote = "only <script>alert(1)</script> & *here*" }
"#;

#[test]
fn a_book_as_markdown_has_each_clause_with_its_words_and_the_open_questions() {
    let stage = Stage::new(&[("b/book.toml", BOOK), ("b/one.toml", TEXT)]);
    let text = stage.run(&["agreement", "render", "b"]).text();
    let version = text.split('`').nth(1).unwrap();
    expect![[r#"
        # small

        The book of The \<Lab\>: 1 text, 1 clause, 2 parties. Version `…`.

        ## Parties

        - **The \<Lab\>** (`lab`): signs `lab-cloud`; owns `lab/chat`
        - **cloud** (`cloud`): signs `lab-cloud`; operates `blue`; 1 Quay \<Street\>, Hamburg; tax number DE\_1; paid to IBAN 1; within 30d

        ## lab-cloud: The text

        between The \<Lab\> and cloud, signed 2026-01-01

        ### `only` (exclusive, one.toml:9)

        The \<Lab\> promises cloud that nobody but cloud may do anything with any product.
        Except: through `blue`.
        It holds from 2026-01-01, without end.

        > only \<script\>alert(1)\</script\> & \*here\*

        *official: example.com*

        ## Open questions

        - **`q`** Is it so? cloud: no; The \<Lab\>: yes. Settled by: a court. Answered yes on 2026-05-01, known since 2026-05-03.

        ## Words

        - `blue` (channel): A route to the customer that cloud operates.
        - `lab/chat` (product): A product of The \<Lab\>.

        ## Sources

        - `paper`, official: example.com
        exit 0
    "#]].assert_eq(&text.replace(version, "…"));
}

#[test]
fn a_book_as_html_needs_nothing_else_and_runs_nothing() {
    let stage = Stage::new(&[("b/book.toml", BOOK), ("b/one.toml", TEXT)]);
    assert_eq!(stage.run(&["agreement", "render", "b", "--html", "b.html"]).text(), "exit 0\n");
    let page = stage.read("b.html");
    assert!(
        page.contains("<blockquote>only &lt;script&gt;alert(1)&lt;/script&gt; &amp; *here*</blockquote>")
    );
    assert!(
        page.contains(
            "The &lt;Lab&gt; promises cloud that nobody but cloud may do anything with any product."
        )
    );
    for stranger in ["<script", "<link", "src=", "url(", "@import", "http:", "https:"] {
        assert!(!page.contains(stranger), "{stranger}");
    }
    let (opened, closed) = (page.matches("<p").count(), page.matches("</p>").count());
    assert_eq!(opened, closed);
}

#[test]
fn every_clause_of_the_example_has_its_place_on_the_page() {
    let stage = Stage::new(&[]);
    let book = example_book();
    let book = book.to_str().unwrap();
    assert_eq!(stage.run(&["agreement", "render", book, "--html", "x.html"]).status, 0);
    let page = stage.read("x.html");
    let all = stage.run(&["agreement", "explain", book, "--json"]).json();
    for clause in all.as_array().unwrap() {
        let id = clause["clause"].as_str().unwrap();
        assert_eq!(page.matches(&format!("<article id=\"{id}\">")).count(), 1);
    }
}
