//! Secrets at rest: sealed with a data key that lives in a file of its own, outside the database.
//!
//! XChaCha20-Poly1305 with a random nonce (24 bytes are enough to draw at random). The place of a value, its
//! table, column and row, is the associated data: a sealed value copied to another row does not open.
//! Knows nothing of which columns are secret.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::error::{KeyProblem, StoreError};

const NONCE: usize = 24;

/// The key that seals every secret of one installation.
#[derive(Clone)]
pub struct DataKey(XChaCha20Poly1305, [u8; 32]);

/// Where a sealed value lives.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: Uuid,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey([secret])")
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} of row {}", self.table, self.column, self.row)
    }
}

impl DataKey {
    /// A key for tests and tools that keep none.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&bytes.into()), bytes)
    }

    /// A key of its own for one purpose, which tells nothing of this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(&self.1).map(|mac| mac.chain_update(purpose));
        mac.map(|mac| mac.finalize().into_bytes().into())
            .unwrap_or_default()
    }

    /// Reads the key file, or makes it (mode 0600) at the first start. Blocking: call it before serving.
    pub fn load_or_make(path: &Path) -> Result<Self, StoreError> {
        let problem = |problem| StoreError::Key {
            path: path.to_owned(),
            problem,
        };
        match make(path) {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                read(path).map_err(problem)
            }
            Err(error) => Err(problem(KeyProblem::Write(error))),
        }
    }

    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = rand::random::<[u8; NONCE]>();
        let aad = place.to_string();
        let sealed = self
            .0
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: plain,
                    aad: aad.as_bytes(),
                },
            )
            .map_err(|_| StoreError::Sealed { place: aad.clone() })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let refused = || StoreError::Sealed {
            place: place.to_string(),
        };
        let (nonce, body) = sealed.split_at_checked(NONCE).ok_or_else(refused)?;
        let aad = place.to_string();
        self.0
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: body,
                    aad: aad.as_bytes(),
                },
            )
            .map_err(|_| refused())
    }

    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<String, StoreError> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| StoreError::Sealed {
            place: place.to_string(),
        })
    }
}

/// The file is complete on disk before anything is sealed with it: a key lost to a power cut would take every
/// password with it.
fn make(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let bytes = rand::random::<[u8; 32]>();
    let written = writeln!(file, "{}", hex::encode(bytes)).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key must not be taken for one at the next start.
        drop(std::fs::remove_file(path));
        return Err(error);
    }
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<DataKey, KeyProblem> {
    let mut file = File::open(path).map_err(KeyProblem::Read)?;
    let mode = file
        .metadata()
        .map_err(KeyProblem::Read)?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyProblem::TooOpen {
            mode,
            path: path.display().to_string(),
        });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(KeyProblem::Read)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| KeyProblem::Malformed)?;
    Ok(DataKey::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(row: u128) -> Place<'static> {
        Place {
            table: "accesses",
            column: "password",
            row: Uuid::from_u128(row),
        }
    }

    #[test]
    fn what_was_sealed_opens_only_in_its_own_place_and_with_its_own_key() {
        let key = DataKey::from_bytes([7; 32]);
        let sealed = key.seal(place(1), b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(key.open(place(1), &sealed).unwrap(), b"hunter2");
        assert!(matches!(
            key.open(place(2), &sealed),
            Err(StoreError::Sealed { .. })
        ));
        assert!(
            DataKey::from_bytes([8; 32])
                .open(place(1), &sealed)
                .is_err()
        );
        assert!(key.open(place(1), &sealed[..10]).is_err());
        assert_ne!(sealed, key.seal(place(1), b"hunter2").unwrap());
    }

    #[test]
    fn the_key_file_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.key");
        let first = DataKey::load_or_make(&path).unwrap();
        let sealed = first.seal(place(1), b"x").unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = DataKey::load_or_make(&path).unwrap();
        assert_eq!(again.open(place(1), &sealed).unwrap(), b"x");
    }

    #[test]
    fn refuses_a_key_file_that_others_can_read_or_that_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.key");
        DataKey::load_or_make(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = DataKey::load_or_make(&path).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");

        std::fs::write(&path, "not a key").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let refused = DataKey::load_or_make(&path).unwrap_err().to_string();
        assert!(refused.contains("64 hexadecimal digits"), "{refused}");
    }
}
