//! API keys: made once, shown once, kept as a hash.

mod record;

use crate::refused::Refused;
use abide_model::name::{Customer, Segment, Territory};
use abide_model::secret::Secret;
use abide_model::{Hash, Time};
use abide_store::{Key, KeyFile, Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// What every key begins with, so that leaked ones are found by scanners.
pub const KEY_PREFIX: &str = "sk-abide-";
/// Random bytes of a key.
const KEY_BYTES: usize = 32;
/// The most keys remembered between looks at the store.
const REMEMBERED_KEYS_MAX: usize = 10_000;

/// Whom a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The key's public identity.
    pub key_id: String,
    /// What people call the key.
    pub key_name: String,
    /// The buyer, and the wall: keys of one customer see the same conversations.
    pub customer: Customer,
    /// The customer's segment, for the agreements.
    pub segment: Option<Segment>,
    /// The customer's country, for the agreements.
    pub territory: Option<Territory>,
    /// When it ends.
    pub expires: Option<Time>,
}

/// What a new key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyWish {
    /// What people call it.
    pub name: String,
    /// The buyer.
    pub customer: Customer,
    /// The customer's segment.
    pub segment: Option<Segment>,
    /// The customer's country.
    pub territory: Option<Territory>,
    /// When it ends.
    pub expires: Option<Time>,
}

/// A key that was just made.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// Its public identity, for `revoke`.
    pub id: String,
    /// The key itself: shown this once.
    pub secret: Secret,
}

/// A key as people list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// Whom it stands for.
    pub principal: Principal,
    /// When it was made.
    pub created: Time,
    /// When it was revoked.
    pub revoked: Option<Time>,
}

/// Makes a key and keeps its hash.
///
/// # Errors
/// When the store refuses it, or the operating system gives no random bytes.
pub fn create(file: &mut KeyFile, wish: &KeyWish, now: Time) -> Result<MadeKey, StoreError> {
    let secret = random_key()?;
    create_with(file, wish, secret, now)
}

/// Keeps the hash of a key that was chosen elsewhere.
///
/// # Errors
/// When the store refuses it.
fn create_with(file: &mut KeyFile, wish: &KeyWish, secret: Secret, now: Time) -> Result<MadeKey, StoreError> {
    let hash = Hash::of(secret.expose().as_bytes());
    let id = format!("key_{}", hash.short());
    let key = Key {
        id: id.clone(),
        name: wish.name.clone(),
        hash,
        body: record::encode(wish),
        created_ms: now.as_millisecond(),
        revoked_ms: None,
    };
    file.insert(&key)?;
    Ok(MadeKey { id, secret })
}

/// A key as the command line lists it; `None` when its stored form is damaged.
#[must_use]
pub fn shown(key: &Key) -> Option<ShownKey> {
    Some(ShownKey {
        principal: principal(key)?,
        created: Time::from_millisecond(key.created_ms).ok()?,
        revoked: key.revoked_ms.and_then(|ms| Time::from_millisecond(ms).ok()),
    })
}

fn principal(key: &Key) -> Option<Principal> {
    let wish = record::decode(&key.name, &key.body)?;
    Some(Principal {
        key_id: key.id.clone(),
        key_name: wish.name,
        customer: wish.customer,
        segment: wish.segment,
        territory: wish.territory,
        expires: wish.expires,
    })
}

fn random_key() -> Result<Secret, StoreError> {
    let mut bytes = [0u8; KEY_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Io { path: "random device".into(), reason: error.to_string() })?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secret::new(format!("{KEY_PREFIX}{digits}")))
}

/// Keys by their hash, so that a request need not ask the store.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    remembered: RwLock<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// The store's key version these were read at.
    version: u64,
    by_hash: HashMap<Hash, Arc<Principal>>,
}

impl KeyRing {
    /// Who holds `key`. Looked up by hash: comparing hashes of a 256-bit secret tells an attacker nothing.
    pub(crate) async fn authenticate(
        &self,
        store: &Store,
        key: &str,
        now: Time,
    ) -> Result<Arc<Principal>, Refused> {
        if !key.starts_with(KEY_PREFIX) {
            return Err(Refused::BadKey { why: "it is not an Abide key" });
        }
        let hash = Hash::of(key.as_bytes());
        let principal = match self.remembered(&hash) {
            Some(principal) => principal,
            None => self.look_up(store, hash).await?,
        };
        if principal.expires.is_some_and(|expires| expires <= now) {
            return Err(Refused::BadKey { why: "it has expired" });
        }
        Ok(principal)
    }

    /// Forgets what was read when the keys of the store have changed since.
    pub(crate) fn forget_before(&self, version: u64) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.version != version {
            *remembered = Remembered { version, by_hash: HashMap::new() };
        }
    }

    fn remembered(&self, hash: &Hash) -> Option<Arc<Principal>> {
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).by_hash.get(hash).cloned()
    }

    async fn look_up(&self, store: &Store, hash: Hash) -> Result<Arc<Principal>, Refused> {
        let before = self.remembered.read().unwrap_or_else(PoisonError::into_inner).version;
        let found = store.key(hash).await?.ok_or(Refused::BadKey { why: "it is unknown" })?;
        if found.revoked_ms.is_some() {
            return Err(Refused::BadKey { why: "it was revoked" });
        }
        let damaged = || StoreError::Damaged { path: "key".into(), reason: format!("key `{}`", found.id) };
        let principal = Arc::new(principal(&found).ok_or_else(damaged)?);
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        // Read before a change was noticed: good for this request, not to be remembered.
        if remembered.version != before {
            return Ok(principal);
        }
        if remembered.by_hash.len() >= REMEMBERED_KEYS_MAX {
            remembered.by_hash.clear();
        }
        remembered.by_hash.insert(hash, principal.clone());
        Ok(principal)
    }
}
