//! Values of a real isolate, with everything that apps see.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use nano_engine::{Engine, EngineOptions};

use crate::shell::{Output, Shell, ShellOptions};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Output for Lines {
    fn print(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }

    fn error(&self, message: &str) {
        self.0.lock().unwrap().push(format!("! {message}"));
    }
}

/// What a script prints, and the inspected value of its last statement.
fn run(source: &str) -> (Vec<String>, String) {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    let lines = Arc::new(Lines::default());
    let options = ShellOptions {
        output: lines.clone(),
        ..ShellOptions::terminal(PathBuf::from("/"), false)
    };
    let mut shell = Shell::new(options).expect("a shell");
    let value = shell
        .eval(source)
        .unwrap_or_else(|error| format!("! {error}"));
    let printed = std::mem::take(&mut *lines.0.lock().unwrap());
    (printed, value)
}

/// Checks the text of each expression, in one isolate.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let source: String = cases
        .iter()
        .map(|(source, _)| format!("console.dir(({source}));\n"))
        .collect();
    let (printed, value) = run(&source);
    assert_eq!(printed.len(), cases.len(), "{printed:?} {value}");
    for ((source, expected), text) in cases.iter().zip(printed) {
        assert_eq!(text, *expected, "{source}");
    }
}

#[test]
fn primitives() {
    check(&[
        ("undefined", "undefined"),
        ("null", "null"),
        ("-0", "-0"),
        ("1e21", "1e+21"),
        ("NaN", "NaN"),
        ("12345678901234567890n", "12345678901234567890n"),
        ("true", "true"),
        ("'a\\nb'", "'a\\nb'"),
        ("Symbol('x y')", "Symbol(x y)"),
        ("Symbol()", "Symbol()"),
        ("[1n << 100000n]", "[ <BigInt of 100032 bits> ]"),
    ]);
}

#[test]
fn plain_objects_and_classes() {
    check(&[
        ("{}", "{}"),
        (
            "{ a: 1, 'b-c': 'x', [Symbol('s')]: null }",
            "{ a: 1, 'b-c': 'x', [Symbol(s)]: null }",
        ),
        (
            "Object.create(null, { a: { value: 1, enumerable: true } })",
            "[Object: null prototype] { a: 1 }",
        ),
        ("new (class Foo { x = 1; #secret = 2 })", "Foo { x: 1 }"),
        (
            "new (class Foo { get [Symbol.toStringTag]() { return 'no' } })",
            "Foo {}",
        ),
        (
            "{ [Symbol.toStringTag]: 'T' }",
            "Object [T] { [Symbol(Symbol.toStringTag)]: 'T' }",
        ),
        (
            "{ get a() { throw 1 }, set b(v) {}, get c() { return 1 }, set c(v) {} }",
            "{ a: [Getter], b: [Setter], c: [Getter/Setter] }",
        ),
        ("Object.create({ inherited: 1 })", "{}"),
    ]);
}

#[test]
fn nesting_is_limited() {
    check(&[
        (
            "{ a: { b: { c: { d: 1 } } } }",
            "{\n  a: { b: { c: [Object] } }\n}",
        ),
        ("[[[[1]]]]", "[\n  [ [ [Array] ] ]\n]"),
        (
            "{ a: { b: { c: new Map([[1, 2]]) } } }",
            "{\n  a: { b: { c: [Map] } }\n}",
        ),
        (
            "{ a: { b: { c: () => {} } } }",
            "{ a: { b: { c: [Function: c] } } }",
        ),
    ]);
    let (printed, _) = run(
        "console.dir({ a: { b: { c: { d: { e: 1 } } } } }, { depth: null }); console.dir([[1]], { depth: 0 });",
    );
    assert_eq!(
        printed,
        [
            "{\n  a: {\n    b: { c: { d: { e: 1 } } }\n  }\n}",
            "[ [Array] ]"
        ]
    );
    // However deep: no end of the thread's stack.
    let deep = "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; console.dir(o, { depth: Infinity }); 1";
    assert_eq!(run(deep).1, "1");
    let proxies = "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); console.dir(p); console.log('%o', p); 1";
    assert_eq!(run(proxies).1, "1");
    let causes = "let e = new Error(); for (let i = 0; i < 1e4; i++) e = new Error('', { cause: e }); console.dir(e, { depth: Infinity }); 1";
    assert_eq!(run(causes).1, "1");
}

