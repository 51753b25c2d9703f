//! A small company as a file, and the desk where such files are compared with a server and made true.

use serde_json::Value;

use crate::binary::{Done, Installation};

pub(crate) const SECRETS: [(&str, &str); 2] = [
    ("ACME_PASSWORD", "s3cret word"),
    ("PBX_PASSWORD", "an0ther"),
];

/// All there is to say of a small company.
pub(crate) const COMPANY: &str = r#"
[inbound_trunk]
region = "global"
country = "US"
max_channels = 20
codecs = ["G722", "PCMA"]

[[credential]]
label = "Office"
country = "us"

[[credential]]
label = "Carrier"
kind = "network"
networks = ["203.0.113.1/30"]

[[destination]]
name = "Mobile"
type = "phone"
value = "+1 415 555 0177"

[[destination]]
name = "PBX"
type = "sip"
value = "sip:sales@pbx.example.com"
username = "patch"
password = { env = "PBX_PASSWORD" }

[[outbound_trunk]]
name = "Acme"
host = "203.0.113.7"
username = "patch"
password = { env = "ACME_PASSWORD" }
codecs = ["PCMA", "PCMU"]
caller_number = "+1 415 555 0100"

[[agent]]
name = "Front desk"
is_default = true
first_message = "Hello, \"you\"."
outbound_trunk = "Acme"
failover = "Mobile"
destinations = [{ name = "Mobile", digit = 1 }, { name = "PBX", digit = "2" }]

[[agent]]
name = "Sales"
destinations = ["PBX"]

[[number]]
phone_number = "+14155550100"
label = "Main"
agent = "Front desk"

[[number]]
phone_number = "+14155550101"
agent = "Sales"

[[number]]
phone_number = "+14155550102"
on_trunk = false
"#;

pub(crate) struct Desk {
    pub(crate) house: Installation,
    pub(crate) key: String,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let house = Installation::serve().await;
        let key = house.key(&["--full-access"]);
        Self { house, key }
    }

    pub(crate) fn run(&self, line: &str, secrets: &[(&str, &str)]) -> Done {
        let words: Vec<&str> = line.split(' ').collect();
        let url = self.house.origin();
        let settings = [("PATCHBAY_URL", &*url), ("PATCHBAY_KEY", &*self.key)];
        self.house
            .run_with(&words, "", &[&settings, secrets].concat())
    }

    #[track_caller]
    pub(crate) fn says(&self, line: &str) -> String {
        let done = self.run(line, &SECRETS);
        assert!(done.status.success(), "{line}: {}", done.stderr());
        done.stdout()
    }

    /// A plan that finds something to do.
    #[track_caller]
    pub(crate) fn plans(&self, text: &str) -> String {
        self.house.write("company.toml", text);
        let done = self.run("plan company.toml", &[]);
        assert_eq!(done.status.code(), Some(2), "{}", done.stderr());
        done.stdout()
    }

    /// Makes it true; then there is nothing left to do.
    #[track_caller]
    pub(crate) fn becomes(&self, text: &str) -> String {
        self.house.write("company.toml", text);
        let told = self.says("apply company.toml");
        let rest = self.says("plan company.toml");
        assert!(rest.starts_with("No changes"), "{rest}");
        let again = self.says("apply company.toml");
        assert!(again.starts_with("No changes"), "{again}");
        told
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.house.get(&self.key, path).await
    }

    pub(crate) async fn agent(&self, name: &str) -> Value {
        let agents = self.get("/api/phone").await;
        let mut agents = agents.as_array().unwrap().iter();
        agents.find(|agent| agent["name"] == name).unwrap().clone()
    }

    pub(crate) async fn destinations(&self, agent: &str) -> Vec<(String, Value)> {
        let id = self.agent(agent).await["id"].clone();
        let path = format!(
            "/api/phone/sip/agents/{}/transfer-destinations",
            id.as_str().unwrap()
        );
        let held = self.get(&path).await;
        let held = held["items"].as_array().unwrap().iter();
        let mut held: Vec<_> = held
            .map(|one| {
                (
                    one["name"].as_str().unwrap().to_owned(),
                    one["digit"].clone(),
                )
            })
            .collect();
        held.sort_by(|one, other| one.0.cmp(&other.0));
        held
    }
}

pub(crate) fn changed(from: &str, to: &str) -> String {
    assert_eq!(COMPANY.matches(from).count(), 1, "{from}");
    COMPANY.replace(from, to)
}
