//! The doors and the account.

use crate::text::{AccountText, Door};

pub(super) const DOOR: Door = Door {
    set_up_title: "Set up Patchbay",
    set_up_why: "Make the first administrator. This link works once.",
    link_missing: "This page needs the link that Patchbay printed when it started. Run patchbay setup-link for a new one.",
    email: "E-mail",
    email_help: "You sign in with it.",
    password: "Password",
    password_help: "At least 12 characters.",
    create_admin: "Create administrator",
    sign_in_title: "Sign in",
    sign_in: "Sign in",
    forgot: "Forgot it? Whoever runs the server can enter",
    wrong: "The e-mail or password is not right.",
    form_waits: "Sign in again; your form is kept and comes back as it was.",
    session_title: "Your session",
    session_soon: "Are you still there? You are signed out in two minutes.",
    session_last: "You are signed out in two minutes, because you signed in days ago. Save your work, then sign in again.",
    session_over: "You are signed out. What you have typed is still here: sign in, then save.",
    session_stay: "Stay signed in",
};

pub(super) const ACCOUNT: AccountText = AccountText {
    title: "Account",
    preferences: "Preferences",
    password: "Password",
    password_help: "A new password ends every other session.",
    sessions: "Sessions",
    sessions_help: "Ends this session and every other one of this account.",
    sign_out: "Sign out",
    sign_out_everywhere: "Sign out everywhere",
    theme: "Theme",
    theme_system: "As the computer is set",
    theme_light: "Light",
    theme_dark: "Dark",
    zone: "Time zone",
    language: "Language",
    language_browser: "As the browser is set",
    old_password: "Password now",
    new_password: "New password",
    change_password: "Change password",
    zone_help: |zone| format!("Such as Europe/Berlin. Times are shown in {zone} now."),
};
