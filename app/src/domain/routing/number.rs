//! Which number was dialled: where an access puts it, how it may be read, and which
//! readings are on the trunk (`design.md` §3.4).

use crate::domain::inbound::NumberSource;
use crate::domain::phone::{PhoneNumber, ReadAs, readings, stripped};
use crate::domain::routing::check::{Near, Note};
use crate::domain::routing::door::Door;
use crate::domain::routing::routes::Routes;
use crate::domain::routing::{Invite, Proof};

/// What became of the dialled number.
pub(super) enum Found {
    /// One reading is on the trunk.
    Hit {
        sent: String,
        number: PhoneNumber,
        form: ReadAs,
    },
    /// Several are.
    Ambiguous {
        sent: String,
        hits: Vec<PhoneNumber>,
    },
    /// None is.
    Unknown {
        sent: String,
        tried: Vec<PhoneNumber>,
    },
    /// No place held a number.
    None { sent: String },
}

impl Found {
    pub(super) fn hit(&self) -> Option<PhoneNumber> {
        match self {
            Self::Hit { number, .. } => Some(number.clone()),
            _ => None,
        }
    }

    pub(super) fn note(&self) -> Note {
        match self.clone_parts() {
            Self::Hit { sent, number, form } => Note::NumberRead { sent, number, form },
            Self::Ambiguous { sent, hits } => Note::NumberAmbiguous { sent, hits },
            Self::Unknown { sent, tried } => Note::NumberUnknown { sent, tried },
            Self::None { sent } => Note::NoNumber { sent },
        }
    }

    /// What would have made it a hit: the inventory, or the country of a number we have.
    pub(super) fn near(&self, routes: &Routes) -> Option<Near> {
        let Self::Unknown { sent, tried } = self else {
            return None;
        };
        if let Some(number) = tried.iter().find(|number| routes.number(number).is_some()) {
            return Some(Near::NotOnTrunk {
                number: number.clone(),
            });
        }
        routes.countries().find_map(|country| {
            readings(sent, Some(country))
                .into_iter()
                .find(|(_, number)| routes.on_trunk(number))
                .map(|(_, number)| Near::WithCountry { number, country })
        })
    }

    fn clone_parts(&self) -> Self {
        match self {
            Self::Hit { sent, number, form } => Self::Hit {
                sent: sent.clone(),
                number: number.clone(),
                form: *form,
            },
            Self::Ambiguous { sent, hits } => Self::Ambiguous {
                sent: sent.clone(),
                hits: hits.clone(),
            },
            Self::Unknown { sent, tried } => Self::Unknown {
                sent: sent.clone(),
                tried: tried.clone(),
            },
            Self::None { sent } => Self::None { sent: sent.clone() },
        }
    }
}

/// The dialled number as the carrier sent it, whatever it means.
pub(super) fn as_sent(invite: &Invite) -> String {
    match &invite.proof {
        // What was called there is our own Contact.
        Proof::Registered(_) => invite.called_party.as_ref().unwrap_or(&invite.to_user),
        _ => &invite.target_user,
    }
    .clone()
}

/// Looks the dialled number up.
pub(super) fn find(routes: &Routes, door: &Door<'_>, invite: &Invite) -> Found {
    let country = door
        .country
        .or_else(|| routes.trunk.as_ref().and_then(|trunk| trunk.country));
    let named = place(door, invite).or_else(|| door.own_number.map(PhoneNumber::as_str));
    let Some(sent) = named else {
        return Found::None {
            sent: invite.target_user.clone(),
        };
    };
    let read = readings(sent, country);
    let mut hits: Vec<_> = read
        .iter()
        .filter(|(_, number)| routes.on_trunk(number))
        .cloned()
        .collect();
    let sent = sent.to_owned();
    match hits.len() {
        0 => Found::Unknown {
            sent,
            tried: read.into_iter().map(|(_, number)| number).collect(),
        },
        1 => {
            let (form, number) = hits.remove(0);
            Found::Hit { sent, number, form }
        }
        _ => Found::Ambiguous {
            sent,
            hits: hits.into_iter().map(|(_, number)| number).collect(),
        },
    }
}

/// The first place that holds a number. A PBX that signs in often calls its own username
/// and puts the number into To.
fn place<'a>(door: &Door<'_>, invite: &'a Invite) -> Option<&'a str> {
    let target = Some(invite.target_user.as_str()).filter(|user| !is_username(door, invite, user));
    let called = invite.called_party.as_deref();
    let to = Some(invite.to_user.as_str());
    if matches!(invite.proof, Proof::Registered(_)) {
        // An account is called by its name: only what differs from it names a number.
        let named = [called, to].into_iter().flatten();
        return named
            .filter(|user| !is_username(door, invite, user))
            .find(|user| is_number(user));
    }
    let places: &[Option<&str>] = match door.number_source {
        NumberSource::Auto => &[target, called, to],
        NumberSource::RequestUri => &[Some(invite.target_user.as_str())],
        NumberSource::CalledParty => &[called],
        NumberSource::To => &[to],
    };
    places
        .iter()
        .flatten()
        .copied()
        .find(|user| is_number(user))
}

fn is_username(door: &Door<'_>, invite: &Invite, user: &str) -> bool {
    !matches!(invite.proof, Proof::Absent) && door.username == Some(user)
}

fn is_number(user: &str) -> bool {
    let digits = stripped(user);
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
