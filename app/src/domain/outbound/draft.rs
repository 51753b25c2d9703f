//! What a form or a script says of a trunk, and what it comes to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Identity, Limits, OutboundAuth, OutboundSettings};
use crate::domain::codec::CodecOrder;
use crate::domain::country::Country;
use crate::domain::draft::{Change, Entry, EntryList};
use crate::domain::inbound::Srtp;
use crate::domain::phone::{NumberFormat, PhoneNumber};
use crate::domain::sip::{Host, InvalidSipUri, Secret, SipUri, Transport};
use crate::error::{FieldErrors, Reason};

/// What a form or a script says of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `OutboundSettings`, as sent")]
pub struct OutboundDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub host: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub port: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub transport: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub digest: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub username: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub password: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub caller_number: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub country: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub number_format: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub caller_format: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub from_user: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub from_host: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub auth_realm: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub assert: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub user_phone: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub prefix: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub outbound_proxy: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub register: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub srtp: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub codecs: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_channels: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_cps: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_duration_s: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub allowed_regions: EntryList,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub daily_cap_minutes: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What a draft comes to: the settings, and what becomes of the password.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutbound {
    /// What can be read.
    pub settings: OutboundSettings,
    /// What can't: `Leave` keeps the stored one.
    pub password: Change<Secret>,
}

impl OutboundDraft {
    /// A new trunk.
    pub fn parse(&self) -> Result<NewOutbound, FieldErrors> {
        self.read(None)
    }

    /// What results when this is said over `base`: absent leaves, null clears. A password that is
    /// not sent, or is empty as an unchanged form's is, stays.
    pub fn over(&self, base: &OutboundSettings) -> Result<NewOutbound, FieldErrors> {
        self.read(Some(base))
    }

    fn read(&self, base: Option<&OutboundSettings>) -> Result<NewOutbound, FieldErrors> {
        let mut errors = FieldErrors::new();
        let old_name = base.map_or("", |base| &base.name);
        let name = errors.keep("name", self.name.line_or(old_name, 120));
        let place = self.place(base, &mut errors);
        let digest = errors.keep(
            "digest",
            self.digest.switch_or(
                base.is_none_or(|base| matches!(base.auth, OutboundAuth::Digest { .. })),
            ),
        );
        let auth = digest.and_then(|on| self.auth(on, base, &mut errors));
        let caller = errors.keep(
            "caller_number",
            required_or(
                &self.caller_number,
                base.map(|base| &base.caller_number),
                |found, why| Reason::PhoneNumber { found, why },
            ),
        );
        let unset = Identity::default();
        let identity = self.identity(base.map_or(&unset, |base| &base.identity), &mut errors);
        let register = errors.keep(
            "register",
            self.register
                .switch_or(base.is_some_and(|base| base.register)),
        );
        let proxy = errors.keep(
            "outbound_proxy",
            self.outbound_proxy.optional_or(
                base.and_then(|base| base.outbound_proxy.clone()),
                |found, why| Reason::SipUri { found, why },
            ),
        );
        let transport = place.as_ref().map(|place| place.2);
        let srtp = self.srtp.choice_or(base.map_or_else(
            || match transport {
                Some(Transport::Tls) => Srtp::Optional,
                _ => Srtp::Off,
            },
            |base| base.srtp,
        ));
        let srtp = errors.keep("srtp", srtp.and_then(|srtp| carried(srtp, transport)));
        let codecs = CodecOrder::said(
            &self.codecs,
            base.and_then(|base| base.codecs.as_ref()),
            &mut errors,
        );
        let limits = self.limits(base.map(|base| &base.limits), caller.as_ref(), &mut errors);
        let new = (|| {
            let (host, port, transport) = place?;
            let (auth, password) = auth?;
            Some(NewOutbound {
                settings: OutboundSettings {
                    name: name?,
                    host,
                    port,
                    transport,
                    auth,
                    caller_number: caller?,
                    register: register?,
                    outbound_proxy: proxy?,
                    srtp: srtp?,
                    codecs: codecs?,
                    identity: identity?,
                    limits: limits?,
                },
                password,
            })
        })();
        errors.none_or(new)
    }

    /// Whether the host is a whole SIP URI that says more than a host.
    pub fn is_pasted(&self) -> bool {
        let pasted = self.host.shown().trim().parse::<SipUri>();
        pasted.is_ok_and(|uri| uri.port.is_some() || uri.transport().is_some())
    }

