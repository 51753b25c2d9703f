//! Which scope each operation needs. It is asked for before anything else of a request is looked at: whoever lacks it
//! is told so, and never what there is or what a body should be.

use std::collections::HashMap;

use app::error::{AppError, Scope};
use app::ports::Caller;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;

/// By path, as the router has it.
#[derive(Default)]
pub(super) struct Needs(HashMap<String, Vec<(Method, Scope)>>);

impl Needs {
    /// One operation more.
    pub(super) fn note(&mut self, method: &Method, path: &str, scope: Scope) {
        let verbs = self.0.entry(path.to_owned()).or_default();
        verbs.push((method.clone(), scope));
    }

    /// Those of a resource.
    pub(super) fn extend(&mut self, other: Self) {
        for (path, verbs) in other.0 {
            self.0.entry(path).or_default().extend(verbs);
        }
    }

    /// `Ok` if whoever asks may. Where there is no operation there is nothing to keep from anybody.
    pub(super) fn met(&self, request: &Request) -> Result<(), AppError> {
        match (self.of(request), request.extensions().get::<Caller>()) {
            (Some(scope), Some(caller)) => caller.may(scope),
            (Some(_), None) => Err(AppError::Unauthenticated),
            (None, _) => Ok(()),
        }
    }

    fn of(&self, request: &Request) -> Option<Scope> {
        let path = request.extensions().get::<MatchedPath>()?;
        // The router answers HEAD as it answers GET.
        let asked = match *request.method() {
            Method::HEAD => &Method::GET,
            ref other => other,
        };
        let verbs = self.0.get(path.as_str())?;
        let found = verbs.iter().find(|(method, _)| method == asked);
        found.map(|(_, scope)| *scope)
    }
}
