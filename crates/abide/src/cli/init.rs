//! `abide init`: files to begin with. Overwrites nothing.

use super::failure::{Failure, Status};
use super::print;
use super::whole::write_new;
use crate::config;
use clap::Args;
use std::path::{Path, PathBuf};

const CONFIG: &str = include_str!("init/abide.toml");
const AGENT: &str = include_str!("init/example.md");
const AGENT_FILE: &str = "agents/example.md";

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to write to
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Init {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let files = [(config::FILE, CONFIG), (AGENT_FILE, AGENT)];
        if let Some((name, _)) = files.iter().find(|(name, _)| self.folder.join(name).exists()) {
            let shown = self.folder.join(name);
            return Err(Failure::input(format!(
                "`{}` is there already; nothing was written",
                shown.display()
            ))
            .help("name another folder: abide init DIR"));
        }
        let mut said = String::new();
        for (name, text) in files {
            let path = self.folder.join(name);
            write_new(&path, text)
                .map_err(|error| Failure::work(format!("cannot write `{}`: {error}", path.display())))?;
            said.push_str(&format!("wrote {}\n", path.display()));
        }
        let config = self.folder.join(config::FILE);
        let option = if self.folder == Path::new(".") {
            String::new()
        } else {
            format!(" --config {}", config.display())
        };
        said.push_str(&format!(
            "\nNext:\n  export OPENAI_API_KEY=…\n  abide check{option}\n  abide key create me{option}\n  abide serve{option}\n"
        ));
        print::text(&said)?;
        Ok(Status::Done)
    }
}
