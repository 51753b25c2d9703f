//! What somebody did, as the audit's log names it, in words.

use crate::text::{AuditText, Text};

/// The sentences of [`AuditText`] that are named as the log names the action.
macro_rules! words_of {
    ($($action:ident)*) => {
        fn words_of(say: &AuditText, action: &str) -> Option<&'static str> {
            match action {
                $(stringify!($action) => Some(say.$action),)*
                _ => None,
            }
        }
    };
}
words_of! {
    set_up create_user update_user delete_user create_password_link choose_password change_password
    replace_password sign_out_everywhere create_key revoke_key create_inbound_trunk update_inbound_trunk
    delete_inbound_trunk sync_inbound_trunk create_access update_access delete_access reveal_password
    create_agent update_agent delete_agent set_agent_numbers add_numbers update_number remove_number
    delete_number assign_number release_number unblock_source create_outbound_trunk update_outbound_trunk
    delete_outbound_trunk set_agent_trunk create_transfer_destination update_transfer_destination
    delete_transfer_destination assign_transfer_destination release_transfer_destination create_webhook
    update_webhook delete_webhook renew_webhook_secret
}

/// Several numbers have no name but how many they are; one begins with a plus.
fn is_a_count(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_digit())
}

impl Text {
    /// What was done, before the name of the thing it was done to. An action of a newer binary is shown by its code.
    pub fn action(&self, code: &str) -> String {
        words_of(&self.audit, code).map_or_else(|| code.replace('_', " "), str::to_owned)
    }

    /// What was done, and to what.
    pub fn change(&self, action: &str, label: &str) -> String {
        let what = self.action(action);
        // There is one inbound trunk, so it has no name of its own, and the action says which it is.
        match action {
            "create_inbound_trunk"
            | "update_inbound_trunk"
            | "delete_inbound_trunk"
            | "sync_inbound_trunk" => what,
            "add_numbers" if is_a_count(label) => (self.audit.added_many)(label),
            _ => format!("{what} {label}"),
        }
    }
}
