//! `fetch()` as scripts call it, against a server of its own.

mod html_rewriter;
mod messages;
mod workers;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use nano_engine::{Engine, EngineOptions};
use nano_worker::{
    Body, Fields, HttpRequest, Limits, LogRecord, LogSink, OutboundHosts, RequestId, WorkerOptions,
};

use super::client::test_server::Server;
use crate::shell::{Output, Shell, ShellOptions};
use crate::worker::Worker;

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Output for Lines {
    fn print(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }

    fn error(&self, message: &str) {
        self.0.lock().unwrap().push(format!("! {message}"));
    }
}

/// What an asynchronous function with this body logs. It knows the server as `base`, and `name(promise)` for what a promise rejects
/// with.
fn run(server: &Server, body: &str) -> Vec<String> {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    let lines = Arc::new(Lines::default());
    let options = ShellOptions {
        output: lines.clone(),
        ..ShellOptions::terminal(PathBuf::from("/"), false)
    };
    let mut shell = Shell::new(options).expect("a shell");
    let base = server.url("");
    let source = format!(
        "const base = '{base}';
         const caught = (promise) => promise.then(() => 'no error', (error) => `${{error.name}}: ${{error.message}}`);
         (async () => {{ {body} }})().catch((error) => console.log('! ' + (error.stack ?? error))); undefined"
    );
    if let Err(report) = shell.eval(&source) {
        panic!("{report}");
    }
    drop(shell);
    std::mem::take(&mut *lines.0.lock().unwrap())
}

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    assert_eq!(run(&Server::start(None), body), expected);
}

#[test]
fn a_response_has_all_its_parts() {
    check(
        "const response = await fetch(base + '/redirect?302,/some/path#fragment');
         console.log(response.status, response.statusText, response.ok, response.type, response.redirected);
         console.log(response.url === base + '/some/path', response.headers.get('x-test'), await response.text());
         const fine = await fetch(base + '/reason');
         console.log(fine.statusText, (await fetch(base + '/status?404')).status);
         try { response.headers.set('a', 'b') } catch (error) { console.log(error.name) }
         const head = await fetch(base + '/echo', { method: 'HEAD' });
         console.log(head.body, (await fetch(base + '/status?204')).body);",
        &["200 OK true basic true", "true a, b /some/path", "Very Fine 404", "TypeError", "null null"],
    );
}

#[test]
fn a_request_arrives_with_all_its_parts() {
    check(
        "const echo = async (init) => (await fetch(base + '/echo', init)).json();
         const get = await echo();
         console.log(get.method, get.headers.accept, get.headers['accept-encoding'], get.headers['user-agent'].startsWith('NANO/'));
         const post = await echo({ method: 'POST', body: new URLSearchParams('a=1'), headers: { 'X-A': 'b', host: 'evil' } });
         console.log(post.method, post.body, post.headers['content-type'], post.headers['content-length'], post.headers['x-a']);
         console.log(post.headers.host === new URL(base).host);
         const chunks = [new Uint8Array([97]), new Uint8Array([98, 99])];
         const streamed = await echo({ method: 'PUT', duplex: 'half', body: ReadableStream.from(chunks) });
         console.log(streamed.body, streamed.headers['transfer-encoding']);
         const sized = await echo({ method: 'PUT', duplex: 'half', body: ReadableStream.from(chunks), headers: { 'content-length': '3' } });
         console.log(sized.body, sized.headers['content-length'], sized.headers['transfer-encoding']);",
        &[
            "GET */* gzip, deflate, br, zstd true",
            "POST a=1 application/x-www-form-urlencoded;charset=UTF-8 3 b",
            "true",
            "abc chunked",
            "abc 3 undefined",
        ],
    );
}

