//! What the headers of the real server's pages forbid a browser.

use reqwest::Response;

use super::{EMAIL, PASSWORD, with_ann};
use crate::browser::Browser;

/// A page's nonce, which its policy and each of its scripts has.
async fn nonce_of(page: Response) -> String {
    let headers = page.headers().clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    let policy = header("content-security-policy").to_owned();
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        (
            "permissions-policy",
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(header(name), value, "{name}");
    }
    let page = page.text().await.unwrap();
    let nonces: Vec<_> = page.split("<script").skip(1).map(nonce_in).collect();
    let nonce = nonces[0].to_owned();
    assert!(nonce.len() >= 16, "{nonce}");
    assert!(nonces.iter().all(|one| *one == nonce), "{nonces:?}");
    let expected = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(policy, expected);
    nonce
}

fn nonce_in(script: &str) -> &str {
    let tag = script.split('>').next().unwrap();
    let after = tag.split("nonce=\"").nth(1);
    after
        .and_then(|after| after.split('"').next())
        .unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_narrow_what_a_browser_may_do_with_them() {
    let mut house = with_ann().await;
    let browser = Browser::at(&house);
    let get = async |path: &str| {
        let url = format!("{}{path}", browser.origin);
        browser.client.get(url).send().await.unwrap()
    };
    let stranger = get("/").await;
    assert_eq!(stranger.status(), 303);
    let policy = stranger.headers()["content-security-policy"].to_str();
    assert_eq!(
        policy.unwrap(),
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    );
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let door = get("/sign-in").await;
        assert_eq!(door.status(), 200);
        nonces.push(nonce_of(door).await);
    }
    browser.sign_in(EMAIL, PASSWORD).await;
    for _ in 0..2 {
        let page = get("/").await;
        assert_eq!(page.status(), 200);
        assert!(!page.headers().contains_key("strict-transport-security"));
        nonces.push(nonce_of(page).await);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "each answer has its own: {nonces:?}");
    house.end().await;
}
