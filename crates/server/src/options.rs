//! What bounds the server. Every bound has a name, a unit and a default.

use std::time::Duration;

/// Bytes of a request's body, at most.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Bytes that all bodies being read may hold together.
const BODIES_BYTES_MAX: usize = 512 << 20;
/// Seconds a client has to send a body, once its head was read.
const BODY_SECONDS_MAX: u64 = 60;
/// Bytes of a request's head: line and headers.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Seconds a client has to send a head, counted from the end of its last request: an idle connection closes then.
const HEAD_SECONDS_MAX: u64 = 75;
/// Seconds that a client may let a write wait.
const WRITE_SECONDS_MAX: u64 = 60;
/// Requests being answered at once, streams included.
const REQUESTS_MAX: usize = 8192;
/// Connections open at once.
const CONNECTIONS_MAX: usize = 16_384;
/// Seconds of silence on a stream before a comment says that it lives.
const KEEP_ALIVE_SECONDS: u64 = 15;
/// Seconds that requests at work have to end in when the server stops.
const GRACE_SECONDS: u64 = 30;
/// Requests at once on one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 256;
/// Seconds between pings on an HTTP/2 connection, and seconds that an answer may take.
const HTTP2_PING_SECONDS: u64 = 30;

/// How the server is bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The most bytes of a request's body; more is answered with 413. Default 32 MiB.
    pub body_bytes_max: usize,
    /// The most bytes that all bodies being read hold together; more is answered with 503. Default 512 MiB.
    pub bodies_bytes_max: usize,
    /// How long a client may take to send a body; longer is answered with 408. Default 60 s.
    pub body_time_max: Duration,
    /// The most bytes of a request's line and headers; more is answered with 431. Default 64 KiB.
    pub head_bytes_max: usize,
    /// How long a connection may be without a whole request head, idle or slow, before it is closed. Default 75 s.
    pub head_time_max: Duration,
    /// How long a client may take nothing of what is written to it before the connection is closed. Default 60 s.
    pub write_time_max: Duration,
    /// The most requests at once; more are answered with 503. Default 8192.
    pub requests_max: usize,
    /// The most connections at once; a request on one more is answered with 503. Default 16384.
    pub connections_max: usize,
    /// How long a stream may be silent before a comment is sent on it. Default 15 s.
    pub keep_alive_every: Duration,
    /// How long requests at work may take to end when the server stops. Default 30 s.
    pub grace: Duration,
    /// Bounds of HTTP/2 connections.
    pub http2: Http2,
}

/// Bounds that only HTTP/2 (RFC 9113) has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http2 {
    /// The most requests at once on one connection. Default 256.
    pub streams_max: u32,
    /// How often a quiet connection is pinged, and how long the answer may take. Default 30 s.
    pub ping_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes_max: BODY_BYTES_MAX,
            bodies_bytes_max: BODIES_BYTES_MAX,
            body_time_max: Duration::from_secs(BODY_SECONDS_MAX),
            head_bytes_max: HEAD_BYTES_MAX,
            head_time_max: Duration::from_secs(HEAD_SECONDS_MAX),
            write_time_max: Duration::from_secs(WRITE_SECONDS_MAX),
            requests_max: REQUESTS_MAX,
            connections_max: CONNECTIONS_MAX,
            keep_alive_every: Duration::from_secs(KEEP_ALIVE_SECONDS),
            grace: Duration::from_secs(GRACE_SECONDS),
            http2: Http2::default(),
        }
    }
}

impl Default for Http2 {
    fn default() -> Self {
        Self { streams_max: HTTP2_STREAMS_MAX, ping_every: Duration::from_secs(HTTP2_PING_SECONDS) }
    }
}
