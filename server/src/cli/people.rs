//! Users and keys, made by whoever runs the server.

use app::domain::account::{ApiKey, KeyDraft, Role};
use app::domain::draft::{Entry, EntryList};
use app::error::{AppError, Reason};
use app::ports::{Caller, Keys as _};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{say, table, tell};
use crate::clock::Clock;
use crate::config::Config;
use crate::serve::open_store;
use crate::service::SignIn;
use crate::service::core::Core;
use crate::service::keys::KeyDesk;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account; the password is read from standard input.
    Add {
        email: String,
        /// admin, operator or viewer.
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// A new password for an account, read from standard input. Ends its sessions.
    Password { email: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a key and print it, alone. It is not shown again.
    Create {
        name: String,
        /// What it may do; several times for several.
        #[arg(long, value_name = "SCOPE", required_unless_present = "full_access")]
        scope: Vec<String>,
        /// Everything.
        #[arg(long, conflicts_with = "scope")]
        full_access: bool,
    },
    /// The keys there are, newest first, without their secrets.
    List {
        /// As JSON, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// End a key at once.
    Revoke {
        /// Its id, or its beginning as `list` shows it.
        key: String,
    },
}

impl User {
    pub(super) async fn run(self, config: &Config) -> Result<(), String> {
        let doors = doors(config).await?;
        match self {
            Self::Add { email, role } => {
                let role: Role = role.parse().map_err(|_| {
                    format!("no role is called {role}: use admin, operator or viewer")
                })?;
                let password = password()?;
                let person = doors
                    .add_user(&Entry::text(email), &password, role)
                    .await
                    .map_err(explain)?;
                tell(format_args!("{} may sign in as {role}.", person.email));
            }
            Self::Password { email } => {
                let password = password()?;
                let person = doors
                    .replace_password(&Entry::text(email), &password)
                    .await
                    .map_err(explain)?;
                tell(format_args!(
                    "{} has a new password; all sessions have ended.",
                    person.email
                ));
            }
        }
        Ok(())
    }
}

impl Key {
    pub(super) async fn run(self, config: &Config) -> Result<(), String> {
        let desk = KeyDesk::new(Core {
            db: open_store(config).await.map_err(say)?,
            clock: Clock::system(),
            book: std::sync::Arc::default(),
            news: crate::service::news::NewsDesk::default(),
        });
        match self {
            Self::Create {
                name,
                scope,
                full_access,
            } => {
                let scopes = if full_access {
                    vec!["full".to_owned()]
                } else {
                    scope
                };
                let draft = KeyDraft {
                    name: Entry::text(name),
                    scopes: EntryList::of(scopes),
                };
                let made = desk.create(&Caller::operator(), draft).await;
                tell(made.map_err(explain)?.1.expose());
            }
            Self::List { json } => tell(listed(&keys(&desk).await?, json)),
            Self::Revoke { key } => {
                let key = meant(keys(&desk).await?, &key)?;
                desk.revoke(&Caller::operator(), key.id)
                    .await
                    .map_err(explain)?;
                tell(format_args!("{} ({}…) is revoked.", key.name, key.prefix));
            }
        }
        Ok(())
    }
}

async fn keys(desk: &KeyDesk) -> Result<Vec<ApiKey>, String> {
    desk.list(&Caller::operator()).await.map_err(explain)
}

fn listed(keys: &[ApiKey], json: bool) -> String {
    let time = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let items: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id,
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "created_at": time(Some(key.created_at)),
                "last_used_at": time(key.last_used_at),
            })
        })
        .collect();
    if json {
        return json!({ "items": items }).to_string();
    }
    let columns = [
        ("ID", "id"),
        ("KEY", "prefix"),
        ("NAME", "name"),
        ("SCOPES", "scopes"),
        ("LAST USED", "last_used_at"),
    ];
    table::of(&columns, &items)
}

/// The one key with this id, or whose shown beginning this is.
fn meant(keys: Vec<ApiKey>, said: &str) -> Result<ApiKey, String> {
    let said = said.trim_end_matches('…');
    let mut meant = keys
        .into_iter()
        .filter(|key| key.id.to_string() == said || key.prefix == said);
    match (meant.next(), meant.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(format!(
            "several keys begin with {said}: name one by its id"
        )),
        (None, _) => Err(format!(
            "no key has the id or the beginning {said}: patchbay key list shows both"
        )),
    }
}

/// A new link; the one before is worth nothing then.
pub(super) async fn setup_link(config: &Config) -> Result<(), String> {
    match doors(config).await?.new_set_up_token().await.map_err(say)? {
        Some(token) => {
            tell(link(config, &token));
            if config.http.public_url.is_loopback() {
                let port = config.http.addr.port();
                tell(format_args!(
                    "From another computer first: ssh -L {port}:127.0.0.1:{port} SERVER"
                ));
            }
            Ok(())
        }
        None => Err(
            "set-up is finished; sign in, or set a password with: patchbay user password EMAIL"
                .to_owned(),
        ),
    }
}

/// The one-time link.
pub(super) fn link(config: &Config, token: &str) -> String {
    format!("{}/setup?token={token}", config.http.public_url.origin())
}

async fn doors(config: &Config) -> Result<SignIn, String> {
    let db = open_store(config).await.map_err(say)?;
    Ok(SignIn::new(db, Clock::system(), &config.sign_in))
}

fn password() -> Result<Entry, String> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| format!("the password can't be read: {error}"))?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        return Err("write the password to standard input".to_owned());
    }
    Ok(Entry::text(line))
}

fn in_words(reason: &Reason) -> String {
    match reason {
        Reason::NotAChoice { found, allowed } => {
            format!("{found} is none of {}", allowed.join(", "))
        }
        other => other.code().replace('_', " "),
    }
}

/// Reasons as an operator at a terminal reads them.
pub(super) fn explain(error: AppError) -> String {
    match error {
        AppError::Invalid(errors) => {
            let lines: Vec<String> = errors
                .iter()
                .map(|(field, reason)| format!("{field}: {}", in_words(reason)))
                .collect();
            lines.join("; ")
        }
        AppError::NotFound(thing) => format!("there is no such {thing:?}").to_lowercase(),
        other => other.to_string(),
    }
}
