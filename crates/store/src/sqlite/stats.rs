//! Counts for `/metrics`.

use super::front::Offer;
use crate::error::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the store has done since it was opened, and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Appends kept.
    pub appends: u64,
    /// Appends refused or failed.
    pub appends_failed: u64,
    /// Appends that waited for the disk.
    pub appends_durable: u64,
    /// How often the disk was waited for on their behalf; one wait serves many.
    pub syncs: u64,
    /// Transactions that took appends in from the commit log.
    pub intakes: u64,
    /// Appends that stand in the commit log only.
    pub appends_behind: u64,
    /// Bytes of the commit log.
    pub log_bytes: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    appends: AtomicU64,
    appends_failed: AtomicU64,
    appends_durable: AtomicU64,
    syncs: AtomicU64,
    intakes: AtomicU64,
}

impl Counters {
    pub(super) fn offered(&self, outcome: &Result<Offer, StoreError>) {
        match outcome {
            Ok(Offer::Kept(_) | Offer::Due(_)) => self.appends.fetch_add(1, Ordering::Relaxed),
            Ok(Offer::Unknown(..) | Offer::Crowded(_)) => 0,
            Err(_) => self.appends_failed.fetch_add(1, Ordering::Relaxed),
        };
    }

    pub(super) fn failed(&self) {
        self.appends_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn synced(&self, appends: usize) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.appends_durable.fetch_add(appends as u64, Ordering::Relaxed);
    }

    pub(super) fn taken_in(&self) {
        self.intakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Stats {
        Stats {
            appends: self.appends.load(Ordering::Relaxed),
            appends_failed: self.appends_failed.load(Ordering::Relaxed),
            appends_durable: self.appends_durable.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            intakes: self.intakes.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}
