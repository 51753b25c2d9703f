//! Which audio line of an offer a call talks on, and in which codec: one rule for whoever decides
//! about a call and whoever answers it.

use super::{Codec, CodecOrder};
use crate::domain::inbound::Srtp;

/// An audio line that is offered. Several are alternatives: secure audio beside plain audio, or one
/// codec beside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioLine {
    /// RTP/SAVP: nothing is to go unprotected.
    pub secure: bool,
    /// It names a key of a suite we know.
    pub keyed: bool,
    /// Those of its codecs that we speak, in its order.
    pub spoken: Vec<Codec>,
}

impl AudioLine {
    /// Plain audio.
    pub fn plain(spoken: Vec<Codec>) -> Self {
        Self {
            secure: false,
            keyed: false,
            spoken,
        }
    }
}

/// What we are ready to agree to.
#[derive(Clone, Copy, Debug)]
pub struct AudioTerms<'a> {
    /// The codecs we take, the best first; all of them without an order.
    pub codecs: Option<&'a CodecOrder>,
    /// Whether packets are protected.
    pub srtp: Srtp,
    /// Whether nobody on the way can read the keys.
    pub over_tls: bool,
}

/// What is talked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// On which line.
    pub line: usize,
    /// Whether its key protects it.
    pub protected: bool,
    /// The best codec by our order.
    pub codec: Codec,
}

/// Why a description that can be read cannot be agreed to; each is 488 and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// No audio line, or only a disabled one.
    #[error("the description has no audio")]
    NoAudio,
    /// Fax in place of audio; the call goes on as it was.
    #[error("the description asks for fax (T.38)")]
    Fax,
    /// Secure audio only, which is switched off here.
    #[error("the description allows secure audio only")]
    SecureOnly,
    /// Plain audio only, and secure audio is required here.
    #[error("the description has no keys, and secure audio is required")]
    PlainOnly,
    /// Keys that anyone on the way could read.
    #[error("secure audio needs SIP over TLS to carry its keys")]
    KeysInTheOpen,
    /// Secure audio, but with no key of a suite of ours.
    #[error("no key for AES_CM_128_HMAC_SHA1_80 or _32")]
    NoCommonSuite,
    /// Audio, but in no codec of ours.
    #[error("no codec in common")]
    NoCommonCodec,
}

impl Unacceptable {
    /// Whether it is the keys that do not fit.
    pub fn is_about_keys(self) -> bool {
        match self {
            Self::SecureOnly | Self::PlainOnly | Self::KeysInTheOpen | Self::NoCommonSuite => true,
            Self::NoAudio | Self::Fax | Self::NoCommonCodec => false,
        }
    }
}

impl AudioTerms<'_> {
    /// The first line that can be protected and has a codec in common: a secure one before one that
    /// names a key beside plain audio (RFC 8643); else, where that may be, the first plain one.
    pub fn choose(&self, lines: &[AudioLine]) -> Result<Chosen, Unacceptable> {
        if lines.is_empty() {
            return Err(Unacceptable::NoAudio);
        }
        let usable = |secure: bool, protected: bool| {
            let lines = lines.iter().enumerate();
            let fitting =
                lines.filter(move |(_, line)| line.secure == secure && (line.keyed || !protected));
            fitting.map(move |(at, line)| (at, line, protected))
        };
        let protected = usable(true, true).chain(usable(false, true));
        let protected = protected.filter(|_| self.may_protect());
        let plain = usable(false, false).filter(|_| self.srtp != Srtp::Required);
        let mut why = None;
        for (line, offered, protected) in protected.chain(plain) {
            match Codec::choose(self.codecs, &offered.spoken) {
                Some(codec) => {
                    return Ok(Chosen {
                        line,
                        protected,
                        codec,
                    });
                }
                None => why = Some(Unacceptable::NoCommonCodec),
            }
        }
        Err(why.unwrap_or_else(|| self.no_line(lines)))
    }

    /// Why none of the lines can be used, whatever its codecs.
    fn no_line(&self, lines: &[AudioLine]) -> Unacceptable {
        let has_plain = lines.iter().any(|line| !line.secure);
        match self.srtp {
            Srtp::Off => Unacceptable::SecureOnly,
            _ if !self.over_tls => Unacceptable::KeysInTheOpen,
            Srtp::Required if has_plain => Unacceptable::PlainOnly,
            _ => Unacceptable::NoCommonSuite,
        }
    }

    /// Whether keys are named and taken.
    pub fn may_protect(&self) -> bool {
        self.srtp != Srtp::Off && self.over_tls
    }
}

