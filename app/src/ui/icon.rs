//! The console's few icons, drawn here: 20 × 20, one stroke, decoration only. The word
//! always stands beside them.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its own name")]
pub enum Icon {
    Overview,
    Inbox,
    Agent,
    Number,
    Sip,
    Help,
    Account,
    Menu,
    Check,
    Cross,
    Alert,
    Info,
    Clock,
    Dash,
    Dot,
    Phone,
    Key,
    System,
    Audit,
    Search,
    Hook,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Overview => "M3 3h6v8H3zM11 3h6v5h-6zM11 10h6v7h-6zM3 13h6v4H3z",
            Self::Inbox => "M3 11l2.5-7h9L17 11v5H3zM3 11h4l1 2h4l1-2h4",
            Self::Agent => {
                "M4 11V9a6 6 0 0 1 12 0v2M4 11h2v4H4zM14 11h2v4h-2zM15 15c0 2-2 2.5-4 2.5"
            }
            Self::Number => "M8 3L6 17M14 3l-2 14M4 7.5h13M3 12.5h13",
            Self::Sip => "M3 6h3M10 6h7M3 14h7M14 14h3M8 4v4M12 12v4",
            Self::Help => {
                "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.8 7.7a2.3 2.3 0 1 1 3.3 2.1c-.8.4-1.1.8-1.1 1.7M10 14.2v.1"
            }
            Self::Account => {
                "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.8 17c.6-3 3-4.5 6.2-4.5s5.6 1.5 6.2 4.5"
            }
            Self::Menu => "M3 5.500h14M3 10h14M3 14.500h14",
            Self::Check => "M4 10.500l4 4 8-9",
            Self::Cross => "M5 5l10 10M15 5L5 15",
            Self::Alert => "M10 3l7.5 13.500h-15zM10 8.500v3.500M10 14.300v.1",
            Self::Info => {
                "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9.500v4M10 6.500v.1"
            }
            Self::Key => "M12.500 11a4 4 0 1 0-3.700-2.500L3 14.300V17h2.700v-2h2v-2h1.600z",
            Self::Search => "M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM13 13l4 4",
            Self::Hook => "M10 3v7M6 13a4 4 0 1 0 8 0M14 13l-2 1M10 3a1.500 1.500 0 1 0 0-.1",
            Self::System => "M3 4h14v5H3zM3 11h14v5H3zM6 6.500h.1M6 13.500h.1",
            Self::Audit => "M5 3h7l3 3v11H5zM8 9h4M8 12h4M8 6h1.500",
            Self::Clock => "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 6v4.300l3 1.7",
            Self::Dash => "M5 10h10",
            Self::Dot => "M10 12.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
            Self::Phone => {
                "M4 3.500h3l1.5 4-2 1.500a9 9 0 0 0 4.5 4.500l1.5-2 4 1.500v3c0 .6-.5 1-1 1A12.5 12.5 0 0 1 3 4.500c0-.5.4-1 1-1z"
            }
        }
    }

    /// The drawing, hidden from screen readers.
    pub fn draw(self) -> AnyView {
        view! {
            <svg
                class="icon"
                viewBox="0 0 20 20"
                fill="none"
                stroke="currentColor"
                stroke-width="1.75"
                stroke-linecap="round"
                stroke-linejoin="round"
                aria-hidden="true"
                focusable="false"
            >
                <path d=self.path()></path>
            </svg>
        }
        .into_any()
    }
}
