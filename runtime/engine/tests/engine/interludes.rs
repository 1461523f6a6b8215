//! Turns within turns: what others on a carrier get of it while one takes long.

use std::time::{Duration, Instant};

use nano_engine::Exit;

use crate::carriers::{Member, PATIENCE, carrier, member, member_with, on_its_own};

const BUDGET: Duration = Duration::from_millis(400);

/// One whose turns may take so much.
fn hog(carrier: &nano_engine::OpenCarrier, script: &str) -> Member {
    member_with(carrier, |limits| limits.cpu_per_turn = Some(BUDGET), script)
}

/// Asks one that is quiet until the other has ended; gives how often it has answered by then, and the longest time that it took.
fn asked_beside(quiet: &Member, hog: Member) -> (u32, Duration, Exit) {
    let (mut answers, mut longest) = (0, Duration::ZERO);
    while hog.handle.condemned().is_none() {
        let start = Instant::now();
        quiet.ask(|_| ());
        longest = longest.max(start.elapsed());
        answers += 1;
    }
    (answers, longest, hog.exit.wait())
}

/// Each takes as long as it may, in another way.
const LONG: [&str; 8] = [
    "for (;;);",
    "for (const kept = []; ;) { kept.push(new Array(100).fill({})); if (kept.length > 1000) kept.length = 0; }",
    "/(a+)+$/.test('a'.repeat(40) + 'b');",
    "(function deep(n) { if (n > 0) deep(n - 1); else for (;;); })(200);",
    "const forever = () => Promise.resolve().then(forever); forever();",
    "[3, 1, 2].sort(() => { for (;;); });",
    "JSON.stringify({ toJSON() { for (;;); } });",
    // An endless loop as a function that is exported as `f`.
    "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
        0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11,
    ]))).exports.f();",
];

#[test]
fn others_have_their_turns_within_long_ones() {
    let carrier = carrier("long turns");
    let quiet = member(&carrier, "");
    for script in LONG {
        let hog = hog(&carrier, "");
        hog.ask(|_| ());
        hog.run(script);
        let (answers, longest, exit) = asked_beside(&quiet, hog);
        assert_eq!(exit, Exit::CpuLimit { budget: BUDGET }, "{script}");
        // In 400 ms; by turns of 5 ms there are up to 80, more of what is answered in one go.
        assert!(
            answers >= 10 && longest < BUDGET,
            "{answers} answers, one after {longest:?}: {script}"
        );
    }
    quiet.run("print('is there')");
    assert_eq!(quiet.drained(), ["is there"]);
}

/// A turn pays for itself, not for those within it.
#[test]
fn the_time_of_turns_within_is_not_charged_to_the_one_around() {
    let carrier = carrier("charges");
    let (hog, busy) = (hog(&carrier, ""), member(&carrier, ""));
    hog.ask(|_| ());
    hog.run("for (;;);");
    while hog.handle.condemned().is_none() {
        busy.run("for (const end = Date.now() + 4; Date.now() < end;);");
        busy.ask(|_| ());
    }
    let handle = hog.handle.clone();
    assert_eq!(hog.exit.wait(), Exit::CpuLimit { budget: BUDGET });
    let (own, others) = (handle.cpu_time(), busy.handle.cpu_time());
    assert!(own >= BUDGET, "{own:?}");
    assert!(own < BUDGET * 2, "{own:?} beside {others:?}");
    assert!(others > BUDGET / 8, "{others:?} beside {own:?}");
    busy.drained();
}

