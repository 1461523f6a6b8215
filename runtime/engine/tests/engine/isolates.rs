//! Making and dropping isolates, reports of errors.

use std::sync::mpsc;
use std::time::Duration;

use nano_engine::{
    ErrorReport, Exit, FolderSource, Limits, Prepared, Until, run_on_current_thread, spawn, v8,
};

use crate::harness::{self, options, run};

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

/// A prepared isolate, and when it is done.
fn prepared() -> Prepared {
    harness::start();
    Prepared::new(Limits::default(), None, None).expect("a thread")
}

#[test]
fn a_prepared_isolate_gets_its_app_later() {
    for wait in [0, 300] {
        let prepared = prepared();
        std::thread::sleep(Duration::from_millis(wait));
        let app = tempfile::tempdir().expect("a folder");
        let text = "print(import.meta.url); setTimeout(() => print('later'), 1)";
        std::fs::write(app.path().join("index.js"), text).expect("a file");
        let (mut options, log) = options();
        options.name = "an app with a long name".into();
        options.modules = Some(Box::new(FolderSource::new(app.path()).expect("the folder")));
        let claimed = prepared.claim().expect("it waits");
        let (told, name) = mpsc::channel();
        let (handle, exit, start) = claimed.begin(options, move |scope| {
            nano_engine::modules::import(scope, "./index.js").expect("no error");
            let comm = std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
            told.send(comm).expect("somebody waits");
        });
        drop(start);
        handle.drain(Until::Idle);
        assert_eq!(exit.wait(), Exit::Drained);
        assert_eq!(
            *log.lock().expect("log"),
            ["app:///index.js", "later", "exit drained"]
        );
        if cfg!(target_os = "linux") {
            assert_eq!(name.recv().expect("a name"), "an app with a l\n");
        }
    }
}

#[test]
fn a_prepared_isolate_is_one_of_its_limits() {
    harness::start();
    let limits = Limits {
        cpu_per_turn: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    let prepared = Prepared::new(limits.clone(), None, None).expect("a thread");
    let (mut options, _) = options();
    options.limits = limits;
    let claimed = prepared.claim().expect("it waits");
    let (_handle, exit, _start) = claimed.begin(options, |scope| {
        nano_engine::evaluate(scope, "main", "for (;;);");
    });
    let budget = Duration::from_millis(50);
    assert_eq!(exit.wait(), Exit::CpuLimit { budget });
}

#[test]
fn a_prepared_isolate_that_nobody_takes_ends() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
        };
        tasks
            .filter_map(name)
            .filter(|name| name == "prepared\n")
            .count()
    };
    let many: Vec<_> = (0..5).map(|_| prepared()).collect();
    assert!(many.iter().all(Prepared::is_waiting));
    drop(many);
    let end = std::time::Instant::now() + Duration::from_secs(30);
    // Other tests have some, too, for a moment.
    while threads() > 0 {
        assert!(std::time::Instant::now() < end, "{} are left", threads());
        std::thread::sleep(Duration::from_millis(5));
    }
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
