//! Overview, SIP, agents, numbers, in German.

use crate::text::{AccessText, AgentsText, NumbersText, OverviewText, SipText};

pub(super) const OVERVIEW: OverviewText = OverviewText {
    title: "Übersicht",
    listening: "SIP",
    no_packet: "noch kein Paket",
    set_up_list: "Einrichten",
    done: "Erledigt",
    to_do: "Zu tun",
    needs_attention: "Braucht einen Blick",
    step_trunk: "Eingehenden Trunk anlegen",
    step_trunk_help: "Der Weg herein für die Anrufe deines Carriers.",
    step_number: "Eine Rufnummer hinzufügen",
    step_number_help: "Noch kein Carrier? Nimm die Testnummer +1 202 555 0100. Es gibt sie nur in dieser Installation.",
    step_agent: "Einen Agenten annehmen lassen",
    step_agent_help: "Ein Agent begrüßt den Anrufer und spricht.",
    step_reach: "Carrier dich erreichen lassen",
    step_reach_help: "Carrier brauchen eine öffentliche Adresse und offene Ports.",
    step_call: "Einen Testanruf machen",
    step_call_help: "Patchbay ruft deine Nummer über den eigenen SIP-Port an und nimmt auf, was der Anrufer hört. Ohne Carrier, ohne Kosten. Es dauert einige Sekunden.",
    reach_local: "Der Endpunkt gilt nur auf diesem Rechner.",
    reach_network: "Der Endpunkt ist in diesem Netz erreichbar, nicht für einen Carrier im Internet.",
    reach_internet: "Der Endpunkt ist eine öffentliche Adresse oder ein Name.",
    open: "Öffnen",
    now: "Jetzt",
    today: "Heute (UTC)",
    step_carrier: "Deinen Carrier verbinden",
    step_carrier_help: "Trage Endpunkt, Benutzername und Passwort bei deinem Carrier ein.",
    step_real: "Den ersten echten Anruf annehmen",
    step_real_help: "Rufe eine deiner Nummern mit dem Telefon an.",
    use_test_number: "Testnummer nehmen",
    show_values: "Werte zeigen",
    fix: "Beheben",
    nobody_answers: "In der letzten Stunde angerufen, aber niemand nimmt an",
    last_changes: "Letzte Änderungen",
    all_changes: "Alle Änderungen",
    what_to_do: "Was hilft",
    show_calls: "Anrufe zeigen",
    disk_full: "Die Platte ist voll. Anrufe gehen weiter; Aufnahmen und Änderungen werden nicht gespeichert.",
    last_packet: |ago| format!("letztes Paket {ago}"),
    last_call: |ago| format!("Letzter Anruf {ago}"),
    numbers_on_trunk: |count| {
        if count == "1" {
            "1 Nummer auf dem Trunk".to_owned()
        } else {
            format!("{count} Nummern auf dem Trunk")
        }
    },
    agents_on: |count| {
        if count == "1" {
            "1 Agent ist an".to_owned()
        } else {
            format!("{count} Agenten sind an")
        }
    },
    answered_at: |time| format!("Zuletzt angenommen: {time}."),
    reached_from: |address| format!("{address} in diesem Netz hat ihn erreicht."),
    blocked_source: |address| {
        format!(
            "{address} ist nach zu vielen falschen Passwörtern gesperrt. Von dort wurde sich schon richtig angemeldet."
        )
    },
    disk_low: |megabytes| {
        format!("Nur noch {megabytes} MB sind auf der Platte frei. Ist sie voll, enden Aufnahmen.")
    },
    and_more: |count| format!("und {count} weitere"),
    done_of: |done, all| format!("{done} von {all} erledigt"),
    signed_in: |address, ago| format!("{address} hat sich angemeldet, {ago}."),
    real_call: |address, time| format!("Von {address}, angenommen {time}."),
    not_heard: |silent, calls| {
        format!("Kein Ton vom Anrufer in {silent} der letzten {calls} angenommenen Anrufe.")
    },
    cannot_listen: |address, transport, error| {
        format!("An {address} ({transport}) können keine Anrufe ankommen: {error}.")
    },
    streak: |count, since, reason| format!("{count} Anrufe abgewiesen seit {since}: {reason}."),
    changed_before: |time, who, what| format!("Kurz davor, um {time}, {who}: {what}."),
    trunk_down: |name, since, reason| {
        format!("Trunk {name} ist ausgefallen seit {since}: {reason}")
    },
    listens_on: |transport, address| format!("Lauscht auf {transport} {address}"),
    counts: |answered, refused, failed| {
        format!("{answered} angenommen · {refused} abgewiesen · {failed} gescheitert")
    },
};

