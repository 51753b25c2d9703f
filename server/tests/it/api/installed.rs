//! An installation in which everything is set that can be, and in which everything has happened once: so that
//! hardly a field of what the API answers is empty.

mod happened;

use app::domain::account::Role;
use serde_json::{Value, json};
use server::store;

use super::operations::document;
use super::schema::Schemas;
use crate::samples::{self, NOW};
use crate::world::{Script, World};
use happened::Quiet;

pub(super) const TRUNK: &str = "/api/phone/sip/inbound-trunk";
const CREDENTIALS: &str = "/api/phone/sip/inbound-trunk/credentials";
const CARRIERS: &str = "/api/phone/sip/outbound-trunks";
const DESTINATIONS: &str = "/api/phone/sip/transfer-destinations";
const AGENTS: &str = "/api/phone";
const NUMBERS: &str = "/api/phone/numbers";
const WEBHOOKS: &str = "/api/webhooks";

/// The ids of what was made, as the API tells them.
#[derive(Default)]
pub(super) struct Installed {
    agents: Vec<String>,
    credentials: Vec<String>,
    carriers: Vec<String>,
    destinations: Vec<String>,
    webhook: String,
    events: Vec<String>,
    calls: Vec<String>,
    transfers: Vec<[String; 2]>,
}

impl Installed {
    /// Where an operation's path leads to something: all its things, or itself if it has no parameter.
    pub(super) fn paths(&self, pattern: &str) -> Vec<String> {
        if let Some((before, after)) = pattern.split_once("{agent}") {
            return each(&self.agents, before, after);
        }
        let (list, rest) = pattern.split_once("/{").unwrap_or((pattern, ""));
        let things = match list {
            _ if rest.is_empty() => return vec![pattern.to_owned()],
            NUMBERS => return each(&happened::numbers(), "/api/phone/numbers/", ""),
            CREDENTIALS => &self.credentials,
            CARRIERS => &self.carriers,
            DESTINATIONS => &self.destinations,
            WEBHOOKS if rest.ends_with("{event}") => {
                let before = format!("{WEBHOOKS}/{}/deliveries/", self.webhook);
                return each(&self.events, &before, "");
            }
            WEBHOOKS => std::slice::from_ref(&self.webhook),
            "/api/phone/calls" if rest.ends_with("{transfer}") => {
                let path = |[call, id]: &[String; 2]| format!("{list}/{call}/transfers/{id}");
                return self.transfers.iter().map(path).collect();
            }
            // Others were not recorded.
            "/api/phone/calls" if rest.ends_with("recording") => &self.calls[..1],
            "/api/phone/calls" | "/api/chat/sessions" => &self.calls,
            other => panic!("nothing is installed below {other}"),
        };
        let (_, after) = rest.split_once('}').unwrap();
        each(things, &format!("{list}/"), after)
    }
}

fn each(things: &[String], before: &str, after: &str) -> Vec<String> {
    let path = |thing: &String| format!("{before}{thing}{after}");
    things.iter().map(path).collect()
}

/// Asks, and holds each answer against the document.
struct Installer<'a> {
    api: Script<'a>,
    document: Value,
}

impl Installer<'_> {
    async fn send(&self, method: &str, pattern: &str, path: &str, body: Value) -> Value {
        let answer = self.api.send(method, path, Some(body.to_string())).await;
        let schemas = Schemas::of(&self.document);
        schemas.check(&self.document, method, pattern, &answer);
        answer.ok()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.send("POST", path, path, body).await
    }

    /// The ids of these, made.
    async fn made<const N: usize>(&self, path: &str, bodies: [Value; N]) -> Vec<String> {
        let mut ids = Vec::new();
        for body in bodies {
            ids.push(id(&self.post(path, body).await));
        }
        ids
    }
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// Everything, and whoever asks the edge hears of it too.
pub(super) async fn installed(world: &World) -> Installed {
    world.house.desk.connect(std::sync::Arc::new(Quiet));
    let installer = Installer {
        api: world.api().await,
        document: document(world).await,
    };
    let mut all = Installed::default();
    ways_in(world, &installer, &mut all).await;
    ways_out(&installer, &mut all).await;
    agents(&installer, &mut all).await;
    numbers(world, &installer, &all).await;
    let hook = json!({ "url": "https://8.8.8.8/hook", "description": "The ticket desk" });
    all.webhook = id(&installer.post(WEBHOOKS, hook).await);
    let off = json!({ "url": "https://8.8.8.8/other", "enabled": false });
    installer.post(WEBHOOKS, off).await;
    let key = json!({ "name": "ci", "scopes": ["sip:read", "calls:read"] });
    installer.post("/api/keys", key).await;
    happened::calls(world, &mut all).await;
    happened::deliveries(world, &mut all).await;
    all
}

