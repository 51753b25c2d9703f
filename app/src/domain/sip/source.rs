//! Networks calls may come from without a password.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// A network in CIDR notation, or one address. Kept with the host bits cleared, so that
/// `54.172.60.1/30` and `54.172.60.0/30` are one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceNet(IpNet);

/// Why a text is no such network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum InvalidSourceNet {
    /// What stands before the slash is no address.
    #[error("is not an IP address or network")]
    Address,
    /// What stands after it is out of range.
    #[error("after the slash goes 0 to {max}")]
    Prefix {
        /// 32 or 128.
        max: u8,
    },
    /// So many addresses that it is nearly anyone.
    #[error("would let almost anyone in without a password; use /{widest} or narrower")]
    TooWide {
        /// The shortest prefix taken: 16 for IPv4, 32 for IPv6.
        widest: u8,
    },
    /// No host has such an address: multicast, broadcast, unspecified.
    #[error("is not the address of a host")]
    NotAHost,
}

impl InvalidSourceNet {
    /// The stable name of the reason in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooWide { .. } => "network_too_wide",
            Self::Address | Self::Prefix { .. } | Self::NotAHost => "bad_network",
        }
    }
}

impl SourceNet {
    const WIDEST_V4: u8 = 16;
    const WIDEST_V6: u8 = 32;

    /// Whether this source is inside. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`), as a
    /// dual-stack socket sees it, is the IPv4 address.
    pub fn contains(&self, source: IpAddr) -> bool {
        self.0.contains(&source.to_canonical())
    }

    /// For the longest prefix first.
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// As the library's type, for tables of networks.
    pub fn net(&self) -> IpNet {
        self.0
    }
}

impl FromStr for SourceNet {
    type Err = InvalidSourceNet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidSourceNet::Address)?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => prefix_of(digits, max).ok_or(InvalidSourceNet::Prefix { max })?,
            None => max,
        };
        Self::new(address, prefix)
    }
}

fn prefix_of(digits: &str, max: u8) -> Option<u8> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|prefix| *prefix <= max)
}

impl SourceNet {
    fn new(address: IpAddr, prefix: u8) -> Result<Self, InvalidSourceNet> {
        let (address, prefix) = match (address.to_canonical(), prefix) {
            // A mapped network reaches into IPv4 only where its prefix covers the mapping.
            (v4 @ IpAddr::V4(_), 96..) if address.is_ipv6() => (v4, prefix - 96),
            (IpAddr::V4(_), _) if address.is_ipv6() => {
                return Err(InvalidSourceNet::TooWide {
                    widest: Self::WIDEST_V6,
                });
            }
            (same, prefix) => (same, prefix),
        };
        let (net, widest) = match address {
            IpAddr::V4(ip) => (Ipv4Net::new(ip, prefix).map(IpNet::V4), Self::WIDEST_V4),
            IpAddr::V6(ip) => (Ipv6Net::new(ip, prefix).map(IpNet::V6), Self::WIDEST_V6),
        };
        let net = net.map_err(|_| InvalidSourceNet::Address)?.trunc();
        if net.prefix_len() < widest {
            return Err(InvalidSourceNet::TooWide { widest });
        }
        let first = net.network();
        if first.is_multicast() || first.is_unspecified() || first == Ipv4Addr::BROADCAST {
            return Err(InvalidSourceNet::NotAHost);
        }
        Ok(Self(net))
    }
}

/// One address without its prefix, a network with it.
impl fmt::Display for SourceNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

super::serde_as_text!(SourceNet);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_are_read_and_brought_to_one_form() {
        for (given, expect) in [
            ("54.172.60.1/30", "54.172.60.0/30"),
            (" 10.0.0.1 ", "10.0.0.1"),
            ("10.0.0.1/32", "10.0.0.1"),
            ("2001:DB8::5/64", "2001:db8::/64"),
            ("2001:db8::5", "2001:db8::5"),
            ("::ffff:10.0.0.0/112", "10.0.0.0/16"),
            ("127.0.0.2", "127.0.0.2"),
        ] {
            assert_eq!(
                given.parse::<SourceNet>().map(|net| net.to_string()),
                Ok(expect.into())
            );
        }
    }

    #[test]
    fn what_is_no_network_or_too_wide_is_refused() {
        use InvalidSourceNet::{Address, NotAHost, Prefix, TooWide};
        for (given, expect) in [
            ("", Address),
            ("acme.example", Address),
            ("10.0.0", Address),
            ("010.0.0.1", Address),
            ("10.0.0.1\r\n0.0.0.0/0", Address),
            ("10.0.0.1\0", Address),
            ("54.172.60.0/33", Prefix { max: 32 }),
            ("54.172.60.0/", Prefix { max: 32 }),
            ("54.172.60.0/+8", Prefix { max: 32 }),
            ("54.172.60.0/24/24", Prefix { max: 32 }),
            ("2001:db8::/129", Prefix { max: 128 }),
            ("0.0.0.0/0", TooWide { widest: 16 }),
            ("10.0.0.0/15", TooWide { widest: 16 }),
            ("2001::/31", TooWide { widest: 32 }),
            ("::/0", TooWide { widest: 32 }),
            ("::ffff:0:0/95", TooWide { widest: 32 }),
            ("::ffff:0.0.0.0/96", TooWide { widest: 16 }),
            ("0.0.0.0", NotAHost),
            ("224.0.0.1", NotAHost),
            ("::", NotAHost),
        ] {
            assert_eq!(given.parse::<SourceNet>(), Err(expect), "{given:?}");
        }
    }

    #[test]
    fn a_mapped_source_is_inside_the_plain_network() {
        let net: SourceNet = "54.172.60.0/30".parse().unwrap();
        assert!(net.contains("::ffff:54.172.60.3".parse().unwrap()));
        assert!(!net.contains("54.172.60.4".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn a_network_reads_what_it_writes(v4: u32, v6: u128, prefix in 0_u8..=128) {
            let texts = [
                format!("{}/{prefix}", Ipv4Addr::from(v4)),
                format!("{}/{prefix}", std::net::Ipv6Addr::from(v6)),
            ];
            for net in texts.iter().filter_map(|text| text.parse::<SourceNet>().ok()) {
                prop_assert_eq!(net.to_string().parse(), Ok(net));
            }
        }

        #[test]
        fn no_text_makes_a_network_panic(text: String) {
            let _ = text.parse::<SourceNet>();
        }
    }
}
