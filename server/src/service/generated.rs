//! Usernames, passwords and names that are made here, so that nobody reuses their own.

use app::domain::sip::{InvalidSecret, Secret};

/// No letters that are mistaken for digits; safe in a header, a URL and over the phone.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// For passwords: 62 signs, none of which any equipment has trouble with.
const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A digest username, such as `patch_7f3a91kq`.
pub(super) fn username() -> String {
    format!("patch_{}", letters(8))
}

/// The first label of a host of its own (RFC 1123: starts with a letter).
pub(super) fn endpoint_name() -> String {
    format!("k{}", letters(7))
}

/// A digest password of about 142 bits.
pub(super) fn password() -> Result<Secret, InvalidSecret> {
    drawn(SIGNS, 24).parse()
}

fn letters(count: usize) -> String {
    drawn(LETTERS, count)
}

fn drawn(signs: &[u8], count: usize) -> String {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in rand::random::<[u8; 32]>() {
            // Only whole multiples, so that each sign is as likely as the other.
            let whole = 256 - 256 % signs.len();
            if usize::from(byte) < whole && text.len() < count {
                text.push(char::from(signs[usize::from(byte) % signs.len()]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_fits_its_place_and_is_not_made_twice() {
        assert_ne!(username(), username());
        assert_eq!(username().len(), 14);
        let name = endpoint_name();
        assert!(name.starts_with('k') && name.len() == 8, "{name}");
        assert_eq!(password().unwrap().expose().len(), 24);
    }
}
