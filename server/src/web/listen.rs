//! The console's socket: connections, how long they may dawdle, and their end.

use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::lifecycle::Lifecycle;

/// How long a client may take for the head of a request, which is also how long a connection may
/// idle between two. Above the 60 s that nginx keeps its own side of an idle connection, so that
/// it is the proxy who closes.
pub const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Pages that listen for events have no end of their own.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Out of file descriptors: others have to close theirs first.
const BREATH: Duration = Duration::from_millis(500);

/// Serves until the life stops; then answers in progress are finished, within two seconds.
pub async fn serve(listener: TcpListener, app: Router, life: Lifecycle, head_within: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(head_within);
    let open = GracefulShutdown::new();
    let stopped = life.stopped();
    while let Some(accepted) = stopped.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "http.accept");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        hurry(&stream);
        let app =
            app.clone()
                .map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
                    request.extensions_mut().insert(ConnectInfo(peer));
                    request.map(axum::body::Body::new)
                });
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        let connection = open.watch(connection);
        let stopped = stopped.clone();
        life.spawn("http.connection", async move {
            let last_words = async {
                stopped.cancelled().await;
                tokio::time::sleep(LAST_WORDS).await;
            };
            tokio::select! {
                served = connection => if let Err(error) = served {
                    tracing::debug!(%error, "http.connection");
                },
                () = last_words => {}
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// Answers go out at once: the last bytes of a page would otherwise wait for a delayed
/// acknowledgement, 40 ms.
fn hurry(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn served(head_within: Duration) -> (SocketAddr, Lifecycle) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route(
            "/",
            axum::routing::get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
                peer.to_string()
            }),
        );
        let life = Lifecycle::new();
        life.spawn("http", serve(listener, app, life.clone(), head_within));
        (address, life)
    }

    #[tokio::test]
    async fn a_client_that_never_finishes_its_request_is_let_go() {
        let (address, _life) = served(Duration::from_millis(100)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_page_learns_who_asks_and_open_connections_end_with_the_server() {
        let (address, life) = served(HEAD_WITHIN).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let me = client.local_addr().unwrap().to_string();
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = vec![0; 4096];
        let size = client.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..size]).ends_with(&me));
        life.stop();
        assert_eq!(client.read(&mut answer).await.unwrap(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
