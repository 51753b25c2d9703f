//! Several instances on one PostgreSQL database: what is changed through one counts for all.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use app::domain::account::KeyDraft;
use app::domain::agent::AgentDraft;
use app::domain::call::{CallEnd, CallState, CallerId, EndReason, Said, Speaker, TranscriptLine};
use app::domain::draft::{Entry, EntryList};
use app::domain::id::{AccessId, CallId};
use app::domain::inbound::{AccessDraft, TrunkDraft};
use app::domain::routing::{Invite, MediaOffer, Proof, Refusal, Verdict};
use app::domain::sip::Transport;
use app::error::AppError;
use app::ports::{Calls as _, News, Services};
use server::clock::Clock;
use server::service::House;
use server::service::calls::{CallEvent, CallFacts, LEASE, NewCall, Opened};
use server::store::Db;
use sqlx::Connection as _;
use tokio::task::JoinHandle;

use crate::databases::{Postgres, key};
use crate::services::{boss, named};
use crate::world::settings;

const FRONT: &str = "+14155550100";
/// Shorter than the round in which an instance looks even if nobody told it anything.
const PATIENCE: Duration = Duration::from_secs(8);

/// One of several processes, with pools and a folder of its own.
struct Instance {
    house: House,
    work: [JoinHandle<()>; 2],
    _folder: tempfile::TempDir,
}

impl Instance {
    async fn start(url: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(url, key()).await.unwrap();
        let mut settings = settings(folder.path());
        settings.desk.instance = name.to_owned();
        let (house, writer) = House::open(db, Clock::system(), settings).await.unwrap();
        let work = [tokio::spawn(writer), tokio::spawn(house.listen())];
        Self {
            house,
            work,
            _folder: folder,
        }
    }

    fn services(&self) -> &Services {
        &self.house.services
    }

    /// What this instance would do with a call that signed in by this access.
    fn decides(&self, access: AccessId, number: &str) -> Verdict {
        self.house.desk.suppose(&invite(access, number)).verdict
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for work in &self.work {
            work.abort();
        }
    }
}

fn invite(access: AccessId, number: &str) -> Invite {
    Invite {
        source: IpAddr::from([198, 51, 100, 7]),
        transport: Transport::Udp,
        proof: Proof::Digest {
            access,
            algorithm: "MD5",
            moved_from: None,
        },
        target_user: number.to_owned(),
        target_host: "sip.example.com".to_owned(),
        called_party: None,
        to_user: number.to_owned(),
        agent_headers: Vec::new(),
        media: MediaOffer::Late,
        caller: CallerId::default(),
    }
}

