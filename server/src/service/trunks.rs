//! The inbound trunk and the numbers on it.

use std::collections::HashMap;
use std::sync::Arc;

use app::domain::country::Country;
use app::domain::draft::EntryList;
use app::domain::endpoint::{Synced, TrunkView};
use app::domain::id::{AccessId, NumberId, TrunkId};
use app::domain::inbound::{
    Access, AccessKind, AccessSettings, InboundTrunk, OtherSources, Region, TrunkDraft,
    TrunkSettings,
};
use app::domain::number::Number;
use app::domain::phone::PhoneNumber;
use app::domain::sip::{HeaderName, Secret};
use app::error::{AppError, Conflict, FieldErrors, Scope, Thing};
use app::ports::{Caller, InboundTrunks};
use async_trait::async_trait;

use crate::service::addresses::Addresses;
use crate::service::audit::Record;
use crate::service::core::Core;
use crate::service::routes::RouteChange;
use crate::service::{entered, fault, generated, numbers, version};
use crate::store::{self, Conn, StoreError, Tx};

/// What the first access is called until somebody renames it.
const FIRST_LABEL: &str = "Main";

/// The use cases of the trunk.
pub struct Trunks {
    core: Core,
    addresses: Arc<Addresses>,
    /// What the agent header is called unless the trunk says otherwise.
    agent_id_header: HeaderName,
}

impl Trunks {
    pub fn new(core: Core, addresses: Arc<Addresses>, agent_id_header: HeaderName) -> Self {
        Self {
            core,
            addresses,
            agent_id_header,
        }
    }

    fn starting(&self) -> TrunkSettings {
        TrunkSettings {
            region: Region::Global,
            krisp_enabled: true,
            codecs: None,
            max_channels: None,
            other_sources: OtherSources::Digest,
            country: None,
            agent_id_header: self.agent_id_header.clone(),
        }
    }

    fn settings(
        &self,
        draft: &TrunkDraft,
        base: &TrunkSettings,
    ) -> Result<TrunkSettings, FieldErrors> {
        let settings = draft.over(base)?;
        self.addresses
            .may_choose(settings.region)
            .map_err(|reason| FieldErrors::one("region", reason))?;
        Ok(settings)
    }

    async fn view(&self, conn: &mut Conn, trunk: InboundTrunk) -> Result<TrunkView, StoreError> {
        let accesses = store::accesses::list(conn).await?;
        let newest = accesses
            .iter()
            .filter(|access| access.settings.kind == AccessKind::Digest)
            .max_by_key(|access| (access.created_at, access.id));
        Ok(TrunkView {
            endpoint: self.addresses.endpoint(trunk.settings.region),
            regions: self.addresses.regions(),
            newest: newest.map(|access| access.id),
            username: newest.and_then(|access| access.username.clone()),
            trunk,
        })
    }

    async fn stored(&self, conn: &mut Conn) -> Result<InboundTrunk, AppError> {
        let trunk = store::trunk::get(conn).await?;
        trunk.ok_or(AppError::NotFound(Thing::InboundTrunk))
    }

