//! Lists for spreadsheets and a call's evidence, over HTTP: who may, and what is in them.

use reqwest::StatusCode;

use crate::binary::Installation;
use crate::browser::Browser;

const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_exported_whole_and_harmless_and_never_to_strangers() {
    let mut house = Installation::serve().await;
    house.run(
        &["user", "add", "ann@example.com", "--role", "admin"],
        PASSWORD,
    );
    let ann = Browser::at(&house);
    ann.sign_in("ann@example.com", PASSWORD).await;
    ann.submit("create_inbound_trunk", &[]).await;
    // More than one page.
    let lines: Vec<String> = (0..230).map(|n| format!("+1415555{n:04}")).collect();
    let form = [("draft[lines]", lines.join("\n"))];
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let added = ann.submit("add_numbers", &form).await;
    assert!(
        added.status().is_success(),
        "{}",
        added.text().await.unwrap()
    );

    let url = format!("{}/channels/phone/numbers/export.csv", house.origin());
    let answer = ann.client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("text/csv"), "{kind}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    let rows: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(rows.len(), 231, "a head and every number");
    assert!(rows[1].starts_with("+14155550000,"), "{}", rows[1]);
    let found = ann
        .client
        .get(format!("{url}?q=0229"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.text().await.unwrap().lines().count(), 2);

    let off = [("number", "+14155550007")];
    assert!(
        ann.submit("remove_number", &off)
            .await
            .status()
            .is_success()
    );
    let narrowed = ann.client.get(format!("{url}?show=trunk")).send();
    let narrowed = narrowed.await.unwrap().text().await.unwrap();
    assert_eq!(narrowed.lines().count(), 230, "only those on the trunk");
    assert!(!narrowed.contains("+14155550007"));

    let calls = format!("{}/inbox/export.csv?agent=nobody", house.origin());
    let wrong = ann.client.get(&calls).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let nobody = "019a0000-0000-7000-8000-000000000001";
    for (path, status) in [
        ("/inbox/export.csv".to_owned(), StatusCode::OK),
        (format!("/inbox/{nobody}/report.txt"), StatusCode::NOT_FOUND),
        (
            format!("/inbox/{nobody}/signalling.pcap"),
            StatusCode::NOT_FOUND,
        ),
        ("/inbox/x/report.txt".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let url = format!("{}{path}", house.origin());
        let known = ann.client.get(&url).send().await.unwrap();
        assert_eq!(known.status(), status, "{path}");
        let stranger = reqwest::get(&url).await.unwrap();
        assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    house.end().await;
}