#[test]
fn bodies_are_streams() {
    check(
        "const response = await fetch(base + '/large');
         let length = 0, chunks = 0;
         for await (const chunk of response.body) { length += chunk.length; chunks++; }
         console.log(length, chunks > 1, response.bodyUsed);
         console.log((await (await fetch(base + '/large')).arrayBuffer()).byteLength);
         const [a, b] = [await fetch(base + '/gzip')].flatMap((r) => [r.clone(), r]);
         console.log((await a.text()).length, (await b.text()).length);
         // A response's body can be another request's.
         const { body } = await fetch(base + '/some/path');
         console.log((await (await fetch(base + '/echo', { method: 'POST', body, duplex: 'half' })).json()).body);
         console.log(await caught((await fetch(base + '/short')).text()));
         // `closed` tells of the end before anyone has read as far, and what was read ahead for it is not lost.
         const watched = (await fetch(base + '/some/path')).body;
         const watcher = watched.getReader();
         watcher.closed.catch(() => {});
         await new Promise((resolve) => setTimeout(resolve, 100));
         watcher.releaseLock();
         console.log((await (await fetch(base + '/echo', { method: 'POST', body: watched, duplex: 'half' })).json()).body);
         const reader = (await fetch(base + '/short')).body.getReader();
         await reader.read();
         console.log(await caught(reader.closed));",
        &[
            "3000000 true true",
            "3000000",
            "60000 60000",
            "/some/path",
            "TypeError: the response's body was cut short: the connection was closed before the message was complete",
            "/some/path",
            "TypeError: the response's body was cut short: the connection was closed before the message was complete",
        ],
    );
}

#[test]
fn aborted_before_the_response() {
    let server = Server::start(None);
    let lines = run(
        &server,
        "const reason = new Error('enough');
         let cancelled;
         const body = new ReadableStream({ cancel(r) { cancelled = r } });
         const init = { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort(reason) };
         console.log(await caught(fetch(base, init)), cancelled === reason);
         const controller = new AbortController();
         const promise = fetch(base + '/silent', { signal: controller.signal });
         setTimeout(() => controller.abort(), 20);
         console.log((await caught(promise)).split(':')[0]);
         console.log((await caught(fetch(base + '/silent', { signal: AbortSignal.timeout(20) }))).split(':')[0]);",
    );
    assert_eq!(lines, ["Error: enough true", "AbortError", "TimeoutError"]);
    assert_eq!(server.requests(), 2);
}

#[test]
fn aborted_while_the_request_is_sent() {
    let server = Server::start(None);
    let lines = run(
        &server,
        "const controller = new AbortController();
         let cancelled;
         const body = new ReadableStream({
           async pull(c) { await new Promise((done) => setTimeout(done, 5)); c.enqueue(new Uint8Array(10)) },
           cancel(reason) { cancelled = reason },
         });
         const promise = fetch(base + '/echo', { method: 'POST', body, duplex: 'half', signal: controller.signal });
         setTimeout(() => controller.abort('enough'), 30);
         console.log(await promise.catch((reason) => reason), cancelled);",
    );
    assert_eq!(lines, ["enough enough"]);
}

#[test]
fn aborted_while_the_response_arrives() {
    let server = Server::start(None);
    let lines = run(
        &server,
        "const reason = new Error('enough');
         const start = async () => {
           const controller = new AbortController();
           return [controller, await fetch(base + '/endless', { signal: controller.signal })];
         };
         const [first, response] = await start();
         const reader = response.body.getReader();
         await reader.read();
         const pending = reader.read();
         first.abort(reason);
         console.log(await caught(pending), '|', await caught(reader.read()), '|', await caught(reader.closed));
         const [second, unread] = await start();
         second.abort(reason);
         console.log(await caught(unread.text()), '|', await caught(unread.text()));
         const [third, reading] = await start();
         const text = reading.text();
         third.abort(reason);
         console.log(await caught(text));
         const [fourth, cloned] = await start();
         const clone = cloned.clone();
         fourth.abort(reason);
         console.log(await caught(clone.text()), '|', await caught(cloned.text()));
         // What has arrived, but was not read.
         const controller = new AbortController();
         const whole = await fetch(base + '/path', { signal: controller.signal });
         controller.abort(reason);
         console.log(await caught(whole.text()));",
    );
    let error = "Error: enough";
    let expected = [
        [error; 3].join(" | "),
        [error; 2].join(" | "),
        error.into(),
        [error; 2].join(" | "),
        error.into(),
    ];
    assert_eq!(lines, expected);
    server.wait_until_quiet();
}