    fn first_access(&self, now: i64) -> Result<(Access, Secret), AppError> {
        let settings = AccessSettings {
            label: FIRST_LABEL.to_owned(),
            ..AccessSettings::default_for(AccessKind::Digest)
        };
        let access = Access {
            id: self.core.clock.new_id::<AccessId>(),
            settings,
            username: Some(generated::username()),
            endpoint_name: generated::endpoint_name(),
            last_used: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let password = generated::password().map_err(|error| fault::internal(&error))?;
        Ok((access, password))
    }

    /// Puts numbers on the trunk, new ones into the inventory first: somebody who may write
    /// vouches for them.
    async fn put_on(&self, tx: &mut Tx, numbers: &[PhoneNumber]) -> Result<Vec<Number>, AppError> {
        let asked: Vec<_> = numbers.iter().collect();
        let mut stored: HashMap<_, _> = store::numbers::some(tx, &asked)
            .await?
            .into_iter()
            .map(|stored| (stored.number.clone(), stored))
            .collect();
        let mut changed = Vec::new();
        for number in numbers {
            let stored = stored.remove(number);
            if stored.as_ref().is_none_or(|stored| !stored.on_trunk) {
                changed.push(on_trunk(&self.core, number, stored));
            }
        }
        store::numbers::save_all(tx, &changed, self.core.clock.now_ms()).await?;
        Ok(changed)
    }
}

/// The number as it is once calls to it are taken.
pub(super) fn on_trunk(core: &Core, number: &PhoneNumber, stored: Option<Number>) -> Number {
    let now = core.clock.now_ms();
    match stored {
        Some(stored) => Number {
            on_trunk: true,
            verified_at: stored.verified_at.or(Some(now)),
            version: stored.version + 1,
            ..stored
        },
        None => Number {
            id: core.clock.new_id::<NumberId>(),
            number: number.clone(),
            label: None,
            verified_at: Some(now),
            on_trunk: true,
            agent: None,
            last_call_at: None,
            version: 1,
            created_at: now,
        },
    }
}

fn record(action: &'static str, trunk: &InboundTrunk) -> Record<'static> {
    Record {
        action,
        subject: trunk.id.to_string(),
        label: "inbound trunk".to_owned(),
    }
}

#[async_trait]
impl InboundTrunks for Trunks {
    async fn get(&self, caller: &Caller) -> Result<Option<TrunkView>, AppError> {
        caller.may(Scope::SipRead)?;
        let mut conn = self.core.db.read().await?;
        match store::trunk::get(&mut conn).await? {
            Some(trunk) => Ok(Some(self.view(&mut conn, trunk).await?)),
            None => Ok(None),
        }
    }

    async fn is(&self, caller: &Caller, id: TrunkId) -> Result<bool, AppError> {
        caller.may(Scope::CallsRead)?;
        let mut conn = self.core.db.read().await?;
        let ours = store::trunk::get(&mut conn).await?;
        Ok(ours.is_some_and(|trunk| trunk.id == id))
    }

    async fn create(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut errors = FieldErrors::new();
        let settings = self.settings(&draft, &self.starting());
        let settings = settings.map_err(|more| errors.extend(more)).ok();
        let country = settings.as_ref().and_then(|settings| settings.country);
        let given = entered::numbers("phone_numbers", &draft.phone_numbers, country, &mut errors);
        let settings = errors.none_or(settings)?;

        let now = self.core.clock.now_ms();
        let trunk = InboundTrunk {
            id: self.core.clock.new_id::<TrunkId>(),
            settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let (access, password) = self.first_access(now)?;
        let mut tx = self.core.db.begin().await?;
        if store::trunk::get(&mut tx).await?.is_some() {
            return Err(AppError::Conflict(Conflict::TrunkExists));
        }
        store::trunk::insert(&mut tx, &trunk).await?;
        store::accesses::insert(&mut tx, trunk.id, &access, Some(&password)).await?;
        let wanted = match &draft.phone_numbers {
            EntryList::Absent | EntryList::Null => {
                let verified = store::numbers::verified(&mut tx).await?;
                verified.into_iter().map(|number| number.number).collect()
            }
            _ => given,
        };
        let numbers = self.put_on(&mut tx, &wanted).await?;
        record("create_inbound_trunk", &trunk)
            .write(&mut tx, &self.core, caller, None, Some(&trunk))
            .await?;
        let view = self.view(&mut tx, trunk.clone()).await?;
        let changes = [
            RouteChange::Trunk(Some(trunk)),
            RouteChange::Access(access, Some(password)),
        ];
        self.core
            .commit(
                tx,
                changes
                    .into_iter()
                    .chain(numbers.into_iter().map(RouteChange::Number)),
            )
            .await?;
        Ok(view)
    }

    async fn update(&self, caller: &Caller, draft: TrunkDraft) -> Result<TrunkView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let before = self.stored(&mut tx).await?;
        version::check(&draft.version, before.version, &draft, &before.settings)?;
        let after = InboundTrunk {
            settings: self.settings(&draft, &before.settings)?,
            version: before.version + 1,
            updated_at: self.core.clock.now_ms(),
            ..before.clone()
        };
        if !store::trunk::update(&mut tx, &after).await? {
            return Err(version::raced(before.version));
        }
        record("update_inbound_trunk", &after)
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, after.clone()).await?;
        self.core
            .commit(tx, [RouteChange::Trunk(Some(after))])
            .await?;
        Ok(view)
    }

    async fn delete(&self, caller: &Caller) -> Result<(), AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let trunk = self.stored(&mut tx).await?;
        let accesses = store::accesses::list(&mut tx).await?;
        store::numbers::leave_trunk(&mut tx, self.core.clock.now_ms()).await?;
        store::trunk::delete(&mut tx).await?;
        record("delete_inbound_trunk", &trunk)
            .write(&mut tx, &self.core, caller, Some(&trunk), None)
            .await?;
        let numbers = store::numbers::list(&mut tx).await?;
        let gone = accesses
            .into_iter()
            .map(|access| RouteChange::AccessGone(access.id));
        let numbers = numbers.into_iter().map(RouteChange::Number);
        self.core
            .commit(
                tx,
                [RouteChange::Trunk(None)]
                    .into_iter()
                    .chain(gone)
                    .chain(numbers),
            )
            .await?;
        Ok(())
    }

