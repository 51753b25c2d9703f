//! What stands in a path in the place of its parameters.

use axum::extract::{self, FromRequestParts};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Api;
use super::problem::Problem;

/// The parameters of a path as texts, a tuple if there are several. axum's own refuses in plain
/// text, which no script expects of this API.
#[derive(Clone, Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let read = extract::Path::from_request_parts(parts, api).await;
        // A text takes whatever is text, so that nothing else can be wrong.
        let unreadable = |_| Problem::Unreadable("its path is not UTF-8".to_owned());
        read.map(|extract::Path(it)| Self(it)).map_err(unreadable)
    }
}
