//! Palette, search and shortcuts.

use crate::text::KeyText;

pub(super) const KEYS: KeyText = KeyText {
    title: "Keyboard shortcuts",
    search: "Search",
    palette: "Go to anything",
    palette_label: "Page, agent, number or caller",
    found: "Found",
    nothing_found: "Nothing matches.",
    page: "Page",
    call: "Call",
    submit: "Send the form in focus",
    close: "Close what is on top",
    list: "This list",
    filter: "To the page's filter",
    next_previous: "Next, previous row",
    open: "Open the row",
    play: "Play or pause, in the player",
    five_seconds: "Five seconds back or on, in the player",
    off_in_account: "Single keys do nothing while you type, and can be switched off under Account.",
    close_button: "Close",
    search_refused: |digits| format!("Search refused calls for {digits}"),
    search_calls: |digits| format!("Search the Inbox for {digits}"),
    search_numbers: |part| format!("Search all numbers for {part}"),
    shortcuts: "Single-key shortcuts",
    shortcuts_help: "Such as g then i for the Inbox. Press ? for the list.",
};
