//! Tasks on the thread of an isolate, while it is idle, busy, and gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use nano_engine::external_memory::Reservation;
use nano_engine::{
    Exit, ExitReceiver, FolderSource, Handle, Panicked, State, ThreadIo, Until, spawn, spawn_op, v8,
};
use nano_worker::InstanceThread as _;

use crate::harness::{options, threads, tokio};

const PATIENCE: Duration = Duration::from_secs(20);

fn isolate() -> (Handle, ExitReceiver, Arc<ThreadIo>) {
    let (mut options, _) = options();
    options.name = "isolate".into();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    let io = handle.thread_io().expect("the isolate lives");
    (handle, exit, io)
}

/// Runs a task there, and gives what it says.
fn ask<T: Send + 'static>(
    io: &Arc<ThreadIo>,
    task: impl Future<Output = T> + Send + 'static,
) -> mpsc::Receiver<T> {
    let (sender, answer) = mpsc::channel();
    let task = async move { drop(sender.send(task.await)) };
    assert!(io.spawn(task).is_ok(), "the isolate lives");
    answer
}

/// A task there that never ends. What it gives is disconnected when the task is dropped.
fn stay(io: &Arc<ThreadIo>) -> mpsc::Receiver<()> {
    let (kept, dropped) = mpsc::channel();
    let stays = async move {
        std::future::pending::<()>().await;
        drop(kept);
    };
    assert!(io.spawn(stays).is_ok(), "the isolate lives");
    dropped
}

/// A guest there, which says so when it leaves.
pub(crate) fn guest(io: &Arc<ThreadIo>) -> mpsc::Receiver<()> {
    let retired = io.retired();
    let (left, leaves) = mpsc::channel();
    let guest = async move {
        retired.await;
        left.send(()).expect("the test waits");
    };
    assert!(io.clone().spawn_guest(Box::pin(guest)).is_ok());
    leaves
}

async fn thread_name() -> Option<String> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    std::thread::current().name().map(str::to_owned)
}

/// Waits until the thread does its own I/O.
fn drives_itself(io: &Arc<ThreadIo>) {
    let until = Instant::now() + PATIENCE;
    let driver = || ask(io, thread_name()).recv_timeout(PATIENCE);
    while driver().expect("it runs").as_deref() != Some("isolate") {
        assert!(Instant::now() < until, "somebody else still drives");
    }
}

/// Keeps the isolate's thread in a turn until told.
fn keep_busy(handle: &Handle) -> impl FnOnce() + use<> {
    let (begun, busy) = mpsc::channel();
    let free = Arc::new(AtomicBool::new(false));
    let over = free.clone();
    handle.post_fn(move |_| {
        begun.send(()).expect("the test waits");
        // Without a pause: who waits for a core is no reason to attend.
        while !over.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
    });
    busy.recv_timeout(PATIENCE).expect("the turn begins");
    move || free.store(true, Ordering::SeqCst)
}

#[test]
fn an_idle_isolate_runs_tasks_on_its_own_thread() {
    let (handle, exit, io) = isolate();
    for _ in 0..3 {
        let name = ask(&io, thread_name()).recv_timeout(PATIENCE);
        assert_eq!(name.expect("it runs").as_deref(), Some("isolate"));
    }
    handle.drain(Until::Idle);
    exit.wait();
}

#[test]
fn turns_and_tasks_take_turns() {
    let (handle, exit, io) = isolate();
    let (turns, results) = mpsc::channel();
    // Each task posts a turn, each turn answers a task.
    for number in 0..200 {
        let (mailbox, turns) = (handle.clone(), turns.clone());
        let task = async move {
            let (sender, answer) = tokio::sync::oneshot::channel();
            mailbox.post_fn(move |scope| {
                State::from_scope(scope).deliver(move || {
                    let _ = sender.send(number);
                });
            });
            turns.send(answer.await).expect("the test waits");
        };
        assert!(io.spawn(task).is_ok());
    }
    let mut answered: Vec<_> = (0..200)
        .map(|_| results.recv_timeout(PATIENCE).expect("an answer"))
        .map(|answer| answer.expect("not dropped"))
        .collect();
    answered.sort();
    assert_eq!(answered, (0..200).collect::<Vec<_>>());
    handle.drain(Until::Idle);
    exit.wait();
}

#[test]
fn a_long_turn_does_not_hold_up_tasks() {
    let (handle, exit, io) = isolate();
    for _ in 0..3 {
        let free = keep_busy(&handle);
        let began = Instant::now();
        let name = ask(&io, thread_name()).recv_timeout(PATIENCE);
        assert_ne!(name.expect("it runs").as_deref(), Some("isolate"));
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
        free();
        drives_itself(&io);
    }
    handle.drain(Until::Idle);
    exit.wait();
}

