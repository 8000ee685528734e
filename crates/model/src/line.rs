//! One metered call, as the ledger keeps it.

use crate::Time;
use crate::id::{CallNo, RunId};
use crate::money::Amount;
use crate::name::{Channel, Clause, Cloud, Customer, ModelName, Product};
use crate::usage::Usage;

/// Usage of one model call, priced, with the decision that allowed it. Posted in the commit that closes the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// When the call closed.
    pub at: Time,
    /// The run it served.
    pub run: RunId,
    /// Which call of the session; with the session it is unique.
    pub call: CallNo,
    /// The short name of the key that authorised it.
    pub key: String,
    /// The buyer.
    pub customer: Customer,
    /// The model the client asked for.
    pub model: ModelName,
    /// The cloud that served.
    pub cloud: Cloud,
    /// What was served.
    pub product: Product,
    /// Through which route.
    pub channel: Channel,
    /// How much.
    pub usage: Usage,
    /// What the price book charges the customer; `None` when the book has no price for it.
    pub charge: Option<Amount>,
    /// The shares and commitments it counted toward when it was decided.
    pub duties: Vec<Clause>,
}
