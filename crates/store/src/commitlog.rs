//! The commit log: every step, one behind the other, in a file before anybody hears of it.
//!
//! A step is a frame with a number, appended with one write(2), and on disk after one fdatasync(2). What reads steps
//! by session, by time or by hash is made of them afterwards, many at once; a crash in between loses nothing, since
//! whatever is not taken in yet is read from here again. Two files take turns. One is written over when all its steps
//! are durable elsewhere, so that its blocks stay allocated and a sync has no sizes to write down.
//!
//! Each opening of the store begins a log of its own, under a salt that the database knows from the commit on that
//! took in what the log before it held. What stands under another salt is dead: whatever could be read of it is taken
//! in, what could not was never answered as on disk, and neither comes back.
//!
//! Knows bytes and numbers. Whether a step follows is for others to know.

pub(crate) mod frame;
mod scan;
mod segment;
mod step;

pub(crate) use scan::{Fault, Found, Tail, read};
pub(crate) use segment::{SEGMENT_BYTES, Segment};
pub(crate) use step::Step;

use std::path::{Path, PathBuf};

/// Files that take turns.
pub(crate) const SEGMENTS: usize = 2;

/// One filling of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation {
    /// Drawn when the store is opened, and never shown: what somebody says cannot be made to look like a step.
    pub(crate) salt: u64,
    /// Counts upwards from 1 with each file that is begun.
    pub(crate) n: u64,
}

impl Generation {
    pub(crate) fn next(self) -> Generation {
        Generation { n: self.n + 1, ..self }
    }
}

/// The file that generation `n` is written to.
pub(crate) fn place(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("commit-{}.log", turn(generation)))
}

/// Which of the files a generation is written to.
pub(crate) fn turn(generation: u64) -> usize {
    usize::from(!generation.is_multiple_of(SEGMENTS as u64))
}
