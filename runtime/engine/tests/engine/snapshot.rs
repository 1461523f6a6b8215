//! The startup snapshot.

use nano_engine::{Engine, EngineError, EngineOptions, State, run_on_current_thread, v8};

use crate::harness::{EMBEDDING, options, run, start};

#[test]
fn native_callbacks_and_objects_survive() {
    let (said, _) = run("print(typeof setTimeout, baked(), fromSnapshot.get('answer'))");
    assert_eq!(said, ["function 42 42"]);
}

#[test]
fn templates_and_objects_come_back_by_index() {
    let (options, _) = options();
    run_on_current_thread(options, |scope| {
        let state = State::from_scope(scope);
        // Twice: V8 hands each out once, the state keeps it.
        for _ in 0..2 {
            let template: v8::Local<v8::FunctionTemplate> = state.template(scope, 0);
            let function: v8::Local<v8::Function> = state.object(scope, 0);
            assert_eq!(template.get_function(scope), Some(function));
        }
        let context = scope.get_current_context();
        let key = v8::String::new(scope, "print").expect("short");
        let print = context.global(scope).get(scope, key.into());
        let function: v8::Local<v8::Function> = state.object(scope, 0);
        assert_eq!(print, Some(function.into()));
    });
}

#[test]
fn the_snapshot_can_be_rehashed() {
    start();
    let bytes: &'static [u8] = crate::harness::SNAPSHOT.get().expect("baked");
    assert!(v8::StartupData::from(bytes).can_be_rehashed());
}

#[test]
fn a_second_start_is_the_same_engine_or_refused() {
    start();
    assert!(Engine::start(EngineOptions::new(&EMBEDDING)).is_ok());
    let other_bytes = EngineOptions {
        embedding: &EMBEDDING,
        snapshot: Some(&[0; 64]),
        single: false,
    };
    assert!(matches!(
        Engine::start(other_bytes),
        Err(EngineError::AlreadyStarted)
    ));
    static OTHER: nano_engine::Embedding = nano_engine::Embedding::EMPTY;
    assert!(matches!(
        Engine::start(EngineOptions::new(&OTHER)),
        Err(EngineError::AlreadyStarted)
    ));
}

#[test]
fn what_eval_may_do_is_the_isolates_choice() {
    let script = "
        for (const make of [() => eval('1 + 1'), () => new Function('return 2')(), () => (0, eval)('2')])
            try { print(make()); } catch (e) { print(e.name); }
        print(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0])) instanceof WebAssembly.Module);
    ";
    assert_eq!(
        run(script).0,
        ["EvalError", "EvalError", "EvalError", "true"]
    );
    let (mut options, log) = options();
    options.allow_eval = true;
    crate::harness::run_script(options, script);
    assert_eq!(log.lock().expect("log")[..4], ["2", "2", "2", "true"]);
}

#[test]
fn intl_has_data_and_the_machine_does_not_show() {
    let (said, _) = run("
        print(new Intl.DateTimeFormat('de').resolvedOptions().timeZone, new Date(0).getTimezoneOffset());
        print((1234.5).toLocaleString('de'), (1234.5).toLocaleString());
    ");
    assert_eq!(said, ["UTC 0", "1.234,5 1,234.5"]);
}

/// V8 would end the process where a lazy property is not lazy any more when its value is there.
#[test]
fn a_lazy_property_gets_its_value_or_stays_as_it_is() {
    let read = "try { print(later); } catch (error) { print(error.message); }";
    let (said, _) = run(&format!(
        "globalThis.make = () => ({{}});
        print(Object.keys(globalThis).includes('later'), 'later' in globalThis);
        const {{ value, writable, enumerable, configurable }} = Object.getOwnPropertyDescriptor(globalThis, 'later');
        globalThis.make = () => {{ throw new Error('made twice'); }};
        print(later === value, writable, enumerable, configurable);
        {read}"
    ));
    assert_eq!(
        said,
        ["false true", "true true false true", "[object Object]"]
    );
    let (said, _) = run(&format!(
        "globalThis.make = () => {{ throw new Error('not yet'); }};
        {read}
        globalThis.make = () => 'now';
        {read}"
    ));
    assert_eq!(said, ["not yet", "now"]);
    let changed = "a global changed while it was made";
    for (make, then) in [
        ("() => { globalThis.later = 'mine'; }", "mine"),
        ("() => { delete globalThis.later; }", "later is not defined"),
        ("() => depth++ === 0 ? later : 'inner'", "inner"),
    ] {
        let (said, _) = run(&format!(
            "let depth = 0; globalThis.make = {make}; {read} {read}"
        ));
        assert_eq!(said, [changed, then], "{make}");
    }
    let (said, _) = run("later = 1; print(later, delete globalThis.later, typeof later)");
    assert_eq!(said, ["1 true undefined"]);
}
