use super::*;

fn negotiation() -> Negotiation {
    on(Terms::default())
}

fn on(terms: Terms) -> Negotiation {
    let address = SocketAddr::from(([198, 51, 100, 9], 20_000));
    Negotiation::new(4_000, address, terms, MasterKey::new(([7; 16], [7; 14])))
}

fn offer(audio: &str) -> Offer {
    let text =
        format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{audio}");
    Offer::parse(text.as_bytes()).unwrap()
}

const PLAIN: &str = "m=audio 4000 RTP/AVP 18 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

#[test]
fn answers_in_the_first_codec_of_theirs_that_is_ours() {
    let mut ours = negotiation();
    let expected = "v=0\r\no=- 1000 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
        m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
    assert_eq!(ours.answer(&offer(PLAIN)).unwrap(), expected);
    let talk = ours.talk().unwrap();
    assert_eq!(
        (talk.codec, talk.payload, talk.digits),
        (Codec::Pcma, 8, Some(101))
    );
    assert_eq!(talk.accepts, [(8, Codec::Pcma), (0, Codec::Pcmu)]);
    assert_eq!(talk.remote, Some(SocketAddr::from(([192, 0, 2, 1], 4_000))));
    assert_eq!(
        talk.remote_rtcp,
        Some(SocketAddr::from(([192, 0, 2, 1], 4_001)))
    );
    assert!(talk.sends && talk.receives && !talk.on_hold());
}

#[test]
fn the_version_rises_only_when_something_changes() {
    let mut ours = negotiation();
    let first = ours.answer(&offer(PLAIN)).unwrap();
    assert_eq!(ours.answer(&offer(PLAIN)).unwrap(), first);
    assert_eq!(ours.current(), Some(first));
    let held = ours
        .answer(&offer(&format!("{PLAIN}a=sendonly\r\n")))
        .unwrap();
    assert!(
        held.contains(" 1000 2 IN ") && held.ends_with("a=recvonly\r\n"),
        "{held}"
    );
    let resumed = ours.answer(&offer(PLAIN)).unwrap();
    assert!(
        resumed.contains(" 1000 3 IN ") && resumed.ends_with("a=sendrecv\r\n"),
        "{resumed}"
    );
}

#[test]
fn each_direction_is_answered_by_its_counterpart() {
    // Offered, answered, whether we send, whether we receive.
    let cases = [
        ("sendrecv", "sendrecv", true, true),
        ("sendonly", "recvonly", false, true),
        ("recvonly", "sendonly", true, false),
        ("inactive", "inactive", false, false),
    ];
    for (offered, answered, sends, receives) in cases {
        let mut ours = negotiation();
        let answer = ours
            .answer(&offer(&format!("{PLAIN}a={offered}\r\n")))
            .unwrap();
        assert!(
            answer.ends_with(&format!("a={answered}\r\n")),
            "{offered}: {answer}"
        );
        let talk = ours.talk().unwrap();
        assert_eq!((talk.sends, talk.receives), (sends, receives), "{offered}");
        assert_eq!(talk.on_hold(), offered != "sendrecv", "{offered}");
    }
}

