//! Calls that end without a goodbye, at the real binary: the server dies, or the caller's audio does.

use std::io::Cursor;
use std::time::Duration;

use serde_json::Value;

use crate::binary::Installation;
use crate::ops::{call, furnish};

/// The newest call, as soon as it is as wanted.
pub(crate) async fn newest(house: &Installation, key: &str, field: &str, wanted: &str) -> Value {
    let mut calls = Value::Null;
    for _ in 0..200 {
        calls = house.get(key, "/api/phone/calls").await;
        let newest = &calls["items"][0];
        if newest[field] == wanted {
            return newest.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{field} is not {wanted}: {calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_before_kill_nine_can_be_heard() {
    let mut house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, true).await;
    let _phone = call(&house, &access).await;
    newest(&house, &key, "recording", "running").await;
    // What is heard of it is told by the clock alone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    house.kill_nine();
    house.start_again().await;

    let row = newest(&house, &key, "recording", "kept").await;
    assert_eq!(row["reason"], "interrupted");
    let path = format!("/api/phone/calls/{}/recording", row["id"].as_str().unwrap());
    let heard = reqwest::Client::new()
        .get(format!("{}{path}", house.origin()))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(heard.status(), 200);
    let bytes = heard.bytes().await.unwrap();
    let mut wav = hound::WavReader::new(Cursor::new(bytes)).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8_000));
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    assert!(samples.len() > 8_000, "{} samples", samples.len());
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest > Some(1_000), "the greeting is not on it");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_audio_stays_away_is_hung_up_on() {
    let house = Installation::serve_with(&[("PATCHBAY_MEDIA__TIMEOUT_S", "1")]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let phone = call(&house, &access).await;
    phone.is_hung_up().await;
    let row = newest(&house, &key, "state", "ended").await;
    assert_eq!(row["reason"], "media_timeout", "{row}");
}