/// Waits at most a second, from now, until it is so.
async fn soon(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn two(scenario: impl AsyncFn(&Postgres, Instance, Instance)) {
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let one = Instance::start(&postgres.url, "one").await;
    let other = Instance::start(&postgres.url, "other").await;
    is_listening(&postgres, 2).await;
    scenario(&postgres, one, other).await;
    postgres.drop_database().await;
}

/// Waits until so many instances listen.
async fn is_listening(postgres: &Postgres, count: i64) {
    const LISTENING: &str = "select count(*) from pg_stat_activity
        where application_name = 'patchbay listener' and query ilike 'listen %'
        and datname = current_database()";
    let mut conn = sqlx::PgConnection::connect(&postgres.url).await.unwrap();
    for _ in 0..400 {
        let found: i64 = sqlx::query_scalar(LISTENING)
            .fetch_one(&mut conn)
            .await
            .unwrap();
        if found == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nobody listens");
}

#[tokio::test]
async fn a_key_revoked_through_one_is_nobodys_at_the_other() {
    two(async |_, one, other| {
        let draft = KeyDraft {
            name: Entry::text("ci"),
            scopes: EntryList::of(["sip:read"]),
        };
        let (key, secret) = one.services().keys.create(&boss(), draft).await.unwrap();
        let asks = || other.services().keys.recognise(secret.expose(), None);
        assert!(asks().await.is_ok());
        one.services().keys.revoke(&boss(), key.id).await.unwrap();
        assert_eq!(asks().await, Err(AppError::Unauthenticated));
    })
    .await;
}

/// A trunk with a number and an agent that answers it.
async fn furnished(services: &Services) -> AccessId {
    let trunk = TrunkDraft {
        phone_numbers: EntryList::of([FRONT]),
        ..TrunkDraft::default()
    };
    let made = services.trunks.create(&boss(), trunk).await.unwrap();
    let front = AgentDraft {
        is_default: Entry::text("on"),
        ..named("Front desk")
    };
    services.agents.create(&boss(), front).await.unwrap();
    made.newest.unwrap()
}

#[tokio::test]
async fn a_change_through_one_counts_for_the_other() {
    two(async |_, one, other| {
        let services = one.services();
        let access = furnished(services).await;
        soon("trunk, number and agent", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
        let made = services.trunks.get(&boss()).await.unwrap().unwrap();
        let username = made.username.unwrap();
        let theirs = other.house.desk.credential(&username).unwrap();
        let password = services.accesses.reveal(&boss(), access).await.unwrap();
        assert_eq!(theirs.password.expose(), password.expose());

        // Back the other way, and the one that changed it holds on to its own.
        let draft = AccessDraft {
            label: Entry::text("Second"),
            kind: Entry::text("digest"),
            ..AccessDraft::default()
        };
        let second = other.services().accesses.create(&boss(), draft).await;
        let second = second.unwrap().id;
        soon("another credential", || {
            matches!(one.decides(second, FRONT), Verdict::Answer(_))
        })
        .await;
        services.accesses.delete(&boss(), access).await.unwrap();
        soon("a credential that is gone", || {
            matches!(other.decides(access, FRONT), Verdict::Challenge { .. })
        })
        .await;
        let front = FRONT.parse().unwrap();
        other
            .services()
            .numbers
            .delete(&boss(), front)
            .await
            .unwrap();
        let unknown = Verdict::Refuse(Refusal::NumberUnknown);
        soon("a number that is gone", || {
            one.decides(second, FRONT) == unknown
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn many_changes_at_once_are_one_notice() {
    two(async |_, one, other| {
        let access = furnished(one.services()).await;
        let numbers: Vec<String> = (0..200).map(|n| format!("+1415555{n:04}")).collect();
        let many = EntryList::of(numbers.iter().map(String::as_str));
        let trunks = &one.services().trunks;
        trunks.add_numbers(&boss(), many).await.unwrap();
        soon("the last of two hundred", || {
            matches!(other.decides(access, &numbers[199]), Verdict::Answer(_))
        })
        .await;
    })
    .await;
}

const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'patchbay listener' and datname = current_database()";

#[tokio::test]
async fn what_a_lost_connection_missed_is_read_again() {
    two(async |postgres, one, other| {
        let mut conn = sqlx::PgConnection::connect(&postgres.url).await.unwrap();
        // Nobody can listen while the change is made.
        sqlx::query(CUT).execute(&mut conn).await.unwrap();
        let access = furnished(one.services()).await;
        is_listening(postgres, 2).await;
        soon("what was missed", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_restart_ends_its_own_calls_and_nobody_elses() {
    two(async |postgres, one, other| {
        let access = furnished(one.services()).await;
        soon("the furniture", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
        let mine = begin(&one, access).await;
        let theirs = begin(&other, access).await;
        one.house.desk.flush().await;
        drop(one);
        let again = Instance::start(&postgres.url, "one").await;
        assert_eq!(again.house.desk.close_orphans().await.unwrap(), 1);
        let row = async |id: CallId| other.house.desk.get(&boss(), id).await.unwrap().call;
        let ended = row(mine).await;
        assert_eq!(ended.state, CallState::Ended);
        assert_eq!(ended.end.unwrap().reason, EndReason::Interrupted);
        assert_eq!(row(theirs).await.state, CallState::Ringing);
    })
    .await;
}

/// The calls that an instance carried are over for everybody soon after it is dead.
#[tokio::test]
async fn another_instance_gives_the_calls_of_a_dead_one_an_end() {
    two(async |_, one, other| {
        let access = furnished(one.services()).await;
        soon("the furniture", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
        let orphan = begin(&one, access).await;
        let theirs = begin(&other, access).await;
        let state = async |id| {
            let detail = other.house.desk.get(&boss(), id).await.unwrap();
            detail.call.state
        };
        // Alive, it keeps its call for longer than a lease lasts.
        tokio::time::sleep(LEASE + Duration::from_secs(3)).await;
        assert_eq!(state(orphan).await, CallState::Ringing);
        drop(one);
        let mut rounds = 0;
        while state(orphan).await != CallState::Ended {
            rounds += 1;
            assert!(rounds < 300, "nobody gave it an end within 30 s");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let ended = other.house.desk.get(&boss(), orphan).await.unwrap().call;
        assert_eq!(ended.end.unwrap().reason, EndReason::Interrupted);
        assert_eq!(state(theirs).await, CallState::Ringing);
    })
    .await;
}

#[tokio::test]
async fn calls_elsewhere_count_against_the_limits_of_all() {
    two(async |_, one, other| {
        let access = furnished(one.services()).await;
        let draft = TrunkDraft {
            max_channels: Entry::text("1"),
            ..TrunkDraft::default()
        };
        one.services().trunks.update(&boss(), draft).await.unwrap();
        soon("the furniture", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
        let call = begin(&one, access).await;
        let full = Verdict::Refuse(Refusal::TrunkFull);
        soon("a line in use elsewhere", || {
            other.decides(access, FRONT) == full
        })
        .await;
        let end = CallEnd::because(EndReason::CallerHungUp);
        one.house.desk.end(call, end, &CallFacts::default());
        soon("a line that is free again", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_watches_one_instance_sees_the_calls_of_the_other() {
    two(async |_, one, other| {
        let access = furnished(one.services()).await;
        soon("the furniture", || {
            matches!(other.decides(access, FRONT), Verdict::Answer(_))
        })
        .await;
        let mut news = other.house.news.watch();
        let call = begin(&one, access).await;
        let line = TranscriptLine {
            speaker: Speaker::Agent,
            said: Said::Words("Hello?".to_owned()),
            start_ms: 120,
            end_ms: 900,
        };
        one.house.desk.note(call, CallEvent::Said(line.clone()));
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let next = tokio::time::timeout(Duration::from_secs(5), news.recv()).await;
            match next.expect("no news").unwrap().1 {
                News::Call { call: row } if row.id == call && seen.is_empty() => {
                    seen.push("row");
                }
                News::Line {
                    call: of,
                    line: said,
                } if of == call => {
                    assert_eq!(said, line);
                    seen.push("line");
                }
                _ => {}
            }
        }
        assert_eq!(seen, ["row", "line"]);
    })
    .await;
}

async fn begin(at: &Instance, access: AccessId) -> CallId {
    let id: CallId = Clock::system().new_id();
    let invite = invite(access, FRONT);
    let decision = at.house.desk.admit(id, &invite);
    let new = NewCall {
        id,
        received_at: Clock::system().now_ms(),
        peer: SocketAddr::from(([198, 51, 100, 7], 5060)),
        sip_call_id: format!("{id}@test"),
        software: None,
        invite,
        decision,
    };
    let opened = at.house.desk.begin(new).await;
    assert!(matches!(opened, Opened::Durable | Opened::Late));
    at.house.desk.flush().await;
    id
}
