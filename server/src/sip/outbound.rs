//! Calls that leave: an INVITE of ours until it is answered, and the trunks it goes by.
//!
//! # Layout
//! `targets` where it goes, and where it must not · `way` a flow there · `leg` what the INVITE says ·
//! `answer` digest answers · `attempt` one INVITE through challenges, retries and forks · `early` what
//! is heard before its answer · `callee` who answered · `ending` what a status means · `cancel` taking an INVITE back · `dial` a call of an agent ·
//! `health`, `check`, `register` how trunks are

mod answer;
mod attempt;
mod callee;
mod cancel;
mod check;
mod dial;
mod early;
mod ending;
mod health;
mod leg;
mod register;
mod targets;
mod way;

pub(super) use self::attempt::{Answered, Attempt, Failed, Progress};
pub(super) use self::callee::{Callee, Signed};
pub(super) use self::cancel::refuse_answer;
pub(super) use self::check::check;
pub(super) use self::dial::{FarEvent, dial, gone};
pub(super) use self::ending::reason;
pub(super) use self::health::{Ways, look_after};
pub(super) use self::leg::Leg;
pub(super) use self::targets::NoWay;
pub(super) use self::way::way;
