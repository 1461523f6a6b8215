//! Bodies of requests, with a fake connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::fake::FakeBody;
use crate::server::link::Link;

fn from_client(body: FakeBody) -> Received<FakeBody> {
    let (head, ()) = http::Request::new(()).into_parts();
    Received::new(body, &head, Link::for_tests().receive())
}

/// Of a response that is never complete.
fn unanswered() -> Answered {
    let (reading, answered) = oneshot::channel();
    std::mem::forget(reading);
    answered
}

#[tokio::test]
async fn what_is_in_memory_is_handed_over_whole() {
    let (body, faults) = receive(from_client(FakeBody::sized(&["ab", "c"])), 10, unanswered())
        .await
        .unwrap();
    assert!(matches!(body, Body::Full(bytes) if bytes == "abc"));
    assert!(faults.is_none());
    let (body, _) = receive(from_client(FakeBody::sized(&[])), 10, unanswered())
        .await
        .unwrap();
    assert!(matches!(body, Body::Empty));
}

#[test]
fn few_bytes_do_not_keep_the_buffer_that_they_came_in() {
    for (count, is_kept) in [(1, false), (MAX_HEAD / 2, true)] {
        let buffer = Bytes::from(vec![0; MAX_HEAD]);
        let mut head = Head::default();
        head.push(buffer.slice(..count));
        let bytes = head.bytes();
        assert_eq!((bytes.len(), buffer.is_unique()), (count, !is_kept));
    }
}

#[tokio::test]
async fn what_has_yet_to_come_is_streamed() {
    let (body, _) = receive(
        from_client(FakeBody::sized(&["ab", "", "", "", "c"])),
        10,
        unanswered(),
    )
    .await
    .unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    assert_eq!(stream.length(), Some(3));
    assert_eq!(stream.next().await.unwrap().unwrap(), "ab");
    assert_eq!(stream.next().await.unwrap().unwrap(), "c");
    assert!(stream.next().await.is_none());
}

/// A body of six chunks of 16 KiB that comes unasked, within HTTP/2's window, and what has been told to be taken of it.
fn sent() -> (Received<FakeBody>, Arc<AtomicUsize>) {
    let chunk: &str = "x".repeat(16 << 10).leak();
    let taken = Arc::new(AtomicUsize::new(0));
    let body = FakeBody::chunked(&[chunk; 6]).flowing(HTTP2_WINDOW as usize, &taken);
    (from_client(body), taken)
}

#[tokio::test]
async fn what_comes_unasked_waits_in_one_place_and_is_told_when_it_is_taken() {
    let (body, taken) = sent();
    let (body, _faults) = receive(body, 1 << 20, unanswered()).await.unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    let waiting = Arc::new(AtomicUsize::new(0));
    let waits = waiting.clone();
    stream.measure(move |bytes| waits.store(bytes, Relaxed));
    settle().await;
    assert!(waiting.load(Relaxed) >= HTTP2_WINDOW as usize);
    assert_eq!(taken.load(Relaxed), 0);
    for chunk in 1..=6 {
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 16 << 10);
        // Of what waits at the end its sender is told then.
        assert!(taken.load(Relaxed) >= chunk * (16 << 10));
    }
    assert!(stream.next().await.is_none());
    assert_eq!(taken.load(Relaxed), 6 * (16 << 10));
}

#[tokio::test]
async fn what_comes_counts_for_its_connection_until_an_instance_counts_it() {
    let (head, ()) = http::Request::new(()).into_parts();
    let link = Link::for_tests();
    let chunk: &str = "x".repeat(10_000).leak();
    let body = FakeBody::chunked(&[chunk; 2]);
    let before = link.held();
    let body = Received::new(body, &head, link.receive());
    let (body, _faults) = receive(body, 1 << 20, unanswered()).await.unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    settle().await;
    assert!(link.held() >= before + 20_000);
    stream.next().await.unwrap().unwrap();
    assert!((before + 10_000..before + 20_000).contains(&link.held()));
    stream.measure(|_| {});
    assert_eq!(link.held(), before);
}

