//! What becomes of requests, with a fake engine.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use nano_worker::{BodyError, BodyErrorKind};

use super::*;
use crate::config::{AppConfig, Config};
use crate::fake::{FakeBody, FakeLauncher, app_config, ok};
use crate::routes::Routes;
use crate::starter::Starter;

struct Site {
    launcher: Arc<FakeLauncher>,
    dispatcher: Dispatcher,
}

/// Serves one port.
fn dispatcher(configs: Vec<AppConfig>, launchers: &[Arc<FakeLauncher>]) -> Dispatcher {
    let config = Config::of_apps(configs);
    let mut launchers = launchers.iter();
    let routes = CurrentRoutes::default();
    let app = |app: &AppConfig| {
        let starter = Starter::new(launchers.next().expect("a launcher for each").clone());
        Some(App::new(app.clone(), &starter))
    };
    routes.publish(Routes::new(&config, app, |_, _| None));
    Dispatcher::new(
        routes,
        config.listen,
        true,
        Arc::default(),
        Tracer::default(),
    )
}

fn site_with(change: impl FnOnce(&mut AppConfig)) -> Site {
    let launcher = FakeLauncher::new();
    let mut config = app_config("a");
    change(&mut config);
    Site {
        dispatcher: dispatcher(vec![config], std::slice::from_ref(&launcher)),
        launcher,
    }
}

fn site() -> Site {
    site_with(|_| {})
}

impl Site {
    async fn send(
        &self,
        request: http::request::Builder,
        body: FakeBody,
    ) -> Response<ResponseBody> {
        let request = request.body(body).unwrap();
        self.dispatcher
            .handle(request, &Link::for_tests(), None)
            .await
    }

    async fn get(&self) -> (u16, String) {
        text(self.send(to("a.test"), FakeBody::sized(&[])).await).await
    }
}

fn to(host: &str) -> http::request::Builder {
    Request::builder().uri("/path").header("host", host)
}

async fn text(response: Response<ResponseBody>) -> (u16, String) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn an_app_answers_its_host() {
    let site = site();
    site.launcher.handle(|request| async move {
        assert_eq!(request.url, "http://a.test/path");
        assert_eq!(request.headers.get(&http::header::CONNECTION), None);
        Ok(ok("hello"))
    });
    let request = to("a.test").header("connection", "close");
    assert_eq!(
        text(site.send(request, FakeBody::sized(&[])).await).await,
        (200, "hello".to_owned())
    );
}

#[tokio::test]
async fn each_request_of_a_connection_goes_where_it_says() {
    let launchers = ["a", "b"].map(|name| {
        let launcher = FakeLauncher::new();
        launcher.handle(move |request| async move { Ok(ok(format!("{name}: {}", request.url))) });
        launcher
    });
    let dispatcher = dispatcher(["a", "b"].map(app_config).into(), &launchers);
    let (link, last) = (Link::for_tests(), LastRoute::default());
    for (uri, host, answer) in [
        ("/1", "a.test", "a: http://a.test/1"),
        ("/2", "a.test", "a: http://a.test/2"),
        ("/3", "b.test", "b: http://b.test/3"),
        ("/4", "A.test:80", "a: http://A.test:80/4"),
        ("http://b.test/5", "A.test:80", "b: http://b.test/5"),
        ("/6", "A.test:80", "a: http://A.test:80/6"),
        ("/7", "c.test", "404"),
        ("/8", "a.test", "a: http://a.test/8"),
    ] {
        let request = Request::builder().uri(uri).header("host", host);
        let request = request.body(FakeBody::sized(&[])).unwrap();
        let (status, text) = text(dispatcher.handle(request, &link, Some(&last)).await).await;
        assert!(
            text.starts_with(answer) && (status == 200) == answer.starts_with(['a', 'b']),
            "{uri}: {text}"
        );
    }
}

#[tokio::test]
async fn nothing_of_a_request_stays_in_the_connections_buffer() {
    let site = site();
    let buffer = Bytes::from(b"/patha.test*/*".to_vec());
    let value = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
    let request = Request::builder()
        .uri(http::Uri::from_maybe_shared(buffer.slice(..5)).unwrap())
        .header("host", value(5..11))
        .header("accept", value(11..14))
        .body(FakeBody::sized(&[]))
        .unwrap();
    let last = LastRoute::default();
    let _answer = site
        .dispatcher
        .handle(request, &Link::for_tests(), Some(&last));
    assert!(buffer.is_unique());
}

#[test]
fn large_maps_are_not_kept() {
    let kept = |fields: u32| {
        let mut headers = HeaderMap::new();
        for number in 0..fields {
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            headers.append(name, number.into());
        }
        let left = emptied(headers);
        assert!(left.is_empty());
        left.capacity() > 0
    };
    assert!(kept(15));
    assert!(!kept(60));
}

