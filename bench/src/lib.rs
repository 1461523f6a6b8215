//! What the measurements share: an engine, apps in temporary folders, a bare isolate to compare with.
#![deny(missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_api::worker::{Worker, WorkerLauncher};
use nano_engine::{Engine, EngineOptions};
use nano_worker::{
    Body, Fields, HttpRequest, HttpResponse, Isolation, Launcher as _, Limits, LogRecord, LogSink,
    RequestId, WorkerOptions,
};
use tempfile::TempDir;

/// The app that most measurements use.
pub const HELLO: &str = "export default { fetch() { return new Response(\"Hello World\"); } };\n";

/// Throws the log away.
pub struct Silence;

impl LogSink for Silence {
    fn log(&self, _: LogRecord) {}
}

/// Starts the engine from the snapshot that programs have.
///
/// # Panics
/// If it does not start.
pub fn start_engine() {
    let options = EngineOptions {
        embedding: &nano_api::EMBEDDING,
        snapshot: Some(nano_snapshot::SNAPSHOT),
        single: false,
    };
    Engine::start(options).expect("the engine starts");
}

/// A runtime for the workers' I/O, with a thread of its own.
///
/// # Panics
/// If the system has no thread or descriptor for it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A folder with an app of one module.
///
/// # Panics
/// If the file system refuses.
pub fn app(source: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("index.js"), source).expect("a file in it");
    folder
}

/// Options for the app in a folder.
pub fn options(folder: &TempDir) -> WorkerOptions {
    WorkerOptions {
        name: "bench".into(),
        root: folder.path().to_path_buf(),
        entry: None,
        env: std::collections::BTreeMap::new(),
        services: std::sync::Arc::new(nano_worker::NoServices),
        limits: Limits::default(),
        isolation: Isolation::default(),
        outbound: Default::default(),
        commons: Default::default(),
        log: Arc::new(Silence),
    }
}

/// `GET /`
pub fn request() -> HttpRequest {
    HttpRequest {
        method: http::Method::GET,
        url: "http://bench.localhost/".to_owned(),
        headers: Fields::default(),
        body: Body::Empty,
        trace: None,
        origin: None,
    }
}

/// One request, answered.
///
/// # Panics
/// If the app fails.
pub async fn fetch(worker: &Worker, id: u64) -> HttpResponse {
    worker
        .fetch(request(), RequestId(id))
        .await
        .expect("the app answers")
}

/// Time from nothing to the first response of an app.
///
/// # Panics
/// If the app does not start.
pub async fn cold_start(folder: &TempDir) -> Duration {
    let begin = Instant::now();
    let worker = Worker::start(options(folder))
        .await
        .expect("the app starts");
    let response = fetch(&worker, 1).await;
    let time = begin.elapsed();
    assert_eq!(response.status, 200);
    worker.stop();
    worker.ended().await;
    time
}

/// Keeps one isolate prepared.
///
/// # Panics
/// Outside of a runtime.
pub fn prepare() -> WorkerLauncher {
    let launcher = WorkerLauncher::default();
    launcher.keep_prepared(1, &Limits::default(), Isolation::default());
    launcher
}

/// Like [`cold_start`], of an app that gets a prepared isolate.
///
/// # Panics
/// If the app does not start.
pub async fn prepared_start(launcher: &WorkerLauncher, folder: &TempDir) -> Duration {
    let begin = Instant::now();
    let started = launcher.launch(options(folder)).await;
    let instance = started.expect("the app starts");
    let answer = instance
        .clone()
        .fetch(Box::new(request()), RequestId(1))
        .await;
    let time = begin.elapsed();
    assert_eq!(answer.expect("the app answers").status, 200);
    instance.stop();
    instance.ended().await;
    // The next one is prepared a moment after this one's start, and shall disturb nothing that is measured.
    tokio::time::sleep(Duration::from_millis(50)).await;
    time
}

/// Time from nothing to the end of a script in V8's own isolate, context and all, on a new thread: what a cold start is compared
/// with. Uses the same snapshot, as isolates of one process must, but its default context, which has none of our interfaces.
///
/// # Panics
/// If there is no thread.
pub fn bare_start() -> Duration {
    let begin = Instant::now();
    let run = || {
        let engine = Engine::get().expect("the engine was started");
        let isolate = &mut v8::Isolate::new(engine.create_params());
        v8::scope!(let scope, isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let scope = &mut v8::ContextScope::new(scope, context);
        let source = v8::String::new(scope, "(() => 'Hello World')()").expect("a short string");
        let script = v8::Script::compile(scope, source, None).expect("a valid script");
        script.run(scope).expect("it runs");
        Instant::now()
    };
    let end = std::thread::Builder::new()
        .stack_size(4 << 20)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no panic");
    end.duration_since(begin)
}

/// The value below which this share of the sorted values lies.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len());
    sorted[index - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_list() {
        let values: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&values, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&values[..1], 0.99), Duration::from_millis(1));
    }
}
