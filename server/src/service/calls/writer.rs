//! One task that writes what calls leave behind: many entries a commit, off the SIP path.
//! While the database is away, entries go to an append-only file and are replayed in order;
//! while the disk is full as well, they wait in memory and nobody is told that they are safe.

mod shared;
mod spool;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::{Call, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::{AccessId, CallId};
use app::domain::phone::PhoneNumber;
use app::domain::transfer::Transfer;
use app::domain::webhook::Event;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use self::spool::Spool;
use crate::store::calls::CallPapers;
use crate::store::notices::{self, CallNotice};
use crate::store::{self, Db, StoreError};

/// So many entries at most share a commit.
const BATCH: usize = 2_000;
/// How long the first of a batch waits for others to share its commit. A call that rings waits for its row, as long as
/// one packet of audio; a machine that takes hundreds of calls a second spends its time on commits otherwise.
const GATHER: Duration = Duration::from_millis(20);
/// How often a database that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// One thing to write. Serialisable, because it may have to wait in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(super) enum Entry {
    Save {
        #[serde(with = "shared")]
        call: Arc<Call>,
        #[serde(with = "shared")]
        papers: Arc<CallPapers>,
    },
    Repeat {
        call: CallId,
        repeats: u32,
    },
    Event {
        call: CallId,
        event: TimelineEvent,
    },
    Line {
        call: CallId,
        line: TranscriptLine,
    },
    Message {
        call: CallId,
        message: SipMessageRecord,
    },
    Transfer {
        transfer: Box<Transfer>,
    },
    Used {
        access: AccessId,
        at: i64,
        from: IpAddr,
    },
    Called {
        number: PhoneNumber,
        at: i64,
    },
    Tell {
        event: Box<Event>,
    },
}

impl Entry {
    pub(super) fn save(call: Call, papers: CallPapers) -> Self {
        Self::Save {
            call: Arc::new(call),
            papers: Arc::new(papers),
        }
    }

    fn tells(&self) -> Option<&Event> {
        match self {
            Self::Tell { event } => Some(event),
            _ => None,
        }
    }

    /// What readers at other instances are told of it.
    fn notice(&self) -> Option<CallNotice> {
        match self {
            Self::Save { call, .. } => Some(CallNotice::Row(call.id)),
            Self::Repeat { call, .. } => Some(CallNotice::Row(*call)),
            Self::Line { call, line } => Some(CallNotice::Line(*call, line.start_ms)),
            _ => None,
        }
    }

    fn saves(&self) -> Option<CallId> {
        match self {
            Self::Save { call, .. } => Some(call.id),
            _ => None,
        }
    }
}

/// Why the file for hard times cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the file for calls {path} {what}: {source}", path = path.display())]
pub struct WriterError {
    path: PathBuf,
    what: &'static str,
    source: std::io::Error,
}

/// The way to the task. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Writer(mpsc::UnboundedSender<Order>);

#[derive(Debug)]
struct Order {
    entry: Option<Entry>,
    done: Option<oneshot::Sender<()>>,
}

impl Writer {
    /// Replays what waits in the file, then hands out the way and the work.
    pub(super) async fn open(
        db: Db,
        spool: PathBuf,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), WriterError> {
        let mut spool = Spool::open(spool).await?;
        if let Err(error) = spool.replay(&db).await {
            tracing::warn!(cause = %error, "calls.spool.waits");
        }
        let (send, receive) = mpsc::unbounded_channel();
        Ok((Self(send), work(db, spool, receive)))
    }

    /// Hands something over; it will be written.
    pub(super) fn write(&self, entry: Entry) {
        drop(self.0.send(Order {
            entry: Some(entry),
            done: None,
        }));
    }

    /// Resolves when it is durable, in the database or in the file; an error means that it
    /// is in memory alone, because neither could take it.
    pub(super) fn write_durably(&self, entry: Entry) -> oneshot::Receiver<()> {
        self.order(Some(entry))
    }

    /// Waits until everything handed over before is durable, or cannot be made so.
    pub(super) async fn flush(&self) {
        drop(self.order(None).await);
    }

    fn order(&self, entry: Option<Entry>) -> oneshot::Receiver<()> {
        let (done, durable) = oneshot::channel();
        drop(self.0.send(Order {
            entry,
            done: Some(done),
        }));
        durable
    }
}

async fn work(db: Db, mut spool: Spool, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut retry = tokio::time::interval(RETRY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            count = orders.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                gather(&mut batch, &mut orders).await;
                let flush = batch.iter().any(|order| order.entry.is_none());
                let entries: Vec<Entry> = batch.iter_mut().filter_map(|order| order.entry.take()).collect();
                let mut durable = keep(&db, &mut spool, entries).await;
                if flush {
                    durable = spool.empty_into(&db).await;
                }
                for done in batch.drain(..).filter_map(|order| order.done) {
                    if durable {
                        let _ = done.send(());
                    }
                }
            }
            _ = retry.tick(), if !spool.is_empty() => {
                spool.empty_into(&db).await;
            }
        }
    }
}

