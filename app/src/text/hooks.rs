//! What the pages say of webhooks.

part! {
    /// Settings, Webhooks.
    Hooks {
        title help none add url url_help description description_help events all_events state made_at
        secret secret_help made renewed renew renew_help enabled enabled_help
        call_started call_answered call_ended call_refused transfer_completed trunk_health
        deliveries deliveries_help all waiting delivered failed nothing_told none_match one_event
        event answer tries tried next_try redeliver redelivered saved removed delete delete_why
    }
    1 { delete_q took events_count }
}