pub(super) const SIP: SipText = SipText {
    title: "SIP",
    connection: "Verbindung",
    numbers: "Rufnummern (DID)",
    who: "Wer anrufen darf",
    not_let_in: "Kam nicht herein",
    advanced: "Erweitert",
    empty: "Ein Trunk ist die Leitung zwischen deinem Carrier und Patchbay. Lege ihn an, trage drei Werte bei deinem Carrier ein, und Anrufe an deine Nummern kommen hier an.",
    ask_first: "Frage zuerst deinen Carrier",
    questions: "Können Sie meine Anrufe an eine SIP-Adresse senden?\nWerden eingehende und ausgehende Anrufe getrennt eingerichtet?\nWelcher Host, Port und Transport gilt für jede Richtung?\nMelden Sie sich mit Benutzername und Passwort (Digest) an oder nach IP-Adresse?\nWelche Absendernummern darf ich anzeigen?\nWelche Ihrer Adressen muss ich erlauben, und welche von meinen erlauben Sie?\nBieten Sie PCMU, PCMA oder G.722 an?",
    create_trunk: "Eingehenden Trunk anlegen",
    own_numbers: "Patchbay hat keine eigenen Nummern. Bring sie von einem Carrier mit, oder probiere es mit einer Testnummer.",
    region: "Region des SIP-Endpunkts",
    region_help: "Wähle die Region, die deinem Carrier am nächsten ist. Global (automatisch) ist richtig, wenn du unsicher bist.",
    save_region: "Region speichern",
    region_global: "Global (automatisch)",
    region_us: "US",
    region_eu: "EU",
    region_apac: "APAC (Indien)",
    endpoint: "SIP-Endpunkt",
    username: "Benutzername",
    password: "Passwort",
    other_forms: "Andere Schreibweisen",
    copy_all: "Alles für den Carrier kopieren",
    last_used_never: "nie benutzt",
    host_alone: "Nur der Host",
    host_port: "Host und Port",
    uri_udp: "SIP-URI, UDP",
    uri_tcp: "SIP-URI, TCP",
    reach_computer: "Gilt nur auf diesem Rechner. Setze sip.external_host oder sip.external_ip, damit Carrier ihn erreichen.",
    reach_network: "In diesem Netz erreichbar, nicht für einen Carrier im Internet.",
    numbers_help: "Die Nummern, die Leute anrufen. +14155550100 und 0014155550100 werden gleich gelesen; für Nummern ohne Landesvorwahl wähle das Land.",
    add_numbers: "Nummern hinzufügen",
    one_per_line: "Nummern, eine je Zeile",
    country_without: "Land der Nummern ohne +",
    no_country: "Keins",
    no_numbers: "Noch keine Nummern. Füge die hinzu, die dein Carrier hierher senden wird.",
    number: "Nummer",
    agent: "Agent",
    verified: "Bestätigt",
    last_call: "Letzter Anruf",
    no_agent: "Kein Agent",
    assign: "Zuweisen",
    remove: "Entfernen",
    verified_yes: "ja",
    verified_not_yet: "noch nicht",
    sync: "Bestätigte Nummern abgleichen",
    remove_number: "Nummer entfernen",
    remove_trunk: "Trunk entfernen",
    remove_trunk_why: "Alle Nummern nehmen sofort nicht mehr an. Laufende Anrufe gehen weiter. Die Zugangsdaten lassen sich nicht zurückholen.",
    krisp: "Hintergrundgeräusche mindern",
    krisp_help: "Auf der Seite des Anrufers.",
    max_channels: "Höchstzahl gleichzeitiger Anrufe",
    max_channels_help: "Mehr werden als besetzt beantwortet. Leer für keine Grenze.",
    agent_header: "Name des Agent-Headers",
    agent_header_help: "Sende ihn mit der ID eines Agenten, um den Agenten selbst zu wählen.",
    everyone_else: "Alle anderen",
    everyone_digest: "werden nach dem Passwort gefragt",
    everyone_refuse: "werden abgewiesen",
    nobody_missed: "Seit Patchbay gestartet ist, wurde niemand abgewiesen.",
    source: "Adresse",
    software: "Software",
    dialled: "Gewählt",
    reason: "Was schiefging",
    tries: "Versuche",
    last: "Zuletzt",
    blocked: "Gesperrt",
    unblock: "Sperre aufheben",
    sends_no_password: "Sendet kein Passwort",
    saved: "Gespeichert.",
    trunk_created: "Der eingehende Trunk ist da. Trage die drei Werte bei deinem Carrier ein.",
    trunk_removed: "Der eingehende Trunk ist entfernt.",
    region_saved: "Gespeichert. Carrier mit einer anderen Region arbeiten weiter.",
    access_created: "Die Zugangsdaten sind da.",
    access_rotated: "Zweite Zugangsdaten sind da. Die ersten gelten, bis du sie entfernst.",
    access_removed: "Die Zugangsdaten sind entfernt.",
    one_number_added: "1 Nummer hinzugefügt.",
    numbers_synced: "Der Trunk hat alle bestätigten Nummern.",
    source_unblocked: "Die Adresse darf es wieder versuchen.",
    agent_created: "Der Agent ist da.",
    agent_deleted: "Der Agent ist gelöscht.",
    call_ended: "Der Anruf ist beendet.",
    password_changed: "Das Passwort ist geändert.",
    password_separately: "kommt getrennt",
    with_password: "Alles mit dem Passwort kopieren",
    contains_password: "Enthält ein Passwort. Sende es auf einem vertraulichen Weg.",
    copy_questions: "Fragen kopieren",
    tls_uri: "SIP-URI, TLS",
    open_system: "System öffnen",
    undo: "Rückgängig",
    preview: "Vor dem Hinzufügen prüfen",
    line: "Zeile",
    read_as: "Gelesen als",
    outcome: "Ergebnis",
    will_be_added: "Wird hinzugefügt",
    already_here: "Schon da",
    twice: "Zweimal in der Liste",
    stays_out: "Bleibt im Feld",
    add_one: "1 Nummer hinzufügen",
    more_lines: |count| {
        format!("{count} weitere Zeilen sind nicht gezeigt. Fehlerhafte Zeilen bleiben im Feld.")
    },
    add_many: |count| format!("{count} Nummern hinzufügen"),
    for_carrier: "Registrierung: aus. Jeden Anruf an den Endpunkt senden und die Digest-Abfrage (MD5 oder SHA-256) beantworten.\nDie gewählte Nummer in die Request-URI, am besten als +E.164.\nCodecs: PCMU, PCMA. DTMF: RFC 4733.",
    region_without: |setting| format!("hat hier keine eigene Adresse ({setting} setzen)"),
    remove_number_q: |number| format!("{number} entfernen?"),
    remove_number_why: |agent| format!("{agent} nimmt sie an. Anrufe an sie werden abgewiesen."),
    remove_free_why: |_| "Anrufe an sie werden abgewiesen.".to_owned(),
    numbers_added: |count| format!("{count} Nummern hinzugefügt."),
    number_removed: |number| format!("{number} entfernt."),
    number_assigned: |number| format!("{number} hat ihren Agenten."),
    number_released: |number| format!("{number} hat jetzt keinen Agenten."),
    number_deleted: |number| format!("{number} ist gelöscht."),
    blocked_until: |time| format!("Gesperrt bis {time}"),
    last_used: |when| format!("zuletzt benutzt {when}"),
    type_to_confirm: |wanted| format!("Zur Bestätigung {wanted} eingeben"),
    nothing_arrived: |port, audio| {
        format!(
            "Von außen ist noch nichts angekommen. Lass UDP und TCP {port} und UDP {audio} herein."
        )
    },
};

