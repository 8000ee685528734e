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
          except     Except: `openai/api/stateful-runtime` and everything below it through `aws`.
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
          money      In all, it is at most 38,000,000,000 USD.
          money      Before 2026-05-11, it was known that there is such a bound, but not how high it is.
          term       It holds from 2026-04-27 until 2031-01-01, that day not included.
          precedence The text it stands in takes back `oct25.share-until-agi`, of the same kind and between the same two.
          Some(Official) openai.com/index/next-phase-of-microsoft-partnership
        feb26.stake: stake of amazon-openai, amendment 1
          promise    Amazon owns a part of OpenAI; which part is not known.
          money      15,000,000,000 USD were invested for it.
          term       It holds from 2026-02-27, without end.
          Some(Filing) -
    "#]].assert_eq(&told(
        &openai_clouds_files(),
        &["oct25.api-exclusive", "apr27.azure-first", "apr27.revenue-share", "feb26.stake"],
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

const MONEY: &str = r#"
    book = "b"
    self = "lab"
    [[party]]
    id = "lab"
    [[party]]
    id = "cloud"
    [[party]]
    id = "shop"
    [[channel]]
    id = "store"
    operator = "shop"
    [[product]]
    id = "lab/chat"
    owner = "lab"
    --- one.toml
    instrument = "one"
    parties = ["lab", "cloud", "shop"]
    signed = 2026-01-01
    [[share]]
    id = "tiered"
    from = "lab"
    to = "cloud"
    tiers = [{ upto = "10_000_000 USD", rate = "10%" }, { upto = "50_000_000 USD", rate = "8%" }, { rate = "5%" }]
    reset = "year"
    every = "quarter"
    of = { products = ["lab"] }
    floor = { period = "1_000 USD" }
    cap = { period = "unknown", total = "5_000_000 USD", from = 2026-07-01, used = "200_000 USD", known = 2026-05-11 }
    [[guarantee]]
    id = "least"
    from = "lab"
    to = "cloud"
    over = ["tiered"]
    every = "quarter"
    minimum = "75_000 USD"
    window = 2
    [[commit]]
    id = "take-or-pay"
    from = "lab"
    to = "cloud"
    schedule = [
        { since = 2026-01-01, until = 2027-01-01, amount = "10_000_000 USD" },
        { since = 2027-01-01, until = 2028-01-01, amount = "12_000_000 USD" },
    ]
    capacity = "4.5 GW"
    shortfall = "100%"
    carry = "20%"
    [[split]]
    id = "waterfall"
    from = "shop"
    of = { channels = ["store"] }
    every = "month"
    steps = [
        { to = "shop", rate = "3%" },
        { to = "cloud", rate = "10%", of = "remaining", cap = "50_000 USD" },
        { to = "lab", remainder = true },
    ]
    [[parity]]
    id = "most-favoured"
    from = "lab"
    to = "shop"
    every = "quarter"
    against = [{ customers = ["umbrella"], adjust = "105%" }, { at_most = "1_000" }]
    [[stake]]
    id = "part"
    from = "lab"
    to = "cloud"
    percent = "27%"
    invested = "15_000_000_000 USD"
"#;

#[test]
fn every_kind_of_money_has_its_words() {
    let names = ["tiered", "least", "take-or-pay", "waterfall", "most-favoured", "part"];
    expect![[r#"
        tiered: share of one, amendment 0
          promise    lab owes cloud a part of its revenue from `lab` and everything below it.
          money      The part is 10% up to 10,000,000 USD, 8% up to 50,000,000 USD and 5% above that: each rate is taken of the revenue within its tier; the tiers start anew each year.
          money      It is worked out each quarter.
          money      It is at least 1,000 USD each quarter.
          money      Each quarter, there is a bound to it; how high is not known.
          money      In all, it is at most 5,000,000 USD.
          money      Only periods that begin on 2026-07-01 or later use up the total.
          money      Earlier clauses have used up 200,000 USD of it.
          money      Before 2026-05-11, it was known that there is such a bound, but not how high it is.
          term       It holds from 2026-01-01, without end.
        least: guarantee of one, amendment 0
          promise    lab promises cloud a minimum.
          money      It is a minimum over what `tiered` earns.
          money      The amount is 75,000 USD each quarter.
          money      What falls short of it may be recouped from what is earned above it in the next 2 quarters.
          term       It holds from 2026-01-01, without end.
        take-or-pay: commit of one, amendment 0
          promise    lab commits to buying from cloud.
          money      The amount is 10,000,000 USD from 2026-01-01 until 2027-01-01 and 12,000,000 USD from 2027-01-01 until 2028-01-01.
          money      Capacity: 4.5 GW.
          money      What was not bought is owed all the same.
          money      What was bought beyond a stage counts toward the next, up to 20% of it.
          term       It holds from 2026-01-01 until 2028-01-01, that day not included.
        waterfall: split of one, amendment 0
          promise    shop collects the revenue through `store` and passes it on.
          money      It is divided each month, in this order.
          money      shop takes 3% of the whole.
          money      cloud takes 10% of what then remains, at most 50,000 USD.
          money      lab takes the rest.
          term       It holds from 2026-01-01, without end.
        most-favoured: parity of one, amendment 0
          promise    lab promises shop that it pays no higher price for any product than others do.
          money      Each quarter, what shop pays for a unit is compared with 105% of what umbrella pays and what any other customer pays where it buys no more than 1,000 units in that quarter; what it paid above the lowest is credited.
          term       It holds from 2026-01-01, without end.
        part: stake of one, amendment 0
          promise    cloud owns 27% of lab.
          money      15,000,000,000 USD were invested for it.
          term       It holds from 2026-01-01, without end.
    "#]].assert_eq(&told(&files(MONEY), &names));
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
