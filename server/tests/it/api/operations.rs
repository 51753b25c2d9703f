//! The operations of the document, and requests for them.

use app::error::Scope;
use app::ports::Caller;
use serde_json::Value;

use crate::world::{Answer, Script, World};

/// An id that nothing has.
pub(super) const NOBODY: &str = "0190a6f4-7b1c-7d3e-9a55-0c6f3e2b1d47";

/// An operation of the document.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) said: Value,
}

pub(super) async fn document(world: &World) -> Value {
    world.stranger().get("/api/openapi.json").await.ok()
}

pub(super) fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let verbs = item.as_object().unwrap().clone().into_iter();
        verbs.map(move |(verb, said)| Operation {
            method: verb.to_uppercase(),
            path: path.clone(),
            said,
        })
    };
    paths.iter().flat_map(of_path).collect()
}

impl Operation {
    /// The path with something in the place of each parameter.
    pub(super) fn filled(&self) -> String {
        self.path
            .replace("{phone_number}", "+14155550100")
            .replace("{ip}", "198.51.100.7")
            .replace("{id}", NOBODY)
            .replace("{agent}", NOBODY)
            .replace("{transfer}", NOBODY)
            .replace("{event}", NOBODY)
    }

    /// The path with this in the place of every parameter; none if it has none.
    pub(super) fn with(&self, value: &str) -> Option<String> {
        let parts: Vec<&str> = self.path.split(['{', '}']).collect();
        let fixed: Vec<&str> = parts.into_iter().step_by(2).collect();
        (fixed.len() > 1).then(|| fixed.join(value))
    }

    /// The names of its filters.
    pub(super) fn filters(&self) -> Vec<&str> {
        let parameters = self.said["parameters"].as_array().into_iter().flatten();
        let filters = parameters.filter(|parameter| parameter["in"] == "query");
        filters
            .map(|filter| filter["name"].as_str().unwrap())
            .collect()
    }

    /// The scope it says it needs.
    pub(super) fn needs(&self) -> Scope {
        let named = &self.said["security"][0]["bearerAuth"][0];
        named.as_str().unwrap().parse().unwrap()
    }

    /// Whether these scopes are enough for it.
    pub(super) fn is_for(&self, scopes: &[Scope]) -> bool {
        let holder = Caller {
            scopes: scopes.to_vec(),
            ..Caller::operator()
        };
        holder.can(self.needs())
    }

    /// It says that it may be answered like this.
    #[track_caller]
    pub(super) fn names(&self, answer: &Answer) {
        let (method, path, status) = (&self.method, &self.path, answer.status);
        let named = &self.said["responses"][status.as_str()];
        assert!(named.is_object(), "{method} {path}: {status} is not named");
    }

    pub(super) async fn ask(&self, script: &Script<'_>) -> Answer {
        let body = self.said["requestBody"]
            .is_object()
            .then(|| "{}".to_owned());
        script.send(&self.method, &self.filled(), body).await
    }
}
