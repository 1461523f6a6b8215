//! The client side of HTTP: what `fetch()` sends and receives, on the tokio runtime. No JavaScript here.
//!
//! An app's [`Outbound`] is its policy and its connections. Connections are pooled per policy and never shared between apps: one that
//! was made under another app's rules would carry requests past this app's. The address is checked when a connection is made, so every
//! connection in the pool is to an address that the policy permits. TLS sessions and trusted authorities are the process's.

mod address;
mod answer;
mod body;
mod connection;
mod connector;
mod decode;
mod exchange;
mod failure;
mod frames;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod head_wait;
mod integrity;
mod memory;
mod names;
mod own;
mod policy;
mod pool;
mod redirect;
mod request_headers;
mod shares;
mod silence;
mod span;
#[cfg(test)]
mod tests;
mod tls;
mod upgrade;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use nano_engine::Handle;
use nano_worker::{Limits, OutboundHosts, RequestId};

use self::connection::Head;
use self::connector::Connector;
use self::policy::Policy;
use self::pool::{Pool, Received};
use self::shares::Share;
use self::tls::Tls;

pub(crate) use self::answer::{Answer, AnswerBody, Arriving, integrity_mismatch};
pub(crate) use self::body::RequestBody;
pub(crate) use self::exchange::{BoundApp, Exchange, HEADER_COPIES, Way};
pub(crate) use self::failure::Failure;
pub(crate) use self::integrity::matches_integrity;
pub(crate) use self::own::own_request;
pub(crate) use self::request_headers::request_headers;
#[cfg(test)]
pub(crate) use self::tests::server as test_server;

/// What an app may reach, and its connections. One for each app; nothing is opened before the first request.
pub struct Outbound {
    policy: Arc<Policy>,
    subrequests: Option<u32>,
    /// How many there may be at a time.
    connections: usize,
    /// How long a server may take to begin its response.
    head: Duration,
    tls: Tls,
    pool: OnceLock<Pool>,
    counts: Arc<Counts>,
    /// By its number, where it may have several instances.
    app: Option<u64>,
}

/// How many requests there were so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Those that were sent, each redirect by itself.
    pub(crate) sent: AtomicU64,
    /// Those that were too many of one inbound request's.
    pub(crate) refused: AtomicU64,
    /// The inbound requests that these were of, the last ones.
    callers: Mutex<VecDeque<RequestId>>,
    /// Those to hosts, addresses or ports that the app may not reach.
    pub(crate) forbidden: AtomicU64,
    /// Those that wait until others have ended, or for what the process has for all.
    pub(crate) waiting: AtomicUsize,
}

/// Of so many inbound requests it is known that they have asked for too much. Each is asked about when it ends.
const CALLERS: usize = 256;

impl Counts {
    fn refuse(&self, caller: Option<RequestId>) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let Some(caller) = caller else { return };
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.contains(&caller) {
            return;
        }
        if callers.len() == CALLERS {
            callers.pop_front();
        }
        callers.push_back(caller);
    }

    /// Whether requests were refused that were too many of this one's.
    pub(crate) fn has_refused(&self, caller: RequestId) -> bool {
        if self.refused.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.contains(&caller)
    }

    fn waits(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(&self.waiting)
    }
}

/// A request waits until this is dropped.
struct Waits<'c>(&'c AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Outbound {
    /// Everything may be reached, as often as the app likes: for scripts that someone runs on a machine of their own.
    pub fn unrestricted() -> Outbound {
        Outbound::with(Policy::unrestricted(), None, &Limits::default())
    }

    /// These hosts, within `limits`.
    pub fn new(hosts: OutboundHosts, limits: &Limits) -> Outbound {
        Outbound::with(Policy::of(hosts), Some(limits.subrequests), limits)
    }

    fn with(policy: Policy, subrequests: Option<u32>, limits: &Limits) -> Outbound {
        Outbound {
            policy: Arc::new(policy),
            subrequests,
            connections: memory::fitting(limits.memory_mb)
                .min(limits.outbound_connections as usize)
                .max(1),
            head: limits.outbound_head,
            tls: Tls::default(),
            pool: OnceLock::new(),
            counts: Arc::default(),
            app: None,
        }
    }

    /// The same, as one of the app's with this number, which has its share of what the process has for all apps once, whatever its
    /// instances.
    pub fn of_app(mut self, number: u64) -> Outbound {
        self.app = Some(number);
        self
    }

    /// The same, which trusts this certificate authority beside those of all: its certificate, in DER. For servers of tests; what a process
    /// trusts is `SSL_CERT_FILE`'s.
    ///
    /// # Errors
    /// Where it is no certificate.
    pub fn trusting(mut self, authority: &[u8]) -> Result<Outbound, rustls::Error> {
        self.tls = Tls::trusting(authority)?;
        Ok(self)
    }

    /// Whether requests are those of an app, of which a process has many.
    pub(crate) fn is_an_apps(&self) -> bool {
        self.subrequests.is_some()
    }

    /// How many requests one inbound request may cause.
    pub(crate) fn subrequest_limit(&self) -> Option<u32> {
        self.subrequests
    }

    /// What counts the requests.
    pub(crate) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Refuses a request: the inbound request `caller` has caused as many as it may.
    pub(crate) fn subrequests_exceeded(&self, caller: Option<RequestId>) -> Failure {
        self.counts.refuse(caller);
        let limit = self.subrequests.unwrap_or_default();
        Failure::of_limit(
            "subrequests",
            format!(
                "one request to this app may cause {limit} requests of its own, redirects included; to allow more, raise \
                 \"limits\": {{ \"subrequests\": {limit} }} in the app's configuration"
            ),
        )
    }

    /// Sends one request of `isolate`.
    async fn send(
        &self,
        head: &Head,
        body: &mut RequestBody,
        isolate: Option<&Handle>,
    ) -> Result<http::Response<Received>, Failure> {
        let new = || {
            let connector = Connector::new(self.policy.clone(), self.tls.clone(), self.app);
            let share = Share::of(self.app);
            let counts = self.counts.clone();
            Pool::new(connector, share, self.connections, self.head, counts)
        };
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        self.pool.get_or_init(new).send(head, body, isolate).await
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("policy", &self.policy)
            .field("subrequests", &self.subrequests)
            .finish_non_exhaustive()
    }
}
