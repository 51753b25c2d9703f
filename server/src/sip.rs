//! The SIP edge: what comes in from the network, judged, answered and kept apart from the rest.
//!
//! It knows no SQL and no HTTP; what it must ask or tell goes through the [`desk`].
//!
//! # Layout
//!
//! ```text
//! listen     sockets, connections and their caps
//! guard      every datagram and frame: broken, unknown, too fast, without a password
//! stack      transactions: ours of the peers' requests; the only place that names the SIP library
//! inbound    an INVITE of a peer's, until it is answered
//! outbound   an INVITE of ours, until it is answered; trunks and how they are
//! call       one task for each call that is ringing here or answered
//! calls      the calls that run, by dialog and by id
//! thread     where all of it is done, but for what takes its time
//! desk       what the house is asked and told
//! message · dialog · timer · digest · identity · ladder · replaces · sources    the parts, tested alone
//! ```

mod address;
mod call;
pub mod calls;
pub mod config;
pub mod desk;
pub mod dialog;
pub mod digest;
pub mod guard;
pub mod identity;
pub mod inbound;
pub mod ladder;
mod listen;
pub mod message;
pub mod options;
mod outbound;
mod replaces;
pub mod sources;
pub mod stack;
mod switchboard;
mod thread;
pub mod timer;
pub mod tls;
mod watchdog;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use app::domain::sip::Transport;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use self::calls::{Calls, Repeated};
pub use self::config::EdgeConfig;
pub use self::desk::Desk;
use self::guard::{Guard, GuardConfig, Known, Passage};
use self::message::Message;
use self::outbound::Ways;
use self::sources::Sources;
use self::stack::{Arrival, Datagrams, Flow, Names, Placed, Stack, Timers};
pub use self::thread::Thread;
use self::tls::Shown;
use crate::agent::{Engines, Voice};
use crate::clock::Clock;
use crate::lifecycle::Lifecycle;
use crate::media::Media;
use crate::service::outward::Outward;
use crate::trust::{TlsError, Trust};

/// Why the edge could not start.
#[derive(Debug, Error)]
pub enum EdgeError {
    #[error("cannot listen for SIP on {addr} (UDP and TCP): {source}")]
    Bind {
        addr: SocketAddr,
        source: std::io::Error,
    },
    #[error("cannot listen for SIP on {addr} (TLS): {source}")]
    BindTls {
        addr: SocketAddr,
        source: std::io::Error,
    },
    #[error("SIP over TLS: {0}")]
    Tls(#[from] TlsError),
}

/// What the edge works with.
pub struct Parts {
    pub config: EdgeConfig,
    pub desk: Arc<dyn Desk>,
    pub media: Arc<Media>,
    pub voice: Arc<Voice>,
    /// Where agents' engines may be.
    pub outward: Outward,
    pub clock: Clock,
    pub life: Lifecycle,
    /// Who does what takes its time, so that the signalling need not wait for it.
    pub workers: Handle,
}

/// The running edge.
pub struct Edge {
    /// For work that outlives the call that began it.
    me: Weak<Edge>,
    datagrams: Datagrams,
    config: EdgeConfig,
    desk: Arc<dyn Desk>,
    media: Arc<Media>,
    voice: Arc<Voice>,
    engines: Engines,
    clock: Clock,
    life: Lifecycle,
    /// Where it was started.
    signalling: Handle,
    workers: Handle,
    guard: Guard,
    stack: Arc<Stack>,
    calls: Calls,
    sources: Arc<Sources>,
    seats: Arc<listen::Seats>,
    names: Names,
    trust: Trust,
    ways: Ways,
    local: SocketAddr,
    local_tls: Option<SocketAddr>,
    last_datagram: AtomicI64,
    last_stream: AtomicI64,
    last_encrypted: AtomicI64,
    healthy: AtomicBool,
}

impl Edge {
    /// Binds the sockets and starts to listen.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, EdgeError> {
        let Parts {
            config,
            desk,
            media,
            voice,
            outward,
            clock,
            life,
            workers,
        } = parts;
        let fault = |source| EdgeError::Bind {
            addr: config.addr,
            source,
        };
        let (udp, tcp) = listen::bind(config.addr).map_err(fault)?;
        let local = udp.local_addr().map_err(fault)?;
        let udp = Arc::new(udp);
        let flows = Flow::datagrams(udp.clone()).await.map_err(fault)?;
        let stack = Stack::start(Timers { t1: config.t1 }, &config.product, &life);
        let sources = Arc::new(Sources::default());
        let guard = Guard::new(
            guard_config(&config),
            desk.clone(),
            clock.clone(),
            sources.clone(),
            life.draining(),
        );
        let seats = listen::Seats::new(
            config.streams.per_source,
            config.streams.total,
            config.trusted_proxies.clone(),
        );
        let encrypted = match &config.tls {
            None => None,
            Some((addr, files)) => {
                let fault = |source| EdgeError::BindTls {
                    addr: *addr,
                    source,
                };
                let shown = Shown::new(files.clone())?;
                let listener = listen::bind_stream(*addr).map_err(fault)?;
                let local = listener.local_addr().map_err(fault)?;
                Some((shown, listener, local))
            }
        };
        let trust = Trust::new(config.tls_ca.as_deref())?;
        let edge = Arc::new_cyclic(|me: &Weak<Self>| Self {
            me: me.clone(),
            datagrams: flows.clone(),
            names: Names::new(&config.dns_servers),
            engines: Engines::new(trust.clone(), outward),
            trust,
            ways: Ways::default(),
            local_tls: encrypted.as_ref().map(|(_, _, local)| *local),
            last_encrypted: AtomicI64::new(0),
            config,
            desk,
            media,
            voice,
            clock,
            life,
            signalling: Handle::current(),
            workers,
            guard,
            stack,
            calls: Calls::default(),
            sources,
            seats,
            local,
            last_datagram: AtomicI64::new(0),
            last_stream: AtomicI64::new(0),
            healthy: AtomicBool::new(true),
        });
        let life = &edge.life;
        life.spawn("sip.udp", listen::datagrams(edge.clone(), udp, flows));
        life.spawn("sip.tcp", listen::connections(edge.clone(), tcp, None));
        if let Some((shown, listener, _)) = encrypted {
            let watching = shown.clone().watch();
            let watching = life.stopped().run_until_cancelled_owned(watching);
            edge.work("sip.certificate", watching);
            let served = listen::connections(edge.clone(), listener, Some(shown));
            edge.work("sip.tls", served);
        }
        life.spawn("sip.trunks", outbound::look_after(edge.clone()));
        // Elsewhere, so that it is there to tell when the signalling stands still.
        edge.work("sip.watchdog", watchdog::watch(edge.clone()));
        Ok(edge)
    }

