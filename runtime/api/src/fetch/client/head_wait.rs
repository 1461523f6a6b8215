//! Waiting for the head of a response: not for ever, whatever the server sends instead.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use tokio::sync::Notify;

/// Interim responses (1xx) to one request of HTTP/1; those of HTTP/2 are bounded with its other frames (`frames.rs`).
const MAX_INTERIM: u32 = 64;

/// Why there is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHead {
    /// None came in this time.
    Late(Duration),
    /// Too many interim responses came instead.
    Interim,
}

impl NoHead {
    /// In words, as the end of a sentence about the server.
    pub(super) fn message(self, authority: &str) -> String {
        match self {
            NoHead::Late(limit) => format!(
                "no response from {authority} within {} s",
                limit.as_secs_f64()
            ),
            NoHead::Interim => format!(
                "{authority} sent more than {MAX_INTERIM} interim responses (1xx), and none that is final"
            ),
        }
    }
}

/// Counts the interim responses to a request.
#[derive(Clone, Default)]
pub(super) struct Interim(Arc<(AtomicU32, Notify)>);

impl Interim {
    /// Counts those that HTTP/1 gives.
    pub(super) fn of<B>(request: &mut Request<B>) -> Interim {
        let interim = Interim::default();
        let counted = interim.clone();
        hyper::ext::on_informational(request, move |_| {
            let (count, too_many) = &*counted.0;
            if count.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM {
                too_many.notify_one();
            }
        });
        interim
    }

    /// Waits for the head: for `limit` after the request has been sent. As long as `sent`, the bytes that the connection has
    /// taken, grows, it has not.
    pub(super) async fn wait<T>(
        &self,
        head: impl Future<Output = T>,
        limit: Duration,
        sent: Option<&AtomicU64>,
    ) -> Result<T, NoHead> {
        let sent = || sent.map(|sent| sent.load(Ordering::Relaxed));
        let in_time = async {
            let mut head = pin!(head);
            let mut before = sent();
            loop {
                if let Ok(head) = tokio::time::timeout(limit, &mut head).await {
                    return Ok(head);
                }
                let now = sent();
                if now == before {
                    return Err(NoHead::Late(limit));
                }
                before = now;
            }
        };
        tokio::select! {
            biased;
            head = in_time => head,
            () = self.0.1.notified() => Err(NoHead::Interim),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_comes_is_given_up() {
        let began = tokio::time::Instant::now();
        let never = std::future::pending::<()>();
        let waited = Interim::default().wait(never, LIMIT, None).await;
        assert_eq!(waited, Err(NoHead::Late(LIMIT)));
        assert_eq!(began.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_begins_when_the_request_is_sent() {
        let sent = AtomicU64::new(0);
        let uploading = async {
            for _ in 0..10 {
                tokio::time::sleep(LIMIT / 2).await;
                sent.fetch_add(1, Ordering::Relaxed);
            }
            std::future::pending::<()>().await;
        };
        let began = tokio::time::Instant::now();
        let waited = Interim::default().wait(uploading, LIMIT, Some(&sent)).await;
        assert_eq!(waited, Err(NoHead::Late(LIMIT)));
        assert!(began.elapsed() >= LIMIT * 6, "{:?}", began.elapsed());
    }
}
