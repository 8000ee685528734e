//! `abide demo`: the whole of Abide on this machine, before two fake clouds, with nothing needed first.

mod files;

use super::failure::{Failure, Status};
use super::print::{self, Paint};
use super::serve;
use crate::config::{self, Secrets};
use abide_engine::{KeyWish, key};
use abide_ledger::Period;
use abide_model::Time;
use abide_model::name::Customer;
use abide_model::terms::{Every, YearBegins};
use abide_sim::{Cloud, Dialect};
use abide_store::{KeyFile, Store};
use clap::Args;
use serde::Serialize;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// Where it listens when nobody says where and the port is free.
const PORT: u16 = 7777;
/// The name of the demo's keys, and its customer.
const KEY_NAME: &str = "demo";
/// The day on which the example's agreements contradicted each other.
const CONTESTED_DAY: &str = "2026-03-18";

/// How to run it.
#[derive(Debug, Args)]
#[command(after_help = "The folder keeps conversations, the ledger and your edits from one run to the next.")]
pub(crate) struct Demo {
    /// The port to listen on; 0 takes a free one [default: 7777, or a free one when it is taken]
    #[arg(long)]
    port: Option<u16>,
    /// The folder for everything it writes
    #[arg(long, value_name = "DIR", default_value = "abide-demo")]
    folder: PathBuf,
    /// Print where it runs as JSON
    #[arg(long)]
    json: bool,
}

/// What a user needs to know to try it.
#[derive(Serialize)]
struct Running<'d> {
    url: String,
    key: &'d str,
    folder: &'d Path,
    config: &'d Path,
    book: &'d Path,
    #[serde(skip)]
    program: PathBuf,
}

impl Demo {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        serve::runtime()?.block_on(self.serve())?;
        print::aside("the demo has ended; its folder keeps everything for the next run\n");
        Ok(Status::Done)
    }

    async fn serve(self) -> Result<(), Failure> {
        let listener = self.listen().await?;
        let address = listener.local_addr().map_err(|error| Failure::work(error.to_string()))?;
        fs::create_dir_all(&self.folder).map_err(|error| cannot_use(&self.folder, &error))?;
        let folder = fs::canonicalize(&self.folder).map_err(|error| cannot_use(&self.folder, &error))?;
        if !files::is_ours(&folder).map_err(|error| cannot_use(&folder, &error))? {
            let taken = folder.join(config::FILE);
            return Err(Failure::input(format!(
                "`{}` is not a demo's; nothing was written",
                taken.display()
            ))
            .help("name another with --folder"));
        }
        let store = folder.join(files::STORE);
        refuse_when_in_use(&store)?;
        let azure = fake(Dialect::Azure).await?;
        let aws = fake(Dialect::Bedrock).await?;
        files::write(&folder, address, &azure.base_url(), &aws.base_url())
            .map_err(|error| cannot_use(&folder, &error))?;
        let path = folder.join(config::FILE);
        let config = config::load(&path, Secrets::Read)?;
        let secret = new_key(&store)?;
        let book = folder.join(files::BOOK);
        let running = Running {
            url: format!("http://{address}"),
            key: secret.expose(),
            folder: &folder,
            config: &path,
            book: &book,
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("abide")),
        };
        if self.json {
            print::json(&running)?;
        } else {
            print::text(&running.text(config.setup.book.as_deref(), Paint::out()))?;
        }
        serve::until_stopped(listener, &path, config).await?;
        azure.stop().await;
        aws.stop().await;
        Ok(())
    }

    async fn listen(&self) -> Result<TcpListener, Failure> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match self.port {
            Some(port) => serve::listen(at(port)).await,
            None => match TcpListener::bind(at(PORT)).await {
                Ok(listener) => Ok(listener),
                Err(_) => serve::listen(at(0)).await,
            },
        }
    }
}

fn cannot_use(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::work(format!("cannot use the folder `{}`: {error}", folder.display()))
        .help("name another with --folder")
}

/// A demo that runs is not to lose its files and keys to a second one.
fn refuse_when_in_use(store: &Path) -> Result<(), Failure> {
    let opened = Store::open(store, abide_store::Options::default());
    let opened =
        opened.map_err(|error| Failure::work(error.to_string()).help("name another with --folder"))?;
    opened.store.close();
    Ok(())
}

async fn fake(dialect: Dialect) -> Result<Cloud, Failure> {
    let started = abide_sim::start(abide_sim::Config::new(dialect)).await;
    started.map_err(|error| Failure::work(format!("cannot start a fake cloud: {error}")))
}

/// A fresh key, since a key is never shown twice; those of earlier runs are revoked.
fn new_key(store: &Path) -> Result<abide_model::secret::Secret, Failure> {
    let now = Time::now();
    let mut file = KeyFile::open(store)?;
    for old in file.list()?.iter().filter(|key| key.name == KEY_NAME && key.revoked_ms.is_none()) {
        file.revoke(&old.id, now.as_millisecond())?;
    }
    let customer = Customer::parse(KEY_NAME).map_err(|error| Failure::work(error.to_string()))?;
    let wish = KeyWish { name: KEY_NAME.to_owned(), customer, segment: None, territory: None, expires: None };
    Ok(key::create(&mut file, &wish, now)?.secret)
}

impl Running<'_> {
    fn text(&self, book: Option<&abide_agreement::Book>, paint: Paint) -> String {
        let today = book.map_or_else(
            || Time::now().to_zoned(jiff::tz::TimeZone::UTC),
            |book| Time::now().to_zoned(book.zone().clone()),
        );
        let period = Period::of(Every::Quarter, YearBegins::JANUARY, today.date());
        let (url, key) = (&self.url, self.key);
        let program = quoted(&self.program);
        let (config, book) = (quoted(self.config), quoted(self.book));
        let head = |number: u8, what: &str| paint.bold("1", &format!("{number}. {what}"));
        format!(
            "\
Abide runs on {url}/v1 before two fake clouds, azure and aws. Nothing leaves this machine.

  key     {key}
  folder  {folder}
          abide.toml, agents/ and agreements/ are in it: edit them while this runs
  models  demo, frontier, frontier-azure (the agreements refuse it), agent/concierge

Four things to try, in another terminal:

{curl}
curl -s {url}/v1/chat/completions -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
             -d '{{\"model\": \"demo\", \"messages\": [{{\"role\": \"user\", \"content\": \"count to 5\"}}]}}'

{python}
OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={key} python3 -c \"from openai import OpenAI; c = OpenAI(); \
             r = c.responses.create(model='agent/concierge', input='my room is 12'); \
             print(c.responses.create(model='agent/concierge', previous_response_id=r.id, input='what is my room?').output_text)\"

{ask}
{program} agreement ask {book} --actor amazon --action sell --product openai/frontier --channel aws --at {CONTESTED_DAY}

{statement}
{program} ledger statement --party microsoft --period {period} --config {config}

Ctrl-C ends it.
",
            folder = self.folder.display(),
            curl = head(1, "Chat with curl"),
            python = head(2, "Chat with the OpenAI Python SDK (pip install openai), across two turns"),
            ask = head(3, "Ask the agreement: might Amazon sell Frontier in March 2026?"),
            statement = head(4, "Print what Microsoft is owed for what you just used"),
        )
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '+' | ':' | ',');
    if !text.is_empty() && text.chars().all(safe) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_quotes_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-c.toml")), "/a/b-c.toml");
        assert_eq!(quoted(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }
}
