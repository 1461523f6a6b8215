//! Scheduled events, and requests that wait.

mod commons;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use nano_engine::{Engine, EngineOptions};
use nano_worker::{
    Body, Commons, Exit, FetchError, Fields, HttpRequest, HttpResponse, Limits, LogRecord, LogSink,
    RequestId, ScheduledEvent, StartErrorKind, Unanswered, Unfinished, WorkerOptions,
};

use super::Worker;

#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<String>>,
    /// Whoever says something waits.
    is_held: AtomicBool,
}

impl LogSink for Lines {
    fn log(&self, record: LogRecord) {
        self.lines.lock().unwrap().push(record.message);
        while self.is_held.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

struct App {
    worker: Worker,
    lines: Arc<Lines>,
    _folder: tempfile::TempDir,
}

impl App {
    async fn start(module: &str) -> App {
        Self::start_within(module, Limits::default()).await
    }

    async fn start_within(module: &str, limits: Limits) -> App {
        Self::start_among(module, limits, Arc::default()).await
    }

    /// One of several instances.
    async fn start_among(module: &str, limits: Limits, commons: Arc<Commons>) -> App {
        Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.js"), module).unwrap();
        let lines = Arc::new(Lines::default());
        let worker = Worker::start(WorkerOptions {
            name: "test".into(),
            root: folder.path().to_owned(),
            entry: None,
            env: [("WHO".to_owned(), nano_worker::Binding::Text("me".into()))].into(),
            services: std::sync::Arc::new(nano_worker::NoServices),
            limits: Limits {
                cpu: Duration::from_millis(300),
                ..limits
            },
            outbound: Default::default(),
            isolation: Default::default(),
            commons,
            log: lines.clone(),
        });
        App {
            worker: worker.await.expect("the app starts"),
            lines,
            _folder: folder,
        }
    }

    async fn fetch(&self) -> Result<HttpResponse, Unanswered> {
        self.ask(8, "/").await
    }

    async fn ask(&self, id: u64, path: &str) -> Result<HttpResponse, Unanswered> {
        let request = HttpRequest {
            method: http::Method::GET,
            url: format!("http://a.test{path}"),
            headers: Fields::default(),
            body: Body::Empty,
            trace: None,
            origin: None,
        };
        self.worker.fetch(request, RequestId(id)).await
    }

    async fn scheduled(&self) -> Result<(), Unfinished> {
        let event = ScheduledEvent {
            cron: "*/5 * * * *".into(),
            time: UNIX_EPOCH + Duration::from_millis(1_600_000_000_000),
        };
        self.worker.scheduled(event, RequestId(7)).await
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lines.lock().unwrap().clone()
    }
}

/// How an event ends for this module, and what it logs.
async fn run(module: &str) -> (Result<(), String>, Vec<String>) {
    let app = App::start(module).await;
    let outcome = app.scheduled().await.map_err(|error| match error {
        Unfinished::Failed(FetchError::Exception { message, .. }) => message,
        Unfinished::Failed(error) => error.to_string(),
        Unfinished::Returned => "returned".to_owned(),
    });
    assert_eq!(app.worker.stats().in_flight, 0, "{module}");
    (outcome, app.lines())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_gets_the_event() {
    let tell = "console.log(event.cron, event.scheduledTime, event.type, event.noRetry(), event instanceof ScheduledEvent)";
    let told = "*/5 * * * * 1600000000000 scheduled undefined true";
    for module in [
        format!(
            "export default {{ name: 'x', scheduled(event, env, ctx) {{ {tell}; console.log(this.name, env.WHO); ctx.waitUntil(1); event.waitUntil(2); }} }};"
        ),
        format!(
            "export default class {{ name = 'x'; constructor(ctx, env) {{ this.env = env; }} async scheduled(event) {{ {tell}; console.log(this.name, this.env.WHO); }} }};"
        ),
        format!(
            "addEventListener('scheduled', (event) => {{ {tell}; event.waitUntil((async () => {{ await 1; console.log('x', 'me'); }})()); }});"
        ),
    ] {
        let (outcome, lines) = run(&module).await;
        assert_eq!(outcome, Ok(()), "{module}");
        assert_eq!(lines, [told, "x me"], "{module}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_over_when_all_its_promises_are() {
    let wait =
        "const wait = (ms, then) => new Promise((resolve) => setTimeout(resolve, ms)).then(then);";
    for module in [
        "export default { async scheduled() { await wait(20, () => console.log('done')); } };",
        "export default { scheduled(event, env, ctx) { ctx.waitUntil(wait(20, () => console.log('done'))); } };",
        "export default { scheduled(event, env, ctx) { ctx.waitUntil(wait(5, () => ctx.waitUntil(wait(20, () => console.log('done'))))); } };",
        "addEventListener('scheduled', (event) => event.waitUntil(wait(20, () => console.log('done'))));",
    ] {
        let (outcome, lines) = run(&format!("{wait} {module}")).await;
        assert_eq!(outcome, Ok(()), "{module}");
        assert_eq!(lines, ["done"], "{module}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_the_event_s() {
    for (module, expected, logged) in [
        (
            "export default { scheduled() { throw new Error('a'); } };",
            "Error: a",
            None,
        ),
        (
            "export default { async scheduled() { await 1; throw new Error('b'); } };",
            "Error: b",
            None,
        ),
        (
            "export default { scheduled(event, env, ctx) { ctx.waitUntil(Promise.reject(new Error('c'))); ctx.waitUntil(Promise.reject(new Error('d'))); } };",
            "Error: c",
            Some("Error: d"),
        ),
        (
            "export default { async scheduled(event, env, ctx) { ctx.waitUntil(Promise.reject(new Error('e'))); await 1; await 1; await 1; throw new Error('f'); } };",
            "Error: f",
            Some("Error: e"),
        ),
        (
            "addEventListener('scheduled', () => { throw new Error('g'); });",
            "Error: g",
            None,
        ),
        (
            "addEventListener('scheduled', () => { throw new Error('h'); }); addEventListener('scheduled', () => { throw new Error('i'); });",
            "Error: h",
            Some("Error: i"),
        ),
        (
            "export default { scheduled() { for (;;); } };",
            "the app ran longer than its CPU limit",
            None,
        ),
        (
            "export default { fetch() {} };",
            "the app has no such handler: expected `scheduled(event, env, ctx)",
            None,
        ),
    ] {
        let (outcome, lines) = run(module).await;
        let error = outcome.expect_err(module);
        assert!(error.starts_with(expected), "{module}: {error}");
        let lines: Vec<_> = lines
            .iter()
            .filter_map(|line| line.lines().next())
            .collect();
        assert_eq!(lines, Vec::from_iter(logged), "{module}");
    }
}

/// What it says, in one line each.
async fn said_with_timers(timers: u32, module: &str) -> (App, Vec<String>) {
    let limits = Limits {
        timers,
        ..Limits::default()
    };
    let app = App::start_within(module, limits).await;
    let lines = app.lines();
    (app, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_are_limited_per_instance() {
    let (app, lines) = said_with_timers(
        3,
        "const said = (set) => { try { return typeof set(); } catch (error) { return `${error.constructor.name} ${error.message}`; } };
         const timeout = () => setTimeout(() => {}, 1e6), interval = () => setInterval(() => {}, 1e6), signal = () => AbortSignal.timeout(1e6);
         const first = timeout();
         console.log([interval, signal].map(said));
         for (const set of [timeout, interval, signal]) console.log(said(set));
         // What is cleared, or has run, makes room; so does what runs for the only time.
         clearTimeout(first);
         await new Promise((run) => setTimeout(() => { console.log(said(() => setTimeout(run, 1)), said(timeout)); }, 1));
         console.log(said(timeout), said(timeout));
         export default { fetch() {} };",
    )
    .await;
    let refused = &lines[1];
    assert!(
        refused.starts_with("3 timers are set already, the app's limit")
            && refused.contains("\"limits\": { \"timers\": 3 }"),
        "{refused}"
    );
    let exception = |what: &str| format!("QuotaExceededError {what}{refused}");
    let by_global = |name: &str| {
        exception(&format!(
            "Failed to execute '{name}' on 'WorkerGlobalScope': "
        ))
    };
    let by_timeout = by_global("setTimeout");
    let expected = [
        "[ 'number', 'object' ]".to_owned(),
        // Once per episode.
        refused.clone(),
        by_timeout.clone(),
        by_global("setInterval"),
        exception(""),
        format!("number {by_timeout}"),
        format!("number {by_timeout}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(app.worker.stats().refused_timers, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn cpu_time_is_limited_per_request() {
    let module = "const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); };
        const ways = {
            '/turn': () => { for (;;); },
            '/timers': async () => { for (;;) { spin(10); await new Promise((run) => setTimeout(run)); } },
            '/interval': () => new Promise(() => setInterval(spin, 1, 10)),
            '/operations': async () => { for (;;) { spin(10); await crypto.subtle.digest('SHA-256', new Uint8Array(1 << 20)); } },
            '/little': async () => { spin(20); await new Promise((run) => setTimeout(run)); return new Response(); },
            '/wait': () => { console.log('it waits'); return new Promise(() => {}); },
        };
        export default { fetch: (request) => ways[new URL(request.url).pathname]() };";
    for way in ["/turn", "/timers", "/interval", "/operations"] {
        let limits = Limits {
            request_cpu: Some(Duration::from_millis(150)),
            ..Limits::default()
        };
        let app = Arc::new(App::start_within(module, limits).await);
        // Each has its own.
        for id in 1..20 {
            assert!(app.ask(id, "/little").await.is_ok(), "{way}: {id}");
        }
        let waits = tokio::spawn({
            let app = app.clone();
            async move { app.ask(20, "/wait").await }
        });
        while !app.lines().iter().any(|line| line.contains("it waits")) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let end = Duration::from_secs(20);
        let burns = tokio::time::timeout(end, app.ask(21, way)).await;
        let failed = |found: Result<HttpResponse, Unanswered>| match found {
            Err(Unanswered::Failed(error)) => error,
            other => panic!("{way}: {other:?}"),
        };
        assert_eq!(
            failed(burns.expect(way)),
            FetchError::RequestCpuLimit,
            "{way}"
        );
        assert_eq!(failed(waits.await.unwrap()), FetchError::Ended, "{way}");
        let exit = Exit::RequestCpuLimit {
            request: RequestId(21),
        };
        assert_eq!(app.worker.ended().await, exit, "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_until_their_turns_begin() {
    let app = App::start(
        "export default { async fetch(request) {
            console.log('begun');
            return new Response();
        } };",
    )
    .await;
    let app = Arc::new(app);
    app.lines.is_held.store(true, Ordering::SeqCst);
    let send = || {
        let app = app.clone();
        tokio::spawn(async move { app.fetch().await })
    };
    let until = async |is_so: &dyn Fn() -> bool| {
        let began = std::time::Instant::now();
        while !is_so() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{}",
                app.worker.waiting()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let first = send();
    until(&|| app.lines().len() == 1).await;
    assert_eq!(app.worker.waiting(), 0);
    let (kept, given_up) = (send(), send());
    until(&|| app.worker.waiting() == 2).await;
    given_up.abort();
    assert!(given_up.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(app.worker.waiting(), 2, "it has its turn all the same");
    app.lines.is_held.store(false, Ordering::SeqCst);
    assert!(first.await.unwrap().is_ok() && kept.await.unwrap().is_ok());
    until(&|| app.worker.waiting() == 0).await;
    // What comes back does not wait.
    app.worker.stop();
    app.worker.ended().await;
    assert!(matches!(app.fetch().await, Err(Unanswered::Returned(_))));
    assert_eq!(app.worker.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_an_event_up_ends_it() {
    let app = App::start(
        "export default { scheduled(event, env, ctx) { console.log('begun'); return new Promise(() => {}); } };",
    )
    .await;
    let given_up = tokio::time::timeout(Duration::from_millis(300), app.scheduled()).await;
    assert!(given_up.is_err(), "it never ends");
    assert_eq!(app.lines(), ["begun"]);
    let began = std::time::Instant::now();
    while app.worker.stats().in_flight > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_waits_for_events() {
    let app = App::start(
        "export default { scheduled(event, env, ctx) { ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 200)).then(() => console.log('done'))); } };",
    )
    .await;
    let app = Arc::new(app);
    let running = tokio::spawn({
        let app = app.clone();
        async move { app.scheduled().await }
    });
    while app.worker.stats().in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(app.worker.drain(Duration::from_secs(20)).await, "in time");
    assert_eq!(running.await.unwrap(), Ok(()));
    assert_eq!(app.lines(), ["done"]);
    assert_eq!(
        app.scheduled().await,
        Err(Unfinished::Returned),
        "for another instance"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn which_handlers_there_are() {
    for (module, fetch, scheduled) in [
        ("export default { fetch() {} };", true, false),
        ("export default { scheduled() {} };", false, true),
        (
            "export default class { fetch() {} scheduled() {} }",
            true,
            true,
        ),
        (
            "addEventListener('fetch', () => {}); addEventListener('scheduled', () => {});",
            true,
            true,
        ),
        (
            "addEventListener('scheduled', () => {}); export default { fetch() {} }",
            true,
            true,
        ),
    ] {
        let handlers = App::start(module).await.worker.handlers();
        assert_eq!(
            (handlers.fetch, handlers.scheduled),
            (fetch, scheduled),
            "{module}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("index.js"),
        "addEventListener('install', () => {});",
    )
    .unwrap();
    let none = Worker::start(WorkerOptions {
        name: "test".into(),
        root: folder.path().to_owned(),
        entry: None,
        env: Default::default(),
        services: std::sync::Arc::new(nano_worker::NoServices),
        limits: Limits::default(),
        outbound: Default::default(),
        isolation: Default::default(),
        commons: Default::default(),
        log: Arc::new(Lines::default()),
    });
    assert_eq!(none.await.unwrap_err().kind, StartErrorKind::NoHandler);
}
