//! `abide agreement fmt`: files laid out in the one way, with their comments.

use crate::cli::failure::{Failure, Status};
use crate::cli::output;
use crate::cli::print;
use crate::config::{self, BookError};
use abide_agreement::{Diagnostic, Source, format};
use clap::Args;
use similar::TextDiff;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

/// The name that standard input goes by.
const STDIN: &str = "-";
/// Unchanged lines shown around each change.
const AROUND_LINES: usize = 3;

pub(super) const EXAMPLE: &str = "\
Examples:
  abide agreement fmt agreements/my-clouds              every file of a book
  abide agreement fmt --check --diff agreements/*       for CI: changes nothing, shows what would change
  abide agreement fmt - < a.toml                        for editors: standard input to standard output

Exit status: 0 done, 3 with --check when a file is not laid out, 2 when a file is not TOML; then none is written.";

/// `abide agreement fmt`.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Folders of books, files, or `-` for standard input
    #[arg(required = true, value_name = "BOOK|FILE")]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that are not laid out
    #[arg(long)]
    check: bool,
    /// Show what changes
    #[arg(long)]
    diff: bool,
}

/// A file as it is and as it is to be.
struct Laid {
    path: PathBuf,
    before: String,
    after: String,
}

impl Laid {
    fn changed(&self) -> bool {
        self.before != self.after
    }
}

impl Fmt {
    pub(super) fn run(self) -> Result<Status, Failure> {
        if self.paths.iter().any(|path| path.as_os_str() == STDIN) {
            return self.pass_through();
        }
        let changed: Vec<_> = lay_out(files(&self.paths)?)?.into_iter().filter(Laid::changed).collect();
        if self.diff {
            for laid in &changed {
                print::text(&diff(laid))?;
            }
        }
        for laid in changed.iter().filter(|_| !self.check) {
            output::write(&laid.path, &laid.after)?;
        }
        for laid in changed.iter().filter(|_| !self.diff) {
            print::text(&format!("{}\n", laid.path.display()))?;
        }
        Ok(if self.check && !changed.is_empty() { Status::NotPermitted } else { Status::Done })
    }

    fn pass_through(self) -> Result<Status, Failure> {
        if self.paths.len() > 1 {
            return Err(Failure::input("`-` stands alone, without other files"));
        }
        let mut before = String::new();
        io::stdin()
            .read_to_string(&mut before)
            .map_err(|error| Failure::input(format!("cannot read standard input: {error}")))?;
        let laid = lay_out(vec![(PathBuf::from(STDIN), before)])?;
        let changed = laid.iter().any(Laid::changed);
        for laid in &laid {
            match (self.diff, self.check) {
                (true, _) => print::text(&diff(laid))?,
                (false, false) => print::text(&laid.after)?,
                (false, true) => {}
            }
        }
        Ok(if self.check && changed { Status::NotPermitted } else { Status::Done })
    }
}

/// The files that are meant, in order, each once.
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below = config::book_files(path)?;
            found.extend(below.into_iter().map(|file| (path.join(file.path), file.text)));
        } else {
            let text = fs::read_to_string(path)
                .map_err(|error| BookError::Unreadable { path: path.clone(), error })?;
            found.push((path.clone(), text));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Lays all of them out, or says of all that are not TOML where they are not.
fn lay_out(files: Vec<(PathBuf, String)>) -> Result<Vec<Laid>, Failure> {
    let mut laid = Vec::new();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for (path, before) in files {
        let shown = path.display().to_string();
        match format(&Source { path: shown, text: before.clone() }) {
            Ok(after) => laid.push(Laid { path, before, after }),
            Err(found) => wrong.extend(found),
        }
    }
    if wrong.is_empty() { Ok(laid) } else { Err(Failure::Findings(wrong)) }
}

fn diff(laid: &Laid) -> String {
    let name = laid.path.display().to_string();
    let diff = TextDiff::from_lines(&laid.before, &laid.after);
    let text = diff.unified_diff().context_radius(AROUND_LINES).header(&name, &name).to_string();
    print::plain(&text, true)
}
