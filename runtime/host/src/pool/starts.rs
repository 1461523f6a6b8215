//! The life of an instance, from its start on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_worker::{Isolation, StartError, StartErrorKind, WorkerOptions};

use super::Pool;
use super::condition::Reason;
use super::member::Member;
use super::state::State;
use crate::backoff::Failure;

impl Pool {
    /// Has an instance start: where one is named, it takes over from that.
    pub(super) fn begin_start(self: &Arc<Self>, state: &mut State, before: Option<Member>) {
        state.is_starting = true;
        state.has_begun = true;
        // A task of its own: the request that asks may be given up.
        let start = self.clone().start(state.epoch, before);
        self.starter.runtime().spawn(start);
    }

    /// Starts an instance and looks after it until it ends.
    async fn start(self: Arc<Self>, epoch: u64, before: Option<Member>) {
        let began = Instant::now();
        let name = &*self.options.name;
        let started = match &self.fault {
            Some(fault) => Some(Err(fault.clone())),
            // What nobody wants any more ends where it is: its modules may take what those need that come after it.
            None => tokio::select! {
                biased;
                started = self.starter.launch(self.options()) => Some(started),
                () = self.until_unwanted(epoch) => None,
            },
        };
        let member = {
            let mut guard = self.lock();
            let state = &mut *guard;
            state.is_starting = false;
            state.has_failed = matches!(started, Some(Err(_)));
            match started {
                None => None,
                Some(Ok(instance)) if state.is_disabled || state.is_unwanted(epoch) => {
                    instance.stop();
                    None
                }
                Some(Ok(instance)) => {
                    state.backoff.started();
                    state.heavy_starts = 0;
                    self.statistics.started(&instance, began.elapsed());
                    let member = Member::new(instance);
                    state.members.push(member.clone());
                    let before = before.map(|member| member.id());
                    let mut ids = state.members.iter().map(Member::id);
                    if let Some(index) = ids.position(|id| Some(id) == before) {
                        let member = state.members.remove(index);
                        self.dismiss(state, member);
                    }
                    self.have_tended(state);
                    Some(member)
                }
                Some(Err(error)) => {
                    self.statistics.start_failed();
                    let failure = match error.kind {
                        StartErrorKind::Crashed => Failure::Crash,
                        StartErrorKind::LeftBehind => Failure::Shortage,
                        // A module may want to do something about an allocation that fails, and says something else then.
                        _ if self.starter.is_short_of_memory() => Failure::Shortage,
                        _ => Failure::Start,
                    };
                    let delay = state.backoff.failed(failure, Instant::now());
                    log_start_error(name, &error, delay);
                    state.reason = Reason {
                        message: error.message,
                        stack: error.detail,
                    };
                    if failure == Failure::Crash {
                        self.exile();
                        state.lost_one(name, self.starter.losses());
                    }
                    state.note_weight_of_start(name, error.kind);
                    None
                }
            }
        };
        self.settled.notify_waiters();
        let Some(member) = member else { return };
        let duration_ms = began.elapsed().as_secs_f64() * 1e3;
        tracing::info!(app = name, duration_ms, "app started");
        let exit = member.instance().clone().ended().await;
        self.statistics.ended(member.instance(), &exit);
        self.remove(&member, &exit);
    }

    /// What the next instance is told.
    fn options(&self) -> WorkerOptions {
        let mut options = self.options.clone();
        if self.statistics.is_exiled() {
            options.isolation = Isolation::Dedicated;
        }
        options
    }

    /// Waits until nobody wants what was begun in this epoch.
    async fn until_unwanted(&self, epoch: u64) {
        loop {
            // Registered before the state is looked at, so that no change is missed.
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.lock().is_unwanted(epoch) {
                return;
            }
            settled.await;
        }
    }
}

fn log_start_error(app: &str, error: &StartError, delay: Duration) {
    let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let stack = error.detail.as_deref();
    tracing::error!(
        app,
        stack,
        retry_ms,
        "the app did not start: {}",
        error.message
    );
}