    /// Host, port and transport. A whole SIP URI, pasted as the carrier's page shows it, is taken
    /// apart. The port follows the transport while nobody sets it.
    fn place(
        &self,
        base: Option<&OutboundSettings>,
        errors: &mut FieldErrors,
    ) -> Option<(Host, u16, Transport)> {
        let pasted = self.host.shown().trim().parse::<SipUri>().ok();
        let host = match &pasted {
            Some(uri) => Some(uri.host.clone()),
            None => errors.keep(
                "host",
                required_or(&self.host, base.map(|base| &base.host), |found, why| {
                    Reason::Host { found, why }
                }),
            ),
        };
        let asked = pasted.as_ref().and_then(SipUri::transport);
        let transport = match asked {
            Some(transport) => Some(transport),
            None => errors.keep(
                "transport",
                self.transport.parsed_or(
                    base.map_or(Transport::Udp, |base| base.transport),
                    |found, _| Reason::not_a_choice(&found, Transport::ALL.map(Transport::as_str)),
                ),
            ),
        };
        let usual = transport.unwrap_or_default().default_port();
        let standing = match base {
            Some(base) if base.port != base.transport.default_port() => base.port,
            _ => usual,
        };
        let port = match pasted.and_then(|uri| uri.port) {
            Some(port) => Some(port),
            None if matches!(self.port.change(), Ok(Change::Clear)) => Some(usual),
            None => errors
                .keep(
                    "port",
                    self.port
                        .integer_or(u32::from(standing), 1, u32::from(u16::MAX)),
                )
                .and_then(|port| u16::try_from(port).ok()),
        };
        Some((host?, port?, transport?))
    }

    fn auth(
        &self,
        on: bool,
        base: Option<&OutboundSettings>,
        errors: &mut FieldErrors,
    ) -> Option<(OutboundAuth, Change<Secret>)> {
        if !on {
            return Some((OutboundAuth::SourceIp, Change::Clear));
        }
        let standing = base.and_then(|base| match &base.auth {
            OutboundAuth::Digest { username } => Some(username),
            OutboundAuth::SourceIp => None,
        });
        let username = required_or(&self.username, standing, |found, why| Reason::Username {
            found,
            why,
        });
        let username = errors.keep("username", username.map_err(missing));
        let password = match self.password.verbatim().map_err(Reason::from) {
            Ok(Some(text)) => Secret::from_str(text)
                .map(Change::Set)
                .map_err(|why| Reason::Password { why }),
            Ok(None) if standing.is_some() && self.password != Entry::Null => Ok(Change::Leave),
            Ok(None) => Err(Reason::CredentialsMissing),
            Err(reason) => Err(reason),
        };
        let password = errors.keep("password", password);
        Some((
            OutboundAuth::Digest {
                username: username?,
            },
            password?,
        ))
    }

    /// How we present ourselves.
    fn identity(&self, base: &Identity, errors: &mut FieldErrors) -> Option<Identity> {
        let formats = |found: String, _| {
            Reason::not_a_choice(&found, NumberFormat::ALL.map(NumberFormat::as_str))
        };
        let country = errors.keep(
            "country",
            self.country
                .optional_or(base.country, |found, _| Reason::NoSuch { found }),
        );
        let number_format = errors.keep(
            "number_format",
            self.number_format.parsed_or(base.number_format, formats),
        );
        let caller_format = errors.keep(
            "caller_format",
            self.caller_format.parsed_or(base.caller_format, formats),
        );
        let from_user = errors.keep(
            "from_user",
            self.from_user
                .optional_or(base.from_user.clone().map(UserPart), |found, why| {
                    Reason::SipUri { found, why }
                }),
        );
        let from_host = errors.keep(
            "from_host",
            self.from_host
                .optional_or(base.from_host.clone(), |found, why| Reason::Host {
                    found,
                    why,
                }),
        );
        let auth_realm = errors.keep(
            "auth_realm",
            one_line(&self.auth_realm, base.auth_realm.as_deref(), 255),
        );
        let assert = errors.keep("assert", self.assert.choice_or(base.assert));
        let user_phone = errors.keep("user_phone", self.user_phone.switch_or(base.user_phone));
        let prefix = errors.keep(
            "prefix",
            self.prefix
                .optional_or(base.prefix.clone().map(Prefix), |found, ()| {
                    Reason::NotDigits { found }
                }),
        );
        Some(Identity {
            country: country?,
            number_format: number_format?,
            caller_format: caller_format?,
            from_user: from_user?.map(|user| user.0),
            from_host: from_host?,
            auth_realm: auth_realm?,
            assert: assert?,
            user_phone: user_phone?,
            prefix: prefix?.map(|prefix| prefix.0),
        })
    }

