//! German: every sentence of `en`, said anew.

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

/// The German catalogue.
pub static GERMAN: Text = Text {
    country: Country::german,
    frame: FRAME,
    common: COMMON,
    form: FORM,
    time: TIME,
    reasons: REASONS,
    failures: FAILURES,
    receipt: RECEIPT,
    outgoing: outgoing::OUTGOING,
    engines: engines::ENGINES,
    ways_out: ways::WAYS_OUT,
    handed_on: ways::HANDED_ON,
    test_call: ways::TEST_CALL,
    keys: keys::KEYS,
    recipes: recipes::RECIPES,
    guide: guide::GUIDE,
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
    skip: "Zum Inhalt springen",
    main_nav: "Hauptnavigation",
    menu: "Menü",
    brand: "Patchbay",
    about: "Patchbay verbindet deine Carrier mit den Agenten, die deine Anrufe annehmen.",
    overview: "Übersicht",
    inbox: "Eingang",
    channels_phone: "Kanäle → Telefon",
    agents: "Agenten",
    numbers: "Nummern",
    settings: "Einstellungen",
    sip: "SIP",
    access: "Zugang",
    system: "System",
    audit: "Protokoll",
    account: "Konto",
    help: "Fehlersuche",
    sign_in: "Anmelden",
    not_found: "Hier ist keine Seite",
    not_shown: "Diese Seite lässt sich nicht zeigen",
    not_found_why: "Die Adresse ist vielleicht vertippt, oder was sie zeigte, wurde entfernt.",
    to_overview: "Zur Übersicht",
};

const COMMON: Common = Common {
    on_this_page: "Auf dieser Seite",
    first_page: "Erste Seite",
    next_page: "Nächste Seite",
    search_on: "Weiter suchen",
    no_further: "Weiter passt nichts.",
    more_to_search: "Noch sind nicht alle durchsucht.",
    by_script: "Per Skript tun",
    actions: "Aktionen",
    copy: "Kopieren",
    copied: "Kopiert",
    press_ctrl_c: "Zum Kopieren Strg+C drücken.",
    reveal_failed: "Der Wert kam nicht an. Lade die Seite neu und versuche es noch einmal.",
    yes: "Ja",
    no: "Nein",
    never: "nie benutzt",
    none: "Keine",
    keep: "Behalten",
    cancel: "Abbrechen",
    details: "Einzelheiten",
    reload: "Neu laden",
    as_of_now: "Stand jetzt",
    nothing_yet: "Noch nichts.",
    live: "Live",
    show_new: "Zeigen",
    stopped: "Live-Aktualisierung unterbrochen. Verbinde neu…",
    one_new: "1 neuer Anruf.",
    many_new: "{} neue Anrufe.",
    announce_copied: |label| format!("{label} kopiert"),
    reveal: |label| format!("{label} anzeigen"),
    hide: |label| format!("{label} verbergen"),
    revealed: |label| format!("{label} wird angezeigt"),
    on_one_page: |count| format!("{count} auf dieser Seite"),
    searched_to: |time| format!("Durchsucht bis {time}."),
    first_of: |shown, all| format!("Die ersten {shown} von {all}"),
    show_all: |count| format!("Alle {count} zeigen"),
    and_more: |count| format!("und {count} weitere"),
    as_of: |time| format!("Stand {time}"),
};

const FORM: FormText = FormText {
    one_problem: "Es gibt 1 Problem",
    title_error: "Fehler: ",
    on: "An",
    off: "Aus",
    optional: "(optional)",
    saving: "Speichere…",
    save: "Änderungen speichern",
    discard: "Verwerfen",
    one_unsaved: "1 nicht gespeicherte Änderung",
    many_unsaved: "{} nicht gespeicherte Änderungen",
    conflict_title: "Jemand hat diese Seite gespeichert, während du sie bearbeitet hast",
    conflict_why: "Von deinem ist nichts verloren. Wähle für jedes Feld, dann speichere.",
    now: "Jetzt",
    yours: "Deins",
    empty: "(leer)",
    save_choices: "Meine Auswahl speichern",
    problems: |count| format!("Es gibt {count} Probleme"),
};

const TIME: Time = Time {
    just_now: "gerade eben",
    date_time: "%d.%m.%Y, %H:%M:%S %Z",
    day_time: "%d.%m., %H:%M %Z",
    decimal_mark: ",",
    seconds_ago: |n| format!("vor {n} s"),
    minutes_ago: |n| format!("vor {n} min"),
    hours_ago: |n| format!("vor {n} h"),
};

