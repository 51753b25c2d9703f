//! One task that writes what calls leave behind: many entries a commit, off the SIP path.
//! While the database is away, entries go to an append-only file and are replayed in order;
//! while the disk is full as well, they wait in memory and nobody is told that they are safe.

mod spool;

use std::collections::{BTreeMap, BTreeSet, HashMap};
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
use super::live::{Live, Unwritten};
use crate::store::calls::CallPapers;
use crate::store::notices::{self, CallNotice};
use crate::store::{self, Db, StoreError};

/// So many entries at most share a commit.
const BATCH: usize = 4_000;
/// How long the first of a batch waits for others to share its commit. A call that rings waits for its row: hardly
/// where there are few, and as long as two packets of audio where a machine would spend its time on commits otherwise.
const QUIET: Duration = Duration::from_millis(5);
const BUSY: Duration = Duration::from_millis(40);
/// What a handful of calls leave behind: after a batch of more it is busy.
const FEW: usize = 50;
/// How often a database that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// One thing to write. Serialisable, because it may have to wait in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(super) enum Entry {
    Save {
        call: Arc<Call>,
        papers: Arc<CallPapers>,
    },
    /// The same of a row that is there already, with the receipt that it has.
    Change {
        call: Arc<Call>,
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
    pub(super) fn save(call: Arc<Call>, papers: CallPapers) -> Self {
        let papers = Arc::new(papers);
        Self::Save { call, papers }
    }

    /// A row as it is now.
    pub(super) fn of(Unwritten { row, papers_too }: Unwritten) -> Self {
        let (call, papers) = row;
        if papers_too {
            Self::Save { call, papers }
        } else {
            Self::Change { call, papers }
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
            Self::Save { call, .. } | Self::Change { call, .. } => Some(CallNotice::Row(call.id)),
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
enum Order {
    Write(Entry),
    /// The same, and somebody waits until it is safe.
    Secure(Entry, oneshot::Sender<()>),
    /// The row of a call that runs, as it is when it is written.
    Row(CallId),
    /// Everything before it.
    Flush(oneshot::Sender<()>),
}

impl Order {
    fn is_flush(&self) -> bool {
        matches!(self, Self::Flush(_))
    }
}

impl Writer {
    /// Replays what waits in the file, then hands out the way and the work. `live` has the rows of the calls that run.
    pub(super) async fn open(
        db: Db,
        spool: PathBuf,
        live: Arc<Live>,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), WriterError> {
        let mut spool = Spool::open(spool).await?;
        if let Err(error) = spool.replay(&db).await {
            tracing::warn!(cause = %error, "calls.spool.waits");
        }
        let (send, receive) = mpsc::unbounded_channel();
        Ok((Self(send), work(db, spool, live, receive)))
    }

    /// Hands something over; it will be written.
    pub(super) fn write(&self, entry: Entry) {
        drop(self.0.send(Order::Write(entry)));
    }

    /// The row of a call that runs has changed. It is looked at when it is written, so that of changes which come
    /// close together only the last is, and nobody keeps a copy. The end of a call is written by itself.
    pub(super) fn write_row(&self, call: CallId) {
        drop(self.0.send(Order::Row(call)));
    }

    /// Resolves when it is durable, in the database or in the file; an error means that it
    /// is in memory alone, because neither could take it.
    pub(super) fn write_durably(&self, entry: Entry) -> oneshot::Receiver<()> {
        let (done, durable) = oneshot::channel();
        drop(self.0.send(Order::Secure(entry, done)));
        durable
    }

    /// Waits until everything handed over before is durable, or cannot be made so.
    pub(super) async fn flush(&self) {
        let (done, durable) = oneshot::channel();
        drop(self.0.send(Order::Flush(done)));
        drop(durable.await);
    }
}

async fn work(
    db: Db,
    mut spool: Spool,
    live: Arc<Live>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut patience = QUIET;
    let mut retry = tokio::time::interval(RETRY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            count = orders.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                gather(&mut batch, &mut orders, patience).await;
                patience = if batch.len() > FEW { BUSY } else { QUIET };
                let flush = batch.iter().any(Order::is_flush);
                let (entries, waiting) = taken(&mut batch, &live);
                let mut durable = keep(&db, &mut spool, entries).await;
                if flush {
                    durable = spool.empty_into(&db).await;
                }
                if durable {
                    for done in waiting {
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

/// What is to be written, and who waits for it.
fn taken(batch: &mut Vec<Order>, live: &Live) -> (Vec<Entry>, Vec<oneshot::Sender<()>>) {
    let (mut entries, mut waiting) = (Vec::with_capacity(batch.len()), Vec::new());
    let mut rows = BTreeSet::new();
    for order in batch.drain(..) {
        match order {
            Order::Write(entry) => entries.push(entry),
            Order::Secure(entry, done) => {
                entries.push(entry);
                waiting.push(done);
            }
            Order::Row(call) => _ = rows.insert(call),
            Order::Flush(done) => waiting.push(done),
        }
    }
    // Last, for what is looked at now is newer than what was handed over. Of a call that is over its end comes later,
    // with all there is to say.
    let rows = rows.into_iter().filter_map(|call| live.unwritten(call));
    entries.extend(rows.map(Entry::of));
    (entries, waiting)
}

/// Waits a moment for more, unless somebody wants to see everything written now.
async fn gather(
    batch: &mut Vec<Order>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    patience: Duration,
) {
    let is_urgent = batch.iter().any(Order::is_flush);
    if is_urgent || batch.len() >= BATCH {
        return;
    }
    tokio::time::sleep(patience).await;
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
    let changed: Vec<(&Call, &CallPapers)> = news.changed.into_values().collect();
    let lost = store::calls::change_all(&mut tx, &changed).await?;
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
    let saved = entries.iter().filter_map(Entry::saves);
    let saved: Vec<CallId> = saved.chain(lost).collect();
    store::conversations::number(&mut tx, &saved).await?;
    tx.commit().await
}

/// A batch by what it is of, so that all of a kind can be written together. Of several states of one call in a batch
/// only the newest is worth writing.
#[derive(Default)]
struct News<'a> {
    calls: Vec<(&'a Call, &'a CallPapers)>,
    /// In the order in which everybody locks them, as those below.
    changed: BTreeMap<CallId, (&'a Call, &'a CallPapers)>,
    repeats: HashMap<CallId, u32>,
    transfers: Vec<&'a Transfer>,
    events: Vec<(CallId, &'a TimelineEvent)>,
    lines: Vec<(CallId, &'a TranscriptLine)>,
    messages: Vec<(CallId, &'a SipMessageRecord)>,
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
                    news.changed.remove(&call.id);
                }
                Entry::Change { call, papers } => {
                    news.changed.insert(call.id, (call, papers));
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
