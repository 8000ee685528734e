//! The demo's files, carried in the program so that it runs from anywhere.

use crate::cli::whole::write_new;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// The store, below the demo's folder.
pub(super) const STORE: &str = "abide-data";
/// The book, below the demo's folder.
pub(super) const BOOK: &str = "agreements/openai-clouds";

const CONFIG: &str = include_str!("../../../../../examples/demo/abide.toml");
/// Where [`CONFIG`] finds the book in the project, instead of [`BOOK`].
const EXAMPLE_BOOK: &str = "../agreements/openai-clouds";

macro_rules! embedded {
    ($from:literal, $to:literal: $($file:literal),+ $(,)?) => {
        &[$((
            concat!($to, "/", $file),
            include_str!(concat!("../../../../../examples/", $from, "/", $file)),
        )),+]
    };
}

const AGENTS: &[(&str, &str)] = embedded!("demo/agents", "agents": "concierge.md");
const AGREEMENTS: &[(&str, &str)] = embedded!(
    "agreements/openai-clouds", "agreements/openai-clouds":
    "book.toml",
    "prices.toml",
    "amazon-openai/2025-11-03.toml",
    "amazon-openai/2026-02-27.toml",
    "amazon-openai/2026-04-28.toml",
    "compute/cerebras-2026-01.toml",
    "compute/cerebras-2026-04.toml",
    "compute/coreweave-2025-03.toml",
    "compute/coreweave-2025-05.toml",
    "compute/coreweave-2025-09.toml",
    "compute/google-2025-06.toml",
    "compute/oracle-2025-09.toml",
    "msft-openai/2019-07-22.toml",
    "msft-openai/2023-01-23.toml",
    "msft-openai/2025-01-21.toml",
    "msft-openai/2025-10-28.toml",
    "msft-openai/2026-02-27.toml",
    "msft-openai/2026-04-27.toml",
    "scenarios/agi.toml",
    "scenarios/cap.toml",
    "scenarios/commitments.toml",
    "scenarios/old-or-new.toml",
    "scenarios/stake.toml",
);

/// Whether the configuration in `folder` is one that a demo wrote, or there is none.
pub(super) fn is_ours(folder: &Path) -> io::Result<bool> {
    match fs::read_to_string(folder.join(crate::config::FILE)) {
        Ok(text) => Ok(text.lines().next() == CONFIG.lines().next()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Writes what is not there yet. Of a configuration that is, only the addresses are written anew: all of these files
/// may have been edited.
pub(super) fn write(folder: &Path, listen: SocketAddr, azure: &str, aws: &str) -> io::Result<()> {
    let path = folder.join(crate::config::FILE);
    let config = match fs::read_to_string(&path) {
        Ok(kept) => kept,
        Err(error) if error.kind() == io::ErrorKind::NotFound => CONFIG.replace(EXAMPLE_BOOK, BOOK),
        Err(error) => return Err(error),
    };
    fs::write(path, with_addresses(&config, &listen.to_string(), azure, aws))?;
    for (name, text) in AGENTS.iter().chain(AGREEMENTS) {
        match write_new(&folder.join(name), text) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The configuration with today's addresses in it, and nothing else changed.
fn with_addresses(config: &str, listen: &str, azure: &str, aws: &str) -> String {
    let mut table = String::new();
    let mut text = String::with_capacity(config.len());
    for line in config.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with('[') {
            table = bare.split_inclusive(']').next().unwrap_or_default().to_owned();
        }
        let key = bare.split_once('=').map_or("", |(key, _)| key.trim_end());
        match (table.as_str(), key) {
            ("", "listen") => text.push_str(&format!("listen = \"{listen}\"\n")),
            ("[cloud.azure]", "url") => text.push_str(&format!("url = \"{azure}\"\n")),
            ("[cloud.aws]", "url") => text.push_str(&format!("url = \"{aws}\"\n")),
            _ => text.push_str(line),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// What stands in [`CONFIG`] for what is known only when it runs.
    const LISTEN: &str = "127.0.0.1:7777";
    const AZURE_URL: &str = "http://127.0.0.1:7801";
    const AWS_URL: &str = "http://127.0.0.1:7802";

    #[test]
    fn addresses_are_written_anew_and_edits_are_kept() {
        let edited = CONFIG.replace("total = \"2m\"", "total = \"3m\"")
            + "\n[cloud.own]\nurl = \"http://127.0.0.1:1\"\n";
        let first =
            with_addresses(&edited, "127.0.0.1:1111", "http://127.0.0.1:2222", "http://127.0.0.1:3333");
        for part in ["127.0.0.1:1111", "127.0.0.1:2222", "127.0.0.1:3333", "\"3m\"", "\"http://127.0.0.1:1\""]
        {
            assert_eq!(first.matches(part).count(), 1, "{part}");
        }
        assert_eq!(with_addresses(&first, LISTEN, AZURE_URL, AWS_URL), edited);
    }

    #[test]
    fn what_is_filled_in_stands_in_the_example_once() {
        for part in [LISTEN, AZURE_URL, AWS_URL, EXAMPLE_BOOK] {
            assert_eq!(CONFIG.matches(part).count(), 1, "{part}");
        }
    }

    #[test]
    fn every_file_of_the_examples_is_carried() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        for (carried, folder) in [(AGENTS, "demo/agents"), (AGREEMENTS, "agreements/openai-clouds")] {
            let mut found = Vec::new();
            gather(&examples.join(folder), &mut found);
            assert_eq!(found.len(), carried.len(), "{folder}: {found:?}");
        }
    }

    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { gather(&path, found) } else { found.push(path) }
        }
    }
}
