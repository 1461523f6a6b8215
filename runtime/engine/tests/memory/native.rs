//! What native code holds for a script, and counts nowhere.

use nano_engine::Exit;
use nano_engine::limits::MIB;

use super::harness::run;
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
