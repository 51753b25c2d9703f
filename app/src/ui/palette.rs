//! The command palette and the list of shortcuts: two dialogs in every page, opened by
//! keys. Without JavaScript the palette is the page `/search`.

use leptos::prelude::*;

use crate::text::text;

/// Keys and what they do, as the list shows them.
pub fn shortcuts() -> Vec<(&'static str, &'static str)> {
    let (say, frame) = (&text().keys, &text().frame);
    vec![
        ("Ctrl K", say.palette),
        ("Ctrl Enter", say.submit),
        ("Esc", say.close),
        ("?", say.list),
        ("/", say.filter),
        ("j, k", say.next_previous),
        ("Enter", say.open),
        ("g o", frame.overview),
        ("g i", frame.inbox),
        ("g a", frame.agents),
        ("g n", frame.numbers),
        ("g s", frame.sip),
        ("g t", frame.help),
        ("Space", say.play),
        ("← →", say.five_seconds),
    ]
}

/// Both dialogs, closed.
#[component]
pub fn Dialogs() -> impl IntoView {
    let say = &text().keys;
    let rows = shortcuts()
        .into_iter()
        .map(|(keys, does)| {
            let keys = keys
                .split(' ')
                .map(|key| view! { <kbd>{key}</kbd>" " })
                .collect_view();
            view! { <div><dt>{keys}</dt><dd>{does}</dd></div> }
        })
        .collect_view();
    view! {
        <dialog id="palette" class="dialog palette" aria-label=say.palette>
            <form method="get" action="/search" data-palette="">
                <label class="sr-only" for="palette-input">{say.palette_label}</label>
                <input id="palette-input" name="q" type="text" class="input" placeholder=say.palette_label autocomplete="off" spellcheck="false"
                    role="combobox" aria-expanded="false" aria-controls="palette-list" aria-autocomplete="list"/>
            </form>
            <ul id="palette-list" role="listbox" aria-label=say.found></ul>
            <p class="muted small" role="status" id="palette-status" data-none=say.nothing_found></p>
        </dialog>
        <dialog id="shortcuts" class="dialog" aria-labelledby="shortcuts-title">
            <h2 id="shortcuts-title">{say.title}</h2>
            <dl class="keys">{rows}</dl>
            <p class="muted small">{say.off_in_account}</p>
            <form method="dialog"><button type="submit" class="button">{say.close_button}</button></form>
        </dialog>
    }
}
