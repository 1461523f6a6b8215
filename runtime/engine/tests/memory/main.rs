//! Many ways to use up memory. Each must end its own isolate, or throw, and leave the process and its neighbours alone.
//!
//! A process of its own: what goes wrong here is an abort.

#[allow(dead_code, reason = "shared with the other test program")]
#[path = "../engine/harness.rs"]
mod harness;

mod buffers;
mod built_ins;
mod containment;
mod native;
mod web_assembly;

use std::sync::Mutex;
use std::time::Duration;

use nano_engine::limits::MIB;
use nano_engine::{Exit, Limits};

use harness::{options, run, run_script};

const LIMIT: usize = 32 * MIB;

/// One at a time: each may really use its slack.
static ONE: Mutex<()> = Mutex::new(());

fn run_limited(script: &str) -> (Vec<String>, Exit) {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    run_alone(script)
}

/// For those that hold the lock.
fn run_alone(script: &str) -> (Vec<String>, Exit) {
    let (mut options, log) = options();
    options.limits = Limits {
        memory: LIMIT,
        cpu_per_turn: Some(Duration::from_secs(30)),
        ..Limits::default()
    };
    let exit = run_script(options, script);
    let said = log.lock().expect("log").clone();
    (said, exit)
}

/// What this process has in memory, compared with before. To be used by one test at a time.
struct Growth {
    #[cfg(target_os = "linux")]
    before: u64,
}

impl Growth {
    #[cfg(target_os = "linux")]
    fn since_now() -> Growth {
        // Makes the resident memory of now the peak.
        std::fs::write("/proc/self/clear_refs", "5").expect("a reset");
        Growth {
            before: status("VmRSS:"),
        }
    }

    /// It has never been so many megabytes.
    #[cfg(target_os = "linux")]
    #[track_caller]
    fn is_below(&self, most: u64, what: &str) {
        let growth = status("VmHWM:").saturating_sub(self.before) >> 20;
        println!("{growth} MB: {what}");
        assert!(growth < most, "{what}: the process grew by {growth} MB");
    }

    #[cfg(not(target_os = "linux"))]
    fn since_now() -> Growth {
        Growth {}
    }

    #[cfg(not(target_os = "linux"))]
    fn is_below(&self, _: u64, _: &str) {}
}

/// A field of this process's status, in bytes.
#[cfg(target_os = "linux")]
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.expect("the field").trim().trim_end_matches(" kB");
    number.parse::<u64>().expect("a number") << 10
}

/// How many megabytes the process grows by at most while a script is ended that passes [`LIMIT`] step by step; some 120 are seen.
const STEPS: u64 = 300;
/// The same for one call that makes a large array, which nothing interrupts; some 1300 are seen.
const ONE_CALL: u64 = 2000;

#[track_caller]
fn ends_the_isolate(script: &str) {
    ends_the_isolate_below(STEPS, script);
}

#[track_caller]
fn ends_the_isolate_below(most: u64, script: &str) {
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let growth = Growth::since_now();
    let (said, exit) = run_alone(script);
    growth.is_below(most, script);
    drop(one);
    assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{script}: {said:?}");
    assert_eq!(run("print(1 + 1)").0, ["2"], "the next isolate: {script}");
}

macro_rules! too_much {
    ($most:ident, $($name:ident: $script:expr;)*) => {$(
        #[test]
        fn $name() {
            ends_the_isolate_below($most, $script);
        }
    )*};
}

too_much! {
    ONE_CALL,
    filled_array: "new Array(1e8).fill(0);";
    filled_array_of_doubles: "new Array(3e7).fill(1.5);";
    array_from: "Array.from({ length: 2e7 }, (_, i) => i);";
    match_global: "'a'.repeat(3e7).match(/a/g);";
    replace: "'a'.repeat(1e7).replace(/a/g, 'bcd');";
    split: "'a,'.repeat(3e7).split(',');";
    split_in_characters: "'ab'.repeat(2e7).split('');";
    array_constructor_and_map: "Array.from(new Array(6e7).keys());";
    one_flat_string: "const s = 'x'.repeat(2 ** 29 - 30); s.charCodeAt(5);";
    one_flat_string_of_two_bytes: "const s = '\\u1234'.repeat(2 ** 29 - 30); s.charCodeAt(5);";
    one_array: "const a = new Array(2 ** 25).fill(0);";
}

