//! The end of a call: BYE if it is ours to say, the audio closed, the last word to the house.

use std::time::Duration;

use app::domain::call::{CallEnd, Flow, Quality, RecordingState};

use super::call::{Call, Ending};
use crate::media::Closed;
use crate::sip::desk::CallFacts;
use crate::sip::ladder::Way;

/// How long the answer to our BYE is waited for before the row is closed.
const GOODBYE: Duration = Duration::from_secs(2);
/// The same when the server stops: long enough for the BYE to leave.
const PARTING: Duration = Duration::from_millis(100);

impl Call {
    pub(super) async fn finish(mut self, ending: Ending) {
        let ended_at = self.edge.clock.now_ms();
        let asked = match ending.bye {
            Some(why) => {
                let bye = self.own_request("BYE").with("Reason", why);
                self.ask(&bye).await
            }
            None => None,
        };
        // Once the server stops nobody reads the answer any more.
        let stopping = self.edge.life.stopped().is_cancelled();
        let patience = if stopping { PARTING } else { GOODBYE };
        let goodbye = async {
            let asked = asked?;
            tokio::time::timeout(patience, asked.last())
                .await
                .ok()
                .flatten()
        };
        let (answer, closed) = tokio::join!(goodbye, self.session.close());
        if let Some(answer) = answer {
            self.step(&answer, Way::Received);
        }
        let facts = CallFacts {
            ended_at,
            first_audio_at: self.first_audio_at,
            quality: Some(quality(&closed)),
            recording: recording(&closed),
        };
        self.edge
            .desk
            .end(self.id, CallEnd::because(ending.reason), facts);
    }
}

fn quality(closed: &Closed) -> Quality {
    let (received, sent) = (&closed.stats.received, &closed.stats.sent);
    Quality {
        from_caller: Flow {
            packets: received.packets,
            bytes: received.bytes,
            lost: received.lost,
            jitter_ms: received.jitter_ms,
        },
        to_caller: Flow {
            packets: sent.packets,
            bytes: sent.bytes,
            lost: sent.lost_there.unwrap_or(0),
            jitter_ms: sent.jitter_there_ms.unwrap_or(0.0),
        },
    }
}

fn recording(closed: &Closed) -> RecordingState {
    if closed.recordings.iter().all(|kept| kept.duration_ms == 0) {
        RecordingState::None
    } else if closed.recordings.iter().any(|kept| kept.failure.is_some()) {
        RecordingState::CutShort
    } else {
        RecordingState::Kept
    }
}
