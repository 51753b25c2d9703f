//! A header of a caller's INVITE that an agent's engine is told, and what it is called there.

use std::fmt;
use std::str::FromStr;

use super::{HeaderName, InvalidHeaderName};

/// `X-Account`, or `X-Account=customer` if it goes on under another name. Both are names that SIP
/// does not use itself, so that nobody's header can pass for one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedHeader {
    /// What it is called where it comes from.
    pub header: HeaderName,
    /// What the engine knows it by.
    pub name: HeaderName,
}

impl FromStr for PassedHeader {
    type Err = InvalidHeaderName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (header, name) = text.split_once('=').unwrap_or((text, text));
        Ok(Self {
            header: header.parse()?,
            name: name.parse()?,
        })
    }
}

impl fmt::Display for PassedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.header.as_str() == self.name.as_str() {
            self.header.fmt(f)
        } else {
            write!(f, "{}={}", self.header, self.name)
        }
    }
}

super::serde_as_text!(PassedHeader);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_goes_on_under_its_own_name_or_another() {
        for (given, header, name, written) in [
            ("X-Account", "X-Account", "X-Account", "X-Account"),
            (
                " X-Account = customer ",
                "X-Account",
                "customer",
                "X-Account=customer",
            ),
        ] {
            let read: PassedHeader = given.parse().unwrap();
            assert_eq!((read.header.as_str(), read.name.as_str()), (header, name));
            assert_eq!(read.to_string(), written);
        }
        for given in [
            "",
            "=x",
            "X-A=",
            "Authorization",
            "X-A=Via",
            "X A",
            "X-A=b=c",
        ] {
            assert!(given.parse::<PassedHeader>().is_err(), "{given}");
        }
    }
}
