//! Traces and metrics on their way to a collector: <https://opentelemetry.io/docs/specs/otlp/>.
//!
//! Nobody waits for the collector. Spans that have ended stand in a queue with an end, of which each app has a share; what finds no place
//! there is dropped and counted. One task takes them out and sends them in batches, another one sends metrics.

mod collector;
mod metrics;
mod spans;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use nano_worker::{ClientSpan, Launcher, SpanSink, Stop};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use self::collector::Collector;
pub(crate) use self::metrics::Group;
pub(crate) use self::spans::{ServerSpan, cut};
use self::spans::{resource, scope};
use crate::config::OtlpConfig;
use crate::places::{Place, Places};

/// Spans that may wait: those of some moments of a busy server. Texts in them are cut, so that they take 30 MB at the very most.
const QUEUE: usize = 8192;
/// Spans that are sent at a time.
const BATCH: usize = 1024;
/// How long a span waits for others.
const DELAY: Duration = Duration::from_secs(1);
/// How long the end of the process waits for the collector, if its deadline lets it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A span that has ended.
enum Ended {
    Server(ServerSpan),
    Client(ClientSpan),
}

/// One that waits, in a place of its app's or the host's own.
struct Waiting {
    span: Ended,
    place: Place<Option<Arc<str>>>,
}

/// What has become of spans and of what was sent.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) failures: AtomicU64,
}

/// Takes spans, and sends them to a collector.
pub(crate) struct Exporter {
    config: OtlpConfig,
    queue: mpsc::UnboundedSender<Waiting>,
    /// Bound the queue.
    places: Arc<Places<Option<Arc<str>>>>,
    counts: Arc<Counts>,
    stop: Stop,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Exporter").field(&self.config).finish()
    }
}

impl Exporter {
    /// Begins to send to a collector, through `launcher`; `measure` gives the metrics. Must be called within a tokio runtime.
    pub(crate) fn start(
        config: OtlpConfig,
        launcher: Arc<dyn Launcher>,
        measure: impl Fn() -> Vec<Group> + Send + 'static,
    ) -> Arc<Self> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let (counts, stop) = (Arc::<Counts>::default(), Stop::default());
        let collector = |signal| {
            let (counts, stop) = (counts.clone(), stop.clone());
            Collector::new(&config, signal, launcher.clone(), counts, stop)
        };
        let mut tasks = vec![tokio::spawn(send_spans(waiting, collector("traces")))];
        if let Some(every) = config.metrics {
            tasks.push(tokio::spawn(send_metrics(
                every,
                collector("metrics"),
                measure,
            )));
        }
        Arc::new(Self {
            config,
            queue,
            places: Places::new(),
            counts,
            stop,
            tasks: Mutex::new(tasks),
        })
    }

    /// Whether a trace that begins here is recorded, which has this position among all.
    pub(crate) fn samples(&self, position: f64) -> bool {
        position < self.config.sample
    }

    /// What has become of spans.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes the span of a request.
    pub(crate) fn server(&self, span: ServerSpan) {
        self.put(&span.app.clone(), Ended::Server(span));
    }

    /// What takes the spans of an app's own requests.
    pub(crate) fn sink(self: &Arc<Self>, app: Arc<str>) -> Arc<dyn SpanSink> {
        Arc::new(AppSpans {
            exporter: self.clone(),
            app: Some(app),
        })
    }

    fn put(&self, app: &Option<Arc<str>>, span: Ended) {
        let place = self.places.share(app, QUEUE);
        if !place.is_ok_and(|place| self.queue.send(Waiting { span, place }).is_ok()) {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Sends what is left, within `longest` and a time of its own. Nothing is sent any more afterwards.
    pub(crate) async fn flush(&self, longest: Duration) {
        self.stop.set();
        let tasks = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        let until = Instant::now() + longest.min(LAST_WORDS);
        for mut task in tasks {
            if tokio::time::timeout_at(until, &mut task).await.is_err() {
                task.abort();
                // What it has counts as dropped by then.
                let _ = task.await;
            }
        }
    }
}

/// The spans of an app.
struct AppSpans {
    exporter: Arc<Exporter>,
    app: Option<Arc<str>>,
}

impl SpanSink for AppSpans {
    fn ended(&self, span: ClientSpan) {
        self.exporter.put(&self.app, Ended::Client(span));
    }
}

/// The queue's end. What is there when nobody takes it any more counts as dropped.
struct Queue(mpsc::UnboundedReceiver<Waiting>, Arc<Counts>);

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.close();
        self.1.dropped.fetch_add(self.0.len() as u64, Relaxed);
    }
}

/// Sends spans as they come, until the stop; then those that are there.
async fn send_spans(waiting: mpsc::UnboundedReceiver<Waiting>, mut collector: Collector) {
    let mut waiting = Queue(waiting, collector.counts().clone());
    let stop = collector.stop().clone();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            count = waiting.0.recv_many(&mut batch, BATCH) => if count == 0 { return },
        }
        let until = Instant::now() + DELAY;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                () = sleep_until(until) => break,
                count = waiting.0.recv_many(&mut batch, room) => if count == 0 { break },
            }
        }
        send_batch(&mut batch, &mut collector).await;
    }
    // What comes from now on has nobody who takes it.
    waiting.0.close();
    while waiting.0.recv_many(&mut batch, BATCH).await > 0 {
        send_batch(&mut batch, &mut collector).await;
    }
}

