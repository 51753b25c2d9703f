//! Carries webhook deliveries: one HTTP request each, to nobody but whom it is for.
//!
//! No redirects, no proxy from the environment, and where addresses must be the public's, the one
//! that is connected to is looked at and not the one that was looked up before: a name may lead
//! elsewhere between the two. Knows nothing of queues.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use app::domain::url::is_public;
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url, header};

use crate::service::webhooks::{ALLOW_PRIVATE, Letter, Postman, Reply};

/// For one request, connecting included.
const WITHIN: Duration = Duration::from_secs(10);

/// The HTTP client.
#[derive(Clone, Debug)]
pub struct HttpPostman {
    client: Client,
    allow_private: bool,
}

impl HttpPostman {
    /// With TLS by the roots of this machine.
    pub fn new(allow_private: bool) -> reqwest::Result<Self> {
        let mut client = Client::builder()
            .timeout(WITHIN)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("Patchbay/", env!("CARGO_PKG_VERSION")));
        if !allow_private {
            client = client.dns_resolver(std::sync::Arc::new(PublicOnly));
        }
        Ok(Self {
            client: client.build()?,
            allow_private,
        })
    }
}

#[async_trait]
impl Postman for HttpPostman {
    async fn carry(&self, letter: Letter) -> Reply {
        let Ok(url) = letter.url.as_str().parse::<Url>() else {
            return Reply::None("the address can't be read".to_owned());
        };
        if !self.allow_private && !may_lead_out(&url) {
            return Reply::None(not_public());
        }
        let sent = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", letter.event.to_string())
            .header("webhook-timestamp", letter.timestamp)
            .header("webhook-signature", letter.signature)
            .body(letter.body)
            .send()
            .await;
        match sent {
            // Whatever the receiver has to say beyond its status is not read.
            Ok(answer) => Reply::Status(answer.status().as_u16()),
            Err(error) => Reply::None(why(&error)),
        }
    }
}

/// Judged on what the client itself made of the text, which may read as an address what our own parser takes for a
/// name (`0x7f.1`). A literal address is not looked up.
fn may_lead_out(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let literal = host.trim_matches(['[', ']']).parse();
    url.scheme() == "https" && literal.ok().is_none_or(is_public)
}

fn not_public() -> String {
    format!("the address is not a public one ({ALLOW_PRIVATE})")
}

/// The innermost cause, which says what happened; the outer ones say what was tried.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", WITHIN.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().take(200).collect()
}

/// Looks names up and gives public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other(not_public()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_net_is_reached_however_an_address_is_written() {
        for (url, expected) in [
            ("https://example.com/hook", true),
            ("https://93.184.216.34/", true),
            ("http://example.com/", false),
            ("https://127.0.0.1/", false),
            ("https://0x7f.1/", false),
            ("https://2130706433/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:10.0.0.1]/", false),
        ] {
            let parsed = url.parse().unwrap();
            assert_eq!(may_lead_out(&parsed), expected, "{url}");
        }
    }
}
