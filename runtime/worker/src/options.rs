//! What a worker is told about its app.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{Binding, Commons, LogSink, OutboundHosts, Services};

/// Everything that an instance needs to run an app.
#[derive(Clone)]
pub struct WorkerOptions {
    /// The app's name, for logs and thread names.
    pub name: Arc<str>,
    /// The app's folder: nothing outside of it can be imported.
    pub root: PathBuf,
    /// The entry module, relative to `root`. None: found by the rules (package.json, then `index.js`, `index.mjs`,
    /// `index.ts` and the like).
    pub entry: Option<PathBuf>,
    /// The `env` argument of handlers.
    pub env: BTreeMap<String, Binding>,
    /// The way to the apps that are [bound](Binding::Service).
    pub services: Arc<dyn Services>,
    /// What the instance may use.
    pub limits: Limits,
    /// Whose thread it runs on.
    pub isolation: Isolation,
    /// Hosts that outbound requests may reach.
    pub outbound: OutboundHosts,
    /// What all of the app's instances share: caches, broadcasts and locks.
    pub commons: Arc<Commons>,
    /// Where `console` and uncaught exceptions go.
    pub log: Arc<dyn LogSink>,
}

impl std::fmt::Debug for WorkerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerOptions")
            .field("name", &self.name)
            .field("root", &self.root)
            .field("entry", &self.entry)
            .field("env", &self.env)
            .field("limits", &self.limits)
            .field("isolation", &self.isolation)
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

/// Whose thread an instance runs on. It has an isolate of its own in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Its own.
    #[default]
    Dedicated,
    /// One of a few that take turns of many instances: an instance that has nothing to do costs no thread, and a connection that asks
    /// for several of them wakes none. They wait for each other's turns.
    Shared,
}

/// What one instance may use. Limits of requests (wall time, body size, number in flight) are the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// V8's heap and ArrayBuffers together, in MiB.
    pub memory_mb: u32,
    /// CPU time of one turn: an uninterrupted run of JavaScript.
    pub cpu: Duration,
    /// CPU time of all turns of one request or scheduled event, until it is over; `None`: any.
    pub request_cpu: Option<Duration>,
    /// Outbound requests that one inbound request may cause.
    pub subrequests: u32,
    /// Timers that may be set at a time, by `setTimeout()` and whatever else waits for the app by time.
    pub timers: u32,
    /// Outbound requests that may be under way at a time, and connections to other servers; at least 1, and no more than fit into a
    /// quarter of the memory. A request is under way until the last byte of its response has been read. Further ones wait for their
    /// turn.
    pub outbound_connections: u32,
    /// How long another server may take to begin its response, once it has the request.
    pub outbound_head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mb: 128,
            cpu: Duration::from_secs(5),
            request_cpu: None,
            subrequests: 1000,
            timers: 10_000,
            outbound_connections: 256,
            outbound_head: Duration::from_secs(60),
        }
    }
}

/// Entry modules of apps, in the order in which they are looked for, where neither the configuration nor `package.json` names one.
/// What runs as it is, the first [`JAVASCRIPT_ENTRIES`], comes before what is made JavaScript of: it may have been made of the others.
pub const ENTRIES: [&str; 6] = [
    "index.js",
    "index.mjs",
    "index.ts",
    "index.tsx",
    "index.mts",
    "index.jsx",
];

/// How many of [`ENTRIES`] are JavaScript.
pub const JAVASCRIPT_ENTRIES: usize = 2;
