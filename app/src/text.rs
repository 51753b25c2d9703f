//! Every sentence the console says. A language is a value of [`Text`]; one that lacks a
//! sentence does not compile. Knows nothing of pages: they ask for [`text()`] and pick.
//!
//! Reasons and failures become words in `text/said.rs`, the same for page and API.

pub mod de;
pub mod en;
mod said;

use leptos::prelude::use_context;

use crate::domain::country::Country;

/// Declares one part of the catalogue: plain sentences first, then those with one, two
/// or three blanks to fill in.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($plain:ident)* }
        $(1 { $($one:ident)* })? $(2 { $($two:ident)* })? $(3 { $($three:ident)* })?) => {
        $(#[$doc])*
        pub struct $name {
            $(pub $plain: &'static str,)*
            $($(pub $one: fn(&str) -> String,)*)?
            $($(pub $two: fn(&str, &str) -> String,)*)?
            $($(pub $three: fn(&str, &str, &str) -> String,)*)?
        }
    };
}

mod engines;
mod hooks;
mod ways;

pub use engines::EngineText;
pub use hooks::Hooks;
pub use ways::{HandedOn, TestCallText, WaysOut};

/// The languages the console speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The default.
    #[default]
    English,
    /// The second, which proves that one more is one more catalogue.
    German,
}

impl Language {
    /// All, in the order of the form, each by its own name.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::English, "English"), (Self::German, "Deutsch")];

    /// As the `lang` attribute and the cookie write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Reads a cookie or the first entry of `Accept-Language` that is one of ours.
    pub fn read(header: &str) -> Option<Self> {
        header.split(',').find_map(|entry| {
            match entry.trim().get(..2)?.to_ascii_lowercase().as_str() {
                "en" => Some(Self::English),
                "de" => Some(Self::German),
                _ => None,
            }
        })
    }

    /// Its catalogue.
    pub fn text(self) -> &'static Text {
        match self {
            Self::English => &en::ENGLISH,
            Self::German => &de::GERMAN,
        }
    }
}

/// The catalogue of the language this page is read in.
pub fn text() -> &'static Text {
    use_context::<&'static Text>().unwrap_or(Language::default().text())
}

/// Names stand with their letter whatever is above or below it (DIN 5007-1).
fn as_in_a_dictionary(name: &str) -> String {
    let plain = |c: char| match c {
        'Ä' | 'Å' | 'Á' => 'A',
        'Ö' | 'Ô' => 'O',
        'Ü' => 'U',
        'ä' | 'å' | 'ã' | 'á' => 'a',
        'ç' => 'c',
        'é' => 'e',
        'í' => 'i',
        'ö' | 'ô' => 'o',
        'ü' => 'u',
        other => other,
    };
    name.chars().map(plain).collect()
}

impl Text {
    /// Every country with its name, in the order of the names.
    pub fn countries(&self) -> Vec<(Country, &'static str)> {
        let named = Country::all().map(|country| (country, (self.country)(country)));
        let mut all: Vec<_> = named.collect();
        all.sort_by_cached_key(|(_, name)| as_in_a_dictionary(name));
        all
    }
}

/// Everything the console says, part by part.
pub struct Text {
    /// What a country is called.
    pub country: fn(Country) -> &'static str,
    /// The frame around every page.
    pub frame: Frame,
    /// Words that many pages share.
    pub common: Common,
    /// Forms.
    pub form: FormText,
    /// Times.
    pub time: Time,
    /// Why a field was refused.
    pub reasons: Reasons,
    /// Why a request was refused.
    pub failures: Failures,
    /// Signing in and setting up.
    pub door: Door,
    /// Account.
    pub account: AccountText,
    /// Overview.
    pub overview: OverviewText,
    /// Settings, SIP.
    pub sip: SipText,
    /// Who may call in, on the SIP page.
    pub access: AccessText,
    /// Settings, Access: people and keys.
    pub people: PeopleText,
    /// Settings, Webhooks.
    pub hooks: Hooks,
    /// Settings, System.
    pub system: SystemText,
    /// Settings, Audit.
    pub audit: AuditText,
    /// Agents.
    pub agents: AgentsText,
    /// Numbers.
    pub numbers: NumbersText,
    /// Inbox and calls.
    pub calls: CallsText,
    /// Troubleshooting.
    pub troubleshooting: TroubleText,
    /// Receipts: checks and why a call ended.
    pub receipt: ReceiptText,
    /// Palette, search and shortcuts.
    pub keys: KeyText,
    /// What to enter at carriers and PBXs.
    pub recipes: RecipeText,
    /// What one sees, its likely cause, what to do.
    pub guide: &'static [Symptom],
    /// Calls that leave, and calls handed on: what stands in their way and how they end.
    pub outgoing: Outgoing,
    /// What speaks for an agent.
    pub engines: EngineText,
    /// Outbound trunks, and calls placed by them.
    pub ways_out: WaysOut,
    /// Transfer destinations, and calls handed on.
    pub handed_on: HandedOn,
    /// Test calls.
    pub test_call: TestCallText,
}

