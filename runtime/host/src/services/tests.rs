//! Calls between apps, with a fake engine.

use nano_worker::{BodyErrorKind, BodyWriter, Fields, Services as _};

use super::*;
use crate::fake::{FakeLauncher, app_config, ok};
use crate::pool::NOBODY;
use crate::starter::Starter;

/// An app `b` that can be called.
struct Site {
    launcher: Arc<FakeLauncher>,
    starter: Arc<Starter>,
    app: Arc<App>,
}

fn site(change: impl FnOnce(&mut AppConfig)) -> Site {
    let launcher = FakeLauncher::new();
    let starter = Starter::new(launcher.clone());
    let mut config = app_config("b");
    change(&mut config);
    let app = App::new(config, &starter);
    starter.services().serve([&app].into_iter());
    Site {
        launcher,
        starter,
        app,
    }
}

impl Site {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, String> {
        let services = self.starter.services();
        let services = services.of(&"a".into());
        let called = services.fetch("b", request, Some(RequestId(7))).await;
        called.map_err(|error| error.0)
    }
}

fn request(body: Body) -> HttpRequest {
    HttpRequest {
        method: Method::POST,
        url: "http://any.test/path?query".to_owned(),
        headers: Fields::default(),
        body,
        trace: None,
        origin: None,
    }
}

fn stream() -> (BodyWriter, Body) {
    let (writer, stream) = BodyStream::bounded(1 << 10, None);
    (writer, Body::Stream(stream))
}

/// Never answers.
fn silent(site: &Site) {
    site.launcher
        .handle(|_| std::future::pending::<Result<_, nano_worker::FetchError>>());
}

