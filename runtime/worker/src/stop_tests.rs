//! Beside the file and not in it: `nano-loom` compiles that one with other types.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use crate::stop::{Stop, StopPlace};
use futures_util::FutureExt as _;

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_polls_last_is_woken_and_keeps_one_place() {
    let stop = Stop::default();
    let mut place = StopPlace::default();
    let woken = [(); 2].map(|()| Arc::<Woken>::default());
    for woken in [&woken[0], &woken[0], &woken[1]] {
        let waker = Waker::from(woken.clone());
        let polled = stop.poll_stopped(&mut place, &mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        assert_eq!(stop.waiting(), 1);
    }
    stop.set();
    let counts = woken.map(|woken| woken.0.load(Ordering::Relaxed));
    assert_eq!(counts, [0, 1]);
    let polled = stop.poll_stopped(&mut place, &mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
    stop.leave(&mut place);
    assert_eq!(stop.waiting(), 0);
}

#[tokio::test]
async fn all_who_wait_are_told_and_those_who_come_later() {
    let stop = Stop::default();
    let waiting: Vec<_> = (0..3).map(|_| tokio::spawn(stop.stopped())).collect();
    let mut given_up = Box::pin(stop.stopped());
    assert!((&mut given_up).now_or_never().is_none());
    tokio::task::yield_now().await;
    assert_eq!(stop.waiting(), 4);
    drop(given_up);
    assert_eq!(stop.waiting(), 3);
    stop.set();
    for told in waiting {
        told.await.unwrap();
    }
    stop.stopped().await;
    assert_eq!(stop.waiting(), 0);
}
