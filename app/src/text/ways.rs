//! What the pages say of outbound trunks, calls placed, destinations and transfers.

part! {
    /// Outbound trunks, and calls placed by them.
    WaysOut {
        trunks add none host transport caller_number agents health no_agents
        name_help host_help port port_help digest digest_help no_password allow_these
        username password unchanged caller_help udp_help tcp_help tls_help
        number_format as_e164 as_digits as_national country no_country allowed allowed_help
        limits most_calls calls_a_second longest longest_help minutes_a_day
        identity identity_help from_user from_host assert pai ppi no_assert user_phone caller_format
        more prefix auth_realm outbound_proxy register codecs codecs_in_help codecs_out_help codecs_unset srtp srtp_off srtp_optional srtp_required
        create preview preview_why preview_now preview_password copy_questions questions facts created_at changed_at
        up degraded down unknown registration registered registering not_registered
        check check_name check_connection check_encryption check_answer passed failed skipped password_later
        saved removed delete delete_why assign_to_agent give_another
        of_agent of_agent_help save_trunk no_trunk trunk_saved call call_number call_now choose_trunk
    }
    1 { created delete_q cant_delete open since answered not_answered expires renewed_at tried_at }
    2 { moved in_use by_way over }
}

part! {
    /// Transfer destinations, and calls handed on.
    HandedOn {
        title new none name name_help kind to_phone to_sip to_hangup value value_help credentials credentials_help username password unchanged
        mode mode_bridge mode_refer mode_auto keep_recording keep_recording_help create
        leads_to agents no_agents saved created removed delete delete_why take_first
        transfers transfers_help of_agent_none key no_key key_help existing assign add_new assigned remove released
        transfer transfer_to hand_on asked none_assigned trying ringing completed failed unknown
    }
    1 { delete_q cant_delete attempt }
    2 { in_use }
}

part! {
    /// Calls that try the way.
    TestCallText {
        title help by_trunk_help number_inside_help number_outside_help place no_number
        sent signed_in routed answered heard goes_on what_was_heard open_call open_other
    }
    1 { passed stopped after }
}