#[tokio::test]
async fn requests_that_no_app_sees() {
    let site = site();
    for (request, status) in [
        (to("b.test"), 404),
        (to("a b"), 400),
        (Request::builder().uri("/"), 400),
        (to("a.test").method("TRACE"), 405),
        (to("a.test").method("CONNECT"), 405),
    ] {
        assert_eq!(
            text(site.send(request, FakeBody::sized(&[])).await).await.0,
            status
        );
    }
    assert_eq!(site.launcher.starts(), 0);
}

#[tokio::test]
async fn failures_have_a_status_and_developers_see_why() {
    let exception = FetchError::Exception {
        message: "TypeError: x".to_owned(),
        stack: Some("TypeError: x\n    at fetch (index.js:1:2)".to_owned()),
    };
    for (error, status, part) in [
        (exception, 500, "at fetch (index.js:1:2)"),
        (
            FetchError::NotAResponse {
                found: "undefined".to_owned(),
            },
            500,
            "but returned undefined",
        ),
        (
            FetchError::NetworkError {
                message: "fetch failed".to_owned(),
                stack: None,
            },
            502,
            "fetch failed",
        ),
        (
            FetchError::NoRoom {
                message: "no memory left".to_owned(),
                stack: None,
            },
            503,
            "no memory left",
        ),
        (FetchError::CpuLimit, 503, "CPU limit"),
        (FetchError::RequestCpuLimit, 503, "Limit: request_cpu_ms"),
        (FetchError::HeapLimit, 503, "more memory"),
        (FetchError::Crashed, 503, "V8 gave up"),
        (FetchError::Ended, 503, "has ended"),
    ] {
        let site = site();
        site.launcher
            .handle(move |_| std::future::ready(Err(error.clone())));
        let (found, body) = site.get().await;
        assert_eq!(found, status, "{body}");
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn after_the_memory_limit_the_next_request_gets_a_new_instance() {
    let site = site();
    site.launcher
        .handle(|_| async { Err(FetchError::HeapLimit) });
    assert_eq!(site.get().await.0, 503);
    site.launcher.handle(|_| async { Ok(ok("fine")) });
    assert_eq!(site.get().await, (200, "fine".to_owned()));
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    let site = site();
    site.launcher.handle(|request| async move {
        assert!(!request.url.ends_with("/panic"), "the test wants it");
        tokio::task::yield_now().await;
        Ok(ok("fine"))
    });
    let link = Link::for_tests();
    let ask = |path: &'static str| {
        let request = to("a.test").uri(path).body(FakeBody::sized(&[])).unwrap();
        site.dispatcher.handle(request, &link, None)
    };
    let (panics, goes_on) = tokio::join!(ask("/panic"), ask("/"));
    assert_eq!(text(goes_on).await, (200, "fine".to_owned()));
    let (status, body) = text(panics).await;
    assert_eq!(status, 500);
    assert!(
        body.contains("a defect of NANO: the test wants it"),
        "{body}"
    );
    link.flushed();
    assert!(!link.has_requests());
}

#[test]
fn what_is_done_before_the_future_is_made_is_contained_too() {
    let page = contain(|| -> u32 { panic!("number {}", 7) }).unwrap_err();
    assert_eq!(page.answer, OwnAnswer::Defect);
    assert!(page.detail.unwrap().ends_with("number 7"));
}

#[tokio::test]
async fn an_app_that_does_not_start() {
    let site = site();
    site.launcher
        .fail_starts("SyntaxError", Some("--> index.js:1:2"));
    let response = site.send(to("a.test"), FakeBody::sized(&[])).await;
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, body) = text(response).await;
    assert_eq!(status, 503);
    assert!(
        body.ends_with("\n\nSyntaxError\n--> index.js:1:2\n"),
        "{body}"
    );
}

#[tokio::test]
async fn the_wall_limit() {
    let site = site_with(|config| config.limits.wall = Duration::from_millis(20));
    site.launcher.handle(|_| std::future::pending());
    assert_eq!(site.get().await.0, 504);
}

/// A response whose body's writer starts, and after that does this.
fn starting(then: impl FnOnce(nano_worker::BodyWriter) + Send + 'static) -> HttpResponse {
    let (writer, stream) = nano_worker::BodyStream::bounded(9, None);
    let start = writer.start();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        then(writer);
        drop(start);
    });
    HttpResponse {
        body: Body::Stream(stream),
        ..ok("")
    }
}

