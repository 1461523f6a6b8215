//! Measures what the engine adds to V8: cold start, a task's overhead, an operation's, memory of idle isolates.
//!
//! `cargo run --release -p nano-engine --example measure`

use std::sync::mpsc;
use std::time::{Duration, Instant};

use nano_engine::{
    Embedding, Engine, EngineOptions, IsolateOptions, LoadError, Loaded, ModuleError, ModuleKind,
    ModuleSource, Until, spawn, spawn_op, v8,
};

/// Rounds per measurement.
const ROUNDS: usize = 100;

static EMBEDDING: Embedding = Embedding::EMPTY;

/// One module in memory.
struct One;

impl ModuleSource for One {
    fn resolve(&self, specifier: &str, _: &str) -> Result<String, ModuleError> {
        Ok(format!("app:///{}", specifier.trim_start_matches("./")))
    }

    fn load(
        &self,
        _: &str,
        _: ModuleKind,
        _: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Loaded, LoadError> {
        Ok(b"export default { fetch() { return 'hello'; } };"
            .to_vec()
            .into())
    }
}

fn main() {
    // Before the engine starts: isolates of one process share one snapshot at a time.
    nano_engine::platform::initialize();
    let bare = {
        // The read-only heap is made with the first isolate and dies with the last.
        let _first = v8::Isolate::new(v8::CreateParams::default());
        times(|| std::thread::spawn(run_bare).join().expect("no panic"))
    };
    println!("bare isolate on a new thread:   {bare}");
    Engine::start(EngineOptions::new(&EMBEDDING)).expect("the engine starts");
    let ours = times(|| {
        let (sender, receiver) = mpsc::channel();
        let options = IsolateOptions {
            modules: Some(Box::new(One)),
            ..IsolateOptions::default()
        };
        let (handle, exit) = spawn(options, move |scope| {
            nano_engine::modules::import(scope, "./index.js").expect("it evaluates");
            sender.send(Instant::now()).expect("a receiver");
        })
        .expect("a thread");
        let done = receiver.recv().expect("it starts");
        handle.stop();
        exit.wait();
        done
    });
    println!("spawn to evaluated module:      {ours}");
    tasks();
    operations();
    memory();
    churn();
}

fn run_bare() -> Instant {
    let mut isolate = v8::Isolate::new(v8::CreateParams::default());
    v8::scope!(let scope, &mut isolate);
    let context = v8::Context::new(scope, v8::ContextOptions::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    nano_engine::evaluate(scope, "x", "'hello'").expect("it evaluates");
    Instant::now()
}

/// The median and the 99th percentile of the time until the instant that `run` returns.
fn times(mut run: impl FnMut() -> Instant) -> String {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run() - start
        })
        .collect();
    times.sort();
    format!(
        "p50 {:?}, p99 {:?}",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100]
    )
}

fn tasks() {
    const TASKS: u32 = 200_000;
    let (handle, exit) = spawn(IsolateOptions::default(), |_| {}).expect("a thread");
    let start = Instant::now();
    for _ in 0..TASKS {
        handle.post_fn(|_| {});
    }
    let posted = start.elapsed();
    let (sender, receiver) = mpsc::channel();
    handle.post_fn(move |_| sender.send(()).expect("a receiver"));
    receiver.recv().expect("it runs");
    println!(
        "a task: {:?} to post, {:?} until done",
        posted / TASKS,
        start.elapsed() / TASKS
    );

    // From inside, so that nothing but the loop is measured.
    let (sender, receiver) = mpsc::channel();
    let own = handle.clone();
    handle.post_fn(move |_| {
        for _ in 0..TASKS {
            own.post_fn(|_| {});
        }
        let start = Instant::now();
        own.post_fn(move |_| sender.send(start.elapsed()).expect("a receiver"));
    });
    println!("a turn: {:?}", receiver.recv().expect("it runs") / TASKS);
    handle.stop();
    exit.wait();
}

fn operations() {
    const OPS: u32 = 50_000;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    let options = IsolateOptions {
        tokio: Some(runtime.handle().clone()),
        ..IsolateOptions::default()
    };
    let start = Instant::now();
    let (handle, exit) = spawn(options, |scope| {
        for _ in 0..OPS {
            spawn_op(scope, async {}, |_, _| {}).expect("there is a runtime");
        }
    })
    .expect("a thread");
    handle.drain(Until::Idle);
    exit.wait();
    println!("an operation: {:?}", start.elapsed() / OPS);
}

fn memory() {
    const ISOLATES: usize = 100;
    let before = pss();
    let isolates: Vec<_> = (0..ISOLATES)
        .map(|_| {
            let options = IsolateOptions {
                modules: Some(Box::new(One)),
                ..IsolateOptions::default()
            };
            let (sender, receiver) = mpsc::channel();
            let isolate = spawn(options, move |scope| {
                nano_engine::modules::import(scope, "./index.js").expect("it evaluates");
                sender.send(()).expect("a receiver");
            })
            .expect("a thread");
            receiver.recv().expect("it starts");
            isolate
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    println!(
        "an idle isolate: {} kB PSS",
        pss().saturating_sub(before) / ISOLATES
    );
    for (handle, exit) in isolates {
        handle.stop();
        exit.wait();
    }
}

/// What isolates leave behind.
fn churn() {
    let round = || {
        for _ in 0..1000 {
            let options = IsolateOptions {
                modules: Some(Box::new(One)),
                ..IsolateOptions::default()
            };
            let (handle, exit) = spawn(options, |scope| {
                nano_engine::modules::import(scope, "./index.js").expect("it evaluates");
            })
            .expect("a thread");
            handle.drain(Until::Idle);
            exit.wait();
        }
    };
    round();
    let before = pss();
    round();
    println!(
        "left by 1000 isolates: {} kB PSS",
        pss().saturating_sub(before)
    );
}

/// The proportional set size of this process in kB.
fn pss() -> usize {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
