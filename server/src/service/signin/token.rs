//! What a link carries that lets its holder in once: 256 random bits, kept as a hash.

use app::domain::sip::{InvalidSecret, Secret};
use app::error::AppError;
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::service::fault;

/// The token of a set-up or password link.
pub(in crate::service) struct Token(String);

impl Token {
    /// A new one.
    pub(in crate::service) fn new() -> Self {
        Self(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The one a link brought.
    pub(in crate::service) fn brought(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is stored. So many random bits need no slow hash.
    pub(in crate::service) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    /// To be told once.
    pub(in crate::service) fn secret(self) -> Result<Secret, AppError> {
        self.0
            .parse()
            .map_err(|error| fault::internal(&error as &InvalidSecret))
    }

    /// The same as text, for the line an operator reads at the first start.
    pub(in crate::service) fn into_text(self) -> String {
        self.0
    }
}
