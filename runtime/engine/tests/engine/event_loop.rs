//! Turns, microtasks, timers, operations, rejections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use nano_engine::{Exit, IsolateOptions, State, Until, promise_op, spawn, spawn_op, v8};

use crate::harness::{options, run, run_script, say, tokio};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn microtasks_run_after_the_script_and_before_timers() {
    let (said, exit) = run("
        setTimeout(() => print('timer'), 0);
        Promise.resolve().then(() => print('microtask'));
        print('script');
    ");
    assert_eq!(said, ["script", "microtask", "timer"]);
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn timers_run_by_time_and_each_with_its_own_microtasks() {
    let (said, _) = run("
        setTimeout(() => print('c'), 20);
        setTimeout(() => { print('a'); Promise.resolve().then(() => print('a microtask')); }, 5);
        setTimeout(() => print('b'), 5);
        const gone = setTimeout(() => print('gone'), 1);
        clearTimeout(gone);
    ");
    assert_eq!(said, ["a", "a microtask", "b", "c"]);
}

#[test]
fn intervals_repeat_until_they_clear_themselves() {
    let (said, exit) = run(
        "let n = 0; const id = setInterval(() => { print(++n); if (n == 3) clearTimeout(id); }, 1);",
    );
    assert_eq!(said, ["1", "2", "3"]);
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn deeply_nested_timers_are_slowed_down() {
    let start = Instant::now();
    let (said, _) = run(
        "let n = 0; (function again() { if (++n < 20) setTimeout(again, 0); else print(n); })();",
    );
    assert_eq!(said, ["20"]);
    assert!(
        start.elapsed() >= Duration::from_millis(4 * 12),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn exceptions_are_reported_and_the_rest_goes_on() {
    let (said, exit) = run("
        setTimeout(() => { throw new TypeError('one'); }, 0);
        setTimeout(() => print('two'), 0);
        null.x;
    ");
    let first = "uncaught TypeError: Cannot read properties of null (reading 'x')";
    assert_eq!(said, [first, "uncaught TypeError: one", "two"]);
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn operations_settle_promises() {
    let (said, exit) = run("
        sleep(20, 'late').then(print);
        sleep(1, 'soon').then(print);
        sleep(1).catch(e => print(e instanceof TypeError, e.message));
        (async () => { print(await sleep(1, 'x') + await sleep(1, 'y')); })();
    ");
    let mut early = said[..3].to_vec();
    early.sort();
    assert_eq!(early, ["soon", "true no value", "xy"]);
    assert_eq!(said[3], "late");
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn without_tokio_operations_fail_with_a_reason() {
    let (mut options, log) = options();
    options.tokio = None;
    run_script(options, "sleep(1, 'x').catch(e => print(e.message))");
    assert!(log.lock().expect("log")[0].contains("without a tokio runtime"));
}

#[test]
fn cancelled_operations_do_nothing_and_release_the_loop() {
    let (options, _) = options();
    let dropped = Arc::new(AtomicUsize::new(0));
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let count = Count(dropped.clone());
    let exit = nano_engine::run_on_current_thread(options, move |scope| {
        let forever = std::future::pending::<()>();
        let id = spawn_op(scope, forever, move |_, _| drop(count)).expect("tokio is there");
        let ops = State::from_scope(scope).ops();
        assert_eq!(ops.pending(), 1);
        ops.cancel(id);
        ops.cancel(id);
        assert_eq!(ops.pending(), 0);
    });
    assert_eq!(exit, Exit::Drained);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn an_operation_that_panics_settles() {
    let (options, log) = options();
    async fn panics() {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }
    let (handle, exit) = nano_engine::spawn(options, |scope| {
        let told = |scope: &mut v8::PinScope, outcome| say(scope, format!("{outcome:?}"));
        spawn_op(scope, panics(), told).expect("tokio is there");
        promise_op(scope, panics(), |scope, ()| Ok(v8::undefined(scope).into()));
        assert_eq!(State::from_scope(scope).ops().pending(), 2);
    })
    .expect("a thread");
    handle.drain(Until::Idle);
    let exit = tokio().block_on(async { tokio::time::timeout(PATIENCE, exit).await });
    assert_eq!(exit, Ok(Exit::Drained), "both have settled");
    let mut said = log.lock().expect("log").clone();
    said.sort();
    assert_eq!(said[0], "Err(Panicked)");
    assert!(
        said[2].starts_with("unhandled Error: internal error"),
        "{said:?}"
    );
}

#[test]
fn unhandled_rejections_are_told_once_and_late_handlers_too() {
    let (said, _) = run("
        Promise.reject('handled at once').catch(() => {});
        const late = Promise.reject('late');
        Promise.reject('never');
        (async () => { throw 'async'; })();
        setTimeout(() => late.catch(() => print('caught')), 1);
    ");
    assert_eq!(
        said,
        [
            "unhandled late",
            "unhandled never",
            "unhandled async",
            "caught",
            "handled late"
        ]
    );
}

#[test]
fn a_panic_in_a_callback_is_an_error_in_the_script() {
    let (said, exit) = run("try { panic(); } catch (e) { print(e.name, e.message); } print('on');");
    assert!(said[0].starts_with("Error internal error"), "{said:?}");
    assert_eq!(said[1], "on");
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn a_panic_in_a_task_ends_that_isolate_only() {
    let (options, _) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    handle.post_fn(|_| panic!("task panics on purpose"));
    assert_eq!(exit.wait(), Exit::Panicked("task panics on purpose".into()));
    assert!(!handle.post_fn(|_| {}));
    assert_eq!(run("print(1)").0, ["1"]);
}

#[test]
fn posted_tasks_run_in_order_as_turns() {
    let (options, log) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    for n in 0..100 {
        let script = format!("Promise.resolve().then(() => print('m{n}')); print('t{n}')");
        handle.post_fn(move |scope| {
            nano_engine::evaluate(scope, "task", &script);
        });
    }
    handle.drain(Until::Idle);
    assert_eq!(exit.wait(), Exit::Drained);
    let expected: Vec<String> = (0..100)
        .flat_map(|n| [format!("t{n}"), format!("m{n}")])
        .collect();
    assert_eq!(log.lock().expect("log")[..200], expected[..]);
}

#[test]
fn drain_waits_for_tokens_and_stop_does_not() {
    let (options, _) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    let token = handle.keep_alive();
    handle.drain(Until::Released);
    let (sender, receiver) = mpsc::channel();
    std::thread::sleep(Duration::from_millis(20));
    assert!(
        handle.post_fn(move |_| sender.send(()).expect("receiver")),
        "still there"
    );
    receiver
        .recv_timeout(Duration::from_secs(10))
        .expect("it still runs tasks");
    drop(token);
    assert_eq!(exit.wait(), Exit::Drained);

    let (options, _) = crate::harness::options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    let _token = handle.keep_alive();
    handle.stop();
    assert_eq!(exit.wait(), Exit::Stopped);
}

#[test]
fn released_does_not_wait_for_timers_but_idle_does() {
    let (options, log) = options();
    let (handle, exit) = spawn(options, |scope| {
        nano_engine::evaluate(scope, "main", "setInterval(() => {}, 1000); print('ready')");
    })
    .expect("a thread");
    handle.drain(Until::Released);
    assert_eq!(exit.wait(), Exit::Drained);
    assert_eq!(log.lock().expect("log")[0], "ready");
}

#[test]
fn terminate_interrupts_a_script() {
    let (options, _) = options();
    let (handle, exit) = spawn(options, |scope| {
        nano_engine::evaluate(scope, "main", "for (;;) {}");
    })
    .expect("a thread");
    std::thread::sleep(Duration::from_millis(20));
    handle.terminate();
    assert_eq!(exit.wait(), Exit::Stopped);
}

#[test]
fn asynchronous_wasm_completes_and_keeps_the_loop() {
    // (module (func (export "f") (result i32) i32.const 42))
    let (said, exit) = run("
        const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,42,11]);
        WebAssembly.instantiate(bytes).then(({ instance }) => print(instance.exports.f()));
    ");
    assert_eq!(said, ["42"]);
    assert_eq!(exit, Exit::Drained);
}

#[test]
fn finalization_and_atomics_behave() {
    let (said, _) = run("
        try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); print('waited'); }
        catch (e) { print(e.name); }
    ");
    assert_eq!(said, ["TypeError"]);
}

#[test]
fn a_handle_outlives_its_isolate() {
    let (handle, exit) = spawn(IsolateOptions { ..options().0 }, |_| {}).expect("a thread");
    handle.stop();
    exit.wait();
    assert!(!handle.post_fn(|_| unreachable!()));
    handle.terminate();
    handle.drain(Until::Idle);
    drop(handle.keep_alive());
    assert_eq!(handle.condemned(), Some(Exit::Stopped));
}