/// Isolates begin and end within a turn of another one.
#[test]
fn isolates_come_and_go_within_a_turn() {
    let carrier = carrier("come and go");
    let budget = Some(5 * BUDGET);
    let hog = member_with(&carrier, |limits| limits.cpu_per_turn = budget, "");
    hog.ask(|_| ());
    hog.run("for (;;);");
    let mut gone = 0;
    while hog.handle.condemned().is_none() && gone < 5 {
        let guest = member(
            &carrier,
            "print('begins'); setTimeout(() => print('ends'), 1);",
        );
        assert_eq!(guest.drained(), ["begins", "ends"]);
        gone += 1;
    }
    assert_eq!(hog.handle.condemned(), None, "{gone} by then");
    hog.handle.terminate();
    assert_eq!(hog.exit.wait(), Exit::Stopped);
    let last = member(&carrier, "print('begins')");
    assert_eq!(last.drained(), ["begins"]);
}

/// More long turns than may be within each other. Each gets what is its own, and those that are quiet go on.
#[test]
fn long_turns_interrupt_each_other() {
    let carrier = carrier("hogs");
    let quiet = member(&carrier, "");
    let hogs: Vec<_> = (0..24).map(|_| hog(&carrier, "")).collect();
    hogs.iter().for_each(|hog| hog.run("for (;;);"));
    let end = Instant::now() + 3 * PATIENCE;
    for (number, hog) in hogs.into_iter().enumerate() {
        let handle = hog.handle.clone();
        while handle.condemned().is_none() {
            assert!(Instant::now() < end, "{number} does not end");
            quiet.ask(|_| ());
        }
        assert_eq!(
            hog.exit.wait(),
            Exit::CpuLimit { budget: BUDGET },
            "{number}"
        );
        let used = handle.cpu_time();
        assert!(used < BUDGET * 2, "{number} used {used:?}");
    }
    quiet.run("print('is there')");
    assert_eq!(quiet.drained(), ["is there"]);
}

/// Says how deep it gets.
const DEEP: &str = "{ let depth = 0; function f() { depth++; f(); } try { f(); } catch (error) { print(`${error.name} ${depth}`); } }";

fn depth(said: &str) -> usize {
    let depth = said.strip_prefix("RangeError ").expect("what was thrown");
    depth.parse().expect("a number")
}

/// Whoever runs within another one's turn has about as much stack as one that is alone on its thread.
#[test]
fn a_turn_within_has_stack_enough() {
    const TIMES: usize = 10;
    let alone = on_its_own();
    (0..TIMES).for_each(|_| alone.run(DEEP));
    let alone = alone.drained();
    let carrier = carrier("depths");
    let budget = Some(10 * BUDGET);
    let hog = member_with(&carrier, |limits| limits.cpu_per_turn = budget, "");
    let quiet = member(&carrier, "");
    hog.ask(|_| ());
    quiet.ask(|_| ());
    hog.run("(function deep(n) { if (n > 0) deep(n - 1); else for (;;); })(5000);");
    for _ in 0..TIMES {
        quiet.run(DEEP);
        quiet.ask(|_| ());
    }
    assert_eq!(hog.handle.condemned(), None);
    hog.handle.terminate();
    assert_eq!(hog.exit.wait(), Exit::Stopped);
    let within = quiet.drained();
    // Later ones have other frames.
    for (within, alone) in within.iter().zip(&alone) {
        let (within, alone) = (depth(within), depth(alone));
        assert!(within >= alone / 4 * 3, "{within}, and {alone} alone");
    }
    assert_eq!(within.len(), TIMES);
}

/// A turn that has gone so deep that others would not have enough lets nobody in, and ends as any.
#[test]
fn a_turn_that_is_deep_lets_nobody_in() {
    let carrier = carrier("too deep");
    let (hog, quiet) = (hog(&carrier, ""), member(&carrier, ""));
    hog.ask(|_| ());
    hog.run("(function deep() { try { deep(); } catch { for (;;); } })();");
    let start = Instant::now();
    quiet.run("print('has waited')");
    assert_eq!(hog.exit.wait(), Exit::CpuLimit { budget: BUDGET });
    assert!(start.elapsed() >= BUDGET / 2);
    assert_eq!(quiet.drained(), ["has waited"]);
}
