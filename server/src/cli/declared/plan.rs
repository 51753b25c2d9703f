//! What differs between a file and a server, as steps in an order in which each finds what it refers to.

use serde_json::{Map, Value};

use super::file::{Declared, Fault, Field, File};
use super::kind::{Kind, same};
use super::standing::{Standing, Thing};

pub(super) struct Plan {
    steps: Vec<Step>,
}

/// One thing to add, to change or to remove.
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What will be different; of a new thing, all the file says of it.
    pub(super) changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Change,
    Remove,
}

pub(super) struct Change {
    pub(super) field: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

impl Plan {
    pub(super) fn of(
        file: &File,
        standing: &Standing,
        prune: bool,
        secrets: bool,
    ) -> Result<Self, Vec<Fault>> {
        let planning = Planning {
            file,
            standing,
            secrets,
        };
        let (mut steps, mut faults) = (Vec::new(), Vec::new());
        for kind in Kind::ALL {
            let mut of_kind = Vec::new();
            for declared in file.of(kind) {
                match planning.step(declared) {
                    Ok(step) => of_kind.extend(step),
                    Err(more) => faults.extend(more),
                }
            }
            // One agent is the default: whoever is to be it no more goes first.
            of_kind.sort_by_key(|step| step.after("is_default") == Some(&Value::Bool(true)));
            steps.extend(of_kind);
        }
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.line);
            return Err(faults);
        }
        if prune {
            steps.extend(planning.removals());
        }
        Ok(Self { steps })
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn count(&self, action: Action) -> usize {
        let steps = self.steps.iter();
        steps.filter(|step| step.action == action).count()
    }
}

impl Step {
    /// What a field will be, if it changes.
    pub(super) fn after(&self, field: &str) -> Option<&Value> {
        let mut changes = self.changes.iter();
        changes
            .find(|change| change.field == field)
            .map(|change| &change.after)
    }
}

struct Planning<'a> {
    file: &'a File,
    standing: &'a Standing,
    /// Every password is sent.
    secrets: bool,
}

impl Planning<'_> {
    fn step(&self, declared: &Declared) -> Result<Option<Step>, Vec<Fault>> {
        let mut faults = self.references(declared);
        let standing = self.standing.find(declared.kind, &declared.name);
        let (action, changes) = match standing {
            None => {
                faults.extend(Self::faults_of_new(declared));
                (Action::Add, Self::all_of(declared))
            }
            Some(thing) => {
                faults.extend(Self::faults_of_changed(declared, thing));
                (Action::Change, self.differences(declared, thing))
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let nothing_to_do = action == Action::Change && changes.is_empty();
        Ok((!nothing_to_do).then(|| Step {
            action,
            kind: declared.kind,
            name: declared.name.clone(),
            changes,
        }))
    }

    fn exists(&self, kind: Kind, name: &str) -> bool {
        self.file.has(kind, name) || self.standing.find(kind, name).is_some()
    }

    /// What is named and neither in the file nor on the server.
    fn references(&self, declared: &Declared) -> Vec<Fault> {
        let mut faults = Vec::new();
        if declared.kind == Kind::Credential
            && !self.exists(Kind::InboundTrunk, "")
            && let Some(label) = declared.field("label")
        {
            let allowed = "a file with [inbound_trunk]: there is none on the server";
            faults.push(declared.names_nothing(label, &declared.name, allowed));
        }
        for field in &declared.fields {
            let kind = match (declared.kind, field.name.as_str()) {
                (Kind::Agent, "failover" | "destinations") => Kind::Destination,
                (Kind::Agent, "outbound_trunk") => Kind::OutboundTrunk,
                (Kind::Number, "agent") => Kind::Agent,
                _ => continue,
            };
            for name in named(field) {
                if !name.is_empty() && !self.exists(kind, name) {
                    let allowed = format!(
                        "a {} of the file or the server",
                        kind.table().replace('_', " ")
                    );
                    faults.push(declared.names_nothing(field, name, &allowed));
                }
            }
        }
        faults
    }

    fn faults_of_new(declared: &Declared) -> Vec<Fault> {
        let errors = declared.kind.check_new(&declared.said()).err();
        Self::in_lines(declared, errors.as_ref())
    }

    fn faults_of_changed(declared: &Declared, thing: &Thing) -> Vec<Fault> {
        let errors = declared.kind.differs(&thing.fields, &declared.said()).err();
        Self::in_lines(declared, errors.as_ref())
    }

    fn in_lines(declared: &Declared, errors: Option<&app::error::FieldErrors>) -> Vec<Fault> {
        let errors = errors.into_iter().flat_map(app::error::FieldErrors::iter);
        errors
            .map(|(field, reason)| declared.fault(field, reason))
            .collect()
    }

    fn all_of(declared: &Declared) -> Vec<Change> {
        let said = declared.fields.iter();
        said.map(|field| Change {
            field: field.name.clone(),
            before: Value::Null,
            after: field.value.clone(),
        })
        .collect()
    }

    fn differences(&self, declared: &Declared, thing: &Thing) -> Vec<Change> {
        let mut changes: Vec<Change> = declared
            .fields
            .iter()
            .filter(|field| differs(declared.kind, thing, field))
            .map(|field| Change {
                field: field.name.clone(),
                before: thing.fields.get(&field.name).cloned().unwrap_or_default(),
                after: field.value.clone(),
            })
            .collect();
        let mut changed = changes.iter();
        let other_login = changed.any(|change| declared.kind.is_login(&change.field));
        if let Some(secret) = declared.secret()
            && (self.secrets || other_login)
        {
            changes.push(Change {
                field: secret.name.clone(),
                before: Value::Null,
                after: secret.value.clone(),
            });
        }
        changes
    }

    /// What the file does not have, in the order in which nothing that goes is still needed. The inbound
    /// trunk stays: its credentials could not be brought back.
    fn removals(&self) -> Vec<Step> {
        let kinds = Kind::ALL.into_iter().rev();
        let kinds = kinds.filter(|kind| *kind != Kind::InboundTrunk);
        let things = kinds.flat_map(|kind| self.standing.all(kind));
        things
            .filter(|thing| !self.file.has(thing.kind, &thing.name))
            .map(|thing| Step {
                action: Action::Remove,
                kind: thing.kind,
                name: thing.name.clone(),
                changes: Vec::new(),
            })
            .collect()
    }
}

/// Whether this field alone would make the thing another one; the rules know that `+1 415 555 0100` and
/// `+14155550100` are the same.
fn differs(kind: Kind, thing: &Thing, field: &Field) -> bool {
    let before = thing.fields.get(&field.name).unwrap_or(&Value::Null);
    // Of a password nobody knows what it was.
    if kind.secret() == Some(&field.name) || same(&field.value, before) {
        return false;
    }
    if kind.other_fields().contains(&field.name.as_str()) {
        return true;
    }
    let said = Map::from_iter([(field.name.clone(), field.value.clone())]);
    // What is no thing by itself, such as a login half changed, is told as it is written.
    kind.differs(&thing.fields, &said).unwrap_or(true)
}

/// The names that stand in a field.
fn named(field: &Field) -> Vec<&str> {
    match &field.value {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item["name"].as_str())
            .collect(),
        one => one.as_str().into_iter().collect(),
    }
}
