//! API keys as they are kept: never the key, only a hash of it.

use abide_model::Hash;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The hash of its secret, made by the caller.
    pub hash: Hash,
    /// What it may do, opaque here.
    pub body: Vec<u8>,
    /// When it was made, in Unix milliseconds.
    pub created_ms: i64,
    /// When it was revoked, in Unix milliseconds.
    pub revoked_ms: Option<i64>,
}
