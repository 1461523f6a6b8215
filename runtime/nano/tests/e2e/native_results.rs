//! What native code makes because an app calls it: asked for before it is made, and counted while it is there beside V8's copy.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::memory::{NEIGHBOUR, both_are_fine, serve};
use crate::support::Site;

/// Each of some bodies, in 64 MB, answers as expected, and the process grows by no more than so many MB meanwhile.
#[track_caller]
fn answer(bodies: &[(&str, &str, &str, u64)]) {
    let forms: Vec<_> = bodies
        .iter()
        .map(|(path, body, ..)| {
            let body = format!("try {{ {body} }} catch (e) {{ return new Response(e.name); }}");
            (*path, body)
        })
        .collect();
    let forms: Vec<_> = forms.iter().map(|(path, body)| (*path, &**body)).collect();
    let nano = serve(&forms);
    for (path, _, expected, most) in bodies {
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        assert_eq!(response.text(), *expected, "{path}");
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < *most, "{path}: the process grew by {growth} MB");
    }
    both_are_fine(&nano);
}

#[test]
fn results_have_room_beside_what_they_are_made_of() {
    answer(&[
        (
            "generate",
            "const names = Array.from({ length: 100 }, (_, i) => 'n' + i);
             const pattern = new URLPattern({ pathname: '/:' + names.join('/:') });
             const generate = (value) =>
                 pattern.generate('pathname', Object.fromEntries(names.map((name) => [name, value])));
             if (generate('a') !== '/a'.repeat(100) || generate('\\u00e4').length !== 700) return new Response('wrong');
             generate('\\u00e4'.repeat(150_000));",
            "RangeError",
            100,
        ),
        (
            "pattern",
            "new URLPattern({ pathname: '**'.repeat(10) });
             new URLPattern({ pathname: '**'.repeat(250_000) });",
            "RangeError",
            60,
        ),
        (
            "get_all",
            "const form = new FormData(), text = 'x'.repeat(1e6);
             for (let i = 0; i < 25; i++) form.append('a', text);
             if (form.get('a') !== text || [...form.keys()].length !== 25) return new Response('wrong');
             form.getAll('a');",
            "RangeError",
            100,
        ),
    ]);
}

#[test]
fn results_of_many_parts_are_given_one_by_one() {
    answer(&[
        (
            "headers",
            "const headers = new Headers(), value = 'x'.repeat(1e6);
             for (let i = 0; i < 40; i++) headers.append('x-' + i, value);
             headers.append('x-7', 'y');
             let length = 0;
             for (const [name, value] of headers) length += value.length;
             return new Response(length + ' ' + [...headers.keys()].length);",
            "40000003 40",
            100,
        ),
        (
            "timers",
            "const timers = [], all = new Array(60_000).fill(7);
             for (let i = 0; i < 40; i++) timers.push(setTimeout(() => {}, 1e6, ...all));
             timers.forEach(clearTimeout);
             const given = await new Promise((resolve) => setTimeout((...given) => resolve(given), 0, ...all));
             return new Response(given.length + ' ' + given.at(-1));",
            "60000 7",
            100,
        ),
    ]);
}

#[test]
fn content_types_take_no_more_than_they_are() {
    answer(&[(
        "commas",
        "const type = ','.repeat(8e6) + 'text/plain';
         const blob = await new Response('x', { headers: { 'content-type': type } }).blob();
         return new Response(blob.type);",
        "text/plain",
        100,
    )]);
    let nano = serve(&[(
        "parameters",
        "let many = '';
         for (let i = 0; i < 60_000; i++) many += ';p' + i + '=1';
         const types = [];
         for (const type of ['application/x-www-form-urlencoded', 'a/b']) {
             const response = new Response('x=1', { headers: { 'content-type': type + many } });
             types.push(type === 'a/b' ? (await response.blob()).type : (await response.formData()).get('x'));
         }
         const data = await fetch('data:a/b' + many + ',x');
         types.push(data.headers.get('content-type'));
         return Response.json(types.map((type) => type.length));",
    )]);
    let began = Instant::now();
    let response = nano.get("a.test", "/parameters");
    assert_eq!(response.text(), "[1,528893,528893]");
    assert!(began.elapsed() < Duration::from_secs(3));
}

/// A client's bytes that are no UTF-8 become three times as many, and cost nobody's requests.
#[test]
fn a_form_that_does_not_fit_is_an_error() {
    let source = "const born = String(Math.random());
        export default { async fetch(request) {
            if (request.method === 'GET') return new Response(born);
            try {
                const form = await request.formData();
                return new Response(born + ' ' + (form.get('a').size ?? form.get('a').length));
            } catch (e) { return new Response(born + ' ' + e.name); }
        } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .serve();
    let born = nano.get("a.test", "/").text().to_owned();
    let post = |more: &str, count: usize| {
        let head = format!("--X\r\nContent-Disposition: form-data; name=\"a\"{more}\r\n\r\n");
        let mut body = head.into_bytes();
        body.resize(body.len() + count, 0xff);
        body.extend(b"\r\n--X--\r\n");
        let mut connection = nano.connect();
        connection.write(&format!(
            "POST / HTTP/1.1\r\nhost: a.test\r\ncontent-type: multipart/form-data; boundary=X\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ));
        connection.write_bytes(&body).expect("it is read");
        connection.response(false).text().to_owned()
    };
    assert_eq!(post("", 1000), format!("{born} 1000"));
    assert_eq!(post("", 20 << 20), format!("{born} RangeError"));
    let file = "; filename=\"f\"";
    assert_eq!(post(file, 20 << 20), format!("{born} {}", 20 << 20));
    assert_eq!(nano.get("a.test", "/").text(), born);
}

/// Requests wait for a server that says nothing, and their objects are gone.
#[test]
fn few_bytes_of_requests_that_wait_count() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let source = format!(
        "const body = 'x'.repeat(16_000);
        export default {{ fetch(request, env, ctx) {{
            if (new URL(request.url).pathname === '/') return new Response('fine');
            for (let i = 0; i < 900; i++) {{
                const sent = fetch('http://127.0.0.1:{port}/', {{ method: 'POST', body }});
                ctx.waitUntil(sent.catch(() => 0));
            }}
            return new Response('sent');
        }} }};"
    );
    let fields =
        format!(r#""limits":{{"memory_mb":64}},"outbound":{{"allow":["127.0.0.1:{port}"]}}"#);
    let nano = Site::new()
        .app_with("a", &source, &fields)
        .app("b", NEIGHBOUR)
        .serve();
    // 86 MB.
    for _ in 0..6 {
        nano.get("a.test", "/send");
    }
    nano.logged("the end of the instance", |line| {
        let line = line.to_string();
        line.contains("passed its memory limit") || line.contains("more memory than its limit")
    });
    both_are_fine(&nano);
}
