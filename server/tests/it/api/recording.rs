//! A call's audio, kept in the open or sealed: who asks for it can't tell which.

use std::collections::BTreeMap;

use app::domain::call::{CallEnd, CallState, EndReason, RecordingState};
use app::error::Scope;
use serde_json::Value;
use server::store;
use server::vault::Sealer;

use crate::samples;
use crate::world::{Answer, Script, World};

/// A tenth of a second, so that both are one file in one piece.
const SAMPLES: u32 = 1_600;
const PAST: &str = "Sat, 01 Jan 2000 00:00:00 GMT";
const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

/// A recorded call, and where its audio is to lie.
async fn a_call(world: &World, n: u128) -> (String, std::path::PathBuf) {
    let mut call = samples::call(n, samples::NOW - 60_000);
    call.state = CallState::Ended;
    call.end = Some(CallEnd::because(EndReason::CallerHungUp));
    call.ended_at = Some(samples::NOW);
    call.recording = RecordingState::Kept;
    let mut tx = world.db.begin().await.unwrap();
    store::calls::save(&mut tx, &call, &samples::papers())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let file = world.house.desk.recording_path(call.id);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    (format!("/api/phone/calls/{}/recording", call.id), file)
}

/// The same sound twice: where the plain one and the sealed one are asked for.
async fn plain_and_sealed(world: &World) -> [String; 2] {
    let sound: Vec<i16> = (0..SAMPLES).map(|n| (n % 251) as i16 * 97).collect();
    let (plain, file) = a_call(world, 1).await;
    let form = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, form).unwrap();
    for sample in &sound {
        wav.write_sample(*sample).unwrap();
    }
    wav.finalize().unwrap();
    let (sealed, file) = a_call(world, 2).await;
    let made = std::fs::File::create(&file).unwrap();
    let mut sealer = Sealer::begin(made, &file, &world.db.vault_key()).unwrap();
    sealer.write(&sound).unwrap();
    [plain, sealed]
}

/// Status and headers, but for those that no two answers have in common.
fn heading(answer: &Answer) -> (u16, BTreeMap<&str, &str>) {
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let alike = headers.filter(|(name, _)| {
        !["content-disposition", "x-request-id"].contains(name) && !name.starts_with("ratelimit")
    });
    (answer.status.as_u16(), alike.collect())
}

#[tokio::test]
async fn a_plain_and_a_sealed_recording_are_answered_alike() {
    let world = World::new().await;
    let [plain, sealed] = plain_and_sealed(&world).await;
    let api = world.script(&[Scope::CallsRead]).await;
    let document: Value = world.stranger().get("/api/openapi.json").await.ok();
    let said = &document["paths"]["/api/phone/calls/{id}/recording"]["get"]["responses"];
    let part = ("range", "bytes=44-143");
    for (headers, status, length) in [
        (vec![], 200_u16, 3_244),
        (vec![part], 206, 100),
        (vec![("range", "bytes=3000-")], 206, 244),
        (vec![("range", "bytes=-100")], 206, 100),
        (vec![("range", "bytes=3244-")], 416, 0),
        (vec![("range", "bytes=0-1,5-6")], 200, 3_244),
        (vec![("range", "lines=1-2")], 200, 3_244),
        (vec![("if-modified-since", FUTURE)], 200, 3_244),
        (vec![("if-unmodified-since", PAST)], 200, 3_244),
        (vec![("if-none-match", "*")], 200, 3_244),
        (vec![("if-match", "\"1\"")], 200, 3_244),
        (vec![part, ("if-unmodified-since", PAST)], 206, 100),
        (vec![part, ("if-range", FUTURE)], 200, 3_244),
        (vec![part, ("if-range", "\"1\"")], 200, 3_244),
    ] {
        let asking = headers.iter().fold(api.with("accept", "*/*"), with);
        let (one, other) = (asking.get(&plain).await, asking.get(&sealed).await);
        assert_eq!(heading(&one), heading(&other), "{headers:?}");
        assert!(one.text == other.text, "another sound: {headers:?}");
        assert_eq!(one.status, status, "{headers:?}");
        assert!(said[one.status.as_str()].is_object(), "{status}");
        assert_eq!(one.header("content-length"), length.to_string());
        for validator in ["last-modified", "etag"] {
            assert_eq!(one.header(validator), "", "{headers:?}");
        }
        for path in [&plain, &sealed] {
            let head = asking.send("HEAD", path, None).await;
            assert_eq!((heading(&head), ""), (heading(&one), &*head.text));
        }
    }
}

fn with<'a>(script: Script<'a>, header: &(&'static str, &'static str)) -> Script<'a> {
    script.with(header.0, header.1)
}
