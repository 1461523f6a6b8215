//! Time. Where a connection may move to another runtime, a timer of tokio's must not go with it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

/// A wait for some time.
pub type Alarm = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;

    /// Waits until then.
    fn at(&self, instant: Instant) -> Alarm;
}

/// That of the runtime on which it is used.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuntimeClock;

impl Clock for RuntimeClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn at(&self, instant: Instant) -> Alarm {
        Box::pin(tokio::time::sleep_until(instant.into()))
    }
}

/// What `future` gives, unless it takes longer than that. What is there at once needs no alarm.
pub(crate) async fn within<F: Future>(
    clock: &dyn Clock,
    time: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut alarm = None;
    poll_fn(move |context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        let alarm = alarm.get_or_insert_with(|| clock.at(clock.now() + time));
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}
