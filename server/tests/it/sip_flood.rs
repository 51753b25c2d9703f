//! Strangers by the thousand: nothing is kept for them, and genuine calls still pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sip_world::{NUMBER, Phone, SDP, World};

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse().ok())
        .unwrap_or(0);
    pages * 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_strangers_leaves_nothing_behind() {
    // Without limits on the rate, so that the worst reaches the digest, and a quick machine's calls are not too many.
    let world = World::with(|config| {
        for rate in [&mut config.limits.stranger, &mut config.limits.known] {
            rate.burst = u32::MAX;
            rate.per_s = 1_000_000;
        }
    })
    .await;
    let stop = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let flooder = Phone::at(&world, "127.0.0.3").await;
    let flood = {
        let (stop, sent) = (stop.clone(), sent.clone());
        tokio::spawn(async move {
            let invite = flooder
                .request("INVITE", NUMBER, 1)
                .with_body("application/sdp", SDP);
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..8 {
                    let n = sent.fetch_add(1, Ordering::Relaxed);
                    let mut invite = invite.clone();
                    invite.set("Call-ID", format!("flood-{n}"));
                    invite.set(
                        "Via",
                        format!("SIP/2.0/UDP 127.0.0.3:9;branch=z9hG4bKf{n};rport"),
                    );
                    flooder.send(&invite).await;
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = resident_kib();
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < Duration::from_secs(3) {
        let phone = Phone::new(&world).await;
        let answer = phone.call(NUMBER).await;
        phone.send(&phone.inside(&answer, "BYE", 3)).await;
        phone.expect(200).await;
        calls += 1;
    }
    stop.store(true, Ordering::Relaxed);
    flood.await.unwrap();
    let sent = sent.load(Ordering::Relaxed);
    let grown = resident_kib().saturating_sub(before);
    eprintln!("{sent} INVITEs of strangers, {calls} calls, {grown} KiB more");
    assert!(sent > 2_000, "{sent} were sent");
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
    world.is_quiet().await;
    assert_eq!(world.house.ended(), vec!["caller_hung_up"; calls]);
}
