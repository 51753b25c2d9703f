//! Taking an INVITE back (RFC 3261 §9.1): CANCEL as soon as anything was heard, and if the answer
//! crosses it, ACK and BYE. Nobody is left with a call that we do not have.

use std::sync::Arc;
use std::time::Duration;

use crate::sip::Edge;
use crate::sip::dialog::{Dialog, Numbers};
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::stack::{Asked, Flow};

/// How long a call waits for the last word before its row is closed.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Takes an INVITE back and tells what is said meanwhile; what comes later is seen to by itself.
pub(super) async fn take_back(
    edge: &Arc<Edge>,
    asked: Asked,
    invite: &Message,
    flow: &Flow,
    tell: impl Fn(Message, Way, Flow) + Send + Sync + 'static,
) {
    let (edge, invite, flow) = (edge.clone(), invite.clone(), flow.clone());
    let life = edge.life.clone();
    let burying = life.spawn("sip.cancel", async move {
        end(&edge, asked, &invite, &flow, tell).await;
    });
    let _ = tokio::time::timeout(LAST_WORD, burying).await;
}

/// The same, for an INVITE that nobody waits for any more.
pub(super) fn bury(edge: &Arc<Edge>, asked: Asked, invite: &Message, flow: &Flow) {
    let (edge, invite, flow) = (edge.clone(), invite.clone(), flow.clone());
    let life = edge.life.clone();
    life.spawn("sip.cancel", async move {
        end(&edge, asked, &invite, &flow, |_, _, _| {}).await;
    });
}

async fn end(
    edge: &Arc<Edge>,
    mut asked: Asked,
    invite: &Message,
    flow: &Flow,
    tell: impl Fn(Message, Way, Flow) + Sync,
) {
    // A callee who says nothing after the CANCEL is waited for no longer (RFC 3261 §9.1).
    let patience = edge.stack.timers.give_up();
    let last_word = last_word(edge, &mut asked, invite, flow, &tell);
    let _ = tokio::time::timeout(patience, last_word).await;
    asked.give_up();
}

async fn last_word(
    edge: &Arc<Edge>,
    asked: &mut Asked,
    invite: &Message,
    flow: &Flow,
    tell: &(impl Fn(Message, Way, Flow) + Sync),
) {
    // Before anything was heard there is nothing to cancel; if nothing ever is, the transaction
    // gives up by itself.
    let mut cancelled = asked.heard();
    let mut cancelling = None;
    if cancelled {
        cancelling = cancel(edge, invite, flow, tell);
    }
    loop {
        // The two are answered independently: a CANCEL that nobody answers must not keep us from
        // the INVITE's own last word (§9.1).
        let response = tokio::select! {
            biased;
            response = asked.next() => match response {
                Some(response) => response,
                None => return,
            },
            response = last_of(&mut cancelling) => {
                cancelling = None;
                if let Some(response) = response {
                    tell(response, Way::Received, flow.clone());
                }
                continue;
            }
        };
        tell(response.clone(), Way::Received, flow.clone());
        let status = response.status().unwrap_or_default();
        if (200..300).contains(&status) {
            refuse_answer(edge, invite, &response, flow, tell).await;
            return;
        }
        if status >= 300 {
            return;
        }
        if !cancelled {
            cancelling = cancel(edge, invite, flow, tell);
            cancelled = true;
        }
    }
}

async fn last_of(cancelling: &mut Option<Asked>) -> Option<Message> {
    match cancelling {
        Some(asked) => asked.last().await,
        None => std::future::pending().await,
    }
}

fn cancel(
    edge: &Arc<Edge>,
    invite: &Message,
    flow: &Flow,
    tell: &(impl Fn(Message, Way, Flow) + Sync),
) -> Option<Asked> {
    let (number, _) = invite.cseq()?;
    let mut cancel = Message::request("CANCEL", invite.uri().unwrap_or_default());
    // The same branch names what is cancelled.
    if let Some(via) = invite.top_via() {
        cancel.push("Via", via);
    }
    for name in ["Route", "From", "To", "Call-ID"] {
        for value in invite.all(name) {
            cancel.push(name, value);
        }
    }
    let cancel = cancel
        .with("CSeq", format!("{number} CANCEL"))
        .with("Max-Forwards", "70");
    tell(cancel.clone(), Way::Sent, flow.clone());
    edge.stack.ask(&cancel, flow).ok()
}

/// ACK and BYE for an answer that comes too late, or from one more who picked up.
pub(in crate::sip) async fn refuse_answer(
    edge: &Arc<Edge>,
    invite: &Message,
    response: &Message,
    flow: &Flow,
    tell: &(impl Fn(Message, Way, Flow) + Sync),
) {
    let contact = edge.contact(flow);
    let Some((number, _)) = response.cseq() else {
        return;
    };
    let numbers = Numbers::after(number);
    let dialog = Dialog::asking(invite, response, flow.clone(), contact, numbers);
    let Some(dialog) = dialog else {
        return;
    };
    let branch = || edge.clock.new_uuid().simple().to_string();
    let sent_by = edge.sent_by(flow);
    let ack = dialog.ack(number, &branch(), &sent_by);
    let way = edge.way_of(&dialog).await;
    tell(ack.clone(), Way::Sent, way.clone());
    edge.remember_ack(&dialog, number, &ack, &way);
    way.send_raw(ack.to_bytes()).await;
    let bye = dialog
        .request("BYE", &branch(), &sent_by)
        .with("Reason", "SIP;cause=487;text=\"Taken back\"");
    tell(bye.clone(), Way::Sent, way.clone());
    if let Ok(mut asked) = edge.stack.ask(&bye, &way)
        && let Some(response) = asked.last().await
    {
        tell(response, Way::Received, way);
    }
}
