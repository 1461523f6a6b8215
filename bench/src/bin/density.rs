//! Memory per idle app: starts apps, lets each answer once, and reads what the kernel counts as this process's share (PSS).
//!
//! `cargo run --release -p nano-bench --bin density [apps]`

use std::time::Duration;

use nano_api::worker::Worker;
use nano_bench::{HELLO, app, fetch, options, runtime, start_engine};

/// Until an app that has become idle has given back what it can.
const SETTLE: Duration = Duration::from_secs(6);

fn main() {
    start_engine();
    nano_engine::external_memory::malloc::give_back_in_background(); // As `nano serve` does.
    let apps: usize = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(200);
    let runtime = runtime();
    let folder = app(HELLO);
    runtime.block_on(async {
        // One app first: what the first costs is the process's, not an app's.
        let first = Worker::start(options(&folder))
            .await
            .expect("the app starts");
        fetch(&first, 0).await;
        tokio::time::sleep(SETTLE).await;
        let before = proportional_set_size();
        let mut workers = Vec::new();
        for id in 0..apps {
            let worker = Worker::start(options(&folder))
                .await
                .expect("the app starts");
            fetch(&worker, id as u64).await;
            workers.push(worker);
        }
        tokio::time::sleep(SETTLE).await;
        let after = proportional_set_size();
        let each = (after - before) as f64 * 1024.0 / apps as f64;
        println!(
            "{apps} idle apps: {:.1} MiB PSS, {:.2} MiB ({:.2} MB) each",
            after as f64 / 1024.0,
            each / f64::from(1 << 20),
            each / 1e6,
        );
    });
}

/// KiB.
fn proportional_set_size() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux tells");
    let line = text
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .expect("it has the line");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number of KiB")
}