pub(super) const ACCESS: AccessText = AccessText {
    help: "Gib jedem Carrier und jeder Anlage eigene, damit du sie auseinanderhalten und einzeln ersetzen kannst.",
    by_password: "Mit Benutzername und Passwort",
    by_address: "Nach Adresse, ohne Passwort",
    by_address_help: "Für Carrier, die kein Passwort senden können. Wer von diesen Adressen senden kann, erreicht deine Agenten, auch andere Kunden dieses Carriers. Ausgehende Anrufe können sie nie machen.",
    only_one: "Das sind die einzigen Zugangsdaten. Füge zuerst andere hinzu.",
    label: "Bezeichnung",
    kind: "Art",
    details: "Benutzername oder Adressen",
    used: "Zuletzt benutzt",
    add_credential: "Zugangsdaten hinzufügen",
    add_address: "Adresse hinzufügen",
    networks: "Adressen oder Netze",
    networks_help: "Eine je Zeile, etwa 54.172.60.0/30.",
    country: "Land",
    own_endpoint: "Nur unter dem eigenen Endpunktnamen",
    own_endpoint_help: "Die Adressen eines Carriers dienen all seinen Kunden; der eigene Name trennt deine Anrufe von ihren. Ohne ihn erreicht jeder von ihnen deine Agenten.",
    refer: "Weiterleitung und Header",
    refer_form: "Was die Gegenseite anrufen soll",
    refer_help: "Für Weiterleitungen per REFER: Dein Carrier oder deine Telefonanlage ruft dort dann selbst an, und das Gespräch verlässt deinen Server. {number} steht für die Nummer, {host} für ihren eigenen Host, etwa sip:{number}@{host}. Dein Carrier sagt dir, ob er REFER annimmt und in welcher Form. Leer: Er wird nie gebeten, und dein Server verbindet die beiden Gespräche.",
    refer_on: "nimmt REFER an",
    passed_headers: "Header, die die Engine des Agenten erfährt",
    passed_headers_help: "Einer je Zeile, etwa X-Account, oder X-Account=kunde, um ihn unter anderem Namen weiterzugeben. Sprachbots bekommen sie als Parameter, Modelle mit den Angaben zum Anruf, Telefone als Header.",
    refer_of: |label| format!("Weiterleitung und Header von Anrufen über {label}"),
    rotate: "Wechseln",
    remove: "Zugangsdaten entfernen",
    show: "Zeigen",
    disabled: "aus",
    agent_header: "Darf den Agenten per Header wählen",
    no_credentials: "Keine Zugangsdaten.",
    allow: "Adresse erlauben",
    remove_q: |label| format!("Zugangsdaten {label} entfernen?"),
    remove_why: |used| format!("Geräte damit werden beim nächsten Anruf abgewiesen. {used}."),
    own_name: |name| format!("Endpunktname {name}"),
    last_use: |when| format!("Zuletzt benutzt {when}"),
    remove_why_never: |_| {
        "Geräte damit werden beim nächsten Anruf abgewiesen. Sie wurden nie benutzt.".to_owned()
    },
};

