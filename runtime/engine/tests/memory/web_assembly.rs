//! WebAssembly: memories, functions, and types, which V8 keeps.

use nano_engine::{ErrorReport, Exit, FolderSource, run_on_current_thread, v8};

use super::harness::{options, run_script, say};
use super::{ONE, run_limited};

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

/// V8 would take the first two, and what it makes of them nobody has looked at.
#[test]
fn modules_that_cannot_be_read_or_stand_for_too_much_are_refused() {
    let (said, exit) = run_limited(
        r#"
        const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >> 7)];
        const section = (id, content) => [id, ...leb(content.length), ...content];
        const module = (...sections) => new Uint8Array([0,97,115,109,1,0,0,0].concat(...sections));
        const filled = (count, value) => new Array(count).fill(value).flat();
        const body = (code) => [...leb(code.length + 2), 0, ...code, 0x0b];
        const small = section(1, [1, 0x60, 0, 0]);
        const modules = {
            name: module(section(0, [...leb(100_001), ...filled(100_001, 97)]), small),
            memories: module(section(5, [101, ...filled(101, [0, 0])])),
            // 1000 times struct.new_default of 10,000 fields, and drop.
            objects: module(section(1, [2, 0x5f, ...leb(10_000), ...filled(10_000, [0x7e, 1]), 0x60, 0, 0]), section(3, [1, 1]),
                section(10, [1, ...body(filled(1000, [0xfb, 1, 0, 0x1a]))])),
            well: module(section(0, [...leb(99_999), ...filled(99_999, 97)]), small, section(5, [100, ...filled(100, [0, 0])])),
        };
        for (const [name, bytes] of Object.entries(modules)) {
            try { new WebAssembly.Module(bytes); print(name, 'compiled'); } catch (e) { print(name, e instanceof WebAssembly.CompileError); }
            print(WebAssembly.validate(bytes));
        }
    "#,
    );
    let refused = |name: &str| [format!("{name} true"), "false".to_owned()];
    let expected = [
        refused("name"),
        refused("memories"),
        refused("objects"),
        ["well compiled".to_owned(), "true".to_owned()],
    ];
    assert_eq!(said[..8], expected.concat());
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn types_of_imported_modules_count() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let folder = tempfile::tempdir().expect("a folder");
    for file in 0..2_usize {
        // Function types of 20 parameters that tell their numbers; 23 bytes each.
        let types = (file * 6000..(file + 1) * 6000).flat_map(|number| {
            let parameters = (0..20).map(move |bit| 0x7f - (number >> bit & 1) as u8);
            [0x60, 20].into_iter().chain(parameters).chain([0])
        });
        // 6000, and 138,002 bytes.
        let types = [0xf0, 0x2e].into_iter().chain(types);
        let module = b"\0asm\x01\0\0\0\x01\x92\xb6\x08".iter().copied();
        let module: Vec<u8> = module.chain(types).collect();
        std::fs::write(folder.path().join(format!("{file}.wasm")), module).expect("a file");
    }
    let (mut options, log) = options();
    options.name = "imports types".to_owned();
    options.modules = Some(Box::new(
        FolderSource::new(folder.path()).expect("the folder"),
    ));
    run_on_current_thread(options, |scope| {
        v8::tc_scope!(let scope, scope);
        for file in ["./0.wasm", "./1.wasm"] {
            match nano_engine::modules::import(scope, file) {
                Some(_) => say(scope, "imported".to_owned()),
                None => {
                    let report = ErrorReport::from_try_catch(scope);
                    say(scope, report.message);
                }
            }
            scope.reset();
        }
    });
    let said = log.lock().expect("log").clone();
    assert_eq!(said[0], "imported");
    assert!(
        said[1].contains("bytes for as long as the process runs"),
        "{said:?}"
    );
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

/// V8's table of them is one for the process, which ends where it is full.
#[test]
fn functions_of_modules_are_bounded_for_each_app() {
    let run = || {
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let (mut options, log) = options();
        options.name = "many functions".to_owned();
        options.limits.memory = 1 << 30;
        let exit = run_script(
            options,
            "
            const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >> 7)];
            const many = (count) => {
                const section = (id, rest) => [id, ...leb(leb(count).length + rest), ...leb(count)];
                const head = [0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, ...section(3, count)], code = section(10, 3 * count);
                const module = new Uint8Array(head.length + code.length + 4 * count);
                module.set(head);
                module.set(code, head.length + count);
                for (let i = head.length + count + code.length; i < module.length; i += 3) module.set([2, 0, 0x0b], i);
                return module;
            };
            const say = (e) => print(e instanceof RangeError, e.message.includes('functions together'));
            const bytes = many(300_000);
            let kept = [];
            try { for (;;) kept.push(new WebAssembly.Module(bytes)); } catch (e) { say(e); }
            print(kept.length, WebAssembly.validate(bytes));
            WebAssembly.compile(bytes).catch(say);
            WebAssembly.instantiate(bytes).catch(say);
            kept = [];
            // What nobody has is collected.
            WebAssembly.compile(bytes).then((module) => print(module instanceof WebAssembly.Module));
            ",
        );
        let said = log.lock().expect("log").clone();
        (said, exit)
    };
    // Its next instance gets as many.
    for _ in 0..2 {
        let (said, exit) = run();
        let refused = "true true";
        assert_eq!(
            said,
            [refused, "3 true", refused, refused, "true", "exit drained"]
        );
        assert_eq!(exit, Exit::Drained);
    }
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
        // V8 asks for the prototype before it reads. It would take a module of 101 memories.
        const header = [0,97,115,109,1,0,0,0];
        const changing = new Uint8Array([...header, 0,203,1, ...new Array(203).fill(0)]);
        const prototype = { __proto__: WebAssembly.Module.prototype };
        let asked = 0;
        const target = new Proxy(function () {}, { get(of, key) {
            asked++;
            changing.set([...header, 5,203,1, 101, ...new Array(202).fill(0)]);
            return key === 'prototype' ? prototype : of[key];
        } });
        try { Reflect.construct(WebAssembly.Module, [changing], target); print('compiled'); } catch (e) { print(e.name, asked); }
        class Derived extends WebAssembly.Module {}
        print(new Derived(new Uint8Array(exporting)) instanceof Derived);
        const made = Reflect.construct(WebAssembly.Module, [new Uint8Array(exporting)], target);
        print(Object.getPrototypeOf(made) === prototype, exports(made));
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
            // When the call begins, and before anything is looked at.
            "CompileError 2",
            "true",
            "true 1",
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
