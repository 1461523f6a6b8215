//! What is counted of an app, whatever its version: for `/metrics` and the admin API.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nano_worker::{Exit, Instance, RequestId};

/// Upper bounds of a histogram's buckets, in seconds.
type Bounds = &'static [f64];

/// From what an app answers out of its memory to the default `wall_ms`.
const REQUEST_BOUNDS: Bounds = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// From a small app's start to one with much to evaluate.
const START_BOUNDS: Bounds = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// The longest of [`REQUEST_BOUNDS`] and [`START_BOUNDS`], with one for what is beyond it.
const MAX_BUCKETS: usize = 16;

/// More instances of an app do not end before what is told of one is told.
const MAX_ENDED_BY: usize = 64;

/// Durations, counted by size.
#[derive(Debug)]
pub(crate) struct Histogram {
    bounds: Bounds,
    buckets: [AtomicU64; MAX_BUCKETS],
    nanoseconds: AtomicU64,
}

/// A histogram at a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distribution {
    /// An upper bound in seconds, and how many were no longer than that.
    pub(crate) cumulated: Vec<(f64, u64)>,
    /// How many there are.
    pub(crate) count: u64,
    /// Their sum in seconds.
    pub(crate) sum: f64,
}

impl Histogram {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            buckets: Default::default(),
            nanoseconds: AtomicU64::new(0),
        }
    }

    fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| *bound < seconds);
        self.buckets[bucket].fetch_add(1, Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    pub(crate) fn distribution(&self) -> Distribution {
        let mut count = 0;
        let mut below = |bucket: &AtomicU64| {
            count += bucket.load(Relaxed);
            count
        };
        let cumulated = self.bounds.iter().zip(&self.buckets);
        let cumulated = cumulated
            .map(|(bound, bucket)| (*bound, below(bucket)))
            .collect();
        below(&self.buckets[self.bounds.len()]);
        Distribution {
            cumulated,
            count,
            sum: Duration::from_nanos(self.nanoseconds.load(Relaxed)).as_secs_f64(),
        }
    }
}

