//! `abide key`: makes, lists and revokes keys, also while a server runs; it notices within a second.

use super::StoreFolder;
use super::failure::{Failure, Status};
use super::grid::Grid;
use super::print;
use super::when::{self, End, short};
use crate::config;
use abide_engine::{KeyWish, ShownKey, key};
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use abide_model::name::{Customer, Segment, Territory};
use abide_store::KeyFile;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::Path;

/// The longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 100;

const CREATE_EXAMPLES: &str = "\
Examples:
  abide key create ci
  abide key create app --customer acme --country US --expires 90d
  OPENAI_BASE_URL=http://127.0.0.1:7777/v1 OPENAI_API_KEY=$(abide key create me) python3 app.py

The key alone goes to standard output; it is shown this once and kept as a hash.";

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; it is shown once
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// List keys, never the secrets
    List(List),
    /// Revoke a key; requests with it are refused from then on
    Revoke(Revoke),
}

/// `abide key create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What people call it
    name: String,
    /// Whom it is for; keys of one customer share their conversations [default: NAME]
    #[arg(long)]
    customer: Option<Customer>,
    /// The customer's segment, for the agreements: one of the book
    #[arg(long)]
    segment: Option<Segment>,
    /// The customer's country as an ISO 3166 code, for the agreements
    #[arg(long)]
    country: Option<Territory>,
    /// When it ends: after a time such as 90d, or on a day such as 2027-01-01 [default: never]
    #[arg(long, value_name = "WHEN", value_parser = when::parse_end)]
    expires: Option<End>,
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide key list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide key revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The key's id, as `abide key list` shows it: key_…
    id: String,
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct KeyJson<'k> {
    id: &'k str,
    name: &'k str,
    customer: &'k str,
    segment: Option<&'k str>,
    country: Option<&'k str>,
    created: Option<String>,
    expires: Option<String>,
    revoked: Option<String>,
    /// Only when it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'k str>,
}

impl Key {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Key::Create(create) => create.run(),
            Key::List(list) => list.run(),
            Key::Revoke(revoke) => revoke.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<Status, Failure> {
        let now = Time::now();
        let (json, store) = (self.json, self.store.clone());
        let wish = self.wish(now)?;
        let places = store.places(None)?;
        known_to_the_agreements(&wish, places.agreements.as_deref(), now)?;
        let mut file = KeyFile::open(&places.folder)?;
        let made = key::create(&mut file, &wish, now)?;
        if json {
            print::json(&KeyJson {
                id: &made.id,
                name: &wish.name,
                customer: wish.customer.as_str(),
                segment: wish.segment.as_ref().map(Segment::as_str),
                country: wish.territory.as_ref().map(Territory::as_str),
                created: Some(now.to_string()),
                expires: wish.expires.map(|at| at.to_string()),
                revoked: None,
                key: Some(made.secret.expose()),
            })?;
            return Ok(Status::Done);
        }
        let until = wish.expires.map_or(String::new(), |at| format!(", until {}", short(at)));
        print::aside(&format!(
            "made {} for customer {}{until}; it is shown this once:\n",
            made.id, wish.customer
        ));
        print::text(&format!("{}\n", made.secret.expose()))?;
        Ok(Status::Done)
    }

    fn wish(self, now: Time) -> Result<KeyWish, Failure> {
        let name = self.name;
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(Failure::input(format!(
                "a key's name has 1 to {NAME_CHARS_MAX} printable characters"
            )));
        }
        let customer = match self.customer {
            Some(customer) => customer,
            None => name.parse::<Customer>().map_err(|error| {
                Failure::input(format!("the key's name is no name for a customer: {error}"))
                    .help("name the customer with --customer")
            })?,
        };
        let expires = match self.expires {
            None => None,
            Some(End::At(at)) if at <= now => {
                return Err(Failure::input(format!("{} has passed; such a key opens nothing", short(at))));
            }
            Some(End::At(at)) => Some(at),
            Some(End::After(time)) => Some(
                now.checked_add(time).map_err(|error| Failure::input(format!("no such time: {error}")))?,
            ),
        };
        Ok(KeyWish { name, customer, segment: self.segment, territory: self.country, expires })
    }
}

