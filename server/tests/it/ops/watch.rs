//! What a running server tells those who watch it.

use super::{answered, call, furnish};
use crate::binary::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_told_that_it_lives_and_what_it_does() {
    let mut house = Installation::serve().await;
    let watch = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", house.origin())).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let kind = answer.headers()["content-type"].to_str().unwrap();
        (kind.to_owned(), answer.text().await.unwrap())
    };
    assert_eq!(watch("/healthz").await.1, "alive\n");
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let phone = call(&house, &access).await;
    answered(&house, &key).await;
    let (kind, metrics) = watch("/metrics").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "patchbay_calls_live{direction=\"inbound\"} 1\n",
        "patchbay_http_requests_total{",
    ] {
        assert!(metrics.contains(line), "no {line:?} in:\n{metrics}");
    }
    phone.hang_up().await;
    house.log_says("caller_hung_up").await;
    let (_, metrics) = watch("/metrics").await;
    let gone = "patchbay_calls_live{direction=\"inbound\"} 0\n";
    assert!(metrics.contains(gone), "{metrics}");
    house.end().await;
}