#[test]
fn what_a_turn_delivers_does_not_wait_for_the_next_one() {
    let (handle, exit, io) = isolate();
    // One batch: a turn that waits until the second is in the mailbox, too, then answers; and a long one.
    let (sender, answer) = tokio::sync::oneshot::channel();
    let (both, posted) = mpsc::channel();
    handle.post_fn(move |scope| {
        posted.recv_timeout(PATIENCE).expect("the test goes on");
        State::from_scope(scope).deliver(move || {
            let _ = sender.send(());
        });
    });
    let answered = ask(&io, answer);
    let over = Arc::new(AtomicBool::new(false));
    let free = over.clone();
    handle.post_fn(move |_| {
        while !over.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    });
    both.send(()).expect("the turn waits");
    assert_eq!(answered.recv_timeout(PATIENCE), Ok(Ok(())));
    free.store(true, Ordering::SeqCst);
    handle.drain(Until::Idle);
    exit.wait();
}

/// How long the machine takes now for a nap of 5 ms and two hand-overs between threads: what attending is made of.
fn nap_and_two_wakes() -> Duration {
    let (nap, napped) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let began = Instant::now();
    let sleeper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(5));
        let _ = nap.send(());
    });
    let middle = std::thread::spawn(move || {
        let _ = napped.recv();
        let _ = tell.send(());
    });
    told.recv_timeout(PATIENCE).expect("both live");
    let took = began.elapsed();
    sleeper.join().expect("it sleeps");
    middle.join().expect("it tells");
    took
}

/// Attends within 5 ms on an idle machine; 50 ms is the watchdog's longest interval elsewhere. A busy machine is slower with all
/// of it, so what it needs for a nap of as long is measured in between.
#[test]
fn a_thread_is_attended_soon_after_it_left_its_io() {
    let (handle, exit, io) = isolate();
    let (mut waits, mut naps): (Vec<_>, Vec<_>) = (0..40)
        .map(|round| {
            // The watchdog is awake: it has seen a turn a moment ago.
            let (said, over) = mpsc::channel();
            handle.post_fn(move |_| said.send(()).expect("the test waits"));
            over.recv_timeout(PATIENCE).expect("a turn");
            std::thread::sleep(Duration::from_micros(500 * (round % 8)));
            let free = keep_busy(&handle);
            let began = Instant::now();
            let attended = ask(&io, async {}).recv_timeout(PATIENCE);
            attended.expect("it runs");
            let wait = began.elapsed();
            // Beside the same turn.
            let nap = nap_and_two_wakes();
            free();
            (wait, nap)
        })
        .unzip();
    let median = |durations: &mut Vec<Duration>| {
        durations.sort();
        durations[durations.len() / 2]
    };
    assert!(
        median(&mut waits) < 4 * median(&mut naps),
        "attended after {waits:?}; naps took {naps:?}"
    );
    handle.drain(Until::Idle);
    exit.wait();
}

#[test]
fn many_short_turns_in_a_row_do_not_hold_up_tasks_either() {
    let (handle, exit, io) = isolate();
    let free = keep_busy(&handle);
    let (said, over) = mpsc::channel();
    for _ in 0..400 {
        let said = said.clone();
        handle.post_fn(move |_| {
            let until = Instant::now() + Duration::from_millis(2);
            while Instant::now() < until {}
            said.send(()).expect("the test waits");
        });
    }
    free();
    over.recv_timeout(PATIENCE).expect("the first of them");
    let name = ask(&io, thread_name()).recv_timeout(PATIENCE);
    assert_ne!(name.expect("it runs").as_deref(), Some("isolate"));
    assert!(over.try_iter().count() < 390, "it waited for all of them");
    handle.stop();
    exit.wait();
}

