//! Bodies that live once: what is large, or sent again with every request, is stored by its content hash.

use super::DecodeError;
use abide_model::Hash;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Parameters, tools and instructions above this many bytes are stored by hash: clients send them every time.
pub const BODY_INLINE_BYTES_MAX: usize = 256;
/// Items above this many bytes are stored by hash: clients without a conversation send the history every time.
pub const ITEM_INLINE_BYTES_MAX: usize = 4096;

/// Bodies by their content hash.
pub type Blobs = BTreeMap<Hash, Vec<u8>>;

/// A body in a stored record.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) enum Body {
    /// Here.
    #[n(0)]
    Inline(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// In the store, under this hash.
    #[n(1)]
    Blob(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
}

impl Body {
    pub(super) fn put(bytes: Vec<u8>, inline_max: usize, blobs: &mut Blobs) -> Self {
        if bytes.len() <= inline_max {
            return Body::Inline(bytes);
        }
        let hash = Hash::of(&bytes);
        blobs.insert(hash, bytes);
        Body::Blob(hash.0)
    }

    pub(super) fn get<'a>(&'a self, blobs: &'a Blobs) -> Result<&'a [u8], DecodeError> {
        match self {
            Body::Inline(bytes) => Ok(bytes),
            Body::Blob(hash) => {
                blobs.get(&Hash(*hash)).map(Vec::as_slice).ok_or(DecodeError::MissingBody(Hash(*hash)))
            }
        }
    }

    pub(super) fn reference(&self) -> Option<Hash> {
        match self {
            Body::Inline(_) => None,
            Body::Blob(hash) => Some(Hash(*hash)),
        }
    }
}
