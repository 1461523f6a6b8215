//! Which limit was met is said everywhere by one name, that of the configuration.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::admin::{ask, json, serve_as};
use crate::support::{Connection, Nano, Response, Site, app_of_forms, eventually};

/// Has an app meet a limit; gives the response of the request that does.
type Meets = fn(&Nano) -> Response;

/// The limit, the app's configuration, and a request that meets it. The status that the client is told.
const LIMITS: &[(&str, &str, Meets, u16)] = &[
    (
        "cpu_ms",
        r#""limits":{"cpu_ms":100}"#,
        |nano| nano.get("a.test", "/loop"),
        503,
    ),
    (
        "memory_mb",
        r#""limits":{"memory_mb":32}"#,
        |nano| nano.get("a.test", "/fill"),
        503,
    ),
    (
        "wall_ms",
        r#""limits":{"wall_ms":300}"#,
        |nano| nano.get("a.test", "/wait"),
        504,
    ),
    (
        "in_flight",
        r#""limits":{"in_flight":1}"#,
        |nano| {
            let mut waits = nano.connect();
            waits.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
            nano.app_logged("a", "it waits");
            nano.get("a.test", "/")
        },
        503,
    ),
    (
        "body_mb",
        r#""limits":{"body_mb":1}"#,
        |nano| {
            nano.send(&format!(
                "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {}\r\n\r\n",
                2 << 20
            ))
        },
        413,
    ),
    (
        "stall_ms",
        "",
        |nano| {
            nano.send("POST /read HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nbegin")
        },
        408,
    ),
    (
        "response_mb",
        r#""limits":{"response_mb":1}"#,
        |nano| nano.get("a.test", "/large"),
        500,
    ),
    (
        "subrequests",
        r#""limits":{"subrequests":1}"#,
        |nano| nano.get("a.test", "/ask"),
        500,
    ),
];

/// What each app of the table can do.
fn source() -> String {
    app_of_forms(&[
        ("loop", "for (;;);"),
        ("fill", "for (const kept = [];;) kept.push({});"),
        (
            "wait",
            "console.log('it waits'); await new Promise(() => {});",
        ),
        ("read", "await request.text();"),
        ("large", "return new Response('x'.repeat(2 << 20));"),
        (
            "ask",
            "const ask = () => fetch('http://127.0.0.1:8099/').catch(() => {});
             await ask();
             await ask();
             throw new Error('no answer');",
        ),
    ])
}

/// Those that a test beside what is about them looks at.
const ELSEWHERE: &[&str] = &[
    "process_memory",
    "queue",
    "request_cpu_ms",
    "timers",
    "websockets",
];

fn hits(admin: u16) -> Vec<(String, u64)> {
    let metrics = ask(admin, "GET", "/metrics").text().to_owned();
    let hits = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(r#"nano_limit_hits_total{app="a",limit=""#)?;
        let (limit, count) = rest.split_once(r#""} "#)?;
        Some((limit.to_owned(), count.parse().expect("a number")))
    });
    hits.collect()
}

