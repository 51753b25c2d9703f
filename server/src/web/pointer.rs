//! A service that clones as one pointer.
//!
//! axum's layers clone whatever they lie on for each request, and a boxed service clones all of its
//! inside: ten layers cost fifty allocations a request. What lies on one of these clones a pointer.

use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt as _};

/// Lies between the layers and what they lie on.
#[derive(Clone, Copy, Debug)]
pub struct OnePointer;

/// What is behind the pointer is cloned once a call.
#[derive(Debug)]
pub struct Pointed<S>(Arc<S>);

impl<S> Layer<S> for OnePointer {
    type Service = Pointed<S>;

    fn layer(&self, inner: S) -> Pointed<S> {
        Pointed(Arc::new(inner))
    }
}

impl<S> Clone for Pointed<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, R> Service<R> for Pointed<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Oneshot<S, R>;

    /// Each call waits for its own clone.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Oneshot<S, R> {
        S::clone(&self.0).oneshot(request)
    }
}