#[test]
fn a_cancelled_body_costs_its_connection() {
    let server = Server::start(None);
    let lines = run(
        &server,
        "const response = await fetch(base + '/endless');
         await response.body.cancel();
         const reader = (await fetch(base + '/endless')).body.getReader();
         await reader.read();
         const pending = reader.read();
         await reader.cancel();
         console.log((await pending).done);
         // Nobody reads this one; the program ends all the same.
         await fetch(base + '/endless');",
    );
    assert_eq!(lines, ["true"]);
    server.wait_until_quiet();
}

#[test]
fn a_signal_serves_any_number_of_fetches() {
    check(
        "const { signal } = new AbortController();
         for (let i = 0; i < 50; i++) await (await fetch(base + '/path', { signal })).text();
         console.log('done');",
        &["done"],
    );
}

#[test]
fn failures_are_type_errors() {
    check(
        "console.log(await caught(fetch('ftp://localhost/')));
         console.log(await caught(fetch('about:blank')));
         console.log((await caught(fetch('blob:https://x/1'))).slice(0, 60));
         console.log(await caught(fetch(base + '/loop')));
         console.log(await caught(fetch(base + '/loop', { redirect: 'error' })));
         console.log(await caught(fetch(base + '/path', { integrity: 'sha256-AAAA' })));
         console.log(await caught(fetch(base, { headers: { 'x-a': 'a\\u0001' } })));
         const failing = new ReadableStream({ pull() { throw new RangeError('no more') } });
         const error = await fetch(base + '/echo', { method: 'POST', body: failing, duplex: 'half' }).catch((error) => error);
         console.log(`${error}`, error.cause.message, Object.keys(error).length);
         const text = ReadableStream.from(['text']);
         console.log((await caught(fetch(base + '/echo', { method: 'POST', body: text, duplex: 'half' }))).includes('Uint8Array'));
         console.log((await fetch(base + '/loop', { redirect: 'manual' })).status);",
        &[
            "TypeError: fetch failed: the scheme 'ftp:' cannot be fetched: http:, https:, data: and blob: can",
            "TypeError: fetch failed: the scheme 'about:' cannot be fetched: http:, https:, data: and blob: can",
            "TypeError: fetch failed: the blob: URL stands for no blob of",
            "TypeError: fetch failed: more than 20 redirects",
            "TypeError: fetch failed: the response is a redirect, which the request's redirect mode 'error' refuses",
            "TypeError: fetch failed: the response does not match the request's integrity metadata",
            "TypeError: fetch failed: the value of the header 'x-a' has a control character, which HTTP does not allow",
            "TypeError: fetch failed: the request's body failed: RangeError: no more no more 0",
            "true",
            "302",
        ],
    );
}

