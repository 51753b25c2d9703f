//! English: final copy.

mod calls;
mod console;
mod door;
mod engines;
mod guide;
mod hooks;
mod keys;
mod outgoing;
mod people;
mod recipes;
mod system;
mod ways;

use crate::domain::country::Country;

use super::{Common, Failures, FormText, Frame, Reasons, ReceiptText, Text, Time};

/// The English catalogue.
pub static ENGLISH: Text = Text {
    country: Country::english,
    frame: FRAME,
    common: COMMON,
    form: FORM,
    time: TIME,
    reasons: REASONS,
    failures: FAILURES,
    receipt: RECEIPT,
    keys: keys::KEYS,
    recipes: recipes::RECIPES,
    guide: guide::GUIDE,
    outgoing: outgoing::OUTGOING,
    engines: engines::ENGINES,
    ways_out: ways::WAYS_OUT,
    handed_on: ways::HANDED_ON,
    test_call: ways::TEST_CALL,
    door: door::DOOR,
    account: door::ACCOUNT,
    overview: console::OVERVIEW,
    sip: console::SIP,
    access: console::ACCESS,
    people: people::PEOPLE,
    hooks: hooks::HOOKS,
    system: system::SYSTEM,
    audit: system::AUDIT,
    agents: console::AGENTS,
    numbers: console::NUMBERS,
    calls: calls::CALLS,
    troubleshooting: calls::TROUBLE,
};

const FRAME: Frame = Frame {
    skip: "Skip to content",
    main_nav: "Main",
    menu: "Menu",
    brand: "Patchbay",
    about: "Patchbay connects your phone carriers to the agents that answer your calls.",
    overview: "Overview",
    inbox: "Inbox",
    channels_phone: "Channels → Phone",
    agents: "Agents",
    numbers: "Numbers",
    settings: "Settings",
    sip: "SIP",
    access: "Access",
    system: "System",
    audit: "Audit",
    account: "Account",
    help: "Troubleshooting",
    sign_in: "Sign in",
    not_found: "There is no page here",
    not_shown: "This page can't be shown",
    not_found_why: "The address may be mistyped, or what it showed was removed.",
    to_overview: "Go to Overview",
};

const COMMON: Common = Common {
    on_this_page: "On this page",
    first_page: "First page",
    next_page: "Next page",
    search_on: "Search on",
    no_further: "Nothing further matches.",
    more_to_search: "Not all of them have been looked through yet.",
    by_script: "Do this by script",
    actions: "Actions",
    copy: "Copy",
    copied: "Copied",
    press_ctrl_c: "Press Ctrl+C to copy.",
    reveal_failed: "The value could not be fetched. Reload the page and try again.",
    yes: "Yes",
    no: "No",
    never: "never used",
    none: "None",
    keep: "Keep",
    cancel: "Cancel",
    details: "Details",
    reload: "Reload",
    as_of_now: "As of now",
    nothing_yet: "Nothing yet.",
    live: "Live",
    show_new: "Show",
    stopped: "Live updates stopped. Reconnecting…",
    one_new: "1 new call.",
    many_new: "{} new calls.",
    announce_copied: |label| format!("{label} copied"),
    reveal: |label| format!("Reveal {}", lower(label)),
    hide: |label| format!("Hide {}", lower(label)),
    revealed: |label| format!("{label} shown"),
    on_one_page: |count| format!("{count} on this page"),
    searched_to: |time| format!("Searched as far as {time}."),
    first_of: |shown, all| format!("The first {shown} of {all}"),
    show_all: |count| format!("Show all {count}"),
    and_more: |count| format!("and {count} more"),
    as_of: |time| format!("As of {time}"),
};

const FORM: FormText = FormText {
    one_problem: "There is 1 problem",
    title_error: "Error: ",
    on: "On",
    off: "Off",
    optional: "(optional)",
    saving: "Saving…",
    save: "Save changes",
    discard: "Discard",
    one_unsaved: "1 unsaved change",
    many_unsaved: "{} unsaved changes",
    conflict_title: "Someone saved this page while you were editing",
    conflict_why: "Nothing of yours is lost. Choose for each field, then save.",
    now: "Now",
    yours: "Yours",
    empty: "(empty)",
    save_choices: "Save my choices",
    problems: |count| format!("There are {count} problems"),
};

const TIME: Time = Time {
    just_now: "just now",
    date_time: "%-d %b %Y, %H:%M:%S %Z",
    day_time: "%-d %b, %H:%M %Z",
    decimal_mark: ".",
    seconds_ago: |n| format!("{n} s ago"),
    minutes_ago: |n| format!("{n} min ago"),
    hours_ago: |n| format!("{n} h ago"),
};

