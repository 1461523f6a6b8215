//! The operations that are counted.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use nano_api::shell::{ReplOutcome, Shell, ShellOptions};
use nano_api::worker::{Worker, WorkerLauncher};
use nano_bench::{HELLO, app, cold_start, fetch, options, runtime, start_engine};
use nano_host::config::{Config, ListenAddress};
use nano_host::host::Host;
use nano_host::reload::Ask;

/// An operation, and how often it is done for one count.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) rounds: u32,
    /// Where several threads take part, how often they wake one another differs from run to run: the least of so many counts.
    pub(crate) runs: u32,
    work: Work,
}

enum Work {
    /// An app behind the whole host: a request over a socket, and its answer.
    Served {
        app: &'static str,
        request: &'static str,
    },
    /// The same app without host and socket.
    Dispatched(&'static str),
    /// From nothing to an app's first response.
    Started,
    /// A function of one argument, the number of operations, in a shell's isolate.
    Script(&'static str),
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

const JSON: &str = "export default { async fetch(request) {
    const { product, count } = await request.json();
    return Response.json({ product, count: count + 1, agent: request.headers.get('user-agent') });
} };";
const POST: &str = "POST /orders?q=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"product\":\"tea\",\"count\":2}";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "hello request",
        rounds: 8000,
        runs: 3,
        work: Work::Served { app: HELLO, request: GET },
    },
    Case {
        name: "json request",
        rounds: 6000,
        runs: 3,
        work: Work::Served { app: JSON, request: POST },
    },
    Case {
        name: "dispatch",
        rounds: 16000,
        runs: 3,
        work: Work::Dispatched(HELLO),
    },
    Case {
        name: "app from snapshot",
        rounds: 40,
        runs: 1,
        work: Work::Started,
    },
    Case {
        name: "headers",
        rounds: 8000,
        runs: 1,
        work: Work::Script(
            "n => { for (let i = 0; i < n; i++) {
                const headers = new Headers({ 'content-type': 'text/plain', 'x-a': '1' });
                headers.append('x-a', '2');
                if (headers.get('x-a') !== '1, 2' || headers.has('x-b')) throw headers;
            } }",
        ),
    },
    Case {
        name: "url",
        rounds: 8000,
        runs: 1,
        work: Work::Script(
            "n => { for (let i = 0; i < n; i++) {
                const url = new URL('../b?c=' + i, 'https://example.com:8080/a/x');
                if (url.searchParams.get('c') !== String(i) || url.pathname !== '/b') throw url;
            } }",
        ),
    },
    Case {
        name: "text decoder",
        rounds: 8000,
        runs: 1,
        work: Work::Script(
            "n => {
                const bytes = new TextEncoder().encode('h\u{e9}llo w\u{f6}rld '.repeat(20));
                const decoder = new TextDecoder();
                for (let i = 0; i < n; i++) if (decoder.decode(bytes).length !== 240) throw i;
            }",
        ),
    },
    Case {
        name: "structured clone",
        rounds: 8000,
        runs: 1,
        work: Work::Script(
            "n => {
                const value = { a: [1, 2, 3], b: new Map([['c', new Date(0)]]), d: 'text', e: new Uint8Array(64) };
                for (let i = 0; i < n; i++) if (structuredClone(value).a.length !== 3) throw i;
            }",
        ),
    },
    Case {
        name: "stream chunk",
        rounds: 8000,
        runs: 1,
        work: Work::Script(
            "async n => {
                let left = n;
                const chunk = new Uint8Array(16);
                const source = new ReadableStream({ pull(controller) {
                    if (left-- > 0) controller.enqueue(chunk); else controller.close();
                } });
                const through = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk); } });
                let count = 0;
                for await (const _ of source.pipeThrough(through)) count++;
                if (count !== n) throw count;
            }",
        ),
    },
];

/// The part of a case's operations that come before those that are counted: V8 has compiled by then what it will.
const WARM_UP: u32 = 4;

/// Runs the operations of a case.
pub(crate) fn run(case: &Case, rounds: u32) {
    fix_v8();
    start_engine();
    let rounds = case.rounds / WARM_UP + rounds;
    match case.work {
        Work::Served { app, request } => served(app, request, rounds),
        Work::Dispatched(source) => dispatched(source, rounds),
        Work::Started => started(rounds),
        Work::Script(source) => script(source, rounds),
    }
}

/// Makes V8 do the same in each process.
fn fix_v8() {
    let flags = [
        "bench",
        "--single-threaded",
        "--hash-seed=1",
        "--random-seed=1",
    ];
    let unknown = v8::V8::set_flags_from_command_line(flags.map(String::from).to_vec());
    assert_eq!(unknown.len(), 1, "V8 knows these flags");
}

fn served(source: &str, request: &str, rounds: u32) {
    let runtime = runtime();
    let folder = app(source);
    let listen = ListenAddress {
        ip: Some([127, 0, 0, 1].into()),
        port: 0,
    };
    let mut config = Config::folder(folder.path(), listen).expect("a folder with an app");
    // The making of an isolate would be counted, too, if it came in time.
    config.prepared = 0;
    let address = runtime.block_on(async {
        let host = Host::new(Arc::new(WorkerLauncher::default()), Ask::of_nobody(), false);
        let applied = host.apply(config).await.expect("a free port");
        applied.opened[0]
    });
    // The first request waits for the app; a connection that comes later is served on the app's own thread.
    for rounds in [1, rounds] {
        let mut client = TcpStream::connect(address).expect("the host listens");
        let mut answer = [0; 4096];
        for _ in 0..rounds {
            client.write_all(request.as_bytes()).expect("a connection");
            let length = client.read(&mut answer).expect("an answer");
            assert!(
                answer[..length].starts_with(b"HTTP/1.1 200 OK\r\n"),
                "{}",
                String::from_utf8_lossy(&answer[..length])
            );
        }
    }
}

fn dispatched(source: &str, rounds: u32) {
    let runtime = runtime();
    let folder = app(source);
    runtime.block_on(async {
        let worker = Worker::start(options(&folder))
            .await
            .expect("the app starts");
        for id in 0..rounds {
            assert_eq!(fetch(&worker, id.into()).await.status, 200);
        }
    });
}

fn started(rounds: u32) {
    let runtime = runtime();
    let folder = app(HELLO);
    runtime.block_on(async {
        for _ in 0..rounds {
            cold_start(&folder).await;
        }
    });
}

fn script(source: &str, rounds: u32) {
    let mut shell = Shell::new(ShellOptions::terminal(".".into(), false)).expect("an isolate");
    let outcome = shell.evaluate_repl_line(&format!("await ({source})({rounds})"));
    assert_eq!(outcome, ReplOutcome::Value("undefined".to_owned()));
}
