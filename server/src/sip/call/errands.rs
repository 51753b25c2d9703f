//! What a call says to its peer while nobody here waits for the answer: news of a REFER (RFC 3515
//! §2.4.4), and goodbye in a dialog that is left. One word after the other, each numbered when its
//! turn comes, signed if it is challenged, and heard out.

use std::sync::Arc;

use app::domain::id::CallId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Call;
use super::closing::patience;
use crate::sip::Edge;
use crate::sip::dialog::Dialog;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::message::reply::phrase;
use crate::sip::outbound::{Callee, Signed};
use crate::sip::stack::Flow;

/// The errands of one call. Those begun are run to their end, whatever becomes of the call.
pub(in crate::sip) struct Errands {
    queue: mpsc::UnboundedSender<Errand>,
    runner: JoinHandle<()>,
}

struct Errand {
    word: Word,
    dialog: Dialog,
    callee: Option<Callee>,
    /// What is to be done once it has been heard, or will not be.
    then: Box<dyn FnOnce() + Send>,
}

enum Word {
    News { event: String, status: u16 },
    Goodbye(&'static str),
}

impl Call {
    /// How the call goes that was asked for under this Event.
    pub(super) fn tell_peer(&mut self, event: &str, status: u16) {
        self.tell_peer_and(event, status, || ());
    }

    /// The same, and what is to be done once it has been heard, or will not be.
    pub(super) fn tell_peer_and(
        &mut self,
        event: &str,
        status: u16,
        then: impl FnOnce() + Send + 'static,
    ) {
        let event = event.to_owned();
        self.run_errand(Word::News { event, status }, Box::new(then));
    }

    /// BYE in the dialog that is left.
    pub(super) fn say_goodbye(&mut self, why: &'static str) {
        self.run_errand(Word::Goodbye(why), Box::new(|| ()));
    }

    fn run_errand(&mut self, word: Word, then: Box<dyn FnOnce() + Send>) {
        let errands = self
            .errands
            .get_or_insert_with(|| Errands::begin(&self.edge, self.id));
        let _ = errands.queue.send(Errand {
            word,
            dialog: self.dialog.clone(),
            callee: self.callee.clone(),
            then,
        });
    }

    /// Before it hangs up a call says what it still has to say.
    pub(super) async fn have_errands_run(&mut self) {
        if let Some(Errands { queue, runner }) = self.errands.take() {
            drop(queue);
            let patience = tokio::time::sleep(patience(&self.edge));
            tokio::pin!(patience, runner);
            loop {
                tokio::select! {
                    biased;
                    Some(crossing) = self.sources.outside.recv() => self.on_crossing(crossing),
                    _ = &mut runner => return,
                    () = &mut patience => return,
                }
            }
        }
    }
}

impl Errands {
    fn begin(edge: &Arc<Edge>, call: CallId) -> Self {
        let (queue, mut errands) = mpsc::unbounded_channel::<Errand>();
        let life = edge.life.clone();
        let edge = edge.clone();
        let runner = life.spawn("sip.errands", async move {
            // Who does not want to hear of something is not told more of it (RFC 6665 §4.2.2).
            let mut refused = None;
            while let Some(errand) = errands.recv().await {
                let about = errand.word.event().map(str::to_owned);
                if about.is_some() && about == refused {
                    (errand.then)();
                    continue;
                }
                // What nobody answers is heard out by itself: the next word does not wait for it.
                let said = edge
                    .life
                    .spawn("sip.errand", errand.run(edge.clone(), call));
                let said = tokio::time::timeout(patience(&edge), said);
                if let Ok(Ok(false)) = said.await {
                    refused = about;
                }
            }
        });
        Self { queue, runner }
    }
}

impl Word {
    fn event(&self) -> Option<&str> {
        match self {
            Self::News { event, .. } => Some(event),
            Self::Goodbye(_) => None,
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::News { .. } => "NOTIFY",
            Self::Goodbye(_) => "BYE",
        }
    }

    fn put_into(self, request: Message) -> Message {
        match self {
            Self::News { event, status } => {
                let state = if status < 200 {
                    "active;expires=60"
                } else {
                    "terminated;reason=noresource"
                };
                let fragment = format!("SIP/2.0 {status} {}\r\n", phrase(status));
                request
                    .with("Event", event)
                    .with("Subscription-State", state)
                    .with_body("message/sipfrag;version=2.0", fragment)
            }
            Self::Goodbye(why) => request.with("Reason", why),
        }
    }
}

impl Errand {
    /// Whether it was taken.
    async fn run(self, edge: Arc<Edge>, call: CallId) -> bool {
        let answer = say(&edge, call, self.word, self.dialog, self.callee).await;
        (self.then)();
        answer.is_some_and(|answer| answer.status() < Some(300))
    }
}

/// The last word about it.
async fn say(
    edge: &Arc<Edge>,
    call: CallId,
    word: Word,
    mut dialog: Dialog,
    callee: Option<Callee>,
) -> Option<Message> {
    let way = edge.way_in(&mut dialog, callee.as_ref()).await?;
    let request = edge.request_in(&dialog, word.method());
    let request = word.put_into(request);
    let signed = callee.map_or_else(|| Signed::never(&way), |callee| callee.signed());
    let number = || dialog.next_number();
    let step = |message: &Message, direction: Way, way: &Flow| {
        edge.calls
            .step(call, message.clone(), direction, way.clone());
    };
    signed.ask(edge, request, &way, number, step).await
}