const REASONS: Reasons = Reasons {
    required: "Gib einen Wert ein.",
    wrong_kind_list: "Hier steht eine Liste, wo ein Wert hingehört.",
    wrong_kind_object: "Hier steht ein Objekt, wo ein Wert hingehört.",
    wrong_kind_value: "Hier steht ein Wert, wo eine Liste hingehört.",
    wrong_kind_bare: "Hier steht eine Zahl, true oder false, wo Text hingehört. Setze Anführungszeichen.",
    not_an_id: "Das ist keine ID. Kopiere sie von der Seite dessen, was sie nennt.",
    unknown_field: "So ein Feld gibt es nicht.",
    not_e164: "hat keine Landesvorwahl. Schreibe sie wie +14155550100.",
    phone_too_short: "ist zu kurz für eine Rufnummer; Notrufnummern gehen hier nicht.",
    phone_too_long: "hat mehr als 15 Ziffern. Schreibe sie wie +14155550100.",
    wrong_password: "Das Passwort stimmt nicht.",
    not_for_this_kind: "Das passt nicht zur gewählten Art von Zugangsdaten.",
    not_a_number: |found| format!("enthält {found}."),
    not_an_integer: |found| format!("{found} ist keine ganze Zahl."),
    not_an_address: |found| format!("{found} ist keine IP-Adresse. Schreibe sie wie 203.0.113.7."),
    forbidden_character: |code| {
        format!(
            "Hier steht ein Zeichen, das man nicht sieht oder das Zeilen trennt ({code}). Entferne es."
        )
    },
    not_an_email: |found| {
        format!("{found} ist keine E-Mail-Adresse. Schreibe sie wie anna@example.com.")
    },
    taken: |found| format!("{found} heißt schon etwas anderes."),
    repeated: |found| format!("{found} steht zweimal in der Liste."),
    no_such: |found| format!("{found} gibt es nicht."),
    region_without_host: |setting| {
        format!(
            "Diese Region hat hier keine eigene Adresse. Setze {setting}, um ihr eine zu geben."
        )
    },
    not_confirmed: |wanted| format!("Gib zur Bestätigung {wanted} ein."),
    bad_host: |found| format!("{found} ist weder Hostname noch Adresse."),
    bad_header: |found| format!("{found} kann kein Header heißen. Schreibe ihn wie X-Agent-ID."),
    bad_uri: |found| {
        format!("{found} ist keine SIP-URI. Schreibe sie wie sip:sales@pbx.example.com.")
    },
    bad_refer_form: |found, _| {
        format!(
            "{found} geht nicht. Schreibe es wie sip:{{number}}@{{host}}, mit {{number}} genau einmal vor dem @."
        )
    },
    bad_url: |found, why| format!("{found}: {why}."),
    private_address: |found, setting| {
        format!("{found} führt zu einer Adresse, die nicht öffentlich ist. {setting} erlaubt das.")
    },
    unresolvable: |found| format!("{found} hat keine Adresse. Prüfe die Schreibweise."),
    other_version: |named_by| format!("Das muss die Version sein, die {named_by} nennt."),
    too_long: |max, found| format!("Höchstens {max} Zeichen; das sind {found}."),
    too_short: |min, found| format!("Mindestens {min} Zeichen; das sind {found}."),
    not_a_choice: |found, allowed| format!("{found} steht nicht zur Wahl: {allowed}."),
    bad_network: |found, why| format!("{found}: {why}."),
    out_of_range: |min, max, found| {
        format!("Gib eine Zahl von {min} bis {max} ein; das ist {found}.")
    },
};

