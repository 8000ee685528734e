//! `[model.NAME]`: what clients ask for, and where it may be served, first choice first.

use super::Reading;
use super::cloud::Drafted;
use super::source::Word;
use super::table::{Table, Value};
use abide_agreement::Book;
use abide_engine::Model;
use abide_model::Time;
use abide_model::name::{Channel, Cloud, ModelName, Product};
use abide_model::target::{Capabilities, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What names of agents begin with; no model's does.
pub(super) const AGENT_PREFIX: &str = "agent/";
/// The longest name a cloud may have for a model, in bytes: an ARN.
const TARGET_BYTES_MAX: usize = 2_048;

/// The parts of a target, before they are looked up.
struct Draft<'a> {
    cloud: Word<'a>,
    model: Word<'a>,
    product: Option<Word<'a>>,
    channel: Option<Word<'a>>,
    can: Capabilities,
}

impl Reading<'_> {
    pub(super) fn models(
        &mut self,
        root: &mut Table<'_>,
        clouds: &BTreeMap<Cloud, Drafted>,
        book: Option<&Book>,
        created: Time,
    ) -> BTreeMap<ModelName, Model> {
        let tables = root.named(self.findings, "model");
        if tables.is_empty() {
            let help = "add one: [model.balanced] with targets = [\"CLOUD/MODEL\"]".to_owned();
            self.findings.error("no-model", root.key_spot("model"), "no model is configured", help);
        }
        let mut models = BTreeMap::new();
        for (word, mut table) in tables {
            let name = self.model_name(&word);
            let targets = self.targets(&word, &mut table, clouds, book);
            table.finish(self.findings);
            if let Some(name) = name {
                models.insert(name, Model { targets, created });
            }
        }
        models
    }

    fn model_name(&mut self, word: &Word<'_>) -> Option<ModelName> {
        if word.text.starts_with(AGENT_PREFIX) {
            let message = format!("`{}` is a name for an agent", word.text);
            let help = "name the model otherwise; agents are files in the folder of agents".to_owned();
            self.findings.error("bad-name", word.spot, message, help);
            return None;
        }
        self.name(word)
    }

    fn targets(
        &mut self,
        name: &Word<'_>,
        table: &mut Table<'_>,
        clouds: &BTreeMap<Cloud, Drafted>,
        book: Option<&Book>,
    ) -> Vec<Arc<Target>> {
        let product = table.text(self.findings, "product");
        let listed = table.list(self.findings, "targets");
        if table.value("targets").is_none() {
            table.missing(self.findings, "targets", "[\"CLOUD/MODEL\"]");
        }
        let mut found: Vec<Arc<Target>> = Vec::new();
        for value in listed.unwrap_or_default() {
            let Some(draft) = self.draft(value) else { continue };
            let product = match draft.product.as_ref().or(product.as_ref()) {
                Some(word) => self.product(word, book),
                None => self.own_product(name, table, book),
            };
            let channel = draft.channel.as_ref().map(|word| self.channel(word, book));
            let Some(target) = self.target(draft, product, channel, clouds) else { continue };
            if found.iter().any(|other| other.cloud == target.cloud && other.model == target.model) {
                let message = format!("`{target}` is listed twice");
                let help = "one that failed is not tried again for the same request; take it out".to_owned();
                self.findings.error("listed-twice", value.spot(), message, help);
                continue;
            }
            found.push(Arc::new(target));
        }
        found
    }

    /// A target as `"CLOUD/MODEL"` or as a table.
    fn draft<'a>(&mut self, value: Value<'a>) -> Option<Draft<'a>> {
        if let Some(word) = value.word() {
            return self.short_draft(&word);
        }
        let Some(mut table) = value.table("a target") else {
            let help = "write \"CLOUD/MODEL\", or { cloud = \"CLOUD\", model = \"MODEL\" }".to_owned();
            self.findings.error("wrong-type", value.spot(), "a target is text or a table", help);
            return None;
        };
        let cloud = table.need_text(self.findings, "cloud", "azure");
        let model = table.need_text(self.findings, "model", "gpt-5");
        let product = table.text(self.findings, "product");
        let channel = table.text(self.findings, "channel");
        let can = self.capabilities(&mut table);
        table.finish(self.findings);
        Some(Draft { cloud: cloud?, model: model?, product, channel, can })
    }

    fn short_draft<'a>(&mut self, word: &Word<'a>) -> Option<Draft<'a>> {
        let Some((cloud, model)) =
            word.text.split_once('/').filter(|(cloud, model)| !cloud.is_empty() && !model.is_empty())
        else {
            let message = format!("`{}` names no cloud and model", word.text);
            let help = "write \"CLOUD/MODEL\", the cloud's name before the first /".to_owned();
            self.findings.error("bad-target", word.spot, message, help);
            return None;
        };
        let middle = word.spot.start + cloud.len();
        let mut cloud = Word { text: cloud.to_owned(), ..*word };
        let mut model = Word { text: model.to_owned(), ..*word };
        // With an escape in the text its letters and the file's do not line up.
        if word.spot.end - word.spot.start == word.text.len() {
            cloud.spot.end = middle;
            model.spot.start = middle + 1;
        }
        Some(Draft { cloud, model, product: None, channel: None, can: EVERYTHING })
    }

    fn capabilities(&mut self, table: &mut Table<'_>) -> Capabilities {
        let Some(mut can) = table.table(self.findings, "can") else { return EVERYTHING };
        let read = Capabilities {
            tools: can.flag(self.findings, "tools").unwrap_or(true),
            json_schema: can.flag(self.findings, "json_schema").unwrap_or(true),
            images: can.flag(self.findings, "images").unwrap_or(true),
        };
        can.finish(self.findings);
        read
    }

    fn target(
        &mut self,
        draft: Draft<'_>,
        product: Option<Product>,
        channel: Option<Option<Channel>>,
        clouds: &BTreeMap<Cloud, Drafted>,
    ) -> Option<Target> {
        let Draft { cloud, model, can, .. } = draft;
        if model.text.len() > TARGET_BYTES_MAX || model.text.chars().any(char::is_control) {
            let message =
                format!("a cloud's name for a model has at most {TARGET_BYTES_MAX} bytes, all printable");
            self.findings.error("bad-target", model.spot, message, None);
            return None;
        }
        let Some((name, drafted)) = clouds.get_key_value(cloud.text.as_str()) else {
            let known: Vec<&str> = clouds.keys().map(Cloud::as_str).collect();
            let otherwise = match known.as_slice() {
                [] => String::new(),
                some => format!("clouds configured here: {}", some.join(", ")),
            };
            self.unknown(&cloud, format!("no cloud `{}` is configured", cloud.text), known, &otherwise);
            return None;
        };
        Some(Target {
            cloud: name.clone(),
            model: Arc::from(model.text),
            dialect: drafted.dialect?,
            channel: channel.unwrap_or_else(|| drafted.channel.clone())?,
            product: product?,
            can,
        })
    }

    fn product(&mut self, word: &Word<'_>, book: Option<&Book>) -> Option<Product> {
        let product: Product = self.name(word)?;
        let Some(book) = book else { return Some(product) };
        if book.products().any(|(known, _)| *known == product) {
            return Some(product);
        }
        let message = format!("the agreements have no product `{product}`");
        let known: Vec<&str> = book.products().map(|(known, _)| known.as_str()).collect();
        let otherwise = format!("they have: {}", known.join(", "));
        self.unknown(word, message, known, &otherwise);
        None
    }

    /// Without agreements a model is a product of its own.
    fn own_product(&mut self, name: &Word<'_>, table: &Table<'_>, book: Option<&Book>) -> Option<Product> {
        let own = name.text.parse().ok().filter(|_| book.is_none());
        if own.is_none() {
            table.missing(self.findings, "product", "\"lab/api\"");
        }
        own
    }
}

/// What a target can do unless the configuration says otherwise.
const EVERYTHING: Capabilities = Capabilities { tools: true, json_schema: true, images: true };