part! {
    /// The frame around every page.
    Frame {
        skip main_nav menu brand
        about overview inbox channels_phone agents numbers settings sip access system audit account help
        sign_in not_found not_shown not_found_why to_overview
    }
}

part! {
    /// Words that many pages share.
    Common {
        on_this_page first_page next_page search_on more_to_search no_further by_script actions
        copy copied press_ctrl_c reveal_failed
        yes no never none keep cancel details reload as_of_now nothing_yet
        live show_new stopped one_new many_new
    } 1 { announce_copied reveal hide revealed as_of show_all and_more on_one_page searched_to } 2 { first_of }
}

part! {
    /// Forms.
    FormText {
        one_problem title_error on off optional saving save discard one_unsaved many_unsaved
        conflict_title conflict_why now yours empty save_choices
    } 1 { problems }
}

part! {
    /// Times.
    Time { just_now date_time day_time decimal_mark } 1 { seconds_ago minutes_ago hours_ago }
}

part! {
    /// Why a field was refused (`console.md` §12).
    Reasons {
        required wrong_kind_list wrong_kind_object wrong_kind_value wrong_kind_bare not_an_id unknown_field
        not_e164 phone_too_short phone_too_long wrong_password not_for_this_kind
    }
    1 {
        not_a_number not_an_integer not_an_email not_an_address forbidden_character taken repeated no_such region_without_host not_confirmed
        bad_host bad_header bad_uri unresolvable other_version
    }
    2 { too_long too_short not_a_choice bad_network bad_refer_form bad_url private_address }
    3 { out_of_range }
}

part! {
    /// Why a request was refused.
    Failures {
        unreadable unauthenticated forbidden same_origin signed_in_only
        no_page no_trunk no_access no_number no_agent no_call no_recording no_source no_user no_key no_webhook no_delivery no_setup_link no_password_link no_such
        trunk_exists last_access last_admin changed idempotency still_answering answer_lost setup_done call_ended recording_sealed
        database disk_full read_only draining offline
    }
    1 { numbers_assigned agent_in_use too_many internal need_scope }
    2 { number_held }
}

part! {
    /// Receipts: what each check looked at, expected and found; and how calls ended.
    ReceiptText {
        room signed_in agent_header number agent codec lines
        passed failed skipped as_sent plus_missing international_prefix
        draining stale_nonce no_agent_header no_trunk late_offer line_free
        caller_hung_up agent_hung_up operator_hung_up caller_gave_up media_timeout no_ack session_expired
        max_duration engine_failed peer_lost drained interrupted fault
        wrong_password unknown_username no_credentials source_not_allowed source_blocked uri_mismatch
        md5_refused number_unknown number_unassigned no_codec secure_audio all_lines engine_down
    }
    1 {
        all_lines_in_use no_password source_unknown password_wrong no_such_username unreadable_sign_in
        md5_not_taken header_unknown header_off header_twice header_names no_number unassigned codec_chosen
        in_country near_not_on_trunk
    }
    2 { no_common_codec room_left uri_differs header_not_honoured number_missing number_ambiguous assigned default_agent agent_off engine_did_not_answer near_country by_registration }
    3 { signed_in_by by_address only_from number_read default_for_off near_other_endpoint }
}

part! {
    /// Calls that leave, and calls handed on.
    Outgoing {
        no_outbound_trunk no_destination no_transfer no_trunk_of_agent not_assigned not_now
        credentials_missing bridge_only premium
        trunk allowed target carrier
        callee_hung_up handed_on busy declined no_answer auth_failed forbidden not_found unreachable tls_failed
        redirected incompatible carrier_error country_not_allowed premium_number limit_reached own_address_end no_trunk too_many_legs not_referable not_a_destination not_replaceable
        health_silent health_auth register_silent
    }
    1 {
        bad_username bad_password not_digits one_of outbound_in_use destination_in_use
        goes_out_by stays_inside may_call country_no channels_full rate_full cap_full tried
        health_no_address health_own_address health_status register_refused
    }
    2 { own_address digit_taken tried_in_vain carrier_said health_unreachable health_certificate }
}

