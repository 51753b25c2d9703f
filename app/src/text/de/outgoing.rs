//! German: calls that leave, and calls handed on.

use crate::text::Outgoing;

pub(super) const OUTGOING: Outgoing = Outgoing {
    no_outbound_trunk: "Diesen ausgehenden Trunk gibt es nicht. Vielleicht wurde er gelöscht.",
    no_destination: "Dieses Weiterleitungsziel gibt es nicht. Vielleicht wurde es gelöscht.",
    no_transfer: "Diese Weiterleitung gibt es nicht.",
    no_trunk_of_agent: "Dieser Agent hat keinen ausgehenden Trunk. Wähle einen, um anzurufen.",
    not_assigned: "Dieses Ziel ist dem Agenten nicht zugewiesen. Weise es zuerst zu.",
    not_now: "Das Gespräch kann jetzt nicht weitergeleitet werden: Es ist nicht angenommen oder wird schon weitergeleitet.",
    credentials_missing: "Gib Benutzername und Passwort ein, oder schalte die Digest-Anmeldung aus.",
    bridge_only: "Mit eigenem Benutzernamen und Passwort kann nur gebrückt werden.",
    premium: "Mehrwert- und Servicenummern werden nie angerufen.",
    trunk: "Ausgehender Trunk",
    allowed: "Darf angerufen werden",
    target: "Weg nach draußen",
    carrier: "Carrier",
    callee_hung_up: "Vom Angerufenen beendet",
    handed_on: "Weitergeleitet",
    busy: "Besetzt",
    declined: "Abgelehnt",
    no_answer: "Keine Antwort",
    auth_failed: "Der Carrier hat Benutzername oder Passwort abgelehnt",
    forbidden: "Der Carrier erlaubt diesen Anruf nicht (403)",
    not_found: "Der Carrier kennt die Nummer nicht",
    unreachable: "Der Carrier war nicht erreichbar",
    tls_failed: "Dem Zertifikat des Carriers ist nicht zu trauen",
    redirected: "Der Carrier verwies woandershin; dem wird nicht gefolgt",
    incompatible: "Kein gemeinsamer Codec mit der Gegenseite",
    carrier_error: "Der Carrier hatte eine Störung",
    country_not_allowed: "Der Trunk darf dieses Land nicht anrufen",
    premium_number: "Mehrwertnummern werden nie angerufen",
    limit_reached: "Der Trunk hat seine Grenze erreicht",
    own_address_end: "Die Adresse ist dieser Server oder führt nirgendwohin",
    no_trunk: "Der Agent hat keinen ausgehenden Trunk",
    too_many_legs: "Das Gespräch wurde zu oft weitergeleitet",
    not_referable: "Der Carrier kann nicht gebeten werden, dort selbst anzurufen",
    not_a_destination: "Es ist keines der Ziele des Agenten",
    not_replaceable: "Der Platz eines anderen Anrufs kann nur an einer SIP-Adresse eingenommen werden",
    health_silent: "Früher kam Antwort, jetzt nicht mehr.",
    health_auth: "Der Carrier lehnt Benutzername oder Passwort ab.",
    register_silent: "Der Registrar hat nicht geantwortet.",
    bad_username: |found| format!("{found} kann kein Benutzername sein."),
    bad_password: |why| format!("Das Passwort kann so nicht sein ({why})."),
    not_digits: |found| {
        format!(
            "{found} ist mehr als ein paar Telefontasten. Bis zu zehn von 0 bis 9, *, # und + gehen."
        )
    },
    one_of: |other| format!("Sende entweder dies oder {other}, genau eines."),
    outbound_in_use: |agents| {
        format!("{agents} verwenden diesen Trunk. Gib ihnen zuerst einen anderen.")
    },
    destination_in_use: |agents| {
        format!("{agents} verwenden dieses Ziel. Nimm es ihnen zuerst weg.")
    },
    goes_out_by: |trunk| format!("Über den Trunk {trunk}."),
    stays_inside: |number| {
        format!("{number} ist eine eigene Nummer, der Anruf bleibt also im Haus.")
    },
    may_call: |country| format!("Der Trunk darf {country} anrufen."),
    country_no: |country| format!("Der Trunk darf {country} nicht anrufen."),
    channels_full: |limit| format!("Alle {limit} Leitungen des Trunks sind belegt."),
    rate_full: |limit| format!("Der Trunk beginnt höchstens {limit} Anrufe in der Sekunde."),
    cap_full: |limit| format!("Der Trunk hat seine {limit} Minuten von heute verbraucht."),
    tried: |target| format!("Gesendet an {target}."),
    health_no_address: |host| format!("{host} hat keine Adresse."),
    health_own_address: |address| format!("{address} ist dieser Server oder führt nirgendwohin."),
    health_status: |status| format!("Antwort: {status}."),
    register_refused: |status| format!("Der Registrar lehnte mit {status} ab."),
    own_address: |found, address| {
        format!("{found} ist {address}, dieser Server. Dorthin kann kein Anruf gehen.")
    },
    digit_taken: |digit, name| format!("Taste {digit} wählt schon {name}."),
    tried_in_vain: |target, why| format!("{target} war nicht erreichbar: {why}."),
    carrier_said: |status, phrase| format!("{status} {phrase}"),
    health_unreachable: |target, why| format!("{target} war nicht erreichbar: {why}."),
    health_certificate: |target, why| format!("Zertifikat von {target}: {why}."),
};
