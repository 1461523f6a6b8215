//! `EventSource` of apps.

use crate::support::Site;

/// One event for each request, the next one.
const EVENTS: &str = "export default { fetch(request) {
    const last = Number(request.headers.get('last-event-id') ?? 0);
    const { pathname } = new URL(request.url);
    if (pathname === '/none') return new Response('no stream');
    if (pathname === '/long') return new Response('data: ' + 'x'.repeat(2000000), { headers: { 'content-type': 'text/event-stream' } });
    if (pathname === '/retry' && last === 2) return new Response(null, { status: 204 });
    const text = `retry: 1\\nid: ${last + 1}\\nevent: tick\\ndata: ${last} ${request.headers.get('accept')}\\n\\n`;
    return new Response(text, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
} };";

const LISTENER: &str = "export default { fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const source = new EventSource(`http://127.0.0.1:${searchParams.get('port')}${pathname}`);
    const heard = [];
    return new Promise(resolve => {
        const done = () => resolve(new Response(heard.join(', ')));
        source.addEventListener('tick', event => {
            heard.push(`${event.data} ${event.lastEventId}`);
            if (pathname === '/' && heard.length === 3) { source.close(); done(); }
        });
        source.onerror = () => {
            if (source.readyState !== EventSource.CLOSED) return;
            heard.push('closed');
            done();
        };
    });
} };";

#[test]
fn streams_are_asked_for_again() {
    let nano = Site::new()
        .app_with("events", EVENTS, r#""hostname":"127.0.0.1""#)
        .app_with("a", LISTENER, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .app("guarded", LISTENER)
        .serve();
    let port = nano.port();
    let ask = |path: &str| nano.get("a.test", &format!("{path}?port={port}"));
    assert_eq!(
        ask("/").text(),
        "0 text/event-stream 1, 1 text/event-stream 2, 2 text/event-stream 3"
    );
    // Until the server says that there is no more.
    assert_eq!(
        ask("/retry").text(),
        "0 text/event-stream 1, 1 text/event-stream 2, closed"
    );
    assert_eq!(ask("/none").text(), "closed");
    assert_eq!(ask("/long").text(), "closed", "a line has a bound");
}

/// What an event source does for a request ends with it: nothing is fetched for a request that is over.
#[test]
fn a_source_ends_with_its_request() {
    let left = "export default { fetch(request) {
        const { searchParams } = new URL(request.url);
        const source = new EventSource(`http://127.0.0.1:${searchParams.get('port')}/`);
        source.onerror = () => { if (source.readyState === EventSource.CLOSED) console.log('it has ended'); };
        return new Response('answered');
    } };";
    let nano = Site::new()
        .app_with("events", EVENTS, r#""hostname":"127.0.0.1""#)
        .app_with("a", left, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .serve();
    let path = format!("/?port={}", nano.port());
    assert_eq!(nano.get("a.test", &path).text(), "answered");
    nano.app_logged("a", "it has ended");
}
