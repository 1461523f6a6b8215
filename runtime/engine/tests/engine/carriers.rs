//! Several isolates on one carrier.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use nano_engine::limits::MIB;
use nano_engine::{
    Exit, ExitReceiver, Handle, Limits, OpenCarrier, State, Until, evaluate, spawn_op,
};

use crate::harness::{self, Log, options, threads};
use crate::thread_io::guest;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn carrier(name: &str) -> OpenCarrier {
    harness::start();
    OpenCarrier::start(name.into()).expect("a thread")
}

/// An isolate on a carrier, and what is known of it.
pub(crate) struct Member {
    pub(crate) handle: Handle,
    pub(crate) exit: ExitReceiver,
    log: Log,
}

/// A member whose first turn is a script.
pub(crate) fn member(carrier: &OpenCarrier, script: &str) -> Member {
    member_with(carrier, |_| {}, script)
}

pub(crate) fn member_with(
    carrier: &OpenCarrier,
    limit: impl FnOnce(&mut Limits),
    script: &str,
) -> Member {
    let (mut options, log) = options();
    limit(&mut options.limits);
    let script = script.to_owned();
    let begun = carrier.spawn(options, move |scope| {
        evaluate(scope, "main", &script);
    });
    let (handle, exit) = begun.expect("the watchdog is there");
    Member { handle, exit, log }
}

/// An isolate on a carrier of its own.
pub(crate) fn on_its_own() -> Member {
    harness::start();
    let (options, log) = options();
    let begun = nano_engine::spawn(options, |_| {});
    let (handle, exit) = begun.expect("a thread");
    Member { handle, exit, log }
}

impl Member {
    /// Runs a script as a turn of its own.
    pub(crate) fn run(&self, script: &str) {
        let script = script.to_owned();
        let is_in = self.handle.post_fn(move |scope| {
            evaluate(scope, "test.js", &script);
        });
        assert!(is_in, "it lives");
    }

    /// Asks for something in a turn of its own.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&State) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = mpsc::channel();
        self.handle.post_fn(move |scope| {
            let _ = sender.send(answer(State::from_scope(scope)));
        });
        receiver.recv_timeout(PATIENCE).expect("it answers")
    }

    fn said(&self) -> Vec<String> {
        self.log.lock().expect("log").clone()
    }

    /// Waits until it has said so much.
    fn has_said(&self, count: usize) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        while self.said().len() < count {
            assert!(Instant::now() < end, "{:?}", self.said());
            std::thread::sleep(Duration::from_millis(1));
        }
        self.said()
    }

    pub(crate) fn drained(self) -> Vec<String> {
        self.handle.drain(Until::Idle);
        assert_eq!(self.exit.wait(), Exit::Drained);
        let mut said = self.log.lock().expect("log").clone();
        assert_eq!(said.pop().as_deref(), Some("exit drained"));
        said
    }
}

#[test]
fn each_sees_its_events_in_order_whatever_others_do() {
    let carrier = carrier("orders");
    let members: Vec<_> = (0..10)
        .map(|n| member(&carrier, &format!("globalThis.own = 'n{n} '")))
        .collect();
    std::thread::scope(|scope| {
        for part in members.chunks(3) {
            scope.spawn(move || {
                for event in 0..200 {
                    for member in part {
                        member.run(&format!(
                            "print(own + {event}); Promise.resolve().then(() => print(own + 'm{event}'));"
                        ));
                    }
                }
            });
        }
    });
    for (n, member) in members.into_iter().enumerate() {
        let expected: Vec<_> = (0..200)
            .flat_map(|event| [format!("n{n} {event}"), format!("n{n} m{event}")])
            .collect();
        assert_eq!(member.drained(), expected);
    }
}

