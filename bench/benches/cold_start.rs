//! How long an app takes from nothing to its first response, and a gate: the ratio to a bare isolate of V8 has a bound, and with an
//! isolate that is prepared it takes less than half of that.
//!
//! `cargo bench --workspace --profile dev --bench cold_start` measures and fails where the ratio is over [`BOUND`].
//! Each cold start has a bare start before it, so that a noisy minute of the machine hits both.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use nano_bench::{
    HELLO, app, bare_start, cold_start, percentile, prepare, prepared_start, runtime, start_engine,
};

/// A cold start (thread, isolate, module, first response) takes at most so many times what a bare isolate takes, both as medians.
const BOUND: f64 = 1.6;
/// With a prepared isolate, at most so many times what it takes without, both as medians.
const PREPARED_BOUND: f64 = 0.5;

fn main() -> ExitCode {
    start_engine();
    let runtime = runtime();
    let folder = app(HELLO);
    let launcher = {
        let _runtime = runtime.enter();
        prepare()
    };
    let times: RefCell<[Vec<Duration>; 3]> = RefCell::default();
    let mut criterion = Criterion::default()
        .sample_size(50)
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    criterion.bench_function("app cold start", |bench| {
        bench.iter_custom(|rounds| {
            let mut sum = Duration::ZERO;
            for _ in 0..rounds {
                // The first start after a pause takes longer.
                runtime.block_on(cold_start(&folder));
                let (bare, cold) = (bare_start(), runtime.block_on(cold_start(&folder)));
                let prepared = runtime.block_on(prepared_start(&launcher, &folder));
                for (times, time) in times.borrow_mut().iter_mut().zip([bare, cold, prepared]) {
                    times.push(time);
                }
                sum += cold;
            }
            sum
        });
    });
    criterion.final_summary();
    let times = times.into_inner();
    if times[0].is_empty() {
        return ExitCode::SUCCESS; // Filtered out.
    }
    let [bare, cold, prepared] = times.map(|mut times| {
        times.sort();
        percentile(&times, 0.5)
    });
    let ratio = cold.as_secs_f64() / bare.as_secs_f64();
    println!("app cold start {cold:.2?}, bare isolate {bare:.2?}: ratio {ratio:.2}, bound {BOUND}");
    if ratio > BOUND {
        eprintln!(
            "error: an app's cold start has become dearer than {BOUND} bare isolates; find out why"
        );
        return ExitCode::FAILURE;
    }
    let ratio = prepared.as_secs_f64() / cold.as_secs_f64();
    println!(
        "app start in a prepared isolate {prepared:.2?}: {ratio:.2} of a cold start, bound {PREPARED_BOUND}"
    );
    if ratio > PREPARED_BOUND {
        eprintln!(
            "error: a prepared isolate spares a start less than it should; find out what it still waits for"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
