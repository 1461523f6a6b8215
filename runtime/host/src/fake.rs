//! Stand-ins for tests: an engine without JavaScript, and bodies without a socket.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use nano_worker::{
    Body, BodyError, BodyErrorKind, BodyStream, Exit, FetchError, Handlers, HttpRequest,
    HttpResponse, Instance, InstanceThread, Isolation, Launcher, Limits, Losses, OutboundHosts,
    RequestId, ScheduledEvent, StartError, StartErrorKind, Stop, Stopped, Unanswered, Unfinished,
    WorkerOptions, WorkerStats,
};

use crate::access::Completion;
use crate::config::{AppConfig, AppLimits, HostPattern, InstancePlan, LogConfig};
use crate::http::receive::{Arriving, OnTaken};
use crate::http::send::{self, ResponseBody};
use crate::server::link::Link;

/// An app's configuration.
pub(crate) fn app_config(name: &str) -> AppConfig {
    AppConfig {
        name: name.into(),
        hosts: vec![HostPattern::Exact(format!("{name}.test").into())],
        paths: Vec::new(),
        path: "/".into(),
        root: "/".into(),
        entry: None,
        env: BTreeMap::new(),
        limits: AppLimits::default(),
        outbound: OutboundHosts::default(),
        port: None,
        start: None,
        idle: None,
        instances: InstancePlan::default(),
        isolation: Isolation::default(),
        content: 0,
        fault: None,
        is_partial: false,
        crons: Vec::new(),
        log: LogConfig::default(),
    }
}

/// Answers a request.
type Handler =
    dyn Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, FetchError>> + Send + Sync;

/// Starts fakes, and counts what it is asked.
pub(crate) struct FakeLauncher {
    starts: AtomicUsize,
    drains: Arc<AtomicUsize>,
    stops: Arc<AtomicUsize>,
    background: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    heap_mb: Arc<AtomicUsize>,
    is_busy: Arc<AtomicBool>,
    is_short: AtomicBool,
    has_threads: AtomicBool,
    prepared: Mutex<Option<(usize, Limits, Isolation)>>,
    failure: Mutex<Option<StartError>>,
    handler: Mutex<Arc<Handler>>,
    start_time: Mutex<Duration>,
    starting: Arc<AtomicUsize>,
    most_starting: Arc<AtomicUsize>,
    events: Arc<Events>,
}

/// What became of scheduled events.
#[derive(Default)]
pub(crate) struct Events {
    /// Those that have begun.
    pub(crate) begun: Mutex<Vec<ScheduledEvent>>,
    /// How long each takes.
    pub(crate) duration: Mutex<Duration>,
    /// How the next ones end.
    pub(crate) outcomes: Mutex<VecDeque<Result<(), Unfinished>>>,
}