#[test]
fn circles() {
    check(&[
        (
            "(() => { const a = { b: {} }; a.b.a = a; return a })()",
            "<ref *1> { b: { a: [Circular *1] } }",
        ),
        (
            "(() => { const a = [1]; a.push(a); return a })()",
            "<ref *1> [ 1, [Circular *1] ]",
        ),
        (
            "(() => { const m = new Map(); m.set('m', m); return m })()",
            "<ref *1> Map(1) { 'm' => [Circular *1] }",
        ),
        ("(() => { const o = {}; return [o, o] })()", "[ {}, {} ]"),
    ]);
}

#[test]
fn arrays() {
    check(&[
        ("[]", "[]"),
        (
            "[1, 'a', , undefined, , ,]",
            "[ 1, 'a', <1 empty item>, undefined, <2 empty items> ]",
        ),
        ("new Array(1e9)", "[ <1000000000 empty items> ]"),
        ("Object.assign([1], { x: 2 })", "[ 1, x: 2 ]"),
        (
            "new (class Foo extends Array {})(3)",
            "Foo(3) [ <3 empty items> ]",
        ),
        (
            "(function () { return arguments })(1, 2)",
            "[Arguments] [ 1, 2 ]",
        ),
        ("new Uint8Array([1, 2, 3])", "Uint8Array(3) [ 1, 2, 3 ]"),
        ("new BigInt64Array(2)", "BigInt64Array(2) [ 0n, 0n ]"),
        (
            "new Uint8Array([1, 255]).buffer",
            "ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 }",
        ),
        (
            "new SharedArrayBuffer(1)",
            "SharedArrayBuffer { [Uint8Contents]: <00>, byteLength: 1 }",
        ),
        (
            "(() => { const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] }); return b })()",
            "ArrayBuffer { (detached), byteLength: 0 }",
        ),
        (
            "new DataView(new ArrayBuffer(1))",
            "DataView {\n  byteLength: 1,\n  byteOffset: 0,\n  buffer: ArrayBuffer { [Uint8Contents]: <00>, byteLength: 1 }\n}",
        ),
    ]);
    let (_, value) = run("Array.from({ length: 120 }, (_, i) => i)");
    assert!(value.ends_with("... 20 more items\n]"), "{value}");
    let (_, value) = run("new Uint8Array(1e7)");
    assert!(value.ends_with("... 9999900 more items\n]"), "{value}");
}

