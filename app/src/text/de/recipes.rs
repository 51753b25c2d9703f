//! Recipes for carriers and PBXs, in German.

use crate::text::RecipeText;

pub(super) const RECIPES: RecipeText = RecipeText {
    title: "Schritt für Schritt",
    twilio: "Twilio (Elastic SIP Trunking)",
    telnyx: "Telnyx",
    freepbx: "FreePBX",
    asterisk: "Asterisk (PJSIP)",
    any: "Jeder andere Carrier",
    own_name_missing: "Erlaube zuerst seine Adressen unter Nach Adresse: Dann steht hier der Name, der deine Anrufe von denen anderer Kunden unterscheidet (dafür muss der Endpunkt ein Hostname sein).",
    twilio_uri: "Origination SIP URI",
    twilio_numbers: "Hänge deine Nummern an den Trunk.",
    twilio_addresses: "Twilio kann kein Passwort senden: Erlaube alle Signalisierungsadressen.",
    twilio_add: "Twilios Netze hinzufügen",
    their_page: "Twilios eigene Liste",
    telnyx_connection: "Lege eine FQDN-Verbindung mit diesen Werten an und weise ihr deine Nummern zu.",
    telnyx_fqdn: "FQDN",
    telnyx_addresses: "Telnyx erkennt dich am Namen: Erlaube die Signalisierungsadressen unter Nach Adresse.",
    port: "Port",
    number_format: "Rufnummernformat",
    freepbx_trunk: "Lege einen chan_pjsip-Trunk an. Trage auf der Seite pjsip Settings ein:",
    secret_above: "Das Secret ist das Passwort, das oben unter Anzeigen steht.",
    asterisk_file: "In die pjsip.conf, mit dem Passwort von oben:",
    any_uri: "Jeden Anruf an diese Adresse senden, die gewählte Nummer in der Request-URI, am besten als +E.164:",
    any_password: "Wenn er eine Passwortabfrage (Digest) beantworten kann: Benutzername und Passwort eintragen. Registrierung ausschalten.",
    any_address: "Wenn nicht: seine Adressen unter Nach Adresse erlauben.",
    ranges_of: |month| {
        format!("Wie im {month} veröffentlicht; du kannst sie ändern, bevor sie gelten.")
    },
};
