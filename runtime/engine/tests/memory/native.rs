//! What native code holds for a script, and counts nowhere.

use std::time::Duration;

use nano_engine::limits::MIB;
use nano_engine::{Exit, Limits};

use super::harness::{options, run};
use super::{Growth, LIMIT, ONE, run_alone};

/// A block of the test's functions, and its address in a list.
const BLOCK: usize = 64 + 8;

#[test]
fn what_nobody_counts_is_found_in_a_turn_and_between_turns() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for (how, script) in [
        (
            "in a turn",
            "for (;;) { count = keep(1000); while (count > 3e5 && !said++) print(count); }",
        ),
        (
            "between turns",
            "setInterval(() => { count = keep(1000); while (count > 3e5 && !said++) print(count); }, 0);",
        ),
    ] {
        let growth = Growth::since_now();
        let (said, exit) = run_alone(&format!("let count = 0, said = 0; {script}"));
        assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{how}");
        // It has the limit, at least: 21 MB here.
        assert!(said[0].parse::<f64>().is_ok(), "{how}: {said:?}");
        growth.is_below(120, how);
    }
    assert_eq!(run("print(keep(10000))").0, ["10000"]);
}

/// Nothing can interrupt it: the allocator has the last word, and the thread stops.
#[test]
fn what_one_call_takes_and_nobody_counts_is_bounded() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let before = nano_engine::containment::count();
    let (mut options, _) = options();
    options.limits = Limits {
        memory: LIMIT,
        cpu_per_turn: Some(Duration::from_secs(30)),
        ..Limits::default()
    };
    let growth = Growth::since_now();
    let (_, exit) = nano_engine::spawn(options, |scope| {
        nano_engine::evaluate(scope, "main", "keep(2 ** 31)");
    })
    .expect("a thread");
    assert_eq!(exit.wait(), Exit::Crashed);
    growth.is_below(400, "one call");
    assert_eq!(run("print(1 + 1)").0, ["2"]);
    assert_eq!(nano_engine::containment::count() - before, 1);
}

/// What fits stays, to the end.
#[test]
fn what_fits_is_nobodys_concern() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let fits = LIMIT / 2 / BLOCK;
    let (said, exit) = run_alone(&format!(
        "for (let i = 0; i < 100; i++) keep({fits} / 100); setTimeout(() => print(keep(0) >= {fits} - 100), 20);"
    ));
    assert_eq!(
        (&*said[0], exit),
        ("true", Exit::Drained),
        "of {} MB",
        LIMIT / MIB
    );
}
