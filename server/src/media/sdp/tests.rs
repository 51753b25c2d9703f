use super::*;
use crate::media::srtp::MasterKey;
use proptest::prelude::*;

fn read(rest: &str) -> Offer {
    let text = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n{rest}");
    Offer::parse(text.as_bytes()).unwrap()
}

fn names(offer: &Offer) -> Vec<&str> {
    offer.formats().map(|format| format.name.as_str()).collect()
}

/// By its only line.
fn spoken(offer: &Offer) -> Vec<Codec> {
    let [line] = <[AudioLine; 1]>::try_from(offer.audio_lines()).unwrap();
    line.spoken
}

#[test]
fn formats_have_the_name_they_were_given_or_the_static_one() {
    let offer = read(
        "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 111 9 96 100\r\n\
         a=rtpmap:111 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\na=ptime:30\r\n",
    );
    assert_eq!(
        names(&offer),
        ["PCMU", "opus", "G722", "unknown", "telephone-event"]
    );
    assert_eq!(spoken(&offer), [Codec::Pcmu, Codec::G722]);
    assert_eq!(offer.ptime_ms(), Some(30));
    assert!(offer.has_digits());
}

#[test]
fn a_codec_under_another_number_is_found_by_its_name() {
    let offer = read(
        "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:98 pcma/8000/1\r\n",
    );
    assert_eq!(offer.audio[0].accepted(), [(98, Codec::Pcma)]);
}

#[test]
fn digits_at_another_clock_rate_are_not_ours() {
    let offer = read("m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/48000\r\n");
    assert!(!offer.has_digits());
}

#[test]
fn the_address_is_the_medias_or_the_sessions_and_must_be_of_use() {
    let audio = "m=audio 4000 RTP/AVP 0\r\n";
    let at = |text: &str| Some(text.parse().unwrap());
    let cases = [
        (
            format!("c=IN IP4 192.0.2.1\r\n{audio}"),
            at("192.0.2.1:4000"),
            false,
        ),
        (
            format!("c=IN IP4 192.0.2.1\r\n{audio}c=IN IP4 192.0.2.2\r\n"),
            at("192.0.2.2:4000"),
            false,
        ),
        (
            format!("c=IN IP6 2001:db8::1\r\n{audio}"),
            at("[2001:db8::1]:4000"),
            false,
        ),
        (
            format!("c=IN IP4 192.0.2.1/127\r\n{audio}"),
            at("192.0.2.1:4000"),
            false,
        ),
        (format!("c=IN IP4 0.0.0.0\r\n{audio}"), None, true),
        (
            format!("c=IN IP4 192.0.2.1\r\na=sendonly\r\n{audio}"),
            at("192.0.2.1:4000"),
            true,
        ),
        (
            format!("c=IN IP4 192.0.2.1\r\na=sendonly\r\n{audio}a=sendrecv\r\n"),
            at("192.0.2.1:4000"),
            false,
        ),
        (format!("c=IN IP4 pbx.example.com\r\n{audio}"), None, false),
        (format!("c=IN IP4 224.2.1.1/127\r\n{audio}"), None, false),
        (audio.to_owned(), None, false),
    ];
    for (text, remote, hold) in cases {
        let offer = read(&text);
        assert_eq!((offer.remote(), offer.is_hold()), (remote, hold), "{text}");
    }
}

#[test]
fn each_audio_line_is_told_by_itself() {
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let offer = read(&format!(
        "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/SAVPF 18 0\r\n{key}\r\n\
         m=video 5000 RTP/AVP 96\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8 9\r\n"
    ));
    let secure = AudioLine {
        secure: true,
        keyed: true,
        spoken: vec![Codec::Pcmu],
    };
    let plain = AudioLine::plain(vec![Codec::Pcma, Codec::G722]);
    assert_eq!(offer.audio_lines(), [secure, plain]);
    assert_eq!(names(&offer), ["G729", "PCMU", "PCMA", "G722"]);
}

#[test]
fn reports_go_where_they_are_wanted() {
    let cases = [
        ("", Some("192.0.2.1:4001")),
        ("a=rtcp:53020\r\n", Some("192.0.2.1:53020")),
        ("a=rtcp:53020 IN IP4 192.0.2.7\r\n", Some("192.0.2.7:53020")),
        ("a=rtcp:0\r\n", None),
        ("a=rtcp:many\r\n", None),
    ];
    for (line, expected) in cases {
        let offer = read(&format!(
            "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n{line}"
        ));
        let rtcp = offer.audio().and_then(|audio| audio.rtcp);
        assert_eq!(rtcp, expected.map(|text| text.parse().unwrap()), "{line}");
    }
}

#[test]
fn what_is_no_description_says_why() {
    let many = format!("v=0\r\n{}", "m=audio 4000 RTP/AVP 0\r\n".repeat(17));
    let long = vec![b'v'; MAX_BYTES + 1];
    let cases: [(&[u8], InvalidSdp); 6] = [
        (b"", InvalidSdp::Empty),
        (b" \r\n", InvalidSdp::Empty),
        (b"hello", InvalidSdp::Syntax),
        (b"v=0\r\nm=audio\r\n", InvalidSdp::Syntax),
        (&long, InvalidSdp::TooLarge),
        (many.as_bytes(), InvalidSdp::TooLarge),
    ];
    for (body, expected) in cases {
        assert_eq!(Offer::parse(body), Err(expected));
    }
}

#[test]
fn line_feeds_alone_will_do() {
    let body =
        b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n";
    assert_eq!(spoken(&Offer::parse(body).unwrap()), [Codec::Pcmu]);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(
        lines in proptest::collection::vec("(v=0|m=audio [0-9]{1,6} RTP/S?AVP( [0-9]{1,3}){0,4}|a=crypto:[0-9] AES_CM_128_HMAC_SHA1_80 inline:[A-Za-z]{39,41}.{0,3}|a=rtpmap:.{0,12}|a=rtcp:.{0,12}|a=ptime:.{0,4}|c=IN IP[46] [0-9a-f.:/]{0,20}|.{0,20})", 0..12),
    ) {
        let body = lines.join("\r\n");
        if let Ok(offer) = Offer::parse(body.as_bytes()) {
            let address = SocketAddr::from(([192, 0, 2, 9], 20_000));
            let terms = Terms { srtp: Srtp::Optional, over_tls: true, ..Terms::default() };
            let mut ours = Negotiation::new(1, address, terms, MasterKey::new(Default::default()));
            if let Ok(answer) = ours.answer(&offer) {
                prop_assert!(Offer::parse(answer.as_bytes()).is_ok(), "{answer}");
            }
        }
    }
}