async fn send_batch(batch: &mut Vec<Waiting>, collector: &mut Collector) {
    let count = batch.len() as u64;
    let counted = Dropped(collector.counts().clone(), count);
    let mut by_app: HashMap<Option<Arc<str>>, Vec<_>> = HashMap::new();
    for Waiting { span, place } in batch.drain(..) {
        let span = match span {
            Ended::Server(span) => span.into_proto(),
            Ended::Client(span) => spans::client(span),
        };
        let app = place.holder().clone();
        by_app.entry(app).or_default().push(span);
    }
    let of_app = |(app, spans): (Option<Arc<str>>, _)| ResourceSpans {
        resource: Some(resource(app.as_deref())),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope()),
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: by_app.into_iter().map(of_app).collect(),
    };
    let Some(answer) = collector.send(request.encode_to_vec()).await else {
        return;
    };
    // A collector may take some and refuse others.
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    let refused = u64::try_from(partial.rejected_spans).unwrap_or_default();
    counted.but(count - refused.min(count));
    if refused > 0 {
        collector.complain(&partial.error_message);
    }
}

/// Counts spans as dropped, unless they have been sent.
struct Dropped(Arc<Counts>, u64);

impl Dropped {
    fn but(mut self, sent: u64) {
        self.1 -= sent;
        self.0.sent.fetch_add(sent, Relaxed);
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(self.1, Relaxed);
    }
}

/// Sends metrics in intervals, and once more at the stop.
async fn send_metrics(every: Duration, mut collector: Collector, measure: impl Fn() -> Vec<Group>) {
    let stop = collector.stop().clone();
    let began = SystemTime::now();
    while !stop.is_set() {
        // At the stop, too.
        let _ = timeout(every, stop.stopped()).await;
        let request = ExportMetricsServiceRequest {
            resource_metrics: metrics::of_groups(measure(), began, SystemTime::now()),
        };
        let _ = collector.send(request.encode_to_vec()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeLauncher;
    use crate::places::LEAST_SHARE;
    use http::Version;
    use nano_worker::{RequestId, SpanContext, SpanId, TraceFlags};

    fn span(app: Option<&str>) -> ServerSpan {
        ServerSpan {
            context: SpanContext {
                trace: nano_worker::TraceId::random(),
                span: SpanId::random(),
                flags: TraceFlags::of_new(true),
            },
            parent: None,
            state: None,
            app: app.map(Arc::from),
            id: RequestId(1),
            ended: SystemTime::now(),
            duration: Duration::ZERO,
            method: "GET".into(),
            path: "/".into(),
            origin: None,
            version: Some(Version::HTTP_11),
            status: None,
            bytes: 0,
            limit: None,
            fault: None,
            has_failed: false,
            error: None,
        }
    }

    /// One whose collector never answers.
    fn exporter() -> Arc<Exporter> {
        let config = OtlpConfig {
            endpoint: "http://a.test".to_owned(),
            headers: Vec::new(),
            sample: 1.0,
            metrics: Some(Duration::from_millis(10)),
        };
        Exporter::start(config, FakeLauncher::new(), Vec::new)
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_makes_many_spans_leaves_some_places_to_others() {
        let exporter = exporter();
        let dropped_of = |app: Option<&str>, count: usize| {
            let before = exporter.counts().dropped.load(Relaxed);
            for _ in 0..count {
                exporter.server(span(app));
            }
            let dropped = exporter.counts().dropped.load(Relaxed) - before;
            usize::try_from(dropped).expect("a small number")
        };
        assert_eq!(dropped_of(Some("flood"), QUEUE), QUEUE / 2);
        assert_eq!(dropped_of(Some("second"), QUEUE / 4), 0);
        assert_eq!(dropped_of(Some("second"), 1), 1, "it leaves as many");
        assert_eq!(dropped_of(None, QUEUE / 8), 0);
        for app in 0..QUEUE / 8 / LEAST_SHARE {
            let app = app.to_string();
            assert_eq!(dropped_of(Some(&app), LEAST_SHARE), 0);
        }
        assert_eq!(dropped_of(Some("late"), 1), 1, "there is no place left");
        // A batch leaves: first in, first out.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(dropped_of(Some("flood"), 1), 1, "it has too many still");
        assert_eq!(dropped_of(Some("late"), BATCH / 2), 0);
        exporter.flush(Duration::ZERO).await;
        assert_eq!(exporter.places.holders(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_hangs_holds_up_nobody() {
        let exporter = exporter();
        // Nobody has taken one yet, and of all places one app has half.
        for _ in 0..QUEUE / 2 + 10 {
            exporter.server(span(None));
        }
        assert_eq!(exporter.counts().dropped.load(Relaxed), 10);
        // A batch has left, and waits.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..BATCH + 10 {
            exporter.server(span(None));
        }
        assert_eq!(exporter.counts().dropped.load(Relaxed), 20);
        let began = Instant::now();
        exporter.flush(Duration::from_secs(60)).await;
        assert_eq!(began.elapsed(), LAST_WORDS);
        assert_eq!(exporter.counts().sent.load(Relaxed), 0);
        // What was on its way and what was in the queue count, too.
        let lost = 20 + (BATCH + QUEUE / 2) as u64;
        assert_eq!(exporter.counts().dropped.load(Relaxed), lost);
        exporter.server(span(None));
        assert_eq!(exporter.counts().dropped.load(Relaxed), lost + 1);
    }
}
