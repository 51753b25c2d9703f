//! Keys for scripts: told once, kept as a hash, ended at once.

mod known;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use app::domain::account::{ApiKey, KeyDraft};
use app::domain::id::KeyId;
use app::domain::sip::Secret;
use app::error::{AppError, FieldErrors, Reason, Scope, Thing};
use app::ports::{Caller, Keys, Who};
use async_trait::async_trait;
use base64::Engine as _;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::{entered, fault};
use crate::store;
use crate::store::keys::StoredKey;
use known::{Hash, Holder, Known, LEASE};

/// What every key begins with, so that one that leaked is found by a search.
pub const PREFIX: &str = "pb_live_";
/// So much of a key is shown for ever.
const SHOWN: usize = PREFIX.len() + 6;
/// Last use is noted once in this time.
const NOTE_EVERY_MS: i64 = 60_000;

/// The use cases of keys.
pub struct KeyDesk {
    core: Core,
    known: Known,
    noted: Mutex<HashMap<KeyId, i64>>,
}

impl KeyDesk {
    pub fn new(core: Core) -> Self {
        Self {
            core,
            known: Known::default(),
            noted: Mutex::default(),
        }
    }

    /// Looks the key up, unless that was done a moment ago.
    async fn holder(&self, token: &str) -> Result<Holder, AppError> {
        let (hash, now) = (hash(token), Instant::now());
        if let Some(holder) = self.known.get(&hash, now) {
            return Ok(holder);
        }
        let look_up = self.known.look_up(now);
        let stored = {
            let mut conn = self.core.db.read().await?;
            store::keys::by_hash(&mut conn, &hash).await?
        };
        let key = shown(stored.ok_or(AppError::Unauthenticated)?);
        let holder = Holder {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
        };
        self.known.keep(&look_up, hash, holder.clone());
        Ok(holder)
    }

    async fn remove(&self, caller: &Caller, id: KeyId) -> Result<(), AppError> {
        let mut tx = self.core.db.begin().await?;
        let key = store::keys::get(&mut tx, id)
            .await?
            .ok_or(AppError::NotFound(Thing::Key))?;
        store::keys::delete(&mut tx, id).await?;
        let shown = shown(key);
        let record = Record {
            action: "revoke_key",
            subject: id.to_string(),
            label: shown.name.clone(),
        };
        record
            .write(&mut tx, &self.core, caller, Some(&shown), None)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Whether another process may know keys: an instance on the same database, or the server beside which the
    /// command line works.
    fn is_one_of_several(&self, caller: &Caller) -> bool {
        self.core.db.is_shared() || matches!(caller.who, Who::Operator)
    }

    fn is_worth_noting(&self, id: KeyId, now: i64) -> bool {
        let mut noted = self.noted.lock();
        let last = noted.entry(id).or_insert(i64::MIN);
        let due = now.saturating_sub(*last) >= NOTE_EVERY_MS;
        if due {
            *last = now;
        }
        due
    }

    /// Losing such a note harms nobody, so failures are not told.
    async fn note_use(&self, id: KeyId, now: i64, address: Option<IpAddr>) {
        if !self.is_worth_noting(id, now) {
            return;
        }
        let address = address.map(|address| address.to_string());
        let note = async {
            let mut tx = self.core.db.append().await?;
            store::keys::used(&mut tx, id, now, address.as_deref()).await?;
            tx.commit().await
        };
        if let Err(error) = note.await {
            tracing::debug!(%error, "could not note when a key was last used");
        }
    }
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

fn shown(key: StoredKey) -> ApiKey {
    ApiKey {
        id: key.id,
        name: key.name,
        prefix: key.prefix,
        // A scope this binary does not know allows nothing here.
        scopes: key
            .scopes
            .iter()
            .filter_map(|scope| scope.parse().ok())
            .collect(),
        created_at: key.created_at,
        last_used_at: key.last_used_at,
    }
}

fn parse(draft: &KeyDraft) -> Result<(String, Vec<Scope>), FieldErrors> {
    let mut errors = FieldErrors::new();
    let name = errors.keep("name", draft.name.line_or("", 80));
    let items = errors
        .keep("scopes", draft.scopes.items().map_err(Reason::from))
        .unwrap_or_default();
    let mut scopes = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let scope = entered::entry(item).and_then(str::parse::<Scope>);
        scopes.extend(errors.keep(format!("scopes.{index}"), scope));
    }
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() && errors.of("scopes").is_none() && items.is_empty() {
        errors.add("scopes", Reason::Required);
    }
    errors.none_or(name.map(|name| (name, scopes)))
}

#[async_trait]
impl Keys for KeyDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>, AppError> {
        caller.may(Scope::Full)?;
        let mut conn = self.core.db.read().await?;
        Ok(store::keys::list(&mut conn)
            .await?
            .into_iter()
            .map(shown)
            .collect())
    }

    async fn create(&self, caller: &Caller, draft: KeyDraft) -> Result<(ApiKey, Secret), AppError> {
        caller.may(Scope::Full)?;
        let (name, scopes) = parse(&draft)?;
        let random = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let key = format!("{PREFIX}{random}");
        let stored = StoredKey {
            id: self.core.clock.new_id::<KeyId>(),
            name,
            prefix: key.chars().take(SHOWN).collect(),
            scopes: scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .collect(),
            made_by: match &caller.who {
                Who::User(user) => Some(user.id),
                _ => None,
            },
            last_used_at: None,
            created_at: self.core.clock.now_ms(),
        };
        let mut tx = self.core.db.begin().await?;
        store::keys::insert(&mut tx, &stored, &hash(&key)).await?;
        let shown = shown(stored);
        let record = Record {
            action: "create_key",
            subject: shown.id.to_string(),
            label: shown.name.clone(),
        };
        record
            .write(&mut tx, &self.core, caller, None, Some(&shown))
            .await?;
        tx.commit().await?;
        let secret = key
            .parse()
            .map_err(|error| fault::internal(&error as &app::domain::sip::InvalidSecret))?;
        Ok((shown, secret))
    }

    async fn revoke(&self, caller: &Caller, id: KeyId) -> Result<(), AppError> {
        caller.may(Scope::Full)?;
        let removed = self.remove(caller, id).await;
        // One that is gone may have been revoked through another process, a moment ago.
        if matches!(removed, Ok(()) | Err(AppError::NotFound(_))) {
            self.known.forget();
            self.noted.lock().remove(&id);
            if self.is_one_of_several(caller) {
                tokio::time::sleep(LEASE).await;
            }
        }
        removed
    }

    async fn recognise(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, AppError> {
        if !token.starts_with(PREFIX) || token.len() > 128 {
            return Err(AppError::Unauthenticated);
        }
        let holder = self.holder(token).await?;
        self.note_use(holder.id, self.core.clock.now_ms(), address)
            .await;
        Ok(Caller {
            who: Who::Key {
                id: holder.id,
                name: holder.name,
            },
            scopes: holder.scopes,
            address,
        })
    }
}
