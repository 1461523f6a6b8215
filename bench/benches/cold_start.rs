//! How long an app takes from nothing to its first response, and a gate: the ratio to a bare isolate of V8 has a bound.
//!
//! `cargo bench --workspace --profile dev --bench cold_start` measures and fails where the ratio is over [`BOUND`].
//! Each cold start has a bare start before it, so that a noisy minute of the machine hits both.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use nano_bench::{HELLO, app, bare_start, cold_start, percentile, runtime, start_engine};

/// A cold start (thread, isolate, module, first response) takes at most so many times what a bare isolate takes, both as medians.
const BOUND: f64 = 1.6;

fn main() -> ExitCode {
    start_engine();
    let runtime = runtime();
    let folder = app(HELLO);
    let times: RefCell<(Vec<Duration>, Vec<Duration>)> = RefCell::default();
    let mut criterion = Criterion::default()
        .sample_size(50)
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    criterion.bench_function("app cold start", |bench| {
        bench.iter_custom(|rounds| {
            let mut sum = Duration::ZERO;
            for _ in 0..rounds {
                let (bare, cold) = (bare_start(), runtime.block_on(cold_start(&folder)));
                let mut times = times.borrow_mut();
                times.0.push(bare);
                times.1.push(cold);
                sum += cold;
            }
            sum
        });
    });
    criterion.final_summary();
    let (mut bare, mut cold) = times.into_inner();
    if bare.is_empty() {
        return ExitCode::SUCCESS; // Filtered out.
    }
    bare.sort();
    cold.sort();
    let (bare, cold) = (percentile(&bare, 0.5), percentile(&cold, 0.5));
    let ratio = cold.as_secs_f64() / bare.as_secs_f64();
    println!("app cold start {cold:.2?}, bare isolate {bare:.2?}: ratio {ratio:.2}, bound {BOUND}");
    if ratio > BOUND {
        eprintln!(
            "error: an app's cold start has become dearer than {BOUND} bare isolates; find out why"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
