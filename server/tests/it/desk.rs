//! Calls through the desk, on both databases: decided, counted, written, replayed.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{
    CallEnd, CallFilter, CallState, CallerId, EndReason, Happening, RecordingState, Said, Speaker,
    TimelineEvent, TranscriptLine,
};
use app::domain::draft::Change;
use app::domain::id::CallId;
use app::domain::inbound::AccessKind;
use app::domain::routing::{Invite, MediaOffer, Proof, Refusal, Verdict};
use app::domain::sip::{Secret, Transport};
use app::ports::{Caller, Calls as _};
use server::clock::Clock;
use server::service::calls::{CallDesk, CallEvent, CallFacts, DeskSettings, NewCall, Opened};
use server::service::news::NewsDesk;
use server::service::routes::{RouteBook, RouteChange};
use server::store::Db;
use tokio::task::JoinHandle;

use crate::databases::{Postgres, Sqlite, both, key};
use crate::samples::{self, NOW};

const DIALLED: &str = "+14155550100";

struct Office {
    desk: Arc<CallDesk>,
    clock: Clock,
    work: JoinHandle<()>,
}

impl Office {
    async fn open(db: Db, folder: &Path) -> Self {
        let clock = Clock::fixed(NOW);
        let book = Arc::new(RouteBook::default());
        let agent = samples::agent(1, "Front desk");
        let access = samples::access(1, "Main", AccessKind::Digest);
        let mut number = samples::number(1, DIALLED);
        number.agent = Some(agent.id);
        number.on_trunk = true;
        let secret: Secret = "correct horse battery".parse().unwrap();
        book.apply([
            RouteChange::Trunk(Some(samples::trunk())),
            RouteChange::Access(access, Some(secret)),
            RouteChange::Agent(agent, Change::Leave),
            RouteChange::Number(number),
        ]);
        let settings = DeskSettings {
            max_calls: 2,
            recordings: folder.join("recordings"),
            spool: folder.join("calls.spool"),
            instance: "here".to_owned(),
        };
        let news = NewsDesk::default();
        let (desk, work) = CallDesk::open(db, clock.clone(), book, news, [7; 32], settings)
            .await
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let work = tokio::spawn(work);
        Self { desk, clock, work }
    }

    fn invite(to: &str) -> Invite {
        Invite {
            source: IpAddr::from([198, 51, 100, 7]),
            transport: Transport::Udp,
            proof: Proof::Digest {
                access: samples::access(1, "Main", AccessKind::Digest).id,
                algorithm: "MD5",
                moved_from: None,
            },
            target_user: to.to_owned(),
            target_host: "sip.example.com".to_owned(),
            called_party: None,
            to_user: to.to_owned(),
            agent_headers: Vec::new(),
            media: MediaOffer::Late,
            caller: CallerId::default(),
        }
    }

    /// An INVITE arrives: what was decided of it.
    fn arrives(&self, to: &str) -> NewCall {
        let id: CallId = self.clock.new_id();
        let invite = Self::invite(to);
        let decision = self.desk.admit(id, &invite);
        NewCall {
            id,
            received_at: self.clock.now_ms(),
            peer: SocketAddr::from(([198, 51, 100, 7], 5060)),
            sip_call_id: format!("{id}@test"),
            software: Some("Test".to_owned()),
            invite,
            decision,
        }
    }

    fn ends(&self, id: CallId) {
        let facts = CallFacts {
            ended_at: self.clock.now_ms(),
            recording: RecordingState::Kept,
            ..CallFacts::default()
        };
        self.desk
            .end(id, CallEnd::because(EndReason::CallerHungUp), &facts);
    }
}

#[tokio::test]
async fn a_call_leaves_its_row_its_lines_and_its_end() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(db, folder.path()).await;
        let new = office.arrives(DIALLED);
        assert!(
            matches!(new.decision.verdict, Verdict::Answer(_)),
            "{:#?}",
            new.decision
        );
        let id = new.id;
        assert_eq!(office.desk.begin(new).await, Opened::Durable);
        let ringing = office.desk.get(&Caller::operator(), id).await.unwrap();
        assert_eq!(ringing.call.state, CallState::Ringing);
        assert_eq!(ringing.call.agent_name.as_deref(), Some("Front desk"));

        office.clock.advance(Duration::from_millis(300));
        let happened = |what| {
            CallEvent::Happened(TimelineEvent {
                at: office.clock.now_ms(),
                what,
            })
        };
        office.desk.note(id, happened(Happening::Answered));
        let line = TranscriptLine {
            speaker: Speaker::Agent,
            said: Said::Words("Hello?".to_owned()),
            start_ms: 0,
            end_ms: 600,
        };
        office.desk.note(id, CallEvent::Said(line.clone()));
        office.clock.advance(Duration::from_secs(5));
        office.ends(id);
        office.desk.flush().await;

        let ended = office.desk.get(&Caller::operator(), id).await.unwrap();
        assert_eq!(ended.call.state, CallState::Ended);
        assert_eq!(ended.call.answered_at, Some(NOW + 300));
        assert_eq!(ended.call.ended_at, Some(NOW + 5_300));
        assert_eq!(
            ended.call.end,
            Some(CallEnd::because(EndReason::CallerHungUp))
        );
        assert_eq!(ended.transcript, [line]);
        assert!(matches!(
            ended.timeline.last().unwrap().what,
            Happening::Ended { .. }
        ));
        office.work.abort();
    })
    .await;
}

