//! What has been replaced or removed, and has yet to finish what it has begun.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

/// The drains of a host that are under way.
pub(crate) struct Drains {
    /// Each has one. `None` when it is asked whether all are over.
    first: Mutex<Option<Arc<Drain>>>,
    over: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// A drain that is under way; gone when it is over.
#[derive(Clone)]
pub(crate) struct Drain(#[expect(dead_code, reason = "its drop is what tells")] mpsc::Sender<()>);

impl Default for Drains {
    fn default() -> Self {
        let (under_way, over) = mpsc::channel(1);
        Self {
            first: Mutex::new(Some(Arc::new(Drain(under_way)))),
            over: tokio::sync::Mutex::new(over),
        }
    }
}

impl Drains {
    /// Has something finish, in a task of its own. What is given is gone when it has, or when it is too late to begin.
    pub(crate) fn begin(&self, finish: impl Future<Output = ()> + Send + 'static) -> Weak<Drain> {
        let Some(drain) = self.lock().as_deref().cloned().map(Arc::new) else {
            return Weak::new();
        };
        let under_way = Arc::downgrade(&drain);
        tokio::spawn(async move {
            finish.await;
            drop(drain);
        });
        under_way
    }

    /// Waits until all are over; no other is begun. Returns false if the deadline came first.
    pub(crate) async fn all_over(&self, deadline: Duration) -> bool {
        drop(self.lock().take());
        let mut over = self.over.lock().await;
        tokio::time::timeout(deadline, over.recv()).await.is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Drain>>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_all() {
        let drains = Drains::default();
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let waits = drains.begin(async { drop(told.await) });
        let quick = drains.begin(async {});
        while quick.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(waits.strong_count(), 1);
        assert!(!drains.all_over(Duration::from_millis(5)).await);
        tell.send(()).expect("somebody who waits");
        assert!(drains.all_over(Duration::from_secs(60)).await);
        assert_eq!(waits.strong_count(), 0);
    }
}
