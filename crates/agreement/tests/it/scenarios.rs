//! Scenarios: what is read from them, what is said of broken ones, and the books that drafts see.

use crate::rows::{files, read};
use abide_agreement::{Source, Staged, is_scenario, load, stage};
use abide_model::Time;
use expect_test::{expect, expect_file};
use std::path::Path;

fn openai_clouds() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/openai-clouds");
    read(&root)
}

#[expect(clippy::disallowed_methods, reason = "the test reads its cases; the crate does not")]
fn testdata(name: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scenario");
    Source { path: name.to_owned(), text: std::fs::read_to_string(folder.join(name)).unwrap() }
}

fn scenario(text: &str) -> Source {
    let head = "scenario = \"s\"\nfrom = 2026-05-01\nuntil = 2031-01-01\ncurrency = \"USD\"\n";
    let revenue =
        "[[revenue]]\nid = \"aws\"\nproduct = \"openai/frontier\"\nchannel = \"aws\"\namount = \"1 USD\"\n";
    Source { path: "what-if.toml".to_owned(), text: format!("{head}{text}\n{revenue}") }
}

fn staged(text: &str) -> Staged<'static> {
    // For as long as the test runs.
    let (files, scenario) = (Vec::leak(openai_clouds()), Box::leak(Box::new(scenario(text))));
    stage(files, None, scenario).unwrap_or_else(|wrong| panic!("{}", said(&wrong)))
}

fn said(findings: &[abide_agreement::Diagnostic]) -> String {
    findings.iter().map(|finding| finding.render(false)).collect::<Vec<_>>().join("\n")
}

/// The shares of each draft, with their ends, as known at the start of 2026-12.
fn shares(staged: &Staged) -> String {
    let mut out = String::new();
    for (draft, book) in staged.scenario.drafts.iter().zip(&staged.books) {
        let known =
            draft.known.map_or("2026-12-01T00:00:00Z".parse::<Time>().unwrap(), |day| book.start_of_day(day));
        let shown = book.shares(known).into_iter().map(|share| {
            let until = share.until.map_or("open".to_owned(), |day| day.to_string());
            format!(" {}..{until}", share.clause)
        });
        out += &format!("{}:{}\n", draft.name, shown.collect::<String>());
    }
    out
}