/// A sequence without pattern, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Each event says its number, in one way or another, and nothing of it is heard by anybody else, or later.
#[test]
fn turns_of_any_kind_in_any_order_keep_to_their_isolates() {
    const KINDS: [(&str, &str); 8] = [
        ("print(N)", ""),
        ("throw N", "uncaught "),
        ("Promise.reject(N)", "unhandled "),
        ("Promise.resolve(N).then(print)", ""),
        ("for (let i = 0; i < 1e6; i++); print(N)", ""),
        // Takes long enough to be interrupted.
        (
            "for (const end = Date.now() + 13; Date.now() < end;); print(N)",
            "",
        ),
        ("try { (function f() { f(); })(); } catch { print(N); }", ""),
        (
            "for (const keep = []; keep.length < 1e4;) keep.push([N]); print(N)",
            "",
        ),
    ];
    for seed in [1, 22, 333, 4444, 55_555] {
        let carrier = carrier("mixes");
        let mut random = Random(seed);
        let members: Vec<_> = (0..8).map(|_| member(&carrier, "")).collect();
        let mut expected = vec![Vec::new(); members.len()];
        for n in 0..600 {
            let number = random.below(members.len() as u64) as usize;
            let (script, says) = KINDS[random.below(KINDS.len() as u64) as usize];
            let name = format!("n{n}");
            members[number].run(&script.replace("N", &format!("'{name}'")));
            expected[number].push(format!("{says}{name}"));
        }
        for (number, (member, expected)) in members.into_iter().zip(expected).enumerate() {
            if random.below(3) > 0 {
                assert_eq!(member.drained(), expected, "seed {seed}, {number}");
                continue;
            }
            member.run("for (;;);");
            member.handle.terminate();
            assert_eq!(member.exit.wait(), Exit::Stopped, "seed {seed}, {number}");
            let mut said = member.log.lock().expect("log").clone();
            // None that has not begun by then.
            let last = said.pop();
            assert!(last.is_none_or(|last| last == "exit stopped"));
            assert!(
                expected.starts_with(&said),
                "seed {seed}, {number}: {said:?}"
            );
        }
    }
}

/// One that has much to do does not keep the others waiting for all of it.
#[test]
fn turns_of_all_come_in_between() {
    let carrier = carrier("between");
    let (busy, other) = (member(&carrier, ""), member(&carrier, ""));
    other.ask(|_| ());
    let (said, steps) = mpsc::channel();
    // Each posts the next one: there always is one more.
    fn step(handle: Handle, left: u32, said: mpsc::Sender<u32>) {
        let again = handle.clone();
        handle.post_fn(move |_| {
            let until = Instant::now() + Duration::from_millis(1);
            while Instant::now() < until {}
            let _ = said.send(left);
            if left > 0 {
                step(again, left - 1, said);
            }
        });
    }
    step(busy.handle.clone(), 400, said);
    steps.recv_timeout(PATIENCE).expect("it begins");
    other.ask(|_| ());
    assert!(steps.try_iter().count() < 300, "it has waited for all");
    busy.drained();
    other.drained();
}

#[test]
fn timers_of_all_are_due_when_they_are() {
    let carrier = carrier("timers");
    let begun = Instant::now();
    let order = Log::default();
    let timers = [
        (5, 150, "a"),
        (50, 100, "b"),
        (1000, 25, "c"),
        (75, 175, "d"),
    ];
    let members = timers.map(|(first, second, name)| {
        let member = member(&carrier, "");
        for delay in [first, second] {
            let order = order.clone();
            member.handle.post_fn(move |scope| {
                let delay = Duration::from_millis(delay);
                let due = Instant::now() + delay;
                let callback = Box::new(move |_: &mut nano_engine::v8::PinScope| {
                    assert!(Instant::now() >= due);
                    order
                        .lock()
                        .expect("log")
                        .push(format!("{name} {}", delay.as_millis()));
                });
                State::from_scope(scope)
                    .timers()
                    .set(delay, false, callback);
            });
        }
        member
    });
    for member in members {
        member.drained();
    }
    let mut order = order.lock().expect("log").clone();
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(order.len(), 8);
    assert_eq!(order.pop().as_deref(), Some("c 1000"), "{order:?}");
    // On a busy machine some may be set late; each one's own come in their order.
    let place = |entry: &str| order.iter().position(|one| one == entry);
    for [earlier, later] in [["a 5", "a 150"], ["b 50", "b 100"], ["d 75", "d 175"]] {
        assert!(place(earlier) < place(later), "{order:?}");
    }
}

/// Nobody calls for one that sleeps until a timer while others work all the time.
#[test]
fn a_timer_is_not_late_beside_others_turns() {
    let carrier = carrier("late");
    let busy = member(&carrier, "");
    let waits = member(
        &carrier,
        "let n = 0; const id = setInterval(() => { if (++n === 20) { print('all'); clearTimeout(id); } }, 5);",
    );
    let over = Arc::new(AtomicBool::new(false));
    let end = over.clone();
    let handle = busy.handle.clone();
    let poster = std::thread::spawn(move || {
        while !end.load(Ordering::SeqCst) {
            handle.post_fn(|_| {});
            std::thread::yield_now();
        }
    });
    assert_eq!(waits.has_said(1), ["all"]);
    over.store(true, Ordering::SeqCst);
    poster.join().expect("no panic");
    waits.drained();
    busy.drained();
}

