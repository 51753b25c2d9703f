//! The built-in engine: greets, listens, asks twice whether anyone is there, says goodbye.

use tokio::time::{sleep_until, timeout};

use super::talk::{Manner, Said, Talk};
use super::{AgentCall, EngineEnd, Moment};

/// How often it asks before it says goodbye.
const PROMPTS: u8 = 2;

pub(super) async fn run(call: AgentCall) -> EngineEnd {
    let limit = call.behaviour.max_duration;
    let mut talk = Talk::begin(call);
    if let Ok(end) = timeout(limit, talk.hold()).await {
        return end;
    }
    talk.moment(Moment::TimeUp);
    EngineEnd::TimeUp
}

impl Talk {
    async fn hold(&mut self) -> EngineEnd {
        if !self.begin_recording().await {
            return EngineEnd::CallerGone;
        }
        let manner = if self.call.behaviour.interruptible {
            Manner::UntilInterrupted
        } else {
            Manner::ToTheEnd
        };
        let first = self.call.behaviour.first_message.clone();
        if !self.prepare(&first).await || matches!(self.say(&first, manner).await, Said::CallerGone)
        {
            return EngineEnd::CallerGone;
        }
        loop {
            let quiet_at = self.last + self.call.behaviour.silence;
            tokio::select! {
                heard = self.call.line.hear() => if !self.take(&heard) {
                    return EngineEnd::CallerGone;
                },
                () = sleep_until(quiet_at), if self.is_waiting() => {
                    if let Some(end) = self.nobody_spoke().await {
                        return end;
                    }
                }
            }
        }
    }

    /// Makes the sound of the first message and takes in what was heard meanwhile: a "hello?" into
    /// the silence before the greeting is no reason not to greet. False if the caller left.
    async fn prepare(&mut self, first: &str) -> bool {
        self.call
            .voice
            .say(first, &self.call.behaviour.language)
            .await;
        while let Some(heard) = self.call.line.heard() {
            if !self.take(&heard) {
                return false;
            }
        }
        true
    }

    /// While the caller speaks or holds, nobody is missed.
    fn is_waiting(&self) -> bool {
        self.speaking.is_none() && !self.held && !self.away
    }

    async fn nobody_spoke(&mut self) -> Option<EngineEnd> {
        if self.prompts < PROMPTS {
            self.prompts += 1;
            self.moment(Moment::SilencePrompt(self.prompts));
            let prompt = self.call.behaviour.silence_prompt.clone();
            let said = self.say(&prompt, Manner::UntilInterrupted).await;
            return matches!(said, Said::CallerGone).then_some(EngineEnd::CallerGone);
        }
        self.moment(Moment::Goodbye);
        let goodbye = self.call.behaviour.goodbye.clone();
        match self.say(&goodbye, Manner::UntilInterrupted).await {
            Said::Whole => Some(EngineEnd::Goodbye),
            Said::CutOff => None,
            Said::CallerGone => Some(EngineEnd::CallerGone),
        }
    }
}