#[tokio::test]
async fn an_app_answers_as_it_is_by_its_name() {
    let site = site(|_| {});
    let response = site.call(request(Body::Empty)).await.expect("an answer");
    assert!(matches!(response.body, Body::Full(text) if text == "ok"));
    assert_eq!(site.app.in_flight(), 0);
    let services = site.starter.services();
    let services = services.of(&"a".into());
    let nobody = services.fetch("c", request(Body::Empty), None).await;
    assert_eq!(
        nobody.unwrap_err().0,
        "the app \"c\" did not answer: it is not served"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_app_does_not_answer_says_why() {
    let site = site(|config| {
        config.limits.in_flight = 1;
        config.limits.wall = Duration::from_secs(3);
        config.limits.body = 4;
    });
    let why = async |body| site.call(request(body)).await.unwrap_err();
    let too_large = why(Body::Full("12345".into())).await;
    assert!(too_large.ends_with("larger than 4 bytes"), "{too_large}");
    let (writer, body) = stream();
    writer.put("12345".into());
    site.launcher.handle(|request| async move {
        let Body::Stream(mut stream) = request.body else {
            panic!("it has a body");
        };
        let error = stream.next().await.expect("an item").expect_err("too much");
        assert_eq!(error.kind, BodyErrorKind::TooLarge);
        Ok(ok("it was read"))
    });
    let too_large = why(body).await;
    assert!(too_large.ends_with("larger than 4 bytes"), "{too_large}");
    // The instance that is there has the handler before.
    let next = || {
        let current = site.app.current().pool().running();
        current.expect("one").instance().stop();
    };
    next();
    silent(&site);
    let (first, second) = tokio::join!(why(Body::Empty), async {
        tokio::task::yield_now().await;
        why(Body::Empty).await
    });
    assert!(
        first.ends_with("within 3000 ms, its wall_ms limit"),
        "{first}"
    );
    assert!(
        second.ends_with("has 1 requests in flight, its limit"),
        "{second}"
    );
    site.launcher
        .handle(|_| async { Err(nano_worker::FetchError::HeapLimit) });
    next();
    let heap = why(Body::Empty).await;
    assert!(heap.contains("more memory than its limit"), "{heap}");
    assert_eq!(site.app.in_flight(), 0);
}

#[tokio::test]
async fn a_request_that_came_through_too_often_ends() {
    let site = site(|_| {});
    let with = |passes: usize| {
        let value = HeaderValue::try_from(vec!["nano"; passes].join(", ")).unwrap();
        let fields = http::HeaderMap::from_iter([(CDN_LOOP, value)]);
        HttpRequest {
            headers: Fields::from(&fields),
            ..request(Body::Empty)
        }
    };
    assert!(site.call(with(MAX_PASSES)).await.is_ok());
    let error = site.call(with(MAX_PASSES + 1)).await.unwrap_err();
    assert!(error.contains("more than 16 times"), "{error}");
}

/// The app has the request until the caller has read the response.
#[tokio::test]
async fn a_call_is_in_flight_until_its_body_is_read() {
    let site = site(|_| {});
    let (writer, body) = stream();
    let kept = Mutex::new(Some(body));
    let sent = Arc::new(Mutex::new(None));
    let received = sent.clone();
    site.launcher.handle(move |request| {
        *received.lock().unwrap() = Some(request.body);
        let body = kept.lock().unwrap().take().unwrap_or_default();
        async { Ok(HttpResponse { body, ..ok("") }) }
    });
    let (upload, upload_body) = stream();
    let response = site.call(request(upload_body)).await.expect("an answer");
    let Body::Stream(mut download) = response.body else {
        panic!("it streams");
    };
    assert_eq!(site.app.in_flight(), 1);
    writer.put("abc".into());
    assert_eq!(download.next().await, Some(Ok("abc".into())));
    // So long the app can read the request's body.
    upload.put("def".into());
    let Some(Body::Stream(mut received)) = sent.lock().unwrap().take() else {
        panic!("it streams");
    };
    assert_eq!(received.next().await, Some(Ok("def".into())));
    writer.finish();
    assert_eq!(download.next().await, None);
    assert_eq!(site.app.in_flight(), 0);
    assert!(upload.is_closed());
    let late = received.next().await.expect("an item").unwrap_err();
    assert!(late.message.contains("the response is complete"), "{late}");
}

#[tokio::test]
async fn a_caller_that_leaves_gives_its_place_back() {
    let site = site(|_| {});
    silent(&site);
    let (upload, body) = stream();
    {
        let call = site.call(request(body));
        let waiting = tokio::time::timeout(Duration::from_millis(20), call).await;
        assert!(waiting.is_err());
    }
    assert_eq!(site.app.in_flight(), 0);
    assert!(upload.is_closed());
}

const LARGE: usize = 1 << 20;

/// Takes a body until it fails: how many bytes there were, and why.
async fn taken(body: Body) -> (usize, String) {
    let Body::Stream(mut stream) = body else {
        panic!("it streams");
    };
    let mut bytes = 0;
    loop {
        match stream.next().await {
            Some(Ok(chunk)) => bytes += chunk.len(),
            Some(Err(error)) => return (bytes, error.to_string()),
            None => return (bytes, String::new()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_has_the_patience_that_a_client_has() {
    let site = site(|_| {});
    let clients = ClientLimits {
        stall: Duration::from_secs(4),
        min_rate: 1 << 10,
        ..ClientLimits::default()
    };
    site.starter.services().clients_may(clients);
    site.launcher.handle(|_| async {
        let body = Body::Full(Bytes::from(vec![0; LARGE]));
        Ok(HttpResponse { body, ..ok("") })
    });
    let call = async || site.call(request(Body::Empty)).await.expect("an answer");
    // It is read as a whole.
    assert_eq!(taken(call().await.body).await, (LARGE, String::new()));
    assert_eq!(site.app.in_flight(), 0);
    // Not at all.
    let unread = call().await;
    tokio::time::sleep(clients.stall / 2).await;
    assert_eq!(site.app.in_flight(), 1);
    tokio::time::sleep(clients.stall).await;
    assert_eq!(site.app.in_flight(), 0);
    let (bytes, why) = taken(unread.body).await;
    assert!(
        bytes < LARGE && why.contains("fewer than 1024 bytes per second"),
        "{why}"
    );
    // At the rate, a piece at a time.
    let Body::Stream(mut slow) = call().await.body else {
        panic!("it streams");
    };
    for _ in 0..20 {
        let piece = slow.next().await.expect("more").expect("bytes");
        tokio::time::sleep(Duration::from_secs(piece.len() as u64 >> 10)).await;
    }
    assert_eq!(site.app.in_flight(), 1);
    drop(slow);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(site.app.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_has_the_patience_that_a_clients_has() {
    let site = site(|config| config.limits.wall = Duration::from_secs(1000));
    let stall = ClientLimits::default().stall;
    site.launcher.handle(|request| async move {
        let (bytes, why) = taken(request.body).await;
        Ok(ok(format!("{bytes} {why}")))
    });
    let (writer, body) = stream();
    let began = tokio::time::Instant::now();
    let writing = async {
        for _ in 0..4 {
            writer.put(vec![0; 10_000].into());
            tokio::time::sleep(stall * 3 / 4).await;
        }
        writer.closed().await;
    };
    let (answer, ()) = tokio::join!(site.call(request(body)), writing);
    let why = answer.unwrap_err();
    assert!(why.contains("comes too slowly: fewer than 500"), "{why}");
    assert_eq!(began.elapsed(), stall * 13 / 4);
    assert_eq!(site.app.in_flight(), 0);
}

/// Nothing of the one's is held by the other.
#[tokio::test]
async fn what_is_handed_over_is_a_copy() {
    let site = site(|_| {});
    let lives = |bytes: Bytes| !bytes.is_unique();
    for size in [1, LARGE] {
        let bytes = Bytes::from(vec![0; size]);
        let (kept, sent) = (Arc::new(Mutex::new(None)), bytes.clone());
        let received = kept.clone();
        site.app.current().pool().give_up();
        site.launcher.handle(move |request| {
            *received.lock().unwrap() = Some(request.body);
            let body = Body::Full(sent.clone());
            async { Ok(HttpResponse { body, ..ok("") }) }
        });
        let upload = Bytes::from(vec![0; size]);
        let call = site.call(request(Body::Full(upload.clone())));
        let response = call.await.expect("an answer");
        if size == LARGE {
            assert_eq!(taken(response.body).await.0, LARGE);
            let kept = kept.lock().unwrap().take().expect("a body");
            assert!(taken(kept).await.1.contains("the response is complete"));
        } else {
            assert_eq!(response.body.length(), Some(1));
        }
        assert!(!lives(upload), "{size}");
        // The handler has it, and this.
        drop(kept);
        let next = |_| async { Ok(ok("")) };
        site.app.current().pool().give_up();
        site.launcher.handle(next);
        site.call(request(Body::Empty)).await.expect("an answer");
        assert!(!lives(bytes), "{size}");
    }
}

#[tokio::test]
async fn a_head_has_the_bounds_of_a_clients() {
    let site = site(|_| {});
    let with = async |url: usize, count: usize, value: usize| {
        let mut fields = HeaderMap::new();
        for _ in 0..count {
            fields.append("x-a", HeaderValue::try_from("v".repeat(value)).unwrap());
        }
        let request = HttpRequest {
            url: format!("http://b/{}", "a".repeat(url)),
            headers: Fields::from(&fields),
            ..request(Body::Empty)
        };
        site.call(request).await.map(drop).err().unwrap_or_default()
    };
    assert_eq!(with(60_000, 0, 0).await, "");
    assert_eq!(with(0, 100, 500).await, "");
    let bytes = "bytes, its URL included, more than 65536";
    assert!(with(70_000, 0, 0).await.contains(bytes));
    assert!(with(0, 1, 70_000).await.contains(bytes));
    assert!(with(40_000, 50, 1000).await.contains(bytes));
    let fields = "the request has 200 header fields, more than 100";
    assert!(with(0, 200, 1).await.contains(fields));
}

/// Binds an app to another one.
fn binds(to: &'static str) -> impl Fn(&mut AppConfig) {
    move |config| {
        let binding = nano_worker::Binding::Service(to.into());
        config.env.insert("OTHER".to_owned(), binding);
    }
}

/// `a` is bound to `b`, and `b` to `a`.
#[tokio::test(start_paused = true)]
async fn a_removed_app_is_called_until_its_callers_are_done() {
    let site = site(binds("a"));
    let mut config = app_config("a");
    binds("b")(&mut config);
    let caller = App::new(config, &site.starter);
    let services = site.starter.services().clone();
    let waits = tokio::spawn(async move { services.not_called("b").await });
    let pause = || tokio::time::sleep(Duration::from_secs(1));
    pause().await;
    assert!(!waits.is_finished(), "the caller serves");
    let lease = caller.lease(NOBODY).expect("a lease");
    let pools = [
        site.app.current().pool().clone(),
        caller.current().pool().clone(),
    ];
    pools.iter().for_each(|pool| pool.retire());
    pause().await;
    assert!(!waits.is_finished(), "the caller has a request");
    assert!(site.call(request(Body::Empty)).await.is_ok());
    drop(lease);
    waits
        .await
        .expect("it is over, though they could call each other");
    pools[0].drain(Duration::ZERO).await;
    let error = site.call(request(Body::Empty)).await.unwrap_err();
    assert!(error.contains("shutting down"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stays_bound_keeps_no_app_from_ending() {
    let site = site(|_| {});
    let mut config = app_config("a");
    binds("b")(&mut config);
    let caller = App::new(config, &site.starter);
    let services = site.starter.services().clone();
    services.serve([&caller].into_iter());
    let is_called = || async {
        let wait = Duration::from_secs(1);
        let waited = tokio::time::timeout(wait, services.not_called("b")).await;
        waited.is_err()
    };
    assert!(!is_called().await);
    // A version before has a request that may call it.
    let lease = caller.lease(NOBODY).expect("a lease");
    caller.current().pool().retire();
    assert!(is_called().await);
    drop(lease);
    assert!(!is_called().await);
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_waited_for_that_is_about_to_be_no_more_bound() {
    let site = site(|_| {});
    let mut config = app_config("a");
    binds("b")(&mut config);
    let caller = App::new(config, &site.starter);
    let services = site.starter.services().clone();
    services.serve([&caller].into_iter());
    let next = AppConfig {
        content: 1,
        ..app_config("a")
    };
    caller.want(next, &site.starter);
    let waited = tokio::time::timeout(Duration::from_secs(1), services.not_called("b")).await;
    assert!(waited.is_err());
}
