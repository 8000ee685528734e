//! One of the two files: a header that says which generation it holds, frames behind it, zeros up to its end.

use super::{Fault, Generation, place, turn};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where frames begin. The header has a sector of its own, so that no frame is torn with it.
pub(super) const HEADER_BYTES: u64 = 4_096;
const MAGIC: [u8; 8] = *b"abidelog";
/// The newest format this code writes and reads.
const FORMAT: u32 = 1;
/// Bytes of a header that say something.
const HEADER_USED: usize = 40;
/// A file takes frames up to here unless told otherwise, and one that is larger when it is the first.
pub(crate) const SEGMENT_BYTES: u64 = 32 << 20;
/// A file that grows ahead of its frames has at least so many bytes.
const GROWN_BYTES_MIN: u64 = 1 << 20;
/// Zeros written ahead of the frames in one go: a sync of bytes inside a file need not write down its size.
const EXTENT_BYTES: usize = 64 << 10;

static ZEROS: [u8; EXTENT_BYTES] = [0; EXTENT_BYTES];

/// A file of the commit log, open to be written.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) file: Arc<File>,
    /// For whoever syncs what it grew by. Linux tells of a failed write-back once through each handle: it must not be
    /// heard by another than the one who answers for the disk.
    pub(crate) growth: Arc<File>,
    pub(crate) path: PathBuf,
    /// Where the next frame goes.
    end: u64,
    /// Bytes of the file.
    length: u64,
    /// Bytes it is being made to have.
    grows_to: u64,
    /// Bytes that may hold something else than zeros.
    used: u64,
    bytes_max: u64,
}

impl Segment {
    /// Opens the file that generation `n` is written to, and makes it when it is not there. It takes frames up to
    /// `bytes_max`. What it holds stays until a generation is begun in it.
    pub(crate) fn open(dir: &Path, n: u64, bytes_max: u64) -> Result<Segment, Fault> {
        let path = place(dir, n);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let opened = file.and_then(|file| Ok((file.metadata()?.len(), file, File::open(&path)?)));
        match opened {
            Ok((length, file, growth)) => {
                let (file, bytes_max) = (Arc::new(file), bytes_max.max(EXTENT_BYTES as u64));
                Ok(Segment {
                    file,
                    growth: Arc::new(growth),
                    path,
                    end: HEADER_BYTES,
                    length,
                    grows_to: length,
                    used: length,
                    bytes_max,
                })
            }
            Err(error) => Err(Fault::Io { path, error }),
        }
    }

    /// Begins a generation whose first step has `first` for its number. What the file held before is gone.
    pub(crate) fn begin(&mut self, generation: Generation, first: u64) -> io::Result<()> {
        if self.length > self.bytes_max {
            self.file.set_len(self.bytes_max)?;
            self.length = self.bytes_max;
            self.grows_to = self.bytes_max;
            self.used = self.used.min(self.bytes_max);
        }
        self.make_room(HEADER_BYTES)?;
        self.file.write_all_at(&header(generation, first), 0)?;
        self.end = HEADER_BYTES;
        self.used = self.used.max(HEADER_BYTES);
        Ok(())
    }

    /// Whether a frame of so many bytes goes here.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.end == HEADER_BYTES || self.end + bytes as u64 <= self.bytes_max
    }

    /// Writes one frame. After an error the file is as if it had not been tried.
    pub(crate) fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        let end = self.end + frame.len() as u64;
        self.make_room(end)?;
        self.used = self.used.max(end);
        self.file.write_all_at(frame, self.end)?;
        self.end = end;
        Ok(())
    }

    /// Adds some zeros when frames come near the end, so that the file doubles; false when there are enough. The sync
    /// after it has to write down a new size, so that this is done seldom, and much at once.
    pub(crate) fn grow(&mut self) -> io::Result<bool> {
        if self.length >= self.grows_to {
            let near = self.end + self.length / 4 > self.length;
            if !near || self.length >= self.bytes_max {
                return Ok(false);
            }
            self.grows_to = (2 * self.length).max(GROWN_BYTES_MIN).min(self.bytes_max);
        }
        self.make_room(self.length + 1)?;
        Ok(true)
    }

    /// Whether its length is a number of whole pieces.
    pub(crate) fn is_whole_pieces(&self, bytes: u64) -> bool {
        self.length.is_multiple_of(bytes)
    }

    fn make_room(&mut self, end: u64) -> io::Result<()> {
        while self.length < end {
            self.file.write_all_at(&ZEROS, self.length)?;
            self.length += EXTENT_BYTES as u64;
        }
        Ok(())
    }

    /// Overwrites everything with zeros. They are on disk after a sync.
    pub(crate) fn wipe(&mut self) -> io::Result<()> {
        let mut at = 0;
        while at < self.used {
            let bytes = usize::try_from(self.used - at).unwrap_or(EXTENT_BYTES).min(EXTENT_BYTES);
            self.file.write_all_at(ZEROS.get(..bytes).unwrap_or_default(), at)?;
            at += bytes as u64;
        }
        self.used = 0;
        Ok(())
    }
}

fn header(generation: Generation, first: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_USED);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&FORMAT.to_le_bytes());
    header.extend_from_slice(&generation.salt.to_le_bytes());
    header.extend_from_slice(&generation.n.to_le_bytes());
    header.extend_from_slice(&first.to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header
}

/// What a file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: Generation,
    /// The number of its first step.
    pub(super) first: u64,
}

impl Header {
    /// Reads the header of a file; `None` when none was ever written, or it was wiped.
    ///
    /// # Errors
    /// When something else is there, with what is wrong with it.
    pub(super) fn read(bytes: &[u8], file: usize) -> Result<Option<Header>, String> {
        let used = bytes.get(..HEADER_USED.min(bytes.len())).unwrap_or_default();
        if used.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header::parse(used).ok_or("its header cannot be read")?;
        if turn(header.generation.n) != file {
            return Err("it has the name of the other file of the log".to_owned());
        }
        Ok(Some(header))
    }

    fn parse(used: &[u8]) -> Option<Header> {
        let (said, sum) = used.split_last_chunk()?;
        let (magic, rest) = said.split_first_chunk()?;
        let (format, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (n, first) = rest.split_first_chunk()?;
        let whole = *magic == MAGIC
            && u32::from_le_bytes(*format) == FORMAT
            && u32::from_le_bytes(*sum) == crc32fast::hash(said);
        let generation = Generation { salt: u64::from_le_bytes(*salt), n: u64::from_le_bytes(*n) };
        let first = u64::from_le_bytes(first.try_into().ok()?);
        whole.then_some(Header { generation, first })
    }
}
