//! What an isolate with the Web APIs is given.

use std::sync::Arc;
use std::time::Duration;

use nano_worker::Agent;

use crate::console::ConsoleSink;
use crate::environment::ErrorSink;
use crate::environment::timers::TimerQuota;
use crate::fetch::client::Outbound;
use crate::url::UrlRecord;

/// How the Web APIs of one isolate behave. Given to [`nano_engine::IsolateOptions::data`].
pub struct ApiOptions {
    /// What relative URLs are resolved against, the settings object's API base URL. Apps of a server have none.
    pub base_url: Option<UrlRecord>,
    /// Where `console` writes.
    pub console: Box<dyn ConsoleSink + Send>,
    /// Where exceptions go that nothing caught.
    pub errors: Box<dyn ErrorSink>,
    /// What `fetch()` may reach.
    pub outbound: Arc<Outbound>,
    /// What it has in common with the app's other instances: what `caches` has, broadcasts and locks.
    pub agent: Arc<Agent>,
    /// Whether `eval` and the like are there: then timers take strings, too.
    pub allow_eval: bool,
    /// How many timers there may be at a time.
    pub timers: TimerQuota,
    /// CPU time of all turns of one request or scheduled event; `None`: any.
    pub request_cpu: Option<Duration>,
}
