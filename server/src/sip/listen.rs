//! The sockets: one for datagrams, one for connections, both bounded and both behind the guard.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use app::domain::sip::Transport;
use parking_lot::Mutex;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::Edge;
use super::guard::frame::{Frame, Framer};
use super::guard::screen::{MAX_DATAGRAM, MAX_FRAME};
use super::stack::{Datagrams, Flow, Outbox};
use super::tls::Shown;

/// How long a peer may take to read what we write.
const WRITE: Duration = Duration::from_secs(10);
/// How long a peer that said too much may take to read why it is closed.
const LINGER: Duration = Duration::from_secs(1);
/// How long a peer may take to accept a connection of ours.
const CONNECT: Duration = Duration::from_secs(4);
/// Room for bursts while the process is busy.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Binds UDP and TCP to one address; with port 0 both get the same free one.
pub(super) fn bind(addr: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    let tries = if addr.port() == 0 { 20 } else { 1 };
    for _ in 0..tries {
        let udp = bind_udp(addr)?;
        let same = SocketAddr::new(addr.ip(), udp.local_addr()?.port());
        match bind_tcp(same) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(taken) => last = Some(taken),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse)))
}

fn bind_udp(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(addr),
        socket2::Type::DGRAM,
        Some(socket2::Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    take_both_families(&socket, addr)?;
    // The kernel gives less when it has less.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

/// `[::]` means everyone, whatever the system's `net.ipv6.bindv6only` says.
fn take_both_families(socket: &socket2::Socket, addr: SocketAddr) -> io::Result<()> {
    if addr.is_ipv6() && addr.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    Ok(())
}

fn bind_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(addr),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    take_both_families(&socket, addr)?;
    socket.bind(&addr.into())?;
    socket.listen(256)?;
    TcpListener::from_std(socket.into())
}

/// Reads datagrams until the server stops.
pub(super) async fn datagrams(edge: Arc<Edge>, socket: Arc<UdpSocket>, flows: Datagrams) {
    let mut stopped = pin!(edge.life.stopped().cancelled_owned());
    let mut buffer = vec![0; MAX_FRAME];
    loop {
        let received = tokio::select! {
            () = &mut stopped => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        // Errors here are echoes of our own sending (ICMP): the socket is fine.
        let Ok((length, peer)) = received else {
            continue;
        };
        let peer = canonical(peer);
        edge.seen(peer, Transport::Udp);
        let passage = edge
            .guard
            .judge(&buffer[..length], MAX_DATAGRAM, peer, &*edge);
        edge.take(passage, flows.flow(peer)).await;
    }
}

/// Binds TCP alone, for TLS.
pub(super) fn bind_stream(addr: SocketAddr) -> io::Result<TcpListener> {
    bind_tcp(addr)
}

/// Accepts connections until the server stops; encrypted ones if there is a certificate to show.
pub(super) async fn connections(edge: Arc<Edge>, listener: TcpListener, shown: Option<Arc<Shown>>) {
    let stopped = edge.life.stopped();
    loop {
        let accepted = tokio::select! {
            () = stopped.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = canonical(peer);
                // Over the cap: closed at once, before anything is allocated.
                if let Some(seat) = edge.seats.take(peer.ip()) {
                    let served = serve(edge.clone(), stream, peer, seat, shown.clone());
                    edge.life.spawn("sip.connection", served);
                }
            }
            // Out of file descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Dials a peer over TCP, or over TLS with the name its certificate must have.
pub(super) async fn dial(
    edge: &Arc<Edge>,
    peer: SocketAddr,
    transport: Transport,
    name: &str,
) -> io::Result<Flow> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(peer)).await??;
    let seat = edge
        .seats
        .take(peer.ip())
        .ok_or(io::ErrorKind::QuotaExceeded)?;
    let local = prepared(&stream)?;
    if transport == Transport::Tls {
        let shaking = edge.trust.connect(stream, name);
        let stream = tokio::time::timeout(CONNECT, shaking).await??;
        let (flow, reader) = open(edge, stream, local, peer, transport).await?;
        follow(edge, reader, &flow, seat);
        return Ok(flow);
    }
    let (flow, reader) = open(edge, stream, local, peer, transport).await?;
    follow(edge, reader, &flow, seat);
    Ok(flow)
}

fn follow<S: AsyncRead + Send + 'static>(
    edge: &Arc<Edge>,
    reader: ReadHalf<S>,
    flow: &Flow,
    seat: Seat,
) {
    edge.life.spawn(
        "sip.connection",
        read(edge.clone(), reader, flow.clone(), seat),
    );
}

async fn serve(
    edge: Arc<Edge>,
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    shown: Option<Arc<Shown>>,
) {
    let Ok(local) = prepared(&stream) else { return };
    match shown {
        None => {
            if let Ok((flow, reader)) = open(&edge, stream, local, peer, Transport::Tcp).await {
                read(edge, reader, flow, seat).await;
            }
        }
        Some(shown) => {
            let shaking = shown.accept(stream);
            let hurry = edge.config.streams.hurry;
            let Ok(Ok(stream)) = tokio::time::timeout(hurry, shaking).await else {
                return;
            };
            if let Ok((flow, reader)) = open(&edge, stream, local, peer, Transport::Tls).await {
                read(edge, reader, flow, seat).await;
            }
        }
    }
}

/// Small messages leave at once; the address at our end.
fn prepared(stream: &TcpStream) -> io::Result<SocketAddr> {
    let _ = stream.set_nodelay(true);
    stream.local_addr().map(canonical)
}

async fn open<S: AsyncRead + AsyncWrite + Send + 'static>(
    edge: &Arc<Edge>,
    stream: S,
    local: SocketAddr,
    peer: SocketAddr,
    transport: Transport,
) -> io::Result<(Flow, ReadHalf<S>)> {
    let (reader, writer) = tokio::io::split(stream);
    let (flow, outbox) = Flow::stream(local, peer, transport).await?;
    let stopped = edge.life.stopped();
    edge.life.spawn("sip.connection.write", async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = write(outbox, writer) => {}
        }
    });
    Ok((flow, reader))
}

