//! Nonces that remember for themselves when and to whom they were given.
//!
//! `base64url(time ‖ address ‖ salt ‖ HMAC-SHA-256(key, time ‖ address ‖ salt))`: every instance that
//! has the key from the database can read every other's, and a challenge allocates nothing.
//! The salt keeps two challenges of one millisecond apart: with one nonce for both, the second call's
//! right answer would look like a repetition of the first's.

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::Addressee;

const SALT: usize = 8;
const STAMP: usize = 8 + 16 + SALT;
const TAG: usize = 16;

/// What makes a nonce ours. The same for all instances; never logged.
#[derive(Clone)]
pub struct NonceKey(Hmac<Sha256>);

impl std::fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NonceKey([secret])")
    }
}

/// Not one of ours, or tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceFault;

/// What a nonce says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    pub at_ms: i64,
    pub to: IpAddr,
    /// Names this nonce among all others.
    pub tag: [u8; TAG],
}

impl Issued {
    pub fn addressee(&self, source: IpAddr) -> Addressee {
        if self.to == source.to_canonical() {
            Addressee::Same
        } else {
            Addressee::Other(self.to)
        }
    }
}

impl NonceKey {
    pub fn new(key: [u8; 32]) -> Self {
        // HMAC pads a short key with zeros to the block (RFC 2104 §2): done here, nothing can fail.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        Self(Hmac::<Sha256>::new(&block.into()))
    }

    pub fn issue(&self, to: IpAddr, at_ms: i64) -> String {
        let stamp = stamp(to, at_ms, rand::random());
        let mut nonce = [0; STAMP + TAG];
        nonce[..STAMP].copy_from_slice(&stamp);
        nonce[STAMP..].copy_from_slice(&self.tag(&stamp));
        URL_SAFE_NO_PAD.encode(nonce)
    }

    pub fn read(&self, nonce: &str) -> Result<Issued, NonceFault> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| NonceFault)?;
        let (stamp, tag) = bytes.split_at_checked(STAMP).ok_or(NonceFault)?;
        let stamp: [u8; STAMP] = stamp.try_into().map_err(|_| NonceFault)?;
        let tag: [u8; TAG] = tag.try_into().map_err(|_| NonceFault)?;
        if !bool::from(self.tag(&stamp).ct_eq(&tag)) {
            return Err(NonceFault);
        }
        let (time, rest) = stamp.split_first_chunk::<8>().ok_or(NonceFault)?;
        let (address, _salt) = rest.split_first_chunk::<16>().ok_or(NonceFault)?;
        Ok(Issued {
            at_ms: i64::from_be_bytes(*time),
            to: IpAddr::V6(Ipv6Addr::from(*address)).to_canonical(),
            tag,
        })
    }

    fn tag(&self, stamp: &[u8]) -> [u8; TAG] {
        let mac = self.0.clone().chain_update(stamp).finalize().into_bytes();
        std::array::from_fn(|index| mac[index])
    }
}

fn stamp(to: IpAddr, at_ms: i64, salt: [u8; SALT]) -> [u8; STAMP] {
    let address = match to.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let mut stamp = [0; STAMP];
    stamp[..8].copy_from_slice(&at_ms.to_be_bytes());
    stamp[8..24].copy_from_slice(&address.octets());
    stamp[24..].copy_from_slice(&salt);
    stamp
}