const REASONS: Reasons = Reasons {
    required: "Enter a value.",
    wrong_kind_list: "A list stands where one value belongs.",
    wrong_kind_object: "An object stands where a value belongs.",
    wrong_kind_value: "One value stands where a list belongs.",
    wrong_kind_bare: "A number, true or false stands where text belongs. Put it in quotes.",
    not_an_id: "This is not an ID. Copy it from the page of the thing it names.",
    unknown_field: "There is no such field.",
    not_e164: "has no country code. Write it like +14155550100.",
    phone_too_short: "is too short for a phone number; emergency numbers can't be used here.",
    phone_too_long: "has more than 15 digits. Write it like +14155550100.",
    wrong_password: "The password is not right.",
    not_for_this_kind: "This does not fit the kind of credential chosen.",
    not_a_number: |found| format!("contains {found}."),
    not_an_integer: |found| format!("{found} is not a whole number."),
    not_an_address: |found| format!("{found} is not an IP address. Write it like 203.0.113.7."),
    forbidden_character: |code| {
        format!("A character that can't be seen or breaks lines stands here ({code}). Remove it.")
    },
    not_an_email: |found| {
        format!("{found} is not an e-mail address. Write it like anna@example.com.")
    },
    taken: |found| format!("Another one is called {found}."),
    repeated: |found| format!("{found} is in the list twice."),
    no_such: |found| format!("There is no {found}."),
    region_without_host: |setting| {
        format!("This region has no address of its own here. Set {setting} to give it one.")
    },
    not_confirmed: |wanted| format!("Type {wanted} to confirm."),
    bad_host: |found| format!("{found} is not a host name or address."),
    bad_header: |found| format!("{found} can't be the name of a header. Write it like X-Agent-ID."),
    bad_uri: |found| format!("{found} is not a SIP URI. Write it like sip:sales@pbx.example.com."),
    bad_refer_form: |found, why| format!("{found} {why}."),
    bad_url: |found, why| format!("{found} {why}."),
    private_address: |found, setting| {
        format!("{found} leads to an address that is not a public one. {setting} allows that.")
    },
    unresolvable: |found| format!("{found} has no address. Check how it is written."),
    other_version: |named_by| format!("This must be the version that {named_by} names."),
    too_long: |max, found| format!("Up to {max} characters; this has {found}."),
    too_short: |min, found| format!("At least {min} characters; this has {found}."),
    not_a_choice: |found, allowed| format!("{found} is none of the choices: {allowed}."),
    bad_network: |found, why| format!("{found}: {why}."),
    out_of_range: |min, max, found| format!("Enter a number from {min} to {max}; this is {found}."),
};

const FAILURES: Failures = Failures {
    unreadable: "The request could not be read. Reload the page and try again.",
    unauthenticated: "Sign in to go on.",
    forbidden: "Your role can read this but not change it. Ask an administrator.",
    same_origin: "This request came from another site than the console's own, so nothing was changed.",
    signed_in_only: "Only a signed-in person may do this.",
    no_page: "There is no page here.",
    no_trunk: "There is no inbound trunk. Create it under Settings → SIP.",
    no_access: "There is no such credential. It may have been removed.",
    no_number: "There is no such number. It may have been removed.",
    no_agent: "There is no such agent. It may have been deleted.",
    no_call: "There is no such call.",
    no_recording: "There is no recording of this call.",
    no_source: "There is no such source.",
    no_user: "There is no such user.",
    no_key: "There is no such key.",
    no_webhook: "There is no such webhook. It may have been removed.",
    no_delivery: "This event was not told to this webhook, or too long ago.",
    no_setup_link: "This set-up link is not valid any more. Run patchbay setup-link for a new one.",
    no_password_link: "This link is not valid any more: it was used, replaced or ran out. Ask an administrator for a new one.",
    no_such: "This is not here any more. It may have been removed.",
    trunk_exists: "The inbound trunk exists already.",
    last_access: "This is the only credential. Add another first.",
    last_admin: "This is the only administrator who can sign in. Make someone else an administrator first.",
    changed: "Someone saved this while you were editing. Nothing of theirs is lost: look at the values below and save again.",
    idempotency: "The same Idempotency-Key was used with another body.",
    still_answering: "The first request with this Idempotency-Key is still being answered. Ask again in a moment.",
    answer_lost: "The first request with this Idempotency-Key changed something, but its answer was lost in a crash. Look at what is there before you send it again under another key.",
    setup_done: "Set-up is finished. Sign in.",
    call_ended: "The call has ended already.",
    recording_sealed: "This recording was sealed with another key than the one in the server's key file (data.key_file).",
    database: "Changes can't be saved: the database does not answer. Calls go on.",
    disk_full: "Changes can't be saved: the disk is full. Calls go on.",
    read_only: "Changes can't be saved: the database may only be read. Calls go on.",
    draining: "Patchbay is restarting. Try again in a moment.",
    offline: "Patchbay could not be reached. Nothing was saved.",
    numbers_assigned: |numbers| format!("Agents answer {numbers}. Give them to no agent first."),
    agent_in_use: |numbers| {
        format!("This agent answers {numbers}. Give the numbers to another agent first.")
    },
    too_many: |seconds| format!("Too many tries. Next try in {seconds} s."),
    internal: |incident| {
        format!("Something went wrong here and nothing was saved. Request {incident}.")
    },
    need_scope: |scope| format!("This needs the right {scope}. Ask an administrator."),
    number_held: |number, agent| format!("{number} is answered by {agent}."),
};

