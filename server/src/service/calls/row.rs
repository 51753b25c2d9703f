//! The row of a call that came in, as it was decided about.

use app::domain::call::{Call, CallEnd, CallState, Direction, RecordingState};
use app::domain::routing::{MediaOffer, Proof, Registered, Verdict};

use super::{CallDesk, NewCall};
use crate::store::calls::CallPapers;

impl CallDesk {
    pub(super) fn row(
        &self,
        new: &NewCall,
        state: CallState,
        end: Option<CallEnd>,
    ) -> (Call, CallPapers) {
        let agent = match new.decision.verdict {
            Verdict::Answer(agent) => Some(agent),
            _ => None,
        };
        let (access_label, agent_name) = self.book.read(|routes| {
            let label = new
                .decision
                .access
                .and_then(|id| routes.access(id))
                .map(|access| access.label.clone());
            let name = agent
                .and_then(|id| routes.agent(id))
                .map(|agent| agent.name.clone());
            (label, name)
        });
        let offered = match &new.invite.media {
            MediaOffer::Late => Vec::new(),
            MediaOffer::Codecs { offered, .. } => offered.clone(),
        };
        let call = Call {
            id: new.id,
            direction: Direction::Inbound,
            state,
            end,
            phrase: None,
            caller: new.invite.caller.clone(),
            number: new.decision.number.clone(),
            sent_as: new.decision.sent_as.clone(),
            trunk: by_registration(new).map(|by| by.trunk),
            trunk_label: by_registration(new).map(|by| by.name.clone()),
            parent: None,
            access: new.decision.access,
            access_label,
            agent,
            agent_name,
            source: Some(new.invite.source),
            transport: Some(new.invite.transport),
            software: new.software.clone(),
            sip_call_id: new.sip_call_id.clone(),
            repeats: 1,
            late: false,
            started_at: new.received_at,
            ringing_at: None,
            answered_at: None,
            first_audio_at: None,
            ended_at: None,
            codec: None,
            recording: RecordingState::None,
        };
        let papers = CallPapers {
            receipt: new.decision.receipt.clone(),
            offered,
            quality: None,
            recording_path: None,
            instance: self.settings.instance.clone(),
        };
        (call, papers)
    }
}

/// The trunk whose registrar brought it.
pub(super) fn by_registration(new: &NewCall) -> Option<&Registered> {
    match &new.invite.proof {
        Proof::Registered(by) => Some(by),
        _ => None,
    }
}
