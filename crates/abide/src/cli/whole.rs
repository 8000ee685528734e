//! Files that appear when they are whole: written beside their place, and put there once they are on disk.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the names of files on their way end in, behind the number of their process.
const PART: &str = ".part";

/// How old such a file is at least before it may be taken away: one that was just made is not held yet.
const LEFT_AFTER: Duration = Duration::from_secs(60);

/// A file on its way to its place. It goes away when it is dropped before it is there.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    place: PathBuf,
}

impl Part {
    /// An empty one, under a name of this process: two that write at a time do not write into one another. It may be
    /// read by whoever may read what it goes over; where a link is, it goes over what that leads to.
    pub(super) fn beside(place: &Path) -> io::Result<Self> {
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        clear(&place);
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{}{PART}", std::process::id()));
        let path = PathBuf::from(name);
        let part = Self { file: File::create(&path)?, path, place };
        // Held for as long as this process lives: what nobody holds was left by one that was killed.
        let _ = part.file.try_lock();
        if let Ok(there) = fs::metadata(&part.place) {
            part.file.set_permissions(there.permissions())?;
        }
        Ok(part)
    }

    /// Puts it in its place, over what is there.
    pub(super) fn put(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)
    }

    /// Puts it where nothing is yet, and has it on disk when it returns.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when something is there, which stays as it is; what the disk says otherwise.
    pub(super) fn put_new(self) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.path, &self.place) {
            Err(error) if without_links(error.kind()) && !self.place.exists() => {
                fs::rename(&self.path, &self.place)
            }
            linked => linked,
        }?;
        sync_folder(self.place.parent().unwrap_or(Path::new("")))
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it is in its place nothing may be left of it; what cannot be taken away is named as a part.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a file that is not there yet, and the folders above it.
///
/// # Errors
/// As [`Part::put_new`].
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut part = Part::beside(path)?;
    part.write_all(text.as_bytes())?;
    part.put_new()
}

/// Takes away what processes that were killed left of files at this place. What cannot be told or taken away stays: it
/// is in nobody's way.
fn clear(place: &Path) {
    let Some((folder, name)) = place.parent().zip(place.file_name().and_then(OsStr::to_str)) else { return };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let process = |file: &str| {
        let middle = file.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(PART)?.to_owned();
        middle.bytes().all(|byte| byte.is_ascii_digit()).then_some(middle)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let left = entry.file_name().to_str().and_then(process).is_some();
        let held = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_err());
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if left && age().is_some_and(|age| age > LEFT_AFTER) && !held() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Has on disk which files a folder holds.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Whether a link fails like this on a file system that has none, as those of memory cards.
fn without_links(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unsupported | ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_away_and_what_another_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("page.html");
        let names =
            ["page.html.1.part", "page.html.2.part", "page.html.x.part", "other.html.1.part", "page.html"];
        for name in names {
            fs::write(folder.path().join(name), "half").unwrap();
            let file = File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - 2 * LEFT_AFTER).unwrap();
        }
        fs::write(folder.path().join("page.html.3.part"), "new").unwrap();
        let held = File::open(folder.path().join("page.html.2.part")).unwrap();
        held.try_lock().unwrap();
        let mut part = Part::beside(&place).unwrap();
        part.write_all(b"whole").unwrap();
        part.put().unwrap();
        let left = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<String> = left.collect();
        left.sort();
        assert_eq!(
            left,
            ["other.html.1.part", "page.html", "page.html.2.part", "page.html.3.part", "page.html.x.part"]
        );
        assert_eq!(fs::read_to_string(&place).unwrap(), "whole");
    }
}
