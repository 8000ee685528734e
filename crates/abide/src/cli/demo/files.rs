//! The demo's files, carried in the program so that it runs from anywhere.

use crate::cli::init::write_new;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// The store, below the demo's folder.
pub(super) const STORE: &str = "abide-data";
/// The book, below the demo's folder.
pub(super) const BOOK: &str = "agreements/openai-clouds";

const CONFIG: &str = include_str!("../../../../../examples/demo/abide.toml");
/// What stands in [`CONFIG`] for what is known only when it runs.
const LISTEN: &str = "127.0.0.1:7777";
const AZURE_URL: &str = "http://127.0.0.1:7801";
const AWS_URL: &str = "http://127.0.0.1:7802";
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
    "amazon-openai/2026-02-27.toml",
    "amazon-openai/2026-04-28.toml",
    "msft-openai/2019-07-22.toml",
    "msft-openai/2023-01-23.toml",
    "msft-openai/2025-01-21.toml",
    "msft-openai/2025-10-28.toml",
    "msft-openai/2026-02-27.toml",
    "msft-openai/2026-04-27.toml",
);

/// Writes the configuration anew, and agents and agreements where they are not there yet: those may be edited.
pub(super) fn write(folder: &Path, listen: SocketAddr, azure: &str, aws: &str) -> io::Result<()> {
    let config = CONFIG
        .replace(LISTEN, &listen.to_string())
        .replace(AZURE_URL, azure)
        .replace(AWS_URL, aws)
        .replace(EXAMPLE_BOOK, BOOK);
    fs::write(folder.join(crate::config::FILE), config)?;
    for (name, text) in AGENTS.iter().chain(AGREEMENTS) {
        match write_new(&folder.join(name), text) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

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
