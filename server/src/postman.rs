//! Carries webhook deliveries: one HTTP request each, to nobody but whom it is for.
//!
//! No redirects, no proxy from the environment, and where addresses must be the public's, the one
//! that is connected to is looked at and not the one that was looked up before: a name may lead
//! elsewhere between the two. Knows nothing of queues.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use app::domain::webhook::is_public;
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, header};

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
        // A literal address is not looked up.
        let literal = letter.url.host().ip();
        if !self.allow_private && literal.is_some_and(|address| !is_public(address)) {
            return Reply::None(not_public());
        }
        let sent = self
            .client
            .post(letter.url.as_str())
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
