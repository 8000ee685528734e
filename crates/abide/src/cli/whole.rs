//! Files that appear when they are whole: written beside their place, and put there once they are on disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

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
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(name);
        let part = Self { file: File::create(&path)?, path, place };
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

/// Has on disk which files a folder holds.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Whether a link fails like this on a file system that has none, as those of memory cards.
fn without_links(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unsupported | ErrorKind::PermissionDenied)
}
