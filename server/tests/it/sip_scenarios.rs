//! SIPp as the carrier, over UDP and TCP (`end2end/sip`).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::binary::free_port;
use crate::sip_world::World;

/// Runs one scenario; `None` where SIPp is not installed, which CI does not allow.
async fn sipp(
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
    let started = tokio::process::Command::new("sipp")
        .current_dir(folder.path())
        .arg("-sf")
        .arg(file.canonicalize().unwrap())
        .arg(world.addr().to_string())
        .args([
            "-t",
            transport,
            "-i",
            "127.0.0.1",
            "-p",
            &free_port().to_string(),
        ])
        .args([
            "-s",
            service,
            "-nostdin",
            "-timeout",
            "40s",
            "-timeout_error",
        ])
        .args(["-trace_err", "-error_file", "errors.log", "-d", "300"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let child = match started {
        Ok(child) => child,
        Err(missing) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "SIPp is not installed: {missing}"
            );
            eprintln!("SKIPPED {scenario}: SIPp is not installed (apt-get install sip-tester)");
            return None;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let output = ended.unwrap().unwrap();
    let errors = std::fs::read_to_string(folder.path().join("errors.log")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{scenario} over {transport}: {:?}\n{errors}\n{said}",
        output.status
    );
    Some(())
}

/// Every scenario over both transports, with the end each call must have.
async fn over_both(scenario: &str, service: &str, world: impl AsyncFn() -> World, ended: &[&str]) {
    for transport in ["u1", "t1"] {
        let world = world().await;
        if sipp(&world, scenario, service, transport, &["-m", "1"])
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
    if sipp(&world, "call", NUMBER, "u1", &many).await.is_some() {
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
