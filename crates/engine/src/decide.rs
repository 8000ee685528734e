//! Before a call: may it go there, and where first.

use crate::key::Principal;
use crate::setup::{Model, Setup};
use abide_model::decision::{Action, Ask, Decision, Verdict};
use abide_model::event::RunError;
use abide_model::fault::Fault;
use abide_model::name::Cloud;
use abide_model::plan::{Plan, Refusal, Standing};
use abide_model::prompt::Prompt;
use abide_model::{Hash, Time};
use abide_route::{Candidate, Health};
use abide_session::{Choice, Input};

/// Decides on every target of `model` and ranks those that may serve.
pub(crate) fn plan(
    (setup, model, who): (&Setup, &Model, &Principal),
    prompt: Option<Prompt<'_>>,
    (tried, last): (&[(Cloud, String)], Option<&Fault>),
    health: &Health,
    now: Time,
) -> Input {
    let decisions: Vec<Decision> =
        model.targets.iter().map(|target| decide(setup, target, who, now)).collect();
    let candidates: Vec<Candidate<'_>> = model
        .targets
        .iter()
        .zip(&decisions)
        .map(|(target, decision)| Candidate {
            target,
            decision,
            tried: tried.iter().any(|(cloud, name)| *cloud == target.cloud && **name == *target.model),
        })
        .collect();
    let need = prompt.map(|prompt| abide_route::need(&prompt)).unwrap_or_default();
    let plan = abide_route::plan(&candidates, health, need, now.as_millisecond());
    let best = plan.order().first().copied();
    let choice = best
        .and_then(|index| model.targets.get(index).zip(decisions.into_iter().nth(index)))
        .map(|(target, decision)| Box::new(Choice { target: target.clone(), decision }))
        .ok_or_else(|| no_target(&plan, last));
    Input::Planned { plan, choice }
}

/// The model a run asked for is no longer configured.
pub(crate) fn without_model() -> Input {
    Input::Planned {
        plan: Plan::default(),
        choice: Err(RunError {
            code: "no_target".to_owned(),
            message: "the model this run asked for is not configured any more".to_owned(),
            fault: None,
            retry_after_ms: None,
        }),
    }
}

fn decide(setup: &Setup, target: &abide_model::target::Target, who: &Principal, now: Time) -> Decision {
    let Some(book) = &setup.book else { return without_book(now) };
    book.decide(&Ask {
        actor: book.owner().clone(),
        action: Action::Serve,
        product: target.product.clone(),
        channel: target.channel.clone(),
        customer: Some(who.customer.clone()),
        segment: who.segment.clone(),
        territory: who.territory.clone(),
        at: now,
        known: now,
    })
}

/// Without agreements nothing is promised away.
fn without_book(now: Time) -> Decision {
    Decision {
        verdict: Verdict::Permit,
        reasons: Vec::new(),
        duties: Vec::new(),
        until: None,
        at: now,
        known: now,
        book: Hash([0; 32]),
    }
}

/// Why the run ends: the last cloud's failure, else the agreements, else what no target can do.
fn no_target(plan: &Plan, last: Option<&Fault>) -> RunError {
    if let Some(fault) = last {
        return abide_session::error_of(fault);
    }
    let refusals = plan.considered.iter().filter_map(|one| match &one.standing {
        Standing::Refused(refusal) => Some((format!("{}/{}", one.cloud, one.model), refusal)),
        Standing::Ranked { .. } => None,
    });
    let refusals: Vec<(String, &Refusal)> = refusals.collect();
    let code = match refusals.iter().map(|(_, refusal)| weight(refusal)).max() {
        Some(2) => "refused_by_agreement",
        Some(1) => "unsupported_parameter",
        Some(_) | None => "no_target",
    };
    let why: Vec<String> =
        refusals.iter().map(|(target, refusal)| format!("`{target}`: {}", in_words(refusal))).collect();
    RunError {
        code: code.to_owned(),
        message: format!("no cloud may serve this request: {}", why.join("; ")),
        fault: None,
        retry_after_ms: None,
    }
}

/// Which refusal names the run's end: what was promised weighs more than what a cloud cannot do.
fn weight(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Agreement { .. } => 2,
        Refusal::Capability { .. } => 1,
        Refusal::Resting { .. } | Refusal::Tried => 0,
    }
}

/// A refusal of a target as people read it.
pub fn in_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Agreement { verdict, clauses, toward, questions } => {
            let list = |names: &[String]| names.join("`, `");
            let clauses: Vec<String> = clauses.iter().map(ToString::to_string).collect();
            let toward: Vec<String> = toward.iter().map(ToString::to_string).collect();
            let questions: Vec<String> = questions.iter().map(ToString::to_string).collect();
            let mut text = format!("the agreements say {verdict}");
            if !toward.is_empty() {
                text.push_str(&format!(" toward `{}`", list(&toward)));
            }
            if !clauses.is_empty() {
                text.push_str(&format!(" by clause `{}`", list(&clauses)));
            }
            if !questions.is_empty() {
                text.push_str(&format!(", depending on `{}`", list(&questions)));
            }
            text
        }
        Refusal::Capability { missing } => format!("it cannot do `{missing}`"),
        Refusal::Resting { until_ms } => {
            let until = Time::from_millisecond(*until_ms).map(|time| time.to_string()).unwrap_or_default();
            format!("it failed lately and rests until {until}")
        }
        Refusal::Tried => "it failed in this run already".to_owned(),
    }
}