/// Refuses a segment or country that the book does not know: nobody has a right to serve such a customer.
fn known_to_the_agreements(wish: &KeyWish, book: Option<&Path>, now: Time) -> Result<(), Failure> {
    if wish.segment.is_none() && wish.territory.is_none() {
        return Ok(());
    }
    let Some(folder) = book else { return two_capitals(wish.territory.as_ref()) };
    let book = config::open_book(folder)?;
    let (Some((product, actor)), Some((channel, _))) = (book.products().next(), book.channels().next())
    else {
        return two_capitals(wish.territory.as_ref());
    };
    let ask = Ask {
        actor: actor.clone(),
        action: Action::Serve,
        product: product.clone(),
        channel: channel.clone(),
        customer: Some(wish.customer.clone()),
        segment: wish.segment.clone(),
        territory: wish.territory.clone(),
        at: now,
        known: now,
    };
    book.check_ask(&ask).map_err(|wrong| {
        let all: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        Failure::input(all.join("\n       "))
            .help("a key with such a name would be refused every call; leave it out, or add it to the book")
    })
}

/// Without a book nothing is known of countries but their form.
fn two_capitals(country: Option<&Territory>) -> Result<(), Failure> {
    let is_code = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    match country.filter(|country| !is_code(country.as_str())) {
        None => Ok(()),
        Some(country) => Err(Failure::input(format!("`{country}` is no country"))
            .help("a country is two capital letters of ISO 3166, such as US")),
    }
}

impl List {
    fn run(self) -> Result<Status, Failure> {
        let keys = abide_store::Reader::open(&self.store.places(None)?.folder)?.keys()?;
        let keys: Vec<ShownKey> = keys.iter().filter_map(key::shown).collect();
        if self.json {
            print::json(&keys.iter().map(json).collect::<Vec<_>>())?;
            return Ok(Status::Done);
        }
        if keys.is_empty() {
            print::aside("no keys; `abide key create NAME` makes one\n");
        }
        print::text(&table(&keys, Time::now()))?;
        Ok(Status::Done)
    }
}

fn json(key: &ShownKey) -> KeyJson<'_> {
    let who = &key.principal;
    KeyJson {
        id: &who.key_id,
        name: &who.key_name,
        customer: who.customer.as_str(),
        segment: who.segment.as_ref().map(Segment::as_str),
        country: who.territory.as_ref().map(Territory::as_str),
        created: Some(key.created.to_string()),
        expires: who.expires.map(|at| at.to_string()),
        revoked: key.revoked.map(|at| at.to_string()),
        key: None,
    }
}

fn table(keys: &[ShownKey], now: Time) -> String {
    let mut grid = Grid::new(&["id", "name", "customer", "segment", "country", "made", "state"]);
    for key in keys {
        let who = &key.principal;
        let state = match (key.revoked, who.expires) {
            (Some(at), _) => format!("revoked {}", short(at)),
            (None, Some(at)) if at <= now => format!("expired {}", short(at)),
            (None, Some(at)) => format!("until {}", short(at)),
            (None, None) => "valid".to_owned(),
        };
        grid.row([
            &who.key_id,
            &who.key_name,
            who.customer.as_str(),
            who.segment.as_ref().map_or("-", Segment::as_str),
            who.territory.as_ref().map_or("-", Territory::as_str),
            &short(key.created),
            &state,
        ]);
    }
    grid.text()
}

impl Revoke {
    fn run(self) -> Result<Status, Failure> {
        let folder = self.store.places(None)?.folder;
        // A store that is not there is not to be made by asking for a key in it.
        drop(abide_store::Reader::open(&folder)?);
        let now = Time::now();
        if !KeyFile::open(&folder)?.revoke(&self.id, now.as_millisecond())? {
            return Err(Failure::input(format!("no valid key has the id `{}`", self.id))
                .help("`abide key list` shows the ids"));
        }
        if self.json {
            print::json(&serde_json::json!({ "id": self.id, "revoked": now.to_string() }))?;
        } else {
            print::text(&format!("revoked {}\n", self.id))?;
        }
        Ok(Status::Done)
    }
}