/// From when `begun` says so until the thread has nothing else to do: the longest time that a task there had to wait, and the longest
/// between two turns.
fn longest_waits(
    handle: &Handle,
    io: &Arc<ThreadIo>,
    begun: impl Fn() -> bool + Send + 'static,
) -> (Duration, Duration) {
    /// Visits of the thread's own, of a millisecond each, after which it has nothing else to do.
    const IDLE: usize = 50;
    let longest = |times: &[Instant]| times.windows(2).map(|pair| pair[1] - pair[0]).max();
    let handle = handle.clone();
    let waits = ask(io, async move {
        while !begun() {
            thread_name().await;
        }
        let mut ticks = vec![Instant::now()];
        let turns = Arc::new(Mutex::new(ticks.clone()));
        let mut own = 0;
        while own < IDLE {
            let seen = turns.clone();
            handle.post_fn(move |_| seen.lock().expect("no panic").push(Instant::now()));
            let is_own = thread_name().await.as_deref() == Some("isolate");
            own = if is_own { own + 1 } else { 0 };
            ticks.push(Instant::now());
        }
        let turns = turns.lock().expect("no panic");
        (longest(&ticks), longest(&turns))
    });
    let (task, turn) = waits.recv_timeout(PATIENCE).expect("it ends");
    (task.expect("ticks"), turn.expect("turns"))
}

/// They are made between turns, one after the other.
#[test]
fn code_caches_do_not_hold_up_tasks() {
    let folder = tempfile::tempdir().expect("a folder");
    let modules = 4;
    for module in 0..modules {
        let functions: String = (0..20_000)
            .map(|n| format!("export function f{n}(a) {{ return [a, {module}, {n}]; }}\nf{n}();\n"))
            .collect();
        std::fs::write(folder.path().join(format!("{module}.js")), functions).expect("a file");
    }
    let index: String = (0..modules)
        .map(|module| format!("import './{module}.js';\n"))
        .collect();
    std::fs::write(folder.path().join("index.js"), index + "print('ran');").expect("a file");
    let (mut options, log) = options();
    options.name = "isolate".into();
    options.modules = Some(Box::new(
        FolderSource::new(folder.path()).expect("it is there"),
    ));
    let (handle, exit) = spawn(options, |scope| {
        nano_engine::modules::import(scope, "./index.js").expect("no error");
    })
    .expect("a thread");
    // Who attends during the import must not still be there.
    while log.lock().expect("log").is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let io = handle.thread_io().expect("the isolate lives");
    let (task, turn) = longest_waits(&handle, &io, || true);
    println!("a task waited for {task:?}, a turn for {turn:?}");
    assert!(
        task * 2 < turn,
        "a task waited for {task:?}, a turn for {turn:?}"
    );
    handle.stop();
    exit.wait();
}

/// The collection before an isolate meets its limit.
#[test]
fn collections_between_turns_do_not_hold_up_tasks() {
    struct Kept(
        #[expect(dead_code, reason = "its finalizer is what matters")] v8::Weak<v8::Object>,
    );
    let (mut options, _) = options();
    options.name = "isolate".into();
    let limit = options.limits.memory;
    let (handle, exit) = spawn(options, |scope| {
        let live = "globalThis.keep = Array.from({ length: 1e6 }, (_, i) => ({ i }));";
        nano_engine::evaluate(scope, "live", live).expect("no error");
    })
    .expect("a thread");
    let io = handle.thread_io().expect("the isolate lives");
    drives_itself(&io);
    let begins = Arc::new(AtomicBool::new(false));
    let begun = begins.clone();
    handle.post_fn(move |scope| {
        v8::scope!(let scope, scope);
        let garbage = v8::Object::new(scope);
        let memory = Reservation::of(scope, limit);
        let free = Box::new(move || drop(memory));
        #[expect(
            clippy::disallowed_methods,
            reason = "it cannot panic, and enters nothing"
        )]
        let weak = v8::Weak::with_guaranteed_finalizer(scope, garbage, free);
        State::from_scope(scope).set_extension(Kept(weak));
        begins.store(true, Ordering::SeqCst);
    });
    let has_begun = move || begun.load(Ordering::SeqCst);
    let (task, turn) = longest_waits(&handle, &io, has_begun);
    println!("a task waited for {task:?}, a turn for {turn:?}");
    assert!(
        task * 2 < turn,
        "a task waited for {task:?}, a turn for {turn:?}"
    );
    handle.drain(Until::Idle);
    assert_eq!(exit.wait(), Exit::Drained, "there was room after it");
}

