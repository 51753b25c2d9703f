//! What a caller hears who waits for somebody, at the real binary: SIPp is who lets it ring.

use serde_json::json;

use crate::engine_bot::Scene;
use crate::media_phone::loudest;
use crate::sip_carrier::{Carrier, Script, free};

/// What the caller hears while it rings at the destination, loudest of two tones: of the melody's first notes, and
/// of ringing.
async fn waits(music: &str) -> Option<(f64, f64)> {
    let desk = free();
    // A greeting that is over before anything is measured.
    let change = json!({ "hold_music": music, "first_message": "Hi.", "silence_seconds": 60 });
    let scene = Scene::with(&json!({ "type": "builtin" }), &change).await;
    let there = scene.may_hand_on_to(desk).await;
    let play = Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .waits(4_000)
        .says("486 Busy Here")
        .hears("ACK");
    let sales = Carrier::at(desk, &play).await?;
    let mut caller = scene.is_called().await;
    caller.sound.listens(2_000).await;
    scene.hands_on_to(&there).await;
    scene.happens("hand_on_rings").await;
    let heard = caller.sound.listens(2_400).await;
    sales.plays_to_its_end().await;
    caller.line.hang_up().await;
    Some((loudest(&heard, 261.63), loudest(&heard, 480.0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_music_where_the_agent_says_so_and_ringing_elsewhere() {
    let Some((melody, ringing)) = waits("melody").await else {
        return;
    };
    assert!(
        melody > 500.0 && melody > 3.0 * ringing,
        "{melody} {ringing}"
    );
    let (melody, ringing) = waits("none").await.unwrap();
    assert!(ringing > 3.0 * melody, "{melody} {ringing}");
}