async fn write<S: AsyncWrite>(mut outbox: Outbox, mut writer: WriteHalf<S>) {
    while let Some(bytes) = outbox.next().await {
        match tokio::time::timeout(WRITE, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
    // The reading half stands until the peer closes too: tell it.
    let _ = tokio::time::timeout(WRITE, writer.shutdown()).await;
}

async fn read<S: AsyncRead>(edge: Arc<Edge>, mut reader: ReadHalf<S>, flow: Flow, _seat: Seat) {
    let stopped = edge.life.stopped();
    let streams = edge.config.streams;
    let mut framer = Framer::default();
    let mut buffer = vec![0; 8 * 1024];
    // A message under way has to be whole by then; waiting for the first one counts as under way.
    let mut due = tokio::time::Instant::now() + streams.hurry;
    loop {
        let read = tokio::select! {
            () = stopped.cancelled() => break,
            () = tokio::time::sleep_until(due) => break,
            read = reader.read(&mut buffer) => read,
        };
        let Ok(length @ 1..) = read else { break };
        edge.seen(flow.peer, flow.transport);
        let idle_before = framer.is_empty();
        framer.push(&buffer[..length]);
        let mut whole = false;
        while let Some(frame) = framer.next_frame() {
            whole = true;
            frame_arrived(&edge, frame, &flow).await;
        }
        if framer.is_closed() {
            break;
        }
        let now = tokio::time::Instant::now();
        if framer.is_empty() {
            due = now + streams.idle;
        } else if whole || idle_before {
            due = now + streams.hurry;
        }
    }
    // What was answered last still has to be written, and read: closing with bytes unread would
    // throw it away on the peer's side.
    flow.finish().await;
    if framer.is_closed() {
        let _ = tokio::time::timeout(LINGER, linger(&mut reader, &mut buffer)).await;
    }
}

async fn linger<S: AsyncRead>(reader: &mut ReadHalf<S>, buffer: &mut [u8]) {
    for _ in 0..64 {
        if !matches!(reader.read(buffer).await, Ok(1..)) {
            return;
        }
    }
}

async fn frame_arrived(edge: &Arc<Edge>, frame: Frame, flow: &Flow) {
    let passage = match frame {
        Frame::Ping => {
            flow.send_raw(b"\r\n".to_vec()).await;
            return;
        }
        Frame::Message(bytes) | Frame::Lost(bytes) => {
            edge.guard.judge(&bytes, MAX_FRAME, flow.peer, &**edge)
        }
        Frame::TooLarge(start) => edge.guard.judge_cut(&start, flow.peer),
    };
    edge.take(passage, flow.clone()).await;
}

/// How many connections there are, and from where.
pub(super) struct Seats {
    per_source: usize,
    total: usize,
    proxies: Vec<ipnet::IpNet>,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place; given back when it closes.
pub(super) struct Seat {
    seats: Arc<Seats>,
    source: IpAddr,
}

impl Seats {
    pub(super) fn new(per_source: usize, total: usize, proxies: Vec<ipnet::IpNet>) -> Arc<Self> {
        Arc::new(Self {
            per_source,
            total,
            proxies,
            taken: Mutex::default(),
        })
    }

    fn take(self: &Arc<Self>, source: IpAddr) -> Option<Seat> {
        let mut taken = self.taken.lock();
        if taken.values().sum::<usize>() >= self.total {
            return None;
        }
        let of_source = taken.entry(source).or_insert(0);
        let is_proxy = self.proxies.iter().any(|net| net.contains(&source));
        if *of_source >= self.per_source && !is_proxy {
            return None;
        }
        *of_source += 1;
        Some(Seat {
            seats: self.clone(),
            source,
        })
    }

    pub(super) fn in_use(&self) -> usize {
        self.taken.lock().values().sum()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(count) = taken.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

/// An IPv4 peer of a dual-stack socket by its own name.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
