//! Where a long output goes, piece by piece: standard output, or a file that appears when it is whole.

use super::failure::Failure;
use super::whole::Part;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

/// How many bytes are gathered before they are written.
const GATHERED_BYTES_MAX: usize = 64 << 10;

/// An open output.
pub(crate) struct Output {
    to: BufWriter<To>,
}

enum To {
    Standard(Stdout),
    /// What is there and is no plain file, such as a pipe.
    There(File, PathBuf),
    /// A file that is not there before it is whole.
    Part(Part, PathBuf),
}

/// Writes a file that appears when it is whole.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut out = Output::open(Some(path))?;
    match out.write_all(text.as_bytes()) {
        Ok(()) => out.finish(),
        Err(error) => out.broken(error),
    }
}

impl Output {
    /// Standard output, or a file. What is there and is no plain file, such as a pipe, is written to as it is.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let to = match path {
            None => To::Standard(io::stdout()),
            Some(path) => To::open(path).map_err(|error| failed(path, &error))?,
        };
        Ok(Self { to: BufWriter::with_capacity(GATHERED_BYTES_MAX, to) })
    }

    /// Whether somebody watches it grow.
    pub(crate) fn is_terminal(&self) -> bool {
        match self.to.get_ref() {
            To::Standard(out) => out.is_terminal(),
            To::There(..) | To::Part(..) => false,
        }
    }

    /// Puts the file in its place.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if let Err(error) = self.to.flush() {
            return self.broken(error);
        }
        match self.to.into_parts().0 {
            To::Standard(_) | To::There(..) => Ok(()),
            To::Part(part, path) => part.put().map_err(|error| failed(&path, &error)),
        }
    }

    /// What it means that it could not be written to the end. A reader that has gone away is not an error; what was
    /// meant to be a file goes away.
    pub(crate) fn broken(self, error: io::Error) -> Result<(), Failure> {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Ok(());
        }
        match self.to.into_parts().0 {
            To::Standard(_) => Err(Failure::work(format!("cannot write the output: {error}"))),
            To::There(_, path) | To::Part(_, path) => Err(failed(&path, &error)),
        }
    }
}

impl To {
    fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(Self::There(File::options().write(true).open(path)?, path.to_owned()));
        }
        Ok(Self::Part(Part::beside(path)?, path.to_owned()))
    }
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            To::Standard(out) => out.write(bytes),
            To::There(file, _) => file.write(bytes),
            To::Part(part, _) => part.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            To::Standard(out) => out.flush(),
            To::There(file, _) => file.flush(),
            To::Part(part, _) => part.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::work(format!("cannot write `{}`: {error}", path.display()))
}
