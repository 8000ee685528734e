//! The stored form of what a key may do: CBOR with numbered fields.

use super::KeyWish;
use abide_model::Time;
use minicbor::{Decode, Encode};

#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    customer: String,
    #[n(1)]
    segment: Option<String>,
    #[n(2)]
    territory: Option<String>,
    /// Unix milliseconds.
    #[n(3)]
    expires: Option<i64>,
}

pub(super) fn encode(wish: &KeyWish) -> Vec<u8> {
    let stored = Stored {
        customer: wish.customer.to_string(),
        segment: wish.segment.as_ref().map(ToString::to_string),
        territory: wish.territory.as_ref().map(ToString::to_string),
        expires: wish.expires.map(|time| time.as_millisecond()),
    };
    let mut bytes = Vec::new();
    assert!(minicbor::encode(&stored, &mut bytes).is_ok(), "writing into memory cannot fail");
    bytes
}

pub(super) fn decode(name: &str, bytes: &[u8]) -> Option<KeyWish> {
    let stored: Stored = minicbor::decode(bytes).ok()?;
    Some(KeyWish {
        name: name.to_owned(),
        customer: stored.customer.parse().ok()?,
        segment: stored.segment.map(|text| text.parse()).transpose().ok()?,
        territory: stored.territory.map(|text| text.parse()).transpose().ok()?,
        expires: stored.expires.map(Time::from_millisecond).transpose().ok()?,
    })
}