#[test]
fn blob_urls() {
    check(
        "const url = URL.createObjectURL(new File(['abc', new Uint8Array(5000), 'def'], 'f', { type: 'text/X' }));
         console.log(url.startsWith('blob:null/'), url.length, new URL(url).origin);
         const response = await fetch(url + '#part');
         console.log(response.url === url, response.status, [...response.headers].join(), (await response.bytes()).length);
         const part = await fetch(url, { headers: { range: 'bytes=-4' } });
         console.log(part.status, part.statusText, [...part.headers].join(), (await part.bytes()).join());
         console.log(await caught(fetch(url, { headers: { range: 'bytes=5006-' } })));
         console.log(await caught(fetch(url, { integrity: 'sha256-AAAA' })));
         const request = new Request(url);
         URL.revokeObjectURL(url + '#part');
         console.log((await fetch(url)).ok);
         URL.revokeObjectURL(url);
         URL.revokeObjectURL('nonsense');
         console.log((await caught(fetch(url))).slice(25, 60), (await fetch(new Request(request.clone(), { headers: {} }))).ok);
         console.log((await caught(fetch(request, { method: 'POST' }))).slice(25));",
        &[
            "true 46 null",
            "true 200 content-length,5006,content-type,text/x 5006",
            "206 Partial Content content-length,4,content-range,bytes 5002-5005/5006,content-type,text/x 0,100,101,102",
            "TypeError: fetch failed: the header 'range' wants nothing that a blob of 5006 bytes has: 'bytes=5006-'",
            "TypeError: fetch failed: the response does not match the request's integrity metadata",
            "true",
            "the blob: URL stands for no blob of true",
            "a blob: URL can be asked for by GET only, not by POST",
        ],
    );
}

/// As in Workers: bytes go through as they are, and a reader may bring buffers of its own.
#[test]
fn identity_streams_hand_on_bytes() {
    check(
        "const { readable, writable } = new IdentityTransformStream();
         const writer = writable.getWriter();
         const source = new Uint8Array([1, 2, 3, 4]);
         let written = false;
         const write = writer.write(source.subarray(1)).then(() => { written = true; });
         await new Promise((resolve) => setTimeout(resolve, 10));
         console.log(written);
         const reader = readable.getReader({ mode: 'byob' });
         console.log((await reader.read(new Uint8Array(2))).value.join());
         await write;
         source.fill(9);
         console.log((await reader.read(new Uint8Array(2))).value.join());
         const last = reader.read(new Uint8Array(2));
         await writer.close();
         console.log((await last).done, writable instanceof WritableStream);
         const text = new IdentityTransformStream();
         console.log(await caught(text.writable.getWriter().write('text')), await caught(text.readable.getReader().read()));
         const cancelled = new IdentityTransformStream();
         const waiting = cancelled.writable.getWriter().write(new ArrayBuffer(1));
         await cancelled.readable.cancel(new RangeError('enough'));
         console.log(await caught(waiting));
         const aborted = new IdentityTransformStream();
         aborted.writable.abort(new RangeError('no more'));
         console.log(await caught(aborted.readable.getReader().read()));",
        &[
            "false",
            "2,3",
            "4",
            "true true",
            "TypeError: A chunk of an identity stream must be an ArrayBuffer or a view of one \
             TypeError: A chunk of an identity stream must be an ArrayBuffer or a view of one",
            "RangeError: enough",
            "RangeError: no more",
        ],
    );
}

#[test]
fn fixed_length_streams_have_their_length() {
    check(
        "const stream = (length, ...chunks) => {
             const fixed = new FixedLengthStream(length), writer = fixed.writable.getWriter();
             const done = (async () => {
                 for (const chunk of chunks) await writer.write(new Uint8Array(chunk).fill(97));
                 await writer.close();
             })();
             done.catch(() => {});
             return [fixed.readable, done];
         };
         const [whole] = stream(5, 2, 3);
         const echo = async (body) => (await fetch(base + '/echo', { method: 'PUT', duplex: 'half', body })).json();
         const { body, headers } = await echo(whole);
         console.log(body, headers['content-length'], headers['transfer-encoding']);
         // Of what was read before, nothing is said.
         const [part] = stream(5, 2, 3);
         const reader = part.getReader();
         await reader.read();
         reader.releaseLock();
         console.log((await caught(echo(part))).slice(0, 9));
         const [few, fewDone] = stream(3, 2);
         console.log(await caught(new Response(few).text()), '/', await caught(fewDone));
         const [many, manyDone] = stream(3, 4);
         console.log(await caught(new Response(many).text()), '/', await caught(manyDone));
         console.log((await caught((async () => new FixedLengthStream(-1))())).slice(0, 50));
         const shown = new FixedLengthStream(0);
         console.log(shown instanceof IdentityTransformStream, shown instanceof TransformStream);
         console.log(Object.keys(new Request('http://a/').cf).length, navigator.hardwareConcurrency, navigator.languages.join(), navigator.onLine);",
        &[
            "aaaaa 5 undefined",
            "TypeError",
            "TypeError: A FixedLengthStream was closed 1 bytes before its length / \
             TypeError: A FixedLengthStream was closed 1 bytes before its length",
            "TypeError: A FixedLengthStream got 1 bytes more than its length / \
             TypeError: A FixedLengthStream got 1 bytes more than its length",
            "TypeError: Failed to construct 'FixedLengthStream'",
            "true true",
            "0 1 en-US true",
        ],
    );
}

