//! An INVITE that is to take over another call (RFC 3891): the second half of an attended transfer
//! by a PBX. It takes its place beside the same agent, or is refused; it is never answered as a
//! call of its own beside it.

use super::calls::Calls;
use super::dialog::DialogId;
use super::message::Message;
use super::message::address::parameter;

/// The call it is to take over; the status that says no (RFC 3891 §3) if there is none such.
/// `None` if the INVITE names no other call.
pub(super) fn named(invite: &Message, calls: &Calls) -> Option<Result<DialogId, u16>> {
    let mut named = invite.all("Replaces");
    let first = named.next()?;
    Some(match (dialog(first), named.next()) {
        (Some(dialog), None) if calls.knows(&dialog) => Ok(dialog),
        (Some(_), None) => Err(481),
        _ => Err(400),
    })
}

/// To and From as the dialog's other end sees them: our tag is in To.
fn dialog(value: &str) -> Option<DialogId> {
    let call_id = value.split(';').next()?.trim();
    let tag = |name| parameter(value, name).filter(|tag| !tag.is_empty());
    Some(DialogId {
        call_id: call_id.to_owned(),
        local_tag: tag("to-tag")?.to_owned(),
        remote_tag: tag("from-tag")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_which_call_is_meant() {
        let read = dialog("98732@h ; from-tag=r33th4x0r;to-tag = ff87ff;early-only").unwrap();
        assert_eq!(read.call_id, "98732@h");
        assert_eq!(read.local_tag, "ff87ff");
        assert_eq!(read.remote_tag, "r33th4x0r");
        for broken in ["", "1@h", "1@h;to-tag=a", "1@h;to-tag=;from-tag=b"] {
            assert_eq!(dialog(broken), None, "{broken}");
        }
    }
}