/// Declares an enumeration of which each has a counter, and a name for the label of a metric.
macro_rules! counted {
    ($(#[$doc:meta])* $kind:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $kind {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What metrics, logs and the admin API call it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

counted! {
    /// What clients were told.
    Outcome {
        Informational = "1xx",
        Success = "2xx",
        Redirection = "3xx",
        ClientError = "4xx",
        ServerError = "5xx",
        /// The client went away before the end of the response.
        Aborted = "aborted",
    }
}

counted! {
    /// A limit that has been passed; the names are those of the configuration.
    Limit {
        Cpu = "cpu_ms",
        RequestCpu = "request_cpu_ms",
        Memory = "memory_mb",
        Wall = "wall_ms",
        InFlight = "in_flight",
        Queue = "queue",
        Body = "body_mb",
        Response = "response_mb",
        WebSockets = "websockets",
        /// The time-out of `clients`: too little came of the request's body, or was taken of the response's.
        Stall = "stall_ms",
        /// Counted by instances: the app may go on without the request that it cannot make.
        Subrequests = "subrequests",
        /// The same.
        Timers = "timers",
        /// The limit of the process, of which the app's instance held most, or which left no room for a body.
        Process = "process_memory",
    }
}

counted! {
    /// Why an instance has ended.
    End {
        /// It was idle, replaced, or its app was removed.
        Stopped = "stopped",
        Cpu = "cpu_ms",
        RequestCpu = "request_cpu_ms",
        Memory = "memory_mb",
        Process = "process_memory",
        /// It was idle when the process needed memory.
        Evicted = "evicted",
        Crashed = "crashed",
        Unresponsive = "unresponsive",
        /// Another app's instance took their thread with it.
        ThreadLost = "thread_lost",
        Fault = "fault",
    }
}

impl From<&Exit> for End {
    fn from(exit: &Exit) -> Self {
        match exit {
            Exit::Stopped => Self::Stopped,
            Exit::CpuLimit => Self::Cpu,
            Exit::RequestCpuLimit { .. } => Self::RequestCpu,
            Exit::HeapLimit => Self::Memory,
            Exit::ProcessLimit => Self::Process,
            Exit::Evicted => Self::Evicted,
            Exit::Crashed => Self::Crashed,
            Exit::Unresponsive => Self::Unresponsive,
            Exit::ThreadLost => Self::ThreadLost,
            Exit::Fault { .. } => Self::Fault,
        }
    }
}

/// What is counted of an app since it was added. Each request touches few of them.
pub(crate) struct Statistics {
    /// Requests whose responses are not complete, of all versions.
    in_flight: AtomicUsize,
    /// WebSockets that are open, of all versions.
    websockets: AtomicUsize,
    outcomes: [AtomicU64; Outcome::ALL.len()],
    limits: [AtomicU64; Limit::ALL.len()],
    /// The last requests that have passed their CPU limit.
    ended_by: Mutex<VecDeque<RequestId>>,
    ends: [AtomicU64; End::ALL.len()],
    is_exiled: AtomicBool,
    response_bytes: AtomicU64,
    failed_starts: AtomicU64,
    /// From a request's head to the last byte of the response.
    pub(crate) requests: Histogram,
    /// Starts of instances that worked.
    pub(crate) starts: Histogram,
    instances: Mutex<Instances>,
}

/// The instances that run, of all versions.
#[derive(Default)]
struct Instances {
    living: Vec<Arc<dyn Instance>>,
    /// CPU time of those that have ended.
    past_cpu: Duration,
    /// And what they have sent to other servers.
    past_outbound: u64,
    /// And what they were not allowed to send.
    past_refused: u64,
    /// And what they may not reach.
    past_forbidden: u64,
    /// And the timers that they were not allowed to set.
    past_refused_timers: u64,
    /// And how often they were short of memory.
    past_refused_memory: u64,
}

/// What an app's instances use, of all versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// How many run.
    pub(crate) instances: usize,
    /// V8's heaps, as of their last garbage collections.
    pub(crate) heap_bytes: u64,
    /// Memory outside of them.
    pub(crate) external_bytes: u64,
    /// Promises given to `waitUntil` that are pending.
    pub(crate) background: usize,
    /// CPU time since the app was added.
    pub(crate) cpu: Duration,
    /// Requests to other servers since then.
    pub(crate) outbound_requests: u64,
    /// And those that were too many of one inbound request's.
    pub(crate) refused_subrequests: u64,
    /// And those to what the app may not reach.
    pub(crate) forbidden_requests: u64,
    /// Those that wait to be sent.
    pub(crate) waiting_requests: usize,
    /// Timers that were too many.
    pub(crate) refused_timers: u64,
    /// How often something did not fit into an instance's memory.
    pub(crate) refused_memory: u64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            in_flight: AtomicUsize::default(),
            websockets: AtomicUsize::default(),
            outcomes: Default::default(),
            limits: Default::default(),
            ended_by: Mutex::default(),
            ends: Default::default(),
            is_exiled: AtomicBool::new(false),
            response_bytes: AtomicU64::default(),
            failed_starts: AtomicU64::default(),
            requests: Histogram::new(REQUEST_BOUNDS),
            starts: Histogram::new(START_BOUNDS),
            instances: Mutex::default(),
        }
    }
}

impl Statistics {
    /// A request is taken in; gives how many there were before.
    pub(crate) fn begins(&self) -> usize {
        self.in_flight.fetch_add(1, Relaxed)
    }

