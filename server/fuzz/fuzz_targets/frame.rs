//! Any stream in any chunks: no panic, and the frames do not depend on where it was cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::sip::guard::frame::{Frame, Framer};

fn frames(bytes: &[u8], step: usize) -> Vec<Frame> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for chunk in bytes.chunks(step) {
        framer.push(chunk);
        while let Some(frame) = framer.next_frame() {
            if let Frame::Message(_) = frame {
                frames.push(frame);
            }
        }
    }
    frames
}

fuzz_target!(|bytes: &[u8]| {
    // Before the first thing that closes the stream, chunks make no difference.
    let by_one = frames(bytes, 1);
    let by_seven = frames(bytes, 7);
    assert_eq!(by_one, by_seven);
});