#[tokio::test]
async fn a_body_that_fails_at_its_start_is_a_500() {
    let error = || BodyError::new(BodyErrorKind::App, "out of ink");
    let fails = site();
    fails
        .launcher
        .handle(move |_| async move { Ok(starting(move |writer| writer.fail(error()))) });
    let (status, body) = fails.get().await;
    assert_eq!(status, 500);
    assert!(body.contains("out of ink"), "{body}");
    let flows = site();
    flows.launcher.handle(|_| async {
        Ok(starting(|writer| {
            writer.put("abc".into());
            writer.finish();
        }))
    });
    assert_eq!(flows.get().await, (200, "abc".to_owned()));
    let fails_later = site();
    fails_later.launcher.handle(move |_| async move {
        Ok(starting(move |writer| {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                writer.fail(error());
            });
        }))
    });
    let response = fails_later.send(to("a.test"), FakeBody::sized(&[])).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_start_without_end_meets_the_wall_limit() {
    let site = site_with(|config| config.limits.wall = Duration::from_millis(20));
    let (writer, stream) = nano_worker::BodyStream::bounded(9, None);
    let start = writer.start();
    let stream = std::sync::Mutex::new(Some(stream));
    site.launcher.handle(move |_| {
        let body = Body::Stream(stream.lock().unwrap().take().unwrap());
        async move { Ok(HttpResponse { body, ..ok("") }) }
    });
    assert_eq!(site.get().await.0, 504);
    drop((start, writer));
}

#[tokio::test]
async fn requests_in_flight_are_limited_until_their_bodies_end() {
    let site = site_with(|config| config.limits.in_flight = 1);
    let first = site.send(to("a.test"), FakeBody::sized(&[])).await;
    assert_eq!(first.status(), 200);
    let refused = site.send(to("a.test"), FakeBody::sized(&[])).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    drop(refused);
    drop(first);
    assert_eq!(site.get().await.0, 200);
}

#[tokio::test]
async fn who_would_wait_behind_too_many_is_refused() {
    let site = site_with(|config| config.limits.queue = Some(2));
    let four = || futures_util::future::join_all((0..4).map(|_| site.get()));
    let is_refused = |(status, page): &(u16, String)| {
        *status == 503 && page.contains("Limit: queue\n") && page.contains("2 requests wait")
    };
    // For a start.
    site.launcher.start_within(Duration::from_millis(30));
    let found = four().await;
    assert!(
        found[..2].iter().all(|(status, _)| *status == 200),
        "{found:?}"
    );
    assert!(found[2..].iter().all(is_refused), "{found:?}");
    // For the end of a turn. Who is refused for that is told at once.
    site.launcher.set_busy(true);
    let begins = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        site.launcher.set_busy(false);
    };
    let (found, ()) = futures_util::join!(four(), begins);
    assert!(
        found[..2].iter().all(|(status, _)| *status == 200),
        "{found:?}"
    );
    assert!(found[2..].iter().all(is_refused), "{found:?}");
    assert_eq!(site.launcher.starts(), 1);
    // Requests that an instance has begun with do not wait.
    site.launcher.handle(|_| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok(ok("slow"))
    });
    let found = four().await;
    assert!(found.iter().all(|(status, _)| *status == 200), "{found:?}");
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let site = site_with(|config| config.limits.body = 3);
    let request = || to("a.test").method("POST");
    let stated = site.send(request(), FakeBody::sized(&["abcd"])).await;
    assert_eq!(stated.status(), 413);
    assert_eq!(site.launcher.starts(), 0);
    // While streaming: even if the app would answer the error.
    site.launcher.handle(|mut request| async move {
        let Body::Stream(stream) = &mut request.body else {
            panic!()
        };
        while let Some(chunk) = stream.next().await {
            if let Err(error) = chunk {
                assert_eq!(error.kind, BodyErrorKind::TooLarge);
                return Ok(ok("too late"));
            }
        }
        Ok(ok("complete"))
    });
    let streamed = site.send(request(), FakeBody::chunked(&["ab", "cd"])).await;
    assert_eq!(streamed.status(), 413);
    let fits = site.send(request(), FakeBody::chunked(&["ab", "c"])).await;
    assert_eq!(text(fits).await, (200, "complete".to_owned()));
}

#[tokio::test]
async fn a_response_that_cannot_be_sent() {
    let site = site();
    site.launcher.handle(|_| async {
        Ok(HttpResponse {
            status: 101,
            ..ok("")
        })
    });
    let (status, body) = site.get().await;
    assert_eq!(status, 500);
    assert!(body.contains("101"), "{body}");
}

/// Catches ids that are counted: who asks twice would learn how many others have asked meanwhile.
#[test]
fn ids_are_unique_and_say_nothing_of_each_other() {
    let ids = RequestIds::default();
    let all: Vec<u64> = (0..10_000).map(|_| ids.next().0).collect();
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    let steps: std::collections::HashSet<_> = all
        .windows(2)
        .map(|two| two[1].wrapping_sub(two[0]))
        .collect();
    assert!(steps.len() > 9_000, "{}", steps.len());
}
