//! `structuredClone` as apps call it.

use std::path::PathBuf;

use nano_engine::{Engine, EngineOptions};

use crate::shell::{Shell, ShellOptions};

/// The inspected value of a script.
fn eval(source: &str) -> String {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    Shell::new(ShellOptions::terminal(PathBuf::from("/"), false))
        .expect("a shell")
        .eval(source)
        .unwrap_or_else(|error| format!("! {error}"))
}

/// Name and message of what cloning the expression throws.
fn error(arguments: &str) -> String {
    eval(&format!(
        "try {{ structuredClone({arguments}); 'nothing' }} catch (e) {{ `${{e.name}}: ${{e.message}}` }}"
    ))
}

#[test]
fn values_of_the_language_are_cloned() {
    let source = "
        const value = { a: [1n, , new Date(0)], m: new Map([[1, new Set(['x'])]]), r: /x/g, u: undefined, s: new String('s') };
        value.self = value;
        const clone = structuredClone(value);
        [clone !== value, clone.self === clone, clone.m instanceof Map, clone.a.length, 1 in clone.a, 'u' in clone, clone.r.flags]";
    assert_eq!(eval(source), "[ true, true, true, 3, false, true, 'g' ]");
    assert_eq!(eval("structuredClone('text')"), "'text'");
}

#[test]
fn errors_keep_their_causes() {
    let source = "
        const clone = structuredClone(new RangeError('m', { cause: new TypeError('c') }));
        [clone instanceof RangeError, clone.message, clone.cause instanceof TypeError, clone.stack.startsWith('RangeError: m')]";
    assert_eq!(eval(source), "[ true, 'm', true, true ]");
}

#[test]
fn platform_objects_are_cloned() {
    let source = "
        const clone = structuredClone([new DOMException('m', 'AbortError'), new File(['abc'], 'f', { lastModified: 7 }), new Blob(['x'])]);
        [clone[0] instanceof DOMException, clone[0].name, clone[0].code, clone[1] instanceof File, clone[1].size, clone[1].name,
         clone[1].lastModified, clone[2] instanceof Blob, clone[2] instanceof File, clone[2].size].join()";
    assert_eq!(eval(source), "'true,AbortError,20,true,3,f,7,true,false,1'");
}

/// A string is what it was, also where it is no text: it may have surrogates that have no partner.
#[test]
fn strings_stay_as_they_are() {
    for value in [
        "'x'",
        "['x']",
        "{ ['x']: 'x' }",
        "Object('x')",
        "new Map([['x', 'x']])",
        "new Set(['x'])",
        "new RegExp('x')",
        "new Error('x', { cause: 'x' })",
        "Object.assign(new Error('x'), { stack: 'x' })",
        "new DOMException('x', 'x')",
        "Object.defineProperty(new DOMException('x', 'x'), 'stack', { value: 'x' })",
        "new QuotaExceededError('x')",
    ] {
        let value = value.replace("'x'", r"'\ud800!'");
        let all = "(value => {
                if (value instanceof Map || value instanceof Set) value = [...value];
                const own = value => typeof value === 'object' ? Object.getOwnPropertyNames(value).map(name => [name, own(value[name])]) : value;
                return JSON.stringify([own(value), value.name, value.message, value.stack, String(value)]);
            })";
        let source = format!(
            "const all = {all}, value = {value}; all(structuredClone(value)) === all(value)"
        );
        assert_eq!(eval(&source), "true", "{value}");
    }
}

#[test]
fn what_cannot_be_cloned_is_a_data_clone_error() {
    for (value, message) in [
        ("() => {}", "() => {} could not be cloned."),
        ("Symbol('s')", "Symbol(s) could not be cloned."),
        ("{ f() {} }", "f() {} could not be cloned."),
        ("new WeakMap()", "#<WeakMap> could not be cloned."),
        ("Promise.resolve()", "#<Promise> could not be cloned."),
        ("new Headers()", "Headers object could not be cloned"),
        (
            "[new AbortController()]",
            "AbortController object could not be cloned",
        ),
        (
            "new (class extends EventTarget {})",
            "EventTarget object could not be cloned",
        ),
        (
            "new ReadableStream()",
            "ReadableStream object could not be cloned",
        ),
    ] {
        let text = error(value);
        assert!(
            text.contains("DataCloneError: ") && text.contains(message),
            "{value}: {text}"
        );
    }
    // What only looks like one of our objects is a plain one.
    assert_eq!(
        eval("structuredClone(Object.create(EventTarget.prototype))"),
        "{}"
    );
    assert_eq!(
        eval("class A { x = 1 }; structuredClone(new A())"),
        "{ x: 1 }"
    );
}

