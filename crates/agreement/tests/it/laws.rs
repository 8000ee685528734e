//! What holds for every book and every ask.

use crate::rows::{openai_clouds, read};
use abide_agreement::{Book, Source, load};
use abide_model::decision::{Action, Ask, Decision, Verdict};
use abide_model::{Date, Time};
use jiff::ToSpan;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

const PARTIES: [&str; 4] = ["lab", "cloud", "rival", "reseller"];
const PRODUCTS: [&str; 3] = ["lab/chat", "lab/agent", "cloud/search"];
const CHANNELS: [&str; 3] = ["own", "blue", "red"];
const CONDITIONS: [&str; 8] = [
    "one",
    "one and not two",
    "two or verified",
    "not before(2026-06-01)",
    r#"after(verified, "30d")"#,
    "launched(product, blue) or two",
    r#"revenue(lab) >= "100 USD""#,
    r#"one or revenue(lab) < "200 USD""#,
];

/// A clause as a handful of small numbers.
#[derive(Debug, Clone)]
struct Gene {
    kind: u8,
    from: usize,
    to: usize,
    actions: u8,
    product: usize,
    channel: usize,
    except: usize,
    contested: bool,
    since: u8,
    length: u8,
    condition: usize,
    supersedes: bool,
}

fn gene() -> impl Strategy<Value = Gene> {
    let who = (0u8..5, 0usize..4, 1usize..4);
    let what = (0u8..4, 0usize..5, 0usize..5, 0usize..5, any::<bool>());
    let when = (0u8..10, 0u8..10, 0usize..16, any::<bool>());
    (who, what, when).prop_map(|((kind, from, to), (actions, product, channel, except, contested), when)| {
        let (since, length, condition, supersedes) = when;
        let to = (from + to) % PARTIES.len();
        Gene {
            kind,
            from,
            to,
            actions,
            product,
            channel,
            except,
            contested,
            since,
            length,
            condition,
            supersedes,
        }
    })
}

fn registry() -> String {
    let mut out = "book = \"random\"\nself = \"lab\"\n".to_owned();
    for party in PARTIES {
        let _ = write!(out, "[[party]]\nid = \"{party}\"\n");
    }
    for (channel, operator) in CHANNELS.into_iter().zip(PARTIES) {
        let _ = write!(out, "[[channel]]\nid = \"{channel}\"\noperator = \"{operator}\"\n");
    }
    for (product, classes) in PRODUCTS.into_iter().zip([
        r#"["api"]"#,
        r#"["app", { class = "api", if = "one" }]"#,
        r#"[{ class = "app", if = "two" }]"#,
    ]) {
        let owner = product.split('/').next().unwrap();
        let _ = write!(out, "[[product]]\nid = \"{product}\"\nowner = \"{owner}\"\nclasses = {classes}\n");
    }
    for question in ["one", "two"] {
        let _ = write!(out, "[[question]]\nid = \"{question}\"\nask = \"?\"\n");
    }
    out + "[[event]]\nid = \"verified\"\nask = \"?\"\n"
}

fn day(month: u8) -> String {
    format!("2026-{:02}-01", month % 12 + 1)
}

fn clause(gene: &Gene, number: usize) -> String {
    let kind = ["grant", "exclusive", "first", "share", "refusal"][usize::from(gene.kind)];
    let (from, to) = (PARTIES[gene.from], PARTIES[gene.to]);
    let mut out = format!("[[{kind}]]\nid = \"c{number}\"\nfrom = \"{from}\"\nto = \"{to}\"\n");
    let mut scope = Vec::new();
    match gene.product {
        at @ 0..3 => scope.push(format!("products = [\"{}\"]", PRODUCTS[at])),
        3 => scope.push("products = [\"lab\"]".to_owned()),
        _ => {}
    }
    if gene.contested {
        scope.push("classes = [\"api\"]".to_owned());
    }
    if gene.channel < 3 {
        scope.push(format!("channels = [\"{}\"]", CHANNELS[gene.channel]));
    }
    match kind {
        "share" => {
            let base = scope.join(", ");
            let _ = write!(out, "rate = \"20%\"\nevery = \"month\"\nof = {{ {base} }}\n");
        }
        "first" => {
            let _ = write!(out, "channel = \"blue\"\nlead = \"30d\"\n{}\n", scope.join("\n"));
        }
        _ => {
            let actions = [
                "",
                "actions = [\"serve\"]",
                "actions = [\"serve\", \"sublicense\"]",
                "actions = [\"sell\"]",
            ];
            let _ = write!(out, "{}\n{}\n", scope.join("\n"), actions[usize::from(gene.actions)]);
            if kind == "refusal" {
                out += "within = \"45d\"\n";
            }
        }
    }
    if gene.except < 3 {
        let _ = writeln!(out, "except = [{{ channels = [\"{}\"] }}]", CHANNELS[gene.except]);
    }
    let _ = writeln!(out, "since = {}", day(gene.since));
    if gene.length < 6 && gene.since % 12 + gene.length < 11 {
        let _ = writeln!(out, "until = {}", day(gene.since % 12 + gene.length + 1));
    }
    if let Some(condition) = CONDITIONS.get(gene.condition) {
        let key = if gene.actions.is_multiple_of(2) { "if" } else { "unless" };
        let _ = writeln!(out, "{key} = '{condition}'");
    }
    out
}

