//! Counts for `/metrics`.

use super::writer::Pending;
use crate::error::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the store has done since it was opened, and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Appends committed.
    pub appends: u64,
    /// Appends refused or failed.
    pub appends_failed: u64,
    /// Transactions that held appends.
    pub commits: u64,
    /// Those of them with appends that wait for the disk.
    pub commits_durable: u64,
    /// How often the disk was waited for on their behalf; one wait serves several transactions.
    pub syncs: u64,
    /// Appends in the largest transaction.
    pub batch_appends_max: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Bytes of the write-ahead log.
    pub wal_bytes: u64,
    /// Sessions whose heads are only in memory and in the log.
    pub heads_behind: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    appends: AtomicU64,
    appends_failed: AtomicU64,
    commits: AtomicU64,
    commits_durable: AtomicU64,
    syncs: AtomicU64,
    batch_appends_max: AtomicU64,
}

impl Counters {
    pub(super) fn committed(
        &self,
        batch: &[Pending],
        outcome: &Result<Vec<Result<u64, StoreError>>, StoreError>,
    ) {
        let appends = batch.len() as u64;
        let kept = outcome
            .as_ref()
            .map_or(0, |answers| answers.iter().filter(|answer| answer.is_ok()).count() as u64);
        self.appends.fetch_add(kept, Ordering::Relaxed);
        self.appends_failed.fetch_add(appends - kept, Ordering::Relaxed);
        if kept > 0 {
            let durable = batch.iter().any(|pending| pending.append.durable);
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.commits_durable.fetch_add(u64::from(durable), Ordering::Relaxed);
            self.batch_appends_max.fetch_max(appends, Ordering::Relaxed);
        }
    }

    pub(super) fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Stats {
        Stats {
            appends: self.appends.load(Ordering::Relaxed),
            appends_failed: self.appends_failed.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            commits_durable: self.commits_durable.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            batch_appends_max: self.batch_appends_max.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}
