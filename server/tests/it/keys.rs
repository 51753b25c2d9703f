//! Keys for scripts, as the command line shows and ends them beside a running server.

use serde_json::Value;

use crate::binary::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_ends_a_key_that_the_server_has_just_recognised() {
    let house = Installation::serve().await;
    let key = house.key(&["--scope", "sip:read"]);
    let other = house.key(&["--full-access"]);
    let status = async || {
        let ask = house.request_get(&key, "/api/phone/numbers");
        ask.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status().await, 200);
    let listed = house.run(&["key", "list"], "").stdout();
    let (shown, others) = (&key[..14], &other[..14]);
    assert!(
        listed.contains(shown) && listed.contains("sip:read") && listed.contains(others),
        "{listed}"
    );
    assert!(!listed.contains(&key), "{listed}");
    house
        .run(&["key", "revoke", "pb_live_"], "")
        .refused_naming(&["pb_live_", "patchbay key list"]);
    assert_eq!(status().await, 200);
    let ended = house.run(&["key", "revoke", shown], "");
    assert!(ended.status.success(), "{}", ended.stderr());
    assert_eq!(status().await, 401);
    let listed = house.run(&["key", "list", "--json"], "").stdout();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["prefix"], others, "{listed}");
}