pub(super) const AGENTS: AgentsText = AgentsText {
    title: "Agenten",
    new: "Neuer Agent",
    none: "Noch keine Agenten. Ein Agent nimmt die Anrufe an seine Nummern an.",
    name: "Name",
    name_help: "Wie dein Team ihn kennt, etwa Empfang.",
    language: "Sprache",
    language_help: "Etwa en, de oder fr-CH: wie seine Worte gesprochen werden.",
    first_message: "Begrüßung",
    first_message_help: "Wird gesagt, wenn der Anruf angenommen ist. Leer für Hello?",
    recording: "Anrufe aufnehmen",
    recording_help: "In vielen Ländern muss man es Anrufern sagen.",
    notice: "Gesprochener Hinweis",
    notice_help: "Wird zu Ende gesagt, bevor Ton aufgehoben wird.",
    create: "Agent anlegen",
    identity: "Kennung",
    behaviour: "Verhalten",
    routing: "Telefonie und Routing",
    agent_id: "Agent-ID",
    copy_header: "Header-Zeile",
    inbound_numbers: "Eingehende Nummern",
    inbound_help: "Jede Nummer wird von einem Agenten angenommen.",
    no_number: "Keine Nummer. Nur Anrufe mit der ID dieses Agenten im Header erreichen ihn.",
    add_number: "Eine Nummer hinzufügen",
    add: "Hinzufügen",
    move_number: "Nummer umhängen",
    keep: "Lassen bei",
    add_and_assign: "Hinzufügen und zuweisen",
    interruptible: "Anrufer dürfen ihm ins Wort fallen",
    keep_digits: "Gedrückte Tasten in Mitschrift und Aufnahme behalten",
    music: "Während Anrufer warten",
    music_help: "Was sie hören, bis jemand abnimmt, an den sie weitergegeben werden, und wenn der sie in die Warteschleife legt.",
    music_none: "Klingeln, in der Warteschleife nichts",
    music_melody: "Eine Melodie",
    silence: "Sekunden Stille, bevor er nachfragt",
    silence_help: "Er fragt zweimal, dann verabschiedet er sich.",
    longest: "Längster Anruf in Sekunden",
    enabled: "Nimmt Anrufe an",
    default_agent: "Standard-Agent",
    default_help: "Nimmt jede Nummer auf dem Trunk an, die keinen Agenten hat.",
    numbers: "Nummern",
    state: "Zustand",
    on: "An",
    off: "Aus",
    default: "Standard",
    recorded: "Aufgenommen",
    not_recorded: "Nicht aufgenommen",
    delete: "Agent löschen",
    delete_why: "Seine Nummern bleiben, ohne Agenten. Laufende Anrufe gehen weiter.",
    instructions: "Anweisungen",
    instructions_help: "Für Engines, die Anweisungen folgen; die eingebaute spricht nur die Begrüßung.",
    remove: "Entfernen",
    no_header: "Lege den eingehenden Trunk an, um den Header zu sehen.",
    count: |count| {
        if count == "1" {
            "1 Agent".to_owned()
        } else {
            format!("{count} Agenten")
        }
    },
    delete_q: |name| format!("{name} löschen?"),
    answers: |count| {
        if count == "1" {
            "Nimmt 1 Nummer an".to_owned()
        } else {
            format!("Nimmt {count} Nummern an")
        }
    },
    new_number: |number| {
        format!("{number} ist neu. Auf den eingehenden Trunk nehmen und diesem Agenten geben?")
    },
    held: |number, agent| {
        format!("{number} wird von {agent} angenommen. Laufende Anrufe bleiben bei {agent}.")
    },
};

pub(super) const NUMBERS: NumbersText = NumbersText {
    title: "Nummern",
    help: "Jede deiner Nummern, auf dem Trunk oder nicht. Hinzufügen nimmt sie auf den Trunk.",
    search: "Nummer oder Bezeichnung",
    find: "Suchen",
    none: "Noch keine Nummern.",
    no_match: "Keine Nummer passt.",
    first_matches: "Die ersten, die passen",
    all_matches: "Alle passenden zeigen",
    on_trunk: "Auf dem Trunk",
    yes: "ja",
    no: "nein",
    delete: "Löschen",
    delete_why: "Sie verlässt den Trunk und den Bestand. Anrufe an sie werden abgewiesen.",
    all: "Alle",
    unassigned: "Ohne Agenten",
    show: "Zeigen",
    delete_q: |number| format!("{number} löschen?"),
    count: |count| {
        if count == "1" {
            "1 Nummer".to_owned()
        } else {
            format!("{count} Nummern")
        }
    },
};
