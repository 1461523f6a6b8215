//! Beside the file and not in it: `nano-loom` compiles that one with other types.

use crate::stop::Stop;
use futures_util::FutureExt as _;

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
