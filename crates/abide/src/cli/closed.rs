//! Closed periods as files: one JSON object each, in `closed/` below a book's folder. Written once, never again.

use super::failure::Failure;
use super::whole::{Part, sync_folder};
use abide_ledger::closing::{Closing, Closings, record};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where they lie below a book's folder.
const FOLDER: &str = "closed";

/// What to do about a closing that is not as it was written.
const RESTORE: &str = "closings are written by `abide ledger close`, and never edited, copied or taken away: restore the \
                       files from a copy of the book";

/// Every closing of a book; none when it has no such folder.
pub(crate) fn read(book: &Path) -> Result<Closings, Failure> {
    let folder = book.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Closings::default()),
        Err(error) => return Err(failed("read", &folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed("read", &folder, &error))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed("read", &path, &error))?;
        let closing = record::decode(&text)
            .map_err(|error| Failure::input(format!("`{}`: {error}", path.display())).help(RESTORE))?;
        found.push(closing);
    }
    Closings::chained(found)
        .map_err(|broken| Failure::input(format!("`{}`: {broken}", folder.display())).help(RESTORE))
}

/// Writes a closing, never over another, and has it whole on disk when it returns; its path. One that was cut off leaves
/// the book as it was.
pub(crate) fn write(book: &Path, closing: &Closing) -> Result<PathBuf, Failure> {
    let folder = book.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| failed("make", &folder, &error))?;
    let path = folder.join(format!("{}.json", closing.period));
    let wrote = Part::beside(&path).and_then(|mut part| {
        part.write_all(record::encode(closing).as_bytes())?;
        part.put_new()?;
        // The folder may be as new as the closing.
        sync_folder(book)
    });
    wrote.map_err(|error| failed("write", &path, &error))?;
    Ok(path)
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::work(format!("cannot {what} `{}`: {error}", path.display()))
}
