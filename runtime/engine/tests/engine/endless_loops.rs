//! Endless loops in many forms: the watchdog must end each of them, and nothing else.
//!
//! Some need V8's `--no-turboshaft-loop-unrolling`: without it the optimiser drops the check that a termination needs.

use std::time::{Duration, Instant};

use nano_engine::{Exit, Limits};

use crate::harness::{options, run, run_script};

const BUDGET: Duration = Duration::from_millis(300);

/// Enough time for tiers of the compiler to take part, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

#[track_caller]
fn is_ended(script: &str) {
    let (mut options, _) = options();
    options.limits = Limits {
        cpu_per_turn: Some(BUDGET),
        ..Limits::default()
    };
    let start = Instant::now();
    let exit = run_script(options, script);
    // Some forms allocate: on a slow machine the heap may be full before the time is over.
    let ended = matches!(exit, Exit::CpuLimit { .. } | Exit::HeapLimit { .. });
    assert!(ended, "{exit:?}: {script}");
    assert!(
        start.elapsed() < DEADLINE,
        "took {:?}: {script}",
        start.elapsed()
    );
    // A following isolate is fine.
    assert_eq!(run("print(1 + 1)").0, ["2"], "{script}");
}

macro_rules! endless {
    ($($name:ident: $script:expr;)*) => {$(
        #[test]
        fn $name() {
            is_ended($script);
        }
    )*};
}

endless! {
    empty_for: "for (;;) {}";
    empty_while: "while (true);";
    do_while: "do { } while (1)";
    counting: "let i = 0; while (true) { i = (i + 1) | 0; }";
    inlined_fill: "for (;;) { new Array(1000).fill(1.1); }";
    inlined_fill_of_integers: "for (;;) { new Array(1000).fill(0); }";
    push_and_drop: "let a = []; while (1) { a.push(1); if (a.length > 1e5) a = []; }";
    push_forever: "const a = []; while (1) a.push(a.length);";
    short_inner_loop: "let s = 0; for (;;) { for (let i = 0; i < 4; i++) s += i; }";
    inner_loop_over_array: "const a = [1, 2, 3, 4]; let s = 0; for (;;) { for (const x of a) s += x; }";
    map_and_filter: "const a = [1, 2, 3]; for (;;) { a.map(x => x + 1).filter(x => x > 2); }";
    labelled_continue: "outer: for (;;) { for (let i = 0; i < 3; i++) { if (i == 1) continue outer; } }";
    promise_microtasks: "(function again() { Promise.resolve().then(again); })();";
    async_await: "(async () => { for (;;) await null; })();";
    async_generator: "(async () => { async function* g() { for (;;) yield 1; } for await (const x of g()); })();";
    generator: "function* g() { for (;;) yield 1; } for (const x of g());";
    regular_expression: "/^(a+)+$/.test('a'.repeat(40) + 'b');";
    regular_expressions: "const r = /a|b|c/g; for (;;) { r.lastIndex = 0; r.exec('xxxc'); }";
    replace_callback: "for (;;) 'aaa'.replace(/a/g, x => x + x);";
    json_callback: "const o = { toJSON() { for (;;); } }; JSON.stringify(o);";
    json_round_trip: "const o = { a: [1, 2, { b: 3 }] }; for (;;) JSON.parse(JSON.stringify(o));";
    sort_callback: "const a = Array.from({ length: 1000 }, (_, i) => i); for (;;) a.sort((x, y) => y - x);";
    sort_with_loop: "[3, 2, 1].sort(() => { for (;;); });";
    recursion_with_catch: "function f() { try { f(); } catch { f(); } } f();";
    recursion_with_finally: "function f() { try { f(); } finally { f(); } } f();";
    catch_in_loop: "for (;;) { try { throw 1; } catch {} }";
    catch_the_termination: "for (;;) { try { for (;;) {} } catch {} finally { continue; } }";
    proxy_traps: "const p = new Proxy({}, { get(t, k, r) { return r[k + 1]; }, has: () => true }); for (;;) { try { p.x; } catch {} }";
    proxy_has: "const p = new Proxy({}, { has: () => true }); for (;;) 'x' in p;";
    getters: "const o = { get x() { return this.n++; }, n: 0 }; while (o.x >= 0);";
    getter_recursion: "const o = { get x() { return this.x; } }; for (;;) { try { o.x; } catch {} }";
    string_building: "let s = ''; for (;;) { s += 'x'; if (s.length > 1e6) s = ''; }";
    string_repeat: "for (;;) { 'ab'.repeat(1e5).split('').join('-'); }";
    map_growth: "const m = new Map(); let i = 0; for (;;) { m.set(i++ % 1e5, i); }";
    set_iteration: "const s = new Set([0]); for (const x of s) { s.delete(x); s.add(x + 1); }";
    array_iteration: "const a = [0]; for (const x of a) a.push(x);";
    typed_arrays: "const t = new Float64Array(1000); for (;;) { t.fill(1.5).sort(); }";
    array_from: "for (;;) Array.from({ length: 100 }, (_, i) => i * 1.5);";
    spread: "const a = [1, 2, 3]; for (;;) { [...a, ...a]; Math.max(...a); }";
    destructuring: "let a = 1, b = 2; for (;;) [a, b] = [b, a];";
    closures: "for (;;) { (() => { let x = 1; return () => x; })()(); }";
    bigints: "let n = 1n; for (;;) { n = (n * 3n) % 1000007n; }";
    symbol_iterator: "const it = { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; [...it];";
    reflect_apply: "for (;;) Reflect.apply(Math.max, null, [1, 2]);";
    date_and_intl: "for (;;) new Date().toISOString();";
    timer_callback: "setTimeout(() => { for (;;); }, 0);";
    wasm: "
        // (module (func (export \"f\") (loop $l (br $l))))
        const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11]);
        new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
    ";
    wasm_with_inner_loop: "
        // (module (func (export \"f\") (local i32) (loop $o (local.set 0 (i32.const 4))
        //   (loop $i (br_if $i (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br $o))))
        const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,
            10,27,1,25,1,1,127,3,64,65,4,33,0,3,64,32,0,65,1,107,34,0,13,0,11,12,0,11,11]);
        new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
    ";
}

#[test]
fn short_turns_are_not_ended() {
    let (mut options, log) = options();
    options.limits = Limits {
        cpu_per_turn: Some(Duration::from_millis(150)),
        ..Limits::default()
    };
    // Many turns that use far more than the budget together.
    let exit = run_script(
        options,
        "
        let n = 0;
        const id = setInterval(() => {
            const end = Date.now() + 20;
            while (Date.now() < end);
            if (++n == 30) { clearTimeout(id); print('done'); }
        }, 0);
    ",
    );
    assert_eq!(exit, Exit::Drained);
    assert_eq!(log.lock().expect("log")[0], "done");
}
