//! The sending half of secure RTP (RFC 3711) with the first suite of RFC 4568, for a caller that speaks securely.
//! Its own, and not the server's: what both got wrong alike would never show.

use aes::Aes128;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::Outcome;

type Counter = ctr::Ctr128BE<Aes128>;

/// A key that is no secret, and its salt.
const MASTER: [u8; 30] = *b"a key of these benchmarks only";
const HEADER: usize = 12;
const TAG: usize = 10;

/// The attribute that tells the server.
pub(crate) fn attribute() -> String {
    let key = BASE64_STANDARD.encode(MASTER);
    format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n")
}

pub(crate) struct Protector {
    key: [u8; 16],
    salt: [u8; 14],
    mac: Hmac<Sha1>,
}

impl Protector {
    pub(crate) fn new() -> Outcome<Self> {
        let mac = Hmac::new_from_slice(&derived::<20>(1))?;
        Ok(Self {
            key: derived(0),
            salt: derived(2),
            mac,
        })
    }

    /// Encrypts a packet without extensions, and puts its tag behind it. `index` is its number, wraps included.
    pub(crate) fn protect(&self, packet: &mut Vec<u8>, ssrc: [u8; 4], index: u32) {
        let mut start = [0; 16];
        start[..14].copy_from_slice(&self.salt);
        xor(&mut start[4..8], &ssrc);
        xor(&mut start[10..14], &index.to_be_bytes());
        let mut counter = Counter::new(&self.key.into(), &start.into());
        if let Some(sound) = packet.get_mut(HEADER..) {
            counter.apply_keystream(sound);
        }
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&(index >> 16).to_be_bytes());
        let tag = mac.finalize().into_bytes();
        packet.extend(tag.iter().take(TAG));
    }
}

/// A key for one purpose (RFC 3711 §4.3, never derived anew).
fn derived<const LENGTH: usize>(label: u8) -> [u8; LENGTH] {
    let (mut key, mut start) = ([0; 16], [0; 16]);
    key.copy_from_slice(&MASTER[..16]);
    start[..14].copy_from_slice(&MASTER[16..]);
    start[7] ^= label;
    let mut derived = [0; LENGTH];
    Counter::new(&key.into(), &start.into()).apply_keystream(&mut derived);
    derived
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}
