//! Buffers, and strings whose characters are outside of the heap.

use nano_engine::limits::MIB;
use nano_engine::{Exit, State, Until, external_memory, v8};

use super::harness::{options, run_script};
use super::{LIMIT, ONE, ends_the_isolate, run_limited};

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
            () => new WebAssembly.Memory({ initial: 1 }).grow(8000),
        ]) {
            try { make(); print('made'); } catch (e) { print(e.name); }
        }
    ",
    );
    assert!(
        said.len() >= 8 && said[..8].iter().all(|name| name == "RangeError"),
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

/// However many instances it has.
#[test]
#[cfg(target_os = "linux")]
fn buffers_with_mappings_are_bounded_for_each_app() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let script = |most: usize| {
        format!(
            "globalThis.keep = [];
            try {{ while (keep.length < {most}) keep.push(new ArrayBuffer(0, {{ maxByteLength: 1 }})); }} catch (e) {{ print(e.name); }}
            print(keep.length);"
        )
    };
    let of_app = |name: &str| {
        let (mut options, log) = options();
        options.name = name.to_owned();
        (options, log)
    };
    let (first, _) = of_app("many mappings");
    let (done, is_done) = std::sync::mpsc::channel();
    let (handle, exit) = nano_engine::spawn(first, move |scope| {
        nano_engine::evaluate(scope, "main", &script(600));
        done.send(()).expect("somebody waits");
    })
    .expect("a thread");
    is_done.recv().expect("it takes them");
    for (app, most) in [("many mappings", 1024 - 600), ("another app", 1024)] {
        let (options, log) = of_app(app);
        assert_eq!(run_script(options, &script(2000)), Exit::Drained);
        let said = log.lock().expect("log").clone();
        assert_eq!(said[0], "RangeError", "{app}");
        let count: usize = said[1].parse().expect("a number");
        assert!(count > most / 2 && count <= most, "{app}: {count}");
    }
    handle.stop();
    assert_eq!(exit.wait(), Exit::Stopped);
}

#[cfg(target_os = "linux")]
fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells");
    maps.lines().count()
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
    // It would be the isolate's if it were made there.
    let long = vec![b'a'; v8::String::MAX_LENGTH + 1];
    let (handle, exit) = nano_engine::spawn(options, move |scope| {
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
