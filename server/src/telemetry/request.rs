//! Which HTTP request is being answered, for code that does not see the request.

use app::domain::id::RequestId;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// None outside of a request (a call, a command).
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(|id| *id).ok()
}

/// Answers a request under this id.
pub async fn answering<F: Future>(id: RequestId, answer: F) -> F::Output {
    CURRENT.scope(id, answer).await
}
