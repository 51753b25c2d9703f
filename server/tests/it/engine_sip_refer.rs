//! A bot with a telephone hands its caller on by REFER, at the real binary: to a destination of its agent's and
//! nowhere else. The bot is a telephone by hand, the other one SIPp.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::sip::message::Message;

use crate::engine_bot::{PATIENCE, Scene, Voice};
use crate::sip_carrier::{Carrier, Script, free};
use crate::sip_hand::Hand;

/// A caller who talks with a bot.
struct Talk {
    scene: Scene,
    caller: Voice,
    bot: Hand,
    /// How the bot was called.
    invite: Message,
}

impl Talk {
    /// Whose agent has this destination, under the key `#`.
    async fn with(destination: &Value) -> Self {
        let bot = Hand::new().await;
        let engine = json!({ "type": "sip", "uri": format!("sip:bot@{}", bot.at) });
        let scene = Scene::with(&engine, &json!({})).await;
        let path = format!(
            "/api/phone/sip/agents/{}/transfer-destinations",
            scene.agent
        );
        let assign = json!({ "create": destination, "digit": "#" });
        scene.house.post(&scene.key, &path, &assign).await;
        let answers = async {
            let invite = bot.hears("INVITE").await;
            bot.says(&invite, &bot.describes(&invite, 200)).await;
            bot.hears("ACK").await;
            invite
        };
        let (caller, invite) = tokio::join!(scene.is_called(), answers);
        scene.happens("engine_started").await;
        Self {
            scene,
            caller,
            bot,
            invite,
        }
    }

    async fn refers(&self, to: &str, number: u32) -> Option<u16> {
        self.bot.refers(&self.invite, to, number).await
    }

    /// The call, once so many attempts are on its row.
    async fn has_attempts(&self, count: usize) -> Value {
        let began = Instant::now();
        loop {
            let call = self.scene.call().await;
            if call["transfers"].as_array().unwrap().len() >= count {
                return call;
            }
            assert!(began.elapsed() < PATIENCE, "{call:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn is_let_go(&self) {
        let bye = self.bot.hears("BYE").await;
        self.bot.says(&bye, &self.bot.reply(&bye, 200)).await;
    }
}

fn sales(desk: SocketAddr) -> Value {
    json!({ "name": "Sales", "type": "sip", "value": format!("sip:sales@{desk}") })
}

/// Somebody who answers.
fn answers() -> Script {
    Script::default()
        .hears("INVITE")
        .says("180 Ringing")
        .waits(300)
        .answers_as_an_echo()
        .hears("ACK")
        .hears("BYE")
        .says("200 OK")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_hands_its_caller_on_by_address_or_key_and_hears_how_it_goes() {
    let address = |desk| format!("<sip:sales@{desk}>");
    let key = |_| "sip:%23@anywhere.example.com".to_owned();
    let ways: [fn(SocketAddr) -> String; 2] = [address, key];
    for way in ways {
        let desk = free();
        let mut talk = Talk::with(&sales(desk)).await;
        let Some(somebody) = Carrier::echoes(desk, &answers()).await else {
            return;
        };
        assert_eq!(talk.refers(&way(desk), 900).await, Some(202));
        for (fragment, last) in [
            ("SIP/2.0 100 Trying", false),
            ("SIP/2.0 180 Ringing", false),
            ("SIP/2.0 200 OK", true),
        ] {
            assert_eq!(talk.bot.is_notified().await, (fragment.to_owned(), last));
        }
        talk.is_let_go().await;
        talk.caller.is_said_back(1_000).await;
        talk.caller.line.hang_up().await;
        somebody.plays_to_its_end().await;
        let call = talk.scene.ends("caller_hung_up").await;
        let transfer = &call["transfers"][0];
        assert_eq!(transfer["destination_name"], "Sales", "{transfer}");
        assert_eq!(transfer["state"], "completed", "{transfer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_hangs_up_at_once_has_handed_its_caller_on_all_the_same() {
    let desk = free();
    let mut talk = Talk::with(&sales(desk)).await;
    let Some(somebody) = Carrier::echoes(desk, &answers()).await else {
        return;
    };
    let to = format!("<sip:sales@{desk}>");
    assert_eq!(talk.refers(&to, 800).await, Some(202));
    let bye = talk.bot.is_notified().await;
    assert_eq!(bye.0, "SIP/2.0 100 Trying");
    talk.bot.asks(&talk.invite, "BYE").await;
    talk.scene.happens("handed_on").await;
    talk.caller.is_said_back(1_000).await;
    talk.caller.line.hang_up().await;
    somebody.plays_to_its_end().await;
    talk.scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_reaches_nobody_but_its_agents_destinations() {
    let talk = Talk::with(&sales(free())).await;
    let own = format!("<sip:boss@{}>", talk.bot.at);
    // Its own host, a number of ours, any number, a key that nobody has, its destination at another port.
    let tries = [
        own.as_str(),
        "<sip:+14155550100@127.0.0.1>",
        "<sip:+12125550177@carrier.example.com>",
        "<tel:+12125550177>",
        "<sip:2@127.0.0.1>",
        "<sip:sales@127.0.0.1>",
    ];
    for (number, to) in (900..).zip(tries) {
        assert_eq!(talk.refers(to, number).await, Some(603), "{to}");
    }
    assert_eq!(talk.refers("nonsense", 910).await, Some(400));
    let call = talk.has_attempts(tries.len()).await;
    let transfers = call["transfers"].as_array().unwrap();
    assert_eq!(transfers.len(), tries.len(), "{transfers:#?}");
    for transfer in transfers {
        assert_eq!(transfer["state"], "failed", "{transfer}");
        assert_eq!(transfer["reason"], "not_a_destination", "{transfer}");
    }
    assert_eq!(call["state"], "answered", "the caller is still the bot's");
    // However often it asks.
    for number in 920..930 {
        assert_eq!(talk.refers(&own, number).await, Some(603));
    }
    let call = talk.has_attempts(10).await;
    assert_eq!(call["transfers"].as_array().unwrap().len(), 10);
    assert_eq!(call["legs"].as_array().unwrap().len(), 1, "the bot alone");
    talk.caller.line.hang_up().await;
    talk.is_let_go().await;
    talk.scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whom_nobody_takes_is_back_with_the_bot_which_hears_so() {
    let mobile = json!({ "name": "Mobile", "type": "phone", "value": "+12125550177" });
    let talk = Talk::with(&mobile).await;
    // The agent has no trunk to call a number by.
    let to = "<tel:+1-212-555-0177>";
    assert_eq!(talk.refers(to, 900).await, Some(202));
    assert_eq!(talk.bot.is_notified().await.0, "SIP/2.0 100 Trying");
    let over = ("SIP/2.0 503 Service Unavailable".to_owned(), true);
    assert_eq!(talk.bot.is_notified().await, over);
    talk.scene.happens("back_with_agent").await;
    let call = talk.scene.call().await;
    assert_eq!(call["transfers"][0]["reason"], "no_outbound_trunk");
    // It may ask again.
    let to = "<sip:0012125550177@127.0.0.1>";
    assert_eq!(talk.refers(to, 901).await, Some(202));
    talk.caller.line.hang_up().await;
    talk.scene.ends("caller_hung_up").await;
}