#[test]
fn cpu_time_is_charged_to_who_has_used_it() {
    let carrier = carrier("cpu");
    let (works, rests) = (member(&carrier, ""), member(&carrier, ""));
    let spin = "for (let i = 0; i < 5e7; i++);";
    for _ in 0..4 {
        works.run(spin);
        rests.ask(|_| ());
        works.ask(|_| ());
    }
    let (much, little) = (works.handle.cpu_time(), rests.handle.cpu_time());
    assert!(much > little * 3, "{much:?} and {little:?}");
    assert!(little > Duration::ZERO);
    // In the middle of a turn, too, and what is over stays.
    works.run("for (;;);");
    let end = Instant::now() + PATIENCE;
    while works.handle.cpu_time() < much + Duration::from_millis(20) {
        assert!(Instant::now() < end, "it stands still");
        std::thread::yield_now();
    }
    assert_eq!(rests.handle.cpu_time(), little);
    works.handle.terminate();
    let handle = works.handle.clone();
    assert_eq!(works.exit.wait(), Exit::Stopped);
    let all = handle.cpu_time();
    assert!(all > much);
    rests.ask(|_| ());
    assert_eq!(handle.cpu_time(), all);
    rests.drained();
}

#[test]
fn memory_is_charged_to_who_has_taken_it() {
    let carrier = carrier("memory");
    let (takes, rests) = (member(&carrier, ""), member(&carrier, ""));
    let held = |member: &Member| {
        member.ask(|state| {
            let account = state.account();
            (account.buffers(), account.foreign().held())
        })
    };
    let before = held(&rests);
    for _ in 0..10 {
        takes.run(
            "(globalThis.kept ??= []).push(new ArrayBuffer(1 << 20));
            for (let i = 0; i < 10; i++) kept.push(new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }));",
        );
        rests.run("globalThis.own = 1;");
    }
    let (buffers, foreign) = held(&takes);
    assert!(buffers >= 10 * MIB, "{buffers}");
    if cfg!(target_os = "linux") {
        assert!(foreign > MIB, "{foreign}");
    }
    let after = held(&rests);
    assert_eq!(after.0, before.0);
    assert!(after.1 < before.1 + MIB, "{after:?} after {before:?}");
    takes.drained();
    rests.drained();
}

#[test]
fn the_end_of_one_leaves_the_others() {
    let carrier = carrier("ends");
    let stays = member(
        &carrier,
        "setInterval(() => globalThis.n = (globalThis.n ?? 0) + 1, 1);",
    );
    let budget = Duration::from_millis(200);
    let endless = "print('begins'); for (;;);";
    type End = fn(&Member);
    let ends: [(&str, End, Exit); 6] = [
        (
            "",
            |one| {
                one.handle.drain(Until::Idle);
            },
            Exit::Drained,
        ),
        ("", |one| one.handle.stop(), Exit::Stopped),
        (
            "",
            |one| {
                one.run("print('begins'); for (;;);");
                one.has_said(1);
                one.handle.terminate();
            },
            Exit::Stopped,
        ),
        (endless, |_| {}, Exit::CpuLimit { budget }),
        (
            "const a = []; for (;;) a.push({ value: a.length });",
            |_| {},
            Exit::HeapLimit { limit: 40 * MIB },
        ),
        (
            "",
            |one| {
                one.handle.post_fn(|_| panic!("on purpose"));
            },
            Exit::Panicked("on purpose".into()),
        ),
    ];
    for (script, end, expected) in ends {
        let limit = |limits: &mut Limits| match expected {
            Exit::CpuLimit { .. } => limits.cpu_per_turn = Some(budget),
            _ => limits.memory = 40 * MIB,
        };
        let one = member_with(&carrier, limit, script);
        end(&one);
        let handle = one.handle.clone();
        assert_eq!(one.exit.wait(), expected, "{script}");
        assert!(!handle.post_fn(|_| {}), "it has ended");
        stays.ask(|_| ());
    }
    stays.run("print(n > 3)");
    assert_eq!(stays.has_said(1), ["true"]);
    stays.handle.stop();
    assert_eq!(stays.exit.wait(), Exit::Stopped);
}

