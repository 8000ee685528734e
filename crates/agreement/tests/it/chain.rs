//! The book of a company that sells through a reseller, an integrator and two marketplaces, asked what its sales desk
//! would ask.

use crate::rows::{ask, check, loaded, read};
use abide_agreement::Book;
use expect_test::expect;
use std::path::Path;

fn fernhill() -> Book {
    loaded(&read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/fernhill-chain")))
}

#[test]
fn who_may_sell_the_desk_in_munich_zurich_paris_and_london() {
    check(
        &fernhill(),
        &[
            "alder sell fernhill/desk partner 2026-03-01 country=DE",
            "alder sell fernhill/desk partner 2026-03-01 country=US",
            "fernhill sell fernhill/desk direct 2026-03-01 country=DE",
            "corvid sell fernhill/desk partner 2026-03-01 country=DE segment=enterprise",
            "corvid sell fernhill/desk partner 2026-03-01 country=DE",
            "corvid sell fernhill/desk partner 2026-03-01 country=FR segment=enterprise",
            "bazaar sell fernhill/desk/insight bazaar 2026-03-01 country=CH",
            "bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=CH",
            "bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=DE",
            "bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=DE segment=public",
            "bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=GB",
        ],
        expect![[r#"
            alder sell fernhill/desk partner 2026-03-01 country=DE
              permit, until 2028-02-01, counts toward alder.share, alder.minimum
                alder.resale grants
            alder sell fernhill/desk partner 2026-03-01 country=US
              no_right
            fernhill sell fernhill/desk direct 2026-03-01 country=DE
              permit, until 2029-01-01, counts toward harbour.most-favoured
            corvid sell fernhill/desk partner 2026-03-01 country=DE segment=enterprise
              permit, until 2028-02-01, counts toward alder.share, alder.minimum, corvid.share
                alder.resale grants
                corvid.resale grants
            corvid sell fernhill/desk partner 2026-03-01 country=DE
              no_right
            corvid sell fernhill/desk partner 2026-03-01 country=FR segment=enterprise
              no_right
            bazaar sell fernhill/desk/insight bazaar 2026-03-01 country=CH
              breach toward alder, until 2028-02-01, counts toward bazaar.waterfall
                alder.dach-exclusive forbids
                bazaar.listing grants
            bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=CH
              permit, counts toward bazaar.waterfall
                bazaar.listing grants
            bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=DE
              breach toward alder, until 2028-02-01, counts toward bazaar.waterfall
                alder.de-at-exclusive forbids
                bazaar.listing grants
            bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=DE segment=public
              permit, counts toward bazaar.waterfall
                bazaar.listing grants
                alder.de-at-exclusive excepts
            bazaar sell fernhill/desk/insight bazaar 2026-08-01 country=GB
              breach toward alder, until 2028-02-01, counts toward bazaar.waterfall
                alder.uk-refusal forbids
                bazaar.listing grants
        "#]],
    );
}

#[test]
fn voice_is_held_back_and_hangs_on_what_a_desk_is() {
    check(
        &fernhill(),
        &[
            "bazaar sell fernhill/voice bazaar 2026-05-01 country=US",
            "bazaar sell fernhill/voice bazaar 2026-05-01 country=DE",
            "plaza sell fernhill/voice plaza 2026-05-01 country=US",
            "plaza sell fernhill/voice plaza 2026-09-01 country=US",
            "plaza launch fernhill/voice plaza 2026-08-01 country=US",
            "plaza launch fernhill/voice plaza 2026-09-02 country=US",
            "plaza sell fernhill/desk plaza 2026-05-01 country=DE",
            "alder sell fernhill/voice partner 2026-05-01 country=DE",
        ],
        expect![[r#"
            bazaar sell fernhill/voice bazaar 2026-05-01 country=US
              permit, counts toward bazaar.waterfall
                bazaar.listing grants
            bazaar sell fernhill/voice bazaar 2026-05-01 country=DE
              contested on voice-is-desk toward alder, until 2028-02-01, counts toward bazaar.waterfall
                alder.dach-exclusive forbids
                bazaar.listing grants
            plaza sell fernhill/voice plaza 2026-05-01 country=US
              breach toward bazaar, until 2026-09-01, counts toward plaza.waterfall
                bazaar.voice-holdback forbids
                plaza.listing grants
            plaza sell fernhill/voice plaza 2026-09-01 country=US
              permit, counts toward plaza.waterfall
                plaza.listing grants
            plaza launch fernhill/voice plaza 2026-08-01 country=US
              breach toward bazaar, until 2026-09-02
                bazaar.voice-first forbids
                plaza.listing grants
            plaza launch fernhill/voice plaza 2026-09-02 country=US
              permit
                plaza.listing grants
                bazaar.voice-first waives
            plaza sell fernhill/desk plaza 2026-05-01 country=DE
              no_right
            alder sell fernhill/voice partner 2026-05-01 country=DE
              no_right
        "#]],
    );
}

#[test]
fn money_flows_up_the_chain_with_a_minimum_and_down_through_waterfalls() {
    let book = fernhill();
    let terms = book.terms(ask(&book, "fernhill sell fernhill/desk direct 2026-12-01").at);
    let mut out = String::new();
    for share in &terms.shares {
        out += &format!("share {}: {} to {}\n", share.clause, share.payer, share.payee);
    }
    for guarantee in &terms.guarantees {
        out += &format!("guarantee {}: over {:?}\n", guarantee.clause, guarantee.over);
    }
    for split in &terms.splits {
        out += &format!("split {}: {} steps\n", split.clause, split.steps.len());
    }
    for commit in &terms.commits {
        out += &format!("commit {}: {} stages\n", commit.clause, commit.stages.len());
    }
    for parity in &terms.parities {
        out += &format!("parity {}: for {}\n", parity.clause, parity.buyer);
    }
    out += &format!("{} rates, {} entered sales\n", terms.rates.len(), terms.revenue.len());
    expect![[r#"
        share alder.share: alder to fernhill
        share corvid.share: corvid to alder
        guarantee alder.minimum: over [Clause(alder.share)]
        guarantee alder.higher-minimum: over [Clause(alder.share)]
        split bazaar.waterfall: 3 steps
        split plaza.waterfall: 2 steps
        commit harbour.commit: 3 stages
        parity harbour.most-favoured: for harbour
        2 rates, 11 entered sales
    "#]]
    .assert_eq(&out);
}
