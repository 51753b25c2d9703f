//! Reasons, failures, checks and ends as sentences: the one place where a code becomes
//! words, for the page beside the field and for the message in the API's answer.

mod action;
mod engine;
mod trunk;

use super::Text;
use crate::domain::account::Role;
use crate::domain::call::EndReason;
use crate::domain::draft::Kind;
use crate::domain::phone::{InvalidPhoneNumber, PhoneNumber, ReadAs};
use crate::domain::routing::{Near, Note, Outcome, Refusal, Step};
use crate::error::{AppError, Conflict, Need, Reason, Scope, Thing, Unavailable};

impl Text {
    /// Why a field was refused.
    pub fn reason(&self, reason: &Reason) -> String {
        let say = &self.reasons;
        match reason {
            Reason::Required => say.required.to_owned(),
            Reason::TooLong { max, found } => (say.too_long)(&max.to_string(), &found.to_string()),
            Reason::TooShort { min, found } => {
                (say.too_short)(&min.to_string(), &found.to_string())
            }
            Reason::ForbiddenCharacter { character } => {
                (say.forbidden_character)(&format!("U+{:04X}", u32::from(*character)))
            }
            Reason::NotAnAddress { found } => (say.not_an_address)(&short(found)),
            Reason::WrongKind { found } => match found {
                Kind::List => say.wrong_kind_list,
                Kind::Object => say.wrong_kind_object,
                Kind::Value => say.wrong_kind_value,
                Kind::Bare => say.wrong_kind_bare,
            }
            .to_owned(),
            Reason::NotAChoice { found, allowed } => {
                (say.not_a_choice)(&short(found), &allowed.join(", "))
            }
            Reason::NotAnInteger { found } => (say.not_an_integer)(&short(found)),
            Reason::OutOfRange { min, max, found } => {
                (say.out_of_range)(&min.to_string(), &max.to_string(), found)
            }
            Reason::NotAnId { .. } => say.not_an_id.to_owned(),
            Reason::UnknownField => say.unknown_field.to_owned(),
            Reason::PhoneNumber { found, why } => self.not_a_phone_number(found, *why),
            Reason::Network { found, why } => (say.bad_network)(&short(found), &why.to_string()),
            Reason::Host { found, .. } => (say.bad_host)(&short(found)),
            Reason::HeaderName { found, .. } => (say.bad_header)(&short(found)),
            Reason::SipUri { found, .. } => (say.bad_uri)(&short(found)),
            Reason::ReferForm { found, why } => {
                (say.bad_refer_form)(&short(found), &why.to_string())
            }
            Reason::Url { found, why, .. } => (say.bad_url)(&short(found), &why.to_string()),
            Reason::PrivateAddress { found, setting } => {
                (say.private_address)(&short(found), setting)
            }
            Reason::Unresolvable { found } => (say.unresolvable)(&short(found)),
            Reason::NotAnEmail { found } => (say.not_an_email)(&short(found)),
            Reason::Taken { found } => (say.taken)(&short(found)),
            Reason::Repeated { found } => (say.repeated)(&short(found)),
            Reason::NoSuch { found } => (say.no_such)(&short(found)),
            Reason::RegionWithoutHost { setting } => (say.region_without_host)(setting),
            Reason::NotConfirmed { wanted } => (say.not_confirmed)(wanted),
            Reason::WrongPassword => say.wrong_password.to_owned(),
            Reason::NotForThisKind => say.not_for_this_kind.to_owned(),
            Reason::Username { found, .. } => (self.outgoing.bad_username)(&short(found)),
            Reason::Password { why } => (self.outgoing.bad_password)(&why.to_string()),
            Reason::CredentialsMissing => self.outgoing.credentials_missing.to_owned(),
            Reason::OwnAddress { found, address } => {
                (self.outgoing.own_address)(&short(found), address)
            }
            Reason::NotDigits { found } => (self.outgoing.not_digits)(&short(found)),
            Reason::BridgeOnly => self.outgoing.bridge_only.to_owned(),
            Reason::OneOf { other } => (self.outgoing.one_of)(other),
            Reason::OtherVersion { named_by } => (say.other_version)(named_by),
        }
    }

