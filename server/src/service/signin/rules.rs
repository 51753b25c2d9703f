//! What an e-mail address, a new password and preferences must look like.

use app::domain::draft::Entry;
use app::error::{FieldErrors, Reason};
use app::ports::SignedIn;

use super::passwords::{LEAST_CHARACTERS, MOST_CHARACTERS};

const LONGEST_EMAIL: u32 = 254;

/// For a new account: every reason at once.
pub(super) fn credentials(
    email: &Entry,
    password: &Entry,
) -> Result<(String, String), FieldErrors> {
    let mut errors = FieldErrors::new();
    let email = errors.keep("email", new_email(email));
    let password = errors.keep("password", new_password(password));
    errors.none_or(email.zip(password))
}

/// For signing in: whatever was typed, as long as there is something. Rules for new
/// passwords do not apply, they may have been others when this one was made.
pub(super) fn typed(email: &Entry, password: &Entry) -> Result<(String, String), FieldErrors> {
    let mut errors = FieldErrors::new();
    let email = email.line(LONGEST_EMAIL).map_err(Reason::from);
    let email = errors.keep("email", email.and_then(|text| text.ok_or(Reason::Required)));
    let password = errors.keep("password", any_password(password));
    errors.none_or(email.map(str::to_lowercase).zip(password))
}

/// One `@` with something before and a name with a dot, or `localhost`, after it; the
/// rest is the mail system's business.
pub(in crate::service) fn new_email(entry: &Entry) -> Result<String, Reason> {
    let text = entry.line(LONGEST_EMAIL)?.ok_or(Reason::Required)?;
    let well_formed = text.split_once('@').is_some_and(|(name, host)| {
        let host_ok = host.split('.').all(|label| !label.is_empty());
        !name.is_empty() && host_ok && !host.contains('@')
    });
    if well_formed
        && !text
            .chars()
            .any(|c| c.is_whitespace() || "\"(),:;<>[\\]".contains(c))
    {
        Ok(text.to_lowercase())
    } else {
        Err(Reason::NotAnEmail {
            found: text.to_owned(),
        })
    }
}

pub(super) fn any_password(entry: &Entry) -> Result<String, Reason> {
    let text = entry.verbatim()?.ok_or(Reason::Required)?;
    let found = count(text);
    if found > MOST_CHARACTERS {
        return Err(Reason::TooLong {
            max: MOST_CHARACTERS,
            found,
        });
    }
    Ok(text.to_owned())
}

pub(super) fn new_password(entry: &Entry) -> Result<String, Reason> {
    let text = any_password(entry)?;
    let found = count(&text);
    if found < LEAST_CHARACTERS {
        return Err(Reason::TooShort {
            min: LEAST_CHARACTERS,
            found,
        });
    }
    Ok(text)
}

/// Absent leaves, an empty text goes back to what the browser says.
pub(super) fn preferences(
    mut user: SignedIn,
    zone: &Entry,
    language: &Entry,
    theme: &Entry,
) -> Result<SignedIn, FieldErrors> {
    let mut errors = FieldErrors::new();
    let zone = errors.keep(
        "zone",
        choice(zone, |name| jiff::tz::TimeZone::get(name).is_ok(), &[]),
    );
    let language = errors.keep("language", choice(language, |_| false, &["en", "de"]));
    let theme = errors.keep(
        "theme",
        choice(theme, |_| false, &["system", "light", "dark"]),
    );
    let (zone, (language, theme)) = errors.none_or(zone.zip(language.zip(theme)))?;
    user.zone = zone.unwrap_or(user.zone);
    user.language = language.unwrap_or(user.language);
    user.theme = theme.unwrap_or(user.theme);
    Ok(user)
}

/// `None` leaves; `Some(None)` clears.
#[expect(clippy::option_option, reason = "the two are two answers")]
fn choice(
    entry: &Entry,
    also: impl Fn(&str) -> bool,
    among: &[&str],
) -> Result<Option<Option<String>>, Reason> {
    use app::domain::draft::Change;
    match entry.change()? {
        Change::Leave => Ok(None),
        Change::Clear => Ok(Some(None)),
        Change::Set(text) if among.contains(&text) || also(text) => Ok(Some(Some(text.to_owned()))),
        Change::Set(text) => Err(Reason::not_a_choice(text, among.iter().copied())),
    }
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_in_lower_case_and_refuses_what_is_none() {
        let read = |text: &str| new_email(&Entry::text(text)).ok();
        assert_eq!(
            read(" Ann@Example.COM ").as_deref(),
            Some("ann@example.com")
        );
        assert_eq!(read("ann@localhost").as_deref(), Some("ann@localhost"));
        for bad in [
            "",
            "ann",
            "@x",
            "ann@",
            "a@b@c",
            "a b@c",
            "a@b..c",
            "a\r\nb@c",
            "a@\u{202e}b",
            "<a@b.c>",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_new_account_is_told_everything_at_once() {
        let errors = credentials(&Entry::text("ann"), &Entry::text("short")).unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .map(|(field, reason)| (field, reason.code()))
            .collect();
        assert_eq!(
            found,
            [("email", "not_an_email"), ("password", "too_short")]
        );
    }

    #[test]
    fn a_password_keeps_its_blanks() {
        assert_eq!(
            new_password(&Entry::text(" spaces at ends ")).unwrap(),
            " spaces at ends "
        );
        assert!(new_password(&Entry::text("x".repeat(257))).is_err());
    }
}
