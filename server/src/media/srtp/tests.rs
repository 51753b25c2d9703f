use super::*;
use proptest::prelude::*;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(char::is_whitespace, "")).unwrap()
}

fn key(text: &str) -> MasterKey {
    MasterKey(bytes(text).try_into().unwrap())
}

/// RFC 3711 §B.3.
const RFC: &str = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend(u32::from(sequence).wrapping_mul(160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([7; 160]);
    packet
}

#[test]
fn session_keys_are_those_of_rfc_3711() {
    let cipher = Cipher::for_packets(Suite::Tag80, &key(RFC));
    assert_eq!(cipher.salt[..], bytes("30CBBC08863D8C85D49DB34A9AE1"));
    // Its cipher key, by what it makes of a block of zeros, and its authentication key likewise.
    let expected = Aes128::new(
        &<[u8; 16]>::try_from(bytes("C61E7A93744F39EE10734AFE3FF7A087"))
            .unwrap()
            .into(),
    );
    let (mut ours, mut theirs) = ([0; 40], [0; 40]);
    counter(&cipher.aes, [9; 16]).apply_keystream(&mut ours);
    counter(&expected, [9; 16]).apply_keystream(&mut theirs);
    assert_eq!(ours, theirs);
    let auth = keyed(&bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    let signed = auth.chain_update(b"packet").finalize().into_bytes();
    assert_eq!(cipher.sign(b"packet", &[])[..], signed[..]);
}

#[test]
fn the_key_stream_is_that_of_rfc_3711() {
    // §B.2: SSRC and index 0.
    let aes = Aes128::new(
        &<[u8; 16]>::try_from(bytes("2B7E151628AED2A6ABF7158809CF4F3C"))
            .unwrap()
            .into(),
    );
    let cipher = Cipher {
        aes,
        salt: bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap(),
        mac: keyed(&[0; 20]),
        tag: 10,
    };
    let mut stream = [0; 48];
    cipher.crypt(0, 0, &mut stream);
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream[..], bytes(expected));
}

/// libsrtp's own test vector (`srtp_validate`), an implementation that is not ours.
#[test]
fn a_packet_is_protected_as_libsrtp_does() {
    let mut plain = bytes("800f1234decafbadcafebabe");
    plain.extend([0xab; 16]);
    let mut sent = plain.clone();
    Protector::new(Suite::Tag80, &key(RFC)).packet(&mut sent);
    let expected =
        bytes("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    assert_eq!(sent, expected);
    let mut opener = Opener::new(Suite::Tag80, &key(RFC));
    let length = opener.packet(&mut sent).unwrap();
    assert_eq!(sent[..length], plain);
}

#[test]
fn a_long_call_is_heard_past_every_wrap() {
    for suite in Suite::ALL {
        let (mut ours, mut theirs) = (
            Protector::new(suite, &key(RFC)),
            Opener::new(suite, &key(RFC)),
        );
        for n in 0..70_000_u32 {
            let sequence = u16::try_from((n + 65_000) & 0xffff).unwrap();
            let mut sent = packet(sequence, 5);
            ours.packet(&mut sent);
            assert_eq!(sent.len(), 172 + suite.tag());
            if n % 7 == 3 {
                continue;
            }
            let length = theirs.packet(&mut sent).unwrap();
            assert_eq!(sent[..length], packet(sequence, 5));
        }
    }
}

#[test]
fn what_was_changed_repeated_or_made_up_is_not_let_in() {
    let mut ours = Protector::new(Suite::Tag80, &key(RFC));
    let mut theirs = Opener::new(Suite::Tag80, &key(RFC));
    let mut sent = packet(1, 5);
    ours.packet(&mut sent);
    for at in 0..sent.len() {
        let mut changed = sent.clone();
        changed[at] ^= 1;
        assert!(theirs.packet(&mut changed).is_err(), "byte {at}");
    }
    assert_eq!(theirs.packet(&mut packet(1, 5)), Err(Rejected::Forged));
    assert!(theirs.packet(&mut sent.clone()).is_ok());
    assert_eq!(theirs.packet(&mut sent.clone()), Err(Rejected::Replayed));
    assert_eq!(theirs.packet(&mut [0x80; 9]), Err(Rejected::Malformed));
}

#[test]
fn another_stream_begins_anew_and_the_first_cannot_be_played_again() {
    let mut theirs = Opener::new(Suite::Tag32, &key(RFC));
    let mut first = Protector::new(Suite::Tag32, &key(RFC));
    let mut kept = Vec::new();
    for n in 65_400..65_700_u32 {
        let mut sent = packet(u16::try_from(n & 0xffff).unwrap(), 1);
        first.packet(&mut sent);
        kept.clone_from(&sent);
        theirs.packet(&mut sent).unwrap();
    }
    let mut sent = packet(9, 2);
    Protector::new(Suite::Tag32, &key(RFC)).packet(&mut sent);
    assert!(
        theirs.packet(&mut sent).is_ok(),
        "its wraps are counted anew"
    );
    assert_eq!(theirs.packet(&mut kept), Err(Rejected::Replayed));
}

#[test]
fn reports_are_protected_too() {
    let mut ours = Protector::new(Suite::Tag32, &key(RFC));
    let mut theirs = Opener::new(Suite::Tag32, &key(RFC));
    let plain: Vec<u8> = [&[0x80, 200, 0, 6][..], &[0, 0, 0, 5], &[3; 20]].concat();
    for _ in 0..3 {
        let mut sent = plain.clone();
        ours.report(&mut sent);
        assert_eq!(
            sent.len(),
            plain.len() + 4 + 10,
            "the short tag is for packets alone"
        );
        assert_ne!(sent[8..28], plain[8..]);
        let mut changed = sent.clone();
        changed[30] ^= 1;
        assert_eq!(theirs.report(&mut changed), Err(Rejected::Forged));
        let mut again = sent.clone();
        let length = theirs.report(&mut sent).unwrap();
        assert_eq!(sent[..length], plain);
        assert_eq!(theirs.report(&mut again), Err(Rejected::Replayed));
    }
}

#[test]
fn a_key_does_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", key(RFC)), "MasterKey(•)");
}

proptest! {
    #[test]
    fn no_datagram_makes_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut theirs = Opener::new(Suite::Tag80, &key(RFC));
        _ = theirs.packet(&mut bytes);
        _ = theirs.report(&mut bytes);
        let mut ours = Protector::new(Suite::Tag80, &key(RFC));
        ours.packet(&mut bytes);
        ours.report(&mut bytes);
    }
}
