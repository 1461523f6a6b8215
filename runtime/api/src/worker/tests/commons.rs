//! What instances of one app have in common: broadcasts and locks.

use std::sync::Arc;
use std::time::Duration;

use nano_worker::{Agent, Body, Commons, Limits};

use super::App;

/// So many instances of one app, and one without an isolate.
async fn instances<const COUNT: usize>(module: &str) -> ([App; COUNT], Arc<Agent>) {
    let commons = Arc::<Commons>::default();
    let mut apps = Vec::new();
    for _ in 0..COUNT {
        apps.push(App::start_among(module, Limits::default(), commons.clone()).await);
    }
    let Ok(apps) = apps.try_into() else {
        unreachable!("there are as many");
    };
    (apps, commons.agent())
}

/// What an instance answers.
async fn says(app: &App, path: &str) -> String {
    match app.ask(1, path).await.map(|response| response.body) {
        Ok(Body::Full(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("{path}: {other:?}"),
    }
}

/// Asks until that is the answer.
async fn comes_to_say(app: &App, path: &str, answer: &str) {
    for _ in 0..1000 {
        if says(app, path).await == answer {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{path} is never answered by {answer}");
}

fn listeners(agent: &Agent) -> usize {
    agent.heard_by(&[u16::from(b'x')])
}

const CHANNELS: &str = "
    const channel = new BroadcastChannel('x'), heard = [];
    let told = () => {};
    const add = (what) => { heard.push(what); told(); };
    const listen = () => {
        channel.onmessage = (event) => add(event.data);
        channel.onmessageerror = () => add('unreadable');
    };
    const show = async (value) => {
        if (value instanceof Blob) return `${value.name} ${value.type} ${await value.text()}`;
        return value instanceof CryptoKey ? value.algorithm.name : JSON.stringify(value);
    };
    export default { async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        switch (pathname) {
            case '/listen': listen(); break;
            case '/ignore': channel.onmessage = channel.onmessageerror = null; break;
            case '/close': channel.close(); break;
            case '/send':
                for (const value of [1, { a: [2] }, new SharedArrayBuffer(1)]) channel.postMessage(value);
                channel.postMessage(new File(['text'], 'a', { type: 'b/c' }));
                channel.postMessage(new Blob(['text']));
                channel.postMessage(await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']));
                break;
            case '/large':
                try {
                    channel.postMessage(new ArrayBuffer(17 << 20));
                } catch (error) {
                    return new Response(`${error}`);
                }
                break;
            case '/heard':
                while (heard.length < searchParams.get('count')) await new Promise((resolve) => { told = resolve; });
                return new Response((await Promise.all(heard.splice(0).map(show))).join());
        }
        return new Response('done');
    } };";

/// Catches a message that reaches nobody, its sender, or some; an order that is not the sender's; memory that is shared with
/// another agent; data of platform objects that stays behind.
#[tokio::test(flavor = "multi_thread")]
async fn broadcasts_reach_all_other_instances() {
    let ([a, b, c], _) = instances(CHANNELS).await;
    for app in [&a, &b, &c] {
        assert_eq!(says(app, "/listen").await, "done");
    }
    for _ in 0..2 {
        assert_eq!(says(&a, "/send").await, "done");
        for app in [&b, &c] {
            assert_eq!(
                says(app, "/heard?count=6").await,
                r#"1,{"a":[2]},"unreadable",a b/c text,undefined  text,AES-GCM"#
            );
        }
    }
    assert_eq!(says(&a, "/heard?count=0").await, "");
}

/// Catches an instance that is woken up though it has no listener, or is not although it has.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_hears_what_it_listens_to() {
    let ([app], other) = instances(CHANNELS).await;
    let name = [u16::from(b'x')];
    assert_eq!(listeners(&other), 0);
    says(&app, "/listen").await;
    assert_eq!(listeners(&other), 1);
    says(&app, "/ignore").await;
    // There is nobody for the next one, and none comes after it. (It is none that an isolate has sent.)
    let sent = other.broadcast(&name, Box::new(()), 1, Box::new(()));
    assert_eq!((sent, says(&app, "/").await.as_str()), (Ok(()), "done"));
    assert_eq!(listeners(&other), 0);
    says(&app, "/listen").await;
    let sent = other.broadcast(&name, Box::new(()), 1, Box::new(()));
    assert_eq!(sent, Ok(()));
    assert_eq!(says(&app, "/heard?count=1").await, r#""unreadable""#);
    says(&app, "/close").await;
    assert_eq!(listeners(&other), 0);
    says(&app, "/listen").await;
    assert_eq!(listeners(&other), 0, "it is closed");
}

/// Catches what waits without bound, and what is lost without a word.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_is_told() {
    let ([a, b], other) = instances(CHANNELS).await;
    says(&b, "/listen").await;
    let refused = says(&a, "/large").await;
    let expected = "QuotaExceededError: Failed to execute 'postMessage' on 'BroadcastChannel': the message takes 178";
    assert!(refused.starts_with(expected), "{refused}");
    b.worker.stop();
    b.worker.ended().await;
    assert_eq!(listeners(&other), 0);
    assert_eq!(says(&a, "/large").await, "done");
}

const LOCKS: &str = "
    export default { async fetch(request) {
        const get = (options) => navigator.locks.request('a', options, (lock) => new Response(lock?.mode ?? 'none'));
        switch (new URL(request.url).pathname) {
            case '/hold':
                navigator.locks.request('a', () => new Promise(() => {})).catch((error) => console.log(error.name));
                break;
            case '/get': return get({ mode: 'shared' });
            case '/try': return get({ ifAvailable: true });
            case '/steal': return get({ steal: true });
            case '/abort': return get({ signal: AbortSignal.timeout(10) }).catch((error) => new Response(error.name));
            case '/end': for (;;);
            case '/query': {
                const { held, pending } = await navigator.locks.query();
                const clients = new Set([...held, ...pending].map((lock) => lock.clientId)).size;
                const modes = [...held, ...pending].map((lock) => `${lock.name} ${lock.mode}`);
                return new Response([held.length, clients, ...modes].join());
            }
        }
        return new Response('done');
    } };";

/// Catches a lock that two instances have, or that goes with the one that had it, however that ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_passes_on_when_its_instance_ends() {
    for end in ["/stop", "/end", "/drop"] {
        let ([a, b, c], _) = instances(LOCKS).await;
        assert_eq!(says(&a, "/hold").await, "done");
        assert_eq!(says(&b, "/query").await, "1,1,a exclusive");
        assert_eq!(says(&b, "/try").await, "none");
        assert_eq!(says(&b, "/abort").await, "TimeoutError");
        assert_eq!(says(&c, "/query").await, "1,1,a exclusive");
        let passes_on = async {
            comes_to_say(&c, "/query", "1,2,a exclusive,a shared").await;
            match end {
                "/stop" => a.worker.stop(),
                "/end" => assert!(a.ask(1, "/end").await.is_err()),
                _ => drop(a),
            }
        };
        let (got, ()) = tokio::join!(says(&b, "/get"), passes_on);
        assert_eq!(got, "shared", "{end}");
        comes_to_say(&c, "/query", "0,0").await;
    }
}

/// Catches a thief who gets nothing, and a victim who is not told.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_stolen_from_another_instance() {
    let ([a, b], _) = instances(LOCKS).await;
    assert_eq!(says(&a, "/hold").await, "done");
    assert_eq!(says(&b, "/steal").await, "exclusive");
    // What it was told comes before what it is asked.
    assert_eq!(says(&a, "/query").await, "0,0");
    assert_eq!(a.lines(), ["AbortError"]);
}
