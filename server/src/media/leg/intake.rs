//! How far a socket is read in one frame.
//!
//! A steady stream brings one packet a frame. To find the socket empty after it would be a system call a frame
//! for nothing; what came behind the next packet in order is early, and early enough for the next frame. So a
//! packet may be read later than it could, but not later than it is needed, and every tenth of a second none is left.

/// How often all is read however steady the stream is.
const DRAIN_EVERY_MS: u64 = 100;

/// Of one leg.
#[derive(Debug, Default)]
pub(super) struct Intake {
    came: u32,
    steady: bool,
    /// The number that comes next, and whether the last packet had the one that was due.
    next: u16,
    in_order: bool,
}

impl Intake {
    /// A frame begins.
    pub(super) fn begin(&mut self, now_ms: u64) {
        self.steady = self.came == 1 && !now_ms.is_multiple_of(DRAIN_EVERY_MS);
        self.came = 0;
    }

    /// A packet of the stream was read.
    pub(super) fn read(&mut self, sequence: u16) {
        self.came += 1;
        self.in_order = sequence == self.next;
        self.next = sequence.wrapping_add(1);
    }

    /// Whether more can wait.
    pub(super) fn is_enough(&self) -> bool {
        self.steady && self.came > 0 && self.in_order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that `arrivals` packets come to before each frame: how often it was asked, and how many it
    /// still held after each.
    fn read(arrivals: impl IntoIterator<Item = u32>) -> (u32, Vec<u32>) {
        let (mut intake, mut asked, mut waiting) = (Intake::default(), 0, 0);
        let mut left = Vec::new();
        let mut sequence = 65_500_u16;
        for (frame, come) in (1..).zip(arrivals) {
            waiting += come;
            intake.begin(frame * 20);
            while !intake.is_enough() {
                asked += 1;
                if waiting == 0 {
                    break;
                }
                waiting -= 1;
                intake.read(sequence);
                sequence = sequence.wrapping_add(1);
            }
            left.push(waiting);
        }
        (asked, left)
    }

    #[test]
    fn a_steady_stream_is_asked_for_once_a_frame() {
        let (asked, left) = read([1; 500]);
        assert_eq!(left, [0; 500]);
        assert_eq!(asked, 601, "and once more in every fifth, and in the first");
    }

    #[test]
    fn what_comes_early_waits_for_a_tenth_of_a_second_at_most() {
        let mut arrivals = [1; 60];
        arrivals[31] = 3;
        let (_, left) = read(arrivals);
        assert_eq!(left[31..35], [2, 2, 2, 0]);
        assert_eq!(left[35..], [0; 25]);
    }

    #[test]
    fn what_comes_late_or_in_pairs_is_read_at_once() {
        let late = [1, 1, 1, 1, 1, 0, 2, 1, 1, 0, 0, 3, 1];
        assert_eq!(read(late).1, [0; 13]);
        let pairs = [0, 2, 0, 2, 2, 2, 2, 2, 2];
        assert_eq!(read(pairs).1, [0; 9]);
    }

    #[test]
    fn what_is_missing_or_was_overtaken_is_looked_for() {
        let mut intake = Intake::default();
        intake.begin(20);
        intake.read(7);
        intake.begin(40);
        assert!(
            !intake.is_enough(),
            "a stranger's packet may have been there"
        );
        intake.read(9);
        assert!(!intake.is_enough(), "8 may be behind it");
        intake.begin(60);
        intake.read(10);
        assert!(intake.is_enough());
    }
}
