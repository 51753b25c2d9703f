//! Overview, SIP, agents, numbers.

use crate::text::{AccessText, AgentsText, NumbersText, OverviewText, SipText};

pub(super) const OVERVIEW: OverviewText = OverviewText {
    title: "Overview",
    listening: "SIP",
    no_packet: "no packet yet",
    set_up_list: "Set up",
    done: "Done",
    to_do: "To do",
    needs_attention: "Needs attention",
    step_trunk: "Create the inbound trunk",
    step_trunk_help: "The way in for your carrier's calls.",
    step_number: "Add a phone number",
    step_number_help: "No carrier yet? Use the test number +1 202 555 0100. It exists only in this installation.",
    step_agent: "Let an agent answer it",
    step_agent_help: "An agent greets the caller and talks.",
    step_reach: "Let carriers reach you",
    step_reach_help: "Carriers need a public address and open ports.",
    step_call: "Place a test call",
    step_call_help: "Patchbay calls your number through its own SIP port and records what the caller hears. No carrier, no cost. It takes some seconds.",
    reach_local: "The endpoint works only on this computer.",
    reach_network: "The endpoint can be reached on this network, not by a carrier on the internet.",
    reach_internet: "The endpoint is a public address or a name.",
    open: "Open",
    now: "Now",
    today: "Today (UTC)",
    step_carrier: "Connect your carrier",
    step_carrier_help: "Enter the endpoint, username and password at your carrier.",
    step_real: "Receive the first real call",
    step_real_help: "Call one of your numbers from your phone.",
    use_test_number: "Use test number",
    show_values: "Show values",
    fix: "Fix",
    nobody_answers: "Called in the last hour, but nobody answers",
    last_changes: "Last changes",
    all_changes: "All changes",
    what_to_do: "What to do",
    show_calls: "Show the calls",
    disk_full: "The disk is full. Calls go on; recordings and changes are not saved.",
    last_packet: |ago| format!("last packet {ago}"),
    last_call: |ago| format!("Last call {ago}"),
    numbers_on_trunk: |count| {
        if count == "1" {
            "1 number on the trunk".to_owned()
        } else {
            format!("{count} numbers on the trunk")
        }
    },
    agents_on: |count| {
        if count == "1" {
            "1 agent is on".to_owned()
        } else {
            format!("{count} agents are on")
        }
    },
    answered_at: |time| format!("Last answered {time}."),
    reached_from: |address| format!("{address} on this network reached it."),
    blocked_source: |address| {
        format!(
            "{address} is blocked after too many wrong passwords. It has signed in here before."
        )
    },
    disk_low: |megabytes| {
        format!("Only {megabytes} MB are left on the disk. Recordings stop when it is full.")
    },
    and_more: |count| format!("and {count} more"),
    done_of: |done, all| format!("{done} of {all} done"),
    signed_in: |address, ago| format!("{address} signed in {ago}."),
    real_call: |address, time| format!("From {address}, answered {time}."),
    not_heard: |silent, calls| {
        format!("No audio from callers in {silent} of the last {calls} answered calls.")
    },
    cannot_listen: |address, transport, error| {
        format!("Calls can't arrive at {address} ({transport}): {error}.")
    },
    streak: |count, since, reason| format!("{count} calls refused since {since}: {reason}."),
    changed_before: |time, who, what| format!("Shortly before, at {time}, {who}: {what}."),
    trunk_down: |name, since, reason| format!("Trunk {name} is down since {since}: {reason}"),
    listens_on: |transport, address| format!("Listening on {transport} {address}"),
    counts: |answered, refused, failed| {
        format!("{answered} answered · {refused} refused · {failed} failed")
    },
};

