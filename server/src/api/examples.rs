//! A body for each request that takes one, as the document shows it: what somebody would send first.

use serde_json::{Value, json};

/// Stands for an id of one's own.
const ID: &str = "019a2b7c-1f2e-7d3e-9a55-0c6f3e2b1d47";

/// Of the body of this name; none for a name that is no body's.
pub(super) fn of(schema: &str) -> Option<Value> {
    Some(match schema {
        "FilterSessions" => {
            json!({ "filters": { "handed_off": true }, "sort_by": "created_at", "limit": 25 })
        }
        "CreateKey" => json!({ "name": "CRM", "scopes": ["calls:read"] }),
        "CreatePhoneAgent" => json!({
            "name": "Front desk", "language": "en", "first_message": "Hello, how can I help?",
            "recording_enabled": false,
        }),
        "UpdatePhoneAgent" => json!({ "first_message": "Good morning!", "version": 1 }),
        "TransferCall" => json!({ "destination_id": ID }),
        "AddNumbers" => json!({ "phone_numbers": ["+14155550100"], "on_trunk": true }),
        "UpdateNumber" => json!({ "label": "Sales", "version": 1 }),
        "MakeOutboundCall" => json!({
            "phone_agent_id": ID, "to": "+14155550100", "metadata": { "order": 7 },
        }),
        "UpdateAgentSipConfig" => json!({ "phone_numbers": ["+14155550100"] }),
        "AssignTransferDestination" => json!({ "destination_id": ID, "digit": "1" }),
        "CreateInboundTrunk" => json!({ "region": "global", "phone_numbers": ["+14155550100"] }),
        "UpdateInboundTrunk" => json!({ "max_channels": 30 }),
        "CreateInboundCredential" => json!({
            "label": "Frankfurt", "kind": "network", "networks": ["203.0.113.0/24"],
        }),
        "UpdateInboundCredential" => json!({ "max_channels": 10 }),
        "AddPhoneNumbers" => json!({ "phone_numbers": ["+14155550100", "+14155550101"] }),
        "CreateOutboundTrunk" => json!({
            "name": "Acme Frankfurt", "host": "sip.acme.example", "transport": "tls", "username": "patchbay",
            "password": "correct horse battery", "caller_number": "+14155550100",
        }),
        "UpdateOutboundTrunk" => json!({ "name": "Acme Berlin", "version": 1 }),
        "SupposedRouting" => json!({
            "days": 7, "numbers": [{ "phone_numbers": ["+14155550100"], "agent": ID }],
        }),
        "SupposedCall" => json!({ "to": "+14155550100", "from": "+442079460000" }),
        "PlaceTestCall" => json!({ "to": "+14155550100", "outbound_trunk_id": ID }),
        "CreateTransferDestination" => json!({
            "name": "Sales desk", "type": "phone", "value": "+14155550199",
        }),
        "UpdateTransferDestination" => json!({ "name": "Night desk" }),
        "CreateWebhook" => json!({
            "url": "https://example.com/patchbay", "events": ["call.ended"],
        }),
        "UpdateWebhook" => json!({ "enabled": false }),
        _ => return None,
    })
}
