//! Reading the log: all of it when a store is opened, its end while another process writes it.

use super::segment::{HEADER_BYTES, Header};
use super::{Generation, SEGMENTS, Step, frame, place};
use crate::append::APPEND_BYTES_MAX;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Why a log cannot be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operating system refused.
    Io { path: PathBuf, error: io::Error },
    /// It does not hang together.
    Damaged { path: PathBuf, reason: String },
}

/// Steps by their numbers, as bytes that can be read.
pub(crate) type Found = Vec<(u64, Vec<u8>)>;

/// Every step after number `after` that stands under `salt`, with its number, without a gap.
///
/// A gap between the two files means that the machine lost power before the older one was synced. What stands in the
/// newer one was not answered as on disk then, since a sync of it comes after the older one's, and is left out.
pub(crate) fn read(dir: &Path, salt: u64, after: u64) -> Result<Found, Fault> {
    let mut files = Vec::new();
    for turn in 0..SEGMENTS {
        let path = place(dir, turn as u64);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Fault::Io { path, error }),
        };
        match Header::read(&bytes, turn) {
            Ok(Some(header)) if header.generation.salt == salt => files.push((header, path, bytes)),
            Ok(_) => {}
            Err(reason) => return Err(Fault::Damaged { path, reason }),
        }
    }
    files.sort_by_key(|(header, ..)| header.generation.n);
    let (mut found, mut last) = (Vec::new(), after);
    for (header, path, bytes) in files {
        if header.first <= last + 1 {
            last = steps(header, (path, &bytes), last, &mut found)?;
        }
    }
    Ok(found)
}

/// Takes the steps of one file that come after `last`; returns the new last one.
fn steps(
    header: Header,
    (path, bytes): (PathBuf, &[u8]),
    mut last: u64,
    found: &mut Found,
) -> Result<u64, Fault> {
    let mut number = header.first;
    let mut rest = bytes.get(HEADER_BYTES as usize..).unwrap_or_default();
    while let Some((step, taken)) = frame::take(rest, header.generation, number) {
        if number > last {
            if Step::read(step).is_none() {
                return Err(Fault::Damaged { path, reason: format!("step {number} cannot be read") });
            }
            found.push((number, step.to_vec()));
            last = number;
        }
        number += 1;
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(last)
}

/// The end of a log that another process writes.
#[derive(Debug)]
pub(crate) struct Tail {
    dir: PathBuf,
    /// Of the generation last seen: the next number, and where its frame would begin.
    seen: Option<(Generation, u64, u64)>,
}

/// Bytes looked at in one go.
const LOOK_BYTES: usize = 1 << 20;

impl Tail {
    pub(crate) fn of(dir: &Path) -> Tail {
        Tail { dir: dir.to_owned(), seen: None }
    }

    /// The number of the last step that stands in the log under `salt`; 0 when there is none.
    pub(crate) fn last(&mut self, salt: u64) -> io::Result<u64> {
        loop {
            let Some((file, header)) = newest(&self.dir, salt)? else { return Ok(0) };
            let start = (header.generation, header.first, HEADER_BYTES);
            let (generation, mut number, mut at) =
                self.seen.filter(|seen| seen.0 == header.generation).unwrap_or(start);
            while let Some((taken, next)) = look(&file, generation, number, at)? {
                (number, at) = (next, at + taken);
            }
            self.seen = Some((generation, number, at));
            // The writer may have gone on to the other file meanwhile.
            if newest(&self.dir, salt)?.is_none_or(|(_, now)| now.generation == generation) {
                return Ok(number - 1);
            }
        }
    }
}

/// Goes over the frames at `at`; returns the bytes they take and the number after them, `None` when there is none.
fn look(file: &File, generation: Generation, first: u64, at: u64) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = vec![0; LOOK_BYTES];
    loop {
        let length = read_some(file, &mut bytes, at)?;
        let there = bytes.get(..length).unwrap_or_default();
        let (mut number, mut taken) = (first, 0);
        while let Some((_, frame)) = frame::take(there.get(taken..).unwrap_or_default(), generation, number) {
            taken += frame;
            number += 1;
        }
        if taken > 0 {
            return Ok(Some((taken as u64, number)));
        }
        match frame::bytes(there, first).filter(|bytes| *bytes > length && length == there.len()) {
            Some(larger) if larger > bytes.len() && larger <= 2 * APPEND_BYTES_MAX => bytes.resize(larger, 0),
            Some(_) | None => return Ok(None),
        }
    }
}

