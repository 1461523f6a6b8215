//! Several isolates on one thread, entered in turn: nothing of one is found in another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nano_engine::limits::MIB;
use nano_engine::{
    Engine, EngineOptions, Exit, IsolateOptions, Limits, Task, evaluate, run_together,
};
use nano_webidl::Scope;

use crate::console::{ConsoleSink, Level};
use crate::environment::ErrorSink;
use crate::environment::timers::TimerQuota;
use crate::fetch::client::Outbound;
use crate::fetch::client::test_server::Server;
use crate::options::ApiOptions;

/// What an isolate has logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl ConsoleSink for Lines {
    fn print(&self, _: &mut Scope, _: Level, message: &str) {
        self.push(message.to_owned());
    }
}

impl ErrorSink for Lines {
    fn uncaught(&self, _: &mut Scope, report: &nano_engine::ErrorReport) {
        self.push(format!("! {report}"));
    }

    fn unhandled_rejection(&self, _: &mut Scope, report: &nano_engine::ErrorReport) {
        self.push(format!("! {report}"));
    }
}

/// Runs scripts in isolates of these limits, all on one thread: how each ended, and what it logged.
fn run(scripts: &[String], limits: &Limits) -> Vec<(Exit, Vec<String>)> {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    let lines: Vec<_> = scripts.iter().map(|_| Lines::default()).collect();
    let isolates: Vec<(IsolateOptions, Task)> = scripts
        .iter()
        .zip(&lines)
        .map(|(script, lines)| {
            let options = IsolateOptions {
                limits: limits.clone(),
                tokio: Some(tokio.handle().clone()),
                data: Box::new(ApiOptions {
                    base_url: None,
                    console: Box::new(lines.clone()),
                    errors: Box::new(lines.clone()),
                    outbound: Arc::new(Outbound::unrestricted()),
                    agent: Arc::default(),
                    allow_eval: false,
                    timers: TimerQuota::unlimited(),
                    request_cpu: None,
                }),
                ..IsolateOptions::default()
            };
            let script = script.clone();
            let main: Task = Box::new(move |scope| {
                evaluate(scope, "test.js", &script);
            });
            (options, main)
        })
        .collect();
    // A stack as isolates want it.
    let thread = std::thread::Builder::new().stack_size(nano_engine::thread::STACK_SIZE);
    let thread = thread
        .spawn(move || run_together(isolates))
        .expect("a thread");
    let exits = thread.join().expect("no panic leaves the engine");
    let lines = lines
        .iter()
        .map(|lines| std::mem::take(&mut *lines.0.lock().unwrap()));
    exits.into_iter().zip(lines).collect()
}

#[test]
fn streams_timers_and_fetch_go_on_in_each() {
    let server = Server::start(None);
    let script = |name: &str| {
        format!(
            "(async () => {{
                let length = 0, heard = 0;
                addEventListener('tick', () => heard++);
                for (let i = 0; i < 5; i++) {{
                    await new Promise((resolve) => setTimeout(resolve, 2));
                    dispatchEvent(new Event('tick'));
                    let chunks = 0;
                    const stream = new ReadableStream({{
                        async pull(controller) {{
                            await new Promise((resolve) => setTimeout(resolve));
                            controller.enqueue(new TextEncoder().encode('{name}'.repeat(100)));
                            if (++chunks === 20) controller.close();
                        }},
                    }}).pipeThrough(new TransformStream());
                    const text = await new Response(stream).text();
                    if (text !== '{name}'.repeat(2000)) throw new Error('a stream of someone else');
                    length += text.length;
                    const answer = await fetch('{}', {{ method: 'POST', body: '{name}' + i }});
                    console.log((await answer.json()).body);
                }}
                console.log(length, heard);
            }})();",
            server.url("/echo")
        )
    };
    let limits = Limits::default();
    let ended = run(&["a", "b", "c"].map(script), &limits);
    for ((exit, lines), name) in ended.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(exit, Exit::Drained, "{lines:?}");
        let mut expected: Vec<_> = (0..5).map(|i| format!("{name}{i}")).collect();
        expected.push("10000 5".into());
        assert_eq!(lines, expected);
    }
}

#[test]
fn each_has_its_own_limits() {
    let later = |script: &str| {
        format!(
            "(async () => {{
                const turns = (count) => new Promise((resolve) => setTimeout(resolve, count));
                await turns(5);
                {script}
            }})();"
        )
    };
    // What headers hold is no part of V8's heap, and what dates are formatted with is C's.
    let holds = later(
        "const value = 'x'.repeat(1 << 20);
        globalThis.kept = Array.from({ length: 20 }, () => new Headers({ value }));
        await turns(100);
        console.log(kept.length);",
    );
    let fits = later(
        "await turns(50);
        console.log(new ArrayBuffer(20 << 20).byteLength, new Headers({ a: 'b' }).get('a'));",
    );
    let hoards = later(
        "const value = 'x'.repeat(1 << 18); // Of a longer one its conversion would throw: there is no room.
        globalThis.kept = [];
        while (kept.length < 400) kept.push(new Headers({ value }));
        console.log('all');",
    );
    let formats = later(
        "globalThis.kept = [];
        for (let turn = 0; turn < 150; turn++) {
            for (let i = 0; i < 20; i++) kept.push(new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' }));
            await turns(0);
        }
        console.log('all');",
    );
    let grows = later("const all = []; for (;;) all.push({ value: all.length });");
    let spins = later("for (;;);");
    let scripts = [
        &holds, &fits, &hoards, &fits, &formats, &fits, &grows, &fits, &spins, &fits,
    ];
    let limits = Limits {
        memory: 40 * MIB,
        cpu_per_turn: Some(Duration::from_millis(500)),
        ..Limits::default()
    };
    let ended = run(&scripts.map(String::clone), &limits);
    let heap = Exit::HeapLimit {
        limit: limits.memory,
    };
    let cpu = Exit::CpuLimit {
        budget: Duration::from_millis(500),
    };
    let fits = (Exit::Drained, vec!["20971520 b".to_owned()]);
    let expected = [
        (Exit::Drained, vec!["20".to_owned()]),
        fits.clone(),
        (heap.clone(), vec![]),
        fits.clone(),
        (heap.clone(), vec![]),
        fits.clone(),
        (heap, vec![]),
        fits.clone(),
        (cpu, vec![]),
        fits,
    ];
    for (n, (ended, expected)) in ended.into_iter().zip(expected).enumerate() {
        assert_eq!(ended, expected, "isolate {n}: {}", scripts[n]);
    }
}
