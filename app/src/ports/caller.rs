//! Who asks, and what they may do.

use std::net::IpAddr;

use crate::domain::account::SignedIn;
use crate::domain::id::KeyId;
use crate::error::{AppError, Need, Scope};

/// Who asks: a person or a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// From where, for the audit.
    pub address: Option<IpAddr>,
}

/// A person, a key, or the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// Nobody is signed in.
    Nobody,
    /// A person in a browser.
    User(SignedIn),
    /// A script with a key.
    Key {
        /// Which key.
        id: KeyId,
        /// What it is called.
        name: String,
    },
    /// Whoever runs the server, on its command line.
    Operator,
}

impl Caller {
    /// Somebody who has not said who they are.
    pub fn nobody(address: Option<IpAddr>) -> Self {
        Self {
            who: Who::Nobody,
            scopes: Vec::new(),
            address,
        }
    }

    /// Whoever runs the server.
    pub fn operator() -> Self {
        Self {
            who: Who::Operator,
            scopes: vec![Scope::Full],
            address: None,
        }
    }

    /// `Ok` if they may.
    pub fn may(&self, scope: Scope) -> Result<(), AppError> {
        match &self.who {
            Who::Nobody => Err(AppError::Unauthenticated),
            _ if self.can(scope) => Ok(()),
            _ => Err(AppError::Forbidden(Need::Scope(scope))),
        }
    }

    /// Whether they may, for showing a control or its reason. Writing includes reading.
    pub fn can(&self, scope: Scope) -> bool {
        let implied = match scope {
            Scope::SipRead => Some(Scope::SipWrite),
            Scope::PhoneRead => Some(Scope::PhoneWrite),
            _ => None,
        };
        self.scopes
            .iter()
            .any(|held| *held == Scope::Full || *held == scope || Some(*held) == implied)
    }

    /// The person, if it is one.
    pub fn user(&self) -> Result<&SignedIn, AppError> {
        match &self.who {
            Who::User(user) => Ok(user),
            Who::Nobody => Err(AppError::Unauthenticated),
            Who::Key { .. } | Who::Operator => Err(AppError::Forbidden(Need::SignedInUser)),
        }
    }

    /// How the audit names them.
    pub fn name(&self) -> String {
        match &self.who {
            Who::Nobody => "nobody".to_owned(),
            Who::User(user) => user.email.clone(),
            Who::Key { name, .. } => format!("key {name}"),
            Who::Operator => "command line".to_owned(),
        }
    }
}