#[test]
fn guests_leave_when_the_isolate_ends_and_the_rest_is_dropped() {
    let (handle, exit, io) = isolate();
    let leaves = guest(&io);
    let dropped = stay(&io);
    assert!(dropped.try_recv().is_err());
    handle.stop();
    exit.wait();
    assert_eq!(leaves.recv_timeout(PATIENCE), Ok(()));
    assert_eq!(
        dropped.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
    assert!(
        io.clone().spawn_guest(Box::pin(async {})).is_err(),
        "a new guest is refused"
    );
    assert!(io.spawn(async {}).is_err(), "and a new task");
}

#[test]
fn nobody_waits_for_an_isolate_to_be_taken_apart() {
    struct Slow(Option<mpsc::Sender<()>>);
    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_secs(3));
            drop(self.0.take());
        }
    }
    let (handle, exit, io) = isolate();
    let (gone, apart) = mpsc::channel();
    handle.post_fn(move |scope| State::from_scope(scope).set_extension(Slow(Some(gone))));
    let leaves = guest(&io);
    handle.drain(Until::Idle);
    assert_eq!(leaves.recv_timeout(PATIENCE), Ok(()));
    assert_eq!(apart.try_recv(), Err(mpsc::TryRecvError::Empty));
    exit.wait();
}

#[test]
fn instances_that_ended_hold_no_threads() {
    let ended: Vec<_> = (0..20)
        .map(|_| {
            let (mut options, _) = options();
            options.name = "short-lived".into();
            let (handle, exit) = spawn(options, |_| {}).expect("a thread");
            let io = handle.thread_io().expect("the isolate lives");
            // It never ends by itself, and nothing of it is left when the isolate is.
            let dropped = stay(&io);
            handle.stop();
            (io, exit, dropped)
        })
        .collect();
    let mut kept = Vec::new();
    for (io, exit, dropped) in ended {
        exit.wait();
        assert_eq!(
            dropped.recv_timeout(PATIENCE),
            Err(mpsc::RecvTimeoutError::Disconnected)
        );
        kept.push(io);
    }
    let until = Instant::now() + PATIENCE;
    while threads("short-lived") > 0 {
        assert!(Instant::now() < until, "threads are left");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn operations_run_on_the_isolate_s_thread() {
    let (handle, exit, io) = isolate();
    let (told, names) = mpsc::channel();
    for _ in 0..3 {
        let told = told.clone();
        handle.post_fn(move |scope| {
            let done = move |_: &mut nano_engine::v8::PinScope, name: Result<_, Panicked>| {
                told.send(name.expect("no panic")).expect("the test waits");
            };
            spawn_op(scope, thread_name(), done).expect("tokio is there");
        });
        let name = names.recv_timeout(PATIENCE).expect("it ends");
        assert_eq!(name.as_deref(), Some("isolate"));
    }
    // JavaScript holds them up as little as any other task.
    let (go, waiting) = tokio::sync::oneshot::channel::<()>();
    handle.post_fn(move |scope| {
        let task = async move {
            waiting.await.expect("the test goes on");
            told.send(thread_name().await).expect("the test waits");
        };
        spawn_op(scope, task, |_, _| {}).expect("tokio is there");
    });
    let free = keep_busy(&handle);
    go.send(()).expect("the operation waits");
    let name = names.recv_timeout(PATIENCE).expect("it ends");
    assert_ne!(name.as_deref(), Some("isolate"));
    free();
    drop(io);
    handle.drain(Until::Idle);
    exit.wait();
}

/// What a task has started by itself nobody counts.
#[test]
fn a_runtime_is_driven_as_long_as_somebody_needs_it() {
    let (handle, exit, io) = isolate();
    let (go, told) = tokio::sync::oneshot::channel::<()>();
    let (spawned, inner) = mpsc::channel();
    let task = async move {
        let inner = tokio::spawn(async { told.await.is_ok() });
        spawned.send(inner).expect("the test waits");
    };
    assert!(io.spawn(task).is_ok());
    let inner = inner.recv_timeout(PATIENCE).expect("it runs");
    let driven = io.keep_driven().expect("the isolate lives");
    drop(io);
    handle.stop();
    exit.wait();
    // The runtime is in the hands of whoever attends it.
    std::thread::sleep(Duration::from_millis(100));
    go.send(()).expect("the task waits");
    assert!(tokio().block_on(inner).expect("it was not dropped"));
    drop(driven);
}

#[test]
fn what_needs_a_runtime_after_the_end_has_a_deadline() {
    let (handle, exit, io) = isolate();
    let driven = io.keep_driven().expect("the isolate lives");
    let dropped = stay(&io);
    handle.stop();
    exit.wait();
    let end = dropped.recv_timeout(PATIENCE);
    assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected));
    drop(driven);
    assert!(io.keep_driven().is_none());
}

#[test]
fn an_isolate_that_ended_has_no_thread() {
    let (options, _) = options();
    let (handle, exit) = spawn(options, |_| {}).expect("a thread");
    handle.stop();
    exit.wait();
    assert!(handle.thread_io().is_none());
}
