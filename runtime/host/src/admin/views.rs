//! What the admin API shows; the OpenAPI document describes these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::host::{Applied, Readiness};
use crate::pool::Condition;
use crate::statistics::{End, Limit, Outcome};

/// Why a request is refused, or has failed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Failure {
    pub(super) error: Reason,
}

/// The reason of a failure.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reason {
    /// The response's status.
    pub(super) status: u16,
    /// What was expected, what was found, and what to do.
    pub(super) message: String,
}

/// Whether requests should come to this process.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ready {
    pub(super) ready: bool,
    pub(super) state: Phase,
}

/// What the process is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Apps that start with the process have not all been tried yet.
    Starting,
    Serving,
    /// The process finishes what it has begun, and ends.
    Draining,
}

impl From<Readiness> for Ready {
    fn from(readiness: Readiness) -> Self {
        Self {
            ready: readiness == Readiness::Ready,
            state: match readiness {
                Readiness::Starting => Phase::Starting,
                Readiness::Ready => Phase::Serving,
                Readiness::Draining => Phase::Draining,
            },
        }
    }
}

/// All apps.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AppList {
    /// In the order of their names.
    pub(super) apps: Vec<AppView>,
}

/// An app.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AppView {
    pub(super) name: String,
    /// The hosts that it answers to; `*` is every host that no other app answers to.
    pub(super) hostnames: Vec<String>,
    /// The paths of these hosts that it answers to; none: all.
    pub(super) paths: Vec<String>,
    /// The port, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    /// The app's folder.
    pub(super) path: String,
    /// The names of what its `env` has; values are shown nowhere.
    pub(super) env: Vec<String>,
    /// The number of the version that serves, since the process has the app.
    pub(super) version: u64,
    pub(super) state: AppState,
    /// Why it fails, or is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) instances: usize,
    /// Requests whose responses are not complete.
    pub(super) in_flight: usize,
    /// WebSockets that clients, and other apps, have open to it.
    pub(super) websockets: usize,
    /// Promises given to `waitUntil` that are pending.
    pub(super) background: usize,
    /// V8's heaps of its instances, in bytes, as of their last garbage collections.
    pub(super) heap_bytes: u64,
    /// Memory of its instances outside of V8's heaps, in bytes.
    pub(super) external_bytes: u64,
    /// CPU time of its instances since the app was added, in seconds.
    pub(super) cpu_seconds: f64,
    /// Requests that it has sent to other servers.
    pub(super) outbound_requests: u64,
    /// Those to hosts, addresses or ports that it may not reach, which were refused.
    pub(super) outbound_refused: u64,
    /// Those that wait until others have ended, or for what the process has for all apps.
    pub(super) outbound_waiting: usize,
    /// Requests so far, by the class of the response's status, or `aborted` where the client went away.
    pub(super) requests: BTreeMap<&'static str, u64>,
    /// Requests that met a limit, by its name in the configuration; of `stall_ms`, those whose clients were
    /// too slow; of `subrequests`, those to other servers that were refused.
    pub(super) limit_hits: BTreeMap<&'static str, u64>,
    /// Instances that have ended, by the reason.
    pub(super) instance_ends: BTreeMap<&'static str, u64>,
    /// Instances that did not start.
    pub(super) failed_starts: u64,
}

/// How an app is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AppState {
    /// An instance runs.
    Running,
    /// No instance runs; the next request starts one.
    Idle,
    /// Its first instance starts.
    Starting,
    /// The last start has failed; it is tried again with a request after a while.
    Failing,
    /// It gets no more instances, because too many have been lost.
    Disabled,
}

