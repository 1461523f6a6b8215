use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;

use super::*;

fn text(text: &'static str) -> SocketMessage {
    SocketMessage::Text(Bytes::from_static(text.as_bytes()))
}

fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

#[test]
fn what_is_said_is_heard_in_order() {
    let (a, b) = socket_pair();
    assert!(a.put(text("1")) && a.put(text("2")));
    a.close(CloseFrame::of(3000, "so"));
    a.close(CloseFrame::of(3001, "too late"));
    assert!(!a.put(text("3")), "it has closed");
    a.finish(None);
    assert_eq!(now(b.next()), Some(SocketEvent::Message(text("1"))));
    assert_eq!(now(b.next()), Some(SocketEvent::Message(text("2"))));
    assert_eq!(
        now(b.next()),
        Some(SocketEvent::Close(CloseFrame::of(3000, "so")))
    );
    assert_eq!(now(b.next()), Some(SocketEvent::Gone(None)));
    assert!(!b.put(text("4")) && b.is_alone());
}

#[test]
fn who_goes_says_why() {
    let (a, b) = socket_pair();
    a.finish(Some("reset"));
    assert_eq!(now(b.next()), Some(SocketEvent::Gone(Some("reset".into()))));
    drop(a);
    assert_eq!(now(b.next()), Some(SocketEvent::Gone(Some("reset".into()))));
}

#[test]
fn there_is_room_for_some() {
    let (a, b) = socket_pair();
    for _ in 0..SOCKET_MESSAGES {
        assert_eq!(now(a.room()), Some(true));
        assert!(a.put(text("")));
    }
    assert_eq!(now(a.room()), None, "many that are empty are many");
    assert!(now(b.next()).is_some());
    assert_eq!(now(a.room()), None, "it is not done with");
    b.taken(0);
    assert_eq!(now(a.room()), Some(true));
    assert!(a.put(SocketMessage::Binary(vec![0; SOCKET_BYTES].into())));
    assert_eq!(a.buffered(), SOCKET_BYTES);
    assert_eq!(now(a.room()), None);
    drop(b);
    assert_eq!(now(a.room()), Some(false));
    assert_eq!(a.buffered(), SOCKET_BYTES, "it was not taken");
}

#[test]
fn whoever_waits_is_told() {
    let (a, b) = socket_pair();
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    b.at_end(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    b.finish(None);
    drop(b);
    assert_eq!(told.load(Ordering::Relaxed), 1);
    a.finish(None);
    let count = told.clone();
    a.at_end(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(told.load(Ordering::Relaxed), 2);
}

#[test]
fn reasons_are_short() {
    let frame = CloseFrame::of(1011, &"ä".repeat(100));
    assert_eq!(frame.reason.len(), 122);
}