#[tokio::test]
async fn the_last_line_is_given_once_and_freed_by_the_end() {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    let office = Office::open(db, lite.folder.path()).await;
    let (first, second, third) = (
        office.arrives(DIALLED),
        office.arrives(DIALLED),
        office.arrives(DIALLED),
    );
    assert!(matches!(first.decision.verdict, Verdict::Answer(_)));
    assert!(matches!(second.decision.verdict, Verdict::Answer(_)));
    assert_eq!(
        third.decision.verdict,
        Verdict::Refuse(Refusal::InstallationFull)
    );
    office.ends(first.id);
    assert!(matches!(
        office.arrives(DIALLED).decision.verdict,
        Verdict::Answer(_)
    ));
}

#[tokio::test]
async fn refusals_alike_are_one_row_with_a_count() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(db, folder.path()).await;
        for _ in 0..5 {
            let new = office.arrives("+14155550999");
            let Verdict::Refuse(refusal) = new.decision.verdict else {
                panic!("{:?}", new.decision)
            };
            let end = CallEnd::because(EndReason::Refused(refusal));
            office.desk.refused(&new, end, Vec::new());
        }
        office.desk.flush().await;
        let refused = CallFilter {
            refused: Some(true),
            ..CallFilter::default()
        };
        let page = office
            .desk
            .list(&Caller::operator(), refused)
            .await
            .unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0].repeats, 5);
        assert_eq!(page.items[0].end.unwrap().status, Some(404));
        let detail = office
            .desk
            .get(&Caller::operator(), page.items[0].id)
            .await
            .unwrap();
        assert!(detail.receipt.checks.len() >= 3, "{:#?}", detail.receipt);
        office.work.abort();
    })
    .await;
}

#[tokio::test]
async fn rows_wait_in_a_file_while_the_database_is_locked() {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    let office = Office::open(db.clone(), lite.folder.path()).await;
    // Another program holds the database, longer than anyone waits.
    let held = db.append().await.unwrap();
    let new = office.arrives(DIALLED);
    let id = new.id;
    assert_eq!(office.desk.begin(new).await, Opened::Late);
    office.ends(id);
    drop(held);
    office.desk.flush().await;
    let call = office.desk.get(&Caller::operator(), id).await.unwrap().call;
    assert!(call.late);
    assert_eq!(call.state, CallState::Ended);
}

#[tokio::test]
async fn what_waits_in_the_file_is_replayed_at_the_next_start() {
    let lite = Sqlite::fresh();
    let db = Db::open(&lite.url, key()).await.unwrap();
    let office = Office::open(db.clone(), lite.folder.path()).await;
    db.close().await;
    let new = office.arrives(DIALLED);
    let id = new.id;
    office.desk.begin(new).await;
    office.ends(id);
    office.desk.flush().await;
    office.work.abort();
    assert!(
        lite.folder
            .path()
            .join("calls.spool")
            .metadata()
            .unwrap()
            .len()
            > 0
    );

    let db = Db::open(&lite.url, key()).await.unwrap();
    let next = Office::open(db, lite.folder.path()).await;
    let call = next.desk.get(&Caller::operator(), id).await.unwrap().call;
    assert_eq!(call.end, Some(CallEnd::because(EndReason::CallerHungUp)));
    assert_eq!(
        lite.folder
            .path()
            .join("calls.spool")
            .metadata()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn rows_wait_in_a_file_while_the_database_lets_nobody_in() {
    let Some(postgres) = Postgres::fresh().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&postgres.url, key()).await.unwrap();
    let office = Office::open(db.clone(), folder.path()).await;
    postgres.lets_in(false).await;
    let new = office.arrives(DIALLED);
    let id = new.id;
    assert_eq!(office.desk.begin(new).await, Opened::Durable);
    office.ends(id);
    office.desk.flush().await;
    assert!(office.desk.get(&Caller::operator(), id).await.is_err());
    postgres.lets_in(true).await;
    office.desk.flush().await;
    let call = office.desk.get(&Caller::operator(), id).await.unwrap().call;
    assert_eq!(call.end, Some(CallEnd::because(EndReason::CallerHungUp)));
    office.work.abort();
    db.close().await;
    postgres.drop_database().await;
}

#[tokio::test]
async fn what_the_database_refuses_takes_nothing_with_it() {
    const MANY: usize = 300;
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(db.clone(), folder.path()).await;
        let new = office.arrives(DIALLED);
        let id = new.id;
        office.desk.begin(new).await;
        let confirmed = || {
            CallEvent::Happened(TimelineEvent {
                at: NOW,
                what: Happening::Confirmed,
            })
        };
        for turn in 0..MANY {
            office.desk.note(id, confirmed());
            if turn % 100 == 42 {
                // Of a call that has no row.
                office.desk.note(office.clock.new_id(), confirmed());
            }
        }
        office.desk.flush().await;
        let kept = office.desk.get(&Caller::operator(), id).await.unwrap();
        assert_eq!(kept.timeline.len(), MANY);
        office.work.abort();
    })
    .await;
}

#[tokio::test]
async fn a_call_whose_process_died_gets_a_final_row() {
    both(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(db.clone(), folder.path()).await;
        let new = office.arrives(DIALLED);
        let id = new.id;
        office.desk.begin(new).await;
        office.work.abort();

        let next = Office::open(db, folder.path()).await;
        assert_eq!(next.desk.close_orphans().await.unwrap(), 1);
        let call = next.desk.get(&Caller::operator(), id).await.unwrap().call;
        assert_eq!(call.end, Some(CallEnd::because(EndReason::Interrupted)));
        assert_eq!(next.desk.close_orphans().await.unwrap(), 0);
        next.work.abort();
    })
    .await;
}
