//! What is counted: for `/metrics`, in the text format of Prometheus, and for a collector.
//!
//! Labels are bounded: by the apps of the configuration, and by enumerations. An app that is removed takes its series with it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use prometheus::core::Collector as _;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use prometheus::{Encoder as _, TextEncoder};

use crate::app::App;
use crate::otlp::{Exporter, Group};
use crate::server::crowd::Crowd;
use crate::statistics::{Distribution, End, Limit, Outcome};

/// The media type of the format.
pub(crate) const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// All metrics of these apps and of the process, with the connections of its clients, and perhaps a collector.
pub(crate) fn render(
    apps: &[Arc<App>],
    crowd: &Crowd,
    exporter: Option<&Arc<Exporter>>,
) -> Vec<u8> {
    let mut families = of_process(crowd, exporter);
    families.extend(of_apps(apps));
    // A family without a metric cannot be written.
    families.retain(|family| !family.get_metric().is_empty());
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&families, &mut text) {
        tracing::error!(%error, "metrics cannot be written");
    }
    text
}

/// The same, each app's by themselves.
pub(crate) fn groups(
    apps: &[Arc<App>],
    crowd: &Crowd,
    exporter: Option<&Arc<Exporter>>,
) -> Vec<Group> {
    let of_app = |app: &Arc<App>| Group {
        app: Some(app.name().clone()),
        since: Some(app.since()),
        families: of_apps(std::slice::from_ref(app)),
    };
    let process = Group {
        app: None,
        since: None,
        families: of_process(crowd, exporter),
    };
    std::iter::once(process)
        .chain(apps.iter().map(of_app))
        .collect()
}

fn of_process(crowd: &Crowd, exporter: Option<&Arc<Exporter>>) -> Vec<MetricFamily> {
    let mut info = Family::new("nano_info", "The version of NANO.", MetricType::GAUGE);
    info.gauge(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    #[cfg_attr(not(target_os = "linux"), expect(unused_mut))]
    let help = "Connections of clients, but for those to the admin API.";
    let mut open = Family::gauge_of("nano_connections", help);
    open.gauge(&[], crowd.count() as f64);
    let help = "Connections of clients that were closed, or not taken in, for others, by the limit that was met.";
    let mut closed = Family::counter_of("nano_connections_closed_total", help);
    for (limit, count) in crowd.closed() {
        closed.counter(&[("limit", limit)], count as f64);
    }
    let help = "Requests that no app has seen, by the status of the answer: malformed, too large or too slow a head, no app for the host.";
    let mut refused = Family::counter_of("nano_refused_requests_total", help);
    for (status, count) in crowd.refusals() {
        refused.counter(&[("status", &status.to_string())], count as f64);
    }
    let mut families = vec![info.0, open.0, closed.0, refused.0];
    families.extend(
        exporter
            .into_iter()
            .flat_map(|exporter| of_exporter(exporter)),
    );
    #[cfg(target_os = "linux")]
    families.extend(prometheus::process_collector::ProcessCollector::for_self().collect());
    families
}

fn of_exporter(exporter: &Exporter) -> [MetricFamily; 2] {
    let counts = exporter.counts();
    let help = "Spans for the collector, by what has become of them.";
    let mut spans = Family::counter_of("nano_otlp_spans_total", help);
    for (outcome, count) in [("sent", &counts.sent), ("dropped", &counts.dropped)] {
        spans.counter(&[("outcome", outcome)], count.load(Relaxed) as f64);
    }
    let help = "Attempts to send something to the collector that it did not take.";
    let mut failures = Family::counter_of("nano_otlp_failures_total", help);
    failures.counter(&[], counts.failures.load(Relaxed) as f64);
    [spans.0, failures.0]
}

/// The metrics of one name, of all apps.
struct Family(MetricFamily);

impl Family {
    fn new(name: &str, help: &str, kind: MetricType) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        Self(family)
    }

    fn counter_of(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::COUNTER)
    }

    fn gauge_of(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::GAUGE)
    }

    fn histogram_of(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::HISTOGRAM)
    }

    fn add(&mut self, labels: &[(&str, &str)], set: impl FnOnce(&mut Metric)) {
        let labels = labels.iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value((*value).to_owned());
            label
        });
        let mut metric = Metric::default();
        metric.set_label(labels.collect());
        set(&mut metric);
        self.0.mut_metric().push(metric);
    }

    fn counter(&mut self, labels: &[(&str, &str)], value: f64) {
        self.add(labels, |metric| {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        });
    }

    fn gauge(&mut self, labels: &[(&str, &str)], value: f64) {
        self.add(labels, |metric| {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        });
    }

    fn histogram(&mut self, labels: &[(&str, &str)], found: &Distribution) {
        self.add(labels, |metric| {
            let buckets = found.cumulated.iter().map(|(bound, count)| {
                let mut bucket = Bucket::default();
                bucket.set_upper_bound(*bound);
                bucket.set_cumulative_count(*count);
                bucket
            });
            let mut histogram = Histogram::default();
            histogram.set_bucket(buckets.collect());
            histogram.set_sample_count(found.count);
            histogram.set_sample_sum(found.sum);
            metric.set_histogram(histogram);
        });
    }
}

