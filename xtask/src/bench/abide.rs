//! Abide as the bench runs it: its configuration, a key, and the program itself on one core.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::child::{Running, free_address};
use super::cores;
use crate::{repo, shell};

/// The model that callers name, on every path.
pub(super) const MODEL: &str = "bench";

/// A running Abide with the key that opens it.
pub(super) struct Abide {
    pub(super) running: Running,
    pub(super) address: SocketAddr,
    pub(super) key: String,
}

/// Starts Abide on a free port before `upstream`, its store in the folder: on the real disk.
pub(super) fn start(
    core: usize,
    binary: &Path,
    folder: &Path,
    upstream: SocketAddr,
    (upstream_key, sync): (&str, &str),
) -> Result<Abide, String> {
    let address = free_address()?;
    let config = folder.join("abide.toml");
    let book = repo::root()?.join("examples/agreements/openai-clouds");
    let text = abide_config(folder, &book, address, &format!("http://{upstream}/v1"), (upstream_key, sync));
    fs::write(&config, text).map_err(|e| format!("cannot write {}: {e}", config.display()))?;
    let key = create_key(binary, &config)?;
    let mut command = cores::pinned(core, &binary.display().to_string());
    command.arg("serve").arg("--config").arg(&config);
    let mut running = Running::start("abide", &mut command, folder)?;
    running.ready_at(address)?;
    Ok(Abide { running, address, key })
}

/// One cloud and one model, every call decided under the example agreements; all else at its default.
fn abide_config(
    folder: &Path,
    book: &Path,
    listen: SocketAddr,
    upstream_url: &str,
    (upstream_key, sync): (&str, &str),
) -> String {
    let folder = folder.display();
    format!(
        "listen = \"{listen}\"
folder = \"{folder}/abide-data\"
sync = \"{sync}\"
agreements = \"{}\"

[cloud.openai]
dialect = \"openai\"
url = \"{upstream_url}\"
key = \"{upstream_key}\"
channel = \"direct\"

[model.{MODEL}]
product = \"openai/api/chat\"
targets = [\"openai/{MODEL}\"]
",
        book.display()
    )
}

/// The key is the last word that `abide key create` prints.
fn create_key(binary: &Path, config: &Path) -> Result<String, String> {
    let mut command = Command::new(binary);
    let printed = shell::output(command.args(["key", "create", "bench", "--config"]).arg(config))?;
    let key = printed.split_whitespace().next_back().map(ToString::to_string);
    key.ok_or_else(|| "`abide key create` printed no key".to_string())
}
