//! What V8 aborts for.

use nano_engine::{Exit, Limits, Until};

use super::harness::{options, run};
use super::{LIMIT, ONE};

/// V8 ends the process for these; the engine gives up the isolate's thread instead.
#[test]
fn what_v8_cannot_survive_costs_one_isolate() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let before = nano_engine::containment::count();
    let scripts = [
        "'ab'.repeat(7e7).split('')",
        "'ab'.repeat(7e7).match(/a|b/g)",
        "'ab'.repeat(7e7).replace(/a|b/g, () => 'x')",
    ];
    for script in scripts {
        let (mut options, _) = options();
        options.limits = Limits {
            memory: LIMIT,
            cpu_per_turn: None,
            ..Limits::default()
        };
        let (handle, exit) = nano_engine::spawn(options, |scope| {
            nano_engine::evaluate(scope, "main", script);
        })
        .expect("a thread");
        // A neighbour that was there before, and one that comes after.
        assert_eq!(exit.wait(), Exit::Crashed, "{script}");
        assert!(!handle.post_fn(|_| {}), "its mailbox is closed");
        assert_eq!(run("print(1 + 1)").0, ["2"]);
    }
    assert_eq!(nano_engine::containment::count() - before, scripts.len());
}

/// What an isolate's thread does between its turns is its own, unless it does I/O.
#[test]
fn an_abort_between_turns_costs_one_isolate() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let before = nano_engine::containment::count();
    let (options, _) = options();
    let (handle, exit) = nano_engine::spawn(options, |scope| {
        nano_engine::evaluate(scope, "main", "print('aborts at its end')");
    })
    .expect("a thread");
    handle.drain(Until::Idle);
    assert_eq!(exit.wait(), Exit::Crashed);
    assert_eq!(run("print(1 + 1)").0, ["2"]);
    assert_eq!(nano_engine::containment::count() - before, 1);
}