impl FakeLauncher {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            starts: AtomicUsize::new(0),
            drains: Arc::default(),
            stops: Arc::default(),
            background: Arc::default(),
            requests: Arc::default(),
            heap_mb: Arc::new(AtomicUsize::new(1)),
            is_busy: Arc::default(),
            is_short: AtomicBool::new(false),
            has_threads: AtomicBool::new(false),
            prepared: Mutex::default(),
            failure: Mutex::new(None),
            handler: Mutex::new(Arc::new(|_| async { Ok(ok("ok")) }.boxed())),
            start_time: Mutex::new(Duration::from_millis(1)),
            starting: Arc::default(),
            most_starting: Arc::default(),
            events: Arc::default(),
        })
    }

    /// How many `waitUntil` promises instances say they have.
    pub(crate) fn set_background(&self, count: usize) {
        self.background.store(count, Ordering::SeqCst);
    }

    /// Has those that start from now on have threads of their own, which take no connections.
    pub(crate) fn give_threads(&self) {
        self.has_threads.store(true, Ordering::SeqCst);
    }

    /// How many isolates are to be kept prepared, and what for.
    pub(crate) fn prepared(&self) -> Option<(usize, Limits, Isolation)> {
        *self.prepared.lock().expect("no panic")
    }

    /// How many requests instances say they have had.
    pub(crate) fn set_requests(&self, count: usize) {
        self.requests.store(count, Ordering::SeqCst);
    }

    /// How many MiB instances say they hold.
    pub(crate) fn set_heap(&self, mb: usize) {
        self.heap_mb.store(mb, Ordering::SeqCst);
    }

    /// Whether instances leave what they are sent where it is.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::SeqCst);
    }

    /// Whether the process is short of memory.
    pub(crate) fn set_short(&self, is_short: bool) {
        self.is_short.store(is_short, Ordering::SeqCst);
    }

    /// How long the next starts take.
    pub(crate) fn start_within(&self, time: Duration) {
        *self.start_time.lock().unwrap() = time;
    }

    pub(crate) fn most_starts_at_once(&self) -> usize {
        self.most_starting.load(Ordering::SeqCst)
    }

    pub(crate) fn handle<F>(&self, handler: impl Fn(HttpRequest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<HttpResponse, FetchError>> + Send + 'static,
    {
        *self.handler.lock().unwrap() = Arc::new(move |request| handler(request).boxed());
    }

    /// Starts fail from now on, for a reason of that kind.
    pub(crate) fn fail_starts_for(&self, kind: StartErrorKind, message: &str) {
        *self.failure.lock().unwrap() = Some(StartError {
            kind,
            message: message.to_owned(),
            detail: None,
        });
    }

    pub(crate) fn fail_starts(&self, message: &str, detail: Option<&str>) {
        let failure = StartError {
            kind: StartErrorKind::Exception,
            message: message.to_owned(),
            detail: detail.map(str::to_owned),
        };
        *self.failure.lock().unwrap() = Some(failure);
    }

    pub(crate) fn mend_starts(&self) {
        *self.failure.lock().unwrap() = None;
    }

    pub(crate) fn stops(&self) -> usize {
        self.stops.load(Ordering::SeqCst)
    }

    pub(crate) fn starts(&self) -> usize {
        self.starts.load(Ordering::SeqCst)
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn drains(&self) -> usize {
        self.drains.load(Ordering::SeqCst)
    }
}

/// A response on its way, to a request of this version, whose body fails behind these bytes.
pub(crate) fn failing(
    bytes: &'static [u8],
    version: Version,
    link: &Arc<Link>,
) -> Response<ResponseBody> {
    let (writer, stream) = BodyStream::bounded(1 << 20, None);
    writer.put(Bytes::from_static(bytes));
    writer.fail(BodyError::new(BodyErrorKind::App, "broken"));
    let body = Body::Stream(stream);
    let request = Request::builder().version(version).body(());
    let (parts, ()) = request.unwrap().into_parts();
    let completion = Completion::new(RequestId(0), &parts, None, link);
    let from_app = HttpResponse { body, ..ok("") };
    send::response(from_app, StatusCode::OK, &parts.method, HeaderMap::new()).send(completion)
}

/// A response with a body in memory.
pub(crate) fn ok(text: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse {
        status: 200,
        reason: None,
        headers: Vec::new(),
        body: Body::Full(text.into()),
        socket: None,
    }
}

impl Launcher for FakeLauncher {
    fn launch(
        &self,
        _options: WorkerOptions,
    ) -> BoxFuture<'static, Result<Arc<dyn Instance>, StartError>> {
        self.starts.fetch_add(1, Ordering::SeqCst);
        let failure = self.failure.lock().unwrap().clone();
        let ended = Stop::default();
        let thread = FakeThread {
            id: self.starts(),
            ended: ended.clone(),
        };
        let fake = Fake {
            thread: (self.has_threads.load(Ordering::SeqCst)).then(|| Arc::new(thread)),
            handler: self.handler.lock().unwrap().clone(),
            drains: self.drains.clone(),
            stops: self.stops.clone(),
            background: self.background.clone(),
            requests: self.requests.clone(),
            heap_mb: self.heap_mb.clone(),
            is_busy: self.is_busy.clone(),
            waiting: AtomicUsize::new(0),
            events: self.events.clone(),
            over_limit: AtomicBool::new(false),
            ended,
        };
        let time = *self.start_time.lock().unwrap();
        let (starting, most) = (self.starting.clone(), self.most_starting.clone());
        let stops = self.stops.clone();
        async move {
            let count = starting.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(count, Ordering::SeqCst);
            let mut start = Start {
                starting,
                stops: Some(stops),
            };
            tokio::time::sleep(time).await;
            start.stops = None;
            drop(start);
            match failure {
                Some(error) => Err(error),
                None => Ok(Arc::new(fake) as Arc<dyn Instance>),
            }
        }
        .boxed()
    }

    fn send(
        &self,
        _url: &str,
        _request: http::Request<bytes::Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<bytes::Bytes>, String>> {
        // There is no network.
        std::future::pending().boxed()
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }

    fn process_memory(&self) -> usize {
        1 << 30
    }

    fn keep_prepared(&self, isolates: usize, limits: &Limits, isolation: Isolation) {
        *self.prepared.lock().expect("no panic") = Some((isolates, *limits, isolation));
    }

    fn is_short_of_memory(&self) -> bool {
        self.is_short.load(Ordering::SeqCst)
    }
}

/// Is under way until it is dropped.
struct Start {
    starting: Arc<AtomicUsize>,
    /// Where it counts if it has been given up.
    stops: Option<Arc<AtomicUsize>>,
}

impl Drop for Start {
    fn drop(&mut self) {
        self.starting.fetch_sub(1, Ordering::SeqCst);
        if let Some(stops) = &self.stops {
            stops.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Ends when its handler has passed the memory limit, or when it is told to.
struct Fake {
    thread: Option<Arc<FakeThread>>,
    handler: Arc<Handler>,
    drains: Arc<AtomicUsize>,
    stops: Arc<AtomicUsize>,
    background: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    heap_mb: Arc<AtomicUsize>,
    is_busy: Arc<AtomicBool>,
    waiting: AtomicUsize,
    events: Arc<Events>,
    over_limit: AtomicBool,
    ended: Stop,
}

/// What a connection cannot move to.
#[derive(Debug)]
struct FakeThread {
    id: usize,
    ended: Stop,
}

impl InstanceThread for FakeThread {
    fn id(&self) -> usize {
        self.id
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn spawn_guest(
        self: Arc<Self>,
        task: BoxFuture<'static, ()>,
    ) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }

    fn retired(&self) -> Stopped {
        self.ended.stopped()
    }
}

impl Instance for Fake {
    fn fetch(
        self: Arc<Self>,
        request: Box<HttpRequest>,
        _id: RequestId,
    ) -> BoxFuture<'static, Result<Box<HttpResponse>, Unanswered>> {
        async move {
            if self.condemned().is_some() || self.ended.is_set() {
                return Err(Unanswered::Returned(request));
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            while self.is_busy.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            let answer = (self.handler)(*request).await;
            let is_over = matches!(answer, Err(FetchError::HeapLimit));
            self.over_limit.store(is_over, Ordering::SeqCst);
            Ok(answer?.into())
        }
        .boxed()
    }

    fn scheduled(
        self: Arc<Self>,
        event: ScheduledEvent,
        _id: RequestId,
    ) -> BoxFuture<'static, Result<(), Unfinished>> {
        async move {
            let events = &self.events;
            events.begun.lock().unwrap().push(event);
            let duration = *events.duration.lock().unwrap();
            tokio::time::sleep(duration).await;
            let outcome = events.outcomes.lock().unwrap().pop_front();
            outcome.unwrap_or(Ok(()))
        }
        .boxed()
    }

    fn handlers(&self) -> Handlers {
        Handlers {
            fetch: true,
            scheduled: true,
        }
    }

    fn drain(self: Arc<Self>, _deadline: Duration) -> BoxFuture<'static, bool> {
        self.drains.fetch_add(1, Ordering::SeqCst);
        self.ended.set();
        async { true }.boxed()
    }

    fn reached(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            while self.is_busy.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        .boxed()
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    fn thread(&self) -> Option<Arc<dyn InstanceThread>> {
        let thread = self.thread.clone()?;
        Some(thread)
    }

    fn condemned(&self) -> Option<Exit> {
        let is_over = self.over_limit.load(Ordering::SeqCst);
        is_over.then_some(Exit::HeapLimit)
    }

    fn ended(self: Arc<Self>) -> BoxFuture<'static, Exit> {
        async move {
            if let Some(exit) = self.condemned() {
                return exit;
            }
            self.ended.stopped().await;
            Exit::Stopped
        }
        .boxed()
    }

    fn stop(&self) {
        self.stops.fetch_add(1, Ordering::SeqCst);
        self.ended.set();
    }

    fn has_met_subrequests(&self, _: RequestId) -> bool {
        false
    }

    fn stats(&self) -> WorkerStats {
        WorkerStats {
            background: self.background.load(Ordering::SeqCst),
            requests: self.requests.load(Ordering::SeqCst) as u64,
            heap_bytes: (self.heap_mb.load(Ordering::SeqCst) as u64) << 20,
            cpu_time: Duration::from_millis(20),
            compute_time: Duration::from_millis(5),
            outbound_requests: 3,
            refused_subrequests: 2,
            forbidden_requests: 5,
            waiting_requests: 1,
            refused_timers: 4,
            refused_memory: 6,
            ..WorkerStats::default()
        }
    }
}

/// A request's body: each chunk is there when it is asked for; an empty one makes the reader wait a turn.
pub(crate) struct FakeBody {
    chunks: VecDeque<Result<Bytes, &'static str>>,
    length: Option<u64>,
    /// What has been taken, where it comes unasked: no more than its window beyond that.
    taken: Option<Arc<AtomicUsize>>,
    window: usize,
    come: usize,
}

impl Arriving for FakeBody {
    fn on_taken(&mut self) -> Option<OnTaken> {
        let taken = self.taken.clone()?;
        Some(Box::new(move |bytes| {
            taken.fetch_add(bytes, Ordering::SeqCst);
        }))
    }
}

impl FakeBody {
    /// Comes unasked, as far as its window and what is counted there go.
    pub(crate) fn flowing(self, window: usize, taken: &Arc<AtomicUsize>) -> Self {
        Self {
            taken: Some(taken.clone()),
            window,
            ..self
        }
    }

    /// With a Content-Length.
    pub(crate) fn sized(chunks: &[&'static str]) -> Self {
        let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self {
            length: Some(length),
            ..Self::chunked(chunks)
        }
    }

    /// Without.
    pub(crate) fn chunked(chunks: &[&'static str]) -> Self {
        let chunks = chunks
            .iter()
            .map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())))
            .collect();
        Self {
            chunks,
            length: None,
            taken: None,
            window: 0,
            come: 0,
        }
    }

    /// Ends in an error.
    pub(crate) fn broken(mut self) -> Self {
        self.chunks.push_back(Err("connection reset"));
        self
    }
}

impl HttpBody for FakeBody {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let room = (self.taken.as_ref()).map(|taken| self.window + taken.load(Ordering::SeqCst));
        if let (Some(room), Some(Ok(next))) = (room, self.chunks.front())
            && self.come + next.len() > room
        {
            // Until more has been taken.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.chunks.pop_front() {
            Some(Ok(bytes)) if bytes.is_empty() => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Ok(bytes)) => {
                self.come += bytes.len();
                if let Some(left) = &mut self.length {
                    *left -= bytes.len() as u64;
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
