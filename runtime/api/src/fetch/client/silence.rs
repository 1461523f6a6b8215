//! Whether a connection of HTTP/2 has fallen silent: who forgets it, such as a load balancer, need not say so, and may answer its pings all
//! the same.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So long requests wait in vain for their heads, together, before the next ones have another connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long nothing has come that requests wait for.
#[derive(Default)]
pub(super) struct Silence(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many wait for their heads.
    waiting: usize,
    /// Since when they do, and nothing has come.
    since: Option<Instant>,
    /// How long others did before, until nobody wanted them any more.
    before: Duration,
}

/// A request that waits for its head.
pub(super) struct Waiting<'s>(&'s Silence);

impl Silence {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request waits for its head as long as this is kept.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut state = self.state();
        state.waiting += 1;
        state.since.get_or_insert_with(Instant::now);
        Waiting(self)
    }

    /// Something of a request has come, whichever it is.
    pub(super) fn is_broken(&self) {
        let mut state = self.state();
        state.before = Duration::ZERO;
        if let Some(since) = &mut state.since {
            *since = Instant::now();
        }
    }

    /// Whether it has lasted for too long.
    pub(super) fn is_long(&self) -> bool {
        let state = self.state();
        let now = state.since.map_or(Duration::ZERO, |since| since.elapsed());
        state.before + now >= PATIENCE
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting -= 1;
        if state.waiting == 0
            && let Some(since) = state.since.take()
        {
            state.before += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const SHORT: Duration = Duration::from_millis(400);

    #[tokio::test(start_paused = true)]
    async fn it_lasts_while_requests_wait_and_nothing_comes() {
        let silence = Silence::default();
        advance(PATIENCE).await;
        assert!(!silence.is_long(), "nobody waits");
        let (first, second) = (silence.wait(), silence.wait());
        advance(SHORT).await;
        drop(first);
        advance(SHORT).await;
        silence.is_broken();
        advance(SHORT * 2).await;
        assert!(!silence.is_long());
        advance(SHORT).await;
        assert!(silence.is_long(), "the second one waits still");
        drop(second);
        assert!(silence.is_long());
        silence.is_broken();
        assert!(!silence.is_long());
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_give_up_early_count_together() {
        let silence = Silence::default();
        for _ in 0..2 {
            let waiting = silence.wait();
            advance(SHORT).await;
            drop(waiting);
            // Nobody has waited then.
            advance(PATIENCE).await;
            assert!(!silence.is_long());
        }
        let _waiting = silence.wait();
        advance(SHORT).await;
        assert!(silence.is_long());
    }
}
