//! What people and scripts read of calls, and the two things they may do to a live one.

use std::io;

use app::domain::call::{Call, CallDetail, CallFilter, CallState, RecordingState};
use app::domain::id::CallId;
use app::domain::page::Page;
use app::domain::waveform::Waveform;
use app::error::{AppError, Conflict, Scope, Thing};
use app::ports::{Audio, Caller, Calls, NewsStream};
use async_trait::async_trait;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::BroadcastStream;

use super::{CallDesk, waveform};
use crate::store;
use crate::vault::{Recording, WrongKey};

/// Which instance carries a call.
pub(crate) enum Running {
    Here(Call),
    Elsewhere(Call),
}

impl Running {
    /// The row, as it is known here.
    pub(crate) fn call(&self) -> &Call {
        match self {
            Self::Here(call) | Self::Elsewhere(call) => call,
        }
    }
}

impl CallDesk {
    /// A call that still runs; whether it is over or was never there is told apart.
    pub(crate) async fn running(&self, id: CallId) -> Result<Running, AppError> {
        if let Some(call) = self.live_call(id) {
            return Ok(Running::Here(call));
        }
        let mut conn = self.db.read().await?;
        match store::calls::get(&mut conn, id).await? {
            Some(call) if call.state != CallState::Ended && self.db.is_shared() => {
                Ok(Running::Elsewhere(call))
            }
            Some(_) => Err(AppError::Conflict(Conflict::CallEnded)),
            None => Err(AppError::NotFound(Thing::Call)),
        }
    }

    /// Everything known of a call.
    pub(crate) async fn detail(&self, id: CallId) -> Result<CallDetail, AppError> {
        // Whoever was told that something happened finds it here: a stream of events looks at each piece of news,
        // and after the last there is none that would make it look again.
        self.flush().await;
        let mut conn = self.db.read().await?;
        let call = store::calls::get(&mut conn, id).await?;
        let papers = store::calls::papers(&mut conn, id).await?;
        let (Some(call), Some(papers)) = (call, papers) else {
            return Err(AppError::NotFound(Thing::Call));
        };
        Ok(CallDetail {
            call,
            receipt: papers.receipt,
            transcript: store::timeline::transcript(&mut conn, id).await?,
            timeline: store::timeline::events(&mut conn, id).await?,
            messages: store::timeline::messages(&mut conn, id).await?,
            quality: papers.quality,
            offered: papers.offered,
            transfers: store::transfers::of_call(&mut conn, id).await?,
            legs: store::calls::legs(&mut conn, id).await?,
        })
    }

    /// A recording that is complete, opened whichever way it is kept, and how many bytes of WAV it has.
    async fn kept(&self, caller: &Caller, id: CallId) -> Result<(Recording, u64), AppError> {
        caller.may(Scope::CallsRead)?;
        let gone = || AppError::NotFound(Thing::Recording);
        let mut conn = self.db.read().await?;
        let call = store::calls::get(&mut conn, id).await?;
        let call = call.ok_or(AppError::NotFound(Thing::Call))?;
        if !matches!(
            call.recording,
            RecordingState::Kept | RecordingState::CutShort
        ) {
            return Err(gone());
        }
        let (path, key) = (self.recording_path(id), self.vault.clone());
        let opened = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let kept = Recording::open(&path, &key)?;
            let bytes = kept.size()?;
            Ok((kept, bytes))
        });
        match opened.await {
            Ok(Ok(kept)) => Ok(kept),
            Ok(Err(error)) if WrongKey::is_why(&error) => {
                tracing::warn!(call.id = %id, %error, "a recording stays closed");
                Err(AppError::Conflict(Conflict::RecordingSealed))
            }
            // Retention may have been quicker.
            _ => Err(gone()),
        }
    }
}

#[async_trait]
impl Calls for CallDesk {
    async fn list(&self, caller: &Caller, filter: CallFilter) -> Result<Page<Call>, AppError> {
        caller.may(Scope::CallsRead)?;
        let mut conn = self.db.read().await?;
        Ok(store::inbox::page(&mut conn, &filter).await?)
    }

    async fn get(&self, caller: &Caller, id: CallId) -> Result<CallDetail, AppError> {
        caller.may(Scope::CallsRead)?;
        self.detail(id).await
    }

    async fn recording(&self, caller: &Caller, id: CallId) -> Result<Audio, AppError> {
        let (kept, bytes) = self.kept(caller, id).await?;
        let audio = Box::new(kept);
        Ok(Audio { audio, bytes })
    }

    async fn waveform(&self, caller: &Caller, id: CallId) -> Result<Option<Waveform>, AppError> {
        let (kept, _) = self.kept(caller, id).await?;
        let drawn = tokio::task::spawn_blocking(move || waveform::read(kept)).await;
        Ok(drawn.ok().flatten())
    }

    async fn hang_up(&self, caller: &Caller, id: CallId) -> Result<Call, AppError> {
        caller.may(Scope::PhoneWrite)?;
        let call = match self.running(id).await? {
            Running::Here(call) => call,
            Running::Elsewhere(call) => return self.hang_up_elsewhere(call).await,
        };
        let Some(switchboard) = self.switchboard() else {
            return Err(AppError::Conflict(Conflict::CallEnded));
        };
        if !switchboard.hang_up(id).await && call.state != CallState::Ended {
            return Err(AppError::Conflict(Conflict::CallEnded));
        }
        Ok(self.live_call(id).unwrap_or(call))
    }

    fn watch(&self, caller: &Caller) -> Result<NewsStream, AppError> {
        caller.may(Scope::CallsRead)?;
        // A reader that lags loses the oldest; the gap in the serial numbers tells it.
        let news = BroadcastStream::new(self.news.watch()).filter_map(Result::ok);
        Ok(Box::pin(news))
    }
}
