//! What native code holds for a script, and counts nowhere.

use nano_engine::Exit;

use super::harness::run;
use super::{Growth, LIMIT, ONE, run_alone};

#[test]
fn what_nobody_counts_is_found_in_a_turn_and_between_turns() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for (how, script) in [
        ("in a turn", "for (;;) keep(100);"),
        ("between turns", "setInterval(() => keep(100), 0);"),
    ] {
        let growth = Growth::since_now();
        let (_, exit) = run_alone(script);
        assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{how}");
        growth.is_below(140, how);
    }
    assert_eq!(run("print(keep(1000))").0, ["1000"]);
}

#[test]
fn what_fits_goes_on() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let script = "for (let i = 0; i < 160; i++) keep(100); setTimeout(() => print(keep(0)), 20);";
    let (said, exit) = run_alone(script);
    assert_eq!((&*said[0], exit), ("16000", Exit::Drained));
}