/// A module arrives as a response, and is read before V8 sees it.
#[test]
fn responses_are_modules() {
    check(
        "const type = { 'content-type': 'application/wasm' };
         // It exports a memory as 'm'.
         const module = [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 109, 2, 0];
         const served = (bytes, init = { headers: type }) => new Response(new Uint8Array(bytes), init);
         const { compileStreaming, instantiateStreaming } = WebAssembly;
         console.log(compileStreaming.length, instantiateStreaming.length, 'prototype' in compileStreaming);
         console.log((await compileStreaming(served(module))) instanceof WebAssembly.Module);
         const { instance } = await instantiateStreaming(Promise.resolve(served(module)), {});
         console.log(instance.exports.m instanceof WebAssembly.Memory);
         console.log(await caught(compileStreaming(1)));
         console.log(await caught(compileStreaming(served(module, {}))));
         console.log(await caught(compileStreaming(served(module, { headers: { 'content-type': 'application/wasm; a=b' } }))));
         console.log(await caught(compileStreaming(served(module, { status: 404, headers: type }))));
         console.log(await caught(instantiateStreaming(served([0, 97]))));
         // A custom section whose name is longer than a module's may be, which V8 would take.
         const name = new Array(100_001).fill(97);
         const long = [...module.slice(0, 8), 0, 0xa4, 0x8d, 6, 0xa1, 0x8d, 6, ...name];
         console.log((await caught(compileStreaming(served(long)))).slice(0, 50));
         const body = new ReadableStream({ pull() { throw new RangeError('no more') } });
         console.log(await caught(compileStreaming(new Response(body, { headers: type }))));",
        &[
            "1 1 false",
            "true",
            "true",
            "TypeError: the source is neither a Response nor a promise for one",
            "TypeError: the response has no Content-Type; it must be application/wasm",
            "TypeError: the response's Content-Type is 'application/wasm; a=b'; it must be application/wasm",
            "TypeError: the response's status is 404, not one from 200 to 299",
            "CompileError: WebAssembly.instantiateStreaming(): unexpected end-of-file (at offset 0x0)",
            "CompileError: WebAssembly.compileStreaming(): stri",
            "RangeError: no more",
        ],
    );
}

#[test]
fn data_urls() {
    check(
        "const response = await fetch('data:text/html;base64,PGI+#x');
         console.log(response.status, response.statusText, response.headers.get('content-type'), response.url, await response.text());
         console.log((await fetch('data:,x', { method: 'HEAD' })).body, (await caught(fetch('data:x'))).split(':')[0]);",
        &["200 OK text/html data:text/html;base64,PGI+ <b>", "null TypeError"],
    );
}

/// Takes no logs.
struct Silent;

impl LogSink for Silent {
    fn log(&self, _: LogRecord) {}
}