part! {
    /// Setting up and signing in.
    Door {
        set_up_title set_up_why link_missing email email_help password password_help create_admin
        sign_in_title sign_in forgot wrong form_waits
        session_title session_soon session_last session_over session_stay
    }
}

part! {
    /// One's own account.
    AccountText {
        title preferences password password_help sessions sessions_help sign_out sign_out_everywhere
        theme theme_system theme_light theme_dark zone language language_browser old_password new_password change_password
    } 1 { zone_help }
}

part! {
    /// Overview.
    OverviewText {
        title listening no_packet set_up_list done to_do needs_attention
        step_trunk step_trunk_help step_number step_number_help step_agent step_agent_help step_reach step_reach_help
        step_call step_call_help reach_local reach_network reach_internet open now today
        step_carrier step_carrier_help step_real step_real_help use_test_number show_values fix
        nobody_answers last_changes all_changes what_to_do show_calls disk_full
    }
    1 { last_packet last_call numbers_on_trunk agents_on answered_at reached_from blocked_source disk_low and_more }
    2 { listens_on done_of signed_in real_call not_heard }
    3 { counts cannot_listen streak changed_before trunk_down }
}

part! {
    /// Settings, SIP.
    SipText {
        title connection numbers who not_let_in advanced
        empty ask_first questions create_trunk own_numbers
        region region_help save_region region_global region_us region_eu region_apac
        endpoint username password other_forms copy_all last_used_never
        host_alone host_port uri_udp uri_tcp
        reach_computer reach_network
        numbers_help add_numbers one_per_line country_without no_country no_numbers number agent verified last_call
        no_agent assign remove verified_yes verified_not_yet sync
        remove_number remove_trunk remove_trunk_why krisp krisp_help max_channels max_channels_help agent_header agent_header_help
        everyone_else everyone_digest everyone_refuse
        nobody_missed source software dialled reason tries last blocked unblock sends_no_password
        saved trunk_created trunk_removed region_saved access_created access_rotated access_removed
        one_number_added numbers_synced source_unblocked agent_created agent_deleted call_ended password_changed
        for_carrier password_separately with_password contains_password copy_questions tls_uri open_system undo
        preview line read_as outcome will_be_added already_here twice stays_out add_one
    }
    1 {
        add_many region_without remove_number_q remove_number_why remove_free_why numbers_added number_removed number_assigned number_released number_deleted
        blocked_until last_used type_to_confirm more_lines
    }
    2 { nothing_arrived }
}

part! {
    /// Who may call in.
    AccessText {
        only_one
        help by_password by_address by_address_help label kind details used add_credential add_address networks networks_help
        country own_endpoint own_endpoint_help rotate remove show disabled agent_header no_credentials
        allow refer refer_form refer_help refer_on passed_headers passed_headers_help
    } 1 { refer_of remove_q remove_why own_name last_use remove_why_never }
}

part! {
    /// Settings, Access: people and keys.
    PeopleText {
        title users users_help email role last_here you invited link_expired add_user add_user_help
        role_admin role_admin_help role_operator role_operator_help role_viewer role_viewer_help
        change_role change_role_why new_link remove remove_why keep
        keys keys_help no_keys key_name key_name_help scopes create_key key made last_used revoke key_made first_call
        sip_api sip_api_help api_reference api_trunks api_agents api_numbers api_calls link
        role_changed user_removed key_revoked
        choose_title choose_why choose link_missing
        sip_read sip_write phone_read phone_write calls_read full
    }
    1 { change_role_q remove_q revoke_q revoke_why_never revoke_why invited_until }
    2 { link_made }
}

part! {
    /// Settings, System.
    SystemText {
        title addresses console storage version listens transport address last_packet no_packet public_address audio_ports
        no_setting restart firewall firewall_help public_url elsewhere by_tunnel then_open not_encrypted encrypted
        database data_dir disk disk_unknown keeps calls recordings messages audit for_ever setting what running signalling audio
    }
    1 { from_setting days }
    2 { disk_left }
}

