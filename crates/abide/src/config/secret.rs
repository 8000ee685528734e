//! Where a secret comes from: the environment or a file. Written into the configuration itself only for clouds on
//! this machine, whose keys open nothing.

use super::source::{Spot, Word};
use super::table::Table;
use super::{Reading, Secrets, read_text};
use abide_model::secret::Secret;

/// Stands in for a secret that is not read.
const UNREAD: &str = "unread";

impl Reading<'_> {
    /// The secret under `key`: `{ env = "NAME" }` or `{ file = "PATH" }`, or its text where `literal` allows it.
    pub(super) fn secret(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        literal: bool,
    ) -> Option<Secret> {
        let value = table.value(key)?;
        if let Some(word) = value.word() {
            self.findings.hide(&word.text);
            if !literal {
                let message = format!("`{key}` holds a secret, and this file is no place for one");
                let help =
                    format!("{key} = {{ env = \"NAME\" }} or {key} = {{ file = \"/run/secrets/NAME\" }}");
                self.findings.error("secret-in-file", word.spot, message, help);
                return None;
            }
            return self.usable(key, &word.text, word.spot);
        }
        let like = format!("write it as {key} = {{ env = \"NAME\" }} or {key} = {{ file = \"PATH\" }}");
        let Some(mut from) = value.table(&format!("`{key}`")) else {
            let message = format!("`{key}` says where a secret is");
            self.findings.error("wrong-type", value.spot(), message, like);
            return None;
        };
        let env = from.text(self.findings, "env");
        let file = from.text(self.findings, "file");
        from.finish(self.findings);
        match (env, file) {
            (Some(name), None) => self.environment_secret(key, &name),
            (None, Some(path)) => self.file_secret(key, &path),
            (Some(_), Some(_)) | (None, None) => {
                let message = format!("`{key}` needs either `env` or `file`");
                self.findings.error("missing-key", value.spot(), message, like);
                None
            }
        }
    }

    fn environment_secret(&mut self, key: &str, name: &Word<'_>) -> Option<Secret> {
        if self.secrets == Secrets::Skip {
            return Some(Secret::new(UNREAD));
        }
        if name.text.is_empty() {
            let message = format!("`{key}` names no environment variable");
            self.findings.error(
                "missing-secret",
                name.spot,
                message,
                format!("{key} = {{ env = \"NAME\" }}"),
            );
            return None;
        }
        let found = std::env::var(&name.text).ok().filter(|text| !text.is_empty());
        let Some(text) = found else {
            let message = format!("the environment variable `{}` is not set", name.text);
            let help = format!("set it where Abide is started: export {}=…", name.text);
            self.findings.error("missing-secret", name.spot, message, help);
            return None;
        };
        self.usable(key, text.trim(), name.spot)
    }

    fn file_secret(&mut self, key: &str, path: &Word<'_>) -> Option<Secret> {
        if self.secrets == Secrets::Skip {
            return Some(Secret::new(UNREAD));
        }
        let file = self.base.join(&path.text);
        self.watched.push(file.clone());
        match read_text(&file) {
            Ok(text) => self.usable(key, text.trim(), path.spot),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.text);
                self.findings.error("missing-secret", path.spot, message, None);
                None
            }
        }
    }

    /// A secret travels in a header, which carries printable ASCII.
    fn usable(&mut self, key: &str, text: &str, spot: Spot<'_>) -> Option<Secret> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message =
                format!("the secret for `{key}` is empty, or holds spaces or characters no key has");
            self.findings.error("bad-secret", spot, message, None);
            return None;
        }
        self.parts.push(text.as_bytes().to_vec());
        Some(Secret::new(text))
    }
}