    fn limits(
        &self,
        base: Option<&Limits>,
        caller: Option<&PhoneNumber>,
        errors: &mut FieldErrors,
    ) -> Option<Limits> {
        let channels = errors.keep(
            "max_channels",
            self.max_channels
                .integer_or(base.map_or(10, |base| base.max_channels), 1, 100_000),
        );
        let rate = errors.keep(
            "max_cps",
            self.max_cps
                .integer_or(base.map_or(1, |base| base.max_cps), 1, 1_000),
        );
        let longest = errors.keep(
            "max_duration_s",
            self.max_duration_s.integer_or(
                base.map_or(3_600, |base| base.max_duration_s),
                10,
                86_400,
            ),
        );
        let cap = errors.keep(
            "daily_cap_minutes",
            self.daily_cap_minutes.optional_integer_or(
                base.and_then(|base| base.daily_cap_minutes),
                1,
                1_440_000,
            ),
        );
        let home = caller.and_then(Country::of_number);
        let regions = self.regions(base, home, errors);
        Some(Limits {
            max_channels: channels?,
            max_cps: rate?,
            max_duration_s: longest?,
            daily_cap_minutes: cap?,
            allowed_regions: regions?,
        })
    }

    /// The countries it may call. None at all means the caller number's own: a list that parses
    /// to nothing must not let every call out, nor silently none.
    fn regions(
        &self,
        base: Option<&Limits>,
        home: Option<Country>,
        errors: &mut FieldErrors,
    ) -> Option<Vec<Country>> {
        let entries = match errors.keep(
            "allowed_regions",
            self.allowed_regions.change().map_err(Reason::from),
        )? {
            Change::Leave => match base {
                Some(base) => return Some(base.allowed_regions.clone()),
                None => &[],
            },
            Change::Clear => &[],
            Change::Set(entries) => entries,
        };
        let mut regions = Vec::with_capacity(entries.len());
        for (index, entry) in entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| !entry.is_blank())
        {
            let read = entry.required().map_err(Reason::from).and_then(|text| {
                text.parse::<Country>().map_err(|_| Reason::NoSuch {
                    found: text.to_owned(),
                })
            });
            if let Some(country) = errors.keep(format!("allowed_regions.{index}"), read) {
                regions.push(country);
            }
        }
        if regions.is_empty() {
            regions.extend(home);
        }
        regions.sort();
        regions.dedup();
        Some(regions)
    }
}

/// Keys travel over TLS alone: without it, secure audio can't be insisted upon.
fn carried(srtp: Srtp, transport: Option<Transport>) -> Result<Srtp, Reason> {
    let in_the_open = transport.is_some_and(|transport| !transport.is_encrypted());
    if srtp == Srtp::Required && in_the_open {
        let allowed = [Srtp::Off, Srtp::Optional].map(Srtp::as_str);
        return Err(Reason::not_a_choice(srtp.as_str(), allowed));
    }
    Ok(srtp)
}

/// A value that must be there: sent, or standing.
fn required_or<T: FromStr + Clone>(
    entry: &Entry,
    standing: Option<&T>,
    because: impl FnOnce(String, T::Err) -> Reason,
) -> Result<T, Reason> {
    match (entry.change()?, standing) {
        (Change::Leave, Some(standing)) => Ok(standing.clone()),
        (Change::Leave | Change::Clear, _) => Err(Reason::Required),
        (Change::Set(text), _) => text.parse().map_err(|why| because(text.to_owned(), why)),
    }
}

fn missing(reason: Reason) -> Reason {
    match reason {
        Reason::Required => Reason::CredentialsMissing,
        other => other,
    }
}

fn one_line(entry: &Entry, standing: Option<&str>, max: u32) -> Result<Option<String>, Reason> {
    match entry.change()? {
        Change::Leave => Ok(standing.map(str::to_owned)),
        Change::Clear => Ok(None),
        Change::Set(_) => Ok(entry.line(max)?.map(str::to_owned)),
    }
}

/// The user part of a URI of its own.
struct UserPart(String);

impl FromStr for UserPart {
    type Err = InvalidSipUri;

    fn from_str(text: &str) -> Result<Self, InvalidSipUri> {
        if text.contains(['@', ';', '?']) {
            return Err(InvalidSipUri::User);
        }
        format!("sip:{text}@host").parse::<SipUri>()?;
        Ok(Self(text.to_owned()))
    }
}

/// Up to ten keys of a telephone.
struct Prefix(String);

impl FromStr for Prefix {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let keys = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b'+');
        if text.len() <= 10 && text.bytes().all(keys) {
            Ok(Self(text.to_owned()))
        } else {
            Err(())
        }
    }
}
