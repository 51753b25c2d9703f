//! Recordings that lie on disk sealed, at the real binary: heard through the API, whole and in parts, and by
//! nobody who has the disk alone.

use serde_json::Value;
use server::media::codec::Codec;
use server::media::tone::tone;

use crate::binary::Installation;
use crate::browser::Browser;
use crate::media_phone::{Caller, strength};
use crate::ops::{call_with, furnish};

const SEALED: (&str, &str) = ("PATCHBAY_MEDIA__ENCRYPT_RECORDINGS", "true");
const PLAIN: (&str, &str) = ("PATCHBAY_MEDIA__ENCRYPT_RECORDINGS", "false");

/// A caller who says 440 Hz for two seconds; the call when it is over.
async fn talks(house: &Installation, key: &str, access: &(String, String)) -> Value {
    let mut sound = Caller::with(([127, 0, 0, 1], 9).into(), Codec::Pcmu, 101).await;
    let line = call_with(house, access, &sound.offer()).await;
    sound.to = line.audio();
    sound.speaks(&tone(440.0, 2_000, 8_000)).await;
    line.hang_up().await;
    for _ in 0..200 {
        let calls = house.get(key, "/api/phone/calls").await;
        let newest = &calls["items"][0];
        if newest["state"] == "ended" && newest["recording"] == "kept" {
            return newest.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!(
        "nothing is kept: {}",
        house.get(key, "/api/phone/calls").await
    );
}

fn file(house: &Installation, call: &Value) -> std::path::PathBuf {
    house.data(&format!("recordings/{}.wav", call["id"].as_str().unwrap()))
}

async fn asks(
    house: &Installation,
    key: &str,
    call: &Value,
    range: Option<&str>,
) -> reqwest::Response {
    let path = format!(
        "/api/phone/calls/{}/recording",
        call["id"].as_str().unwrap()
    );
    let request = reqwest::Client::new()
        .get(format!("{}{path}", house.origin()))
        .bearer_auth(key);
    let request = match range {
        Some(range) => request.header("range", range),
        None => request,
    };
    request.send().await.unwrap()
}

/// The recording as the API gives it: WAV, in which the caller is heard on the left.
async fn is_heard(house: &Installation, key: &str, call: &Value) -> Vec<u8> {
    let answer = asks(house, key, call, None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "audio/wav");
    assert_eq!(answer.headers()["accept-ranges"], "bytes");
    let length: usize = answer.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let whole = answer.bytes().await.unwrap().to_vec();
    assert_eq!(whole.len(), length);
    let reader = hound::WavReader::new(std::io::Cursor::new(&whole)).unwrap();
    let left: Vec<i16> = reader
        .into_samples()
        .step_by(2)
        .map(Result::unwrap)
        .collect();
    let middle = &left[left.len() / 2..left.len() / 2 + 1_600];
    assert!(strength(middle, 440.0) > 6_500.0, "the caller is not in it");
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_recording_is_noise_on_disk_and_a_wav_by_the_api() {
    let mut house = Installation::serve_with(&[SEALED]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, true).await;
    let sealed = talks(&house, &key, &access).await;
    let whole = is_heard(&house, &key, &sealed).await;
    let disk = std::fs::read(file(&house, &sealed)).unwrap();
    assert!(
        !disk
            .windows(4)
            .any(|part| part == b"RIFF" || part == b"WAVE")
    );
    let sound = &whole[20_000..20_016];
    assert!(
        !disk.windows(16).any(|part| part == sound),
        "it lies there in the open"
    );

    for (range, from, to) in [
        ("bytes=0-3", 0, 4),
        ("bytes=16000-16999", 16_000, 17_000),
        ("bytes=20000-", 20_000, whole.len()),
        ("bytes=-500", whole.len() - 500, whole.len()),
    ] {
        let answer = asks(&house, &key, &sealed, Some(range)).await;
        assert_eq!(answer.status(), 206, "{range}");
        let told = format!("bytes {from}-{}/{}", to - 1, whole.len());
        assert_eq!(answer.headers()["content-range"], told.as_str());
        assert!(answer.bytes().await.unwrap() == whole[from..to], "{range}");
    }
    let beyond = asks(&house, &key, &sealed, Some("bytes=9999999-")).await;
    assert_eq!(beyond.status(), 416);
    let path = format!(
        "/api/chat/sessions/{}/history",
        sealed["id"].as_str().unwrap()
    );
    let history = house.get(&key, &path).await.to_string();
    assert!(
        history.contains(&format!("\"size\":{}", whole.len())),
        "{history}"
    );
    let drawn = house
        .get(
            &key,
            &format!("/fn/get_waveform?id={}", sealed["id"].as_str().unwrap()),
        )
        .await;
    assert!(drawn["duration_ms"].as_u64().unwrap() > 1_500, "{drawn}");

    // Switched off, the next one is plain, and both are played.
    house.end().await;
    house.set(PLAIN);
    house.start_again().await;
    let plain = talks(&house, &key, &access).await;
    assert!(
        std::fs::read(file(&house, &plain))
            .unwrap()
            .starts_with(b"RIFF")
    );
    is_heard(&house, &key, &plain).await;
    assert_eq!(is_heard(&house, &key, &sealed).await, whole);

    // One that was sealed for another call, or with another key, does not open, and it is said why.
    std::fs::copy(file(&house, &sealed), file(&house, &plain)).unwrap();
    let refused = asks(&house, &key, &plain, None).await;
    assert_eq!(refused.status(), 409);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "recording_sealed", "{body}");
    assert!(
        body["message"].to_string().contains("data.key_file"),
        "{body}"
    );
    std::fs::remove_file(file(&house, &plain)).unwrap();
    let missing = asks(&house, &key, &plain, None).await;
    assert_eq!(missing.status(), 404);
}

/// A call that ends before there was a frame to keep, with recording on.
async fn hangs_up_at_once(house: &Installation, key: &str, access: &(String, String)) -> Value {
    let sound = Caller::with(([127, 0, 0, 1], 9).into(), Codec::Pcmu, 101).await;
    for _ in 0..20 {
        call_with(house, access, &sound.offer())
            .await
            .hang_up()
            .await;
        for _ in 0..200 {
            let calls = house.get(key, "/api/phone/calls").await;
            let newest = calls["items"][0].clone();
            if newest["state"] == "ended" && newest["recording"] == "none" {
                return newest;
            }
            if newest["state"] == "ended" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    panic!("each of twenty calls was long enough to be recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_too_short_to_record_leaves_no_file_and_says_so() {
    let house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, true).await;
    let call = hangs_up_at_once(&house, &key, &access).await;
    assert!(!file(&house, &call).exists(), "a file that no row names");
    let page = Browser::reads_call(&house, call["id"].as_str().unwrap()).await;
    assert!(
        page.contains("ended before there was anything to record"),
        "{page}"
    );
}
