//! A running server, asked over its own API with a key: what the remote commands work with.

use std::fmt;
use std::time::Duration;

use reqwest::{Client as Http, Method, RequestBuilder, Response, StatusCode, Url, header};
use serde_json::Value;

/// Where a server is unless `PATCHBAY_URL` says otherwise.
const HERE: &str = "http://127.0.0.1:3000";

/// How often a request is sent again that the server took for one too many.
const PATIENCE: u32 = 10;

/// The way to a server.
pub(super) struct Client {
    http: Http,
    url: Url,
    key: String,
}

/// Why there is no answer, or what the answer refuses. Each is a sentence for whoever asked.
#[derive(Debug)]
pub(super) enum ClientError {
    NoKey,
    BadUrl(String),
    Unreachable { url: String, why: String },
    Unreadable,
    Refused(Value),
}

impl Client {
    /// By `PATCHBAY_URL` and `PATCHBAY_KEY`. A key on the command line would stand in the
    /// list of processes, so it is not taken there.
    pub(super) fn of_environment() -> Result<Self, ClientError> {
        let key = std::env::var("PATCHBAY_KEY").map_err(|_| ClientError::NoKey)?;
        let url = std::env::var("PATCHBAY_URL").unwrap_or_else(|_| HERE.to_owned());
        Self::new(&url, key)
    }

    fn new(url: &str, key: String) -> Result<Self, ClientError> {
        let wrong = || ClientError::BadUrl(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| wrong())?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            return Err(wrong());
        }
        let agent = concat!("patchbay/", env!("CARGO_PKG_VERSION"));
        let http = Http::builder().user_agent(agent).build();
        Ok(Self {
            http: http.map_err(|error| unreachable(url, &error))?,
            url: parsed,
            key,
        })
    }

    /// The answer's JSON; null if there is nothing to show.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        let request = self.request(method, path, query)?;
        let request = match body {
            Some(body) => json(request, &body),
            None => request,
        };
        self.answer(request).await
    }

    /// A POST that is done once however often it is sent: the key is the request's name.
    pub(super) async fn once(
        &self,
        path: &[&str],
        key: &str,
        body: &Value,
    ) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path, &[])?;
        let request = request.header("idempotency-key", key);
        self.answer(json(request, body)).await
    }

    /// `GET`, in short.
    pub(super) async fn get(&self, path: &[&str]) -> Result<Value, ClientError> {
        self.ask(Method::GET, path, &[], None).await
    }

    /// Every item of a list, page by page.
    pub(super) async fn all(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Vec<Value>, ClientError> {
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", "100".to_owned()));
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            let mut page = self.ask(Method::GET, path, &query, None).await?;
            if let Value::Array(found) = page["items"].take() {
                items.extend(found);
            }
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }

    /// Server-sent events as they come, each one's data to `heard`, until the server ends them.
    pub(super) async fn follow(
        &self,
        path: &[&str],
        mut heard: impl FnMut(&Value),
    ) -> Result<(), ClientError> {
        let request = self.request(Method::GET, path, &[])?;
        let mut answer = self
            .sent(request.header(header::ACCEPT, "text/event-stream"))
            .await?;
        let mut waiting = Vec::new();
        loop {
            let read = answer.chunk().await;
            let Some(chunk) = read.map_err(|error| unreachable(self.url.as_str(), &error))? else {
                return Ok(());
            };
            waiting.extend_from_slice(&chunk);
            while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                let data = line.strip_prefix("data:").map(str::trim);
                if let Some(Ok(event)) = data.map(serde_json::from_str) {
                    heard(&event);
                }
            }
        }
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, ClientError> {
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            // Each is escaped by itself: a number's plus, a name's slash.
            Ok(mut segments) => {
                segments.pop_if_empty().push("api").extend(path);
            }
            Err(()) => return Err(ClientError::BadUrl(self.url.to_string())),
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.http.request(method, url).bearer_auth(&self.key))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let answer = self.sent(request).await?;
        let read = answer.text().await;
        let text = read.map_err(|error| unreachable(self.url.as_str(), &error))?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| ClientError::Unreadable)
    }

    /// Where a key asks more often than it may, it waits for its turn.
    async fn sent(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        for _ in 0..PATIENCE {
            let Some(again) = request.try_clone() else {
                break;
            };
            let answer = self.sent_once(again).await?;
            match wait(&answer) {
                Some(seconds) => tokio::time::sleep(seconds).await,
                None => return Self::taken(answer).await,
            }
        }
        Self::taken(self.sent_once(request).await?).await
    }

    async fn sent_once(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let answer = request.send().await;
        answer.map_err(|error| unreachable(self.url.as_str(), &error))
    }

    async fn taken(answer: Response) -> Result<Response, ClientError> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        let problem = serde_json::from_str(&text).map_err(|_| ClientError::Unreadable)?;
        Err(ClientError::Refused(problem))
    }
}

/// How long the server asks to wait, if that is all it says (RFC 6585 §4).
fn wait(answer: &Response) -> Option<Duration> {
    if answer.status() != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let seconds = answer.headers().get(header::RETRY_AFTER)?;
    let seconds: u64 = seconds.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, 60)))
}

fn json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(body.to_string())
}

fn unreachable(url: &str, error: &reqwest::Error) -> ClientError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    ClientError::Unreachable {
        url: url.to_owned(),
        why: cause.to_string(),
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => write!(
                f,
                "set PATCHBAY_KEY to an API key; on the server itself: patchbay key create NAME --scope sip:read"
            ),
            Self::BadUrl(url) => write!(f, "PATCHBAY_URL is {url:?}; write it like {HERE}"),
            Self::Unreachable { url, why } => {
                write!(f, "no answer from {url} (setting PATCHBAY_URL): {why}")
            }
            Self::Unreadable => write!(f, "the answer is not that of a Patchbay server"),
            Self::Refused(problem) => {
                write!(f, "{}", problem["message"].as_str().unwrap_or("refused"))?;
                for error in problem["errors"].as_array().into_iter().flatten() {
                    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                    write!(f, "\n  {}: {}", part("field"), part("message"))?;
                }
                Ok(())
            }
        }
    }
}

impl From<ClientError> for String {
    fn from(error: ClientError) -> Self {
        error.to_string()
    }
}