const FAILURES: Failures = Failures {
    unreadable: "Die Anfrage war nicht zu lesen. Lade die Seite neu und versuche es noch einmal.",
    unauthenticated: "Melde dich an, um weiterzumachen.",
    forbidden: "Deine Rolle kann das lesen, aber nicht ändern. Frage jemanden mit der Rolle Verwaltung.",
    same_origin: "Diese Anfrage kam von einer anderen Seite als der Konsole; nichts wurde geändert.",
    signed_in_only: "Das kann nur eine angemeldete Person.",
    no_page: "Hier ist keine Seite.",
    no_trunk: "Es gibt keinen eingehenden Trunk. Lege ihn unter Einstellungen → SIP an.",
    no_access: "Diese Zugangsdaten gibt es nicht. Vielleicht wurden sie entfernt.",
    no_number: "Diese Nummer gibt es nicht. Vielleicht wurde sie entfernt.",
    no_agent: "Diesen Agenten gibt es nicht. Vielleicht wurde er gelöscht.",
    no_call: "Diesen Anruf gibt es nicht.",
    no_recording: "Von diesem Anruf gibt es keine Aufnahme.",
    no_source: "Diese Quelle gibt es nicht.",
    no_user: "Diese Person gibt es nicht.",
    no_key: "Diesen Schlüssel gibt es nicht.",
    no_webhook: "Diesen Webhook gibt es nicht. Vielleicht wurde er entfernt.",
    no_delivery: "Dieses Ereignis ging nicht an diesen Webhook, oder es ist zu lange her.",
    no_setup_link: "Dieser Einrichtungslink gilt nicht mehr. Mit patchbay setup-link entsteht ein neuer.",
    no_password_link: "Dieser Link gilt nicht mehr: Er wurde benutzt, ersetzt oder ist abgelaufen. Bitte um einen neuen.",
    no_such: "Das ist nicht mehr da. Vielleicht wurde es entfernt.",
    trunk_exists: "Den eingehenden Trunk gibt es schon.",
    last_access: "Das sind die einzigen Zugangsdaten. Füge zuerst andere hinzu.",
    last_admin: "Das ist die einzige Person mit Verwaltungsrechten, die sich anmelden kann. Gib sie zuerst jemand anderem.",
    changed: "Jemand hat das gespeichert, während du es bearbeitet hast. Davon ist nichts verloren: Sieh dir die Werte unten an und speichere noch einmal.",
    idempotency: "Derselbe Idempotency-Key wurde mit einem anderen Inhalt benutzt.",
    still_answering: "Eine Anfrage mit diesem Idempotency-Key läuft noch. Versuche es gleich noch einmal.",
    answer_lost: "Die Anfrage wurde ausgeführt, aber ihre Antwort ging verloren. Sieh nach, was sie bewirkt hat.",
    setup_done: "Die Einrichtung ist abgeschlossen. Melde dich an.",
    call_ended: "Der Anruf ist schon zu Ende.",
    recording_sealed: "Diese Aufnahme ist mit einem anderen Schlüssel versiegelt als dem in der Schlüsseldatei des Servers (data.key_file).",
    database: "Änderungen können nicht gespeichert werden: Die Datenbank antwortet nicht. Anrufe gehen weiter.",
    disk_full: "Änderungen können nicht gespeichert werden: Die Platte ist voll. Anrufe gehen weiter.",
    read_only: "Änderungen können nicht gespeichert werden: Die Datenbank lässt sich nur lesen. Anrufe gehen weiter.",
    draining: "Patchbay startet neu. Versuche es gleich noch einmal.",
    offline: "Patchbay war nicht zu erreichen. Nichts wurde gespeichert.",
    numbers_assigned: |numbers| format!("Agenten nehmen {numbers} an. Gib sie zuerst frei."),
    agent_in_use: |numbers| {
        format!("Dieser Agent nimmt {numbers} an. Gib die Nummern zuerst einem anderen.")
    },
    too_many: |seconds| format!("Zu viele Versuche. Der nächste geht in {seconds} s."),
    internal: |incident| {
        format!("Hier ging etwas schief, und nichts wurde gespeichert. Anfrage {incident}.")
    },
    need_scope: |scope| {
        format!("Das braucht das Recht {scope}. Frage jemanden mit der Rolle Verwaltung.")
    },
    number_held: |number, agent| format!("{number} wird von {agent} angenommen."),
};

