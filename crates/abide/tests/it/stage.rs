//! A folder with files in it, and the program run there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Where a command runs. Its folder goes away with it.
pub(crate) struct Stage {
    folder: TempDir,
}

/// How a command ended.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(name, text)| stage.write(name, text));
        stage
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
        command.args(words).current_dir(self.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        ended(self.command(words).output().unwrap())
    }

    /// Where no file takes a byte, as on a full disk.
    pub(crate) fn run_full(&self, words: &[&str]) -> Done {
        ended(self.limited("trap '' XFSZ; ulimit -f 0", words))
    }

    /// Killed at the first byte that it writes to a file.
    pub(crate) fn run_killed(&self, words: &[&str]) {
        assert_eq!(self.limited("ulimit -c 0; ulimit -f 0", words).status.code(), None, "killed by a signal");
    }

    fn limited(&self, limits: &str, words: &[&str]) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("{limits}; exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_abide"));
        shell.args(words).current_dir(self.path()).env_clear().output().unwrap()
    }
}

pub(crate) fn ended(output: Output) -> Done {
    Done {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Done {
    /// Everything, for an expected text.
    pub(crate) fn text(&self) -> String {
        format!("{}{}exit {}\n", self.out, self.err, self.status)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// The example agreements.
pub(crate) fn example_book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/agreements/openai-clouds")
        .canonicalize()
        .unwrap()
}
