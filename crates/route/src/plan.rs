//! The plan: every target that was considered, and where it stands.

use crate::health::{Failing, Health};
use crate::need::Need;
use abide_model::decision::{Decision, Verdict};
use abide_model::plan::{Considered, Plan, Refusal, Standing};
use abide_model::target::Target;

/// One target that could serve, with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Where the call could go.
    pub target: &'a Target,
    /// What the agreements say of it.
    pub decision: &'a Decision,
    /// Whether it already failed in this run.
    pub tried: bool,
}

/// Orders the candidates: as they are listed, those that rest behind the others, the soonest awake first. Each
/// stands in the plan once, with the reason for its place or for its refusal.
#[must_use]
pub fn plan(candidates: &[Candidate<'_>], health: &Health, need: Need, now_ms: i64) -> Plan {
    let mut standings: Vec<Option<Standing>> =
        candidates.iter().map(|candidate| refusal(candidate, need).map(Standing::Refused)).collect();
    let order = rank(candidates, &standings, health, now_ms);
    for (place, (index, resting)) in (0_u32..).zip(order) {
        if let Some(standing) = standings.get_mut(index) {
            *standing = Some(Standing::Ranked { place, why: why(index, resting, now_ms) });
        }
    }
    let stood = candidates.iter().zip(standings).filter_map(|(candidate, standing)| {
        let Target { cloud, model, .. } = candidate.target;
        standing.map(|standing| Considered { cloud: cloud.clone(), model: model.to_string(), standing })
    });
    Plan { considered: stood.collect() }
}

fn refusal(candidate: &Candidate<'_>, need: Need) -> Option<Refusal> {
    if !candidate.decision.verdict.permits() {
        return Some(by_agreement(candidate.decision));
    }
    if let Some(missing) = need.missing(candidate.target.can) {
        return Some(Refusal::Capability { missing });
    }
    candidate.tried.then_some(Refusal::Tried)
}

fn by_agreement(decision: &Decision) -> Refusal {
    let (toward, questions) = match &decision.verdict {
        Verdict::NoRight | Verdict::Permit => (Vec::new(), Vec::new()),
        Verdict::Breach { toward } => (toward.clone(), Vec::new()),
        Verdict::Contested { toward, questions } => (toward.clone(), questions.clone()),
    };
    let clauses = decision.obstacles().map(|reason| reason.cited.clause.clone()).collect();
    Refusal::Agreement { verdict: decision.verdict.as_str(), clauses, toward, questions }
}

/// Indexes of those not refused, best first, each with its rest.
fn rank(
    candidates: &[Candidate<'_>],
    refused: &[Option<Standing>],
    health: &Health,
    now_ms: i64,
) -> Vec<(usize, Option<Failing>)> {
    let free = candidates.iter().zip(refused).enumerate().filter(|(_, (_, refused))| refused.is_none());
    let mut order: Vec<_> =
        free.map(|(index, (candidate, _))| (index, health.resting(candidate.target, now_ms))).collect();
    order.sort_by_key(|(index, resting)| (resting.map(|failing| failing.until_ms), *index));
    order
}

fn why(index: usize, resting: Option<Failing>, now_ms: i64) -> String {
    match (resting, index) {
        (Some(Failing { faults, until_ms }), _) => {
            let times = if faults == 1 { "fault" } else { "faults in a row" };
            format!("resting {} ms more after {faults} {times}, tried last", until_ms.saturating_sub(now_ms))
        }
        (None, 0) => "listed first".to_owned(),
        (None, index) => format!("listed as number {}", index + 1),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use abide_model::decision::{Citation, Effect, Reason};
    use abide_model::fault::{Fault, FaultKind};
    use abide_model::name::{Channel, Clause, Cloud, Party, Product, Question};
    use abide_model::target::{Capabilities, Dialect};
    use abide_model::{Hash, Time};
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// A target that can do everything, named `CLOUD/MODEL`.
    pub(crate) fn target(name: &str) -> Target {
        let (cloud, model) = name.split_once('/').unwrap();
        Target {
            cloud: Cloud::parse(cloud).unwrap(),
            model: Arc::from(model),
            dialect: Dialect::OpenAi,
            channel: Channel::parse(cloud).unwrap(),
            product: Product::parse("openai/api").unwrap(),
            can: Capabilities { tools: true, json_schema: true, images: true },
        }
    }

    fn decision(verdict: Verdict, forbids: &[&str]) -> Decision {
        let cited = |clause: &str| Citation {
            clause: Clause::parse(clause).unwrap(),
            file: "a.toml".into(),
            line: 1,
            quote: None,
            source: None,
        };
        let reason = |effect, clause: &str| Reason { cited: Arc::new(cited(clause)), effect };
        let forbids = forbids.iter().map(|clause| reason(Effect::Forbids, clause));
        Decision {
            verdict,
            reasons: forbids.chain([reason(Effect::Grants, "licence")]).collect(),
            duties: Vec::new(),
            until: None,
            at: Time::UNIX_EPOCH,
            known: Time::UNIX_EPOCH,
            book: Hash::of(b"book"),
        }
    }

    fn permit() -> Decision {
        decision(Verdict::Permit, &[])
    }

    fn microsoft() -> Vec<Party> {
        vec![Party::parse("microsoft").unwrap()]
    }

    fn row(considered: &Considered) -> String {
        let standing = match &considered.standing {
            Standing::Ranked { place, why } => format!("{place} {why}"),
            Standing::Refused(Refusal::Agreement { verdict, clauses, toward, questions }) => {
                let clauses: Vec<_> = clauses.iter().map(Clause::as_str).collect();
                let toward: Vec<_> = toward.iter().map(Party::as_str).collect();
                let questions: Vec<_> = questions.iter().map(Question::as_str).collect();
                format!("- {verdict} by {clauses:?} toward {toward:?} on {questions:?}")
            }
            Standing::Refused(Refusal::Capability { missing }) => format!("- cannot do {missing}"),
            Standing::Refused(Refusal::Resting { until_ms }) => format!("- resting until {until_ms}"),
            Standing::Refused(Refusal::Tried) => "- tried".to_owned(),
        };
        format!("{}/{} {standing}\n", considered.cloud, considered.model)
    }

    fn check(candidates: &[Candidate<'_>], health: &Health, need: Need, expected: Expect) {
        let plan = plan(candidates, health, need, 10_000);
        expected.assert_eq(&plan.considered.iter().map(row).collect::<String>());
    }

    #[test]
    fn targets_stand_as_they_are_listed() {
        let (azure, aws, permit) = (target("azure/a"), target("aws/b"), permit());
        let fresh = |target| Candidate { target, decision: &permit, tried: false };
        check(
            &[fresh(&azure), fresh(&aws), fresh(&azure)],
            &Health::default(),
            Need::default(),
            expect![[r#"
                azure/a 0 listed first
                aws/b 1 listed as number 2
                azure/a 2 listed as number 3
            "#]],
        );
    }

    #[test]
    fn what_the_agreements_refuse_is_named_by_clause() {
        let [none, breach, open] = [target("aws/a"), target("aws/b"), target("aws/c")];
        let contested = Verdict::Contested {
            toward: microsoft(),
            questions: vec![Question::parse("frontier-is-api").unwrap()],
        };
        let decisions = [
            decision(Verdict::NoRight, &[]),
            decision(Verdict::Breach { toward: microsoft() }, &["oct25.api-exclusive", "jul19.exclusive"]),
            decision(contested, &["oct25.api-exclusive"]),
        ];
        let targets = [&none, &breach, &open].into_iter().zip(&decisions);
        let candidates: Vec<_> =
            targets.map(|(target, decision)| Candidate { target, decision, tried: true }).collect();
        check(
            &candidates,
            &Health::default(),
            Need::default(),
            expect![[r#"
                aws/a - no_right by [] toward [] on []
                aws/b - breach by ["oct25.api-exclusive", "jul19.exclusive"] toward ["microsoft"] on []
                aws/c - contested by ["oct25.api-exclusive"] toward ["microsoft"] on ["frontier-is-api"]
            "#]],
        );
    }

    #[test]
    fn what_a_target_cannot_do_or_has_failed_at_refuses_it() {
        let (mut plain, able, permit) = (target("local/small"), target("azure/a"), permit());
        plain.can = Capabilities { tools: true, json_schema: false, images: false };
        check(
            &[
                Candidate { target: &plain, decision: &permit, tried: true },
                Candidate { target: &able, decision: &permit, tried: true },
                Candidate { target: &able, decision: &permit, tried: false },
            ],
            &Health::default(),
            Need { tools: true, json_schema: true, images: true },
            expect![[r#"
                local/small - cannot do json_schema
                azure/a - tried
                azure/a 0 listed as number 3
            "#]],
        );
    }

    #[test]
    fn resting_targets_go_last_the_soonest_awake_first() {
        let [busy, broken, well] = [target("azure/a"), target("aws/b"), target("gcp/c")];
        let permit = permit();
        let mut health = Health::default();
        let limited =
            Fault { retry_after_ms: Some(5_000), ..Fault::new(FaultKind::RateLimited, "slow down") };
        health.record(&busy, Err(&limited), 9_000);
        for _ in 0..3 {
            health.record(&broken, Err(&Fault::new(FaultKind::Server, "oops")), 9_500);
        }
        let fresh = |target| Candidate { target, decision: &permit, tried: false };
        check(
            &[fresh(&busy), fresh(&broken), fresh(&well)],
            &health,
            Need::default(),
            expect![[r#"
                azure/a 2 resting 4000 ms more after 1 fault, tried last
                aws/b 1 resting 500 ms more after 3 faults in a row, tried last
                gcp/c 0 listed as number 3
            "#]],
        );
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::NoRight),
            Just(Verdict::Breach { toward: microsoft() }),
            Just(Verdict::Contested { toward: microsoft(), questions: Vec::new() }),
            Just(Verdict::Permit),
        ]
    }

    proptest! {
        #[test]
        fn every_candidate_stands_once_and_none_the_agreements_refuse_is_ranked(
            parts in prop::collection::vec((0..4_u8, verdict(), any::<bool>(), any::<bool>()), 0..12),
            faults in prop::collection::vec((0..4_u8, 0..FaultKind::ALL.len()), 0..20),
            tools in any::<bool>(),
        ) {
            let named = |n: u8| target(&format!("cloud{n}/m"));
            let mut health = Health::default();
            for (n, kind) in faults {
                health.record(&named(n), Err(&Fault::new(FaultKind::ALL[kind], "")), 0);
            }
            let parts: Vec<_> = parts
                .into_iter()
                .map(|(n, verdict, able, tried)| {
                    let mut target = named(n);
                    target.can.tools = able;
                    (target, decision(verdict, &[]), tried)
                })
                .collect();
            let candidates: Vec<_> = parts
                .iter()
                .map(|(target, decision, tried)| Candidate { target, decision, tried: *tried })
                .collect();
            let need = Need { tools, ..Need::default() };
            let plan = plan(&candidates, &health, need, 500);

            prop_assert_eq!(plan.considered.len(), candidates.len());
            let order = plan.order();
            for (index, (considered, candidate)) in plan.considered.iter().zip(&candidates).enumerate() {
                prop_assert_eq!(&considered.cloud, &candidate.target.cloud);
                let may = candidate.decision.verdict.permits()
                    && !candidate.tried
                    && (candidate.target.can.tools || !tools);
                prop_assert_eq!(order.iter().filter(|ranked| **ranked == index).count(), usize::from(may));
            }
            let places: Vec<u32> = order
                .iter()
                .filter_map(|index| match plan.considered[*index].standing {
                    Standing::Ranked { place, .. } => Some(place),
                    Standing::Refused(_) => None,
                })
                .collect();
            prop_assert_eq!(places, (0..order.len() as u32).collect::<Vec<_>>());
            prop_assert_eq!(&plan, &super::plan(&candidates, &health, need, 500));
        }
    }
}
