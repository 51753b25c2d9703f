//! Set-up, sign-in and the account: who people are. What a browser remembers of it is
//! `web::session`'s; keys are `keys`'.

use std::net::IpAddr;

use app::domain::draft::Entry;
use app::domain::id::UserId;
use app::error::{AppError, Conflict, FieldErrors, Reason, Thing};
use app::ports::{Caller, Doors, Role, SignedIn, Who};
use async_trait::async_trait;
use subtle::ConstantTimeEq as _;

mod passwords;
mod rules;
mod token;
mod tries;

pub use passwords::{PasswordError, Passwords};
pub(super) use rules::new_email;
pub(super) use token::Token;
pub use tries::{Patience, Tries};

use super::audit::Record;
use super::fault::internal;
use crate::clock::Clock;
use crate::config;
use crate::store::people::{self, NO_PASSWORD};
use crate::store::users::{self, Account};
use crate::store::{Db, StoreError, Tx};
use crate::telemetry::{Event, SignInOutcome};

/// The doors of the house.
#[derive(Debug)]
pub struct SignIn {
    db: Db,
    clock: Clock,
    passwords: Passwords,
    tries: Tries,
}

impl SignIn {
    pub fn new(db: Db, clock: Clock, limits: &config::SignIn) -> Self {
        let patience = Patience {
            free_tries: limits.free_tries,
            max_wait_s: limits.max_wait_s,
        };
        Self {
            db,
            clock,
            passwords: Passwords::new(limits.parallel_hashes),
            tries: Tries::new(patience),
        }
    }

    /// A token for a new set-up link, which makes the one before worthless; none once
    /// somebody can sign in.
    pub async fn new_set_up_token(&self) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.begin().await?;
        if users::any(&mut tx).await? {
            return Ok(None);
        }
        let token = Token::new();
        users::put_setup_token(&mut tx, &token.hash(), self.clock.now_ms()).await?;
        tx.commit().await?;
        Ok(Some(token.into_text()))
    }

    /// An account made by whoever runs the server.
    pub async fn add_user(
        &self,
        email: &Entry,
        password: &Entry,
        role: Role,
    ) -> Result<SignedIn, AppError> {
        let (email, password) = rules::credentials(email, password)?;
        let account = self.new_account(email, password, role).await?;
        let mut tx = self.db.begin().await?;
        self.insert(&mut tx, &account).await?;
        users::delete_setup_token(&mut tx).await?;
        self.note(&mut tx, &Caller::operator(), "create_user", &account.user)
            .await?;
        tx.commit().await?;
        Ok(account.user)
    }

    /// A forgotten password, replaced by whoever runs the server. Ends every session.
    pub async fn replace_password(
        &self,
        email: &Entry,
        password: &Entry,
    ) -> Result<SignedIn, AppError> {
        let (email, password) = rules::credentials(email, password)?;
        let hash = self
            .passwords
            .hash(password)
            .await
            .map_err(|error| internal(&error))?;
        let mut tx = self.db.begin().await?;
        let account = users::by_email(&mut tx, &email)
            .await?
            .ok_or(AppError::NotFound(Thing::User))?;
        users::set_password(&mut tx, account.user.id, &hash, self.clock.now_ms()).await?;
        let operator = Caller::operator();
        self.note(&mut tx, &operator, "replace_password", &account.user)
            .await?;
        tx.commit().await?;
        Ok(account.user)
    }

    /// Who a session belongs to, and the epoch it must have begun under.
    pub async fn account(&self, id: UserId) -> Result<Option<(SignedIn, i64)>, AppError> {
        let mut conn = self.db.read().await?;
        let account = users::get(&mut conn, id).await?;
        Ok(account.map(|account| (account.user, account.session_epoch)))
    }

    /// Notes that they are there. Losing such a note harms nobody, so failures are not told.
    pub async fn seen(&self, id: UserId) {
        let note = async {
            let mut tx = self.db.append().await?;
            users::seen(&mut tx, id, self.clock.now_ms()).await?;
            tx.commit().await
        };
        if let Err(error) = note.await {
            tracing::debug!(%error, "could not note when a user was last seen");
        }
    }

    /// One entry of the audit, in the change's own transaction.
    async fn note(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        action: &str,
        person: &SignedIn,
    ) -> Result<(), StoreError> {
        let record = Record {
            action,
            subject: person.id.to_string(),
            label: person.email.clone(),
        };
        record
            .write_at(tx, &self.clock, caller, None, Some(person))
            .await
    }

    /// Wrong passwords make the next try wait, also for whoever is signed in: a session
    /// left open must not become the password.
    fn may_try(&self, email: &str, address: Option<IpAddr>) -> Result<(), AppError> {
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        let begun = self.tries.begin(email, address, self.clock.now_ms());
        begun.map_err(|retry_after_s| {
            Event::SignIn {
                outcome: SignInOutcome::Delayed,
            }
            .emit();
            AppError::TooMany { retry_after_s }
        })
    }

    fn tried_well(&self, email: &str, address: Option<IpAddr>) {
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        self.tries.right(email, address);
    }

    async fn new_account(
        &self,
        email: String,
        password: String,
        role: Role,
    ) -> Result<Account, AppError> {
        let password_hash = self
            .passwords
            .hash(password)
            .await
            .map_err(|error| internal(&error))?;
        let id = UserId::from_uuid(self.clock.new_uuid());
        let user = SignedIn {
            id,
            email,
            role,
            zone: None,
            language: None,
            theme: None,
        };
        Ok(Account {
            user,
            password_hash,
            session_epoch: 0,
        })
    }

    async fn insert(&self, tx: &mut Tx, account: &Account) -> Result<(), AppError> {
        match users::insert(tx, account, self.clock.now_ms()).await {
            Err(StoreError::Unique) => {
                let found = account.user.email.clone();
                Err(AppError::field("email", Reason::Taken { found }))
            }
            other => Ok(other?),
        }
    }

    async fn check(&self, password: String, stored: Option<String>) -> Result<bool, AppError> {
        self.passwords
            .check(password, stored)
            .await
            .map_err(|error| internal(&error))
    }
}