async fn ways_in(world: &World, installer: &Installer<'_>, all: &mut Installed) {
    let trunk = json!({
        "region": "eu", "krisp_enabled": true, "codecs": ["G722", "PCMA"], "max_channels": 30,
        "other_sources": "refuse", "country": "US",
    });
    installer.post(TRUNK, trunk).await;
    let carrier = json!({
        "label": "Carrier", "kind": "digest", "networks": ["203.0.113.0/24", "2001:db8::/32"], "country": "DE",
        "agent_header": true, "number_source": "to", "max_channels": 10, "srtp": "required", "sha256_only": true,
        "strict_uri": true, "refer_form": "sip:{number}@{host}", "passed_headers": ["X-Account", "X-Queue=skill"],
    });
    let office = json!({
        "label": "Office", "kind": "network", "networks": ["198.51.100.7"], "own_endpoint_only": true,
        "enabled": false,
    });
    all.credentials = installer.made(CREDENTIALS, [carrier, office]).await;
    let mut tx = world.db.begin().await.unwrap();
    for credential in &all.credentials {
        let access = credential.parse().unwrap();
        store::accesses::used(&mut tx, access, NOW, [203, 0, 113, 7].into())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

async fn ways_out(installer: &Installer<'_>, all: &mut Installed) {
    let acme = json!({
        "name": "Acme", "host": "198.51.100.20", "port": 5071, "transport": "tls", "username": "patch",
        "password": "s3cret word", "caller_number": "+14155550100", "country": "US", "number_format": "national",
        "caller_format": "e164", "from_user": "patch", "from_host": "pbx.example.com", "auth_realm": "acme.example",
        "assert": "ppi", "user_phone": true, "prefix": "9", "outbound_proxy": "sip:198.51.100.21", "register": true,
        "srtp": "required", "codecs": ["PCMA"], "max_channels": 5, "max_cps": 2, "max_duration_s": 600,
        "allowed_regions": ["US", "DE"], "daily_cap_minutes": 500,
    });
    let plain = json!({
        "name": "Plain", "host": "198.51.100.22", "digest": false, "caller_number": "+14155550101",
    });
    all.carriers = installer.made(CARRIERS, [acme, plain]).await;
    let mobile = json!({
        "name": "Mobile", "type": "phone", "value": "+14155550177", "mode": "auto", "keep_recording": true,
    });
    let desk = json!({
        "name": "Desk", "type": "sip", "value": "sip:desk@pbx.example.com", "username": "desk", "password": "p w",
    });
    let goodbye = json!({ "name": "Goodbye", "type": "hangup" });
    all.destinations = installer.made(DESTINATIONS, [mobile, desk, goodbye]).await;
}

async fn agents(installer: &Installer<'_>, all: &mut Installed) {
    let front = json!({
        "name": "Front desk", "type": "outbound", "language": ["en-gb"], "voice_id": "gmw/en",
        "first_message": "Acme, hello.", "instructions": ["Be brief.", "Be kind."], "engine": { "type": "builtin" },
        "interruptible": false, "is_default": true, "recording_enabled": true,
        "recording_notice": "This call is recorded.", "keep_digits": true, "hold_music": "melody",
        "silence_seconds": 20, "max_duration_s": 900, "max_channels": 4,
        "failover_transfer_destination_id": all.destinations[0],
    });
    let engines = [
        json!({ "type": "stream", "url": "wss://8.8.8.8/media", "token": "t", "auth": "signature" }),
        json!({
            "type": "realtime", "url": "wss://8.8.8.8/v1", "token": "sk-x", "model": "gpt-realtime",
            "voice": "marin",
        }),
        json!({ "type": "sip", "uri": "sip:bot@198.51.100.30", "username": "u", "password": "p" }),
    ];
    all.agents = installer.made(AGENTS, [front]).await;
    let bots =
        engines.map(|engine| json!({ "name": format!("A {}", engine["type"]), "engine": engine }));
    all.agents.extend(installer.made(AGENTS, bots).await);
    let changed = format!("{AGENTS}/{}", all.agents[0]);
    let change = json!({ "first_message": "Acme, good day." });
    installer
        .send("PATCH", "/api/phone/{agent}", &changed, change)
        .await;
    let pattern = "/api/phone/sip/agents/{agent}/transfer-destinations";
    let of_front = pattern.replace("{agent}", &all.agents[0]);
    for (destination, digit) in [(0, json!("1")), (1, json!("*")), (2, Value::Null)] {
        let chosen = json!({ "destination_id": all.destinations[destination], "digit": digit });
        installer.send("POST", pattern, &of_front, chosen).await;
    }
}

async fn numbers(world: &World, installer: &Installer<'_>, all: &Installed) {
    let numbers = happened::numbers();
    let added = json!({ "phone_numbers": numbers, "on_trunk": true });
    installer.post(NUMBERS, added).await;
    let (pattern, first) = ("/api/phone/numbers/{phone_number}", &numbers[0]);
    let labelled = json!({ "label": "Main line" });
    installer
        .send("PATCH", pattern, &format!("{NUMBERS}/{first}"), labelled)
        .await;
    let unverified = json!({ "verified": false });
    installer
        .send(
            "PATCH",
            pattern,
            &format!("{NUMBERS}/{}", numbers[1]),
            unverified,
        )
        .await;
    let pattern = "/api/phone/sip/agents/{agent}";
    let config = pattern.replace("{agent}", &all.agents[0]);
    let routed = json!({ "phone_numbers": [first], "outbound_trunk_id": all.carriers[0] });
    installer.send("PATCH", pattern, &config, routed).await;
    let mut tx = world.db.begin().await.unwrap();
    store::numbers::called(&mut tx, &samples::phone(first), NOW)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Whoever may read it: keys and people.
pub(super) async fn readers(world: &World) -> Vec<Script<'_>> {
    let mut readers = vec![world.api().await];
    for scope in app::error::Scope::ALL {
        readers.push(world.script(&[scope]).await);
    }
    readers.extend([Role::Admin, Role::Operator, Role::Viewer].map(|role| world.person(role)));
    readers
}