/// One instrument for each pair of parties, one amendment for each clause.
fn files(genes: &[Gene]) -> Vec<Source> {
    let mut found = vec![Source { path: "book.toml".to_owned(), text: registry() }];
    for (number, gene) in genes.iter().enumerate() {
        let (a, b) = (gene.from.min(gene.to), gene.from.max(gene.to));
        let same = |other: &&Gene| (other.from.min(other.to), other.from.max(other.to)) == (a, b);
        let amendment = genes.iter().take(number).filter(same).count();
        let last = genes.iter().enumerate().take(number).rev().find(|(_, other)| same(other));
        let supersedes = match last {
            Some((last, _)) if gene.supersedes => format!("supersedes = [\"c{last}\"]\n"),
            _ => String::new(),
        };
        let text = format!(
            "instrument = \"i{a}{b}\"\namendment = {amendment}\nparties = [\"{}\", \"{}\"]\nsigned = {}\n{supersedes}{}",
            PARTIES[a],
            PARTIES[b],
            day((number * 12 / genes.len().max(12)) as u8),
            clause(gene, number)
        );
        found.push(Source { path: format!("c{number}.toml"), text });
    }
    found
}

/// The month of a fact, and how many months later it is recorded.
type Fact = Option<(u8, u8)>;
/// What happened: verified, launched, offered and what was replied, measured.
type Facts = (Fact, Fact, (Fact, Option<bool>), Fact);

fn facts() -> impl Strategy<Value = Facts> {
    let fact = || proptest::option::of((0u8..12, 0u8..12));
    (fact(), fact(), (fact(), any::<Option<bool>>()), fact())
}

fn with_facts(mut files: Vec<Source>, facts: &Facts) -> Vec<Source> {
    let (verified, launched, (offered, accepted), measured) = facts;
    let replied = accepted.map(|accepted| if accepted { "accepted" } else { "declined" });
    let reply = offered.zip(replied).map(|((on, late), word)| ((on + 1, late), word));
    let event = |text: &str| format!("event = \"{text}\"");
    let rows = [
        (event("verified"), *verified),
        (event("launched(lab, blue)"), *launched),
        (event("offered(lab, cloud, lab)"), *offered),
        (
            event(&format!("{}(cloud, lab, lab/chat)", reply.map_or("", |(_, word)| word))),
            reply.map(|(on, _)| on),
        ),
        ("measure = \"revenue(lab)\"\namount = \"150 USD\"".to_owned(), *measured),
    ];
    for (what, fact) in rows {
        if let Some((on, late)) = fact {
            let recorded = day((on + late).min(11));
            let _ = write!(files[0].text, "[[fact]]\n{what}\non = {}\nrecorded = {recorded}\n", day(on));
        }
    }
    files
}

fn made(files: &[Source]) -> Book {
    load(files).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|finding| finding.render(false)).collect::<String>())
    })
}

#[derive(Debug, Clone)]
struct Point(usize, usize, usize, usize, i64, i64);

fn point() -> impl Strategy<Value = Point> {
    (0usize..4, 0usize..6, 0usize..3, 0usize..3, 0i64..500, 0i64..500).prop_map(
        |(actor, action, product, channel, at, known)| Point(actor, action, product, channel, at, known),
    )
}

impl Point {
    fn ask(&self, book: &Book) -> Ask {
        let from = book.start_of_day("2025-12-20".parse().unwrap());
        let instant = |days: i64| from + (days * 24).hours();
        Ask {
            actor: PARTIES[self.0].parse().unwrap(),
            action: Action::ALL[self.1],
            product: PRODUCTS[self.2].parse().unwrap(),
            channel: CHANNELS[self.3].parse().unwrap(),
            customer: None,
            segment: None,
            territory: None,
            at: instant(self.4),
            known: instant(self.5),
        }
    }
}

fn genes() -> impl Strategy<Value = Vec<Gene>> {
    proptest::collection::vec(gene(), 1..9)
}