/// What an app responds whose handler is this expression of `base` and `caught`.
async fn respond(server: &Server, allow: bool, expression: &str) -> String {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    let folder = tempfile::tempdir().unwrap();
    let source = format!(
        "const base = '{}';
         const caught = (promise) => promise.then(() => 'no error', (error) => error.message);
         export default {{ async fetch() {{ return new Response({expression}) }} }}",
        server.url("")
    );
    std::fs::write(folder.path().join("index.js"), source).unwrap();
    let rule = format!("localhost:{}", server.port()).parse().unwrap();
    let worker = Worker::start(WorkerOptions {
        name: "test".into(),
        root: folder.path().to_owned(),
        entry: None,
        env: Default::default(),
        services: std::sync::Arc::new(nano_worker::NoServices),
        limits: Limits {
            subrequests: 3,
            ..Limits::default()
        },
        outbound: OutboundHosts {
            allow: if allow { vec![rule] } else { Vec::new() },
            ..OutboundHosts::default()
        },
        isolation: Default::default(),
        commons: Default::default(),
        log: Arc::new(Silent),
    });
    let worker = worker.await.unwrap();
    let mut texts = Vec::new();
    for id in 1..=2 {
        let request = HttpRequest {
            method: http::Method::GET,
            url: "http://app.example/".into(),
            headers: Fields::default(),
            body: Body::Empty,
            trace: None,
            origin: None,
        };
        match worker.fetch(request, RequestId(id)).await.unwrap().body {
            Body::Full(bytes) => texts.push(String::from_utf8(bytes.to_vec()).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(texts[0], texts[1], "each request has limits of its own");
    texts.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_reaches_only_what_its_configuration_allows() {
    let server = Server::start(None);
    let error = respond(&server, false, "await caught(fetch(base))").await;
    assert!(
        error.contains("127.0.0.1 is a loopback address") && error.contains("\"allow\""),
        "{error}"
    );
    assert_eq!(server.connections(), 0);
    assert_eq!(
        respond(&server, true, "await caught(fetch(base))").await,
        "no error"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn subrequests_are_limited_per_request() {
    let server = Server::start(None);
    let errors = respond(
        &server,
        true,
        "(await Promise.all([1, 2, 3, 4].map(() => caught(fetch(base))))).map((error) => error.includes('\"subrequests\"'))",
    );
    assert_eq!(errors.await, "false,false,false,true");
    // Redirects count, and so does what runs later because of the request.
    let errors = respond(
        &server,
        true,
        "[await caught(fetch(base + '/redirect?302,/a')), await new Promise((done) => setTimeout(done, 1)), await caught(fetch(base)),
          await caught(fetch(base))].map((error) => `${error}`.includes('\"subrequests\"'))",
    );
    assert_eq!(errors.await, "false,false,false,true");
}

#[test]
fn bodies_go_by_their_mime_type() {
    check(
        "const type = async (value) => {
             const headers = new Headers();
             for (const line of [value].flat()) headers.append('content-type', line);
             return (await new Response('a=b', { headers }).blob()).type;
         };
         for (const value of ['TEXT/Plain ; Charset=UTF-8', 'x', 'text/html;charset=a;charset=b', ['text/html', 'a/b', '?'], 'A/B;c=\u{ff}']) {
             console.log(JSON.stringify(await type(value)));
         }
         const blob = await new Response(null, { headers: { 'content-type': 'a/b;c=\u{ff}' } }).blob();
         console.log(new Response(blob).headers.get('content-type'));
         console.log((await new Response(new FormData()).blob()).type.split('=')[0]);
         const headers = { 'content-type': 'nonsense, application/x-www-form-urlencoded' };
         console.log((await new Response('a=b', { headers }).formData()).get('a'));
         console.log(await caught(new Response('a=b', { headers: { 'content-type': 'text/plain' } }).formData()));",
        &[
            "\"text/plain;charset=UTF-8\"",
            "\"\"",
            "\"text/html;charset=a\"",
            "\"a/b\"",
            "\"a/b;c=\\\"\u{ff}\\\"\"",
            "a/b;c=\"\u{ff}\"",
            "multipart/form-data;boundary",
            "b",
            "TypeError: Failed to execute 'formData' on 'Response': the body's Content-Type must be multipart/form-data or application/x-www-form-urlencoded, but is 'text/plain'",
        ],
    );
}
