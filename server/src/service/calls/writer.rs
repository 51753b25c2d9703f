//! One task that writes what calls leave behind: many entries a commit, off the SIP path.
//! While the database is away, entries go to an append-only file and are replayed in order.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::domain::call::{Call, SipMessageRecord, TimelineEvent, TranscriptLine};
use app::domain::id::{AccessId, CallId};
use app::domain::phone::PhoneNumber;
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};

use crate::store::calls::CallPapers;
use crate::store::{self, Db, StoreError, Tx};

/// So many entries at most share a commit.
const BATCH: usize = 500;
/// How often a database that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// One thing to write. Serialisable, because it may have to wait in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(super) enum Entry {
    Save {
        call: Box<Call>,
        papers: Box<CallPapers>,
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
    Used {
        access: AccessId,
        at: i64,
        from: IpAddr,
    },
    Called {
        number: PhoneNumber,
        at: i64,
    },
}

impl Entry {
    pub(super) fn save(call: Call, papers: CallPapers) -> Self {
        Self::Save {
            call: Box::new(call),
            papers: Box::new(papers),
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
            tracing::warn!(cause = error.chain(), "calls.spool.waits");
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

    /// Resolves when it is durable, in the database or in the file; an error means that
    /// the writer is gone.
    pub(super) fn write_durably(&self, entry: Entry) -> oneshot::Receiver<()> {
        self.order(Some(entry))
    }

    /// Waits until everything handed over before is durable.
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
    loop {
        let waiting = !spool.is_empty();
        tokio::select! {
            count = orders.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                let entries: Vec<Entry> = batch.iter_mut().filter_map(|order| order.entry.take()).collect();
                keep(&db, &mut spool, entries).await;
                for order in batch.drain(..) {
                    if let Some(done) = order.done {
                        let _ = done.send(());
                    }
                }
            }
            () = tokio::time::sleep(RETRY), if waiting => {
                if spool.replay(&db).await.is_ok() {
                    tracing::info!("calls.spool.replayed");
                }
            }
        }
    }
}

/// Into the database, or behind what already waits for it.
async fn keep(db: &Db, spool: &mut Spool, entries: Vec<Entry>) {
    if entries.is_empty() {
        return;
    }
    if spool.is_empty() {
        match write_all(db, &entries).await {
            Ok(()) => return,
            Err(error) if error.is_passing() => {
                tracing::warn!(cause = error.chain(), "calls.database.away");
            }
            Err(error) => {
                tracing::error!(cause = error.chain(), "calls.batch.refused");
                one_by_one(db, spool, entries).await;
                return;
            }
        }
    }
    spool.append(&entries).await;
}

async fn write_all(db: &Db, entries: &[Entry]) -> Result<(), StoreError> {
    let mut tx = db.append().await?;
    for entry in entries {
        write(&mut tx, entry).await?;
    }
    let saved: Vec<CallId> = entries.iter().filter_map(Entry::saves).collect();
    store::conversations::number(&mut tx, &saved).await?;
    tx.commit().await
}

/// One bad entry must not take its neighbours with it.
async fn one_by_one(db: &Db, spool: &mut Spool, entries: Vec<Entry>) {
    for entry in entries {
        let entry = std::slice::from_ref(&entry);
        match write_all(db, entry).await {
            Ok(()) => {}
            Err(error) if error.is_passing() => spool.append(entry).await,
            Err(error) => tracing::error!(cause = error.chain(), "calls.entry.refused"),
        }
    }
}

async fn write(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    match entry {
        Entry::Save { call, papers } => store::calls::save(tx, call, papers).await,
        Entry::Repeat { call, repeats } => store::calls::repeat(tx, *call, *repeats).await,
        Entry::Event { call, event } => store::timeline::add_event(tx, *call, event).await,
        Entry::Line { call, line } => store::timeline::add_line(tx, *call, line).await,
        Entry::Message { call, message } => store::timeline::add_message(tx, *call, message).await,
        Entry::Used { access, at, from } => store::accesses::used(tx, *access, *at, *from).await,
        Entry::Called { number, at } => store::numbers::called(tx, number, *at).await,
    }
}

/// The file for hard times: one entry a line.
#[derive(Debug)]
struct Spool {
    path: PathBuf,
    file: File,
    entries: u64,
}

impl Spool {
    async fn open(path: PathBuf) -> Result<Self, WriterError> {
        let fail = |what| {
            let path = path.clone();
            move |source| WriterError { path, what, source }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .await
                .map_err(fail("has no folder"))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&path).await.map_err(fail("can't be opened"))?;
        let entries = count_lines(&path).await.map_err(fail("can't be read"))?;
        Ok(Self {
            path,
            file,
            entries,
        })
    }

    fn is_empty(&self) -> bool {
        self.entries == 0
    }

    async fn append(&mut self, entries: &[Entry]) {
        let mut lines = Vec::new();
        for entry in entries {
            match serde_json::to_vec(entry) {
                Ok(line) => {
                    lines.extend(line);
                    lines.push(b'\n');
                }
                Err(error) => tracing::error!(cause = %error, "calls.entry.unwritable"),
            }
        }
        let written = match self.file.write_all(&lines).await {
            Ok(()) => self.file.sync_data().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => self.entries += entries.len() as u64,
            Err(error) => {
                tracing::error!(cause = %error, entries = entries.len(), "calls.spool.lost");
            }
        }
    }

    /// Writes everything that waits into the database, then empties the file. A crash in
    /// between writes some of it twice, which rows survive: they are saved whole.
    async fn replay(&mut self, db: &Db) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        for batch in self.read().await.chunks(BATCH) {
            match write_all(db, batch).await {
                Ok(()) => {}
                Err(error) if error.is_passing() => return Err(error),
                Err(_) => {
                    for entry in batch {
                        let entry = std::slice::from_ref(entry);
                        match write_all(db, entry).await {
                            Ok(()) => {}
                            Err(error) if error.is_passing() => return Err(error),
                            Err(error) => {
                                tracing::error!(cause = error.chain(), "calls.entry.refused");
                            }
                        }
                    }
                }
            }
        }
        if let Err(error) = self.file.set_len(0).await {
            tracing::error!(cause = %error, "calls.spool.not_emptied");
        }
        self.entries = 0;
        Ok(())
    }

    async fn read(&self) -> Vec<Entry> {
        let Ok(file) = File::open(&self.path).await else {
            return Vec::new();
        };
        let mut lines = BufReader::new(file).lines();
        let mut entries = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            match serde_json::from_str(&line) {
                Ok(entry) => entries.push(entry),
                // The last line of a crash is torn.
                Err(error) => tracing::warn!(cause = %error, "calls.spool.torn_line"),
            }
        }
        entries
    }
}

async fn count_lines(path: &Path) -> std::io::Result<u64> {
    let mut lines = BufReader::new(File::open(path).await?).lines();
    let mut count = 0;
    while lines.next_line().await?.is_some() {
        count += 1;
    }
    Ok(count)
}
