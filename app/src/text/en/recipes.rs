//! Recipes for carriers and PBXs.

use crate::text::RecipeText;

pub(super) const RECIPES: RecipeText = RecipeText {
    title: "Step by step",
    twilio: "Twilio (Elastic SIP Trunking)",
    telnyx: "Telnyx",
    freepbx: "FreePBX",
    asterisk: "Asterisk (PJSIP)",
    any: "Any other carrier",
    own_name_missing: "Add its addresses under By address first: then this shows the name that tells your calls from other customers' (it needs a host name as the endpoint).",
    twilio_uri: "Origination SIP URI",
    twilio_numbers: "Attach your numbers to the trunk.",
    twilio_addresses: "Twilio can't send a password: allow all of its signalling addresses.",
    twilio_add: "Add Twilio's ranges",
    their_page: "Twilio's own list",
    telnyx_connection: "Make an FQDN connection with these values, and assign your numbers to it.",
    telnyx_fqdn: "FQDN",
    telnyx_addresses: "Telnyx knows you by the name: allow its signalling addresses under By address.",
    port: "Port",
    number_format: "Number format",
    freepbx_trunk: "Add a chan_pjsip trunk. On its pjsip Settings page enter:",
    secret_above: "The secret is the password shown above under Reveal.",
    asterisk_file: "Into pjsip.conf, with the password shown above:",
    any_uri: "Send each call to this address, the dialled number in the Request-URI, best as +E.164:",
    any_password: "If it can answer a password request (digest): enter the username and the password. Turn registration off.",
    any_address: "If it can't: allow its addresses under By address.",
    ranges_of: |month| format!("As published in {month}; you can edit them before they count."),
};