#[test]
fn other_media_is_answered_with_port_zero_in_its_place() {
    let mut ours = negotiation();
    let answer = ours
        .answer(&offer(&format!("m=video 5000 RTP/AVP 96 97\r\n{PLAIN}m=image 6000 udptl t38\r\nm=audio 7000 RTP/AVP 0\r\n")))
        .unwrap();
    let lines: Vec<&str> = answer
        .lines()
        .filter(|line| line.starts_with("m="))
        .collect();
    let expected = [
        "m=video 0 RTP/AVP 96 97",
        "m=audio 20000 RTP/AVP 8 101",
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 0",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_refusal_leaves_everything_as_it_was() {
    let cases = [
        ("m=image 6000 udptl t38\r\n", Unacceptable::Fax),
        (
            "m=audio 0 RTP/AVP 0\r\nm=image 6000 udptl t38\r\n",
            Unacceptable::Fax,
        ),
        ("m=audio 4000 RTP/SAVP 0\r\n", Unacceptable::SecureOnly),
        ("m=audio 4000 RTP/AVP 18 3\r\n", Unacceptable::NoCommonCodec),
        (
            "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 opus/48000\r\n",
            Unacceptable::NoCommonCodec,
        ),
        ("m=audio 0 RTP/AVP 0\r\n", Unacceptable::NoAudio),
        ("m=video 5000 RTP/AVP 96\r\n", Unacceptable::NoAudio),
        ("", Unacceptable::NoAudio),
    ];
    let mut ours = negotiation();
    ours.answer(&offer(PLAIN)).unwrap();
    let before = (ours.current(), ours.talk().cloned());
    for (audio, expected) in cases {
        assert_eq!(ours.answer(&offer(audio)), Err(expected), "{audio}");
        assert_eq!((ours.current(), ours.talk().cloned()), before, "{audio}");
    }
}

#[test]
fn a_late_offer_names_every_codec_and_takes_the_answer() {
    let mut ours = negotiation();
    let text = ours.offer();
    assert!(
        text.contains("m=audio 20000 RTP/AVP 0 8 9 101\r\n"),
        "{text}"
    );
    assert_eq!(ours.talk(), None);
    ours.accept(&offer("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
    let talk = ours.talk().unwrap();
    assert_eq!((talk.codec, talk.digits), (Codec::Pcma, None));
    assert_eq!(
        ours.accept(&offer("m=audio 4000 RTP/AVP 18\r\n")),
        Err(Unacceptable::NoCommonCodec)
    );
}

#[test]
fn our_offers_name_codecs_in_the_order_asked_for_and_take_no_others() {
    let mut ours = in_order("G722,PCMA");
    assert!(ours.offer().contains("RTP/AVP 9 8 101\r\n"));
    assert_eq!(
        ours.accept(&offer("m=audio 4000 RTP/AVP 0\r\n")),
        Err(Unacceptable::NoCommonCodec)
    );
}

#[test]
fn of_what_is_offered_the_best_by_our_order_is_chosen() {
    for (order, chosen) in [
        (None, Ok((0, Codec::Pcmu))),
        (Some("G722,PCMA"), Ok((8, Codec::Pcma))),
        (Some("PCMU,PCMA"), Ok((0, Codec::Pcmu))),
        (Some("G722"), Err(Unacceptable::NoCommonCodec)),
    ] {
        let mut ours = order.map_or_else(|| on(Terms::default()), in_order);
        let answer = ours.answer(&offer("m=audio 4000 RTP/AVP 18 0 8\r\n"));
        let talk = ours.talk().map(|talk| (talk.payload, talk.codec));
        assert_eq!(answer.clone().map(|_| talk.unwrap()), chosen, "{order:?}");
        if let (Ok(answer), Ok((payload, _))) = (answer, chosen) {
            assert!(
                answer.contains(&format!("RTP/AVP {payload}\r\n")),
                "{answer}"
            );
        }
    }
}

#[test]
fn in_an_answer_to_our_offer_their_order_counts() {
    let mut ours = in_order("G722,PCMA");
    ours.offer();
    ours.accept(&offer("m=audio 4000 RTP/AVP 8 9\r\n")).unwrap();
    assert_eq!(ours.talk().unwrap().codec, Codec::Pcma);
}

fn in_order(codecs: &str) -> Negotiation {
    on(Terms {
        codecs: codecs.parse().ok(),
        ..Terms::default()
    })
}

#[test]
fn another_telephone_that_answers_is_another_party() {
    let answer = |origin: &str, port: u16| {
        let text = format!(
            "v=0\r\no={origin}\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
        );
        Offer::parse(text.as_bytes()).unwrap()
    };
    let mut ours = negotiation();
    ours.offer();
    let parties = [
        ("- 1 1 IN IP4 192.0.2.1", 4_000, 0),
        ("- 1 1 IN IP4 192.0.2.1", 4_000, 0),
        ("- 1 2 IN IP4 192.0.2.1", 5_000, 0),
        ("- 9 1 IN IP4 192.0.2.7", 6_000, 1),
    ];
    for (origin, port, party) in parties {
        ours.accept(&answer(origin, port)).unwrap();
        let talk = ours.talk().unwrap();
        assert_eq!(talk.party, party, "{origin}");
        assert_eq!(talk.remote.map(|remote| remote.port()), Some(port));
        assert_eq!((talk.digits, talk.own_digits), (Some(96), Some(101)));
    }
}

#[test]
fn our_answer_reads_as_a_description_again() {
    let address = SocketAddr::new("2001:db8::9".parse().unwrap(), 20_000);
    let answer = Negotiation::new(
        1,
        address,
        Terms::default(),
        MasterKey::new(([7; 16], [7; 14])),
    )
    .answer(&offer(PLAIN))
    .unwrap();
    assert!(answer.contains("c=IN IP6 2001:db8::9\r\n"), "{answer}");
    let read = Offer::parse(answer.as_bytes()).unwrap();
    assert_eq!(read.remote(), Some(address));
    assert_eq!(
        (read.audio_lines()[0].spoken.as_slice(), read.has_digits()),
        ([Codec::Pcma].as_slice(), true)
    );
}

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

fn secured(srtp: Srtp, over_tls: bool) -> Negotiation {
    on(Terms {
        srtp,
        over_tls,
        ..Terms::default()
    })
}

#[test]
fn secure_audio_is_answered_in_kind_or_refused_with_the_reason() {
    use Unacceptable::{KeysInTheOpen, NoCommonSuite, PlainOnly, SecureOnly};
    let savp =
        format!("m=audio 4000 RTP/SAVP 0\r\na=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:{KEY}\r\n");
    let avp = savp.replace("SAVP", "AVP");
    let other = savp.replace("AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM");
    let plain = "m=audio 4000 RTP/AVP 0\r\n".to_owned();
    let both = format!("{savp}m=audio 4002 RTP/AVP 8\r\n");
    let foreign = both.replace("SAVP 0", "SAVP 18");
    let swapped = format!("m=audio 4002 RTP/AVP 8\r\n{savp}");
    let secure = Ok(("RTP/SAVP", true));
    let cases = [
        (&savp, Srtp::Optional, true, secure),
        (&savp, Srtp::Required, true, secure),
        (&savp, Srtp::Off, true, Err(SecureOnly)),
        (&savp, Srtp::Optional, false, Err(KeysInTheOpen)),
        (&savp, Srtp::Required, false, Err(KeysInTheOpen)),
        (&avp, Srtp::Optional, true, Ok(("RTP/AVP", true))),
        (&avp, Srtp::Required, true, Ok(("RTP/AVP", true))),
        (&avp, Srtp::Optional, false, Ok(("RTP/AVP", false))),
        (&avp, Srtp::Off, true, Ok(("RTP/AVP", false))),
        (&avp, Srtp::Required, false, Err(KeysInTheOpen)),
        (&other, Srtp::Optional, true, Err(NoCommonSuite)),
        (&plain, Srtp::Optional, true, Ok(("RTP/AVP", false))),
        (&plain, Srtp::Required, true, Err(PlainOnly)),
        (&both, Srtp::Optional, true, secure),
        (&both, Srtp::Optional, false, Ok(("RTP/AVP", false))),
        (&swapped, Srtp::Optional, true, secure),
        (&swapped, Srtp::Off, true, Ok(("RTP/AVP", false))),
        // Nothing of ours on the secure line.
        (&foreign, Srtp::Optional, true, Ok(("RTP/AVP", false))),
    ];
    for (text, srtp, over_tls, expected) in cases {
        let mut ours = secured(srtp, over_tls);
        let case = format!("{srtp:?}, TLS {over_tls}: {text}");
        let answer = ours.answer(&offer(text));
        let found = answer.as_ref().map_err(|why| *why).map(|answer| {
            let line = answer
                .lines()
                .find(|l| l.starts_with("m=audio 20000 "))
                .unwrap();
            let proto = line.split(' ').nth(2).unwrap();
            let proto = if proto == "RTP/SAVP" {
                "RTP/SAVP"
            } else {
                "RTP/AVP"
            };
            (
                proto,
                answer.contains("a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:"),
            )
        });
        assert_eq!(found, expected, "{case}");
        let keys = ours.talk().and_then(|talk| talk.srtp);
        assert_eq!(
            keys.is_some(),
            expected.is_ok_and(|(_, keyed)| keyed),
            "{case}"
        );
        assert!(keys.is_none_or(|keys| keys.ours != keys.theirs), "{case}");
    }
}

#[test]
fn our_offer_names_keys_only_where_nobody_can_read_them() {
    let cases = [
        (Srtp::Off, true, "RTP/AVP", 0),
        (Srtp::Optional, true, "RTP/AVP", 2),
        (Srtp::Required, true, "RTP/SAVP", 2),
        (Srtp::Optional, false, "RTP/AVP", 0),
        (Srtp::Required, false, "RTP/SAVP", 0),
    ];
    for (srtp, over_tls, proto, keys) in cases {
        let text = secured(srtp, over_tls).offer();
        assert!(text.contains(&format!("m=audio 20000 {proto} 0")), "{text}");
        assert_eq!(text.matches("a=crypto:").count(), keys, "{text}");
    }
}

#[test]
fn a_new_offer_repeats_the_key_so_that_the_audio_goes_on() {
    let savp =
        format!("m=audio 4000 RTP/SAVP 0\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}\r\n");
    let mut ours = secured(Srtp::Optional, true);
    let first = ours.offer();
    ours.accept(&offer(&savp)).unwrap();
    let again = ours.offer();
    let key = |text: &str, suite: &str| {
        let line = text.lines().find(|line| line.contains(suite)).unwrap();
        line.split("inline:").nth(1).unwrap().to_owned()
    };
    assert_eq!(key(&again, "_32"), key(&first, "_32"));
    assert!(!again.contains("_80"), "{again}");
    let keys = ours.talk().unwrap().srtp;
    ours.answer(&offer(&format!("{savp}a=sendonly\r\n")))
        .unwrap();
    assert_eq!(ours.talk().unwrap().srtp, keys);
}

#[test]
fn somebody_else_is_offered_what_suits_them_and_told_no_key_of_before() {
    let terms = |codecs: &str| Terms {
        codecs: codecs.parse().ok(),
        srtp: Srtp::Optional,
        over_tls: true,
        denoise: false,
    };
    let mut ours = on(terms("PCMU,PCMA"));
    let first = ours.offer();
    ours.accept(&offer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
    let other = MasterKey::new(([9; 16], [9; 14]));
    let told = "203.0.113.5".parse().unwrap();
    let mut next = ours.with_another(9, told, terms("G722,PCMA"), other);
    let text = next.offer();
    assert!(text.contains("c=IN IP4 203.0.113.5\r\n"), "{text}");
    assert!(text.contains("m=audio 20000 RTP/AVP 9 8 101\r\n"), "{text}");
    let key = |text: &str| text.split("inline:").nth(1).unwrap()[..40].to_owned();
    assert_ne!(key(&text), key(&first));
    next.accept(&offer("m=audio 4000 RTP/AVP 9\r\n")).unwrap();
    let (was, is) = (ours.talk().unwrap(), next.talk().unwrap());
    assert_eq!((was.codec, is.codec), (Codec::Pcmu, Codec::G722));
    assert_ne!(was.party, is.party, "another one is listened to");
    let six = "2001:db8::9".parse().unwrap();
    let text = ours.with_another(9, six, terms("G722"), other).offer();
    assert!(
        text.contains("c=IN IP4 198.51.100.9"),
        "the port is bound there: {text}"
    );
}
