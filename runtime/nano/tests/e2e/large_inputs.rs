//! Inputs whose number of items an app chooses: what they cost grows with that number, not with its square. A native loop is no
//! place where a CPU limit could end anything, so each of these held its thread for as long as it took.

use crate::support::{Site, app_of_forms};

/// Each is given more CPU time than it needs for twice as many items, and far less than it needed for these when it was quadratic.
const FORMS: [(&str, &str); 6] = [
    (
        "transfer_list",
        "const transfer = Array.from({ length: 200_000 }, () => new ArrayBuffer(0));
        structuredClone(1, { transfer });",
    ),
    (
        "objects_beside_transferred_ones",
        "const transfer = Array.from({ length: 10_000 }, () => new MessageChannel().port1);
        structuredClone(Array.from({ length: 200_000 }, () => ({})), { transfer });",
    ),
    (
        "record",
        "const record = {};
        for (let i = 0; i < 200_000; i++) record['h' + i] = 'v';
        new Headers(record);",
    ),
    (
        "connection_options",
        "const headers = new Headers();
        for (let i = 0; i < 16_000; i++) headers.append('x-' + i, '1');
        headers.append('connection', Array.from({ length: 100_000 }, (_, i) => 'y-' + i).join());
        await fetch('http://127.0.0.1:9/', { headers }).catch(() => {});",
    ),
    (
        "cookies",
        "const headers = Array.from({ length: 16_000 }, () => ['cookie', 'c'.repeat(1000)]);
        await fetch('http://127.0.0.1:9/', { headers }).catch(() => {});",
    ),
    (
        "rejections",
        "await Promise.allSettled(Array.from({ length: 100_000 }, () => Promise.reject(1)));",
    ),
];

#[test]
fn time_grows_with_the_number_of_items() {
    let source = app_of_forms(&FORMS);
    let limits = r#""limits":{"cpu_ms":2500,"wall_ms":120000}"#;
    for (form, _) in FORMS {
        let nano = Site::new().app_with("a", &source, limits).serve();
        let response = nano.get("a.test", &format!("/{form}"));
        assert_eq!(response.text(), "done", "{form}");
    }
}

/// A client sends both a text and what to look for in it, of a shape that V8 compares at each place anew: for minutes.
#[test]
fn long_strings_are_looked_for_in_long_texts() {
    let source = "let served = 0;
        export default { async fetch(request) {
            const { text, q } = await request.json();
            const found = [
                text.indexOf(q), text.includes(q), text.lastIndexOf(q), text.split(q).length,
                text.replace(q, '') === text, text.replaceAll(q, '') === text,
            ];
            return new Response(`${found} ${++served}`);
        } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"cpu_ms":2500}"#)
        .serve();
    let needle = |begin: usize, end: usize| format!("{}b{}", "a".repeat(begin), "a".repeat(end));
    let mut served = 0;
    for (length, q) in [
        (200_000, needle(1000, 100_000)),
        (200_000, needle(100_000, 1000)),
        (1_000_000, needle(250_000, 250_000)),
        (1_000_000, needle(1000, 900_000)),
    ] {
        // In one byte per character, and in two.
        for last in ["", "\u{20ac}"] {
            let text = "a".repeat(length) + last;
            let body = format!(r#"{{"text":"{text}","q":"{q}"}}"#);
            let response = nano.post("a.test", "/", &body);
            served += 1;
            let expected = format!("-1,false,-1,1,true,true {served}");
            assert_eq!(response.text(), expected, "{} in {length}", q.len());
        }
    }
}