    fn not_a_phone_number(&self, found: &str, why: InvalidPhoneNumber) -> String {
        let say = &self.reasons;
        let said = match why {
            InvalidPhoneNumber::NotE164 => say.not_e164.to_owned(),
            InvalidPhoneNumber::NotANumber { letter } => (say.not_a_number)(&named(letter)),
            InvalidPhoneNumber::TooShort => say.phone_too_short.to_owned(),
            InvalidPhoneNumber::TooLong => say.phone_too_long.to_owned(),
        };
        format!("{} {said}", short(found))
    }

    /// What the form calls the field of this path, where "Enter a value." alone would not
    /// say which is meant.
    pub fn field(&self, path: &str) -> Option<&'static str> {
        Some(match path {
            "email" => self.door.email,
            "role" => self.people.role,
            "scopes" => self.people.scopes,
            "password" => self.door.password,
            "old_password" => self.account.old_password,
            "new_password" => self.account.new_password,
            "zone" => self.account.zone,
            "name" => self.agents.name,
            "language" => self.agents.language,
            "first_message" => self.agents.first_message,
            "recording_enabled" => self.agents.recording,
            "silence_seconds" => self.agents.silence,
            "engine.type" => self.engines.title,
            "engine.url" => self.engines.url,
            "engine.auth" => self.engines.auth,
            "engine.token" => self.engines.token,
            "engine.model" => self.engines.model,
            "engine.voice" => self.engines.voice,
            "max_duration_s" => self.agents.longest,
            "url" => self.hooks.url,
            "events" => self.hooks.events,
            "description" => self.hooks.description,
            "enabled" => self.hooks.enabled,
            "label" => self.access.label,
            "networks" => self.access.networks,
            "max_channels" => self.sip.max_channels,
            "agent_id_header" => self.sip.agent_header,
            other => return self.way_field(other),
        })
    }

    /// Why a request was refused.
    pub fn failure(&self, error: &AppError) -> String {
        let say = &self.failures;
        match error {
            AppError::Unreadable => say.unreadable.to_owned(),
            AppError::Invalid(errors) => errors
                .iter()
                .next()
                .map(|(_, reason)| self.reason(reason))
                .unwrap_or_default(),
            AppError::Unauthenticated => say.unauthenticated.to_owned(),
            AppError::Forbidden(Need::Scope(scope)) => (say.need_scope)(scope.as_str()),
            AppError::Forbidden(Need::SameOrigin) => say.same_origin.to_owned(),
            AppError::Forbidden(Need::SignedInUser) => say.signed_in_only.to_owned(),
            AppError::NotFound(thing) => self.absent(*thing).to_owned(),
            AppError::Conflict(conflict) => self.conflict(conflict),
            AppError::TooMany { retry_after_s } => (say.too_many)(&retry_after_s.to_string()),
            AppError::Unavailable(Unavailable::Database) => say.database.to_owned(),
            AppError::Unavailable(Unavailable::DiskFull) => say.disk_full.to_owned(),
            AppError::Unavailable(Unavailable::ReadOnly) => say.read_only.to_owned(),
            AppError::Unavailable(Unavailable::Draining) => say.draining.to_owned(),
            AppError::Internal { incident } => (say.internal)(&incident.to_string()),
            AppError::Offline => say.offline.to_owned(),
        }
    }

    fn absent(&self, thing: Thing) -> &'static str {
        let say = &self.failures;
        match thing {
            Thing::Page => say.no_page,
            Thing::InboundTrunk => say.no_trunk,
            Thing::OutboundTrunk => self.outgoing.no_outbound_trunk,
            Thing::Destination => self.outgoing.no_destination,
            Thing::Transfer => self.outgoing.no_transfer,
            Thing::Access => say.no_access,
            Thing::Number => say.no_number,
            Thing::Agent => say.no_agent,
            Thing::Call => say.no_call,
            Thing::Recording => say.no_recording,
            Thing::Source => say.no_source,
            Thing::User => say.no_user,
            Thing::Key => say.no_key,
            Thing::SetupLink => say.no_setup_link,
            Thing::PasswordLink => say.no_password_link,
            Thing::Webhook => say.no_webhook,
            Thing::Delivery => say.no_delivery,
        }
    }

    fn conflict(&self, conflict: &Conflict) -> String {
        let say = &self.failures;
        match conflict {
            Conflict::TrunkExists => say.trunk_exists.to_owned(),
            Conflict::NumberHeld { number, name, .. } => (say.number_held)(&number.grouped(), name),
            Conflict::NumbersAssigned { numbers } => (say.numbers_assigned)(&grouped(numbers)),
            Conflict::LastAccess => say.last_access.to_owned(),
            Conflict::LastAdmin => say.last_admin.to_owned(),
            Conflict::AgentInUse { numbers } => (say.agent_in_use)(&grouped(numbers)),
            Conflict::Changed { .. } => say.changed.to_owned(),
            Conflict::IdempotencyKey => say.idempotency.to_owned(),
            Conflict::StillAnswering => say.still_answering.to_owned(),
            Conflict::AnswerLost => say.answer_lost.to_owned(),
            Conflict::SetupDone => say.setup_done.to_owned(),
            Conflict::CallEnded => say.call_ended.to_owned(),
            Conflict::RecordingSealed => say.recording_sealed.to_owned(),
            Conflict::OutboundInUse { agents } => (self.outgoing.outbound_in_use)(&names(agents)),
            Conflict::DestinationInUse { agents } => {
                (self.outgoing.destination_in_use)(&names(agents))
            }
            Conflict::NoOutboundTrunk => self.outgoing.no_trunk_of_agent.to_owned(),
            Conflict::NotAssigned => self.outgoing.not_assigned.to_owned(),
            Conflict::NotNow => self.outgoing.not_now.to_owned(),
            Conflict::DigitTaken { digit, name } => {
                (self.outgoing.digit_taken)(&digit.to_string(), name)
            }
            Conflict::MayNotDial { why } => self.may_not_dial(why),
        }
    }

    /// What a check looks at.
    pub fn step(&self, step: Step) -> &'static str {
        let say = &self.receipt;
        match step {
            Step::Room => say.room,
            Step::SignedIn => say.signed_in,
            Step::AgentHeader => say.agent_header,
            Step::Number => say.number,
            Step::Agent => say.agent,
            Step::Codec => say.codec,
            Step::Lines => say.lines,
            Step::Trunk => self.outgoing.trunk,
            Step::Allowed => self.outgoing.allowed,
            Step::Target => self.outgoing.target,
            Step::Carrier => self.outgoing.carrier,
            Step::Engine => self.engines.step,
        }
    }

    /// How a check went.
    pub fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Passed => self.receipt.passed,
            Outcome::Failed => self.receipt.failed,
            Outcome::Skipped => self.receipt.skipped,
        }
    }

    /// What a check expected and found.
    pub fn note(&self, note: &Note) -> String {
        let say = &self.receipt;
        match note {
            Note::Room { in_use, limit } => {
                (say.room_left)(&in_use.to_string(), &limit.to_string())
            }
            Note::Draining => say.draining.to_owned(),
            Note::AllLinesInUse { limit } => (say.all_lines_in_use)(&limit.to_string()),
            Note::SignedIn {
                label,
                algorithm,
                source,
                ..
            } => (say.signed_in_by)(label, algorithm, &source.to_string()),
            Note::ByAddress {
                label,
                network,
                source,
            } => (say.by_address)(label, &network.to_string(), &source.to_string()),
            Note::ByRegistration { label, source } => {
                (say.by_registration)(label, &source.to_string())
            }
            Note::NoPassword { source } => (say.no_password)(&source.to_string()),
            Note::SourceUnknown { source } => (say.source_unknown)(&source.to_string()),
            Note::OnlyFromElsewhere {
                label,
                source,
                allowed,
            } => (say.only_from)(label, &source.to_string(), &list(allowed)),
            Note::WrongPassword { username } => (say.password_wrong)(&short(username)),
            Note::NoSuchUsername { username } => (say.no_such_username)(&short(username)),
            Note::StaleNonce => say.stale_nonce.to_owned(),
            Note::UriMismatch { signed, called } => {
                (say.uri_differs)(&short(signed), &short(called))
            }
            Note::Md5Refused { label } => (say.md5_not_taken)(label),
            Note::UnreadableSignIn { part } => (say.unreadable_sign_in)(&short(part)),
            Note::NoAgentHeader => say.no_agent_header.to_owned(),
            Note::AgentHeaderNotHonoured { value, label } => {
                (say.header_not_honoured)(&short(value), label)
            }
            Note::AgentHeaderUnknown { value } => (say.header_unknown)(&short(value)),
            Note::AgentHeaderOff { name } => (say.header_off)(name),
            Note::AgentHeaderTwice { count } => (say.header_twice)(&count.to_string()),
            Note::AgentHeaderNames { name } => (say.header_names)(name),
            Note::NumberRead { sent, number, form } => {
                (say.number_read)(&short(sent), number.as_str(), &read_as(self, *form))
            }
            Note::NumberUnknown { sent, tried } => {
                // What it was read as is news only where that is something else.
                let as_sent = |number: &&PhoneNumber| number.as_str() != sent;
                let others: Vec<_> = tried.iter().filter(as_sent).collect();
                (say.number_missing)(&short(sent), &list(&others))
            }
            Note::NumberAmbiguous { sent, hits } => {
                (say.number_ambiguous)(&short(sent), &list(hits))
            }
            Note::NoNumber { sent } => (say.no_number)(&short(sent)),
            Note::NoTrunk => say.no_trunk.to_owned(),
            Note::Assigned { name, number } => (say.assigned)(name, &number.grouped()),
            Note::FellToDefault {
                name,
                number,
                off: None,
            } => (say.default_agent)(name, &number.grouped()),
            Note::FellToDefault {
                name,
                number,
                off: Some(off),
            } => (say.default_for_off)(name, &number.grouped(), off),
            Note::Unassigned { number } => (say.unassigned)(&number.grouped()),
            Note::AgentOff { name, number } => (say.agent_off)(name, &number.grouped()),
            Note::Codec { codec } => (say.codec_chosen)(codec),
            Note::NoCommonCodec { offered, taken } => {
                (say.no_common_codec)(&offered.join(", "), &taken.join(", "))
            }
            Note::KeysDoNotFit => self.refusal(Refusal::SecureAudio).to_owned(),
            Note::LateOffer => say.late_offer.to_owned(),
            Note::LineFree => say.line_free.to_owned(),
            Note::EngineDown { name, cause } => {
                (say.engine_did_not_answer)(name, self.engine_fault(*cause))
            }
            Note::GoesOutBy { label } => (self.outgoing.goes_out_by)(label),
            Note::StaysInside { number } => (self.outgoing.stays_inside)(&number.grouped()),
            Note::MayCall { country } => (self.outgoing.may_call)((self.country)(*country)),
            Note::MayNotCall { why } => self.may_not_dial(why),
            Note::Tried { target } => (self.outgoing.tried)(target),
            Note::TriedInVain { target, why } => (self.outgoing.tried_in_vain)(target, &short(why)),
            Note::CarrierSaid { status, phrase } => {
                (self.outgoing.carrier_said)(&status.to_string(), &short(phrase))
            }
        }
    }

    /// What would have let the call through.
    pub fn near(&self, near: &Near) -> String {
        let say = &self.receipt;
        match near {
            Near::WithCountry { number, country } => {
                (say.near_country)(&number.grouped(), (self.country)(*country))
            }
            Near::NotOnTrunk { number } => (say.near_not_on_trunk)(&number.grouped()),
            Near::OtherEndpointName {
                label,
                expected,
                found,
            } => (say.near_other_endpoint)(label, expected, &short(found)),
        }
    }

    /// Why a call ended, short, without a full stop.
    pub fn end(&self, reason: EndReason) -> &'static str {
        let say = &self.receipt;
        match reason {
            EndReason::CallerHungUp => say.caller_hung_up,
            EndReason::AgentHungUp => say.agent_hung_up,
            EndReason::OperatorHungUp => say.operator_hung_up,
            EndReason::CallerGaveUp => say.caller_gave_up,
            EndReason::MediaTimeout => say.media_timeout,
            EndReason::NoAck => say.no_ack,
            EndReason::SessionExpired => say.session_expired,
            EndReason::MaxDuration => say.max_duration,
            EndReason::EngineFailed => say.engine_failed,
            EndReason::PeerLost => say.peer_lost,
            EndReason::Drained => say.drained,
            EndReason::Interrupted => say.interrupted,
            EndReason::Fault => say.fault,
            EndReason::Refused(refusal) => self.refusal(refusal),
            EndReason::CalleeHungUp => self.outgoing.callee_hung_up,
            EndReason::HandedOn => self.outgoing.handed_on,
            EndReason::Busy => self.outgoing.busy,
            EndReason::Declined => self.outgoing.declined,
            EndReason::NoAnswer => self.outgoing.no_answer,
            EndReason::AuthFailed => self.outgoing.auth_failed,
            EndReason::Forbidden => self.outgoing.forbidden,
            EndReason::NotFound => self.outgoing.not_found,
            EndReason::Unreachable => self.outgoing.unreachable,
            EndReason::TlsFailed => self.outgoing.tls_failed,
            EndReason::Redirected => self.outgoing.redirected,
            EndReason::Incompatible => self.outgoing.incompatible,
            EndReason::CarrierError => self.outgoing.carrier_error,
            EndReason::CountryNotAllowed => self.outgoing.country_not_allowed,
            EndReason::PremiumNumber => self.outgoing.premium_number,
            EndReason::LimitReached => self.outgoing.limit_reached,
            EndReason::OwnAddress => self.outgoing.own_address_end,
            EndReason::NoTrunk => self.outgoing.no_trunk,
            EndReason::TooManyLegs => self.outgoing.too_many_legs,
            EndReason::NotReferable => self.outgoing.not_referable,
            EndReason::NotADestination => self.outgoing.not_a_destination,
            EndReason::NotReplaceable => self.outgoing.not_replaceable,
        }
    }

    /// What a scope lets its holder do.
    pub fn scope(&self, scope: Scope) -> &'static str {
        let say = &self.people;
        match scope {
            Scope::SipRead => say.sip_read,
            Scope::SipWrite => say.sip_write,
            Scope::PhoneRead => say.phone_read,
            Scope::PhoneWrite => say.phone_write,
            Scope::CallsRead => say.calls_read,
            Scope::Full => say.full,
        }
    }

    /// What a person may do, by name.
    pub fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Admin => self.people.role_admin,
            Role::Operator => self.people.role_operator,
            Role::Viewer => self.people.role_viewer,
        }
    }

    /// Why a call was refused, short, without a full stop.
    pub fn refusal(&self, refusal: Refusal) -> &'static str {
        let say = &self.receipt;
        match refusal {
            Refusal::WrongPassword => say.wrong_password,
            Refusal::UnknownUsername => say.unknown_username,
            Refusal::NoCredentials => say.no_credentials,
            Refusal::SourceNotAllowed => say.source_not_allowed,
            Refusal::SourceBlocked => say.source_blocked,
            Refusal::Md5Refused => say.md5_refused,
            Refusal::UriMismatch => say.uri_mismatch,
            Refusal::NumberUnknown => say.number_unknown,
            Refusal::NumberUnassigned => say.number_unassigned,
            Refusal::NoCodec => say.no_codec,
            Refusal::SecureAudio => say.secure_audio,
            Refusal::InstallationFull
            | Refusal::TrunkFull
            | Refusal::AccessFull
            | Refusal::AgentFull => say.all_lines,
            Refusal::Draining => say.draining,
            Refusal::EngineDown => say.engine_down,
        }
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn names<Id>(agents: &[(Id, String)]) -> String {
    let names: Vec<&str> = agents.iter().map(|(_, name)| name.as_str()).collect();
    names.join(", ")
}

fn grouped(numbers: &[PhoneNumber]) -> String {
    numbers
        .iter()
        .map(PhoneNumber::grouped)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a stranger sent, cut to what fits into a sentence and without what hides text.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    let shown = text
        .chars()
        .filter(|c| !c.is_control() && !crate::domain::is_invisible(*c));
    let mut cut = shown.clone().take(MOST).collect::<String>();
    if shown.count() > MOST {
        cut.push('…');
    }
    cut
}

fn read_as(text: &Text, form: ReadAs) -> String {
    let say = &text.receipt;
    match form {
        ReadAs::Exact => say.as_sent.to_owned(),
        ReadAs::PlusMissing => say.plus_missing.to_owned(),
        ReadAs::InternationalPrefix => say.international_prefix.to_owned(),
        ReadAs::National(country) => (say.in_country)((text.country)(country)),
    }
}

/// A character that can be shown as itself, else its number: a direction mark would turn the
/// sentence around.
fn named(character: char) -> String {
    if character.is_alphanumeric() || character.is_ascii_punctuation() {
        character.to_string()
    } else {
        format!("U+{:04X}", u32::from(character))
    }
}