    async fn sync(&self, caller: &Caller) -> Result<Synced, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let trunk = self.stored(&mut tx).await?;
        let all = store::numbers::list(&mut tx).await?;
        let assigned: Vec<PhoneNumber> = all
            .iter()
            .filter(|number| leaves(number) && number.agent.is_some())
            .map(|number| number.number.clone())
            .collect();
        if !assigned.is_empty() {
            return Err(AppError::Conflict(Conflict::NumbersAssigned {
                numbers: assigned,
            }));
        }
        let mut changed = Vec::new();
        for number in all
            .into_iter()
            .filter(|number| leaves(number) || comes(number))
        {
            let number = Number {
                on_trunk: comes(&number),
                version: number.version + 1,
                ..number
            };
            store::numbers::save(&mut tx, &number, self.core.clock.now_ms()).await?;
            changed.push(number);
        }
        let names = |on: bool| {
            let of = changed.iter().filter(|number| number.on_trunk == on);
            of.map(|number| number.number.clone()).collect::<Vec<_>>()
        };
        let (added, removed) = (names(true), names(false));
        let moved = serde_json::json!({ "added": added, "removed": removed });
        record("sync_inbound_trunk", &trunk)
            .write(&mut tx, &self.core, caller, None, Some(&moved))
            .await?;
        let view = self.view(&mut tx, trunk).await?;
        self.core
            .commit(tx, changed.into_iter().map(RouteChange::Number))
            .await?;
        Ok(Synced {
            trunk: view,
            added,
            removed,
        })
    }

    async fn numbers(&self, caller: &Caller) -> Result<Vec<PhoneNumber>, AppError> {
        if !caller.can(Scope::SipWrite) {
            caller.may(Scope::SipRead)?;
        }
        Ok(store::numbers::on_trunk(&mut self.core.db.read().await?).await?)
    }

    async fn add_numbers(
        &self,
        caller: &Caller,
        numbers: EntryList,
    ) -> Result<TrunkView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let trunk = self.stored(&mut tx).await?;
        let numbers = read_all(&numbers, trunk.settings.country)?;
        let changed = self.put_on(&mut tx, &numbers).await?;
        if !changed.is_empty() {
            let added: Vec<_> = changed.iter().map(|number| &number.number).collect();
            let record = Record {
                label: numbers::many(&added),
                ..record("add_numbers", &trunk)
            };
            record
                .write(&mut tx, &self.core, caller, None, Some(&added))
                .await?;
        }
        let view = self.view(&mut tx, trunk).await?;
        self.core
            .commit(tx, changed.into_iter().map(RouteChange::Number))
            .await?;
        Ok(view)
    }

    async fn remove_number(
        &self,
        caller: &Caller,
        number: PhoneNumber,
    ) -> Result<TrunkView, AppError> {
        caller.may(Scope::SipWrite)?;
        let mut tx = self.core.db.begin().await?;
        let trunk = self.stored(&mut tx).await?;
        let stored = store::numbers::get(&mut tx, &number).await?;
        let before = stored
            .filter(|number| number.on_trunk)
            .ok_or(AppError::NotFound(Thing::Number))?;
        let after = Number {
            on_trunk: false,
            version: before.version + 1,
            ..before.clone()
        };
        store::numbers::save(&mut tx, &after, self.core.clock.now_ms()).await?;
        let record = Record {
            action: "remove_number",
            subject: number.to_string(),
            label: number.to_string(),
        };
        record
            .write(&mut tx, &self.core, caller, Some(&before), Some(&after))
            .await?;
        let view = self.view(&mut tx, trunk).await?;
        self.core.commit(tx, [RouteChange::Number(after)]).await?;
        Ok(view)
    }
}

fn leaves(number: &Number) -> bool {
    number.on_trunk && number.verified_at.is_none()
}

fn comes(number: &Number) -> bool {
    !number.on_trunk && number.verified_at.is_some()
}

fn read_all(numbers: &EntryList, country: Option<Country>) -> Result<Vec<PhoneNumber>, AppError> {
    let mut errors = FieldErrors::new();
    let read = entered::numbers("phone_numbers", numbers, country, &mut errors);
    if read.is_empty() && errors.is_empty() {
        errors.add("phone_numbers", app::error::Reason::Required);
    }
    Ok(errors.none_or(Some(read))?)
}
