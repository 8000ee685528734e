//! Who owes whom: metered usage becomes charges, postings, shares and statements, to the cent.
//!
//! Exact inside, minor units where money changes hands; every rounding is cumulative, so parts always add up to
//! their total. Lines, terms, zones and what a share covers arrive as arguments: nothing here knows of stores or
//! of the agreements that the terms come from.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod account;
mod accrual;
mod bases;
pub mod bill;
pub mod book;
pub mod calls;
pub mod closing;
pub mod commit;
pub mod convert;
pub mod export;
mod figure;
pub mod guarantee;
pub mod parity;
pub mod period;
pub mod postings;
pub mod projection;
pub mod rate;
pub mod record;
pub mod share;
pub mod split;
pub mod stake;
pub mod statement;
mod sum;
pub mod tally;
pub mod working;

pub use accrual::Settlement;
pub use book::{Book, Detail};
pub use period::Period;
pub use share::Span;
pub use statement::{Statement, statement};
pub use sum::TooLarge;
