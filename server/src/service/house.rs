//! Builds the use cases on a database: everything that pages, API and edge ask.

use std::sync::Arc;

use app::domain::sip::HeaderName;
use app::ports::{Ports, Services};

use crate::clock::Clock;
use crate::config;
use crate::service::accesses::AccessDesk;
use crate::service::addresses::Addresses;
use crate::service::agents::AgentDesk;
use crate::service::audit::Audit;
use crate::service::calls::{CallDesk, DeskSettings, WriterError};
use crate::service::conversations::ConversationDesk;
use crate::service::core::Core;
use crate::service::destinations::DestinationDesk;
use crate::service::dialling::Dialler;
use crate::service::facts::{FactDesk, Fixed};
use crate::service::hearing;
use crate::service::keys::KeyDesk;
use crate::service::news::NewsDesk;
use crate::service::numbers::NumberDesk;
use crate::service::outbound::OutboundDesk;
use crate::service::outward::Outward;
use crate::service::people::PeopleDesk;
use crate::service::replays::Replays;
use crate::service::route_test::RouteTest;
use crate::service::routes::RouteBook;
use crate::service::signin::SignIn;
use crate::service::sources::SourceDesk;
use crate::service::trunks::Trunks;
use crate::service::webhooks::{self, WebhookDesk};
use crate::store::{self, Db, StoreError};

/// Where the nonce key is kept among the settings.
const NONCE_KEY: &str = "sip.nonce_key";

/// What the use cases need of the configuration.
#[derive(Clone, Debug)]
pub struct HouseSettings {
    pub desk: DeskSettings,
    pub addresses: Addresses,
    pub agent_id_header: HeaderName,
    pub fixed: Fixed,
    pub sign_in: config::SignIn,
    /// Whether webhooks may lead to addresses that are not the public's.
    pub private_webhooks: bool,
    /// Which engines elsewhere agents may have.
    pub engines: Outward,
}

/// Why the house cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Writer(#[from] WriterError),
}

/// The use cases, and the two things that others need more of than the ports show.
#[derive(Clone)]
pub struct House {
    pub services: Services,
    pub replays: Arc<Replays>,
    pub desk: Arc<CallDesk>,
    pub sign_in: Arc<SignIn>,
    pub news: NewsDesk,
    core: Core,
}

impl House {
    /// Opens it. The future writes what calls leave behind, until the house is dropped.
    pub async fn open(
        db: Db,
        clock: Clock,
        settings: HouseSettings,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), HouseError> {
        let book = Arc::new(RouteBook::load(&db).await?);
        let news = NewsDesk::default();
        let nonce_key = nonce_key(&db).await?;
        let (desk, writer) = CallDesk::open(
            db.clone(),
            clock.clone(),
            book.clone(),
            news.clone(),
            nonce_key,
            settings.desk,
        )
        .await?;
        let core = Core {
            db: db.clone(),
            clock: clock.clone(),
            book: book.clone(),
            news: news.clone(),
        };
        let sign_in = Arc::new(SignIn::new(db.clone(), clock.clone(), &settings.sign_in));
        let addresses = Arc::new(settings.addresses);
        let replays = Arc::new(Replays::new(core.clone()));
        let services = Services::from(Ports {
            trunks: Arc::new(Trunks::new(
                core.clone(),
                addresses.clone(),
                settings.agent_id_header,
            )),
            accesses: Arc::new(AccessDesk(core.clone())),
            numbers: Arc::new(NumberDesk::new(core.clone())),
            agents: Arc::new(AgentDesk {
                core: core.clone(),
                desk: desk.clone(),
                voices: settings.fixed.voices.clone(),
                outward: settings.engines,
            }),
            outbound: Arc::new(OutboundDesk::new(core.clone(), desk.clone())),
            destinations: Arc::new(DestinationDesk(core.clone())),
            calls: desk.clone(),
            conversations: Arc::new(ConversationDesk(core.clone())),
            dialling: Arc::new(Dialler::new(core.clone(), desk.clone())),
            sources: Arc::new(SourceDesk::new(desk.clone(), core.clone())),
            route_test: Arc::new(RouteTest::new(desk.clone(), core.clone())),
            doors: sign_in.clone(),
            people: Arc::new(PeopleDesk(core.clone())),
            keys: Arc::new(KeyDesk::new(core.clone())),
            webhooks: Arc::new(WebhookDesk {
                core: core.clone(),
                outward: Outward {
                    allow_private: settings.private_webhooks,
                    setting: webhooks::ALLOW_PRIVATE,
                },
            }),
            audit: Arc::new(Audit(core.clone())),
            system: Arc::new(FactDesk::new(
                desk.clone(),
                book,
                db,
                clock,
                addresses,
                settings.fixed,
            )),
        });
        let house = Self {
            services,
            replays,
            desk,
            sign_in,
            news,
            core,
        };
        Ok((house, writer))
    }

    /// Keeps up with what other instances on the same database change, as long as it is polled.
    pub fn listen(&self) -> impl Future<Output = ()> + Send + 'static {
        let (core, desk) = (self.core.clone(), self.desk.clone());
        async move {
            tokio::join!(hearing::listen(core, desk.clone()), desk.keep_up());
        }
    }
}

/// Made at the first start; the same for all instances that share the database.
async fn nonce_key(db: &Db) -> Result<[u8; 32], StoreError> {
    let mut tx = db.begin().await?;
    let stored = store::settings::secret(&mut tx, NONCE_KEY).await?;
    if let Some(key) = stored.and_then(|key| <[u8; 32]>::try_from(key).ok()) {
        return Ok(key);
    }
    let key: [u8; 32] = rand::random();
    store::settings::put_secret(&mut tx, NONCE_KEY, &key).await?;
    tx.commit().await?;
    Ok(key)
}