#[async_trait]
impl Doors for SignIn {
    async fn needs_set_up(&self) -> Result<bool, AppError> {
        Ok(!users::any(&mut self.db.read().await?).await?)
    }

    async fn set_up(
        &self,
        token: &str,
        email: &Entry,
        password: &Entry,
    ) -> Result<SignedIn, AppError> {
        let given = Token::brought(token).hash();
        let is_ours =
            |stored: Option<Vec<u8>>| stored.is_some_and(|stored| stored.ct_eq(&given).into());
        // Looked at first, so that strangers can't make us hash.
        let mut conn = self.db.read().await?;
        if users::any(&mut conn).await? {
            return Err(AppError::Conflict(Conflict::SetupDone));
        }
        if !is_ours(users::setup_token(&mut conn).await?) {
            return Err(AppError::NotFound(Thing::SetupLink));
        }
        drop(conn);
        let (email, password) = rules::credentials(email, password)?;
        let account = self.new_account(email, password, Role::Admin).await?;

        let mut tx = self.db.begin().await?;
        if users::any(&mut tx).await? {
            return Err(AppError::Conflict(Conflict::SetupDone));
        }
        if !is_ours(users::setup_token(&mut tx).await?) {
            return Err(AppError::NotFound(Thing::SetupLink));
        }
        self.insert(&mut tx, &account).await?;
        users::delete_setup_token(&mut tx).await?;
        let first = Caller {
            scopes: account.user.role.scopes(),
            who: Who::User(account.user.clone()),
            address: None,
        };
        self.note(&mut tx, &first, "set_up", &account.user).await?;
        tx.commit().await?;
        Ok(account.user)
    }

    async fn sign_in(
        &self,
        email: &Entry,
        password: &Entry,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AppError> {
        let (email, password) = rules::typed(email, password)?;
        self.may_try(&email, address)?;
        let account = users::by_email(&mut self.db.read().await?, &email).await?;
        let stored = account
            .as_ref()
            .map(|account| account.password_hash.clone())
            .filter(|hash| hash != NO_PASSWORD);
        let right = self.check(password, stored).await?;
        let Some(account) = account.filter(|_| right) else {
            Event::SignIn {
                outcome: SignInOutcome::Refused,
            }
            .emit();
            return Err(AppError::field("password", Reason::WrongPassword));
        };
        self.tried_well(&email, address);
        self.seen(account.user.id).await;
        Event::SignIn {
            outcome: SignInOutcome::Done,
        }
        .emit();
        Ok(account.user)
    }

    async fn choose_password(&self, token: &str, password: &Entry) -> Result<SignedIn, AppError> {
        let hash = Token::brought(token).hash();
        let now = self.clock.now_ms();
        let gone = || AppError::NotFound(Thing::PasswordLink);
        // Looked at first, so that strangers can't make us hash.
        let known = people::by_link(&mut self.db.read().await?, &hash, now).await?;
        known.ok_or_else(gone)?;
        let password =
            rules::new_password(password).map_err(|reason| AppError::field("password", reason))?;
        let password = self
            .passwords
            .hash(password)
            .await
            .map_err(|error| internal(&error))?;

        let mut tx = self.db.begin().await?;
        let id = people::by_link(&mut tx, &hash, now)
            .await?
            .ok_or_else(gone)?;
        users::set_password(&mut tx, id, &password, now).await?;
        let account = users::get(&mut tx, id).await?.ok_or_else(gone)?;
        let person = Caller {
            scopes: account.user.role.scopes(),
            who: Who::User(account.user.clone()),
            address: None,
        };
        self.note(&mut tx, &person, "choose_password", &account.user)
            .await?;
        tx.commit().await?;
        Ok(account.user)
    }

    async fn change_password(
        &self,
        caller: &Caller,
        old: &Entry,
        new: &Entry,
    ) -> Result<(), AppError> {
        let user = caller.user()?;
        let mut errors = FieldErrors::new();
        let old = errors.keep("old_password", rules::any_password(old));
        let new = errors.keep("new_password", rules::new_password(new));
        let (old, new) = errors.none_or(old.zip(new))?;

        self.may_try(&user.email, caller.address)?;
        let account = users::get(&mut self.db.read().await?, user.id).await?;
        let stored = account.map(|account| account.password_hash);
        if !self.check(old, stored).await? {
            return Err(AppError::field("old_password", Reason::WrongPassword));
        }
        self.tried_well(&user.email, caller.address);
        let hash = self
            .passwords
            .hash(new)
            .await
            .map_err(|error| internal(&error))?;
        let mut tx = self.db.begin().await?;
        users::set_password(&mut tx, user.id, &hash, self.clock.now_ms()).await?;
        self.note(&mut tx, caller, "change_password", user).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), AppError> {
        let user = caller.user()?;
        let mut tx = self.db.begin().await?;
        users::end_sessions(&mut tx, user.id, self.clock.now_ms()).await?;
        self.note(&mut tx, caller, "sign_out_everywhere", user)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn change_preferences(
        &self,
        caller: &Caller,
        zone: &Entry,
        language: &Entry,
        theme: &Entry,
    ) -> Result<SignedIn, AppError> {
        let user = rules::preferences(caller.user()?.clone(), zone, language, theme)?;
        let mut tx = self.db.begin().await?;
        users::set_preferences(&mut tx, &user, self.clock.now_ms()).await?;
        tx.commit().await?;
        Ok(user)
    }
}