/// What it was doing is dropped, though its carrier goes on.
#[test]
fn operations_end_with_their_isolate() {
    let carrier = carrier("operations");
    let (one, other) = (member(&carrier, ""), member(&carrier, ""));
    let io = one.handle.thread_io().expect("it lives");
    let others = other.handle.thread_io().expect("it lives");
    assert!(Arc::ptr_eq(&io, &others), "I/O is the carrier's");
    let operation = |member: &Member| {
        let (kept, dropped) = mpsc::channel::<()>();
        member.handle.post_fn(move |scope| {
            let future = async move {
                std::future::pending::<()>().await;
                drop(kept);
            };
            spawn_op(scope, future, |_, _| {}).expect("tokio is there");
        });
        member.ask(|_| ());
        dropped
    };
    let (its, theirs) = (operation(&one), operation(&other));
    one.handle.stop();
    assert_eq!(one.exit.wait(), Exit::Stopped);
    assert_eq!(
        its.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
    other.ask(|_| ());
    assert_eq!(theirs.try_recv(), Err(mpsc::TryRecvError::Empty));
    other.handle.stop();
    assert_eq!(other.exit.wait(), Exit::Stopped);
    assert_eq!(
        theirs.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn guests_stay_as_long_as_the_carrier() {
    let carrier = carrier("guests");
    let (one, other) = (member(&carrier, ""), member(&carrier, ""));
    let io = one.handle.thread_io().expect("it lives");
    let leaves = guest(&io);
    one.drained();
    other.ask(|_| ());
    assert_eq!(leaves.try_recv(), Err(mpsc::TryRecvError::Empty));
    other.drained();
    // It may yet get another one.
    let third = member(&carrier, "print('third')");
    assert_eq!(third.drained(), ["third"]);
    assert_eq!(leaves.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop(carrier);
    assert_eq!(leaves.recv_timeout(PATIENCE), Ok(()));
}

#[test]
fn a_carrier_ends_when_it_has_nobody_and_nobody_can_come() {
    let name = "comes and goes";
    let carrier = carrier(name);
    for n in 0..3 {
        let one = member(&carrier, &format!("print({n})"));
        assert_eq!(one.drained(), [n.to_string()]);
    }
    assert_eq!(threads(name), 1);
    // Whoever was to begin before begins.
    let last: Vec<_> = (0..3).map(|_| member(&carrier, "print('last')")).collect();
    drop(carrier);
    for one in last {
        assert_eq!(one.drained(), ["last"]);
    }
    let end = Instant::now() + PATIENCE;
    while threads(name) > 0 {
        assert!(Instant::now() < end, "its thread is still there");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn one_that_cannot_be_made_costs_no_other() {
    let carrier = carrier("not made");
    let stays = member(&carrier, "");
    for _ in 0..5 {
        let one = member(&carrier, "");
        let handle = one.handle.clone();
        let end = std::thread::spawn(move || one.exit.wait());
        // At every moment of its making.
        while !end.is_finished() {
            handle.terminate();
        }
        assert_eq!(end.join().expect("no panic"), Exit::Stopped);
        stays.ask(|_| ());
    }
    stays.drained();
}

/// The turn of one that does not stop costs all their carrier, and their waiting ones learn of it.
#[test]
fn all_are_given_up_with_one_that_does_not_stop() {
    let carrier = carrier("given up");
    let budget = Duration::from_millis(50);
    let bad = member_with(&carrier, |limits| limits.cpu_per_turn = Some(budget), "");
    let other = member(&carrier, "");
    other.ask(|_| ());
    let over = Arc::new(AtomicBool::new(false));
    let end = over.clone();
    bad.handle.post_fn(move |_| {
        while !end.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
    });
    assert_eq!(bad.exit.wait(), Exit::Unresponsive);
    let handle = other.handle.clone();
    assert_eq!(other.exit.wait(), Exit::Lost);
    assert!(!handle.post_fn(|_| {}), "its mailbox is closed");
    let late = member(&carrier, "print('begins')");
    assert_eq!(late.exit.wait(), Exit::Lost, "it has no carrier");
    // All of it comes to its end after all.
    over.store(true, Ordering::SeqCst);
    let until = Instant::now() + PATIENCE;
    while threads("given up") > 0 {
        assert!(Instant::now() < until, "its thread is still there");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(*late.log.lock().expect("log"), Vec::<String>::new());
    assert_eq!(harness::run("print(1 + 1)").0, ["2"]);
}