const RECEIPT: ReceiptText = ReceiptText {
    room: "Platz",
    signed_in: "Anmeldung",
    agent_header: "Agent-Header",
    number: "Nummer",
    agent: "Agent",
    codec: "Codec",
    lines: "Freie Leitung",
    passed: "Bestanden",
    failed: "Hier gestoppt",
    skipped: "Übersprungen",
    as_sent: "wie gesendet",
    plus_missing: "das + fehlte",
    international_prefix: "mit internationaler Vorwahl",
    in_country: |country| format!("Land {country}"),
    draining: "Patchbay startet neu.",
    stale_nonce: "Die Anmeldung war zu alt; der Carrier wurde noch einmal gefragt.",
    no_agent_header: "Keiner gesendet.",
    no_trunk: "Es gibt keinen eingehenden Trunk.",
    late_offer: "Der Carrier überließ uns das Angebot.",
    line_free: "Innerhalb jeder Grenze.",
    caller_hung_up: "Vom Anrufer beendet",
    agent_hung_up: "Vom Agenten beendet",
    operator_hung_up: "Von der Konsole beendet",
    caller_gave_up: "Vor der Annahme aufgelegt",
    media_timeout: "Es kam kein Ton mehr",
    no_ack: "Der Carrier hat die Annahme nie bestätigt",
    session_expired: "Die Sitzung wurde nicht aufgefrischt",
    max_duration: "Die längste erlaubte Zeit war erreicht",
    engine_failed: "Die Engine des Agenten versagte",
    peer_lost: "Die Verbindung zum Carrier brach",
    drained: "Patchbay wurde neu gestartet",
    interrupted: "Patchbay endete während des Anrufs",
    fault: "Ein Fehler von Patchbay",
    wrong_password: "Falsches Passwort (401)",
    md5_refused: "Mit MD5 angemeldet, was die Zugangsdaten ablehnen (401)",
    unknown_username: "Unbekannter Benutzername (401)",
    no_credentials: "Der Carrier beantwortete die Passwortabfrage nicht (401)",
    source_not_allowed: "Diese Adresse darf nicht anrufen (403)",
    source_blocked: "Diese Adresse ist gesperrt",
    uri_mismatch: "Für eine andere Adresse angemeldet (401)",
    number_unknown: "Die Nummer ist nicht auf dem Trunk (404)",
    number_unassigned: "Niemand nimmt diese Nummer an (480)",
    no_codec: "Kein gemeinsamer Codec (488)",
    secure_audio: "Verschlüsselung des Tons passt nicht zum Zugang (488)",
    all_lines: "Alle Leitungen sind belegt",
    engine_down: "Die Engine des Agenten antwortete nicht (480)",
    all_lines_in_use: |limit| format!("Alle {limit} Leitungen sind belegt."),
    no_password: |source| format!("{source} sandte kein Passwort."),
    source_unknown: |source| format!("{source} darf nicht anrufen."),
    password_wrong: |username| format!("Falsches Passwort für {username}."),
    md5_not_taken: |label| {
        format!("Der Carrier antwortete mit MD5, aber {label} nimmt nur SHA-256 an.")
    },
    no_such_username: |username| format!("Keine Zugangsdaten heißen {username}."),
    unreadable_sign_in: |part| format!("Die Anmeldung war nicht zu lesen: {part}."),
    header_unknown: |value| format!("{value} ist die ID keines Agenten."),
    header_off: |name| format!("Er nennt {name}, der aus ist."),
    header_twice: |count| format!("{count}-mal gesendet, zählt daher nicht."),
    header_names: |name| format!("Er nennt {name}, der annimmt."),
    no_number: |sent| format!("{sent} ist keine Nummer."),
    unassigned: |number| {
        format!("{number} hat keinen Agenten, und es gibt keinen Standard-Agenten.")
    },
    codec_chosen: |codec| format!("Beide Seiten sprechen {codec}."),
    no_common_codec: |offered, taken| match taken {
        "" => format!("Kein gemeinsamer Codec: angeboten {offered}."),
        taken => format!("Kein gemeinsamer Codec: angeboten {offered}, angenommen {taken}."),
    },
    near_not_on_trunk: |number| {
        format!("{number} ist unter deinen Nummern, aber nicht auf dem Trunk.")
    },
    room_left: |used, limit| format!("{used} von {limit} Leitungen belegt."),
    uri_differs: |signed, called| format!("Für {signed} angemeldet, aber {called} angerufen."),
    header_not_honoured: |value, label| {
        format!("{value} wurde gesendet, aber {label} darf den Agenten nicht wählen.")
    },
    number_missing: |sent, tried| {
        if tried.is_empty() {
            format!("{sent} ist nicht auf dem Trunk.")
        } else {
            format!("{sent} ist nicht auf dem Trunk, gelesen als {tried}.")
        }
    },
    number_ambiguous: |sent, hits| {
        format!("{sent} lässt sich als {hits} lesen, daher zählt keine.")
    },
    assigned: |name, number| format!("{name}: {number} ist ihm zugewiesen."),
    default_agent: |name, number| {
        format!("{name}, der Standard-Agent, nimmt an: {number} hat keinen Agenten.")
    },
    agent_off: |name, number| {
        format!("{number} gehört {name}, der aus ist, und es gibt keinen Standard-Agenten.")
    },
    engine_did_not_answer: |name, cause| {
        format!("Die Engine von {name} antwortete nicht: {cause}.")
    },
    near_country: |number, country| format!("Mit dem Land {country} wäre es {number}."),
    by_registration: |label, source| {
        format!("{source} rief die Adresse an, die der Trunk {label} dort registriert hat.")
    },
    signed_in_by: |label, algorithm, source| {
        format!("Zugangsdaten {label}, {algorithm}, von {source}.")
    },
    by_address: |label, network, source| format!("{label}: {source} liegt in {network}."),
    only_from: |label, source, allowed| {
        format!("{label} gilt nur von {allowed}; dies kam von {source}.")
    },
    number_read: |sent, number, how| format!("{sent} gelesen als {number} ({how})."),
    default_for_off: |name, number, off| {
        format!("{name}, der Standard-Agent, nimmt an: {off}, der {number} annimmt, ist aus.")
    },
    near_other_endpoint: |label, expected, found| {
        format!(
            "Die Adresse ist als {label} bekannt, aber der Anruf galt {found}, nicht {expected}."
        )
    },
};
