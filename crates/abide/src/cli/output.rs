//! Where a long output goes, piece by piece: standard output, or a file that appears when it is whole.

use super::failure::Failure;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// How many bytes are gathered before they are written.
const GATHERED_BYTES_MAX: usize = 64 << 10;

/// An open output.
pub(crate) struct Output {
    out: BufWriter<Box<dyn Write>>,
    /// What is written to until it is whole, and what it is called then.
    file: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Standard output, or a file. What is there and is no plain file, such as a pipe, is written to as it is.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { out: gathered(Box::new(io::stdout())), file: None });
        };
        let pipe = fs::metadata(path).is_ok_and(|there| !there.is_file());
        let written = if pipe { path.to_owned() } else { part_of(path) };
        let made = if pipe { File::options().write(true).open(path) } else { File::create(&written) };
        let made = made.map_err(|error| failed(path, &error))?;
        Ok(Self { out: gathered(Box::new(made)), file: (!pipe).then(|| (written, path.to_owned())) })
    }

    /// Whether somebody watches it grow.
    pub(crate) fn is_terminal(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    /// Puts the file in its place.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.out.flush();
        match self.file.take() {
            Some((part, path)) => {
                flushed.and_then(|()| fs::rename(part, &path)).map_err(|error| failed(&path, &error))
            }
            None => settled(flushed),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((part, _)) = self.file.take() {
            // What cannot be taken away is named as a part.
            let _ = fs::remove_file(part);
        }
    }
}

/// A reader of standard output that has gone away is not an error.
fn settled(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("cannot write the output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn gathered(out: Box<dyn Write>) -> BufWriter<Box<dyn Write>> {
    BufWriter::with_capacity(GATHERED_BYTES_MAX, out)
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::work(format!("cannot write `{}`: {error}", path.display()))
}
