//! SIPp as the carrier, over UDP and TCP (`end2end/sip`).

use std::path::Path;
use std::time::Duration;

use crate::binary::free_port;
use crate::sip_world::World;
use crate::sipp;

/// Runs one scenario; `None` where SIPp is not installed, which CI does not allow.
async fn plays(
    world: &World,
    scenario: &str,
    service: &str,
    transport: &str,
    more: &[&str],
) -> Option<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../end2end/sip")
        .join(format!("{scenario}.xml"));
    let folder = tempfile::tempdir().unwrap();
    let (at, port) = (world.addr().to_string(), free_port().to_string());
    let mut args = vec![at.as_str(), "-t", transport, "-i", "127.0.0.1", "-p", &port];
    args.extend(["-s", service, "-timeout", "40s", "-d", "300"]);
    args.extend(more);
    let mut child = sipp::start(folder.path(), &file.canonicalize().unwrap(), &args)?;
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
    let status = ended.unwrap().unwrap();
    assert!(
        status.success(),
        "{scenario} over {transport}: {status:?}\n{}",
        sipp::errors(folder.path())
    );
    Some(())
}

/// Every scenario over both transports, with the end each call must have.
async fn over_both(scenario: &str, service: &str, world: impl AsyncFn() -> World, ended: &[&str]) {
    for transport in ["u1", "t1"] {
        let world = world().await;
        if plays(&world, scenario, service, transport, &["-m", "1"])
            .await
            .is_some()
        {
            world.is_quiet().await;
            assert_eq!(world.house.ended(), ended, "{scenario} over {transport}");
        }
    }
}

const NUMBER: &str = "14155550100";

#[tokio::test]
async fn calls() {
    over_both("call", NUMBER, World::new, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn many_calls_at_once() {
    let world = World::new().await;
    let many = ["-m", "60", "-r", "30", "-l", "60"];
    if plays(&world, "call", NUMBER, "u1", &many).await.is_some() {
        world.is_quiet().await;
        assert_eq!(world.house.ended(), ["caller_hung_up"; 60]);
    }
}

#[tokio::test]
async fn wrong_password() {
    over_both("wrong-password", NUMBER, World::new, &[]).await;
}

#[tokio::test]
async fn cseq_gap() {
    over_both("cseq-gap", NUMBER, World::new, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn mid_dialog() {
    over_both("mid-dialog", NUMBER, World::new, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn cancel() {
    let ringing = async || World::with(|config| config.ring_for = Duration::from_secs(20)).await;
    over_both("cancel", NUMBER, ringing, &["caller_gave_up"]).await;
}

#[tokio::test]
async fn no_ack() {
    let hasty = async || World::with(|config| config.t1 = Duration::from_millis(30)).await;
    over_both("no-ack", NUMBER, hasty, &["no_ack"]).await;
}

#[tokio::test]
async fn late_offer() {
    over_both("late-offer", NUMBER, World::new, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn hold() {
    over_both("hold", NUMBER, World::new, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn session_timer() {
    let short = async || World::with(|config| config.timer.min_se_s = 2).await;
    over_both("session-timer", NUMBER, short, &["caller_hung_up"]).await;
}

#[tokio::test]
async fn unknown_number() {
    over_both("unknown-number", "14155559999", World::new, &[]).await;
}
