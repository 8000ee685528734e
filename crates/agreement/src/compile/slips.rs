//! Warns of what a book may say and its writer hardly means: names that differ by case alone, days far from all others,
//! parties the wrong way round, prices in units that nobody else is charged by.
//!
//! Each of these rules is silent unless what is written has no effect, or one that the rest of the book speaks against.

mod days;
mod names;
mod rows;
mod shares;
mod stages;
mod twice;
mod units;

use crate::book::Book;
use crate::diagnostic::Sink;
use crate::syntax::File;

/// Looks through a whole book that loads.
pub(super) fn warn(files: &[(usize, File)], book: &Book, sink: &mut Sink) {
    names::warn(files, sink);
    days::warn(files, sink);
    stages::warn(files, sink);
    units::warn(files, book, sink);
    twice::warn(book, sink);
    // What most likely somebody else sold says nothing of who owes a share.
    let doubted = rows::warn(files, book, sink);
    shares::warn(files, book, &doubted, sink);
}