    /// The same request is over.
    pub(crate) fn is_over(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// Requests whose responses are not complete.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// A request in flight becomes a WebSocket; gives how many there were before.
    pub(crate) fn becomes_websocket(&self) -> usize {
        let before = self.websockets.fetch_add(1, Relaxed);
        self.is_over();
        before
    }

    /// A WebSocket has ended.
    pub(crate) fn websocket_is_over(&self) {
        self.websockets.fetch_sub(1, Relaxed);
    }

    /// WebSockets that are open.
    pub(crate) fn websockets(&self) -> usize {
        self.websockets.load(Relaxed)
    }

    /// A request for the app is over, whether it was taken in or not.
    pub(crate) fn answered(
        &self,
        status: http::StatusCode,
        is_aborted: bool,
        bytes: u64,
        took: Duration,
    ) {
        let outcome = if is_aborted {
            Outcome::Aborted
        } else {
            match status.as_u16() {
                ..200 => Outcome::Informational,
                200..300 => Outcome::Success,
                300..400 => Outcome::Redirection,
                400..500 => Outcome::ClientError,
                500.. => Outcome::ServerError,
            }
        };
        self.outcomes[outcome as usize].fetch_add(1, Relaxed);
        self.response_bytes.fetch_add(bytes, Relaxed);
        // How long a WebSocket lasts says nothing of how fast an app is.
        if status != http::StatusCode::SWITCHING_PROTOCOLS {
            self.requests.observe(took);
        }
    }

    /// A request met a limit.
    pub(crate) fn limited(&self, id: RequestId, limit: Limit) {
        if limit != Limit::RequestCpu || self.is_first_told_of(id) {
            self.limits[limit as usize].fetch_add(1, Relaxed);
        }
    }

    /// A request has passed its CPU limit. That ends its instance, and both tell, in any order; but the request does not if its line had
    /// been written, and work in `waitUntil` went on.
    fn is_first_told_of(&self, id: RequestId) -> bool {
        let mut told = self.ended_by.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(&id) {
            return false;
        }
        if told.len() == MAX_ENDED_BY {
            told.pop_front();
        }
        told.push_back(id);
        true
    }

    /// An instance has started.
    pub(crate) fn started(&self, instance: &Arc<dyn Instance>, took: Duration) {
        self.starts.observe(took);
        self.lock().living.push(instance.clone());
    }

    /// An instance has not started.
    pub(crate) fn start_failed(&self) {
        self.failed_starts.fetch_add(1, Relaxed);
    }

    /// The same instance has ended.
    pub(crate) fn ended(&self, instance: &Arc<dyn Instance>, exit: &Exit) {
        self.ends[End::from(exit) as usize].fetch_add(1, Relaxed);
        if let Exit::RequestCpuLimit { request } = exit {
            self.limited(*request, Limit::RequestCpu);
        }
        let mut instances = self.lock();
        instances
            .living
            .retain(|living| !Arc::ptr_eq(living, instance));
        let stats = instance.stats();
        instances.past_cpu += stats.cpu();
        instances.past_outbound += stats.outbound_requests;
        instances.past_refused += stats.refused_subrequests;
        instances.past_forbidden += stats.forbidden_requests;
        instances.past_refused_timers += stats.refused_timers;
        instances.past_refused_memory += stats.refused_memory;
    }

    /// What the instances use.
    pub(crate) fn usage(&self) -> Usage {
        let instances = self.lock();
        let mut usage = Usage {
            cpu: instances.past_cpu,
            outbound_requests: instances.past_outbound,
            refused_subrequests: instances.past_refused,
            forbidden_requests: instances.past_forbidden,
            refused_timers: instances.past_refused_timers,
            refused_memory: instances.past_refused_memory,
            ..Usage::default()
        };
        for stats in instances.living.iter().map(|instance| instance.stats()) {
            usage.instances += 1;
            usage.heap_bytes += stats.heap_bytes;
            usage.external_bytes += stats.external_bytes;
            usage.background += stats.background;
            usage.cpu += stats.cpu();
            usage.outbound_requests += stats.outbound_requests;
            usage.refused_subrequests += stats.refused_subrequests;
            usage.forbidden_requests += stats.forbidden_requests;
            usage.waiting_requests += stats.waiting_requests;
            usage.refused_timers += stats.refused_timers;
            usage.refused_memory += stats.refused_memory;
        }
        usage
    }

    fn lock(&self) -> MutexGuard<'_, Instances> {
        // Nothing that can panic leaves it half changed.
        self.instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Relaxed)
    }

    /// How often a limit was met; `usage` is the app's.
    pub(crate) fn limit(&self, limit: Limit, usage: &Usage) -> u64 {
        match limit {
            Limit::Subrequests => usage.refused_subrequests,
            Limit::Timers => usage.refused_timers,
            // By which an instance has ended, and what was refused before it came to that.
            Limit::Memory => self.limits[limit as usize].load(Relaxed) + usage.refused_memory,
            _ => self.limits[limit as usize].load(Relaxed),
        }
    }

    pub(crate) fn end(&self, end: End) -> u64 {
        self.ends[end as usize].load(Relaxed)
    }

    /// The app's instances have threads of their own from now on. Returns whether that is new.
    pub(crate) fn exile(&self) -> bool {
        !self.is_exiled.swap(true, Relaxed)
    }

    /// Whether they have, as one of them has held up others.
    pub(crate) fn is_exiled(&self) -> bool {
        self.is_exiled.load(Relaxed)
    }

    /// Bytes of responses' bodies that have been sent.
    pub(crate) fn response_bytes(&self) -> u64 {
        self.response_bytes.load(Relaxed)
    }

    pub(crate) fn failed_starts(&self) -> u64 {
        self.failed_starts.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use nano_worker::Launcher as _;

    use super::*;
    use crate::fake::{FakeLauncher, app_config};
    use crate::log::AppLog;

    #[test]
    fn durations_fall_into_the_bucket_of_the_next_bound() {
        let histogram = Histogram::new(REQUEST_BOUNDS);
        for millis in [1, 2, 3000, 60_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let found = histogram.distribution();
        let at = |bound: f64| {
            let (_, count) = found.cumulated.iter().find(|(b, _)| *b == bound).unwrap();
            *count
        };
        assert_eq!(
            [
                at(0.0005),
                at(0.001),
                at(0.0025),
                at(2.5),
                at(5.0),
                at(30.0)
            ],
            [0, 1, 2, 2, 3, 3]
        );
        assert_eq!((found.count, found.sum), (4, 63.003));
    }

    #[test]
    fn bounds_rise_and_have_room() {
        for bounds in [REQUEST_BOUNDS, START_BOUNDS] {
            assert!(bounds.is_sorted() && bounds.len() < MAX_BUCKETS);
        }
    }

    #[test]
    fn requests_are_counted_by_what_clients_were_told() {
        let statistics = Statistics::default();
        for (status, aborted) in [
            (200, false),
            (204, false),
            (404, false),
            (503, false),
            (200, true),
        ] {
            let status = http::StatusCode::from_u16(status).unwrap();
            statistics.answered(status, aborted, 10, Duration::from_millis(1));
        }
        let counts: Vec<_> = Outcome::ALL
            .iter()
            .map(|outcome| (outcome.name(), statistics.outcome(*outcome)))
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(counts, [("2xx", 2), ("4xx", 1), ("5xx", 1), ("aborted", 1)]);
        assert_eq!(statistics.response_bytes(), 50);
    }

    #[tokio::test]
    async fn instances_leave_their_cpu_time_when_they_end() {
        let launcher = FakeLauncher::new();
        let options = app_config("a").worker_options(
            Arc::new(AppLog::new("a".into())),
            Arc::new(nano_worker::NoServices),
            Arc::default(),
        );
        let statistics = Statistics::default();
        let instance = launcher.launch(options).await.ok().unwrap();
        statistics.started(&instance, Duration::from_millis(2));
        let running = statistics.usage();
        assert_eq!(
            (running.instances, running.heap_bytes),
            (1, instance.stats().heap_bytes)
        );
        assert!(running.cpu > Duration::ZERO && running.heap_bytes > 0);
        assert_eq!(
            (
                running.outbound_requests,
                running.refused_subrequests,
                running.refused_timers,
                running.refused_memory,
                running.forbidden_requests,
                running.waiting_requests
            ),
            (3, 2, 4, 6, 5, 1)
        );
        statistics.ended(&instance, &Exit::CpuLimit);
        let expected = Usage {
            cpu: running.cpu,
            outbound_requests: running.outbound_requests,
            refused_subrequests: running.refused_subrequests,
            forbidden_requests: running.forbidden_requests,
            refused_timers: running.refused_timers,
            refused_memory: running.refused_memory,
            ..Usage::default()
        };
        assert_eq!(statistics.usage(), expected);
        assert_eq!(
            (statistics.end(End::Cpu), statistics.end(End::Crashed)),
            (1, 0)
        );
        // Work that goes on after a request counts as the request does, and once.
        let hits = || statistics.limit(Limit::RequestCpu, &Usage::default());
        for (number, is_told) in [(1, true), (2, false)] {
            let request = RequestId(number);
            if is_told {
                statistics.limited(request, Limit::RequestCpu);
            }
            statistics.ended(&instance, &Exit::RequestCpuLimit { request });
            assert_eq!(hits(), number);
        }
        statistics.limited(RequestId(2), Limit::RequestCpu);
        assert_eq!(hits(), 2);
    }
}
