//! Reads the folder of a book. Knows nothing of what its files say.

use abide_agreement::{Book, Diagnostic, Source};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most files read from a folder.
const FILES_MAX: usize = 10_000;
/// The longest file read, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// How many folders deep files are looked for.
const DEPTH_MAX: usize = 16;

/// Why there is no book.
#[derive(Debug)]
pub(crate) enum BookError {
    /// A file or folder cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// What is wrong with it; files are named from where the command runs.
    Findings(Vec<Diagnostic>),
}

/// The file that makes a folder a book.
const BOOK_FILE: &str = "book.toml";

/// The folder of the book that `path` is, or lies in: a file of it, or a folder below it. `path` itself where there is
/// none.
pub(crate) fn root(path: &Path) -> PathBuf {
    if path.join(BOOK_FILE).is_file() {
        return path.to_owned();
    }
    let holds = |folder: &&Path| folder.join(BOOK_FILE).is_file();
    // A path from here on is easier to read than a whole one, which a book above this folder needs.
    let near = path.ancestors().find(holds).map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    });
    let far = || Some(fs::canonicalize(path).ok()?.ancestors().find(holds)?.to_owned());
    near.filter(|_| path.exists()).or_else(far).unwrap_or_else(|| path.to_owned())
}

/// Reads and checks the book in `folder`.
///
/// # Errors
/// When a file cannot be read, or with everything that is wrong.
pub(crate) fn open(folder: &Path) -> Result<Book, BookError> {
    let files = files(folder)?;
    abide_agreement::load(&files).map_err(|found| BookError::Findings(shown(folder, &found)))
}

/// Reads every file of the book in `folder`, without looking at what they say.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn files(folder: &Path) -> Result<Vec<Source>, BookError> {
    let mut files = Vec::new();
    gather(folder, "", 0, &mut files)?;
    Ok(files)
}

/// Findings with paths that can be opened from here, instead of below the book.
pub(crate) fn shown(folder: &Path, found: &[Diagnostic]) -> Vec<Diagnostic> {
    let open_path = |file: &str| folder.join(file).display().to_string();
    let mut found = found.to_vec();
    for one in &mut found {
        one.place.file = open_path(&one.place.file);
        for (place, _) in &mut one.also {
            place.file = open_path(&place.file);
        }
    }
    found
}

fn gather(folder: &Path, below: &str, depth: usize, files: &mut Vec<Source>) -> Result<(), BookError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| BookError::Unreadable { path, error }
    };
    if depth > DEPTH_MAX {
        let error = io::Error::other(format!("it lies more than {DEPTH_MAX} folders deep"));
        return Err(BookError::Unreadable { path: folder.to_owned(), error });
    }
    let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
    for entry in entries {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let meta = fs::metadata(&path).map_err(unreadable(&path))?;
        if meta.is_dir() {
            gather(&path, &format!("{below}{name}/"), depth + 1, files)?;
        } else if name.ends_with(".toml") {
            if meta.len() > FILE_BYTES_MAX || files.len() >= FILES_MAX {
                let reason = format!("a book has at most {FILES_MAX} files of {FILE_BYTES_MAX} bytes");
                return Err(BookError::Unreadable { path, error: io::Error::other(reason) });
            }
            let text = fs::read(&path).and_then(text).map_err(unreadable(&path))?;
            files.push(Source { path: format!("{below}{name}"), text });
        }
    }
    Ok(())
}

/// The bytes of a file as text; an error that names the line where they are none.
fn text(bytes: Vec<u8>) -> io::Result<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is UTF-16 text, not UTF-8"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8 text"))
    })
}