#[cfg(test)]
mod tests {
    use super::Unacceptable::{
        KeysInTheOpen, NoAudio, NoCommonCodec, NoCommonSuite, PlainOnly, SecureOnly,
    };
    use super::*;

    /// `S` is secure, `k` has a key, then the codecs: `Sk9`, `8,0`.
    fn line(text: &str) -> AudioLine {
        let spoken = text.trim_start_matches(['S', 'k']).split(',');
        let spoken = spoken.filter_map(|payload| match payload {
            "0" => Some(Codec::Pcmu),
            "8" => Some(Codec::Pcma),
            "9" => Some(Codec::G722),
            _ => None,
        });
        AudioLine {
            secure: text.starts_with('S'),
            keyed: text.contains('k'),
            spoken: spoken.collect(),
        }
    }

    #[test]
    fn one_of_several_lines_is_talked_on() {
        use Codec::{G722, Pcma, Pcmu};
        use Srtp::{Off, Optional, Required};
        let (tls, open) = (true, false);
        for (lines, codecs, srtp, over_tls, expected) in [
            // Secure audio where both can, whichever stands first.
            ("Sk0 8", None, Optional, tls, Ok((0, true, Pcmu))),
            ("8 Sk0", None, Optional, tls, Ok((1, true, Pcmu))),
            ("8 Sk0", None, Required, tls, Ok((1, true, Pcmu))),
            ("k8 Sk0", None, Optional, tls, Ok((1, true, Pcmu))),
            ("8 k0", None, Optional, tls, Ok((1, true, Pcmu))),
            // Plain audio where one of us can't, or the keys could be read.
            ("Sk0 8", None, Off, tls, Ok((1, false, Pcma))),
            ("Sk0 8", None, Optional, open, Ok((1, false, Pcma))),
            ("S0 8", None, Optional, tls, Ok((1, false, Pcma))),
            ("k0 8", None, Off, tls, Ok((0, false, Pcmu))),
            // A line that is no use for its codecs is passed over.
            ("Sk18 8", None, Optional, tls, Ok((1, false, Pcma))),
            ("18 8,0", None, Off, open, Ok((1, false, Pcma))),
            ("Sk0 9", Some("G722"), Optional, tls, Ok((1, false, G722))),
            ("Sk18 k0", None, Required, tls, Ok((1, true, Pcmu))),
            // Of one line, the best by our order.
            ("0,8,9", Some("G722,PCMA"), Off, open, Ok((0, false, G722))),
            ("0,8 9", Some("G722,PCMA"), Off, open, Ok((0, false, Pcma))),
            // Nothing.
            ("", None, Off, open, Err(NoAudio)),
            ("Sk18 8", None, Required, tls, Err(NoCommonCodec)),
            ("0 8", Some("G722"), Off, open, Err(NoCommonCodec)),
            ("Sk0", None, Off, tls, Err(SecureOnly)),
            ("Sk0 8", None, Required, open, Err(KeysInTheOpen)),
            ("S0 8", None, Required, tls, Err(PlainOnly)),
            ("S0", None, Optional, tls, Err(NoCommonSuite)),
        ] {
            let order: Option<CodecOrder> = codecs.map(|codecs: &str| codecs.parse().unwrap());
            let terms = AudioTerms {
                codecs: order.as_ref(),
                srtp,
                over_tls,
            };
            let offered: Vec<_> = lines.split_whitespace().map(line).collect();
            let found = terms.choose(&offered);
            let found = found.map(|chosen| (chosen.line, chosen.protected, chosen.codec));
            assert_eq!(
                found, expected,
                "{lines}: {codecs:?} {srtp:?} TLS {over_tls}"
            );
        }
    }
}
