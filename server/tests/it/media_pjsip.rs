//! Protected audio with PJSIP (libsrtp) as the peer: it calls, a session answers, both are heard.
//! The signalling is a few lines by hand, for what is tried here is the audio.

use std::path::Path;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};
use server::media::sdp::{Offer, Srtp, Terms};
use server::media::tone::tone;
use server::media::{Heard, LocalAddress, Session};
use server::sip::message::Message;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::media_phone::{LOCAL, loudest, media};
use crate::pjsip::{Pjsip, python};

pub(crate) fn write_tone(file: &Path, hertz: f64, ms: u32) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(file, spec).unwrap();
    for sample in tone(hertz, ms, 8_000) {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// Answers the one call that comes, until it is hung up.
async fn answer(socket: &UdpSocket, session: &Session) {
    let mut buffer = vec![0; 65_535];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let Ok(request) = Message::read(&buffer[..length]) else {
            continue;
        };
        let here = socket.local_addr().unwrap();
        match request.method() {
            Some("INVITE") => {
                let offer = Offer::parse(&request.body).unwrap();
                let answer = session.answer(&offer).unwrap();
                let reply = request
                    .reply(200, "here")
                    .with("Contact", format!("<sip:{here}>"))
                    .with_body("application/sdp", answer);
                socket.send_to(&reply.to_bytes(), from).await.unwrap();
            }
            Some("ACK") => session.start_sending(),
            Some("BYE") => {
                let reply = request.reply(200, "here");
                socket.send_to(&reply.to_bytes(), from).await.unwrap();
                return;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn pjsip_and_we_open_what_the_other_protects() {
    let Some(python) = python() else { return };
    for suite in ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"] {
        let folder = tempfile::tempdir().unwrap();
        let says = folder.path().join("says.wav");
        write_tone(&says, 440.0, 4_000);
        let media = media(Duration::from_secs(30));
        let local = LocalAddress {
            bind: LOCAL,
            advertised: LOCAL,
        };
        let terms = Terms {
            srtp: Srtp::Required,
            over_tls: true,
            ..Terms::default()
        };
        let session = media.open_on(local, terms).unwrap();
        let mut line = session.take_line().unwrap();
        line.want_audio();
        line.speak(tone(1_000.0, 4_000, 8_000).into());
        let socket = UdpSocket::bind((LOCAL, 0)).await.unwrap();
        let uri = format!("sip:1@{}", socket.local_addr().unwrap());
        let mut caller = Pjsip::start(
            &python,
            &[
                "--uri",
                &uri,
                "--talk",
                "2.5",
                "--srtp",
                suite,
                "--play",
                says.to_str().unwrap(),
            ],
        );
        timeout(Duration::from_secs(30), answer(&socket, &session))
            .await
            .unwrap();
        let stats = session.stats();
        let report = caller.tells().await;
        caller.ends().await;
        assert!(
            report["packets"]["received"].as_u64() > Some(80),
            "{report}"
        );
        assert_eq!(report["packets"]["lost"], 0, "{report}");
        assert_eq!(stats.received.rejected, 0, "{stats:?}");
        assert!(stats.received.packets > 80, "{stats:?}");
        assert!(session.talk().unwrap().srtp.unwrap().suite.name() == suite);

        let mut heard = Vec::new();
        while let Some(event) = line.heard() {
            if let Heard::Audio { samples, .. } = event {
                heard.extend_from_slice(&samples);
            }
        }
        assert!(
            loudest(&heard, 440.0) > 3_000.0,
            "we hear {}",
            loudest(&heard, 440.0)
        );
        let mut recorded = hound::WavReader::open(caller.heard()).unwrap();
        let recorded: Vec<i16> = recorded.samples().map(Result::unwrap).collect();
        let level = loudest(&recorded, 1_000.0);
        assert!(level > 3_000.0, "PJSIP hears {level}");
    }
}
