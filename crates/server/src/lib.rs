//! Speaks HTTP to clients: connections, limits, keys, routes, statuses and streams.
//!
//! One request goes one way: [`serve`] accepts, `answer` finds the route, admits and authenticates, `api` asks
//! [`abide_engine::Handle`], `problem` turns a refusal into a status. Bytes of bodies are read and made in `wire`.
//! Knows nothing of stores, clouds or how a run is worked.
#![deny(clippy::wildcard_enum_match_arm)]

mod answer;
mod api;
mod body;
mod live;
mod metrics;
mod options;
mod problem;
mod read;
mod reply;
mod route;
mod serve;
mod stall;
mod ticket;

pub use options::{Http2, Options};
pub use serve::serve;