#[tokio::test]
async fn who_waits_for_the_app_is_not_slow() {
    let (mut body, _) = sent();
    body.limits.stall = Duration::from_millis(20);
    let (body, _faults) = receive(body, 1 << 20, unanswered()).await.unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    tokio::time::sleep(Duration::from_millis(60)).await;
    let mut count = 0;
    while let Some(chunk) = stream.next().await {
        count += chunk.unwrap().len();
    }
    assert_eq!(count, 6 * (16 << 10));
}

#[tokio::test]
async fn what_is_dropped_of_a_body_that_comes_unasked_is_told_too() {
    for is_begun in [false, true] {
        let (body, taken) = sent();
        let (reading, answered) = oneshot::channel();
        if is_begun {
            let (body, _faults) = receive(body, 1 << 20, answered).await.unwrap();
            settle().await;
            drop(body);
        } else {
            refuse(body, answered);
        }
        settle().await;
        assert_eq!(taken.load(Relaxed), 6 * (16 << 10), "{is_begun}");
        drop(reading);
    }
}

/// Reads the chunk "ab", and the error after it, which is told beside the body, too.
async fn first_and_error(body: FakeBody, limit: u64) -> (BodyErrorKind, Fault) {
    let received = receive(from_client(body), limit, unanswered()).await;
    let (body, faults) = received.unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    assert_eq!(stream.next().await.unwrap().unwrap(), "ab");
    let error = stream.next().await.unwrap().unwrap_err().kind;
    (error, faults.unwrap().await.unwrap())
}

#[tokio::test]
async fn limits() {
    assert_eq!(
        receive(from_client(FakeBody::sized(&["abcd"])), 3, unanswered())
            .await
            .err(),
        Some(Fault::TooLarge(3))
    );
    assert!(
        receive(from_client(FakeBody::sized(&["abc"])), 3, unanswered())
            .await
            .is_ok()
    );
    let (error, fault) = first_and_error(FakeBody::chunked(&["ab", "cd"]), 3).await;
    assert_eq!(error, BodyErrorKind::TooLarge);
    assert_eq!(fault, Fault::TooLarge(3));
}

#[tokio::test]
async fn a_client_that_goes_away_is_an_error() {
    let (error, fault) = first_and_error(FakeBody::chunked(&["ab"]).broken(), 10).await;
    assert_eq!(error, BodyErrorKind::Disconnected);
    assert!(matches!(fault, Fault::Malformed(_)), "{fault:?}");
}

#[tokio::test]
async fn what_is_unread_when_the_response_is_complete_is_dropped() {
    let (reading, answered) = oneshot::channel();
    let chunk: &str = "x".repeat(WAITING / 2).leak();
    let chunks = [chunk; 6];
    let (body, _faults) = receive(from_client(FakeBody::chunked(&chunks)), 1 << 20, answered)
        .await
        .unwrap();
    let Body::Stream(mut stream) = body else {
        panic!("{body:?}")
    };
    assert_eq!(stream.next().await.unwrap().unwrap(), chunk);
    drop(reading);
    let mut left = Vec::new();
    while let Some(chunk) = stream.next().await {
        left.push(chunk.map_err(|error| error.message));
    }
    // What had been handed over is still there.
    assert!(left.len() <= 2 + 1, "{} chunks", left.len());
    assert_eq!(left.last(), Some(&Err(TOO_LATE.into())));
}

/// Whether all of it has come by then or not.
#[tokio::test]
async fn what_nobody_has_begun_to_read_by_then_is_dropped_at_once() {
    for count in [1, 6] {
        let (reading, answered) = oneshot::channel();
        let chunk: &str = "x".repeat(WAITING / 2).leak();
        let body = FakeBody::chunked(&[chunk; 6][..count]);
        let (body, _faults) = receive(from_client(body), 1 << 20, answered).await.unwrap();
        let Body::Stream(mut stream) = body else {
            panic!("{body:?}")
        };
        settle().await; // It arrives.
        drop(reading);
        settle().await;
        let first = stream.next().await;
        let error = first.expect("an error").expect_err("too late");
        assert_eq!(&*error.message, TOO_LATE, "{count} chunks");
    }
}

/// Lets the other tasks do what they can.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
