//! `[cloud.NAME]`: where a cloud is, what it speaks, and how a call shows who makes it.

use super::Reading;
use super::source::Word;
use super::table::Table;
use abide_agreement::Book;
use abide_model::name::{Channel, Cloud};
use abide_model::target::Dialect;
use abide_upstream::{Auth, Base, Endpoint};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Azure, Dialect::Bedrock];
const OPENAI_URL: &str = "https://api.openai.com/v1";

/// A cloud as far as it could be read, so that models that name it are checked all the same.
pub(super) struct Drafted {
    pub(super) dialect: Option<Dialect>,
    pub(super) channel: Option<Channel>,
    pub(super) endpoint: Option<Arc<Endpoint>>,
}

impl Reading<'_> {
    /// Every cloud. `plain` allows unencrypted addresses of other machines.
    pub(super) fn clouds(
        &mut self,
        root: &mut Table<'_>,
        plain: bool,
        book: Option<&Book>,
    ) -> BTreeMap<Cloud, Drafted> {
        let tables = root.named(self.findings, "cloud");
        if tables.is_empty() {
            let help =
                "add one: [cloud.openai] with dialect = \"openai\" and key = { env = \"OPENAI_API_KEY\" }";
            self.findings.error(
                "no-cloud",
                root.key_spot("cloud"),
                "no cloud is configured",
                help.to_owned(),
            );
        }
        let mut clouds = BTreeMap::new();
        for (name, mut table) in tables {
            let drafted = self.cloud(&name, &mut table, plain, book);
            table.finish(self.findings);
            if let Some(name) = self.name::<Cloud>(&name) {
                clouds.insert(name, drafted);
            }
        }
        clouds
    }

    fn cloud(&mut self, name: &Word<'_>, table: &mut Table<'_>, plain: bool, book: Option<&Book>) -> Drafted {
        let dialect = self.dialect(table);
        let channel = match table.text(self.findings, "channel") {
            Some(word) => self.channel(&word, book),
            None => self.own_channel(name, book),
        };
        let aws = dialect.is_none_or(|dialect| dialect == Dialect::Bedrock);
        let region = if aws { table.text(self.findings, "region") } else { None };
        let region = region.and_then(|word| self.region(&word));
        let base = self.base(table, dialect, region.as_deref(), plain);
        let local = base.as_ref().is_some_and(is_local);
        let auth = self.auth(table, dialect, region, local);
        let endpoint =
            name.text.parse::<Cloud>().ok().and_then(|name| {
                Some(Arc::new(Endpoint { name, base: base?, dialect: dialect?, auth: auth? }))
            });
        Drafted { dialect, channel, endpoint }
    }

    fn dialect(&mut self, table: &mut Table<'_>) -> Option<Dialect> {
        let word = table.need_text(self.findings, "dialect", "openai")?;
        let dialect = Dialect::parse(&word.text);
        if dialect.is_none() {
            let message = format!("there is no dialect `{}`", word.text);
            self.unknown(&word, message, DIALECTS.map(Dialect::as_str), "write openai, azure or bedrock");
        }
        dialect
    }

    /// Without a `channel` line a cloud is the channel of its own name.
    fn own_channel(&mut self, name: &Word<'_>, book: Option<&Book>) -> Option<Channel> {
        let channel: Channel = name.text.parse().ok()?;
        let Some(book) = book else { return Some(channel) };
        if book.channels().any(|(known, _)| *known == channel) {
            return Some(channel);
        }
        let known: Vec<&str> = book.channels().map(|(known, _)| known.as_str()).collect();
        let message = format!("the agreements have no channel `{channel}`, the name of this cloud");
        let help = format!("add channel = \"…\" with one of: {}", known.join(", "));
        self.findings.error("unknown-name", name.spot, message, help);
        None
    }

    /// A channel that the agreements have.
    pub(super) fn channel(&mut self, word: &Word<'_>, book: Option<&Book>) -> Option<Channel> {
        let channel: Channel = self.name(word)?;
        let known: Vec<&str> =
            book.into_iter().flat_map(Book::channels).map(|(name, _)| name.as_str()).collect();
        if book.is_none() || known.contains(&channel.as_str()) {
            return Some(channel);
        }
        let message = format!("the agreements have no channel `{channel}`");
        let list = format!("they have: {}", known.join(", "));
        self.unknown(word, message, known.iter().copied(), &list);
        None
    }

    /// A region stands in a host name, so only what fits there.
    fn region(&mut self, word: &Word<'_>) -> Option<String> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if word.text.bytes().all(fits) && !word.text.is_empty() && word.text.len() <= 40 {
            return Some(word.text.clone());
        }
        let message = format!("`{}` is not a region", word.text);
        self.findings.error("bad-name", word.spot, message, "write one such as \"us-east-1\"".to_owned());
        None
    }

    fn base(
        &mut self,
        table: &mut Table<'_>,
        dialect: Option<Dialect>,
        region: Option<&str>,
        plain: bool,
    ) -> Option<Base> {
        let word = table.text(self.findings, "url");
        let dialect = dialect?;
        let Some(word) = word else {
            let url = match dialect {
                Dialect::OpenAi => OPENAI_URL.to_owned(),
                Dialect::Azure => {
                    table.missing(self.findings, "url", "\"https://NAME.openai.azure.com\"");
                    return None;
                }
                Dialect::Bedrock => match region {
                    Some(region) => format!("https://bedrock-runtime.{region}.amazonaws.com"),
                    None => {
                        if table.value("region").is_none() {
                            table.missing(self.findings, "region", "\"us-east-1\"");
                        }
                        return None;
                    }
                },
            };
            return Base::parse(&url, dialect).ok();
        };
        let base = match Base::parse(&word.text, dialect) {
            Ok(base) => base,
            Err(error) => {
                self.findings.error("bad-url", word.spot, error.to_string(), None);
                return None;
            }
        };
        if base.to_string().starts_with("http://") && !is_local(&base) && !plain {
            let message = "keys and content would travel unencrypted to another machine";
            let help = "write https://, or set allow_plain_http = true at the top of this file";
            self.findings.error("plain-http", word.spot, message, help.to_owned());
        }
        Some(base)
    }

    fn auth(
        &mut self,
        table: &mut Table<'_>,
        dialect: Option<Dialect>,
        region: Option<String>,
        local: bool,
    ) -> Option<Auth> {
        let key = self.secret(table, "key", local);
        let given = table.value("key").is_some();
        let Some(dialect) = dialect else {
            for key in ["access_key_id", "secret_access_key", "session_token"] {
                self.secret(table, key, true);
            }
            return None;
        };
        match dialect {
            Dialect::Azure if given => key.map(Auth::ApiKey),
            Dialect::Azure => {
                table.missing(self.findings, "key", "{ env = \"AZURE_OPENAI_API_KEY\" }");
                None
            }
            Dialect::OpenAi if given => key.map(Auth::Bearer),
            // A server of one's own may ask for no key; OpenAI does.
            Dialect::OpenAi if table.value("url").is_some() => Some(Auth::Nothing),
            Dialect::OpenAi => {
                table.missing(self.findings, "key", "{ env = \"OPENAI_API_KEY\" }");
                None
            }
            Dialect::Bedrock => self.aws(table, key, region, local),
        }
    }

    fn aws(
        &mut self,
        table: &mut Table<'_>,
        key: Option<abide_model::secret::Secret>,
        region: Option<String>,
        local: bool,
    ) -> Option<Auth> {
        let bearer = table.value("key").is_some();
        let id_given = table.value("access_key_id").is_some();
        let secret_given = table.value("secret_access_key").is_some();
        // The id names a key and opens nothing by itself.
        let access_key = self.secret(table, "access_key_id", true);
        let secret = self.secret(table, "secret_access_key", local);
        let session_token = self.secret(table, "session_token", local);
        if bearer && (id_given || secret_given) {
            let message = format!("{} has both a `key` and an access key; one of them is used", table.what);
            let help = "take out `key`, or `access_key_id` and `secret_access_key`".to_owned();
            self.findings.error("two-keys", table.key_spot("key"), message, help);
            return None;
        }
        if bearer {
            return key.map(Auth::Bearer);
        }
        if !id_given && !secret_given {
            table.missing(
                self.findings,
                "key",
                "{ env = \"AWS_BEARER_TOKEN_BEDROCK\" }, or access_key_id and \
                secret_access_key",
            );
            return None;
        }
        for (given, missing, like) in [
            (id_given, "access_key_id", "{ env = \"AWS_ACCESS_KEY_ID\" }"),
            (secret_given, "secret_access_key", "{ env = \"AWS_SECRET_ACCESS_KEY\" }"),
        ] {
            if !given {
                table.missing(self.findings, missing, like);
            }
        }
        if table.value("region").is_none() && table.value("url").is_some() {
            table.missing(self.findings, "region", "\"us-east-1\"");
        }
        let access_key = access_key?.expose().to_owned();
        Some(Auth::SigV4 { access_key, secret: secret?, session_token, region: region? })
    }
}

/// Whether the address is this machine's own.
fn is_local(base: &Base) -> bool {
    let text = base.to_string();
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or("");
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(""),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_name_and_number() {
        for (url, local) in [
            ("http://127.0.0.1:9000", true),
            ("http://127.8.8.8", true),
            ("http://localhost:1/v1", true),
            ("http://[::1]:9000", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("http://[2001:db8::1]:80", false),
        ] {
            assert_eq!(is_local(&Base::parse(url, Dialect::OpenAi).unwrap()), local, "{url}");
        }
    }
}
