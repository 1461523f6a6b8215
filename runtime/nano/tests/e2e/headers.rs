//! What of a message's head reaches the other side.

use crate::support::Site;

const ECHO: &str = "export default { fetch(request) {
    return Response.json({ method: request.method, headers: [...request.headers] });
} };";

fn echoed(text: &str) -> Vec<(String, String)> {
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    serde_json::from_value(value["headers"].clone()).expect("pairs")
}

#[test]
fn end_to_end_fields_reach_the_app_and_the_connection_s_do_not() {
    let nano = Site::new().app("a", ECHO).serve();
    let response = nano.send(
        "GET / HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nX-Many: a\r\nx-many: b\r\n\
         Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n\
         Proxy-Authorization: Basic eA==\r\nProxy-Connection: close\r\nUpgrade: h2c\r\n\r\n",
    );
    let headers = echoed(response.text());
    // And those that say whom the request is from: see `proxies`.
    let names: Vec<_> = headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| {
            !name.starts_with("x-forwarded-") && !["cf-connecting-ip", "x-real-ip"].contains(name)
        })
        .collect();
    assert_eq!(names, ["host", "x-many", "x-one"]);
    assert!(headers.contains(&("x-many".to_owned(), "a, b".to_owned())));
}

#[test]
fn every_field_of_a_response_reaches_the_wire() {
    let source = "export default { fetch() {
        const headers = new Headers({ 'content-type': 'text/x', 'x-one': '1', 'server': 'mine' });
        headers.append('set-cookie', 'a=1; Path=/');
        headers.append('set-cookie', 'b=2');
        headers.append('x-list', 'p');
        headers.append('x-list', 'q');
        headers.append('x-latin', '\\u00e9');
        return new Response('body', { status: 201, statusText: 'Made Up \\u00e9', headers });
    } };";
    let nano = Site::new().app("a", source).serve();
    let response = nano.get("a.test", "/");
    assert_eq!(
        (response.status, response.reason.as_str()),
        (201, "Made Up \u{e9}")
    );
    assert_eq!(response.all("set-cookie"), ["a=1; Path=/", "b=2"]);
    assert_eq!(response.all("x-list").join(", "), "p, q");
    assert_eq!(response.header("content-type"), Some("text/x"));
    assert_eq!(response.header("server"), Some("mine"));
    assert_eq!(response.header("x-latin"), Some("\u{e9}"));
    assert_eq!(response.header("content-length"), Some("4"));
    assert!(response.header("date").expect("a date").ends_with(" GMT"));
    assert_eq!(response.text(), "body");
}

#[test]
fn an_app_cannot_speak_for_the_connection() {
    let source = "export default { fetch() {
        return new Response('body', { headers: {
            'connection': 'x-hop', 'x-hop': '1', 'keep-alive': 'timeout=1', 'upgrade': 'h2c',
            'transfer-encoding': 'chunked', 'proxy-authenticate': 'Basic', 'content-length': '99',
            'trailer': 'x', 'te': 'trailers',
        } });
    } };";
    let nano = Site::new().app("a", source).serve();
    let response = nano.get("a.test", "/");
    for name in [
        "x-hop",
        "keep-alive",
        "upgrade",
        "transfer-encoding",
        "proxy-authenticate",
    ] {
        assert_eq!(response.header(name), None, "{name}");
    }
    assert_eq!(response.header("content-length"), Some("4"));
    assert_eq!(response.text(), "body");
}

#[test]
fn a_header_field_cannot_be_injected() {
    let source = "export default { fetch(request) {
        const refused = [];
        for (const value of ['a\\r\\nx-evil: 1', 'a\\nb', 'a\\0b']) {
            try { new Headers({ 'x-a': value }); } catch (error) { refused.push(error.name); }
        }
        try { new Response('', { statusText: 'a\\r\\nx: y' }); } catch (error) { refused.push(error.name); }
        return Response.json(refused);
    } };";
    let nano = Site::new().app("a", source).serve();
    let expected = r#"["TypeError","TypeError","TypeError","TypeError"]"#;
    assert_eq!(nano.get("a.test", "/").text(), expected);
}

#[test]
fn head_has_the_head_of_get() {
    let source = "export default { fetch(request) {
        return new Response('hello', { headers: { 'x-method': request.method } });
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let response = connection.response(true);
    assert_eq!(response.header("content-length"), Some("5"));
    assert_eq!(response.header("x-method"), Some("HEAD"));
    // Nothing of a body stands before the next response.
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.response(false).text(), "hello");
}

#[test]
fn statuses_without_a_body() {
    let source = "export default { fetch(request) {
        const status = Number(new URL(request.url).pathname.slice(1));
        return new Response(null, { status, headers: { 'x-status': String(status) } });
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    for status in [204, 304, 204] {
        connection.write(&format!("GET /{status} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        let response = connection.response(false);
        assert_eq!(response.status, status);
        assert_eq!(response.header("transfer-encoding"), None);
        assert_eq!(response.header("content-length"), None);
        assert_eq!(
            response.header("x-status"),
            Some(status.to_string().as_str())
        );
    }
    connection.write("GET /200 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(
        connection.response(false).header("content-length"),
        Some("0")
    );
}

#[test]
fn a_head_that_is_no_http_gets_400() {
    let nano = Site::new().app("a", ECHO).serve();
    for head in [
        "GET / HTTP/1.1\r\nHost: a.test\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: -1\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        assert_eq!(nano.send(head).status, 400, "{head:?}");
    }
    assert_eq!(nano.get("a.test", "/").status, 200);
}
