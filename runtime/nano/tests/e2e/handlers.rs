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
        "global",
        "const who = WHO;
         addEventListener('fetch', (event) => event.respondWith(new Response(`${who} ${globalThis.WHO} ${WHO}`)));",
        "me me me",
    ),
    (
        "exports",
        "export const kind = typeof WHO;
         addEventListener('fetch', (event) => event.respondWith(new Response(`${kind} ${typeof WHO}`)));",
        "undefined undefined",
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

/// Six fields, for a test that does not last for minutes.
#[test]
fn scheduled_events_come_and_a_drain_waits_for_them() {
    let mut nano = Site::new()
        .app_with(
            "a",
            "let last;
             export default {
                 async scheduled(event, env, ctx) {
                     last = [event.cron, event.scheduledTime % 1000, Math.abs(Date.now() - event.scheduledTime) < 20000];
                     ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 700)));
                     console.log('it has begun');
                 },
                 fetch: () => Response.json(last ?? null),
             };",
            r#""crons":["* * * * * *"]"#,
        )
        .app_with(
            "b",
            "addEventListener('scheduled', (event) => event.waitUntil(Promise.reject(new TypeError('no way'))));",
            r#""crons":["*/2 * * * * *"]"#,
        )
        .app_with("c", "export default { fetch() {} };", r#""crons":["*/3 * * * * *"]"#)
        .serve();
    let done = |line: &serde_json::Value, app: &str| {
        line["app"] == app && line["message"] == "scheduled event"
    };
    let line = nano.logged("an event", |line| done(line, "a"));
    assert_eq!(line["level"], "info", "{line}");
    assert_eq!(line["cron"], "* * * * * *", "{line}");
    assert!(line["duration_ms"].as_f64().unwrap() >= 700.0, "{line}");
    assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    assert_eq!(nano.get("a.test", "/").text(), r#"["* * * * * *",0,true]"#);
    let line = nano.logged("a failure", |line| done(line, "b"));
    assert_eq!(
        (&line["level"], &line["error"]),
        (&"error".into(), &"TypeError: no way".into()),
        "{line}"
    );
    assert!(
        line["stack"]
            .as_str()
            .unwrap()
            .contains("app:///index.js:1:"),
        "{line}"
    );
    let line = nano.logged("no handler", |line| done(line, "c"));
    let error = line["error"].as_str().unwrap();
    assert!(
        error.contains("no such handler: expected `scheduled(event, env, ctx)"),
        "{line}"
    );
    let console = line_count(&nano, "it has begun");
    crate::support::eventually("one more that has begun", || {
        (line_count(&nano, "it has begun") > console).then_some(())
    });
    nano.signal(libc::SIGTERM);
    assert!(nano.wait().success());
    let log = nano.log();
    let ended = log.iter().filter(|line| done(line, "a"));
    let (begun, ended) = (line_count(&nano, "it has begun"), ended.collect::<Vec<_>>());
    assert_eq!(begun, ended.len(), "each has come to its end");
    assert!(
        ended.iter().all(|line| line["level"] == "info"),
        "{ended:?}"
    );
}

fn line_count(nano: &crate::support::Nano, message: &str) -> usize {
    nano.log()
        .iter()
        .filter(|line| line["message"] == message)
        .count()
}

#[test]
fn a_wrong_schedule_is_a_fault_of_the_configuration() {
    let site = Site::new().file("a/index.js", "export default { fetch() {} };").file(
        "apps.json",
        "{ \"apps\": [\n  { \"name\": \"a\", \"path\": \"a\", \"crons\": [\"* * * * *\", \"61 * * * *\"] } ] }",
    );
    let check = || {
        let output = crate::support::nano()
            .arg("check")
            .arg("--config")
            .arg(site.path().join("apps.json"))
            .output()
            .expect("nano runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, text) = check();
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("apps.json:2:") && text.contains("\"61 * * * *\" is no cron expression: "),
        "{text}"
    );
    // One that nobody handles is told of, too.
    std::fs::write(
        site.path().join("apps.json"),
        "{ \"apps\": [ { \"name\": \"a\", \"path\": \"a\", \"crons\": [\"* * * * *\"] } ] }",
    )
    .unwrap();
    let (code, text) = check();
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains(
            "a: the app has \"crons\" and no handler for them: expected `scheduled(event, env, ctx)"
        ),
        "{text}"
    );
}

/// Somebody asks for an event.
#[test]
fn an_event_is_sent_by_the_admin_api() {
    use crate::support::admin::{ask, json, put, run, send, serve};
    let source = "let events = [];
        export default {
            async scheduled(event, env, ctx) {
                events.push(event.cron);
                if (event.cron === '0 0 1 1 *') throw new TypeError('not today');
                await new Promise((resolve) => setTimeout(resolve, 300));
            },
            fetch: () => Response.json(events),
        };";
    let plain = "export default { fetch: () => new Response('plain') };";
    let site = Site::new()
        .app_with("a", source, r#""crons":["0 0 2 1 *","0 0 3 1 *"]"#)
        .app("plain", plain);
    let (nano, port) = serve(site);
    let fire = |app: &str, body: &str| {
        let path = format!("/admin/apps/{app}/scheduled");
        send(port, "POST", &path, "application/json", body.as_bytes())
    };

    let fired = json(&ask(port, "POST", "/admin/apps/a/scheduled"));
    assert_eq!(
        (&fired["succeeded"], &fired["cron"]),
        (&true.into(), &"0 0 2 1 *".into()),
        "{fired}"
    );
    assert!(
        fired["duration_ms"].as_f64().expect("a number") >= 300.0,
        "{fired}"
    );
    let fired = json(&fire("a", r#"{"cron":"0 0 1 1 *"}"#));
    let error = fired["error"].as_str().unwrap_or_default();
    assert!(
        fired["succeeded"] == false
            && error.starts_with("TypeError: not today\n  --> app:///index.js:5:"),
        "{fired}"
    );
    assert_eq!(
        nano.get("a.test", "/").text(),
        r#"["0 0 2 1 *","0 0 1 1 *"]"#
    );
    nano.logged("its line", |line| {
        line["message"] == "scheduled event" && line["error"] == "TypeError: not today"
    });
    let fired = json(&fire("plain", "{}"));
    assert!(
        fired["error"]
            .as_str()
            .is_some_and(|error| error.contains("no such handler")),
        "{fired}"
    );

    for (app, body, status) in [
        ("none", "", 404),
        ("a", r#"{"cron":"61 * * * *"}"#, 422),
        ("a", r#"{"corn":"* * * * *"}"#, 422),
        ("a", "nonsense", 422),
    ] {
        let refused = fire(app, body);
        assert_eq!(refused.status, status, "{}", refused.text());
    }
    let refused = send(port, "POST", "/admin/apps/a/scheduled", "text/plain", b"{}");
    assert_eq!(refused.status, 415);

    let (done, said) = run(port, &["apps", "fire", "a"]);
    assert!(done && said.starts_with("fired    a 0 0 2 1 * ("), "{said}");
    let (done, said) = run(port, &["apps", "fire", "a", "--cron", "0 0 1 1 *"]);
    assert!(
        !done && said.contains("the event has failed: TypeError: not today"),
        "{said}"
    );

    // A version that could not be sent its events is refused.
    let path = nano.path().join("plain");
    let fields = format!(
        r#"{{"path":{path:?},"hostname":"plain.test","env":{{"A":"1"}},"crons":["* * * * *"]}}"#
    );
    let refused = put(port, "plain", &fields);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.text().contains("and no handler for them"),
        "{}",
        refused.text()
    );
    assert_eq!(json(&ask(port, "GET", "/admin/apps/plain"))["version"], 1);
    nano.write("a/index.js", plain);
    let reload = json(&ask(port, "POST", "/admin/reload"));
    assert_eq!(reload["refused"][0]["app"], "a", "{reload}");
    assert!(nano.get("a.test", "/").text().contains("0 0 2 1 *"));
}
