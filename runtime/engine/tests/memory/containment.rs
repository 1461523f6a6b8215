//! What V8 aborts for.

use nano_engine::{Exit, Limits, Until};

use super::harness::{self, options, run};
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

/// The others of its carrier are lost with it, and know that they are not to blame.
#[test]
fn what_v8_cannot_survive_costs_a_carrier() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    harness::start();
    let before = nano_engine::containment::count();
    let carrier = nano_engine::OpenCarrier::start("crashes".into()).expect("a thread");
    let member = |script: &'static str| {
        let (mut options, _) = options();
        options.limits.memory = LIMIT;
        let begun = carrier.spawn(options, move |scope| {
            nano_engine::evaluate(scope, "main", script);
        });
        begun.expect("the watchdog is there")
    };
    let others = [member(""), member("setInterval(() => {}, 1);")];
    let (bad, exit) = member("");
    for (handle, _) in &others {
        let (told, is_there) = std::sync::mpsc::channel();
        handle.post_fn(move |_| told.send(()).expect("the test waits"));
        is_there.recv().expect("it is there");
    }
    bad.post_fn(|scope| {
        nano_engine::evaluate(scope, "bad", "'ab'.repeat(7e7).split('')");
    });
    assert_eq!(exit.wait(), Exit::Crashed);
    for (handle, exit) in others {
        assert_eq!(exit.wait(), Exit::Lost);
        assert!(!handle.post_fn(|_| {}), "its mailbox is closed");
    }
    assert_eq!(member("").1.wait(), Exit::Lost, "nobody begins there");
    assert_eq!(run("print(1 + 1)").0, ["2"]);
    assert_eq!(nano_engine::containment::count() - before, 3);
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