too_much! {
    STEPS,
    objects: "const a = []; for (;;) a.push({ a: 1, b: [2] });";
    numbers: "const a = []; for (;;) a.push(1.5);";
    arrays: "const a = []; for (;;) a.push(new Array(1000).fill(1.1));";
    linked_list: "let a; for (;;) a = { a };";
    strings: "const a = []; let i = 0; for (;;) a.push('text' + i++);";
    flat_strings: "const a = []; for (;;) { const s = 'x'.repeat(1 << 20) + a.length; s.charCodeAt(0); a.push(JSON.parse(JSON.stringify(s))); }";
    map: "const m = new Map(); let i = 0; for (;;) m.set(i++, i);";
    set: "const s = new Set(); let i = 0; for (;;) s.add(i++);";
    weak_map: "const m = new WeakMap(), keep = []; for (;;) { const k = {}; keep.push(k); m.set(k, {}); }";
    dictionary: "const o = {}; let i = 0; for (;;) o['key' + i++] = i;";
    symbols: "const a = []; for (;;) a.push(Symbol('x'));";
    closures: "const a = []; for (let i = 0; ; i++) a.push(() => i);";
    promises: "const a = []; for (;;) a.push(new Promise(() => {}));";
    microtasks: "(function again() { Promise.resolve().then(again); Promise.resolve().then(again); })();";
    microtask_arguments: "let keep; (function again() { keep = { keep, big: new Array(1000).fill(1.5) }; Promise.resolve().then(again); })();";
    match_all: "[...'a'.repeat(5e7).matchAll(/a/g)];";
    json_text: "const a = new Array(1000).fill('x'.repeat(1000)), keep = []; for (;;) keep.push(JSON.stringify(new Array(100).fill(a)));";
    join: "const keep = []; for (;;) keep.push(new Array(1e6).fill('x'.repeat(100)).join(''));";
    concatenation: "let a = [1, 2, 3]; for (;;) a = a.concat(a);";
    spread: "let a = [1, 2, 3]; for (;;) a = [...a, ...a];";
    big_integers: "const a = []; for (;;) a.push(1n << 1000000n);";
    generators: "const a = []; function* g() { let big = new Array(100); yield big; } for (;;) { const i = g(); i.next(); a.push(i); }";
    errors: "const a = []; for (;;) a.push(new Error('x'.repeat(100)).stack);";
    regular_expressions: "const a = []; let i = 0; for (;;) { const r = new RegExp('(a|b)+' + i++); r.test('ab'); a.push(r); }";
    functions_with_names: "const a = []; for (;;) a.push(class { static x = 1; m() {} });";
    entries: "const o = Object.fromEntries(Array.from({ length: 1e6 }, (_, i) => ['k' + i, i])); const a = []; for (;;) a.push(Object.entries(o));";
    sort_callback: "const keep = []; [3, 2, 1].sort(() => { for (;;) keep.push({}); });";
    getter_in_json: "const keep = []; JSON.stringify({ toJSON() { for (;;) keep.push([]); } });";
    catching: "const keep = []; for (;;) { try { for (;;) keep.push({}); } catch {} }";
    timers: "const keep = []; setInterval(() => { for (let i = 0; i < 1e4; i++) keep.push({ i }); }, 0);";
    resizable_buffers: "const keep = []; for (;;) { const b = new ArrayBuffer(2e8, { maxByteLength: 2e8 }); new Uint8Array(b).fill(1); keep.push(b); }";
    resized_buffers: "const keep = []; for (;;) { const b = new ArrayBuffer(0, { maxByteLength: 2e8 }); b.resize(2e8); new Uint8Array(b).fill(1); keep.push(b); }";
    wasm_memories: "const keep = []; for (;;) { const m = new WebAssembly.Memory({ initial: 1600 }); new Uint8Array(m.buffer).fill(1); keep.push(m); }";
    wasm_modules: "const keep = []; for (;;) keep.push(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,4,1,2,0,11])));";
    many_timers: "for (;;) setTimeout(() => {}, 1e6);";
    segments: "const keep = [], s = new Intl.Segmenter('de', { granularity: 'word' }); for (;;) keep.push(s.segment('text'));";
    date_formats: "const keep = []; for (;;) keep.push(new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }));";
    date_formats_in_many_turns: "const keep = []; setInterval(() => { for (let i = 0; i < 20; i++) keep.push(new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' })); }, 0);";
}

/// Neither its own loops nor calls of its functions would stop these.
#[test]
fn no_script_goes_on_after_a_native_function_has_passed_the_limit() {
    for script in [
        "try { hold(1e9); } catch {} print('on');",
        "try { hold(1e9); } finally { print('on'); }",
        "try { [1e9].map(hold); } catch {} print('on');",
        "Promise.resolve(1e9).then(hold).catch(print); Promise.resolve('on').then(print);",
        "(async () => { try { hold(await 1e9); } catch {} print('on'); })();",
        "Promise.reject(1e9).catch(hold); Promise.resolve('on').then(print);",
    ] {
        let (said, exit) = run_limited(script);
        assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{script}");
        assert_eq!(said, [format!("exit {exit}")], "{script}");
    }
}
