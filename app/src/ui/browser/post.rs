//! One call of a server function with a form-encoded body, as a script would make it.

use gloo_net::http::Request;
use serde::de::DeserializeOwned;

use crate::error::AppError;

/// Posts and reads the answer; a refusal comes as the server's own error.
pub(crate) async fn post<T: DeserializeOwned>(function: &str, body: String) -> Result<T, AppError> {
    let response = Request::post(function)
        .header("Accept", "application/json")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
        .map_err(|_| AppError::Offline)?
        .send()
        .await
        .map_err(|_| AppError::Offline)?;
    if response.ok() {
        response.json().await.map_err(|_| AppError::Offline)
    } else {
        Err(response.json().await.unwrap_or(AppError::Offline))
    }
}
