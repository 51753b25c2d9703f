//! Passwords: argon2id with OWASP's parameters (19 MiB, two passes, one lane), off
//! the async threads, and never more at once than memory and cores are meant for.
//! Knows nothing of users.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// The fewest characters of a new password (NIST SP 800-63B §5.1.1.2 asks for 8; a
/// console that spends money asks for more).
pub(super) const LEAST_CHARACTERS: u32 = 12;
/// More than anyone types, less than would be worth a denial of service.
pub(super) const MOST_CHARACTERS: u32 = 256;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Hashes and checks, bounded.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked for unknown users, so that they take as long as known ones.
    decoy: Arc<str>,
}

/// The hasher did not do as asked: a fault of ours, not of who types.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("argon2: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("the hashing thread ended early")]
    Ended,
}

impl Passwords {
    /// `parallel` hashes run at the same time; others wait for their turn.
    pub fn new(parallel: u32) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(parallel.max(1) as usize)),
            decoy: decoy().into(),
        }
    }

    /// A PHC string, which carries its own salt and parameters.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether `password` is the one behind `stored`; with nothing stored the same
    /// work is done and the answer is no.
    pub async fn check(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let matches = self.in_turn(move || matches(&password, &stored)).await?;
        Ok(matches && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| PasswordError::Ended)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| PasswordError::Ended)
    }
}

fn argon2id() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|error| PasswordError::Hash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(PasswordError::Hash)?;
    argon2id()?
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(PasswordError::Hash)
}

/// What a hash looks like that no password has. Not hashed: that would take its memory at each start, and the system
/// does not get it back as long as nothing happens.
fn decoy() -> String {
    let (salt, hash) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${hash}")
}

/// The stored string decides about the parameters, so that old hashes go on working.
fn matches(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_passes() {
        let passwords = Passwords::new(2);
        let stored = passwords
            .hash("correct horse battery".into())
            .await
            .unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        let check = |typed: &str, stored: Option<String>| passwords.check(typed.into(), stored);
        assert!(
            check("correct horse battery", Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!check("correct horse", Some(stored)).await.unwrap());
        assert!(!check("nobody has this password", None).await.unwrap());
        let (decoy, real) = (decoy(), hash("x").unwrap());
        let (decoy, real) = (
            PasswordHash::new(&decoy).unwrap(),
            PasswordHash::new(&real).unwrap(),
        );
        assert_eq!(
            (decoy.algorithm, decoy.version, &decoy.params),
            (real.algorithm, real.version, &real.params)
        );
        assert_eq!(decoy.salt.unwrap().len(), real.salt.unwrap().len());
        assert_eq!(decoy.hash.unwrap().len(), real.hash.unwrap().len());
        assert!(!check("x", Some("not a hash".into())).await.unwrap());
    }
}
