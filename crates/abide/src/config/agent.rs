//! `agents/NAME.md`: front matter between lines of `+++`, then the instructions.

use super::model::AGENT_PREFIX;
use super::source::{Source, Word};
use super::table::{self, Table};
use super::{AGENTS, Reading, read_text};
use abide_engine::{Agent, Model};
use abide_model::Hash;
use abide_model::name::ModelName;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The line before and after the front matter.
const FENCE: &str = "+++";
/// What agents' files end in.
const ENDING: &str = ".md";

impl Reading<'_> {
    /// Every agent of the folder that the configuration names; of `agents`, when it is there, where it names none.
    pub(super) fn agents(
        &mut self,
        root: &mut Table<'_>,
        models: &BTreeMap<ModelName, Model>,
    ) -> BTreeMap<ModelName, Agent> {
        let named = root.text(self.findings, "agents");
        let folder = self.base.join(named.as_ref().map_or(AGENTS, |word| word.text.as_str()));
        self.watched.push(folder.clone());
        if named.is_none() && !folder.exists() {
            return BTreeMap::new();
        }
        let files = match files(&folder) {
            Ok(files) => files,
            Err(error) => {
                let spot = named.map_or(root.spot, |word| word.spot);
                let message =
                    format!("the folder of agents, `{}`, cannot be read: {error}", folder.display());
                let help = "make the folder, or take the line out when there are no agents".to_owned();
                self.findings.error("unreadable", spot, message, help);
                return BTreeMap::new();
            }
        };
        let read = files.iter().filter_map(|(path, name)| self.file(path, name, models));
        read.collect()
    }

    fn file(
        &mut self,
        path: &Path,
        name: &str,
        models: &BTreeMap<ModelName, Model>,
    ) -> Option<(ModelName, Agent)> {
        let shown = path.display().to_string();
        let (text, error) = match read_text(path) {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        let source = Source { path: shown, text };
        if let Some(error) = error {
            self.findings.error("unreadable", source.top(), format!("it cannot be read: {error}"), None);
            return None;
        }
        self.parts.extend([name.as_bytes().to_vec(), source.text.clone().into_bytes()]);
        let own = Word { text: format!("{AGENT_PREFIX}{name}"), spot: source.top() };
        let name: Option<ModelName> = self.name(&own);
        let agent = self.agent(&source, models);
        Some((name?, agent?))
    }

    fn agent(&mut self, source: &Source, models: &BTreeMap<ModelName, Model>) -> Option<Agent> {
        let Some((front, instructions)) = split(&source.text) else {
            let message =
                format!("an agent begins with a line {FENCE}, its settings, and another line {FENCE}");
            let help = format!("{FENCE}, model = \"NAME\", {FENCE}, each on a line, then the instructions");
            self.findings.error("front-matter", source.top(), message, help);
            return None;
        };
        let offset = front.as_ptr().addr() - source.text.as_ptr().addr();
        let parsed = table::parse(source, front, offset, self.findings)?;
        let mut table = Table::new(parsed.get_ref(), source, offset, source.top(), "this agent");
        let model = table.need_text(self.findings, "model", "NAME");
        let description = table.text(self.findings, "description").map_or(String::new(), |word| word.text);
        table.finish(self.findings);
        let model = model.and_then(|word| self.known_model(&word, models));
        let instructions = instructions.trim();
        if instructions.is_empty() {
            let end = offset + front.len();
            let spot = super::source::Spot { source, start: end, end: end + FENCE.len() };
            self.findings.warning("no-instructions", spot, "no instructions follow", None);
        }
        Some(Agent {
            model: model?,
            description,
            instructions: Arc::from(instructions),
            version: Hash::of(source.text.as_bytes()),
        })
    }

    fn known_model(&mut self, word: &Word<'_>, models: &BTreeMap<ModelName, Model>) -> Option<ModelName> {
        let found = models.get_key_value(word.text.as_str()).map(|(name, _)| name.clone());
        if found.is_none() {
            let known: Vec<&str> = models.keys().map(ModelName::as_str).collect();
            let otherwise = match known.as_slice() {
                [] => String::new(),
                some => format!("models configured: {}", some.join(", ")),
            };
            self.unknown(word, format!("there is no model `{}`", word.text), known, &otherwise);
        }
        found
    }
}

/// The agents' files of a folder with their names, in order.
fn files(folder: &Path) -> std::io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ENDING));
        let name = name.filter(|name| !name.starts_with('.')).map(str::to_owned);
        if let Some(name) = name {
            found.push((path, name));
        }
    }
    found.sort();
    Ok(found)
}

/// Splits a file into front matter and instructions.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix(FENCE)?;
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return rest.get(..at).zip(rest.get(at + line.len()..));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_stands_between_two_fences() {
        assert_eq!(split("+++\nmodel = \"m\"\n+++\nBe kind.\n"), Some(("model = \"m\"\n", "Be kind.\n")));
        assert_eq!(split("+++\r\na = 1\r\n+++\r\nHi"), Some(("a = 1\r\n", "Hi")));
        assert_eq!(split("+++\n+++"), Some(("", "")));
        for text in ["", "Be kind.", "+++", "+++\nmodel = \"m\"\n", "+++ x\n+++\n", "---\n---\n"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