#[test]
fn a_broken_scenario_says_all_that_is_wrong_with_it_with_carets() {
    for name in ["broken", "broken-inside", "broken-besides", "broken-figures"] {
        let findings = stage(&openai_clouds(), None, &testdata(&format!("{name}.toml"))).unwrap_err();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scenario");
        expect_file![folder.join(format!("{name}.txt"))].assert_eq(&said(&findings));
        let bare = findings.iter().filter(|finding| finding.help.is_none());
        assert_eq!(bare.map(|finding| finding.message.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
fn a_scenario_in_the_folder_of_a_book_is_no_part_of_it() {
    let mut bare = openai_clouds();
    bare.retain(|file| !file.path.contains("scenarios/"));
    let plain = load(&bare).unwrap();
    let mut files = openai_clouds();
    files.push(testdata("broken.toml"));
    let scenarios = files.iter().filter(|file| is_scenario(file));
    assert!(
        scenarios.clone().count() > 1
            && scenarios.clone().all(|file| file.path.contains("scenarios/") || file.path == "broken.toml")
    );
    assert_eq!(load(&files).unwrap().hash(), plain.hash());
}

#[test]
fn a_file_without_the_key_is_no_scenario() {
    let file = Source { path: "x.toml".to_owned(), text: "[[party]]\nid = \"newcomer\"\n".to_owned() };
    expect![[r#"
        error[no-scenario]: this file has no key `scenario`
         --> x.toml:1:1
          |
        1 | [[party]]
          | ^
          = help: begin it with a line such as: scenario = "old-or-new"
    "#]]
    .assert_eq(&said(&stage(&openai_clouds(), None, &file).unwrap_err()));
}

#[test]
fn a_file_that_lacks_the_name_of_its_sort_lacks_that_alone() {
    let of = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let body = "until = 2031-01-01\ncurrency = \"USD\"\n[[assume]]\ntext = \"x\"\n[[revenue]]\nid = \"aws\"\n\
                product = \"openai/frontier\"\nchannel = \"aws\"\namount = \"1 USD\"\n";
    let nameless = of("x.toml", &format!("from = 2026-05-01\n{body}"));
    let mut out = said(&stage(&openai_clouds(), None, &nameless).unwrap_err());
    let beside = [openai_clouds(), vec![nameless]].concat();
    out += &said(&load(&beside).unwrap_err());
    let table = of("x.toml", &format!("[scenario]\nfrom = 2026-05-01\n{body}"));
    out += &said(&stage(&openai_clouds(), None, &table).unwrap_err());
    let mut files = openai_clouds();
    let instrument = files.iter_mut().find(|file| file.path == "amazon-openai/2025-11-03.toml").unwrap();
    instrument.text = instrument.text.replace("instrument = \"amazon-openai\"\n", "");
    let found = load(&files).unwrap_err();
    out += &said(&found[..1]);
    expect![[r#"
        error[missing-key]: a scenario lacks `scenario`
         --> x.toml:1:1
          |
        1 | from = 2026-05-01
          | ^
          = help: add a line such as: scenario = "old-or-new"
        error[missing-key]: a scenario lacks `scenario`
         --> x.toml:1:1
          |
        1 | from = 2026-05-01
          | ^
          = help: add a line such as: scenario = "old-or-new"
        error[wrong-type]: `scenario` is a name, not a table
         --> x.toml:1:2
          |
        1 | [scenario]
          |  ^^^^^^^^
          = help: write scenario = "what-if" in the first line, and the keys of this table below it, without its header
        error[missing-key]: an instrument file lacks `instrument`
         --> amazon-openai/2025-11-03.toml:1:1
          |
        1 | # November 2025: capacity at AWS.
          | ^
          = help: add a line such as: instrument = "lab-cloud"
    "#]].assert_eq(&out);
}

#[test]
fn drafts_see_the_book_at_their_time_and_without_what_they_leave_out() {
    let staged = staged(
        "[[draft]]\nid = \"new\"\n[[draft]]\nid = \"old\"\nknown = 2026-04-26\n\
         [[draft]]\nid = \"none\"\nwithout = [\"apr27.revenue-share\"]\n\
         [[draft]]\nid = \"kept\"\nwithout = [\"apr27.revenue-share\"]\nkeep = [\"oct25.share-until-agi\"]",
    );
    expect![[r#"
        new: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2026-04-27 oct25.share-until-agi..2026-04-27 apr27.revenue-share..2031-01-01
        old: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2031-01-01 oct25.share-until-agi..open
        none: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2026-04-27 oct25.share-until-agi..2026-04-27
        kept: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2026-04-27 oct25.share-until-agi..open
    "#]].assert_eq(&shares(&staged));
}

#[test]
fn what_a_scenario_assumes_is_known_at_every_time() {
    let text =
        "[[draft]]\nid = \"old\"\nknown = 2026-04-26\n[[fact]]\nevent = \"agi-verified\"\non = 2028-07-01\n";
    expect![[r#"
        old: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2031-01-01 oct25.share-until-agi..2028-07-01
    "#]].assert_eq(&shares(&staged(text)));
}

#[test]
fn what_may_happen_gives_a_book_for_each_world() {
    let mut staged = staged(
        "[[draft]]\nid = \"old\"\nknown = 2026-04-26\n\
         [[fact]]\nevent = \"agi-verified\"\nby = 2030-01-01\nchance = \"40%\"\n\
         [[fact]]\nquestion = \"frontier-is-api\"\nanswer = true\nchance = \"60%\"\ndraw = \"court\"\n\
         [[fact]]\nquestion = \"milestone-is-agi\"\nanswer = false\n",
    );
    let told = |one: &abide_model::scenario::Chance| {
        format!("{} {} {:?} {}", one.text, one.odds, one.when, one.draw)
    };
    let chances: Vec<String> = staged.scenario.chances.iter().map(told).collect();
    let mut out = format!("{}\nsure: {}\n", chances.join("\n"), staged.scenario.supposed.join(" "));
    let day = |day: &str| Some(day.parse().unwrap());
    for world in [[day("2029-03-01"), day("2026-05-01")], [None, day("2026-05-01")], [None, None]] {
        staged.books = staged.books_in(&world, None).unwrap();
        let book = &staged.books[0];
        let at = book.start_of_day("2026-03-18".parse().unwrap());
        let ask = abide_model::decision::Ask {
            actor: "amazon".parse().unwrap(),
            action: abide_model::decision::Action::Sell,
            product: "openai/frontier".parse().unwrap(),
            channel: "aws".parse().unwrap(),
            customer: None,
            segment: None,
            territory: None,
            at,
            known: at,
        };
        out += &format!("{:?} {}", book.decide(&ask).verdict, shares(&staged));
    }
    let question = "frontier-is-api".parse().unwrap();
    // A question that is answered once cannot be answered the other way besides.
    assert!(staged.books_in(&[None, None], Some((&question, true))).is_none());
    expect![[r#"
        `agi-verified` 0.4 By(2030-01-01) fact.agi-verified
        `frontier-is-api` is answered yes 0.6 Always court
        sure: `milestone-is-agi` is answered no.
        Breach { toward: [Party(microsoft)] } old: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2031-01-01 oct25.share-until-agi..2029-03-01
        Breach { toward: [Party(microsoft)] } old: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2031-01-01 oct25.share-until-agi..open
        Permit old: jan23.profit-until-recouped..2025-10-28 jan23.share..2025-01-21 jan23.share-back..2025-01-21 jan25.share..2025-10-28 jan25.share-back..2031-01-01 oct25.share-until-agi..open
    "#]].assert_eq(&out);
}

#[test]
fn a_purchase_counts_toward_the_commitments_of_its_day() {
    let staged = staged(
        "[[purchase]]\nid = \"a\"\nchannel = \"aws\"\namount = \"5 USD\"\n\
         [[purchase]]\nid = \"b\"\nfrom = \"microsoft\"\namount = \"5 USD\"\n",
    );
    let book = &staged.books[0];
    let day = |day: &str| day.parse().unwrap();
    let known = book.start_of_day(day("2026-12-01"));
    let mut out = String::new();
    for purchase in &staged.scenario.purchases {
        let found = book.drawn_down(purchase, day("2025-01-01")..day("2036-01-01"), known);
        let found = found.iter().map(|(day, toward)| {
            format!(" {day}: {}", toward.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" "))
        });
        out += &format!("{} from {}:{}\n", purchase.name, purchase.seller, found.collect::<String>());
    }
    expect![[r#"
        a from amazon: 2025-01-01:  2025-11-03: nov25.aws-commit 2026-02-27: feb26.aws-commit 2034-02-27: 
        b from microsoft: 2025-01-01: 
    "#]]
    .assert_eq(&out);
}

#[test]
fn a_draft_of_another_book_needs_one() {
    let text = "[[draft]]\nid = \"theirs\"\nbook = \"against\"\n";
    let findings = stage(&openai_clouds(), None, &scenario(text)).unwrap_err();
    expect![[r#"
        error[drafts]: this draft is of another book, and none is given
         --> what-if.toml:7:9
          |
        7 | book = "against"
          |         ^^^^^^^
          = help: name it on the command line: --against OTHER-BOOK
    "#]]
    .assert_eq(&said(&findings));
    let (files, against, scenario_text) = (openai_clouds(), openai_clouds(), scenario(""));
    let two = stage(&files, Some(&against), &scenario_text).unwrap();
    let names: Vec<_> = two.scenario.drafts.iter().map(|draft| draft.name.as_str()).collect();
    assert_eq!((names, two.books.len()), (vec!["own", "against"], 2));
    let findings =
        stage(&openai_clouds(), Some(&openai_clouds()), &scenario("[[draft]]\nid = \"a\"")).unwrap_err();
    expect![[r#"
        error[drafts]: no draft is of the book that `--against` names
         --> what-if.toml:6:7
          |
        6 | id = "a"
          |       ^
          = help: add book = "against" to one [[draft]], or leave `--against` out
    "#]]
    .assert_eq(&said(&findings));
}

#[test]
fn what_is_wrong_with_the_other_book_is_said_of_it() {
    let mut other = openai_clouds();
    other.retain(|file| !file.path.contains("2026-02-27"));
    other
        .iter_mut()
        .for_each(|file| file.text = file.text.replace("id = \"aws\"\n", "id = \"amazon-cloud\"\n"));
    let findings = stage(&openai_clouds(), Some(&other), &scenario("")).unwrap_err();
    assert!(
        findings.iter().any(|finding| finding.message.contains("no channel `aws`")),
        "{}",
        said(&findings)
    );
}

/// The blocks of TOML in the reference that begin with this.
#[expect(clippy::disallowed_methods, reason = "the test reads its cases; the crate does not")]
fn documented(start: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/agreements.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    block.filter(|text| text.starts_with(start)).last().unwrap().to_owned()
}

#[test]
fn the_scenario_of_the_reference_is_one() {
    let book = r#"
        book = "my-clouds"
        self = "lab"
        [[party]]
        id = "lab"
        [[party]]
        id = "cloud"
        [[channel]]
        id = "blue"
        operator = "cloud"
        [[channel]]
        id = "red"
        operator = "lab"
        [[product]]
        id = "lab/api"
        owner = "lab"
        [[product]]
        id = "lab/seats"
        owner = "lab"
        [[question]]
        id = "agent-is-api"
        ask = "Is it?"
        [[event]]
        id = "verified"
        ask = "Has it happened?"
        [[event]]
        id = "filed-for-listing"
        ask = "Has it happened?"
        --- one.toml
        instrument = "one"
        parties = ["lab", "cloud"]
        signed = 2025-10-01
        [[share]]
        id = "oct25.share"
        from = "lab"
        to = "cloud"
        rate = "20%"
        every = "quarter"
        --- two.toml
        instrument = "one"
        amendment = 1
        parties = ["lab", "cloud"]
        signed = 2026-04-27
        supersedes = ["oct25.share"]
        [[share]]
        id = "apr27.share"
        from = "lab"
        to = "cloud"
        rate = "20%"
        every = "quarter"
    "#;
    let (book, scenario) = (files(book), documented("scenario = "));
    let of = |text: String| Source { path: "what-if.toml".to_owned(), text };
    let plain = of(scenario.clone());
    let staged = stage(&book, None, &plain).unwrap_or_else(|wrong| panic!("{}", said(&wrong)));
    let counts =
        [staged.scenario.drafts.len(), staged.scenario.holdings.len(), staged.scenario.searches.len()];
    assert_eq!(counts, [2, 1, 1]);
    let more = of(scenario + &documented("[[draft]]"));
    let staged = stage(&book, Some(&book), &more).unwrap_or_else(|wrong| panic!("{}", said(&wrong)));
    assert_eq!((staged.scenario.drafts.len(), staged.books.len()), (4, 4));
}
