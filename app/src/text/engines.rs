//! What is said of engines: on the page of an agent, on receipts and timelines, and to callers.

part! {
    /// What speaks for an agent.
    EngineText {
        title help builtin builtin_help stream stream_help realtime realtime_help sip sip_help uri uri_help username password password_help url url_help model voice
        auth auth_none auth_bearer auth_signature token token_help unchanged
        failover failover_help no_failover save saved step
        no_address not_public unreachable tls_failed refused too_late lost unresponsive busy no_answer
        trouble troubles back overflow nonsense slow
        still_there goodbye sorry
    }
    1 { away went }
}
