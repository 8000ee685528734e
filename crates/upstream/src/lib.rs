//! Sends one model call to one cloud over HTTP and reads its answer as deltas.
//!
//! One attempt, no second thoughts: choosing, retrying and accounting are done elsewhere. Knows wire formats only
//! through `abide-wire`, and sessions not at all. Only hosts of configured endpoints are ever contacted, and no
//! redirect is followed.

mod answer;
mod bell;
mod client;
mod connection;
mod endpoint;
mod failure;

pub use answer::{Answer, More};
pub use client::Client;
pub use endpoint::{Auth, BadBase, Base, Endpoint};

use std::time::Duration;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For a connection: name lookup, TCP and TLS together.
    pub connect: Duration,
    /// From the connection to the first token of a stream.
    pub first_token: Duration,
    /// From the connection to the head of an answer that does not stream, which comes when the model has finished.
    pub whole: Duration,
    /// Between two pieces of an answer that has begun.
    pub between: Duration,
    /// From the start of the call to its end.
    pub total: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(60),
            whole: Duration::from_secs(300),
            between: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}

/// The most bytes of a stream that are read before it is given up.
pub const STREAM_BYTES_MAX: usize = 256 << 20;
/// The most bytes of an error answer that are read.
pub const ERROR_BYTES_MAX: usize = 64 << 10;
/// How long an idle connection is kept for the next call.
pub const IDLE_MAX: Duration = Duration::from_secs(60);
/// The most idle connections that are kept for one host.
pub const IDLE_PER_HOST_MAX: usize = 256;
/// How long the end of a body is waited for once the protocol has said that nothing follows; a connection whose
/// body ends within it is used again.
pub const TAIL_MAX: Duration = Duration::from_millis(100);
