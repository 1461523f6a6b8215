//! Isolate creation from the snapshot, and a request to a running app. An app's cold start is in `cold_start.rs`.
#![allow(missing_docs, reason = "criterion's macros make functions without")]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nano_api::worker::Worker;
use nano_bench::{HELLO, app, bare_start, fetch, options, runtime, start_engine};

fn workers(criterion: &mut Criterion) {
    start_engine();
    let runtime = runtime();
    let folder = app(HELLO);
    let mut group = criterion.benchmark_group("start");
    group
        .sample_size(50)
        .measurement_time(Duration::from_secs(5));
    group.bench_function("bare isolate on a new thread", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| bare_start()).sum());
    });
    group.bench_function("isolate from the snapshot on a new thread", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| snapshot_start()).sum());
    });
    group.finish();

    let worker = runtime
        .block_on(Worker::start(options(&folder)))
        .expect("the app starts");
    let mut id = 0;
    criterion.bench_function("warm dispatch", |bench| {
        bench.iter(|| {
            id += 1;
            runtime.block_on(fetch(&worker, id))
        });
    });
    worker.stop();
}

/// A shell's isolate: everything of an app's start but the app.
fn snapshot_start() -> Duration {
    use nano_api::shell::{Shell, ShellOptions};
    let begin = std::time::Instant::now();
    let mut shell = Shell::new(ShellOptions::terminal(".".into(), false)).expect("an isolate");
    shell.eval("0").expect("a value");
    begin.elapsed()
}

criterion_group!(benches, workers);
criterion_main!(benches);
