//! The engine that has a telephone: it is joined with the caller elsewhere. What is left to do here is
//! to keep the recording and the time.

use tokio::time::timeout;

use super::talk::Talk;
use super::{AgentCall, Choice, EngineEnd, Moment};

pub(super) async fn run(call: AgentCall) -> EngineEnd {
    let limit = call.behaviour.max_duration;
    let mut talk = Talk::begin(call);
    if let Ok(end) = timeout(limit, talk.stand_by()).await {
        return end;
    }
    talk.moment(Moment::TimeUp);
    EngineEnd::TimeUp
}

impl Talk {
    async fn stand_by(&mut self) -> EngineEnd {
        if !self.begin_recording().await {
            return EngineEnd::CallerGone;
        }
        // Nobody listens once the call ends.
        let _ = self.call.menu.choose.send(Choice::Engine);
        loop {
            let heard = self.call.line.hear().await;
            if !self.take(&heard) {
                return EngineEnd::CallerGone;
            }
        }
    }
}
