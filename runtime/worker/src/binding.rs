//! What an app has on its `env`.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{HttpRequest, HttpResponse, RequestId};

/// A member of an app's `env`.
#[derive(Clone, PartialEq, Eq)]
pub enum Binding {
    /// A text.
    Text(Arc<str>),
    /// The text of a JSON value. Each instance has a value of its own.
    Json(Arc<str>),
    /// A text that is shown nowhere.
    Secret(Arc<str>),
    /// Another app, by its name; [`Services`] is the way to it.
    Service(Arc<str>),
}

impl fmt::Debug for Binding {
    /// Leaves out all values: texts may be secrets, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(…)"),
            Self::Json(_) => f.write_str("Json(…)"),
            Self::Secret(_) => f.write_str("Secret(…)"),
            Self::Service(app) => f.debug_tuple("Service").field(app).finish(),
        }
    }
}

/// The apps of a host, as apps reach each other by their service bindings: without a socket.
pub trait Services: Send + Sync + 'static {
    /// Has the app of this name answer a request, as it is when it is called. `caller` is the request that the call is made for.
    ///
    /// Dropping the future, or the response's body before its end, says that the caller is gone; so it is with the request's body,
    /// which can be read until the response is complete.
    ///
    /// # Errors
    /// The app has no response of its own: it is not there, has too much to do, has failed, or has passed a limit.
    fn fetch(
        &self,
        app: &str,
        request: HttpRequest,
        caller: Option<RequestId>,
    ) -> BoxFuture<'static, Result<HttpResponse, ServiceError>>;
}

/// Why a bound app has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError(
    /// Which app it is, and what was wrong.
    pub String,
);

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServiceError {}

/// Where there are no other apps.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn fetch(
        &self,
        app: &str,
        _: HttpRequest,
        _: Option<RequestId>,
    ) -> BoxFuture<'static, Result<HttpResponse, ServiceError>> {
        let error = ServiceError(format!("there is no app {app:?}"));
        Box::pin(async { Err(error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        for (binding, shown) in [
            (Binding::Text("k3y".into()), "Text(…)"),
            (Binding::Json("\"k3y\"".into()), "Json(…)"),
            (Binding::Secret("k3y".into()), "Secret(…)"),
            (Binding::Service("k3y".into()), "Service(\"k3y\")"),
        ] {
            assert_eq!(format!("{binding:?}"), shown);
        }
    }
}
