//! Broadcast channels between the instances of an app.

use crate::support::admin::{ask, json, serve};
use crate::support::{Nano, Site, eventually};

/// `/listen` answers with the next message and its own id; `/send` sends its id.
const APP: &str = "
    const id = crypto.randomUUID(), channel = new BroadcastChannel('a');
    export default { async fetch(request) {
        if (request.url.endsWith('/send')) channel.postMessage(id);
        if (!request.url.endsWith('/listen')) return new Response(id);
        return new Promise((resolve) => {
            channel.onmessage = (event) => resolve(new Response(`${event.data} ${id}`));
            console.log('it listens');
        });
    } };";

/// A site whose app has two instances by now.
pub(crate) fn serve_two(source: &str, fields: &str) -> Nano {
    let plan = format!(r#""instances":{{"min":2,"max":2}}{fields}"#);
    let (nano, admin) = serve(Site::new().app_with("a", source, &plan).app("b", source));
    nano.get("a.test", "/");
    eventually("two instances", || {
        let app = json(&ask(admin, "GET", "/admin/apps/a"));
        (app["instances"] == 2).then_some(())
    });
    nano
}

/// Catches channels that end at their instance, and those that reach another app.
#[test]
fn a_broadcast_reaches_the_other_instance_and_no_other_app() {
    let nano = serve_two(APP, "");
    let mut others = nano.connect();
    others.write("GET /listen HTTP/1.1\r\nHost: b.test\r\n\r\n");
    nano.logged("b", |line| {
        line["app"] == "b" && line["message"] == "it listens"
    });
    let mut listening = nano.connect();
    listening.write("GET /listen HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.logged("a", |line| {
        line["app"] == "a" && line["message"] == "it listens"
    });
    // The instance that is less busy.
    let sender = nano.get("a.test", "/send").text().to_owned();
    let response = listening.response(false);
    let (heard, listener) = response.text().split_once(' ').expect("two ids");
    assert_eq!(heard, sender);
    assert_ne!(listener, sender);
    assert!(!others.has_answer());
}

/// Messages are turns of the instance that they come to, with its limits. Catches a turn that nobody watches.
#[test]
fn a_listener_that_does_not_end_costs_its_instance() {
    let source = "
        const channel = new BroadcastChannel('a');
        export default { async fetch(request) {
            if (request.url.endsWith('/send')) channel.postMessage(1);
            if (!request.url.endsWith('/listen')) return new Response('fine');
            channel.onmessage = () => { for (;;); };
            console.log('it listens');
            await new Promise((resolve) => setTimeout(resolve, 20000));
        } };";
    let nano = serve_two(source, r#","limits":{"cpu_ms":100}"#);
    let mut listening = nano.connect();
    listening.write("GET /listen HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.logged("a", |line| line["message"] == "it listens");
    assert_eq!(nano.get("a.test", "/send").text(), "fine");
    assert_eq!(listening.response(false).status, 503);
    assert_eq!(nano.get("a.test", "/").text(), "fine");
}

/// Catches broadcasts that shed what they are sent for: calls go round without end. Whichever instance a call comes to, the other one
/// listens.
#[test]
fn a_circle_of_calls_ends_that_broadcasts_are_a_part_of() {
    let source = "
        const channel = new BroadcastChannel('a');
        export default { async fetch(request, env) {
            channel.onmessage ??= async () => {
                try { await env.SELF.fetch('http://self.test/go'); }
                catch (error) { console.log(`the end: ${error.message}`); }
            };
            if (request.url.endsWith('/go')) channel.postMessage(1);
            if (!request.url.endsWith('/hold')) return new Response('fine');
            console.log('it holds');
            await new Promise((resolve) => setTimeout(resolve, 20000));
        } };";
    let fields = r#","env":{"SELF":{"type":"service","app":"a"}}"#;
    let nano = serve_two(source, fields);
    let mut holding = nano.connect();
    holding.write("GET /hold HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.logged("a", |line| line["message"] == "it holds");
    // The instance that is less busy.
    assert_eq!(nano.get("a.test", "/go").text(), "fine");
    nano.logged("the end", |line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.starts_with("the end: ") && message.contains("more than 16 times")
    });
}
