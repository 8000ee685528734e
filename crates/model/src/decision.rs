//! May we? The question put to the agreements before each call, and the answer that is kept with it.
//!
//! `agreement` decides; everyone else only reads the answer.

use crate::name::{Channel, Clause, Customer, Party, Product, Question, Segment, Territory};
use crate::{Hash, Time};
use std::sync::Arc;

/// What somebody wants to do with a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Run it for a customer.
    Serve,
    /// Contract and invoice.
    Sell,
    /// Run it for oneself.
    Host,
    /// Train on it, or train it.
    Train,
    /// Give a grant on to others.
    Sublicense,
    /// Make it available on a channel for the first time.
    Launch,
}

impl Action {
    /// Every action, in the order of declaration.
    pub const ALL: [Action; 6] =
        [Action::Serve, Action::Sell, Action::Host, Action::Train, Action::Sublicense, Action::Launch];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Serve => "serve",
            Action::Sell => "sell",
            Action::Host => "host",
            Action::Train => "train",
            Action::Sublicense => "sublicense",
            Action::Launch => "launch",
        }
    }

    /// Reads [`Action::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// "May *actor* do *action* with *product* through *channel* for *customer*, at this time, as known then?"
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who acts.
    pub actor: Party,
    /// What they do.
    pub action: Action,
    /// With which product.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// For whom, when it matters.
    pub customer: Option<Customer>,
    /// The customer's segment.
    pub segment: Option<Segment>,
    /// The customer's country.
    pub territory: Option<Territory>,
    /// When it is done.
    pub at: Time,
    /// What was known then: facts and clauses recorded later are not used.
    pub known: Time,
}

/// The answer's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The actor holds no live grant and does not own the product.
    NoRight,
    /// A live promise to others forbids it whatever the open questions turn out to be.
    Breach {
        /// To whom the promise was made.
        toward: Vec<Party>,
    },
    /// It depends on these open questions.
    Contested {
        /// Toward whom it may be a breach.
        toward: Vec<Party>,
        /// Exactly the questions that flip the answer.
        questions: Vec<Question>,
    },
    /// Allowed.
    Permit,
}

impl Verdict {
    /// The word used in JSON and tables.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::NoRight => "no_right",
            Verdict::Breach { .. } => "breach",
            Verdict::Contested { .. } => "contested",
            Verdict::Permit => "permit",
        }
    }

    /// Whether the act may go ahead.
    #[must_use]
    pub fn permits(&self) -> bool {
        *self == Verdict::Permit
    }
}

/// What a clause did to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It gives the right.
    Grants,
    /// It forbids the act.
    Forbids,
    /// It carves the act out of a prohibition.
    Excepts,
    /// Its condition lifts the prohibition.
    Waives,
}

impl Effect {
    /// The word used in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Grants => "grants",
            Effect::Forbids => "forbids",
            Effect::Excepts => "excepts",
            Effect::Waives => "waives",
        }
    }
}

/// How strong a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceClass {
    /// A party's own text.
    Official,
    /// A filing with an authority.
    Filing,
    /// Press.
    Reported,
    /// Concluded by whoever wrote the book.
    Inferred,
}

impl SourceClass {
    /// The word used in files, JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SourceClass::Official => "official",
            SourceClass::Filing => "filing",
            SourceClass::Reported => "reported",
            SourceClass::Inferred => "inferred",
        }
    }

    /// All classes, strongest first.
    pub const ALL: [SourceClass; 4] =
        [SourceClass::Official, SourceClass::Filing, SourceClass::Reported, SourceClass::Inferred];

    /// Reads [`SourceClass::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// One clause that took part in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The clause, shared with its book and with every other answer that names it.
    pub cited: Arc<Citation>,
    /// What it did.
    pub effect: Effect,
}

/// Where a clause stands, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Its name.
    pub clause: Clause,
    /// The file it stands in, relative to the book.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
    /// The words it rests on.
    pub quote: Option<Arc<str>>,
    /// How strong the source of those words is.
    pub source: Option<SourceClass>,
}

/// The whole answer. A refusal is an answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes, no, or on what it depends.
    pub verdict: Verdict,
    /// The clauses that decided, strongest effect first.
    pub reasons: Vec<Reason>,
    /// Shares, guarantees, splits, most favoured prices and commitments that the act counts toward.
    pub duties: Vec<Clause>,
    /// The next instant at which the answer changes if no new fact arrives.
    pub until: Option<Time>,
    /// When the act was to be done.
    pub at: Time,
    /// What was known then.
    pub known: Time,
    /// The version of the book that answered.
    pub book: Hash,
}

impl Decision {
    /// Whether both are the same answer, be it at other times.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Decision) -> bool {
        let Decision { verdict, reasons, duties, until, at: _, known: _, book } = self;
        *book == other.book
            && *verdict == other.verdict
            && *until == other.until
            && *duties == other.duties
            && *reasons == other.reasons
    }

    /// The clauses that stand in the way, for an error a client reads.
    pub fn obstacles(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.effect == Effect::Forbids)
    }
}