const RECEIPT: ReceiptText = ReceiptText {
    room: "Room",
    signed_in: "Signed in",
    agent_header: "Agent header",
    number: "Number",
    agent: "Agent",
    codec: "Codec",
    lines: "Free line",
    passed: "Passed",
    failed: "Stopped here",
    skipped: "Skipped",
    as_sent: "as sent",
    plus_missing: "the + was missing",
    international_prefix: "with an international prefix",
    in_country: |country| format!("country {country}"),
    draining: "Patchbay is restarting.",
    stale_nonce: "The sign-in was too old; the carrier was asked again.",
    no_agent_header: "None sent.",
    no_trunk: "There is no inbound trunk.",
    late_offer: "The carrier left the offer to us.",
    line_free: "Within every limit.",
    caller_hung_up: "Ended by the caller",
    agent_hung_up: "Ended by the agent",
    operator_hung_up: "Ended from the console",
    caller_gave_up: "The caller hung up before the answer",
    media_timeout: "No audio came any more",
    no_ack: "The carrier never confirmed the answer",
    session_expired: "The session was not refreshed",
    max_duration: "Reached the longest time allowed",
    engine_failed: "The agent's engine failed",
    peer_lost: "The connection to the carrier broke",
    drained: "Patchbay was restarted",
    interrupted: "Patchbay stopped during the call",
    fault: "A fault of Patchbay",
    wrong_password: "Wrong password (401)",
    unknown_username: "Unknown username (401)",
    no_credentials: "The carrier did not answer the password request (401)",
    source_not_allowed: "This address may not call in (403)",
    source_blocked: "This address is blocked",
    uri_mismatch: "Signed in for another address (401)",
    md5_refused: "Signed in with MD5, which the credential refuses (401)",
    number_unknown: "The number is not on the trunk (404)",
    number_unassigned: "Nobody answers this number (480)",
    no_codec: "No common codec (488)",
    secure_audio: "Encryption of the audio does not fit the credential (488)",
    all_lines: "All lines are in use",
    engine_down: "The agent's engine did not answer (480)",
    all_lines_in_use: |limit| format!("All {limit} lines are in use."),
    no_password: |source| format!("{source} sent no password."),
    source_unknown: |source| format!("{source} may not call in."),
    password_wrong: |username| format!("Wrong password for {username}."),
    no_such_username: |username| format!("No credential is called {username}."),
    unreadable_sign_in: |part| format!("The sign-in could not be read: {part}."),
    md5_not_taken: |label| {
        format!("The carrier answered with MD5, but {label} accepts SHA-256 only.")
    },
    header_unknown: |value| format!("{value} is the ID of no agent."),
    header_off: |name| format!("It names {name}, which is off."),
    header_twice: |count| format!("Sent {count} times, so it does not count."),
    header_names: |name| format!("It names {name}, which answers."),
    no_number: |sent| format!("{sent} is not a number."),
    unassigned: |number| format!("{number} has no agent, and there is no default agent."),
    codec_chosen: |codec| format!("Both sides can talk {codec}."),
    no_common_codec: |offered, taken| match taken {
        "" => format!("No common codec: offered {offered}."),
        taken => format!("No common codec: offered {offered}, taken {taken}."),
    },
    near_not_on_trunk: |number| format!("{number} is among your numbers, but not on the trunk."),
    room_left: |used, limit| format!("{used} of {limit} lines in use."),
    uri_differs: |signed, called| format!("Signed in for {signed}, but called {called}."),
    header_not_honoured: |value, label| {
        format!("{value} was sent, but {label} may not choose the agent.")
    },
    number_missing: |sent, tried| {
        if tried.is_empty() {
            format!("{sent} is not on the trunk.")
        } else {
            format!("{sent} is not on the trunk, read as {tried}.")
        }
    },
    number_ambiguous: |sent, hits| format!("{sent} can be read as {hits}, so neither counts."),
    assigned: |name, number| format!("{name}: {number} is assigned to it."),
    default_agent: |name, number| {
        format!("{name}, the default agent, answers: {number} has no agent.")
    },
    agent_off: |name, number| {
        format!("{number} belongs to {name}, which is off, and there is no default agent.")
    },
    engine_did_not_answer: |name, cause| format!("{name}'s engine did not answer: {cause}."),
    near_country: |number, country| format!("It would be {number} with country {country}."),
    by_registration: |label, source| {
        format!("{source} called the address that the trunk {label} registered there.")
    },
    signed_in_by: |label, algorithm, source| {
        format!("Credential {label}, {algorithm}, from {source}.")
    },
    by_address: |label, network, source| format!("{label}: {source} is in {network}."),
    only_from: |label, source, allowed| {
        format!("{label} may be used from {allowed} only; this came from {source}.")
    },
    number_read: |sent, number, how| format!("{sent} read as {number} ({how})."),
    default_for_off: |name, number, off| {
        format!("{name}, the default agent, answers: {off}, which answers {number}, is off.")
    },
    near_other_endpoint: |label, expected, found| {
        format!(
            "The address is known as {label}, but the call was for {found}, not for {expected}."
        )
    },
};

/// A label within a sentence.
fn lower(label: &str) -> String {
    let mut letters = label.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