pub(super) const SIP: SipText = SipText {
    title: "SIP",
    connection: "Connection",
    numbers: "Phone Numbers (DID)",
    who: "Who may call in",
    not_let_in: "Did not get in",
    advanced: "Advanced",
    empty: "A trunk is the line between your carrier and Patchbay. Create it, enter three values at your carrier, and calls to your numbers arrive here.",
    ask_first: "Ask your carrier first",
    questions: "Can you send my calls to a SIP address?\nAre incoming and outgoing calls set up separately?\nWhich host, port and transport for each direction?\nDo you sign in with a username and password (digest), or by IP address?\nWhich caller ID numbers may I show?\nWhich of your addresses must I allow, and which of mine will you?\nDo you offer PCMU, PCMA or G.722?",
    create_trunk: "Create inbound trunk",
    own_numbers: "Patchbay has no numbers of its own. Bring them from a carrier, or try it with a test number.",
    region: "SIP endpoint region",
    region_help: "Choose the region nearest your carrier. Global (auto-route) is right if you are unsure.",
    save_region: "Save region",
    region_global: "Global (auto-route)",
    region_us: "US",
    region_eu: "EU",
    region_apac: "APAC (India)",
    endpoint: "SIP endpoint",
    username: "Username",
    password: "Password",
    other_forms: "Other forms",
    copy_all: "Copy all for the carrier",
    last_used_never: "never used",
    host_alone: "Host alone",
    host_port: "Host and port",
    uri_udp: "SIP URI, UDP",
    uri_tcp: "SIP URI, TCP",
    reach_computer: "Works only on this computer. Set sip.external_host or sip.external_ip so that carriers can reach it.",
    reach_network: "Reachable on this network, not by a carrier on the internet.",
    numbers_help: "The numbers people call. +14155550100 and 0014155550100 are read alike; for numbers without a country code choose the country.",
    add_numbers: "Add numbers",
    one_per_line: "Numbers, one per line",
    country_without: "Country of numbers without +",
    no_country: "None",
    no_numbers: "No numbers yet. Add the numbers your carrier will send here.",
    number: "Number",
    agent: "Agent",
    verified: "Verified",
    last_call: "Last call",
    no_agent: "No agent",
    assign: "Assign",
    remove: "Remove",
    verified_yes: "yes",
    verified_not_yet: "not yet",
    sync: "Sync verified numbers",
    remove_number: "Remove number",
    remove_trunk: "Remove trunk",
    remove_trunk_why: "All numbers stop answering at once. Calls in progress go on. The credentials can't be brought back.",
    krisp: "Reduce background noise",
    krisp_help: "On the caller's side.",
    max_channels: "Most calls at once",
    max_channels_help: "More are answered busy. Empty for no limit.",
    agent_header: "Agent header name",
    agent_header_help: "Send it with an agent's ID to choose the agent yourself.",
    everyone_else: "Everyone else",
    everyone_digest: "is asked for the password",
    everyone_refuse: "is refused",
    nobody_missed: "Nobody was turned away since Patchbay started.",
    source: "Address",
    software: "Software",
    dialled: "Dialled",
    reason: "What went wrong",
    tries: "Tries",
    last: "Last",
    blocked: "Blocked",
    unblock: "Unblock",
    sends_no_password: "Sends no password",
    saved: "Saved.",
    trunk_created: "The inbound trunk is there. Enter the three values at your carrier.",
    trunk_removed: "The inbound trunk is removed.",
    region_saved: "Saved. Carriers set to another region keep working.",
    access_created: "The credential is there.",
    access_rotated: "A second credential is there. The first keeps working until you remove it.",
    access_removed: "The credential is removed.",
    one_number_added: "1 number added.",
    numbers_synced: "The trunk has all verified numbers.",
    source_unblocked: "The address may try again.",
    agent_created: "The agent is there.",
    agent_deleted: "The agent is deleted.",
    call_ended: "The call is ended.",
    password_changed: "The password is changed.",
    password_separately: "sent separately",
    with_password: "Copy all with the password",
    contains_password: "Contains a password. Send it over a private channel.",
    copy_questions: "Copy the questions",
    tls_uri: "SIP URI, TLS",
    open_system: "Open System",
    undo: "Undo",
    preview: "Check before adding",
    line: "Line",
    read_as: "Read as",
    outcome: "Result",
    will_be_added: "Will be added",
    already_here: "Already here",
    twice: "In the list twice",
    stays_out: "Stays in the box",
    add_one: "Add 1 number",
    more_lines: |count| {
        format!("{count} more lines are not shown. What is wrong with a line keeps it in the box.")
    },
    add_many: |count| format!("Add {count} numbers"),
    for_carrier: "Registration: off. Send each call to the endpoint and answer the digest challenge (MD5 or SHA-256).\nPut the dialled number in the Request-URI, best as +E.164.\nCodecs: PCMU, PCMA. DTMF: RFC 4733.",
    region_without: |setting| format!("has no address of its own here (set {setting})"),
    remove_number_q: |number| format!("Remove {number}?"),
    remove_number_why: |agent| format!("It is answered by {agent}. Calls to it will be refused."),
    remove_free_why: |_| "Calls to it will be refused.".to_owned(),
    numbers_added: |count| format!("{count} numbers added."),
    number_removed: |number| format!("Removed {number}."),
    number_assigned: |number| format!("{number} has its agent."),
    number_released: |number| format!("{number} has no agent now."),
    number_deleted: |number| format!("{number} is deleted."),
    blocked_until: |time| format!("Blocked until {time}"),
    last_used: |when| format!("last used {when}"),
    type_to_confirm: |wanted| format!("Type {wanted} to confirm"),
    nothing_arrived: |port, audio| {
        format!("Nothing has arrived from outside yet. Let in UDP and TCP {port} and UDP {audio}.")
    },
};

