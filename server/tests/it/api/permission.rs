//! Whoever may not is told so, whatever they ask for: never that there is no such thing, nor what is wrong
//! with what they sent.

use app::domain::account::Role;
use app::error::Scope;

use super::operations::{NOBODY, Operation, document, operations};
use crate::world::{Script, World};

/// What stands in the place of an id or a number: one of nothing, and none at all.
const NAMES: [&str; 4] = [NOBODY, "+14155550199", "nobody", "%ff"];

/// As much as a key can have without being enough for this operation.
fn all_but_enough(operation: &Operation) -> Vec<Scope> {
    let short = Scope::ALL.into_iter();
    short.filter(|scope| !operation.is_for(&[*scope])).collect()
}

/// 403 that names the scope, by whatever path and with whatever body.
async fn is_told_what_they_lack(script: &Script<'_>, operation: &Operation) {
    let (method, needed) = (&operation.method, operation.needs().as_str());
    for name in NAMES {
        let path = operation.with(name).unwrap_or_else(|| operation.filled());
        for body in [None, Some("{}"), Some("{\"stray\":1}"), Some("no JSON")] {
            for query in ["", "?stray=1"] {
                let body = body.map(str::to_owned);
                let answer = script.send(method, &format!("{path}{query}"), body).await;
                let told = format!("{method} {path}{query}: {}", answer.text);
                assert_eq!(answer.status, 403, "{told}");
                assert_eq!(answer.refused(403), "forbidden");
                assert!(answer.text.contains(needed), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_lacks_the_scope_is_told_so_whatever_it_names() {
    let world = World::with(100_000).await;
    let mut asked = 0;
    for operation in operations(&document(&world).await) {
        let scopes = all_but_enough(&operation);
        let script = world.script(&scopes).await;
        is_told_what_they_lack(&script, &operation).await;
        is_told_what_they_lack(&script.with("idempotency-key", "once"), &operation).await;
        let tagged = script.with("if-match", "no version");
        is_told_what_they_lack(&tagged, &operation).await;
        if operation.method == "GET" {
            let head = script.send("HEAD", &operation.filled(), None).await;
            assert_eq!(head.status, 403, "HEAD {}", operation.path);
        }
        asked += 1;
    }
    assert!(asked >= 60, "{asked}");
}

#[tokio::test]
async fn a_person_whose_role_does_not_read_it_is_told_so_whatever_they_name() {
    let world = World::with(100_000).await;
    for role in [Role::Viewer, Role::Operator] {
        let (person, scopes) = (world.person(role), role.scopes());
        for operation in operations(&document(&world).await) {
            if operation.method != "GET" {
                // A page changes nothing by this door, whoever looks at it.
                let name = operation.with("nobody");
                let path = name.unwrap_or_else(|| operation.filled());
                let answer = person.send(&operation.method, &path, None).await;
                assert_eq!(answer.refused(401), "unauthenticated");
            } else if !operation.is_for(&scopes) {
                is_told_what_they_lack(&person, &operation).await;
            }
        }
    }
}