/// Many clauses about the same few asks: nearly every one begins and ends while others stand.
fn crowd() -> impl Strategy<Value = Vec<Gene>> {
    let one = (gene(), 0usize..8).prop_map(|(gene, plain)| Gene {
        from: if plain < 4 { 0 } else { gene.from },
        to: if plain < 4 && gene.to == 0 { 1 } else { gene.to },
        product: 3,
        channel: if gene.channel == 1 { 1 } else { 4 },
        except: 4,
        contested: false,
        condition: if plain < 6 { CONDITIONS.len() } else { gene.condition },
        ..gene
    });
    proptest::collection::vec(one, 20..48)
}

fn at(book: &Book, ask: &Ask, at: Time) -> Decision {
    book.decide(&Ask { at, ..ask.clone() })
}

fn same(a: &Decision, b: &Decision) -> bool {
    a.verdict == b.verdict && a.duties == b.duties
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_lasts_until_it_says_and_no_longer(genes in genes(), facts in facts(), point in point()) {
        let book = made(&with_facts(files(&genes), &facts));
        let ask = point.ask(&book);
        let now = book.decide(&ask);
        let ends = now.until.unwrap_or(ask.at + (800 * 24).hours());
        let span = ends.as_second() - ask.at.as_second();
        for part in 0..20 {
            let between = Time::from_second(ask.at.as_second() + span * part / 20).unwrap();
            prop_assert!(same(&at(&book, &ask, between), &now));
        }
        if let Some(until) = now.until {
            prop_assert!(same(&at(&book, &ask, until - 1.nanosecond()), &now));
            prop_assert!(!same(&at(&book, &ask, until), &now));
        }
    }

    #[test]
    fn the_order_of_files_changes_nothing(genes in genes(), facts in facts(), points in [point(), point(), point()]) {
        let mut files = with_facts(files(&genes), &facts);
        let forward = made(&files);
        files.reverse();
        let backward = made(&files);
        prop_assert_eq!(forward.hash(), backward.hash());
        for point in points {
            let ask = point.ask(&forward);
            prop_assert_eq!(forward.decide(&ask), backward.decide(&ask));
        }
    }

    #[test]
    fn what_concerns_others_changes_nothing(genes in genes(), facts in facts(), points in [point(), point(), point()]) {
        let mut files = with_facts(files(&genes), &facts);
        let before = made(&files);
        files.push(Source {
            path: "a-stranger.toml".to_owned(),
            text: "[[party]]\nid = \"stranger\"\n[[party]]\nid = \"acquaintance\"\n\
                   [[product]]\nid = \"stranger/thing\"\nowner = \"stranger\"\nclasses = [\"api\"]\n".to_owned(),
        });
        files.push(Source {
            path: "a-strange-deal.toml".to_owned(),
            text: "instrument = \"strange\"\nparties = [\"stranger\", \"acquaintance\"]\nsigned = 2025-01-01\n\
                   [[exclusive]]\nid = \"x\"\nfrom = \"stranger\"\nto = \"acquaintance\"\nunless = 'one'\n\
                   [[grant]]\nid = \"y\"\nfrom = \"stranger\"\nto = \"acquaintance\"\n".to_owned(),
        });
        let after = made(&files);
        for point in points {
            let ask = point.ask(&before);
            let (old, new) = (before.decide(&ask), after.decide(&ask));
            prop_assert_eq!(Decision { book: new.book, ..old }, new);
        }
    }

    #[test]
    fn what_becomes_known_later_changes_no_answer_of_before(genes in genes(), facts in facts(), point in point()) {
        let book = made(&with_facts(files(&genes), &facts));
        let ask = point.ask(&book);
        let mut later = with_facts(files(&genes), &facts);
        later[0].text += "[[fact]]\nquestion = \"one\"\nanswer = true\non = 2029-01-01\n";
        later[0].text += "[[fact]]\nevent = \"verified\"\non = 2026-01-01\nrecorded = 2029-01-01\n";
        later.push(Source {
            path: "late.toml".to_owned(),
            text: "instrument = \"late\"\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-01-01\n\
                   [[exclusive]]\nid = \"late\"\nfrom = \"lab\"\nto = \"cloud\"\nknown = 2029-01-01\n".to_owned(),
        });
        let (old, new) = (book.decide(&ask), made(&later).decide(&ask));
        prop_assert_eq!(Decision { book: new.book, ..old }, new);
    }

    #[test]
    fn answering_every_question_leaves_nothing_contested_and_contested_ones_can_go_two_ways(
        genes in genes(), facts in facts(), point in point()
    ) {
        // An offer that waits for its reply, and an amount that nobody reported, are open whatever is answered.
        let mut files = with_facts(files(&genes), &(facts.0, facts.1, (None, None), facts.3));
        files[0].text += "[[fact]]\nmeasure = \"revenue(lab)\"\namount = \"90 USD\"\non = 2020-01-01\n";
        let open = made(&files);
        let ask = point.ask(&open);
        let before = open.decide(&ask);
        let mut outcomes = Vec::new();
        for (one, two) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut files = files.clone();
            for (question, answer) in [("one", one), ("two", two)] {
                let _ = write!(
                    files[0].text,
                    "[[fact]]\nquestion = \"{question}\"\nanswer = {answer}\non = 2020-01-01\n"
                );
            }
            outcomes.push(made(&files).decide(&ask).verdict);
        }
        let words: Vec<_> = outcomes.iter().map(Verdict::as_str).collect();
        prop_assert!(!words.contains(&"contested"));
        let Verdict::Contested { questions, .. } = before.verdict else {
            prop_assert!(words.iter().all(|word| *word == before.verdict.as_str()), "{words:?}");
            return Ok(());
        };
        let flips = |bit: usize| (0..4).any(|set| words[set] != words[set ^ bit]);
        let mut expected = Vec::new();
        for (name, bit) in [("one", 2), ("two", 1)] {
            if flips(bit) {
                expected.push(name);
            }
        }
        let named: Vec<_> = questions.iter().map(|question| question.as_str()).collect();
        prop_assert_eq!(named, expected);
    }

    #[test]
    fn no_damage_to_a_file_makes_reading_it_fail_otherwise_than_with_findings(
        which in 0usize..10, cuts in proptest::collection::vec((any::<u16>(), any::<u16>(), ".{0,6}"), 1..4)
    ) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/openai-clouds");
        let mut files = read(&root);
        let count = files.len();
        let text = &mut files[which % count].text;
        for (from, length, new) in cuts {
            let mut start = usize::from(from) % (text.len() + 1);
            let mut end = (start + usize::from(length) % 40).min(text.len());
            while !text.is_char_boundary(start) { start -= 1; }
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(start..end, &new);
        }
        if let Err(findings) = load(&files) {
            prop_assert!(!findings.is_empty());
            for finding in findings {
                prop_assert!(!finding.render(true).is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn stepping_through_every_day_finds_each_change_where_it_was_foretold(
        genes in genes(), facts in facts(), point in point()
    ) {
        step_through(&genes, &facts, &point)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn stepping_through_a_crowded_book_finds_each_change_where_it_was_foretold(
        genes in crowd(), facts in facts(), point in point()
    ) {
        // All of the book is known, and the ask is about what the clauses are about.
        step_through(&genes, &facts, &Point(point.0, point.1, point.2.min(1), 1, 0, 499))?;
    }
}

/// Asks on every day, and compares what changes with the `until` of the day before.
fn step_through(genes: &[Gene], facts: &Facts, point: &Point) -> Result<(), TestCaseError> {
    let book = made(&with_facts(files(genes), facts));
    let mut ask = point.ask(&book);
    let (mut before, mut foretold): (Option<Decision>, Option<Time>) = (None, None);
    for days in 0..500 {
        ask.at = book.start_of_day("2025-12-01".parse::<Date>().unwrap() + days.days());
        let now = book.decide(&ask);
        if let Some(before) = &before {
            prop_assert_eq!(!same(before, &now), foretold == Some(ask.at), "{}", ask.at);
        }
        if !before.as_ref().is_some_and(|before| same(before, &now)) {
            foretold = now.until;
        }
        prop_assert_eq!(now.until, foretold, "{}", ask.at);
        before = Some(now);
    }
    Ok(())
}

#[test]
fn the_example_book_answers_alike_wherever_its_files_lie() {
    let book = openai_clouds();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/openai-clouds");
    let mut files = read(&root);
    for file in files.iter_mut().filter(|file| file.path.contains('/')) {
        file.path = format!("elsewhere/{}", file.path.replace('/', "-"));
    }
    let moved = made(&files);
    for product in ["openai/frontier", "openai/api/responses", "openai/api/stateful-runtime"] {
        for (actor, channel) in [("openai", "aws"), ("amazon", "aws"), ("microsoft", "azure")] {
            for month in 1..12 {
                let row = format!("{actor} sell {product} {channel} 2026-{month:02}-28");
                let ask = crate::rows::ask(&book, &row);
                assert_eq!(book.decide(&ask).verdict, moved.decide(&ask).verdict, "{row}");
            }
        }
    }
}
