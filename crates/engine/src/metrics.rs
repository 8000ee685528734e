//! Counts since start, for `/metrics`.

use abide_model::fault::FaultKind;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How calls ended, `ok` or the fault's word, and how often.
pub type Outcomes = BTreeMap<&'static str, u64>;

/// Counts since the process started. Cheap to raise from any task.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Runs taken on.
    pub runs_started: AtomicU64,
    /// Runs at work now.
    pub runs_active: AtomicU64,
    /// Runs taken up again after a crash.
    pub runs_recovered: AtomicU64,
    /// Input tokens metered.
    pub tokens_input: AtomicU64,
    /// Output tokens metered.
    pub tokens_output: AtomicU64,
    ended: Mutex<BTreeMap<&'static str, u64>>,
    calls: Mutex<BTreeMap<Arc<str>, Outcomes>>,
}

impl Metrics {
    /// Counts a run that ended with `status`, in the Responses format's word.
    pub(crate) fn run_ended(&self, status: &'static str) {
        self.runs_active.fetch_sub(1, Ordering::Relaxed);
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    /// Counts a call to `target` and how it ended.
    pub(crate) fn call_ended(&self, target: &Arc<str>, fault: Option<FaultKind>) {
        let outcome = fault.map_or("ok", FaultKind::as_str);
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(target.clone()).or_default().entry(outcome).or_default() += 1;
    }

    /// Runs ended, by status.
    #[must_use]
    pub fn runs_ended(&self) -> BTreeMap<&'static str, u64> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls ended, by target (`CLOUD/MODEL`) and outcome.
    #[must_use]
    pub fn calls_ended(&self) -> BTreeMap<Arc<str>, Outcomes> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