pub(super) const ACCESS: AccessText = AccessText {
    help: "Give each carrier or PBX its own, so that you can tell them apart and replace one at a time.",
    by_password: "With a username and password",
    by_address: "By address, without a password",
    by_address_help: "For carriers that can't send a password. Anyone able to send from these addresses reaches your agents, other customers of that carrier included. They can never place outgoing calls.",
    only_one: "This is the only credential. Add another first.",
    label: "Label",
    kind: "Kind",
    details: "Username or addresses",
    used: "Last used",
    add_credential: "Add credential",
    add_address: "Add address",
    networks: "Addresses or ranges",
    networks_help: "One per line, such as 54.172.60.0/30.",
    country: "Country",
    own_endpoint: "Only at its own endpoint name",
    own_endpoint_help: "A carrier's addresses serve all its customers; its own name tells your calls from theirs. Off, any of them reaches your agents.",
    refer: "Transfers and headers",
    refer_form: "What its side is asked to call",
    refer_help: "For transfer destinations by REFER: the carrier or PBX then calls there itself, and the call leaves your server. {number} stands for the number, {host} for its own host, as in sip:{number}@{host}. Your carrier says whether it takes REFER and in which form. Empty: it is never asked, and your server joins the two calls.",
    refer_on: "takes REFER",
    passed_headers: "Headers that the agent's engine is told",
    passed_headers_help: "One a line, such as X-Account, or X-Account=customer to pass it on under another name. Voice bots get them as custom parameters, models with the facts of the call, telephones as headers.",
    refer_of: |label| format!("Transfers and headers of calls by {label}"),
    rotate: "Rotate",
    remove: "Remove credential",
    show: "Show",
    disabled: "off",
    agent_header: "May choose the agent by header",
    no_credentials: "No credentials.",
    allow: "Allow address",
    remove_q: |label| format!("Remove credential {label}?"),
    remove_why: |used| format!("Equipment using it is refused at its next call. {used}."),
    own_name: |name| format!("Endpoint name {name}"),
    last_use: |when| format!("Last used {when}"),
    remove_why_never: |_| {
        "Equipment using it is refused at its next call. It was never used.".to_owned()
    },
};

pub(super) const AGENTS: AgentsText = AgentsText {
    title: "Agents",
    new: "New agent",
    none: "No agents yet. An agent answers the calls to its numbers.",
    name: "Name",
    name_help: "How your team will know it, such as Front desk.",
    language: "Language",
    language_help: "Such as en, de or fr-CH: how its words are spoken.",
    first_message: "First message",
    first_message_help: "Said when the call is answered. Empty for Hello?",
    recording: "Record calls",
    recording_help: "In many countries callers must be told.",
    notice: "Spoken notice",
    notice_help: "Said to its end before any audio is kept.",
    create: "Create agent",
    identity: "Identity",
    behaviour: "Behaviour",
    routing: "Telephony & Routing",
    agent_id: "Agent ID",
    copy_header: "Header line",
    inbound_numbers: "Inbound numbers",
    inbound_help: "Each number is answered by one agent.",
    no_number: "No number. Only calls with this agent's ID in its header reach it.",
    add_number: "Add a number",
    add: "Add",
    move_number: "Move number",
    keep: "Keep it with",
    add_and_assign: "Add and assign",
    interruptible: "Callers may talk over it",
    keep_digits: "Keep pressed keys in transcript and recording",
    music: "While callers wait",
    music_help: "What they hear until somebody they are handed on to answers, and when that one puts them on hold.",
    music_none: "Ringing, on hold nothing",
    music_melody: "A melody",
    silence: "Seconds of silence before it asks",
    silence_help: "It asks twice, then says goodbye.",
    longest: "Longest call in seconds",
    enabled: "Answers calls",
    default_agent: "Default agent",
    default_help: "Answers any number on the trunk that has no agent.",
    numbers: "Numbers",
    state: "State",
    on: "On",
    off: "Off",
    default: "Default",
    recorded: "Recorded",
    not_recorded: "Not recorded",
    delete: "Delete agent",
    delete_why: "Its numbers stay, with no agent. Calls in progress go on.",
    instructions: "Instructions",
    instructions_help: "For engines that follow instructions; the built-in one only speaks the first message.",
    remove: "Remove",
    no_header: "Create the inbound trunk to see the header.",
    count: |count| {
        if count == "1" {
            "1 agent".to_owned()
        } else {
            format!("{count} agents")
        }
    },
    delete_q: |name| format!("Delete {name}?"),
    answers: |count| {
        if count == "1" {
            "Answers 1 number".to_owned()
        } else {
            format!("Answers {count} numbers")
        }
    },
    new_number: |number| {
        format!("{number} is new. Add it to the inbound trunk and give it to this agent?")
    },
    held: |number, agent| {
        format!("{number} is answered by {agent}. Calls in progress stay with {agent}.")
    },
};

pub(super) const NUMBERS: NumbersText = NumbersText {
    title: "Numbers",
    help: "Every number of yours, on the trunk or not. Adding one puts it on the trunk.",
    search: "Number or label",
    find: "Find",
    none: "No numbers yet.",
    no_match: "No numbers match.",
    first_matches: "The first that match",
    all_matches: "Show all that match",
    on_trunk: "On the trunk",
    yes: "yes",
    no: "no",
    delete: "Delete",
    delete_why: "It leaves the trunk and the inventory. Calls to it will be refused.",
    all: "All",
    unassigned: "Without an agent",
    show: "Show",
    delete_q: |number| format!("Delete {number}?"),
    count: |count| {
        if count == "1" {
            "1 number".to_owned()
        } else {
            format!("{count} numbers")
        }
    },
};
