//! Making and dropping isolates, reports of errors.

use std::sync::mpsc;
use std::time::Duration;

use nano_engine::{ErrorReport, Exit, run_on_current_thread, spawn, v8};

use crate::harness::{options, run};

#[test]
fn fifty_isolates_come_and_go() {
    let isolates: Vec<_> = (0..50)
        .map(|n| {
            let (options, log) = options();
            let (handle, exit) = spawn(options, move |scope| {
                nano_engine::evaluate(scope, "main", &format!("globalThis.own = {n}; print(own)"));
            })
            .expect("a thread");
            (n, handle, exit, log)
        })
        .collect();
    for (n, handle, exit, log) in isolates {
        handle.stop();
        assert_eq!(exit.wait(), Exit::Stopped);
        let said = log.lock().expect("log");
        assert!(
            said[0] == n.to_string() || said[0] == "exit stopped",
            "{said:?}"
        );
    }
    assert_eq!(run("print(typeof own)").0, ["undefined"]);
}

#[test]
fn one_that_is_ended_while_it_is_made_ends_as_it_was_told() {
    for _ in 0..20 {
        let (options, _) = options();
        let (handle, exit) = spawn(options, |_| {}).expect("a thread");
        let end = std::thread::spawn(move || exit.wait());
        // At every moment of its making.
        while !end.is_finished() {
            handle.terminate();
        }
        assert_eq!(end.join().expect("no panic"), Exit::Stopped);
    }
}

#[test]
fn a_task_reaches_a_sleeping_isolate() {
    let (options, _) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(2));
        let (sender, receiver) = mpsc::channel();
        handle.post_fn(move |_| sender.send(()).expect("receiver"));
        receiver
            .recv_timeout(Duration::from_secs(10))
            .expect("it wakes");
    }
    handle.stop();
    exit.wait();
}

#[test]
fn a_prepared_isolate_gets_its_app_later() {
    let app = tempfile::tempdir().expect("a folder");
    std::fs::write(app.path().join("index.js"), "print(import.meta.url)").expect("a file");
    let (options, log) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    let source = nano_engine::FolderSource::new(app.path()).expect("the folder");
    handle.post_fn(move |scope| {
        nano_engine::State::from_scope(scope).set_modules(Box::new(source));
        nano_engine::modules::import(scope, "./index.js").expect("no error");
    });
    handle.drain(nano_engine::Until::Idle);
    assert_eq!(exit.wait(), Exit::Drained);
    assert_eq!(log.lock().expect("log")[0], "app:///index.js");
}

#[test]
fn finalization_callbacks_run() {
    let (options, log) = options();
    let (handle, exit) = spawn(options, |scope| {
        let script = "globalThis.r = new FinalizationRegistry(print); (() => { r.register({}, 'gone'); })();";
        nano_engine::evaluate(scope, "main", script);
    })
    .expect("a thread");
    handle.post_fn(|scope| scope.low_memory_notification());
    let start = std::time::Instant::now();
    while log.lock().expect("log").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "no callback");
        std::thread::sleep(Duration::from_millis(1));
    }
    handle.stop();
    exit.wait();
    assert_eq!(log.lock().expect("log")[0], "gone");
}

#[test]
fn deep_recursion_is_a_range_error() {
    let (said, _) = run("
        try { (function f() { f(); })(); } catch (e) { print(e.name); }
        try { JSON.parse('['.repeat(1e6)); } catch (e) { print(e.name); }
    ");
    assert_eq!(said[0], "RangeError");
    assert_eq!(said.len(), 2);
}

fn report(script: &str) -> ErrorReport {
    let (options, _) = options();
    let script = script.to_string();
    let mut report = None;
    run_on_current_thread(options, |scope| {
        v8::tc_scope!(let scope, scope);
        assert!(nano_engine::evaluate(scope, "test.js", &script).is_none());
        report = Some(ErrorReport::from_try_catch(scope));
        scope.reset();
    });
    report.expect("a report")
}

#[test]
fn reports_say_where() {
    let thrown = report("function f() {\n  null.x;\n}\nf();");
    assert_eq!(thrown.name, "TypeError");
    assert_eq!(
        (thrown.file.as_deref(), thrown.line, thrown.column),
        (Some("test.js"), Some(2), Some(8))
    );
    assert_eq!(thrown.source_line.as_deref(), Some("  null.x;"));
    assert!(
        thrown
            .stack
            .expect("a stack")
            .contains("at f (test.js:2:8)")
    );

    let syntax = report("let a = ;");
    assert_eq!(syntax.message, "SyntaxError: Unexpected token ';'");
    assert_eq!((syntax.line, syntax.caret), (Some(1), Some((8, 9))));
    let shown = syntax.to_string();
    assert!(
        shown.contains("test.js:1:9") && shown.contains(" 1 | let a = ;\n   |         ^"),
        "{shown}"
    );

    let value = report("throw 'text'");
    assert_eq!((value.message.as_str(), value.name.as_str()), ("text", ""));

    let caused = report("throw new Error('outer', { cause: new RangeError('inner') })");
    assert_eq!(caused.causes[0].message, "RangeError: inner");
    let circular = report("const e = new Error('a'); e.cause = e; throw e");
    let [cause] = circular.causes.as_slice() else {
        panic!("{circular}")
    };
    assert_eq!(cause.to_string(), "[Circular]");
    let hostile =
        report("throw Object.defineProperty(new Error('x'), 'cause', { get() { throw 1 } })");
    assert_eq!(
        (hostile.message.as_str(), hostile.causes.len()),
        ("Error: x", 0)
    );
}
