//! Cold starts against bare isolates, turn about, so that a noisy minute hits both: percentiles and their ratios.
//!
//! `cargo run --release -p nano-bench --bin cold_start [rounds]`

use std::time::Duration;

use nano_bench::{HELLO, app, bare_start, cold_start, percentile, runtime, start_engine};

fn main() {
    start_engine();
    let rounds = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(500);
    let runtime = runtime();
    let folder = app(HELLO);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        for round in 0..rounds + 20 {
            let times = (bare_start(), cold_start(&folder).await);
            // The first ones pay for what a process does once.
            if round >= 20 {
                bare.push(times.0);
                ours.push(times.1);
            }
        }
    });
    bare.sort();
    ours.sort();
    for share in [0.5, 0.9, 0.99] {
        let (bare, ours) = (percentile(&bare, share), percentile(&ours, share));
        println!(
            "p{:<3} bare isolate {:>7.2} ms   app cold start {:>7.2} ms   ratio {:.2}",
            share * 100.0,
            milliseconds(bare),
            milliseconds(ours),
            ours.as_secs_f64() / bare.as_secs_f64()
        );
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
