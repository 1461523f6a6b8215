//! How long a thread that does I/O waits at most.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// The end of each of a thread's waits, one after the other. A thread waits once per turn, and hardly ever until the end; to set
/// a timer of tokio's takes a system call, and a look at its driver more. So one is kept set from wait to wait: where it rings
/// for one that is over, it is set for the one that lasts.
#[derive(Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready at the end of the current wait. Always within the same runtime, and with the same end as long as the wait lasts.
    pub(crate) fn poll(&mut self, end: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if end < sleep.deadline() {
            sleep.as_mut().reset(end);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= end {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(end);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::time::Duration;

    use super::*;

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(test);
    }

    fn after(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    /// Polls once.
    async fn is_over(alarm: &mut Alarm, end: Instant) -> bool {
        poll_fn(|context| Poll::Ready(alarm.poll(end, context).is_ready())).await
    }

    #[test]
    fn waits_that_are_cut_short_set_no_timer() {
        run(async {
            let mut alarm = Alarm::default();
            let first = after(60_000);
            for wait in 0..100 {
                assert!(!is_over(&mut alarm, first + Duration::from_millis(wait)).await);
            }
            let set = alarm.0.as_ref().map(|sleep| sleep.deadline());
            assert_eq!(set, Some(first));
        });
    }

    #[test]
    fn each_wait_ends_when_it_should() {
        run(async {
            let mut alarm = Alarm::default();
            // The first ones are cut short; they end later, earlier, and much earlier than the next one.
            for cut_short in [60_000, 20, 1] {
                assert!(!is_over(&mut alarm, after(cut_short)).await);
                for wait in [40, 10, 30] {
                    let (begin, end) = (Instant::now(), after(wait));
                    poll_fn(|context| alarm.poll(end, context)).await;
                    let took = begin.elapsed();
                    assert!(took >= Duration::from_millis(wait), "{took:?} of {wait} ms");
                    assert!(took < Duration::from_secs(30), "{took:?} of {wait} ms");
                }
            }
        });
    }
}
