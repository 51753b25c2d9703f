//! Engines behind `wss`: a bot or a model whose certificate comes of an authority that the operator named is
//! believed, any other is not, and the call says why.

use serde_json::{Value, json};
use server::media::tone::tone;

use crate::engine_bot::{Bot, Scene};
use crate::media_phone::loudest;
use crate::ops::dials;
use crate::realtime_server::Server;
use crate::sip_tls::Authority;

const HERE: &str = "127.0.0.1";

fn engine(kind: &str, bot: &Bot) -> Value {
    json!({ "type": kind, "url": bot.url(), "token": "s3cret" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_believed_by_the_operators_own_authority() {
    let authority = Authority::named("Acme CA");
    let bot = Bot::listens_certified(&authority, HERE).await;
    let scene = Scene::trusting(&authority, &engine("stream", &bot)).await;
    let (mut caller, mut stream) = tokio::join!(scene.is_called(), bot.is_called());
    stream.begins().await;
    assert_eq!(stream.authorization.as_deref(), Some("Bearer s3cret"));
    stream.speaks(&tone(880.0, 600, 8_000)).await;
    let heard = caller.sound.listens(900).await;
    assert!(loudest(&heard, 880.0) > 6_500.0, "the bot is not heard");
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_believed_by_the_operators_own_authority() {
    let authority = Authority::named("Acme CA");
    let bot = Bot::listens_certified(&authority, HERE).await;
    let scene = Scene::trusting(&authority, &engine("realtime", &bot)).await;
    let (caller, (mut server, _)) = tokio::join!(scene.is_called(), Server::serves(&bot));
    server.is_asked().await;
    caller.line.hang_up().await;
    scene.ends("caller_hung_up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_somebody_elses_or_for_another_name_is_not_believed() {
    let authority = Authority::named("Acme CA");
    let other = Authority::named("Nobody's CA");
    for (kind, issuer, name, why) in [
        ("stream", &other, HERE, "unknown issuer"),
        ("stream", &authority, "bot.example.com", "for another name"),
        ("realtime", &other, HERE, "unknown issuer"),
    ] {
        let bot = Bot::listens_certified(issuer, name).await;
        let scene = Scene::trusting(&authority, &engine(kind, &bot)).await;
        let dialling = dials(&scene.house, &scene.access);
        let (refused, alert) = tokio::join!(dialling, bot.is_not_believed());
        assert!(alert.contains("alert"), "{alert}");
        assert_eq!(refused.status(), Some(480));
        let call = scene.ends("engine_down").await;
        assert_eq!(scene.happens("engine_away").await["cause"], "tls_failed");
        let page = scene.page(call["id"].as_str().unwrap()).await;
        assert!(
            page.contains("its certificate is not to be trusted"),
            "the page does not say why"
        );
        scene.house.log_says(why).await;
    }
}
