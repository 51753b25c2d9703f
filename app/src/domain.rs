//! Pure words and rules of telephony, the same code in WASM and on the server.
//!
//! Nothing here does I/O, reads a clock or knows a framework: a rule that stands here is applied
//! alike by the browser's form, the server function, the API, the store and the SIP edge.
#![warn(missing_docs)]

pub mod account;
pub mod agent;
pub mod call;
pub mod codec;
pub mod conversation;
pub mod country;
pub mod draft;
pub mod endpoint;
pub mod engine;
pub mod health;
pub mod id;
pub mod inbound;
pub mod number;
pub mod outbound;
pub mod page;
pub mod phone;
pub mod quality;
pub mod replay;
pub mod route_test;
pub mod routing;
pub mod search;
pub mod seen;
pub mod sip;
pub mod system;
pub mod test_call;
pub mod transfer;
pub mod url;
pub mod waveform;
pub mod webhook;
mod words;

pub(crate) use words::words;

/// Characters that change how text around them is shown without being seen: direction marks,
/// joiners, byte order marks. They have no place in a name, a number or an address.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
