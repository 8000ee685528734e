//! The Chat Completions format, as a client of it: requests out, answers in.
//!
//! Vendors that speak it give their own path and share this codec.

mod decode;
mod encode;
mod items;

pub(super) use decode::Decoder;
pub(super) use encode::encode;