fn of_apps(apps: &[Arc<App>]) -> Vec<MetricFamily> {
    let mut families = AppFamilies::new();
    for app in apps {
        families.add(app);
    }
    families.into_vec()
}

/// Declares the families of apps, in the order in which they are written.
macro_rules! families {
    ($($field:ident: $make:ident($name:literal, $help:literal),)*) => {
        struct AppFamilies { $($field: Family,)* }

        impl AppFamilies {
            fn new() -> Self {
                Self { $($field: Family::$make($name, $help),)* }
            }

            fn into_vec(self) -> Vec<MetricFamily> {
                vec![$(self.$field.0,)*]
            }
        }
    };
}

families! {
    version: gauge_of("nano_app_version", "The number of the app's version that serves, since the process has the app."),
    disabled: gauge_of("nano_app_disabled", "1 if the app gets no more instances, because too many have been lost."),
    requests: counter_of("nano_requests_total", "Requests for the app, by the class of the response's status, or \"aborted\" where the client went away."),
    duration: histogram_of("nano_request_duration_seconds", "From a request's head to the last byte of its response."),
    in_flight: gauge_of("nano_requests_in_flight", "Requests whose responses are not complete."),
    websockets: gauge_of("nano_websockets", "WebSockets that clients, and other apps, have open to the app."),
    bytes: counter_of("nano_response_bytes_total", "Bytes of responses' bodies that were sent."),
    limits: counter_of("nano_limit_hits_total", "Requests that met a limit, by its name in the configuration; of stall_ms, those whose clients were too slow; of subrequests and timers, those that were refused."),
    starts: histogram_of("nano_start_duration_seconds", "Starts of instances: isolate, modules, top-level await."),
    failed_starts: counter_of("nano_failed_starts_total", "Instances that did not start."),
    instances: gauge_of("nano_instances", "Instances that run."),
    ends: counter_of("nano_instance_ends_total", "Instances that have ended, and why."),
    heap: gauge_of("nano_heap_bytes", "V8's heaps of the app's instances, as of their last garbage collections."),
    external: gauge_of("nano_external_bytes", "Memory of the app's instances outside of V8's heaps."),
    background: gauge_of("nano_background_promises", "Promises given to waitUntil that are pending."),
    cpu: counter_of("nano_cpu_seconds_total", "CPU time of the app's instances, those that have ended included."),
    outbound: counter_of("nano_outbound_requests_total", "Requests that the app has sent to other servers, each redirect by itself."),
    forbidden: counter_of("nano_outbound_refused_total", "Requests of the app to hosts, addresses or ports that it may not reach."),
    waiting: gauge_of("nano_outbound_waiting", "Requests to other servers that wait until others of the app have ended, or for what the process has for all apps."),
    lines: counter_of("nano_log_lines_total", "Log lines of the app and its requests that were written."),
    dropped: counter_of("nano_log_lines_dropped_total", "Log lines of the app and its requests that were dropped."),
}

impl AppFamilies {
    fn add(&mut self, app: &App) {
        let name = ("app", &**app.name());
        let own = &[name];
        let counted = app.statistics();
        let usage = counted.usage();
        self.version.gauge(own, app.version() as f64);
        let is_disabled = app.disabled().is_some();
        self.disabled.gauge(own, f64::from(u8::from(is_disabled)));
        for outcome in Outcome::ALL {
            let labels = &[name, ("status", outcome.name())];
            self.requests
                .counter(labels, counted.outcome(*outcome) as f64);
        }
        let duration = counted.requests.distribution();
        self.duration.histogram(own, &duration);
        self.in_flight.gauge(own, counted.in_flight() as f64);
        self.websockets.gauge(own, counted.websockets() as f64);
        self.bytes.counter(own, counted.response_bytes() as f64);
        for limit in Limit::ALL {
            let labels = &[name, ("limit", limit.name())];
            self.limits
                .counter(labels, counted.limit(*limit, &usage) as f64);
        }
        self.starts.histogram(own, &counted.starts.distribution());
        self.failed_starts
            .counter(own, counted.failed_starts() as f64);
        self.instances.gauge(own, usage.instances as f64);
        for end in End::ALL {
            let labels = &[name, ("reason", end.name())];
            self.ends.counter(labels, counted.end(*end) as f64);
        }
        self.heap.gauge(own, usage.heap_bytes as f64);
        self.external.gauge(own, usage.external_bytes as f64);
        self.background.gauge(own, usage.background as f64);
        self.cpu.counter(own, seconds(usage.cpu));
        self.outbound.counter(own, usage.outbound_requests as f64);
        self.forbidden.counter(own, usage.forbidden_requests as f64);
        self.waiting.gauge(own, usage.waiting_requests as f64);
        let log = app.log_statistics();
        self.lines.counter(own, log.lines as f64);
        self.dropped.counter(own, log.dropped_lines as f64);
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
