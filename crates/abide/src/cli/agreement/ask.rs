//! The words of an ask on the command line.

use super::super::failure::Failure;
use abide_agreement::Book;
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use abide_model::name::{Channel, Customer, Party, Product, Segment, Territory};
use clap::Args;
use clap::builder::PossibleValuesParser;

/// Who does what with which product, through which channel, for whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct AskWords {
    /// Who acts; the party whose book it is unless given
    #[arg(long, value_name = "PARTY")]
    actor: Option<Party>,
    /// What they do
    #[arg(long, value_parser = PossibleValuesParser::new(Action::ALL.map(Action::as_str)))]
    action: String,
    /// With which product
    #[arg(long)]
    product: Product,
    /// Through which channel
    #[arg(long)]
    channel: Channel,
    /// For which customer
    #[arg(long, value_name = "ID")]
    customer: Option<Customer>,
    /// Which segment the customer is of
    #[arg(long)]
    segment: Option<Segment>,
    /// In which country the customer is, as an ISO 3166 code
    #[arg(long)]
    country: Option<Territory>,
}

impl AskWords {
    /// The ask, with every name looked up in the book.
    pub(crate) fn ask(self, book: &Book, at: Time, known: Time) -> Result<Ask, Failure> {
        let action = Action::parse(&self.action)
            .ok_or_else(|| Failure::input(format!("there is no action `{}`", self.action)))?;
        let ask = Ask {
            actor: self.actor.unwrap_or_else(|| book.owner().clone()),
            action,
            product: self.product,
            channel: self.channel,
            customer: self.customer,
            segment: self.segment,
            territory: self.country,
            at,
            known,
        };
        book.check_ask(&ask).map_err(|wrong| {
            let all: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            Failure::input(all.join("\n       "))
        })?;
        Ok(ask)
    }
}