fn read_some(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// The file that is written, with its header. One that cannot be read was not answered from yet.
fn newest(dir: &Path, salt: u64) -> io::Result<Option<(File, Header)>> {
    let mut newest: Option<(File, Header)> = None;
    for turn in 0..SEGMENTS {
        let file = match File::open(place(dir, turn as u64)) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        let mut bytes = vec![0; HEADER_BYTES as usize];
        let length = read_some(&file, &mut bytes, 0)?;
        let header = Header::read(bytes.get(..length).unwrap_or_default(), turn);
        if let Ok(Some(header)) = header
            && header.generation.salt == salt
            && newest.as_ref().is_none_or(|(_, known)| known.generation.n < header.generation.n)
        {
            newest = Some((file, header));
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::super::{SEGMENT_BYTES, Segment};
    use super::*;
    use crate::append::{Append, NewSession};
    use abide_model::id::SessionId;
    use tempfile::TempDir;

    fn step(number: u64) -> Append {
        Append {
            session: SessionId(u128::from(number)),
            expect: 0,
            records: vec![vec![number as u8; 3_000]],
            open: false,
            durable: false,
            at_ms: 1,
            lines: Vec::new(),
            blobs: Vec::new(),
            snapshot: None,
            first: Some(NewSession { owner: "ann".to_owned(), named: true }),
        }
    }

    const SALT: u64 = 7;

    fn generation(n: u64) -> Generation {
        Generation { salt: SALT, n }
    }

    fn begin(dir: &TempDir, n: u64, first: u64) -> Segment {
        let mut segment = Segment::open(dir.path(), n, SEGMENT_BYTES).unwrap();
        segment.begin(generation(n), first).unwrap();
        segment
    }

    fn fill(dir: &TempDir, n: u64, numbers: std::ops::RangeInclusive<u64>) -> Segment {
        let mut segment = begin(dir, n, *numbers.start());
        let mut bytes = Vec::new();
        for number in numbers {
            frame::encode(&mut bytes, generation(n), number, &step(number));
            segment.append(&bytes).unwrap();
        }
        segment
    }

    fn numbers(dir: &TempDir, after: u64) -> Vec<u64> {
        let found = read(dir.path(), SALT, after).unwrap();
        for (number, found) in &found {
            let mut bytes = Vec::new();
            frame::encode(&mut bytes, generation(1), *number, &step(*number));
            assert_eq!(found, frame::step_of(&bytes));
        }
        found.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn steps_are_read_across_both_files_from_the_first_that_is_wanted() {
        let dir = TempDir::new().unwrap();
        assert_eq!(numbers(&dir, 0), []);
        let mut tail = Tail::of(dir.path());
        assert_eq!(tail.last(SALT).unwrap(), 0);
        fill(&dir, 4, 1..=30);
        assert_eq!(tail.last(SALT).unwrap(), 30);
        fill(&dir, 5, 31..=50);
        assert_eq!(tail.last(SALT).unwrap(), 50);
        assert_eq!(numbers(&dir, 0), (1..=50).collect::<Vec<_>>());
        assert_eq!(numbers(&dir, 40), (41..=50).collect::<Vec<_>>());
        assert_eq!(numbers(&dir, 50), []);
        fill(&dir, 6, 51..=52);
        assert_eq!(numbers(&dir, 35), (36..=52).collect::<Vec<_>>());
    }

    #[test]
    fn what_stands_behind_a_torn_step_is_left_out_in_both_files() {
        let dir = TempDir::new().unwrap();
        let log = fill(&dir, 4, 1..=30);
        fill(&dir, 5, 31..=50);
        log.file.write_all_at(&[0; 10], HEADER_BYTES + 3_060 * 20).unwrap();
        let found = numbers(&dir, 0);
        assert!((15..25).contains(&found.len()), "{found:?}");
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_shorter_generation_hides_what_the_one_before_left_behind_it() {
        let dir = TempDir::new().unwrap();
        fill(&dir, 4, 1..=30);
        fill(&dir, 6, 1..=3);
        assert_eq!(numbers(&dir, 0), [1, 2, 3]);
        let mut wiped = fill(&dir, 8, 1..=30);
        wiped.wipe().unwrap();
        assert_eq!(numbers(&dir, 0), []);
    }

    #[test]
    fn a_log_under_another_salt_is_not_read() {
        let dir = TempDir::new().unwrap();
        fill(&dir, 1, 1..=30);
        assert_eq!(read(dir.path(), SALT + 1, 0).unwrap(), []);
        assert_eq!(Tail::of(dir.path()).last(SALT + 1).unwrap(), 0);
    }

    /// The text of one generation stands where the next one's first step ends, and is what its second would be.
    #[test]
    fn text_that_looks_like_a_step_is_not_read_as_one() {
        let dir = TempDir::new().unwrap();
        let mut forged = Vec::new();
        frame::encode(&mut forged, Generation { salt: 0, n: 6 }, 2, &step(9));
        let mut text = vec![0; 8_000];
        for _ in 0..3 {
            text.extend_from_slice(&forged);
        }
        let mut bytes = Vec::new();
        frame::encode(&mut bytes, generation(4), 1, &Append { records: vec![text], ..step(1) });
        let at = bytes.windows(forged.len()).position(|window| window == forged).unwrap();
        begin(&dir, 4, 1).append(&bytes).unwrap();

        let length = |records: usize| {
            let mut bytes = Vec::new();
            let append = Append { records: vec![vec![1; records]], ..step(1) };
            frame::encode(&mut bytes, generation(6), 1, &append);
            bytes
        };
        let exact = length(8_000 + at - length(8_000).len());
        assert_eq!(exact.len(), at);
        begin(&dir, 6, 1).append(&exact).unwrap();
        assert_eq!(read(dir.path(), SALT, 0).unwrap().len(), 1);
    }

    #[test]
    fn a_header_that_says_nothing_is_reported() {
        let dir = TempDir::new().unwrap();
        let log = fill(&dir, 4, 1..=3);
        log.file.write_all_at(&[1], 20).unwrap();
        let Err(Fault::Damaged { path, reason }) = read(dir.path(), SALT, 0) else { panic!("not reported") };
        assert_eq!((path, reason), (log.path.clone(), "its header cannot be read".to_owned()));
        fs::rename(&log.path, place(dir.path(), 5)).unwrap();
        fill(&dir, 4, 1..=3);
        fs::rename(&log.path, place(dir.path(), 5)).unwrap();
        let Err(Fault::Damaged { reason, .. }) = read(dir.path(), SALT, 0) else { panic!("not reported") };
        assert_eq!(reason, "it has the name of the other file of the log");
    }

    #[test]
    fn a_step_larger_than_a_look_is_found_by_who_reads_beside() {
        let dir = TempDir::new().unwrap();
        let mut segment = fill(&dir, 1, 1..=2);
        let (mut tail, mut bytes) = (Tail::of(dir.path()), Vec::new());
        assert_eq!(tail.last(SALT).unwrap(), 2);
        let large = Append { records: vec![vec![7; 3 * LOOK_BYTES]], ..step(3) };
        frame::encode(&mut bytes, generation(1), 3, &large);
        segment.append(&bytes).unwrap();
        frame::encode(&mut bytes, generation(1), 4, &step(4));
        segment.append(&bytes).unwrap();
        assert_eq!(tail.last(SALT).unwrap(), 4);
    }
}
