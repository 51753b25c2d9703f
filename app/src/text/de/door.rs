//! The doors and the account, in German.

use crate::text::{AccountText, Door};

pub(super) const DOOR: Door = Door {
    set_up_title: "Patchbay einrichten",
    set_up_why: "Lege die erste Person mit Verwaltungsrechten an. Dieser Link gilt einmal.",
    link_missing: "Diese Seite braucht den Link, den Patchbay beim Start ausgegeben hat. Mit patchbay setup-link entsteht ein neuer.",
    email: "E-Mail",
    email_help: "Damit meldest du dich an.",
    password: "Passwort",
    password_help: "Mindestens 12 Zeichen.",
    create_admin: "Konto anlegen",
    sign_in_title: "Anmelden",
    sign_in: "Anmelden",
    forgot: "Vergessen? Wer den Server betreibt, kann eingeben:",
    wrong: "E-Mail oder Passwort stimmt nicht.",
    form_waits: "Melde dich noch einmal an; dein Formular ist aufgehoben und kommt so zurück, wie es war.",
    session_title: "Deine Sitzung",
    session_soon: "Bist du noch da? In zwei Minuten wirst du abgemeldet.",
    session_last: "In zwei Minuten wirst du abgemeldet, weil deine Anmeldung Tage her ist. Speichere deine Arbeit und melde dich dann neu an.",
    session_over: "Du bist abgemeldet. Was du eingegeben hast, ist noch da: Melde dich an und speichere dann.",
    session_stay: "Angemeldet bleiben",
};

pub(super) const ACCOUNT: AccountText = AccountText {
    title: "Konto",
    preferences: "Einstellungen",
    password: "Passwort",
    password_help: "Ein neues Passwort beendet alle anderen Sitzungen.",
    sessions: "Sitzungen",
    sessions_help: "Beendet diese und alle anderen Sitzungen dieses Kontos.",
    sign_out: "Abmelden",
    sign_out_everywhere: "Überall abmelden",
    theme: "Farben",
    theme_system: "Wie am Rechner eingestellt",
    theme_light: "Hell",
    theme_dark: "Dunkel",
    zone: "Zeitzone",
    language: "Sprache",
    language_browser: "Wie im Browser eingestellt",
    old_password: "Jetziges Passwort",
    new_password: "Neues Passwort",
    change_password: "Passwort ändern",
    zone_help: |zone| format!("Etwa Europe/Berlin. Zeiten werden jetzt in {zone} angezeigt."),
};
