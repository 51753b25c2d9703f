//! What waits for the database, oldest first: one entry a line in a file, and behind those in
//! memory what the disk has no room for either.

use std::path::PathBuf;

use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::{BATCH, Entry, WriterError, write_what_can_be};
use crate::store::{Db, StoreError};

/// So many entries may wait in memory; a busy hour, and some 50 MB.
const MOST_IN_MEMORY: usize = 50_000;

/// Why entries have to go on waiting.
#[derive(Debug, thiserror::Error)]
pub(super) enum Waits {
    #[error("{}", .0.chain())]
    Database(#[from] StoreError),
    #[error("the file can't be read: {0}")]
    File(#[from] std::io::Error),
}

#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    /// How far the file holds whole lines.
    bytes: u64,
    entries: usize,
    /// So many of them are in the database by now.
    replayed: usize,
    memory: Vec<Entry>,
}

impl Spool {
    pub(super) async fn open(path: PathBuf) -> Result<Self, WriterError> {
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
        let text = fs::read(&path).await.map_err(fail("can't be read"))?;
        // The last line of a crash is torn, and the next must not follow half a line.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let bytes = whole as u64;
        if whole < text.len() {
            tracing::warn!(bytes = text.len() - whole, "calls.spool.torn_line");
            file.set_len(bytes).await.map_err(fail("can't be mended"))?;
        }
        let entries = text[..whole].split_inclusive(|byte| *byte == b'\n').count();
        Ok(Self {
            path,
            file,
            bytes,
            entries,
            replayed: 0,
            memory: Vec::new(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0 && self.memory.is_empty()
    }

    /// Puts entries behind the others; whether they are durable.
    pub(super) async fn append(&mut self, entries: Vec<Entry>) -> bool {
        let was_full = !self.memory.is_empty();
        let room = MOST_IN_MEMORY.saturating_sub(self.memory.len());
        if let Some(lost) = entries.len().checked_sub(room).filter(|lost| *lost > 0) {
            tracing::error!(entries = lost, "calls.lost");
        }
        self.memory.extend(entries.into_iter().take(room));
        // Full a moment ago: the next attempt is soon, and all that waits goes with it.
        !was_full && self.write_down().await
    }

    /// Writes everything into the database, or at least what is in memory into the file;
    /// whether everything is durable.
    pub(super) async fn empty_into(&mut self, db: &Db) -> bool {
        if self.is_empty() {
            return true;
        }
        match self.replay(db).await {
            Ok(()) => {
                tracing::info!("calls.spool.replayed");
                true
            }
            Err(error) => {
                tracing::debug!(cause = %error, "calls.spool.waits");
                self.write_down().await
            }
        }
    }

    /// From memory to the end of the file.
    async fn write_down(&mut self) -> bool {
        let mut lines = Vec::new();
        for entry in &self.memory {
            match serde_json::to_vec(entry) {
                Ok(line) => {
                    lines.extend(line);
                    lines.push(b'\n');
                }
                Err(error) => tracing::error!(cause = %error, "calls.entry.unwritable"),
            }
        }
        match write_through(&mut self.file, &lines).await {
            Ok(()) => {
                self.bytes += lines.len() as u64;
                self.entries += self.memory.len();
                self.memory.clear();
                true
            }
            Err(error) => {
                tracing::warn!(cause = %error, entries = self.memory.len(), "calls.spool.full");
                // The next line must not follow half of this one.
                if let Err(error) = self.file.set_len(self.bytes).await {
                    tracing::error!(cause = %error, "calls.spool.torn");
                }
                false
            }
        }
    }

    /// Writes everything that waits into the database, then empties the file. A crash in
    /// between writes some of it twice, which rows survive: the last state of each comes last.
    pub(super) async fn replay(&mut self, db: &Db) -> Result<(), Waits> {
        if self.entries > 0 {
            for batch in self.read().await?.chunks(BATCH) {
                let (done, outcome) = write_what_can_be(db, batch).await;
                self.replayed += done;
                outcome?;
            }
            if let Err(error) = self.file.set_len(0).await {
                tracing::error!(cause = %error, "calls.spool.not_emptied");
            }
            (self.bytes, self.entries, self.replayed) = (0, 0, 0);
        }
        while !self.memory.is_empty() {
            let batch = self.memory.len().min(BATCH);
            let (done, outcome) = write_what_can_be(db, &self.memory[..batch]).await;
            self.memory.drain(..done);
            outcome?;
        }
        Ok(())
    }

    /// What is in the file and not yet in the database. A file that can't be read now keeps what it has.
    async fn read(&self) -> std::io::Result<Vec<Entry>> {
        let bytes = fs::read(&self.path).await?;
        let lines = bytes.split(|byte| *byte == b'\n');
        let entries = lines.filter(|line| !line.is_empty()).filter_map(entry);
        Ok(entries.skip(self.replayed).collect())
    }
}

/// A line that is none is told and left out: it must not hold up those behind it.
fn entry(line: &[u8]) -> Option<Entry> {
    serde_json::from_slice(line)
        .inspect_err(|error| tracing::error!(cause = %error, "calls.entry.unreadable"))
        .ok()
}

/// To the disk itself; without the flush a failed write would be told by the next one.
async fn write_through(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes).await?;
    file.flush().await?;
    file.sync_data().await
}
