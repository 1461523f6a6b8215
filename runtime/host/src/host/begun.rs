//! A change that has been made but for the versions that start.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Applied;
use crate::app::App;
use crate::pool::Pool;

/// What has become of an app's version that was to take over.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// It was there already, or another one has come.
    None,
    Replaced,
    Refused(String),
}

/// A version that starts, and takes over when it has.
#[derive(Clone)]
pub(super) struct UnderWay {
    app: Arc<App>,
    version: Weak<Pool>,
    task: AbortHandle,
    change: Shared<BoxFuture<'static, Change>>,
}

impl UnderWay {
    /// Goes on, also if nobody waits for it.
    pub(super) fn new(
        app: Arc<App>,
        version: &Arc<Pool>,
        change: impl Future<Output = Change> + Send + 'static,
    ) -> Self {
        let task = tokio::spawn(change);
        Self {
            app,
            version: Arc::downgrade(version),
            task: task.abort_handle(),
            change: async move {
                match task.await {
                    Ok(change) => change,
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    // It has been given up with the runtime.
                    Err(_) => Change::None,
                }
            }
            .boxed()
            .shared(),
        }
    }

    pub(super) fn is_of(&self, version: &Arc<Pool>) -> bool {
        std::ptr::eq(self.version.as_ptr(), Arc::as_ptr(version))
    }

    /// The app, if this is its only version.
    pub(super) fn first_of(&self) -> Option<&Arc<App>> {
        let app = &self.app;
        self.is_of(app.current().pool()).then_some(app)
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

/// What a change has changed, and the versions that take over when they have started; nobody has to wait for those.
pub(crate) struct Begun {
    applied: Applied,
    /// By the apps' names, and whether the change has begun it.
    changes: Vec<(Arc<str>, UnderWay, bool)>,
}

impl Begun {
    pub(super) fn new(applied: Applied, changes: Vec<(Arc<str>, UnderWay, bool)>) -> Self {
        Self { applied, changes }
    }

    /// Waits so long for this app's version; or for all that the change has begun. Those that start still are named.
    pub(crate) async fn over(self, own: Option<&str>, patience: Duration) -> Applied {
        let Self {
            mut applied,
            changes,
        } = self;
        let began = Instant::now();
        for (app, under_way, is_new) in changes {
            let patience = if own.map_or(is_new, |own| *own == *app) {
                patience.saturating_sub(began.elapsed())
            } else {
                Duration::ZERO
            };
            match tokio::time::timeout(patience, under_way.change).await {
                Ok(Change::None) => {}
                Ok(Change::Replaced) => applied.replaced.push(app),
                Ok(Change::Refused(reason)) => applied.refused.push((app, reason)),
                Err(_) => applied.starting.push(app),
            }
        }
        applied
    }
}
