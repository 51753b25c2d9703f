//! The messages as a picture: two lines, an arrow for each message. Decoration beside the
//! table, which says the same in words.

use leptos::prelude::*;

use crate::domain::call::SipMessageRecord;
use crate::text::text;

const WIDTH: u32 = 340;
const LEFT: u32 = 30;
const RIGHT: u32 = WIDTH - 30;
const TOP: u32 = 34;
const STEP: u32 = 30;
/// A picture of more would help nobody.
const MOST: usize = 60;

pub(super) fn picture(messages: &[SipMessageRecord]) -> Option<impl IntoView + use<>> {
    let say = &text().calls;
    let shown = messages.get(..MOST).unwrap_or(messages);
    if shown.is_empty() {
        return None;
    }
    let began = shown.first().map_or(0, |message| message.at);
    let height = TOP + STEP * u32::try_from(shown.len()).unwrap_or(0) + 10;
    let arrows = shown
        .iter()
        .zip(1_u32..)
        .map(|(message, row)| arrow(message, TOP + STEP * row, began))
        .collect_view();
    let bottom = height - 4;
    let frame = format!("0 0 {WIDTH} {height}");
    Some(view! {
        <svg class="ladder" viewBox=frame width=WIDTH.to_string() height=height.to_string() aria-hidden="true" focusable="false">
            <text x=LEFT.to_string() y="16" class="ladder-side">{say.carrier_side}</text>
            <text x=RIGHT.to_string() y="16" class="ladder-side" text-anchor="end">{say.our_side}</text>
            <path class="ladder-line" d=format!("M{LEFT} 24V{bottom}M{RIGHT} 24V{bottom}")></path>
            {arrows}
        </svg>
    })
}

fn arrow(message: &SipMessageRecord, y: u32, began: i64) -> impl IntoView + use<> {
    let (from, to, head) = if message.sent {
        (
            RIGHT,
            LEFT,
            format!("M{} {}L{LEFT} {y}L{} {}", LEFT + 7, y - 4, LEFT + 7, y + 4),
        )
    } else {
        (
            LEFT,
            RIGHT,
            format!(
                "M{} {}L{RIGHT} {y}L{} {}",
                RIGHT - 7,
                y - 4,
                RIGHT - 7,
                y + 4
            ),
        )
    };
    let class = if is_refusal(&message.summary) {
        "ladder-arrow ladder-bad"
    } else {
        "ladder-arrow"
    };
    let after = message.at - began;
    let words = format!("{} · +{after} ms", short(&message.summary));
    let middle = u32::midpoint(LEFT, RIGHT);
    view! {
        <g class=class>
            <path d=format!("M{from} {y}H{to}{head}")></path>
            <text x=middle.to_string() y=(y - 6).to_string() text-anchor="middle">{words}</text>
        </g>
    }
}

/// `INVITE sip:+1…@host` is `INVITE`; `401 Unauthorized (INVITE)` is `401 Unauthorized`.
fn short(summary: &str) -> String {
    let rest = summary.strip_prefix("SIP/2.0 ").unwrap_or(summary);
    let words = if rest.starts_with(|c: char| c.is_ascii_digit()) {
        rest.split(" (").next()
    } else {
        rest.split(' ').next()
    };
    words.unwrap_or_default().chars().take(28).collect()
}

fn is_refusal(summary: &str) -> bool {
    let rest = summary.strip_prefix("SIP/2.0 ").unwrap_or(summary);
    let status = rest.get(..3).and_then(|status| status.parse::<u16>().ok());
    status.is_some_and(|status| status >= 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_become_a_word_or_two() {
        for (summary, said, refused) in [
            (
                "INVITE sip:+14155550100@sip.example.com SIP/2.0",
                "INVITE",
                false,
            ),
            ("SIP/2.0 401 Unauthorized", "401 Unauthorized", true),
            ("SIP/2.0 200 OK", "200 OK", false),
            ("180 Ringing (INVITE)", "180 Ringing", false),
            ("404 Not Found (INVITE)", "404 Not Found", true),
            ("SIP/2.0 é", "é", false),
            ("", "", false),
        ] {
            assert_eq!(
                (short(summary).as_str(), is_refusal(summary)),
                (said, refused)
            );
        }
    }
}
