//! Clauses told in plain sentences.

use crate::rows::{files, loaded, openai_clouds_files};
use abide_agreement::{Source, explain};
use expect_test::expect;

/// The sentences of the clauses called `names`.
fn told(files: &[Source], names: &[&str]) -> String {
    let told = explain(files, &loaded(files)).clauses;
    let mut out = String::new();
    for name in names {
        let one = told.iter().find(|one| one.clause.as_str() == *name).unwrap();
        out += &format!("{name}: {} of {}, amendment {}\n", one.kind, one.instrument, one.amendment);
        for sentence in &one.sentences {
            out += &format!("  {:<10} {}\n", sentence.topic.as_str(), sentence.text);
        }
        if let Some(source) = &one.source {
            out += &format!("  {:?} {}\n", source.class, source.url.as_deref().unwrap_or("-"));
        }
    }
    out
}

#[test]
fn the_promise_of_october_and_what_became_of_it() {
    expect![[r#"
        oct25.api-exclusive: exclusive of msft-openai, amendment 3
          promise    OpenAI promises Microsoft that nobody but Microsoft may serve, sell or launch any product that counts as `api`.
          except     Except: through `azure` or `direct`.
          except     Except: for customers of `government/national-security`.
          term       It holds from 2025-10-28 until 2026-04-27, when amendment 5 of `msft-openai` took it back; it would have held without end.
          precedence The text it stands in takes back `jan25.api-exclusive`, of the same kind and between the same two.
          Some(Official) openai.com/index/next-chapter-of-microsoft-openai-partnership
        apr27.azure-first: first of msft-openai, amendment 5
          promise    OpenAI promises Microsoft that `openai` and everything below it will be launched through `azure` first, and only afterwards through any other channel.
          term       It holds from 2026-04-27, without end.
          condition  It does not count while (`cannot_support` of `azure` and the product in question has come to pass and `declines` of Microsoft and the product in question has come to pass), or (`first-launch-waiver-needs-both` is not answered yes and (`cannot_support` of `azure` and the product in question has come to pass, or `declines` of Microsoft and the product in question has come to pass)), or (the product in question has been launched through the channel in question and `azure-passed-on-april-launches` is answered yes).
          condition  `cannot_support` asks: Is this cloud unable to support what the product needs?
          condition  `declines` asks: Has this party chosen not to support what the product needs?
          condition  `first-launch-waiver-needs-both` asks: Does a first launch elsewhere need Microsoft to be both unable and unwilling, or is either enough?
          condition  `azure-passed-on-april-launches` asks: Had Microsoft been unable or unwilling to support what came to AWS on 28 April 2026?
          Some(Official) openai.com/index/next-phase-of-microsoft-partnership
        apr27.revenue-share: share of msft-openai, amendment 5
          promise    OpenAI owes Microsoft a part of its revenue from `openai` and everything below it.
          money      The part is 20%, worked out each quarter.
          money      In all it is no more than 38,000,000,000 USD. That there is a cap was known before; how high it is, since 2026-05-11 only.
          term       It holds from 2026-04-27 until 2031-01-01, that day not included.
          precedence The text it stands in takes back `oct25.share-until-agi`, of the same kind and between the same two.
          Some(Official) openai.com/index/next-phase-of-microsoft-partnership
    "#]].assert_eq(&told(
        &openai_clouds_files(),
        &["oct25.api-exclusive", "apr27.azure-first", "apr27.revenue-share"],
    ));
}

const MANY: &str = r#"
    book = "b"
    self = "lab"
    [[party]]
    id = "lab"
    name = "The Lab"
    [[party]]
    id = "cloud"
    [[channel]]
    id = "blue"
    operator = "cloud"
    [[channel]]
    id = "own"
    operator = "lab"
    [[product]]
    id = "lab/chat"
    owner = "lab"
    classes = ["api"]
    [[segment]]
    id = "state"
    [[question]]
    id = "q"
    ask = "Is it so?"
    [[event]]
    id = "e"
    args = ["product"]
    ask = "Did it happen?"
    --- one.toml
    instrument = "one"
    parties = ["lab", "cloud"]
    signed = 2026-01-01
    [[grant]]
    id = "deep"
    from = "lab"
    to = "cloud"
    depth = 1
    products = ["lab/chat"]
    classes = ["api"]
    segments = ["state"]
    territories = ["DE", "FR"]
    except = [{ products = ["lab/chat"], channels = ["own"] }, { actions = ["train"] }]
    [[exclusive]]
    id = "sole"
    from = "lab"
    to = "cloud"
    sole = true
    actions = ["sell"]
    since = 2026-02-01
    until = 2027-01-01
    known = 2026-03-01
    if = 'not q and (e(product) or after(launched(lab/chat, blue), "90d"))'
    unless = 'spend(cloud, lab) >= "1_000_000 USD" or before(2026-06-01)'
    overrides = ["deep"]
    [[first]]
    id = "first"
    from = "lab"
    to = "cloud"
    channel = "blue"
    lead = "2w"
    [[refusal]]
    id = "refusal"
    from = "lab"
    to = "cloud"
    within = "30d"
    actions = ["host"]
"#;

#[test]
fn every_kind_and_every_form_of_scope_has_its_words() {
    let files = files(MANY);
    expect![[r#"
        deep: grant of one, amendment 0
          promise    The Lab lets cloud do anything with what counts as `api` among `lab/chat` and everything below it for customers of `state` in `DE` or `FR`. It may be passed on once.
          except     Except: `lab/chat` and everything below it through `own`.
          except     Except: to train it.
          term       It holds from 2026-01-01, without end.
          precedence Where both apply, `sole` goes before it.
        sole: exclusive of one, amendment 0
          promise    The Lab promises cloud that nobody but cloud and The Lab itself may sell any product.
          term       It holds from 2026-02-01 until 2027-01-01, that day not included.
          condition  It counts only while `q` is not answered yes and (`e` of the product in question has come to pass, or 90 days have passed since `lab/chat` was launched through `blue`).
          condition  It does not count while what cloud has spent with The Lab is at least 1,000,000 USD, or it is before 2026-06-01.
          condition  `q` asks: Is it so?
          condition  `e` asks: Did it happen?
          precedence Where both apply, it goes before `deep`.
          known      It has been known since 2026-03-01 only.
        first: first of one, amendment 0
          promise    The Lab promises cloud that any product will be launched through `blue` first, and no sooner than 2 weeks later through any other channel.
          term       It holds from 2026-01-01, without end.
        refusal: refusal of one, amendment 0
          promise    The Lab has to offer it to cloud first, and to leave the offer open for 30 days, before it deals with others so that they host (run for itself) any product.
          term       It holds from 2026-01-01, without end.
    "#]].assert_eq(&told(&files, &["deep", "sole", "first", "refusal"]));
}

#[test]
fn every_clause_of_the_example_is_told_with_its_source() {
    let files = openai_clouds_files();
    let book = loaded(&files);
    let told = explain(&files, &book);
    assert_eq!(told.clauses.len(), book.clauses().count());
    for (one, (name, file, line)) in told.clauses.iter().zip(book.clauses()) {
        assert_eq!((&one.clause, one.file.as_str(), one.line), (name, file, line));
        assert!(one.source.as_ref().is_some_and(|source| source.class.is_some()), "{name}");
        assert!(one.sentences.iter().all(|sentence| !sentence.text.contains("  ")), "{name}");
    }
    let open = told.questions.iter().find(|one| one.question == "frontier-is-api").unwrap();
    assert_eq!(open.positions, [("Microsoft".to_owned(), true), ("OpenAI".to_owned(), false)]);
}
