//! Palette, search and shortcuts, in German.

use crate::text::KeyText;

pub(super) const KEYS: KeyText = KeyText {
    title: "Tastenkürzel",
    search: "Suche",
    palette: "Überallhin springen",
    palette_label: "Seite, Agent, Nummer oder Anrufer",
    found: "Gefunden",
    nothing_found: "Nichts passt.",
    page: "Seite",
    call: "Anruf",
    submit: "Das Formular im Fokus absenden",
    close: "Schließen, was oben liegt",
    list: "Diese Liste",
    filter: "Zum Filter der Seite",
    next_previous: "Nächste, vorige Zeile",
    open: "Die Zeile öffnen",
    play: "Abspielen oder anhalten, im Spieler",
    five_seconds: "Fünf Sekunden zurück oder vor, im Spieler",
    off_in_account: "Einzelne Tasten tun nichts, während du schreibst, und lassen sich unter Konto abschalten.",
    close_button: "Schließen",
    search_refused: |digits| format!("Abgewiesene Anrufe nach {digits} durchsuchen"),
    search_calls: |digits| format!("Den Eingang nach {digits} durchsuchen"),
    search_numbers: |part| format!("Alle Nummern nach {part} durchsuchen"),
    shortcuts: "Kürzel mit einer Taste",
    shortcuts_help: "Etwa g, dann i für den Eingang. ? zeigt die Liste.",
};