/// Waits a moment for more, unless somebody wants to see everything written now.
async fn gather(batch: &mut Vec<Order>, orders: &mut mpsc::UnboundedReceiver<Order>) {
    let is_urgent = batch.iter().any(|order| order.entry.is_none());
    if is_urgent || batch.len() >= BATCH {
        return;
    }
    tokio::time::sleep(GATHER).await;
    while batch.len() < BATCH {
        let Ok(order) = orders.try_recv() else { return };
        batch.push(order);
    }
}

/// Into the database, or behind what already waits for it; whether they are durable.
async fn keep(db: &Db, spool: &mut Spool, mut entries: Vec<Entry>) -> bool {
    if entries.is_empty() {
        return true;
    }
    if spool.is_empty() {
        let (done, outcome) = write_what_can_be(db, &entries).await;
        let Err(error) = outcome else { return true };
        tracing::warn!(cause = error.chain(), "calls.database.away");
        entries.drain(..done);
    }
    spool.append(entries).await
}

/// Everything that the database does not refuse for good. Of what it refuses it is asked for halves, down to the one
/// entry that is wrong, which must not take its neighbours with it. Answers how many are done with, and why the others
/// have to wait.
async fn write_what_can_be(db: &Db, entries: &[Entry]) -> (usize, Result<(), StoreError>) {
    let (mut done, mut size) = (0, entries.len());
    while done < entries.len() {
        let end = entries.len().min(done + size);
        match write_all(db, &entries[done..end]).await {
            Ok(()) => (done, size) = (end, size * 2),
            Err(error) if error.is_passing() => return (done, Err(error)),
            Err(_) if end - done > 1 => size = (end - done) / 2,
            Err(error) => {
                tracing::error!(cause = error.chain(), "calls.entry.refused");
                (done, size) = (end, size * 2);
            }
        }
    }
    (done, Ok(()))
}

async fn write_all(db: &Db, entries: &[Entry]) -> Result<(), StoreError> {
    let mut tx = db.append().await?;
    // Rows first: whatever else is noted of a call refers to its row.
    let news = News::of(entries);
    store::calls::save_all(&mut tx, &news.calls).await?;
    for (call, repeats) in news.repeats {
        store::calls::repeat(&mut tx, call, repeats).await?;
    }
    for transfer in news.transfers {
        store::transfers::save(&mut tx, transfer).await?;
    }
    store::timeline::add_events(&mut tx, &news.events).await?;
    store::timeline::add_lines(&mut tx, &news.lines).await?;
    store::timeline::add_messages(&mut tx, &news.messages).await?;
    for (access, (at, from)) in news.used {
        store::accesses::used(&mut tx, access, at, from).await?;
    }
    for (number, at) in news.called {
        store::numbers::called(&mut tx, number, at).await?;
    }
    notices::tell(&mut tx, entries.iter().filter_map(Entry::notice)).await?;
    let events: Vec<&Event> = entries.iter().filter_map(Entry::tells).collect();
    store::deliveries::queue(&mut tx, &events).await?;
    // Last: the counter of conversations is one row, and on PostgreSQL it is locked until the commit.
    let saved: Vec<CallId> = entries.iter().filter_map(Entry::saves).collect();
    store::conversations::number(&mut tx, &saved).await?;
    tx.commit().await
}

/// A batch by what it is of, so that all of a kind can be written together. A row is saved whole at each change:
/// of several states of one call in a batch only the newest is worth writing.
#[derive(Default)]
struct News<'a> {
    calls: Vec<(&'a Call, &'a CallPapers)>,
    repeats: HashMap<CallId, u32>,
    transfers: Vec<&'a Transfer>,
    events: Vec<(CallId, &'a TimelineEvent)>,
    lines: Vec<(CallId, &'a TranscriptLine)>,
    messages: Vec<(CallId, &'a SipMessageRecord)>,
    /// In the order in which everybody locks them, as the next.
    used: BTreeMap<AccessId, (i64, IpAddr)>,
    called: BTreeMap<&'a PhoneNumber, i64>,
}

impl<'a> News<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut news = Self::default();
        let mut rows: HashMap<CallId, usize> = HashMap::new();
        for entry in entries {
            match entry {
                Entry::Save { call, papers } => {
                    let place = *rows.entry(call.id).or_insert(news.calls.len());
                    match news.calls.get_mut(place) {
                        Some(row) => *row = (call, papers),
                        None => news.calls.push((call, papers)),
                    }
                }
                Entry::Repeat { call, repeats } => {
                    news.repeats.insert(*call, *repeats);
                }
                Entry::Transfer { transfer } => news.transfers.push(transfer),
                Entry::Event { call, event } => news.events.push((*call, event)),
                Entry::Line { call, line } => news.lines.push((*call, line)),
                Entry::Message { call, message } => news.messages.push((*call, message)),
                Entry::Used { access, at, from } => {
                    news.used.insert(*access, (*at, *from));
                }
                Entry::Called { number, at } => {
                    news.called.insert(number, *at);
                }
                // All of a batch together, at its end.
                Entry::Tell { .. } => {}
            }
        }
        news
    }
}
