//! The slider over the drawing of a recording: follows the player, and moves it. Arrows go
//! five seconds, the space bar plays and pauses; the line being said is marked.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, HtmlMediaElement, KeyboardEvent};

use super::forms::{all, listen, target};
use crate::ui::reader::position;

const FIVE_SECONDS: f64 = 5.0;

/// Looks after the player of this page, if it has one.
pub(crate) fn attend_player() {
    let Some(audio) = player() else { return };
    let followed = wasm_bindgen::closure::Closure::<dyn Fn(Event)>::new(move |_| follow());
    for event in ["timeupdate", "seeked"] {
        let _ = audio.add_event_listener_with_callback(event, followed.as_ref().unchecked_ref());
    }
    followed.forget();
    listen("input", |event| {
        if let Some(slider) = target::<HtmlInputElement>(&event).filter(is_slider)
            && let Some(audio) = player()
        {
            audio.set_current_time(slider.value_as_number());
        }
    });
    listen("keydown", on_key);
}

fn player() -> Option<HtmlMediaElement> {
    document().get_element_by_id("recording")?.dyn_into().ok()
}

fn is_slider(input: &HtmlInputElement) -> bool {
    input.has_attribute("data-seeks")
}

fn on_key(event: Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
        return;
    };
    let on_slider = target::<HtmlInputElement>(&event).is_some_and(|input| is_slider(&input));
    let Some(audio) = player().filter(|_| on_slider) else {
        return;
    };
    match key.key().as_str() {
        "ArrowLeft" | "ArrowDown" => {
            audio.set_current_time((audio.current_time() - FIVE_SECONDS).max(0.0));
        }
        "ArrowRight" | "ArrowUp" => audio.set_current_time(audio.current_time() + FIVE_SECONDS),
        " " if audio.paused() => drop(audio.play()),
        " " => drop(audio.pause()),
        _ => return,
    }
    event.prevent_default();
}

/// Slider, place in the drawing, and the line being said.
fn follow() {
    let Some(audio) = player() else { return };
    let now = audio.current_time();
    for slider in all("[data-seeks]") {
        let whole = slider.get_attribute("data-whole").unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a recording is no 292 million years long"
        )]
        let said = format!("{} / {whole}", position((now * 1000.0) as i64));
        let _ = slider.set_attribute("aria-valuetext", &said);
        if let Some(slider) = slider.dyn_ref::<HtmlInputElement>() {
            slider.set_value_as_number(now.floor());
        }
    }
    for place in all(".wave-place") {
        let number = |name: &str| place.get_attribute(name)?.parse::<f64>().ok();
        if let Some(width) = number("data-width")
            && audio.duration() > 0.0
        {
            let x = width * now / audio.duration();
            let _ = place.set_attribute("transform", &format!("translate({x:.1})"));
        }
    }
    mark(now);
}

fn mark(now: f64) {
    let begins = |line: &Element| line.get_attribute("data-plays")?.parse::<f64>().ok();
    let lines = all("[data-plays]");
    let current = lines
        .iter()
        .rposition(|line| begins(line).is_some_and(|at| at <= now));
    for (at, line) in lines.iter().enumerate() {
        let _ = if Some(at) == current {
            line.set_attribute("aria-current", "true")
        } else {
            line.remove_attribute("aria-current")
        };
    }
}
