//! The clipboard. Plain http beyond this computer has none: then the old command, then
//! a selection the reader copies by hand.

use std::time::Duration;

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

use super::post::post;
use crate::ui::copy::Copied;

/// Puts a text into the clipboard and shows how that went.
pub(crate) fn copy_text(text: String, state: RwSignal<Copied>) {
    spawn_local(async move {
        let written = match write_text(&text) {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => copy_the_old_way(&text),
        };
        show(written, state);
    });
}

/// Fetches a secret to show it.
pub(crate) fn fetch_secret(
    function: String,
    asked: String,
    secret: RwSignal<Option<String>>,
    failed: RwSignal<bool>,
) {
    spawn_local(async move {
        match post::<String>(&function, asked).await {
            Ok(value) => secret.set(Some(value)),
            Err(_) => failed.set(true),
        }
    });
}

/// Copies a secret, within `whole` in place of `{}`, without showing it. The clipboard is promised the text at once, so
/// that the click still counts when the answer has come.
pub(crate) fn copy_secret(
    function: String,
    asked: String,
    whole: String,
    secret: RwSignal<Option<String>>,
    failed: RwSignal<bool>,
    state: RwSignal<Copied>,
) {
    if let Some(value) = secret.get_untracked() {
        copy_text(whole.replace("{}", &value), state);
        return;
    }
    let promised = {
        let (function, asked, whole) = (function.clone(), asked.clone(), whole.clone());
        move || {
            future_to_promise(async move {
                let value = post::<String>(&function, asked)
                    .await
                    .map_err(|_| JsValue::NULL)?;
                blob(&whole.replace("{}", &value)).ok_or(JsValue::NULL)
            })
        }
    };
    spawn_local(async move {
        if let Some(promise) = write_promised(promised)
            && JsFuture::from(promise).await.is_ok()
        {
            show(true, state);
            return;
        }
        match post::<String>(&function, asked).await {
            Ok(value) => {
                let text = whole.replace("{}", &value);
                if write_text(&text).is_none() && !copy_the_old_way(&text) {
                    secret.set(Some(value));
                    show(false, state);
                } else {
                    copy_text(text, state);
                }
            }
            Err(_) => failed.set(true),
        }
    });
}

fn show(written: bool, state: RwSignal<Copied>) {
    state.set(if written {
        Copied::Done
    } else {
        Copied::ByHand
    });
    set_timeout(
        move || state.set(Copied::NotYet),
        Duration::from_secs(if written { 2 } else { 8 }),
    );
}

/// `navigator.clipboard`, where there is one.
fn clipboard() -> Option<JsValue> {
    let navigator = Reflect::get(&window(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"clipboard".into())
        .ok()
        .filter(JsValue::is_object)
}

fn call(on: &JsValue, method: &str, argument: &JsValue) -> Option<JsValue> {
    let method: Function = Reflect::get(on, &method.into()).ok()?.dyn_into().ok()?;
    method.call1(on, argument).ok()
}

fn write_text(text: &str) -> Option<Promise> {
    call(&clipboard()?, "writeText", &text.into())?
        .dyn_into()
        .ok()
}

fn construct(class: &str, arguments: &Array) -> Option<JsValue> {
    let class: Function = Reflect::get(&window(), &class.into())
        .ok()?
        .dyn_into()
        .ok()?;
    Reflect::construct(&class, arguments).ok()
}

fn blob(text: &str) -> Option<JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"text/plain".into()).ok()?;
    construct("Blob", &Array::of2(&Array::of1(&text.into()), &options))
}

fn write_promised(promise: impl FnOnce() -> Promise) -> Option<Promise> {
    let clipboard = clipboard()?;
    Reflect::get(&window(), &"ClipboardItem".into())
        .ok()
        .filter(JsValue::is_function)?;
    let parts = Object::new();
    Reflect::set(&parts, &"text/plain".into(), &promise()).ok()?;
    let item = construct("ClipboardItem", &Array::of1(&parts))?;
    call(&clipboard, "write", &Array::of1(&item))?
        .dyn_into()
        .ok()
}

/// `execCommand` needs something selected that it may copy.
fn copy_the_old_way(text: &str) -> bool {
    let copied = || {
        let page = document();
        let area: web_sys::HtmlTextAreaElement =
            page.create_element("textarea").ok()?.dyn_into().ok()?;
        area.set_value(text);
        area.set_class_name("sr-only");
        let body = page.body()?;
        body.append_child(&area).ok()?;
        area.select();
        let done = call(&page, "execCommand", &"copy".into())?.as_bool();
        area.remove();
        done
    };
    copied().unwrap_or(false)
}
