//! Who may sign in: administrators add, change and remove people, who choose their own
//! passwords by a link. Signing in itself is `signin`'s.

use app::domain::account::{Person, PersonDraft, Role, SignedIn};
use app::domain::draft::Entry;
use app::domain::id::UserId;
use app::domain::sip::Secret;
use app::error::{AppError, Conflict, FieldErrors, Reason, Scope, Thing};
use app::ports::{Caller, People};
use async_trait::async_trait;

use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::signin::{self, Token};
use crate::store::people::{self, NO_PASSWORD};
use crate::store::users::{self, Account};
use crate::store::{StoreError, Tx};

/// Long enough for somebody on leave, short enough for a link in a mailbox.
const LINK_LASTS_MS: i64 = 7 * 86_400_000;

/// The use cases of people.
pub struct PeopleDesk(pub Core);

impl PeopleDesk {
    async fn find(&self, tx: &mut Tx, id: UserId) -> Result<Person, AppError> {
        people::get(tx, id)
            .await?
            .ok_or(AppError::NotFound(Thing::User))
    }

    async fn put_link(&self, tx: &mut Tx, id: UserId) -> Result<Secret, AppError> {
        let token = Token::new();
        let until = self.0.clock.now_ms() + LINK_LASTS_MS;
        people::put_link(tx, id, &token.hash(), until).await?;
        token.secret()
    }

    async fn note(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        action: &str,
        before: Option<&Person>,
        after: Option<&Person>,
    ) -> Result<(), AppError> {
        let Some(person) = after.or(before) else {
            return Ok(());
        };
        let record = Record {
            action,
            subject: person.id.to_string(),
            label: person.email.clone(),
        };
        Ok(record.write(tx, &self.0, caller, before, after).await?)
    }
}

/// Somebody who can sign in must be left to add people.
async fn keep_an_admin(tx: &mut Tx, leaving: &Person) -> Result<(), AppError> {
    let counts = leaving.role == Role::Admin && leaving.has_password;
    if counts && people::admins(tx).await? <= 1 {
        return Err(AppError::Conflict(Conflict::LastAdmin));
    }
    Ok(())
}

fn role(entry: &Entry) -> Result<Role, Reason> {
    entry.line(40)?.ok_or(Reason::Required)?.parse()
}

#[async_trait]
impl People for PeopleDesk {
    async fn list(&self, caller: &Caller) -> Result<Vec<Person>, AppError> {
        caller.may(Scope::Full)?;
        Ok(people::list(&mut self.0.db.read().await?).await?)
    }

    async fn create(
        &self,
        caller: &Caller,
        draft: PersonDraft,
    ) -> Result<(Person, Secret), AppError> {
        caller.may(Scope::Full)?;
        let mut errors = FieldErrors::new();
        let email = errors.keep("email", signin::new_email(&draft.email));
        let role = errors.keep("role", role(&draft.role));
        let (email, role) = errors.none_or(email.zip(role))?;

        let id = self.0.clock.new_id::<UserId>();
        let account = Account {
            user: SignedIn {
                id,
                email: email.clone(),
                role,
                zone: None,
                language: None,
                theme: None,
            },
            password_hash: NO_PASSWORD.to_owned(),
            session_epoch: 0,
        };
        let mut tx = self.0.db.begin().await?;
        match users::insert(&mut tx, &account, self.0.clock.now_ms()).await {
            Err(StoreError::Unique) => {
                let found = email;
                return Err(AppError::field("email", Reason::Taken { found }));
            }
            other => other?,
        }
        let secret = self.put_link(&mut tx, id).await?;
        let person = self.find(&mut tx, id).await?;
        self.note(&mut tx, caller, "create_user", None, Some(&person))
            .await?;
        tx.commit().await?;
        Ok((person, secret))
    }

    async fn update(
        &self,
        caller: &Caller,
        id: UserId,
        draft: PersonDraft,
    ) -> Result<Person, AppError> {
        caller.may(Scope::Full)?;
        let role = role(&draft.role).map_err(|reason| AppError::field("role", reason))?;
        let mut tx = self.0.db.begin().await?;
        let before = self.find(&mut tx, id).await?;
        if before.role == role {
            return Ok(before);
        }
        if role != Role::Admin {
            keep_an_admin(&mut tx, &before).await?;
        }
        people::set_role(&mut tx, id, role, self.0.clock.now_ms()).await?;
        let after = self.find(&mut tx, id).await?;
        self.note(&mut tx, caller, "update_user", Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    async fn new_link(&self, caller: &Caller, id: UserId) -> Result<(Person, Secret), AppError> {
        caller.may(Scope::Full)?;
        let mut tx = self.0.db.begin().await?;
        let before = self.find(&mut tx, id).await?;
        let secret = self.put_link(&mut tx, id).await?;
        let after = self.find(&mut tx, id).await?;
        self.note(
            &mut tx,
            caller,
            "create_password_link",
            Some(&before),
            Some(&after),
        )
        .await?;
        tx.commit().await?;
        Ok((after, secret))
    }

    async fn delete(&self, caller: &Caller, id: UserId) -> Result<(), AppError> {
        caller.may(Scope::Full)?;
        let mut tx = self.0.db.begin().await?;
        let person = self.find(&mut tx, id).await?;
        keep_an_admin(&mut tx, &person).await?;
        people::delete(&mut tx, id).await?;
        self.note(&mut tx, caller, "delete_user", Some(&person), None)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