#[test]
fn maps_and_sets() {
    check(&[
        (
            "new Map([['a', 1], [{ k: 1 }, [2]]])",
            "Map(2) { 'a' => 1, { k: 1 } => [ 2 ] }",
        ),
        ("new Set(['a', {}])", "Set(2) { 'a', {} }"),
        (
            "new (class Foo extends Map {})([[1, 2]])",
            "Foo(1) [Map] { 1 => 2 }",
        ),
        ("new Map([['a', 1]]).keys()", "[Map Iterator] { 'a' }"),
        (
            "new Map([['a', 1]]).entries()",
            "[Map Iterator] { 'a' => 1 }",
        ),
        ("new Set([1]).values()", "[Set Iterator] { 1 }"),
        ("new WeakMap()", "WeakMap { <items unknown> }"),
        ("new WeakSet()", "WeakSet { <items unknown> }"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("function f() {}", "[Function: f]"),
        ("() => {}", "[Function (anonymous)]"),
        ("async () => {}", "[AsyncFunction (anonymous)]"),
        ("function* g() {}", "[GeneratorFunction: g]"),
        ("async function* g() {}", "[AsyncGeneratorFunction: g]"),
        ("class A {}", "[class A]"),
        ("class A extends Map {}", "[class A extends Map]"),
        ("class {}", "[class (anonymous)]"),
        (
            "Object.assign(function f() {}, { a: 1 })",
            "[Function: f] { a: 1 }",
        ),
        ("(function f() {}).bind()", "[Function: bound f]"),
        ("function classy() {}", "[Function: classy]"),
        ("Math.max", "[Function: max]"),
        ("(function* () {})()", "Object [Generator] {}"),
    ]);
}

#[test]
fn things_of_one_value() {
    check(&[
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("new Date(NaN)", "Invalid Date"),
        ("/a\\/b/dgimsuy", "/a\\/b/dgimsuy"),
        (
            "Object.defineProperty(/x/g, 'global', { get() { throw 1 } })",
            "/x/g",
        ),
        ("new Number(-0)", "[Number: -0]"),
        (
            "Object.assign(new String('ab'), { x: 1 })",
            "[String: 'ab'] { x: 1 }",
        ),
        ("Object(Symbol('s'))", "[Symbol: Symbol(s)]"),
        ("Object(1n)", "[BigInt: 1n]"),
        ("new Boolean(false)", "[Boolean: false]"),
        ("Promise.resolve(1)", "Promise { 1 }"),
        ("new Promise(() => {})", "Promise { <pending> }"),
        (
            "(() => { const p = Promise.reject(1); p.catch(() => {}); return p })()",
            "Promise { <rejected> 1 }",
        ),
        (
            "Object.freeze(Object.defineProperty({}, 'hidden', { value: 1 }))",
            "{}",
        ),
    ]);
}

#[test]
fn proxies_are_shown_by_their_target() {
    let trap = "new Proxy({ a: 1 }, new Proxy({}, { get() { throw new Error('a trap ran') } }))";
    check(&[
        (trap, "{ a: 1 }"),
        (&format!("[{trap}]"), "[ { a: 1 } ]"),
        (
            &format!("Object.create({trap})"),
            "[Object: null prototype] {}",
        ),
        (
            "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()",
            "<Revoked Proxy>",
        ),
        ("new Proxy(function f() {}, {})", "[Function: f]"),
    ]);
    let (printed, _) = run("console.log('%o', new Proxy([1], {}))");
    assert_eq!(printed, ["Proxy [ [ 1, [length]: 1 ], {} ]"]);
}

#[test]
fn errors() {
    let (_, value) = run("new TypeError('bad')");
    assert!(
        value.starts_with("TypeError: bad\n    at eval:1:1"),
        "{value}"
    );
    let (_, value) = run("class ParseError extends Error {}; new ParseError('bad')");
    assert!(value.starts_with("ParseError: bad\n    at "), "{value}");
    let (_, value) =
        run("Object.assign(new Error('outer', { cause: new RangeError('inner') }), { code: 'X' })");
    assert!(value.starts_with("Error: outer\n    at "), "{value}");
    assert!(
        value.contains("{\n  [cause]: RangeError: inner\n      at "),
        "{value}"
    );
    assert!(value.ends_with(",\n  code: 'X'\n}"), "{value}");
    let (_, value) = run("new AggregateError([new Error('a')], 'many')");
    assert!(value.contains("[errors]: [\n    Error: a\n"), "{value}");
    check(&[
        (
            "Object.defineProperty(new Error('m'), 'stack', { value: undefined })",
            "[Error: m]",
        ),
        (
            "Object.defineProperty(new Error('m'), 'stack', { get() { throw 1 } })",
            "[Error: m]",
        ),
        (
            "Object.defineProperty(new Error('m'), 'stack', { value: 'custom' })",
            "custom",
        ),
        (
            "{ a: { b: { c: new Error('deep') } } }",
            "{\n  a: { b: { c: [Error: deep] } }\n}",
        ),
    ]);
}

#[test]
fn web_objects_show_their_attributes() {
    check(&[
        (
            "new Headers({ B: '2', a: '1' })",
            "Headers { 'a' => '1', 'b' => '2' }",
        ),
        (
            "new Blob(['abc'], { type: 'text/plain' })",
            "Blob { size: 3, type: 'text/plain' }",
        ),
        (
            "new File(['abc'], 'f', { lastModified: 5 })",
            "File { size: 3, type: '', name: 'f', lastModified: 5 }",
        ),
        (
            "new URLSearchParams('a=1')",
            "URLSearchParams { 'a' => '1' }",
        ),
        ("new ReadableStream()", "ReadableStream { locked: false }"),
        (
            "new AbortController()",
            "AbortController { signal: AbortSignal { aborted: false, reason: undefined } }",
        ),
        (
            "new (class Foo extends EventTarget { own = 1 })",
            "Foo [EventTarget] { own: 1 }",
        ),
    ]);
    let (_, value) = run("new URL('https://a.example/p?q#h')");
    assert!(
        value.starts_with(
            "URL {\n  href: 'https://a.example/p?q#h',\n  origin: 'https://a.example',"
        ),
        "{value}"
    );
    let (_, value) = run("new Event('x')");
    assert!(value.starts_with("Event {\n  type: 'x',"), "{value}");
    let (_, value) = run("new DOMException('stop', 'AbortError')");
    assert!(
        value.starts_with("DOMException [AbortError]: stop\n    at eval:1:1"),
        "{value}"
    );
}

#[test]
fn patched_prototypes_are_not_asked() {
    let source = "
        const trap = { __proto__: null, get() { throw new Error('code of the app ran') }, configurable: true };
        for (const [C, name] of [[Blob, 'size'], [AbortSignal, 'aborted'], [Event, 'type'], [DOMException, 'message']])
          Object.defineProperty(C.prototype, name, trap);
        Headers.prototype.entries = Headers.prototype[Symbol.iterator] = () => { throw 1 };
        for (const name of ['value', 'get', 'set', 'done']) Object.defineProperty(Object.prototype, name, trap);
        RegExp.prototype.exec = Number.prototype.valueOf = Date.prototype.toISOString = () => { throw 1 };
        Object.defineProperty(Array.prototype, 0, trap);
        console.log(new Blob(['a']), new Headers({ a: '1' }), new AbortController(), { x: [,1] }, /a/g, new Number(1), new Date(0));
        console.log(String(new DOMException('m').code));";
    let (printed, value) = run(source);
    assert_eq!(
        printed,
        [
            "Blob { type: '' } Headers { 'a' => '1' } AbortController { signal: AbortSignal { reason: undefined } } \
             { x: [ <1 empty item>, 1 ] } /a/g [Number: 1] 1970-01-01T00:00:00.000Z",
            "0"
        ]
        .map(|line| line.replace("Blob { type", "Blob { size: 1, type")),
        "{value}"
    );
}

#[test]
fn lines_are_broken_at_the_width() {
    let (_, value) = run("({ first: 'x'.repeat(40), second: 'y'.repeat(40) })");
    assert_eq!(
        value,
        format!(
            "{{\n  first: '{}',\n  second: '{}'\n}}",
            "x".repeat(40),
            "y".repeat(40)
        )
    );
}

#[test]
fn the_console_formats() {
    let source = "
        console.log();
        console.log('a', 1, { b: 'c' }, 'd');
        console.log('%s is %d and %i and %f%%, %c%O', 'x', '42px', 1.9, '1.5', 'color: red', { a: 1 }, 'rest');
        console.log('%s', Symbol('s'));
        console.log('%d %i', Symbol(), 10n);
        console.log('100%', 'a %s', 1);
        console.log('%s %s', 'only one');
        console.log('%x %', 1);
        console.log('50%% alone');
        console.error('e'); console.warn('w'); console.info('i'); console.debug('d');
        console.assert(true, 'no'); console.assert(false); console.assert(false, 'why %s', 1); console.assert(false, { a: 1 });
        console.count(); console.count('x'); console.count(); console.countReset(); console.count(); console.countReset('none');
        console.group('g'); console.log('in\\nside'); console.groupEnd(); console.log('out');
        console.time('t'); console.time('t'); console.timeEnd('none');";
    let (printed, value) = run(source);
    assert_eq!(
        printed,
        [
            "a 1 { b: 'c' } d",
            "x is 42 and 1 and 1.5%, { a: 1 } rest",
            "Symbol(s)",
            "NaN 10",
            "100% a %s 1",
            "only one %s",
            "%x % 1",
            "50%% alone",
            "! e",
            "! w",
            "i",
            "d",
            "! Assertion failed",
            "! Assertion failed: why 1",
            "! Assertion failed: { a: 1 }",
            "default: 1",
            "x: 1",
            "default: 2",
            "default: 1",
            "! Count for 'none' does not exist",
            "g",
            "  in\n  side",
            "out",
            "! Timer 't' already exists",
            "! Timer 'none' does not exist",
        ],
        "{value}"
    );
}

#[test]
fn the_console_throws_what_conversions_throw() {
    let (printed, value) = run(
        "try { console.log('%s', { toString() { throw 'x' } }) } catch (e) { console.log('caught', e) }",
    );
    assert_eq!(printed, ["caught x"], "{value}");
}

#[test]
fn tables() {
    let (printed, value) = run("
        console.table([{ a: 1, b: 'x' }, { a: 2, c: null }, 3]);
        console.table([{ a: 1, b: 2 }], ['b']);
        console.table(new Map([['k', 1]]));
        console.table('text');
        console.table();");
    let expected = [
        "┌─────────┬───┬─────┬──────┬────────┐\n\
         │ (index) │ a │ b   │ c    │ Values │\n\
         ├─────────┼───┼─────┼──────┼────────┤\n\
         │ 0       │ 1 │ 'x' │      │        │\n\
         │ 1       │ 2 │     │ null │        │\n\
         │ 2       │   │     │      │ 3      │\n\
         └─────────┴───┴─────┴──────┴────────┘",
        "┌─────────┬───┐\n│ (index) │ b │\n├─────────┼───┤\n│ 0       │ 2 │\n└─────────┴───┘",
        "┌───────┬────────┐\n│ (key) │ Values │\n├───────┼────────┤\n│ 'k'   │ 1      │\n└───────┴────────┘",
        "text",
    ];
    assert_eq!(printed, expected, "{value}");
}

#[test]
fn traces_have_the_stack() {
    let (printed, value) = run("function outer() { console.trace('here %d', 1) } outer()");
    assert!(
        printed[0].starts_with("Trace: here 1\n    at outer (eval:1:"),
        "{printed:?} {value}"
    );
}
