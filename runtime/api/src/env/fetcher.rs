//! `Fetcher`, a service binding: <https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/>.
//!
//! As in Workers, a call is a subrequest, the host of its URL may be any, redirects are followed to the same app and never to the
//! network, and what the app does not answer by itself is an exception: that it threw, that it is busy, that it has passed a limit.
//!
//! DEPARTURE: the exception is the `TypeError` of a network error, as all of `fetch()`'s; Workers throws an `Error` with the message of
//! the other app's exception.

use std::fmt;
use std::sync::Arc;

use nano_webidl::{Fallible, Scope, Trace};
use nano_worker::Services;

use crate::bindings::fetcher::FetcherMethods;
use crate::bindings::types::{RequestInfo, RequestInit};
use crate::fetch::client::{BoundApp, Way};
use crate::fetch::fetch::fetch;

/// An app that is bound.
#[derive(Trace)]
pub struct Fetcher {
    #[untraced]
    app: Arc<BoundApp>,
}

impl Fetcher {
    /// The app of this name.
    pub(crate) fn new(name: Arc<str>, services: Arc<dyn Services>) -> Fetcher {
        Fetcher {
            app: Arc::new(BoundApp { name, services }),
        }
    }
}

impl FetcherMethods for Fetcher {
    fn fetch<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: RequestInfo<'s>,
        init: RequestInit<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        fetch(scope, input, init, Way::App(self.app.clone()))
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetcher").field(&self.app.name).finish()
    }
}
