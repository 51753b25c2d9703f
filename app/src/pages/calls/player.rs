//! The recording: the browser's own player, and below it a drawing of both sides with a
//! slider over it. The drawing is decoration; every place can be reached by keys.

use std::fmt::Write as _;

use leptos::prelude::*;

use crate::domain::waveform::Waveform;
use crate::text::text;
use crate::ui::reader::position;

/// Half the height of the drawing: the agent above the line, the caller below.
const HALF: u32 = 32;
/// From one bar to the next.
const STEP: usize = 4;

pub(super) fn player(address: String, wave: Option<Waveform>) -> impl IntoView {
    let say = &text().calls;
    let drawing = wave.map(drawing);
    view! {
        <div class="player">
            <audio controls=true preload="metadata" src=address.clone() aria-label=say.player id="recording"></audio>
            {drawing}
            <a href=address download="" class="button button-link">{say.download}</a>
        </div>
    }
}

fn drawing(wave: Waveform) -> impl IntoView {
    let say = &text().calls;
    let width = wave.agent.len() * STEP;
    let frame = format!("0 0 {width} {}", HALF * 2);
    let (agent, caller) = (bars(&wave.agent, true), bars(&wave.caller, false));
    let seconds = wave.duration_ms.div_ceil(1000).max(1).to_string();
    let whole = position(wave.duration_ms.into());
    let spoken = format!("0:00 / {whole}");
    view! {
        <div class="waveform needs-script">
            <svg viewBox=frame preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="wave-agent" d=agent></path>
                <path class="wave-caller" d=caller></path>
                <path class="wave-place" d=format!("M0 0V{}", HALF * 2) data-width=width.to_string()></path>
            </svg>
            <input type="range" min="0" max=seconds step="1" value="0" aria-label=say.position aria-valuetext=spoken data-seeks="recording" data-whole=whole/>
        </div>
    }
}

/// One stroke a moment, from the middle outwards.
fn bars(peaks: &[u8], upwards: bool) -> String {
    peaks
        .iter()
        .enumerate()
        .fold(String::new(), |mut path, (at, peak)| {
            let length = (u32::from(*peak) * (HALF - 2)).div_ceil(255).max(1);
            let end = if upwards {
                HALF - length
            } else {
                HALF + length
            };
            let x = at * STEP + STEP / 2;
            let _ = write!(path, "M{x} {HALF}V{end}");
            path
        })
}
