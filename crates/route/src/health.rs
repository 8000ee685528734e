//! How targets have done lately, and which of them are left alone for a while.

use abide_model::fault::{Fault, FaultKind};
use abide_model::name::Cloud;
use abide_model::target::Target;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Faults in a row after which a target rests. One that says it has too much to do rests at once.
pub const FAULTS_BEFORE_REST: u32 = 3;
/// The first rest, in milliseconds; each further fault doubles it.
pub const REST_MS_FIRST: i64 = 1_000;
/// The longest rest that nobody asked for, in milliseconds.
pub const REST_MS_MAX: i64 = 60_000;
/// The longest rest a cloud is given because it asks for one, in milliseconds.
pub const REST_ASKED_MS_MAX: i64 = 3_600_000;

/// What is remembered of every target that failed last. Bounded by the number of targets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    failing: BTreeMap<(Cloud, Arc<str>), Failing>,
}

/// A target whose last call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Faults in a row.
    pub(crate) faults: u32,
    /// Until when it is left alone, in Unix milliseconds; in the past when it is not.
    pub(crate) until_ms: i64,
}

impl Health {
    /// Takes note of how a call to `target` ended.
    pub fn record(&mut self, target: &Target, outcome: Result<(), &Fault>, now_ms: i64) {
        let place = (target.cloud.clone(), Arc::clone(&target.model));
        match outcome.map_or_else(|fault| reading(fault.kind), |()| Reading::Well) {
            Reading::Well => {
                self.failing.remove(&place);
            }
            Reading::Silent => {}
            Reading::Ill { before_rest } => {
                let faults = self.failing.get(&place).map_or(0, |failing| failing.faults).saturating_add(1);
                let asked = outcome.err().and_then(|fault| fault.retry_after_ms);
                let until_ms = now_ms.saturating_add(rest_ms(faults, before_rest, asked));
                self.failing.insert(place, Failing { faults, until_ms });
            }
        }
    }

    /// Until when `target` is left alone, in Unix milliseconds; `None` when it is not resting at `now_ms`.
    #[must_use]
    pub fn resting_until(&self, target: &Target, now_ms: i64) -> Option<i64> {
        self.resting(target, now_ms).map(|failing| failing.until_ms)
    }

    pub(crate) fn resting(&self, target: &Target, now_ms: i64) -> Option<Failing> {
        let failing = self.failing.get(&(target.cloud.clone(), Arc::clone(&target.model)))?;
        (failing.until_ms > now_ms).then_some(*failing)
    }
}

/// What a fault says of the target.
enum Reading {
    /// It works: it answered, if only to find fault with the request.
    Well,
    /// Nothing: it was not asked.
    Silent,
    /// It does not work. From this many faults in a row on it rests.
    Ill { before_rest: u32 },
}

fn reading(kind: FaultKind) -> Reading {
    match kind {
        FaultKind::BadRequest | FaultKind::Filtered => Reading::Well,
        FaultKind::Unsupported => Reading::Silent,
        // The next call would meet these again.
        FaultKind::RateLimited | FaultKind::Auth | FaultKind::NoModel => Reading::Ill { before_rest: 1 },
        FaultKind::Connect
        | FaultKind::Server
        | FaultKind::Timeout(_)
        | FaultKind::Cut
        | FaultKind::Protocol => Reading::Ill { before_rest: FAULTS_BEFORE_REST },
    }
}

fn rest_ms(faults: u32, before_rest: u32, asked_ms: Option<u64>) -> i64 {
    let asked = asked_ms.map_or(0, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
    let own = match faults.checked_sub(before_rest) {
        Some(doublings) => REST_MS_FIRST.saturating_mul(1_i64 << doublings.min(32)).min(REST_MS_MAX),
        None => 0,
    };
    own.max(asked.min(REST_ASKED_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::target;
    use abide_model::fault::Wait;
    use expect_test::{Expect, expect};

    const OK: Result<(), FaultKind> = Ok(());

    /// One row for each outcome: how long the target then rests, in milliseconds.
    fn check(outcomes: &[(Result<(), FaultKind>, Option<u64>)], expected: Expect) {
        let (target, mut health, now_ms) = (target("azure/a"), Health::default(), 1_000);
        let mut rows = String::new();
        for (outcome, retry_after_ms) in outcomes {
            let fault =
                outcome.err().map(|kind| Fault { retry_after_ms: *retry_after_ms, ..Fault::new(kind, "") });
            health.record(&target, fault.as_ref().map_or(Ok(()), Err), now_ms);
            let word = outcome.err().map_or("ok", FaultKind::as_str);
            let rest = health.resting_until(&target, now_ms).map_or(0, |until_ms| until_ms - now_ms);
            rows.push_str(&format!("{word} {rest}\n"));
        }
        expected.assert_eq(&rows);
    }

    #[test]
    fn a_target_rests_from_the_third_fault_on_and_longer_each_time() {
        let faults = [Err(FaultKind::Server), Err(FaultKind::Timeout(Wait::FirstToken)), Err(FaultKind::Cut)];
        let faults: Vec<_> = faults.into_iter().cycle().take(10).map(|fault| (fault, None)).collect();
        check(
            &faults,
            expect![[r#"
                server 0
                timeout_first_token 0
                cut 1000
                server 2000
                timeout_first_token 4000
                cut 8000
                server 16000
                timeout_first_token 32000
                cut 60000
                server 60000
            "#]],
        );
    }

    #[test]
    fn a_target_that_asks_to_be_left_alone_is() {
        check(
            &[
                (Err(FaultKind::RateLimited), Some(20_000)),
                (OK, None),
                (Err(FaultKind::RateLimited), None),
                (Err(FaultKind::Server), Some(500)),
                (Err(FaultKind::RateLimited), Some(u64::MAX)),
            ],
            expect![[r#"
                rate_limited 20000
                ok 0
                rate_limited 1000
                server 500
                rate_limited 3600000
            "#]],
        );
    }

    #[test]
    fn a_request_that_is_wrong_speaks_for_the_target_and_one_never_sent_says_nothing() {
        check(
            &[
                (Err(FaultKind::Auth), None),
                (Err(FaultKind::Unsupported), None),
                (Err(FaultKind::BadRequest), None),
                (Err(FaultKind::Unsupported), None),
                (Err(FaultKind::Server), None),
            ],
            expect![[r#"
                auth 1000
                unsupported 1000
                bad_request 0
                unsupported 0
                server 0
            "#]],
        );
    }

    #[test]
    fn one_model_of_a_cloud_rests_without_the_others() {
        let mut health = Health::default();
        health.record(&target("azure/a"), Err(&Fault::new(FaultKind::RateLimited, "")), 0);
        assert_eq!(health.resting_until(&target("azure/a"), 999), Some(1_000));
        assert_eq!(health.resting_until(&target("azure/a"), 1_000), None);
        assert_eq!(health.resting_until(&target("azure/b"), 999), None);
    }
}
