//! Any datagram: no panic, and what passes can be written, read and screened again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::sip::guard::screen::{MAX_DATAGRAM, MAX_FRAME, Screened, screen};

fuzz_target!(|bytes: &[u8]| {
    if let Screened::Message(message) = screen(bytes, MAX_DATAGRAM) {
        let again = screen(&message.to_bytes(), MAX_FRAME);
        assert!(matches!(again, Screened::Message(_)));
        let _ = server::sip::ladder::redacted(&message);
        let _ =
            server::sip::identity::caller(&message, server::sip::identity::Trust::Authenticated);
    }
});