part! {
    /// Settings, Audit: the actions are named as the log names them.
    AuditText {
        title help who what when thing from to find none no_match one details field before after made gone remove_filter
        set_up create_user update_user delete_user create_password_link choose_password change_password replace_password
        sign_out_everywhere create_key revoke_key create_inbound_trunk update_inbound_trunk delete_inbound_trunk
        sync_inbound_trunk create_access update_access delete_access reveal_password create_agent update_agent delete_agent
        set_agent_numbers add_numbers update_number remove_number delete_number assign_number release_number unblock_source
        create_outbound_trunk update_outbound_trunk delete_outbound_trunk set_agent_trunk create_transfer_destination update_transfer_destination
        delete_transfer_destination assign_transfer_destination release_transfer_destination create_webhook update_webhook delete_webhook renew_webhook_secret
    }
    1 { many added_many }
}

part! {
    /// What to enter at carriers and PBXs.
    RecipeText {
        title twilio telnyx freepbx asterisk any own_name_missing twilio_uri twilio_numbers twilio_addresses twilio_add their_page
        telnyx_connection telnyx_fqdn telnyx_addresses port number_format freepbx_trunk secret_above asterisk_file
        any_uri any_password any_address
    }
    1 { ranges_of }
}

part! {
    /// Palette, search and shortcuts.
    KeyText {
        title search palette palette_label found nothing_found page call submit close list filter next_previous open play
        five_seconds off_in_account close_button shortcuts shortcuts_help
    }
    1 { search_calls search_refused search_numbers }
}

part! {
    /// Agents.
    AgentsText {
        title new none name name_help language language_help first_message first_message_help recording recording_help
        notice notice_help create identity behaviour routing agent_id copy_header inbound_numbers inbound_help no_number
        add_number add move_number keep add_and_assign interruptible keep_digits music music_help music_none music_melody silence silence_help longest enabled default_agent
        default_help numbers state on off default recorded not_recorded delete delete_why instructions instructions_help remove
        no_header
    }
    1 { delete_q answers new_number count }
    2 { held }
}

part! {
    /// Numbers.
    NumbersText { title help search find none no_match first_matches all_matches on_trunk yes no delete delete_why all unassigned show }
    1 { delete_q count }
}

part! {
    /// Inbox and calls.
    CallsText {
        title calls live refused strangers none no_match clear from to agent result length time number_filter any_agent filter filters
        anonymous unknown_caller ringing in_progress answered refused_badge failed missed
        conversation why why_refused signalling quality details no_transcript no_recording recording_empty recording_deleted recording_running recording_cut
        caller pressed spoke play_from download hang_up hang_up_q hang_up_why end_call keep_call
        at direction_in direction_out peer message from_caller to_caller packets lost jitter score nothing_received private_address wrong_codec
        wrong_keys peer_hears_nothing
        id call_id source transport software codec offered sent_as diverted raw_from access late player near
        view_label who
        began first_audio ended timings for_carrier report capture position play ladder carrier_side our_side export seconds
    }
    1 { call_from repeats on_trunk_number one_count many_count mos missed_after round_trip }
    2 { refused_because failed_because lasted answered_plainly }
    3 { answered_sentence }
}

part! {
    /// Troubleshooting.
    TroubleText {
        title test_a_route test_help source header test nobody
        what_is_wrong within last_hour last_day last_week nothing_arrives calls_refused none_refused connect_but none_answered
        guide guide_filter guide_none symptom cause remedy
    }
    1 { would_answer would_refuse all_heard guide_count }
    2 { refused_most one_way }
}

/// One row of the guide.
pub struct Symptom {
    /// The same in every language: links lead to it.
    pub id: &'static str,
    /// What one sees.
    pub symptom: &'static str,
    /// Why, most likely.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Symptom {
    /// Whether every word asked for stands in it.
    pub fn is_about(&self, asked: &str) -> bool {
        let row = format!("{} {} {}", self.symptom, self.cause, self.remedy).to_lowercase();
        asked
            .to_lowercase()
            .split_whitespace()
            .all(|word| row.contains(word))
    }
}

/// A text as the beginning of a line of its own.
pub fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_called_and_sorted_as_one_s_language_does() {
        let names = |language: Language| -> Vec<&str> {
            let all = language.text().countries().into_iter();
            all.map(|(_, name)| name).collect()
        };
        let german = names(Language::German);
        let place = |name: &str| german.iter().position(|found| *found == name);
        assert!(place("Ägypten") < place("Belgien"), "{german:?}");
        assert!(place("Norwegen") < place("Österreich") && place("Österreich") < place("Pakistan"));
        assert!(names(Language::English).contains(&"Germany"));
    }
}