    /// Runs what takes its time beside the signalling.
    fn work<F>(&self, name: &'static str, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.life.spawn_on(&self.workers, name, work)
    }

    /// Where it listens, UDP and TCP alike.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where it listens for TLS.
    pub fn local_tls(&self) -> Option<SocketAddr> {
        self.local_tls
    }

    /// Does our own OPTIONS come back?
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Calls that run here.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Transactions at work, for tests and metrics.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.seats.in_use()
    }

    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Lets a source in again.
    pub fn unblock(&self, source: IpAddr) -> bool {
        self.guard.unblock(source)
    }

    fn seen(&self, peer: SocketAddr, transport: Transport) {
        // Our own watchdog says nothing about the network.
        if peer.port() != 0 {
            let last = match transport {
                Transport::Udp => &self.last_datagram,
                Transport::Tcp => &self.last_stream,
                Transport::Tls => &self.last_encrypted,
            };
            last.store(self.clock.now_ms(), Ordering::Relaxed);
        }
    }

    /// Does what the guard decided.
    async fn take(self: &Arc<Self>, passage: Passage, flow: Flow) {
        match passage {
            Passage::Pass(message) => self.deliver(message, flow).await,
            Passage::Invite(candidate) => {
                if let Some(reply) = inbound::receive(self, candidate, &flow) {
                    self.send_stateless(&reply, &flow).await;
                }
            }
            Passage::Reply(reply) => self.send_stateless(&reply, &flow).await,
            Passage::KeepAlive | Passage::Silence => {}
        }
    }

    async fn deliver(self: &Arc<Self>, message: Message, flow: Flow) {
        match self.calls.repeated(&message) {
            Some(Repeated::Again { ack, way }) => return way.send_raw(ack).await,
            Some(Repeated::Fork) => return self.refuse_fork(message, flow),
            None => {}
        }
        if message.method().is_none() {
            return self.stack.hear(&message, &flow).await;
        }
        match self.stack.receive(message, &flow) {
            Placed::New(arrival) => self.arrive(arrival).await,
            Placed::Known => {}
            Placed::Nowhere(message) if message.method() == Some("ACK") => {}
            Placed::Nowhere(message) => {
                let reply = inbound::nowhere(self, &message);
                self.send_stateless(&reply, &flow).await;
            }
        }
    }

    /// A new request that needs no decision, to where it belongs.
    async fn arrive(&self, arrival: Box<Arrival>) {
        let is_new = arrival.message.to_tag().is_none();
        match arrival.message.method() {
            Some("OPTIONS") if is_new => {
                let reply = options::describe(self.guard.reply(&arrival.message, 200));
                arrival.answer(&reply);
            }
            // It came again, as its first copy was being forgotten.
            Some("INVITE") if is_new => {
                let reply = self.guard.reply(&arrival.message, 500);
                arrival.answer(&reply);
            }
            _ => {
                // An answer that came just before goes by its request's transaction: it is to be there first.
                if self.stack.asks() {
                    tokio::task::yield_now().await;
                }
                if let Err((arrival, status)) = self.calls.hand_over(arrival) {
                    let reply = self.guard.reply(&arrival.message, status);
                    arrival.answer(&reply);
                }
            }
        }
    }

    /// Somebody else picked up too: thanked, and sent away (RFC 3261 §13.2.2.4).
    fn refuse_fork(&self, answer: Message, flow: Flow) {
        if let Some(edge) = self.me.upgrade() {
            self.life.spawn("sip.fork", async move {
                outbound::refuse_answer(&edge, &answer, &answer, &flow, &|_, _, _| {}).await;
            });
        }
    }

    /// Where we can be reached from here.
    fn own_door(&self) -> SocketAddr {
        let ip = match self.local.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        SocketAddr::new(ip, self.local.port())
    }

    async fn send_stateless(&self, reply: &Message, flow: &Flow) {
        let back = flow.towards(guard::way_back(reply, flow.peer));
        back.send_raw(reply.to_bytes()).await;
    }
}

impl Known for Edge {
    fn transaction(&self, message: &Message) -> bool {
        self.stack.knows(message)
    }

    fn dialog(&self, message: &Message) -> bool {
        self.calls.has_dialog(message)
    }

    fn merged(&self, message: &Message) -> bool {
        self.calls.is_merged(message)
    }
}

fn guard_config(config: &EdgeConfig) -> GuardConfig {
    GuardConfig {
        limits: config.limits,
        trusted_proxies: config.trusted_proxies.clone(),
        digest: config.digest.clone(),
        realm: config.realm.clone(),
        product: config.product.clone(),
        retry_after_s: config.retry_after_s,
    }
}
