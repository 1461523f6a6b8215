//! The forms of an app's handlers.

use crate::support::Site;

/// Name, module, and what it answers to `/x` when `env.WHO` is `me`.
const FORMS: &[(&str, &str, &str)] = &[
    (
        "object",
        "export default { name: 'own', fetch(request, env) { return new Response(`${this.name} ${env.WHO} ${new URL(request.url).pathname}`); } };",
        "own me /x",
    ),
    (
        "instance",
        "class Base { name = 'inherited'; fetch(request, env) { return new Response(`${this.name} ${env.WHO}`); } }
         export default new (class extends Base {})();",
        "inherited me",
    ),
    (
        "class",
        "class Base { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
         export default class extends Base {
             seen = 0;
             async fetch(request) {
                 this.ctx.waitUntil(Promise.resolve());
                 return new Response(`${++this.seen} ${this.env.WHO} ${request.method}`);
             }
         }",
        "1 me GET",
    ),
    (
        "function",
        "export default Object.assign(() => 1, { fetch() { return new Response(typeof this); } });",
        "function",
    ),
    (
        "listener",
        "addEventListener('fetch', (event) => event.respondWith(new Response(`${event.type} ${event.request.method} ${event.isTrusted} ${event instanceof FetchEvent}`)));",
        "fetch GET true true",
    ),
    (
        "promise",
        "addEventListener('fetch', (event) => {
             event.passThroughOnException();
             event.respondWith(answer(event));
         });
         addEventListener('fetch', () => { throw new Error('nobody calls it: the first has answered'); });
         async function answer(event) {
             await 1;
             event.waitUntil(new Promise((resolve) => setTimeout(resolve, 1)));
             return new Response(await event.request.text() + 'later');
         }",
        "later",
    ),
    (
        "second",
        "addEventListener('fetch', (event) => { if (event.request.method === 'POST') event.respondWith(1); });
         addEventListener('fetch', { handleEvent(event) { event.respondWith(new Response('second')); } });",
        "second",
    ),
    (
        "both",
        "addEventListener('fetch', (event) => event.respondWith(new Response('listener')));
         export default { fetch() { return new Response('export'); } };",
        "export",
    ),
];

#[test]
fn every_form_answers() {
    let mut site = Site::new();
    for (name, module, _) in FORMS {
        site = site.app_with(name, module, r#""env":{"WHO":"me"}"#);
    }
    let nano = site.serve();
    for (name, _, expected) in FORMS {
        // Twice: an object of a class is one request's.
        for _ in 0..2 {
            let response = nano.get(&format!("{name}.test"), "/x");
            assert_eq!(
                (response.status, response.text()),
                (200, *expected),
                "{name}"
            );
        }
    }
    let log = nano.log();
    let errors: Vec<_> = log.iter().filter(|line| line["level"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// Name, module, and what is said of the failure.
const FAILURES: &[(&str, &str, &str)] = &[
    (
        "silent",
        "addEventListener('fetch', () => {});",
        "no listener of the fetch event has answered: expected `event.respondWith(response)`",
    ),
    (
        "throws",
        "addEventListener('fetch', () => { throw new TypeError('listener'); });",
        "TypeError: listener",
    ),
    (
        "rejects",
        "addEventListener('fetch', (event) => event.respondWith(Promise.reject(new TypeError('promise'))));",
        "TypeError: promise",
    ),
    (
        "nothing",
        "addEventListener('fetch', (event) => event.respondWith(undefined));",
        "must return a Response",
    ),
    (
        "late",
        "addEventListener('fetch', async (event) => { await 1; event.respondWith(new Response('late')); });",
        "no listener of the fetch event has answered",
    ),
    (
        "twice",
        "addEventListener('fetch', (event) => {
             event.respondWith(new Response('first'));
             event.respondWith(new Response('second'));
         });",
        "",
    ),
    (
        "constructor",
        "export default class { constructor() { throw new TypeError('no object'); } fetch() {} }",
        "TypeError: no object",
    ),
    (
        "scheduled",
        "export default { scheduled() {} };",
        "the app has no such handler: expected `export default { fetch(request, env, ctx)",
    ),
];

#[test]
fn failures_of_every_form_are_told() {
    let mut site = Site::new();
    for (name, module, _) in FAILURES {
        site = site.app(name, module);
    }
    let nano = site.serve_with(&["--dev"]);
    for (name, _, part) in FAILURES {
        let response = nano.get(&format!("{name}.test"), "/");
        if part.is_empty() {
            assert_eq!((response.status, response.text()), (200, "first"), "{name}");
            nano.app_logged(name, "InvalidStateError: Failed to execute 'respondWith' on 'FetchEvent': It was called before.");
            continue;
        }
        assert_eq!(response.status, 500, "{name}");
        assert!(
            response.text().contains(part),
            "{name}: {}",
            response.text()
        );
    }
    nano.app_logged("late", "InvalidStateError: Failed to execute 'respondWith' on 'FetchEvent': The listeners have returned");
}

#[test]
fn events_of_the_app_are_not_the_runtime_s() {
    let nano = Site::new()
        .app(
            "a",
            "const names = [];
             const attempt = (f) => { try { f(); names.push('no error'); } catch (error) { names.push(error.name); } };
             const event = new FetchEvent('fetch', { request: new Request('http://b/') });
             attempt(() => event.waitUntil(1));
             attempt(() => event.respondWith(1));
             const target = new EventTarget();
             target.addEventListener('fetch', (e) => { attempt(() => e.respondWith(1)); attempt(() => e.waitUntil(1)); });
             target.dispatchEvent(event);
             attempt(() => new FetchEvent('fetch'));
             attempt(() => new ScheduledEvent('scheduled'));
             names.push(new ExtendableEvent('x', { bubbles: true }).bubbles);
             let last;
             addEventListener('fetch', (e) => {
                 if (last) { attempt(() => last.waitUntil(1)); e.respondWith(new Response(names.join())); }
                 else { last = e; e.respondWith(new Response('first')); }
             });",
        )
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "first");
    assert_eq!(
        nano.get("a.test", "/").text(),
        "InvalidStateError,InvalidStateError,InvalidStateError,InvalidStateError,TypeError,TypeError,true,InvalidStateError"
    );
}

#[test]
fn a_getter_that_throws_is_why_the_app_does_not_start() {
    let nano = Site::new()
        .app(
            "a",
            "export default { get fetch() { throw new RangeError('no'); } };",
        )
        .serve();
    assert_eq!(nano.get("a.test", "/").status, 503);
    nano.app_logged("a", "the app did not start: RangeError: no");
}