#[test]
fn it_is_named_in_the_log_the_metrics_and_to_developers() {
    for (limit, fields, meets, status) in LIMITS {
        for dev in [true, false] {
            let site = Site::new()
                .top(r#""clients":{"stall_ms":1000,"min_rate":1000}"#)
                .app_with("a", &source(), fields);
            let (nano, admin) = serve_as(site, |command| {
                command.args(dev.then_some("--dev"));
            });
            let page = meets(&nano);
            assert_eq!(page.status, *status, "{limit}: {}", page.text());
            // To others than developers it is nobody's business.
            let names = format!("\nLimit: {limit}\n");
            assert_eq!(page.text().contains(&names), dev, "{}", page.text());
            assert_eq!(page.text().contains(limit), dev, "{}", page.text());
            let id = page.header("x-request-id").expect("an id").to_owned();
            let line = nano.logged("its line", |line| {
                line["request_id"] == *id && line["message"] == "request"
            });
            assert_eq!(
                (&line["app"], &line["limit"], &line["status"]),
                (&"a".into(), &(*limit).into(), &(*status).into()),
                "{line}"
            );
            assert!(line["error"].is_string(), "{line}");
            // It, and no other.
            eventually("the count", || {
                let met = |(_, count): &(String, u64)| *count > 0;
                let met: Vec<_> = hits(admin).into_iter().filter(met).collect();
                (met == [((*limit).to_owned(), 1)]).then_some(())
            });
            let app = json(&ask(admin, "GET", "/admin/apps/a"));
            assert_eq!(app["limit_hits"][*limit], 1, "{app}");
        }
    }
}

/// What goes on in `waitUntil` may meet one when the request's line has been written.
#[test]
fn what_is_met_after_the_requests_line_has_a_line_of_its_own() {
    let source = "const gates = {};
    const gate = (name) => gates[name] ??= Promise.withResolvers();
    const forms = {
        async '/fetch'() {
            for (let count = 0; count < 3; count++) await fetch('http://127.0.0.1:8099/').catch(() => {});
            console.log('it went on');
        },
        async '/burn'() {
            for (;;) {
                for (const end = Date.now() + 20; Date.now() < end;);
                await new Promise((resolve) => setTimeout(resolve));
            }
        },
    };
    export default { fetch(request, env, ctx) {
        const { pathname, search } = new URL(request.url);
        if (pathname === '/go') gate(search.slice(1)).resolve();
        else ctx.waitUntil(gate(pathname).promise.then(forms[pathname]));
        return new Response('done');
    } };";
    let fields = r#""limits":{"subrequests":1,"request_cpu_ms":200}"#;
    let (nano, admin) = serve_as(Site::new().app_with("a", source, fields), |_| {});
    let meets = |form: &str, limit: &str| {
        assert_eq!(nano.get("a.test", form).text(), "done");
        let line = nano.logged("its line", |line| {
            line["message"] == "request" && line["path"] == *form
        });
        let id = line["request_id"].as_str().expect("an id").to_owned();
        let is_its = |line: &Value| line["request_id"] == *id;
        assert_eq!(
            (&line["status"], &line["limit"]),
            (&200.into(), &Value::Null)
        );
        assert_eq!(nano.get("a.test", &format!("/go?{form}")).text(), "done");
        nano.logged("the limit", |line| is_its(line) && line["limit"] == *limit);
        id
    };
    let id = meets("/fetch", "subrequests");
    nano.app_logged("a", "it went on");
    let lines = nano.log();
    let told = lines
        .iter()
        .filter(|line| line["request_id"] == *id && line["kind"] == "limit");
    assert_eq!(told.count(), 1, "of two that were refused");
    meets("/burn", "request_cpu_ms");
    eventually("the counts", || {
        let met = |(_, count): &(String, u64)| *count > 0;
        let mut met: Vec<_> = hits(admin).into_iter().filter(met).collect();
        met.sort();
        let expected = [("request_cpu_ms", 1), ("subrequests", 2)];
        (met == expected.map(|(limit, count)| (limit.to_owned(), count))).then_some(())
    });
}

/// In JSON, too, for those who ask for it.
#[test]
fn it_is_a_field_of_a_page_in_json() {
    let nano = Site::new()
        .app_with("a", &source(), r#""limits":{"wall_ms":100}"#)
        .serve_with(&["--dev"]);
    let mut connection = Connection::open(nano.port());
    connection.write("GET /wait HTTP/1.1\r\nHost: a.test\r\nAccept: application/json\r\n\r\n");
    let page: Value = serde_json::from_str(connection.response(false).text()).expect("JSON");
    assert_eq!(page["error"]["limit"], "wall_ms", "{page}");
}

/// A limit that is new wants a line of the table.
#[test]
fn every_limit_that_is_counted_is_looked_at() {
    let (_nano, admin) = serve_as(Site::new().app("a", &source()), |_| {});
    let counted: BTreeSet<_> = hits(admin).into_iter().map(|(limit, _)| limit).collect();
    let known = LIMITS
        .iter()
        .map(|(limit, ..)| *limit)
        .chain(ELSEWHERE.iter().copied());
    assert_eq!(counted, known.map(str::to_owned).collect());
}

/// What does not fit is refused by an exception, which is the app's to handle. An instance that has room again when that is over goes
/// on; one that keeps what fills it is replaced, and counted.
#[test]
fn an_instance_that_stays_full_is_replaced() {
    let fill = "for (;;) kept.push(new Uint8Array(1e6).fill(1));";
    let caught =
        |kept: &str| format!("{kept} try {{ {fill} }} catch (error) {{ name = error.name; }}");
    let holds = format!(
        "{} await new Promise((done) => setTimeout(done, 1500)); return new Response(name);",
        caught("const kept = [];")
    );
    let keeps = format!("{} return new Response(name);", caught(""));
    let source = app_of_forms(&[
        ("count", "return new Response(`${++count}`);"),
        ("holds", &holds),
        ("fails", fill),
        ("keeps", &keeps),
    ]);
    let source = format!("const kept = []; let count = 0, name;\n{source}");
    let site = Site::new().app_with("a", &source, r#""limits":{"memory_mb":32}"#);
    let (nano, port) = serve_as(site, |_| {});
    let count = || nano.get("a.test", "/count").text().to_owned();
    assert_eq!(count(), "1");
    assert_eq!(nano.get("a.test", "/holds").text(), "RangeError");
    assert_eq!(count(), "2", "the same instance");
    assert_eq!(nano.get("a.test", "/fails").status, 500);
    eventually("a new instance", || (count() == "1").then_some(()));
    nano.app_logged("a", "it passed its memory limit of 32 MB");
    assert_eq!(nano.get("a.test", "/keeps").text(), "RangeError");
    eventually("another one", || (count() == "1").then_some(()));
    eventually("the counts", || {
        let app = json(&ask(port, "GET", "/admin/apps/a"));
        let counts = (
            &app["limit_hits"]["memory_mb"],
            &app["instance_ends"]["memory_mb"],
        );
        (counts == (&3.into(), &2.into())).then_some(())
    });
}
