//! A carrier of several addresses: SRV records of a name server of our own, whose first target is
//! dead, has a fault, or says no for all of them (RFC 3263 §4.3).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use app::domain::call::Happening;
use app::domain::outbound::OutboundTrunk;
use server::sip::desk::CallEvent;
use tokio::net::UdpSocket;

use crate::sip_carrier::trunk;
use crate::sip_hand::Hand;
use crate::sip_outbound::{RING, call, end_of};
use crate::sip_outside::{happened, until};
use crate::sip_world::World;

/// The resolver asks port 53 and no other, which takes the rights of a superuser.
const SERVER: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 53);
const DOMAIN: &str = "acme.test";
const SRV: u16 = 33;
const A: u16 = 1;

/// One target of the domain's SRV records.
#[derive(Clone)]
struct Target {
    priority: u16,
    at: SocketAddr,
}

impl Target {
    fn name(&self) -> String {
        format!("p{}.{DOMAIN}", self.priority)
    }
}

/// Answers for the domain until the test is over. `None` where the port can't be had.
async fn serve(targets: Vec<Target>) -> Option<tokio::task::JoinHandle<()>> {
    let socket = match UdpSocket::bind((SERVER, 53)).await {
        Ok(socket) => socket,
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "no name server: {why}");
            eprintln!("SKIPPED: port 53 of {SERVER}: {why}");
            return None;
        }
    };
    Some(tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let reply = answer(&buffer[..length], &targets);
            let _ = socket.send_to(&reply, from).await;
        }
    }))
}

/// RFC 1035 §4, as far as it is asked for here.
fn answer(query: &[u8], targets: &[Target]) -> Vec<u8> {
    let (name, end) = name_at(query, 12);
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let mut records = Vec::new();
    for target in targets {
        let data = match kind {
            SRV if name == format!("_sip._udp.{DOMAIN}") => {
                let mut data = target.priority.to_be_bytes().to_vec();
                data.extend(0_u16.to_be_bytes());
                data.extend(target.at.port().to_be_bytes());
                data.extend(written(&target.name()));
                data
            }
            A if name == target.name() => match target.at.ip() {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(_) => continue,
            },
            _ => continue,
        };
        // The name of the question, its type, the Internet, a minute.
        records.push([0xc0, 12].to_vec());
        let record = records.last_mut().unwrap();
        record.extend(kind.to_be_bytes());
        record.extend([0, 1, 0, 0, 0, 60]);
        record.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        record.extend(data);
    }
    let count = u16::try_from(records.len()).unwrap();
    // The id, an authoritative answer without a fault, one question.
    let mut reply = query[..2].to_vec();
    reply.extend([0x85, 0x80, 0, 1]);
    reply.extend(count.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend(&query[12..end + 4]);
    reply.extend(records.concat());
    reply
}

fn name_at(query: &[u8], mut at: usize) -> (String, usize) {
    let mut labels = Vec::new();
    while query[at] > 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
        at += length + 1;
    }
    (labels.join("."), at + 1)
}

fn written(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn by_name() -> OutboundTrunk {
    let mut way = trunk("127.0.0.1:5060".parse().unwrap());
    way.settings.host = DOMAIN.parse().unwrap();
    way
}

/// An edge that asks the name server of the test.
async fn asks() -> World {
    World::with(|config| {
        config.allow_local_targets = true;
        config.dns_servers = vec![SERVER.into()];
    })
    .await
}

/// Where the call was sent, in order.
fn tried(world: &World) -> Vec<String> {
    let told = world.house.told.lock();
    let events = told.events.iter();
    let targets = events.filter_map(|(_, event)| match event {
        CallEvent::Happened(event) => match &event.what {
            Happening::Dialling { target } => Some(target.clone()),
            _ => None,
        },
        _ => None,
    });
    targets.collect()
}

/// One test, because there is one such port.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_target_is_tried_where_the_first_cannot_and_not_where_it_will_not() {
    let (first, second) = (Hand::on("127.0.0.2").await, Hand::on("127.0.0.3").await);
    let dead = UdpSocket::bind("127.0.0.4:0").await.unwrap();
    let dead_at = dead.local_addr().unwrap();
    let targets = |first: SocketAddr| {
        vec![
            Target {
                priority: 20,
                at: second.at,
            },
            Target {
                priority: 10,
                at: first,
            },
        ]
    };

    // Nothing comes from the first: Timer B, then the second.
    let Some(names) = serve(targets(dead_at)).await else {
        return;
    };
    let world = asks().await;
    let id = call(&world, by_name(), RING);
    let invite = second.hears("INVITE").await;
    second.says(&invite, &second.describes(&invite, 200)).await;
    second.hears("ACK").await;
    until("answered", || happened(&world, &Happening::Answered) == 1).await;
    second.asks(&invite, "BYE").await;
    assert_eq!(end_of(&world, id).await.0, "callee_hung_up");
    let both = tried(&world);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains(&dead_at.to_string()), "{both:?}");
    assert!(both[1].contains(&second.at.to_string()), "{both:?}");
    world.is_quiet().await;
    names.abort();
    let _ = names.await;

    // A fault of the first's own is not the carrier's last word.
    let names = serve(targets(first.at)).await.unwrap();
    let world = asks().await;
    let id = call(&world, by_name(), RING);
    let invite = first.hears("INVITE").await;
    first.says(&invite, &first.reply(&invite, 503)).await;
    let again = second.hears("INVITE").await;
    assert_ne!(
        again.top_via(),
        invite.top_via(),
        "a transaction of its own"
    );
    second.says(&again, &second.reply(&again, 486)).await;
    assert_eq!(end_of(&world, id).await.0, "busy");
    assert_eq!(tried(&world).len(), 2);
    world.is_quiet().await;

    // A no is a no of them all.
    let world = asks().await;
    let id = call(&world, by_name(), RING);
    let invite = first.hears("INVITE").await;
    first.says(&invite, &first.reply(&invite, 403)).await;
    assert_eq!(end_of(&world, id).await.0, "forbidden");
    assert_eq!(tried(&world).len(), 1);
    assert!(!second.has_heard("INVITE"), "nobody else was asked");
    names.abort();
}