impl From<&App> for AppView {
    fn from(app: &App) -> Self {
        let current = app.current();
        let config = current.config();
        let counted = app.statistics();
        let usage = counted.usage();
        let (state, reason) = match current.pool().condition() {
            Condition::Running => (AppState::Running, None),
            Condition::Idle => (AppState::Idle, None),
            Condition::Starting => (AppState::Starting, None),
            Condition::Failing(reason) => (AppState::Failing, Some(reason)),
            Condition::Disabled(reason) => (AppState::Disabled, Some(reason)),
        };
        Self {
            name: config.name.as_ref().to_owned(),
            hostnames: config.hosts.iter().map(ToString::to_string).collect(),
            paths: config.paths.iter().map(ToString::to_string).collect(),
            port: config.port,
            path: config.root.display().to_string(),
            env: config.env.keys().cloned().collect(),
            version: app.version(),
            state,
            reason,
            instances: usage.instances,
            in_flight: counted.in_flight(),
            websockets: counted.websockets(),
            background: usage.background,
            heap_bytes: usage.heap_bytes,
            external_bytes: usage.external_bytes,
            cpu_seconds: usage.cpu.as_secs_f64(),
            outbound_requests: usage.outbound_requests,
            outbound_refused: usage.forbidden_requests,
            outbound_waiting: usage.waiting_requests,
            requests: counts(Outcome::ALL, |kind| (kind.name(), counted.outcome(kind))),
            limit_hits: counts(Limit::ALL, |kind| {
                (kind.name(), counted.limit(kind, &usage))
            }),
            instance_ends: counts(End::ALL, |kind| (kind.name(), counted.end(kind))),
            failed_starts: counted.failed_starts(),
        }
    }
}

fn counts<K: Copy>(
    kinds: &[K],
    count: impl Fn(K) -> (&'static str, u64),
) -> BTreeMap<&'static str, u64> {
    kinds.iter().map(|kind| count(*kind)).collect()
}

/// A scheduled event to be sent to an app.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    /// The cron expression that the event is for, which need not be one of the app's; without it, the app's first one.
    pub(super) cron: Option<String>,
}

/// A scheduled event that was sent to an app, and is over.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fired {
    /// The cron expression that the event was for; empty where the app has none and none was given.
    pub(super) cron: String,
    /// Whether the handler, and what it gave to `waitUntil`, came to a good end.
    pub(super) succeeded: bool,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    pub(super) duration_ms: f64,
}

/// What a change by this API has changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Lasting {
    /// Whether it holds when the process starts anew: with a "state" folder in "admin" of the configuration.
    pub(super) persistent: bool,
    #[serde(flatten)]
    pub(super) change: Change,
}

/// What a change has changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Change {
    /// Apps that are new.
    pub(super) added: Vec<String>,
    /// Apps that are no more; they finish what they have begun.
    pub(super) removed: Vec<String>,
    /// Apps of which a new version serves.
    pub(super) replaced: Vec<String>,
    /// Apps of which only routes or limits of requests have changed.
    pub(super) adjusted: Vec<String>,
    /// Apps whose new version does not start; the one before serves on.
    pub(super) refused: Vec<Refused>,
    /// Apps whose new version starts still; the one before serves as yet.
    pub(super) starting: Vec<String>,
    /// Settings that have changed and wait for a restart: what was found, and what stays in force.
    pub(super) fixed: Vec<String>,
}

/// An app whose new version does not start.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Refused {
    pub(super) app: String,
    /// What failed, and where in its source.
    pub(super) reason: String,
}

impl From<Applied> for Change {
    fn from(applied: Applied) -> Self {
        let names = |apps: Vec<std::sync::Arc<str>>| {
            apps.iter().map(|app| app.as_ref().to_owned()).collect()
        };
        let refused = applied.refused.into_iter().map(|(app, reason)| Refused {
            app: app.as_ref().to_owned(),
            reason,
        });
        Self {
            refused: refused.collect(),
            added: names(applied.added),
            removed: names(applied.removed),
            replaced: names(applied.replaced),
            adjusted: names(applied.adjusted),
            starting: names(applied.starting),
            fixed: applied.fixed.iter().map(ToString::to_string).collect(),
        }
    }
}
