//! People who sign in: added with a role, let in by a link that works once, never left
//! without an administrator.

use std::time::Duration;

use app::domain::account::{Person, PersonDraft, Role};
use app::domain::draft::Entry;
use app::error::{AppError, Conflict, Scope, Thing};
use app::ports::{Caller, Services};
use reqwest::StatusCode;

use crate::binary::Installation;
use crate::browser::Browser;
use crate::services::{boss, house, refused_fields, with};

const PASSWORD: &str = "correct horse battery";
const DAY: Duration = Duration::from_secs(86_400);

fn draft(email: &str, role: &str) -> PersonDraft {
    PersonDraft {
        email: Entry::text(email),
        role: Entry::text(role),
    }
}

/// Adds somebody who then chooses a password.
async fn arrived(services: &Services, email: &str, role: &str) -> Person {
    let (made, token) = services
        .people
        .create(&boss(), draft(email, role))
        .await
        .unwrap();
    services
        .doors
        .choose_password(token.expose(), &PASSWORD.into())
        .await
        .unwrap();
    made
}

#[tokio::test]
async fn a_person_comes_in_by_a_link_that_works_once_and_for_a_week() {
    house(async |services, clock| {
        let people = &services.people;
        let (made, token) = people
            .create(&boss(), draft(" Bo@Example.com ", "operator"))
            .await
            .unwrap();
        assert_eq!(
            (made.email.as_str(), made.role, made.has_password),
            ("bo@example.com", Role::Operator, false)
        );
        let sign_in = async |password: &str| {
            let (email, password) = ("bo@example.com".into(), password.into());
            services.doors.sign_in(&email, &password, None).await
        };
        assert!(sign_in("none").await.is_err(), "no password is chosen yet");

        let choose = async |token: &str, password: &str| {
            services
                .doors
                .choose_password(token, &password.into())
                .await
        };
        assert_eq!(
            refused_fields(choose(token.expose(), "short").await),
            ["password too_short"]
        );
        let person = choose(token.expose(), PASSWORD).await.unwrap();
        assert_eq!(person.id, made.id);
        assert!(sign_in(PASSWORD).await.is_ok());
        let gone = Err(AppError::NotFound(Thing::PasswordLink));
        assert_eq!(choose(token.expose(), PASSWORD).await, gone);
        assert_eq!(choose("", PASSWORD).await, gone);

        let (_, first) = people.new_link(&boss(), made.id).await.unwrap();
        let (_, second) = people.new_link(&boss(), made.id).await.unwrap();
        assert_eq!(choose(first.expose(), PASSWORD).await, gone);
        assert!(sign_in(PASSWORD).await.is_ok(), "the old one goes on");
        clock.advance(7 * DAY);
        assert_eq!(choose(second.expose(), PASSWORD).await, gone);
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_who_can_sign_in_stays_one() {
    house(async |services, _| {
        let people = &services.people;
        let ada = arrived(&services, "ada@example.com", "admin").await;
        let last = AppError::Conflict(Conflict::LastAdmin);
        // Invited, but not there yet: does not count.
        let (bo, _) = people
            .create(&boss(), draft("bo@example.com", "admin"))
            .await
            .unwrap();
        let demoted = people.update(&boss(), ada.id, draft("", "viewer")).await;
        assert_eq!(demoted.unwrap_err(), last);
        assert_eq!(people.delete(&boss(), ada.id).await.unwrap_err(), last);
        people.delete(&boss(), bo.id).await.unwrap();

        let cy = arrived(&services, "cy@example.com", "viewer").await;
        let raised = people.update(&boss(), cy.id, draft("", "admin")).await;
        assert_eq!(raised.unwrap().role, Role::Admin);
        people.delete(&boss(), ada.id).await.unwrap();
        let left = people.list(&boss()).await.unwrap();
        let left: Vec<_> = left.iter().map(|person| person.email.as_str()).collect();
        assert_eq!(left, ["cy@example.com"]);
        assert_eq!(
            people.delete(&boss(), ada.id).await.unwrap_err(),
            AppError::NotFound(Thing::User)
        );
    })
    .await;
}

#[tokio::test]
async fn who_may_not_is_told_and_bad_input_is_named() {
    house(async |services, _| {
        let people = &services.people;
        let almost = with(&[Scope::SipWrite, Scope::PhoneWrite, Scope::CallsRead]);
        let id = arrived(&services, "ada@example.com", "admin").await.id;
        for (caller, status) in [(Caller::nobody(None), 401), (almost, 403)] {
            let refusals = [
                people.list(&caller).await.err(),
                people
                    .create(&caller, draft("x@example.com", "viewer"))
                    .await
                    .err(),
                people.update(&caller, id, draft("", "viewer")).await.err(),
                people.new_link(&caller, id).await.err(),
                people.delete(&caller, id).await.err(),
            ];
            for refusal in refusals {
                assert_eq!(refusal.unwrap().status(), status);
            }
        }
        assert_eq!(
            refused_fields(people.create(&boss(), draft("ann", "king")).await),
            ["email not_an_email", "role not_a_choice"]
        );
        assert_eq!(
            refused_fields(people.create(&boss(), PersonDraft::default()).await),
            ["email required", "role required"]
        );
        assert_eq!(
            refused_fields(
                people
                    .create(&boss(), draft("ADA@example.com", "viewer"))
                    .await
            ),
            ["email taken"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_and_removal_end_a_session_at_once() {
    let mut house = Installation::serve().await;
    house.run(
        &["user", "add", "ann@example.com", "--role", "admin"],
        PASSWORD,
    );
    let ann = Browser::at(&house);
    assert!(
        ann.sign_in("ann@example.com", PASSWORD)
            .await
            .status()
            .is_success()
    );
    let form = [
        ("draft[email]", "bo@example.com"),
        ("draft[role]", "operator"),
    ];
    let made = ann.submit("create_user", &form).await;
    let made: serde_json::Value = made.json().await.unwrap();
    let id = made["made"]["id"].as_str().unwrap().to_owned();
    let link = made["secret"].as_str().unwrap();
    assert!(
        link.starts_with(&format!("{}/password?token=", house.origin())),
        "{link}"
    );
    let token = link.split("token=").nth(1).unwrap();

    let bo = Browser::at(&house);
    let form = [("link_token", token), ("password", PASSWORD)];
    assert!(
        bo.submit("choose_password", &form)
            .await
            .status()
            .is_success()
    );
    assert!(bo.is_signed_in().await);
    let refused = bo
        .submit("create_user", &[("draft[email]", "eve@example.com")])
        .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);

    let form = [("id", id.as_str()), ("draft[role]", "viewer")];
    assert!(ann.submit("update_user", &form).await.status().is_success());
    assert!(!bo.is_signed_in().await, "the role changed");
    assert!(
        bo.sign_in("bo@example.com", PASSWORD)
            .await
            .status()
            .is_success()
    );
    assert!(
        ann.submit("delete_user", &[("id", id.as_str())])
            .await
            .status()
            .is_success()
    );
    assert!(!bo.is_signed_in().await, "the account is gone");
    assert!(ann.is_signed_in().await);
    house.end().await;
}
