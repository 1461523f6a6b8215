//! Many ways to use up memory. Each must end its own isolate, or throw, and leave the process and its neighbours alone.
//!
//! A process of its own: what goes wrong here is an abort.

#[allow(dead_code, reason = "shared with the other test program")]
#[path = "../engine/harness.rs"]
mod harness;

use std::sync::Mutex;
use std::time::Duration;

use nano_engine::limits::MIB;
use nano_engine::{Exit, Limits, State, Until, external_memory, v8};

use harness::{options, run, run_script};

const LIMIT: usize = 32 * MIB;

/// One at a time: each may really use its slack.
static ONE: Mutex<()> = Mutex::new(());

fn run_limited(script: &str) -> (Vec<String>, Exit) {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
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

#[track_caller]
fn ends_the_isolate(script: &str) {
    let (said, exit) = run_limited(script);
    assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{script}: {said:?}");
    assert_eq!(run("print(1 + 1)").0, ["2"], "the next isolate: {script}");
}

macro_rules! too_much {
    ($($name:ident: $script:expr;)*) => {$(
        #[test]
        fn $name() {
            ends_the_isolate($script);
        }
    )*};
}

too_much! {
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
    filled_array: "new Array(1e8).fill(0);";
    filled_array_of_doubles: "new Array(3e7).fill(1.5);";
    array_from: "Array.from({ length: 2e7 }, (_, i) => i);";
    array_constructor_and_map: "Array.from(new Array(6e7).keys());";
    split: "'a,'.repeat(3e7).split(',');";
    split_in_characters: "'ab'.repeat(2e7).split('');";
    match_all: "[...'a'.repeat(5e7).matchAll(/a/g)];";
    match_global: "'a'.repeat(3e7).match(/a/g);";
    replace: "'a'.repeat(1e7).replace(/a/g, 'bcd');";
    json_of_a_large_text: "JSON.parse('[' + '1,'.repeat(3e7) + '1]');";
    json_of_objects: "JSON.parse('[' + '{\"a\":1},'.repeat(2e6) + '1]');";
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

#[test]
fn array_buffers_throw_a_range_error() {
    let (said, exit) = run_limited(
        "
        for (const make of [
            () => new ArrayBuffer(1e9),
            () => new Uint8Array(1e9),
            () => new Float64Array(9e6),
            () => new SharedArrayBuffer(1e9),
            () => new ArrayBuffer(10, { maxByteLength: 1e12 }),
            () => new ArrayBuffer(10).transfer(1e9),
            () => { const keep = []; for (;;) keep.push(new ArrayBuffer(1e6)); },
        ]) {
            try { make(); print('made'); } catch (e) { print(e.name); }
        }
    ",
    );
    assert!(
        said.len() > 7 && said[..7].iter().all(|name| name == "RangeError"),
        "{said:?} {exit:?}"
    );
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn a_refused_buffer_does_not_lift_the_limit_of_the_heap() {
    ends_the_isolate(
        "
        for (let i = 0; i < 3; i++) try { new ArrayBuffer(1e9); } catch {}
        const keep = [];
        for (;;) keep.push(new Array(100).fill(1.5));
    ",
    );
    ends_the_isolate(
        "
        try { new ArrayBuffer(1e9); } catch {}
        const keep = [];
        setInterval(() => { for (let i = 0; i < 1e4; i++) keep.push([i]); }, 0);
    ",
    );
}

#[test]
fn resizable_buffers_are_bounded_in_size() {
    let (said, exit) = run_limited("
        for (const Buffer of [ArrayBuffer, SharedArrayBuffer]) {
            const b = new Buffer(8, { maxByteLength: 64 });
            b[Buffer === ArrayBuffer ? 'resize' : 'grow'](32);
            print(b.byteLength, b.maxByteLength, b instanceof Buffer, b.constructor === Buffer, Buffer.name, Buffer.length);
            try { new Buffer(1, { maxByteLength: 2 ** 28 + 1 }); } catch (e) { print(e.name); }
            try { new Buffer(2, { maxByteLength: 1 }); } catch (e) { print(e.name); }
            try { Buffer(1); } catch (e) { print(e.name); }
        }
        class Own extends ArrayBuffer {}
        print(new Own(3) instanceof Own, new Own(3).slice(1).byteLength, new ArrayBuffer('5', null).byteLength);
    ");
    let errors = ["RangeError", "RangeError", "TypeError"];
    assert_eq!(said[0], "32 64 true true ArrayBuffer 1");
    assert_eq!(said[1..4], errors);
    assert_eq!(said[4], "32 64 true true SharedArrayBuffer 1");
    assert_eq!(said[5..8], errors);
    assert_eq!(said[8], "true 2 5");
    assert_eq!(exit, Exit::Drained);
}

/// Wherever V8 maps memory for a buffer.
#[test]
#[cfg(target_os = "linux")]
fn buffers_with_mappings_are_bounded_in_number() {
    let before = mappings();
    for (make, most) in [
        ("new ArrayBuffer(0, { maxByteLength: 1 })", 1024),
        ("new ArrayBuffer(1, { maxByteLength: 2 }).transfer(2)", 1024),
        ("new SharedArrayBuffer(0, { maxByteLength: 1 })", 1024),
        ("new WebAssembly.Memory({ initial: 0, maximum: 1 })", 1024),
        // (module (memory 0))
        (
            "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,5,3,1,0,0])))",
            1024,
        ),
    ] {
        let script = format!(
            "const keep = [];
            try {{ for (;;) keep.push({make}); }} catch (e) {{ print(e.name, keep.length); }}
            keep.length = 0;
            setTimeout(() => {{ for (let i = 0; i < 3000; i++) {make}; print('garbage makes room'); }}, 0);"
        );
        let (said, exit) = run_limited(&script);
        let (error, count) = said[0].split_once(' ').expect("two words");
        assert_eq!(error, "RangeError", "{make}");
        let count: usize = count.parse().expect("a number");
        assert!(
            count > 100 && count <= most,
            "{make}: {count} buffers at a time"
        );
        assert_eq!(said[1], "garbage makes room", "{make}");
        assert_eq!(exit, Exit::Drained, "{make}");
    }
    let left = mappings().saturating_sub(before);
    assert!(left < 500, "{left} mappings are left");
}

#[cfg(target_os = "linux")]
fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells");
    maps.lines().count()
}

#[test]
fn texts_that_are_nested_deeply_are_refused() {
    let (said, exit) = run_limited(
        r#"
        const attempt = (text) => { try { return JSON.parse(text); } catch (e) { return e.name; } };
        print(attempt('['.repeat(5e7)));
        print(attempt('{"a":'.repeat(5e6)));
        print(attempt('['.repeat(2e5) + ']'.repeat(2e5)).length);
        print(attempt('[' + '[],'.repeat(5e5) + '"' + '['.repeat(5e5) + '"]').length);
        print(JSON.parse('{"a":[1,2]}', (k, v, { source }) => source === '2' ? 3 : v).a[1]);
        print(JSON.parse.name, JSON.parse.length, 'prototype' in JSON.parse);
        print(attempt('{'));
    "#,
    );
    assert_eq!(
        said[..7],
        [
            "RangeError",
            "RangeError",
            "1",
            "500001",
            "3",
            "parse 2 false",
            "SyntaxError"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn functions_of_web_assembly_are_bounded() {
    let (said, exit) = run_limited(
        r#"
        const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >> 7)];
        const ifs = (locals, count) => {
            const body = [1, ...leb(locals), 0x7f, ...new Array(count).fill([0x41, 0, 0x04, 0x40, 0x0b]).flat(), 0x0b];
            const section = [1, ...leb(body.length), ...body];
            return new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, 3,2,1,0, 10, ...leb(section.length), ...section]);
        };
        const large = ifs(49990, 23000), small = ifs(10, 10);
        const say = (e) => print(e instanceof WebAssembly.CompileError, e.message.slice(0, 22));
        try { new WebAssembly.Module(large); } catch (e) { say(e); }
        print(WebAssembly.validate(large), WebAssembly.validate(small.buffer));
        const module = new WebAssembly.Module(small);
        print(module instanceof WebAssembly.Module, module.constructor === WebAssembly.Module, WebAssembly.Module.length);
        print(WebAssembly.Module.exports(module).length, String(module));
        try { WebAssembly.Module(small); } catch (e) { print(e.name); }
        Promise.all([WebAssembly.compile(large).catch(say), WebAssembly.instantiate(large).catch(say)])
            .then(() => WebAssembly.instantiate(module)).then((i) => print(i instanceof WebAssembly.Instance));
    "#,
    );
    let refused = "true WebAssembly.";
    assert_eq!(
        said,
        [
            &format!("{refused}Module(): "),
            "false true",
            "true true 1",
            "0 [object WebAssembly.Module]",
            "TypeError",
            &format!("{refused}compile():"),
            &format!("{refused}instantiat"),
            "true",
            "exit drained",
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// V8 keeps them for the life of the process, and ends it when there are too many.
#[test]
fn types_of_web_assembly_are_bounded_for_each_app() {
    let run = |app: &str, script: &str| {
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let (mut options, log) = options();
        options.name = app.to_owned();
        let tools = "
            // Function types of 20 parameters, which tell their numbers; 23 bytes each.
            const module = (first, count) => {
                const types = [];
                for (let i = first; i < first + count; i++) {
                    types.push(0x60, 20);
                    for (let k = 0; k < 20; k++) types.push(0x7f - ((i >> k) & 1));
                    types.push(0);
                }
                const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >> 7)];
                const section = [...leb(count), ...types];
                return new Uint8Array([0,97,115,109,1,0,0,0,1, ...leb(section.length), ...section]);
            };
            const say = (e) => print(e instanceof RangeError, e.message.includes('bytes for as long as the process runs'));
            const attempt = (work) => { try { work(); print('fine'); } catch (e) { say(e); } };
            const tag = (n) => new WebAssembly.Tag({ parameters: Array.from({ length: 20 }, (_, k) => n >> k & 1 ? 'i32' : 'f32') });
        ";
        let exit = run_script(options, &format!("{tools}{script}"));
        let said = log.lock().expect("log").clone();
        (said, exit)
    };
    let (said, exit) = run(
        "many types",
        "
        let count = 0;
        try { for (;; count++) new WebAssembly.Module(module(count * 1000, 1000)); } catch (e) { say(e); }
        print(count);
        // Also where it is not valid, or only looked at.
        attempt(() => new WebAssembly.Module(new Uint8Array([...module(5e5, 1000), 99])));
        attempt(() => WebAssembly.validate(module(5e5, 1000)));
        attempt(() => new WebAssembly.Module(module(0, 1000)));
        print(WebAssembly.validate(module(1000, 1000)));
        let tags = 0;
        try { for (;; tags++) tag(tags); } catch (e) { say(e); }
        print(tags > 50 && tags < 200);
        attempt(() => tag(1));
        Promise.all([WebAssembly.compile(module(5e5, 1000)).catch(say), WebAssembly.instantiate(module(5e5, 1000)).catch(say)]);
        ",
    );
    let refused = "true true";
    assert_eq!(
        said,
        [
            refused,
            "11",
            refused,
            refused,
            "fine",
            "true",
            refused,
            "true",
            "fine",
            refused,
            refused,
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
    // Its next instance may do what it did, and no more. Another app has its own.
    let script = "attempt(() => new WebAssembly.Module(module(3000, 1000))); attempt(() => new WebAssembly.Module(module(6e5, 1000)));";
    assert_eq!(run("many types", script).0[..2], ["fine", refused]);
    assert_eq!(run("another app", script).0[..2], ["fine", "fine"]);
}

/// Getters run while V8 reads what it was given.
#[test]
fn what_is_looked_at_is_what_is_compiled() {
    let (said, exit) = run_limited(
        "
        const exporting = [0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,4,1,2,0,11];
        const harmless = [0,97,115,109,1,0,0,0,0,21,1,120, ...new Array(19).fill(0)];
        const exports = (module) => WebAssembly.Module.exports(module).length;
        const bytes = new Uint8Array(exporting);
        const options = { get builtins() { bytes.set(exporting); } };
        print(exports(new WebAssembly.Module(bytes)));
        bytes.set(harmless);
        print(exports(new WebAssembly.Module(bytes, options)));
        bytes.set(harmless);
        print(WebAssembly.validate(bytes.buffer, options));
        bytes.set(harmless);
        const one = WebAssembly.compile(bytes, options).then((module) => print(exports(module)));
        bytes.set(harmless);
        one.then(() => WebAssembly.instantiate(bytes, {}, options)).then(({ module }) => print(exports(module)));
        const parameters = { get length() { delete this.length; return 1; }, get 0() { Object.defineProperty(this, 0, { value: '?' }); return 'i32'; } };
        print(new WebAssembly.Tag({ parameters }) instanceof WebAssembly.Tag);
        for (const wrong of [undefined, {}, { parameters: 1 }, { parameters: ['text'] }, { parameters: { length: 2000 } }]) {
            try { new WebAssembly.Tag(wrong); } catch (e) { print(e.name); }
        }
        print(typeof WebAssembly.promising, 'Suspending' in WebAssembly, 'SuspendError' in WebAssembly);
        ",
    );
    assert_eq!(
        said,
        [
            "1",
            "0",
            "true",
            "true",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "undefined false false",
            "0",
            "0",
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// Thousands of calls in a row, without a loop or a function of the script's. They are ended before the thread has to stop for
/// ever, with what it has locked.
#[test]
#[cfg(target_os = "linux")]
fn straight_line_code_is_ended_when_it_passes_the_limit() {
    for call in [
        "segmenter.segment(text)",
        "new Intl.DateTimeFormat('de', { timeZone: 'Asia/Tokyo', timeZoneName: 'long' })",
        "(0).toLocaleString('de', { style: 'currency', currency: 'EUR', minimumFractionDigits: INDEX % 10 })",
        "new Date(0).toLocaleString('de', { timeZone: 'Asia/Tokyo', timeZoneName: 'long', hour12: true })",
    ] {
        let lines: String = (0..8000)
            .map(|i| format!("keep[{i}] = {};\n", call.replace("INDEX", &i.to_string())))
            .collect();
        let (said, exit) = run_limited(&format!(
            "globalThis.keep = []; const text = 'x'.repeat(2e5); const segmenter = new Intl.Segmenter('en'); {lines} print('done');"
        ));
        assert!(
            matches!(exit, Exit::HeapLimit { .. }) || said[0] == "done",
            "{call}: {exit} {said:?}"
        );
        let works = "print(new Intl.DateTimeFormat('it', { timeZone: 'Asia/Tokyo', timeZoneName: 'long' }).format(0).length > 0)";
        assert_eq!(run(works).0, ["true"], "{call}");
    }
}

/// What stands before V8's functions cannot be told from them.
#[test]
fn intl_is_as_v8_has_it() {
    let (said, exit) = run_limited(
        "
        const names = ['Collator', 'DateTimeFormat', 'DisplayNames', 'DurationFormat', 'ListFormat', 'Locale', 'NumberFormat',
            'PluralRules', 'RelativeTimeFormat', 'Segmenter'];
        for (const name of names) {
            const options = name === 'DisplayNames' ? { type: 'region' } : undefined;
            const C = Intl[name];
            const descriptor = Object.getOwnPropertyDescriptor(C, 'prototype');
            const made = new C('en', options);
            class Own extends C {}
            const own = new Own('en', options);
            const is = [made instanceof C, made.constructor === C, own instanceof Own, own instanceof C, !descriptor.writable,
                C.name === name, Object.prototype.toString.call(made) === `[object Intl.${name}]`, !Object.keys(C).length,
                Object.getPrototypeOf(Reflect.construct(C, ['en', options], Map)) === Map.prototype];
            if (is.includes(false)) print(name, is);
        }
        const lengths = names.map((name) => Intl[name].length);
        print(lengths);
        print(Intl.Collator() instanceof Intl.Collator, Intl.NumberFormat.call(Object.create(Intl.NumberFormat.prototype)).format(1));
        for (const f of [() => Intl.Segmenter(), () => new Intl.DateTimeFormat.prototype.formatToParts(), () => new Intl.getCanonicalLocales()]) {
            try { f(); print('made'); } catch (e) { print(e.name); }
        }
        const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
        print(get.name, get.length, Intl.DateTimeFormat.supportedLocalesOf('de', {}), Intl.DateTimeFormat.supportedLocalesOf.length);
        const segmenter = new Intl.Segmenter('en');
        print([...segmenter.segment('ab')].length, [...segmenter.segment('abc')].length, segmenter.segment('ab').containing(1).segment);
        print(String(Intl), Intl.getCanonicalLocales('DE'), Object.getOwnPropertyDescriptor(globalThis, 'Intl').enumerable);
        print('a'.localeCompare('b'), ['c', 'B', 'a'].sort((a, b) => a.localeCompare(b)).join(), ''.localeCompare.length, ''.localeCompare.name);
        print((1234.5).toLocaleString('de'), 5n.toLocaleString(), new Date(0).toLocaleDateString('en-US', { timeZone: 'UTC' }), [1.5].toLocaleString('de'));
        ",
    );
    assert_eq!(
        said,
        [
            "0,0,2,0,0,1,0,0,0,0",
            "true 1",
            "TypeError",
            "TypeError",
            "TypeError",
            "get format 0 de 1",
            "2 3 b",
            "[object Intl] de false",
            "-1 a,B,c 1 localeCompare",
            "1.234,5 5 1/1/1970 1,5",
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// Without interrupts these would go on for minutes, or for ever.
#[test]
fn what_v8_does_not_interrupt_is_bounded() {
    let (said, exit) = run_limited(
        "
        let nested = [1];
        for (let i = 0; i < 60; i++) nested = [nested, nested];
        try { nested.flat(Infinity); } catch (e) { print(e.name); }
        print([1, [2, [3, [4]]]].flat(2).length, [[1, [2]]].flat().length, [[1]].flat(0).length, [].flat.length);
        print([[1, [2, [3]]]].flat('5').join(), [3, , 1].flat(9).length);
        print([3, 20, 1, , undefined].sort().join(), [3, 20, 1].toSorted().join(), [3, 20].sort((a, b) => a - b).join());
        const many = Array.from({ length: 150000 }, (_, i) => i);
        print(many.sort()[2], many.toSorted().slice(0, 4).join(), [].sort.name, [].sort.length);
        try { [1].sort(1); } catch (e) { print(e.name); }
    ",
    );
    assert_eq!(
        said,
        [
            "RangeError",
            "4 2 1 0",
            "1,2,3 2",
            "1,20,3,, 1,20,3 3,20",
            "10 0,1,10,100 sort 1",
            "TypeError",
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// Calls that nothing can interrupt, and that V8 or ICU take much native memory for. An exception, the end of the isolate, even a
/// crash of it: but no more memory than its bound, and the process and its other isolates go on.
#[test]
#[cfg(target_os = "linux")]
fn what_one_call_takes_is_bounded() {
    for script in [
        "new Intl.ListFormat('en').format(new Array(5e5).fill('x'.repeat(200)))",
        "new RegExp('[^a]b?'.repeat(1e6)).test('x')",
        "new RegExp('(?:' + 'a|'.repeat(3e6) + ')').test('x')",
        "'\\ufdfa'.repeat(2e7).normalize('NFKC')",
        "'\\u00df'.repeat(5e7).toLocaleUpperCase('tr')",
        "new Intl.Segmenter('de').segment('\\u00e4'.repeat(1e8))",
        "'a'.repeat(5e7).localeCompare('a'.repeat(5e7) + 'b', 'de')",
        "new Intl.NumberFormat('de').format('1'.repeat(2e7))",
        "new Intl.DisplayNames('en', { type: 'language' }).of('a-' + 'bcdef-'.repeat(1e7))",
        "new Intl.Locale('de-u-' + 'co-phonebk-'.repeat(1e7))",
        "Temporal.PlainDate.from('1'.repeat(1e8))",
        "new Date('1'.repeat(1e8)).getTime()",
        "JSON.stringify('\\ud800'.repeat(3e7))",
        "BigInt('1'.repeat(3e5))",
    ] {
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let (mut options, _) = options();
        options.limits = Limits {
            memory: LIMIT,
            cpu_per_turn: Some(Duration::from_secs(5)),
            ..Limits::default()
        };
        reset_peak();
        let before = status("VmRSS:");
        let began = std::time::Instant::now();
        let source = format!("try {{ {script} }} catch (e) {{ print(e.name + e.message) }}");
        let (handle, exit) = nano_engine::spawn(options, move |scope| {
            nano_engine::evaluate(scope, "main", &source);
        })
        .expect("a thread");
        handle.drain(nano_engine::Until::Idle);
        let exit = exit.wait();
        let growth = status("VmHWM:").saturating_sub(before) >> 20;
        println!("{script}: {exit}, {growth} MB, {:?}", began.elapsed());
        assert!(
            growth < 900,
            "{script}: the process grew by {growth} MB; {exit}"
        );
        assert_eq!(run("print(1 + 1)").0, ["2"], "{script}");
    }
}

/// Makes the resident memory of now the peak.
#[cfg(target_os = "linux")]
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("a reset");
}

/// A field of this process's status, in bytes.
#[cfg(target_os = "linux")]
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.expect("the field").trim().trim_end_matches(" kB");
    number.parse::<u64>().expect("a number") << 10
}

/// V8's collector does not see what these hold, and has to be told.
#[test]
fn garbage_of_native_memory_is_collected_when_needed() {
    let (said, exit) = run_limited(
        "for (let i = 0; i < 3000; i++) new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }); print('done');",
    );
    assert_eq!((&*said[0], exit), ("done", Exit::Drained));
}

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

#[test]
fn garbage_buffers_are_collected_when_needed() {
    let (said, exit) =
        run_limited("for (let i = 0; i < 2000; i++) new Uint8Array(1e6)[0] = i; print('done');");
    assert_eq!(said[0], "done");
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn characters_of_native_strings_count_until_they_are_collected() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let (mut options, _) = options();
    options.limits.memory = LIMIT;
    let (handle, exit) = nano_engine::spawn(options, |scope| {
        let held = |scope: &v8::PinScope| State::from_scope(scope).account().buffers();
        let before = held(scope);
        {
            v8::scope!(let scope, scope);
            // With and without room for what frees them.
            for room in [0, 100] {
                let mut bytes = Vec::with_capacity(10 * MIB + room);
                bytes.resize(10 * MIB, 0xE9);
                let string = external_memory::one_byte_string(scope, bytes).expect("it fits");
                assert_eq!(string.length(), 10 * MIB);
                assert!(string.to_rust_string_lossy(scope).ends_with("\u{e9}\u{e9}"));
            }
            assert_eq!(held(scope) - before, 20 * MIB);
            assert!(external_memory::one_byte_string(scope, vec![b'a'; 15 * MIB]).is_none());
            assert_eq!(held(scope) - before, 20 * MIB);
        }
        scope.low_memory_notification();
        assert_eq!(held(scope), before);
        let long = vec![b'a'; v8::String::MAX_LENGTH + 1];
        assert!(external_memory::one_byte_string(scope, long).is_none());
        let none = external_memory::one_byte_string(scope, Vec::new()).expect("it is short");
        assert_eq!(none.length(), 0);
    })
    .expect("a thread");
    handle.drain(Until::Idle);
    assert_eq!(exit.wait(), Exit::Drained);
}

#[test]
fn heap_and_buffers_have_one_limit() {
    // 25 MB of buffers fit, 20 MB of heap fit, both do not.
    let (said, exit) = run_limited("
        const buffers = Array.from({ length: 25 }, () => new ArrayBuffer(1e6));
        const heap = [];
        setInterval(() => { for (let i = 0; i < 100; i++) heap.push(new Array(1000).fill(1.5)); if (heap.length > 2500) print('too far'); }, 0);
    ");
    assert_eq!(exit, Exit::HeapLimit { limit: LIMIT }, "{said:?}");
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn wasm_memory_is_bounded() {
    let (said, exit) = run_limited("
        try { new WebAssembly.Memory({ initial: 60000 }); print('made'); } catch (e) { print(e.name); }
        const m = new WebAssembly.Memory({ initial: 1 });
        try { m.grow(60000); print('grown'); } catch (e) { print(e.name); }
    ");
    assert_eq!(said[..2], ["RangeError", "RangeError"], "{said:?}");
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn long_strings_throw() {
    let (said, exit) = run_limited(
        "
        try { 'x'.repeat(2 ** 29); } catch (e) { print(e.name); }
        try { let s = 'x'; for (;;) s += s; } catch (e) { print(e.name); }
        try { 'x'.padEnd(2 ** 30); } catch (e) { print(e.name); }
        try { new Array(2 ** 32); } catch (e) { print(e.name); }
        try { 1n << (1n << 40n); } catch (e) { print(e.name); }
    ",
    );
    assert_eq!(said[..5], ["RangeError"; 5], "{said:?}");
    assert_eq!(exit, Exit::Drained);
}