#[test]
fn what_getters_throw_passes_through() {
    assert_eq!(
        error("{ get a() { throw new TypeError('mine') } }"),
        "'TypeError: mine'"
    );
}

#[test]
fn buffers_are_transferred() {
    let source = "
        const buffer = new Uint8Array([1, 2]).buffer;
        const clone = structuredClone({ buffer, view: new Uint8Array(buffer, 1) }, { transfer: [buffer] });
        [buffer.detached, clone.buffer.byteLength, clone.view[0], clone.view.buffer === clone.buffer]";
    assert_eq!(eval(source), "[ true, 2, 2, true ]");
    let source = "
        const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
        const view = new Uint8Array(buffer);
        const [b, v] = structuredClone([buffer, view], { transfer: [buffer] });
        b.resize(8);
        [b.resizable, b.maxByteLength, v.length, buffer.byteLength]";
    assert_eq!(eval(source), "[ true, 8, 8, 0 ]");
}

#[test]
fn bad_transfer_lists_are_refused() {
    for (arguments, message) in [
        ("1, { transfer: [b, b] }", "duplicate"),
        (
            "1, { transfer: [{}] }",
            "index 0 of the transfer list is a Object, which is not transferable",
        ),
        (
            "1, { transfer: [new SharedArrayBuffer(1)] }",
            "not transferable",
        ),
        (
            "1, { transfer: [new AbortController()] }",
            "a AbortController, which is not transferable",
        ),
        ("1, { transfer: [port, port] }", "duplicate"),
        ("port", "put it into the transfer list"),
        ("1, { transfer: [closed] }", "closed or was transferred"),
        ("1, { transfer: [locked] }", "locked"),
        ("d, { transfer: [d] }", "detached"),
        ("d", "could not be cloned"),
        (
            "{ get a() { b.transfer() } }, { transfer: [b] }",
            "detached",
        ),
    ] {
        let text = eval(&format!(
            "const b = new ArrayBuffer(1), d = new ArrayBuffer(1); d.transfer();
             const port = new MessageChannel().port1, closed = new MessageChannel().port1, locked = new ReadableStream();
             closed.close(); locked.getReader();
             try {{ structuredClone({arguments}); 'nothing' }} catch (e) {{ `${{e.name}}: ${{e.message}}` }}"
        ));
        assert!(
            text.contains("DataCloneError: ") && text.contains(message),
            "{arguments}: {text}"
        );
    }
    // A failed clone takes nothing away.
    let source = "const b = new ArrayBuffer(1); try { structuredClone(() => {}, { transfer: [b] }) } catch {}; b.byteLength";
    assert_eq!(eval(source), "1");
}

#[test]
fn shared_things_are_shared() {
    let source = "
        const shared = new SharedArrayBuffer(1);
        const [a, b] = structuredClone([shared, shared]);
        new Uint8Array(a)[0] = 7;
        [a !== shared, a === b, new Uint8Array(shared)[0]]";
    assert_eq!(eval(source), "[ true, true, 7 ]");
    let source = "
        const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
        const clone = structuredClone(module);
        [clone !== module, clone instanceof WebAssembly.Module, new WebAssembly.Instance(clone) instanceof WebAssembly.Instance]";
    assert_eq!(eval(source), "[ true, true, true ]");
}

#[test]
fn what_built_in_scripts_transfer_arrives() {
    let source = "
        const { port1, port2 } = new MessageChannel();
        const moved = structuredClone([port1, { port1 }], { transfer: [port1] });
        port1.postMessage('from nowhere');
        moved[0].postMessage('hello');
        const received = await new Promise((resolve) => { port2.onmessage = resolve; });
        [moved[0] instanceof MessagePort, moved[0] !== port1, moved[1].port1 === moved[0], received.data].join()";
    assert_eq!(eval(source), "'true,true,true,hello'");
    let source = "
        const readable = ReadableStream.from(['a', 'b']);
        const moved = structuredClone(readable, { transfer: [readable] });
        const { locked } = readable;
        const chunks = [];
        for await (const chunk of moved) chunks.push(chunk);
        [locked, chunks.join('')].join()";
    assert_eq!(eval(source), "'true,ab'");
    let source = "
        const transform = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk * 2); } });
        const { readable, writable } = structuredClone(transform, { transfer: [transform] });
        const writer = writable.getWriter();
        writer.write(21).then(() => writer.close());
        (await readable.getReader().read()).value";
    assert_eq!(eval(source), "42");
}
